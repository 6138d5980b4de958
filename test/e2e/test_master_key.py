"""Rotation of the master key while the server runs, is killed, and goes on."""
import http.client
import random
import signal
import sqlite3
import threading
from contextlib import closing

import pytest

from support import paths, tokens, wire
from support.cli import Cli
from support.groups import group
from support.server import NotStarted, Server
from support.traces import Trace
from support.wait import eventually, moment


class Keys:
    """A config file whose list of master keys changes."""

    def __init__(self, folder):
        self.folder, self.config = folder, folder / "sutler.yaml"
        self.cli = Cli()

    def make(self, name) -> str:
        """Its id."""
        out = self.cli("master-key", "new", self.folder / name).out
        return out.split()[2]

    def use(self, *names):
        specs = ", ".join(f'"file:{self.folder / name}"' for name in names)
        self.config.write_text(f"master_key: [{specs}]\n")
        self.config.chmod(0o600)


@pytest.fixture
def keys(tmp_path):
    made = Keys(tmp_path)
    made.old, made.new = made.make("old.key"), made.make("new.key")
    made.use("old.key")
    return made


def status(server) -> dict:
    return server.api("GET", "/api/v1/master-key")


def take_new_list(server, first):
    server.signal(signal.SIGHUP)
    eventually(lambda: status(server)["primary"] == first, 20, "the new list of keys")


def used(server) -> dict:
    return {one["id"]: one["current"] + one["history"] for one in status(server)["keys"]}


def wrapped_keys(data_dir) -> list:
    with closing(sqlite3.connect(data_dir / "sutler.db")) as connection:
        rows = connection.execute("SELECT wrapped FROM records UNION ALL "
                                  "SELECT wrapped FROM history").fetchall()
    return [row[0] for row in rows]


def fill(server, groups, versions):
    for version in range(versions):
        server.apply(*(group(f"g{n}", {"V": str(version), "N": str(n)},
                             projects=["p"] if n else None) for n in range(groups)))


def only_the_new_key_opens(keys, server, serve):
    """The old key opens nothing any more, and is not needed."""
    keys.use("old.key")
    with pytest.raises(NotStarted) as refused:
        Server(server.data_dir, "--config", keys.config).start()
    assert keys.new in refused.value.err or keys.new in Server(server.data_dir).log()
    keys.use("new.key")
    return serve("--config", keys.config)


def test_a_key_that_is_not_configured_or_wraps_all_starts_nothing(serve, keys):
    server = serve("--config", keys.config)
    ran = server.cli("master-key", "rotate", exits=None)
    assert ran.code != 0 and keys.old in ran.err, str(ran)
    assert str(keys.config) + ":1" in ran.err, "it says which line to change"
    assert "SIGHUP" in ran.err


def test_the_list_is_read_again_and_a_needed_key_cannot_be_lost(serve, keys):
    server = serve("--config", keys.config)
    server.add_key()
    server.apply(group("g", {"A": "1"}))
    keys.use("new.key")
    server.signal(signal.SIGHUP)
    eventually(lambda: "is still needed" in server.log(), 20, "the refusal")
    assert status(server)["primary"] == keys.old
    assert server.fetch().status == 200
    keys.use("new.key", "old.key")
    take_new_list(server, keys.new)
    server.apply(group("h", {"B": "2"}))
    assert used(server)[keys.new] >= 2, "what is new is under the first key"
    assert server.fetch().values() == {"A": "1", "B": "2"}
    assert server.audit("master_key.list")[-1]["key_id"] == keys.new


def test_rotation_under_load_fails_no_request_and_ends_the_old_key(serve, keys, data_dir):
    server = serve("--config", keys.config)
    server.add_key()
    fill(server, 60, 30)
    backup = server.cli("backup", "create", "--json").json()["file"]
    revision = server.status()["revision"]
    wrapped = wrapped_keys(data_dir)
    assert len(wrapped) > 1000
    stop, failures, fetched, written = threading.Event(), [], [0], [0]

    def fetch():
        with wire.KeepAlive(server.provider) as connection:
            while not stop.is_set():
                answer = connection.get(tokens.token())
                fetched[0] += 1
                if answer.status != 200 or "N" not in answer.values():
                    failures.append(answer.status)

    def write():
        while not stop.is_set():
            written[0] += 1
            busy = group("busy", {"X": str(written[0])}, projects=["q"])
            code, answer = server.call("POST", "/api/v1/apply", {"groups": [busy]})
            if code not in (200, 201):
                failures.append(answer)
    threads = [threading.Thread(target=work) for work in (fetch, fetch, write)]
    for thread in threads:
        thread.start()
    try:
        keys.use("new.key", "old.key")
        take_new_list(server, keys.new)
        ran = server.cli("master-key", "rotate")
        assert "done" in ran.out, str(ran)
        assert backup.rsplit("/", 1)[1] in ran.err, "the backups that still need the old key"
        keys.use("new.key")
        server.signal(signal.SIGHUP)
        eventually(lambda: len(status(server)["nodes"][0]["keys"]) == 1, 20, "the old key to go")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == [] and fetched[0] > 20 and written[0] > 5
    assert server.status()["revision"] == revision + written[0], "rotation raises no revision"
    assert used(server).get(keys.old) == 0, "named for its backup only"
    assert [one["count"] for one in server.audit("master_key.rotated")][0] > 1000
    assert len(server.audit("master_key.rotate")) == 1
    server.stop()
    for name in ("sutler.db", "sutler.db-wal"):
        path = data_dir / name
        content = path.read_bytes() if path.exists() else b""
        assert not [one for one in wrapped if one in content], f"old wrapped keys in {name}"
    again = only_the_new_key_opens(keys, server, serve)
    assert again.fetch().values()["N"] == "0"


def test_kill_9_at_any_moment_of_a_rotation_loses_nothing(keys, data_dir, serve):
    rounds = paths.rounds(4, 40)
    at, random_moment = data_dir, random.Random(7)
    server = Server(at, "--config", keys.config).start()
    server.add_key()
    fill(server, 100, 25)
    expected = server.fetch().body
    names = ["old.key", "new.key"]
    ids = {"old.key": keys.old, "new.key": keys.new}
    interrupted = 0
    for _ in range(rounds):
        names.reverse()
        keys.use(*names)
        take_new_list(server, ids[names[0]])
        server.cli("master-key", "rotate", "--no-wait")
        for _ in range(3):  # killed, and killed again while it goes on
            moment(random_moment.uniform(0, 0.12))
            server.kill()
            server = Server(at, "--config", keys.config).start()
            assert server.fetch().body == expected
            left = used(server).get(ids[names[1]], 0)
            interrupted += left > 0

        def done():
            return status(server)["rotation"]["state"] == "done"
        eventually(done, 30, "the end of the rotation")
        assert used(server)[ids[names[1]]] == 0
        assert server.fetch().body == expected
        assert server.cli("audit", "verify").code == 0
    assert interrupted > 0, "no kill came in the middle"
    server.stop()
    with closing(sqlite3.connect(data_dir / "sutler.db")) as connection:
        rows = connection.execute("SELECT key_id FROM records UNION "
                                  "SELECT key_id FROM history").fetchall()
    assert rows == [(ids[names[0]],)]


class Interrupted:
    """A server whose rotation is killed at one system call that writes, and started again."""

    def __init__(self, keys, data_dir, folder):
        self.keys, self.data_dir, self.out = keys, data_dir, folder / "trace"
        self.names = ["old.key", "new.key"]
        self.ids = {"old.key": keys.old, "new.key": keys.new}
        self.server = Server(data_dir, "--config", keys.config).start()
        self.server.add_key()
        fill(self.server, 12, 3)
        self.expected = self.server.fetch().body

    def rotated(self) -> bool:
        try:
            return status(self.server)["rotation"]["state"] == "done"
        except (OSError, http.client.HTTPException):
            return False

    def round(self, when) -> bool:
        """Whether the `when`th call of a thread came before the end of the rotation, and killed."""
        self.names.reverse()
        self.keys.use(*self.names)
        take_new_list(self.server, self.ids[self.names[0]])
        inject = f"inject=pwrite64,fdatasync,fsync,ftruncate:signal=KILL:when={when}"
        with Trace(self.server.pid, self.out, "-e", inject):
            try:
                self.server.call("POST", "/api/v1/master-key/rotate")
            except (OSError, http.client.HTTPException):
                pass  # killed before it could answer
            eventually(lambda: self.server.process.poll() is not None or self.rotated(), 30,
                       "the kill, or the end")
        killed = self.server.process.poll() is not None
        if killed:
            self.server.kill()
            self.server = Server(self.data_dir, "--config", self.keys.config).start()
        return killed

    def check(self):
        """Goes on, or begins where it was killed before it was noted; nothing is lost."""
        assert self.server.fetch().body == self.expected
        if status(self.server)["rotation"]["state"] in ("none", "failed") or \
                status(self.server)["rotation"]["target"] != self.ids[self.names[0]]:
            self.server.cli("master-key", "rotate")
        eventually(self.rotated, 30, "the end of the rotation")
        assert used(self.server).get(self.ids[self.names[1]], 0) == 0
        assert self.server.fetch().body == self.expected


def test_kill_9_at_each_write_of_a_rotation_loses_nothing(keys, data_dir, tmp_path):
    """Deterministic where the test before it is random: the first, second, third … call of a thread
    that writes to the database dies, until a rotation comes through."""
    one = Interrupted(keys, data_dir, tmp_path)
    killed, when = 0, 1
    while one.round(when):
        one.check()
        killed += 1
        when += paths.rounds(1 + when // 3, 1)
    one.check()
    assert killed >= 5, "the calls were not seen"
    assert one.server.cli("audit", "verify").code == 0
    one.server.stop()


def test_signing_keys_tell_when_they_were_last_used(serve):
    server = serve()
    first = server.add_key()
    second = server.add_key(key="another signing key of enough characters")
    server.apply(group("g", {"A": "1"}))
    server.fetch()

    def last_used():
        listed = server.api("GET", "/api/v1/teams/default/keys")["items"]
        return {one["id"]: one.get("last_used") for one in listed}
    eventually(lambda: last_used()[first], 20, "last used")
    assert last_used()[second] is None
    when = last_used()[first]
    server.stop()
    again = serve()
    assert again.api("GET", "/api/v1/teams/default/keys")["items"][0]["last_used"] == when
    assert "LAST USED" in again.cli("team", "key", "list", "default").out


def test_a_row_of_the_past_that_does_not_open_does_not_hold_up_a_rotation(serve, keys):
    server = serve("--config", keys.config)
    fill(server, 1, 3)
    server.stop()
    with closing(sqlite3.connect(server.data_dir / "sutler.db")) as database:
        database.execute("UPDATE history SET wrapped = zeroblob(length(wrapped)) "
                         "WHERE kind = 'group' AND version = 1")
        database.commit()
    keys.use("new.key", "old.key")
    again = serve("--config", keys.config)
    ran = again.cli("master-key", "rotate")
    assert "that do not open: 1 (group g0 of team default, version 1)" in ran.out
    assert used(again)[keys.old] == 1
    assert status(again)["rotation"]["damaged"] == 1
    record = again.audit("master_key.rotated")[-1]
    assert record["outcome"] == "ok" and record["reason"] == "damaged"
    assert record["groups"] == [{"kind": "group", "team": "default", "name": "g0", "version": 1}]
    again.cli("group", "purge", "g0", "--keep", "1")
    assert used(again).get(keys.old, 0) == 0
