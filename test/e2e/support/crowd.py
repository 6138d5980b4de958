"""Thousands of workloads that ask in the same moment: one connection each, all open before the first
request leaves, one loop for all answers, so that the load costs little beside the server."""
import resource
import select
import socket
import time
from dataclasses import dataclass

from . import tokens, wire

ENDED = b"\r\n\r\n"
PORTS_EACH = 5_000  # of the 28,000 that an address has


@dataclass
class Answer:
    status: int
    body: bytes
    seconds: float  # from its first byte to the last one of its answer


def allow_files(count):
    """Open files of this process and those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 500
    assert hard == resource.RLIM_INFINITY or hard >= wanted, f"no {wanted} open files are allowed"
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Crowd:
    """Context manager: open connections, and the request of each workload, signed."""
    made = 0

    def __init__(self, url, objects, **claims):
        self.place = wire.endpoint(url)
        Crowd.made += 1
        self.requests = [
            f"GET / HTTP/1.1\r\nHost: {self.place[0]}\r\nAuthorization: Bearer "
            f"{tokens.token(object_id=name, **claims)}\r\n\r\n".encode() for name in objects]
        self.sockets = []

    def __enter__(self):
        allow_files(len(self.requests))
        try:
            for _ in self.requests:
                self.sockets.append(socket.create_connection(self.place, 30, self.source()))
        except BaseException:
            self.__exit__()
            raise
        return self

    def source(self):
        """Other addresses of the loopback each time: what just closed keeps a port of its own."""
        if not self.place[0].startswith("127."):
            return None
        return (f"127.{Crowd.made % 250 + 1}.0.{len(self.sockets) // PORTS_EACH + 1}", 0)

    def __exit__(self, *_):
        for one in self.sockets:
            one.close()

    def ask(self, patience) -> list:
        """Each request at once, and all answers, in the order of the workloads."""
        poll = select.epoll()
        places = {}
        for place, one in enumerate(self.sockets):
            one.setblocking(False)
            poll.register(one, select.EPOLLIN)
            places[one.fileno()] = place
        answers, parts, began = [None] * len(self.sockets), [b""] * len(self.sockets), []
        for one, request in zip(self.sockets, self.requests):
            began.append(time.monotonic())
            assert one.send(request) == len(request)
        left, end = len(self.sockets), time.monotonic() + patience
        while left and time.monotonic() < end:
            for number, _ in poll.poll(1, 1024):
                place = places[number]
                parts[place] += self.sockets[place].recv(65536)
                if is_whole(parts[place]):
                    poll.unregister(number)
                    answers[place] = answer_of(parts[place], time.monotonic() - began[place])
                    left -= 1
        poll.close()
        assert not left, f"{left} of {len(self.sockets)} have no answer after {patience} s"
        return answers


def is_whole(data) -> bool:
    head, end, body = data.partition(ENDED)
    return bool(end) and len(body) >= length_of(head)


def length_of(head) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise wire.Broken("an answer has no Content-Length")


def answer_of(data, seconds) -> Answer:
    head, _, body = data.partition(ENDED)
    return Answer(int(head.split(b" ", 2)[1]), body, seconds)
