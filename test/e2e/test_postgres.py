"""Several nodes over one PostgreSQL: what one writes the others serve, and nobody loses a change."""
import json
import re
import threading
import time

import pytest

from support import paths, tokens
from support.cli import Cli
from support.groups import group, shown, variables
from support.nodes import Editors, Nodes, ask, change, need, serves, why_not
from support.percentiles import percentile, summary
from support.postgres import PostgresServer
from support.server import NotStarted
from support.wait import eventually
from support.wire import KeepAlive, get

PROPAGATION_SECONDS = 1.0
CHANGES = paths.rounds(60, 400)


@pytest.fixture(scope="module")
def database():
    need(why_not())
    with PostgresServer() as server:
        yield server


@pytest.fixture
def nodes(database, request):
    """A store of its own, and as many nodes as a test starts."""
    name = re.sub(r"\W", "_", request.node.name)[-50:]
    made = Nodes(database.database(name))
    made.database = name
    yield made
    made.close()


def test_init_makes_the_schema_once_and_a_node_serves_what_is_applied(database, nodes):
    ran = nodes.init()
    assert "postgresql://" in ran.out + ran.err, "it says where the store is"
    assert database.sql("select count(*) from information_schema.tables where table_schema not in "
                        "('pg_catalog', 'information_schema')", database=nodes.database)[0][0] > 0
    node = nodes.start()
    assert node.values() == {"GREETING": "hello"}
    # A second store over the first would be a loss: whoever has the key joins, nobody else.
    again = nodes.init(exits=None, at="other")
    assert again.code != 0 and "hint:" in again.err, str(again)
    joined = nodes.init("--master-key", f"file:{nodes.key}", at="third")
    assert "joined" in joined.out
    assert node.values() == {"GREETING": "hello"}
    assert not (node.data_dir / "sutler.db").exists(), "there is one store, not two"


def test_the_config_file_may_name_the_store_and_a_password_is_never_shown(database, nodes):
    nodes.init()
    config = nodes.folder / "sutler.yaml"
    secret = "a-password-that-nobody-may-see"
    config.write_text(f"store: {nodes.store.replace('sutler@', f'sutler:{secret}@')}\n")
    config.chmod(0o600)
    node = nodes.node("--config", config, store="").start()
    assert node.status()["integrity"] == "ok"
    ran = Cli()("config", "check", "--config", config)
    doctor = node.cli("doctor", exits=None)
    for text in (ran.out, ran.err, doctor.out, doctor.err, node.log(), json.dumps(node.status()),
                 json.dumps(node.audit())):
        assert secret not in text


def test_what_one_node_applies_every_other_serves(nodes):
    first, second, third = nodes.start(3)
    first.apply(group("base", {"GREETING": "hello", "FROM": "first"}))
    for one in (first, second, third):
        serves(one, {"FROM": "first"})
    second.apply(group("more", {"MORE": "second"}))
    third.add_team("other")
    for one in (first, second, third):
        serves(one, {"MORE": "second"})
        eventually(lambda at=one: "other" in {team["id"] for team in at.api(
            "GET", "/api/v1/teams")["items"]}, 5, "the team")
    revisions = {one.status()["revision"] for one in (first, second, third)}
    assert len(revisions) == 1, revisions
    third.api("DELETE", "/api/v1/teams/default/groups/more")
    eventually(lambda: "MORE" not in first.values(), 5, "the end of a group")


def test_the_audit_of_a_fetch_names_its_revision_and_its_node(nodes):
    first, second = nodes.start(2)
    made = first.apply(group("base", {"GREETING": "again"}))["revision"]
    serves(second, {"GREETING": "again"})
    for one in (first, second):
        one.fetch()
        told = one.audit_settles(len(one.audit("fetch")))[-1]
        assert told["revision"] == made, told
        one.cli("audit", "verify")


def test_a_change_through_one_node_is_served_by_another_within_a_second(nodes):
    first, second = nodes.start(2)
    taken = []
    with KeepAlive(second.provider) as connection:
        token = tokens.token()
        for number in range(CHANGES):
            assert change(first, GREETING=str(number))[0] == 200
            acknowledged = time.monotonic()
            eventually(lambda n=number: connection.get(token).values()["GREETING"] == str(n),
                       PROPAGATION_SECONDS * 3, f"change {number}")
            taken.append(time.monotonic() - acknowledged)
    print(f"propagation: {summary(taken)}")
    assert percentile(taken, 0.99) < PROPAGATION_SECONDS, summary(taken)


def test_a_fetch_after_a_write_through_the_same_node_sees_it_at_once(nodes):
    pair = nodes.start(2)
    for number, node in enumerate(pair):
        node.apply(group(f"of-{number}", {f"NUMBER_{number}": "start"}))
    for number in range(CHANGES):
        mine = number % 2
        status, told = change(pair[mine], f"of-{mine}", **{f"NUMBER_{mine}": str(number)})
        assert status == 200, told
        assert pair[mine].values()[f"NUMBER_{mine}"] == str(number), \
            "the node that took a write does not show it"


def test_twenty_editors_at_three_nodes_lose_no_change(nodes):
    three = nodes.start(3)
    three[0].apply(group("shared", {"COUNT": "0", "LEFT": "-", "RIGHT": "-"}))
    for one in three:
        serves(one, {"COUNT": "0"})
    stop, wrong = threading.Event(), []

    def watch(node):
        seen = 0
        with KeepAlive(node.provider) as connection:
            while not stop.is_set():
                values = connection.get(tokens.token()).values()
                if values["LEFT"] != values["RIGHT"]:
                    wrong.append(f"half a change at {node.name}: {values}")
                if int(values["COUNT"]) < seen:
                    wrong.append(f"{node.name} went back from {seen} to {values['COUNT']}")
                seen = int(values["COUNT"])

    watchers = [threading.Thread(target=watch, args=(one,)) for one in three]
    for one in watchers:
        one.start()
    try:
        editors = Editors(three, 20, paths.rounds(3, 20)).run()
    finally:
        stop.set()
        for one in watchers:
            one.join()
    assert not wrong, wrong[:3]
    assert len(set(editors.given)) == len(editors.given) == 20 * paths.rounds(3, 20)
    for one in three:
        serves(one, {"COUNT": str(len(editors.given))})
        values = variables(shown(ask(one, "GET", "/api/v1/teams/default/groups/shared?reveal=true")[2]))
        assert int(values["COUNT"]) == len(editors.given), "a change was lost"
    print(f"{len(editors.given)} changes, {editors.conflicts} times somebody was faster")


def test_nodes_started_at_once_over_an_empty_registry_agree(nodes):
    """Several that start in the same moment take one lock each after the other."""
    nodes.start()
    started, failures = [], []

    def start():
        try:
            started.append(nodes.node(name=f"late{len(nodes.made)}").start())
        except NotStarted as refused:
            failures.append(refused)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failures, failures
    for one in started:
        assert one.values() == {"GREETING": "hello"}


def test_a_node_with_another_master_key_is_refused_and_told_which_key_it_needs(nodes):
    first = nodes.start()
    needed = first.api("GET", "/api/v1/master-key")["primary"]
    other = nodes.folder / "other.key"
    Cli()("master-key", "new", other)
    stranger = nodes.node(name="stranger", key=other)
    with pytest.raises(NotStarted) as refused:
        stranger.start()
    assert refused.value.code != 0
    assert needed in refused.value.err, refused.value.err
    # And one without a key makes none beside a store that has one.
    lost = nodes.node(name="lost", key=nodes.folder / "nowhere.key")
    with pytest.raises(NotStarted) as refused:
        lost.start()
    assert refused.value.code != 0 and not (nodes.folder / "nowhere.key").exists()
    assert first.values() == {"GREETING": "hello"}


def test_an_operator_made_at_one_node_is_known_at_the_other_and_ended_at_both(nodes):
    first, second = nodes.start(2)
    made = first.cli("operator", "add", "ci", "--role", "viewer", "--json", exits=None)
    assert made.code == 0, str(made)
    token = first.cli("token", "create", "ci").out.strip()

    def status(node) -> int:
        ran = Cli(env={"SUTLER_ADDR": node.admin, "SUTLER_TOKEN": token})("group", "list", exits=None)
        return ran.code

    eventually(lambda: status(second) == 0, 5, "the token at the other node")
    first.cli("operator", "disable", "ci")
    eventually(lambda: status(second) == 4, 5, "the end of the token at the other node")


def test_doctor_tells_of_the_database_and_what_is_not_safe_about_it(nodes):
    node = nodes.start()
    ran = node.cli("doctor", exits=None, env={"SUTLER_STORE": nodes.store,
                                              "SUTLER_MASTER_KEY": f"file:{nodes.key}"})
    text = ran.out.lower()
    assert "database" in text and "postgresql://" in text, text
    assert "fsync is off" in text, "this one was started without"


def test_doctor_asks_the_server_where_its_own_settings_name_no_database(nodes):
    node = nodes.start()
    told = node.cli("doctor", "--json", exits=None).json()
    about = [one for one in told["checks"] if one["name"] == "database"]
    assert about and "postgresql://" in about[0]["detail"], told
    assert "fsync is off" in about[0]["detail"]
    status = node.api("GET", "/api/v1/status?database=true")
    assert status["store"].startswith("postgresql://") and status["database"]["fsync"] is False
    # It is an owner's business where things lie.
    node.cli("operator", "add", "eve", "--role", "viewer")
    token = node.cli("token", "create", "eve").out.strip()
    seen = get(node.admin, token, "/api/v1/status?database=true").json()
    assert "store" not in seen and "database" not in seen, seen
