"""References from a saved group to a fetch's answer, through a source of files."""
import base64
import concurrent.futures
import http.client
import json
import shutil

import pytest

from support.groups import group
from support.wait import eventually

CANARY = "canary-5b1e0c"


class Files:
    """The folder of the source, and a server that knows it."""

    def __init__(self, serve, folder, allow="", ttl="1s"):
        self.serve, self.folder, self.root = serve, folder, folder / "store"
        self.root.mkdir(exist_ok=True)
        self.config = folder / "sutler.yaml"
        self.configure(allow, ttl)

    def configure(self, allow="", ttl="1s", stale_max="1h"):
        self.config.write_text(
            "sources:\n"
            "  - name: files\n"
            "    kind: file\n"
            f"    root: {self.root}\n"
            f"    ttl: {ttl}\n"
            f"    stale_max: {stale_max}\n"
            "    deadline: 5s\n" + allow)

    def start(self):
        server = self.serve("--config", self.config)
        server.add_key()
        return server

    def restart(self, server):
        server.stop()
        return self.serve("--config", self.config)

    def put(self, name, content):
        """As a whole, as programs that write secrets do."""
        new = self.root / ("." + name + ".new")
        new.write_bytes(content if isinstance(content, bytes) else content.encode())
        new.rename(self.root / name)


@pytest.fixture
def files(serve, tmp_path):
    return Files(serve, tmp_path)


def ref(where, **members):
    return {"from": "files", "ref": where, **members}


def got(server, **claims):
    """The variables and files of a fetch that is answered."""
    answer = server.fetch(**claims)
    assert answer.status == 200, answer.body
    entries = json.loads(answer.body)["secrets"]
    return {entry.get("key") or entry["path"]: entry.get("value", entry.get("data"))
            for entry in entries}


def refused(server, **claims):
    """The code of a fetch that is not answered, and the record that says why."""
    answer = server.fetch(**claims)
    assert answer.status == 503, answer.body
    assert answer.header("Retry-After")
    record = server.audit("fetch")[-1]
    assert record["outcome"] == "failed"
    code = json.loads(answer.body)["code"]
    assert record["reason"] == code
    return code, record


def test_values_of_files_are_served_beside_literals_and_seen_when_they_change(files):
    files.put("db.json", json.dumps({"user": "u", "password": CANARY}))
    files.put("motd", "hello\n")
    server = files.start()
    server.apply(group("g", {"USER": ref("db.json#user"), "PASSWORD": ref("db.json#password"),
                             "URL": {"template": "pg://${USER}:${PASSWORD|urlencode}@h"},
                             "PLAIN": "literal"}, {"/motd": {"data": ref("motd")}}))
    assert got(server) == {"USER": "u", "PASSWORD": CANARY, "PLAIN": "literal", "/motd": "hello\n",
                           "URL": f"pg://u:{CANARY}@h"}
    files.put("db.json", json.dumps({"user": "v", "password": CANARY}))
    eventually(lambda: got(server)["URL"] == f"pg://v:{CANARY}@h", 20, "the new content")
    assert CANARY not in server.log()
    assert CANARY not in json.dumps(server.audit())


def test_optional_and_default_are_for_what_does_not_exist_and_not_for_an_outage(files):
    files.put("there", "1")
    server = files.start()
    server.apply(group("g", {"A": ref("gone", optional=True), "B": ref("gone", default="d"),
                             "C": ref("there")}))
    assert got(server) == {"B": "d", "C": "1"}
    shutil.rmtree(files.root)
    fresh = group("h", {"D": ref("other", optional=True), "E": ref("another", default="d")},
                  projects=["late"])
    server.apply(fresh)
    code, record = refused(server, project="late")
    assert code == "source_unavailable"
    assert record["source"] == "files"
    assert record["ref"] in ("other", "another")


def test_a_required_value_that_does_not_exist_fails_all_and_is_named(files):
    files.put("there", CANARY)
    server = files.start()
    server.apply(group("g", {"A": ref("there"), "B": ref("gone.json#k")}))
    code, record = refused(server)
    assert code == "source_missing"
    assert (record["source"], record["ref"]) == ("files", "gone.json#k")
    assert CANARY not in server.log()
    files.put("gone.json", json.dumps({"k": "2"}))
    eventually(lambda: server.fetch().status == 200, 20, "the value that came")
    assert got(server) == {"A": CANARY, "B": "2"}


def test_a_last_value_is_served_while_the_store_is_out_and_over_a_restart(files):
    files.put("a", "1")
    server = files.start()
    server.apply(group("g", {"A": ref("a")}))
    assert got(server) == {"A": "1"}
    away = files.root.rename(files.folder / "away")
    eventually(lambda: explained(server)["entries"][0]["source"].get("stale"), 20, "an outage")
    assert got(server) == {"A": "1"}
    server = files.restart(server)
    assert got(server) == {"A": "1"}
    away.rename(files.root)
    files.put("a", "2")
    eventually(lambda: got(server) == {"A": "2"}, 30, "the store again")


def test_bytes_of_files_go_out_as_they_are(files):
    content = bytes(range(256)) * 64
    files.put("key.der", content)
    files.put("key.b64", base64.encodebytes(content))
    server = files.start()
    server.apply(group("g", None, {"/key": {"data": ref("key.der")},
                                   "/decoded": {"data": ref("key.b64", encoding="base64")}}))
    for entry in json.loads(server.fetch().body)["secrets"]:
        assert entry["encoding"] == "base64"
        assert base64.b64decode(entry["data"], validate=True) == content
    server.apply(group("v", {"A": ref("key.der")}))
    assert refused(server)[0] == "source_not_text"


def test_whole_objects_become_variables(files):
    files.put("app.json", json.dumps({"host": "h", "port": 1, "password": CANARY}))
    files.put("more.env", "host=other\nEXTRA=x\n")
    server = files.start()
    made = group("g", {"A": "literal"})
    made["secretsFrom"] = [
        {"from": "files", "ref": "app.json", "prefix": "DB_", "rename": {"port": "PGPORT"}},
        {"from": "files", "ref": "more.env", "only": ["EXTRA"]}]
    server.apply(made)
    assert got(server) == {"A": "literal", "DB_host": "h", "PGPORT": "1", "DB_password": CANARY,
                           "EXTRA": "x"}
    shown = server.api("GET", "/api/v1/teams/default/groups/g")
    assert shown["secretsFrom"] == made["secretsFrom"]
    clash = group("clash", {"EXTRA": "mine"}, projects=["clash"])
    clash["secretsFrom"] = [{"from": "files", "ref": "more.env"}]
    server.apply(clash)
    code, record = refused(server, project="clash")
    assert code == "secrets_from_conflict"
    assert record["source"] == "files"
    clash["secretsFrom"][0]["onConflict"] = "keep"
    server.apply(clash)
    assert got(server, project="clash")["EXTRA"] == "mine"
    files.put("bad.json", json.dumps({"not a name": "1"}))
    bad = group("bad", projects=["bad"])
    bad["secretsFrom"] = [{"from": "files", "ref": "bad.json"}]
    server.apply(bad)
    assert refused(server, project="bad")[0] == "secrets_from_name"
    assert "not a name" in server.log()


def explained(server, reveal=False, project="shop"):
    return server.api("POST", "/api/v1/teams/default/explain",
                      {"project": project, "object": "api", "type": "service", "reveal": reveal})


def test_explain_reads_what_is_not_cached_and_tells_where_it_came_from(files):
    files.put("a.json", json.dumps({"k": CANARY}))
    server = files.start()
    server.apply(group("g", {"A": ref("a.json#k"), "B": ref("gone", optional=True)}))
    story = explained(server)
    assert story["outcome"] == "ok"
    source = story["entries"][0]["source"]
    assert (source["from"], source["ref"], source["state"]) == ("files", "a.json#k", "value")
    assert source["ifDown"].startswith("served until ")
    assert story["absent"][0]["key"] == "B"
    assert CANARY not in json.dumps(story)
    assert explained(server, reveal=True)["entries"][0]["value"] == CANARY
    server.apply(group("h", {"A": ref("not-there")}, projects=["late"]))
    late = explained(server, project="late")
    assert late["outcome"] == "source_missing"
    assert (late["problems"][0]["source"], late["problems"][0]["ref"]) == ("files", "not-there")


def test_the_allow_list_counts_at_save_and_at_fetch(files):
    files.put("mine", "1")
    files.put("theirs", CANARY)
    server = files.start()
    secret = editor(server)
    open_to_owners = group("g", {"A": ref("theirs")})
    assert put(server, secret, open_to_owners) == (403, "source_not_allowed")
    server.apply(open_to_owners)
    assert got(server) == {"A": CANARY}
    files.configure("    allow: [{team: default, groups: ['g*'], refs: [mine]}]\n")
    server = files.restart(server)
    assert refused(server)[0] == "source_not_allowed"
    assert put(server, secret, group("g", {"A": ref("mine")}))[0] == 200
    assert put(server, secret, group("other", {"A": ref("mine")})) == (403, "source_not_allowed")
    assert got(server) == {"A": "1"}


def editor(server):
    server.api("POST", "/api/v1/operators", {"name": "ed", "role": "editor"})
    return server.api("POST", "/api/v1/operators/ed/tokens", {})["token"]


def put(server, token, made):
    """As that operator: (status, code)."""
    connection = http.client.HTTPConnection(server.admin.removeprefix("http://"))
    connection.request("POST", "/api/v1/apply", json.dumps({"groups": [made]}),
                       {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read()).get("code")


def test_without_a_source_a_reference_is_refused_as_before(server):
    status, answer = server.call("POST", "/api/v1/apply", {"groups": [group("g", {"A": ref("a")})]})
    assert (status, answer["code"]) == (400, "no_sources")
    status, answer = server.call("POST", "/api/v1/apply", {"groups": [
        {**group("g"), "secretsFrom": [{"from": "files", "ref": "a"}]}]})
    assert (status, answer["code"]) == (400, "no_sources")


def test_many_workloads_at_once_are_all_answered_and_recorded(files):
    files.put("a", CANARY)
    server = files.start()
    server.apply(group("g", {"A": ref("a"), "B": "literal"}))
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda i: server.fetch(object=f"w{i}").status, range(200)))
    assert answers == [200] * 200
    server.audit_settles(200)


def test_a_group_with_references_goes_out_and_comes_back(files, tmp_path):
    files.put("a.json", json.dumps({"k": "v"}))
    server = files.start()
    made = group("g", {"A": ref("a.json#k"), "L": "literal"})
    made["secretsFrom"] = [{"from": "files", "ref": "a.json", "prefix": "P_"}]
    server.apply(made)
    out = server.cli("export", "g", "--format", "group", "--reveal").out
    assert "a.json#k" in out and "secretsFrom" in out
    for flat in ("dotenv", "json", "northflank"):
        assert "secretsFrom" in str(server.cli("export", "g", "--format", flat, "--reveal", exits=1))
    path = tmp_path / "g.yaml"
    path.write_text(out)
    assert server.cli("group", "apply", "-f", path, "--json").json()["unchanged"] == ["g"]
    server.apply(group("g", {"L": "literal"}))
    assert got(server) == {"L": "literal"}
    server.cli("group", "rollback", "g", "1")
    assert got(server) == {"A": "v", "L": "literal", "P_k": "v"}
