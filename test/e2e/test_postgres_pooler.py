"""Through a pooler in transaction mode, and from one member of a replicated database to the next."""
import re
import time

import pytest

from support import daemons
from support.groups import group
from support.nodes import Editors, Nodes, change, need, serves, why_not
from support.patroni import PatroniCluster
from support.percentiles import summary
from support.pooler import PgBouncer
from support.postgres import PostgresServer
from support.server import NotStarted
from support.wait import eventually


@pytest.fixture(scope="module")
def database():
    need(why_not() or daemons.absent("pgbouncer"))
    with PostgresServer() as server:
        yield server


@pytest.fixture
def pooled(database, request):
    """Nodes whose every connection goes through pgbouncer."""
    name = request.node.name[-50:]
    database.database(name)
    with PgBouncer(database, database=name) as pooler:
        made = Nodes(pooler.uri())
        made.pooler, made.name = pooler, name
        yield made
        made.close()


def test_through_a_transaction_pooler_it_works_by_polling_alone(database, pooled):
    first, second = pooled.start(2)
    taken = []
    for number in range(20):
        assert change(first, GREETING=str(number))[0] == 200
        began = time.monotonic()
        serves(second, {"GREETING": str(number)}, 3)
        taken.append(time.monotonic() - began)
    print(f"propagation by polling: {summary(taken)}")
    assert max(taken) < 2.0, summary(taken)
    listeners = database.sql("select count(*) from pg_stat_activity where datname = %s and "
                             "query ilike 'listen%%'", pooled.name)
    assert listeners[0][0] <= 1, "somebody relies on LISTEN"
    for word in ("prepared statement", "does not exist"):
        assert word not in first.log() + second.log()


def test_editors_through_a_pooler_lose_nothing(pooled):
    pair = pooled.start(2)
    pair[0].apply(group("shared", {"COUNT": "0", "LEFT": "-", "RIGHT": "-"}))
    serves(pair[1], {"COUNT": "0"})
    editors = Editors(pair, 8, 3).run()
    serves(pair[0], {"COUNT": str(len(editors.given))})
    serves(pair[1], {"COUNT": str(len(editors.given))})


def test_a_pooler_that_dies_is_a_database_that_is_gone(pooled):
    node = pooled.start()
    pooled.pooler.kill()
    eventually(lambda: change(node, GREETING="never")[0] == 503, 20, "the refusal of a write")
    assert node.values() == {"GREETING": "hello"}
    pooled.pooler.start()
    eventually(lambda: change(node, GREETING="back")[0] == 200, 15, "a write")


@pytest.fixture
def cluster():
    need(why_not() or daemons.absent("patroni", "etcd"))
    with PatroniCluster(2, fsync="off") as made:
        yield made


def test_a_failover_of_patroni_is_followed_by_every_node(cluster):
    nodes = Nodes(cluster.database())
    try:
        first, second = nodes.start(2)
        before = cluster.leader().member
        cluster.switch_over()
        assert first.values() == {"GREETING": "hello"}, "fetches know nothing of it"
        eventually(lambda: change(first, GREETING="switched")[0] == 200, 30, "a write after it")
        serves(second, {"GREETING": "switched"}, 15)
        cluster.settled()
        assert cluster.leader().member != before
        # Now the leader's machine dies: what was acknowledged is on the other.
        revision = change(second, GREETING="acknowledged")[1]["revision"]
        leader = cluster.leader()
        leader.kill()
        eventually(lambda: change(first, OTHER="after the crash")[0] == 200, 60, "a write after it")
        serves(second, {"GREETING": "acknowledged", "OTHER": "after the crash"}, 15)
        assert first.status()["revision"] > revision
        for one in (first, second):
            assert one.status()["integrity"] == "ok"
    finally:
        nodes.close()


def test_doctor_warns_where_replication_is_not_synchronous():
    need(why_not() or daemons.absent("patroni", "etcd"))
    with PatroniCluster(2, synchronous=False) as loose:
        nodes = Nodes(loose.database())
        try:
            node = nodes.start()
            text = node.cli("doctor", exits=None, env={
                "SUTLER_STORE": nodes.store, "SUTLER_MASTER_KEY": f"file:{nodes.key}"}).out.lower()
            assert re.search("warn +database", text) and "synchronous" in text, text
        finally:
            nodes.close()


def test_a_list_of_standbys_alone_is_refused(cluster):
    nodes = Nodes(cluster.database())
    try:
        nodes.start().stop()
        leader = cluster.leader()
        other = next(one for one in cluster.members if one is not leader)
        lost = nodes.node(name="lost", store=f"postgresql://sutler@127.0.0.1:{other.port}/sutler")
        with pytest.raises(NotStarted) as refused:
            lost.start()
        assert "hint:" in refused.value.err
    finally:
        nodes.close()
