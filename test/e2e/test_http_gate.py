"""The strict gate: what is refused before anybody parses it, with one 400 and a close.

Every bad request here carries a token that verifies, and is followed in the same write by a good
request of another workload: were the gate wrong, the answer would be 200 or the audit would know
that workload."""
import os

import pytest

from support import audit, tokens, wire
from support.groups import group
from support.paths import rounds
from support.wire import Wire

HOST = "Host: localhost"
EMBEDDED = "embedded-workload"


@pytest.fixture(scope="module")
def gate(serve_once):
    server = serve_once("--header-timeout", "3s", "--max-connections", "4000",
                        "--max-connections-per-client", "4000")
    server.add_key()
    server.apply(group("base", {"A": "1"}))
    return server


def asked(*lines, first="GET / HTTP/1.1", host=HOST, token=True, body=b"") -> bytes:
    """A request of these header lines; `{T}` in a line is a good token."""
    good = tokens.token()
    head = [first] + ([host] if host is not None else [])
    head += [f"Authorization: Bearer {good}"] if token else []
    head += [line.replace("{T}", good) for line in lines]
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body


REFUSED = {
    # Host
    "no Host": asked(host=None),
    "Host twice, the same": asked(HOST),
    "Host twice, another": asked("Host: other.example.com"),
    "Host empty": asked(host="Host: "),
    "Host with a path": asked(host="Host: localhost/x"),
    "Host with userinfo": asked(host="Host: user@localhost"),
    "Host with a space": asked(host="Host: local host"),
    "Host with a comma": asked(host="Host: localhost, other"),
    "Host with a port that is no number": asked(host="Host: localhost:http"),
    "Host with an open bracket": asked(host="Host: [::1"),
    # field lines
    "folded by a space": asked("X-Test: a", " b"),
    "folded by a tab": asked("X-Test: a", "\tb"),
    "folded Authorization": asked("Authorization:", " Bearer {T}", token=False),
    "space before the colon": asked("X-Test : a"),
    "tab before the colon": asked("X-Test\t: a"),
    "space before the first field": asked(host=" " + HOST),
    "a line without a colon": asked("X-Test"),
    "an empty name": asked(": a"),
    "a space in a name": asked("X Test: a"),
    "a bracket in a name": asked("X[Test]: a"),
    "a letter outside ASCII in a name": asked("X-T\xe9st: a"),
    "bare CR in a value": asked("X-Test: a\rb"),
    "bare CR that hides a field": asked("X-Test: a\rTransfer-Encoding: chunked"),
    "bare LF between fields": asked("X-Test: a\nX-Other: b"),
    "bare LF after the request line": asked().replace(b"HTTP/1.1\r\n", b"HTTP/1.1\n"),
    "bare LF at the end of the block": asked()[:-4] + b"\n\n",
    "NUL in a value": asked("X-Test: a\0b"),
    "NUL in a name": asked("X-\0Test: a"),
    "ESC in a value": asked("X-Test: \x1b[2J"),
    "DEL in a value": asked("X-Test: a\x7f"),
    # request line
    "HTTP/2.0": asked(first="GET / HTTP/2.0"),
    "HTTP/1.10": asked(first="GET / HTTP/1.10"),
    "lower-case http": asked(first="GET / http/1.1"),
    "two spaces": asked(first="GET  / HTTP/1.1"),
    "a tab": asked(first="GET\t/ HTTP/1.1"),
    "a space at the end": asked(first="GET / HTTP/1.1 "),
    "no target": asked(first="GET HTTP/1.1"),
    "no version": asked(first="GET /"),
    "absolute-form": asked(first="GET http://localhost/ HTTP/1.1"),
    "asterisk-form": asked(first="GET * HTTP/1.1"),
    "authority-form": asked(first="GET localhost:80 HTTP/1.1"),
    "a fragment": asked(first="GET /#a HTTP/1.1"),
    "a space in the target": asked(first="GET /a b HTTP/1.1"),
    "a letter outside ASCII in the target": asked(first="GET /caf\xe9 HTTP/1.1"),
    "NUL in the target": asked(first="GET /\0 HTTP/1.1"),
    "an empty line of spaces first": b"  \r\n" + asked(),
    # framing
    "chunked": asked("Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "gzip": asked("Transfer-Encoding: gzip"),
    "identity": asked("Transfer-Encoding: identity"),
    "xchunked": asked("Transfer-Encoding: xchunked"),
    "chunked, gzip": asked("Transfer-Encoding: chunked, gzip"),
    "empty Transfer-Encoding": asked("Transfer-Encoding: "),
    "Transfer-Encoding with a length": asked("Transfer-Encoding: gzip", "Content-Length: 0"),
    "Transfer-Encoding twice": asked("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    "HTTP/1.0 with Transfer-Encoding":
        asked("Transfer-Encoding: chunked", first="GET / HTTP/1.0", body=b"0\r\n\r\n"),
    "Authorization in a trailer": asked(
        "Transfer-Encoding: chunked", token=False,
        body=f"0\r\nAuthorization: Bearer {tokens.token()}\r\n\r\n".encode()),
    "Content-Length twice, the same": asked("Content-Length: 0", "Content-Length: 0"),
    "Content-Length twice, another": asked("Content-Length: 0", "Content-Length: 5"),
    "Content-Length as a list": asked("Content-Length: 0, 0"),
    "Content-Length +0": asked("Content-Length: +0"),
    "Content-Length -0": asked("Content-Length: -0"),
    "Content-Length 0x0": asked("Content-Length: 0x0"),
    "Content-Length 0 0": asked("Content-Length: 0 0"),
    "Content-Length empty": asked("Content-Length: "),
    "Content-Length of 20 digits": asked("Content-Length: 99999999999999999999"),
    # authorization
    "Authorization twice, the same": asked("Authorization: Bearer {T}"),
    "Authorization twice, another": asked("Authorization: Basic dTpw"),
}

ACCEPTED = {
    "plain": asked(),
    "Host with a port": asked(host="Host: localhost:8080"),
    "Host as an IPv4 address": asked(host="Host: 127.0.0.1:80"),
    "Host as an IPv6 address": asked(host="Host: [::1]:8080"),
    "names in any case": asked(host="hOST: LOCALHOST"),
    "Content-Length 0": asked("Content-Length: 0"),
    "space and tab around a value": asked("X-Test: \t a \t"),
    "an empty value": asked("X-Test:"),
    "a query": asked(first="GET /?a=b&c=%20 HTTP/1.1"),
    "many small fields": asked(*[f"X-{number}: {number}" for number in range(60)]),
    "almost 16 KiB": asked("X-Long: " + "a" * 15000),
    "a target of 2 KiB": asked(first="GET /?" + "a" * 2046 + " HTTP/1.1"),
    "X-Forwarded headers": asked("X-Forwarded-For: 10.0.0.1", "X-Forwarded-Proto: https"),
    "an upgrade nobody takes": asked("Connection: Upgrade", "Upgrade: websocket"),
}

TOO_LONG = {
    "a header block over 16 KiB": (asked("X-Long: " + "a" * 17000), (431,)),
    "a field name over 16 KiB": (asked("X" * 17000 + ": a"), (431, 400)),
    "10,000 fields": (asked(*[f"X-{number}: {number}" for number in range(10000)]), (431,)),
    "1 MiB of dots as a token": (asked("Authorization: Bearer " + "." * (1 << 20), token=False),
                                 (431,)),
    "a target over 2 KiB": (asked(first="GET /?" + "a" * 2048 + " HTTP/1.1"), (414,)),
    "a target over 16 KiB": (asked(first="GET /?" + "a" * 17000 + " HTTP/1.1"), (414, 431)),
    "a body of one byte": (asked("Content-Length: 1", body=b"x"), (413,)),
    "a body that does not come": (asked("Content-Length: 1"), (413,)),
    "a body of 1 TiB": (asked("Content-Length: 1099511627776"), (413,)),
}


def follower() -> bytes:
    return wire.request(tokens.token(project=EMBEDDED))


def refused_at(url, data, statuses):
    """One answer, of these statuses, then a close by the peer, then nothing."""
    with Wire(url) as connection:
        connection.send(data + follower())
        answer = connection.response()
        assert answer is not None and answer.status in statuses, answer and answer.raw[:300]
        assert answer.closes
        assert connection.rest() == b"", "something was answered after a refusal"
    return answer


def assert_not_embedded(server):
    for record in audit.records(server.data_dir, "fetch"):
        assert record.get("workload", {}).get("projectId") != EMBEDDED, record


@pytest.mark.parametrize("name", REFUSED)
def test_the_provider_refuses_with_400_and_a_close(gate, name):
    before = len(gate.audit("fetch"))
    answer = refused_at(gate.provider, REFUSED[name], (400,) if name != "HTTP/2.0" else (505,))
    assert answer.header("content-type") == "application/problem+json"
    assert len(gate.audit("fetch")) == before, "a refused request is not a fetch"
    assert_not_embedded(gate)


@pytest.mark.parametrize("name", REFUSED)
def test_the_admin_listener_refuses_with_a_close(gate, name):
    refused_at(gate.admin, REFUSED[name], (400, 411, 505))
    assert_not_embedded(gate)


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_gate_lets_a_proper_request_pass(gate, name):
    with Wire(gate.provider) as connection:
        connection.send(ACCEPTED[name])
        assert connection.response().values() == {"A": "1"}


@pytest.mark.parametrize("name", TOO_LONG)
def test_what_is_too_long_is_told_so_and_closed(gate, name):
    data, statuses = TOO_LONG[name]
    refused_at(gate.provider, data, statuses)
    assert_not_embedded(gate)


def test_an_admin_body_over_16_mib_is_refused_before_it_is_sent(gate):
    owner = (gate.data_dir / "owner-token").read_text().strip()
    head = asked("Content-Length: %d" % ((16 << 20) + 1), "Content-Type: application/json",
                 f"Authorization: Bearer {owner}", token=False, first="POST /api/v1/apply HTTP/1.1")
    with Wire(gate.admin) as connection:
        connection.send(head)
        answer = connection.response()
        assert answer.status == 413 and answer.closes


def test_a_token_over_8_kib_is_refused_like_any_bad_token(gate):
    answer = gate.fetch(more="x" * 7000)
    assert len(answer.raw) and answer.status in (401, 429)
    assert gate.fetch(more="x" * 4000).status == 200


def test_two_requests_in_one_write_get_two_answers_in_order(gate):
    with Wire(gate.provider) as connection:
        connection.send(wire.request(tokens.token()) + wire.request(path="/nobody"))
        assert connection.response().status == 200
        assert connection.response().status == 404


def test_every_refusal_is_counted_without_its_bytes(gate):
    refused_at(gate.provider, asked("X-Test : secret-of-a-stranger"), (400,))
    assert b"secret-of-a-stranger" not in b"".join(audit.lines(gate.data_dir))


def test_random_bytes_never_get_more_than_a_refusal(gate):
    for _ in range(rounds(200, 5000)):
        data = os.urandom(300) + b"\r\n\r\n"
        with Wire(gate.provider) as connection:
            connection.send(data)
            connection.finish_sending()
            answer = connection.response()
            assert answer is None or answer.status in (400, 414, 431), data
    assert gate.fetch().status == 200


def resident(server) -> int:
    with open(f"/proc/{server.pid}/status", encoding="ascii") as status:
        kilobytes = next(line for line in status if line.startswith("VmRSS")).split()[1]
    return int(kilobytes) * 1024


def test_a_connection_that_sends_headers_for_ever_has_bounded_memory(gate):
    before, connections = resident(gate), []
    try:
        for _ in range(400):
            connections.append(Wire(gate.provider))
            connections[-1].send(asked("X-Long: " + "a" * 15000)[:-4])
        grown = resident(gate) - before
    finally:
        for connection in connections:
            connection.close()
    assert grown < 400 * 64 * 1024, f"{grown // 400} bytes a connection"
    assert gate.fetch().status == 200
