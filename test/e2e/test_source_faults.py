"""What a workload gets while a store misbehaves: every fault, every state of the cache, every kind
of reference, as one table. It is docs/sources/faults.md, written anew by `--write-docs`."""
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import paths
from support.fault_proxy import FAULTS, Door, FaultProxy, source
from support.groups import group
from support.wait import eventually, moment

DOCUMENT = paths.REPO / "docs" / "sources" / "faults.md"
DEADLINE_SECONDS = 2
# What a fetch may take beyond it: its connection, the wakening of threads, a busy machine.
SLACK_SECONDS = 1.0
# What was read is fresh for a second at least; it is refreshed ahead in it, also by a slow call.
FRESH_MIN_SECONDS = 1.6

CACHES = {"empty": {"ttl": "1h"}, "fresh": {"ttl": "1h"},
          "stale": {"ttl": "0s", "stale_max": "24h"},
          "beyond": {"ttl": "0s", "stale_max": "0s"}}
CACHE_WORDS = {"empty": "empty", "fresh": "fresh", "stale": "stale",
               "beyond": "beyond the limit"}
KINDS = {"required": {}, "optional": {"optional": True}, "default": {"default": "by-default"}}


def slug(*parts):
    return "-".join(part.replace(" ", "-") for part in parts)


# A required value beside an object that expands to variables, which is asked for before it.
AFTER = "after an object"
CELLS = [(fault, cache, kind) for fault in FAULTS if fault != "hanging later"
         for cache in CACHES for kind in KINDS]
CELLS += [("hanging later", cache, AFTER) for cache in CACHES]


def config_of(proxy):
    """A source for each cell, so that no cell is another one's breaker."""
    return {"sources": [
        source(slug(*cell), proxy.doors[cell[0]].address, deadline=f"{DEADLINE_SECONDS}s",
               disk_cache=False, **CACHES[cell[1]])
        for cell in CELLS]}


def group_of(cell):
    name = slug(*cell)
    more = {}
    if cell[2] == AFTER:
        more["secretsFrom"] = [{"from": name, "ref": f"kv/{name}-first", "only": ["w"]}]
    return group(name, {"V": {"from": name, "ref": f"kv/{name}#v", **KINDS.get(cell[2], {})},
                        "LITERAL": "always"}, objects=[{"id": name}], **more)


@pytest.fixture(scope="module")
def proxy():
    made = FaultProxy()
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(serve_once, proxy, tmp_path_factory):
    config = tmp_path_factory.mktemp("config") / "sutler.yaml"
    config.write_text(json.dumps(config_of(proxy)))
    server = serve_once("--config", config, env={"FAULT_TOKEN": "t"})
    server.add_key()
    server.apply(*(group_of(cell) for cell in CELLS))
    return server


def ask(server, cell):
    started = time.monotonic()
    answer = server.fetch(project="p", object_id=slug(*cell))
    return answer, time.monotonic() - started


def outcome_of(answer):
    """The answer in a word; a part of a bundle is none of them."""
    if answer.status == 503:
        assert answer.header("Retry-After"), "a 503 says when to come again"
        return "503 " + json.loads(answer.body)["code"]
    assert answer.status == 200, answer.status
    values = answer.values()
    assert values.get("LITERAL") == "always"
    words = {"from-the-store": "200, the value", "by-default": "200, the default",
             None: "200, without it"}
    return words[values.get("V")]


def time_of(cell, calls, seconds):
    """What bounds it. Refreshing ahead may have learnt of the fault before."""
    limit = DEADLINE_SECONDS + SLACK_SECONDS
    assert seconds < limit, f"{cell} took {seconds:.2f} s"
    if cell[1] == "fresh":
        assert calls == 0, "what is fresh needs no call"
        return "at once"
    return {"slow": "a slow call", "hanging": "the deadline",
            "hanging later": "the deadline"}.get(cell[0], "a call")


def record_of(server, cell):
    found = [record for record in server.audit("fetch")
             if record.get("workload", {}).get("nfObjectId") == slug(*cell)]
    record = found[-1]
    if record["outcome"] == "ok":
        return "`ok`"
    # The object may have had its time when the fetch gives up.
    refs = [f"kv/{slug(*cell)}#v"] + [f"kv/{slug(*cell)}-first"] * (cell[2] == AFTER)
    assert record["source"] == slug(*cell) and record["ref"] in refs, record
    return f"`{record['outcome']}`, `{record['reason']}`, source, ref"


@pytest.fixture(scope="module")
def rows(server, proxy):
    """Fills the caches while all is well, then asks everything at once while nothing is."""
    with ThreadPoolExecutor(16) as pool:
        filled = [cell for cell in CELLS if cell[1] != "empty"]
        for answer, _ in pool.map(lambda cell: ask(server, cell), filled):
            assert answer.status == 200 and answer.values()["V"] == "from-the-store"
        proxy.begin()
        for door in proxy.doors.values():
            door.forget()
        moment(FRESH_MIN_SECONDS)
        asked = list(pool.map(lambda cell: ask(server, cell), CELLS))
    rows = {}
    for cell, (answer, seconds) in zip(CELLS, asked):
        calls = proxy.doors[cell[0]].calls().get(slug(*cell), 0)
        if cell[2] == AFTER and answer.status == 200:
            assert answer.values().get("w") == "other", "a part of a bundle"
        rows[cell] = (outcome_of(answer), time_of(cell, calls, seconds), record_of(server, cell))
    return rows


def document(rows) -> str:
    lines = [
        "# When a store misbehaves", "",
        "Made by `test/e2e/test_source_faults.py --write-docs`, which asks all of it of the real",
        f"binary; the deadline was {DEADLINE_SECONDS} s. A reference is required unless it has",
        "`optional` or `default`; both apply only where the store says that there is no such",
        "value. An answer is whole or a 503 with `Retry-After`, never a part.", "",
        "* **empty**: nothing was read yet. **fresh**: read within its TTL. **stale**: read within",
        "  `stale_max`. **beyond the limit**: read longer ago than that.",
        "* The time is at most that: **at once** is without a call, **a call** as long as the store",
        "  takes to answer, with retries. Whoever comes when an outage is known already waits not.",
        "* **hanging later**: an object of `secretsFrom` takes most of the deadline, and the value",
        "  that is asked for **after** it never comes. A fetch has one deadline for both.",
        "* A value of which the store says that it is not there or not ours goes at once, whatever",
        "  was held of it. A login that is refused is an outage like any other.", "",
        "| store | cache | reference | answer | time | audit |", "|---|---|---|---|---|---|"]
    for (fault, cache, kind), row in rows.items():
        lines.append("| " + " | ".join([fault, CACHE_WORDS[cache], kind, *row]) + " |")
    return "\n".join(lines) + "\n"


def test_the_document_is_what_was_seen(rows, request):
    made = document(rows)
    if request.config.getoption("--write-docs"):
        DOCUMENT.write_text(made)
    assert DOCUMENT.read_text() == made, "run it with --write-docs, and look at what has changed"


def test_a_value_that_is_fresh_is_served_without_a_call(rows):
    for (_, cache, _), (answer, wait, _) in rows.items():
        if cache == "fresh":
            assert (answer, wait) == ("200, the value", "at once")


def test_an_outage_is_not_taken_for_does_not_exist(rows):
    for (fault, cache, kind), (answer, _, _) in rows.items():
        if fault in ("hanging", "hanging later", "500", "garbage", "reset", "login refused"):
            expected = "200, the value" if cache in ("fresh", "stale") else "503 source_unavailable"
            assert answer == expected, (fault, cache, kind)


def test_what_does_not_exist_goes_at_once_and_only_then_is_a_default_taken(rows):
    by_kind = {"required": "503 source_missing", "optional": "200, without it",
               "default": "200, the default"}
    for cache in ("empty", "stale", "beyond"):
        for kind, expected in by_kind.items():
            assert rows["404", cache, kind][0] == expected
            assert rows["403", cache, kind][0] == "503 source_denied"


# -- over a restart ------------------------------------------------------------------------------

def test_the_cache_on_disk_serves_after_a_restart_in_an_outage(serve, tmp_path):
    door = Door()
    config = tmp_path / "sutler.yaml"
    config.write_text(json.dumps({"sources": [source("store", door.address, ttl="0s",
                                                     deadline="1s")]}))
    server = serve("--config", config, env={"FAULT_TOKEN": "t"})
    server.add_key()
    server.apply(group("g", {"V": {"from": "store", "ref": "kv/a#v"}}))
    assert server.fetch(project="p").values() == {"V": "from-the-store"}
    server.stop()
    door.close()
    server = serve("--config", config, env={"FAULT_TOKEN": "t"})
    assert server.fetch(project="p").values() == {"V": "from-the-store"}

    def out():
        state = server.api("GET", "/api/v1/sources/store")
        return state["state"] == "stale" and state
    assert eventually(out, 20)["errors"].get("outage", 0) >= 1
    checks = {one["name"]: one for one in server.api("GET", "/readyz?verbose=true")["checks"]}
    assert checks["source:store"]["state"] == "warn"
