"""Rows that are gone, and rows that no longer tell when they came: what a database's files keep of
the past is written over.

Whatever keeps copies of files (backups, a server's archive of its log, the disk itself) is not
reached (docs/operations.md).
"""

from collections.abc import Sequence

from sqlalchemy import Engine, Table, delete

from ballot.store.engine import connected, faults_are_told, writing

PATIENCE_MILLISECONDS = 200


def vacuum(engine: Engine, table: str) -> None:
    """Write a PostgreSQL table's file anew, without the rows that were deleted from it.

    Raises StoreBusy when others were at work on it: nothing has changed then, and they did not
    have to wait for long.
    """
    with (
        faults_are_told(),
        connected(engine).execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):
        connection.exec_driver_sql(f"SET lock_timeout = {PATIENCE_MILLISECONDS}")
        try:
            connection.exec_driver_sql(f"VACUUM (FULL) {table}")
        finally:
            connection.invalidate()  # with its setting


def overwrite(engine: Engine, tables: Sequence[Table]) -> None:
    """Delete all rows of these tables, and what the database's files still hold of them. A table
    that refers to another stands before it.

    Raises StoreBusy when others were at work; the rows may be gone by then, and doing it again
    finishes it.
    """
    if engine.dialect.name == "postgresql":
        with writing(engine) as connection:
            for table in tables:
                connection.execute(delete(table))
        for table in tables:
            vacuum(engine, table.name)
        return
    with faults_are_told():
        raw = engine.raw_connection()  # VACUUM refuses any transaction
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA secure_delete = ON")
            cursor.execute("BEGIN IMMEDIATE")
            for table in tables:
                cursor.execute(f"DELETE FROM {table.name}")  # noqa: S608  (ours, from the code)
            cursor.execute("COMMIT")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.close()
        finally:
            raw.close()


def rewrite(engine: Engine, *tables: Table) -> None:
    """Write the rows of PostgreSQL tables anew, in the order of their keys and all by one
    transaction, so that neither their place nor their transaction numbers tell when they came.
    A table that refers to another stands after it.

    (Neither CLUSTER nor VACUUM FREEZE does: both keep the number of the transaction in the row.)
    """
    names = [table.name for table in tables]  # ours, from the code
    with writing(engine) as connection:
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")
        for name in names:
            connection.exec_driver_sql(
                f"CREATE TEMPORARY TABLE rewritten_{name} ON COMMIT DROP AS SELECT * FROM {name}"  # noqa: S608
            )
        connection.exec_driver_sql(f"TRUNCATE {', '.join(names)}")
        for table in tables:
            key = ", ".join(column.name for column in table.primary_key)
            connection.exec_driver_sql(
                f"INSERT INTO {table.name} SELECT * FROM rewritten_{table.name} ORDER BY {key}"  # noqa: S608
            )
