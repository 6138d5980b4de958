"""The master key changed over two nodes; backups of a store in PostgreSQL; moving a store there."""
import random
import re
import signal
import subprocess
import threading

import pytest

from support import bundles, paths, tokens
from support.cli import Cli
from support.groups import group
from support.nodes import Nodes, change, need, why_not
from support.postgres import PostgresServer
from support.server import NotStarted, Server
from support.wait import eventually, moment


@pytest.fixture(scope="module")
def database():
    need(why_not())
    with PostgresServer() as server:
        yield server


@pytest.fixture
def nodes(database, request):
    made = Nodes(database.database(re.sub(r"\W", "_", request.node.name)[-50:]))
    made.name = made.store.rsplit("/", 1)[1]
    yield made
    made.close()


def master_key(node) -> dict:
    return node.api("GET", "/api/v1/master-key")


def test_the_master_key_is_changed_over_two_nodes_and_the_old_one_ends(nodes):
    cli, folder = Cli(), nodes.folder
    ids = {name: cli("master-key", "new", folder / name).out.split()[2] for name in ("old", "new")}
    nodes.key = folder / "old"
    config = folder / "sutler.yaml"

    def use(*names):
        specs = ", ".join(f'"file:{folder / name}"' for name in names)
        config.write_text(f"master_key: [{specs}]\nstore: {nodes.store}\n")
        config.chmod(0o600)

    def listed(name):
        made = Server(folder / name, "--config", config)
        nodes.made.append(made)
        return made

    use("old")
    nodes.init("--master-key", f"file:{folder / 'old'}")
    first, second = listed("n1").start(), listed("n2").start()
    first.add_key()
    for version in range(20):
        first.apply(*(group(f"g{n}", {"V": str(version)}, projects=["p"] if n else None)
                      for n in range(10)))
    # Both must know the new key before either wraps with it: a node that does not could open nothing.
    for order in (("old", "new"), ("new", "old")):
        use(*order)
        for one in (first, second):
            one.signal(signal.SIGHUP)
            eventually(lambda at=one, first=order[0]: master_key(at)["primary"] == ids[first] and all(
                key["configured"] for key in master_key(at)["keys"]), 20, "the new list")
    ran = first.cli("master-key", "rotate", seconds=120)
    assert ran.code == 0
    eventually(lambda: {one["id"] for one in master_key(second)["keys"]
                        if one["current"] + one["history"]} == {ids["new"]}, 20, "only the new key")
    for one in (first, second):
        assert one.fetch().values()["V"] == "19"
        assert one.status()["integrity"] == "ok"
    assert second.call("PATCH", "/api/v1/teams/default/groups/g0", {"variables": {"V": "20"}})[0] == 200
    use("new")
    for one in (first, second):
        one.signal(signal.SIGHUP)
    eventually(lambda: first.fetch().values()["V"] == "20", 5, "the change at the other node")
    for one in (first, second):
        assert one.stop() == 0
    use("old")
    with pytest.raises(NotStarted) as refused:
        listed("n3").start()
    assert ids["new"] in refused.value.err
    use("new")
    assert listed("n4").start().fetch().values()["V"] == "20"


def test_a_key_that_one_node_does_not_know_yet_is_told_by_it(nodes):
    """What happens when somebody rotates too early: the other node serves on, and says why."""
    first, second = nodes.start(2)
    cli, folder = Cli(), nodes.folder
    new = cli("master-key", "new", folder / "new").out.split()[2]
    config = folder / "sutler.yaml"
    config.write_text(f'master_key: ["file:{folder / "new"}", "file:{nodes.key}"]\n'
                      f"store: {nodes.store}\n")
    config.chmod(0o600)
    first.stop()
    ahead = Server(folder / "n1", "--config", config)
    nodes.made.append(ahead)
    ahead.start()
    ahead.api("PATCH", "/api/v1/teams/default/groups/base", {"variables": {"GREETING": "new"}})
    eventually(lambda: new in second.log() or second.status()["integrity"] != "ok", 15,
               "the word of a key that is not known")
    assert second.fetch().status == 200, "the last good state is served on"


def test_a_backup_of_a_store_in_postgresql_restores_to_either_kind(database, nodes, serve, tmp_path):
    node = nodes.start()
    node.apply(*bundles.groups())
    before = bundles.answers(node)
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            change(node, GREETING=str(number))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        file = node.cli("backup", "create", "--json").json()["file"]
    finally:
        stop.set()
        writer.join()
    cli, key = Cli(), f"file:{nodes.key}"
    cli("backup", "verify", file, "--master-key", key)
    node.apply(group("base", {"GREETING": "after the backup"}))
    # Into files of one machine.
    cli("restore", file, "--data-dir", tmp_path / "restored", "--master-key", key)
    alone = serve("--master-key", key, at=tmp_path / "restored")
    assert without_greeting(bundles.answers(alone)) == without_greeting(before)
    # And into another database.
    target = database.database(f"{nodes.name[:40]}_restored")
    cli("restore", file, "--data-dir", tmp_path / "other", "--store", target, "--master-key", key)
    second = Nodes(target, tmp_path / "second")
    second.folder.mkdir()
    copy = second.node(key=nodes.key).start()
    try:
        assert without_greeting(bundles.answers(copy)) == without_greeting(before)
        assert copy.status()["integrity"] == "ok"
    finally:
        copy.stop()


def without_greeting(answers) -> dict:
    return {who: re.sub(rb'\{[^{}]*"GREETING"[^{}]*\}', b"", body) for who, body in answers.items()}


def test_a_backup_is_not_restored_over_a_database_that_has_a_store(nodes, tmp_path):
    node = nodes.start()
    file = node.cli("backup", "create", "--json").json()["file"]
    ran = Cli()("restore", file, "--data-dir", tmp_path / "other", "--store", nodes.store,
                "--master-key", f"file:{nodes.key}", exits=None)
    assert ran.code != 0 and "hint:" in ran.err, str(ran)
    assert node.values() == {"GREETING": "hello"}


# -- sutler store migrate --------------------------------------------------------------------------

def migrate(server, target, *flags, **options):
    return Cli()("store", "migrate", "--from", f"sqlite:{server.data_dir}", "--to", target,
                 "--master-key", f"file:{server.data_dir}/master.key", *flags, seconds=180, **options)


@pytest.fixture
def stocked(serve):
    server = serve()
    server.add_key()
    server.apply(*bundles.groups(), group("base", {"GREETING": "hello"}))
    for version in range(paths.rounds(20, 200)):
        server.apply(group("base", {"GREETING": f"hello {version}"}))
    return server


def test_a_store_moves_to_postgresql_while_it_serves(database, nodes, stocked):
    before = bundles.answers(stocked)
    stop, failures, written = threading.Event(), [], [0]

    def load():
        while not stop.is_set():
            status, told = stocked.call("PATCH", "/api/v1/teams/default/groups/base",
                                        {"variables": {"GREETING": f"during {written[0]}"}})
            if status == 200:
                written[0] += 1
            elif status not in (503, 409):  # refused for a moment, and said so
                failures.append((status, told))
            if stocked.fetch().status != 200:
                failures.append("a fetch failed")

    worker = threading.Thread(target=load)
    worker.start()
    try:
        ran = migrate(stocked, nodes.store)
    finally:
        stop.set()
        worker.join()
    assert not failures, failures[:3]
    assert "not finished" in ran.err, str(ran)
    # Nobody serves a copy that lacks what came after it.
    early = nodes.node(name="early", key=stocked.data_dir / "master.key")
    with pytest.raises(NotStarted) as refused:
        early.start()
    assert "migrat" in refused.value.err
    stocked.stop()
    ran = migrate(stocked, nodes.store)
    assert "verified" in ran.out and int(re.search(r"(\d+) written now", ran.out).group(1)) < \
        3 * written[0] + 20, "the second run takes what is new"
    node = nodes.node(name="moved", key=stocked.data_dir / "master.key").start()
    assert without_greeting(bundles.answers(node)) == without_greeting(before)
    assert node.values()["GREETING"] == f"during {written[0] - 1}", "a change was left behind"
    versions = node.api("GET", "/api/v1/teams/default/groups/base/versions?limit=1000")["items"]
    assert len(versions) >= written[0], "the history did not come along"
    assert node.status()["integrity"] == "ok"


SEEDED = 20_000  # so many groups that a migration lasts long enough to be killed


@pytest.fixture
def seeded(serve, tmp_path):
    key = tmp_path / "signing-key"
    key.write_text(tokens.KEY)
    key.chmod(0o600)
    Cli()("store", "seed", "--data-dir", tmp_path / "seeded", "--groups", SEEDED, "--entries", 3,
          "--signing-key-file", key, seconds=180)
    return serve(at=tmp_path / "seeded")


def seeded_answers(server) -> list:
    """What some workloads get of a seeded store: three groups each."""
    found = [server.fetch(project=f"bench-{n}", object_id=f"svc-{n}")
             for n in range(1, SEEDED // 3, SEEDED // 30)]
    assert {answer.status for answer in found} == {200}
    return [answer.body for answer in found]


def test_a_migration_that_is_killed_goes_on_and_nobody_serves_half_a_store(nodes, seeded):
    before = seeded_answers(seeded)
    seeded.stop()
    dice, killed, refused_half = random.Random(5), 0, 0
    for _ in range(paths.rounds(6, 40)):
        process = subprocess.Popen(
            [paths.binary(), "store", "migrate", "--from", f"sqlite:{seeded.data_dir}",
             "--to", nodes.store, "--master-key", f"file:{seeded.data_dir}/master.key"],
            env=paths.clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        moment(dice.uniform(0.03, 0.4))
        process.kill()
        if process.wait() == 0:
            break
        killed += 1
        half = nodes.node(name=f"half{killed}", key=seeded.data_dir / "master.key")
        try:
            half.start()
        except NotStarted as refused:
            assert "hint:" in refused.err
            refused_half += 1
            continue
        # It was killed after the last step, while it was looking at the result: all of it is there.
        assert seeded_answers(half) == before
        half.stop()
    assert killed > 0 and refused_half > 0
    ran = migrate(seeded, nodes.store)
    assert "verified" in ran.out, str(ran)
    node = nodes.node(name="moved", key=seeded.data_dir / "master.key").start()
    assert seeded_answers(node) == before
    assert node.status()["groups"] == SEEDED


def test_a_migration_is_not_made_over_another_store_or_with_a_wrong_key(nodes, stocked):
    nodes.start()
    ran = migrate(stocked, nodes.store, exits=None)
    assert ran.code != 0 and "hint:" in ran.err, str(ran)
    other = nodes.folder / "other.key"
    Cli()("master-key", "new", other)
    ran = Cli()("store", "migrate", "--from", f"sqlite:{stocked.data_dir}", "--to", nodes.store,
                "--master-key", f"file:{other}", exits=None)
    assert ran.code != 0, str(ran)
