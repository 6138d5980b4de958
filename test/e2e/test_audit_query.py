"""Searching, following and exporting the audit log; retention, sinks, intents."""
import json
import shutil
import socket
import subprocess
import threading
import time

import pytest

from support import audit, paths, tokens
from support.groups import group
from support.wait import eventually


def lines_of(answer) -> list:
    return [record["seq"] for record in answer["records"]]


@pytest.fixture
def busy(server):
    server.apply(group("other", {"KEY": "1"}))
    for number in range(5):
        server.fetch(project=f"p{number}")
    server.fetch("nonsense")
    return server


def test_the_newest_come_first_and_pages_go_on_while_the_log_grows(busy):
    seen, cursor = [], ""
    while True:
        page = busy.api("GET", f"/api/v1/audit?limit=3{cursor}")
        seen += lines_of(page)
        if "next" not in page:
            break
        cursor = f"&cursor={page['next']}"
        busy.fetch(project="later")
    assert seen == sorted(seen, reverse=True) and len(seen) == len(set(seen))
    assert seen[-1] == 1


@pytest.mark.parametrize("query, count", [
    ("event=fetch", 6), ("event=fetch&outcome=denied", 1), ("project=p3", 1), ("project=p", 0),
    ("group=other&event=group.*", 2), ("key=KEY&event=fetch", 5), ("operator=uid:0&event=fetch", 0),
    ("text=p4", 1), ("since=2999-01-01T00:00:00Z", 0), ("until=1999-01-01T00:00:00Z", 0),
])
def test_each_filter_narrows(busy, query, count):
    assert len(busy.api("GET", f"/api/v1/audit?{query}")["records"]) == count


@pytest.mark.parametrize("query", ["outcome=fine", "since=yesterday", "limit=0", "limit=10001",
                                   "order=up", "cursor=x", "event=*.x", "nonsense=1", "wait=61"])
def test_what_cannot_be_meant_is_refused(server, query):
    path = "/follow" if query.startswith("wait") else ""
    status, answer = server.call("GET", f"/api/v1/audit{path}?{query}")
    assert status == 400, answer


def test_the_request_id_of_an_answer_finds_its_record(server):
    answer = server.fetch(project="traced")
    found = server.api("GET", f"/api/v1/audit?request_id={answer.header('x-request-id')}")
    assert [one["workload"]["projectId"] for one in found["records"]] == ["traced"]


def test_the_command_shows_a_table_and_json_and_works_on_a_folder(busy, cli):
    table = cli("audit", "query", "--project", "p2").out
    assert "SEQ" in table and "p2/" in table and "base@1" in table
    online = cli.json("audit", "query", "--event", "fetch")
    offline = cli.json("audit", "query", "--event", "fetch", "--dir", busy.data_dir / "audit")
    assert lines_of(online) == lines_of(offline) and len(online["records"]) == 6
    assert "no record matches" in cli("audit", "query", "--key", "NOPE").out
    cli("audit", "query", "--outcome", "fine", exits=2)


def test_what_is_exported_is_the_log_byte_for_byte(busy, cli):
    eventually(lambda: busy.audit()[-1]["event"] == "checkpoint", 5, "a checkpoint")
    exported = cli("audit", "export", "--checkpoints").out.encode().splitlines()
    assert exported == audit.whole_lines(busy.data_dir)[:len(exported)]
    audit.check_chain(exported)


def test_following_waits_and_does_not_hold_up_others(server):
    after = server.status()["audit"]["seq"]
    got = []

    def wait():
        got.append(server.call("GET", f"/api/v1/audit/follow?after={after}&wait=20&event=fetch"))
    waiters = [threading.Thread(target=wait) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    time.sleep(0.5)
    begun = time.monotonic()
    server.status()
    assert time.monotonic() - begun < 2, "the loop is free"
    server.fetch(project="awaited")
    for waiter in waiters:
        waiter.join(15)
    assert [answer["records"][0]["workload"]["projectId"] for _, answer in got] == ["awaited"] * 3


def test_too_many_waiters_are_turned_away_and_a_stop_ends_the_waiting(server):
    answers = []

    def wait():
        answers.append(server.call("GET", "/api/v1/audit/follow?wait=60&event=none")[0])
    waiters = [threading.Thread(target=wait) for _ in range(70)]
    for waiter in waiters:
        waiter.start()
    eventually(lambda: len(answers) >= 6, 10, "those beyond 64 are refused")
    assert set(answers) == {503}
    assert server.stop() == 0
    for waiter in waiters:
        waiter.join(10)
    assert answers.count(200) == 64


def test_a_change_has_an_intent_before_it_with_the_same_request_id(server):
    server.apply(group("g", {"A": "1"}))
    found = [json.loads(line) for line in audit.whole_lines(server.data_dir)]
    changes = [one for one in found if one.get("groups", [{}])[0].get("name") == "g"]
    assert [one["outcome"] for one in changes] == ["intent", "ok"]
    assert changes[0]["request_id"] == changes[1]["request_id"]
    assert "version" not in changes[0]["groups"][0] and changes[1]["groups"][0]["version"] == 1


def test_old_files_go_and_the_log_is_still_proved(serve, data_dir):
    server = serve("--audit-rotate-bytes", "8192", "--audit-keep-bytes", "1500000")
    server.add_key()
    server.apply(group("base", {"A": "1"}))
    first = data_dir / "audit" / "audit-000000000001.jsonl"

    def gone():
        for _ in range(50):
            server.fetch()
        rotated = list(first.parent.glob("audit-*.jsonl"))
        return len(rotated) > 3 and not first.exists()
    eventually(gone, 120, "the first file goes")
    assert "older lines were let go" in server.cli("audit", "verify").out

    def rotated():
        # A file is as large as what a second brings: few fetches make small ones, and several are kept.
        for _ in range(15):
            server.fetch()
        found = sorted((data_dir / "audit").glob("audit-*.jsonl"))
        return found if len(found) > 4 else None
    eventually(rotated, 60, "several files")[2].unlink()
    assert "missing" in server.cli("audit", "verify", exits=1).err


def config(tmp_path, *sinks):
    path = tmp_path / "sutler.yaml"
    path.write_text("audit_sinks:\n" + "".join(f"  - {sink}\n" for sink in sinks)
                    + "audit_sink_timeout: 300ms\n")
    return path


def test_a_syslog_gets_every_record_and_checkpoint_in_order(serve, tmp_path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "log"))
    listener.settimeout(10)
    messages = []

    def read():
        try:
            while True:
                messages.append(listener.recv(1 << 20))
        except OSError:
            pass
    reader = threading.Thread(target=read)
    reader.start()
    server = serve("--config", config(tmp_path, f"syslog:{tmp_path}/log"))
    server.add_key()
    server.apply(group("base", {"A": "1"}))
    for _ in range(10):
        server.fetch()
    eventually(lambda: server.audit()[-1]["event"] == "checkpoint", 5, "a checkpoint")
    lines = audit.whole_lines(server.data_dir)
    eventually(lambda: len(messages) >= len(lines), 10, "all of them")
    listener.shutdown(socket.SHUT_RDWR)
    reader.join()
    for line, message in zip(lines, messages):
        assert message.startswith(b"<8") and message.endswith(line), message


def test_a_stuck_sink_holds_up_nothing(serve, tmp_path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "log"))  # nobody reads: it fills up
    server = serve("--config", config(tmp_path, f"syslog:{tmp_path}/log"))
    server.add_key()
    server.apply(group("base", {"A": "1"}))
    begun = time.monotonic()
    for _ in range(600):
        assert server.fetch().status == 200
    assert time.monotonic() - begun < 20
    eventually(lambda: "audit sink fails" in server.log(), 10, "it is told of")


def test_sinks_are_set_in_the_config_file_only(data_dir):
    done = subprocess.run([paths.binary(), "serve", "--data-dir", data_dir, "--audit-sinks",
                           "stdout"], capture_output=True, check=False)
    assert done.returncode == 2


def test_denials_beyond_ten_a_second_are_counted_on_the_admin_side_too(server):
    import http.client
    host = server.admin.removeprefix("http://")
    for _ in range(60):
        connection = http.client.HTTPConnection(host)
        connection.request("GET", "/api/v1/status", headers={"Authorization": "Bearer no"})
        assert connection.getresponse().status in (401, 429)
        connection.close()
    eventually(lambda: audit.counted(server.audit("admin.denied")) >= 60, 10, "all are counted")
    assert len(server.audit("admin.denied")) < 50
    assert tokens.KEY not in str(server.audit())


RECORDS, RECORDS_PER_FILE = 1_000_000, 160_000


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    """A log of a million records as they are on a busy server, 400 MB; its hashes prove nothing."""
    folder = tmp_path_factory.mktemp("million")
    tail = '"prev":"' + "0" * 64 + '","hash":"' + "0" * 64 + '"}\n'
    for first in range(1, RECORDS + 1, RECORDS_PER_FILE):
        last = min(first + RECORDS_PER_FILE, RECORDS + 1)
        name = "current.jsonl" if last > RECORDS else f"audit-{first:012}.jsonl"
        with open(folder / name, "w", encoding="ascii") as out:
            for seq in range(first, last):
                minute, second = divmod(seq // 20 % 86_400, 60)
                out.write(
                    f'{{"seq":{seq},"time":"2026-11-{1 + seq // 2_000_000:02}T{minute // 60 % 24:02}:'
                    f'{minute % 60:02}:{second:02}.000000Z","event":"fetch","outcome":"ok",'
                    f'"team":"default","workload":{{"projectId":"p{seq % 100}","nfObjectId":'
                    f'"o{seq % 100_000}","nfObjectType":"service"}},"remote":"10.0.0.1",'
                    f'"request_id":"{seq:016x}","revision":7,"groups":[{{"name":"g{seq % 500}",'
                    f'"version":3}}],"keys":["DB_PASSWORD","K{seq % 1000}"],"key_id":"k1",{tail}')
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("filters, count", [
    (["--request-id", "00000000000f0000"], 1), (["--object", "o77"], 10), (["--key", "NOPE"], 0),
    (["--group", "g7", "--key", "K7", "--limit", "10000"], 1000), (["--operator", "alice"], 0),
    (["--since", "2027-01-01T00:00:00Z"], 0), (["--text", "p99", "--oldest"], 100),
    (["--outcome", "denied"], 0), (["--key", "DB_PASSWORD", "--project", "p101"], 0),
])
def test_a_million_records_are_searched_at_once(million, cli, filters, count):
    cli("audit", "query", "--dir", million, "--limit", "1")  # the page cache is warm
    taken = []
    for _ in range(3):
        begun = time.monotonic()
        found = cli.json("audit", "query", "--dir", million, *filters)
        taken.append(time.monotonic() - begun)
        assert len(found["records"]) == count
    if "release" in str(paths.binary()):
        # The goal is 0.5 s; five times of it, since other work may run beside the tests.
        assert min(taken) < 2.5, taken
