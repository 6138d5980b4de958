"""Every way to point a node at the wrong database is told in words, with the way out, and most are
mended without a restart."""
import re
import shutil
import subprocess

import pytest

from support import daemons
from support.certificates import Certificate
from support.cli import Cli
from support.nodes import Nodes, change, need, serves, why_not
from support.postgres import PostgresServer, Standby
from support.server import NotStarted
from support.wait import eventually

SECRET = "a-password-that-nobody-may-see"


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


def told(nodes, store, *words, command="init"):
    """The same refusal from `init` or from `serve`: its words, never a password, never a crash. The
    URI comes by the environment, as one with a password must not be a flag."""
    env = {"SUTLER_STORE": store}
    if command == "init":
        ran = Cli(env=env)("init", "--data-dir", nodes.folder / "wrong", exits=None)
        code, text = ran.code, ran.err
    else:
        node = nodes.node(name="wrong", store="", env=env)
        with pytest.raises(NotStarted) as ended:
            node.start()
        code, text = ended.value.code, ended.value.err
    assert code in (1, 2, 3, 4, 5), f"exit {code}: {text}"
    assert SECRET not in text
    assert "hint:" in text, text
    for word in words:
        assert re.search(word, text, re.IGNORECASE), f"{word!r} is not in: {text}"
    return text


@pytest.mark.parametrize("command", ["init", "serve"])
def test_what_is_no_uri_is_refused_without_repeating_it(nodes, command):
    nodes.init()
    told(nodes, f"postgresql://sutler:{SECRET}@[::1/db", "store|URI", command=command)
    told(nodes, f"postgresql://sutler:{SECRET}@127.0.0.1/db?no_such_option=1", "store|option",
         command=command)
    told(nodes, f"mysql://sutler:{SECRET}@127.0.0.1/db", "store|postgresql://", command=command)


@pytest.mark.parametrize("command", ["init", "serve"])
def test_a_database_that_is_not_there_is_named(database, nodes, command):
    nodes.init()
    port = daemons.free_port()
    told(nodes, f"postgresql://sutler@127.0.0.1:{port}/sutler", f"127.0.0.1:{port}", command=command)
    told(nodes, "postgresql://sutler@no-such-host.invalid/sutler", "no-such-host.invalid",
         command=command)
    told(nodes, database.uri("no_such_database"), "no_such_database", command=command)
    told(nodes, database.uri(nodes.name, user="nobody_here"), "nobody_here", command=command)


@pytest.mark.parametrize("command", ["init", "serve"])
def test_a_wrong_password_is_told_and_never_shown(database, nodes, command):
    nodes.init()
    if not database.sql("select 1 from pg_roles where rolname = 'locked'"):
        database.sql("create role locked login password 'the right one'")
    told(nodes, f"postgresql://locked:{SECRET}@127.0.0.1:{database.port}/{nodes.name}", "password",
         "locked", command=command)
    told(nodes, f"postgresql://locked@127.0.0.1:{database.port}/{nodes.name}", "password",
         command=command)


def test_a_password_is_no_flag_and_in_no_file_that_others_read(nodes):
    nodes.init()
    store = nodes.store.replace("sutler@", f"sutler:{SECRET}@")
    node = nodes.node(name="wrong", store=store)
    with pytest.raises(NotStarted) as ended:
        node.start()
    assert "password" in ended.value.err and SECRET not in ended.value.err
    config = nodes.folder / "open.yaml"
    config.write_text(f"store: {store}\n")
    config.chmod(0o644)
    node = nodes.node("--config", config, name="wrong", store="")
    with pytest.raises(NotStarted) as ended:
        node.start()
    assert "private" in ended.value.err and SECRET not in ended.value.err
    config.chmod(0o600)
    assert nodes.node("--config", config, name="right", store="").start().status()["groups"] == 0


def test_a_role_without_rights_is_told_which_it_lacks(database, nodes):
    nodes.init()
    if not database.sql("select 1 from pg_roles where rolname = 'reader'"):
        database.sql("create role reader login")
    told(nodes, database.uri(nodes.name, user="reader"), "permission", command="serve")
    empty = database.database(f"{nodes.name[:40]}_empty")
    # PostgreSQL 15 lets nobody but the owner make tables in `public`.
    told(nodes, empty.replace("sutler@", "reader@"), "permission")


def test_rights_that_are_taken_away_and_given_back_need_no_restart(database, nodes):
    node = nodes.start()
    tables = "all tables in schema public"
    database.sql(f"revoke insert, update, delete on {tables} from sutler", database=nodes.name)
    status, answer = change(node, GREETING="never")
    assert status in (403, 500, 503), answer
    assert "permission" in str(answer).lower(), answer
    assert node.values() == {"GREETING": "hello"}
    database.sql(f"grant insert, update, delete on {tables} to sutler", database=nodes.name)
    eventually(lambda: change(node, GREETING="back")[0] == 200, 15, "a write")
    assert node.values() == {"GREETING": "back"}


def test_a_read_only_standby_is_refused_by_name(database, nodes):
    nodes.start()
    with Standby(database) as standby:
        text = told(nodes, standby.uri(nodes.name), "read-only|standby|read-write", command="serve")
        assert str(standby.port) in text
        # With both in the list, whoever takes writes is found.
        both = (f"postgresql://sutler@127.0.0.1:{standby.port},127.0.0.1:{database.port}/"
                f"{nodes.name}?target_session_attrs=read-write")
        node = nodes.node(name="both", store=both).start()
        assert change(node, GREETING="found")[0] == 200


def test_a_database_without_a_schema_or_with_a_newer_one_is_refused(database, nodes):
    told(nodes, nodes.store, "sutler init", command="serve")
    nodes.start().stop()
    rows = database.sql("select table_name, column_name from information_schema.columns where "
                        "table_schema = 'public' and column_name like '%schema%' or "
                        "table_schema = 'public' and column_name like '%format%' or "
                        "table_schema = 'public' and column_name = 'version' and table_name like "
                        "'%meta%'", database=nodes.name)
    assert rows, "there is no version of the schema in the database"
    table, column = rows[0]
    before = database.sql(f'select "{column}" from "{table}"', database=nodes.name)[0][0]
    database.sql(f'update "{table}" set "{column}" = %s', 1000, database=nodes.name)
    told(nodes, nodes.store, "newer", command="serve")
    told(nodes, nodes.store, "newer", command="init")
    database.sql(f'update "{table}" set "{column}" = %s', before, database=nodes.name)
    serves(nodes.node(name="after").start(), {"GREETING": "hello"})


def test_a_sqlite_path_and_a_postgres_uri_are_not_mixed_up(nodes, tmp_path):
    nodes.init()
    ran = Cli()("serve", "--data-dir", tmp_path / "x", "--store", str(tmp_path / "file.db"),
                exits=None)
    assert ran.code != 0 and "postgresql://" in ran.err, str(ran)


@pytest.fixture
def volume():
    """A small file system of its own for the database."""
    need(why_not())
    path = daemons.folder("volume")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=0777", "none", path],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
    yield path
    subprocess.run(["umount", "-l", path], check=True)
    path.rmdir()


def fill(folder):
    """Takes what is left but a few pages."""
    path = folder / "filler"
    with open(path, "ab", buffering=0) as filler:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                pass
    return path


def test_a_full_disk_of_the_database_is_told_and_recovers_without_a_restart(volume):
    with PostgresServer(at=daemons.folder("postgres"), data=volume / "data",
                        max_wal_size="32MB", min_wal_size="32MB", wal_keep_size="0") as database:
        nodes = Nodes(database.database())
        try:
            node = nodes.start()
            filler = fill(volume)
            pad, statuses = "x" * 100_000, []
            for number in range(200):
                status, answer = change(node, GREETING=str(number), PAD=pad)
                statuses.append(status)
                if status != 200:
                    break
            assert status in (503, 507), (statuses[-1], answer)
            assert re.search("disk|space|database", str(answer), re.IGNORECASE), answer
            assert node.running and node.fetch().status == 200
            kept = node.values()["GREETING"]
            filler.unlink()
            if not database.running:  # PostgreSQL itself gives up when its log has no room
                database.start()
            eventually(lambda: change(node, GREETING="back")[0] == 200, 30, "a write")
            assert node.values()["GREETING"] == "back" and kept != "back"
            assert node.status()["integrity"] == "ok"
        finally:
            nodes.close()


def test_tls_is_verified_off_loopback_unless_the_uri_says_otherwise(nodes):
    """An address that is not loopback: nobody is believed without a certificate, and not with another's."""
    found = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
    if not found:
        pytest.skip("this machine has no address but loopback")
    address, folder = found[0], daemons.folder("tls")
    pair, stranger = Certificate(folder / "tls"), Certificate(folder / "stranger")
    for one in (folder / "tls", pair.cert, pair.key):
        daemons.give(one)
    try:
        with PostgresServer(listen_addresses=f"127.0.0.1,{address}") as bare:
            bare.allow(f"local all all trust\nhost all all {address}/32 trust\n"
                       "host all all 127.0.0.1/32 trust\n")
            bare.sql("select pg_reload_conf()")
            bare.database()
            told(nodes, bare.uri(host=address), "TLS|SSL|certificate")
            bare.stop()
            bare.settings |= {"ssl": "on", "ssl_cert_file": str(pair.cert),
                              "ssl_key_file": str(pair.key)}
            bare.start()
            told(nodes, bare.uri(host=address), "certificate")
            told(nodes, bare.uri(host=address, sslrootcert=stranger.cert), "certificate")
            told(nodes, bare.uri(host=address, sslrootcert=pair.cert), "does not match|host name")
            named = bare.uri(host="localhost", hostaddr=address, sslrootcert=pair.cert)
            assert Cli()("init", "--data-dir", nodes.folder / "right", "--store", named).code == 0
    finally:
        shutil.rmtree(folder)
