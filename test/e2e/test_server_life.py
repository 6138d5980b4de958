"""Settings, start and end of a server."""
import os
import signal
import threading

import pytest

from support import tokens, wire
from support.groups import file_of, group
from support.server import NotStarted
from support.wait import eventually
from support.wire import Broken, KeepAlive, Wire

SECRET = "reference-" + tokens.KEY


def test_an_empty_directory_becomes_a_store_and_no_secret_is_printed(serve, data_dir):
    server = serve()
    names = {one.name for one in data_dir.iterdir()}
    assert {"sutler.db", "master.key", "owner-token", "admin.sock", "audit", "lock"} <= names
    for path in data_dir.rglob("*"):
        mode = path.stat().st_mode & 0o777
        assert mode & 0o077 == 0, f"{path.name} is {mode:o}"
    said = server.log() + server.out.decode()
    assert str(data_dir / "owner-token") in said
    for name in ("owner-token", "master.key"):
        assert (data_dir / name).read_text(errors="replace").strip() not in said


def test_require_store_refuses_an_empty_directory(serve, data_dir):
    with pytest.raises(NotStarted) as refused:
        serve("--require-store")
    assert refused.value.code in (1, 3)
    assert "hint:" in refused.value.err and str(data_dir) in refused.value.err
    assert not (data_dir / "sutler.db").exists() and not (data_dir / "master.key").exists()


def test_a_missing_master_key_is_never_made_anew(serve, data_dir):
    serve().stop()
    (data_dir / "master.key").unlink()
    with pytest.raises(NotStarted) as refused:
        serve()
    assert refused.value.code in (1, 3) and "master.key" in refused.value.err
    assert not (data_dir / "master.key").exists()


def test_a_wrong_master_key_is_refused_by_the_name_of_its_key(serve, data_dir, tmp_path):
    serve().stop()
    serve(at=tmp_path / "other").stop()
    other = (tmp_path / "other" / "master.key").read_bytes()
    (data_dir / "master.key").write_bytes(other)
    with pytest.raises(NotStarted) as refused:
        serve()
    assert refused.value.code in (1, 3, 4) and "master key" in refused.value.err.lower()
    assert other.decode(errors="replace").strip() not in refused.value.err


def test_a_second_server_on_one_directory_is_refused(serve):
    first = serve()
    with pytest.raises(NotStarted) as refused:
        serve()
    assert refused.value.code in (1, 6) and "hint:" in refused.value.err
    assert first.running and first.status()["ready"] in (True, False)


def test_state_is_there_after_a_restart(serve):
    server = serve()
    server.add_key()
    server.apply(group("g", {"A": "1"}))
    revision = server.status()["revision"]
    server.stop()
    again = serve()
    assert again.fetch().values() == {"A": "1"}
    assert again.status()["revision"] == revision


def test_apply_at_start_brings_groups_and_is_idempotent(serve, tmp_path):
    path = file_of(tmp_path, group("g", {"A": "1"}))
    server = serve("--apply", str(path))
    server.add_key()
    assert server.fetch().values() == {"A": "1"}
    revision = server.status()["revision"]
    server.stop()
    assert serve("--apply", str(path)).status()["revision"] == revision


def test_host_port_and_secret_work_as_in_the_reference(serve, data_dir):
    server = serve(listen=None, env={"HOST": "127.0.0.1", "PORT": "0", "SECRET": SECRET})
    server.apply(group("g", {"A": "1"}))
    assert server.provider.startswith("http://127.0.0.1:")
    assert server.fetch(tokens.token(SECRET)).values() == {"A": "1"}
    assert server.fetch(tokens.token(SECRET + "x")).status == 401
    server.stop()
    for path in data_dir.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), "SECRET is stored"
    again = serve()
    assert again.fetch(tokens.token(SECRET)).status == 401, "SECRET outlived its process"


def test_secret_stands_beside_the_keys_of_the_store(serve):
    server = serve(env={"SECRET": SECRET})
    server.add_key()
    server.apply(group("g", {"A": "1"}))
    assert server.fetch().status == server.fetch(tokens.token(SECRET)).status == 200


@pytest.mark.parametrize("secret", ["APP_SECRET", "short", "a" * 64])
def test_a_weak_secret_is_refused_unless_it_is_allowed(serve, secret):
    with pytest.raises(NotStarted) as refused:
        serve(env={"SECRET": secret})
    assert refused.value.code in (1, 2)
    assert "hint:" in refused.value.err and "weak" in refused.value.err
    server = serve(env={"SECRET": secret, "SUTLER_ALLOW_WEAK_KEYS": "1"})
    server.apply(group("g", {"A": "1"}))
    assert server.fetch(tokens.token(secret)).status == 200


@pytest.mark.parametrize("options", [
    {"listen": "0.0.0.0:0"}, {"listen": "[::]:0"}, {"listen": None, "env": {"PORT": "0"}},
    {"listen": None, "env": {"HOST": "0.0.0.0", "PORT": "0"}}])
def test_plain_http_off_loopback_must_be_asked_for(serve, options):
    with pytest.raises(NotStarted) as refused:
        serve(**options)
    assert refused.value.code in (1, 2)
    assert "--plain-http" in refused.value.err and "hint:" in refused.value.err


def test_plain_http_off_loopback_is_served_when_it_is_asked_for(serve):
    server = serve(listen=None, env={"PORT": "0", "SUTLER_PLAIN_HTTP": "1"})
    assert server.provider.startswith("http://0.0.0.0:")
    url = server.provider.replace("0.0.0.0", "127.0.0.1")
    assert wire.get(url, path="/healthz").status == 503
    server.stop()
    assert serve("--plain-http", listen="0.0.0.0:0").running


def test_a_flag_wins_over_the_environment_and_that_over_the_file(serve, tmp_path):
    config = tmp_path / "sutler.yaml"
    config.write_text("header_timeout: 7s\nlisten: 127.0.0.1:1\n")
    server = serve("--config", str(config))
    assert not server.provider.endswith(":1")
    server.stop()
    server = serve("--config", str(config), listen=None, env={"SUTLER_LISTEN": "127.0.0.1:0"})
    assert not server.provider.endswith(":1")


def test_an_unknown_setting_in_the_environment_is_a_warning(serve):
    server = serve(env={"SUTLER_NO_SUCH_THING": "1"})
    assert "SUTLER_NO_SUCH_THING" in server.log()


def test_sighup_keeps_serving(serve):
    server = serve()
    server.add_key()
    server.apply(group("g", {"A": "1"}))
    server.signal(signal.SIGHUP)
    with KeepAlive(server.provider) as asker:
        for _ in range(200):
            assert asker.get(tokens.token()).status == 200
    assert server.running


def test_sighup_takes_another_owner_token(serve, data_dir):
    server = serve()
    old = (data_dir / "owner-token").read_text().strip()
    new = "sut_" + "n" * 43
    (data_dir / "owner-token").write_text(new + "\n")

    def status(token):
        return wire.get(server.admin, token, "/api/v1/teams").status

    assert status(old) == 200 and status(new) == 401
    server.signal(signal.SIGHUP)
    eventually(lambda: status(new) == 200)
    assert status(old) == 401
    assert server.audit("owner_token.replace")


class Load:
    """Threads that ask all the time, half of them on connections that they keep."""

    def __init__(self, url, threads=8):
        self.url, self.token = url, tokens.token()
        self.good, self.statuses, self.broken = 0, [], []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(number % 2 == 0,))
                        for number in range(threads)]

    def run(self, keep):
        while not self.stop.is_set():
            try:
                with Wire(self.url) as connection:
                    while not self.stop.is_set():
                        if not connection.send(wire.request(self.token)):
                            break
                        answer = connection.response()
                        if answer is None:
                            break  # closed before the first byte: nothing was broken
                        self.good += answer.status == 200
                        if answer.status != 200:
                            self.statuses.append(answer.status)
                        if answer.closes or not keep:
                            break
            except (Broken, TimeoutError) as error:
                self.broken.append(repr(error))
            except ConnectionError:
                if self.stop.wait(0.01):
                    return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_under_load_ends_without_a_broken_answer(serve, number):
    server = serve()
    server.add_key()
    server.apply(group("g", {"A": "x" * 50000}))
    with Load(server.provider) as load:
        eventually(lambda: load.good > 200, 20, "two hundred answers")
        server.signal(number)
        assert server.wait(35) == 0
    assert not load.broken and not load.statuses
    assert not os.path.exists(server.socket)
    written = [one for one in server.audit("fetch") if one["outcome"] == "ok"]
    assert len(written) >= load.good, "an answer without a record"


def test_a_drain_delay_keeps_serving_and_says_that_it_is_not_ready(serve):
    server = serve("--drain-delay", "2s")
    server.add_key()
    server.apply(group("g", {"A": "1"}))
    assert wire.get(server.admin, path="/readyz").status == 200
    server.signal(signal.SIGTERM)
    eventually(lambda: wire.get(server.admin, path="/readyz").status == 503, 1.5, "not ready")
    assert server.fetch().status == 200, "fetches go on in the delay"
    assert server.wait() == 0


def test_a_second_signal_ends_the_drain_at_once(serve):
    server = serve()
    server.add_key()
    server.apply(group("g", {f"A{i}": "x" * 100_000 for i in range(30)}))
    with Wire(server.provider, receive_buffer=4096) as stuck:
        stuck.send(wire.request(tokens.token()))  # three megabytes that nobody reads
        eventually(lambda: server.audit("fetch"), 5, "the fetch")
        server.signal(signal.SIGTERM)
        eventually(lambda: not connects(server.provider), 5, "the end of the listener")
        assert server.running, "it waits for the answer to be taken"
        server.signal(signal.SIGTERM)
        assert server.wait(3) == 1
    assert "second signal" in server.log()


def connects(url) -> bool:
    try:
        with Wire(url):
            return True
    except OSError:
        return False


def test_an_audit_log_without_its_database_is_refused(serve):
    server = serve()
    server.add_key()
    server.stop()
    for path in server.data_dir.glob("sutler.db*"):
        path.unlink()
    before = sorted(server.data_dir.iterdir())
    with pytest.raises(NotStarted) as refused:
        serve()
    assert refused.value.code == 1
    assert "audit log, but no sutler.db" in refused.value.err
    assert sorted(server.data_dir.iterdir()) == before, "a new store was begun"
