"""The one sequencer: moves waiting ballots into the log, has the head signed, publishes the files.

Steps, each repeatable, in this order:

1. **Commit.** One transaction moves the whole batch, grows the tiles, checks what was stored and
   moves the head by compare-and-swap. COMMIT is the only point at which the log grows.
2. **Sign.** The sealed bytes go to the second copy, where there is one; then the committed head is
   signed and the note recorded. Nothing is ever signed before all it covers is durable, so a crash
   leaves the signer behind the database, never ahead of it; a signer that is ahead has therefore
   seen a database that was lost since.
3. **Publish.** Files are written from committed rows; the checkpoint last.

After a crash ``start`` does what is missing of 2 and 3. A failure in between leaves the sequencer
stopped: what it remembers may be wrong, so it is started again, which reads and checks everything.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Event as Signal
from threading import RLock

from audit.admission import check_close, check_open
from audit.errors import AuditError
from audit.manifest import Manifest
from audit.merkle import consistency_proof, leaf_hash
from audit.record import CloseEntry, parse_entry
from ballot import tree
from ballot.cosignatures import Cosignatures
from ballot.errors import BallotError
from ballot.lifecycle import Event, Facts, OutOfOrder, moment, require
from ballot.release import FolderAhead, LogFolder
from ballot.secondcopy import SecondCopy
from ballot.signer import LogSigner, SigningRefused
from ballot.signing import SignerSilent
from ballot.startup import DatabaseBehind, SignerBehind, compare_signer
from ballot.store.box import BoxStore
from ballot.store.boxtransaction import Head, HeadMoved, StoredEntry
from ballot.store.engine import StoreBusy, StoreDamaged

log = logging.getLogger("scrutin.sequencer")


class SequencerStopped(BallotError):
    """The sequencer has not been started, or failed since; it must be started again."""


class EntryRefused(BallotError):
    """An open or close entry that would make the log invalid, or differs from the one in it."""


_TRIES = 8


def _nothing(_step: str) -> None:
    pass


class Sequencer:
    """Grows one log. Stateful; call ``start`` first. Safe to call from several threads.

    ``on_step`` is told the name of each step before it is done: for progress, and for tests that
    fail there.
    """

    def __init__(
        self,
        *,
        manifest: Manifest,
        store: BoxStore,
        signer: LogSigner,
        folder: Path,
        clock: Callable[[], datetime],
        second_copy: SecondCopy | None = None,
        on_step: Callable[[str], None] = _nothing,
    ) -> None:
        """``folder`` is where the log is published, ``manifest`` one whose signatures hold;
        sealed bytes go to ``second_copy`` before the checkpoint over their entries is signed."""
        self._manifest = manifest
        self._key = manifest.box.verifier_key
        self._store = store
        self._signer = signer
        self._folder = LogFolder(folder, self._key, on_step=on_step)
        self._cosignatures = Cosignatures(manifest=manifest, store=store, folder=self._folder)
        self._clock = clock
        self._second_copy = second_copy
        self._on_step = on_step
        self._turn = RLock()
        self._head: Head | None = None

    # -- start ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Compare database, signer and published folder, then finish what a crash interrupted.

        Raises DatabaseBehind, SignerBehind, StoreDamaged, FolderAhead or FileDiffers: each says
        what to do, and nothing is signed or published then.
        """
        with self._turn:
            self._head = None
            if self._signer.key != self._key:
                raise SignerBehind(
                    f"log key: the signer holds {self._signer.key}, the manifest names "
                    f"{self._key}; use this election's key file"
                )
            self._store.check_whole()
            for remaining in reversed(range(_TRIES)):
                self._head = self._compared()
                self._cosignatures.adopt_published()
                try:
                    with self._working():
                        self._finish()
                        return
                except HeadMoved:  # another process went on meanwhile: read what it did
                    if not remaining:
                        raise

    def _compared(self) -> Head:
        """The head, after everything was compared. What another process did in the middle of that
        looks like a fault, so a fault is believed once nothing moved meanwhile."""
        while True:
            last = self._signer.last()
            with self._store.reading() as transaction:
                head = transaction.head()
                try:
                    tree.check_all(transaction, head)
                    compare_signer(transaction, head, last, self._key)
                    self._folder.compare(transaction, head)
                    return head
                except (DatabaseBehind, SignerBehind, FolderAhead):
                    with self._store.reading() as later:
                        if later.head() == head and self._signer.last() == last:
                            raise

    # -- events ---------------------------------------------------------------------------------

    def open_log(self, entry: bytes) -> bytes:
        """Begin the log with the officers' open entry; gives the entry that opened it.

        Open already: nothing happens, whichever officer asks, and the first entry is given.
        Raises OutOfOrder outside the dates, EntryRefused when the entry is not valid.
        """
        with self._working() as head:
            if head.size == 0:
                require(Event.OPEN, self._facts(head))
                try:
                    check_open(self._manifest, entry)
                except AuditError as error:
                    raise EntryRefused(f"open entry: {error}") from None
                self._commit(entry=entry)
            self._finish()
            return self._entry(0)

    def sequence(self) -> int:
        """Move what waits into the log if it is a whole batch; gives how many entries were moved.

        Before the opening and after the close there is nothing to move.
        """
        with self._working() as head:
            self._finish()  # of the batch before, when the database was busy then
            if head.size == 0 or head.closed:
                return 0
            moved = self._commit(minimum=self._manifest.box.batch_minimum)
            if moved:
                self._finish()
            return moved

    def close_log(self, entry: bytes) -> bytes:
        """End the log: all that waits, then the officers' close entry; gives the entry that closed.

        Closed already with the same counts: nothing happens, and the entry in the log is given, so
        a second officer or a second try gets what the first got. With other counts: EntryRefused.
        A ballot that arrives meanwhile is either before the close entry or refused as late.
        """
        with self._turn:
            for _ in range(_TRIES):
                try:
                    return self._close_log(entry)
                except HeadMoved:  # another process appended, perhaps closed
                    self.start()
            return self._close_log(entry)

    def _close_log(self, entry: bytes) -> bytes:
        with self._working() as head:
            if not head.closed:
                require(Event.CLOSE, self._facts(head))
                try:
                    close = check_close(self._manifest, entry)
                except AuditError as error:
                    raise EntryRefused(f"close entry: {error}") from None
                self._commit(entry=entry, close=close)
            self._finish()
            present = self._entry(-1)
            if _counts(present) != _counts(entry):
                raise EntryRefused(
                    "close entry: the log is closed already, with other counts; they stand, and "
                    "what differs must be explained in public"
                )
            return present

    def facts(self) -> Facts:
        """What the log shows of the election's lifecycle, now."""
        with self._store.reading() as transaction:
            return self._facts(transaction.head())

    def _facts(self, head: Head) -> Facts:
        election = self._manifest.election
        return Facts(
            now=self._clock(),
            opens=moment(election.opens),
            closes=moment(election.closes),
            frozen=True,
            open_entry=head.size > 0,
            close_entry=head.closed,
        )

    def run(self, stop: Signal) -> None:
        """Sequence every ``batch_seconds`` until ``stop`` is set. Raises what stopped it: the
        process should then end and be started again."""
        while not stop.wait(self._manifest.box.batch_seconds):
            with self._turn:
                try:
                    if self._head is None:  # only after another went on while the signer was silent
                        self.start()
                    self.sequence()
                except HeadMoved:
                    self._head = None
                except StoreBusy:
                    continue
                except SignerSilent as error:
                    # What is in the log waits for its signature; ballots are taken meanwhile.
                    log.error("%s", error)

    # -- the three steps ------------------------------------------------------------------------

    @contextmanager
    def _working(self) -> Iterator[Head]:
        """Gives the head; forgets it when anything fails that may have changed something."""
        with self._turn:
            head = self._known()
            try:
                yield head
            except (StoreBusy, OutOfOrder, EntryRefused, SignerSilent):
                raise
            except BaseException:
                self._head = None
                raise

    def _known(self) -> Head:
        if self._head is None:
            raise SequencerStopped("sequencer: not started, or stopped by a failure; start it")
        return self._head

    def _commit(
        self, *, minimum: int = 0, entry: bytes | None = None, close: CloseEntry | None = None
    ) -> int:
        """Move all that waits, if it is at least ``minimum``, then append ``entry``."""
        with self._store.writing() as transaction:
            head = transaction.head()
            if not head.same_log(self._known()):
                raise HeadMoved(_moved(self._known(), head))
            if transaction.pending_count() < minimum:
                return 0
            if close is not None:
                self._check_counts(close, transaction.pseudonyms_per_style())
            self._on_step("append")
            leaves: list[bytes] = []
            for portion in transaction.pending():
                transaction.append(head.size + len(leaves), portion)
                leaves += [ballot.leaf_hash for ballot in portion]
            if transaction.clear_pending() != len(leaves):
                raise StoreDamaged("waiting ballots: not as many deleted as were moved")
            if entry is not None:
                last = StoredEntry(leaf_hash=leaf_hash(entry), entry=entry, sealed=None)
                transaction.append(head.size + len(leaves), [last])
                leaves.append(last.leaf_hash)
            if not leaves:
                return 0
            self._on_step("grow")
            root = tree.grow(transaction, head, leaves)
            moved = replace(head, size=head.size + len(leaves), root=root, closed=close is not None)
            self._on_step("move head")
            transaction.move_head(head, size=moved.size, root=moved.root, closed=moved.closed)
            self._on_step("commit")
        self._on_step("committed")
        self._head = moved
        return len(leaves)

    def _finish(self) -> None:
        """Sign the committed head and publish, as far as that is not done."""
        head = self._known()
        if head.signed_size < head.size:
            if self._second_copy is not None:
                self._on_step("copy")
                with self._store.reading() as transaction:
                    ballots = transaction.sealed_between(head.signed_size, head.size)
                self._second_copy.keep(head.signed_size, head.size, ballots)
            self._on_step("sign")
            note = self._sign(head)
            self._on_step("record")
            with self._store.writing() as transaction:
                present = transaction.head()
                if present.same_log(head):
                    transaction.set_checkpoint(head, size=head.size, checkpoint=note)
                elif not present.same_log(replace(head, signed_size=head.size, checkpoint=note)):
                    raise HeadMoved(_moved(head, present))
                self._on_step("commit checkpoint")
            self._on_step("checkpoint committed")
            self._head = replace(head, signed_size=head.size, checkpoint=note)
        with self._store.reading() as transaction:
            self._folder.publish(transaction)
        self._store.forget_history()

    @staticmethod
    def _check_counts(close: CloseEntry, pseudonyms: Mapping[str, int]) -> None:
        """Raise EntryRefused when more pseudonyms cast than an issuer says it let in: such a log
        would be invalid for everybody, and the close could not be taken back."""
        for issued in close.issued:
            for style, count in sorted(pseudonyms.items()):
                if count > issued.counts[style]:
                    raise EntryRefused(
                        f"close entry: issuer {issued.issuer!r} says {issued.counts[style]} "
                        f"credentials for style {style!r}, but {count} pseudonyms cast with one. "
                        "Let the issuer count again; if the number stands, its key was misused, "
                        "and the election must not be counted"
                    )

    def _sign(self, head: Head) -> bytes:
        while True:
            last = self._signer.last()
            with self._store.reading() as transaction:
                proof: tuple[bytes, ...] = ()
                if 0 < last.size < head.size:
                    nodes = tree.stored_nodes(transaction, head.size)
                    proof = consistency_proof(last.size, head.size, nodes)
            try:
                return self._signer.sign(head.size, head.root, proof)
            except SigningRefused:
                with self._store.reading() as transaction:
                    present = transaction.head()
                if present.size > head.size:  # another sequencer went on and had that signed
                    raise HeadMoved(_moved(head, present)) from None
                if self._signer.last() == last:
                    raise
                # Another sequencer had this head signed meanwhile: the proof was from too far back.

    def _entry(self, position: int) -> bytes:
        with self._store.reading() as transaction:
            at = position if position >= 0 else self._known().size + position
            return next(transaction.entries(at, at + 1))[1]


def _moved(known: Head, present: Head) -> str:
    return (
        f"head: at size {present.size}, not as this sequencer left it at size {known.size}; "
        "another is at work. Run one only, and start this one again"
    )


def _counts(entry: bytes) -> dict[str, dict[str, int]]:
    """What a close entry says, whoever signed it."""
    try:
        close = parse_entry(entry)
    except AuditError as error:
        raise EntryRefused(f"close entry: {error}") from None
    if not isinstance(close, CloseEntry):
        raise EntryRefused("close entry: is of another type")
    return {issued.issuer: dict(issued.counts) for issued in close.issued}
