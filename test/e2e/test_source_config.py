"""`sources` of the config file through the real binary: reading it, its status, trying it, and
who may."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from support import paths
from support.cli import Cli
from support.groups import group
from support.server import NotStarted, Server, UnixHTTP
from support.wait import eventually


@pytest.fixture
def values(tmp_path):
    folder = tmp_path / "values"
    folder.mkdir()
    (folder / "app.json").write_text('{"password": "from-a-file", "user": "shop"}')
    (folder / "plain").write_text("whole\ntext")
    return folder


def config_file(tmp_path, *sources, mode=0o600, **settings):
    path = tmp_path / "sutler.yaml"
    path.write_text(json.dumps({"sources": list(sources), **settings}))
    path.chmod(mode)
    return path


def files(values, **members):
    return {"name": "files", "kind": "file", "root": str(values), **members}


def exec_source(**members):
    return {"name": "program", "kind": "exec", "command": ["/bin/echo", "{ref}"], **members}


# -- the config file -----------------------------------------------------------------------------

def check(tmp_path, *sources, exits=1, **options):
    return Cli(tmp_path / "data")("config", "check", "--config",
                                  config_file(tmp_path, *sources, **options), exits=exits)


def test_config_check_reads_the_sources(tmp_path, values):
    check(tmp_path, files(values), exits=0)
    ran = check(tmp_path, files(values, colour="red"))
    assert "sutler.yaml:1: sources: \"files\": unknown member \"colour\"" in ran.err
    assert "known here: allow, calls_per_second" in ran.err
    assert "absolute" in check(tmp_path, files("relative/path")).err
    assert "two have the name" in check(tmp_path, files(values), files(values)).err
    assert "member refs is missing" in check(
        tmp_path, files(values, allow=[{"team": "default", "groups": ["*"]}])).err


def test_the_example_that_is_shipped_is_good(tmp_path):
    path = tmp_path / "sutler.yaml"
    path.write_bytes((paths.REPO / "packaging" / "sutler.yaml").read_bytes())
    Cli()("config", "check", "--config", path)


def test_a_secret_in_a_file_that_others_read_is_refused_and_not_repeated(tmp_path):
    vault = {"name": "v", "kind": "vault", "connection": {"address": "https://127.0.0.1:1"},
             "credentials": {"token": {"value": "hunter2hunter2"}}}
    check(tmp_path, vault, exits=0)
    ran = check(tmp_path, vault, mode=0o644)
    assert "others than its owner may read" in ran.err and "chmod 600" in ran.err
    assert "hunter2" not in ran.err + ran.out


def test_the_server_does_not_start_with_a_mistake(serve, tmp_path, values):
    with pytest.raises(NotStarted) as ended:
        serve("--config", config_file(tmp_path, files(values, ttl="soon")))
    assert "ttl takes a time" in ended.value.err


# -- status, check, refresh ----------------------------------------------------------------------

@pytest.fixture
def server(serve, tmp_path, values):
    server = serve("--config", config_file(
        tmp_path, files(values),
        {"name": "away", "kind": "vault", "deadline": "1s",
         "connection": {"address": "http://127.0.0.1:9", "kv_version": 2},
         "credentials": {"token": {"env": "AWAY_TOKEN"}}}), env={"AWAY_TOKEN": "canary-token"})
    server.add_key()
    return server


def test_check_tries_each_source_and_says_which_fails(server):
    ran = server.cli("source", "check", exits=1)
    lines = {line.split()[0]: line.split()[1] for line in ran.out.splitlines()[1:]}
    assert lines == {"files": "ok", "away": "outage"}
    server.cli("source", "check", "files")
    asked = server.cli("source", "check", "away", "--json", exits=1).json()["items"]
    assert [one["failure"] for one in asked] == ["outage"]
    server.cli("source", "check", "nobody", exits=3)
    records = server.audit("source.check")
    assert [(one.get("source"), one["outcome"]) for one in records] == [
        ("files", "ok"), ("away", "failed"), ("files", "ok"), ("away", "failed"),
        (None, "failed")]
    assert "canary-token" not in server.log() + json.dumps(records) + ran.out


def test_the_list_shows_how_each_is(server):
    server.cli("source", "check", exits=1)
    shown = {one["name"]: one for one in server.cli("source", "list", "--json").json()["items"]}
    assert shown["files"]["state"] == "ok" and shown["files"]["kind"] == "file"
    assert "SOURCE" in server.cli("source", "list").out
    assert server.call("GET", "/api/v1/sources/files")[0] == 200
    assert server.call("GET", "/api/v1/sources/nobody")[0] == 404
    ready = server.api("GET", "/readyz?verbose=true")
    assert ready["status"] == "ok", "a source that is out takes no server out"
    assert {"source:files", "source:away"} <= {one["name"] for one in ready["checks"]}


def test_doctor_tries_the_sources_with_the_server_up_and_down(server, tmp_path):
    def found(exits=None):
        ran = Cli()("doctor", "--data-dir", server.data_dir, "--config", tmp_path / "sutler.yaml",
                    "--json", exits=exits, env={"AWAY_TOKEN": "canary-token"})
        assert "canary-token" not in ran.out + ran.err
        return {one["name"]: one["state"] for one in ran.json()["checks"]}
    up = found()
    assert up["source:files"] == "ok" and up["source:away"] == "warn"
    server.stop()
    down = found()
    assert down["source:files"] == "ok" and down["source:away"] == "warn"


def test_a_change_of_the_sources_is_told_and_counts_after_a_restart(server, tmp_path, values):
    def left_for_a_restart():
        ran = Cli()("config", "check", "--config", tmp_path / "sutler.yaml", "--data-dir",
                    server.data_dir, "--json", exits=0)
        return ran.json().get("restart", "")

    def check():
        return {one["name"]: one for one in
                server.api("GET", "/readyz?verbose=true")["checks"]}["config"]

    assert left_for_a_restart() == "" and check()["state"] == "ok"
    config_file(tmp_path, files(values, ttl="7s"), {**files(values), "name": "more"})
    change = "new: more; changed: files; gone: away"
    assert change in left_for_a_restart() and "after a restart" in left_for_a_restart()
    server.signal(signal.SIGHUP)
    eventually(lambda: change in server.log(), what="the warning")
    assert check()["state"] == "warn" and change in check()["detail"]
    config_file(tmp_path, files(values, colour="red"))
    server.signal(signal.SIGHUP)
    eventually(lambda: 'unknown member \\"colour\\"' in server.log(), what="the warning")
    assert "would not start again" in check()["detail"] and str(tmp_path) not in check()["detail"]


def test_a_slow_check_does_not_hold_the_api(serve, tmp_path):
    with socket.socket() as silent:  # accepts, and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        server = serve("--config", config_file(
            tmp_path, {"name": "slow", "kind": "vault", "deadline": "5s",
                       "connection": {"address": f"http://127.0.0.1:{port}", "kv_version": 2},
                       "credentials": {"token": {"env": "T"}}}), env={"T": "t"})
        waits = UnixHTTP(server.socket)
        waits.request("POST", "/api/v1/sources/slow/check")
        silent.accept()  # now it hangs
        assert server.status()["ready"]
        answer = json.loads(waits.getresponse().read())
        waits.close()
    assert answer["ok"] is False and answer["failure"] == "outage"
    assert answer["milliseconds"] < 15_000


# -- programs ------------------------------------------------------------------------------------

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"),
                    reason="it takes root and setpriv to be another user")
@pytest.mark.parametrize("with_program", [False, True])
def test_with_a_program_the_socket_does_not_trust_the_servers_own_user(with_program):
    """Whatever the program could make of running as the server's user, it is no owner by it."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.mkdir(f"{folder}/data", 0o700)
        os.chown(f"{folder}/data", 65534, 65534)
        config = Path(folder) / "sutler.yaml"
        config.write_text(json.dumps({"sources": [exec_source()] if with_program else [
            {"name": "files", "kind": "file", "root": "/etc"}]}))
        with Server(f"{folder}/data", "--config", config, wrapper=NOBODY) as server:
            assert server.status()["ready"], "root is trusted"
            asked = subprocess.run([*NOBODY, paths.binary(), "status", "--data-dir",
                                    f"{folder}/data"], capture_output=True, text=True,
                                   check=False, env=paths.clean_environment())
            assert asked.returncode == (4 if with_program else 0), asked.stderr
            assert ("trusts root only" in server.log()) == with_program


# -- values --------------------------------------------------------------------------------------

def test_a_workload_gets_values_of_files(serve, tmp_path, values):
    server = serve("--config", config_file(tmp_path, files(values, ttl="1h")))
    server.add_key()
    server.apply(group("g", {"PASSWORD": {"from": "files", "ref": "app.json#password"},
                             "LITERAL": "beside it"}))
    assert server.fetch(project="p").values() == {"PASSWORD": "from-a-file",
                                                  "LITERAL": "beside it"}
    (values / "app.json").write_text('{"password": "changed"}')
    refreshed = server.cli("source", "refresh", "files", "--json").json()
    assert (refreshed["read"], refreshed["failed"]) == (1, 0)
    assert server.fetch(project="p").values()["PASSWORD"] == "changed"
    shown = server.api("GET", "/api/v1/sources/files")
    assert shown["documents"] == 1 and shown["calls"] >= 2
    assert [one["source"] for one in server.audit("source.refresh")] == ["files"]
    (values / "app.json").unlink()
    server.cli("source", "refresh", "files", exits=1)
    assert server.fetch(project="p").status == 503
