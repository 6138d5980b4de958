"""Every case of http11probe that has bytes, at both listeners. An answer other than the case
allows must be in DEVIATIONS with its reason. `--write-docs` writes the table to docs/http-probe.md.

After a request that was refused, the audit has no record of a fetch."""
import collections

import pytest

from support import audit, paths, probe
from support.groups import group

CASES = [case for case in probe.load() if probe.sendable(case)]
LISTENERS = ("provider", "admin")

Deviation = collections.namedtuple("Deviation", "cases listeners statuses reason")
BOTH, PROVIDER, ADMIN = LISTENERS, ("provider",), ("admin",)

# What we answer otherwise than the case asks for: always a refusal where it would process.
DEVIATIONS = [
    Deviation(
        ["SMUG-CL-LEADING-ZEROS", "SMUG-CL-TRAILING-SPACE", "SMUG-CL-EXTRA-LEADING-SP",
         "SMUG-TRANSFER_ENCODING", "SMUG-EXPECT-100-CL", "SMUG-HEAD-CL-BODY",
         "SMUG-OPTIONS-CL-BODY", "SMUG-CL-LEADING-ZEROS-OCTAL", "SMUG-CL-COMMA-SAME",
         "SMUG-CL-COMMA-TRIPLE", "COMP-POST-CL-BODY", "COMP-POST-CL-UNDERSEND",
         "COMP-GET-WITH-CL-BODY", "COMP-TRACE-WITH-BODY", "COMP-RANGE-POST",
         "COMP-DUPLICATE-CT", "COMP-POST-UNSUPPORTED-CT", "MAL-CL-TAB-BEFORE-VALUE",
         "MAL-POST-CL-HUGE-NO-BODY", "NORM-UNDERSCORE-CL", "NORM-UNDERSCORE-TE"],
        PROVIDER, (413,), "the provider takes no request body: 413 and a close before any of it"),
    Deviation(
        ["SMUG-HEAD-CL-BODY", "SMUG-OPTIONS-CL-BODY", "COMP-GET-WITH-CL-BODY",
         "COMP-TRACE-WITH-BODY", "SMUG-EXPECT-100-CL", "MAL-POST-CL-HUGE-NO-BODY"],
        ADMIN, (413,), "a body where none is taken, or one over 16 MiB: 413 and a close"),
    Deviation(
        ["SMUG-CL-TE-BOTH", "SMUG-TE-XCHUNKED", "SMUG-TE-TRAILING-SPACE", "SMUG-CLTE-PIPELINE",
         "SMUG-TECL-PIPELINE", "SMUG-TE-DOUBLE-CHUNKED", "SMUG-TE-CASE-MISMATCH",
         "SMUG-TE-NOT-FINAL-CHUNKED", "SMUG-TE-HTTP10", "SMUG-CHUNK-BARE-SEMICOLON",
         "SMUG-CHUNK-EXT-INVALID-TOKEN", "SMUG-CHUNK-UNDERSCORE", "SMUG-TE-EMPTY-VALUE",
         "SMUG-TE-LEADING-COMMA", "SMUG-TE-DUPLICATE-HEADERS", "SMUG-CHUNK-HEX-PREFIX",
         "SMUG-CHUNK-SIZE-PLUS", "SMUG-CHUNK-SIZE-TRAILING-OWS", "SMUG-CHUNK-LEADING-SP",
         "SMUG-CHUNK-MISSING-TRAILING-CRLF", "SMUG-CHUNK-EXT-LF", "SMUG-CHUNK-SPILL",
         "SMUG-CHUNK-LF-TERM", "SMUG-CHUNK-EXT-CTRL", "SMUG-CHUNK-EXT-CR", "SMUG-TE-VTAB",
         "SMUG-TE-FORMFEED", "SMUG-CHUNK-LF-TRAILER", "SMUG-TE-IDENTITY", "SMUG-CHUNK-NEGATIVE",
         "SMUG-CHUNKED-WITH-PARAMS", "SMUG-TRAILER-CL", "SMUG-TRAILER-TE", "SMUG-TRAILER-HOST",
         "SMUG-TRAILER-AUTH", "SMUG-TE-TRAILING-COMMA", "SMUG-TE-TAB-BEFORE-VALUE",
         "SMUG-CHUNK-BARE-CR-TERM", "SMUG-TRAILER-CONTENT-TYPE", "COMP-UNKNOWN-TE-501",
         "COMP-CHUNKED-BODY", "COMP-CHUNKED-MULTI", "COMP-CHUNKED-EMPTY", "COMP-CHUNKED-NO-FINAL",
         "COMP-CHUNKED-EXTENSION", "COMP-CHUNKED-TRAILER-VALID", "COMP-CHUNKED-HEX-UPPERCASE",
         "MAL-CHUNK-SIZE-OVERFLOW", "MAL-CHUNK-EXT-64K", "NORM-CASE-TE"],
        ADMIN, (411,), "admin refuses every Transfer-Encoding with 411 and a close: it wants a "
        "Content-Length (RFC 9112 6.3)"),
    Deviation(
        ["COMP-CHUNKED-BODY", "COMP-CHUNKED-MULTI", "COMP-CHUNKED-EMPTY",
         "COMP-CHUNKED-TRAILER-VALID", "COMP-CHUNKED-HEX-UPPERCASE"],
        PROVIDER, (400,), "the provider refuses every Transfer-Encoding: it takes no body"),
    Deviation(
        ["COMP-OPTIONS-STAR"], BOTH, (400,), "a target is origin-form only: `*` is none"),
    Deviation(
        ["COMP-LONG-URL-OK"], BOTH, (414,), "a target has at most 2 KiB: teams' paths are short"),
    Deviation(
        ["MAL-LONG-METHOD"], BOTH, (414, 431, 501), "a request line over the limit is refused as "
        "too long; how it would have gone on is not looked at"),
    Deviation(
        ["MAL-CHUNK-EXT-64K"], BOTH, (431,), "the case's own table allows 431 too"),
    Deviation(
        ["COMP-HTTP12-VERSION"], BOTH, (400,), "HTTP/1.0 and HTTP/1.1 only"),
    Deviation(
        ["COMP-EXPECT-UNKNOWN"], BOTH, (400,), "an expectation that is not 100-continue is "
        "refused by the gate"),
    Deviation(
        ["COMP-405-ALLOW", "COMP-OPTIONS-ALLOW"], ADMIN, (401, 404), "404 and 401 come before 405"),
    Deviation(
        ["COMP-POST-CL-UNDERSEND"], ADMIN, (401, 404), "path and token are judged before the body "
        "is read; then it closes"),
    Deviation(
        ["RFC9112-2.3-HTTP09-REQUEST", "MAL-INCOMPLETE-REQUEST", "MAL-EMPTY-REQUEST",
         "MAL-WHITESPACE-ONLY-LINE", "COMP-POST-CL-UNDERSEND", "COMP-CHUNKED-NO-FINAL"],
        BOTH, (408,), "a request that does not come in time is told so"),
    Deviation(
        ["COMP-METHOD-CONNECT", "COMP-UNKNOWN-METHOD"], ADMIN, (401, 403, 404, 421),
        "Host, path and token are judged before the method"),
]


def reasons(case_id, listener, status) -> list:
    return [one.reason for one in DEVIATIONS
            if case_id in one.cases and listener in one.listeners and status in one.statuses]


@pytest.fixture(scope="module")
def probed(serve_once, request):
    server = serve_once("--header-timeout", "1s", "--idle-timeout", "2s",
                        "--max-connections-per-client", "1000",
                        env={"SUTLER_BODY_TIMEOUT": "1s"})
    server.add_key()
    server.apply(group("base", {"A": "1"}))
    server.seen = []
    yield server
    if request.config.getoption("--write-docs") and server.seen:
        write_docs(server.seen)


def write_docs(seen):
    lines = ["# http11probe, case by case", "",
             "Written by `test/e2e/test_http_probe.py --write-docs`. `2xx` means \"processed\": "
             "without a token that", "is 401, 404 or 405. A reason stands where our answer is "
             "not one of those the case asks for.", "",
             "| case | at | it expects | we answer | reason |", "|---|---|---|---|---|"]
    for case_id, listener, wanted, got, why in sorted(seen):
        cells = [case_id, listener, wanted, got, why]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    left = sorted(case["id"] for case in probe.load() if not probe.sendable(case))
    lines += ["", f"Not sent, since their bytes need an earlier answer: {', '.join(left)}."]
    (paths.REPO / "docs" / "http-probe.md").write_text("\n".join(lines) + "\n")


@pytest.fixture(autouse=True)
def corpus_is_there(need_corpus):
    need_corpus("http/http11probe-cases.json")


def fetches(server) -> int:
    """Fetch records so far, without those that sum up earlier denials."""
    return len([one for one in audit.records(server.data_dir, "fetch") if "count" not in one])


@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize("case", CASES or [None], ids=lambda case: case and case["id"])
def test_a_probe_gets_an_allowed_answer_and_no_embedded_request_runs(probed, case, listener):
    before = fetches(probed)
    outcome = probe.exchange(getattr(probed, listener), probe.steps_of(case))
    wanted = case["expected_text"] if case["sequence"] else probe.expected(case)
    if case["sequence"]:
        allowed = probe.judge_sequence(outcome)
    else:
        allowed = probe.RULES[wanted].allows(outcome)
    why = [] if allowed else reasons(case["id"], listener, outcome.status)
    probed.seen.append((case["id"], listener, wanted, str(outcome), "; ".join(why)))
    assert probed.running, probed.log()[-2000:]
    assert allowed or why, f"{case['id']} wants {wanted!r}, got {outcome}: {case['description']}"
    assert not probe.problems(case, outcome), probe.problems(case, outcome)

    judged = [one for one in outcome.responses if one.status in (401, 429)]
    made = fetches(probed) - before
    assert made <= len(judged), f"{made} fetches in the audit after {outcome}"


def test_every_expectation_of_the_corpus_has_a_rule():
    unknown = {probe.expected(case) for case in CASES if not case["sequence"]} - set(probe.RULES)
    assert not unknown


def test_every_deviation_names_a_case_of_the_corpus():
    known = {case["id"] for case in CASES}
    assert not {case for one in DEVIATIONS for case in one.cases} - known


def test_the_corpus_is_whole():
    assert len(CASES) == 207


def test_an_honest_request_is_served_after_all_of_them(probed):
    assert probed.fetch().values() == {"A": "1"}
