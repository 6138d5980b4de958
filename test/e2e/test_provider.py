"""The protocol: what a workload gets, and when it gets nothing."""
import base64
import json

import pytest

from support import paths, tokens, wire
from support.groups import group

FILE_MEMBERS = {"type", "path", "data", "encoding", "owner", "group", "permissions"}


@pytest.fixture
def site(serve):
    server = serve()
    server.add_key()
    return server


def test_the_example_gives_the_reference_demos_set(serve):
    example = paths.EXAMPLES / "reference-set.yaml"
    server = serve("--apply", str(example))
    server.add_key()
    answer = server.fetch(project="my-project", object_id="my-object", type_="service")
    entries = answer.entries()
    assert answer.values() == {
        "SECRET_ENV_1": "VALUE_1", "SECRET_ENV_2": "VALUE_2", "PROJECT_ID": "my-project",
        "OBJECT_ID": "my-object", "OBJECT_TYPE": "service"}
    assert set(entries) - set(answer.values()) == {"/test-file"}
    data = entries["/test-file"]["data"]
    if entries["/test-file"].get("encoding") == "base64":
        data = base64.b64decode(data).decode()
    for claim in ("my-project", "my-object", "service"):
        assert claim in data


def test_every_example_can_be_applied(serve):
    server = serve()
    for example in sorted(paths.EXAMPLES.glob("*.yaml")):
        server.cli("group", "apply", "-f", example)
    assert server.cli("group", "list", "--json").json()["items"]


def test_entries_have_exactly_the_members_of_the_protocol(site):
    site.apply(group("all", {"A": "1"}, {
        "/plain": {"data": "text"},
        "/full": {"data": "AAEC", "encoding": "base64",
                  "owner": {"policy": "AlwaysSetExplicit", "value": "1000"},
                  "group": {"policy": "KeepOrSetInherited"},
                  "permissions": {"policy": "AlwaysSet", "mode": "0400"}},
        "/number": {"data": "x", "permissions": {"policy": "KeepOrSet", "mode": 256}}}))
    body = site.fetch().json()
    assert set(body) == {"secrets"}
    entries = site.fetch().entries()
    assert entries["A"] == {"type": "ENV", "key": "A", "value": "1"}
    assert {k: v for k, v in entries["/plain"].items() if k != "encoding"} == {
        "type": "FILE", "path": "/plain", "data": "text"}
    assert entries["/plain"].get("encoding", "utf-8") == "utf-8"
    assert entries["/full"] == {
        "type": "FILE", "path": "/full", "data": "AAEC", "encoding": "base64",
        "owner": {"policy": "AlwaysSetExplicit", "value": "1000"},
        "group": {"policy": "KeepOrSetInherited"},
        "permissions": {"policy": "AlwaysSet", "mode": "0400"}}
    mode = entries["/number"]["permissions"]["mode"]
    assert mode == 256 or int(mode, 8) == 256
    for entry in entries.values():
        assert None not in entry.values() and set(entry) <= FILE_MEMBERS | {"key", "value"}


def test_values_arrive_as_they_were_written(site):
    odd = {"EMPTY": "", "QUOTES": '"\'\\', "LINES": "a\nb\r\nc\n", "TAB": "\t", "UNICODE": "ä日𝄞",
           "SEPARATORS": "\u2028\u2029", "NOT_A_TEMPLATE": "${A} $${B}", "HTML": "</script>",
           "LONG": "x" * 100_000, "dotted.name-1": "y"}
    site.apply(group("odd", odd))
    assert site.fetch().values() == odd


def test_a_template_takes_from_the_bundle_and_the_caller(site):
    site.apply(group("t", {
        "PASSWORD": "p@ss/word", "HOST": "db",
        "URL": {"template": "pg://app:${PASSWORD|urlencode}@${HOST}/${workload.projectId}"},
        "LITERAL": {"template": "$${PASSWORD}"},
        "BASE64": {"template": "${PASSWORD|base64}"}}))
    values = site.fetch(project="shop").values()
    assert values["URL"] == "pg://app:p%40ss%2Fword@db/shop"
    assert values["LITERAL"] == "${PASSWORD}"
    assert base64.b64decode(values["BASE64"]).decode() == "p@ss/word"
    assert site.fetch(project="other").values()["URL"].endswith("/other")


def test_a_group_reaches_only_those_whom_its_restrictions_name(site):
    site.apply(
        group("any", {"ANY": "1"}),
        group("project", {"PROJECT": "1"}, projects=["shop"]),
        group("object", {"OBJECT": "1"}, objects=[{"id": "api", "type": "service"}]),
        group("both", {"BOTH": "1"}, projects=["shop"], objects=[{"id": "api"}]),
        group("glob", {"GLOB": "1"}, projects=["sh*"], objects=[{"id": "worker-?"}]))

    def seen(project, object_id, type_):
        return set(site.fetch(project=project, object_id=object_id, type_=type_).values())
    assert seen("shop", "api", "service") == {"ANY", "PROJECT", "OBJECT", "BOTH"}
    assert seen("shop", "api", "SERVICE") == {"ANY", "PROJECT", "OBJECT", "BOTH"}
    assert seen("shop", "api", "job") == {"ANY", "PROJECT", "BOTH"}
    assert seen("shop", "worker-1", "job") == {"ANY", "PROJECT", "GLOB"}
    assert seen("shop", "worker-10", "job") == {"ANY", "PROJECT"}
    assert seen("other", "api", "service") == {"ANY", "OBJECT"}
    assert seen("other", "web", "service") == {"ANY"}
    assert seen("Shop", "web", "service") == {"ANY"}, "ids are compared as written"


def test_the_merge_takes_priority_then_specificity_then_name(site):
    site.apply(
        group("low", {"K": "low", "L": "low"}, priority=0),
        group("default", {"K": "default"}),
        group("high", {"K": "high"}, priority=90, projects=["top"]),
        group("b-project", {"K": "b-project", "P": "b"}, projects=["shop"]),
        group("a-project", {"P": "a"}, projects=["shop"]),
        group("object", {"K": "object"}, objects=[{"id": "api"}]))

    def seen(project, object_id):
        return site.fetch(project=project, object_id=object_id).values()
    assert seen("nowhere", "x")["K"] == "default"
    assert seen("nowhere", "x")["L"] == "low"
    assert seen("shop", "x")["K"] == "b-project"
    assert seen("shop", "x")["P"] == "a"
    assert seen("shop", "api")["K"] == "object"
    assert seen("top", "api")["K"] == "high"


def test_a_change_is_in_the_next_fetch(site):
    site.apply(group("g", {"A": "1"}))
    assert site.fetch().values() == {"A": "1"}
    site.cli("set", "g", "A=2", "B=3")
    assert site.fetch().values() == {"A": "2", "B": "3"}
    site.cli("unset", "g", "B")
    assert site.fetch().values() == {"A": "2"}
    site.cli("group", "delete", "g")
    assert site.fetch().entries() == {}


def test_a_store_that_never_held_a_group_is_503_and_not_an_empty_set(site):
    answer = site.fetch()
    assert answer.status == 503
    assert answer.header("retry-after").isdigit()
    assert b"secrets" not in answer.body
    record = site.audit_settles(1)[0]
    assert (record["outcome"], record["reason"]) == ("failed", "store_empty")


def test_a_bad_token_at_an_empty_store_is_401_and_tells_nothing_of_the_store(site):
    assert site.fetch("nonsense").status == 401


def test_no_group_that_matches_is_an_empty_array(site):
    site.apply(group("g", {"A": "1"}, projects=["somewhere"]))
    answer = site.fetch(project="elsewhere")
    assert answer.status == 200 and answer.json() == {"secrets": []}


def test_a_template_that_fails_for_one_workload_fails_the_whole_fetch(site):
    site.apply(group("base", {"A": "1"}),
               group("half", {"URL": {"template": "x${ONLY_IN_SHOP}"}}),
               group("other-half", {"ONLY_IN_SHOP": "y"}, projects=["shop"]))
    assert site.fetch(project="shop").values() == {"A": "1", "URL": "xy", "ONLY_IN_SHOP": "y"}
    answer = site.fetch(project="elsewhere")
    assert answer.status == 503 and b"secrets" not in answer.body
    failed = [one for one in site.audit("fetch") if one["outcome"] == "failed"]
    assert failed[0]["reason"] == "unknown_name"


def test_a_required_key_that_is_absent_fails_the_fetch(site):
    site.apply(group("needs", {"A": "1"}, requiredKeys=["A", "B"], projects=["shop", "other"]),
               group("gives", {"B": "2"}, projects=["shop"]))
    assert site.fetch(project="shop").values() == {"A": "1", "B": "2"}
    assert site.fetch(project="other").status == 503
    assert site.audit("fetch")[-1]["reason"] == "missing_required"


def test_healthz_is_well_only_when_a_fetch_could_succeed(serve):
    server = serve()
    assert wire.get(server.provider, path="/healthz").status == 503
    server.apply(group("g", {"A": "1"}))
    server.add_key()
    assert wire.get(server.provider, path="/healthz").status == 200


@pytest.mark.parametrize("project", ["a", "project.internalId", "65f0c2a1b3d4e5f6a7b8c9d0",
                                     "ä" * 128, "x" * 256, "with space", "a/b", "*", "?", "${X}"])
def test_an_id_of_any_shape_is_accepted_and_never_a_pattern(site, project):
    site.apply(group("all", {"A": "1"}), group("exact", {"B": "2"}, projects=["zzz"]))
    assert site.fetch(project=project).values() == {"A": "1"}
    workload = site.audit("fetch")[-1]["workload"]
    assert workload["projectId"] == project


def test_an_unknown_object_type_is_served(site):
    site.apply(group("all", {"A": "1"}))
    assert site.fetch(type_="something-new").status == 200


def test_the_answer_is_one_json_object_without_a_byte_order_mark(site):
    site.apply(group("all", {"A": "1"}))
    body = site.fetch().body
    assert body[:1] == b"{" and body.rstrip()[-1:] == b"}"
    assert json.loads(body) == {"secrets": [{"type": "ENV", "key": "A", "value": "1"}]}


def test_an_owner_token_is_no_token_of_a_workload(site):
    site.apply(group("all", {"A": "1"}))
    owner = (site.data_dir / "owner-token").read_text().strip()
    assert site.fetch(owner).status == 401
    assert owner.encode() not in b"".join(map(str.encode, map(json.dumps, site.audit())))


def test_a_workloads_token_opens_nothing_on_the_admin_listener(site):
    site.apply(group("all", {"A": "1"}))
    for path in ("/api/v1/status", "/api/v1/teams", "/api/v1/teams/default/groups/all"):
        assert wire.get(site.admin, tokens.token(), path).status == 401
        assert wire.get(site.admin, None, path).status == 401
    owner = (site.data_dir / "owner-token").read_text().strip()
    assert wire.get(site.admin, owner, "/api/v1/status").status == 200
    assert wire.get(site.admin, owner[:-1], "/api/v1/status").status == 401
