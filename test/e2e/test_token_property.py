"""Random claims, keys and mutations: our verdict is that of jsonwebtoken, the reference's
verifier, except for the named differences below, and in each of those ours is the refusal.

SUTLER_SEED repeats a run; the seed is in the message of a failure."""
import json
import os
import random
import string
import time

import pytest

from support import tokens
from support.groups import group
from support.paths import rounds
from support.wire import KeepAlive

DENIED = (401, 429)
HASHES = ("HS256", "HS384", "HS512")

# Each is stated in protocol.md or security.md of the project's contract.
DIFFERENCES = {
    "claim_absent": "projectId, nfObjectId and nfObjectType are needed (A11)",
    "claim_not_a_string": "the three claims are strings (A11)",
    "claim_empty": "the three claims are not empty (A11)",
    "claim_too_long": "an id has at most 256 bytes (protocol, Request)",
    "claim_with_control_character": "an id has no control characters (protocol, Request)",
    "duplicate_claim": "a member name twice in the payload is refused (A10)",
    "duplicate_header_member": "a member name twice in the header is refused (A10)",
    "crit": "any crit member is refused (A6)",
    "b64_false": "b64: false is refused (A6)",
    "payload_not_an_object": "the payload is a JSON object (A11)",
    "not_finite_exp": "exp is a finite number (A9)",
    "iat_not_a_number": "iat is a finite number when present (A9)",
    "unused_bits_in_header": "base64url is strict: unused bits are zero (A12)",
    "unused_bits_in_payload": "base64url is strict: unused bits are zero (A12)",
    "invalid_utf8": "JSON is UTF-8 (RFC 8259 8.1)",
    "token_too_long": "a token has at most 8 KiB (A13)",
}


class Maker:
    """Makes tokens from one random source; `now` is the second it works in."""

    def __init__(self, seed, keys, now):
        self.random, self.keys, self.now = random.Random(seed), keys, now

    def text(self, most=24) -> str:
        letters = string.ascii_letters + string.digits + ".-_:/ äß日本𝄞\"\\"
        size = self.random.randint(1, most)
        return "".join(self.random.choice(letters) for _ in range(size))

    def claims(self) -> dict:
        pick = self.random
        made = {"projectId": self.text(), "nfObjectId": self.text(),
                "nfObjectType": pick.choice(["service", "job", "addon", "SERVICE", self.text()])}
        if pick.random() < 0.8:
            made["iat"] = self.now - pick.randint(0, 100000)
        if pick.random() < 0.8:
            made["exp"] = self.now + pick.choice([-10 ** 9, -90000, -60, 60, 90000, 10 ** 9])
        if pick.random() < 0.3:
            made["nbf"] = self.now + pick.choice([-10 ** 6, -60, 60, 10 ** 6])
        if pick.random() < 0.2:
            made[pick.choice(["exp", "nbf"])] = pick.choice(
                ["soon", None, True, [], {}, str(self.now + 60), 0, self.now + 60.5, 1e9])
        if pick.random() < 0.3:
            made["x-" + self.text(6)] = pick.choice([1, "two", [3], {"four": None}, True])
        names = list(made)
        pick.shuffle(names)
        return {name: made[name] for name in names}

    def good_claims(self) -> dict:
        return {"projectId": self.text(), "nfObjectId": self.text(), "nfObjectType": "job",
                "iat": self.now - 60, "exp": self.now + 3600}

    def header(self, alg) -> dict:
        made = {"alg": alg}
        if self.random.random() < 0.8:
            made["typ"] = "JWT"
        if self.random.random() < 0.2:
            made["kid"] = self.text()
        return made

    def mutate(self, token) -> str:
        """A token that a stranger or a bad wire could make of this one."""
        pick, parts = self.random, token.split(".")
        kind = pick.randrange(7)
        if kind == 0:
            at = pick.randrange(len(token))
            return token[:at] + pick.choice(string.ascii_letters + "-_.") + token[at + 1:]
        if kind == 1:
            at = pick.randrange(len(token))
            return token[:at] + token[at + 1:]
        if kind == 2:
            at = pick.randrange(len(token))
            return token[:at] + pick.choice(string.ascii_letters) + token[at:]
        if kind == 3:
            return ".".join(pick.sample(parts, 3))
        if kind == 4:
            return ".".join(parts[:pick.randint(1, 2)])
        if kind == 5:
            other = tokens.compact({"alg": "none"}, self.good_claims())
            return ".".join([other.split(".")[0], parts[1], pick.choice(["", parts[2]])])
        return parts[0] + "." + tokens.b64url(json.dumps(self.claims()).encode()) + "." + parts[2]


def agreeing(maker, alg) -> str:
    """A token on which the two must agree, accepted or not."""
    pick = maker.random
    signed_with = alg if pick.random() < 0.9 else pick.choice(HASHES)
    key = maker.keys[alg] if pick.random() < 0.9 else maker.keys[pick.choice(HASHES)]
    token = tokens.compact(maker.header(signed_with), maker.claims(), key, signed_with)
    return maker.mutate(token) if pick.random() < 0.4 else token


def _unused_bits(text) -> str:
    """The same bytes with a one in the unused bits; `text` has a length that leaves some."""
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    assert len(text) % 4 in (2, 3)
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def _padded_json(made: dict) -> bytes:
    """JSON whose base64url has unused bits."""
    data = json.dumps(made).encode()
    return data if len(data) % 3 else data + b" "


def differing(maker, name, alg) -> str:
    """A well-signed token that shows the named difference."""
    pick, good = maker.random, maker.good_claims()
    claim = pick.choice(["projectId", "nfObjectId", "nfObjectType"])
    header = json.dumps({"alg": alg, "typ": "JWT"})
    payload = None
    changes = {
        "claim_not_a_string": pick.choice([1, True, None, [], {}, ["a"]]),
        "claim_empty": "",
        "claim_too_long": "a" * pick.choice([257, 300, 1000]),
        "claim_with_control_character": "a" + pick.choice("\0\n\r\t\x1b\x7f") + "b",
    }
    if name in changes:
        good[claim] = changes[name]
    elif name == "claim_absent":
        del good[claim]
    elif name == "duplicate_claim":
        again = pick.choice(list(good))
        payload = json.dumps(good)[:-1] + "," + json.dumps({again: good[again]})[1:]
    elif name == "duplicate_header_member":
        header = pick.choice([f'{{"alg":"{alg}","alg":"{alg}"}}',
                              f'{{"typ":"JWT","alg":"{alg}","typ":"JWT"}}'])
    elif name == "crit":
        header = json.dumps({"alg": alg, "crit": pick.choice([["exp"], [], ["b64"], "exp"])})
    elif name == "b64_false":
        header = json.dumps({"alg": alg, "b64": False})
    elif name == "payload_not_an_object":
        payload = pick.choice(["[]", '"text"', "1", "true", '["projectId"]'])
    elif name == "not_finite_exp":
        payload = json.dumps(good).replace(str(good["exp"]), "1e400")
    elif name == "iat_not_a_number":
        good["iat"] = pick.choice(["now", None, True, [], {}])
    elif name == "invalid_utf8":
        payload = json.dumps(good).encode().replace(b'"job"', b'"job\xff"')
    elif name == "token_too_long":
        good["more"] = "x" * 8192
    key = maker.keys[alg]
    if not name.startswith("unused_bits"):
        return tokens.compact(header, payload or json.dumps(good, ensure_ascii=False), key, alg)
    parts = [tokens.b64url(_padded_json(json.loads(header))), tokens.b64url(_padded_json(good))]
    at = 0 if name.endswith("header") else 1
    parts[at] = _unused_bits(parts[at])
    signing_input = ".".join(parts)
    return signing_input + "." + tokens.b64url(tokens.mac(key, signing_input, alg))


@pytest.fixture(scope="module")
def teams(serve_once):
    """A team per hash, each with a random key and no leeway, as jsonwebtoken has none."""
    server = serve_once()
    server.keys = {alg: os.urandom(40).hex() for alg in HASHES}
    for alg in HASHES:
        server.add_team(alg.lower(), leeway_seconds=0)
        server.add_key(alg.lower(), server.keys[alg], alg)
        server.apply(group("all", {"A": "1"}, team=alg.lower()))
    return server


@pytest.fixture(scope="module")
def maker(teams):
    seed = int(os.environ.get("SUTLER_SEED") or random.SystemRandom().randrange(1 << 32))
    made = Maker(seed, teams.keys, int(time.time()))
    made.seed = seed
    return made


def test_random_tokens_get_the_verdict_of_jsonwebtoken(teams, maker, node):
    accepted = refused = 0
    with KeepAlive(teams.provider) as asker:
        for _ in range(rounds(1500, 30000)):
            maker.now = int(time.time())
            alg = maker.random.choice(HASHES)
            token = agreeing(maker, alg)
            theirs = node.verify(token, maker.keys[alg], [alg], int(time.time()))
            answer = asker.get(token, "/" + alg.lower())
            if theirs["accept"]:
                accepted += 1
                assert answer.status == 200, f"seed {maker.seed}: {token} refused"
            else:
                refused += 1
                assert answer.status in DENIED, f"seed {maker.seed}: {token} {theirs['reason']}"
    assert accepted > 100 and refused > 100, "the generator makes only one kind of token"


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_named_difference_is_refused_by_us_and_accepted_by_jsonwebtoken(
        teams, maker, node, name):
    theirs_accepted = 0
    with KeepAlive(teams.provider) as asker:
        for _ in range(rounds(20, 300)):
            maker.now = int(time.time())
            alg = maker.random.choice(HASHES)
            token = differing(maker, name, alg)
            answer = asker.get(token, "/" + alg.lower())
            assert answer.status in DENIED, f"seed {maker.seed}: {name}: {token}"
            theirs = node.verify(token, maker.keys[alg], [alg], int(time.time()))
            theirs_accepted += theirs["accept"]
    assert theirs_accepted, f"jsonwebtoken refuses this too: {name} is no difference"


def test_the_neighbours_of_the_differences_are_accepted_by_both(teams, maker, node):
    near = [
        {"projectId": "a" * 256}, {"projectId": "ä" * 128}, {"nfObjectId": "a.b c"},
        {"nfObjectType": "something-new"}, {"exp": maker.now + 3600.5}, {"iat": 1.5e9},
        {"iat": ...}, {"exp": ...}, {"more": "x" * 3000}, {"more": {"projectId": "other"}},
    ]
    key = maker.keys["HS256"]
    for change in near:
        body = {**maker.good_claims(), **change}
        body = {name: value for name, value in body.items() if value is not ...}
        token = tokens.compact({"alg": "HS256"}, json.dumps(body, ensure_ascii=False), key)
        assert node.verify(token, key, ["HS256"], maker.now)["accept"], change
        assert teams.fetch(token, "/hs256").status == 200, change
