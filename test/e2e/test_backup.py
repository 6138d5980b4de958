"""Backups of a running server, and what is made of them."""
import json
import os
import shutil
import stat
import threading

import pytest

from support import audit, bundles
from support.cli import Cli
from support.groups import group
from support.wait import eventually
from test_disk_full import RESERVE, fill, volume  # noqa: F401  a fixture


@pytest.fixture
def cli():
    return Cli()


def make(server) -> str:
    return server.cli("backup", "create", "--json").json()["file"]


def key_spec(server) -> str:
    return f"file:{server.data_dir}/master.key"


def restore(cli, server, target, file, *flags, exits=0):
    return cli("restore", file, "--data-dir", target, "--master-key", key_spec(server), *flags,
               exits=exits)


def test_a_restored_backup_serves_byte_equal_bundles_to_a_thousand_workloads(serve, cli, tmp_path):
    server = serve()
    server.add_key()
    server.apply(*bundles.groups())
    server.apply(group("everybody", {"EVERYBODY": "again", "WHO": "me"}))  # a version more
    before = bundles.answers(server)
    file = make(server)
    # What comes after the backup is what a restore takes back.
    late = server.add_key(key="a later signing key of enough characters")
    server.add_team("late")
    first = next(key["id"] for key in server.api("GET", "/api/v1/teams/default/keys")["items"]
                 if key["id"] != late)
    server.api("POST", f"/api/v1/teams/default/keys/{first}/retire", {})
    server.apply(group("everybody", {"EVERYBODY": "changed"}))
    epoch, revision = server.status()["epoch"], server.status()["revision"]
    last = server.status()["audit"]["seq"]
    assert server.stop() == 0

    target = tmp_path / "restored"
    ran = restore(cli, server, target, file, "--compare", server.data_dir, "--json")
    told = ran.json()
    assert any(first in one and "verifies again" in one for one in told["undone"]), told
    assert any(late in one and "gone" in one for one in told["undone"]), told
    assert any('team "late"' in one for one in told["undone"]), told
    assert stat.S_IMODE(os.stat(target / "sutler.db").st_mode) == 0o600
    assert sorted(os.listdir(target)) == ["lock", "owner-token", "sutler.db"]

    copy = serve("--master-key", key_spec(server), at=target)
    assert bundles.answers(copy) == before
    assert copy.status()["epoch"] > epoch and copy.status()["revision"] < revision
    record = copy.audit("store.restore")
    assert len(record) == 1 and "audit before: line" in record[0]["reason"], record
    assert int(record[0]["reason"].split("line ")[1].split()[0]) < last
    assert copy.cli("audit", "verify").code == 0
    assert len(copy.cli("group", "list", "--json").json()["items"]) == len(list(bundles.groups()))
    copy.stop()
    again = serve("--master-key", key_spec(server), at=target)
    assert len(again.audit("store.restore")) == 1, "recorded once"


def test_without_a_comparison_the_audit_log_beside_the_backup_tells_what_is_undone(serve, cli,
                                                                                   tmp_path):
    server = serve()
    server.add_key()
    server.apply(group("g", {"A": "1"}))
    file = make(server)
    server.add_team("late")
    server.stop()
    (server.data_dir / "sutler.db").unlink()
    told = restore(cli, server, tmp_path / "restored", file, "--json").json()
    assert told["compared_with"].endswith("audit")
    assert any("team.create" in one and "late" in one for one in told["undone"]), told
    # Nothing to compare with is said aloud.
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(file, alone / "x.backup")
    ran = restore(cli, server, tmp_path / "other", alone / "x.backup")
    assert "nothing to compare with" in ran.err


def test_a_wrong_key_a_damaged_file_and_a_filled_target_are_refused(serve, cli, tmp_path):
    server = serve()
    server.apply(group("g", {"A": "1"}))
    needed = server.api("GET", "/api/v1/master-key")["primary"]
    file = make(server)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    server.stop()
    other = tmp_path / "other.key"
    cli("master-key", "new", other)
    target = tmp_path / "restored"
    ran = cli("restore", file, "--data-dir", target, "--master-key", f"file:{other}", exits=4)
    assert needed in ran.err, str(ran)
    ran = cli("backup", "verify", file, "--master-key", f"file:{other}", exits=4)
    assert needed in ran.err, str(ran)
    assert "master key" in cli("restore", file, "--data-dir", target, exits=3).err

    whole = open(file, "rb").read()
    for broken in (whole[:-1], whole[:len(whole) // 2], whole + b"x",
                   whole[:-200] + bytes([whole[-200] ^ 1]) + whole[-199:]):
        bad = tmp_path / "bad.backup"
        bad.write_bytes(broken)
        for command in (("backup", "verify", bad), ("restore", bad, "--data-dir", target)):
            ran = cli(*command, "--master-key", key_spec(server), exits=1)
            assert "bad.backup" in ran.err, str(ran)
        cli("backup", "verify", bad, "--data-dir", tmp_path / "nowhere", exits=1)
    assert not (target / "sutler.db").exists()
    # As a restore that was killed leaves it: begun anew, and what is left behind goes.
    (target / "owner-token").write_text("sut_x\n")
    os.chmod(target / "owner-token", 0o600)
    (target / "owner-token.new.AbCdEf").write_text("sut_y\n")
    restore(cli, server, target, file)
    assert not (target / "owner-token.new.AbCdEf").exists()
    assert (target / "owner-token").read_text() == "sut_x\n"
    assert "not empty" in restore(cli, server, target, file, exits=6).err


def test_verify_needs_no_server_and_says_so_when_it_had_no_key(serve, cli, tmp_path):
    server = serve()
    server.apply(group("g", {"A": "canary-of-a-backup"}))
    file = make(server)
    assert b"canary-of-a-backup" not in open(file, "rb").read()
    server.stop()
    opened = cli("backup", "verify", file, "--data-dir", server.data_dir, "--json").json()
    assert opened["opened"] is True and opened["revision"] == 2
    ran = cli("backup", "verify", file, "--data-dir", tmp_path / "nowhere")
    assert ran.out.startswith("ok: revision 2 of store") and "no record was opened" in ran.err


def test_backups_are_made_by_schedule_listed_and_only_the_newest_kept(serve, data_dir):
    server = serve("--backup-every", "1s", "--backup-keep", "2")
    server.apply(group("g", {"A": "1"}))
    seen = set()

    def three():
        seen.update(one["file"] for one in server.api("GET", "/api/v1/backups")["backups"])
        return len(seen) >= 3
    eventually(three, 20, "three backups")
    # For a moment after each backup there is one more.
    eventually(lambda: len(server.api("GET", "/api/v1/backups")["backups"]) <= 2, 20, "two are kept")
    assert server.api("GET", "/api/v1/backups")["last_good"]
    assert all(one["operator"] == "schedule" for one in server.audit("backup.create"))
    assert "MASTER KEYS" in server.cli("backup", "list").out


def test_a_backup_under_writes_is_one_consistent_state(serve, cli, tmp_path):
    server = serve()
    server.apply(group("a", {"N": "0"}), group("b", {"N": "0"}))
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            server.apply(group("a", {"N": str(number)}), group("b", {"N": str(number)}))
    writer = threading.Thread(target=write)
    writer.start()
    try:
        files = [make(server) for _ in range(5)]
    finally:
        stop.set()
        writer.join()
    server.stop()
    for number, file in enumerate(files):
        target = tmp_path / f"restored-{number}"
        restore(cli, server, target, file)
        copy = serve("--master-key", key_spec(server), at=target)
        shown = [copy.api("GET", f"/api/v1/teams/default/groups/{name}?reveal=true")
                 for name in ("a", "b")]
        values = {json.dumps(one["secrets"]["variables"]["N"]) for one in shown}
        assert len(values) == 1, values
        copy.stop()


def test_a_full_disk_leaves_the_old_backups(serve, volume, tmp_path):  # noqa: F811
    server = serve("--backup-dir", volume / "backups", audit_reserve=RESERVE)
    server.apply(group("g", {"A": "x" * 100_000}))
    first = make(server)
    filler = fill(volume)
    ran = server.cli("backup", "create", exits=None)
    assert ran.code != 0 and "error: " in ran.err, str(ran)
    listed = server.api("GET", "/api/v1/backups")
    assert [one["file"] for one in listed["backups"]] == [first] and listed["error"]
    assert [name for name in os.listdir(volume / "backups") if name.endswith(".part")] == []
    filler.unlink()
    make(server)
    assert audit.records(server.data_dir, "backup.create")


def test_a_restore_ends_every_operators_tokens_and_makes_a_new_owner_token(serve, cli, tmp_path):
    server = serve()
    server.api("POST", "/api/v1/operators", {"name": "alice", "role": "owner"})
    token = server.api("POST", "/api/v1/operators/alice/tokens", {})["token"]
    owner = (server.data_dir / "owner-token").read_text().strip()
    file = make(server)
    server.api("POST", "/api/v1/operators/alice/disable")
    server.stop()
    target = tmp_path / "restored"
    told = restore(cli, server, target, file, "--json").json()
    assert any('"alice" was disabled' in one for one in told["undone"]), told
    copy = serve("--master-key", key_spec(server), at=target)
    for old in (token, owner):
        ran = Cli()("status", "--addr", copy.admin, env={"SUTLER_TOKEN": old}, exits=4)
        assert old not in ran.err
    fresh = (target / "owner-token").read_text().strip()
    assert fresh != owner
    Cli()("status", "--addr", copy.admin, env={"SUTLER_TOKEN": fresh})
    assert copy.api("GET", "/api/v1/operators/alice")["tokens"] == 0


def test_a_group_is_exported_from_a_backup_without_a_server(serve, cli, tmp_path):
    server = serve()
    server.apply(group("g", {"A": "then"}), group("other", {"B": "2"}))
    file = make(server)
    server.apply(group("g", {"A": "now"}))
    server.stop()
    given = ("--from-backup", file, "--format", "dotenv")
    ran = cli("export", "g", *given, "--reveal", "--master-key", key_spec(server))
    assert "then" in ran.out and "now" not in ran.out
    assert "then" not in cli("export", "g", *given, "--master-key", key_spec(server)).out
    assert "no group" in cli("export", "x", *given, "--master-key", key_spec(server), exits=3).err
    assert "master key" in cli("export", "g", *given, "--data-dir", tmp_path / "none", exits=4).err
