"""Opening a database and running one transaction in it, the same for SQLite and PostgreSQL.

The registrar and the box each open a database of their own with this. Code above it keeps to SQL
that both systems know and locks the rows it is about to change with ``with_for_update()``:
PostgreSQL locks the rows, while SQLite has one writer at a time from ``BEGIN IMMEDIATE`` on.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError as SqliteOperationalError

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from ballot.errors import BallotError

BUSY_MILLISECONDS = 10_000
_WRITES = "scrutin_writes"
_SQLITE_BUSY = 5


class StoreInvalid(BallotError):
    """A database that cannot be opened as given: the message says what to change."""


class StoreBusy(BallotError):
    """Another writer held the database for too long. Nothing was changed; asking again is safe."""


def open_engine(url: str, *, busy_milliseconds: int = BUSY_MILLISECONDS) -> Engine:
    """The database at ``url``: ``sqlite:////folder/file.db`` or ``postgresql+psycopg://…``.

    SQLite: write-ahead log, ``synchronous=FULL`` (a commit that returned survives a power cut),
    foreign keys on, and a new file is readable by its owner alone. Values never appear in errors
    or logs, since a message of the database would otherwise quote codes and names.

    Raises StoreInvalid for an address that is not understood, a database in memory, a folder that
    does not exist.
    """
    try:
        address = make_url(url)
        address.get_dialect()
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError):
        # Not quoted: a PostgreSQL address may hold a password.
        raise StoreInvalid(
            "database address: not understood; write sqlite:////absolute/path/file.db or "
            "postgresql+psycopg://user@host/database"
        ) from None
    kind = address.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise StoreInvalid(f"database address: {kind} is not supported; use sqlite or postgresql")
    if kind == "sqlite":
        _prepare_file(address)
    try:
        engine = create_engine(address, hide_parameters=True, pool_pre_ping=kind != "sqlite")
    except ModuleNotFoundError as error:
        raise StoreInvalid(f"database address: install {error.name} to use {kind}") from None
    if kind != "sqlite":
        return engine

    @event.listens_for(engine, "connect")
    def configure(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver would begin transactions by itself, too late and without IMMEDIATE.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {busy_milliseconds}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _prepare_file(address: URL) -> None:
    if not address.database or address.database == ":memory:" or "mode" in address.query:
        raise StoreInvalid(
            "database address: a database in memory loses everything at the end; "
            "name a file, sqlite:////absolute/path/file.db"
        )
    path = Path(address.database)
    if not path.parent.is_dir():
        raise StoreInvalid(f"{path}: there is no folder {path.parent}; create it first")
    try:
        # The files of the write-ahead log take over this file's permissions.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreInvalid(f"{path}: cannot be written: {error.strerror}") from None


def create_tables(engine: Engine, metadata: MetaData) -> None:
    """Create the tables of ``metadata`` that are not there yet, in one transaction.

    Each store has a ``MetaData`` of its own (``class Row(SQLModel, registry=registry())`` as the
    base of its tables), so that no database gets the tables of another.
    """
    with writing(engine) as connection:
        metadata.create_all(connection)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that sees one state of the database and changes nothing."""
    with _busy_is_told(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write: durable when this ends, undone when it raises.

    Raises StoreBusy when SQLite's one writer's place stayed taken.
    """
    with (
        _busy_is_told(),
        engine.connect().execution_options(**{_WRITES: True}) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def _busy_is_told() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        cause = error.orig
        # The low byte is the primary result code (sqlite.org/rescode.html).
        if isinstance(cause, SqliteOperationalError) and (
            cause.sqlite_errorcode & 0xFF == _SQLITE_BUSY
        ):
            raise StoreBusy("the database is busy: try again in a few seconds") from None
        raise
