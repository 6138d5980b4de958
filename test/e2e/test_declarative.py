"""Groups as files: from CI with --prune, and at the first start of a server."""
import json

import pytest

from support.cli import Cli
from support.groups import group, shown, variables
from support.server import NotStarted


def folder(tmp_path, **files):
    path = tmp_path / "groups"
    path.mkdir(exist_ok=True)
    for old in path.iterdir():
        old.unlink()
    for name, content in files.items():
        (path / f"{name}.json").write_text(json.dumps(content))
    return path


def test_a_folder_is_applied_in_one_revision_and_pruned(cli, server, tmp_path):
    at = folder(tmp_path, a=group("a", {"A": "1"}), b=group("b", {"B": "1"}))
    before = server.status()["revision"]
    made = cli.json("group", "apply", "-f", at, "--managed-by", "git", "--prune")
    assert made["created"] == ["a", "b"] and made["revision"] == before + 1
    at = folder(tmp_path, a=group("a", {"A": "1"}))
    told = cli("group", "apply", "-f", at, "--managed-by", "git", "--prune", "--dry-run")
    assert "deleted    b" in told.out and server.status()["revision"] == before + 1
    gone = cli.json("group", "apply", "-f", at, "--managed-by", "git", "--prune")
    assert gone["deleted"] == ["b"]
    assert [one["name"] for one in cli.json("group", "list")["items"]] == ["a", "base"]
    cli("group", "apply", "-f", at, "--prune", exits=2)


def test_a_pipeline_applies_with_a_token_that_is_limited_to_its_groups(server, tmp_path):
    server.cli("operator", "add", "ci", "--role", "editor", "--scope", "projects=shop groups=ci-*")
    token = server.cli("token", "create", "ci").out.strip()
    pipeline = Cli(env={"SUTLER_ADDR": server.admin, "SUTLER_TOKEN": token})
    words = ("group", "apply", "--managed-by", "ci", "--prune", "-f")
    ours = {"ci-a": group("ci-a", {"A": "1"}, projects=["shop"])}
    both = {**ours, "ci-b": group("ci-b", {"B": "1"}, projects=["shop"])}
    assert pipeline.json(*words, folder(tmp_path, **both))["created"] == ["ci-a", "ci-b"]
    assert pipeline.json(*words, folder(tmp_path, **ours))["deleted"] == ["ci-b"]
    for wide in (group("ci-c", {"A": "1"}), group("other", {"A": "1"}, projects=["shop"]),
                 group("ci-a", {"A": "2"}, projects=["shop", "bank"])):
        pipeline(*words, folder(tmp_path, **ours, wide=wide) if wide["name"] != "ci-a"
                 else folder(tmp_path, wide=wide), exits=4)
    assert server.status()["groups"] == 2


def test_prune_reaches_the_teams_of_the_files_and_of_team(cli, server, tmp_path):
    server.add_team("red")
    at = folder(tmp_path, a=group("a", {"A": "1"}), r=group("r", {"R": "1"}, team="red"))
    cli("group", "apply", "-f", at, "--managed-by", "git")
    at = folder(tmp_path, a=group("a", {"A": "1"}))
    told = cli("group", "apply", "-f", at, "--managed-by", "git", "--prune")
    assert "stay: 1" in told.err and server.status()["groups"] == 3
    nameless = {key: value for key, value in group("r2", {"R": "1"}).items() if key != "team"}
    at = folder(tmp_path, r2=nameless)
    gone = cli.json("group", "apply", "-f", at, "--managed-by", "git", "--prune", "--team", "red")
    assert gone["created"] == ["r2"] and gone["deleted"] == ["r"]


def test_an_empty_or_missing_folder_is_an_error(cli, server, tmp_path):
    (tmp_path / "empty").mkdir()
    before = server.status()["revision"]
    for at in (tmp_path / "empty", tmp_path / "missing"):
        refused = cli("group", "apply", "-f", at, "--managed-by", "git", "--prune", exits=1)
        assert str(at) in refused.err
    assert server.status()["revision"] == before


def test_the_team_of_a_file_that_names_none(cli, server, tmp_path):
    server.add_team("red")
    at = folder(tmp_path, a={"name": "a", "secrets": {"variables": {"A": "1"}}})
    cli("group", "apply", "-f", at, "--team", "red")
    cli("group", "show", "a", "--team", "red")
    cli("group", "show", "a", exits=3)
    cli("group", "apply", "-f", at, env={"SUTLER_TEAM": "red"})
    assert server.status()["groups"] == 2
    other = folder(tmp_path, a=group("a", {"A": "1"}, team="default"))
    cli("group", "apply", "-f", other, "--team", "red", exits=1)


def test_an_unknown_member_of_a_json_file_is_named_with_its_line(cli, tmp_path):
    at = folder(tmp_path, a=group("a"))
    (at / "a.json").write_text('{"name": "a",\n "secrets": {\n  "variables": {\n   "A": '
                               '{"frm": "x"}}}}')
    refused = cli("group", "apply", "-f", at, exits=1)
    assert "a.json:4: secrets.variables.A: unknown member" in refused.err


def test_what_one_manager_has_others_change_only_by_taking_it_over(cli, tmp_path):
    at = folder(tmp_path, a=group("a", {"A": "1"}, {"/f": {"data": "x"}}))
    cli("group", "apply", "-f", at, "--managed-by", "git")
    local = tmp_path / "local"
    local.write_text("y")
    env = tmp_path / "x.env"
    env.write_text("A=5")
    writes = (("set", "a", "A=2"), ("unset", "a", "A"), ("file", "put", "a", "/f", local),
              ("file", "rm", "a", "/f"), ("import", "a", env, "--format", "dotenv"),
              ("group", "delete", "a"))
    for words in writes:
        refused = cli(*words, exits=4)
        assert "git" in refused.err and "--take-over" in refused.err
        cli(*words, "--managed-by", "terraform", exits=4)
    cli("set", "a", "A=2", "--managed-by", "git")
    cli("set", "a", "A=3", "--take-over")
    assert shown(cli.json("group", "show", "a"))["managedBy"] == "git"
    cli("import", "a", env, "--format", "dotenv", "--take-over", "--managed-by", "terraform")
    assert shown(cli.json("group", "show", "a"))["managedBy"] == "terraform"
    assert variables(shown(cli.json("group", "show", "a", "--reveal"))) == {"A": "5"}
    cli("group", "delete", "a", "--managed-by", "terraform")


def test_a_file_keeps_its_owner_and_mode(cli, tmp_path):
    local = tmp_path / "local"
    local.write_text("x")
    cli("file", "put", "a", "/f", local, "--owner", "1000", "--mode", "0400", "--create",
        "--everyone")
    local.write_text("y")
    cli("file", "put", "a", "/f", local)
    file = shown(cli.json("group", "show", "a", "--reveal"))["secrets"]["files"]["/f"]
    assert file["data"] == "y" and file["permissions"]["mode"] == "0400"
    assert file["owner"]["value"] == "1000"
    cli("file", "put", "a", "/f", local, "--fresh", "--mode", "0600")
    file = shown(cli.json("group", "show", "a"))["secrets"]["files"]["/f"]
    assert "owner" not in file and file["permissions"]["mode"] == "0600"


def test_a_first_start_applies_a_folder_and_the_next_changes_nothing(serve, tmp_path):
    at = folder(tmp_path, a=group("a", {"A": "1"}), b=group("b", {"B": "2"}))
    first = serve("--apply", at)
    revision = first.status()["revision"]
    assert first.status()["groups"] == 2
    first.stop()
    again = serve("--apply", at)
    assert again.status()["revision"] == revision


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_start_with_an_empty_or_missing_folder_is_an_error(serve, tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotStarted) as ended:
        serve("--apply", tmp_path / name)
    assert name in ended.value.err
