"""Editors and workloads, all through the balancer; and one watcher beside it for each node."""
import http.client
import json
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

from support import tokens

GROUPS = 10
PATIENCE = 12  # seconds for one request; haproxy gives up before
ERRORS = (OSError, http.client.HTTPException)


def names(number) -> dict:
    return {"left": f"LEFT_{number}", "right": f"RIGHT_{number}", "count": f"COUNT_{number}"}


def group_of(number) -> dict:
    """Three entries that only ever change together."""
    entry = names(number)
    return {"name": f"g{number}", "team": "default", "secrets": {"variables": {
        entry["left"]: "0", entry["right"]: "0", entry["count"]: "0"}}}


def pair_of(count) -> list:
    """Two groups that only ever change in one commit."""
    return [{"name": f"pair-{side}", "team": "default",
             "secrets": {"variables": {f"PAIR_{side.upper()}": str(count)}}} for side in ("a", "b")]


def judge(values) -> str:
    """What is wrong with a bundle; empty when it is whole."""
    for number in range(GROUPS):
        entry = names(number)
        if values[entry["left"]] != values[entry["right"]]:
            return f"a part of a change of g{number}: {values[entry['left']]} and " \
                   f"{values[entry['right']]}"
    if values["PAIR_A"] != values["PAIR_B"]:
        return f"a part of a commit: {values['PAIR_A']} and {values['PAIR_B']}"
    return ""


def numbers_of(values) -> dict:
    return {f"g{number}": int(values[names(number)["count"]]) for number in range(GROUPS)}


class Client:
    """One connection that is made again when it was cut."""

    def __init__(self, url, headers):
        self.address, self.headers, self.connection = urlsplit(url).netloc, headers, None

    def ask(self, method, path, body=None, headers=()):
        """(status, headers, body); raises one of ERRORS when there is no whole answer."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        sent = {**self.headers, **dict(headers)}
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            self.connection.request(method, path, json.dumps(body) if body is not None else None, sent)
            answer = self.connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except ERRORS:
            self.close()
            raise

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class Load:
    """All threads, when they stop, and what they saw."""

    def __init__(self, balancer, nodes, bearer, ledger, chaos):
        self.balancer, self.nodes, self.bearer = balancer, nodes, bearer
        self.ledger, self.chaos = ledger, chaos
        self.lock, self.stopped = threading.Lock(), threading.Event()
        self.fetch_seconds, self.write_seconds = [], []
        self.fetch_errors, self.direct, self.writes = [], Counter(), Counter()
        self.last_write, self.write_gap, self.last_fetch, self.fetch_gap = None, 0.0, None, 0.0
        self.threads = []

    def start(self, editors, fetchers):
        jobs = [(self.edit, number) for number in range(editors - 1)]
        jobs += [(self.edit_pair, 0)]
        jobs += [(self.fetch, number) for number in range(fetchers)]
        jobs += [(self.watch, node) for node in self.nodes]
        self.threads = [threading.Thread(target=self.guarded, args=job) for job in jobs]
        for one in self.threads:
            one.start()

    def stop(self):
        self.stopped.set()
        for one in self.threads:
            one.join()

    def guarded(self, work, argument):
        try:
            work(argument)
        except Exception as failure:  # a thread that dies silently would prove nothing
            self.ledger.complain(f"{work.__name__}: {failure!r}")

    def now(self, kind):
        """Remembers the longest time without a success."""
        moment = time.monotonic()
        with self.lock:
            last = getattr(self, f"last_{kind}")
            if last is not None:
                gap = f"{kind}_gap"
                setattr(self, gap, max(getattr(self, gap), moment - last))
            setattr(self, f"last_{kind}", moment)

    # -- writes --------------------------------------------------------------------------------

    def edit(self, number):
        client = Client(self.balancer.admin, {"Authorization": f"Bearer {self.bearer}"})
        group, turn = number % GROUPS, 0
        while not self.stopped.is_set():
            turn += 1
            try:
                told = self.replace(client, group, f"e{number}-{turn}")
            except ERRORS:
                told = "unknown"
            with self.lock:
                self.writes[told] += 1
            if told not in ("acknowledged", "conflict"):
                self.stopped.wait(0.05)
        client.close()

    def replace(self, client, group, name) -> str:
        """Reads one group, changes all of it, writes it if nobody was faster."""
        path, entry = f"/api/v1/teams/default/groups/g{group}", names(group)
        status, headers, text = client.ask("GET", path + "?reveal=true")
        if status != 200:
            return f"read {status}"
        shown = json.loads(text)
        values = shown["secrets"]["variables"]
        values[entry["count"]] = str(int(values[entry["count"]]) + 1)
        values[entry["left"]] = values[entry["right"]] = name
        self.ledger.send(name)
        began = time.monotonic()
        status, headers, text = client.ask("PUT", f"{path}?message={name}", shown,
                                           {"If-Match": headers["ETag"]})
        if status in (409, 412):
            return "conflict"
        if status != 200:
            return f"refused {status}"
        version = int(headers["ETag"].strip('"').split("-")[0])
        self.ledger.acknowledge(f"g{group}", version, name, json.loads(text)["revision"])
        self.ledger.show(headers["X-Node"], {f"g{group}": int(values[entry["count"]])}, {})
        with self.lock:
            self.write_seconds.append(time.monotonic() - began)
        self.now("write")
        return "acknowledged"

    def edit_pair(self, _):
        """One editor alone, who says what it shall be whatever it was. A request whose answer was cut
        may be carried out late, by a node that was frozen with it: the numbers may go back, the two
        may not differ."""
        client, count = Client(self.balancer.admin, {"Authorization": f"Bearer {self.bearer}"}), 0
        while not self.stopped.is_set():
            count += 1
            try:
                self.ledger.send(f"p{count}")
                status, _, text = client.ask("POST", f"/api/v1/apply?message=p{count}",
                                             {"groups": pair_of(count)})
                if status == 200:
                    for one in pair_of(count):
                        self.ledger.acknowledge_commit(one["name"], f"p{count}",
                                                       json.loads(text)["revision"])
                told = "acknowledged" if status == 200 else f"refused {status}"
            except ERRORS:
                told = "unknown"
            with self.lock:
                self.writes[told] += 1
            self.stopped.wait(0.05)
        client.close()

    # -- fetches -------------------------------------------------------------------------------

    def fetch(self, _):
        client = Client(self.balancer.provider, {"Authorization": f"Bearer {tokens.token()}"})
        taken = []
        while not self.stopped.is_set():
            floors, began = self.ledger.floors(), time.monotonic()
            node, status = None, 0
            try:
                status, headers, body = client.ask("GET", "/")
                node = headers["X-Node"]
            except ERRORS as error:
                body = repr(error).encode()
            if status == 200:
                taken.append(time.monotonic() - began)
                self.now("fetch")
                self.take(node, body, floors)
            else:
                self.note_error(node, status, began, body)
        client.close()
        with self.lock:
            self.fetch_seconds += taken

    def take(self, node, body, floors):
        values = {one["key"]: one["value"] for one in json.loads(body)["secrets"]}
        problem = judge(values)
        if problem:
            self.ledger.complain(f"{node} answered {problem}")
        self.ledger.show(node, numbers_of(values), floors)

    def note_error(self, node, status, began, body):
        """An error is right only where the chaos had that node at that time."""
        excused = self.chaos.touched(node, began, time.monotonic())
        with self.lock:
            self.fetch_errors.append((node, status, excused))
        if not excused:
            self.ledger.complain(f"a fetch failed for no reason: {node}, {status}, {body[:200]!r}")

    def watch(self, node):
        """Asks one node directly, all the time."""
        client = Client(node.provider, {"Authorization": f"Bearer {tokens.token()}"})
        while not self.stopped.is_set():
            floors, began = self.ledger.floors(), time.monotonic()
            try:
                status, _, body = client.ask("GET", "/")
            except ERRORS:
                status, body = 0, b""
            if status == 200:
                self.take(node.name, body, floors)
                self.direct["ok"] += 1
            elif self.chaos.touched(node.name, began, time.monotonic()):
                self.direct["while it was down"] += 1
                self.stopped.wait(0.02)
            else:
                self.ledger.complain(f"{node.name} answered {status}: {body[:200]!r}")
            self.stopped.wait(0.005)
        client.close()
