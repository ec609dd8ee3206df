"""The ballot box: casts are acknowledged when they are durable, tests are marked, proofs are given.

Each calling thread checks its own ballot, the expensive part; one writer thread decides about all
that arrived together in one transaction, so that a power cut loses none that was acknowledged and
one synchronisation of the disk serves many. Nobody has to wait in a thread for that: threads that
change places cost more than the ballots. The queue is bounded: a full one is refused with Busy, and
the same request sent again gets the same answer as if it had been the first.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from threading import Thread
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.manifest import Manifest
from audit.proof import ProofFile
from audit.receipt import make_receipt, make_test_receipt, receipt_due
from audit.tile import FullTiles
from ballot import tree
from ballot.deciding import Deciding, is_new
from ballot.errors import BallotError
from ballot.examining import Examiner
from ballot.gathering import Crowded, Ended, Gathering
from ballot.intake import (
    Candidate,
    Decision,
    Refused,
    examine_test,
)
from ballot.secondcopy import SecondCopyFailed
from ballot.store.box import BoxStore
from ballot.store.engine import StoreBusy
from ballot.takenagain import Tidying
from ballot.waitingcopy import Kept, WaitingCopy

log = logging.getLogger("scrutin.box")

MOST_WAITING = 2_000
GROUP = 256
FULL_SECONDS = 60
GROUP_SECONDS = 0.02


class BallotRefused(BallotError):
    """A ballot or test that the box does not accept; ``code`` and ``reason`` say why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.code = refused.code
        self.reason = refused.reason


class Busy(BallotError):
    """Too much waits; nothing was accepted. The same request may be sent again."""

    def __init__(self, seconds: int = 2) -> None:
        super().__init__(f"the box is busy: send the same again in {seconds} seconds")
        self.seconds = seconds


class BoxStopped(BallotError):
    """The box is not running, or a write failed and its outcome is not known.

    The process must end and be started again; the same request then gets its answer.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The ballot is in the box and will be in the log by ``due``."""

    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The box has no such ballot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What everybody may know: the log's newest signed checkpoint, and whether it is closed."""

    size: int
    checkpoint: bytes
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    candidate: Candidate
    arrived: datetime
    receipt: Future[bytes]


class Box:
    """Takes ballots for one election. Safe to call from many threads; use it in a ``with``."""

    def __init__(
        self,
        *,
        manifest: Manifest,
        store: BoxStore,
        receipt_key: Ed25519PrivateKey,
        clock: Callable[[], datetime],
        room: Callable[[], bool] = lambda: True,
        examiner: Examiner | None = None,
        copy: WaitingCopy | None = None,
        most_waiting: int = MOST_WAITING,
        group: int = GROUP,
        group_seconds: float = GROUP_SECONDS,
    ) -> None:
        """``room`` says whether there is space for more: while there is none, everything is refused
        with Busy, before a full disk can break a write. ``examiner`` checks the ballots, in the
        threads that cast them when None; it begins and ends with the box. Nothing is acknowledged
        before ``copy``, if there is one, has it too. ``most_waiting`` requests may wait for the
        writer; a group is written when ``group`` are there, or all who called, or when
        ``group_seconds`` have passed since its first."""
        if receipt_key.public_key().public_bytes_raw() != manifest.box.receipt_key:
            raise BoxStopped(
                "receipt key: not the one the manifest names; use this election's key file"
            )
        self._manifest = manifest
        self._deciding = Deciding(manifest)
        self._store = store
        self._receipt_key = receipt_key
        self._clock = clock
        self._room = room
        self._group = group
        self._group_seconds = group_seconds
        self._gathering: Gathering[_Request] = Gathering(most_waiting)
        self._examiner = examiner or Examiner(manifest)
        self._copy = copy
        self._tidying = None if copy is None else Tidying(store, copy, manifest.box.batch_seconds)
        self._kept_twice = True
        self._full = FullTiles()
        self._writer = Thread(target=self._write, name="ballot box writer", daemon=True)

    def __enter__(self) -> Self:
        self._gathering.begin()
        self._writer.start()
        self._examiner.begin()
        if self._tidying is not None:
            self._tidying.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what waits, then stop."""
        self._examiner.end()
        self._gathering.end()
        self._writer.join()
        if self._tidying is not None:
            self._tidying.end()

    @property
    def running(self) -> bool:
        """Whether the box takes ballots. Once false it stays so: the process must end."""
        return self._gathering.open

    @property
    def kept_twice(self) -> bool:
        """False since the second copy could not be written, until it can: new ballots are refused
        with Busy meanwhile."""
        return self._kept_twice

    # -- casting and testing --------------------------------------------------------------------

    def cast(self, entry: bytes, sealed: bytes) -> bytes:
        """Take a ballot and give its signed receipt, after it is durable.

        The same ballot again gets the same receipt, whatever happened since. Raises BallotRefused,
        Busy or BoxStopped.
        """
        return self.casting(entry, sealed).result()

    def casting(self, entry: bytes, sealed: bytes) -> Future[bytes]:
        """The same for a caller who does something else until the ballot is durable: raises what
        can be told at once; the future gives the receipt or raises the rest. Whoever is called by
        the future must not wait for anything: the others' receipts wait behind it."""
        arrived, receipt = self._expect()
        try:
            self._examiner.examine(entry, sealed, lambda found: self._put(found, arrived, receipt))
        except BaseException:
            self._gathering.leave()
            raise
        return receipt

    def test(self, message: bytes) -> bytes:
        """Mark a sealed ballot as tested, so that it can never be cast; gives a signed receipt.

        The box sees the header, never the choices. Raises BallotRefused, Busy or BoxStopped.
        """
        return self.testing(message).result()

    def testing(self, message: bytes) -> Future[bytes]:
        """The same for a caller who does something else meanwhile: see ``casting``."""
        arrived, receipt = self._expect()
        try:
            found = examine_test(self._manifest, message)
        except BaseException:
            self._gathering.leave()
            raise
        self._put(found, arrived, receipt)
        return receipt

    def _expect(self) -> tuple[datetime, Future[bytes]]:
        """Somebody comes: the writer waits for those who are nearly there, and for nobody else."""
        receipt: Future[bytes] = Future()
        receipt.set_running_or_notify_cancel()  # from here on nobody takes the ballot back
        arrived = self._clock()
        self._gathering.come()
        return arrived, receipt

    def _put(self, found: Candidate | Refused, arrived: datetime, receipt: Future[bytes]) -> None:
        """Hand to the writer what was found, or tell why not."""
        try:
            if isinstance(found, Refused):
                raise BallotRefused(found)
            if not self._room():
                raise Busy(FULL_SECONDS)
            self._gathering.put(_Request(candidate=found, arrived=arrived, receipt=receipt))
        except BaseException as error:  # whatever it was, somebody waits for it
            self._gathering.leave()
            receipt.set_exception(_told(error))

    # -- the writer thread ----------------------------------------------------------------------

    def _write(self) -> None:
        while requests := self._gathering.take(self._group, self._group_seconds):
            try:
                decisions: Sequence[Decision | BallotError] = self._decide(requests)
            except StoreBusy:
                decisions = [Busy()] * len(requests)
            except BaseException as error:  # whatever it was, nobody may wait for ever
                self._stop(requests, error)
                return
            self._tell(requests, decisions)

    def _decide(self, requests: Sequence[_Request]) -> list[Decision]:
        """Decide about a group in one transaction, which is durable when this returns."""
        mark: int | None = None
        try:
            with self._store.writing() as transaction:
                decisions = self._deciding.decide(
                    transaction, [(request.candidate, request.arrived) for request in requests]
                )
                mark = self._keep(requests, decisions)
        except SecondCopyFailed as error:
            if self._kept_twice:
                log.error("%s", error)
            self._kept_twice = False
            raise
        except StoreBusy:
            if mark is not None and self._copy is not None:
                self._copy.take_back(mark)
            raise
        if mark is not None and not self._kept_twice:
            log.info("the second copy can be written again")
            self._kept_twice = True
        return decisions

    def _keep(self, requests: Sequence[_Request], decisions: Sequence[Decision]) -> int | None:
        """Write what was accepted to the second copy, before anything of it is committed."""
        kept = [
            Kept(entry=request.candidate.entry, sealed=request.candidate.sealed)
            for request, decision in zip(requests, decisions, strict=True)
            if is_new(decision)
        ]
        return self._copy.keep(kept) if kept and self._copy is not None else None

    def _stop(self, requests: Sequence[_Request], error: BaseException) -> None:
        self._gathering.end()
        # The message of a database may quote what it was given: only its kind is told.
        stopped = BoxStopped(
            f"the box stopped: a write failed ({type(error).__name__}) and its outcome is not "
            "known. Start the process again; then send the same again"
        )
        while requests:
            self._tell(requests, [stopped] * len(requests))
            requests = self._gathering.take(self._group, 0)

    def _tell(
        self, requests: Sequence[_Request], decisions: Sequence[Decision | BallotError]
    ) -> None:
        # All are signed before the first is told: whoever is told begins to work, and a signature
        # would then have to wait for them.
        told = [
            self._receipt(request.candidate, decision)
            for request, decision in zip(requests, decisions, strict=True)
        ]
        for request, receipt in zip(requests, told, strict=True):
            if isinstance(receipt, bytes):
                request.receipt.set_result(receipt)
            else:
                request.receipt.set_exception(receipt)

    def _receipt(
        self, candidate: Candidate, decision: Decision | BallotError
    ) -> bytes | BaseException:
        if isinstance(decision, BallotError):
            return decision
        if isinstance(decision, Refused):
            return BallotRefused(decision)
        if candidate.leaf_hash is None:
            return make_test_receipt(
                self._manifest, self._receipt_key, candidate.pseudonym, candidate.sealed_hash
            )
        return make_receipt(self._manifest, self._receipt_key, candidate.leaf_hash)

    # -- what everybody may ask -----------------------------------------------------------------

    def proof(self, leaf_hash: bytes) -> bytes | Pending | Unknown:
        """The proof file (C2SP tlog-proof) that an entry stands in the log, under the newest
        signed checkpoint; Pending while it waits, Unknown when it is not there.

        Where the rules ask for witnesses it is the newest that enough of them cosigned, if that
        covers the entry: a witness that is down makes no proof of before worthless.
        """
        with self._store.reading() as transaction:
            head = transaction.head()
            index = transaction.position(leaf_hash)
            if index is not None and index < head.signed_size:
                size, note = head.signed_size, head.checkpoint
                witnessed = transaction.witnessed()
                if witnessed is not None and index < witnessed[0]:
                    size, note = witnessed
                nodes = tree.stored_nodes(transaction, size, self._full)
                return ProofFile.build(index=index, size=size, node=nodes, note=note).encode()
            if index is not None or transaction.is_pending(leaf_hash):
                return Pending(due=receipt_due(self._manifest))
            return Unknown()

    def status(self) -> Status:
        """The newest signed checkpoint, and no more: what waits is not told to anybody."""
        with self._store.reading() as transaction:
            head = transaction.head()
        return Status(size=head.signed_size, checkpoint=head.checkpoint, closed=head.closed)


def _told(error: BaseException) -> BaseException:
    """What a caller is told of an error of the gathering."""
    if isinstance(error, Ended):
        return BoxStopped("the box is not running: send the same again later")
    if isinstance(error, Crowded):
        return Busy()
    return error
