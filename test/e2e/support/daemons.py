"""Servers of others on loopback: each in a folder of its own, as an unprivileged user, ended by pid."""
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from . import paths
from .wait import eventually

USER = "postgres"  # initdb refuses root
STOP_SECONDS = 20


def absent(*programs) -> str:
    """What of these programs is not installed, as a reason for a skip; empty when all are."""
    missing = [one for one in programs if shutil.which(one, path=search_path()) is None]
    return f"{', '.join(missing)} is not installed: run script/bootstrap" if missing else ""


def search_path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def free_port() -> int:
    """A port that nobody had a moment ago. These servers cannot tell which one they took for 0."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def as_user() -> dict:
    """What Popen needs so that the child is not root."""
    if os.getuid() != 0:
        return {}
    entry = pwd.getpwnam(USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def folder(name) -> Path:
    """A new folder of that user. Not below pytest's, which nobody else may enter."""
    made = Path(tempfile.mkdtemp(prefix=f"sutler-{name}-"))
    give(made)
    return made


def give(path):
    if os.getuid() == 0:
        entry = pwd.getpwnam(USER)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def write(path, text, mode=0o600):
    """A file that the server's user owns."""
    path.touch(mode)
    path.write_text(text)
    give(path)
    return path


def run(*command, seconds=60, **extra) -> str:
    """A program of theirs to its end, as their user; its output in the error when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=seconds, check=False, stdin=subprocess.DEVNULL, cwd="/",
                          env=paths.clean_environment(extra), **as_user())
    assert done.returncode == 0, f"{command[0]}: {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def children(pid) -> list:
    """The pids below a process, parents first."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *children(child)]
    return found


class Ended(Exception):
    """It ended before it was ready; says what its log says."""


class Daemon:
    """One process in the foreground. Subclasses say `command()` and `ready()`."""

    name = "daemon"

    def __init__(self, at=None):
        self.folder = at or folder(self.name)
        self.process = None
        self.log_path = self.folder / "log"

    def command(self) -> list:
        raise NotImplementedError

    def ready(self) -> bool:
        raise NotImplementedError

    def environment(self) -> dict:
        return {"PATH": search_path(), "HOME": str(self.folder)}

    def spawn(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in self.command()], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=self.folder, env=paths.clean_environment(self.environment()),
                **as_user())
        return self

    def start(self, seconds=30):
        self.spawn()

        def there():
            if not self.running:
                raise Ended(f"{self.name} ended: {self.log()[-2000:]}")
            return self.ready()
        eventually(there, seconds, f"{self.name} being ready")
        return self

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def everybody(self) -> list:
        return [self.process.pid, *children(self.process.pid)]

    def freeze(self):
        """SIGSTOP for it and all that it started: connections stay open and nobody answers."""
        for pid in self.everybody():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.everybody():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def kill(self):
        """kill -9 for it and what it started."""
        if self.process is None:
            return
        for pid in self.everybody() if self.running else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self, number=signal.SIGTERM):
        if not self.running:
            return
        self.thaw()
        self.process.send_signal(number)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def close(self):
        """Ends it and removes its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self if self.running else self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()


def gone(pid, seconds=STOP_SECONDS):
    """Waits until a process that is no child of ours has ended."""
    deadline = time.monotonic() + seconds
    eventually(lambda: not Path(f"/proc/{pid}").exists(), max(deadline - time.monotonic(), 0),
               f"the end of process {pid}")
