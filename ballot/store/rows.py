"""Many rows in one statement.

SQLAlchemy hands many rows to the driver one by one, and Python's sqlite3 lets other threads go on
after each: under load the one who writes waits for them again and again, while everybody waits for
that write. One statement for all rows lets them in once. Values are always bound, never spelled.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeVar

from sqlalchemy import Connection, Row, Table

Item = TypeVar("Item")

MOST = 1_000
"""Rows of a statement: SQLite takes 32,766 values in one (sqlite.org/limits.html), PostgreSQL
65,535."""


def insert_rows(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[object, ...]],
) -> None:
    """Insert ``rows``, each with a value for every one of ``columns``."""
    mark = _mark(connection)
    for part in _parts(rows):
        text = _insertion(table.name, columns, len(part), mark)
        connection.exec_driver_sql(text, tuple(chain.from_iterable(part)))


def update_rows(
    connection: Connection,
    table: Table,
    key: str,
    column: str,
    rows: Sequence[tuple[object, object]],
) -> None:
    """Set ``column`` in the rows that have these keys; ``rows``: (key, new value) of each."""
    mark = _mark(connection)
    for part in _parts(rows):
        text = _change(table.name, key, column, len(part), mark)
        connection.exec_driver_sql(text, tuple(chain.from_iterable(part)))


def rows_with(
    connection: Connection, table: Table, columns: tuple[str, ...], keys: Collection[bytes]
) -> Iterator[Row[tuple[object, ...]]]:
    """The rows whose first column of ``columns`` is one of ``keys``, in no order."""
    mark = _mark(connection)
    for part in _parts(sorted(keys)):
        # As many marks as the next power of two, so that a few statements serve all: a key that
        # stands twice in such a list finds its row once.
        padded = part + part[-1:] * ((1 << (len(part) - 1).bit_length()) - len(part))
        text = _choice(table.name, columns, len(padded), mark)
        yield from connection.exec_driver_sql(text, tuple(padded))


def _mark(connection: Connection) -> str:
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"


def _parts(items: Sequence[Item]) -> Iterator[list[Item]]:
    for first in range(0, len(items), MOST):
        yield list(items[first : first + MOST])


# The names in these texts are those of our own tables; lint cannot see that.


@lru_cache(maxsize=1_024)
def _insertion(table: str, columns: tuple[str, ...], rows: int, mark: str) -> str:
    one = f"({', '.join([mark] * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * rows)}"  # noqa: S608


@lru_cache(maxsize=1_024)
def _change(table: str, key: str, column: str, rows: int, mark: str) -> str:
    values = ", ".join([f"({mark}, {mark})"] * rows)
    # Both systems call the columns of bare values column1 and column2.
    return (
        f"UPDATE {table} SET {column} = new.column2 FROM (VALUES {values}) AS new "  # noqa: S608
        f"WHERE {table}.{key} = new.column1"
    )


@lru_cache(maxsize=128)
def _choice(table: str, columns: tuple[str, ...], keys: int, mark: str) -> str:
    return (
        f"SELECT {', '.join(columns)} FROM {table} "  # noqa: S608
        f"WHERE {columns[0]} IN ({', '.join([mark] * keys)})"
    )
