"""The audit log read by somebody who has only its written format."""
import hashlib
import json
from pathlib import Path

FIRST_PREV = "0" * 64
CURRENT = Path("audit") / "current.jsonl"


def lines(data_dir) -> list:
    """The lines of the current file as bytes. A preallocated tail of NUL bytes is not a line."""
    path = Path(data_dir) / CURRENT
    if not path.exists():
        return []
    return [line for line in path.read_bytes().split(b"\n") if line.strip(b"\0")]


def whole_lines(data_dir) -> list:
    """As `lines`, without a last one that is still being written."""
    path = Path(data_dir) / CURRENT
    data = path.read_bytes().rstrip(b"\0") if path.exists() else b""
    return [line for line in data[:data.rfind(b"\n") + 1].split(b"\n") if line]


def records(data_dir, event=None) -> list:
    """What happened. (An intent only says what is about to happen.)"""
    found = [json.loads(line) for line in whole_lines(data_dir)]
    found = [record for record in found if record["outcome"] != "intent"]
    return [record for record in found if event is None or record["event"] == event]


def counted(found) -> int:
    """How many happenings the records stand for: one each, or their `count`."""
    return sum(record.get("count", 1) for record in found)


def hash_of(line: bytes) -> str:
    """SHA-256 of the exact bytes before `,"hash"`, which is the last member."""
    cut = line.rindex(b',"hash"')
    return hashlib.sha256(line[:cut]).hexdigest()


def check_chain(found: list) -> None:
    """Recomputes the chain from the first record; raises AssertionError at the first bad line."""
    prev, seq = FIRST_PREV, 0
    for number, line in enumerate(found, 1):
        record = json.loads(line)
        assert record["prev"] == prev, f"line {number}: prev is not the hash of the line before"
        assert record["hash"] == hash_of(line), f"line {number}: hash does not match"
        assert record["seq"] == seq + 1, f"line {number}: seq {record['seq']} after {seq}"
        prev, seq = record["hash"], record["seq"]


def signed_text(record: dict) -> bytes:
    """What the signature of a checkpoint covers."""
    return f"sutler-audit-v1\n{record['seq']}\n{record['prev']}\n".encode()
