"""The database of the nodes dies, freezes, is cut, and comes back: fetches go on, writes are refused
at once, and nothing needs a restart."""
import re
import sqlite3
import time
from contextlib import closing

import pytest

from support.groups import group
from support.nodes import Nodes, change, need, serves, why_not
from support.postgres import PostgresServer
from support.server import NotStarted
from support.wait import eventually, moment

AT_ONCE = 1.0  # seconds within which a write is refused
BACK_SECONDS = 15


@pytest.fixture
def database():
    need(why_not())
    with PostgresServer() as server:
        yield server
        if server.running:
            server.thaw()


@pytest.fixture
def nodes(database, request):
    name = re.sub(r"\W", "_", request.node.name)[-50:]
    made = Nodes(database.database(name))
    yield made
    made.close()


def refused(node):
    """A write while the database is gone; how long the answer took."""
    began = time.monotonic()
    status, told = change(node, GREETING="never")
    took = time.monotonic() - began
    assert status == 503, told
    assert told["code"] and told["detail"], told
    assert "password" not in str(told)
    return took


def settled_refusal(node):
    """The answer once the node knows that the database is gone; before, one may wait for it."""
    eventually(lambda: refused(node) < AT_ONCE, 20, "a write refused at once")
    for _ in range(5):
        took = refused(node)
        assert took < AT_ONCE, f"a write was refused after {took:.2f} s"


def degraded(node):
    """It says so, and says that fetches work."""
    def there():
        status, checks = node.readiness()
        assert any(state != "ok" for name, state in checks.items()
                   if name not in ("backup", "clock")), (status, checks)
        return True
    eventually(there, 20, "the readiness that tells of it")


def works(node, value):
    def there():
        status, told = change(node, GREETING=value)
        assert status == 200, told
        return True
    eventually(there, BACK_SECONDS, "a write")
    assert node.values()["GREETING"] == value


@pytest.mark.parametrize("end", ["stop", "stop_immediate", "kill"])
def test_a_database_that_ends_stops_writes_and_no_fetch(database, nodes, end):
    first, second = nodes.start(2)
    pids = [one.pid for one in (first, second)]
    getattr(database, end)()
    for one in (first, second):
        assert one.values() == {"GREETING": "hello"}
        settled_refusal(one)
        degraded(one)
        assert one.fetch().status == 200
        assert one.call("GET", "/api/v1/teams/default/groups/base")[0] == 200, "reads go on"
    database.start()
    works(first, "back")
    serves(second, {"GREETING": "back"}, BACK_SECONDS)
    works(second, "again")
    serves(first, {"GREETING": "again"}, BACK_SECONDS)
    assert [one.pid for one in (first, second)] == pids
    for one in (first, second):
        eventually(one.ready, 20, "readiness")
        assert one.status()["integrity"] == "ok"
        one.cli("audit", "verify")


def test_a_frozen_database_holds_up_no_fetch_and_no_thread(database, nodes):
    """SIGSTOP: connections stay open and nobody answers, as in a partition of the network."""
    node = nodes.start()
    before = len(node.threads())
    database.freeze()
    try:
        slowest = 0.0
        end = time.monotonic() + 5
        while time.monotonic() < end:
            began = time.monotonic()
            assert node.values() == {"GREETING": "hello"}
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 0.5, f"a fetch took {slowest:.2f} s"
        settled_refusal(node)
        degraded(node)
        assert node.call("GET", "/api/v1/status", timeout=5)[0] == 200
    finally:
        database.thaw()
    works(node, "back")
    eventually(node.ready, 20, "readiness")
    assert len(node.threads()) <= before + 2, "threads are left behind"


def test_a_node_ends_in_time_while_the_database_is_frozen(database, nodes):
    node = nodes.start()
    database.freeze()
    try:
        settled_refusal(node)
        began = time.monotonic()
        assert node.stop() == 0
        assert time.monotonic() - began < 15, "SIGTERM waited for the database"
    finally:
        database.thaw()


def test_cut_connections_are_made_again(database, nodes):
    first, second = nodes.start(2)
    for number in range(10):
        database.cut_connections(first_database(nodes))
        works((first, second)[number % 2], str(number))
        for one in (first, second):
            serves(one, {"GREETING": str(number)}, BACK_SECONDS)


def copied(node) -> int:
    """The revision of the node's sealed copy."""
    file = node.data_dir / "snapshot.db"
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as connection:
        return connection.execute("select max(revision) from records").fetchone()[0]


def forget(node):
    """What SQLite keeps beside the file belongs to the one that was changed."""
    for suffix in ("-wal", "-shm"):
        (node.data_dir / f"snapshot.db{suffix}").unlink(missing_ok=True)


def first_database(nodes) -> str:
    return nodes.store.rsplit("/", 1)[1]


def test_an_old_snapshot_is_refused_where_snapshot_age_max_says_so(database, nodes):
    patient = nodes.start()
    strict = nodes.start(1, "--snapshot-age-max", "2s")
    assert strict.values() == {"GREETING": "hello"}
    database.stop()
    eventually(lambda: strict.fetch().status == 503, 20, "the refusal of what is too old")
    answer = strict.fetch()
    assert answer.header("retry-after") and b"secrets" not in answer.body
    assert strict.audit("fetch")[-1]["reason"], "the audit says why"
    assert patient.values() == {"GREETING": "hello"}, "the one without a limit serves on"
    database.start()
    serves(strict, {"GREETING": "hello"}, BACK_SECONDS)
    works(strict, "back")


def test_a_node_with_a_snapshot_file_starts_while_the_database_is_gone(database, nodes):
    with_file = nodes.start(1, "--snapshot-file")
    without = nodes.start(1)
    with_file.apply(group("base", {"GREETING": "kept", "SECRET": "canary-of-the-snapshot-file"}))
    serves(without, {"GREETING": "kept"})
    eventually(lambda: copied(with_file) == with_file.status()["revision"], 20, "the copy")
    assert with_file.stop() == 0 and without.stop() == 0
    for path in with_file.data_dir.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert b"canary-of-the-snapshot-file" not in path.read_bytes(), path
            assert path.stat().st_mode & 0o077 == 0, path
    database.stop()
    with_file.again()
    assert with_file.values()["GREETING"] == "kept"
    settled_refusal(with_file)
    degraded(with_file)
    with pytest.raises(NotStarted) as ended:
        without.again()
    assert ended.value.code != 0 and "hint:" in ended.value.err, ended.value.err
    database.start()
    works(with_file, "back")


def test_a_snapshot_file_that_somebody_changed_is_not_served(database, nodes):
    node = nodes.start(1, "--snapshot-file")
    eventually(lambda: copied(node) == node.status()["revision"], 20, "the copy")
    assert node.stop() == 0
    file = node.data_dir / "snapshot.db"
    whole = file.read_bytes()
    database.stop()
    for change_of_it in ("update records set body = zeroblob(length(body)) where kind = 'group'",
                         "update records set header = body where kind = 'group'",
                         "update records set version = version + 1 where kind = 'group'",
                         "delete from records where kind = 'group'",
                         "delete from records where kind = 'head'"):
        with closing(sqlite3.connect(file)) as connection, connection:
            assert connection.execute(change_of_it).rowcount > 0, change_of_it
        with pytest.raises(NotStarted) as refused:
            node.again()
        assert "hint:" in refused.value.err, change_of_it
        forget(node)
        file.write_bytes(whole)
    file.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(NotStarted):
        node.again()
    forget(node)
    file.write_bytes(whole)
    node.again()
    assert node.values() == {"GREETING": "hello"}


def test_a_slow_database_slows_writes_and_nothing_else(database, nodes):
    """A lock that somebody else holds on the tables, as a careless ALTER would."""
    node = nodes.start()
    name = first_database(nodes)
    tables = database.sql("select format('%I.%I', schemaname, tablename) from pg_tables where "
                          "schemaname not in ('pg_catalog', 'information_schema')", database=name)
    connection = database.connect(name)
    connection.autocommit = False
    with connection.cursor() as cursor:
        for (table,) in tables:
            cursor.execute(f"lock table {table} in access exclusive mode")
        began = time.monotonic()
        while time.monotonic() - began < 3:
            assert node.values() == {"GREETING": "hello"}
        status, told = change(node, GREETING="locked")
        assert status == 503, told
        assert time.monotonic() - began < 20, "the write waited for the lock without an end"
    connection.rollback()
    connection.close()
    works(node, "back")


def test_a_node_that_was_frozen_serves_the_present_before_it_says_that_it_is_ready(nodes):
    """SIGSTOP for the node itself, while another one changes things."""
    first, second = nodes.start(2)
    second.signal(19)
    try:
        works(first, "meanwhile")
        moment(2)
    finally:
        second.signal(18)
    serves(second, {"GREETING": "meanwhile"}, 3)
