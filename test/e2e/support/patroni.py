"""A real Patroni cluster over a real etcd, with synchronous replication, all on loopback."""
import contextlib
import json
import signal
import urllib.error
import urllib.request
from pathlib import Path

import yaml

from . import daemons
from .postgres import BIN, HBA, module
from .wait import eventually

FASTEST = {"ttl": 20, "loop_wait": 1, "retry_timeout": 3}


class Etcd(daemons.Daemon):
    name = "etcd"

    def __init__(self):
        super().__init__()
        self.port, self.peer = daemons.free_port(), daemons.free_port()

    def command(self):
        client, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.peer}"
        return ["etcd", "--data-dir", self.folder / "data", "--unsafe-no-fsync",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", f"default={peer}", "--logger", "zap",
                "--log-level", "warn"]

    def ready(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/health", timeout=2) as answer:
            return json.load(answer).get("health") == "true"
        return False


class Member(daemons.Daemon):
    """One Patroni and the PostgreSQL that it keeps."""

    name = "patroni"

    def __init__(self, name, etcd, synchronous, fsync="on"):
        super().__init__()
        self.member, self.port, self.rest = name, daemons.free_port(), daemons.free_port()
        self.data = self.folder / "data"
        self.config = daemons.write(self.folder / "patroni.yml", yaml.safe_dump({
            "scope": "sutler", "name": name,
            "restapi": {"listen": f"127.0.0.1:{self.rest}",
                        "connect_address": f"127.0.0.1:{self.rest}"},
            "etcd3": {"host": f"127.0.0.1:{etcd.port}"},
            "bootstrap": {
                "dcs": {**FASTEST, "maximum_lag_on_failover": 1 << 20, "synchronous_mode": synchronous,
                        "primary_start_timeout": 0, "master_start_timeout": 0,
                        "postgresql": {"use_pg_rewind": True, "parameters": {
                            "max_connections": 200, "shared_buffers": "32MB", "fsync": fsync,
                            "wal_keep_size": "64MB", "hot_standby": "on",
                            "unix_socket_directories": str(self.folder)}}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums", "no-sync"],
                "pg_hba": HBA.strip().split("\n")},
            "postgresql": {
                # A member that cannot be rewound is made anew, or it would stay away.
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True,
                "listen": f"127.0.0.1:{self.port}", "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self.data), "bin_dir": str(BIN), "pg_hba": HBA.strip().split("\n"),
                "parameters": {"unix_socket_directories": str(self.folder)},
                "authentication": {"superuser": {"username": "postgres"},
                                   "replication": {"username": "postgres"},
                                   "rewind": {"username": "postgres"}}}}))

    def command(self):
        return ["/usr/bin/patroni", self.config]

    def ask(self, path="/patroni", body=None, timeout=3):
        """(status, text) of Patroni's own API; (0, "") where nobody answers."""
        data = json.dumps(body).encode() if body is not None else None
        asked = urllib.request.Request(f"http://127.0.0.1:{self.rest}{path}", data=data,
                                       headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def ready(self):
        status, text = self.ask("/health")
        assert status == 200, f"Patroni says {status} {text}: {self.log()[-1500:]}"
        return True

    @property
    def leads(self) -> bool:
        return self.ask("/primary")[0] == 200

    @property
    def postmaster(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])

    def everybody(self):
        """Patroni's postmaster is no child of it: it would outlive it."""
        found = super().everybody() if self.running else []
        with contextlib.suppress(OSError, ValueError):
            postmaster = self.postmaster
            if Path(f"/proc/{postmaster}").exists():
                found += [postmaster, *daemons.children(postmaster)]
        return found

    def kill(self):
        """The whole machine at once: Patroni, postmaster, backends."""
        for pid in self.everybody():
            with contextlib.suppress(ProcessLookupError):
                daemons.os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(daemons.STOP_SECONDS)


class PatroniCluster:
    """Context manager. Members are m1, m2, …"""

    def __init__(self, members=2, synchronous=True, fsync="on"):
        self.etcd = Etcd()
        self.members = [Member(f"m{number}", self.etcd, synchronous, fsync)
                        for number in range(1, members + 1)]
        self.synchronous = synchronous

    def start(self):
        self.etcd.start()
        for one in self.members:
            one.start(90)
        self.settled()
        return self

    def leader(self) -> Member:
        return eventually(lambda: next((one for one in self.members if one.leads), None), 60,
                          "a leader of the Patroni cluster")

    def roles(self) -> dict:
        """What Patroni says of each member that runs: leader, sync_standby or replica."""
        for one in self.members:
            status, text = one.ask("/cluster")
            if status == 200:
                return {row["name"]: row["role"] for row in json.loads(text)["members"]
                        if row.get("state") in ("running", "streaming")}
        return {}

    def settled(self, seconds=90):
        """There is a leader and a standby that follows it: Patroni calls one a replica before it does."""
        wanted = "sync_standby" if self.synchronous else "replica"

        def there():
            roles = list(self.roles().values())
            assert "leader" in roles and wanted in roles, f"the roles are {self.roles()}"
            try:
                following = self.sql("select state from pg_stat_replication")
            except module().OperationalError as error:
                raise AssertionError(f"the leader answers nothing: {error}") from None
            assert ("streaming",) in following, f"the standbys are {following}"
            return True
        eventually(there, seconds, "a leader with a standby")

    def sql(self, text, *values, database="postgres", on=None):
        one = on or self.leader()
        with contextlib.closing(module().connect(
                host="127.0.0.1", port=one.port, dbname=database, user="postgres",
                connect_timeout=3)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(text, values or None)
                return cursor.fetchall() if cursor.description else []

    def database(self, name="sutler", owner="sutler") -> str:
        self.sql(f'create role "{owner}" login')
        self.sql(f'create database "{name}" owner "{owner}"')
        return self.uri(name, owner)

    def uri(self, name="sutler", user="sutler") -> str:
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in self.members)
        return f"postgresql://{user}@{hosts}/{name}?target_session_attrs=read-write&connect_timeout=2"

    def cut_connections(self, database="sutler") -> int:
        return len(self.sql("select pg_terminate_backend(pid) from pg_stat_activity where "
                            "datname = %s and pid <> pg_backend_pid()", database))

    def switch_over(self):
        """A planned change of leader; gives who led before."""
        self.settled()
        before, roles = self.leader(), self.roles()
        wanted = "sync_standby" if self.synchronous else "replica"
        other = next(one for one in self.members if roles.get(one.member) == wanted)
        status, told = before.ask("/switchover", {"leader": before.member,
                                                  "candidate": other.member}, timeout=60)
        assert status == 200, f"switchover: {status} {told}"
        return before

    def close(self):
        for one in self.members:
            one.kill()
        self.etcd.kill()
        for one in [*self.members, self.etcd]:
            one.close()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()
