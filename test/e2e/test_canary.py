"""Secrets that are looked for everywhere they must not be.

Canaries go in by every door: a variable, a file, a template, a changed value, a signing key, and
what sources give: a file, a program, which also complains with it on stderr, and a store that is
asked by HTTP.
After that the server is idle, and none of them is in

* any file of the data directory: database, write-ahead log, audit, whatever else is there,
* the log on stderr and what was printed on stdout,
* /proc/PID/cmdline and /proc/PID/environ of the server,
* a core that gcore makes of the idle server, plain or as base64, base64url, hex or JSON text.

What can be there, and is not looked for: names of groups, keys and files, ids of workloads and
operators, and descriptions (an operator's words are no secrets); in the data directory the master
key in `master.key` and the owner token in `owner-token`, which are that; in memory that is locked
and kept out of cores, the master key, the signing keys' HMAC states, data keys and, while a
request is served, its values; `SECRET` of the environment in /proc/PID/environ, where the kernel
keeps what a process was started with, readable by its own user and root only. A core made by a
debugger with the rights of root that ignores VM_DONTDUMP can hold all of it."""
import base64
import json
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile

import pytest

from support import tokens
from support.fault_proxy import Door, source
from support.groups import file_of, group
from support.server import Server, UnixHTTP

ABOUT = ["--project", "shop", "--object", "api", "--type", "service"]


def canary(name) -> str:
    return f"canary{name}{secrets.token_hex(16)}"


CANARIES = {name: canary(name) for name in (
    "variable", "file", "template", "changed", "stdin", "argument", "gone", "signing", "denied",
    "sourcefile", "sourceprogram", "sourcestore", "credential")}


def forms(text) -> dict:
    """Each shape that a value can have in memory or on disk; base64 at each of its three offsets,
    without the characters that depend on what stands beside it."""
    data = text.encode()
    found = {"plain": data, "hex": data.hex().encode(), "utf-16": text.encode("utf-16-le")}
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + data)
        found[f"base64 at {offset}"] = whole[4 if offset else 0:-4]
        found[f"base64url at {offset}"] = whole.translate(bytes.maketrans(b"+/", b"-_"))[
            4 if offset else 0:-4]
    return found


def search(data: bytes, where) -> list:
    return [f"{name} canary, {shape}, in {where}" for name, text in CANARIES.items()
            for shape, wanted in forms(text).items() if wanted in data]


def with_sources(folder, door):
    """Flags of a server with one source of each kind."""
    (folder / "values.json").write_text(json.dumps({"v": CANARIES["sourcefile"]}))
    (folder / "token").write_text(CANARIES["credential"])
    (folder / "program").write_text(CANARIES["sourceprogram"])
    script = folder / "give"
    script.write_text(f"#!/bin/sh\ncat {folder}/program\ncat {folder}/program >&2\n")
    script.chmod(0o755)
    store = source("store", door.address, ttl="1h")
    store["credentials"]["token"] = {"file": str(folder / "token")}
    program = {"name": "program", "kind": "exec", "command": [str(script)], "ttl": "1h",
               "user": pwd.getpwuid(os.geteuid()).pw_name}
    config = folder / "sutler.yaml"
    config.write_text(json.dumps({"sources": [
        {"name": "files", "kind": "file", "root": str(folder), "ttl": "1h"}, program, store]}))
    return "--config", config


def of_sources():
    """A group whose values come from them."""
    return group("sources", {
        "SOURCE_FILE": {"from": "files", "ref": "values.json#v"},
        "SOURCE_PROGRAM": {"from": "program", "ref": "x"},
        "SOURCE_STORE": {"from": "store", "ref": "kv/a#v"},
        "SOURCE_AWAY": {"from": "store", "ref": "kv/a#none", "optional": True}})


@pytest.fixture
def door():
    made = Door(value=CANARIES["sourcestore"])
    yield made
    made.close()


@pytest.fixture
def used(serve, data_dir, tmp_path, door):
    """A server through whose every door a canary went, and which is idle now."""
    folder, given = tmp_path / "input", tmp_path / "given"
    folder.mkdir()
    given.mkdir()
    server = serve(*with_sources(given, door))
    (folder / "key").write_text(CANARIES["signing"])
    server.cli("team", "key", "add", "default", "--from-file", folder / "key")
    server.cli("group", "apply", "-f", file_of(folder, group(
        "g", {"V": CANARIES["variable"], "CHANGED": CANARIES["gone"],
              "PART": CANARIES["template"], "T": {"template": "x-${PART|base64}-${V|urlencode}"}},
        {"/f": {"data": CANARIES["file"]},
         "/b": {"data": base64.b64encode(CANARIES["file"].encode()).decode(),
                "encoding": "base64"}})))
    server.cli("set", "g", "CHANGED=-", stdin=CANARIES["changed"])
    server.cli("set", "g", "STDIN=-", stdin=CANARIES["stdin"])
    (folder / "value").write_text(CANARIES["argument"])
    server.cli("set", "g", f"FROM_FILE=@{folder}/value")
    server.apply(of_sources())
    for number in range(50):
        answer = server.fetch(tokens.token(CANARIES["signing"], project=f"p{number % 5}"))
        assert answer.values()["V"] == CANARIES["variable"]
        assert [answer.values()[f"SOURCE_{kind.upper()}"] for kind in ("file", "program", "store")
                ] == [CANARIES[f"source{kind}"] for kind in ("file", "program", "store")]
    server.cli("source", "check")
    server.cli("source", "refresh", "program")
    server.cli("source", "list")
    server.cli("explain", *ABOUT, "--reveal")
    server.cli("group", "show", "g", "--reveal")
    server.cli("run", *ABOUT, "--root", folder, "--", "/bin/true")
    assert server.fetch(tokens.token(CANARIES["denied"])).status == 401
    # An error on the way in: the values of a refused apply leave no trace either.
    server.cli("group", "apply", "-f", file_of(folder, group(
        "bad", {"V": CANARIES["variable"], "NOT A NAME": CANARIES["denied"]})), exits=None)
    shutil.rmtree(folder)
    return server


def test_no_file_of_the_data_directory_has_a_secret(used, data_dir):
    looked, found = 0, []
    for path in data_dir.rglob("*"):
        if path.is_file():
            looked += 1
            found += search(path.read_bytes(), path.name)
    assert looked >= 5 and not found, found


def test_no_log_and_no_output_has_a_secret(used):
    assert not search(used.log_path.read_bytes() + used.out, "the log")
    assert used.log(), "nothing was logged, so nothing was shown"


def test_the_audit_has_no_token_either(used, data_dir):
    data = b"".join(path.read_bytes() for path in (data_dir / "audit").iterdir())
    assert b"eyJ" not in data, "a part of a token is in the audit"
    owner = (data_dir / "owner-token").read_text().strip().encode()
    assert owner not in data and owner not in used.log_path.read_bytes()
    assert owner not in (data_dir / "sutler.db").read_bytes()


def test_no_metric_and_no_status_has_a_secret(used, door):
    door.fault = "garbage"
    used.cli("source", "refresh", "store", exits=1)
    shown = used.cli("source", "list", "--json").out + json.dumps(used.call("GET", "/readyz"))
    connection = UnixHTTP(used.socket)
    connection.request("GET", "/metrics")
    metrics = connection.getresponse().read()
    connection.close()
    assert b"sutler_source_up" in metrics
    assert not search(metrics + shown.encode(), "metrics and status")
    assert not search(used.log_path.read_bytes(), "the log")


@pytest.mark.parametrize("name", ["cmdline", "environ"])
def test_the_process_shows_no_secret(used, name):
    with open(f"/proc/{used.pid}/{name}", "rb") as file:
        assert not search(file.read(), name)


def test_a_core_of_the_idle_server_has_no_secret(used, tmp_path):
    if not shutil.which("gcore"):
        pytest.skip("gcore (package gdb) is not installed")
    made = subprocess.run(["gcore", "-o", tmp_path / "core", str(used.pid)], capture_output=True,
                          text=True, check=False, stdin=subprocess.DEVNULL)
    core = tmp_path / f"core.{used.pid}"
    if made.returncode or not core.exists():
        pytest.skip(f"gcore cannot be used here: {made.stderr.strip()[-300:]}")
    data = core.read_bytes()
    assert used.fetch(tokens.token(CANARIES["signing"])).status == 200
    assert b"CHANGED" in data, "the core holds nothing, not even the name of a key"
    found = search(data, "the core")
    master = (used.data_dir / "master.key").read_bytes().strip()
    found += ["the master key, in the core"] if master in data else []
    assert not found, found


def test_the_process_locks_its_memory_and_makes_no_core_of_itself(used):
    with open(f"/proc/{used.pid}/status", encoding="ascii") as status:
        locked = next(line for line in status if line.startswith("VmLck")).split()[1]
    assert int(locked) > 0
    with open(f"/proc/{used.pid}/limits", encoding="ascii") as limits:
        core = next(line for line in limits if line.startswith("Max core file size")).split()
    assert core[4] == core[5] == "0"


NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def test_a_process_of_the_same_user_cannot_read_its_memory():
    """PR_SET_DUMPABLE 0: then what is under /proc/PID belongs to root, not to the user."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("it takes root and setpriv to run a server as another user")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        os.mkdir(f"{folder}/data", 0o700)
        os.chown(f"{folder}/data", 65534, 65534)
        with Server(f"{folder}/data", wrapper=NOBODY) as server:
            assert server.status()["integrity"] == "ok", "it runs without root"
            for name in ("mem", "environ", "maps"):
                assert os.stat(f"/proc/{server.pid}/{name}").st_uid == 0


def test_the_search_finds_what_is_there():
    for name, text in CANARIES.items():
        for shape in (text.encode(), base64.b64encode(b"a" + text.encode() + b"b"),
                      base64.urlsafe_b64encode(b"ab" + text.encode()), text.encode().hex().encode(),
                      base64.b64encode(b'{"value":"' + text.encode() + b'"}')):
            assert any(one.startswith(name) for one in search(b"..." + shape + b"...", "here"))
