"""The drivers of Vault and AWS in front of a server that misbehaves: an outage each time, by the
deadline, never a value and never "does not exist"."""
import json
import socket
import struct
import threading
import time

import pytest

from support.aws import REGION
from support.store_probe import StoreProbe, digest

DEADLINE_MS = 1500
# What a busy machine may add to the deadline.
SLACK_SECONDS = 5
AWS_ENV = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
           "AWS_EC2_METADATA_DISABLED": "true"}
LOOKUP = {"data": {"ttl": 3600, "renewable": False}}
MOUNT = {"data": {"path": "kv/", "type": "kv", "options": {"version": "2"}}}
VALUE = {"data": {"data": {"a": "x"}, "metadata": {"version": 1}}}
SECRET = {"SecretString": "x"}


def whole(content, status="200 OK"):
    body = json.dumps(content).encode()
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


class BadServer:
    """Context manager: answers well until `bad` is set; then each request by that function, which
    gets the connection."""

    def __init__(self):
        self.bad, self.connections, self.ending = None, 0, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        try:
            with peer, peer.makefile("rb") as stream:
                while target := self._request(stream):
                    if self.bad:
                        self.bad(self, peer, target)
                        return
                    peer.sendall(whole(good_answer(target)))
        except OSError:
            pass

    @staticmethod
    def _request(stream):
        first, length = stream.readline(), 0
        for line in iter(stream.readline, b"\r\n"):
            if not line:
                return None
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        stream.read(length)
        return first.split()[1].decode() if first else None


def good_answer(target):
    if target.endswith("lookup-self"):
        return LOOKUP
    if "/internal/ui/mounts/" in target:
        return MOUNT
    return VALUE if target.startswith("/v1/") else SECRET


def content(target):
    return whole(good_answer(target))


def hang(server, peer, _):
    server.ending.wait(60)


def trickle(server, peer, target):
    """A byte at a time, for longer than the deadline."""
    for byte in content(target):
        peer.sendall(bytes([byte]))
        if server.ending.wait(0.2):
            return


def reset(_, peer, __):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close(*_):
    pass


def cut_off(_, peer, target):
    peer.sendall(content(target)[:-3])


def cut_off_without_length(_, peer, target):
    peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" +
                 json.dumps(good_answer(target)).encode()[:-3])


def garbage(_, peer, __):
    peer.sendall(b"\x00\xff" * 500)


def not_found_page(_, peer, __):
    peer.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\n<html>")


def forbidden_page(_, peer, __):
    peer.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\n<html>")


def elsewhere(_, peer, __):
    peer.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\n"
                 b"Content-Length: 0\r\n\r\n")


def broken(_, peer, __):
    peer.sendall(whole({"errors": ["CANARY"], "message": "CANARY"}, "500 Internal Server Error"))


def busy(_, peer, __):
    peer.sendall(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}")


def endless(server, peer, _):
    peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not server.ending.is_set():
        peer.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


FAULTS = (hang, trickle, reset, close, cut_off, cut_off_without_length, garbage, not_found_page,
          forbidden_page, elsewhere, broken, busy, endless)


def store(kind, url):
    if kind == "vault":
        return StoreProbe("vault", env={"VAULT_TOKEN": "t"}, address=url, auth="token",
                          token="env:VAULT_TOKEN", deadline=DEADLINE_MS)
    return StoreProbe(kind, env=AWS_ENV, region=REGION, endpoint=url, deadline=DEADLINE_MS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("kind", ("vault", "aws-secretsmanager"))
def test_a_fault_is_an_outage_by_the_deadline(kind, fault):
    with BadServer() as server, store(kind, server.url) as probe:
        locator = "kv/a" if kind == "vault" else "a"
        assert probe.kind(locator) == "ok"
        server.bad = fault
        before = time.monotonic()
        answer = probe.read(locator)
        took = time.monotonic() - before
        assert answer["kind"] == "outage", answer
        assert "CANARY" not in str(answer)
        assert took < DEADLINE_MS / 1000 + SLACK_SECONDS
        assert answer["retry_after"] == (7 if fault is busy else 0)
        server.bad = None
        assert probe.kind(locator) == "ok"


@pytest.mark.parametrize("kind", ("vault", "aws-secretsmanager"))
def test_a_login_or_a_first_call_that_hangs_ends_by_the_deadline(kind):
    with BadServer() as server, store(kind, server.url) as probe:
        server.bad = hang
        before = time.monotonic()
        assert probe.kind("kv/a") == "outage"
        assert probe.check()["kind"] == "outage"
        assert time.monotonic() - before < 2 * DEADLINE_MS / 1000 + SLACK_SECONDS


def test_calls_share_a_connection():
    with BadServer() as server, store("vault", server.url) as probe:
        for _ in range(5):
            assert probe.read("kv/a")["fields"]["a"]["sha256"] == digest("x")
        assert server.connections == 1
