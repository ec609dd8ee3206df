"""One history, whatever happens: the box and its sequencer as a state machine.

Casts, revotes, retries, tests, batches, crashes at any step, restored old copies, a second
sequencer, a disk that is full, a disk that lied about its last writes and a clock that jumps, in
any order. After every step: what was acknowledged is there, all released checkpoints
are prefixes of one log, and every credential counts once.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from audit.admission import admit
from audit.checkpoint import open_checkpoint
from audit.merkle import root
from audit.receipt import check_promise, read_receipt
from ballot.box import BallotRefused, BoxStopped, Busy
from ballot.durable import FileDiffers
from ballot.release import FolderAhead
from ballot.sequencer import SequencerStopped
from ballot.signer import SigningRefused
from ballot.startup import DatabaseBehind
from ballot.store.boxtransaction import BoxTransaction, HeadMoved
from ballot.takenagain import let_go
from ballot.voter import SealedBallot
from ballot.waitingcopy import WaitingCopy
from tests.ballot.precinct import (
    CLOSES,
    OPENS,
    Precinct,
    ballot,
    close_entry,
    leaf,
    nothing,
    test_message,
    town,
)
from tests.postgres import Server

OWN = town(batch_minimum=2)
PEOPLE = [f"voter {i}" for i in range(5)]
OPTIONS = ("yes", "no")

people = st.sampled_from(PEOPLE)
sequences = st.integers(1, 4)
options = st.sampled_from(OPTIONS)
steps = st.integers(0, 14)
times = st.sampled_from(
    [
        OPENS - timedelta(hours=1),
        OPENS,
        OPENS + timedelta(hours=1),
        CLOSES - timedelta(seconds=1),
        CLOSES,
        CLOSES + timedelta(hours=1),
    ]
)


class Crash(BaseException):
    """The process ends here."""


def full(*_: object) -> None:
    """What SQLite says when a write finds no room."""
    raise sqlite3.OperationalError("database or disk is full")


def full_disk(*_: object) -> None:
    """What the system says of another disk that is full."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


Remembered = tuple[dict[bytes, bytes], dict[str, SealedBallot], set[bytes]]
"""Receipts by leaf hash, each person's last ballot, the leaf hashes of tested ballots."""


class History(RuleBasedStateMachine):
    """The world, and what an honest observer remembers of it."""

    server: Server | None = None

    @initialize(second_disk=st.booleans())
    def begin(self, second_disk: bool) -> None:
        self.folder = Path(mkdtemp())
        (self.folder / "box").mkdir()
        self.precinct = Precinct(self.folder / "box", OWN, server=self.server)
        if second_disk:
            self.precinct.waiting = WaitingCopy(self.folder / "second disk")
        self.sequencer = self.precinct.opened()
        self.receipts: dict[bytes, bytes] = {}
        self.highest: dict[str, SealedBallot] = {}
        self.tested: set[bytes] = set()
        self.released: set[tuple[int, bytes]] = set()
        self.closed = False
        self.copy: str | None = None
        self.copied: Remembered = ({}, {}, set())

    def teardown(self) -> None:
        if hasattr(self, "precinct"):
            self.precinct.store.dispose()
            shutil.rmtree(self.folder)

    # -- residents ------------------------------------------------------------------------------

    @rule(person=people, sequence=sequences, option=options)
    def cast(self, person: str, sequence: int, option: str) -> None:
        """A first ballot, a revote, a retry, or an attempt that must fail."""
        each = ballot(OWN, person, sequence, option)
        before = self.highest.get(person)
        expected = "accepted"
        if leaf(each) not in self.receipts:
            if self._untimely():
                expected = self._untimely()
            elif leaf(each) in self.tested:
                expected = "tested"
            elif before and before.header.sequence >= sequence:
                same = before.header.sequence == sequence
                expected = "same-sequence" if same else "lower-sequence"
        try:
            (receipt,) = self.precinct.cast(each)
        except BallotRefused as refused:
            answer = refused.reason
        else:
            answer = "accepted"
            read_receipt(receipt, OWN.manifest, leaf_hash=leaf(each))
            assert self.receipts.setdefault(leaf(each), receipt) == receipt
            if before is None or sequence > before.header.sequence:
                self.highest[person] = each
        assert answer == expected

    @rule(person=people, sequence=sequences, option=options)
    def test(self, person: str, sequence: int, option: str) -> None:
        each = ballot(OWN, person, sequence, option)
        expected = "accepted"
        if leaf(each) not in self.tested:
            if self._untimely():
                expected = self._untimely()
            elif leaf(each) in self.receipts:
                expected = "already-cast"
        try:
            with self.precinct.box() as box:
                box.test(test_message(OWN, person, each))
        except BallotRefused as refused:
            answer = refused.reason
        else:
            answer = "accepted"
            self.tested.add(leaf(each))
        assert answer == expected

    def _untimely(self) -> str:
        """Why a new ballot is refused now, or an empty text: the box's clock says so, and the
        close entry whatever the clock says."""
        if self.closed or self.precinct.clock.now >= CLOSES:
            return "closed"
        return "not-open" if self.precinct.clock.now < OPENS else ""

    # -- the clock and the disk -----------------------------------------------------------------

    @rule(time=times)
    def the_clock_jumps(self, time: datetime) -> None:
        self.precinct.clock.now = time

    @rule(person=people, sequence=sequences)
    def cast_without_room(self, person: str, sequence: int) -> None:
        """Below the floor all are refused for a while, those who only ask again too."""
        each = ballot(OWN, person, sequence)
        with self.precinct.box(room=lambda: False) as box:
            try:
                box.cast(each.entry, each.sealed)
            except Busy:
                assert box.running
            else:
                raise AssertionError("a ballot was taken without room for it")

    @rule(person=people, sequence=sequences)
    def cast_on_a_full_disk(self, person: str, sequence: int) -> None:
        """The write fails: nothing is promised, and the process has to end."""
        each = ballot(OWN, person, sequence)
        with patch.object(BoxTransaction, "accept", full), self.precinct.box() as box:
            try:
                box.cast(each.entry, each.sealed)
            except BoxStopped:
                assert not box.running
            else:
                raise AssertionError("a ballot was promised that was not written")
        self.restart()

    @rule(at=steps)
    def sequence_on_a_full_disk(self, at: int) -> None:
        """The sequencer stops at the write that fails; the same process starts it again."""
        count = iter(range(at))

        def step(_name: str) -> None:
            if next(count, None) is None:
                full()

        self.precinct.on_step = step
        failed = False
        try:
            self.sequencer.sequence()
        except sqlite3.OperationalError:
            failed = True
        self.precinct.on_step = nothing
        self._look()
        if failed:
            try:
                self.sequencer.sequence()
            except SequencerStopped:
                self.sequencer.start()
            else:
                raise AssertionError("the sequencer went on after a failed write")

    @precondition(lambda self: self.copy is not None)
    @rule()
    def the_disk_lied(self) -> None:
        """A power cut takes back what the database said was durable. Is something of it signed,
        the box does not start, see ``restore_an_old_copy``. Otherwise nobody can know, but those
        who hold receipts: they send the same again and get the same receipt. A second disk knows
        all of it: what was acknowledged is taken again."""
        assert self.copy is not None
        with self.precinct.store.reading() as transaction:
            present = transaction.head()
        old = self.precinct.beside(self.folder / "look", self.copy)
        with old.store.reading() as transaction:
            forgotten = transaction.head() != present
        old.store.dispose()
        shutil.rmtree(self.folder / "look")
        if forgotten:
            return
        lost = {key: self.receipts[key] for key in self.receipts if key not in self.copied[0]}
        self.precinct = self.precinct.restored(self.copy)
        self.sequencer = self.precinct.sequencer()
        if self.precinct.waiting is not None:
            return
        receipts, highest, tested = self.copied
        self.receipts, self.highest, self.tested = dict(receipts), dict(highest), set(tested)
        with self.precinct.store.reading() as transaction:
            assert not transaction.held(lost)
        if self._untimely():
            return
        again = [
            (person, ballot(OWN, person, sequence, option))
            for sequence in range(1, 5)
            for person in PEOPLE
            for option in OPTIONS
        ]
        for person, each in again:
            if leaf(each) in lost:
                assert self.precinct.cast(each) == [lost[leaf(each)]]
                self.receipts[leaf(each)] = lost[leaf(each)]
                self.highest[person] = each

    @precondition(lambda self: self.precinct.waiting is not None)
    @rule(person=people, sequence=sequences)
    def cast_without_a_second_disk(self, person: str, sequence: int) -> None:
        """It cannot be written: new ballots are told to come again, and nothing of them stays."""
        each = ballot(OWN, person, sequence)
        with patch.object(os, "fdatasync", full_disk), self.precinct.box() as box:
            try:
                box.cast(each.entry, each.sealed)
            except Busy:
                assert leaf(each) not in self.receipts
            except BallotRefused:
                pass
            else:
                assert leaf(each) in self.receipts
            assert box.running

    @precondition(lambda self: self.precinct.waiting is not None)
    @rule()
    def tidy(self) -> None:
        """What the log holds leaves the second disk; what waits stays there."""
        assert self.precinct.waiting is not None
        let_go(self.precinct.store, self.precinct.waiting)

    # -- the sequencer --------------------------------------------------------------------------

    @rule()
    def sequence(self) -> None:
        self.sequencer.sequence()

    @rule(at=steps)
    def sequence_and_crash(self, at: int) -> None:
        self._crash(at, self.sequencer.sequence)

    @rule(at=steps)
    def restart_and_crash(self, at: int) -> None:
        self.precinct = self.precinct.restart()
        self._crash(at, self.precinct.sequencer)

    def _crash(self, at: int, act: Callable[[], object]) -> None:
        count = iter(range(at))

        def step(name: str) -> None:
            if next(count, None) is None:
                raise Crash(name)

        self.precinct.on_step = step
        with suppress(Crash):
            act()
        self._look()
        self.restart()

    @rule()
    def restart(self) -> None:
        self.precinct = self.precinct.restart()
        self.sequencer = self.precinct.sequencer()

    @rule()
    def second_sequencer(self) -> None:
        other = self.precinct.sequencer()
        if other.sequence():
            try:
                self.sequencer.sequence()
            except HeadMoved:
                self.sequencer.start()
            else:
                raise AssertionError("the first sequencer did not notice the second")

    # -- old copies -----------------------------------------------------------------------------

    @rule()
    def copy_database(self) -> None:
        self.copy = self.precinct.backup()
        self.copied = (dict(self.receipts), dict(self.highest), set(self.tested))

    @precondition(lambda self: self.copy is not None)
    @rule(person=people)
    def restore_an_old_copy(self, person: str) -> None:
        """In a world beside this one, where the box goes on with the old copy: it is refused as
        soon as something was signed since, and nothing it does is ever signed."""
        assert self.copy is not None
        with self.precinct.store.reading() as transaction:
            signed = transaction.head().signed_size
        other = self.folder / "other"
        world = self.precinct.beside(other, self.copy)
        with world.store.reading() as transaction:
            old = transaction.head().size
        try:
            if old < signed:
                for _ in range(2):
                    try:
                        world.sequencer()
                    except DatabaseBehind:
                        pass
                    else:
                        raise AssertionError("an old copy was accepted")
                    careless = world.sequencer(start=False)
                    with world.store.reading() as transaction:
                        careless._head = transaction.head()
                    try:
                        moved = careless.sequence()
                    except (SigningRefused, FolderAhead, FileDiffers, SequencerStopped):
                        pass
                    else:
                        assert moved == 0
                    note = (world.log / "checkpoint").read_bytes()
                    assert note == (self.precinct.log / "checkpoint").read_bytes()
        finally:
            world.store.dispose()
            shutil.rmtree(other)

    # -- the close ------------------------------------------------------------------------------

    @precondition(lambda self: not self.closed)
    @rule(at=st.one_of(st.none(), steps))
    def close(self, at: int | None) -> None:
        self.precinct.clock.now = CLOSES
        self.closed = True
        if at is not None:
            self._crash(at, lambda: self.sequencer.close_log(close_entry(OWN)))
        self.sequencer.close_log(close_entry(OWN))
        assert self.sequencer.close_log(close_entry(OWN)) == close_entry(OWN)

    # -- what must always hold ------------------------------------------------------------------

    def _look(self) -> None:
        key = OWN.manifest.box.verifier_key
        note = (self.precinct.log / "checkpoint").read_bytes()
        for each in (note, self.precinct.box().status().checkpoint):
            head = open_checkpoint(each, key.name, key).checkpoint
            self.released.add((head.size, head.root))

    @invariant()
    def one_history(self) -> None:
        if not hasattr(self, "precinct"):
            return
        self._look()
        log = self.precinct.leaves()
        for size, seen in self.released:
            assert size <= len(log)
            assert root(log[:size]) == seen

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        if not hasattr(self, "precinct"):
            return
        with self.precinct.store.reading() as transaction:
            assert transaction.held(self.receipts) == set(self.receipts)
            assert not transaction.held(self.tested)

    @invariant()
    def every_credential_counts_once(self) -> None:
        if not hasattr(self, "precinct") or not self.closed:
            return
        with self.precinct.store.reading() as transaction:
            head = transaction.head()
            entries = [entry for _, entry in transaction.entries(0, head.size)]
        admitted = admit(OWN.manifest, entries)
        counted = {each.leaf_hash for each in admitted.counted["north"]}
        assert counted == {leaf(each) for each in self.highest.values()}
        for receipt in self.receipts.values():
            check_promise(
                read_receipt(receipt, OWN.manifest),
                self.precinct.leaves(),
                final=True,
                now=self.precinct.clock.now,
            )


SETTINGS = settings(
    max_examples=600 if os.environ.get("SCRUTIN_SLOW") == "1" else 40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestHistory = History.TestCase
TestHistory.settings = SETTINGS


def test_one_history_on_postgresql(postgresql: Server) -> None:
    class OnPostgresql(History):
        server = postgresql

    run_state_machine_as_test(OnPostgresql, settings=settings(SETTINGS, max_examples=6))
