"""The system under it fails, or is asked for what it must not give: syscalls seen by strace."""
import resource
import socket

import pytest

from support import audit, tokens, wire
from support.groups import group
from support.paths import rounds
from support.traces import Trace, begun, finished
from support.wait import eventually, moment
from support.wire import Wire

SENDS = ("write", "writev", "sendto", "sendmsg")
SYNCS = ("fdatasync", "fsync")


def synced(trace, about) -> list:
    return sorted(number for call in SYNCS for number in finished(trace.lines, call, about))


def test_the_store_and_the_audit_are_synced_before_the_2xx_of_a_write(server, tmp_path):
    trace = Trace(server.pid, tmp_path / "trace", "-e", "trace=" + ",".join(SENDS + SYNCS))
    with trace:
        status, _ = server.call("PATCH", "/api/v1/teams/default/groups/base",
                                {"variables": {"A": "2"}})
        assert status == 200
    answers = begun(trace.lines, SENDS, "HTTP/1.1 200")
    assert len(answers) == 1, trace.lines
    for about in ("sutler.db", "current.jsonl"):
        before = [number for number in synced(trace, about) if number < answers[0]]
        assert before, f"{about} was not synced before the answer:\n" + "\n".join(trace.lines)


def test_the_record_of_a_fetch_is_written_before_its_answer(server, tmp_path):
    calls = SENDS + ("pwrite64", "pwritev", "pwritev2")
    trace = Trace(server.pid, tmp_path / "trace", "-e", "trace=" + ",".join(calls))
    with trace:
        for number in range(20):
            assert server.fetch(project=f"traced-{number}").status == 200
    answers = begun(trace.lines, SENDS, "HTTP/1.1 200")
    writes = sorted(number for call in calls
                    for number in finished(trace.lines, call, "current.jsonl"))
    assert len(answers) == 20
    for at, answer in enumerate(answers):
        assert len([one for one in writes if one < answer]) > at, "an answer before its record"


def test_a_fetch_is_synced_within_a_second_or_so(server, tmp_path):
    trace = Trace(server.pid, tmp_path / "trace", "-e", "trace=" + ",".join(SYNCS))
    with trace:
        server.fetch()
        eventually(lambda: synced(trace, "current.jsonl"), 3, "a sync of the audit")


def test_audit_sync_always_is_synced_before_the_answer(serve, tmp_path):
    server = serve("--audit-sync", "always")
    server.add_key()
    server.apply(group("base", {"A": "1"}))
    trace = Trace(server.pid, tmp_path / "trace", "-e", "trace=" + ",".join(SENDS + SYNCS))
    with trace:
        assert server.fetch().status == 200
    answer = begun(trace.lines, SENDS, "HTTP/1.1 200")[0]
    assert [number for number in synced(trace, "current.jsonl") if number < answer]


def test_a_token_makes_it_open_nothing_and_call_nobody(server, tmp_path):
    bait = tmp_path / "bait-key-file"
    bait.write_text(tokens.KEY)
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/keys"
        trace = Trace(server.pid, tmp_path / "trace", "-e",
                      "trace=open,openat,openat2,connect,stat,newfstatat,readlink,execve")
        with trace:
            for header in ({"jku": url}, {"x5u": url}, {"kid": str(bait)}, {"kid": url},
                           {"kid": "../../" + str(bait)}, {"jwk": {"kty": "oct", "k": "AAAA"}},
                           {"x5c": [str(bait)]}, {"jku": f"file://{bait}"}):
                assert server.fetch(tokens.token("other-" + tokens.KEY, header=header)).status in (
                    401, 429)
                # A header that names a key changes nothing about a token that verifies either.
                assert server.fetch(tokens.token(header=header)).status == 200
        with pytest.raises(BlockingIOError):
            trap.accept()
    assert not [line for line in trace.lines if "bait-key-file" in line], trace.lines
    assert not [line for line in trace.lines if "connect(" in line], trace.lines


def test_running_out_of_file_descriptors_is_survived(serve):
    server = serve("--max-connections", "10000", "--max-connections-per-client", "10000",
                   wrapper=["prlimit", "--nofile=64:64"])
    server.add_key()
    server.apply(group("base", {"A": "1"}))
    with Wire(server.provider) as early:
        assert early.get(tokens.token()).status == 200
        held = []
        try:
            for _ in range(200):
                held.append(Wire(server.provider))
                assert early.get(tokens.token()).status == 200, "a busy connection goes on"
            eventually(lambda: server.open_files() >= 60, 5, "the limit")
            assert server.running
        finally:
            for connection in held:
                connection.close()
        eventually(lambda: server.open_files() < 40, 10, "their end")
        assert early.get(tokens.token()).status == 200
    # The listener lives: an accept that failed did not end it.
    eventually(lambda: server.fetch().status == 200, 10, "a new connection")
    assert server.status()["integrity"] == "ok"


def test_half_sent_headers_do_not_keep_all_file_descriptors(serve):
    server = serve("--max-connections", "10000", "--max-connections-per-client", "10000",
                   wrapper=["prlimit", "--nofile=64:64"])
    server.add_key()
    server.apply(group("base", {"A": "1"}))
    held = []
    try:
        for _ in range(150):
            held.append(Wire(server.provider))
            held[-1].send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        eventually(lambda: server.open_files() >= 60, 5, "the limit")
        for _ in range(20):
            answer = wire.get(server.provider, tokens.token(), timeout=3)
            assert answer.status == 200, "an honest client waits for slow ones"
    finally:
        for connection in held:
            connection.close()
    assert server.log().count("no file descriptors are left") <= 2, "once a minute and thread"


def test_the_last_connection_that_there_is_room_for_is_not_closed_for_nobody(server):
    room = server.open_files() + 1
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (room, room))
    with Wire(server.provider) as only:
        eventually(lambda: server.open_files() == room, 5, "it is accepted")
        moment(0.3)  # nobody else comes, and no room is to be made
        assert only.get(tokens.token()).status == 200


def test_running_out_of_file_descriptors_does_not_burn_the_processor(serve):
    server = serve("--max-connections", "10000", "--max-connections-per-client", "10000",
                   wrapper=["prlimit", "--nofile=64:64"])
    held = [Wire(server.provider) for _ in range(150)]
    try:
        eventually(lambda: server.open_files() >= 60, 5, "the limit")
        before = ticks(server.pid)
        moment(2)
        assert ticks(server.pid) - before < 60, "it spins on accept"
    finally:
        for connection in held:
            connection.close()


def ticks(pid) -> int:
    """Processor time in hundredths of a second."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


@pytest.mark.parametrize("call", ["fdatasync,fsync", "pwrite64,pwritev", "ftruncate"])
def test_an_error_of_the_disk_never_gives_a_false_2xx(serve, tmp_path, call):
    """The N-th call fails with EIO, for each N in turn; then the power goes."""
    server = serve()
    server.add_key()
    server.apply(group("g", {"A": "start"}))
    for number in range(1, rounds(5, 30)):
        trace = Trace(server.pid, tmp_path / f"trace-{number}", "-e", f"trace={call}", "-e",
                      f"inject={call}:error=EIO:when={number}")
        with trace:
            status, answer = server.call("PATCH", "/api/v1/teams/default/groups/g",
                                         {"variables": {"A": f"value-{number}"}})
        assert status == 200 or status >= 500, answer
        old = server.fetch()
        server.kill()
        server = serve(at=server.data_dir)
        value = server.fetch().values()["A"]
        if status == 200:
            assert value == f"value-{number}", "an acknowledged write is lost"
        assert old.status == 503 or value in (old.values()["A"], f"value-{number}")
        assert server.status()["integrity"] == "ok"
        server.cli("audit", "verify")


@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EROFS"])
def test_a_record_that_cannot_be_written_is_503_and_nothing_leaves(server, tmp_path, error):
    calls = "write,writev,pwrite64,pwritev,pwritev2"
    path = server.data_dir / audit.CURRENT
    trace = Trace(server.pid, tmp_path / "trace", "-P", str(path), "-e", f"trace={calls}", "-e",
                  f"inject={calls}:error={error}")
    with trace:
        for _ in range(3):
            answer = server.fetch()
            assert answer.status == 503, answer.raw[:200]
            assert b"hello" not in answer.raw and answer.header("retry-after")
        assert wire.get(server.provider, path="/healthz").status == 503
    eventually(lambda: server.fetch().status == 200, 10, "recovery by itself")
    audit.check_chain(audit.whole_lines(server.data_dir))
    server.cli("audit", "verify")
