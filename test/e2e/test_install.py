"""What `cmake --install` and script/man put in place: the binary, its man pages, completions."""
import shutil
import subprocess

import pytest

from support import paths


def ran(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    build = paths.binary().resolve().parent
    if not (build / "cmake_install.cmake").exists() or not shutil.which("cmake"):
        pytest.skip("the binary under test stands in no build folder of cmake")
    prefix = tmp_path_factory.mktemp("prefix")
    ran("cmake", "--install", build, "--prefix", prefix)
    return prefix


def test_the_installed_binary_is_the_one_that_was_built(installed):
    binary = installed / "bin" / "sutler"
    assert binary.stat().st_mode & 0o777 == 0o755
    assert ran(binary, "version") == ran(paths.binary(), "version")


def test_each_command_has_its_page_and_mandoc_reads_it(installed):
    pages = {page.stem: page for page in (installed / "share" / "man" / "man1").glob("*.1")}
    assert {"sutler", "sutler-serve", "sutler-team-key-add", "sutler-undo"} <= pages.keys()
    assert len(pages) > 60
    if shutil.which("mandoc"):
        assert "Takes a whole commit back" in ran("mandoc", "-T", "utf8", pages["sutler-undo"])


@pytest.mark.parametrize("place", ["bash-completion/completions/sutler", "zsh/site-functions/_sutler",
                                   "fish/vendor_completions.d/sutler.fish"])
def test_completions_are_where_the_shells_look(installed, place):
    shell = place.split("/", 1)[0].split("-", 1)[0]
    text = (installed / "share" / place).read_text()
    assert text == ran(installed / "bin" / "sutler", "completion", shell)


def test_script_man_writes_the_same_pages(installed):
    ran(paths.REPO / "script" / "man", paths.binary())
    made = {page.name: page.read_text() for page in (paths.REPO / "build" / "man").glob("*.1")}
    there = {page.name: page.read_text()
             for page in (installed / "share" / "man" / "man1").glob("*.1")}
    assert made and made == there
