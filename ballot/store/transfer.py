"""Copying a whole database into another, of the same kind or the other: backup and restore.

A backup is an SQLite file with the same tables, whatever the database is; so it can be brought back
into either kind, and moves an election from one to the other. It is as secret as the database.
"""

from collections.abc import Callable

from sqlalchemy import Connection, Engine, MetaData, Table, func, insert, select

from ballot.store.engine import StoreInvalid, reading, writing
from ballot.store.schema import bring_up_to_date

CHUNK = 1_000
Progress = Callable[[str, int, int], None]


def transfer(
    source: Engine, target: Engine, store: str, metadata: MetaData, progress: Progress
) -> int:
    """Copy all rows of ``store`` ("box" or "registrar"); gives their number.

    The source is read in one state, whatever others write meanwhile; the target is written in one
    transaction, and must be empty: StoreInvalid.
    """
    bring_up_to_date(source, store)
    bring_up_to_date(target, store)
    with reading(source) as old, writing(target) as new:
        tables = metadata.sorted_tables
        for table in tables:
            if _count(new, table):
                raise StoreInvalid(
                    "the database to write to is not empty: nothing is ever written over an "
                    "election; give an empty one"
                )
        total = sum(_count(old, table) for table in tables)
        done = 0
        for table in tables:
            rows = old.execution_options(yield_per=CHUNK).execute(
                select(table).order_by(*table.primary_key)
            )
            for portion in rows.mappings().partitions(CHUNK):
                new.execute(insert(table), [dict(row) for row in portion])
                done += len(portion)
                progress(store, done, total)
    return done


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def one_file(engine: Engine) -> None:
    """Put all of an SQLite database into its one file, without a write-ahead log beside it."""
    connection = engine.raw_connection()  # the command refuses any transaction
    try:
        connection.cursor().execute("PRAGMA journal_mode = DELETE").close()
    finally:
        connection.close()
