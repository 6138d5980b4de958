"""A fault proxy in front of a real OpenBao: all goes through as it is, but for the kinds of requests
that were told to fail. It speaks plain HTTP to whom it serves and TLS to OpenBao."""
import http.client
import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAULTS = ("hang", "500", "reset", "garbage", "cut")
KINDS = {"login": ("auth/approle/login",), "renewal": ("auth/token/renew-self",),
         "value": ("kv1/", "kv2/")}
NOT_ASKED = {"connection", "content-length", "date", "host", "transfer-encoding"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.proxy.note(self.path.removeprefix("/v1/"))
        if fault in ("hang", "reset", "garbage", "500", "403"):
            return getattr(self, "do_" + fault)()
        status, fields, answer = self.server.proxy.forward(self.command, self.path, self.headers,
                                                           body)
        self.send(status, fields, answer, len(answer) // 2 if fault == "cut" else len(answer))

    do_GET = do_POST = do_PUT = do_LIST = do

    def send(self, status, fields, answer, part):
        self.send_response(status)
        for name, value in fields:
            if name.lower() not in NOT_ASKED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer[:part])
        if part != len(answer):
            self.close_connection = True

    def do_500(self):
        answer = json.dumps({"errors": ["CANARY internal error"]}).encode()
        self.send(500, [("Content-Type", "application/json")], answer, len(answer))

    def do_403(self):
        answer = json.dumps({"errors": ["permission denied"]}).encode()
        self.send(403, [("Content-Type", "application/json")], answer, len(answer))

    def do_hang(self):
        self.server.proxy.ended.wait()
        self.close_connection = True

    def do_garbage(self):
        self.wfile.write(b"\x00\xff" * 500)
        self.close_connection = True

    def do_reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


class Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # whom we cut off

    def shutdown_request(self, request):
        self.close_request(request)  # without the polite FIN: after a reset there is none


class BaoProxy:
    """Context manager. `faults` says by kind of request what goes wrong now."""

    def __init__(self, bao):
        self.bao, self.faults, self.ended = bao, {}, threading.Event()
        self._lock, self._calls = threading.Lock(), {}

    def __enter__(self):
        self._server = Listener(("127.0.0.1", 0), Handler)
        self._server.proxy = self
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def note(self, path):
        """Counts it, and gives what goes wrong with it."""
        kind = next((kind for kind, starts in KINDS.items() if path.startswith(starts)), "other")
        with self._lock:
            self._calls[kind] = self._calls.get(kind, 0) + 1
        return self.faults.get(kind)

    def calls(self, kind) -> int:
        with self._lock:
            return self._calls.get(kind, 0)

    def forward(self, method, path, headers, body):
        peer = http.client.HTTPSConnection("127.0.0.1", self.bao.port, timeout=30,
                                           context=self.bao.context)
        fields = {name: value for name, value in headers.items() if name.lower() not in NOT_ASKED}
        peer.request(method, path, body or None, fields)
        answer = peer.getresponse()
        found = answer.status, answer.getheaders(), answer.read()
        peer.close()
        return found

    def settings(self, **more):
        """What a driver needs to reach OpenBao through it."""
        return {"address": self.address, **more}
