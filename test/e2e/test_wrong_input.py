"""Wrong input by hand: each says what is wrong, where, and what to do, and shows no value.

A row is: what is wrong, the command, its exit code, and patterns that stderr must have. In a
command `{F}` is the row's file, `{D}` a directory and `{K}` a good key file."""
import collections
import re
import shlex

import pytest

from support import tokens
from support.cli import Cli

CANARY = "canary-value-71c0ffee"
Row = collections.namedtuple("Row", "what command code patterns file name", defaults=["", "f.yaml"])

ABOUT = "--project p --object o --type service"
HEAD = "groups:\n  - name: g\n    secrets:\n      variables:\n"


def yaml_row(what, text, *patterns, line=None, name="f.yaml"):
    """A group file that `group apply` must refuse, naming the file and the line."""
    place = [re.escape(name) + (f":{line}" if line else "")]
    return Row(what, "group apply -f {F}", 1, [*place, *patterns], text, name)


FLAGS = [
    Row("no command", "", 2, ["serve"]),
    Row("an unknown command", "sreve", 2, ["sreve"]),
    Row("an unknown flag", "serve --data-dir {D} --lisen 127.0.0.1:0", 2, ["--lisen"]),
    Row("a port that is no number", "serve --data-dir {D} --listen 127.0.0.1:http", [1, 2],
        ["127.0.0.1:http"]),
    Row("a port over 65535", "serve --data-dir {D} --listen 127.0.0.1:70000", [1, 2], ["70000"]),
    Row("an address without a port", "serve --data-dir {D} --listen 127.0.0.1", [1, 2],
        ["127.0.0.1", "PORT"]),
    Row("a host name nobody knows", "serve --data-dir {D} --listen no.such.host.invalid:0", [1, 2],
        ["no.such.host.invalid"]),
    Row("plain HTTP for the world", "serve --data-dir {D} --listen 0.0.0.0:0", [1, 2],
        ["0.0.0.0", "--plain-http"]),
    Row("plain admin HTTP for the world", "serve --data-dir {D} --admin-listen 0.0.0.0:0",
        [1, 2],
        ["--admin-plain-http"]),
    Row("a duration without a unit", "serve --data-dir {D} --header-timeout 10", [1, 2],
        ["--header-timeout", r"\d+s"]),
    Row("a negative duration", "serve --data-dir {D} --drain-delay=-5s", [1, 2],
        ["--drain-delay"]),
    Row("no threads", "serve --data-dir {D} --threads 0", [1, 2], ["--threads"]),
    Row("a way to sync that is none", "serve --data-dir {D} --audit-sync never", [1, 2],
        ["--audit-sync", "always"]),
    Row("a log level that is none", "serve --data-dir {D} --log-level loud", [1, 2],
        ["--log-level", "info"]),
    Row("a certificate without its key", "serve --data-dir {D} --tls-cert {F}", [1, 2],
        ["tls[-_]key"]),
    Row("a master key of no kind", "serve --data-dir {D} --master-key vault:x", [1, 2],
        ["vault", "file:"]),
    Row("a master key file that is not there", "serve --data-dir {D} --master-key file:{D}/absent",
        [1, 3], ["absent"]),
    Row("a config file that is not there", "serve --data-dir {D} --config {D}/absent.yaml", [1, 3],
        ["absent.yaml"]),
    Row("a group file that is not there", "serve --data-dir {D} --apply {D}/absent.yaml", [1, 3],
        ["absent.yaml"]),
    Row("a directory that cannot be", "serve --data-dir {F}/sub", 1, ["f.yaml/sub"]),
]

CONFIG = [
    Row("an unknown setting", "config check --config {F}", 1, ["f.yaml:2", "lisen"],
        "threads: 1\nlisen: x\n"),
    Row("a setting twice", "config check --config {F}", 1, ["f.yaml:2", "threads"],
        "threads: 1\nthreads: 2\n"),
    Row("a setting of the wrong kind", "config check --config {F}", 1, ["f.yaml:1", "threads"],
        "threads: many\n"),
    Row("a config that is not YAML", "config check --config {F}", 1, [r"f.yaml:\d"],
        "listen: [unclosed\n"),
    Row("a config that is a list", "config check --config {F}", 1, ["f.yaml"], "- listen\n"),
]

OFFLINE = [
    Row("a key file that is not there", f"jwt sign --key-file {{D}}/absent {ABOUT}", [1, 3],
        ["absent"]),
    Row("an empty key file", f"jwt sign --key-file {{F}} {ABOUT}", [1, 2, 4], ["f.yaml", "empty"]),
    Row("no project", "jwt sign --key-file {K} --object o --type t", 2, ["--project"]),
    Row("a hash that is none", f"jwt sign --key-file {{K}} --alg RS256 {ABOUT}", 2,
        ["RS256", "HS256"]),
    Row("a token that is none", "jwt verify --key-file {K} nonsense", 4, ["malformed_token"]),
    Row("a leeway over a minute", "jwt verify --key-file {K} --leeway 2h a.b.c", 2,
        ["--leeway", "60"]),
    Row("a url that is none", f"fetch --url nowhere --key-file {{K}} {ABOUT}", 2,
        ["--url", "nowhere"]),
    Row("nobody at the url", f"fetch --url http://127.0.0.1:1 --key-file {{K}} {ABOUT}", 5,
        ["127.0.0.1:1"]),
    Row("an audit file that is not there", "audit verify {D}/absent", [1, 3], ["absent"]),
    Row("an audit file that is none", "audit verify {F}", 1, ["f.yaml:1"], "not a record\n"),
]

GROUPS = [
    yaml_row("an unknown member", f"groups:\n  - name: g\n    priorty: 1\n    secrets: {{}}\n",
             "priorty", "priority", line=3),
    yaml_row("a name that is no variable", HEAD + f"        A B: {CANARY}\n", "A B", line=5),
    yaml_row("a name that starts with a digit", HEAD + f"        1A: {CANARY}\n", "1A", line=5),
    yaml_row("null", HEAD + "        A: null\n", "A", "null", line=5),
    yaml_row("a key twice", HEAD + f"        A: {CANARY}\n        A: other\n", "A", line=6),
    yaml_row("a priority over 100", "groups:\n  - name: g\n    priority: 101\n", "priority", "100",
             line=3),
    yaml_row("a priority that is no number", "groups:\n  - name: g\n    priority: high\n",
             "priority", line=3),
    yaml_row("an empty list of projects",
             "groups:\n  - name: g\n    restrictions: {projects: []}\n", "projects", "empty",
             line=3),
    yaml_row("a type that is none", "groups:\n  - name: g\n    type: private\n", "type", "secret",
             line=3),
    yaml_row("no name", "groups:\n  - priority: 1\n", "name", line=2),
    yaml_row("a path that is not absolute", "groups:\n  - name: g\n    secrets:\n      files:\n"
             f"        etc/f: {{data: {CANARY}}}\n", "etc/f", line=5),
    yaml_row("a file that is not base64", "groups:\n  - name: g\n    secrets:\n      files:\n"
             f"        /f: {{data: '{CANARY}!', encoding: base64}}\n", "/f", "base64", line=5),
    yaml_row("a policy that is none", "groups:\n  - name: g\n    secrets:\n      files:\n"
             f"        /f: {{data: {CANARY}, owner: {{policy: Always}}}}\n", "policy", "Always",
             "AlwaysSetExplicit", line=5),
    yaml_row("an explicit policy without a value", "groups:\n  - name: g\n    secrets:\n"
             "      files:\n"
             f"        /f: {{data: {CANARY}, owner: {{policy: AlwaysSetExplicit}}}}\n",
             "owner", "value", line=5),
    yaml_row("an unquoted mode", "groups:\n  - name: g\n    secrets:\n      files:\n        /f:\n"
             f"          data: {CANARY}\n"
             "          permissions: {policy: AlwaysSet, mode: 0400}\n", "mode", "quote", line=7),
    yaml_row("a template without an end", HEAD + "        A: {template: 'x${B'}\n", "A", line=5),
    yaml_row("a filter that is none", HEAD + "        A: {template: '${B|rot13}'}\n",
             "filter|rot13", line=5),
    Row("a cycle", "group apply -f {F}", 1, ["A", "B", "cycle"],
        HEAD + "        A: {template: '${B}'}\n        B: {template: '${A}'}\n"),
    Row("a reference", "group apply -f {F}", 1, ["A", "reference"],
        HEAD + "        A: {from: vault, ref: 'x#y'}\n"),
    yaml_row("a tab in YAML", "groups:\n\t- name: g\n", line=2),
    yaml_row("JSON that ends too soon", '{"groups": [\n {"name": "g"', name="f.json"),
    yaml_row("a comma too many in JSON", '{"groups": [\n {"name": "g",}]}', name="f.json"),
    yaml_row("an unknown member in JSON", '{"groups": [\n{"name": "g",\n "extra": 1}]}', "extra",
             r"groups\[0\]", name="f.json"),
    yaml_row("a member twice in JSON", '{"groups": [\n {"name": "g", "name": "h"}]}', "name",
             name="f.json"),
    yaml_row("two groups of one name", "groups:\n  - name: g\n  - name: g\n", "g"),
    yaml_row("a value over the limit", HEAD + "        A: " + "x" * 140_000 + "\n", "A", "131"),
    yaml_row("a slash in a name", "groups:\n  - name: g/../h\n", "g/../h", line=2),
    yaml_row("an empty file", "", "f.yaml"),
]

SERVER = [
    Row("a team nobody knows", "group list --team absent", 3, ["absent"]),
    Row("a group nobody knows", "group show absent", 3, ["absent"]),
    Row("a group file that is not there", "group apply -f {D}/absent.yaml", [1, 3],
        ["absent.yaml"]),
    Row("an empty directory of groups", "group apply -f {D}", 1, ["no .*file|empty"]),
    Row("an assignment without =", "set base GREETING", 2, ["KEY=VALUE"]),
    Row("a name that is no variable", f"set base 1A={CANARY}", [1, 2],
        ["name of a variable"]),
    Row("a value file that is not there", "set base A=@{D}/absent", [1, 3], ["absent"]),
    Row("a signing key that is weak", "team key add default --from-file {F}", [1, 4],
        ["32", "--allow-weak-keys"], "short-" + CANARY[:8]),
    Row("a signing key that the world knows", "team key add default --from-file {F}", [1, 4],
        ["everybody knows|APP_SECRET"], "APP_SECRET\n"),
    Row("a signing key that is a PEM", "team key add default --from-file {F}", [1, 4], ["PEM"],
        "-----BEGIN PUBLIC KEY-----\n" + CANARY * 3 + "\n-----END PUBLIC KEY-----\n"),
    Row("a signing key that is empty", "team key add default --from-file {F}", [1, 2, 4],
        ["empty"]),
    Row("a signing key of nothing", "team key add default", 2, ["--generate", "--from-file"]),
    Row("a key id nobody knows", "team key retire default absent", 3, ["signing key"]),
    Row("a team id with a space", "team add 'a b'", [1, 2], ["team id"]),
    Row("the reserved team id", "team add healthz", [1, 2], ["healthz"]),
    Row("a network that is none", "team add red --allow-from 300.0.0.0/8", [1, 2], ["300.0.0.0/8"]),
    Row("a leeway over a minute", "team add red --leeway 5m", [1, 2], ["60"]),
    Row("a command for run", f"run {ABOUT}", 2, ["--"]),
]


def words(command, **places) -> list:
    return [word.format(**places) for word in shlex.split(command)]


def check(row, cli, tmp_path):
    path, directory, key = tmp_path / row.name, tmp_path / "dir", tmp_path / "good-key"
    path.write_text(row.file)
    directory.mkdir()
    key.write_text(tokens.KEY)
    ran = cli(*words(row.command, F=path, D=directory, K=key), exits=None, seconds=20)
    codes = row.code if isinstance(row.code, list) else [row.code]
    assert ran.code in codes, str(ran)
    assert ran.out == "" or row.command.startswith("serve"), f"a refusal is not a result: {ran}"
    assert '"provider"' not in ran.out, "it was ready"
    lines = ran.err.splitlines()
    assert any(line.startswith("error: ") for line in lines), str(ran)
    assert any(line.startswith("hint: ") for line in lines), f"no way out: {ran}"
    for pattern in row.patterns:
        assert re.search(pattern, ran.err), f"{pattern!r} is not in it: {ran}"
    for secret in (CANARY, tokens.KEY):
        assert secret not in ran.err + ran.out, "a value is shown"
    assert len(ran.err) < 4000, "an error is a few lines"


def by_what(row) -> str:
    return row.what


@pytest.mark.parametrize("row", FLAGS + CONFIG + OFFLINE, ids=by_what)
def test_wrong_input_without_a_server_is_explained(row, tmp_path):
    check(row, Cli(), tmp_path)


@pytest.mark.parametrize("row", GROUPS + SERVER, ids=by_what)
def test_wrong_input_is_explained_and_changes_nothing(row, cli, server, tmp_path):
    before = server.status()["revision"]
    check(row, cli, tmp_path)
    assert server.status()["revision"] == before


@pytest.mark.parametrize("row", GROUPS, ids=by_what)
def test_a_wrong_group_file_at_start_is_explained_as_well(row, tmp_path):
    command = ("serve --data-dir {D}/data --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 "
               "--apply {F}")
    check(row._replace(command=command, code=1), Cli(), tmp_path)
