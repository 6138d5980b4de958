"""The rows of the table. Each function measures one; it returns table lines and verdicts."""

import contextlib
import dataclasses
import json
import shutil
import statistics
import subprocess
import time

import measure
from measure import BenchError
from peers import Express, Nginx, Stores, Sutler

ENTRIES_OF_A_WORKLOAD = 3 * 20


@dataclasses.dataclass
class Sizes:
    """How much is done. --quick is for seeing that the bench works, not for figures."""

    rounds: int = 5
    seconds: int = 5
    many_groups: int = 1_000_000
    first_fetches: int = 30_000
    many_first_fetches: int = 100_000
    workloads_seen: int = 100_000
    workloads_observed: int = 20_000
    audit_records: int = 1_000_000

    @classmethod
    def quick(cls):
        return cls(
            rounds=2,
            seconds=1,
            many_groups=60_000,
            first_fetches=3_000,
            many_first_fetches=15_000,
            workloads_seen=2_000,
            workloads_observed=2_000,
            audit_records=50_000,
        )


@dataclasses.dataclass
class Verdict:
    """One figure. `floor` must be reached, `aim` is hoped for; None: there is no such target."""

    row: str
    what: str
    value: float
    unit: str
    floor: float | None
    aim: float | None
    lower_is_better: bool = False

    def reaches(self, target):
        return self.value <= target if self.lower_is_better else self.value >= target

    @property
    def word(self):
        if self.floor is not None and not self.reaches(self.floor):
            return "BELOW FLOOR"
        if self.aim is None:
            return "floor held"
        return "aim reached" if self.reaches(self.aim) else "aim missed"


@dataclasses.dataclass
class Line:
    """What one peer did in one row: medians of the rounds."""

    row: str
    peer: str
    per_cpu_second: float
    per_second: float
    p50_us: float
    p99_us: float

    @classmethod
    def of(cls, row, peer, samples):
        middle = lambda name: statistics.median(getattr(sample, name) for sample in samples)
        return cls(row, peer, *map(middle, ("per_cpu_second", "per_second", "p50_us", "p99_us")))


@dataclasses.dataclass
class Bench:
    binary: object
    loadgen: object
    work: object
    keys: object
    stores: Stores
    sizes: Sizes

    def alternate(self, row, peers, load):
        """Each round loads every peer in turn: a slow minute of the machine meets all of them."""
        for peer in peers:
            load(peer, 1)  # warm: caches, branch predictors, node's compiler
        samples = {peer.name: [] for peer in peers}
        for _ in range(self.sizes.rounds):
            for peer in peers:
                samples[peer.name].append(load(peer, self.sizes.seconds))
        return samples, [Line.of(row, name, taken) for name, taken in samples.items()]

    def new_connection(self, peer, seconds):
        return measure.new_connection(peer, self.loadgen, seconds)

    def first_token(self):
        return self.keys.token_file.read_text().split()[0]


def ratio(samples, peer, other, figure="per_cpu_second"):
    """The median of the ratios of each round: what drifts between rounds cancels out."""
    pairs = zip(samples[peer], samples[other], strict=True)
    return statistics.median(getattr(a, figure) / getattr(b, figure) for a, b in pairs)


def against_peers(bench, row, load, tls, express_too):
    with contextlib.ExitStack() as stack:
        data_dir = bench.stores.reference("tls" if tls else "plain")
        sutler = stack.enter_context(Sutler(bench.binary, data_dir, bench.keys, tls=tls))
        answer = measure.probe(sutler, bench.first_token())
        nginx = stack.enter_context(Nginx(answer.body, bench.work, bench.keys, tls=tls))
        peers = [nginx, sutler]
        other = measure.probe(nginx, bench.first_token())
        if other.body != answer.body:
            raise BenchError("nginx does not answer the bytes that sutler answers")
        if other.cipher != answer.cipher:
            raise BenchError(
                f"not one cipher for both: nginx {other.cipher}, sutler {answer.cipher}"
            )
        if express_too:
            peers.append(stack.enter_context(Express(bench.work, bench.keys)))
            check_same_entries(answer.body, measure.probe(peers[-1], bench.first_token()).body)
        return bench.alternate(row, peers, load)


def check_same_entries(ours, theirs):
    names = lambda body: sorted(
        entry.get("key") or entry["path"] for entry in json.loads(body)["secrets"]
    )
    if names(ours) != names(theirs):
        raise BenchError(f"express answers {names(theirs)}, sutler {names(ours)}")


def keepalive(bench):
    samples, lines = against_peers(
        bench, "keepalive", measure.keep_alive, tls=False, express_too=True
    )
    return lines, [
        Verdict("keepalive", "× nginx", ratio(samples, "sutler", "nginx"), "×", 0.55, 0.9),
        Verdict("keepalive", "× express", ratio(samples, "sutler", "express"), "×", 50, None),
    ]


def newconn(bench):
    samples, lines = against_peers(
        bench, "newconn", bench.new_connection, tls=False, express_too=True
    )
    value = ratio(samples, "sutler", "nginx")
    return lines, [Verdict("newconn", "× nginx", value, "×", 0.8, 1.1)]


def tls(bench):
    samples, lines = against_peers(bench, "tls", measure.keep_alive, tls=True, express_too=False)
    value = ratio(samples, "sutler", "nginx")
    return lines, [Verdict("tls", "× nginx", value, "×", 0.6, 0.95)]


def tlsnew(bench):
    samples, lines = against_peers(
        bench, "tlsnew", bench.new_connection, tls=True, express_too=False
    )
    return lines, [
        Verdict("tlsnew", "× nginx", ratio(samples, "sutler", "nginx"), "×", 0.95, 1.05),
        Verdict(
            "tlsnew",
            "p99 × nginx",
            ratio(samples, "sutler", "nginx", "p99_us"),
            "×",
            None,
            1.0,
            True,
        ),
    ]


def seeded_server(bench, groups, tokens=None):
    server = Sutler(
        bench.binary, bench.stores.seeded(groups), bench.keys, name=f"{groups:,} groups"
    )
    server.token_file = tokens or bench.keys.tokens(
        bench.work / f"token-{groups}", [Stores.workload(1)]
    )
    return server


def groups(bench):
    few, many = 10, bench.sizes.many_groups
    with seeded_server(bench, few) as small, seeded_server(bench, many) as large:
        samples, lines = bench.alternate("groups", [small, large], measure.keep_alive)
    value = ratio(samples, large.name, small.name, "per_second")
    return lines, [
        Verdict("groups", f"throughput, {many:,} groups × 10 groups", value, "×", 0.9, 1.0)
    ]


def first_fetches(bench, groups_in_store, count):
    """Each round starts the server anew, with nothing cached, and asks once for each workload."""
    tokens = bench.keys.tokens(
        bench.work / f"tokens-{groups_in_store}", map(Stores.workload, range(1, count + 1))
    )
    last = groups_in_store // 3 - 1
    samples = []
    for _ in range(min(3, bench.sizes.rounds)):
        with seeded_server(bench, groups_in_store, tokens) as server:
            body = measure.probe(
                server, measure.sign(bench.keys.signing_key, *Stores.workload(last))
            ).body
            if (entries := len(json.loads(body)["secrets"])) != ENTRIES_OF_A_WORKLOAD:
                raise BenchError(
                    f"a seeded workload has {entries} entries, not {ENTRIES_OF_A_WORKLOAD}"
                )
            samples.append(measure.loadgen(server, bench.loadgen, "--requests", count))
            if samples[-1].requests != count:
                raise BenchError(f"{samples[-1].requests} answers to {count} requests")
    micros = statistics.median(1e6 / sample.per_cpu_second for sample in samples)
    line = Line.of("first", f"{groups_in_store:,} groups", samples)
    return line, Verdict(
        "first", f"CPU of a first fetch, {groups_in_store:,} groups", micros, "µs", 60, 30, True
    )


def first(bench):
    sizes = bench.sizes
    # Three groups for each workload that is asked for, and three more for the probe.
    some = first_fetches(bench, 3 * sizes.first_fetches + 6, sizes.first_fetches)
    many = first_fetches(bench, sizes.many_groups, sizes.many_first_fetches)
    return [some[0], many[0]], [some[1], many[1]]


def start(bench):
    verdicts = []
    for groups_in_store, floor, aim in ((1_000, 0.1, 0.05), (bench.sizes.many_groups, 15, 5)):
        taken = []
        for _ in range(bench.sizes.rounds):
            with seeded_server(bench, groups_in_store) as server:
                taken.append(server.ready_seconds)
        verdicts.append(
            Verdict(
                "start",
                f"start to ready, {groups_in_store:,} groups",
                statistics.median(taken),
                "s",
                floor,
                aim,
                True,
            )
        )
    return [], verdicts


def idle_bytes(bench, groups_in_store):
    with seeded_server(bench, groups_in_store) as server:
        time.sleep(3)  # idle is after what the start leaves behind has been given back
        return measure.rss_bytes(server.pid)


def memory(bench):
    few, many = 1_000, bench.sizes.many_groups
    small, large = idle_bytes(bench, few), idle_bytes(bench, many)
    return [], [
        Verdict("memory", f"RSS idle, {few:,} groups", small / 1e6, "MB", 30, 15, True),
        Verdict(
            "memory",
            "RSS of each further group",
            (large - small) / (many - few) / 1e3,
            "KB",
            3,
            2,
            True,
        ),
    ]


def registry(bench):
    """100,000 workloads that were seen: how long the answers about them take, in memory."""
    program = bench.binary.with_name("sutler_registry_bench")
    if not program.is_file():
        raise BenchError(f"{program} is missing: script/build release")
    command = [str(program), str(bench.sizes.workloads_seen)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    taken = json.loads(done.stdout)
    limits = (
        ("list", "list_ms", 500),
        ("drift", "drift_ms", 500),
        ("exposure", "exposure_ms", 500),
        ("impact, a group of 50", "impact_one_ms", 1000),
        ("impact, a group of all", "impact_all_ms", 1000),
    )
    return [], [
        Verdict("registry", f"{what}, {taken['workloads']:,} workloads", taken[name], "ms", floor,
                None, True)
        for what, name, floor in limits
    ]


def audit(bench):
    """A log of 1,000,000 records: how long a page of what matches takes, from the page cache."""
    program = bench.binary.with_name("sutler_audit_bench")
    if not program.is_file():
        raise BenchError(f"{program} is missing: script/build release")
    folder = bench.work / "audit"
    folder.mkdir()
    command = [str(program), str(folder), str(bench.sizes.audit_records)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shutil.rmtree(folder)
    taken = json.loads(done.stdout)
    searches = (
        ("the newest 100", "newest_ms"),
        ("the newest 100 of a group", "group_ms"),
        ("all 2,000 of a group", "group_all_ms"),
        ("one workload", "workload_ms"),
        ("one request, the oldest", "rare_ms"),
        ("a key that nobody has", "absent_key_ms"),
        ("denied, none", "denied_ms"),
        ("a key that all have, in a project that is not", "common_key_ms"),
        ("since after the end", "later_ms"),
        ("a text, none", "text_ms"),
    )
    return [], [
        Verdict("audit", f"{what}, {taken['records']:,} records", taken[name], "ms", 500, None, True)
        for what, name in searches
    ]


def sources(bench):
    """Twenty variables; half of them from a source of kind `file`, or none. All are cached."""
    values = bench.work / "values"
    values.mkdir(exist_ok=True)
    (values / "app.json").write_text(json.dumps({f"V{n}": f"value-{n}" for n in range(10)}))
    config = bench.work / "sources.yaml"
    source = {"name": "files", "kind": "file", "root": str(values), "ttl": "1h"}
    config.write_text(json.dumps({"sources": [source]}))
    flags = ["--config", config]
    literal = {f"V{n}": f"value-{n}" for n in range(20)}
    half = literal | {
        f"V{n}": {"from": "files", "ref": f"app.json#V{n}"} for n in range(10)
    }
    with contextlib.ExitStack() as stack:
        peers = []
        for name, variables in (("all literal", literal), ("half from a source", half)):
            group = {"name": "g", "secrets": {"variables": variables}}
            data_dir = bench.stores.of_group(name.replace(" ", "-"), group, flags)
            peers.append(stack.enter_context(
                Sutler(bench.binary, data_dir, bench.keys, name=name, flags=flags)
            ))
        bodies = [measure.probe(peer, bench.first_token()).body for peer in peers]
        check_same_entries(*bodies)
        samples, lines = bench.alternate("sources", peers, measure.keep_alive)
    value = ratio(samples, peers[1].name, peers[0].name, "per_second")
    return lines, [Verdict("sources", "throughput × all literal", value, "×", 0.95, 1.0)]


def observed(bench):
    """A fetch with the registry and with /metrics being read, against one without."""
    import observed_row

    samples, lines = observed_row.measured(bench)
    watched, bare = observed_row.WATCHED, observed_row.BARE
    what = f"CPU of a fetch, {bench.sizes.workloads_observed:,} workloads, {watched} × {bare}"
    value = 1 / ratio(samples, watched, bare)
    return lines, [Verdict("observed", what, value, "×", 1.1, 1.0, True)]


def postgres(bench):
    """Several nodes over one PostgreSQL."""
    import postgres_row  # the other rows need none of what it needs

    return [], [
        Verdict("postgres", what, value, unit, floor, None, lower_is_better)
        for what, value, unit, floor, lower_is_better in postgres_row.figures(bench)
    ]


ROWS = {
    row.__name__: row
    for row in (
        keepalive, newconn, tls, tlsnew, groups, first, start, memory, registry, audit, observed,
        sources, postgres
    )
}
