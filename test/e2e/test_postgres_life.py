"""The life of one node over PostgreSQL: it ends in time whatever it waits for, it leaves a copy of what
it had, and nothing that answers in the database's place can use up its memory."""
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress

import pytest

from support import paths
from support.cli import Cli
from support.groups import group
from support.nodes import Nodes, change, need, serves, why_not
from support.postgres import PostgresServer
from support.server import NotStarted
from support.wait import eventually, moment
from test_postgres_faults import copied

# Drain of the admin side, and what a thread may still wait for: far below systemd's 90 s.
END_SECONDS = 20


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
    made.database = name
    yield made
    made.close()


def ends(node, code=0):
    """SIGTERM; how long it took."""
    began = time.monotonic()
    node.signal(signal.SIGTERM)
    try:
        assert node.wait(END_SECONDS) == code, node.log()[-2000:]
    except subprocess.TimeoutExpired:
        node.kill()
        raise AssertionError(f"SIGTERM waited for the database: {node.log()[-2000:]}") from None
    return time.monotonic() - began


def spawn(*words):
    return subprocess.Popen([str(paths.binary()), *map(str, words)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            env=paths.clean_environment())


class Silence:
    """A port where connections are taken and nothing is said."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.taken = threading.Event()
        self.open = []
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        with suppress(OSError):
            while True:
                self.open.append(self.listener.accept()[0])
                self.taken.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for one in self.open:
            one.close()


def test_a_node_ends_that_starts_while_nobody_answers(nodes):
    nodes.init()
    with Silence() as silence:
        hosts = ",".join([f"127.0.0.1:{silence.port}"] * 10)
        node = nodes.node(name="starting", store=f"postgresql://sutler@{hosts}/x?connect_timeout=60")
        node.spawn()
        assert silence.taken.wait(20)
        ends(node)


def test_a_node_ends_that_starts_over_a_database_that_froze_meanwhile(database, nodes):
    """It is connected, and reads."""
    nodes.start().stop()
    node = nodes.node(name="starting")
    with closing(database.connect(nodes.database)) as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute("lock table sutler_record in access exclusive mode")
        node.spawn()
        eventually(lambda: database.sql("select 1 from pg_stat_activity where datname = %s and "
                                        "wait_event_type = 'Lock'", nodes.database), 20, "a reader")
        database.freeze()
        ends(node)
        database.thaw()
        connection.rollback()


@pytest.mark.parametrize("state", ["following", "writing", "copying"])
def test_a_node_ends_whose_database_froze(database, nodes, state):
    node = nodes.start(1, *(["--snapshot-file"] if state == "copying" else []))
    writes = []
    if state == "writing":
        with closing(database.connect(nodes.database)) as connection:
            connection.autocommit = False
            with connection.cursor() as cursor:
                cursor.execute("select * from sutler_store for update")
            writes = [threading.Thread(target=change, args=(node,), kwargs={"A": str(number)})
                      for number in range(3)]
            for one in writes:
                one.start()
            eventually(lambda: database.sql("select 1 from pg_stat_activity where datname = %s and "
                                            "wait_event_type = 'Lock'", nodes.database), 10, "a write")
            database.freeze()
            took = ends(node)
            database.thaw()
            connection.rollback()
        for one in writes:
            one.join()
    else:
        database.freeze()
        took = ends(node)
    print(f"{state}: {took:.1f} s")


def test_moving_a_store_into_a_database_that_froze_can_be_ended(database, nodes, tmp_path):
    Cli()("init", "--data-dir", tmp_path / "old")
    nodes.init(at="target")
    database.freeze()
    moving = spawn("store", "migrate", "--from", f"sqlite:{tmp_path / 'old'}", "--to", nodes.store)
    moment(0.5)
    moving.terminate()
    moving.wait(END_SECONDS)


PRELOAD = """
#include <netdb.h>
#include <unistd.h>
int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints,
                struct addrinfo** result) {
  (void)node; (void)service; (void)hints; (void)result;
  write(2, "a name is asked for\\n", 20);
  for (;;) pause();
}
"""


@pytest.fixture
def deaf_names(tmp_path):
    """A name service that never answers."""
    source, made = tmp_path / "names.c", tmp_path / "names.so"
    source.write_text(PRELOAD)
    subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", str(made)], check=True)
    return {"LD_PRELOAD": str(made)}


def test_a_name_service_that_does_not_answer_holds_up_neither_fetch_nor_end(nodes, deaf_names):
    nodes.start(1, "--snapshot-file").stop()
    named = nodes.store.replace("127.0.0.1", "localhost")
    # One that starts waits for the name and is ended; one that has a copy serves from it.
    node = nodes.node(name="asking", store=named, env=deaf_names).spawn()
    eventually(lambda: "a name is asked for" in node.log(), 20, "the question")
    ends(node)
    with pytest.raises(NotStarted) as refused:
        nodes.node(name="patient", store=named, env=deaf_names).start()
    assert "localhost" in refused.value.err and "name service" in refused.value.err


def test_a_node_that_ends_leaves_a_copy_of_what_it_had(database, nodes):
    node = nodes.start(1, "--snapshot-file")
    eventually(lambda: copied(node) == node.status()["revision"], 20, "the copy")
    # Within the five seconds in which no copy is written.
    last = node.apply(group("base", {"GREETING": "the last word"}))["revision"]
    assert node.stop() == 0
    assert copied(node) == last
    database.stop()
    node.again()
    assert node.values() == {"GREETING": "the last word"}
    # Without a database there is nothing to write, and the copy stays.
    assert node.stop() == 0
    assert copied(node) == last
    database.start()
    node.again()
    serves(node, {"GREETING": "the last word"})


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


class Flood(Silence):
    """Says that it is PostgreSQL 15 and answers the first question with one cell of a gigabyte."""

    def accept(self):
        with suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                self.open.append(client)
                threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    def answer(self, client):
        with suppress(OSError):
            client.recv(1 << 16)
            settings = {b"server_version": b"15.0", b"client_encoding": b"UTF8",
                        b"in_hot_standby": b"off", b"default_transaction_read_only": b"off"}
            client.sendall(message(b"R", struct.pack("!i", 0)) + b"".join(
                message(b"S", name + b"\0" + value + b"\0") for name, value in settings.items())
                + message(b"K", struct.pack("!ii", 1, 1)) + message(b"Z", b"I"))
            client.recv(1 << 16)
            column = b"format\0" + struct.pack("!ihihih", 0, 0, 17, -1, -1, 1)
            client.sendall(message(b"1", b"") + message(b"2", b"")
                           + message(b"T", struct.pack("!h", 1) + column)
                           + b"D" + struct.pack("!ihi", (1 << 30) + 10, 1, 1 << 30))
            self.taken.set()
            while True:
                client.sendall(bytes(1 << 20))


# A process begins with the peak of the one that started it, which may be large: a small one starts it.
MEASURED = """
import resource, subprocess, sys
ended = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(ended.returncode)
"""


def test_a_database_that_sends_a_gigabyte_for_one_cell_is_left(nodes):
    nodes.init()
    with Flood() as flood:
        store = f"postgresql://sutler@127.0.0.1:{flood.port}/x?sslmode=disable"
        small = subprocess.Popen(
            ["sh", "-c", '"$@" & wait $!', "sh", sys.executable, "-c", MEASURED, str(paths.binary()), "init",
             "--data-dir", str(nodes.folder / "flooded"), "--store", store],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=paths.clean_environment())
        out, said = small.communicate(timeout=60)
    assert flood.taken.is_set() and small.returncode != 0
    assert "for one row" in said, said
    used = int(out.split()[-1])
    assert used < 400 * 1024, f"{used} KiB"
