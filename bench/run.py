"""script/bench: measures sutler against its peers, prints a table. README.md is the method."""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import measure
from measure import BenchError
from peers import ROOT, Keys, Stores
from rows import ROWS, Bench, Sizes


def arguments():
    parser = argparse.ArgumentParser(
        prog="script/bench", description="Measures sutler against nginx and express."
    )
    parser.add_argument(
        "--rows", default=",".join(ROWS), help="comma-separated, of: " + ", ".join(ROWS)
    )
    parser.add_argument(
        "--quick", action="store_true", help="sees that all works; its figures mean little"
    )
    parser.add_argument(
        "--out", type=pathlib.Path, metavar="FILE.json", help="writes the figures there too"
    )
    chosen = parser.parse_args()
    chosen.rows = chosen.rows.split(",")
    if unknown := [row for row in chosen.rows if row not in ROWS]:
        parser.error(f"no such row: {', '.join(unknown)} (rows: {', '.join(ROWS)})")
    return chosen


def version(*command):
    done = subprocess.run(
        command, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines = done.stdout.splitlines() if done.returncode == 0 else []
    return lines[0].strip() if lines else "?"


def value_in(path, name, separator):
    lines = pathlib.Path(path).read_text().splitlines()
    return next(
        (line.partition(separator)[2].strip() for line in lines if line.startswith(name)), "?"
    )


def machine(binary):
    return {
        "cpu": value_in("/proc/cpuinfo", "model name", ":"),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": value_in("/etc/os-release", "PRETTY_NAME", "=").strip('"'),
        "kernel": platform.release(),
        "sutler": version(str(binary), "version"),
        "commit": version("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "nginx": version("nginx", "-v").rpartition("/")[2],
        "node": version("node", "--version"),
        "openssl": version("openssl", "version"),
    }


def table(lines):
    rows = [("row", "peer", "req/CPU-s", "req/s", "p50 µs", "p99 µs")]
    rows += [
        (
            line.row,
            line.peer,
            *(
                f"{value:,.0f}"
                for value in (line.per_cpu_second, line.per_second, line.p50_us, line.p99_us)
            ),
        )
        for line in lines
    ]
    return aligned(rows)


def figure(value, unit):
    if value is None:
        return "–"
    return f"{value:.3g} {unit}" if value < 100 else f"{value:,.0f} {unit}"


def verdict_table(verdicts):
    rows = [("row", "figure", "measured", "floor", "aim", "")]
    for verdict in verdicts:
        figures = (
            figure(value, verdict.unit) for value in (verdict.value, verdict.floor, verdict.aim)
        )
        rows.append((verdict.row, verdict.what, *figures, verdict.word))
    return aligned(rows)


def aligned(rows):
    """A Markdown table that also reads well in a terminal: README.md holds one as printed."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
        for row in rows
    ]
    return "\n".join(
        [text[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *text[1:]]
    )


def measure_rows(bench, names):
    lines, verdicts, failed = [], [], {}
    for name in names:
        print(f"row {name}", flush=True)
        try:
            more_lines, more_verdicts = ROWS[name](bench)
            lines += more_lines
            verdicts += more_verdicts
        except BenchError as error:
            failed[name] = str(error)
            print(f"error: row {name}: {error}", file=sys.stderr, flush=True)
    return lines, verdicts, failed


def main():
    chosen = arguments()
    binary, loadgen = (ROOT / "build" / "release" / name for name in ("sutler", "sutler_loadgen"))
    for needed in (binary, loadgen):
        if not needed.is_file():
            sys.exit(f"error: {needed} is missing\nhint: script/build release")
    measure.cores()
    about = machine(binary)
    print("\n".join(f"{name}: {value}" for name, value in about.items()), flush=True)
    # Under build/, not /tmp: the big store takes some gigabytes, and /tmp may be memory.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "build") as folder:
        work = pathlib.Path(folder)
        keys = Keys(work)
        bench = Bench(
            binary,
            loadgen,
            work,
            keys,
            Stores(binary, work, keys),
            Sizes.quick() if chosen.quick else Sizes(),
        )
        lines, verdicts, failed = measure_rows(bench, chosen.rows)
    print()
    if chosen.quick:
        print("This was --quick: short runs and a small store. These are not figures to quote.\n")
    if lines:
        print(table(lines) + "\n")
    if verdicts:
        print(verdict_table(verdicts))
    if chosen.out:
        result = {
            "machine": about,
            "quick": chosen.quick,
            "sizes": dataclasses.asdict(bench.sizes),
            "lines": [dataclasses.asdict(line) for line in lines],
            "verdicts": [
                {**dataclasses.asdict(verdict), "word": verdict.word} for verdict in verdicts
            ],
            "failed": failed,
        }
        chosen.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as problem:
        sys.exit(f"error: {problem}")
