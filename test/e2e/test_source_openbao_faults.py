"""A real OpenBao behind a proxy of ours that lets some requests fail: values, logins and renewals.
What OpenBao itself says is told apart from what the way to it does."""
import json
import time

import pytest

from support.bao_proxy import FAULTS, BaoProxy
from support.groups import group
from support.openbao import approle, stocked, write
from support.store_probe import StoreProbe, has_field
from support.wait import eventually

DEADLINE_MS = 2000
SLACK_SECONDS = 1.0


@pytest.fixture(scope="module")
def bao(tmp_path_factory):
    with stocked(tmp_path_factory.mktemp("bao")) as server:
        write(server, "app", password="CANARY-value")
        server.call("POST", "kv1/app", {"password": "CANARY-one"})
        yield server


@pytest.fixture
def proxy(bao):
    with BaoProxy(bao) as made:
        yield made


def by_approle(bao, proxy, name, **role):
    role_id, secret_id = approle(bao, name, **role)
    return StoreProbe("vault", env={"SECRET_ID": secret_id},
                      **proxy.settings(auth="approle", role_id=f"inline:{role_id}",
                                       secret_id="env:SECRET_ID", deadline=DEADLINE_MS))


def read(probe, locator):
    """The kind of the answer, which comes by the deadline and quotes nothing."""
    began = time.monotonic()
    answer = probe.read(locator)
    assert time.monotonic() - began < DEADLINE_MS / 1000 + SLACK_SECONDS
    assert "CANARY" not in str(answer)
    return answer["kind"]


def accessors(bao):
    return set(bao.call("LIST", "auth/token/accessors")["data"]["keys"])


@pytest.mark.parametrize("locator", ("kv2/app", "kv1/app"))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_value_that_does_not_come_through_is_an_outage(bao, proxy, fault, locator):
    with by_approle(bao, proxy, f"value-{fault}") as probe:
        assert read(probe, locator) == "ok"
        proxy.faults["value"] = fault
        assert read(probe, locator) == "outage"
        proxy.faults.clear()
        assert read(probe, locator) == "ok"
        assert proxy.calls("login") == 1, "an outage is no reason to log in again"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_login_that_does_not_come_through_is_an_outage(bao, proxy, fault):
    with by_approle(bao, proxy, f"login-{fault}") as probe:
        proxy.faults["login"] = fault
        assert read(probe, "kv2/app") == "outage"
        assert proxy.calls("value") == 0
        proxy.faults.clear()
        assert has_field(probe.read("kv2/app"), "password", "CANARY-value")


def test_a_refused_login_and_a_refused_value_are_told_apart(bao, proxy):
    with by_approle(bao, proxy, "apart") as probe:
        proxy.faults["login"] = "403"
        assert read(probe, "kv2/app") == "login"
        proxy.faults.clear()
        assert read(probe, "kv2/app") == "ok"
        assert read(probe, "kv2/other") == "denied"  # OpenBao's own word


@pytest.mark.parametrize("fault", FAULTS)
def test_a_renewal_that_fails_costs_no_value(bao, proxy, fault):
    """While it hangs or fails, values are read with the token that is good still; when that has
    ended, a login follows."""
    before = accessors(bao)
    with by_approle(bao, proxy, f"renewal-{fault}", token_ttl="4s") as probe:
        proxy.faults["renewal"] = fault
        assert read(probe, "kv2/app") == "ok"
        (mine,) = accessors(bao) - before
        eventually(lambda: proxy.calls("renewal"), 30, "the renewal")
        assert read(probe, "kv2/app") == "ok" and proxy.calls("login") == 1
        eventually(lambda: mine not in accessors(bao), 30, "the token's end")
        assert read(probe, "kv2/app") == "ok" and proxy.calls("login") == 2
        proxy.faults["login"] = "500"
        (mine,) = accessors(bao) - before
        eventually(lambda: mine not in accessors(bao), 30, "the second token's end")
        assert read(probe, "kv2/app") == "outage"
        proxy.faults.clear()
        assert read(probe, "kv2/app") == "ok"


# -- through the real server ---------------------------------------------------------------------

def values(server):
    answer = server.fetch(project="p")
    return answer.values() if answer.status == 200 else json.loads(answer.body)["code"]


def becomes(server, expected):
    return eventually(lambda: values(server) == expected, 30, f"the answer {expected}")


@pytest.fixture
def server(bao, proxy, serve, tmp_path):
    role_id, secret_id = approle(bao, "server")
    (tmp_path / "secret-id").write_text(secret_id)
    config = tmp_path / "sutler.yaml"
    config.write_text(json.dumps({"sources": [{
        "name": "vault", "kind": "vault", "ttl": "0s", "deadline": f"{DEADLINE_MS}ms",
        "connection": {"address": proxy.address},
        "credentials": {"auth": "approle", "role_id": {"value": role_id},
                        "secret_id": {"file": str(tmp_path / "secret-id")}}}]}))
    config.chmod(0o600)
    server = serve("--config", config)
    server.add_key()
    server.apply(group("g", {"PASSWORD": {"from": "vault", "ref": "kv2/app#password"}}))
    return server


KEPT = {"PASSWORD": "CANARY-value"}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_last_value_is_served_whatever_goes_wrong_on_the_way(server, proxy, fault):
    assert values(server) == KEPT
    proxy.faults["value"] = fault
    eventually(lambda: server.api("GET", "/api/v1/sources/vault")["state"] == "stale", 30,
               "the outage")
    began = time.monotonic()
    assert values(server) == KEPT
    assert time.monotonic() - began < DEADLINE_MS / 1000 + SLACK_SECONDS
    proxy.faults.clear()
    eventually(lambda: server.api("GET", "/api/v1/sources/vault")["state"] == "ok", 60, "the end")
    assert values(server) == KEPT
    assert "CANARY" not in server.log() + json.dumps(server.audit())


def test_a_login_that_fails_keeps_the_value_and_a_denial_takes_it(bao, server, proxy):
    before = accessors(bao)
    assert values(server) == KEPT
    # Our token is revoked and no other is to be had: the 403 of the value says nothing of it.
    proxy.faults["login"] = "500"
    for one in accessors(bao) - before:
        bao.call("POST", "auth/token/revoke-accessor", {"accessor": one})
    eventually(lambda: server.api("GET", "/api/v1/sources/vault")["state"] == "stale", 30,
               "the outage")
    assert values(server) == KEPT
    # A login is to be had, and the right is gone: OpenBao's word.
    policy = bao.call("GET", "sys/policies/acl/reader")["data"]["policy"]
    bao.call("PUT", "sys/policies/acl/reader", {"policy": policy.replace("kv2/data/app", "kv2/x")})
    try:
        proxy.faults.clear()
        becomes(server, "source_denied")
    finally:
        bao.call("PUT", "sys/policies/acl/reader", {"policy": policy})
    becomes(server, KEPT)
