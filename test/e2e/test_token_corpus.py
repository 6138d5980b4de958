"""The 90 tokens that other projects test with, by the rules of the corpora's README."""
import base64
import json

import pytest

from support import clock, paths
from support.cli import Cli

# What a token may be refused for although its signature is good, and what says it is bad.
ABOUT_CLAIMS = ("expired", "not_yet_valid", "bad_claims", "exp_required")
ABOUT_SIGNATURE = ("bad_signature", "bad_algorithm")

# `sutler jwt verify` wants one workload and JSON; these are good signatures over something else.
NOT_A_CLAIMS_SET = {
    "valid_jws": "the payload is the text `hello world`",
    "valid_jws2": "the payload is the text `hello world`",
    "HMAC-SHA2 integrity protection": "the payload is a sentence of The Lord of the Rings",
}


def load():
    path = paths.corpus("jwt/hs-tokens.json")
    return json.loads(path.read_text()) if path.exists() else []


def name_of(case) -> str:
    return f"{case['source']}: {case['id']}".replace("/", "-").replace("|", "-")


def header_of(token) -> dict:
    first = token.split(".")[0]
    try:
        return json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except ValueError:
        return {}


def key_of(case) -> bytes:
    return base64.b64decode(case["key_b64"])


def verify(tmp_path, case):
    """Runs `sutler jwt verify` with the case's key, bytes as they are, under its clock."""
    key, data = tmp_path / "key", key_of(case)
    assert not (data.endswith(b"\n") and data.count(b"\n") == 1), "a key file cannot hold this key"
    key.write_bytes(data)
    env = clock.standing_at(case["clock"]) if "clock" in case else {}
    if len(data) < 32:
        env["SUTLER_ALLOW_WEAK_KEYS"] = "1"
    return Cli(env=env)("jwt", "verify", "--key-file", key, "--leeway", "0s", "-",
                        stdin=case["token"], exits=None)


def allowed_codes(case):
    if b"-----BEGIN" in key_of(case):
        return 1, 2, 4  # the key itself is refused: it is the text of a public key
    return (1, 2, 4) if not case["token"] else (0, 4)


CASES = load()


@pytest.fixture(autouse=True)
def corpus_is_there(need_corpus):
    need_corpus("jwt/hs-tokens.json")


@pytest.mark.parametrize("case", CASES or [None], ids=lambda case: case and name_of(case))
def test_a_token_of_another_project_gets_the_right_verdict(tmp_path, case):
    ran = verify(tmp_path, case)
    assert ran.code in allowed_codes(case), str(ran)
    if case["upstream"] in ("accept", "signature-valid"):
        # Refused for its claims, if at all: nothing says that the signature is bad.
        assert ran.code == 0 or not any(word in ran.err for word in ABOUT_SIGNATURE), str(ran)
        if ran.code and case["id"] not in NOT_A_CLAIMS_SET:
            assert any(word in ran.err for word in ABOUT_CLAIMS), str(ran)
    else:
        assert ran.code != 0, str(ran)
    if case["upstream"] == "accept" and "Northflank" in case["source"]:
        assert json.loads(ran.out)["projectId"] == "project.internalId"
    if ran.code:
        assert ran.out.strip() == "", "a refused token's claims are shown"
        assert "error:" in ran.err


def test_the_corpus_is_whole():
    assert len(CASES) == 90


def test_the_verdict_on_a_wrong_signature_names_the_signature(tmp_path):
    wrong = [case for case in CASES if case["upstream"] == "signature-invalid"]
    assert wrong
    for case in wrong:
        ran = verify(tmp_path, case)
        assert ran.code == 4 and "bad_signature" in ran.err, str(ran)


def test_tokens_of_no_algorithm_are_refused_for_their_algorithm(tmp_path):
    none = [case for case in CASES if header_of(case["token"]) == {"alg": "none"}
            and case["token"].count(".") == 2]
    assert len(none) > 5
    for case in none:
        ran = verify(tmp_path, case)
        assert ran.code == 4, str(ran)
        assert "bad_signature" not in ran.err, str(ran)
