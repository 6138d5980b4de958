"""A store of the KV version 2 kind that misbehaves on purpose: for faults alone. What Vault and
OpenBao themselves do is shown against the real one.

Each door is a listener of its own with one fault, which counts the calls that it gets. A value at
`kv/NAME` is `{"v": …}`, the one that the door was given, whatever the name. A name that ends with
`-first` is slow and nothing else where the others hang later."""
import json
import socket
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import paths

SLOW_SECONDS = 0.3
LATE_SECONDS = 1.2  # most of a deadline of two
REFUSED = json.dumps({"errors": ["permission denied"]}).encode()
FAULTS = ("up", "slow", "hanging", "500", "403", "404", "garbage", "reset", "login refused",
          "hanging later")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def send(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        door = self.server.door
        fault = door.fault
        if "/auth/" in self.path:
            if fault == "login refused":
                return self.send(403, REFUSED)
            return self.send(200, json.dumps(
                {"data": {"ttl": 0, "renewable": False, "expire_time": None}}).encode())
        door.note(self.path)
        getattr(self, "do_" + fault.replace(" ", "_"))()

    def value(self):
        self.send(200, json.dumps(
            {"data": {"data": {"v": self.server.door.value, "w": "other"},
                      "metadata": {"version": 1}}}).encode())

    def do_up(self):
        self.value()

    def do_slow(self):
        self.server.door.ended.wait(self.server.door.slow_seconds)
        self.value()

    def do_hanging(self):
        self.server.door.ended.wait()
        self.close_connection = True

    def do_hanging_later(self):
        if "-first" not in self.path:
            return self.do_hanging()
        self.server.door.ended.wait(LATE_SECONDS)
        self.value()

    def do_500(self):
        self.send(500, b'{"errors":["internal error"]}')

    def do_403(self):
        self.send(403, REFUSED)

    do_login_refused = do_403

    def do_404(self):
        self.send(404, b'{"errors":[]}')

    def do_garbage(self):
        self.send(200, b"<html>It works!</html>")

    def do_reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass  # whom we asked to go away

    def shutdown_request(self, request):
        if self.door.fault == "reset":
            return self.close_request(request)  # without the polite FIN
        return super().shutdown_request(request)


class Door:
    """One listener on a free port of the loopback."""

    def __init__(self, fault="up", value="from-the-store", slow_seconds=SLOW_SECONDS):
        self.fault, self.value, self.slow_seconds = fault, value, slow_seconds
        self.ended = threading.Event()
        self._lock, self._calls = threading.Lock(), {}
        self._server = Listener(("127.0.0.1", 0), Handler)
        self._server.door = self
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def note(self, path):
        with self._lock:
            name = path.split("?")[0].rsplit("/", 1)[-1]
            self._calls[name] = self._calls.get(name, 0) + 1

    def calls(self) -> dict:
        """Reads by the last part of the path."""
        with self._lock:
            return dict(self._calls)

    def forget(self):
        with self._lock:
            self._calls.clear()

    def close(self):
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()


class RemoteDoor:
    """Context manager: a door in a process of its own, where nothing of a test slows it down."""

    def __init__(self, fault, **options):
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__, json.dumps({"fault": fault, **options})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=paths.REPO / "test/e2e")
        self.address = self._ask("address")

    def _ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def calls(self) -> dict:
        return self._ask("calls")

    def forget(self):
        self._ask("forget")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()


class FaultProxy:
    """A door for each fault. All are `up` until `begin()`."""

    def __init__(self):
        self.doors = {fault: Door() for fault in FAULTS}

    def begin(self):
        for fault, door in self.doors.items():
            door.fault = fault

    def close(self):
        for door in self.doors.values():
            door.close()


def source(name, address, **members) -> dict:
    """A `vault` source that reads from a door, as the config file says it."""
    return {"name": name, "kind": "vault",
            "connection": {"address": address, "kv_version": 2, "connect_timeout": "1s"},
            "credentials": {"auth": "token", "token": {"env": "FAULT_TOKEN"}}, **members}


def main():
    """The process of a RemoteDoor: a word a line, an answer a line."""
    door = Door(**json.loads(sys.argv[1]))
    for line in sys.stdin:
        word = line.strip()
        if word == "forget":
            door.forget()
        print(json.dumps({"address": door.address, "calls": door.calls()}.get(word)), flush=True)
    door.close()


if __name__ == "__main__":
    main()
