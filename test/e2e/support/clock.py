"""A wall clock of our choice for the binary, by libfaketime. Its monotonic clock stays true."""
import glob
from datetime import datetime, timezone

import pytest

LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"


def _environment(spec) -> dict:
    found = glob.glob(LIBRARY)
    if not found:
        pytest.skip("libfaketime is not installed")
    return {"LD_PRELOAD": found[0], "FAKETIME": spec, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", "FAKETIME_NO_CACHE": "1"}


def _utc(epoch) -> str:
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def starting_at(text) -> dict:
    """Environment for a clock that runs from this UTC time on: '2023-07-19 12:00:00'."""
    return _environment("@" + text)


def standing_at(epoch) -> dict:
    """Environment for a clock that stands at this second."""
    return _environment(_utc(epoch))
