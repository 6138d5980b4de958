"""The admin listener and bodies of people it does not know."""
import time
from pathlib import Path

from support.wire import Wire

HEAD = (b"POST /api/v1/apply HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 15000000\r\n")


def resident_kib(pid) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0])


def test_a_body_of_a_stranger_is_refused_before_it_is_taken(server):
    before = resident_kib(server.pid)
    for extra in (b"", b"Authorization: Bearer sut_wrong\r\n", b"Expect: 100-continue\r\n"):
        with Wire(server.admin) as stranger:
            started = time.monotonic()
            stranger.send(HEAD + extra + b"\r\n")  # of the body no byte
            answer = stranger.response()
            assert answer.status == 401 and answer.closes
            assert not answer.interim, "it is asked to go on"
            assert time.monotonic() - started < 5
    with Wire(server.admin) as sending:
        sending.send(HEAD + b"\r\n" + b"x" * 4_000_000)
        assert resident_kib(server.pid) - before < 3 * 1024
    assert server.fetch().status == 200


def test_a_body_of_an_owner_is_taken(server):
    token = (server.data_dir / "owner-token").read_text().strip().encode()
    with Wire(server.admin) as owner:
        owner.send(b"POST /api/v1/apply HTTP/1.1\r\nHost: localhost\r\n"
                   b"Content-Type: application/json\r\nContent-Length: 13\r\n"
                   b"Authorization: Bearer " + token + b"\r\n\r\n")
        owner.send(b'{"groups":[]}')
        assert owner.response().status in (200, 400)
