"""Writes of several nodes to one PostgreSQL: nobody is told to repeat what he has no quarrel about, health
is told at once whatever a write waits for, and what became of a change whose answer was lost is known."""
import re
import statistics
import threading
import time
from contextlib import closing, contextmanager

import pytest

from support import paths
from support.groups import group
from support.nodes import CHANGE_SECONDS, Nodes, ask, change, need, serves, why_not
from support.pg_proxy import PgProxy
from support.postgres import PostgresServer
from support.wait import eventually
from support.wire import get

CHANGES = paths.rounds(60, 400)
HEALTH_SECONDS = 0.1


@pytest.fixture(scope="module")
def database():
    need(why_not())
    with PostgresServer() as server:
        yield server


@pytest.fixture
def nodes(database, request):
    name = re.sub(r"\W", "_", request.node.name)[-50:]
    made = Nodes(database.database(name))
    made.database = name
    yield made
    made.close()


def test_writes_in_turn_through_two_nodes_are_all_made(nodes):
    """Each through the node that has not yet seen the last one."""
    pair = nodes.start(2)
    for number in range(CHANGES):
        status, told = change(pair[number % 2], GREETING=str(number), **{f"N{number % 7}": "x"})
        assert status == 200, f"change {number}: {told}"
    for one in pair:
        serves(one, {"GREETING": str(CHANGES - 1), "N0": "x", "N6": "x"})


def test_every_kind_of_write_in_turn_through_two_nodes_is_made(nodes):
    pair = nodes.start(2)
    pair[0].api("POST", "/api/v1/operators", {"name": "ann", "role": "editor"})
    for number in range(20):
        one, other = pair[number % 2], pair[1 - number % 2]
        one.apply(group("base", {"GREETING": str(number)}))
        other.api("PATCH", "/api/v1/teams/default", {"leeway_seconds": 10 + number % 20})
        one.api("PATCH", "/api/v1/operators/ann", {"description": str(number)})
        other.api("POST", "/api/v1/operators/ann/tokens", {"label": str(number)})
        made = one.api("POST", "/api/v1/teams/default/keys", {})
        other.api("POST", f"/api/v1/teams/default/keys/{made['id']}/retire", {})
        other.api("POST", "/api/v1/teams/default/groups/base/rollback", {"version": 1})
        last = one.apply(group("gone", {"A": str(number)}))
        other.api("POST", f"/api/v1/revisions/{last['revision']}/undo")


def test_writers_of_different_groups_at_three_nodes_hear_nothing_of_each_other(nodes):
    three, refused = nodes.start(3), []
    writes = CHANGES // 4

    def write(number):
        node = three[number % 3]
        for count in range(writes):
            status, told = change(node, f"of-{number}", COUNT=str(count))
            if status != 200:
                refused.append((number, count, status, told))

    three[0].apply(*(group(f"of-{number}", {"COUNT": "-"}) for number in range(8)))
    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not refused, refused[:3]
    for one in three:
        eventually(lambda at=one: at.status()["revision"] == three[0].status()["revision"],
                   CHANGE_SECONDS, "the same revision")
    for number in range(8):
        shown = three[1].api("GET", f"/api/v1/teams/default/groups/of-{number}?reveal=true")
        assert shown["secrets"]["variables"]["COUNT"] == str(writes - 1)


def test_who_names_a_version_is_told_that_it_is_not_the_last_one(nodes):
    first, second = nodes.start(2)
    path = "/api/v1/teams/default/groups/base"
    etag = ask(second, "GET", path)[1]["ETag"]
    assert change(first, GREETING="faster")[0] == 200
    status, _, told = ask(second, "PATCH", path, {"variables": {"GREETING": "late"}},
                          {"If-Match": etag})
    assert status == 412 and told["current_etag"] != etag, told
    assert second.api("GET", f"{path}?reveal=true")["secrets"]["variables"] == {"GREETING": "faster"}


@contextmanager
def held(database, name):
    """The row that every commit needs is somebody else's."""
    with closing(database.connect(name)) as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute("select * from sutler_store for update")
        yield
        connection.rollback()


class Write(threading.Thread):
    """A change that waits. `answer` is its status and body once `join()` has returned."""

    def __init__(self, node, **variables):
        super().__init__()
        self.node, self.variables, self.answer = node, variables, None
        self.start()

    def run(self):
        self.answer = change(self.node, **self.variables)


def health(node, rounds=40):
    """The times of /livez, /readyz and a look at a group while something is going on."""
    taken = {}
    for _ in range(rounds):
        for path in ("/livez", "/readyz", "/readyz?verbose"):
            began = time.monotonic()
            assert get(node.admin, path=path).status in (200, 503)
            taken.setdefault(path, []).append(time.monotonic() - began)
        began = time.monotonic()
        assert node.call("GET", "/api/v1/teams/default/groups/base")[0] == 200
        taken.setdefault("a group", []).append(time.monotonic() - began)
    return taken


def waits_for_the_row(database, name):
    return database.sql("select count(*) from pg_stat_activity where datname = %s and "
                        "wait_event_type = 'Lock'", name)[0][0]


def in_time(taken):
    # One that the machine has put aside is not ours; that half of them wait is.
    for what, times in taken.items():
        assert statistics.quantiles(times, n=20)[17] < HEALTH_SECONDS, (what, max(times))
        assert max(times) < 1, (what, max(times))
    print({what: f"{max(times) * 1000:.0f} ms" for what, times in taken.items()})


def test_health_and_reads_do_not_wait_for_a_write_that_waits(database, nodes):
    node = nodes.start()
    with held(database, nodes.database):
        write = Write(node, GREETING="in the end")
        eventually(lambda: waits_for_the_row(database, nodes.database), 5, "a write that waits")
        taken = health(node, 15)
        in_time(taken)
        assert write.is_alive(), "the write did not wait long enough to show anything"
    write.join()
    assert write.answer[0] in (200, 503), write.answer
    eventually(lambda: change(node, GREETING="again")[0] == 200, 15, "a write")


def test_health_is_told_at_once_while_the_database_is_frozen(nodes, request):
    with PostgresServer() as frozen:
        own = Nodes(frozen.database("own"))
        try:
            node = own.start()
            frozen.freeze()
            try:
                writes = [Write(node, GREETING="never") for _ in range(3)]
                in_time(health(node))
                for one in writes:
                    one.join()
                assert {one.answer[0] for one in writes} == {503}
            finally:
                frozen.thaw()
        finally:
            own.close()


@pytest.mark.parametrize("lost, made", [("answer", True), ("commit", False)])
def test_a_change_whose_answer_was_lost_is_settled_and_recorded(database, nodes, lost, made):
    with PgProxy(database.port) as proxy:
        through = nodes.store.replace(f":{database.port}/", f":{proxy.port}/")
        nodes.start()
        node = nodes.node(name="through", store=through).start()
        serves(node, {"GREETING": "hello"})
        proxy.lose(lost)
        status, told = change(node, GREETING="doubtful")
        assert status == 503 and "may have been made" in told["detail"], told
        assert proxy.lost.is_set()
        failed = node.audit("group.update")[-1]
        assert failed["outcome"] == "failed", failed
        assert not node.audit("change.settled"), "nobody can know yet"
        proxy.heal()
        settled = eventually(lambda: node.audit("change.settled"), 20, "the outcome")
        assert len(settled) == 1
        assert settled[0]["request_id"] == failed["request_id"], settled
        assert settled[0]["reason"] == ("made" if made else "not_made"), settled
        assert settled[0]["outcome"] == ("ok" if made else "failed"), settled
        serves(node, {"GREETING": "doubtful" if made else "hello"})
        if made:
            assert settled[0]["revision"] == node.status()["revision"]
        node.cli("audit", "verify")


def test_a_wait_for_a_standby_that_was_given_up_is_no_success(nodes):
    with PostgresServer() as server:
        own = Nodes(server.database("own"))
        try:
            node = own.start()
            server.sql("alter system set synchronous_standby_names = 'nobody'")
            server.sql("select pg_reload_conf()")
            eventually(lambda: server.sql("show synchronous_standby_names", database="own")
                       == [("nobody",)], 5, "the setting")
            write = Write(node, GREETING="doubtful")
            waiting = "datname = 'own' and wait_event = 'SyncRep'"
            eventually(lambda: server.sql(f"select 1 from pg_stat_activity where {waiting}"), 10,
                       "a commit that waits for its standby")

            def given_up():
                server.sql(f"select pg_cancel_backend(pid) from pg_stat_activity where {waiting}")
                return not write.is_alive()
            eventually(given_up, 30, "an answer")
            assert write.answer[0] == 503, write.answer
            assert node.audit("group.update")[-1]["outcome"] == "failed"
            server.sql("alter system reset synchronous_standby_names")
            server.sql("select pg_reload_conf()")
            settled = eventually(lambda: node.audit("change.settled"), 20, "the outcome")
            assert settled[0]["reason"] == "made", settled
            serves(node, {"GREETING": "doubtful"}, 20)
        finally:
            own.close()
