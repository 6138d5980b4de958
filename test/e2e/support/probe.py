"""The cases of http11probe, sent as their bytes say and judged by their own words.

Each case says what it expects as a status (`Exact(400)`, `Range2xx`) or as a text. The texts are
few; RULES has each. "2xx" means that the request was processed: without a token our answer to a
processed request is 401, 404 or 405 (429 when the address was denied often)."""
import base64
import json
from dataclasses import dataclass, field

from . import paths
from .wire import Wire

PROCESSED = frozenset({200, 204, 401, 404, 405, 429})
# After one of these nothing more of the connection is parsed, so it must be closed.
CLOSING = frozenset({400, 408, 411, 413, 414, 431, 501, 505})
ANSWER_SECONDS = 8


@dataclass
class Outcome:
    """What one connection showed."""
    responses: list = field(default_factory=list)
    closed: bool = False       # the server ended it, without our half-close
    timed_out: bool = False    # no answer and no close in time
    extra: bytes = b""         # what came after the first answer and was not asked for

    @property
    def first(self):
        return self.responses[0] if self.responses else None

    @property
    def status(self):
        return self.first.status if self.first else None

    def __str__(self):
        if not self.responses:
            return "no answer, " + ("closed" if self.closed else "no close either")
        seen = ", ".join(str(answer.status) for answer in self.responses)
        return seen + (" and close" if self.closed else "")


@dataclass(frozen=True)
class Rule:
    statuses: frozenset
    close: bool = False
    silence: bool = False
    check: object = None

    def allows(self, outcome) -> bool:
        if outcome.first is None:
            return (self.close and outcome.closed) or (self.silence and outcome.timed_out) \
                or (self.silence and outcome.closed)
        if outcome.status not in self.statuses:
            return False
        return self.check is None or self.check(outcome)


def rule(*statuses, processed=False, close=False, silence=False, check=None) -> Rule:
    wanted = frozenset(statuses) | (PROCESSED if processed else frozenset())
    return Rule(wanted, close, silence, check)


ANY = frozenset(range(200, 600))
CLOSED = {"check": lambda outcome: outcome.closed}


def _or_closed(outcome) -> bool:
    return outcome.status not in PROCESSED or outcome.closed


def _has(name):
    return lambda outcome: outcome.first.header(name) is not None


def _imf_date(outcome) -> bool:
    from email.utils import format_datetime, parsedate_to_datetime
    date = outcome.first.header("date")
    return date is not None and format_datetime(parsedate_to_datetime(date), usegmt=True) == date


RULES = {
    "Exact(400)": rule(400),
    "Exact(400) close": rule(400, close=True),
    "Range2xx": rule(processed=True),
    "Range2xx close": rule(processed=True, close=True),
    "400 or close": rule(400, close=True),
    "400 or 2xx": rule(400, processed=True, close=True),
    "2xx or 400": rule(400, processed=True),
    "2xx or 400/431": rule(400, 431, processed=True),
    "400 or 2xx/404": rule(400, processed=True),
    "400 or 2xx+close": rule(400, processed=True, check=_or_closed),
    "400/501 or 2xx+close": rule(400, 501, processed=True, check=_or_closed),
    "400/501 or close": rule(400, 501, close=True),
    "400 or close preferred; 2xx acceptable": rule(400, processed=True, close=True),
    "400 or close (pass), 2xx (warn)": rule(400, processed=True, close=True),
    "400/close/timeout": rule(400, close=True, silence=True),
    "400/505/close/timeout": rule(400, 505, close=True, silence=True),
    "400/505 or close": rule(400, 505, close=True),
    "400/414/431 or close": rule(400, 414, 431, close=True),
    "400/431 or close": rule(400, 431, close=True),
    "400/405 or 200": rule(400, 405, processed=True),
    "400/405/501 or 2xx": rule(400, 501, processed=True),
    "400/405/501 or close": rule(400, 405, 501, close=True),
    "501/405/400 or close": rule(400, 405, 501, close=True),
    "405/501 or 2xx": rule(501, processed=True),
    "405/501, or 200 without Auth": rule(405, 501, processed=True),
    "405 + Allow header": rule(405, check=_has("allow")),
    "2xx with Allow header": rule(405, check=_has("allow")),
    "2xx with Date header": rule(processed=True, check=_has("date")),
    "IMF-fixdate format": rule(processed=True, check=_imf_date),
    "2xx with Content-Type": rule(processed=True, check=_has("content-type")),
    "2xx with no body": rule(processed=True),
    "2xx + close": rule(processed=True, **CLOSED),
    "2xx + echo": rule(processed=True),
    "2xx (Range ignored)": rule(processed=True),
    "2xx (no crash)": rule(processed=True),
    "2xx preferred; 400 warns": rule(400, processed=True),
    "2xx with Cookie in body": rule(processed=True),
    "2xx with both cookies": rule(processed=True),
    "2xx with foo=bar in body": rule(processed=True),
    "2xx with a=1, b=2, c=3 in body": rule(processed=True),
    "400/431 (rejected) or 2xx (survived)": rule(400, 431, processed=True),
    "400 (rejected) or 2xx without NUL": rule(400, processed=True),
    "400 (rejected) or 2xx without control chars": rule(400, processed=True),
    "200 or 400": rule(400, processed=True),
    "200 or 416": rule(416, processed=True),
    "200/206/400/416": rule(206, 400, 416, processed=True),
    "200 or 505": rule(505, processed=True),
    "204 without CL": Rule(ANY, check=lambda outcome: outcome.status != 204
                           or outcome.first.header("content-length") is None),
    "406 or 2xx": rule(406, processed=True),
    "415 or 2xx": rule(415, processed=True),
    "417 or 2xx": rule(417, processed=True),
    "!101": Rule(ANY),
    "non-101 (426 preferred)": Rule(ANY),
    "non-1xx response": Rule(ANY, check=lambda outcome: not outcome.first.interim),
    "not 414": Rule(ANY - {414}),
    "Reject/drop (pass), normalize (fail), preserve (warn)": rule(400, processed=True, close=True),
    "Reject/drop (pass), normalize casing (fail), preserve (warn)":
        rule(400, processed=True, close=True),
}


def load() -> list:
    path = paths.corpus("http/http11probe-cases.json")
    return json.loads(path.read_text())["cases"] if path.exists() else []


def sendable(case) -> bool:
    """False for cases whose bytes need a value from an earlier answer."""
    return all("bytes_b64" in step for step in case["steps"])


def steps_of(case) -> list:
    return [base64.b64decode(step["bytes_b64"]) for step in case["steps"]]


def expected(case) -> str:
    """The case's expectation in words, as a key of RULES (sequences have rules of their own)."""
    if case["expected_status"]:
        return case["expected_status"] + (" close" if case["allow_close"] else "")
    return case["expected_text"]


def exchange(url, steps) -> Outcome:
    """Sends the steps on one connection as long as it lives and gives all that came back."""
    outcome = Outcome()
    with Wire(url, timeout=ANSWER_SECONDS) as wire:
        for data in steps:
            wire.send(data)
            method = "HEAD" if data.startswith(b"HEAD ") else "GET"
            try:
                answer = wire.response(method)
            except TimeoutError:
                outcome.timed_out = True
                break
            if answer is None:
                outcome.closed = True
                break
            outcome.responses.append(answer)
            if answer.closes:
                outcome.extra = wire.rest()  # it said so: it must come without our half-close
                outcome.closed = True
                break
        if not outcome.closed:
            wire.finish_sending()
            outcome.extra = wire.rest()
    return outcome


def judge_sequence(outcome) -> bool:
    """Several requests on one connection: safe when the first was refused with a close, or when
    every request that was sent got one answer and no more. Nothing may have been granted."""
    if any(answer.status == 200 for answer in outcome.responses):
        return False
    if outcome.closed and len(outcome.responses) <= 1:
        return outcome.first is None or outcome.status in CLOSING | PROCESSED
    return all(answer.status in PROCESSED | CLOSING for answer in outcome.responses)


def problems(case, outcome) -> list:
    """What is wrong whatever the case expects."""
    found = []
    if outcome.first and outcome.status in CLOSING and not outcome.closed:
        found.append(f"{outcome.status} without a close")
    if outcome.extra:
        found.append(f"bytes nobody asked for: {outcome.extra[:80]!r}")
    if any(answer.status >= 500 and answer.status not in (501, 505)
           for answer in outcome.responses):
        found.append("a failure of the server")
    return found

