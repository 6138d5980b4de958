#!/usr/bin/env python3
"""Fetches and writes for a long time, then the whole audit verified.

  test/soak/soak.py --seconds 600 [--rate 1000]

Eight clients on kept connections fetch at a steady rate, and check every body; an operator changes a group
five times a second; memory is watched. In the end: every answer was right and has its record, the chain of
all audit files verifies, memory did not grow, SIGTERM ends it well.
"""
import argparse
import http.client
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from support import tokens  # noqa: E402
from support.groups import group  # noqa: E402
from support.server import Server  # noqa: E402

CLIENTS = 8
WRITES_PER_SECOND = 5
MEMORY_GROWTH_MAX = 1.2  # of the resident memory after the first tenth, which fills caches


class Load:
    """What all clients share."""

    def __init__(self, server, rate, seconds):
        self.address = urlsplit(server.provider).netloc
        self.server = server
        self.interval = CLIENTS / rate
        self.end = time.monotonic() + seconds
        self.lock = threading.Lock()
        self.fetched, self.written, self.slowest = 0, 0, 0.0
        self.wrong = []

    def complain(self, what):
        with self.lock:
            self.wrong.append(what)

    def fetch(self):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        headers = {"Authorization": f"Bearer {tokens.token()}"}
        due = time.monotonic()
        done, slowest = 0, 0.0
        while due < self.end and len(self.wrong) < 10:
            time.sleep(max(0, due - time.monotonic()))
            start = time.monotonic()
            due = max(due + self.interval, start)
            try:
                connection.request("GET", "/", headers=headers)
                answer = connection.getresponse()
                body = answer.read()
            except OSError as error:
                self.complain(f"a fetch failed: {error!r}")
                connection.close()
                continue
            slowest = max(slowest, time.monotonic() - start)
            done += 1
            pair = {one["key"]: one["value"] for one in json.loads(body)["secrets"]} \
                if answer.status == 200 else {}
            # Both values of the group come from the same save.
            if answer.status != 200 or pair.get("LEFT") != pair.get("RIGHT") or "LEFT" not in pair:
                self.complain(f"{answer.status}: {body[:200]!r}")
        with self.lock:
            self.fetched += done
            self.slowest = max(self.slowest, slowest)

    def write(self):
        number = 0
        while time.monotonic() < self.end and len(self.wrong) < 10:
            number += 1
            self.server.apply(group("soak", {"LEFT": str(number), "RIGHT": str(number)}))
            time.sleep(1 / WRITES_PER_SECOND)
        self.written = number


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def watch(load, server, seconds):
    """The resident memory after a tenth of the time, and at the end."""
    early = None
    while time.monotonic() < load.end:
        time.sleep(1)
        gone = seconds - (load.end - time.monotonic())
        if early is None and gone >= seconds / 10:
            early = resident_kib(server.pid)
        if int(gone) % 60 == 0:
            print(f"soak: {gone:.0f} s, {resident_kib(server.pid)} KiB resident", flush=True)
    return early or 1, resident_kib(server.pid)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=1000, help="fetches a second in all")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sutler-soak-") as folder, \
            Server(Path(folder) / "data", "--audit-rotate-bytes", str(16 << 20)) as server:
        server.add_key()
        server.apply(group("soak", {"LEFT": "0", "RIGHT": "0"}))
        load = Load(server, wanted.rate, wanted.seconds)
        threads = [threading.Thread(target=load.fetch) for _ in range(CLIENTS)]
        threads.append(threading.Thread(target=load.write))
        for thread in threads:
            thread.start()
        early, late = watch(load, server, wanted.seconds)
        for thread in threads:
            thread.join()
        code = server.stop()
        records = sum(path.read_bytes().count(b'"event":"fetch","outcome":"ok"')
                      for path in (server.data_dir / "audit").glob("*.jsonl"))
        verified = server.cli("audit", "verify", exits=None, seconds=900) if code == 0 else None
        growth = late / early
        print(f"soak: {load.fetched} fetches ({load.fetched / wanted.seconds:.0f}/s), {load.written} writes, "
              f"slowest fetch {load.slowest * 1000:.0f} ms, {records} records, memory {early} -> {late} KiB")
        problems = load.wrong[:5]
        problems += [f"serve ended with {code}"] if code else []
        problems += [f"audit verify: {verified.err}"] if verified and verified.code else []
        problems += [f"{records} records for {load.fetched} fetches"] if records != load.fetched else []
        problems += [f"memory grew by {growth:.2f}"] if growth > MEMORY_GROWTH_MAX else []
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
