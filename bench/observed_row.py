"""What it costs a fetch that the registry notes it and that somebody reads /metrics."""

import contextlib
import shutil
import threading
import time
import urllib.request

import measure
from peers import Stores, Sutler

WATCHED, BARE = "with registry and metrics", "without"
QUIET_SECONDS = 0.02  # of processor time in a second


class Scraper(threading.Thread):
    """Reads /metrics of a server every second, as a Prometheus that is in a hurry does."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.url, self.ended = f"http://127.0.0.1:{server.admin_port}/metrics", threading.Event()

    def run(self):
        while not self.ended.wait(1):
            with urllib.request.urlopen(self.url, timeout=10) as page:
                if b"sutler_fetches" not in page.read():
                    raise measure.BenchError(f"{self.url} has no figures")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def settle(peer, tool, count):
    """Every workload has asked once, and what the registry writes of new ones is written: what is
    measured then is the fetch of a workload that is known, as nearly all are."""
    measure.loadgen(peer, tool, "--requests", count)
    before = None
    while before is None or measure.cpu_seconds(peer.pid) - before > QUIET_SECONDS:
        before = measure.cpu_seconds(peer.pid)
        time.sleep(1)


def measured(bench):
    """Many workloads, kept connections. (samples, lines)"""
    count = bench.sizes.workloads_observed
    tokens = bench.keys.tokens(
        bench.work / "tokens-observed", map(Stores.workload, range(1, count + 1))
    )
    watched_dir = bench.stores.seeded(3 * count + 6)
    bare_dir = bench.work / "store-without"
    shutil.copytree(watched_dir, bare_dir)
    off = ["--registry-workloads-max", "0"]
    with contextlib.ExitStack() as stack:
        peers = [
            stack.enter_context(Sutler(bench.binary, where, bench.keys, name=name, flags=flags))
            for name, where, flags in ((WATCHED, watched_dir, []), (BARE, bare_dir, off))
        ]
        for peer in peers:
            peer.token_file = tokens
            settle(peer, bench.loadgen, count)

        def load(peer, seconds):
            scraped = Scraper(peer) if peer.name == WATCHED else contextlib.nullcontext()
            with scraped:
                return measure.loadgen(peer, bench.loadgen, "--seconds", seconds)

        return bench.alternate("observed", peers, load)
