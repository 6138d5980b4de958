"""sutler.db as a stranger sees it: tables, rows and cells, whatever the schema is."""
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

# Tables of the past and of telemetry: a change there need not be noticed at start.
NOT_AT_START = frozenset({"history", "telemetry"})


@dataclass(frozen=True)
class Row:
    key: tuple      # the primary key, or the rowid
    names: tuple    # its columns
    cells: dict


def flips(value, all_places=False):
    """Changed forms of a cell: one byte of a blob or text, one more for a number."""
    if value is None:
        return
    if isinstance(value, int):
        yield value + 1
        return
    if isinstance(value, float):
        yield value + 1.0
        return
    data = value.encode() if isinstance(value, str) else value
    if not data:
        yield "x" if isinstance(value, str) else b"x"
        return
    places = range(len(data)) if all_places else sorted({0, len(data) // 2, len(data) - 1})
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 0x01
        yield changed.decode("latin-1") if isinstance(value, str) else bytes(changed)


def changed_cell(row) -> dict:
    """One cell of the row with another value: the last that holds something."""
    for column, value in reversed(row.cells.items()):
        for changed in flips(value):
            return {column: changed}
    raise AssertionError(f"an empty row: {row}")


def copy_directory(source, target):
    """A data directory without its socket."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.sock"))


def quoted(name) -> str:
    return '"' + name.replace('"', '""') + '"'


class Database:
    """The database in a data directory. Every call opens and closes it."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.path = self.directory / "sutler.db"

    def open(self):
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=1)
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA foreign_keys = OFF")
        return closing(connection)

    def settle(self):
        """Moves the write-ahead log into the database, so that one file holds it all."""
        with self.open() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def tables(self) -> list:
        with self.open() as connection:
            found = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            return sorted(name for name, in found)

    def key_columns(self, connection, table) -> tuple:
        """What tells rows apart: the primary key, a unique constraint, or the rowid."""
        columns = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
        keys = sorted((order, name) for _, name, _, _, _, order in columns if order)
        if keys:
            return tuple(name for _, name in keys)
        for _, index, unique, *_ in connection.execute(f"PRAGMA index_list({quoted(table)})"):
            if unique:
                parts = connection.execute(f"PRAGMA index_info({quoted(index)})")
                return tuple(name for _, _, name in parts)
        return ("rowid",)

    def rows(self, table) -> list:
        with self.open() as connection:
            keys = self.key_columns(connection, table)
            wanted = ", ".join(key if key == "rowid" else quoted(key) for key in keys)
            asked = connection.execute(f"SELECT {wanted}, * FROM {quoted(table)} ORDER BY {wanted}")
            names = [column[0] for column in asked.description][len(keys):]
            return [Row(tuple(row[:len(keys)]), keys, dict(zip(names, row[len(keys):])))
                    for row in asked]

    def change(self, *statements) -> bool:
        """Runs them as one transaction; False when the schema itself forbids it, or when nothing
        was changed."""
        with self.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                changed = [connection.execute(text, given).rowcount for text, given in statements]
            except sqlite3.IntegrityError:
                connection.execute("ROLLBACK")
                return False
            connection.execute("COMMIT")
            return all(changed)

    def where(self, row) -> str:
        return " AND ".join((name if name == "rowid" else quoted(name)) + " IS ?"
                            for name in row.names)

    def update(self, table, row, cells):
        named = ", ".join(f"{quoted(name)} = ?" for name in cells)
        return (f"UPDATE {quoted(table)} SET {named} WHERE {self.where(row)}",
                [*cells.values(), *row.key])

    def write(self, table, row, cells) -> bool:
        return self.change(self.update(table, row, cells))

    def swap(self, table, first, second, column) -> bool:
        """Exchanges one cell of two rows; of a key, which is the same as exchanging the rest."""
        if column in first.names:
            others = [name for name in first.cells if name not in first.names]
            if not others:
                return False
            return self.change(
                self.update(table, first, {name: second.cells[name] for name in others}),
                self.update(table, second, {name: first.cells[name] for name in others}))
        return self.change(self.update(table, first, {column: second.cells[column]}),
                           self.update(table, second, {column: first.cells[column]}))

    def remove(self, table, row) -> bool:
        return self.change((f"DELETE FROM {quoted(table)} WHERE {self.where(row)}", row.key))

    def insert(self, table, row) -> bool:
        names = ", ".join(quoted(name) for name in row.cells)
        marks = ", ".join("?" * len(row.cells))
        return self.change((f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})",
                            list(row.cells.values())))
