"""The workload registry, drift, exposure and restarts."""
import http.server
import json
import threading

import pytest

from support.groups import group
from support.wait import eventually


@pytest.fixture
def shop(serve):
    server = serve()
    server.add_key()
    server.apply(group("pay", {"STRIPE": "canary-old", "HOST": "h"}, projects=["shop"]),
                 group("low", {"HOST": "never-sent", "X": "1"}, projects=["shop"], priority=1))
    return server


def test_a_workload_is_listed_with_what_it_received(shop):
    shop.fetch()
    shop.fetch()
    listed = shop.api("GET", "/api/v1/workloads")
    assert listed["total"] == 1
    one = listed["items"][0]
    assert (one["project"], one["object"], one["type"], one["fetches"]) == ("shop", "api", "service", 2)
    assert {"name": "pay", "version": 1, "current_version": 1} in one["groups"]
    detail = shop.api("GET", "/api/v1/workloads/" + one["id"])
    keys = {row["group"]: row["keys"] for row in detail["received"]}
    assert keys == {"pay": ["HOST", "STRIPE"], "low": ["X"]}
    assert one["token_expires"] and detail["drift"] == []
    assert len(eventually(lambda: shop.audit("workload.new"))) == 1
    ran = shop.cli("workload", "show", "--project", "shop", "--object", "api", "--type", "service")
    assert "HOST, STRIPE" in ran.out
    assert "shop/api (service)" in shop.cli("workload", "list").out
    shop.cli("workload", "show", "--project", "x", "--object", "y", "--type", "job", exits=3)


def test_it_is_kept_over_a_restart(shop, serve):
    shop.fetch()
    before = shop.api("GET", "/api/v1/workloads")["items"]
    assert shop.stop() == 0
    again = serve()
    assert again.api("GET", "/api/v1/workloads")["items"] == before
    again.fetch()
    assert again.api("GET", "/api/v1/workloads")["items"][0]["fetches"] == 2


def test_without_a_registry_fetches_are_answered_and_nothing_is_kept(serve):
    before = serve()
    before.add_key()
    before.apply(group("pay", {"HOST": "h"}, projects=["shop"]))
    before.fetch(object_id="known")
    assert before.stop() == 0
    server = serve("--registry-workloads-max", "0")
    assert server.fetch().values() == {"HOST": "h"}
    for command in (["workload", "list"], ["workload", "drift"], ["exposure", "--key", "pay/HOST"]):
        assert "keeps no workload registry" in server.cli(*command, exits=None).err
    assert "impact: not known" in server.cli("set", "pay", "HOST=2").err
    server.cli("team", "set", "default", "--impact", "refuse")
    assert "--force" in server.cli("unset", "pay", "HOST", exits=None).err
    server.cli("unset", "pay", "HOST", "--force")
    assert server.stop() == 0
    assert serve().api("GET", "/api/v1/workloads")["total"] == 1, "what was kept stays"


def test_lists_have_pages_and_filters(shop):
    for number in range(7):
        shop.fetch(object_id=f"o{number}")
    seen, cursor = [], ""
    while True:
        page = shop.api("GET", f"/api/v1/workloads?limit=3{cursor}")
        assert page["total"] == 7
        seen += [one["object"] for one in page["items"]]
        if "next_cursor" not in page:
            break
        cursor = "&cursor=" + page["next_cursor"]
    assert seen == [f"o{number}" for number in range(7)]
    assert shop.api("GET", "/api/v1/workloads?search=o3")["total"] == 1
    assert shop.api("GET", "/api/v1/workloads?group=nowhere")["total"] == 0
    for wrong in ("limit=0", "limit=x", "cursor=%21", "surprise=1"):
        assert shop.call("GET", "/api/v1/workloads?" + wrong)[0] == 400


def test_drift_names_the_keys_whose_values_differ(shop):
    shop.fetch(object_id="api")
    shop.fetch(object_id="web")
    assert shop.api("GET", "/api/v1/drift")["total"] == 0
    shop.cli("set", "pay", "STRIPE=canary-new")
    drift = shop.api("GET", "/api/v1/drift")
    assert [one["object"] for one in drift["items"]] == ["api", "web"]
    assert drift["items"][0]["keys"] == [
        {"key": "STRIPE", "state": "changed", "group": "pay", "version": 1,
         "current_group": "pay", "current_version": 2}]
    shop.fetch(object_id="api")
    assert [one["object"] for one in shop.api("GET", "/api/v1/drift")["items"]] == ["web"]
    assert shop.api("GET", "/api/v1/drift?key=HOST")["total"] == 0
    # Back to the old value: what web has is current again, and what api has is not.
    shop.cli("set", "pay", "STRIPE=canary-old")
    assert [one["object"] for one in shop.api("GET", "/api/v1/drift")["items"]] == ["api"]
    assert "STRIPE changed pay@2 -> @3" in shop.cli("workload", "drift").out


def test_exposure_by_key_names_workloads_versions_operators_and_what_to_rotate(shop):
    shop.fetch(object_id="api")
    shop.cli("set", "pay", "STRIPE=canary-new")
    shop.fetch(object_id="web")
    shop.cli("group", "show", "pay", "--reveal")
    answer = shop.api("POST", "/api/v1/exposure", {"group": "pay", "key": "STRIPE"})
    found = {one["object"]: one for one in answer["workloads"]}
    assert [v["version"] for v in found["api"]["versions"]] == [1] and not found["api"]["current"]
    assert [v["version"] for v in found["web"]["versions"]] == [2] and found["web"]["current"]
    assert {(one["version"], one["how"]) for one in answer["operators"]} == {
        (1, "wrote"), (2, "wrote"), (2, "revealed")}
    assert answer["rotate"] == [{"team": "default", "group": "pay", "key": "STRIPE"}]
    # What lost the merge was never sent.
    assert shop.api("POST", "/api/v1/exposure", {"group": "low", "key": "HOST"})["workloads"] == []
    assert "to rotate: pay/STRIPE" in shop.cli("exposure", "--key", "pay/STRIPE").out


def test_exposure_by_value_finds_old_and_current_versions_and_leaks_nothing(shop):
    shop.apply(group("copy", {"SAME": "canary-old", "URL": {"template": "x-${STRIPE}"}},
                     projects=["shop"]))
    shop.fetch(object_id="api")
    shop.cli("set", "pay", "STRIPE=canary-new")
    ran = shop.cli("exposure", "--value", "-", "--json", stdin="canary-old\n")
    answer = json.loads(ran.out)
    keys = {(one["group"], one["key"]): one for one in answer["keys"]}
    assert keys["pay", "STRIPE"]["current"] is False and keys["pay", "STRIPE"]["versions"] == [1]
    assert keys["copy", "SAME"]["current"] is True
    assert {one["key"] for one in answer["workloads"]} == {"STRIPE", "SAME"}
    assert answer["rotate"] == [{"team": "default", "group": "copy", "key": "SAME"}]
    rendered = shop.api("POST", "/api/v1/exposure", {"value": "x-canary-new"})
    assert [(one["key"], one["rendered"]) for one in rendered["keys"]] == [("URL", True)]
    nothing = shop.api("POST", "/api/v1/exposure", {"value": "never-there"})
    assert nothing["keys"] == [] and nothing["workloads"] == []
    assert len(shop.audit("exposure.value")) == 3
    everything = json.dumps(shop.audit()) + shop.log() + ran.out
    assert "canary" not in everything
    shop.cli("exposure", "--value", "canary", exits=2)
    shop.cli("restart", "--drift", "--at-once", "0", exits=2)
    shop.cli("revision", "show", "abc", exits=2)
    shop.cli("undo", "0", exits=2)


def test_exposure_by_operator_lists_what_he_saw_and_wrote(shop):
    shop.fetch()
    shop.cli("group", "show", "pay", "--reveal")
    name = shop.audit("value.reveal")[-1]["operator"]
    answer = shop.api("POST", "/api/v1/exposure", {"operator": name})
    assert {(one["group"], one["key"]) for one in answer["rotate"]} == {
        ("pay", "STRIPE"), ("pay", "HOST"), ("low", "HOST"), ("low", "X")}
    assert {one["how"] for one in answer["operators"]} == {"revealed", "wrote"}
    for unknown in ({"operator": "nobody"}, {"group": "pay", "key": "NOPE"}, {"group": "nosuch", "key": "A"}):
        assert shop.call("POST", "/api/v1/exposure", unknown)[0] == 404, unknown
    for wrong in ({}, {"group": "pay"}, {"value": "x", "operator": "y"}, {"surprise": 1}):
        assert shop.call("POST", "/api/v1/exposure", wrong)[0] == 400


class Northflank(http.server.ThreadingHTTPServer):
    """A small API that counts, fails as told, and knows how many calls were open at once."""
    def __init__(self):
        self.calls, self.answers, self.open, self.most = [], {}, 0, 0
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        with server.lock:
            server.calls.append((self.path, self.headers["Authorization"]))
            server.open += 1
            server.most = max(server.most, server.open)
            left = server.answers.get(self.path, [])
            status = left.pop(0) if left else 200
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "2")
        self.end_headers()
        with server.lock:
            server.open -= 1
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def northflank():
    server = Northflank()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_restart_calls_northflank_for_those_that_are_behind(serve, northflank, tmp_path):
    token = tmp_path / "nf-token"
    token.write_text("nf-secret\n")
    config = tmp_path / "sutler.yaml"
    config.write_text(f"northflank_token_file: {token}\n"
                      f"northflank_api: http://127.0.0.1:{northflank.server_address[1]}\n")
    server = serve("--config", config)
    server.add_key()
    server.apply(group("pay", {"A": "1"}))
    for name in ("api", "web x", "bad"):
        server.fetch(object_id=name)
    server.fetch(object_id="nightly", type_="job")
    server.cli("set", "pay", "A=2")
    server.fetch(object_id="api")  # is current already
    restart = "/v1/projects/shop/services/{}/restart".format
    northflank.answers = {restart("web%20x"): [429, 503], restart("bad"): [404]}
    ran = server.cli("restart", "--drift", "--group", "pay", "--at-once", "2", exits=1)
    assert "nightly (job) is left out" in ran.err and "bad (service)" in ran.err and "404" in ran.err
    assert "1 of 2 services were restarted" in ran.out
    assert sorted(path for path, _ in northflank.calls) == sorted(
        [restart("web%20x")] * 3 + [restart("bad")])
    assert {bearer for _, bearer in northflank.calls} == {"Bearer nf-secret"}
    assert northflank.most <= 2
    outcomes = {one["workload"]["nfObjectId"]: one["outcome"]
                for one in server.audit("workload.restart") if "workload" in one}
    assert outcomes == {"web x": "ok", "bad": "failed"}
    assert "nf-secret" not in server.log() + json.dumps(server.audit()) + ran.out + ran.err


def test_without_a_token_the_calls_are_printed(shop):
    shop.fetch()
    shop.cli("set", "pay", "STRIPE=2")
    ran = shop.cli("restart", "--drift")
    assert "https://api.northflank.com/v1/projects/shop/services/api/restart" in ran.out
    assert "northflank_token_file" in ran.err
    assert shop.audit("workload.restart") == []
    shop.cli("restart", exits=2)


def test_the_token_file_can_only_be_set_in_the_config_file(serve):
    assert "northflank" not in serve().cli("serve", "--help").out
