"""The row `postgres`: nodes over one PostgreSQL, which the tests' own tools start and end."""

import contextlib
import http.client
import json
import pathlib
import socket
import statistics
import sys
import threading
import time

import measure
from measure import BenchError
from peers import ROOT, Stores, Sutler, clean_environment, run

sys.path.insert(0, str(ROOT / "test" / "e2e"))
from support import daemons, postgres  # noqa: E402
from support.percentiles import percentile  # noqa: E402

IDLE_SECONDS = 20
WRITERS = 8


class AdminConnection(http.client.HTTPConnection):
    """The admin API over the socket of a data directory."""

    def __init__(self, data_dir):
        super().__init__("localhost", timeout=60)
        self.path = str(pathlib.Path(data_dir) / "admin.sock")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.getresponse()
        text = answer.read()
        if answer.status == 409:
            return None  # another node was faster, time and again: the writer repeats it
        if answer.status not in (200, 201):
            raise BenchError(f"{method} {path}: {answer.status} {text[:200]!r}")
        return json.loads(text)


class Cluster:
    """A database with a seeded store, and the nodes over it. `durable` is with fsync."""

    def __init__(self, bench, server, groups):
        self.bench, self.server = bench, server
        self.name = f"groups_{groups}"
        self.uri = server.database(self.name)
        self.folder = bench.work / f"cluster-{groups}"
        self.folder.mkdir()
        self.key = self.folder / "n1" / "master.key"
        before = self.database_bytes()
        print(f"  making a store with {groups:,} groups in PostgreSQL", flush=True)
        run(
            bench.binary, "store", "seed", "--data-dir", self.folder / "n1", "--store", self.uri,
            "--groups", groups, "--entries", "20",
            "--signing-key-file", bench.keys.signing_key_file,
            env=clean_environment(),
        )
        server.sql("vacuum analyze", database=self.name)
        self.group_bytes = (self.database_bytes() - before) / groups

    def database_bytes(self):
        return self.server.sql("select pg_database_size(%s)", self.name)[0][0]

    def data_dir(self, number):
        return self.folder / f"n{number}"

    def node(self, number, *flags):
        made = Sutler(
            self.bench.binary,
            self.data_dir(number),
            self.bench.keys,
            name=f"n{number}",
            flags=["--store", self.uri, "--master-key", f"file:{self.key}", *flags],
        )
        made.token_file = self.bench.keys.tokens(
            self.folder / f"token-{number}", [Stores.workload(1)]
        )
        return made

    def admin(self, number):
        return AdminConnection(self.data_dir(number))

    @contextlib.contextmanager
    def nodes(self, count):
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(self.node(number)) for number in range(1, count + 1)]


def database_cpu(server):
    """Of the postmaster, everybody it has now and everybody who has ended."""
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    ended = sum(map(int, fields[11:15])) / measure.TICKS_PER_SECOND
    living = 0.0
    for pid in daemons.children(server.process.pid):
        with contextlib.suppress(OSError):
            living += measure.cpu_seconds(pid)
    return ended + living


def throughput(bench, cluster, count):
    """Answers a second and a CPU second of so many nodes on one core, the load on another."""
    with cluster.nodes(count) as nodes:
        results = [None] * count

        def load(number):
            results[number] = measure.keep_alive(nodes[number], bench.sizes.seconds)

        for node in nodes:
            measure.keep_alive(node, 1)
        before, began = sum(measure.cpu_seconds(node.pid) for node in nodes), time.monotonic()
        threads = [threading.Thread(target=load, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if None in results:
            raise BenchError("a load failed")
        cpu = sum(measure.cpu_seconds(node.pid) for node in nodes) - before
        requests = sum(result.requests for result in results)
        return requests / (time.monotonic() - began), requests / cpu


def propagation(cluster, times):
    """Seconds from the acknowledgement at one node until another one serves it."""
    taken = []
    with cluster.nodes(2) as nodes:
        writer, token = cluster.admin(1), nodes[1].token_file.read_text().split()[0]
        group = {"name": "propagation", "secrets": {"variables": {"PROPAGATED": "start"}}}
        writer.ask("POST", "/api/v1/apply", {"groups": [group]})
        reader = http.client.HTTPConnection("127.0.0.1", nodes[1].port, timeout=30)
        for number in range(times):
            value = f"value-{number}"
            writer.ask(
                "PATCH",
                "/api/v1/teams/default/groups/propagation",
                {"variables": {"PROPAGATED": value}},
            )
            began = time.monotonic()
            while True:
                reader.request("GET", "/", headers={"Authorization": f"Bearer {token}"})
                if f'"{value}"'.encode() in reader.getresponse().read():
                    break
                if time.monotonic() - began > 10:
                    raise BenchError("a change was not served by the other node within 10 s")
            taken.append(time.monotonic() - began)
    return taken


def commits(cluster, seconds):
    """Writes a second of eight writers at three nodes, each to a group of its own."""
    counts, overtaken = [0] * WRITERS, [0] * WRITERS
    with cluster.nodes(3):
        end = time.monotonic() + seconds

        def write(number):
            connection = cluster.admin(1 + number % 3)
            path = f"/api/v1/teams/default/groups/writer-{number}"
            group = {"name": f"writer-{number}", "secrets": {"variables": {"V": "0"}}}
            group["restrictions"] = {"projects": ["nobody"]}
            while not connection.ask("POST", "/api/v1/apply", {"groups": [group]}):
                pass
            while time.monotonic() < end:
                if connection.ask("PATCH", path, {"variables": {"V": str(counts[number])}}):
                    counts[number] += 1
                else:
                    overtaken[number] += 1

        threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(f"  {sum(counts)} commits, {sum(overtaken)} told to be repeated", flush=True)
    return sum(counts) / seconds


def idle(cluster):
    """(statements a second, connections) of one node that has nothing to do."""
    server = cluster.server

    def statements():
        return server.sql(
            "select sum(calls) from pg_stat_statements s join pg_database d on d.oid = s.dbid "
            "where d.datname = %s",
            cluster.name,
        )[0][0]

    with cluster.nodes(3):
        time.sleep(5)  # what a start leaves behind is done
        before, began = statements(), time.monotonic()
        time.sleep(IDLE_SECONDS)
        rate = float(statements() - before) / (time.monotonic() - began)
        return rate / 3, server.connections(cluster.name) / 3


def starts(bench, cluster, *flags):
    """Medians of (seconds to ready, CPU seconds of the database, of the node)."""
    rows = []
    for _ in range(min(3, bench.sizes.rounds)):
        before = database_cpu(cluster.server)
        with cluster.node(1, *flags) as node:
            rows.append((node.ready_seconds, measure.cpu_seconds(node.pid)))
        rows[-1] += (database_cpu(cluster.server) - before,)
    return [statistics.median(column) for column in zip(*rows)]


def start_from_file(bench, cluster):
    """The same with the database gone, from the snapshot file."""
    file, deadline = cluster.data_dir(1) / "snapshot.db", time.monotonic() + 600
    with cluster.node(1, "--snapshot-file"):
        while not file.exists():
            if time.monotonic() > deadline:
                raise BenchError("the snapshot file was not written within 10 min")
            time.sleep(0.1)
    cluster.server.stop()
    try:
        return starts_without(bench, cluster)
    finally:
        cluster.server.start()


def starts_without(bench, cluster):
    taken = []
    for _ in range(min(3, bench.sizes.rounds)):
        with cluster.node(1, "--snapshot-file") as node:
            taken.append(node.ready_seconds)
    return statistics.median(taken)


def registry_rows(bench, cluster, workloads):
    """Rows a second: from the last of so many fetches by ever other workloads until the database has
    them all, the fetches included."""
    tokens = bench.keys.tokens(
        cluster.folder / "tokens", map(Stores.workload, range(1, workloads + 1))
    )
    with cluster.node(1) as node:
        node.token_file = tokens
        before, began = database_cpu(cluster.server), time.monotonic()
        measure.loadgen(node, bench.loadgen, "--requests", workloads)
        node.stop()  # writes what is not written yet
        return workloads / (time.monotonic() - began), (
            database_cpu(cluster.server) - before
        ) / workloads


def figures(bench):
    """Name: (what, value, unit, floor, lower is better)."""
    many = bench.sizes.many_groups
    problem = postgres.absent()
    if problem:
        raise BenchError(problem)
    settings = {"shared_preload_libraries": "pg_stat_statements", "shared_buffers": "512MB",
                "max_wal_size": "4GB"}
    with postgres.PostgresServer(durable=True, **settings) as server:
        server.sql("create extension pg_stat_statements")
        small = Cluster(bench, server, 1_000)
        one, one_cpu = throughput(bench, small, 1)
        three, three_cpu = throughput(bench, small, 3)
        seconds = propagation(small, 50 if many < 1_000_000 else 400)
        a_second = commits(small, bench.sizes.seconds)
        queries, connections = idle(small)
        large = Cluster(bench, server, many)
        start, node_cpu, cpu = starts(bench, large)
        from_file = start_from_file(bench, large)
        rows, row_cpu = registry_rows(bench, large, bench.sizes.first_fetches)
    return [
        ("throughput, 1 node", one, "req/s", None, False),
        ("throughput, 3 nodes on the same core", three, "req/s", None, False),
        ("requests per CPU-second, 3 nodes × 1 node", three_cpu / one_cpu, "×", None, False),
        ("propagation, p50", percentile(seconds, 0.5) * 1000, "ms", 1000, True),
        ("propagation, p99", percentile(seconds, 0.99) * 1000, "ms", 1000, True),
        ("commits, 8 writers at 3 nodes", a_second, "a second", None, False),
        ("idle statements of a node", queries, "a second", 10, True),
        ("connections of an idle node", connections, "", None, True),
        (f"start to ready, {many:,} groups", start, "s", 30, True),
        (f"CPU of the node for it, {many:,} groups", node_cpu, "s", None, True),
        (f"CPU of the database for it, {many:,} groups", cpu, "s", None, True),
        (f"start to ready from the snapshot file, {many:,} groups", from_file, "s", 30, True),
        (f"in the database, a group of {many:,}", large.group_bytes, "B", None, True),
        ("registry, workloads recorded", rows, "a second", None, False),
        ("registry, CPU of the database for one", row_cpu * 1e6, "µs", None, True),
    ]
