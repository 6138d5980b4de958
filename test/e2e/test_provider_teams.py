"""Teams: their paths, their keys, what each demands."""
import socket
import threading
import time

import pytest

from support import tokens, wire
from support.groups import group
from support.wait import eventually
from support.wire import KeepAlive

RED, BLUE = "red-" + tokens.KEY, "blue-" + tokens.KEY


@pytest.fixture
def site(serve):
    """Two teams beside the default one, each with a key and a group of its own."""
    server = serve()
    server.add_key()
    server.apply(group("all", {"TEAM": "default"}))
    for team, key, options in (("red", RED, {}), ("blue", BLUE, {"path": "/some/where"})):
        server.add_team(team, **options)
        server.add_key(team, key)
        server.apply(group("all", {"TEAM": team}, team=team))
    return server


def test_a_team_is_found_by_its_exact_path(site):
    assert site.fetch(tokens.token(RED), "/red").values() == {"TEAM": "red"}
    assert site.fetch(tokens.token(BLUE), "/some/where").values() == {"TEAM": "blue"}
    assert site.fetch(tokens.token(BLUE), "/some/where?x=1").values() == {"TEAM": "blue"}
    assert site.fetch().values() == {"TEAM": "default"}
    for path in ("/blue", "/red/", "/RED", "/red/x", "/some", "/some/where/", "/default", "/%72ed"):
        assert site.fetch(tokens.token(RED), path).status == 404, path


def test_a_key_of_one_team_opens_no_other(site):
    for path, key in (("/red", BLUE), ("/some/where", RED), ("/", RED), ("/red", tokens.KEY)):
        assert site.fetch(tokens.token(key), path).status == 401
    assert {one["reason"] for one in site.audit("fetch")} == {"bad_signature"}


def test_a_claim_that_names_another_team_or_key_moves_nothing(site):
    token = tokens.token(RED, header={"kid": "default"}, team="blue", teamId="blue", iss="blue")
    assert site.fetch(token, "/red").values() == {"TEAM": "red"}
    assert site.fetch(token, "/some/where").status == 401


def test_two_teams_cannot_have_one_path_nor_the_health_check(site):
    for body in ({"id": "green", "path": "/red"}, {"id": "green", "path": "/healthz"},
                 {"id": "healthz"}, {"id": "green", "path": "nowhere"}, {"id": "Bad Id"},
                 {"id": "green", "path": "/with space"}, {"id": "red"}):
        status, answer = site.call("POST", "/api/v1/teams", body)
        assert status in (400, 409, 422), f"{body}: {status} {answer}"
        assert answer["code"] and answer["detail"]
    assert len(site.api("GET", "/api/v1/teams")["items"]) == 3


def test_a_team_that_is_removed_is_gone_at_once(site):
    site.cli("group", "delete", "all", "--team", "red")
    site.cli("team", "remove", "red")
    assert site.fetch(tokens.token(RED), "/red").status == 404
    assert site.cli("team", "remove", "red", exits=3).err.startswith("error:")


def test_require_match_makes_an_empty_bundle_an_error(site):
    site.apply(group("all", {"TEAM": "red"}, team="red", projects=["shop"]))
    token = tokens.token(RED, project="elsewhere")
    assert site.fetch(token, "/red").json() == {"secrets": []}
    site.cli("team", "set", "red", "--require-match")
    answer = site.fetch(token, "/red")
    assert answer.status == 503 and answer.header("retry-after")
    assert site.audit("fetch")[-1]["reason"] == "no_match"
    assert site.fetch(tokens.token(RED), "/red").status == 200
    site.cli("team", "set", "red", "--no-require-match")
    assert site.fetch(token, "/red").status == 200


def test_require_exp_refuses_a_token_that_never_ends(site):
    endless = tokens.token(RED, exp=...)
    assert site.fetch(endless, "/red").status == 200
    site.cli("team", "set", "red", "--require-exp")
    assert site.fetch(endless, "/red").status == 401
    assert site.audit("fetch")[-1]["reason"] == "exp_required"
    assert site.fetch(tokens.token(RED), "/red").status == 200
    assert site.fetch(tokens.token(exp=...)).status == 200, "it is the other team's option"


def test_allow_from_lets_only_those_addresses_ask(site):
    site.cli("team", "set", "red", "--allow-from", "127.0.0.8/30", "--allow-from", "10.0.0.0/8")
    token = tokens.token(RED)
    for source, status in (("127.0.0.8", 200), ("127.0.0.11", 200), ("127.0.0.12", 401),
                           ("127.0.0.7", 401)):
        assert site.fetch(token, "/red", source=source).status == status, source
    denied = [one for one in site.audit("fetch") if one["outcome"] == "denied"]
    assert {one["reason"] for one in denied} == {"address_not_allowed"}
    assert {one["remote"] for one in denied} == {"127.0.0.12", "127.0.0.7"}


@pytest.mark.parametrize("header", [
    "X-Forwarded-For: 127.0.0.8", "X-Real-IP: 127.0.0.8", "Forwarded: for=127.0.0.8",
    "X-Forwarded-For: 127.0.0.8, 127.0.0.1", "CF-Connecting-IP: 127.0.0.8"])
def test_a_forwarded_address_opens_nothing_and_is_not_recorded(site, header):
    site.cli("team", "set", "red", "--allow-from", "127.0.0.8/32")
    assert site.fetch(tokens.token(RED), "/red", headers=[header]).status == 401
    assert site.fetch(headers=[header]).status == 200
    assert {one["remote"] for one in site.audit("fetch")} == {"127.0.0.1"}


def test_old_and_new_key_overlap_and_then_the_old_one_ends(site):
    first = site.api("GET", "/api/v1/teams/red/keys")["items"][0]["id"]
    site.add_key("red", "newer-" + RED)
    new, old = tokens.token("newer-" + RED), tokens.token(RED)
    assert site.fetch(old, "/red").status == site.fetch(new, "/red").status == 200
    site.cli("team", "key", "retire", "red", first, "--after", "2s")
    states = {one["id"]: one["state"] for one in site.api("GET", "/api/v1/teams/red/keys")["items"]}
    assert states[first] == "retiring"
    start = time.monotonic()
    with KeepAlive(site.provider) as asker:
        assert asker.get(old, "/red").status == 200

        def ended():
            assert asker.get(new, "/red").status == 200
            return asker.get(old, "/red").status == 401
        eventually(ended, 4, "the end of the old key")
    assert 1 < time.monotonic() - start < 4, "the overlap is as long as was said"
    states = {one["id"]: one["state"] for one in site.api("GET", "/api/v1/teams/red/keys")["items"]}
    assert states[first] == "retired"


def test_no_valid_request_fails_while_keys_change(site):
    stop, wrong, served = threading.Event(), [], [0]
    steady = tokens.token(RED)

    def ask():
        with KeepAlive(site.provider) as asker:
            while not stop.is_set():
                status = asker.get(steady, "/red").status
                served[0] += 1
                if status != 200:
                    wrong.append(status)
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for number in range(20):
            made = site.add_key("red", f"{number}-" + RED)
            site.cli("team", "key", "retire", "red", made, "--after", "0s")
        eventually(lambda: served[0] > 200, 10, "two hundred answers")
    finally:
        stop.set()
        thread.join()
    assert not wrong


def test_a_retired_key_stays_retired_after_a_restart(site, serve):
    first = site.api("GET", "/api/v1/teams/red/keys")["items"][0]["id"]
    site.add_key("red", "newer-" + RED)
    site.cli("team", "key", "retire", "red", first, "--after", "0s")
    eventually(lambda: site.fetch(tokens.token(RED), "/red").status == 401, 2, "its end")
    site.stop()
    again = serve()
    assert again.fetch(tokens.token(RED), "/red").status == 401
    assert again.fetch(tokens.token("newer-" + RED), "/red").status == 200


def test_a_signing_key_is_never_shown_again(site):
    listed = site.cli("team", "key", "list", "red", "--json").out
    assert RED not in listed and tokens.b64url(RED.encode()) not in listed
    assert site.cli("team", "list", "--json").out.count(RED) == 0


def test_both_addresses_of_a_listener_may_be_ipv6(serve):
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("there is no IPv6 here")
    server = serve(listen="[::1]:0")
    server.add_key()
    server.apply(group("all", {"A": "1"}))
    assert server.fetch().values() == {"A": "1"}
    assert server.audit("fetch")[0]["remote"] == "::1"
    assert wire.get(server.provider, path="/healthz").status == 200
