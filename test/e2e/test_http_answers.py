"""What every answer of the provider carries, and in which order errors are judged."""
import time

import pytest

from support import tokens, wire
from support.groups import group
from support.wire import KeepAlive, Wire

REASON_WORDS = (b"expired", b"signature", b"claim", b"algorithm", b"malformed", b"HS256", b"key")


@pytest.fixture(scope="module")
def site(serve_once):
    server = serve_once()
    server.add_key()
    server.apply(group("base", {"A": "1", "B": "two"}))
    return server


def lasting(answer) -> list:
    """The header fields without those that are new in every answer."""
    return [pair for pair in answer.headers if pair[0] not in ("date", "x-request-id")]


def bad_tokens() -> dict:
    now = int(time.time())
    good = tokens.token()
    return {
        "no token": None,
        "not a token": "nonsense",
        "empty parts": "..",
        "another key": tokens.token("another-key-" + tokens.KEY),
        "expired": tokens.token(now=now - 90000),
        "not yet valid": tokens.token(nbf=now + 3600),
        "alg none": tokens.compact({"alg": "none"}, tokens.claims()).rsplit(".", 1)[0] + ".",
        "another hash": tokens.token(alg="HS512"),
        "no project": tokens.token(project=...),
        "a number as project": tokens.token(project=7),
        "crit": tokens.token(header={"crit": ["exp"]}),
        "padded": good + "=",
        "jku": tokens.token("another-key-" + tokens.KEY, header={"jku": "http://127.0.0.1:1/"}),
    }


def test_all_401s_are_the_same_bytes_and_do_not_tell_why(site):
    seen = set()
    for number, (name, token) in enumerate(bad_tokens().items(), 2):
        with Wire(site.provider, source=f"127.0.0.{number}") as connection:
            answer = connection.get(token)
        assert answer.status == 401, f"{name}: {answer.raw[:200]}"
        assert not any(word in answer.body.lower() for word in REASON_WORDS), answer.body
        seen.add((tuple(lasting(answer)), answer.body))
    assert len(seen) == 1, seen


def test_a_401_says_how_to_authenticate(site):
    answer = wire.get(site.provider, source="127.0.0.50")
    assert answer.header("www-authenticate").startswith("Bearer")
    assert "error" not in answer.header("www-authenticate").lower()
    assert answer.header("content-type") == "application/problem+json"
    assert answer.json()["status"] == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_compared_without_regard_to_case(site, scheme):
    answer = wire.get(site.provider, headers=[f"Authorization: {scheme} {tokens.token()}"])
    assert answer.status == 200


@pytest.mark.parametrize("value", ["{}", "Basic {}", "Token {}", "Bearer", "Bearer{}",
                                   "Bearer {} x", "Bearer {},{}"])
def test_a_token_without_its_scheme_is_refused(site, value):
    line = "Authorization: " + value.replace("{}", tokens.token())
    answer = wire.get(site.provider, headers=[line], source="127.0.0.51")
    assert answer.status in (401, 429)


ANSWERS = {
    200: lambda site: site.fetch(),
    401: lambda site: wire.get(site.provider, source="127.0.0.52"),
    404: lambda site: wire.get(site.provider, path="/nobody"),
    405: lambda site: wire.get(site.provider, method="POST"),
    400: lambda site: wire.get(site.provider, headers=["Host: twice"]),
    431: lambda site: wire.get(site.provider, headers=["X: " + "a" * 17000]),
}


@pytest.mark.parametrize("status", ANSWERS)
def test_every_answer_may_not_be_stored_nor_sniffed_and_shows_no_version(site, status):
    answer = ANSWERS[status](site)
    assert answer.status == status
    assert "no-store" in answer.header("cache-control")
    assert answer.header("x-content-type-options") == "nosniff"
    kind = "application/json" if status == 200 else "application/problem+json"
    assert answer.header("content-type").split(";")[0] == kind
    for name in ("etag", "last-modified", "location", "x-powered-by"):
        assert answer.header(name) is None
    assert not any(letter.isdigit() for letter in answer.header("server") or "")
    if status != 200:
        body = answer.json()
        assert body["status"] == status and body["title"]


@pytest.mark.parametrize("condition", [
    "If-None-Match: *", 'If-None-Match: "x"', "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT",
    "Range: bytes=0-3", "If-Match: *", "Accept: text/html", "Accept-Encoding: gzip"])
def test_a_condition_or_a_range_never_changes_the_answer(site, condition):
    answer = wire.get(site.provider, tokens.token(), headers=[condition])
    assert answer.values() == {"A": "1", "B": "two"}
    assert answer.header("content-encoding") is None


def test_head_is_get_without_its_body_and_counts_as_a_fetch(site):
    before = len(site.audit("fetch"))
    got = site.fetch(project="same")
    head = site.fetch(project="same", method="HEAD")
    assert head.status == 200 and head.body == b""
    assert lasting(head) == lasting(got)
    assert int(head.header("content-length")) == len(got.body)
    made = site.audit("fetch")[before:]
    assert [record["outcome"] for record in made] == ["ok", "ok"]


def test_head_with_a_bad_token_is_401_without_a_body(site):
    answer = wire.get(site.provider, "nonsense", method="HEAD", source="127.0.0.53")
    assert answer.status == 401 and answer.body == b""


@pytest.mark.parametrize("path, method, token, extra, status", [
    ("/nobody", "POST", None, "Host: twice", 400),       # gate before path
    ("/nobody", "POST", None, "Content-Length: 5", 413),  # gate before path
    ("/nobody", "POST", None, None, 404),                 # path before method
    ("/nobody", "GET", None, None, 404),                  # path before token
    ("/", "POST", None, None, 405),                       # method before token
    ("/", "POST", "good", None, 405),
    ("/", "GET", None, None, 401),
    ("/", "GET", "good", None, 200),
    ("//", "GET", "good", None, 404),
    ("/.", "GET", "good", None, 404),
    ("/index.html", "GET", "good", None, 404),
    ("/?team=default", "GET", "good", None, 200),
    ("/healthz/", "GET", None, None, 404),
    ("/healthz", "POST", None, None, 405),
    ("/healthz", "GET", None, None, 200),
    ("/api/v1/status", "GET", None, None, 404),
    ("/metrics", "GET", None, None, 404)])
def test_errors_are_judged_in_order(site, path, method, token, extra, status):
    given = tokens.token() if token == "good" else None
    answer = wire.get(site.provider, given, path, method, [extra] if extra else [],
                      source="127.0.0.54")
    assert answer.status == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_another_method_is_405_with_the_allowed_ones(site, method):
    answer = wire.get(site.provider, tokens.token(), method=method)
    assert answer.status == 405
    allowed = {one.strip() for one in answer.header("allow").split(",")}
    assert allowed == {"GET", "HEAD"}
    assert tokens.token().encode()[:20] not in answer.body, "TRACE would echo"


@pytest.mark.parametrize("method", ["get", "BREW", "GETT"])
def test_a_method_nobody_knows_is_refused(site, method):
    assert wire.get(site.provider, tokens.token(), method=method).status in (400, 405, 501)


def test_a_connection_lives_through_many_answers_good_and_bad(site):
    with KeepAlive(site.provider, source="127.0.0.55") as asker:
        for number in range(100):
            assert asker.get(tokens.token()).status == 200
            assert asker.get(path="/nobody").status == 404
            assert asker.get("nonsense").status in (401, 429)
        assert asker.connections <= 3, "errors of a request do not end a connection"


def test_connection_close_and_http_1_0_end_the_connection(site):
    with Wire(site.provider) as connection:
        answer = connection.get(tokens.token(), headers=["Connection: close"])
        assert answer.status == 200 and connection.rest() == b""
    with Wire(site.provider) as connection:
        connection.send(wire.request(tokens.token()).replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert connection.response().status in (200, 400)
        assert connection.rest() == b""


def test_healthz_is_not_audited_and_shows_nothing(site):
    before = len(site.audit())
    answer = wire.get(site.provider, path="/healthz")
    assert answer.status == 200 and len(answer.body) < 200
    assert wire.get(site.provider, path="/healthz", method="HEAD").status == 200
    assert len([one for one in site.audit()[before:] if one["event"] != "checkpoint"]) == 0
