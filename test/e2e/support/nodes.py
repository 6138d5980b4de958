"""sutler nodes over one store in PostgreSQL: each a data directory of its own, the master key shared."""
import functools
import json
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from . import paths, postgres
from .cli import Cli
from .groups import group
from .server import Server, UnixHTTP
from .wait import eventually
from .wire import get

CHANGE_SECONDS = 5  # in which a change must be everywhere on a machine that does other things too


@functools.cache
def why_not() -> str:
    """Why nodes over PostgreSQL cannot be shown here; empty when they can."""
    told = subprocess.run([str(paths.binary()), "serve", "--help"], capture_output=True, text=True,
                          env=paths.clean_environment(), check=False).stdout
    if "--store " not in told:
        return "this sutler has no PostgreSQL store: build one with libpq-dev (script/bootstrap)"
    return postgres.absent()


class Node(Server):
    """`port` and `admin_port` stay the same when it is started again; 0 takes a free one."""

    def __init__(self, data_dir, store, master_key, *flags, port=0, admin_port=0, **options):
        flags = ["--master-key", f"file:{master_key}", *flags]
        if store:
            flags += ["--store", store]
        super().__init__(data_dir, *flags, listen=f"127.0.0.1:{port}", **options)
        at = self.command.index("--admin-listen") + 1
        self.command[at] = f"127.0.0.1:{admin_port}"

    @property
    def name(self) -> str:
        return self.data_dir.name

    def again(self):
        """Starts it again as it was."""
        self.out = b""
        return self.start()

    def values(self, **claims) -> dict:
        return self.fetch(**claims).values()

    def owner_token(self) -> str:
        return (self.data_dir / "owner-token").read_text().strip()

    def readiness(self):
        """(status, {check: state}) of the admin listener."""
        answer = get(self.admin, path="/readyz?verbose")
        return answer.status, {one["name"]: one["state"] for one in answer.json()["checks"]}

    def ready(self) -> bool:
        return get(self.admin, path="/readyz").status == 200

    def threads(self) -> dict:
        """{thread id: its state}."""
        return {task.name: (task / "stat").read_text().rpartition(")")[2].split()[0]
                for task in Path(f"/proc/{self.pid}/task").iterdir()}


class Nodes:
    """A folder with a master key and the data directories n1, n2, … of nodes over `store`."""

    def __init__(self, store, at=None):
        self.store = store
        self.folder = Path(at or tempfile.mkdtemp(prefix="sutler-nodes-"))
        self.key = self.folder / "n1" / "master.key"
        self.made = []

    def init(self, *flags, exits=0, store=None, at="n1"):
        """`sutler init`: schema, store and master key."""
        return Cli()("init", "--data-dir", self.folder / at, "--store", store or self.store, *flags,
                     exits=exits)

    def node(self, *flags, name=None, store=None, key=None, **options) -> Node:
        """One that is not started yet."""
        name = name or f"n{len(self.made) + 1}"
        made = Node(self.folder / name, self.store if store is None else store, key or self.key,
                    *flags, **options)
        self.made.append(made)
        return made

    def start(self, count=1, *flags, **options):
        """Started nodes; the store is made and stocked before the first."""
        if not self.key.exists():
            self.init()
        started = [self.node(*flags, **options).start() for _ in range(count)]
        if not started[0].api("GET", "/api/v1/teams/default/keys")["items"]:
            started[0].add_key()
            started[0].apply(group("base", {"GREETING": "hello"}))
        for one in started:
            serves(one, {"GREETING": "hello"})
        return started[0] if count == 1 else started

    def close(self):
        for one in self.made:
            if one.process is not None:
                with one:
                    pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self):
        for one in self.made:
            if one.process is not None and not one.process.stdout.closed:
                one.kill()


def serves(node, values, seconds=CHANGE_SECONDS, **claims):
    """Waits until a fetch from that node has these values among others."""
    def there():
        answer = node.fetch(**claims)
        assert answer.status == 200, answer.raw
        assert values.items() <= answer.values().items()
        return True
    return eventually(there, seconds, f"{sorted(values)} at {node.name}")


def change(node, name="base", **variables):
    """A write through that node: (status, parsed body)."""
    return node.call("PATCH", f"/api/v1/teams/default/groups/{name}", {"variables": variables})


class Editors:
    """Threads that each change a counter through a node of their own with If-Match, and read again
    when somebody was faster."""

    def __init__(self, nodes, count, writes):
        self.nodes, self.count, self.writes = nodes, count, writes
        self.lock, self.conflicts, self.failures = threading.Lock(), 0, []
        self.given = []  # the etags that were acknowledged

    def edit(self, number):
        node = self.nodes[number % len(self.nodes)]
        try:
            for _ in range(self.writes):
                while not self.once(node, number):
                    with self.lock:
                        self.conflicts += 1
        except (AssertionError, OSError, KeyError) as failure:
            self.failures.append(f"editor {number} at {node.name}: {failure!r}")

    def once(self, node, number) -> bool:
        path = "/api/v1/teams/default/groups/shared"
        status, headers, shown = ask(node, "GET", path + "?reveal=true")
        assert status == 200, shown
        values = shown["secrets"]["variables"]
        values["COUNT"] = str(int(values["COUNT"]) + 1)
        values["LEFT"] = values["RIGHT"] = f"{number}-{values['COUNT']}"
        status, headers, told = ask(node, "PUT", path, shown, {"If-Match": headers["ETag"]})
        if status in (409, 412):
            return False
        assert status == 200, told
        with self.lock:
            self.given.append(headers["ETag"])
        return True

    def run(self):
        threads = [threading.Thread(target=self.edit, args=(n,)) for n in range(self.count)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert not self.failures, self.failures[:3]
        return self


def ask(node, method, path, body=None, headers=()):
    """(status, headers, parsed body) over the admin socket."""
    connection = UnixHTTP(node.socket)
    try:
        sent = {"Content-Type": "application/json", **dict(headers)} if body is not None else {}
        connection.request(method, path, json.dumps(body).encode() if body is not None else None,
                           sent)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else None
    finally:
        connection.close()


def need(reason):
    if reason:
        pytest.skip(reason)
