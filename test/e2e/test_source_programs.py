"""Sources of kind exec and file through the real binary: what programs print and files hold reaches
a workload byte for byte, what goes wrong is told apart, and nothing that was printed is told. With
the real age and sops, where they are installed (script/bootstrap installs age, and sops with Go)."""
import base64
import json
import os
import shutil
import subprocess
import secrets

import pytest

from support import paths
from support.groups import group
from support.wait import eventually

LINES = "-----BEGIN KEY-----\nline one\n\n  line two\n-----END KEY-----\n"
UNICODE = "pä$$wörd \"quoted\" 'single' \\n 鍵 🔑"
BYTES = bytes(range(256)) * 3 + b"\n\n"
PLAIN = {"lines": LINES, "unicode": UNICODE}


def as_user():
    """A server that is root wants to be told as whom a program runs."""
    return {"user": "root"} if os.geteuid() == 0 else {}


def config(tmp_path, *sources):
    path = tmp_path / "sutler.yaml"
    path.write_text(json.dumps({"sources": list(sources)}))
    path.chmod(0o600)
    return path


def script(tmp_path, name, text):
    path = tmp_path / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


def program(name, *command, **members):
    return {"name": name, "kind": "exec", "command": list(command), **as_user(), **members}


def files(name, root, **members):
    return {"name": name, "kind": "file", "root": str(root), **members}


def ref(source, where, **members):
    return {"from": source, "ref": where, **members}


def content(answer, path):
    """The bytes of a file of the bundle."""
    entry = answer.entries()[path]
    data = entry.get("data", entry.get("value"))
    return base64.b64decode(data) if entry.get("encoding") == "base64" else data.encode()


def tool(name):
    found = shutil.which(name, path=f"{os.environ['PATH']}:{paths.REPO}/build/tools")
    if not found:
        pytest.skip(f"{name} is not installed: script/bootstrap (sops wants Go)")
    return found


def run(*argv, data=b"", **env):
    return subprocess.run(list(map(str, argv)), input=data, capture_output=True, check=True,
                          env=paths.clean_environment(env)).stdout


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "age.key"
    run(tool("age-keygen"), "-o", path)
    return path, run(tool("age-keygen"), "-y", path).decode().strip()


@pytest.fixture
def root(tmp_path):
    path = tmp_path / "root"
    path.mkdir()
    return path


# -- programs ------------------------------------------------------------------------------------

def test_what_a_program_prints_reaches_the_workload(serve, tmp_path):
    shown = script(tmp_path, "show", f"cat {tmp_path}/$1")
    (tmp_path / "db.json").write_text(json.dumps(PLAIN))
    (tmp_path / "bytes").write_bytes(BYTES)
    server = serve("--config", config(
        tmp_path, program("json", shown, "{ref}.json", format="json"),
        program("raw", shown, "{ref}")))
    server.add_key()
    server.apply(group("g", {"LINES": ref("json", "db#lines"), "UNICODE": ref("json", "db#unicode")},
                       {"/bytes": {"data": ref("raw", "bytes")}}))
    answer = server.fetch(project="p")
    assert answer.status == 200, answer.body
    assert answer.values()["LINES"] == LINES and answer.values()["UNICODE"] == UNICODE
    assert content(answer, "/bytes") == BYTES


def test_only_a_configured_exit_status_means_missing(serve, tmp_path):
    ended = script(tmp_path, "ended", "exit $1")
    server = serve("--config", config(tmp_path, program(
        "p", ended, "{ref}", missing_exit=[3], denied_exit=[5], deadline="2s")))
    server.add_key()
    server.apply(group("g", {"A": ref("p", "3", default="instead"),
                             "B": ref("p", "3", optional=True)}))
    assert server.fetch(project="p").values() == {"A": "instead"}
    for status in ("1", "5"):
        server.apply(group("g", {"A": ref("p", status, default="instead")}))
        assert server.fetch(project="p").status == 503


def test_a_program_that_hangs_is_gone_after_its_time(serve, tmp_path):
    (tmp_path / "pid").touch()  # the folder around the data directory takes no new entries
    hang = script(tmp_path, "hang", f"sleep 1000 & echo $! >{tmp_path}/pid; wait")
    server = serve("--config", config(
        tmp_path, program("p", hang, time_max="3s", deadline="4s")))
    server.add_key()
    server.apply(group("g", {"A": ref("p", "x")}))
    assert server.fetch(project="p").status == 503
    pid = (tmp_path / "pid").read_text().strip()

    def gone():
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                return stat.read().rsplit(") ", 1)[1][0] in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return True
    eventually(gone, what="the end of what the program started")


def test_the_data_directory_is_closed_to_a_program(serve, tmp_path, data_dir):
    look = script(tmp_path, "look", f"""
cat {data_dir}/master.key {data_dir}/owner-token 2>/dev/null && echo read
ls {data_dir} 2>/dev/null && echo listed
(echo x >{data_dir}/new) 2>/dev/null && echo written
echo end
""")
    server = serve("--config", config(tmp_path, program("p", look)))
    if "no Landlock" in server.cli("source", "check", "p").out:
        pytest.skip("this kernel has no Landlock")
    server.add_key()
    server.apply(group("g", {"SAW": ref("p", "x")}))
    assert server.fetch(project="p").values() == {"SAW": "end\n"}


def test_nothing_that_a_program_prints_is_told(serve, tmp_path, data_dir):
    printed, said, token = (f"canary{word}{secrets.token_hex(16)}" for word in ("out", "err", "env"))
    loud = script(tmp_path, "loud", f"""
echo {printed}; echo {said} >&2; echo "$TOKEN" >&2
case $1 in good) exit 0 ;; json) exit 0 ;; *) exit 1 ;; esac
""")
    (tmp_path / "token").write_text(token)
    members = {"environment": {"TOKEN": {"file": str(tmp_path / "token")}}, "deadline": "2s"}
    server = serve("--config", config(
        tmp_path, program("raw", loud, "{ref}", **members),
        program("json", loud, "{ref}", format="json", check=[loud, "bad"], **members)))
    server.add_key()
    told = ""
    for source, where in (("raw", "good"), ("raw", "bad"), ("json", "json")):
        server.apply(group("g", {"A": ref(source, where)}))
        answer = server.fetch(project="p")
        assert answer.status == (200 if where == "good" else 503)
        told += answer.body.decode().replace(printed, "", 1) if where == "good" else ""
        told += answer.body.decode() if where != "good" else ""
        told += server.cli("explain", "--project", "p", "--object", "o", "--type", "service",
                           exits=None).out
    for command in (["source", "list", "--json"], ["source", "check", "--json"],
                    ["audit", "query", "--json"]):
        ran = server.cli(*command, exits=None)
        told += ran.out + ran.err
    told += json.dumps(server.api("GET", "/readyz?verbose=true")) + json.dumps(server.audit())
    told += server.log() + server.out.decode()
    assert "exit status 1" in told, "nothing was told of the failures at all"
    looked = {"what was told": told.encode()}
    for path in data_dir.rglob("*"):
        if path.is_file():
            looked[path.name] = path.read_bytes()
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/cmdline", "rb") as file:
                looked[f"cmdline of {number}"] = file.read()
        except OSError:
            continue  # it ended
    for text in (printed, said, token):
        assert [where for where, data in looked.items() if text.encode() in data] == []
    if not shutil.which("gcore"):
        return
    subprocess.run(["gcore", "-o", tmp_path / "core", str(server.pid)], capture_output=True,
                   check=False, stdin=subprocess.DEVNULL)
    core = tmp_path / f"core.{server.pid}"
    if core.exists():
        data = core.read_bytes()
        assert [text for text in (printed, said, token) if text.encode() in data] == []


# -- files ---------------------------------------------------------------------------------------

def test_a_file_that_is_renamed_over_is_seen_without_a_refresh(serve, tmp_path, root):
    def put(value):
        (root / ".new").write_text(json.dumps({"password": value}))
        (root / ".new").rename(root / "db.json")
    put("one")
    server = serve("--config", config(tmp_path, files("f", root, ttl="1h")))
    server.add_key()
    server.apply(group("g", {"P": ref("f", "db.json#password")}))
    assert server.fetch(project="p").values() == {"P": "one"}
    put("two")
    eventually(lambda: server.fetch(project="p").values() == {"P": "two"}, what="the new value")


def test_links_that_leave_the_root_give_nothing(serve, tmp_path, root):
    (tmp_path / "outside").write_text("outside")
    (root / "link").symlink_to("../outside")
    (root / "absolute").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe")
    server = serve("--config", config(tmp_path, files("f", root, deadline="2s")))
    server.add_key()
    for name in ("link", "absolute", "pipe"):
        server.apply(group("g", {"A": ref("f", name, default="instead")}))
        answer = server.fetch(project="p")
        assert answer.status == 503 and b"outside\n" not in answer.body
    status, _ = server.call("POST", "/api/v1/apply",
                            {"groups": [group("g", {"A": ref("f", "../outside")})]})
    assert status == 400


# -- the real age and sops -----------------------------------------------------------------------

def test_age_decrypts_for_both_kinds(serve, tmp_path, root, key):
    path, recipient = key
    age = tool("age")
    (root / "all.bin.age").write_bytes(run(age, "-r", recipient, data=BYTES))
    (root / "db.json.age").write_bytes(run(age, "-r", recipient, data=json.dumps(PLAIN).encode()))
    server = serve("--config", config(
        tmp_path, files("f", root, decrypt={"command": [age, "-d", "-i", str(path)], **as_user()}),
        program("e", age, "-d", "-i", str(path), f"{root}/{{ref}}.age")))
    server.add_key()
    server.apply(group("g", {"LINES": ref("f", "db.json.age#lines"),
                             "UNICODE": ref("f", "db.json.age#unicode")},
                       {"/by-file": {"data": ref("f", "all.bin.age")},
                        "/by-exec": {"data": ref("e", "all.bin")}}))
    answer = server.fetch(project="p")
    assert answer.status == 200, answer.body
    assert answer.values()["LINES"] == LINES and answer.values()["UNICODE"] == UNICODE
    assert content(answer, "/by-file") == content(answer, "/by-exec") == BYTES


def test_sops_decrypts_for_both_kinds(serve, tmp_path, root, key):
    path, recipient = key
    sops = tool("sops")
    for name, type_, data in (("db.json", "json", json.dumps(PLAIN).encode()),
                              ("db.yaml", "yaml", json.dumps(PLAIN, ensure_ascii=False).encode()),
                              ("all.bin", "binary", BYTES)):
        (root / name).write_bytes(run(sops, "encrypt", "--age", recipient, "--input-type", type_,
                                      "--output-type", type_, "--filename-override", name,
                                      data=data))
    opened = {"environment": {"SOPS_AGE_KEY_FILE": {"value": str(path)}}, **as_user()}
    server = serve("--config", config(
        tmp_path, files("f", root, decrypt={"command": [sops, "decrypt", "{file}"], **opened}),
        program("e", sops, "decrypt", f"{root}/{{ref}}.json", format="json", missing_exit=[100],
                **opened)))
    server.add_key()
    server.apply(group("g", {"A": ref("f", "db.json#lines"), "B": ref("f", "db.yaml#unicode"),
                             "C": ref("e", "db#lines"), "D": ref("e", "db#unicode"),
                             "E": ref("e", "absent#x", default="instead")},
                       {"/bytes": {"data": ref("f", "all.bin")}}))
    answer = server.fetch(project="p")
    assert answer.status == 200, answer.body
    assert answer.values() == {"A": LINES, "B": UNICODE, "C": LINES, "D": UNICODE, "E": "instead"}
    assert content(answer, "/bytes") == BYTES
