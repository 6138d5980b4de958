"""Fixtures of the end-to-end tests, and a loud list of what was skipped."""
import shutil

import pytest

from support import paths
from support.cli import Cli
from support.groups import group
from support.interop import Node
from support.server import Server


def pytest_addoption(parser):
    parser.addoption("--write-docs", action="store_true",
                     help="write docs/http-probe.md from what the probe cases showed")


@pytest.fixture(scope="session", autouse=True)
def binary():
    path = paths.binary()
    if not path.exists():
        pytest.exit(f"there is no {path}: run script/build, or set SUTLER_BIN", returncode=2)
    return path


@pytest.fixture(scope="session")
def need_corpus():
    """Gives a file of the corpora, or skips the test and says what is absent."""
    def find(relative):
        path = paths.corpus(relative)
        if not path.exists():
            pytest.skip(f"the corpora are absent ({path}): set SUTLER_CORPORA")
        return path
    return find


@pytest.fixture
def data_dir(tmp_path):
    yield tmp_path / "data"
    shutil.rmtree(tmp_path, ignore_errors=True)


def starter(directory, servers):
    """A function that starts servers in `directory` and remembers them in `servers`."""
    def start(*flags, at=directory, **options):
        servers.append(Server(at, *flags, **options))
        return servers[-1].start()
    return start


def finish(servers):
    """Ends them all; a server that still ran must end well."""
    for one in servers:
        if one.process is not None:
            with one:
                pass


@pytest.fixture
def serve(data_dir):
    """Starts servers; those that still run are ended, and must end well."""
    servers = []
    yield starter(data_dir, servers)
    finish(servers)


@pytest.fixture(scope="module")
def serve_once(tmp_path_factory):
    """As `serve`, for a server that a whole file shares."""
    servers, directory = [], tmp_path_factory.mktemp("shared")
    yield starter(directory / "data", servers)
    finish(servers)
    shutil.rmtree(directory, ignore_errors=True)


def stock(server):
    """One signing key and one group for every workload."""
    server.add_key()
    server.apply(group("base", {"GREETING": "hello"}))
    return server


@pytest.fixture
def server(serve):
    return stock(serve())


@pytest.fixture
def cli(server):
    return Cli(server.data_dir)


@pytest.fixture(scope="session")
def node():
    """The npm libraries of test/interop, installed once."""
    found = Node()
    problem = found.install()
    if problem:
        pytest.skip(f"test/interop cannot be installed: {problem}")
    yield found
    found.close()


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("SKIPPED, so nothing is shown about")
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            terminalreporter.line(f"{report.nodeid}: {reason}")
