"""The ballot box's database: what it keeps, and the transactions over it.

Who may write here is the box's process alone. Whoever else can edit it can withhold ballots that
are not yet in the log (their holders have signed receipts), but cannot change one: every entry is
signed by its pseudonym, and the log's signed checkpoints commit to all that were released.

No table holds a time, an address or a running number beside a ballot that waits: waiting ballots
are keyed by their leaf hash alone, stored in that order (no hidden row number on SQLite), written
in groups, and what is deleted is overwritten. The log's own order is that of the leaf hashes.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from sqlalchemy import Engine, event, insert, select

from audit.merkle import EMPTY_ROOT
from ballot.store.boxtables import ENTRY, FATE, HEAD, METADATA, PENDING, PSEUDONYM
from ballot.store.boxtransaction import BoxMissing, BoxTransaction
from ballot.store.engine import StoreBusy, check_whole, lock_name, reading, sole, writing
from ballot.store.erasure import rewrite, vacuum
from ballot.store.schema import bring_up_to_date, check_keys


class BoxStore:
    """The box of one election in one database. Safe to use from several threads."""

    def __init__(self, engine: Engine, election: bytes) -> None:
        """``election`` is E, 32 bytes. Nothing is created; see ``create``."""
        self._engine = engine
        self._election = election
        if engine.dialect.name == "sqlite":
            # Freed pages would otherwise keep waiting ballots in the order of their arrival.
            event.listen(engine, "connect", _overwrite_deleted)
            engine.dispose()  # connections opened before did not get the setting

    def create(self) -> None:
        """Make the tables and the empty log, unless they are there."""
        bring_up_to_date(self._engine, "box")
        with writing(self._engine) as connection:
            lock_name(connection, "box")  # others may start at the same moment
            present = connection.execute(select(HEAD.c.election)).scalar_one_or_none()
            if present == self._election:
                return
            if present is not None:
                raise BoxMissing(
                    "the database holds the box of another election: give each its own database"
                )
            connection.execute(
                insert(HEAD).values(
                    election=self._election,
                    size=0,
                    root=EMPTY_ROOT,
                    closed=False,
                    signed_size=0,
                    checkpoint=b"",
                )
            )

    def check_whole(self) -> None:
        """Raise StoreDamaged unless the database's file agrees with itself and has its keys."""
        check_whole(self._engine)
        check_keys(self._engine, METADATA)

    @contextmanager
    def reading(self) -> Iterator[BoxTransaction]:
        """One state of the box; changes nothing."""
        with reading(self._engine) as connection:
            yield BoxTransaction(connection, self._election, writes=False)

    @contextmanager
    def writing(self) -> Iterator[BoxTransaction]:
        """One transaction: durable when this ends, undone when it raises."""
        with writing(self._engine) as connection:
            yield BoxTransaction(connection, self._election, writes=True)

    def forget_history(self, *, closed: bool = False) -> None:
        """Drop what still tells the order in which ballots arrived: SQLite's write-ahead log, and
        in PostgreSQL the dead rows of waiting ballots and, once ``closed``, the order and the
        transaction numbers of the rows about pseudonyms. The server's own write-ahead log and its
        archive are beyond reach (docs/operations.md).

        Best effort: while another connection is in the way, the next call does it.
        """
        if self._engine.dialect.name == "sqlite":
            connection = self._engine.raw_connection()  # the command refuses any transaction
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            finally:
                connection.close()
            return
        with suppress(StoreBusy):
            vacuum(self._engine, PENDING.name)
            if closed:
                vacuum(self._engine, ENTRY.name)  # with sealed bytes that were erased
                rewrite(self._engine, PSEUDONYM, FATE)

    def sole_sequencer(self) -> AbstractContextManager[bool]:
        """Whether this process may sequence, of all that share the database; held until the
        ``with`` ends (``ballot.store.engine.sole``)."""
        return sole(self._engine, "sequencer")

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def _overwrite_deleted(connection: Any, _entry: object) -> None:
    connection.execute("PRAGMA secure_delete = ON")
