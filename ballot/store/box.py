"""The ballot box's database: what it keeps, and the transactions over it.

Who may write here is the box's process alone. Whoever else can edit it can withhold ballots that
are not yet in the log (their holders have signed receipts), but cannot change one: every entry is
signed by its pseudonym, and the log's signed checkpoints commit to all that were released.

No table holds a time, an address or a running number beside a ballot that waits: waiting ballots
are keyed by their leaf hash alone, stored in that order (no hidden row number on SQLite), written
in groups, and what is deleted is overwritten. The log's own order is that of the leaf hashes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    CursorResult,
    Engine,
    Integer,
    LargeBinary,
    Table,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from audit.merkle import EMPTY_ROOT
from ballot.errors import BallotError
from ballot.intake import Holding
from ballot.store.engine import create_tables, reading, writing

CHUNK = 1_000
_Position = BigInteger().with_variant(Integer, "sqlite")


class HeadMoved(BallotError):
    """Another sequencer moved the head of the log meanwhile. Nothing was changed."""


class BoxMissing(BallotError):
    """The database holds no box of this election."""


class _Row(SQLModel, registry=registry()):
    """The base of the box's tables: a ``MetaData`` of their own."""


class HeadRow(_Row, table=True):
    """One row an election: the log's committed head, and the newest checkpoint signed for it.

    The checkpoint is signed after the head is committed, so ``signed_size`` may stand behind.
    """

    __tablename__ = "box_head"

    election: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    root: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    closed: bool
    signed_size: int = Field(sa_column=Column(BigInteger, nullable=False))
    checkpoint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PendingRow(_Row, table=True):
    """A ballot that was acknowledged and waits for its batch."""

    __tablename__ = "box_pending"
    __table_args__: ClassVar[Mapping[str, Any]] = {"sqlite_with_rowid": False}

    leaf_hash: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    entry: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class EntryRow(_Row, table=True):
    """An entry of the log, and the sealed bytes that belong to it if it is a ballot."""

    __tablename__ = "box_entry"

    position: int = Field(sa_column=Column(_Position, primary_key=True, autoincrement=False))
    leaf_hash: bytes = Field(sa_column=Column(LargeBinary(32), unique=True, nullable=False))
    entry: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sealed: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))


class TileRow(_Row, table=True):
    """The hashes of one tile, as wide as the committed log makes it."""

    __tablename__ = "box_tile"
    __table_args__: ClassVar[Mapping[str, Any]] = {"sqlite_with_rowid": False}

    level: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    hashes: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PseudonymRow(_Row, table=True):
    """A pseudonym that cast: its style and the highest sequence accepted."""

    __tablename__ = "box_pseudonym"
    __table_args__: ClassVar[Mapping[str, Any]] = {"sqlite_with_rowid": False}

    pseudonym: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    style: str
    sequence: int


class FateRow(_Row, table=True):
    """What a pseudonym did with a sealed ballot: cast it, or tested it, never both."""

    __tablename__ = "box_fate"
    __table_args__: ClassVar[Mapping[str, Any]] = {"sqlite_with_rowid": False}

    pseudonym: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    sealed_hash: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    tested: bool


def _table(row: type[_Row]) -> Table:
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


_HEAD, _PENDING, _ENTRY = _table(HeadRow), _table(PendingRow), _table(EntryRow)
_TILE, _PSEUDONYM, _FATE = _table(TileRow), _table(PseudonymRow), _table(FateRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The committed log: ``size`` entries under ``root``; ``checkpoint`` is the newest signed
    note, over the first ``signed_size`` entries, and empty before the first."""

    size: int
    root: bytes
    closed: bool
    signed_size: int
    checkpoint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """A log entry, and the sealed bytes that belong to it if it is a ballot."""

    leaf_hash: bytes
    entry: bytes
    sealed: bytes | None


class BoxTransaction:
    """What can be read and written inside one transaction. Stateful: ends with its ``with``."""

    def __init__(self, connection: Connection, election: bytes, *, writes: bool) -> None:
        self._connection = connection
        self._election = election
        self._writes = writes

    # -- head and log ---------------------------------------------------------------------------

    def head(self) -> Head:
        """The head; in a writing transaction its row is locked until the end."""
        query = select(_HEAD).where(_HEAD.c.election == self._election)
        if self._writes:
            query = query.with_for_update()
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise BoxMissing(
                "the database holds no box of this election: create it, or correct the address"
            )
        return Head(
            size=row.size,
            root=row.root,
            closed=row.closed,
            signed_size=row.signed_size,
            checkpoint=row.checkpoint,
        )

    def move_head(self, old: Head, *, size: int, root: bytes, closed: bool) -> None:
        """Replace the head if it is still ``old``, else raise HeadMoved."""
        self._swap(old, {"size": size, "root": root, "closed": closed})

    def set_checkpoint(self, head: Head, *, size: int, checkpoint: bytes) -> None:
        """Record the checkpoint that was signed for ``head``, if that is still the head."""
        self._swap(head, {"signed_size": size, "checkpoint": checkpoint})

    def _swap(self, old: Head, values: Mapping[str, object]) -> None:
        changed: CursorResult[Any] = self._connection.execute(
            update(_HEAD)
            .where(
                _HEAD.c.election == self._election,
                _HEAD.c.size == old.size,
                _HEAD.c.root == old.root,
                _HEAD.c.signed_size == old.signed_size,
            )
            .values(**values)
        )
        if changed.rowcount != 1:
            raise HeadMoved(
                f"head: no longer at size {old.size}; another sequencer is at work. "
                "Run one only, and let this one read the head again"
            )

    def append(self, position: int, entries: Sequence[StoredEntry]) -> None:
        """Put entries at ``position`` and after."""
        rows = [
            {
                "position": position + offset,
                "leaf_hash": entry.leaf_hash,
                "entry": entry.entry,
                "sealed": entry.sealed,
            }
            for offset, entry in enumerate(entries)
        ]
        if rows:
            self._connection.execute(insert(_ENTRY), rows)

    def entries(self, begin: int, end: int) -> Iterator[tuple[bytes, bytes]]:
        """(leaf hash, entry) of the log from ``begin`` to ``end`` - 1, in order."""
        for first in range(begin, end, CHUNK):
            rows = self._connection.execute(
                select(_ENTRY.c.leaf_hash, _ENTRY.c.entry)
                .where(_ENTRY.c.position >= first, _ENTRY.c.position < min(first + CHUNK, end))
                .order_by(_ENTRY.c.position)
            )
            for row in rows:
                yield row.leaf_hash, row.entry

    def stored(self) -> int:
        """How many entries are stored, whatever the head says."""
        return self._connection.execute(select(func.count()).select_from(_ENTRY)).scalar_one()

    def position(self, leaf_hash: bytes) -> int | None:
        """Where an entry stands in the log."""
        return self._connection.execute(
            select(_ENTRY.c.position).where(_ENTRY.c.leaf_hash == leaf_hash)
        ).scalar_one_or_none()

    def sealed(self, leaf_hash: bytes) -> bytes | None:
        """The sealed bytes of an entry of the log."""
        return self._connection.execute(
            select(_ENTRY.c.sealed).where(_ENTRY.c.leaf_hash == leaf_hash)
        ).scalar_one_or_none()

    def forget_sealed(self, leaf_hashes: Iterable[bytes]) -> None:
        """Erase the sealed bytes of these entries of the log; the entries stay."""
        for chunk in _chunks(leaf_hashes):
            self._connection.execute(
                update(_ENTRY).where(_ENTRY.c.leaf_hash.in_(chunk)).values(sealed=None)
            )

    # -- tiles ----------------------------------------------------------------------------------

    def tile(self, level: int, number: int) -> bytes | None:
        """The stored hashes of a tile."""
        return self._connection.execute(
            select(_TILE.c.hashes).where(_TILE.c.level == level, _TILE.c.number == number)
        ).scalar_one_or_none()

    def put_tile(self, level: int, number: int, hashes: bytes) -> None:
        """Store a tile, in place of the narrower one that was stored before."""
        self._connection.execute(
            delete(_TILE).where(_TILE.c.level == level, _TILE.c.number == number)
        )
        self._connection.execute(insert(_TILE).values(level=level, number=number, hashes=hashes))

    # -- waiting ballots ------------------------------------------------------------------------

    def pending_count(self) -> int:
        """How many ballots wait."""
        return self._connection.execute(select(func.count()).select_from(_PENDING)).scalar_one()

    def pending(self) -> Iterator[list[StoredEntry]]:
        """All ballots that wait, by leaf hash, in portions."""
        last = b""
        while True:
            rows = self._connection.execute(
                select(_PENDING)
                .where(_PENDING.c.leaf_hash > last)
                .order_by(_PENDING.c.leaf_hash)
                .limit(CHUNK)
            ).all()
            if not rows:
                return
            last = rows[-1].leaf_hash
            yield [
                StoredEntry(leaf_hash=row.leaf_hash, entry=row.entry, sealed=row.sealed)
                for row in rows
            ]

    def clear_pending(self) -> int:
        """Delete all ballots that wait; gives their number."""
        deleted: CursorResult[Any] = self._connection.execute(delete(_PENDING))
        return deleted.rowcount

    def held(self, leaf_hashes: Iterable[bytes]) -> set[bytes]:
        """Those of these entries that wait or stand in the log."""
        found: set[bytes] = set()
        for chunk in _chunks(leaf_hashes):
            for table in (_PENDING, _ENTRY):
                found.update(
                    self._connection.execute(
                        select(table.c.leaf_hash).where(table.c.leaf_hash.in_(chunk))
                    ).scalars()
                )
        return found

    def is_pending(self, leaf_hash: bytes) -> bool:
        """Whether this entry waits."""
        found = self._connection.execute(
            select(_PENDING.c.leaf_hash).where(_PENDING.c.leaf_hash == leaf_hash)
        )
        return found.first() is not None

    # -- pseudonyms -----------------------------------------------------------------------------

    def holdings(self, pseudonyms: Iterable[bytes]) -> dict[bytes, Holding]:
        """What is held of each of these pseudonyms; an empty holding when nothing is."""
        wanted = set(pseudonyms)
        cast: dict[bytes, tuple[str, int]] = {}
        fates: dict[bytes, dict[bytes, bool]] = {pseudonym: {} for pseudonym in wanted}
        for chunk in _chunks(wanted):
            for row in self._connection.execute(
                select(_PSEUDONYM).where(_PSEUDONYM.c.pseudonym.in_(chunk))
            ):
                cast[row.pseudonym] = (row.style, row.sequence)
            for row in self._connection.execute(select(_FATE).where(_FATE.c.pseudonym.in_(chunk))):
                fates[row.pseudonym][row.sealed_hash] = row.tested
        nothing: tuple[None, int] = (None, 0)
        return {
            pseudonym: Holding(
                style=cast.get(pseudonym, nothing)[0],
                sequence=cast.get(pseudonym, nothing)[1],
                fates=fates[pseudonym],
            )
            for pseudonym in wanted
        }

    def pseudonyms_per_style(self) -> dict[str, int]:
        """How many pseudonyms cast, by style."""
        rows = self._connection.execute(
            select(_PSEUDONYM.c.style, func.count()).group_by(_PSEUDONYM.c.style)
        )
        return {row[0]: row[1] for row in rows}

    def accept(
        self,
        ballots: Iterable[StoredEntry],
        before: Mapping[bytes, Holding],
        after: Mapping[bytes, Holding],
    ) -> None:
        """Let ballots wait, and turn the holdings ``before`` into those ``after``."""
        # In the order of the keys, so that not even the group tells who came first.
        rows = [
            {"leaf_hash": ballot.leaf_hash, "entry": ballot.entry, "sealed": ballot.sealed}
            for ballot in sorted(ballots, key=lambda ballot: ballot.leaf_hash)
        ]
        if rows:
            self._connection.execute(insert(_PENDING), rows)
        fates: list[dict[str, object]] = []
        fresh: list[dict[str, object]] = []
        for pseudonym in sorted(after):
            old, new = before[pseudonym], after[pseudonym]
            fates += [
                {"pseudonym": pseudonym, "sealed_hash": sealed_hash, "tested": tested}
                for sealed_hash, tested in sorted(new.fates.items())
                if sealed_hash not in old.fates
            ]
            if new.style is None or new.sequence == old.sequence:
                continue
            if old.style is None:
                fresh.append({"pseudonym": pseudonym, "style": new.style, "sequence": new.sequence})
            else:
                self._connection.execute(
                    update(_PSEUDONYM)
                    .where(_PSEUDONYM.c.pseudonym == pseudonym)
                    .values(sequence=new.sequence)
                )
        if fresh:
            self._connection.execute(insert(_PSEUDONYM), fresh)
        if fates:
            self._connection.execute(insert(_FATE), fates)


def _chunks(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    ordered = sorted(keys)
    for first in range(0, len(ordered), CHUNK):
        yield ordered[first : first + CHUNK]


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
        create_tables(self._engine, _Row.metadata)
        with writing(self._engine) as connection:
            present = connection.execute(select(_HEAD.c.election)).scalar_one_or_none()
            if present == self._election:
                return
            if present is not None:
                raise BoxMissing(
                    "the database holds the box of another election: give each its own database"
                )
            connection.execute(
                insert(_HEAD).values(
                    election=self._election,
                    size=0,
                    root=EMPTY_ROOT,
                    closed=False,
                    signed_size=0,
                    checkpoint=b"",
                )
            )

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

    def forget_history(self) -> None:
        """Drop the write-ahead log, which keeps the order in which ballots arrived (SQLite).

        Best effort: while another connection reads, the next call does it.
        """
        if self._engine.dialect.name == "sqlite":
            connection = self._engine.raw_connection()  # the command refuses any transaction
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            finally:
                connection.close()

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def _overwrite_deleted(connection: Any, _entry: object) -> None:
    connection.execute("PRAGMA secure_delete = ON")
