"""Many people change one group at once: nothing that was acknowledged is lost, and every fetch is
whole. `SUTLER_PROVE=1` makes it a minute."""
import http.client
import json
import threading
import time

from support import paths, tokens
from support.groups import group
from support.server import UnixHTTP
from support.wire import get

EDITORS, FETCHERS = 50, 2
SECONDS = paths.rounds(8, 60)
PATH = "/api/v1/teams/default/groups/shared"


class Client:
    """One connection to the admin API that stays open."""

    def __init__(self, server):
        self.connection = UnixHTTP(server.socket, timeout=60)

    def ask(self, method, path, body=None, headers=()):
        sent = dict(headers)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        self.connection.request(method, path, data, sent)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else None


class Editors:
    """What all threads share: when to stop, and what was acknowledged."""

    def __init__(self, server):
        self.server = server
        self.until = time.monotonic() + SECONDS
        self.lock = threading.Lock()
        self.put_again = threading.Condition(self.lock)
        self.acknowledged = {}     # version of the group: who made it
        self.put, self.patched = 0, {}
        self.refused = 0
        self.fetched = 0
        self.failures = []

    def running(self):
        return time.monotonic() < self.until and not self.failures

    def note(self, headers, who):
        version = int(headers["ETag"].strip('"').split("-")[0])
        with self.lock:
            if version in self.acknowledged:
                self.failures.append(f"version {version} was given to two")
            self.acknowledged[version] = who

    def replace(self, client, who):
        """Reads all, changes all, writes all, and tries again when somebody was faster."""
        status, headers, shown = client.ask("GET", PATH + "?reveal=true")
        assert status == 200, shown
        values = shown["secrets"]["variables"]
        values["COUNT"] = str(int(values["COUNT"]) + 1)
        values["WHOLE_A"] = values["WHOLE_B"] = f"{who}-{values['COUNT']}"
        status, answered, told = client.ask("PUT", PATH + f"?message=editor%20{who}",
                                            shown, {"If-Match": headers["ETag"]})
        if status == 412:
            assert told["code"] == "precondition_failed" and told["current_etag"] != headers["ETag"]
            with self.lock:
                self.refused += 1
            return
        assert status == 200 and told["updated"] == ["shared"], told
        self.note(answered, who)
        with self.lock:
            self.put += 1
            self.put_again.notify_all()

    def patch(self, client, who, turn):
        """Changes a pair of entries of its own, whatever the others do."""
        pair = {f"P{who}_A": str(turn), f"P{who}_B": str(turn)}
        status, headers, told = client.ask("PATCH", PATH + f"?message=editor%20{who}",
                                           {"variables": pair})
        assert status == 200 and told["updated"] == ["shared"], told
        self.note(headers, who)
        # Whoever replaces all needs a moment without another change; so patches take turns with them.
        with self.lock:
            self.patched[who] = turn
            before = self.put
            self.put_again.wait_for(lambda: self.put > before or not self.running(), timeout=1)

    def edit(self, who):
        client, turn = Client(self.server), 0
        while self.running():
            turn += 1
            if who % 2:
                self.replace(client, who)
            else:
                self.patch(client, who, turn)

    def fetch(self, _):
        while self.running():
            answer = get(self.server.provider, tokens.token())
            assert answer.status == 200, answer.raw
            values = answer.values()
            for name, value in values.items():
                if name.endswith("_A"):
                    assert values[name[:-2] + "_B"] == value, f"half of {name}: {values}"
            with self.lock:
                self.fetched += 1

    def guarded(self, work, who):
        try:
            work(who)
        except (AssertionError, OSError, http.client.HTTPException, KeyError) as failure:
            with self.lock:
                self.failures.append(f"{work.__name__} {who}: {failure!r}")

    def run(self):
        jobs = [(self.edit, who) for who in range(EDITORS)]
        jobs += [(self.fetch, who) for who in range(FETCHERS)]
        threads = [threading.Thread(target=self.guarded, args=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not self.failures, self.failures[:3]


def kept_versions(server) -> list:
    """All versions of the group, newest first, as the API tells them in pages."""
    found, cursor = [], ""
    while True:
        page = server.api("GET", f"{PATH}/versions?limit=1000{cursor}")
        found += page["items"]
        if "next_cursor" not in page:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_no_change_of_fifty_editors_is_lost(server):
    made = server.apply(group("shared", {"COUNT": "0", "WHOLE_A": "-", "WHOLE_B": "-"}))
    editors = Editors(server)
    editors.run()

    values = server.api("GET", PATH + "?reveal=true")["secrets"]["variables"]
    assert int(values["COUNT"]) == editors.put, "a whole write was lost"
    for who, turn in editors.patched.items():
        assert values[f"P{who}_A"] == values[f"P{who}_B"] == str(turn), f"a patch of {who} was lost"
    # Every version was acknowledged to exactly one, and each made one revision.
    writes = len(editors.acknowledged)
    assert sorted(editors.acknowledged) == list(range(2, writes + 2)), "versions have gaps"
    assert server.status()["revision"] == made["revision"] + writes
    assert editors.put and editors.patched and editors.refused and editors.fetched

    # The history has each of them, in order, by whom it was made; the revisions are those of the store.
    kept = kept_versions(server)
    assert [one["version"] for one in kept] == list(range(writes + 1, 0, -1))
    assert [one["revision"] for one in kept] == \
        list(range(made["revision"] + writes, made["revision"] - 1, -1))
    told = {one["version"]: one.get("message") for one in kept[:-1]}
    assert told == {version: f"editor {who}" for version, who in editors.acknowledged.items()}

    history = server.audit("group.update")
    versions = [record["groups"][0]["version"] for record in history if record["outcome"] == "ok"]
    assert versions == list(range(2, writes + 2)), "the audit does not tell of every change in order"
    assert sum(record.get("reason") == "precondition_failed" for record in history) == \
        editors.refused
    verified = server.cli("audit", "verify")
    assert verified.code == 0
    print(f"{EDITORS} editors, {SECONDS} s: {writes} writes, {editors.refused} told that somebody "
          f"was faster, {editors.fetched} whole fetches")
