"""The driver of Vault and OpenBao against a real OpenBao: both KV versions, every login that it can
be given here, renewal, revocation, namespaces, a sealed and a restarted server."""
import json
import time

import jwt
import pytest

from support.aws import Recorder
from support.certificates import Certificate
from support.openbao import approle, stocked, write
from support.store_probe import StoreProbe, has_field
from support.wait import eventually

@pytest.fixture(scope="module")
def bao(tmp_path_factory):
    with stocked(tmp_path_factory.mktemp("bao")) as server:
        write(server, "app", password="first")
        write(server, "app", password="CANARY-second", port=5432, rate=1.10, note="äöü\nline")
        server.call("POST", "kv1/app", {"password": "CANARY-one"})
        yield server


def by_approle(bao, name, **role):
    role_id, secret_id = approle(bao, name, **role)
    return StoreProbe("vault", env={"SECRET_ID": secret_id},
                      **bao.settings(auth="approle", role_id=f"inline:{role_id}",
                                     secret_id="env:SECRET_ID"))


def by_token(bao, token, **more):
    return StoreProbe("vault", env={"VAULT_TOKEN": token},
                      **bao.settings(auth="token", token="env:VAULT_TOKEN", **more))


def token_of(bao, **body):
    return bao.call("POST", "auth/token/create", {"policies": ["reader"], **body})["auth"]


def accessors(bao):
    """Of all living tokens."""
    return set(bao.call("LIST", "auth/token/accessors")["data"]["keys"])


def test_values_of_both_kv_versions(bao):
    with by_approle(bao, "both") as probe:
        two = probe.read("kv2/app")
        assert has_field(two, "password", "CANARY-second") and has_field(two, "port", "5432")
        assert has_field(two, "rate", "1.1") and has_field(two, "note", "äöü\nline")
        one = probe.read("kv1/app")
        assert has_field(one, "password", "CANARY-one") and "good_for" not in one
        assert "AppRole" in probe.check()["says"]


def test_a_lease_of_its_own_limits_a_kv1_value(bao):
    bao.call("POST", "kv1/leased", {"password": "x", "ttl": "30m"})
    with by_approle(bao, "leased") as probe:
        assert probe.read("kv1/leased")["good_for"] == 1800


def test_pinned_deleted_and_absent_versions(bao):
    write(bao, "made", a="1")
    write(bao, "made", a="2")
    with by_approle(bao, "versions") as probe:
        assert has_field(probe.read("kv2/made?version=1"), "a", "1")
        assert has_field(probe.read("kv2/made"), "a", "2")
        assert probe.kind("kv2/made?version=9") == "missing"
        assert probe.kind("kv2/none") == "missing"
        assert probe.kind("kv1/none") == "missing"
        assert probe.kind("kv1/app?version=1") == "bad_reference"
        bao.call("POST", "kv2/delete/made", {"versions": [2]})
        assert probe.kind("kv2/made") == "missing"
        assert has_field(probe.read("kv2/made?version=1"), "a", "1")
        bao.call("POST", "kv2/destroy/made", {"versions": [1]})
        assert probe.kind("kv2/made?version=1") == "missing"


def test_what_is_not_ours_is_denied_and_quotes_nothing(bao):
    write(bao, "other", a="CANARY-other")
    with by_approle(bao, "denied") as probe:
        for locator in ("kv2/other", "nowhere/app"):
            answer = probe.read(locator)
            assert answer["kind"] == "denied", locator
            assert locator in answer["message"] and "CANARY" not in str(answer)
        assert probe.kind("kv2/app") == "ok"


def test_what_is_no_kv_store_is_a_bad_reference(bao):
    with by_token(bao, bao.root) as probe:
        assert probe.kind("sys/health") == "bad_reference"
        assert probe.kind("kv2/app") == "ok"


def test_a_mount_made_anew_with_another_version_is_noticed(bao):
    bao.call("POST", "sys/mounts/turned", {"type": "kv", "options": {"version": "1"}})
    bao.call("POST", "turned/app", {"a": "1"})
    with by_token(bao, bao.root) as probe:
        assert has_field(probe.read("turned/app"), "a", "1")
        bao.call("DELETE", "sys/mounts/turned")
        assert probe.kind("turned/app") == "bad_reference"
        bao.call("POST", "sys/mounts/turned", {"type": "kv", "options": {"version": "2"}})
        eventually(lambda: bao.request("GET", "turned/config")[0] == 200, 30, "the KV store")
        bao.call("POST", "turned/data/app", {"data": {"a": "2"}})
        assert has_field(probe.read("turned/app"), "a", "2")


def test_a_wrong_login_is_told_apart_and_mended_by_a_new_file(bao, tmp_path):
    role_id, secret_id = approle(bao, "mended")
    file = tmp_path / "secret-id"
    file.write_text("00000000-0000-0000-0000-000000000000\n")
    with StoreProbe("vault", **bao.settings(auth="approle", role_id=f"inline:{role_id}",
                                            secret_id=f"file:{file}")) as probe:
        assert probe.kind("kv2/app") == "login"
        file.unlink()
        answer = probe.read("kv2/app")
        assert answer["kind"] == "login" and str(file) in answer["message"]
        file.write_text(secret_id + "\n")
        assert probe.kind("kv2/app") == "ok"


def test_a_token_is_renewed_before_it_ends(bao):
    auth = token_of(bao, ttl="6s", renewable=True)

    def ends():
        found = bao.call("POST", "auth/token/lookup-accessor", {"accessor": auth["accessor"]})
        return found["data"]["expire_time"]

    first = ends()
    with by_token(bao, auth["client_token"]) as probe:
        assert probe.kind("kv2/app") == "ok"
        eventually(lambda: ends() != first, 30, "the renewal")
        assert probe.kind("kv2/app") == "ok"


def test_a_token_that_ended_is_followed_by_a_login(bao):
    with by_approle(bao, "short", token_ttl="2s", token_max_ttl="2s") as probe:
        before = accessors(bao)
        assert probe.kind("kv2/app") == "ok"
        (mine,) = accessors(bao) - before
        eventually(lambda: mine not in accessors(bao), 30, "the token's end")
        assert probe.kind("kv2/app") == "ok"
        assert accessors(bao) - before - {mine}


def test_a_revoked_token_of_a_login_is_followed_by_another(bao):
    with by_approle(bao, "revoked") as probe:
        before = accessors(bao)
        assert probe.kind("kv2/app") == "ok"
        (mine,) = accessors(bao) - before
        bao.call("POST", "auth/token/revoke-accessor", {"accessor": mine})
        assert probe.kind("kv2/app") == "ok"


def test_a_revoked_token_that_was_given_is_an_outage_of_our_login(bao, tmp_path):
    auth, file = token_of(bao, ttl="1h"), tmp_path / "token"
    file.write_text(auth["client_token"])
    with StoreProbe("vault", **bao.settings(auth="token", token=f"file:{file}")) as probe:
        assert probe.kind("kv2/app") == "ok"
        bao.call("POST", "auth/token/revoke", {"token": auth["client_token"]})
        assert probe.kind("kv2/app") == "login"
        assert probe.check()["kind"] == "login"
        file.write_text(token_of(bao, ttl="1h")["client_token"])
        assert probe.kind("kv2/app") == "ok"


def test_a_namespace_has_values_of_its_own(bao):
    bao.call("PUT", "sys/namespaces/team")
    bao.call("POST", "sys/mounts/kv2", {"type": "kv", "options": {"version": "2"}},
             namespace="team")
    eventually(lambda: bao.request("GET", "kv2/config", namespace="team")[0] == 200, 30,
               "the KV store of the namespace")
    bao.call("POST", "kv2/data/app", {"data": {"password": "of the team"}}, namespace="team")
    with by_token(bao, bao.root, namespace="team") as probe:
        assert has_field(probe.read("kv2/app"), "password", "of the team")
        assert probe.kind("kv1/app") == "denied"  # nothing is mounted there for it


def test_login_by_jwt(bao, tmp_path):
    pair = Certificate(tmp_path / "jwt")
    bao.call("POST", "sys/auth/jwt", {"type": "jwt"})
    bao.call("POST", "auth/jwt/config",
             {"jwt_validation_pubkeys": [public_key(pair.cert)]})
    bao.call("POST", "auth/jwt/role/app",
             {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["bao"],
              "token_policies": ["reader"]})
    file = tmp_path / "token"

    def sign(audience):
        now = int(time.time())
        claims = {"sub": "sutler", "aud": audience, "iat": now, "nbf": now, "exp": now + 600}
        file.write_text(jwt.encode(claims, pair.key.read_text(), algorithm="ES256"))

    with StoreProbe("vault", **bao.settings(auth="jwt", role="app", jwt=f"file:{file}")) as probe:
        sign("others")
        assert probe.kind("kv2/app") == "login"
        sign("bao")
        assert probe.kind("kv2/app") == "ok"


def public_key(certificate):
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    return key.public_bytes(serialization.Encoding.PEM,
                            serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def test_login_by_kubernetes(bao, tmp_path):
    """OpenBao's own method; the cluster that it asks about the pod's token is ours."""
    known = {"authenticated": True, "user": {"username": "system:serviceaccount:prod:sutler",
                                             "uid": "1", "groups": []}}

    def review(_, body):
        asked = json.loads(body)["spec"]["token"]
        return 201, {"status": known if asked == good else {"authenticated": False}}

    def pod(name):
        now = int(time.time())
        claims = {"iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:prod:sutler",
                  "kubernetes.io/serviceaccount/namespace": "prod",
                  "iat": now, "nbf": now, "exp": now + 600,
                  "kubernetes.io/serviceaccount/service-account.name": "sutler",
                  "kubernetes.io/serviceaccount/service-account.uid": "1"}
        key = Certificate(tmp_path / name).key.read_text()
        return jwt.encode(claims, key, algorithm="ES256")

    good, file = pod("good"), tmp_path / "token"
    with Recorder(review) as cluster:
        bao.call("POST", "sys/auth/kubernetes", {"type": "kubernetes"})
        bao.call("POST", "auth/kubernetes/config",
                 {"kubernetes_host": cluster.url, "token_reviewer_jwt": good,
                  "kubernetes_ca_cert": bao.certificate.cert.read_text(),
                  "disable_local_ca_jwt": True})
        bao.call("POST", "auth/kubernetes/role/app",
                 {"bound_service_account_names": "sutler",
                  "bound_service_account_namespaces": "prod", "token_policies": ["reader"]})
        with StoreProbe("vault", **bao.settings(auth="kubernetes", role="app",
                                                jwt=f"file:{file}")) as probe:
            file.write_text(pod("evil"))
            assert probe.kind("kv2/app") == "login" and cluster.asked
            file.write_text(good)
            assert probe.kind("kv2/app") == "ok"


def test_login_by_certificate(bao, tmp_path):
    ours, others = (Certificate(tmp_path / name, name=name) for name in ("ours", "others"))
    bao.call("POST", "sys/auth/cert", {"type": "cert"})
    bao.call("POST", "auth/cert/certs/app",
             {"certificate": ours.cert.read_text(), "token_policies": ["reader"]})

    def probe(pair):
        return StoreProbe("vault", **bao.settings(auth="cert", role="app",
                                                  client_certificate=pair.cert,
                                                  client_key=pair.key))
    with probe(ours) as one:
        assert one.kind("kv2/app") == "ok"
    with probe(others) as one:
        assert one.kind("kv2/app") == "login"


def test_a_server_that_is_not_trusted_gets_no_token(bao, tmp_path):
    other = Certificate(tmp_path / "other")
    settings = bao.settings(auth="token", token=f"inline:{bao.root}")
    settings["ca_file"] = other.cert
    with StoreProbe("vault", **settings) as probe:
        answer = probe.read("kv2/app")
        assert answer["kind"] == "outage" and "TLS" in answer["message"]


def test_a_sealed_and_a_restarted_server_are_outages_and_pass(bao):
    with by_approle(bao, "sealed") as probe:
        assert probe.kind("kv2/app") == "ok"
        bao.seal()
        answer = probe.read("kv2/app")
        assert answer["kind"] == "outage" and "sealed" in answer["message"]
        assert probe.check()["kind"] == "outage"
        bao.unseal()
        assert probe.kind("kv2/app") == "ok"
        bao.stop()
        assert probe.kind("kv2/app") == "outage"
        bao.start()
        assert probe.kind("kv2/app") == "ok"
