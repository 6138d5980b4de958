"""One running sutler, from its ready line to its exit status."""
import contextlib
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

from . import audit, paths, tokens, wire
from .cli import Cli
from .wait import eventually

STOP_SECONDS = 40
SANITIZER = ("AddressSanitizer", "runtime error:", "ThreadSanitizer", "LeakSanitizer")


class NotStarted(AssertionError):
    """It ended before it was ready; `code` and `err` say how."""

    def __init__(self, code, err, out=""):
        super().__init__(f"sutler serve ended with {code}: {err}\n{out}")
        self.code, self.err, self.out = code, err, out


class UnixHTTP(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Refused(AssertionError):
    """The admin API answered with an error where a test needed a success."""


class Server:
    """Context manager. `flags` follow the two port-0 listeners, which `listen=None` leaves out;
    `wrapper` is a command that execs the rest (`prlimit …`)."""

    def __init__(self, data_dir, *flags, env=None, wrapper=(), listen="127.0.0.1:0",
                 audit_reserve=1 << 16, seconds=30):
        self.data_dir = Path(data_dir)
        self.log_path = self.data_dir.parent / (self.data_dir.name + ".log")
        self.env = paths.clean_environment(env)
        self.command = [*wrapper, str(paths.binary()), "serve", "--data-dir", str(data_dir),
                        "--admin-listen", "127.0.0.1:0"]
        if listen:
            self.command += ["--listen", listen]
        if audit_reserve is not None:
            self.command += ["--audit-reserve-bytes", str(audit_reserve)]
        self.command += [str(flag) for flag in flags]
        self.seconds = seconds
        self.process = None
        self.out = b""
        self.key = None

    # -- its life ------------------------------------------------------------------------------

    def spawn(self):
        """Starts it and does not wait until it is ready."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, env=self.env)
        return self

    def start(self):
        self.spawn()
        ready = self._ready_line(time.monotonic() + self.seconds)
        self.provider, self.admin = ready["provider"], ready["admin"]
        self.socket = ready["socket"]
        return self

    def _ready_line(self, deadline) -> dict:
        while True:
            for line in self.out.split(b"\n")[:-1]:
                with contextlib.suppress(ValueError):
                    found = json.loads(line)
                    if isinstance(found, dict) and "provider" in found:
                        return found
            left = deadline - time.monotonic()
            readable = select.select([self.process.stdout], [], [], max(left, 0))[0]
            data = os.read(self.process.stdout.fileno(), 65536) if readable else b""
            self.out += data
            if not data:
                if left <= 0:
                    self.process.kill()
                code = self.process.wait(timeout=STOP_SECONDS)
                self.process.stdout.close()
                raise NotStarted(code, self.log(), self.out.decode("utf-8", "replace"))

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS) -> int:
        code = self.process.wait(timeout=seconds)
        self.process.stdout.close()
        return code

    def stop(self) -> int:
        """SIGTERM, and its exit status. Kills it when it does not end."""
        if self.process is None or self.process.stdout.closed:
            return self.process.returncode if self.process else 0
        if self.running:
            self.signal(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("sutler did not end after SIGTERM") from None

    def kill(self):
        """kill -9, as a power button."""
        if self.running:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, kind, *_):
        ended_before = not self.running
        code = self.stop()
        if kind is None and not ended_before:
            assert code == 0, f"exit {code}: {self.log()[-2000:]}"
        bad = [word for word in SANITIZER if word in self.log()]
        assert not bad, self.log()[-4000:]

    def log(self) -> str:
        if not self.log_path.exists():
            return ""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    # -- its two sides -------------------------------------------------------------------------

    def cli(self, *args, **options):
        return Cli(self.data_dir)(*args, **options)

    def call(self, method, path, body=None, timeout=30):
        """The admin API over its socket: (status, parsed body)."""
        connection = UnixHTTP(self.socket, timeout)
        try:
            data = None if body is None else json.dumps(body).encode()
            headers = {"Content-Type": "application/json"} if data is not None else {}
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def api(self, method, path, body=None):
        """As `call`, for what must succeed: the parsed body."""
        status, answer = self.call(method, path, body)
        if not 200 <= status < 300:
            raise Refused(f"{method} {path}: {status} {answer}")
        return answer

    def add_key(self, team="default", key=tokens.KEY, alg="HS256") -> str:
        """Registers a signing key and returns its id."""
        made = self.api("POST", f"/api/v1/teams/{team}/keys", {"alg": alg, "secret": key})
        return made["id"]

    def add_team(self, team, **options):
        self.api("POST", "/api/v1/teams", {"id": team, **options})

    def apply(self, *groups, **options):
        return self.api("POST", "/api/v1/apply", {"groups": list(groups), **options})

    def status(self) -> dict:
        return self.api("GET", "/api/v1/status")

    def fetch(self, token=None, path="/", method="GET", headers=(), source=None, tls=None,
              **claims):
        """Asks as Northflank would, on a connection of its own."""
        if token is None:
            token = tokens.token(**claims)
        return wire.get(self.provider, token, path, method, headers, source, tls)

    def audit(self, event=None) -> list:
        return audit.records(self.data_dir, event)

    def audit_settles(self, count, event="fetch", seconds=10) -> list:
        """The records of an event once they stand for `count` happenings; more fails."""
        def there():
            found = self.audit(event)
            assert audit.counted(found) == count, f"{audit.counted(found)} instead of {count}"
            return found or True
        found = eventually(there, seconds, f"{count} records of {event}")
        return [] if found is True else found

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))
