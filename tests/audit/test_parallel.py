"""Work shared by processes: in order, whatever work it is, and after something went wrong."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from audit import parallel
from audit.parallel import IN_THIS_PROCESS, PORTION, Workers

NUMBERS = range(2 * PORTION + 1)


@dataclass(frozen=True, slots=True)
class Times:
    """Multiplies, and says in which process; refuses one number."""

    factor: int
    refused: int = -1

    def __call__(self, portion: Sequence[int], /) -> tuple[int, list[int]]:
        if self.refused in portion:
            raise ArithmeticError(f"{self.refused} by {self.factor}")
        return os.getpid(), [self.factor * each for each in portion]


def done(workers: Workers, work: Times) -> tuple[set[int], list[int]]:
    """The processes that worked, and all that they found."""
    found = list(workers.in_portions(work, NUMBERS, number=len(NUMBERS)))
    assert [len(portion) for _, portion in found] == [PORTION, PORTION, 1]
    return {process for process, _ in found}, [each for _, portion in found for each in portion]


def test_processes_do_one_work_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORTH_IT", len(NUMBERS))
    with Workers(2) as workers:
        by_two, doubled = done(workers, Times(2))
        with pytest.raises(ArithmeticError, match="300 by 5"):
            done(workers, Times(5, refused=300))
        next(workers.in_portions(Times(7), NUMBERS, number=len(NUMBERS)))  # nobody takes the rest
        by_three, tripled = done(workers, Times(3))
        workers.end()
        others, again = done(workers, Times(3))
    assert doubled == [2 * each for each in NUMBERS]
    assert again == tripled == [3 * each for each in NUMBERS]
    assert len(by_two | by_three) <= 2
    assert os.getpid() not in by_two | by_three | others
    assert not others & (by_two | by_three)


def test_little_work_and_one_job_stay_in_this_process() -> None:
    with Workers(2) as workers:
        assert done(workers, Times(2))[0] == {os.getpid()}


def test_one_job_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORTH_IT", 1)
    assert done(IN_THIS_PROCESS, Times(2))[0] == {os.getpid()}
