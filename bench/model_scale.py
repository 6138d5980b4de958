"""What a cluster needs up to 10,000,000 workloads, and how a region starts again: a model over measured figures.

  python3 bench/model_scale.py                prints the tables of docs/operations/scale.md
  python3 bench/model_scale.py --write        writes them into it

Everything measured is in scale_inputs.json with its source. The rest are the assumptions below, which the
tables state; there is no chance in it, so the same inputs print the same tables.
"""

import argparse
import collections
import json
import math
import pathlib
import re

BENCH = pathlib.Path(__file__).resolve().parent
PAGE = BENCH.parent / "docs" / "operations" / "scale.md"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
NODES, CORES = 6, 8  # of the cluster that is simulated
RESTART_SECONDS = (600, 60)  # in which the platform starts every workload of the region again
# A start that failed is tried again as Kubernetes does: after 10 s, then twice as long, at most 5 min.
BACKOFF_SECONDS = (10, 20, 40, 80, 160, 300)
WAIT_SECONDS_MAX = 15  # a balancer's `timeout server`
CONNECTIONS_MAX = 10_000  # of one node, its default
POOL_MAX = 6  # connections of one node
DISK_BYTES_PER_SECOND = 200e6  # of the disk that a snapshot file is read from


class Inputs:
    """The measured figures by name."""

    def __init__(self, path=BENCH / "scale_inputs.json"):
        self.rows = json.loads(path.read_text())
        for name, row in self.rows.items():
            setattr(self, name, row["value"])

    @property
    def cold_fetch_us(self):
        """A new TLS connection and a bundle that nobody asked for before."""
        return self.tls_connection_us + self.first_fetch_us - self.cached_fetch_us


def grouped(number):
    return f"{number:,.0f}"


def short(number):
    """Three digits that count."""
    if number >= 1000:
        return grouped(number)
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def duration(seconds):
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{short(seconds)} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def size(count_of_bytes):
    for unit, many in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if count_of_bytes >= many:
            return f"{short(count_of_bytes / many)} {unit}"
    return f"{count_of_bytes:.0f} B"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def memory_bytes(inputs, groups):
    return inputs.memory_base_bytes + groups * inputs.memory_group_bytes


def load_seconds(inputs, groups, nodes):
    """Until the last of so many nodes that start at once has read everything from the database."""
    alone = groups * inputs.start_postgres_us_per_group / 1e6
    together = nodes * groups * inputs.database_cpu_us_per_group / 1e6 / CORES
    return max(alone, together)


def file_seconds(inputs, groups):
    """The same from the snapshot file on the node's own disk."""
    return max(
        groups * inputs.start_file_us_per_group / 1e6,
        groups * inputs.stored_group_bytes / DISK_BYTES_PER_SECOND,
    )


def sizing(inputs):
    """A group for each workload, beside what they share: the most that seems likely."""
    rows = []
    for workloads in SIZES:
        rows.append(
            (
                grouped(workloads),
                size(memory_bytes(inputs, workloads)),
                size(workloads * inputs.stored_group_bytes),
                duration(load_seconds(inputs, workloads, 1)),
                duration(load_seconds(inputs, workloads, NODES)),
                duration(file_seconds(inputs, workloads)),
            )
        )
    head = (
        "workloads, and groups",
        "memory of a node",
        "in the database",
        "start of one node",
        f"start of {NODES} at once",
        "from the snapshot file",
    )
    return table(head, rows)


def rates(inputs):
    """All workloads in ten minutes."""
    rows = []
    for workloads in SIZES:
        a_second = workloads / RESTART_SECONDS[0]
        rows.append(
            (
                grouped(workloads),
                short(a_second),
                f"{a_second * inputs.cold_fetch_us / 1e6:.2f}",
                f"{a_second * inputs.first_fetch_us / 1e6:.2f}",
                size(a_second * inputs.audit_record_bytes) + "/s",
                size(workloads * inputs.audit_record_bytes),
                duration(workloads * inputs.registry_database_us / 1e6),
            )
        )
    head = (
        "workloads",
        "fetches a second",
        "cores, TLS at the nodes",
        "cores, TLS at the balancer",
        "audit, all nodes",
        "audit of the restart",
        "processor time of the database for the registry",
    )
    return table(head, rows)


class Region:
    """A region that starts again at 0 s, in steps of a second. Workloads come at an even rate; a fetch
    waits in line, or is turned away while no node is ready, or when the line is full or slow."""

    def __init__(self, workloads, window, ready_seconds, per_second, nodes):
        self.workloads, self.ready, self.per_second = workloads, ready_seconds, per_second
        self.line_max = nodes * CONNECTIONS_MAX
        self.coming = collections.defaultdict(lambda: collections.Counter())  # second: {tries: count}
        for second in range(window):
            self.coming[second][0] += workloads / window
        self.line = collections.deque()  # [second it came, tries, count]
        self.waiting, self.served, self.failures, self.longest = 0.0, 0.0, 0.0, 0.0
        self.when = {}

    def turn_away(self, second, tries, count):
        self.failures += count
        pause = BACKOFF_SECONDS[min(tries, len(BACKOFF_SECONDS) - 1)]
        self.coming[second + pause][tries + 1] += count

    def step(self, second):
        for tries, count in sorted(self.coming.pop(second, {}).items()):
            room = self.line_max - self.waiting if second >= self.ready else 0
            taken = min(count, max(room, 0))
            if taken:
                self.line.append([second, tries, taken])
                self.waiting += taken
            if count > taken:
                self.turn_away(second, tries, count - taken)
        self.longest = max(self.longest, self.waiting)
        left = self.per_second if second >= self.ready else 0
        while self.line and left > 0:
            came, tries, count = self.line[0]
            done = min(count, left)
            if second - came > WAIT_SECONDS_MAX:
                self.turn_away(second, tries, count)
                done = count
            else:
                left -= done
                self.served += done
            self.waiting -= done
            self.line[0][2] -= done
            if self.line[0][2] <= 1e-9:
                self.line.popleft()

    def run(self):
        second = 0
        while self.served < self.workloads * (1 - 1e-9) and second < 24 * 3600:
            self.step(second)
            second += 1
            for part in (0.5, 0.99, 1.0):
                if part not in self.when and self.served >= self.workloads * (part - 1e-9):
                    self.when[part] = second
        return self


def restart(inputs, workloads, window, start, ready):
    """One row."""
    a_second = NODES * CORES * 1e6 / inputs.cold_fetch_us
    region = Region(workloads, window, math.ceil(ready), a_second, NODES).run()
    return (
        duration(window),
        grouped(workloads),
        start,
        duration(math.ceil(ready)),
        *(duration(region.when[part]) for part in (0.5, 0.99, 1.0)),
        f"{region.failures / workloads:.2f}",
        grouped(region.longest),
    )


def restarts(inputs):
    """The whole region, sutler's nodes too, starts at once."""
    rows = []
    for window in RESTART_SECONDS:
        for workloads in SIZES[1:]:
            rows += [
                restart(inputs, workloads, window, *start)
                for start in (
                    ("database", load_seconds(inputs, workloads, NODES)),
                    ("snapshot file", file_seconds(inputs, workloads)),
                )
            ]
    head = (
        "within",
        "workloads",
        "nodes start from",
        "nodes ready",
        "half have their secrets",
        "99 %",
        "all",
        "failed tries per workload",
        "longest line",
    )
    return table(head, rows)


def spreads(inputs):
    """How fast 10,000,000 could be at most: the platform starts them in ever less time."""
    rows = []
    workloads = SIZES[-1]
    for window in (600, 300, 120, 60):
        a_second = workloads / window
        cores = a_second * inputs.cold_fetch_us / 1e6
        rows.append(
            (
                duration(window),
                grouped(a_second),
                short(cores),
                short(math.ceil(cores / CORES)),
                size(a_second * inputs.audit_record_bytes) + "/s",
            )
        )
    head = (
        f"{grouped(workloads)} workloads within",
        "fetches a second",
        "cores, TLS at the nodes",
        f"nodes of {CORES} cores",
        "audit, all nodes",
    )
    return table(head, rows)


def editing(inputs):
    """What changes cost: each is one commit on one row, and every node reads it."""
    rows = []
    for nodes in (1, 3, 6, 20, 100):
        rows.append(
            (
                grouped(nodes),
                short(nodes * inputs.idle_queries_per_second),
                grouped(nodes * inputs.connections_per_node),
                grouped(nodes * POOL_MAX),
                short(inputs.commits_per_second),
            )
        )
    return table(
        (
            "nodes",
            "statements a second, all idle",
            "connections, all idle",
            "connections at most",
            "commits a second, all nodes",
        ),
        rows,
    )


def measured(inputs):
    rows = [
        (row["what"], f"{short(row['value'])} {row['unit']}".strip(), row["source"])
        for row in inputs.rows.values()
    ]
    return table(("figure", "measured", "where"), rows)


TABLES = {
    "measured": measured,
    "sizing": sizing,
    "rates": rates,
    "restarts": restarts,
    "spreads": spreads,
    "editing": editing,
}


def filled(text, inputs):
    """The page with each table anew between its marks."""
    for name, make in TABLES.items():
        pattern = rf"(<!-- model: {name} -->\n).*?(<!-- end -->)"
        if not re.search(pattern, text, re.DOTALL):
            raise SystemExit(f"error: {PAGE.name} has no place for the table {name}")
        body = make(inputs).replace("\\", "\\\\")
        text = re.sub(pattern, rf"\g<1>\n{body}\n\n\g<2>", text, flags=re.DOTALL)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--write", action="store_true", help="writes the tables into the page")
    inputs = Inputs()
    if parser.parse_args().write:
        PAGE.write_text(filled(PAGE.read_text(), inputs))
        return
    for name, make in TABLES.items():
        print(f"{name}\n\n{make(inputs)}\n")


if __name__ == "__main__":
    main()
