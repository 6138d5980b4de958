"""Clients that are slow on purpose are cut off in time, and honest ones are served meanwhile."""
import shutil
import subprocess
import threading
import time

import pytest

from support import tokens, wire
from support.groups import group
from support.wait import eventually
from support.wire import Wire

HEADER_SECONDS = 2
ATTACKERS = 300
# slowhttptest looks once a second, and it opens its connections for about one.
CUT_SECONDS = HEADER_SECONDS + 6
HONEST_P99_SECONDS = 0.5


@pytest.fixture(scope="module")
def site(serve_once):
    server = serve_once("--header-timeout", f"{HEADER_SECONDS}s", "--idle-timeout", "2s",
                        "--write-timeout", "2s", "--max-connections", "4000",
                        "--max-connections-per-client", "4000",
                        env={"SUTLER_BODY_TIMEOUT": "2s"})
    server.add_key()
    server.apply(group("base", {"A": "1"}))
    server.apply(group("big", {"BIG": "x" * 100_000, "BIGGER": "y" * 100_000}, projects=["big"]))
    return server


class Honest:
    """A client from an address of its own that asks all the time, each time anew."""

    def __init__(self, server):
        self.server, self.took, self.wrong = server, [], []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        token = tokens.token()
        while not self.stop.is_set():
            start = time.monotonic()
            try:
                answer = wire.get(self.server.provider, token, source="127.0.0.77")
                if answer.status != 200:
                    self.wrong.append(answer.status)
            except OSError as error:
                self.wrong.append(repr(error))
            self.took.append(time.monotonic() - start)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def p99(self) -> float:
        return sorted(self.took)[int(len(self.took) * 0.99)]


MODES = {
    "slow headers": ["-H", "-i", "1", "-x", "10"],
    "slow body": ["-B", "-i", "1", "-x", "10", "-s", "8192"],
    "ranges": ["-R", "-a", "1", "-b", "3000"],
    "slow read": ["-X", "-w", "1", "-y", "2", "-n", "1", "-z", "1", "-k", "3"],
}


@pytest.mark.parametrize("listener", ["provider", "admin"])
@pytest.mark.parametrize("mode", MODES)
def test_slowhttptest_is_cut_off_in_time_and_honest_clients_are_served(
        site, tmp_path, mode, listener):
    if not shutil.which("slowhttptest"):
        pytest.skip("slowhttptest is not installed")
    quiet, peak = site.open_files(), 0
    command = ["slowhttptest", *MODES[mode], "-c", str(ATTACKERS), "-r", str(ATTACKERS), "-u",
               getattr(site, listener) + "/", "-l", str(CUT_SECONDS + 10), "-p", "5", "-v", "1"]
    with Honest(site) as honest, open(tmp_path / "out", "w", encoding="utf-8") as out:
        attack = subprocess.Popen(command, stdout=out, stderr=out, cwd=tmp_path)

        def over():
            nonlocal peak
            now = site.open_files()
            peak = max(peak, now)
            seen = peak > quiet + ATTACKERS // 4 or attack.poll() is not None
            return seen and now <= quiet + 5
        try:
            eventually(over, CUT_SECONDS, "the end of the connections")
            eventually(lambda: len(honest.took) > 50, 5, "fifty honest answers")
        finally:
            attack.terminate()
            attack.wait()
    assert not honest.wrong, honest.wrong[:5]
    assert honest.p99() < HONEST_P99_SECONDS, f"p99 {honest.p99():.3f} s"


def test_a_header_that_never_ends_is_cut_though_bytes_keep_coming(site):
    with Wire(site.provider) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        start = time.monotonic()

        def cut():
            connection.send(b"X: 1\r\n")
            try:
                connection.more(time.monotonic() + 0.1)
            except TimeoutError:
                return False
            return connection.ended
        eventually(cut, CUT_SECONDS, "the end of the connection")
        assert time.monotonic() - start > HEADER_SECONDS / 2


def test_an_idle_connection_is_closed_and_a_busy_one_is_not(site):
    with Wire(site.provider) as idle, Wire(site.provider) as busy:
        assert idle.get(tokens.token()).status == 200

        def ended():
            assert busy.get(tokens.token()).status == 200
            try:
                idle.more(time.monotonic() + 0.05)
            except TimeoutError:
                return False
            return idle.ended
        eventually(ended, CUT_SECONDS, "the end of the idle connection")
        assert idle.buffer == b"", "an idle connection is closed without a word"


def test_a_deadline_is_for_a_request_and_not_for_a_connection(site):
    """A connection that asks again and again lives longer than any one deadline."""
    start = time.monotonic()
    with Wire(site.provider) as connection:
        while time.monotonic() - start < HEADER_SECONDS * 2:
            assert connection.get(tokens.token()).status == 200


def test_a_slow_admin_body_is_cut_off(site):
    owner = (site.data_dir / "owner-token").read_text().strip()
    head = wire.request(owner, "/api/v1/apply", "POST",
                        ["Content-Type: application/json", "Content-Length: 100000"])
    with Wire(site.admin) as connection:
        connection.send(head + b'{"groups": [')

        def cut():
            connection.send(b" ")
            try:
                connection.more(time.monotonic() + 0.1)
            except TimeoutError:
                return False
            return connection.ended
        eventually(cut, CUT_SECONDS, "the end of the connection")
        assert b" 200 " not in connection.buffer[:20]


def test_a_reader_that_stops_reading_is_cut_off(site):
    """It asks for more than the kernel buffers, in answers that are each small, and reads none."""
    whole = site.fetch(project="big")
    assert len(whole.raw) > 200_000
    # The connection of that fetch is about to be closed: the lowest count is the one without it.
    quiet, asked = min(site.open_files() for _ in range(300)), 60
    with Wire(site.provider, receive_buffer=4096) as stuck:
        stuck.send(wire.request(tokens.token(project="big")) * asked)
        eventually(lambda: site.open_files() > quiet, 5, "the connection")
        with Honest(site) as honest:
            eventually(lambda: len(honest.took) > 50, 10, "fifty honest answers")
        eventually(lambda: site.open_files() <= quiet, 15, "the end of the connection")
        assert len(stuck.rest()) < len(whole.raw) * asked, "all of it came, so nothing was cut"
    assert not honest.wrong and honest.p99() < HONEST_P99_SECONDS


def test_more_connections_than_one_client_may_have_are_turned_away(serve):
    server = serve("--max-connections-per-client", "8")
    server.add_key()
    server.apply(group("base", {"A": "1"}))
    held = [Wire(server.provider, source="127.0.0.9") for _ in range(8)]
    try:
        for connection in held:
            assert connection.get(tokens.token()).status == 200
        with Wire(server.provider, source="127.0.0.9") as ninth:
            ninth.send(wire.request(tokens.token()))
            answer = ninth.response()
            assert answer is None or answer.status in (429, 503)
        # Another address is not its concern.
        assert server.fetch(source="127.0.0.10").status == 200
    finally:
        for connection in held:
            connection.close()
    eventually(lambda: server.fetch(source="127.0.0.9").status == 200, 5, "a free place")


def test_more_connections_than_there_may_be_are_turned_away(serve):
    server = serve("--max-connections", "10", "--max-connections-per-client", "100")
    server.add_key()
    server.apply(group("base", {"A": "1"}))
    held = [Wire(server.provider) for _ in range(10)]
    try:
        for connection in held:
            assert connection.get(tokens.token()).status == 200
        with Wire(server.provider) as another:
            another.send(wire.request(tokens.token()))
            answer = another.response()
            assert answer is None or answer.status == 503
        assert held[0].get(tokens.token()).status == 200
    finally:
        for connection in held:
            connection.close()
    eventually(lambda: server.fetch().status == 200, 5, "a free place")
