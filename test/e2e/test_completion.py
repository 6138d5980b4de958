"""Completion scripts in the shells they are for, and man pages as mandoc judges them."""
import re
import shutil
import subprocess

import pytest

from support.cli import Cli

FIRST_WORDS = Cli()


def need(program):
    found = shutil.which(program)
    if not found:
        pytest.skip(f"{program} is not installed")
    return found


def ran(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False,
                          **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")

    def of(shell):
        path = folder / f"sutler.{shell}"
        path.write_text(FIRST_WORDS("completion", shell).out)
        return path
    return of


BASH = """
source {script}
complete_line() {{
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  _sutler; printf '%s\\n' "${{COMPREPLY[@]}}"
}}
complete -p sutler >/dev/null || exit 1
complete_line {words}
"""


def bash(script, *words):
    quoted = " ".join(f"'{word}'" for word in words)
    out = ran(need("bash"), "--norc", "-euc", BASH.format(script=script("bash"), words=quoted))
    return [line for line in out.split("\n") if line]


ZSH = """
autoload -Uz compinit && compinit -u -D
source {script}
words=({words}) CURRENT={count} PREFIX={prefix}
compadd() {{ while [[ ${{1-}} == -* ]]; do [[ $1 == -- ]] && {{ shift; break }}; shift; done; print -l -- $@ }}
_describe() {{ print -l -- ${{described%%:*}} }}
_files() {{ print FILES }}
_sutler
"""


def zsh(script, *words):
    text = ZSH.format(script=script("zsh"), words=" ".join(f"'{word}'" for word in words),
                      count=len(words), prefix=f"'{words[-1]}'")
    out = ran(need("zsh"), "-f", "-c", text)
    return [line for line in out.split("\n") if line.startswith(words[-1]) or line == "FILES"]


def fish(script, *words):
    line = " ".join(words)
    out = ran(need("fish"), "--no-config", "-c",
              f"source {script('fish')}; complete -C '{line}'")
    return [entry.split("\t")[0] for entry in out.split("\n") if entry]


@pytest.mark.parametrize("shell", [bash, zsh, fish])
class TestShells:
    def test_completes_commands(self, script, shell):
        first = shell(script, "sutler", "")
        assert {"serve", "group", "team", "completion"} <= set(first)
        assert shell(script, "sutler", "comp") == ["compare", "completion"] or \
            shell(script, "sutler", "comp") == ["completion"]
        assert set(shell(script, "sutler", "team", "key", "")) >= {"add", "list", "retire"}

    def test_completes_options_of_the_command_alone(self, script, shell):
        found = shell(script, "sutler", "team", "key", "add", "--")
        assert {"--generate", "--from-file", "--json"} <= set(found)
        assert "--reveal" not in found
        assert "--reveal" in shell(script, "sutler", "group", "show", "--re")

    def test_goes_past_options_and_their_values(self, script, shell):
        found = shell(script, "sutler", "--data-dir", "team", "group", "")
        assert {"list", "show", "apply"} <= set(found)

    def test_offers_the_shells(self, script, shell):
        assert set(shell(script, "sutler", "completion", "")) >= {"bash", "zsh", "fish"}

    def test_hides_what_help_hides(self, script, shell):
        assert "--man" not in shell(script, "sutler", "completion", "--")


def test_bash_completes_files_where_a_file_is_wanted(script, tmp_path):
    (tmp_path / "groups.yaml").touch()
    start = str(tmp_path / "gro")
    assert bash(script, "sutler", "group", "apply", "-f", start) == [start + "ups.yaml"]
    assert bash(script, "sutler", "team", "set", "x", "--leeway", start) == []


def test_fish_describes_what_it_offers(script):
    out = ran(need("fish"), "--no-config", "-c",
              f"source {script('fish')}; complete -C 'sutler team '")
    assert re.search(r"^list\tLists the teams", out, re.M), out


def test_every_shell_takes_its_script_without_a_word(script):
    for shell in ("bash", "zsh", "fish"):
        ran(need(shell), "-n", script(shell))


def test_another_shell_is_wrong_usage():
    for words in (["tcsh"], []):
        told = FIRST_WORDS("completion", *words, exits=2)
        assert "bash, zsh or fish" in told.err and not told.out


def commands_of_help(path=()):
    """Every command that help shows, by asking help itself."""
    text = FIRST_WORDS(*path, "--help").out
    found = [" ".join(("sutler", *path))]
    below = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.M)
    for line in (below.group(1) if below else "").split("\n"):
        name = re.match(r"  ([a-z][a-z-]*)  ", line)
        if name:
            found += commands_of_help((*path, name.group(1)))
    return found


def test_every_command_has_a_man_page_that_mandoc_finds_nothing_wrong_with(tmp_path):
    mandoc = need("mandoc")
    FIRST_WORDS("completion", "--man", tmp_path)
    pages = {page.stem for page in tmp_path.iterdir()}
    assert pages == {name.replace(" ", "-") for name in commands_of_help()}
    told = subprocess.run([mandoc, "-T", "lint", "-W", "warning", *tmp_path.iterdir()],
                          capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout[-2000:]
    page = ran(mandoc, "-T", "utf8", str(tmp_path / "sutler-team-key-add.1"))
    plain = re.sub(".\b", "", page)
    for part in ("--generate", "sutler team key add TEAM", "EXIT STATUS", "256 bits"):
        assert part in plain, plain


def test_pages_are_the_same_when_made_again(tmp_path):
    made = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        FIRST_WORDS("completion", "--man", tmp_path / name, env={"SOURCE_DATE_EPOCH": "1767225600"})
        made.append({page.name: page.read_bytes() for page in (tmp_path / name).iterdir()})
    assert made[0] == made[1] and b" 2026-01-01 " in made[0]["sutler.1"]
