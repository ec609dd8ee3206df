"""A process that examines ballots beside the box: the same verdicts, whatever becomes of it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from audit.receipt import read_receipt
from ballot.box import BallotRefused
from ballot.examining import Examiner, ExaminerBeside, main
from ballot.intake import Candidate, Refused
from tests.ballot.precinct import Precinct, ballot, leaf, town

OWN = town()
LONG = 20.0


class Told:
    """Verdicts, as they come."""

    def __init__(self, number: int) -> None:
        self.verdicts: dict[int, Candidate | Refused] = {}
        self._number = number
        self._whole = Event()

    def __call__(self, place: int, found: Candidate | Refused) -> None:
        assert place not in self.verdicts, "told twice"
        self.verdicts[place] = found
        if len(self.verdicts) == self._number:
            self._whole.set()

    def all(self) -> list[Candidate | Refused]:
        assert self._whole.wait(LONG), f"told: {sorted(self.verdicts)} of {self._number}"
        return [self.verdicts[place] for place in range(self._number)]


def given() -> list[tuple[bytes, bytes]]:
    """Ballots, and what is none."""
    good = [ballot(OWN, person) for person in ("ana", "ben", "cai", "dov", "eva")]
    pairs = [(each.entry, each.sealed) for each in good]
    return [
        *pairs,
        (b"{}", pairs[0][1]),
        (pairs[0][0], pairs[1][1]),
        (pairs[0][0], pairs[0][1][:-1]),
        (pairs[0][0].replace(b'"sequence":1', b'"sequence":2'), pairs[0][1]),
    ]


def ask(examiner: Examiner, pairs: list[tuple[bytes, bytes]]) -> Told:
    told = Told(len(pairs))
    for place, pair in enumerate(pairs):
        examiner.examine(*pair, lambda found, place=place: told(place, found))  # type: ignore[misc]
    return told


def expected() -> list[Candidate | Refused]:
    return ask(Examiner(OWN.manifest), given()).all()


def ready(examiner: ExaminerBeside, other_than: int | None = None) -> int:
    """The number of the process, once there is one."""
    until = time.monotonic() + LONG
    while (process := examiner.process) is None or process == other_than:
        assert time.monotonic() < until
        time.sleep(0.01)
    return process


@contextmanager
def beside(**settings: Any) -> Iterator[ExaminerBeside]:
    examiner = ExaminerBeside(OWN.manifest, **settings)
    examiner.begin()
    try:
        yield examiner
    finally:
        examiner.end()


@pytest.fixture
def examiner() -> Iterator[ExaminerBeside]:
    with beside(again_seconds=0.01) as examiner:
        yield examiner


def test_the_verdicts_are_those_of_the_box_itself(examiner: ExaminerBeside) -> None:
    ready(examiner)
    found = expected()
    kinds = [each.reason if isinstance(each, Refused) else "valid" for each in found]
    assert kinds == ["valid"] * 5 + ["malformed", "sealed-hash", "sealed-length", "bad-signature"]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: ask(examiner, given()), range(16)))
    for each in told:
        assert each.all() == found
    assert examiner.process is not None


def test_while_the_process_starts_the_box_examines_itself() -> None:
    with beside() as examiner:
        assert examiner.process is None
        assert len(ask(examiner, given()).verdicts) == len(given())  # told at once
        ready(examiner)


def test_what_a_killed_process_owes_is_examined_all_the_same(
    examiner: ExaminerBeside, caplog: pytest.LogCaptureFixture
) -> None:
    first = ready(examiner)
    os.kill(first, signal.SIGSTOP)
    told = ask(examiner, given())
    assert not told.verdicts
    os.kill(first, signal.SIGKILL)
    assert told.all() == expected()
    assert ready(examiner, other_than=first) != first
    assert ask(examiner, given()).all() == expected()
    assert "the box examines them itself" in caplog.text


def test_a_silent_process_is_replaced() -> None:
    with beside(silent_seconds=0.3, again_seconds=0.01) as examiner:
        first = ready(examiner)
        os.kill(first, signal.SIGSTOP)
        assert ask(examiner, given()).all() == expected()
        ready(examiner, other_than=first)
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)


def test_a_process_that_cannot_be_started_is_done_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = Event()

    def full(*_words: object, **_settings: object) -> None:
        tried.set()
        raise OSError("Cannot allocate memory")

    monkeypatch.setattr(subprocess, "Popen", full)
    with beside(again_seconds=0.01) as examiner:
        assert tried.wait(LONG)
        assert ask(examiner, given()).all() == expected()
    assert "no process to examine ballots" in caplog.text


def test_at_the_end_what_is_owed_is_told_and_the_process_is_gone() -> None:
    examiner = ExaminerBeside(OWN.manifest)
    examiner.begin()
    process = ready(examiner)
    told = ask(examiner, given() * 10)
    examiner.end()
    assert told.all() == expected() * 10
    assert examiner.process is None
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert len(ask(examiner, given()).verdicts) == len(given())


def test_the_process_gets_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRUTIN_PASSPHRASE", "nobody else's")
    monkeypatch.setenv("DATABASE_URL", "postgresql://box:secret@localhost/box")
    with beside() as examiner:
        known = Path(f"/proc/{ready(examiner)}/environ").read_bytes()
        words = Path(f"/proc/{examiner.process}/cmdline").read_bytes()
    assert b"PATH=" in known
    for secret in (b"SCRUTIN", b"DATABASE_URL", b"secret", b"nobody"):
        assert secret not in known + words


def test_the_process_ends_when_nobody_is_at_the_other_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # it would be this process's
    end, other = os.pipe()
    os.close(other)
    main([str(end)])  # returns


def test_a_box_casts_through_it(tmp_path: Path) -> None:
    precinct = Precinct(tmp_path, OWN)
    precinct.opened()
    examiner = ExaminerBeside(OWN.manifest, again_seconds=0.01)
    cast = [ballot(OWN, f"person-{number}") for number in range(24)]
    with precinct.box(examiner=examiner) as box, ThreadPoolExecutor(6) as pool:
        process = ready(examiner)
        receipts = [pool.submit(box.cast, each.entry, each.sealed) for each in cast[:12]]
        os.kill(process, signal.SIGKILL)
        receipts += [pool.submit(box.cast, each.entry, each.sealed) for each in cast[12:]]
        for each, receipt in zip(cast, receipts, strict=True):
            read_receipt(receipt.result(LONG), OWN.manifest, leaf_hash=leaf(each))
        ready(examiner, other_than=process)
        with pytest.raises(BallotRefused, match="entry"):
            box.cast(b"{}", b"")
    precinct.store.dispose()
