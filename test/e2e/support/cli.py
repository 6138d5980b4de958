"""The `sutler` command as a person or a script runs it."""
import json
import subprocess
from dataclasses import dataclass

from . import paths


@dataclass
class Ran:
    code: int
    out: str
    err: str
    args: list

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        shown = " ".join(map(str, self.args))
        return f"sutler {shown}\nexit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


class Cli:
    def __init__(self, data_dir=None, env=None):
        self.data_dir = data_dir
        self.env = env or {}

    def __call__(self, *args, stdin=None, exits=0, env=None, cwd=None, seconds=60) -> Ran:
        """Runs it and asserts its exit code; `exits=None` asserts none."""
        settings = dict(self.env)
        if self.data_dir is not None:
            settings["SUTLER_DATA_DIR"] = str(self.data_dir)
        settings.update(env or {})
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run([str(paths.binary()), *map(str, args)], input=given or b"",
                              capture_output=True, env=paths.clean_environment(settings),
                              cwd=cwd, timeout=seconds, check=False)
        ran = Ran(done.returncode, done.stdout.decode("utf-8", "replace"),
                  done.stderr.decode("utf-8", "replace"), list(args))
        if exits is not None:
            assert ran.code == exits, str(ran)
        return ran

    def json(self, *args, **options):
        return self(*args, "--json", **options).json()
