"""What one transaction over the ballot box's database reads and writes (ballot/store/box.py)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, CursorResult, bindparam, delete, func, insert, select, update

from ballot.errors import BallotError
from ballot.intake import Holding
from ballot.store.boxtables import ENTRY, FATE, HEAD, PENDING, PSEUDONYM, TILE, WITNESSED
from ballot.store.rows import insert_rows, rows_with, update_rows

CHUNK = 1_000

# Made once: to make a statement takes longer than to execute it.
_HEAD = select(HEAD).where(HEAD.c.election == bindparam("wanted_election"))
_HEAD_LOCKED = _HEAD.with_for_update()
_WITNESSED = select(WITNESSED).where(WITNESSED.c.election == bindparam("wanted_election"))
_POSITION = select(ENTRY.c.position).where(ENTRY.c.leaf_hash == bindparam("wanted_leaf"))
_TILE = select(TILE.c.hashes).where(
    TILE.c.level == bindparam("wanted_level"), TILE.c.number == bindparam("wanted_number")
)

_BALLOT = ("leaf_hash", "entry", "sealed")
_PSEUDONYM = ("pseudonym", "style", "sequence")
_FATE = ("pseudonym", "sealed_hash", "tested")


class HeadMoved(BallotError):
    """Another sequencer moved the head of the log meanwhile. Nothing was changed."""


class BoxMissing(BallotError):
    """The database holds no box of this election."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The committed log: ``size`` entries under ``root``; ``checkpoint`` is the newest signed
    note, over the first ``signed_size`` entries, and empty before the first; it carries the
    cosignatures that came for it."""

    size: int
    root: bytes
    closed: bool
    signed_size: int
    checkpoint: bytes

    def same_log(self, other: "Head") -> bool:
        """Whether both are the same state of the log, whichever witnesses have cosigned it."""
        return replace(self, checkpoint=_text(self)) == replace(other, checkpoint=_text(other))


def _text(head: Head) -> bytes:
    """The text of the signed note, without the signature lines."""
    return head.checkpoint.rpartition(b"\n\n")[0]


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
        query = _HEAD_LOCKED if self._writes else _HEAD
        row = self._connection.execute(query, {"wanted_election": self._election}).one_or_none()
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

    def witnessed(self) -> tuple[int, bytes] | None:
        """Size and note of the newest checkpoint that enough witnesses cosigned."""
        row = self._connection.execute(
            _WITNESSED, {"wanted_election": self._election}
        ).one_or_none()
        return None if row is None else (row.size, row.checkpoint)

    def set_witnessed(self, size: int, checkpoint: bytes) -> None:
        """Record that enough witnesses cosigned this checkpoint."""
        self._connection.execute(delete(WITNESSED).where(WITNESSED.c.election == self._election))
        self._connection.execute(
            insert(WITNESSED).values(election=self._election, size=size, checkpoint=checkpoint)
        )

    def _swap(self, old: Head, values: Mapping[str, object]) -> None:
        changed: CursorResult[Any] = self._connection.execute(
            update(HEAD)
            .where(
                HEAD.c.election == self._election,
                HEAD.c.size == old.size,
                HEAD.c.root == old.root,
                HEAD.c.signed_size == old.signed_size,
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
            (position + offset, entry.leaf_hash, entry.entry, entry.sealed)
            for offset, entry in enumerate(entries)
        ]
        insert_rows(self._connection, ENTRY, ("position", *_BALLOT), rows)

    def entries(self, begin: int, end: int) -> Iterator[tuple[bytes, bytes]]:
        """(leaf hash, entry) of the log from ``begin`` to ``end`` - 1, in order."""
        for first in range(begin, end, CHUNK):
            rows = self._connection.execute(
                select(ENTRY.c.leaf_hash, ENTRY.c.entry)
                .where(ENTRY.c.position >= first, ENTRY.c.position < min(first + CHUNK, end))
                .order_by(ENTRY.c.position)
            )
            for row in rows:
                yield row.leaf_hash, row.entry

    def stored(self) -> int:
        """How many entries are stored, whatever the head says."""
        return self._connection.execute(select(func.count()).select_from(ENTRY)).scalar_one()

    def position(self, leaf_hash: bytes) -> int | None:
        """Where an entry stands in the log."""
        return self._connection.execute(_POSITION, {"wanted_leaf": leaf_hash}).scalar_one_or_none()

    def sealed(self, leaf_hashes: Iterable[bytes]) -> dict[bytes, bytes]:
        """The sealed bytes of these entries of the log, as far as they are kept."""
        found: dict[bytes, bytes] = {}
        for chunk in _chunks(leaf_hashes):
            for row in self._connection.execute(
                select(ENTRY.c.leaf_hash, ENTRY.c.sealed).where(
                    ENTRY.c.leaf_hash.in_(chunk), ENTRY.c.sealed.is_not(None)
                )
            ):
                found[row.leaf_hash] = row.sealed
        return found

    def keep_sealed(self, leaf_hashes: Collection[bytes]) -> None:
        """Erase the sealed bytes of all other entries of the log; the entries stay."""
        rows = self._connection.execute(
            select(ENTRY.c.leaf_hash).where(ENTRY.c.sealed.is_not(None))
        ).scalars()
        for chunk in _chunks(set(rows) - set(leaf_hashes)):
            self._connection.execute(
                update(ENTRY).where(ENTRY.c.leaf_hash.in_(chunk)).values(sealed=None)
            )

    # -- tiles ----------------------------------------------------------------------------------

    def tile(self, level: int, number: int) -> bytes | None:
        """The stored hashes of a tile."""
        return self._connection.execute(
            _TILE, {"wanted_level": level, "wanted_number": number}
        ).scalar_one_or_none()

    def put_tile(self, level: int, number: int, hashes: bytes) -> None:
        """Store a tile, in place of the narrower one that was stored before."""
        self._connection.execute(delete(TILE).where(TILE.c.level == level, TILE.c.number == number))
        self._connection.execute(insert(TILE).values(level=level, number=number, hashes=hashes))

    # -- waiting ballots ------------------------------------------------------------------------

    def pending_count(self) -> int:
        """How many ballots wait."""
        return self._connection.execute(select(func.count()).select_from(PENDING)).scalar_one()

    def pending(self) -> Iterator[list[StoredEntry]]:
        """All ballots that wait, by leaf hash, in portions."""
        last = b""
        while True:
            rows = self._connection.execute(
                select(PENDING)
                .where(PENDING.c.leaf_hash > last)
                .order_by(PENDING.c.leaf_hash)
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
        deleted: CursorResult[Any] = self._connection.execute(delete(PENDING))
        return deleted.rowcount

    def waiting(self, leaf_hashes: Iterable[bytes]) -> dict[bytes, bytes]:
        """The sealed bytes of those of these entries that wait."""
        found: dict[bytes, bytes] = {}
        for chunk in _chunks(leaf_hashes):
            for row in self._connection.execute(
                select(PENDING.c.leaf_hash, PENDING.c.sealed).where(PENDING.c.leaf_hash.in_(chunk))
            ):
                found[row.leaf_hash] = row.sealed
        return found

    def drop_pending(self, leaf_hashes: Iterable[bytes]) -> None:
        """Delete these ballots from those that wait."""
        for chunk in _chunks(leaf_hashes):
            self._connection.execute(delete(PENDING).where(PENDING.c.leaf_hash.in_(chunk)))

    def sealed_between(self, begin: int, end: int) -> list[tuple[bytes, bytes]]:
        """(leaf hash, sealed bytes) of the log's ballots from ``begin`` to ``end`` - 1, in order,
        as far as they are kept."""
        rows = self._connection.execute(
            select(ENTRY.c.leaf_hash, ENTRY.c.sealed)
            .where(ENTRY.c.position >= begin, ENTRY.c.position < end, ENTRY.c.sealed.is_not(None))
            .order_by(ENTRY.c.position)
        )
        return [(row.leaf_hash, row.sealed) for row in rows]

    def held(self, leaf_hashes: Iterable[bytes]) -> set[bytes]:
        """Those of these entries that wait or stand in the log."""
        wanted = set(leaf_hashes)
        return {
            row.leaf_hash
            for table in (PENDING, ENTRY)
            for row in rows_with(self._connection, table, ("leaf_hash",), wanted)
        }

    def is_pending(self, leaf_hash: bytes) -> bool:
        """Whether this entry waits."""
        found = self._connection.execute(
            select(PENDING.c.leaf_hash).where(PENDING.c.leaf_hash == leaf_hash)
        )
        return found.first() is not None

    # -- pseudonyms -----------------------------------------------------------------------------

    def holdings(self, pseudonyms: Iterable[bytes]) -> dict[bytes, Holding]:
        """What is held of each of these pseudonyms; an empty holding when nothing is."""
        wanted = set(pseudonyms)
        cast: dict[bytes, tuple[str, int]] = {}
        fates: dict[bytes, dict[bytes, bool]] = {pseudonym: {} for pseudonym in wanted}
        for row in rows_with(self._connection, PSEUDONYM, _PSEUDONYM, wanted):
            cast[row.pseudonym] = (row.style, row.sequence)
        for row in rows_with(self._connection, FATE, _FATE, wanted):
            fates[row.pseudonym][row.sealed_hash] = bool(row.tested)
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
            select(PSEUDONYM.c.style, func.count()).group_by(PSEUDONYM.c.style)
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
        insert_rows(
            self._connection,
            PENDING,
            _BALLOT,
            [
                (ballot.leaf_hash, ballot.entry, ballot.sealed)
                for ballot in sorted(ballots, key=lambda ballot: ballot.leaf_hash)
            ],
        )
        fates: list[tuple[bytes, bytes, bool]] = []
        fresh: list[tuple[bytes, str, int]] = []
        raised: list[tuple[bytes, int]] = []
        for pseudonym in sorted(after):
            old, new = before[pseudonym], after[pseudonym]
            fates += [
                (pseudonym, sealed_hash, tested)
                for sealed_hash, tested in sorted(new.fates.items())
                if sealed_hash not in old.fates
            ]
            if new.style is None or new.sequence == old.sequence:
                continue
            if old.style is None:
                fresh.append((pseudonym, new.style, new.sequence))
            else:
                raised.append((pseudonym, new.sequence))
        insert_rows(self._connection, PSEUDONYM, _PSEUDONYM, fresh)
        update_rows(self._connection, PSEUDONYM, "pseudonym", "sequence", raised)
        insert_rows(self._connection, FATE, _FATE, fates)


def _chunks(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    ordered = sorted(keys)
    for first in range(0, len(ordered), CHUNK):
        yield ordered[first : first + CHUNK]
