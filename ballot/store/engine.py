"""Opening a database and running one transaction in it, the same for SQLite and PostgreSQL.

The registrar and the box each open a database of their own with this. Code above it keeps to SQL
that both systems know and locks the rows it is about to change with ``with_for_update()``:
PostgreSQL locks the rows, while SQLite has one writer at a time from ``BEGIN IMMEDIATE`` on.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import DatabaseError as SqliteDatabaseError
from sqlite3 import OperationalError as SqliteOperationalError
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from audit.label import labelled
from ballot.errors import BallotError

BUSY_MILLISECONDS = 10_000
MOST_APART = timedelta(seconds=60)
"""How far the clocks of a database's machine and of another may differ."""
_WRITES = "scrutin_writes"
_SQLITE_BUSY = 5
# lock_not_available, deadlock_detected, serialization_failure
# (postgresql.org/docs/15/errcodes-appendix.html): nothing was changed.
_POSTGRESQL_BUSY = frozenset({"55P03", "40P01", "40001"})
# SQLITE_CORRUPT, SQLITE_NOTADB; data_corrupted, index_corrupted.
_SQLITE_DAMAGED = frozenset({11, 26})
_POSTGRESQL_DAMAGED = frozenset({"XX001", "XX002"})
_BUSY = "the database is busy: try again in a few seconds"
_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,62}")


class StoreInvalid(BallotError):
    """A database that cannot be opened as given: the message says what to change."""


class StoreBusy(BallotError):
    """The database could not be had in time: another writer held it, or it does not answer.

    Nothing was changed; asking again is safe.
    """


class StoreDamaged(BallotError):
    """The database does not hold what it was given. Nothing may be signed over it."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}. The database is damaged: stop the service, keep the file for inspection and "
            "bring back its newest copy"
        )


def open_engine(
    url: str,
    *,
    schema: str | None = None,
    most_connections: int = 0,
    busy_milliseconds: int = BUSY_MILLISECONDS,
) -> Engine:
    """The database at ``url``: ``sqlite:////folder/file.db`` or ``postgresql://…``.

    SQLite: write-ahead log, ``synchronous=FULL`` (a commit that returned survives a power cut),
    foreign keys on, and a new file is readable by its owner alone. PostgreSQL: everything is kept
    in ``schema``, which is made when it is not there, so that several parts can share a database;
    ``synchronous_commit=on``, and a server that runs with ``fsync=off`` is refused; up to
    ``most_connections`` stay open until ``dispose``, with 0 each ends with its use. Values never
    appear in errors or logs, since a message of the database would otherwise quote codes and names.

    Raises StoreInvalid for an address that is not understood, a database in memory, a folder that
    does not exist, a server that would lose what it promised.
    """
    try:
        address = make_url(url)
        if address.drivername != "postgresql":  # which would look for another driver
            address.get_dialect()
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError):
        # Not quoted: a PostgreSQL address may hold a password.
        raise StoreInvalid(
            "database address: not understood; write sqlite:////absolute/path/file.db or "
            "postgresql://user@host/database"
        ) from None
    kind = address.get_backend_name()
    if kind == "postgresql":
        return _open_postgresql(address, schema, most_connections, busy_milliseconds)
    if kind != "sqlite":
        raise StoreInvalid(f"database address: {kind} is not supported; use sqlite or postgresql")
    _prepare_file(address)
    engine = create_engine(address, hide_parameters=True)

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


def _open_postgresql(
    address: URL, schema: str | None, most_connections: int, busy_milliseconds: int
) -> Engine:
    if schema is not None and not _SCHEMA.fullmatch(schema):
        raise StoreInvalid(f"schema {schema!r}: write small letters, digits and _, 63 at most")
    pool: dict[str, Any] = {"poolclass": NullPool}
    if most_connections:
        pool = {
            "pool_pre_ping": True,
            "pool_size": most_connections,
            "max_overflow": 0,
            "pool_timeout": busy_milliseconds / 1000,
        }
    engine = create_engine(
        address.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        **pool,
        connect_args={"connect_timeout": max(2, busy_milliseconds // 1000)},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # Names and numbers are ours (above), so that nothing here needs quoting.
        settings = ["SET synchronous_commit = on", f"SET lock_timeout = {busy_milliseconds}"]
        if schema is not None:
            settings += [f"SET search_path TO {schema}"]
        with connection.cursor() as cursor:
            for setting in settings:
                cursor.execute(setting)
        connection.commit()  # a rollback would undo the settings

    try:
        with faults_are_told():
            _settle(engine, schema)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _settle(engine: Engine, schema: str | None) -> None:
    with connected(engine) as connection:
        if connection.exec_driver_sql("SHOW fsync").scalar_one() != "on":
            raise StoreInvalid(
                "the database server runs with fsync = off: a power cut would lose ballots "
                "that were acknowledged. Set fsync = on"
            )
        before = machine_time()
        theirs = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        apart = max(before - theirs, theirs - machine_time())
        if apart > MOST_APART:
            raise StoreInvalid(
                f"the clocks of this machine and of the database server are "
                f"{int(apart.total_seconds())} seconds apart: one of them would take late ballots "
                "or refuse good ones. Set both by NTP, then start again"
            )
    if schema is not None:
        with engine.begin() as connection:
            # Two processes that start at once would both find it missing.
            lock_name(connection, schema)
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")


def check_whole(engine: Engine) -> None:
    """Raise StoreDamaged unless an SQLite file's pages, rows and indexes agree with each other.

    A disk that lost some blocks leaves a file that still answers, and an index that no longer
    knows every row would let one through twice. PostgreSQL's pages have the server's checksums.
    """
    if engine.dialect.name != "sqlite":
        return
    with reading(engine) as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
    if found != "ok":
        raise StoreDamaged(f"database: {' '.join(found.replace('*', '').split())}")


def machine_time() -> datetime:
    """What this machine's clock says, whatever an election's rehearsal clock does."""
    return datetime.now(UTC)


def _lock_key(name: str) -> int:
    """A key for PostgreSQL's advisory locks, 63 bits out of a name."""
    return int.from_bytes(sha256(labelled("lock", name.encode())).digest()[:8], "big") >> 1


def lock_name(connection: Connection, name: str) -> None:
    """Let one transaction at a time have ``name``, until it ends. (On SQLite one transaction at a
    time writes anyway.)"""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_lock_key(name)})")


@contextmanager
def sole(engine: Engine, name: str) -> Iterator[bool]:
    """Whether nobody else holds ``name`` in this database; held until the ``with`` ends, or the
    process or its connection does. Always true on SQLite, which one process alone may open.

    It spares work, and is no fence: a holder whose connection was cut may go on for a while, and
    it is the compare-and-swap of the head that then refuses it.
    """
    if engine.dialect.name != "postgresql":
        yield True
        return
    key = _lock_key(name)
    with (
        faults_are_told(),
        connected(engine).execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):
        try:
            yield bool(
                connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({key})").scalar_one()
            )
        finally:
            connection.invalidate()  # the lock ends with its connection, which may be broken


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
    options: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with faults_are_told(), connected(engine).execution_options(**options) as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write: durable when this ends, undone when it raises.

    Raises StoreBusy when another writer held the place, or a row, for too long.
    """
    with (
        faults_are_told(),
        connected(engine).execution_options(**{_WRITES: True}) as connection,
        connection.begin(),
    ):
        yield connection


def connected(engine: Engine) -> Connection:
    """A connection. Until there is one nothing can have happened, so that asking again is safe;
    an error later on, above all of COMMIT, leaves open whether it did."""
    try:
        return engine.connect()
    except OperationalError:
        if engine.dialect.name != "postgresql":
            raise
        # The driver does not tell why; its words quote the address.
        raise StoreBusy(
            "the database does not answer, or lets nobody in: start it, or correct the host, the "
            "name, the user or the password in its address; then try again"
        ) from None


@contextmanager
def faults_are_told() -> Iterator[None]:
    try:
        yield
    except PoolTimeout:
        raise StoreBusy(_BUSY) from None
    except DBAPIError as error:
        cause = error.orig
        # The low byte is the primary result code (sqlite.org/rescode.html).
        if isinstance(cause, SqliteOperationalError) and (
            cause.sqlite_errorcode & 0xFF == _SQLITE_BUSY
        ):
            raise StoreBusy(_BUSY) from None
        if getattr(cause, "sqlstate", None) in _POSTGRESQL_BUSY:
            raise StoreBusy(_BUSY) from None
        if isinstance(cause, SqliteDatabaseError) and (
            getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_DAMAGED
        ):
            raise StoreDamaged(f"database: {cause}") from None
        if getattr(cause, "sqlstate", None) in _POSTGRESQL_DAMAGED:
            raise StoreDamaged("database: its server found damaged pages") from None
        raise
