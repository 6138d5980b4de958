"""Workloads get values from a real OpenBao through the real server: fresh, changed, deleted, denied,
and stale while it is sealed, also over a restart of ours."""
import json

import pytest

from support.groups import group
from support.openbao import approle, stocked, write
from support.wait import eventually


@pytest.fixture(scope="module")
def bao(tmp_path_factory):
    with stocked(tmp_path_factory.mktemp("bao")) as server:
        yield server


@pytest.fixture
def start(bao, serve, tmp_path):
    """A server with the source `vault`; the same again after a stop."""
    role_id, secret_id = approle(bao, "server")
    (tmp_path / "secret-id").write_text(secret_id)
    source = {"name": "vault", "kind": "vault", "ttl": "0s", "deadline": "5s",
              "connection": {"address": bao.address, "ca_file": str(bao.certificate.cert)},
              "credentials": {"auth": "approle", "role_id": {"value": role_id},
                              "secret_id": {"file": str(tmp_path / "secret-id")}},
              "allow": [{"team": "default", "groups": ["*"], "refs": ["kv?/*"]}]}
    config = tmp_path / "sutler.yaml"
    config.write_text(json.dumps({"sources": [source]}))
    config.chmod(0o600)
    return lambda: serve("--config", config)


def values(server):
    answer = server.fetch(project="p")
    return answer.values() if answer.status == 200 else answer.status


def becomes(server, expected):
    """A value is good for a second, even with `ttl: 0s`; a store that was out is left alone for a while."""
    return eventually(lambda: values(server) == expected)


PASSWORD = {"PASSWORD": {"from": "vault", "ref": "kv2/app#password"}}


def test_values_change_and_go_with_the_store(bao, start):
    write(bao, "app", password="CANARY-1", user="shop")
    server = start()
    server.add_key()
    server.apply(group("g", {**PASSWORD, "USER": {"from": "vault", "ref": "kv2/app#user"}}))
    assert values(server) == {"PASSWORD": "CANARY-1", "USER": "shop"}
    write(bao, "app", password="CANARY-2", user="shop")
    assert becomes(server, {"PASSWORD": "CANARY-2", "USER": "shop"})
    assert "AppRole" in server.cli("source", "check", "vault").out
    bao.call("DELETE", "kv2/data/app")
    assert becomes(server, 503)
    assert "CANARY" not in server.log() + json.dumps(server.audit())


def test_a_default_stands_in_for_what_does_not_exist_but_not_in_an_outage(bao, start):
    bao.call("DELETE", "kv2/metadata/none")
    server = start()
    server.add_key()
    server.apply(group("g", {"MADE": {"from": "vault", "ref": "kv2/none#a", "default": "else"}}))
    assert values(server) == {"MADE": "else"}
    server.apply(group("g", {"MADE": {"from": "vault", "ref": "kv2/made#a", "default": "else"}}))
    bao.seal()
    try:
        assert values(server) == 503
    finally:
        bao.unseal()
    assert becomes(server, {"MADE": "else"})


def test_the_last_value_is_served_while_the_store_is_sealed(bao, start):
    write(bao, "app", password="CANARY-kept")
    server = start()
    server.add_key()
    server.apply(group("g", PASSWORD))
    assert values(server) == {"PASSWORD": "CANARY-kept"}
    bao.seal()
    try:
        assert values(server) == {"PASSWORD": "CANARY-kept"}
        server.stop()
        again = start()  # from the sealed cache on disk
        assert values(again) == {"PASSWORD": "CANARY-kept"}
    finally:
        bao.unseal()
    write(bao, "app", password="CANARY-after")
    again.cli("source", "refresh", "vault")
    assert values(again) == {"PASSWORD": "CANARY-after"}


def test_a_revoked_right_takes_the_value_away(bao, start):
    write(bao, "app", password="CANARY-mine")
    server = start()
    server.add_key()
    server.apply(group("g", PASSWORD))
    assert values(server) == {"PASSWORD": "CANARY-mine"}
    policy = bao.call("GET", "sys/policies/acl/reader")["data"]["policy"]
    bao.call("PUT", "sys/policies/acl/reader", {"policy": policy.replace("kv2/data/app", "kv2/x")})
    try:
        assert becomes(server, 503)
    finally:
        bao.call("PUT", "sys/policies/acl/reader", {"policy": policy})
    assert becomes(server, {"PASSWORD": "CANARY-mine"})


def test_the_server_logs_in_and_tells_a_sealed_store(bao, start):
    server = start()
    assert "AppRole" in server.cli("source", "check", "vault").out
    bao.seal()
    try:
        sealed = server.cli("source", "check", "vault", "--json", exits=1).json()["items"]
        assert [one["failure"] for one in sealed] == ["outage"]
    finally:
        bao.unseal()
    server.cli("source", "check", "vault")


def test_a_login_that_is_refused_is_told_apart(start, tmp_path):
    server = start()
    (tmp_path / "secret-id").write_text("CANARY-wrong")
    ran = server.cli("source", "check", "vault", "--json", exits=1)
    assert [one["failure"] for one in ran.json()["items"]] == ["login"]
    assert "CANARY" not in ran.out + ran.err + server.log() + json.dumps(server.audit())
