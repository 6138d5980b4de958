"""kill -9, again and again, in the middle of writes and fetches.

A ledger holds what was acknowledged. After each kill the server starts by itself, every
acknowledged write is there, no other is half there, and the audit chain is whole."""
import http.client
import json
import random
import threading

import pytest

from support import audit, tokens, wire
from support.groups import group, shown, variables
from support.paths import rounds
from support.server import Server, UnixHTTP
from support.wait import moment

KEYS = 8


class Writer(threading.Thread):
    """Writes two variables at once, so that half a write could be seen, until it is cut off."""

    def __init__(self, server, ledger, number):
        super().__init__()
        self.server, self.ledger, self.number = server, ledger, number
        self.acked, self.progress = 0, threading.Semaphore(0)

    def run(self):
        try:
            self.write()
        finally:
            self.progress.release(100)  # nobody waits for a writer that has ended

    def write(self):
        connection = UnixHTTP(self.server.socket)
        count = 0
        while True:
            key, value = count % KEYS, f"{self.number}-{count}"
            count += 1
            body = {"variables": {f"K{key}": value, f"PAIR{key}": value}}
            self.ledger.begin(key, value)
            try:
                connection.request("PATCH", "/api/v1/teams/default/groups/kill", json.dumps(body),
                                   {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                return
            if answer.status != 200:
                self.ledger.refused.append(answer.status)
                return
            self.ledger.acknowledge(key, value)
            self.acked += 1
            self.progress.release()


class Reader(threading.Thread):
    """Fetches all the time; each answer is as new as the last write acknowledged before it."""

    def __init__(self, server, ledger):
        super().__init__()
        self.server, self.ledger, self.token, self.fetched = server, ledger, tokens.token(), 0

    def run(self):
        while True:
            known = dict(self.ledger.order)
            try:
                answer = wire.get(self.server.provider, self.token)
            except (OSError, AssertionError):
                return  # it was killed
            if answer.status != 200:
                self.ledger.refused.append(answer.status)
                return
            self.fetched += 1
            self.ledger.check(answer.values(), known)


class Ledger:
    """Per key: the values in the order they were sent, and how many were acknowledged."""

    def __init__(self):
        self.sent = {key: ["start"] for key in range(KEYS)}
        self.order = {key: 0 for key in range(KEYS)}  # index of the last acknowledged one
        self.wrong, self.refused = [], []

    def begin(self, key, value):
        self.sent[key].append(value)

    def acknowledge(self, key, value):
        self.order[key] = self.sent[key].index(value)

    def check(self, values, known):
        for key in range(KEYS):
            one, other = values[f"K{key}"], values[f"PAIR{key}"]
            if one != other:
                self.wrong.append(f"half a write: {one} and {other}")
            elif one not in self.sent[key] or self.sent[key].index(one) < known[key]:
                self.wrong.append(f"K{key} is {one}, acknowledged was {self.sent[key][known[key]]}")

    def settle(self, values):
        """What is there after the restart is the truth from now on."""
        self.check(values, self.order)
        for key in range(KEYS):
            self.sent[key] = [values[f"K{key}"]]
            self.order[key] = 0


def stored(server) -> dict:
    return variables(shown(server.api("GET", "/api/v1/teams/default/groups/kill?reveal=true")))


@pytest.fixture
def killed(serve):
    server = serve()
    server.add_key()
    values = {f"{name}{key}": "start" for key in range(KEYS) for name in ("K", "PAIR")}
    server.apply(group("kill", values))
    return server


def one_round(server, ledger, number, dice):
    """Lets it work until a random moment, kills it, and gives how much was answered."""
    writer, readers = Writer(server, ledger, number), [Reader(server, ledger) for _ in range(2)]
    for thread in (writer, *readers):
        thread.start()
    for _ in range(dice.randint(1, 12)):
        assert writer.progress.acquire(timeout=20), "no write was answered"
    moment(dice.random() * 0.003)
    server.kill()
    for thread in (writer, *readers):
        thread.join()
    return writer.acked, sum(reader.fetched for reader in readers)


class Granted:
    """How many fetches the audit granted; each record is read once."""

    def __init__(self, server):
        self.path, self.read, self.count = server.data_dir / audit.CURRENT, 0, 0

    def look(self) -> int:
        with open(self.path, "rb") as file:
            file.seek(self.read)
            whole = file.read().rpartition(b"\n")[0]
        self.read += len(whole) + 1 if whole else 0
        found = [json.loads(line) for line in whole.splitlines() if b'"event":"fetch"' in line]
        new = sum(one["outcome"] == "ok" for one in found)
        self.count += new
        return new


VERIFIED_EVERY = rounds(1, 20)  # rounds: the whole chain each time


def test_no_acknowledged_write_is_lost_by_kill_9(serve, killed):
    seed = random.SystemRandom().randrange(1 << 32)
    dice, ledger, server = random.Random(seed), Ledger(), killed
    writes = fetches = 0
    granted = Granted(server)
    for number in range(rounds(200, 1000)):
        acked, fetched = one_round(server, ledger, number, dice)
        writes, fetches = writes + acked, fetches + fetched
        server = serve(at=server.data_dir)  # by itself: nobody repairs anything
        assert not ledger.refused, f"seed {seed}, round {number}: {ledger.refused[:3]}"
        ledger.settle(stored(server))
        assert not ledger.wrong, f"seed {seed}, round {number}: {ledger.wrong[:3]}"
        assert granted.look() >= fetched, f"round {number}: an answer without a record"
        if number % VERIFIED_EVERY == 0:
            server.cli("audit", "verify")
    server.cli("audit", "verify")
    print(f"\n{rounds(200, 1000)} kills, {writes} acknowledged writes, {fetches} fetches, "
          f"{granted.count} records of fetches")
    audit.check_chain(audit.whole_lines(server.data_dir))
    assert server.status()["integrity"] == "ok"
    assert writes > 200 and fetches > 200, "too little was done to show anything"


def test_it_starts_again_over_a_stale_socket_and_lock(serve, killed):
    killed.kill()
    assert (killed.data_dir / "admin.sock").exists(), "kill -9 leaves it"
    again = serve(at=killed.data_dir)
    assert again.fetch().status == 200
    assert again.cli("status", "--json").json()["integrity"] == "ok"


def test_a_torn_last_line_of_the_audit_is_mended_and_told(serve, killed):
    """A power cut may leave a part of a line: it starts, tells it, and the chain goes on."""
    assert killed.fetch().status == 200
    killed.kill()
    path = killed.data_dir / audit.CURRENT
    data = path.read_bytes().rstrip(b"\0")
    path.write_bytes(data + b'{"seq":99,"time":"2026-')
    again = serve(at=killed.data_dir)
    assert again.fetch().status == 200
    again.cli("audit", "verify")
    audit.check_chain([line for line in audit.whole_lines(again.data_dir)
                       if line.endswith(b"}")])


def test_a_kill_at_the_first_start_leaves_a_store_or_nothing(serve, data_dir):
    """Whenever it is killed while it makes its store, the next start works or makes it anew."""
    for number in range(rounds(30, 300)):
        at = data_dir.parent / f"first-{number}"
        server = Server(at).spawn()
        moment(number * 0.0015)
        server.kill()
        again = serve(at=at)
        again.apply(group("g", {"A": "1"}))
        again.stop()
