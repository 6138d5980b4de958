"""Names that try to be more than names: none forges a line, ends a line or breaks a reader."""
import json
import unicodedata

import pytest

from support import audit, paths, tokens
from support.groups import group
from support.wire import KeepAlive

OWN = [
    'x","event":"group.delete","a":"', 'a\\', 'a\\"', "a\u2028b", "a\u2029b", "\ufeffa", "a\u202eb",
    "</script><script>", "${jndi:ldap://x}", "%00", "\\u0000", "a\u200bb", "ｆｕｌｌ", "😀" * 60, "'",
    '{"seq":1}', "a\\nb", "null", "-1", "\U0010ffff", "é", "e\u0301",
]
CONTROLS = ["a\nb", "a\r\nb", "a\0b", "a\x1b[31mb", "a\tb", "\n", "a\x7fb",
            'x"}\n{"seq":1,"event":"fetch","outcome":"ok"}']


def naughty() -> list:
    path = paths.corpus("strings/blns.json")
    return json.loads(path.read_text()) if path.exists() else []


def has_control(text) -> bool:
    return any(unicodedata.category(character) == "Cc" for character in text)


def must_pass(text) -> bool:
    return 0 < len(text.encode()) <= 256 and not has_control(text)


def must_fail(text) -> bool:
    size = len(text.encode())
    return not size or size > 256 or any(ord(character) < 32 or character == "\x7f"
                                         for character in text)


def check(server, names):
    """Asks once for each name, in each claim; then reads the log back."""
    passed = []
    with KeepAlive(server.provider) as asker:
        for name in names:
            for claim in ("project", "object_id", "type_"):
                status = asker.get(tokens.token(**{claim: name})).status
                assert not must_pass(name) or status == 200, repr(name)
                assert not must_fail(name) or status in (401, 429), repr(name)
                if status == 200:
                    passed.append((claim, name))
    lines = audit.whole_lines(server.data_dir)
    audit.check_chain(lines)
    granted = [record["workload"] for record in map(json.loads, lines)
               if record["event"] == "fetch" and record["outcome"] == "ok"]
    member = {"project": "projectId", "object_id": "nfObjectId", "type_": "nfObjectType"}
    seen = [workload[member[claim]] for workload, (claim, _) in zip(granted, passed)]
    assert len(granted) == len(passed)
    for said, (claim, name) in zip(seen, passed):
        assert said == name or (claim == "type_" and said.lower() == name.lower())
    for line in lines:
        assert not any(byte < 32 or byte == 127 for byte in line), "a raw control character"
    server.cli("audit", "verify")


def test_the_naughty_strings_cannot_forge_a_line(server, need_corpus):
    need_corpus("strings/blns.json")
    names = naughty()
    assert len(names) == 485
    check(server, names)


def test_names_made_to_break_json_and_terminals_cannot_either(server):
    check(server, OWN + CONTROLS)


@pytest.mark.parametrize("size", [256, 257, 4000])
def test_a_name_has_at_most_256_bytes(server, size):
    check(server, ["a" * size, "ä" * (size // 2)])


def test_names_of_groups_and_keys_of_any_kind_cannot_forge_a_line(server):
    for name in OWN + CONTROLS:
        server.call("POST", "/api/v1/apply", {"groups": [group(name, {"A": "1"})]})
        server.call("POST", "/api/v1/apply", {"groups": [group("g", {name: "1"})]})
        server.call("POST", "/api/v1/apply", {"groups": [group("f", {}, {"/" + name: {
            "data": "x"}})]})
        server.call("POST", "/api/v1/teams", {"id": name})
    server.fetch()
    audit.check_chain(audit.whole_lines(server.data_dir))
    events = {record["event"] for record in server.audit()}
    assert "group.delete" not in events
    server.cli("audit", "verify")


def test_a_header_cannot_get_into_the_log(server):
    odd = ["X-Request-Id: forged-id", "User-Agent: forged-agent", "X-Forwarded-For: forged-address"]
    assert server.fetch(headers=odd).status == 200
    text = b"".join(audit.lines(server.data_dir)) + server.log().encode()
    for word in (b"forged-id", b"forged-agent", b"forged-address"):
        assert word not in text
