"""Import and export: what comes from the files of others, and what goes there."""
import base64
import json
import stat

import pytest

from support import audit, paths
from support.groups import shown, variables

NEW = ["--create", "--project", "shop"]


def written(tmp_path, name, content):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, (str, bytes)) else json.dumps(content)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def values(cli, name) -> dict:
    return variables(shown(cli.json("group", "show", name, "--reveal")))


def northflank(name="web", **members) -> dict:
    made = {"id": name, "name": name.title(), "secretType": "environment", "type": "secret",
            "priority": 20, "tags": [], "secrets": {"variables": {"A": "1"}, "files": {}}}
    return {"data": {**made, **members}}


def test_an_import_adds_and_never_removes_without_replace(cli, tmp_path):
    env = written(tmp_path, ".env", "A=1\nB='two words'\n")
    cli("import", "web", env, "--format", "dotenv", exits=3)
    told = cli("import", "web", env, "--format", "dotenv", *NEW, "--dry-run")
    assert "created group web" in told.out and "+ B" in told.out and "nothing was changed" in told.out
    cli("group", "show", "web", exits=3)
    cli("import", "web", env, "--format", "dotenv", *NEW)
    written(tmp_path, ".env", "B=2\nC=3\n")
    done = cli("import", "web", env, "--format", "dotenv")
    assert "~ B" in done.out and "+ C" in done.out and "- A" not in done.out
    assert values(cli, "web") == {"A": "1", "B": "2", "C": "3"}
    gone = cli("import", "web", env, "--format", "dotenv", "--replace")
    assert "- A" in gone.out and values(cli, "web") == {"B": "2", "C": "3"}
    again = cli.json("import", "web", env, "--format", "dotenv")
    assert again["unchanged"] == ["web"]


def test_an_import_reads_standard_input_and_each_flat_format(cli, tmp_path):
    cli("import", "web", "-", "--format", "json", *NEW, stdin='{"A": "1"}')
    cli("import", "web", "-", "--format", "yaml", stdin="B: 1.10\nC: yes\n")
    assert values(cli, "web") == {"A": "1", "B": "1.10", "C": "yes"}
    for text, says in ((b'{"A": 1}', "A"), (b'{"A B": "1"}', "A B"), (b"{}", "no variable"),
                       (b'{"A": {"template": "x"}}', "A")):
        refused = cli("import", "web", "-", "--format", "json", stdin=text, exits=1)
        assert says in refused.err and "hint:" in refused.err
    cli("import", "web", "-", "--format", "toml", stdin=b"", exits=2)
    assert values(cli, "web")["A"] == "1"


def test_an_import_never_changes_whom_a_group_is_for(cli, tmp_path):
    env = written(tmp_path, "a.env", "A=1")
    cli("import", "web", env, "--format", "dotenv", *NEW)
    cli("import", "web", env, "--format", "dotenv", "--create", "--project", "other", exits=6)
    cli("import", "web", env, "--format", "dotenv", "--create", "--everyone", exits=6)


def test_a_folder_is_one_revision(cli, server, tmp_path):
    for number in range(3):
        written(tmp_path, f"envs/g{number}.env", f"A={number}\n")
    before = server.status()["revision"]
    made = cli.json("import", tmp_path / "envs", "--format", "dotenv", *NEW)
    assert made["created"] == ["g0", "g1", "g2"] and made["revision"] == before + 1
    picked = cli.json("import", "g1", tmp_path / "envs", "--format", "dotenv")
    assert picked["unchanged"] == ["g1"]
    written(tmp_path, "envs/g3.env", "1A=x")
    cli("import", tmp_path / "envs", "--format", "dotenv", *NEW, exits=1)
    (tmp_path / "empty").mkdir()
    cli("import", tmp_path / "empty", "--format", "dotenv", *NEW, exits=1)
    assert server.status()["revision"] == before + 1


def test_northflank_groups_stay_in_their_project(cli, tmp_path):
    path = written(tmp_path, "web.json", northflank(
        restrictions={"restricted": True, "nfObjects": [{"id": "api", "type": "service"}]},
        secrets={"variables": {"A": "1", "URL": "http://${A}"},
                 "files": {"/f": {"data": "aGk=", "encoding": "utf-8"},
                           "/b": {"data": "/w==", "encoding": "base64"}}}))
    cli("import", path, "--format", "northflank", "--create", exits=2)
    cli("import", path, "--format", "northflank", *NEW)
    group = shown(cli.json("group", "show", "web", "--reveal"))
    assert group["restrictions"] == {"projects": ["shop"],
                                     "nfObjects": [{"id": "api", "type": "service"}]}
    assert group["priority"] == 20
    assert variables(group) == {"A": "1", "URL": {"template": "http://${A}"}}
    assert group["secrets"]["files"] == {"/f": {"data": "hi"},
                                         "/b": {"data": "/w==", "encoding": "base64"}}
    wider = written(tmp_path, "wider.json", northflank())
    refused = cli("import", wider, "--format", "northflank", *NEW, exits=6)
    assert "--replace" in refused.err
    cli("import", wider, "--format", "northflank", *NEW, "--replace")


@pytest.mark.parametrize("members", [
    {"tags": ["x"]}, {"addonDependencies": [{"addonId": "db"}]}, {"secretType": "arguments"},
    {"stages": ["prod"]}, {"restrictions": {"restricted": True, "nfObjects": []}},
    {"restrictions": {"restricted": True, "tags": ["x"]}}])
def test_what_northflank_has_and_sutler_has_not_is_named(cli, tmp_path, members):
    written(tmp_path, "nf/good.json", northflank("good"))
    written(tmp_path, "nf/odd.json", northflank("odd", **members))
    refused = cli("import", tmp_path / "nf", "--format", "northflank", *NEW, exits=1)
    assert "odd" in refused.err and "--skip-unsupported" in refused.err
    cli("group", "show", "good", exits=3)
    done = cli("import", tmp_path / "nf", "--format", "northflank", *NEW, "--skip-unsupported")
    assert "warning: left out: group odd" in done.err
    listed = {group["name"]: group for group in cli.json("group", "list")["items"]}
    assert "good" in listed
    if "odd" in listed:
        assert listed["odd"]["restrictions"]["projects"] == ["shop"]


def test_an_export_shows_values_only_on_request_and_that_is_audited(cli, server, tmp_path):
    cli("set", "web", "A=s3cret", *NEW)
    for form in ("dotenv", "json", "yaml", "group"):
        assert "s3cret" not in cli("export", "web", "--format", form).out
    cli("export", "web", "--format", "northflank", exits=2)
    before = len(server.audit("value.reveal"))
    out = tmp_path / "web.env"
    assert "s3cret" in cli("export", "web", "--format", "dotenv", "--reveal").out
    cli("export", "web", "--format", "dotenv", "--reveal", "-o", out)
    assert out.read_text() == "A=s3cret\n" and stat.S_IMODE(out.stat().st_mode) == 0o600
    assert len(server.audit("value.reveal")) == before + 2
    masked = cli("export", "web", "--format", "json").out
    assert cli.json("import", "web", "-", "--format", "json", stdin=masked)["unchanged"] == ["web"]


def test_an_export_refuses_what_its_format_cannot_hold_and_leaves_no_file(cli, tmp_path):
    cli("set", "a", "A=1", *NEW)
    cli("set", "b", "B=${A}", "--template", *NEW)
    local = written(tmp_path, "local", "x")
    cli("file", "put", "c", "/f", local, *NEW)
    for name, form in (("b", "dotenv"), ("b", "json"), ("c", "dotenv"), ("c", "yaml")):
        refused = cli("export", name, "--format", form, "--reveal", "-o", tmp_path / "x", exits=1)
        assert "cannot hold" in refused.err
    cli("export", "--all", "--format", "json", "--reveal", "-o", f"{tmp_path}/all/",
        exits=1)
    assert not (tmp_path / "x").exists() and not (tmp_path / "all").exists()
    cli("set", "a", "A='`\"")
    cli("export", "a", "--format", "dotenv", "--reveal", exits=1)
    cli("export", "a", "b", "--format", "json", exits=2)
    cli("export", "--format", "json", exits=2)


def test_a_whole_team_goes_out_and_comes_back(cli, server, tmp_path):
    cli("set", "a", "A=1", *NEW)
    cli("set", "b", "B=two\nlines", *NEW)
    cli("export", "--all", "--format", "group", "--reveal", "-o", f"{tmp_path}/out/")
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["a.yaml", "b.yaml", "base.yaml"]
    again = cli.json("group", "apply", "-f", tmp_path / "out")
    assert again["unchanged"] == ["a", "b", "base"]
    one = tmp_path / "all.yaml"
    one.write_text(cli("export", "--all", "--format", "group", "--reveal").out)
    assert cli.json("group", "apply", "-f", one)["unchanged"] == ["a", "b", "base"]


def test_northflanks_form_comes_back(cli, tmp_path):
    cli("set", "web", "A=1", *NEW)
    cli("set", "web", "T=${A}", "--template")
    binary = written(tmp_path, "binary", b"\xff\x00")
    cli("file", "put", "web", "/b", binary)
    text = cli("export", "web", "--format", "northflank", "--reveal").out
    told = cli.json("import", "-", "--format", "northflank", "--project", "shop", stdin=text)
    assert told["unchanged"] == ["web"]
    assert base64.b64decode(json.loads(text)["secrets"]["files"]["/b"]["data"]) == b"\xff\x00"


@pytest.mark.parametrize("form", ["dotenv", "json", "yaml"])
def test_naughty_strings_come_back_byte_for_byte_or_are_refused(cli, server, tmp_path, need_corpus,
                                                              form):
    strings = json.loads(need_corpus("strings/blns.json").read_text(encoding="utf-8"))
    names = {f"K{number}": text for number, text in enumerate(strings) if "\0" not in text}
    server.api("PUT", "/api/v1/teams/default/groups/naughty",
               {"restrictions": {"projects": ["p"]}, "secrets": {"variables": names}})
    if form == "dotenv":
        refused = cli("export", "naughty", "--format", form, "--reveal", exits=None)
        while refused.code:
            bad = refused.err.split("value of ")[1].split(" ")[0]
            del names[bad]
            cli("unset", "naughty", bad)
            refused = cli("export", "naughty", "--format", form, "--reveal", exits=None)
        assert len(names) > len(strings) * 8 // 10
    out = tmp_path / "out"
    cli("export", "naughty", "--format", form, "--reveal", "-o", out)
    cli("import", "copy", out, "--format", form, *NEW)
    assert values(cli, "copy") == names
    audit.check_chain(audit.lines(server.data_dir))


def test_naughty_names_and_descriptions_are_kept_or_refused_and_one_line_each(cli, server,
                                                                              need_corpus):
    strings = json.loads(need_corpus("strings/blns.json").read_text(encoding="utf-8"))

    def write(**members):
        return server.call("POST", "/api/v1/apply", {"groups": [{"name": "odd", **members}]})[0]

    kept = 0
    for text in strings[::4]:
        status = write(description=text, secrets={"variables": {"A": "1"}})
        assert status in (200, 201, 400, 413), text
        if status < 300:
            kept += 1
            assert shown(cli.json("group", "show", "odd")).get("description", "") == text
        assert write(secrets={"variables": {text: "1"}}) in (200, 201, 400), text
    assert kept > 10
    audit.check_chain(audit.lines(server.data_dir))


# -- dotenv, against npm's own ---------------------------------------------------------------------

# Written here, each to give what npm dotenv made of godotenv's fixture of that name.
GODOTENV = json.loads((paths.INTEROP / "dotenv-cases.json").read_text())


def same_as_npm(cli, node, text: bytes):
    expected = node.dotenv(text)
    done = cli("import", "dialect", "-", "--format", "dotenv", "--replace", *NEW, stdin=text,
               exits=None)
    assert done.code == 0, str(done)
    assert values(cli, "dialect") == expected
    return len(expected)


def test_every_fixture_of_dotenv_reads_as_npm_reads_it(cli, node, need_corpus):
    folder = need_corpus("dotenv")
    read = sum(same_as_npm(cli, node, path.read_bytes())
               for path in sorted(folder.glob("*/.env*")))
    assert read > 80
    expected = json.loads((folder / "expected-npm-dotenv-16.6.1.json").read_text())
    for name, entries in expected.items():
        of_ours = GODOTENV.get(name.removeprefix("godotenv/fixtures/"))
        text = (folder / name).read_bytes() if of_ours is None else of_ours.encode()
        assert node.dotenv(text) == entries, name


@pytest.mark.parametrize("name", sorted(GODOTENV))
def test_cases_after_godotenvs_fixtures_read_as_npm_reads_them(cli, node, name):
    assert same_as_npm(cli, node, GODOTENV[name].encode()) > 0


def test_what_is_exported_as_dotenv_is_what_npm_reads(cli, node, server, need_corpus):
    strings = json.loads(need_corpus("strings/blns.json").read_text(encoding="utf-8"))
    kept = {}
    for number, text in enumerate(strings):
        if "\0" not in text:
            kept[f"K{number}"] = text
    server.api("PUT", "/api/v1/teams/default/groups/all",
               {"restrictions": {"projects": ["p"]}, "secrets": {"variables": kept}})
    out = cli("export", "all", "--format", "dotenv", "--reveal", exits=None)
    while out.code:
        bad = out.err.split("value of ")[1].split(" ")[0]
        del kept[bad]
        cli("unset", "all", bad)
        out = cli("export", "all", "--format", "dotenv", "--reveal", exits=None)
    assert node.dotenv(out.out.encode()) == kept
