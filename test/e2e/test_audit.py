"""The audit log, read by somebody who has only its written format and the public key."""
import json
import shutil
import threading
import time
from datetime import datetime, timezone

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from support import audit, tokens, wire
from support.cli import Cli
from support.wait import eventually
from support.groups import group
from support.server import NotStarted
from support.wire import KeepAlive

ORDER = ["seq", "time", "event", "outcome", "team", "workload", "operator", "remote", "request_id",
         "revision", "groups", "keys", "reason", "key_id", "count", "pruned", "prev", "public_key",
         "signature", "hash"]


def checkpoints(server) -> list:
    return server.audit("checkpoint")


def test_the_chain_can_be_recomputed_from_the_first_line(server):
    for number in range(20):
        server.fetch(project=f"p{number}")
    server.fetch("nonsense")
    server.cli("set", "base", "A=1")
    eventually(lambda: checkpoints(server), 5, "a checkpoint")
    found = audit.whole_lines(server.data_dir)
    audit.check_chain(found)
    assert json.loads(found[0])["prev"] == audit.FIRST_PREV
    for line in found:
        names = list(json.loads(line))
        assert names == [name for name in ORDER if name in names], "members are in their order"
        assert line == line.strip() and line.endswith(b'"}')


def test_checkpoints_are_signed_with_the_key_that_the_server_names(server):
    server.fetch()
    eventually(lambda: checkpoints(server), 5, "a checkpoint")
    public = server.cli("audit", "key").out.strip()
    assert server.status()["audit"]["public_key"] == public
    assert server.api("GET", "/api/v1/audit/key")["public_key"] == public
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    for record in checkpoints(server):
        assert record["public_key"] == public
        key.verify(bytes.fromhex(record["signature"]), audit.signed_text(record))
        with pytest.raises(InvalidSignature):
            key.verify(bytes.fromhex(record["signature"]), audit.signed_text(record) + b" ")


def test_there_is_no_checkpoint_without_records(server):
    server.fetch()

    def at_rest():
        events = [one["event"] for one in server.audit()]
        return "workload.new" in events and events[-1] == "checkpoint"
    eventually(at_rest, 10, "the records of a first fetch and their checkpoint")
    before = len(server.audit())
    server.fetch()
    eventually(lambda: len(server.audit()) == before + 2, 5, "a record and its checkpoint")
    assert [one["event"] for one in server.audit()[before:]] == ["fetch", "checkpoint"]


def test_a_fetch_that_was_granted_has_exactly_one_record_of_who_what_when(server):
    answer = server.fetch(project="shop", object_id="api", type_="service")
    assert answer.status == 200
    record, = server.audit("fetch")
    assert record["outcome"] == "ok" and record["team"] == "default"
    assert record["workload"] == {"projectId": "shop", "nfObjectId": "api",
                                  "nfObjectType": "service"}
    assert record["groups"] == [{"name": "base", "version": 1}] and record["keys"] == ["GREETING"]
    assert record["remote"] == "127.0.0.1" and record["request_id"]
    assert record["revision"] == server.status()["revision"] and record["key_id"]
    taken = datetime.strptime(record["time"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    assert abs(taken.timestamp() - time.time()) < 60
    assert "reason" not in record and "count" not in record


DENIED = {
    "no_token": lambda now: None,
    "malformed_token": lambda now: "nonsense",
    "bad_signature": lambda now: tokens.token("another-" + tokens.KEY),
    "bad_algorithm": lambda now: tokens.token(alg="HS384"),
    "expired": lambda now: tokens.token(now=now - 90000),
    "not_yet_valid": lambda now: tokens.token(nbf=now + 3600),
    "bad_claims": lambda now: tokens.token(project=...),
}


@pytest.mark.parametrize("reason", DENIED)
def test_a_fetch_that_was_denied_has_exactly_one_record_with_its_reason(server, reason):
    token = DENIED[reason](int(time.time()))
    answer = wire.get(server.provider, token)
    assert answer.status == 401
    record = server.audit_settles(1)[0]
    assert (record["outcome"], record["reason"]) == ("denied", reason)
    assert record["remote"] == "127.0.0.1"
    text = json.dumps(record)
    assert "eyJ" not in text and "nonsense" not in text, "a part of the token is in the record"


def test_a_claim_that_is_not_verified_is_not_recorded_as_a_workload(server):
    token = tokens.token("another-" + tokens.KEY, project="forged-project")
    server.fetch(token)
    assert "forged-project" not in json.dumps(server.audit())


def test_every_fetch_of_many_clients_has_its_own_record(server):
    def ask(number):
        with KeepAlive(server.provider) as asker:
            for count in range(100):
                assert asker.get(tokens.token(project=f"p-{number}-{count}")).status == 200
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = server.audit_settles(600)
    asked = {one["workload"]["projectId"] for one in records}
    assert len(records) == len(asked) == 600
    assert len({one["request_id"] for one in records}) == 600
    audit.check_chain(audit.whole_lines(server.data_dir))


def test_denials_beyond_ten_a_second_are_counted_in_one_record(server):
    with KeepAlive(server.provider) as asker:
        for _ in range(100):
            assert asker.get("nonsense").status in (401, 429)
        assert asker.get(tokens.token()).status == 200, "a token that verifies is never throttled"
    records = eventually(lambda: all_denied(server, 100), 5, "a hundred denials")
    assert len(records) < 60, "denials fill the disk"
    assert any(one.get("count", 1) > 1 for one in records)
    assert {one["remote"] for one in records} == {"127.0.0.1"}


def all_denied(server, count):
    found = [one for one in server.audit() if one["outcome"] == "denied"]
    assert audit.counted(found) == count, f"{audit.counted(found)} instead of {count}"
    return found


def test_another_address_has_its_own_count(server):
    with KeepAlive(server.provider, source="127.0.0.2") as asker:
        for _ in range(60):
            asker.get("nonsense")
    assert wire.get(server.provider, source="127.0.0.3").status == 401
    mine = eventually(lambda: [one for one in server.audit("fetch")
                               if one["remote"] == "127.0.0.3"], 5, "its record")
    assert len(mine) == 1 and "count" not in mine[0]


def test_every_change_has_a_record_of_its_operator(server, tmp_path):
    server.cli("set", "base", "A=a-secret-value")
    server.cli("group", "delete", "base")
    server.cli("team", "add", "red")
    key = server.cli("team", "key", "add", "red", "--generate").out.strip()
    events = [one["event"] for one in server.audit() if one["event"] not in ("checkpoint",)]
    for event in ("group.update", "group.delete", "team.create", "key.create"):
        assert event in events, events
    for one in server.audit():
        if one["event"].split(".")[0] in ("group", "team", "key"):
            assert one["operator"].startswith("uid:") and one["outcome"] == "ok"
    text = b"".join(audit.lines(server.data_dir)).decode()
    assert key not in text and "a-secret-value" not in text


def test_a_change_that_was_refused_at_the_admin_listener_is_recorded_too(server):
    wire.get(server.admin, "not-the-owner", "/api/v1/status")
    denied = eventually(lambda: [one for one in server.audit() if one["outcome"] == "denied"], 5,
                        "a record")
    assert "not-the-owner" not in json.dumps(denied)


# -- verify ------------------------------------------------------------------------------------


@pytest.fixture
def folder(server):
    """The audit folder of a server that did something and has stopped."""
    for number in range(30):
        server.fetch(project=f"p{number}")
    eventually(lambda: checkpoints(server), 5, "a checkpoint")
    for number in range(5):
        server.fetch(project=f"late{number}")
    server.stop()
    return server.data_dir / "audit"


def rewritten(folder, change) -> object:
    """A copy of the folder whose lines `change` has changed."""
    copy = folder.parent.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    path = copy / "current.jsonl"
    lines = [line for line in path.read_bytes().rstrip(b"\0").split(b"\n") if line]
    changed = change(lines)
    path.write_bytes(b"".join(line + b"\n" for line in lines if line is not None)
                     if changed is None else changed)
    return copy


def forge(lines, at, old, new):
    """Changes a line and puts its hash right, as somebody would who knows the format."""
    assert old in lines[at], lines[at]
    line = lines[at].replace(old, new)
    cut = line.rindex(b',"hash"')
    lines[at] = line[:cut] + b',"hash":"' + audit.hash_of(line).encode() + b'"}'


def swap(lines, first, second):
    lines[first], lines[second] = lines[second], lines[first]


def put(lines, at, value):
    lines[at] = value


def last_record(lines) -> int:
    return max(at for at, line in enumerate(lines) if b'"event":"fetch"' in line)


TAMPERED = {
    "a changed byte": lambda lines: put(lines, 5, lines[5].replace(b"127.0.0.1", b"127.0.0.2")),
    "a changed line with a right hash": lambda lines: forge(lines, 5, b"127.0.0.1", b"127.0.0.2"),
    "a changed last record with a right hash":
        lambda lines: forge(lines, last_record(lines), b"127.0.0.1", b"127.0.0.2"),
    "a missing line": lambda lines: put(lines, 5, None),
    "a missing first line": lambda lines: put(lines, 0, None),
    "two lines exchanged": lambda lines: swap(lines, 5, 6),
    "a line twice": lambda lines: put(lines, 5, lines[5] + b"\n" + lines[5]),
    "a line that is no JSON": lambda lines: put(lines, 5, b"hello"),
    "a line cut in the middle": lambda lines: put(lines, 5, lines[5][:40]),
    "a cut last line": lambda lines: b"\n".join(lines)[:-20],
    "a space more": lambda lines: put(lines, 5, lines[5].replace(b'":', b'": ', 1)),
    "another seq": lambda lines: forge(lines, 5, b'"seq":6', b'"seq":7'),
}


def test_verify_passes_what_was_not_touched(folder, server, tmp_path):
    cli = Cli(server.data_dir)
    cli("audit", "verify")
    cli("audit", "verify", folder)
    Cli()("audit", "verify", rewritten(folder, lambda lines: None))
    key = tmp_path / "public"
    key.write_text(json.loads(next(line for line in audit.lines(server.data_dir)
                                   if b'"checkpoint"' in line))["public_key"])
    Cli()("audit", "verify", "--public-key", key, folder / "current.jsonl")


@pytest.mark.parametrize("what", TAMPERED)
def test_verify_finds(folder, what):
    ran = Cli()("audit", "verify", rewritten(folder, TAMPERED[what]), exits=1)
    assert "current.jsonl" in ran.err + ran.out
    assert any(character.isdigit() for character in (ran.err + ran.out).split("current.jsonl")[1])


def test_verify_finds_a_checkpoint_of_another_key(folder, tmp_path):
    key = tmp_path / "public"
    key.write_text("00" * 31 + "01")
    assert Cli()("audit", "verify", "--public-key", key, folder, exits=1).err


def test_a_tail_cut_off_together_with_its_checkpoint_is_found_at_the_next_start(folder, serve):
    """The store holds the last checkpoint too, so that the file alone cannot be shortened."""
    path = folder / "current.jsonl"
    lines = [line for line in path.read_bytes().rstrip(b"\0").split(b"\n") if line]
    path.write_bytes(b"".join(line + b"\n" for line in lines[:10]))
    try:
        again = serve()
    except NotStarted as refused:
        assert refused.code == 1 and "audit" in refused.err
        return
    assert "audit" in again.log()
    assert again.fetch().status == 200
    again.cli("audit", "verify", exits=1)
    assert json.loads(audit.whole_lines(again.data_dir)[-1])["seq"] > len(lines), "it fills the gap"


def test_a_rotated_log_is_verified_as_one(serve):
    server = serve("--audit-rotate-bytes", "20000")
    server.add_key()
    server.apply(group("base", {"A": "1"}))

    def files():
        return [path for path in (server.data_dir / "audit").iterdir() if path.suffix == ".jsonl"]

    def goes_on():
        for number in range(60):
            assert server.fetch(project=f"p{number}").status == 200
        return len(files()) > 2

    eventually(goes_on, 20, "the second rotation")  # they come with the checkpoint of a second
    server.stop()
    files = files()
    Cli(server.data_dir)("audit", "verify")
    oldest = min((path for path in files if path.name != "current.jsonl"),
                 key=lambda path: path.name)
    data = oldest.read_bytes()
    oldest.write_bytes(data.replace(b'"p3"', b'"p4"'))
    assert oldest.name in Cli(server.data_dir)("audit", "verify", exits=1).err
    oldest.unlink()
    Cli(server.data_dir)("audit", "verify", exits=None)
    middle = sorted(path for path in files if path.name != "current.jsonl")[1]
    middle.unlink()
    Cli(server.data_dir)("audit", "verify", exits=1)


def test_the_chain_goes_on_over_a_restart(server, serve):
    server.fetch()
    server.stop()
    again = serve()
    again.fetch()
    audit.check_chain(audit.whole_lines(again.data_dir))
    again.cli("audit", "verify")
