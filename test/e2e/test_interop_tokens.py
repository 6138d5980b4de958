"""Tokens that others signed, the one public vector, and every token that is one character off."""
import string
import time

import jwt as python_jwt
import pytest
from jwcrypto import jwk
from jwcrypto import jwt as jwcrypto_jwt

from support import clock, tokens
from support.groups import group
from support.wire import KeepAlive

VECTOR = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJwcm9qZWN0SWQiOiJwcm9qZWN0LmludGVybmFsSWQiLCJuZk9iamVj"
    "dElkIjoiaW50ZXJuYWxJZCIsIm5mT2JqZWN0VHlwZSI6Im9iamVjdHR5cGUiLCJpYXQiOjE2ODk3NjA0NjIsImV4cCI6MT"
    "Y4OTg0Njg2Mn0.FcUR2ZeTuYDbi_QsviEJvCG9x3sB1vtjjAEuuIGD2OU")
VECTOR_EXP = 1689846862
REFERENCE = {"SECRET": "APP_SECRET", "SUTLER_ALLOW_WEAK_KEYS": "1"}

# A denial is 401; an address that was denied often may be told 429. Neither gives anything.
DENIED = (401, 429)


def sign_with_python_jwt(_node, key, alg, payload):
    return python_jwt.encode(payload, key, algorithm=alg)


def sign_with_jwcrypto(_node, key, alg, payload):
    secret = jwk.JWK(kty="oct", k=tokens.b64url(key.encode()))
    made = jwcrypto_jwt.JWT(header={"alg": alg, "typ": "JWT"}, claims=payload)
    made.make_signed_token(secret)
    return made.serialize()


def sign_with_jsonwebtoken(node, key, alg, payload):
    return node.sign("jsonwebtoken", key, alg, payload)


def sign_with_jose(node, key, alg, payload):
    return node.sign("jose", key, alg, payload)


SIGNERS = [sign_with_jsonwebtoken, sign_with_jose, sign_with_python_jwt, sign_with_jwcrypto]
HASHES = ["HS256", "HS384", "HS512"]


@pytest.fixture(scope="module")
def library_server(serve_once):
    """One team per hash, each with its own key."""
    server = serve_once()
    server.keys = {}
    for alg in HASHES:
        team = alg.lower()
        server.add_team(team)
        server.keys[alg] = tokens.KEY + team + "x" * 32
        server.add_key(team, server.keys[alg], alg)
        server.apply(group("all", {"TEAM": team}, team=team))
    return server


@pytest.mark.parametrize("alg", HASHES)
@pytest.mark.parametrize("sign", SIGNERS)
def test_a_token_signed_by_another_library_is_accepted(library_server, node, sign, alg):
    token = sign(node, library_server.keys[alg], alg, tokens.claims())
    answer = library_server.fetch(token, "/" + alg.lower())
    assert answer.values() == {"TEAM": alg.lower()}


@pytest.mark.parametrize("sign", SIGNERS)
def test_a_token_of_another_library_with_another_key_is_refused(library_server, node, sign):
    token = sign(node, "another-" + library_server.keys["HS256"], "HS256", tokens.claims())
    assert library_server.fetch(token, "/hs256").status in DENIED


@pytest.mark.parametrize("sign", SIGNERS)
def test_a_token_of_another_library_that_expired_is_refused(library_server, node, sign):
    payload = tokens.claims(now=int(time.time()) - 90000)
    token = sign(node, library_server.keys["HS256"], "HS256", payload)
    assert library_server.fetch(token, "/hs256").status in DENIED


@pytest.mark.parametrize("alg", HASHES)
@pytest.mark.parametrize("team", HASHES)
def test_a_hash_verifies_only_where_a_key_says_so(library_server, node, alg, team):
    token = node.sign("jsonwebtoken", library_server.keys[team], alg, tokens.claims())
    answer = library_server.fetch(token, "/" + team.lower())
    assert answer.status == 200 if alg == team else answer.status in DENIED


def test_the_public_vector_is_accepted_inside_its_day(serve):
    server = serve(env={**REFERENCE, **clock.starting_at("2023-07-19 12:00:00")})
    server.apply(group("base", {"A": "1"}))
    assert server.fetch(VECTOR).values() == {"A": "1"}
    record = server.audit("fetch")[0]
    assert record["workload"] == {"projectId": "project.internalId", "nfObjectId": "internalId",
                                  "nfObjectType": "objecttype"}
    assert record["time"].startswith("2023-07-19T12:")


def test_the_public_vector_is_refused_today(serve):
    server = serve(env=REFERENCE)
    server.apply(group("base", {"A": "1"}))
    assert server.fetch(VECTOR).status == 401
    assert server.audit("fetch")[0]["reason"] == "expired"


def test_the_public_vector_is_refused_under_another_key(serve):
    env = {"SECRET": "APP_SECRET2", "SUTLER_ALLOW_WEAK_KEYS": "1"}
    server = serve(env={**env, **clock.starting_at("2023-07-19 12:00:00")})
    server.apply(group("base", {"A": "1"}))
    assert server.fetch(VECTOR).status == 401
    assert server.audit("fetch")[0]["reason"] == "bad_signature"


@pytest.mark.parametrize("now, leeway, status", [
    (VECTOR_EXP - 1, "0s", 200), (VECTOR_EXP, "0s", 401), (VECTOR_EXP + 1, "0s", 401),
    (VECTOR_EXP + 29, "30s", 200), (VECTOR_EXP + 30, "30s", 401),
    (VECTOR_EXP + 59, "60s", 200), (VECTOR_EXP + 60, "60s", 401)])
def test_the_second_of_exp_is_expired_and_the_one_before_is_not(serve, now, leeway, status):
    server = serve(env={**REFERENCE, **clock.standing_at(now)})
    server.cli("team", "set", "default", "--leeway", leeway)
    server.apply(group("base", {"A": "1"}))
    assert server.fetch(VECTOR).status == status


@pytest.mark.parametrize("ahead, leeway, status", [
    (0, "0s", 200), (1, "0s", 401), (30, "30s", 200), (31, "30s", 401)])
def test_a_token_counts_from_the_second_of_its_nbf(serve, ahead, leeway, status):
    server = serve(env=clock.standing_at(VECTOR_EXP))
    server.add_key()
    server.cli("team", "set", "default", "--leeway", leeway)
    server.apply(group("base", {"A": "1"}))
    answer = server.fetch(now=VECTOR_EXP, nbf=VECTOR_EXP + ahead)
    assert answer.status == status


def test_every_single_character_change_of_a_valid_token_is_refused(server):
    good = tokens.token()
    alphabet = string.ascii_letters + string.digits + "-_" + "=+/.~"
    asked = 0
    with KeepAlive(server.provider) as asker:
        assert asker.get(good).status == 200
        for at, old in enumerate(good):
            for new in alphabet:
                if new == old:
                    continue
                answer = asker.get(good[:at] + new + good[at + 1:])
                assert answer.status in DENIED, f"{new!r} at {at} gave {answer.status}"
                asked += 1
        assert asker.get(good).status == 200, "a token that verifies is never throttled"
    assert asked > 60 * len(good)


def test_every_shortened_and_every_lengthened_token_is_refused(server):
    good = tokens.token()
    with KeepAlive(server.provider) as asker:
        for end in range(1, len(good)):
            assert asker.get(good[:end]).status in DENIED
            assert asker.get(good[end:]).status in DENIED
        for more in ("A", "=", ".", ".A", "AAAA", good):
            assert asker.get(good + more).status in DENIED
            assert asker.get(more + good).status in DENIED
        assert asker.get(good).status == 200
