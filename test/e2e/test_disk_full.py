"""A full disk: writes fail with a clear error, fetches go on while the audit can record them and
are refused when it cannot, and all recovers by itself when there is room again."""
import errno
import subprocess

import pytest

from support import audit, tokens
from support.groups import group
from support.server import NotStarted
from support.wait import eventually

SIZE = "16m"
RESERVE = 64 * 1024


@pytest.fixture
def volume(tmp_path):
    """A small file system of its own."""
    path = tmp_path / "volume"
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", path],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def fill(volume):
    """Takes every byte that is left. Gives the file to remove."""
    path = volume / "filler"
    with open(path, "ab", buffering=0) as filler:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC
    return path


@pytest.fixture
def full(volume, serve):
    server = serve(at=volume / "data", audit_reserve=RESERVE)
    server.add_key()
    server.apply(group("g", {"A": "1"}))
    assert server.fetch().values() == {"A": "1"}
    server.filler = fill(volume)
    yield server
    server.filler.unlink(missing_ok=True)  # so that it can end well


def write(server, value):
    body = {"variables": {"A": value, "PAD": "x" * 100_000}}
    return server.call("PATCH", "/api/v1/teams/default/groups/g", body)


def granted(server) -> int:
    return len([one for one in server.audit("fetch") if one["outcome"] == "ok"])


def test_a_write_to_a_full_disk_is_a_clear_error_and_changes_nothing(full):
    status, answer = write(full, "2")
    assert status in (503, 507), answer
    assert answer["status"] == status and answer["code"] and answer["detail"]
    assert "disk" in str(answer).lower() or "space" in str(answer).lower()
    assert full.running
    refused = full.cli("set", "g", "A=3", "PAD=" + "y" * 100_000, exits=1)
    assert "hint:" in refused.err
    answer = full.fetch()
    assert answer.status == 503 or answer.values() == {"A": "1"}


def test_grants_use_the_reserve_and_end_with_503_and_never_without_a_record(full):
    before, answered = granted(full), 0
    statuses = []
    for _ in range(RESERVE // 100):
        answer = full.fetch()
        statuses.append(answer.status)
        if answer.status == 200:
            answered += 1
            assert answer.values() == {"A": "1"}
        else:
            assert answer.status == 503 and answer.header("retry-after")
            assert b"secrets" not in answer.body
            break
    assert answered >= 10, f"the reserve was not used: {statuses[:5]}"
    assert statuses[-1] == 503, "grants went on past the reserve"
    assert granted(full) - before == answered
    audit.check_chain(audit.whole_lines(full.data_dir))


def test_a_denied_fetch_on_a_full_disk_gives_nothing(full):
    assert full.fetch(tokens.token("another-" + tokens.KEY)).status in (401, 503)


def test_it_recovers_by_itself_when_there_is_room(full):
    for _ in range(RESERVE // 100):
        if full.fetch().status == 503:
            break
    assert write(full, "2")[0] in (503, 507)
    full.filler.unlink()
    eventually(lambda: full.fetch().status == 200, 10, "a fetch")
    eventually(lambda: write(full, "3")[0] == 200, 10, "a write")
    assert full.fetch().values()["A"] == "3"
    assert full.status()["integrity"] == "ok"
    full.cli("audit", "verify")
    audit.check_chain(audit.whole_lines(full.data_dir))


def test_what_was_refused_on_a_full_disk_is_not_there_after_a_restart(full, serve):
    assert write(full, "2")[0] in (503, 507)
    full.kill()
    full.filler.unlink()
    again = serve(at=full.data_dir, audit_reserve=RESERVE)
    assert again.fetch().values() == {"A": "1"}
    again.cli("audit", "verify")


def test_a_start_on_a_full_disk_is_refused_with_words_or_serves(full, serve):
    full.filler.unlink()
    full.stop()
    full.filler = fill(full.data_dir.parent)
    try:
        again = serve(at=full.data_dir, audit_reserve=RESERVE)
        assert again.fetch().status in (200, 503)
    except NotStarted as refused:
        assert refused.code == 1 and "hint:" in refused.err
