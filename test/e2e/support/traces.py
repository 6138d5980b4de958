"""strace on a running server: what it called, in which order, and calls that fail on demand."""
import re
import shutil
import signal
import subprocess

import pytest

from .wait import eventually


class Trace:
    """Attached to a process while inside `with`; `lines` afterwards. Options are strace's."""

    def __init__(self, pid, out, *options):
        if not shutil.which("strace"):
            pytest.skip("strace is not installed")
        self.pid, self.out = pid, out
        self.errors = out.with_suffix(".err")
        self.command = ["strace", "-f", "-y", "-s", "200", "-o", str(out), *options, "-p", str(pid)]

    def __enter__(self):
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(self.command, stderr=errors, stdin=subprocess.DEVNULL)
        eventually(self.attached, 10, "strace")
        return self

    def attached(self) -> bool:
        said = self.errors.read_text()
        if self.process.poll() is not None:
            pytest.skip(f"strace cannot attach here: {said.strip()[-200:]}")
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            threads = int(re.search(r"Threads:\s+(\d+)", status.read()).group(1))
        return len(re.findall(r"attached", said)) >= threads or f"with {threads} threads" in said

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=10)

    @property
    def lines(self) -> list:
        text = self.out.read_text(encoding="utf-8", errors="replace") if self.out.exists() else ""
        return text.splitlines()


def finished(lines, call, about) -> list:
    """Indices of the lines where a `call` on something that names `about` has returned 0 or more.
    A call that another thread interrupts is two lines; the second has the result."""
    found, waiting = [], {}
    for number, line in enumerate(lines):
        thread = line.split(None, 1)[0]
        if re.search(rf"\b{call}\(", line) and about in line:
            if "<unfinished ...>" in line:
                waiting[thread] = call
            elif re.search(r"= \d+", line.rsplit(")", 1)[-1]):
                found.append(number)
        elif f"<... {call} resumed>" in line and waiting.pop(thread, None) == call:
            if re.search(r"= \d+", line.rsplit(")", 1)[-1]):
                found.append(number)
    return found


def begun(lines, calls, text) -> list:
    """Indices of the lines where one of the calls that carry `text` begins."""
    return [number for number, line in enumerate(lines)
            if text in line and any(f"{call}(" in line for call in calls)]
