"""HTTP as bytes. Every answer is parsed by h11, so an answer that is not HTTP fails the test."""
import json
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import h11


class Broken(AssertionError):
    """The peer closed, or fell silent, in the middle of an answer."""


@dataclass
class Response:
    status: int
    headers: list
    body: bytes
    raw: bytes
    interim: list = field(default_factory=list)

    def header(self, name):
        found = [value for key, value in self.headers if key == name.lower()]
        assert len(found) <= 1, f"{name} is sent {len(found)} times"
        return found[0] if found else None

    def json(self):
        return json.loads(self.body)

    @property
    def closes(self) -> bool:
        return "close" in (self.header("connection") or "").lower()

    def entries(self) -> dict:
        """A bundle as {key or path: entry}; a name twice is an error."""
        assert self.status == 200, self.raw[:400]
        by_name = {}
        for entry in self.json()["secrets"]:
            name = entry["key"] if entry["type"] == "ENV" else entry["path"]
            assert name not in by_name, f"{name} is sent twice"
            by_name[name] = entry
        return by_name

    def values(self) -> dict:
        return {name: entry["value"] for name, entry in self.entries().items()
                if entry["type"] == "ENV"}


def parse(raw: bytes, method="GET") -> Response:
    """One whole answer. h11 judges the grammar; we judge that Content-Length is there and right."""
    peer = h11.Connection(h11.CLIENT)
    asked = "HEAD" if method == "HEAD" else "GET"
    peer.send(h11.Request(method=asked, target="/", headers=[("Host", "x")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(raw)
    interim, head, body = [], None, b""
    while True:
        event = peer.next_event()
        if isinstance(event, h11.InformationalResponse):
            interim.append(event.status_code)
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            break
        else:
            raise Broken(f"not a whole answer: {raw[:200]!r}")
    headers = [(bytes(k).decode("latin-1").lower(), bytes(v).decode("latin-1"))
               for k, v in head.headers]
    answer = Response(head.status_code, headers, body, raw, interim)
    length = answer.header("content-length")
    assert length is not None or answer.status in (204, 304), "an answer has no Content-Length"
    if method != "HEAD" and length is not None:
        assert int(length) == len(body), "Content-Length is not the body's length"
    assert answer.header("transfer-encoding") is None
    return answer


def endpoint(url: str):
    parts = urlsplit(url)
    return parts.hostname, parts.port


class Wire:
    """One connection. `source` is the local address; `tls` an ssl.SSLContext."""

    def __init__(self, url, source=None, tls=None, timeout=10.0, receive_buffer=None):
        self.timeout = timeout
        self.host, port = endpoint(url)
        host = self.host
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            self.sock.bind((source, 0))
        try:
            self.sock.connect((host, port))
            if tls is not None:
                self.sock = tls.wrap_socket(self.sock, server_hostname=host)
        except BaseException:
            self.sock.close()
            raise
        self.buffer = b""
        self.ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    @property
    def named(self) -> str:
        """What stands in a Host field."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def send(self, data: bytes) -> bool:
        """False when the peer has cut the connection; what it answered can still be read."""
        try:
            self.sock.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            return False

    def finish_sending(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def more(self, deadline) -> bool:
        """Reads once. False at the end of the connection; raises TimeoutError at the deadline."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(1 << 18)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            data = b""
        finally:
            self.sock.settimeout(self.timeout)
        self.buffer += data
        self.ended = self.ended or not data
        return bool(data)

    def response(self, method="GET", seconds=None):
        """The next answer, or None when the connection ended before its first byte."""
        deadline = time.monotonic() + (seconds or self.timeout)
        needed = None
        while True:
            if needed is None:
                needed = message_length(self.buffer, method)
            if needed is not None and len(self.buffer) >= needed:
                raw, self.buffer = self.buffer[:needed], self.buffer[needed:]
                return parse(raw, method)
            if self.ended or not self.more(deadline):
                if not self.buffer:
                    return None
                raise Broken(f"cut after {len(self.buffer)} bytes: {self.buffer[:80]!r}")

    def rest(self, seconds=None) -> bytes:
        """Everything up to the peer's close; raises TimeoutError when it does not close."""
        deadline = time.monotonic() + (seconds or self.timeout)
        while not self.ended and self.more(deadline):
            pass
        data, self.buffer = self.buffer, b""
        return data

    def get(self, token=None, path="/", method="GET", headers=()):
        """One request on this connection and its answer."""
        asked = request(token, path, method, headers, self.named)
        assert self.send(asked), "the connection was cut"
        answer = self.response(method)
        assert answer is not None, "the connection ended without an answer"
        return answer


def message_length(data: bytes, method):
    """Bytes of the first final answer in `data` and the interim ones before; None: not known."""
    start = 0
    while True:
        end = data.find(b"\r\n\r\n", start)
        if end < 0:
            return None
        head = data[start:end + 2]
        status = int(head[9:12]) if head[9:12].isdigit() else 0
        if 100 <= status < 200 and status != 101:
            start = end + 4
            continue
        if method == "HEAD" or status in (101, 204, 304):
            return end + 4
        found = re.search(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", head, re.IGNORECASE)
        return end + 4 + (int(found.group(1)) if found else 0)


def request(token=None, path="/", method="GET", headers=(), host="localhost") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    lines += list(headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def get(url, token=None, path="/", method="GET", headers=(), source=None, tls=None, timeout=10.0):
    """One request on a connection of its own."""
    with Wire(url, source=source, tls=tls, timeout=timeout) as wire:
        return wire.get(token, path, method, headers)


class KeepAlive:
    """Asks many times over as few connections as the peer allows, and counts them."""

    def __init__(self, url, source=None, tls=None):
        self.url, self.source, self.tls = url, source, tls
        self.wire = None
        self.connections = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.wire:
            self.wire.close()

    def get(self, token=None, path="/", method="GET", headers=()):
        for _ in range(2):
            reused = self.wire is not None
            if not reused:
                self.wire = Wire(self.url, source=self.source, tls=self.tls)
                self.connections += 1
            data = request(token, path, method, headers, self.wire.named)
            answer = self.wire.response(method) if self.wire.send(data) else None
            if answer is None or answer.closes:
                self.wire.close()
                self.wire = None
            if answer is not None:
                return answer
            if not reused:
                break
        raise Broken("a new connection ended without an answer")
