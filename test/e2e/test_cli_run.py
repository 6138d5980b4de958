"""`sutler fetch` and `sutler run`: what a workload would get, files by the protocol's policies."""
import itertools
import json
import os

import pytest

from support import tokens
from support.groups import group

ABOUT = ["--project", "shop", "--object", "api", "--type", "service"]
OTHER = 1234  # the owner and group of a file that was there before
GIVEN = 1000  # the owner and group that an entry names
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="owners can be set by root only")


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "signing-key"
    path.write_text(tokens.KEY)
    return path


@pytest.fixture
def root(tmp_path):
    path = tmp_path / "root"
    path.mkdir()
    return path


def fetch(server, key_file, *more, url=None, **options):
    return server.cli("fetch", "--url", url or server.provider, "--key-file", key_file, *ABOUT,
                      *more, **options)


def test_fetch_prints_the_body_as_it_came(server, key_file):
    ran = fetch(server, key_file)
    entry = {"type": "ENV", "key": "GREETING", "value": "hello"}
    assert json.loads(ran.out) == {"secrets": [entry]}
    assert server.audit("fetch")[0]["workload"]["projectId"] == "shop"


def test_fetch_tells_by_its_exit_code_what_went_wrong(server, serve, key_file, tmp_path):
    (tmp_path / "wrong").write_text("wrong-" + tokens.KEY)
    denied = fetch(server, tmp_path / "wrong", exits=4)
    assert "401" in denied.err and denied.out == ""
    assert "404" in fetch(server, key_file, url=server.provider + "/nobody", exits=1).err
    empty = serve(at=tmp_path / "empty")
    empty.add_key()
    failed = empty.cli("fetch", "--url", empty.provider, "--key-file", key_file, *ABOUT, exits=1)
    assert "503" in failed.err
    gone = server.provider
    server.stop()
    nobody = fetch(server, key_file, url=gone, exits=5)
    assert "hint:" in nobody.err and tokens.KEY not in nobody.err


def test_fetch_signs_with_the_hash_it_is_told(server, key_file):
    fetch(server, key_file, "--alg", "HS512", exits=4)
    server.add_team("strong")
    server.add_key("strong", tokens.KEY, "HS512")
    server.apply(group("all", {"A": "1"}, team="strong"))
    fetch(server, key_file, "--alg", "HS512", url=server.provider + "/strong")


def test_run_gives_variables_and_files_and_the_exit_status(server, root):
    server.apply(group("files", {"A": "a b\n'c'"}, {
        "/etc/app.conf": {"data": "text"}, "/blob": {"data": "AAH/", "encoding": "base64"}}))
    ran = server.cli("run", *ABOUT, "--root", root, "--", "/bin/sh", "-c",
                     'printf "%s|%s" "$A" "$GREETING"; exit 7', exits=7)
    assert ran.out == "a b\n'c'|hello"
    assert (root / "etc" / "app.conf").read_text() == "text"
    assert (root / "blob").read_bytes() == b"\x00\x01\xff"
    assert server.audit("value.reveal"), "handing out values is audited"


def test_run_keeps_the_environment_and_lets_the_bundle_win(server, root):
    ran = server.cli("run", *ABOUT, "--root", root, "--", "/usr/bin/env", "-0",
                     env={"GREETING": "mine", "KEPT": "yes"})
    seen = dict(item.split("=", 1) for item in ran.out.split("\0") if item)
    assert (seen["GREETING"], seen["KEPT"]) == ("hello", "yes")


def test_run_passes_stdin_and_arguments_untouched(server, root):
    script = 'cat; printf "<%s>" "$@"'
    ran = server.cli("run", *ABOUT, "--root", root, "--", "/bin/sh", "-c", script,
                     "sh", "--project", "a b", "", stdin="from stdin ")
    assert ran.out == "from stdin <--project><a b><>"


def test_run_starts_nothing_when_the_bundle_cannot_be_had(server, root):
    server.apply(group("half", {"T": {"template": "${FAR}"}}, {"/f": {"data": "x"}}),
                 group("far", {"FAR": "1"}, projects=["far"]))
    ran = server.cli("run", *ABOUT, "--root", root, "--", "/bin/sh", "-c", "echo started",
                     exits=None)
    assert ran.code != 0 and "started" not in ran.out
    assert "FAR" in ran.err or "unknown_name" in ran.err
    assert list(root.iterdir()) == [], "a part of a bundle was written"


def test_a_command_that_is_not_there_is_an_error(server, root):
    ran = server.cli("run", *ABOUT, "--root", root, "--", "/no/such/command", exits=None)
    assert ran.code not in (0,) and "/no/such/command" in ran.err


def test_files_are_private_unless_an_entry_says_otherwise(server, root):
    server.apply(group("files", {}, {"/plain": {"data": "x"}, "/open": {
        "data": "x", "permissions": {"policy": "AlwaysSet", "mode": "0644"}}}))
    server.cli("run", *ABOUT, "--root", root, "--", "/bin/true")
    assert (root / "plain").stat().st_mode & 0o7777 == 0o600
    assert (root / "open").stat().st_mode & 0o7777 == 0o644


POLICIES = ["AlwaysSetExplicit", "KeepOrSetExplicit", "AlwaysSetInherited", "KeepOrSetInherited"]


def wanted_id(policy, existed) -> int:
    """Protocol, Response: who owns the file afterwards; the main process runs as 0 here."""
    if policy.startswith("KeepOrSet") and existed:
        return OTHER
    return GIVEN if policy.endswith("Explicit") else 0


def policy_member(policy) -> dict:
    value = {"value": str(GIVEN)} if policy.endswith("Explicit") else {}
    return {"policy": policy, **value}


@AS_ROOT
@pytest.mark.parametrize("existed", [False, True], ids=["new", "existing"])
def test_owner_and_group_follow_their_policies(server, root, existed):
    files = {}
    for owner, group_policy in itertools.product(POLICIES, POLICIES):
        path = f"/{owner}-{group_policy}"
        files[path] = {"data": "new", "owner": policy_member(owner),
                       "group": policy_member(group_policy)}
        if existed:
            (root / path[1:]).write_text("old")
            os.chown(root / path[1:], OTHER, OTHER)
    server.apply(group("files", {}, files))
    server.cli("run", *ABOUT, "--root", root, "--", "/bin/true")
    for owner, group_policy in itertools.product(POLICIES, POLICIES):
        path = root / f"{owner}-{group_policy}"
        status = path.stat()
        assert path.read_text() == "new"
        assert status.st_uid == wanted_id(owner, existed), path.name
        assert status.st_gid == wanted_id(group_policy, existed), path.name


@AS_ROOT
@pytest.mark.parametrize("mode", ["0400", 256], ids=["octal text", "decimal number"])
@pytest.mark.parametrize("policy, existed, wanted", [
    ("AlwaysSet", False, 0o400), ("AlwaysSet", True, 0o400),
    ("KeepOrSet", False, 0o400), ("KeepOrSet", True, 0o640)])
def test_permissions_follow_their_policy(server, root, mode, policy, existed, wanted):
    path = root / "f"
    if existed:
        path.write_text("old")
        path.chmod(0o640)
        os.chown(path, OTHER, OTHER)
    server.apply(group("files", {}, {
        "/f": {"data": "new", "permissions": {"policy": policy, "mode": mode}}}))
    server.cli("run", *ABOUT, "--root", root, "--", "/bin/true")
    status = path.stat()
    assert path.read_text() == "new" and status.st_mode & 0o7777 == wanted
    if existed:
        assert (status.st_uid, status.st_gid) == (OTHER, OTHER), "no policy, so it is kept"


@AS_ROOT
def test_an_owner_may_be_a_name(server, root):
    server.apply(group("files", {}, {
        "/f": {"data": "x", "owner": {"policy": "AlwaysSetExplicit", "value": "nobody"},
               "group": {"policy": "AlwaysSetExplicit", "value": "app"}}}))
    (root / "etc").mkdir()
    (root / "etc" / "passwd").write_text("nobody:x:4321:4321::/:/bin/false\n")
    (root / "etc" / "group").write_text("app:x:4322:\n")
    server.cli("run", *ABOUT, "--root", root, "--", "/bin/true")
    status = (root / "f").stat()
    assert (status.st_uid, status.st_gid) == (4321, 4322), "the names of --root, not of this machine"
    (root / "etc" / "passwd").unlink()
    unknown = server.cli("run", *ABOUT, "--root", root, "--", "/bin/true", exits=1)
    assert "nobody" in unknown.err


@AS_ROOT
def test_an_owner_nobody_knows_starts_nothing(server, root):
    server.apply(group("files", {}, {
        "/f": {"data": "x", "owner": {"policy": "AlwaysSetExplicit", "value": "no-such-user"}}}))
    ran = server.cli("run", *ABOUT, "--root", root, "--", "/bin/sh", "-c", "echo started",
                     exits=None)
    assert ran.code != 0 and "no-such-user" in ran.err and "started" not in ran.out


@pytest.mark.parametrize("path", ["/../out", "/a/../../out", "/.."])
def test_no_file_leaves_the_root(server, root, path):
    status, _ = server.call("PUT", "/api/v1/teams/default/groups/files",
                            group("files", {}, {path: {"data": "x"}}))
    if status < 300:
        server.cli("run", *ABOUT, "--root", root, "--", "/bin/true", exits=None)
    assert not (root.parent / "out").exists()


def test_a_link_under_the_root_does_not_lead_out_of_it(server, root, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "etc").symlink_to(outside)
    (outside / "victim").write_text("kept")
    (root / "link").symlink_to(outside / "victim")
    server.apply(group("files", {}, {"/etc/f": {"data": "x"}, "/link": {"data": "x"}}))
    server.cli("run", *ABOUT, "--root", root, "--", "/bin/true", exits=None)
    assert not (outside / "f").exists() and (outside / "victim").read_text() == "kept"


def test_a_reader_never_sees_half_a_file(server, root):
    """A file is replaced as a whole: the old inode keeps the old text."""
    path = root / "f"
    path.write_text("old " * 1000)
    with path.open() as held:
        server.apply(group("files", {}, {"/f": {"data": "new " * 5000}}))
        server.cli("run", *ABOUT, "--root", root, "--", "/bin/true")
        assert held.read() in ("old " * 1000, "new " * 5000)
    assert path.read_text() == "new " * 5000
    assert [one.name for one in root.iterdir()] == ["f"], "a temporary file is left"
