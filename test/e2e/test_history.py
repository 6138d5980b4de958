"""Versions, diffs, rollback, undo, copies and purging, as a person does it."""
import json
import sqlite3

from support.cli import Cli
from support.groups import file_of, group, shown, variables
from support.wait import eventually


def values(cli, name, *flags):
    return variables(shown(cli.json("group", "show", name, "--reveal", *flags)))


def versions(cli, name):
    return cli.json("group", "history", name)["items"]


def test_history_tells_who_when_and_why(cli):
    cli("set", "base", "GREETING=hi", "-m", "shorter")
    listed = versions(cli, "base")
    assert [one["version"] for one in listed] == [2, 1]
    assert listed[0]["message"] == "shorter" and listed[0]["who"]
    table = cli("group", "history", "base").out
    assert "shorter" in table and "VERSION" in table
    cli("set", "base", "GREETING=hi", "-m", "the same")
    assert len(versions(cli, "base")) == 2
    cli("group", "history", "none", exits=3)


def test_every_writing_command_takes_a_message(cli, tmp_path):
    path = file_of(tmp_path, group("m", {"A": "1"}))
    local = tmp_path / "key"
    local.write_text("k")
    cli("group", "apply", "-f", path, "-m", "one")
    cli("set", "m", "B=2", "-m", "two")
    cli("unset", "m", "B", "-m", "three")
    cli("file", "put", "m", "/k", local, "-m", "four")
    cli("file", "rm", "m", "/k", "-m", "five")
    cli("group", "rollback", "m", "2", "-m", "six")
    cli("group", "delete", "m", "--message", "seven")
    messages = [one["message"] for one in versions(cli, "m")]
    assert messages == ["seven", "six", "five", "four", "three", "two", "one"]
    cli("set", "base", "A=1", "-m", "two\nlines", exits=1)


def test_a_masked_diff_has_no_value_and_a_revealed_one_is_audited(server, cli):
    cli("set", "base", "GREETING=canary-new-value", "EXTRA=canary-extra")
    masked = cli("group", "diff", "base")
    assert "~ GREETING" in masked.out and "+ EXTRA" in masked.out
    assert "canary" not in masked.out and "hello" not in masked.out
    assert "canary" not in cli("group", "diff", "base", "--json").out
    revealed = cli("group", "diff", "base", "--reveal")
    assert "canary-new-value" in revealed.out and "hello" in revealed.out
    assert "canary" not in cli("group", "diff", "base", "--from", "2", "--to", "1").out
    server.apply(group("twin", {"GREETING": "hello"}))
    assert "no difference" not in cli("group", "diff", "base", "--with", "twin").out


def test_rollback_and_a_deleted_group_that_comes_back(cli):
    cli("set", "base", "GREETING=bye")
    cli("group", "rollback", "base", "1", "--dry-run")
    assert values(cli, "base") == {"GREETING": "bye"}
    cli("group", "rollback", "base", "1")
    assert values(cli, "base") == {"GREETING": "hello"}
    cli("group", "delete", "base")
    assert "base" in cli("group", "list", "--deleted").out
    cli("group", "show", "base", exits=3)
    assert versions(cli, "base")[0]["deleted"] is True
    cli("group", "rollback", "base", "3")
    assert values(cli, "base") == {"GREETING": "hello"}
    assert "base" not in cli("group", "list", "--deleted").out


def test_undo_of_a_whole_commit(cli, tmp_path):
    path = file_of(tmp_path, group("base", {"GREETING": "x"}), group("more", {"B": "1"}))
    revision = cli.json("group", "apply", "-f", path, "-m", "oops")["revision"]
    listed = cli("revision", "list")
    assert "oops" in listed.out and "group base" in listed.out
    assert "more" in cli("revision", "show", revision).out
    cli("undo", revision)
    assert values(cli, "base") == {"GREETING": "hello"}
    cli("group", "show", "more", exits=3)


def test_undo_is_refused_where_a_group_was_changed_since(cli):
    revision = cli.json("set", "base", "GREETING=one")["revision"]
    cli("set", "base", "GREETING=two")
    refused = cli("undo", revision, exits=6)
    assert "base" in refused.err and "--force" in refused.err
    forced = cli("undo", revision, "--force")
    assert "warning:" in forced.err and "version 3" in forced.err
    assert values(cli, "base") == {"GREETING": "hello"}
    cli("undo", "9999", exits=3)


def test_copies(cli):
    cli("set", "base", "SECRET=${fn.randomSecret(24)}", "--template")
    cli("group", "copy", "base", "fresh", "--project", "staging", "--values", "new")
    fresh, base = values(cli, "fresh"), values(cli, "base")
    assert fresh["GREETING"] == ""
    assert fresh["SECRET"]["template"] == base["SECRET"]["template"]
    assert fresh["SECRET"]["generated"] != base["SECRET"]["generated"]
    cli("group", "copy", "base", "same", "--values", "same")
    assert values(cli, "same") == base
    cli("group", "copy", "base", "names", "--values", "empty")
    assert values(cli, "names") == {"GREETING": "", "SECRET": ""}
    cli("group", "copy", "base", "same", "--values", "same", exits=6)
    cli("group", "copy", "base", "other", exits=2)
    cli("team", "add", "red")
    cli("group", "copy", "base", "base", "--to-team", "red", "--project", "p", "--values", "same")
    assert values(cli, "base", "--team", "red") == base


def test_purge_never_takes_the_current_version(cli):
    for n in range(5):
        cli("set", "base", f"GREETING=v{n}")
    cli("group", "purge", "base", "--keep", "2", "--dry-run")
    assert len(versions(cli, "base")) == 6
    cli("group", "purge", "base", "--keep", "2")
    assert [one["version"] for one in versions(cli, "base")] == [6, 5]
    cli("group", "purge", "base", "--older-than", "1d")
    assert len(versions(cli, "base")) == 2
    cli("group", "purge", "base", "--keep", "1")
    assert values(cli, "base") == {"GREETING": "v4"}
    cli("group", "rollback", "base", "5", exits=3)
    cli("group", "purge", "base", exits=2)


def test_the_policy_of_the_settings_purges_at_the_start(serve):
    first = serve()
    first.apply(group("g", {"A": "0"}))
    for n in range(1, 6):
        first.cli("set", "g", f"A={n}")
    first.stop()
    second = serve("--history-keep-versions", "2")
    eventually(lambda: [one["version"] for one in versions(Cli(second.data_dir), "g")] == [6, 5])
    assert values(Cli(second.data_dir), "g") == {"A": "5"}


def test_a_row_of_the_past_that_was_edited_is_named(serve):
    server = serve()
    server.apply(group("g", {"A": "1"}))
    server.cli("set", "g", "A=2")
    server.stop()
    with sqlite3.connect(server.data_dir / "sutler.db") as database:
        (body,) = database.execute("SELECT body FROM history WHERE kind = 'group'").fetchone()
        changed = bytes([body[20] ^ 1]).join([body[:20], body[21:]])
        database.execute("UPDATE history SET body = ? WHERE kind = 'group'", (changed,))
    again = serve()
    refused = again.cli("group", "rollback", "g", "1", exits=1)
    assert '"g", version 1' in refused.err
    assert values(Cli(again.data_dir), "g") == {"A": "2"}
    assert json.loads(again.cli("group", "history", "g", "--json").out)["items"]


def test_a_purge_goes_on_without_a_row_that_does_not_open_and_names_it(serve):
    server = serve()
    server.apply(group("g", {"A": "0"}))
    for n in range(1, 4):
        server.cli("set", "g", f"A={n}")
    server.stop()
    with sqlite3.connect(server.data_dir / "sutler.db") as database:
        database.execute("UPDATE history SET wrapped = zeroblob(length(wrapped)) "
                         "WHERE kind = 'group' AND version = 2")
    again = serve()
    purged = again.cli("group", "purge", "g", "--keep", "1", "--json").json()
    assert (purged["purged"], purged["kept"], purged["damaged"]) == (3, 1, 1)
    row = {"kind": "group", "team": "default", "name": "g", "version": 2}
    assert purged["damaged_rows"] == [row]
    record = again.audit("group.purge")[-1]
    assert record["count"] == 3 and record["reason"] == "damaged" and record["groups"] == [row]
    assert [one["version"] for one in versions(Cli(again.data_dir), "g")] == [4]
