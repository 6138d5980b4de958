#!/usr/bin/env python3
"""Three nodes behind haproxy over one PostgreSQL, while everything dies in turn.

  test/failover/failover.py --seconds 300 [--patroni] [--seed N] [--out FILE.json]

Twenty editors and eight workloads go through the balancer, and each node is asked directly, too. In the
end: every acknowledged write is in the history at its version and revision, once; no node went
back; no bundle had a part of a change; a fetch failed only at a node that was killed or frozen
right then. docs/operations/failover.md keeps the figures.
"""
import argparse
import contextlib
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from support import daemons  # noqa: E402
from support.balancer import HaProxy  # noqa: E402
from support.nodes import Nodes, serves, why_not  # noqa: E402
from support.patroni import PatroniCluster  # noqa: E402
from support.percentiles import summary  # noqa: E402
from support.postgres import PostgresServer  # noqa: E402
from support.server import NotStarted  # noqa: E402
from support.wait import Late, eventually  # noqa: E402

from chaos import Chaos, PatroniChaos  # noqa: E402
from ledger import Ledger  # noqa: E402
from load import GROUPS, Load, group_of, pair_of  # noqa: E402

EDITORS, FETCHERS = 20, 8


def reason_against(patroni) -> str:
    """Why it cannot be shown here; empty when it can."""
    return why_not() or daemons.absent("haproxy", *(("patroni", "etcd") if patroni else ()))


def bearer_of(node) -> str:
    """A token that every node knows."""
    node.cli("operator", "add", "editors", "--role", "editor", "--reveal")
    return node.cli("token", "create", "editors").out.strip()


def kept_versions(node, group) -> dict:
    """{version: (message, revision)} as the node tells them in pages; the first has no message."""
    found, cursor = {}, ""
    while True:
        page = node.api("GET", f"/api/v1/teams/default/groups/{group}/versions?limit=1000{cursor}")
        found |= {one["version"]: (one.get("message"), one["revision"]) for one in page["items"]}
        if "next_cursor" not in page:
            return {version: told for version, told in found.items() if told[0]}
        cursor = f"&cursor={page['next_cursor']}"


def check_the_end(nodes, ledger):
    """All nodes agree, the history has what was acknowledged, and each audit log is whole."""
    def agreed():
        told = {(node.status()["revision"], json.dumps(node.values(), sort_keys=True))
                for node in nodes}
        assert len(told) == 1, f"revisions {sorted(one for one, _ in told)}"
        return True
    eventually(agreed, 30, "all nodes having the same")
    for node in nodes:
        for group in (*(f"g{number}" for number in range(GROUPS)), "pair-a", "pair-b"):
            ledger.check_history(group, kept_versions(node, group))
        if node.status()["integrity"] != "ok":
            ledger.complain(f"{node.name}: integrity is {node.status()['integrity']}")
        node.cli("audit", "verify", seconds=300)


def run(seconds, patroni=False, seed=1, log=print) -> dict:
    """Figures; `wrong` among them is empty when all held."""
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(PatroniCluster(2) if patroni else PostgresServer(durable=True))
        made = Nodes(database.database())
        stack.callback(made.close)
        made.init()
        ports = [(daemons.free_port(), daemons.free_port()) for _ in range(3)]
        nodes = [made.node(port=port, admin_port=admin).start() for port, admin in ports]
        nodes[0].add_key()
        nodes[0].apply(*(group_of(number) for number in range(GROUPS)), *pair_of(0))
        for node in nodes:
            serves(node, {"PAIR_A": "0"})
        balancer = stack.enter_context(HaProxy(
            {node.name: (node.provider, node.admin) for node in nodes}))
        ledger = Ledger()
        chaos = (PatroniChaos if patroni else Chaos)(nodes, balancer, database, seed, log)
        load = Load(balancer, nodes, bearer_of(nodes[0]), ledger, chaos)
        began = time.monotonic()
        load.start(EDITORS, FETCHERS)
        try:
            chaos.settle(lambda: load.writes["acknowledged"])
            chaos.run(began + seconds, lambda: load.writes["acknowledged"])
        except (Late, NotStarted) as late:
            ledger.complain(str(late)[-2000:])
        finally:
            load.stop()
            took = time.monotonic() - began
        check_the_end(nodes, ledger)
        return figures(load, chaos, ledger, took, seed)


def figures(load, chaos, ledger, seconds, seed) -> dict:
    errors = Counter(f"{status or 'cut'}" for _, status, _ in load.fetch_errors)
    return {
        "seconds": round(seconds), "seed": seed, "events": dict(chaos.counts),
        "well_again_seconds_max": {name: round(max(taken), 1) for name, taken in chaos.back.items()},
        "fetches": len(load.fetch_seconds), "fetch_latency": summary(load.fetch_seconds),
        "fetch_gap_seconds_max": round(load.fetch_gap, 2),
        "fetch_errors": dict(errors), "fetch_errors_unexplained":
            sum(not excused for *_, excused in load.fetch_errors),
        "direct": dict(load.direct),
        "writes": dict(load.writes), "write_latency": summary(load.write_seconds),
        "write_gap_seconds_max": round(load.write_gap, 2),
        "ledger": len(ledger.acknowledged) + len(ledger.commits), "wrong": ledger.wrong,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--patroni", action="store_true", help="over a Patroni cluster of two")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--out", type=Path, help="writes the figures there too")
    wanted = parser.parse_args()
    problem = reason_against(wanted.patroni)
    if problem:
        sys.exit(f"error: {problem}")
    print(f"failover: seed {wanted.seed}", flush=True)
    told = run(wanted.seconds, wanted.patroni, wanted.seed, lambda text: print(text, flush=True))
    print(json.dumps(told, indent=1))
    if wanted.out:
        wanted.out.write_text(json.dumps(told, indent=1) + "\n")
    for problem in told["wrong"]:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if told["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
