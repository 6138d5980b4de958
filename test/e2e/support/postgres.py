"""A real PostgreSQL with a folder, a port and a superuser of its own."""
import contextlib
import os
import signal
from pathlib import Path

import pytest

from . import daemons
from .wait import eventually

BIN = Path("/usr/lib/postgresql/15/bin")
# What a test asks for often; durable only where it says so.
SETTINGS = {"max_connections": "200", "shared_buffers": "32MB", "log_checkpoints": "off",
            "listen_addresses": "127.0.0.1", "autovacuum_naptime": "10s"}
HBA = """local all all trust
host all locked 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 trust
host all all 127.0.0.1/32 trust
"""


def module():
    """psycopg2, or a skip that says what to install."""
    return pytest.importorskip("psycopg2", reason="python3-psycopg2 is not installed: "
                                                  "run script/bootstrap")


def absent() -> str:
    return "" if (BIN / "postgres").exists() else \
        "postgresql-15 is not installed: run script/bootstrap"


class PostgresServer(daemons.Daemon):
    """`durable` switches fsync on, for proofs that pull the plug. `settings` go over SETTINGS."""

    name = "postgres"

    def __init__(self, durable=False, at=None, data=None, **settings):
        super().__init__(at)
        self.port = daemons.free_port()
        self.data = Path(data) if data else self.folder / "data"
        self.settings = {**SETTINGS, "fsync": "on" if durable else "off", **settings}

    def make(self):
        """initdb. A cluster that is there already stays."""
        if not (self.data / "PG_VERSION").exists():
            daemons.run(BIN / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust",
                        "--no-sync", "-E", "UTF8", "--locale=C")
            self.allow(HBA)
        return self

    def allow(self, hba):
        daemons.write(self.data / "pg_hba.conf", hba)

    def command(self):
        flags = {**self.settings, "port": self.port, "unix_socket_directories": self.folder}
        return [BIN / "postgres", "-D", self.data,
                *(part for name, value in flags.items() for part in ("-c", f"{name}={value}"))]

    def ready(self):
        with contextlib.suppress(module().Error), contextlib.closing(self.connect()):
            return True
        return False

    def start(self, seconds=60):
        self.make()
        return super().start(seconds)

    def connect(self, database="postgres", user="postgres", **options):
        """A connection of psycopg2 that commits by itself."""
        made = module().connect(host="127.0.0.1", port=self.port, dbname=database, user=user,
                                connect_timeout=3, **options)
        made.autocommit = True
        return made

    def sql(self, text, *values, database="postgres"):
        """Rows, or nothing where the statement gives none."""
        with contextlib.closing(self.connect(database)) as connection, \
                connection.cursor() as cursor:
            cursor.execute(text, values or None)
            return cursor.fetchall() if cursor.description else []

    def database(self, name="sutler", owner="sutler"):
        """A role and a database of its own; gives what `--store` takes."""
        if not self.sql("select 1 from pg_roles where rolname = %s", owner):
            self.sql(f'create role "{owner}" login')
        self.sql(f'create database "{name}" owner "{owner}"')
        return self.uri(name, owner)

    def uri(self, name="sutler", user="sutler", host="127.0.0.1", **options) -> str:
        words = "&".join(f"{key}={value}" for key, value in options.items())
        return f"postgresql://{user}@{host}:{self.port}/{name}" + (f"?{words}" if words else "")

    def socket_uri(self, name="sutler", user="sutler") -> str:
        return f"postgresql://{user}@/{name}?host={self.folder}&port={self.port}"

    # -- what happens to it --------------------------------------------------------------------

    def stop(self, number=signal.SIGINT):
        """Fast, as `pg_ctl stop -m fast`."""
        super().stop(number)

    def stop_immediate(self):
        """As `pg_ctl stop -m immediate`: no shutdown checkpoint, the next start recovers."""
        self.stop(signal.SIGQUIT)

    def freeze(self):
        # The postmaster first, so that no backend is made while they are stopped.
        super().freeze()
        stopped = set(self.everybody())
        eventually(lambda: set(self.everybody()) == stopped, 5, "no new backends")
        super().freeze()

    def cut_connections(self, database="sutler") -> int:
        """pg_terminate_backend for everybody on that database."""
        rows = self.sql("select pg_terminate_backend(pid) from pg_stat_activity "
                        "where datname = %s and pid <> pg_backend_pid()", database)
        return len(rows)

    def connections(self, database="sutler") -> int:
        return self.sql("select count(*) from pg_stat_activity where datname = %s",
                        database)[0][0]


class Standby(PostgresServer):
    """A read-only copy that follows `primary`."""

    name = "standby"

    def __init__(self, primary, **settings):
        super().__init__(**settings)
        self.primary = primary

    def make(self):
        if not (self.data / "PG_VERSION").exists():
            daemons.run(BIN / "pg_basebackup", "-h", "127.0.0.1", "-p", self.primary.port,
                        "-U", "postgres", "-D", self.data, "-R", "--no-sync", "-c", "fast")
            os.chmod(self.data, 0o700)
        return self

    def promote(self):
        self.sql("select pg_promote()")
