"""`sutler group edit`: an editor on a file that nobody else sees."""
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from support import paths
from support.groups import shown, variables
from support.wait import eventually

FOLDERS = Path("/dev/shm")


@pytest.fixture
def web(cli):
    cli("set", "web", "A=s3cret", "B=2", "--create", "--project", "shop")
    return cli


def left() -> list:
    return sorted(FOLDERS.glob("sutler-edit-*"))


def editor(tmp_path, script) -> dict:
    """An editor that is a script of the shell, with the file as $1."""
    path = tmp_path / "editor"
    path.write_text("#!/bin/sh\n" + script + "\n")
    path.chmod(0o755)
    return {"EDITOR": str(path), "VISUAL": "", "XDG_RUNTIME_DIR": ""}


def values(cli) -> dict:
    return variables(shown(cli.json("group", "show", "web", "--reveal")))


def test_an_edit_is_saved_and_leaves_nothing_behind(web, tmp_path):
    env = editor(tmp_path, f'stat -c %a "$1" "${{1%/*}}" > {tmp_path}/modes; cp "$1" {tmp_path}/seen\n'
                           'sed -i "s/B: .*/B: new/" "$1"; touch "$1~"')
    done = web("group", "edit", "web", env=env)
    assert "~ B" in done.out
    assert values(web) == {"A": "s3cret", "B": "new"}
    assert (tmp_path / "modes").read_text().split() == ["600", "700"]
    assert "s3cret" not in (tmp_path / "seen").read_text() and not left()


def test_values_are_there_with_reveal(web, server, tmp_path):
    env = editor(tmp_path, f'cp "$1" {tmp_path}/seen')
    done = web("group", "edit", "web", "--reveal", env=env)
    assert "nothing was changed" in done.err and "s3cret" in (tmp_path / "seen").read_text()
    assert server.audit("value.reveal")


def test_what_is_not_changed_makes_no_version(web, server, tmp_path):
    before = server.status()["revision"]
    web("group", "edit", "web", env=editor(tmp_path, "true"))
    assert server.status()["revision"] == before and not left()


def test_a_conflict_keeps_the_text_and_says_where(web, server, tmp_path):
    env = editor(tmp_path, f'"{paths.binary()}" set web B=theirs >/dev/null\n'
                           'sed -i "s/B: .*/B: mine/" "$1"')
    env["SUTLER_DATA_DIR"] = str(server.data_dir)
    done = web("group", "edit", "web", env=env, exits=6)
    assert values(web)["B"] == "theirs"
    kept = left()
    assert len(kept) == 1 and str(kept[0]) in done.err
    file = kept[0] / "web.yaml"
    assert "mine" in file.read_text() and stat.S_IMODE(file.stat().st_mode) == 0o600
    file.unlink()
    kept[0].rmdir()


@pytest.mark.parametrize("script", ['echo "x: [" >> "$1"', 'sed -i "s/^name: .*/name: other/" "$1"',
                                    'echo "" > "$1"', "false", 'rm "$1"'])
def test_what_cannot_be_saved_changes_nothing_and_leaves_nothing(web, server, tmp_path, script):
    before = server.status()["revision"]
    done = web("group", "edit", "web", env=editor(tmp_path, script), exits=None)
    assert done.code != 0 and "error:" in done.err
    assert server.status()["revision"] == before and not left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_file_goes_when_the_command_is_told_to_end(web, server, tmp_path, number):
    env = editor(tmp_path, f"touch {tmp_path}/open; exec sleep 600")
    env = paths.clean_environment({**env, "SUTLER_DATA_DIR": str(server.data_dir)})
    running = subprocess.Popen([str(paths.binary()), "group", "edit", "web"], env=env,
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually((tmp_path / "open").exists, 30, "the editor")
    assert left()
    os.kill(running.pid, number)
    assert running.wait(timeout=30) != 0
    assert not left()


def test_an_unknown_group_opens_no_editor(cli, tmp_path):
    cli("group", "edit", "nothing", env=editor(tmp_path, f"touch {tmp_path}/open"), exits=3)
    assert not (tmp_path / "open").exists()
