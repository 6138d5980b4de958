"""Drives one driver of `source` by test/probe/source_probe.cc: what a store's value is, by size
and digest."""
import hashlib
import json
import subprocess

import pytest

from . import paths

PROGRAM = paths.binary().parent / "source_probe"


def digest(value) -> str:
    data = value.encode() if isinstance(value, str) else value
    return hashlib.sha256(data).hexdigest()


class StoreProbe:
    """Context manager: one driver that lives as long."""

    def __init__(self, kind, env=None, wrapper=(), **settings):
        if not PROGRAM.exists():
            pytest.skip(f"there is no {PROGRAM}: build the target source_probe")
        self.command = [*wrapper, str(PROGRAM), kind,
                        *(f"{name}={value}" for name, value in settings.items())]
        self.env = paths.clean_environment(env)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=self.env)
        return self

    def __exit__(self, *_):
        _, err = self.process.communicate()
        assert self.process.returncode == 0, err

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"it ended: {self.process.stderr.read()}"
        return json.loads(answer)

    def read(self, locator):
        return self.ask("read " + locator)[0]

    def read_many(self, *locators):
        return self.ask("read " + " ".join(locators))

    def check(self):
        return self.ask("check")

    def kind(self, locator):
        return self.read(locator)["kind"]


def has_field(answer, name, value) -> bool:
    return answer["kind"] == "ok" and answer["fields"][name]["sha256"] == digest(value)
