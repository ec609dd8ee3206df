"""What was acknowledged and the database has no more, taken again out of the second copy.

A database that was restored from before the last group, or whose disk lied, shows an older head
only if a batch was signed since; what was acknowledged after that batch would be lost unseen. It
stands in the second copy of what waits (``ballot.waitingcopy``) and is taken from there at every
start, by the rule by which it was taken first. Nothing there is believed: signatures are checked
again.
"""

import logging
from dataclasses import dataclass
from threading import Event as Signal
from threading import Thread

from audit.errors import AuditError
from audit.manifest import Manifest
from audit.merkle import leaf_hash
from audit.record import BallotEntry, Header, parse_entry
from ballot.deciding import Deciding, is_new
from ballot.intake import (
    Candidate,
    Refused,
    examine_ballot,
    examine_test,
    read_test,
    sealed_lengths,
)
from ballot.store.box import BoxStore
from ballot.store.boxtransaction import BoxTransaction
from ballot.waitingcopy import Kept, WaitingCopy

log = logging.getLogger("scrutin.box")

_OUT_OF_TIME = frozenset({"not-open", "closed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAgain:
    """How many ``ballots`` and ``tests`` the database lacked and has again. ``outside`` are the
    leaf hashes of ballots that it lacks and that can no longer, or not yet, come into the log:
    they stay in the second copy."""

    ballots: int
    tests: int
    outside: tuple[bytes, ...]


def take_again(manifest: Manifest, store: BoxStore, copy: WaitingCopy) -> TakenAgain:
    """Take again what ``copy`` has of processes that ended, and ``store`` has not.

    Raises WaitingCopyInvalid when kept tests are damaged, StoreBusy.
    """
    with copy.left() as left:
        kept = {each for file in left for each in file.kept}.union(copy.tested())
        candidates = _lacking(manifest, store, kept)
        # A pseudonym's lower sequence first, as it came: both were acknowledged. And a test before
        # the ballot it gives up, which was then not committed.
        candidates.sort(key=lambda each: (each.pseudonym, each.sequence, not each.test, each.entry))
        deciding = Deciding(manifest)
        with store.writing() as transaction:
            decisions = deciding.decide(
                transaction, [(each, deciding.opens) for each in candidates]
            )
    new = [each for each, found in zip(candidates, decisions, strict=True) if is_new(found)]
    outside = [
        each.leaf_hash
        for each, found in zip(candidates, decisions, strict=True)
        if each.leaf_hash and isinstance(found, Refused) and found.reason in _OUT_OF_TIME
    ]
    return TakenAgain(
        ballots=sum(not each.test for each in new),
        tests=sum(each.test for each in new),
        outside=tuple(sorted(outside)),
    )


def _lacking(manifest: Manifest, store: BoxStore, kept: set[Kept]) -> list[Candidate]:
    """What of ``kept`` is valid and not held, in no order."""
    ballots = {leaf_hash(each.entry): each for each in kept if not each.test}
    with store.reading() as transaction:
        held = transaction.held(ballots)
    lengths = sealed_lengths(manifest)
    found = [
        examine_ballot(manifest, lengths, each.entry, each.sealed)
        for leaf, each in ballots.items()
        if leaf not in held
    ]
    found += [examine_test(manifest, each.entry) for each in kept if each.test]
    return [each for each in found if isinstance(each, Candidate)]


def let_go(store: BoxStore, copy: WaitingCopy) -> int:
    """Remove the files of ``copy`` whose ballots stand in the log, signed, or were never accepted;
    gives how many. Raises StoreBusy, WaitingCopyInvalid."""
    removed = 0
    with copy.left() as left:
        for file in left:
            with store.reading() as transaction:
                settled = _settled(transaction, file.kept)
            if settled:
                copy.remove(file, [each for each in file.kept if each.test])
                removed += 1
    return removed


class Tidying:
    """Removes from the second copy, once a batch, what the log holds by now."""

    def __init__(self, store: BoxStore, copy: WaitingCopy, seconds: float) -> None:
        self._store = store
        self._copy = copy
        self._seconds = seconds
        self._ended = Signal()
        self._thread = Thread(target=self._run, name="second copy", daemon=True)

    def begin(self) -> None:
        """Work in the background until ``end``."""
        self._thread.start()

    def end(self) -> None:
        """Stop, and let go of the copy: what stays in it is for the next process."""
        self._ended.set()
        self._thread.join()
        self._copy.close()

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            self._copy.turn()
            try:
                let_go(self._store, self._copy)
            except Exception as error:  # whatever it was, its message may quote a ballot
                log.error("second copy: cannot be tidied now: %s", type(error).__name__)


def _settled(transaction: BoxTransaction, kept: tuple[Kept, ...]) -> bool:
    head = transaction.head()
    leaves = {leaf_hash(each.entry): each for each in kept if not each.test}
    if head.signed_size < head.size or transaction.waiting(leaves):
        return False
    held = transaction.held(leaves)
    others = [_header(each) for leaf, each in leaves.items() if leaf not in held]
    others += [_header(each) for each in kept if each.test]
    headers = [header for header in others if header is not None]
    holdings = transaction.holdings(header.pseudonym for header in headers)
    # A ballot that is not there because another took its place was never acknowledged.
    return all(
        header.sealed_hash in holdings[header.pseudonym].fates
        or header.sequence <= holdings[header.pseudonym].sequence
        for header in headers
    )


def _header(kept: Kept) -> Header | None:
    """The header of what was kept; None when it is neither a ballot nor a test."""
    try:
        if kept.test:
            return read_test(kept.entry)[0]
        entry = parse_entry(kept.entry)
    except AuditError:
        return None
    return entry.header if isinstance(entry, BallotEntry) else None
