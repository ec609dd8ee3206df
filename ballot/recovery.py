"""Bringing an old copy of the box's database forward to what was released since.

An old copy is refused at the start (``ballot.startup``): to go on with it would fork the log. What
was released since is not lost, though: every entry stands in the published log, under a signed
checkpoint, and the sealed bytes stand in the second copy (``ballot.secondcopy``) or among the
ballots that waited when the old copy was made. Nothing here is believed: entries must give the
checkpoint's root, sealed bytes the hash in their entry, and the signer must remember no more than
what was published. One transaction: a crash leaves the old copy as it was.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from audit.checkpoint import Checkpoint
from audit.errors import AuditError
from audit.manifest import Manifest
from audit.merkle import Frontier, leaf_hash
from audit.record import BallotEntry, CloseEntry, parse_entry, sealed_hash
from audit.tile import read_entries
from ballot import tree
from ballot.errors import BallotError
from ballot.intake import Holding
from ballot.release import LogFolder
from ballot.secondcopy import SecondCopy
from ballot.signer import Mark
from ballot.store.box import BoxStore
from ballot.store.boxtransaction import BoxTransaction, Head, StoredEntry
from ballot.store.engine import StoreDamaged


class RecoveryRefused(BallotError):
    """What was published cannot continue this database; the message says why. Nothing changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What was brought back: the log grew from ``before`` to ``after`` entries; of its new ballots
    so many sealed bytes were found ``waiting`` in the old copy and in the second ``copied``.
    ``missing`` are the leaf hashes of those whose sealed bytes are nowhere: they cannot be opened.
    """

    before: int
    after: int
    waiting: int
    copied: int
    missing: tuple[bytes, ...]


def recover(
    *,
    manifest: Manifest,
    store: BoxStore,
    folder: Path,
    last: Mark,
    copy: SecondCopy | None,
    accept_missing: bool = False,
) -> Recovered:
    """Put the entries of the log published in ``folder`` that the database lacks into it.

    ``last`` is what the signer remembers. Raises RecoveryRefused for another history, for a log
    that goes on where nothing was published, and, unless ``accept_missing``, when sealed bytes are
    nowhere: a better copy may still be found.
    """
    published = LogFolder(folder, manifest.box.verifier_key)
    note, checkpoint = published.note(), published.checkpoint()
    if note is None or checkpoint is None:
        raise RecoveryRefused(f"{folder}: nothing is published here; bring the log's files back")
    if last.size > checkpoint.size:
        raise RecoveryRefused(
            f"{folder}: has {checkpoint.size} entries, but {last.size} were signed. Bring back the "
            "newest copy of the published log, from any mirror"
        )
    with store.writing() as transaction:
        head = transaction.head()
        log = _Published(folder, checkpoint)
        if checkpoint.size < head.size:
            raise RecoveryRefused(
                f"{folder}: has {checkpoint.size} entries, the database {head.size}: it is the "
                "published log that is old; the sequencer continues it by itself"
            )
        fresh = log.after(transaction, head)
        waiting = transaction.waiting(leaf for leaf, _ in fresh)
        wanted = [leaf for leaf, _ in fresh if leaf not in waiting]
        copied = {} if copy is None or not wanted else copy.find(wanted)
        stored, missing = _stored(fresh, {**copied, **waiting})
        if missing and not accept_missing:
            raise RecoveryRefused(
                f"{len(missing)} ballots of the published log have their sealed bytes neither in "
                "this database nor in the second copy: without them they cannot be counted. Look "
                "for a newer copy of the database or the second copy's folder first"
            )
        if stored:
            _put(transaction, head, stored, note, checkpoint)
    return Recovered(
        before=head.size,
        after=checkpoint.size,
        waiting=sum(1 for entry in stored if entry.leaf_hash in waiting),
        copied=sum(
            1
            for entry in stored
            if entry.leaf_hash not in waiting and entry.leaf_hash in copied and entry.sealed
        ),
        missing=tuple(missing),
    )


class _Published:
    """The entries of a published log, believed once they have given the checkpoint's root."""

    def __init__(self, folder: Path, checkpoint: Checkpoint) -> None:
        self._folder = folder
        self._checkpoint = checkpoint

    def _entries(self) -> Iterator[bytes]:
        def fetch(path: str) -> bytes | None:
            try:
                return (self._folder / path).read_bytes()
            except FileNotFoundError:
                return None

        try:
            yield from read_entries(fetch, self._checkpoint.size)
        except AuditError as error:
            raise RecoveryRefused(f"{self._folder}: {error}") from None

    def after(self, transaction: BoxTransaction, head: Head) -> list[tuple[bytes, bytes]]:
        """(leaf hash, entry) of the entries after those of the database, all verified."""
        frontier = Frontier()
        fresh: list[tuple[bytes, bytes]] = []
        for position, entry in enumerate(self._entries()):
            if position == head.size and frontier.root() != head.root:
                raise RecoveryRefused(
                    f"the first {head.size} published entries are not those of the database: it "
                    "tells another history, and must never be used"
                )
            leaf = leaf_hash(entry)
            frontier = frontier.extend([leaf])
            if position >= head.size:
                fresh.append((leaf, entry))
        if frontier.root() != self._checkpoint.root:
            raise RecoveryRefused(
                f"{self._folder}: the published entries do not give the root of the checkpoint; "
                "bring the files back from a mirror"
            )
        if not fresh and head.root != self._checkpoint.root:
            raise RecoveryRefused("the published log is of another history than the database")
        tree.check_all(transaction, head)
        return fresh


def _stored(
    fresh: list[tuple[bytes, bytes]], sealed: Mapping[bytes, bytes]
) -> tuple[list[StoredEntry], list[bytes]]:
    """The entries with their sealed bytes, and the leaf hashes of those that have none."""
    stored: list[StoredEntry] = []
    missing: list[bytes] = []
    for leaf, entry in fresh:
        parsed = parse_entry(entry)
        own: bytes | None = None
        if isinstance(parsed, BallotEntry):
            own = sealed.get(leaf)
            if own is not None and sealed_hash(own) != parsed.header.sealed_hash:
                own = None
            if own is None:
                missing.append(leaf)
        stored.append(StoredEntry(leaf_hash=leaf, entry=entry, sealed=own))
    return stored, missing


def _put(
    transaction: BoxTransaction,
    head: Head,
    stored: list[StoredEntry],
    note: bytes,
    checkpoint: Checkpoint,
) -> None:
    transaction.append(head.size, stored)
    transaction.drop_pending(entry.leaf_hash for entry in stored)
    leaves = [entry.leaf_hash for entry in stored]
    root = tree.grow(transaction, head, leaves)
    if root != checkpoint.root:
        raise StoreDamaged("log: what was brought back does not give the checkpoint's root")
    _remember(transaction, stored)
    closed = isinstance(parse_entry(stored[-1].entry), CloseEntry)
    transaction.move_head(head, size=checkpoint.size, root=root, closed=closed)
    moved = replace(head, size=checkpoint.size, root=root, closed=closed)
    transaction.set_checkpoint(moved, size=checkpoint.size, checkpoint=note)


def _remember(transaction: BoxTransaction, stored: list[StoredEntry]) -> None:
    """What pseudonyms did in these entries, as the intake would have noted it."""
    ballots = [
        parsed.header
        for parsed in (parse_entry(entry.entry) for entry in stored)
        if isinstance(parsed, BallotEntry)
    ]
    before = transaction.holdings(header.pseudonym for header in ballots)
    after = dict(before)
    for header in ballots:
        held = after[header.pseudonym]
        after[header.pseudonym] = Holding(
            style=header.style,
            sequence=max(held.sequence, header.sequence),
            fates={**held.fates, header.sealed_hash: False},
        )
    transaction.accept((), before, {k: v for k, v in after.items() if v != before[k]})
