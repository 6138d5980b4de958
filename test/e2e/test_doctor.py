"""`sutler doctor`: what it finds with the server up and down, and the way out that it names."""
import shutil
import subprocess

import pytest

from support import audit, tokens
from support.wait import eventually


def states(ran) -> dict:
    """By name; of two of one name the first, which is the server's own."""
    return {one["name"]: one["state"] for one in reversed(ran.json()["checks"])}


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "northflank.key"
    path.write_text(tokens.KEY)
    return path


def doctor(server, *args, exits=0):
    return server.cli("doctor", "--listen", server.provider.removeprefix("http://"), "--json",
                      *args, exits=exits)


def test_a_healthy_server_has_no_failure(server, key_file):
    found = states(doctor(server, "--key-file", key_file, "--project", "p", "--object", "o",
                          "--type", "service"))
    assert {found[name] for name in ("data_dir", "server", "store", "audit", "fetch")} == {"ok"}
    assert "fail" not in found.values()


def test_without_a_key_it_sees_that_nobody_gets_in_without_one(server):
    assert states(doctor(server))["fetch"] == "ok"


def test_the_server_says_where_it_listens_whatever_the_settings_say(server, key_file):
    ran = server.cli("doctor", "--json", "--listen", "127.0.0.1:0", "--key-file", key_file,
                     "--project", "p", "--object", "o", "--type", "service")
    fetch = [one for one in ran.json()["checks"] if one["name"] == "fetch"][0]
    assert fetch["state"] == "ok" and server.provider in fetch["detail"]


def test_no_value_is_shown(server, key_file):
    ran = doctor(server, "--key-file", key_file, "--project", "p", "--object", "o", "--type", "s")
    assert "hello" not in ran.out and tokens.KEY not in ran.out


def test_a_key_that_is_refused_fails_and_names_the_audit(server, tmp_path):
    wrong = tmp_path / "wrong.key"
    wrong.write_text("an entirely different signing key, long enough")
    ran = doctor(server, "--key-file", wrong, "--project", "p", "--object", "o", "--type", "s",
                 exits=1)
    fetch = [one for one in ran.json()["checks"] if one["name"] == "fetch"][0]
    assert fetch["state"] == "fail" and "audit" in fetch["way_out"]


def test_with_the_server_down_the_store_is_opened_here(server):
    server.stop()
    ran = server.cli("doctor", "--json")
    found = states(ran)
    assert found["server"] == "warn"
    assert {found[name] for name in ("data_dir", "master_key", "store", "audit")} == {"ok"}


def test_a_missing_master_key_fails(server):
    server.stop()
    (server.data_dir / "master.key").rename(server.data_dir / "away.key")
    ran = server.cli("doctor", "--json", exits=1)
    assert states(ran)["master_key"] == "fail"


def test_an_open_directory_fails_and_says_chmod(server):
    server.data_dir.chmod(0o755)
    ran = doctor(server, exits=1)
    folder = ran.json()["checks"][0]
    assert folder["state"] == "fail" and "chmod 700" in folder["way_out"]
    server.data_dir.chmod(0o700)


def test_a_changed_audit_line_fails(server):
    server.stop()
    path = server.data_dir / "audit" / "current.jsonl"
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"outcome":"ok"', b'"outcome":"no"', 1))
    ran = server.cli("doctor", "--json", exits=1)
    assert states(ran)["audit"] == "fail"


def test_an_audit_folder_that_was_taken_away_is_named_and_made_again(server):
    assert server.fetch().status == 200
    folder = server.data_dir / "audit"
    shutil.rmtree(folder)
    folder.write_text("in the way")
    assert server.fetch().status == 503, "nothing goes out without a record"
    told = {one["name"]: one for one in doctor(server, exits=1).json()["checks"]
            if one["state"] == "fail"}
    assert {"ready", "audit"} <= set(told) and "cannot be written" in told["audit"]["detail"]
    folder.unlink()
    eventually(lambda: server.fetch().status == 200, what="a fetch")
    lost, = audit.records(server.data_dir, "audit.recovered")
    assert lost["reason"] == "file_lost"
    eventually(lambda: states(doctor(server))["audit"] == "ok", what="readiness")


def test_a_certificate_that_ends_soon_warns(server, tmp_path):
    server.stop()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "3", "-subj", "/CN=x",
                    "-keyout", tmp_path / "key", "-out", tmp_path / "cert"], check=True,
                   capture_output=True)
    ran = server.cli("doctor", "--json", "--tls-cert", tmp_path / "cert", "--tls-key",
                     tmp_path / "key")
    assert states(ran)["certificate"] == "warn"


def test_an_empty_place_is_no_store(tmp_path, cli):
    ran = cli("doctor", "--json", "--data-dir", tmp_path / "nothing", exits=1)
    assert states(ran)["data_dir"] == "fail"
