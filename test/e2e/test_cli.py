"""The command's story, as a person types it."""
import base64
import json
import re

import pytest
import yaml

from support import tokens
from support.cli import Cli
from support.groups import file_of, group, shown, variables
from support.wire import get

ABOUT = ["--project", "shop", "--object", "api", "--type", "service"]

GROUP_YAML = """\
groups:
  - name: payments
    description: Stripe and its database
    priority: 50
    restrictions:
      projects: [shop]
      nfObjects: [{id: api, type: service}, {id: "worker-*"}]
    secrets:
      variables:
        STRIPE_KEY: sk_live_example
        YES: yes
        VERSION: 1.10
        DB_PASSWORD: p@ss
        DATABASE_URL: {template: "postgres://app:${DB_PASSWORD|urlencode}@db/app"}
      files:
        /etc/key.pem:
          data: aGVsbG8=
          encoding: base64
          permissions: {policy: AlwaysSet, mode: "0400"}
"""


@pytest.fixture
def payments(tmp_path):
    path = tmp_path / "payments.yaml"
    path.write_text(GROUP_YAML)
    return path


def test_from_nothing_to_a_workload_that_has_its_secrets(serve, data_dir, payments, tmp_path):
    made = Cli(data_dir)("init")
    for name in ("sutler.db", "master.key", "owner-token"):
        assert str(data_dir / name) in made.out + made.err and (data_dir / name).exists()
    server = serve("--require-store")
    key = server.cli("team", "key", "add", "default", "--generate").out.strip()
    assert len(key) >= 32 and "\n" not in key
    applied = server.cli("group", "apply", "-f", payments, "--json").json()
    assert applied["created"] == ["payments"] and applied["revision"] > 0
    (tmp_path / "key").write_text(key + "\n")
    fetched = server.cli("fetch", "--url", server.provider, "--key-file", tmp_path / "key", *ABOUT)
    values = {one["key"]: one["value"] for one in json.loads(fetched.out)["secrets"]
              if one["type"] == "ENV"}
    assert values == {"STRIPE_KEY": "sk_live_example", "YES": "yes", "VERSION": "1.10",
                      "DB_PASSWORD": "p@ss", "DATABASE_URL": "postgres://app:p%40ss@db/app"}


def test_init_twice_changes_nothing_and_says_so(data_dir):
    cli = Cli(data_dir)
    cli("init")
    before = {path.name: path.read_bytes() for path in data_dir.iterdir() if path.is_file()}
    again = cli("init", exits=None)
    assert again.code in (1, 6) and "hint:" in again.err
    after = {path.name: path.read_bytes() for path in data_dir.iterdir() if path.is_file()}
    assert before["master.key"] == after["master.key"]
    assert before["owner-token"] == after["owner-token"]


def test_status_tells_what_the_server_is(cli, server):
    status = cli.json("status")
    assert set(status) >= {"version", "store_id", "revision", "teams", "groups", "ready",
                           "integrity", "audit", "uptime_seconds"}
    assert status["integrity"] == "ok" and status["ready"] is True
    assert status["teams"] == 1 and status["groups"] == 1
    assert set(status["audit"]) >= {"seq", "public_key", "file"}
    assert str(status["revision"]) in cli("status").out
    assert status["version"] in cli("version").out


def test_apply_is_one_revision_and_idempotent(cli, payments):
    first = cli.json("group", "apply", "-f", payments)
    again = cli.json("group", "apply", "-f", payments)
    assert again["unchanged"] == ["payments"] and again["revision"] == first["revision"]
    assert again["created"] == again["updated"] == again["deleted"] == []
    payments.write_text(GROUP_YAML.replace("sk_live_example", "sk_live_other"))
    changed = cli.json("group", "apply", "-f", payments)
    assert changed["updated"] == ["payments"] and changed["revision"] == first["revision"] + 1


def test_apply_of_many_groups_is_all_or_nothing(cli, tmp_path):
    good, bad = group("good", {"A": "1"}), group("bad", {"NOT A NAME": "1"})
    refused = cli("group", "apply", "-f", file_of(tmp_path, good, bad), exits=None)
    assert refused.code != 0
    names = [one["name"] for one in cli.json("group", "list")["items"]]
    assert names == ["base"]


def test_dry_run_says_what_would_happen_and_does_nothing(cli, payments, server):
    revision = server.status()["revision"]
    told = cli.json("group", "apply", "-f", payments, "--dry-run")
    assert told["created"] == ["payments"]
    assert server.status()["revision"] == revision
    cli("group", "show", "payments", exits=3)


def test_apply_takes_a_directory_and_prune_removes_only_what_it_manages(cli, tmp_path):
    folder = tmp_path / "groups"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(group("a", {"A": "1"})))
    (folder / "b.yaml").write_text(yaml.safe_dump(group("b", {"B": "1"})))
    cli("group", "apply", "-f", folder, "--managed-by", "git")
    (folder / "b.yaml").unlink()
    kept = cli.json("group", "apply", "-f", folder, "--managed-by", "git")
    assert kept["deleted"] == []
    pruned = cli.json("group", "apply", "-f", folder, "--managed-by", "git", "--prune")
    assert pruned["deleted"] == ["b"]
    names = [one["name"] for one in cli.json("group", "list")["items"]]
    assert sorted(names) == ["a", "base"], "a group that git does not manage stays"


def test_a_managed_group_is_read_only_to_others(cli, tmp_path):
    path = file_of(tmp_path, group("a", {"A": "1"}))
    cli("group", "apply", "-f", path, "--managed-by", "git")
    assert "git" in cli("set", "a", "A=2", exits=4).err
    assert cli("group", "apply", "-f", path, "--managed-by", "other", exits=4).err
    cli("group", "apply", "-f", path, "--managed-by", "other", "--take-over")


def test_list_and_show_mask_values(cli, payments):
    cli("group", "apply", "-f", payments)
    listed = cli.json("group", "list")["items"]
    mine = next(one for one in listed if one["name"] == "payments")
    assert (mine["team"], mine["priority"], mine["version"]) == ("default", 50, 1)
    assert (mine["variables"], mine["files"]) == (5, 1)
    for ran in (cli("group", "list"), cli("group", "show", "payments"),
                cli("group", "show", "payments", "--json")):
        assert "payments" in ran.out
        assert "sk_live_example" not in ran.out and "aGVsbG8=" not in ran.out
    document = shown(cli.json("group", "show", "payments"))
    assert variables(document)["STRIPE_KEY"]["masked"] is True
    revealed = shown(cli.json("group", "show", "payments", "--reveal"))
    assert variables(revealed)["STRIPE_KEY"] == "sk_live_example"
    assert revealed["secrets"]["files"]["/etc/key.pem"]["data"] == "aGVsbG8="


def test_showing_a_value_is_audited_and_masked_showing_reveals_nothing(cli, server, payments):
    cli("group", "apply", "-f", payments)
    cli("group", "show", "payments")
    assert server.audit("value.reveal") == []
    cli("group", "show", "payments", "--reveal")
    record = server.audit("value.reveal")[0]
    assert record["operator"].startswith("uid:") and record["outcome"] == "ok"
    assert "sk_live_example" not in json.dumps(record)


def test_what_show_prints_can_be_applied_and_masked_means_unchanged(cli, payments, tmp_path):
    cli("group", "apply", "-f", payments)
    for flags, name in (([], "masked.yaml"), (["--reveal"], "plain.yaml"), (["--json"], "m.json")):
        (tmp_path / name).write_text(cli("group", "show", "payments", *flags).out)
        again = cli.json("group", "apply", "-f", tmp_path / name)
        assert again["unchanged"] == ["payments"], name
    document = shown(cli.json("group", "show", "payments"))
    document["priority"] = 60
    variables(document)["DB_PASSWORD"] = "new"
    cli("group", "apply", "-f", file_of(tmp_path, document))
    kept = variables(shown(cli.json("group", "show", "payments", "--reveal")))
    assert kept["STRIPE_KEY"] == "sk_live_example" and kept["DB_PASSWORD"] == "new"


def test_a_mask_where_there_is_nothing_is_an_error(cli, tmp_path):
    masked = {"A": {"masked": True}}
    for name in ("new-group", "base"):
        path = file_of(tmp_path, group(name, masked))
        refused = cli("group", "apply", "-f", path, exits=None)
        assert refused.code != 0 and "masked" in refused.err and "A" in refused.err
    cli("group", "show", "new-group", exits=3)


def test_set_and_unset_change_only_what_they_name(cli, server):
    cli("set", "base", "A=1", "EMPTY=", "EQUALS=a=b", "LITERAL==@not-a-file")
    assert server.fetch().values() == {"GREETING": "hello", "A": "1", "EMPTY": "", "EQUALS": "a=b",
                                       "LITERAL": "@not-a-file"}
    cli("unset", "base", "GREETING", "A")
    assert server.fetch().values() == {"EMPTY": "", "EQUALS": "a=b", "LITERAL": "@not-a-file"}
    refused = cli("unset", "base", "NOT_THERE", exits=3)
    assert "NOT_THERE" in refused.err


def test_set_reads_files_and_stdin_less_one_newline_if_it_is_the_only_one(cli, server, tmp_path):
    (tmp_path / "one").write_text("value\n")
    (tmp_path / "two").write_text("line\nline\n")
    cli("set", "base", f"ONE=@{tmp_path}/one", f"TWO=@{tmp_path}/two")
    cli("set", "base", "THREE=-", stdin="from stdin\n")
    cli("set", "base", "FOUR=-", stdin="exact")
    values = server.fetch().values()
    assert (values["ONE"], values["TWO"]) == ("value", "line\nline\n")
    assert (values["THREE"], values["FOUR"]) == ("from stdin", "exact")


def test_an_empty_word_and_a_role_that_there_is_not_are_wrong_usage(cli):
    told = cli("team", "key", "retire", "default", "", exits=2).err
    assert "is empty" in told and "--help" in told
    assert "is empty" in cli("group", "delete", "", exits=2).err
    told = cli("operator", "add", "ann", "--role", "god", exits=2).err
    assert "god" in told and "auditor" in told


def test_a_new_group_needs_create_and_a_restriction_or_everyone(cli, server):
    assert "hint:" in cli("set", "fresh", "A=1", exits=3).err
    assert "--everyone" in cli("set", "fresh", "A=1", "--create", exits=2).err
    cli("set", "fresh", "A=1", "--create", "--project", "shop", "--object", "api:service",
        "--priority", "20")
    assert "A" in server.fetch(project="shop", object_id="api").values()
    assert "A" not in server.fetch(project="shop", object_id="api", type_="job").values()
    cli("set", "open", "B=1", "--create", "--everyone", "--type", "config")
    assert "B" in server.fetch(project="any").values()
    cli("set", "open", "C=x-${B}", "--template")
    assert server.fetch().values()["C"] == "x-1"


def test_a_file_is_put_exactly_and_removed(cli, server, tmp_path):
    local = tmp_path / "local"
    data = bytes(range(256)) + b"\n"
    local.write_bytes(data)
    cli("file", "put", "base", "/etc/blob", local, "--owner", "1000", "--group", "www",
        "--mode", "0440")
    entry = server.fetch().entries()["/etc/blob"]
    assert entry["encoding"] == "base64" and base64.b64decode(entry["data"]) == data
    assert entry["owner"]["value"] == "1000" and entry["group"]["value"] == "www"
    assert int(str(entry["permissions"]["mode"]), 8) == 0o440
    cli("file", "rm", "base", "/etc/blob")
    assert set(server.fetch().entries()) == {"GREETING"}
    cli("file", "rm", "base", "/etc/blob", exits=3)


def test_delete_removes_a_group_for_good(cli, server):
    cli("group", "delete", "base")
    assert server.fetch().json() == {"secrets": []}
    cli("group", "show", "base", exits=3)
    cli("group", "delete", "base", exits=3)


def test_explain_tells_the_same_story_as_the_bundle(cli, server, payments):
    cli("group", "apply", "-f", payments)
    server.apply(group("wide", {"STRIPE_KEY": "lost", "W": "w"}), group("far", {"F": "1"},
                                                                        projects=["far"]))
    bundle = server.fetch(project="shop", object_id="api").entries()
    told = cli.json("explain", *ABOUT, "--reveal")
    entries = {one.get("key") or one["path"]: one for one in told["entries"]}
    assert set(entries) == set(bundle) and told["outcome"] == "ok" and told["problems"] == []
    for name, entry in bundle.items():
        if entry["type"] == "ENV":
            assert entries[name]["value"] == entry["value"], name
    assert [one["name"] for one in told["groups"]] == ["payments", "base", "wide"]
    assert told["groups"][0]["specificity"] == "object"
    stripe = entries["STRIPE_KEY"]
    assert (stripe["inheritedFrom"], stripe["priority"]) == ("payments", 50)
    assert [one["inheritedFrom"] for one in stripe["overriding"]] == ["wide"]
    assert entries["DATABASE_URL"]["template"] is True
    masked = cli("explain", *ABOUT, "--json")
    assert "sk_live_example" not in masked.out and "sk_live_example" not in cli(
        "explain", *ABOUT).out
    keys = {one.get("key") or one["path"] for one in masked.json()["entries"]}
    assert keys == set(bundle)


def test_explain_tells_what_would_make_a_fetch_fail(cli, server):
    server.apply(group("t", {"T": {"template": "${ONLY_FAR}"}}),
                 group("far", {"ONLY_FAR": "1"}, projects=["far"]))
    told = cli.json("explain", *ABOUT, exits=1)
    assert told["outcome"] == "unknown_name" and told["problems"][0]["key"] == "T"
    assert server.fetch(project="shop", object_id="api").status == 503


def test_tables_are_for_people_and_results_are_on_stdout(cli):
    listed = cli("group", "list")
    assert "base" in listed.out and not listed.out.lstrip().startswith("{")
    assert listed.err == ""
    refused = cli("group", "show", "absent", exits=3)
    assert refused.out == "" and re.match(r"error: .*absent", refused.err)


def test_the_command_speaks_to_an_address_with_a_token(server):
    owner = (server.data_dir / "owner-token").read_text().strip()
    away = Cli(env={"SUTLER_ADDR": server.admin, "SUTLER_TOKEN": owner})
    assert away.json("group", "list")["items"][0]["name"] == "base"
    wrong = Cli(env={"SUTLER_ADDR": server.admin, "SUTLER_TOKEN": owner[:-1] + "~"})
    assert owner not in wrong("group", "list", exits=4).err
    assert get(server.admin, owner, "/api/v1/status").status == 200


def test_a_server_that_is_not_there_is_5(data_dir):
    refused = Cli(data_dir)("status", exits=5)
    assert "hint:" in refused.err and str(data_dir) in refused.err


def test_config_check_and_version_work_without_a_server(tmp_path):
    good = tmp_path / "sutler.yaml"
    good.write_text("listen: 127.0.0.1:8080\naudit_sync: 1s\n")
    Cli()("config", "check", "--config", good)
    assert re.search(r"\d+\.\d+\.\d+", Cli()("version").out)
    assert Cli()("--version").out == Cli()("version").out


def test_jwt_sign_and_verify_agree_with_the_server(cli, server, tmp_path):
    key = tmp_path / "key"
    key.write_text(tokens.KEY + "\n")
    token = cli("jwt", "sign", "--key-file", key, *ABOUT).out.strip()
    assert server.fetch(token).status == 200
    claims = json.loads(cli("jwt", "verify", "--key-file", key, token).out)
    assert claims["projectId"] == "shop" and claims["exp"] - claims["iat"] == 86400
    assert json.loads(cli("jwt", "verify", "--key-file", key, "-", stdin=token).out) == claims
    assert cli("jwt", "sign", "--key-file", "-", *ABOUT, stdin=tokens.KEY).out.count(".") == 2
    short = cli("jwt", "sign", "--key-file", key, *ABOUT, "--ttl", "1h", "--alg", "HS512").out
    body = json.loads(tokens.unb64url(short.split(".")[1]))
    assert body["exp"] - body["iat"] == 3600
    assert json.loads(tokens.unb64url(short.split(".")[0]))["alg"] == "HS512"
    refused = cli("jwt", "verify", "--key-file", key, token[:-2] + "AA", exits=4)
    assert "bad_signature" in refused.err and "projectId" not in refused.out
