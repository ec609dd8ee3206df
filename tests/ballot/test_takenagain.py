"""What was acknowledged comes back out of the second copy, whatever became of the database."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from audit.receipt import read_receipt
from ballot.box import BallotRefused, BoxStopped, Busy
from ballot.secondcopy import SecondCopy
from ballot.store.box import BoxStore
from ballot.store.boxtransaction import BoxTransaction
from ballot.store.engine import StoreBusy
from ballot.takenagain import TakenAgain, Tidying, let_go
from ballot.waitingcopy import Kept, WaitingCopy
from tests.ballot.precinct import Precinct, ballot, close_entry, leaf, test_message, town
from tests.postgres import Server

OWN = town(batch_minimum=1)
PEOPLE = [ballot(OWN, f"voter {i}") for i in range(6)]
NOTHING = TakenAgain(ballots=0, tests=0, outside=())


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def precinct(tmp_path: Path, server: Server | None) -> Iterator[Precinct]:
    (tmp_path / "box").mkdir()
    precinct = Precinct(tmp_path / "box", OWN, server=server)
    precinct.second_copy = SecondCopy(tmp_path / "other disk")
    precinct.waiting = WaitingCopy(tmp_path / "other disk" / "waiting")
    yield precinct
    precinct.store.dispose()


def files(precinct: Precinct) -> list[str]:
    assert precinct.waiting is not None
    return sorted(path.suffix for path in precinct.waiting.folder.glob("*"))


def test_a_copy_from_before_the_last_ballots_loses_none(precinct: Precinct) -> None:
    """No head tells that it is old: nothing was signed since."""
    sequencer = precinct.opened()
    precinct.cast(PEOPLE[0])
    sequencer.sequence()
    backup = precinct.backup()
    receipts = precinct.cast(*PEOPLE[1:4])
    (revoted,) = precinct.cast(ballot(OWN, "voter 1", 2, "no"))
    with precinct.box() as box:
        tested = box.test(test_message(OWN, "voter 5", PEOPLE[5]))
    old = precinct.restored(backup)
    with old.store.reading() as transaction:
        assert not transaction.held(map(leaf, PEOPLE[1:4]))
    sequencer = old.sequencer(start=False)
    sequencer.start()
    assert old.take_again() == TakenAgain(ballots=4, tests=1, outside=())
    assert old.take_again() == NOTHING
    assert sequencer.sequence() == 4
    assert old.cast(*PEOPLE[1:4]) == receipts
    assert old.cast(ballot(OWN, "voter 1", 2, "no")) == [revoted]
    with old.box() as box:
        assert box.test(test_message(OWN, "voter 5", PEOPLE[5])) == tested
        with pytest.raises(BallotRefused) as refused:
            box.cast(PEOPLE[5].entry, PEOPLE[5].sealed)
    assert refused.value.reason == "tested"
    for cast, receipt in zip(PEOPLE[1:4], receipts, strict=True):
        read_receipt(receipt, OWN.manifest, leaf_hash=leaf(cast))
        assert leaf(cast) in old.leaves()
    old.store.dispose()


def test_after_the_last_batch_too(precinct: Precinct) -> None:
    """The vote ended while the database was an old one: what was taken before the end is in it."""
    sequencer = precinct.opened()
    backup = precinct.backup()
    precinct.cast(*PEOPLE[:3])
    old = precinct.restored(backup)
    old.clock.late()
    sequencer = old.sequencer()
    sequencer.close_log(close_entry(OWN))
    assert sorted(old.leaves()[1:4]) == sorted(map(leaf, PEOPLE[:3]))
    old.store.dispose()


def test_what_a_closed_log_lacks_is_told_and_stays(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    precinct.clock.late()
    sequencer.close_log(close_entry(OWN))
    assert precinct.waiting is not None
    precinct.waiting.keep([Kept(entry=PEOPLE[0].entry, sealed=PEOPLE[0].sealed)])
    precinct.waiting.close()
    for _ in range(2):
        found = precinct.take_again()
        assert found == TakenAgain(ballots=0, tests=0, outside=(leaf(PEOPLE[0]),))
        assert let_go(precinct.store, precinct.waiting) == 0
    assert files(precinct) == [".waiting"]


def test_a_process_killed_between_copy_and_commit_took_the_ballot(
    precinct: Precinct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody was told. The next process has it, and the same request its one receipt."""
    precinct.opened()
    keep = WaitingCopy.keep

    def dies(self: WaitingCopy, group: Any) -> int:
        keep(self, group)
        raise Killed

    monkeypatch.setattr(WaitingCopy, "keep", dies)
    with precinct.box() as box, pytest.raises(BoxStopped):
        box.cast(PEOPLE[0].entry, PEOPLE[0].sealed)
    monkeypatch.undo()
    again = precinct.restart()
    with again.store.reading() as transaction:
        assert not transaction.held([leaf(PEOPLE[0])])
    assert again.take_again() == TakenAgain(ballots=1, tests=0, outside=())
    first = again.cast(PEOPLE[0])
    assert again.cast(PEOPLE[0]) == first
    again.store.dispose()


def test_a_commit_that_was_refused_leaves_nothing_behind(
    precinct: Precinct, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was busy and the resident thought better of it: the test stands."""
    precinct.opened()
    writing = BoxStore.writing

    @contextmanager
    def busy(self: BoxStore) -> Iterator[BoxTransaction]:
        with writing(self) as transaction:
            yield transaction
            raise StoreBusy("the database is busy")

    monkeypatch.setattr(BoxStore, "writing", busy)
    with precinct.box() as box:
        with pytest.raises(Busy):
            box.cast(PEOPLE[0].entry, PEOPLE[0].sealed)
        monkeypatch.undo()
        box.test(test_message(OWN, "voter 0", PEOPLE[0]))
    assert precinct.restart().take_again() == NOTHING


def test_without_the_second_disk_nothing_is_acknowledged(
    precinct: Precinct, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sequencer = precinct.opened()
    assert precinct.waiting is not None
    precinct.waiting = WaitingCopy(tmp_path / "gone" / "waiting")
    (tmp_path / "gone").write_text("no folder")  # as a disk that is gone
    with precinct.box() as box:
        for each in PEOPLE[:2]:
            with pytest.raises(Busy):
                box.cast(each.entry, each.sealed)
        assert box.running
        assert [box.kept_twice] == [False]
        assert caplog.text.count("no ballot is acknowledged before it can") == 1
        assert sequencer.sequence() == 0
        (tmp_path / "gone").unlink()
        assert box.cast(PEOPLE[0].entry, PEOPLE[0].sealed)
        assert [box.kept_twice] == [True]
    assert sequencer.sequence() == 1


def test_what_the_log_holds_leaves_and_tests_stay(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    assert precinct.waiting is not None
    precinct.cast(*PEOPLE[:2])
    with precinct.box() as box:
        box.test(test_message(OWN, "voter 5", PEOPLE[5]))
    assert let_go(precinct.store, precinct.waiting) == 1  # that of the test alone
    assert files(precinct) == [".tested", ".waiting"]
    assert sequencer._commit() == 2  # in the log, and not signed
    assert let_go(precinct.store, precinct.waiting) == 0
    precinct.sequencer()
    assert let_go(precinct.store, precinct.waiting) == 1
    assert files(precinct) == [".tested"]
    # An older copy still, that was brought forward from the log, knows no tests.
    precinct.alter("DELETE FROM box_fate WHERE tested")
    assert precinct.take_again() == TakenAgain(ballots=0, tests=1, outside=())


def test_a_running_box_tidies_up_by_itself(
    precinct: Precinct, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Once a batch; what a process before it left too. And tries again when it could not."""
    tries: list[float] = []

    def tidy(store: BoxStore, copy: WaitingCopy) -> int:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise StoreBusy("the database is busy: secret words")
        return let_go(store, copy)

    def quick(store: BoxStore, copy: WaitingCopy, seconds: float) -> Tidying:
        assert seconds == OWN.manifest.box.batch_seconds
        return Tidying(store, copy, 0.05)

    monkeypatch.setattr("ballot.takenagain.let_go", tidy)
    monkeypatch.setattr("ballot.box.Tidying", quick)
    sequencer = precinct.opened()
    precinct.cast(PEOPLE[0])
    with precinct.box() as box:
        box.cast(PEOPLE[1].entry, PEOPLE[1].sealed)
        sequencer.sequence()
        until = time.monotonic() + 180
        while files(precinct):
            assert time.monotonic() < until
            time.sleep(0.05)
    assert len(tries) > 1
    assert "StoreBusy" in caplog.text
    assert "secret" not in caplog.text


def test_nothing_in_the_copy_is_believed(precinct: Precinct) -> None:
    precinct.opened()
    assert precinct.waiting is not None
    forged = PEOPLE[0].entry.replace(b'"sequence":1', b'"sequence":2')
    assert forged != PEOPLE[0].entry
    message = test_message(OWN, "voter 1", PEOPLE[1]).replace(b'"sequence":1', b'"sequence":2')
    precinct.waiting.keep(
        [
            Kept(entry=forged, sealed=PEOPLE[0].sealed),
            Kept(entry=PEOPLE[1].entry, sealed=PEOPLE[2].sealed),
            Kept(entry=message, sealed=b""),
            Kept(entry=b"no test", sealed=b""),
            Kept(entry=b"no ballot", sealed=b"x"),
        ]
    )
    precinct.waiting.close()
    assert precinct.take_again() == NOTHING
    assert let_go(precinct.store, precinct.waiting) == 0


def test_a_database_that_is_full_says_so_and_keeps_the_copy(
    precinct: Precinct, monkeypatch: pytest.MonkeyPatch
) -> None:
    precinct.opened()
    backup = precinct.backup()
    precinct.cast(*PEOPLE[:2])
    old = precinct.restored(backup)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(BoxTransaction, "accept", full)
    with pytest.raises(sqlite3.OperationalError):
        old.take_again()
    monkeypatch.undo()
    assert old.take_again() == TakenAgain(ballots=2, tests=0, outside=())
    old.store.dispose()
