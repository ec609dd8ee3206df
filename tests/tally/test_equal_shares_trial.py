"""Trials in binary fractions say what exact runs say, or nothing."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally.rules.equal_shares_purse import Supporters, open_purse
from tally.rules.equal_shares_raise import Counting, highest_start
from tally.rules.equal_shares_run import Candidate, Run, run
from tally.rules.equal_shares_trial import Field


def candidate(
    place: int, cost: int, utility: dict[int, int], counts: list[int], *, by_cost: bool
) -> Candidate:
    uniform = set(utility.values()) <= {1}
    groups = sorted(utility)
    return Candidate(
        place=place,
        cost=cost,
        who=Supporters(
            groups=np.array(groups, dtype=np.int64),
            utility=None if uniform else np.array([utility[g] for g in groups], dtype=np.int64),
            weight=sum(counts[g] for g in groups),
            total=sum(counts[g] * utility[g] for g in groups),
        ),
        scale=max(cost, 1) if by_cost else 1,
        key=(place,),
    )


@st.composite
def fields(draw: st.DrawFn) -> tuple[list[Candidate], list[int]]:
    """Candidates and ballots; many of the rates are equal or nearly so."""
    counts = draw(st.lists(st.integers(1, 5), min_size=1, max_size=9))
    unit = draw(st.sampled_from([1, 1, 10**9]))
    by_cost, points = draw(st.booleans()), draw(st.booleans())
    chosen = st.dictionaries(
        st.integers(0, len(counts) - 1), st.integers(1, 3 if points else 1), min_size=1
    )
    return [
        candidate(
            place,
            draw(st.integers(0, 60)) * unit + draw(st.integers(0, 1)),
            draw(chosen),
            counts,
            by_cost=by_cost and not points,
        )
        for place in range(draw(st.integers(1, 8)))
    ], counts


starts = st.builds(Fraction, st.integers(0, 90), st.sampled_from([1, 1, 3, 7]))


def listed(candidates: list[Candidate]) -> list[Candidate]:
    """The same without NumPy."""
    return [
        replace(
            each,
            who=replace(
                each.who,
                groups=each.who.groups.tolist(),
                utility=None if each.who.utility is None else each.who.utility.tolist(),
            ),
        )
        for each in candidates
    ]


def exact(candidates: list[Candidate], counts: Any, start: Fraction) -> Run:
    found = run(candidates, open_purse(start, np.array(counts)))
    assert found is not None
    return found


@settings(max_examples=400)
@given(drawn=fields(), start=starts, scale=st.sampled_from([1, 10**9]), plain=st.booleans())
def test_what_a_trial_says_is_so(
    drawn: tuple[list[Candidate], list[int]], start: Fraction, scale: int, plain: bool
) -> None:
    candidates, counts = drawn
    start *= scale
    field = Field(listed(candidates), counts) if plain else Field(candidates, np.array(counts))
    trial = field.trial(start)
    if trial is None:
        return
    found = exact(candidates, counts, start)
    assert list(trial.places) == found.winners
    by_place = {each.place: each for each in candidates}
    for place, highest, even, each in zip(
        trial.places, trial.highest, trial.even, found.purchases, strict=True
    ):
        whole = by_place[place]
        assert Fraction(each.price) / whole.scale <= Fraction(highest)
        assert Fraction(highest) <= Fraction(each.price) / whole.scale + Fraction(start) / 2**20
        assert not even or Fraction(each.price) * whole.who.total == whole.cost
    assert trial.spent == sum(by_place[place].cost for place in trial.places)
    # A hint changes nothing, whatever it says.
    for other in (start * 2, start / 3, start + 1):
        hint = field.trial(other)
        hinted = field.trial(start, like=hint)
        assert hinted is None or hinted.places == trial.places


@settings(max_examples=300)
@given(drawn=fields(), start=starts, stride=st.integers(1, 12), plain=st.booleans())
def test_nothing_changes_where_a_trial_leaps(
    drawn: tuple[list[Candidate], list[int]], start: Fraction, stride: int, plain: bool
) -> None:
    candidates, counts = drawn
    field = Field(listed(candidates), counts) if plain else Field(candidates, np.array(counts))
    below = field.trial(start)
    above = None if below is None else field.leap(start + stride, below)
    if below is None or above is None:
        return
    for number in range(2 * stride + 1):
        found = exact(candidates, counts, start + Fraction(number, 2))
        assert list(above.places) == list(below.places) == found.winners


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("last_first", [False, True])
def test_equal_rates_are_told_where_others_have_nothing_left(plain: bool, last_first: bool) -> None:
    """The second purchase takes all that group 0 has left; then each of two projects costs its two
    remaining ballots half of what they have, and the keys decide."""
    counts = [3, 1, 1, 1, 1, 7, 9]
    drawn = [
        candidate(0, 60, {0: 1, 6: 1}, counts, by_cost=True),
        candidate(1, 78, {0: 1, 5: 1}, counts, by_cost=True),
        candidate(2, 10, {0: 1, 1: 1, 2: 1}, counts, by_cost=True),
        candidate(3, 10, {3: 1, 4: 1}, counts, by_cost=True),
    ]
    if last_first:
        drawn = [replace(each, key=(-each.place,)) for each in drawn]
    start = Fraction(10)
    field = Field(listed(drawn), counts) if plain else Field(drawn, np.array(counts))
    trial = field.trial(start)
    assert trial is not None
    assert list(trial.places) == ([0, 1, 3, 2] if last_first else [0, 1, 2, 3])
    assert exact(drawn, counts, start).winners == list(trial.places)


def city(seed: int) -> tuple[list[Candidate], list[int]]:
    """Some thousand ballots, forty projects."""
    draws = np.random.default_rng(seed)
    counts = draws.integers(1, 4, 1_500).tolist()
    candidates = []
    for place in range(40):
        chosen = draws.choice(1_500, int(draws.integers(30, 400)), replace=False)
        points = draws.integers(1, 4, len(chosen)) if seed % 2 else np.ones(len(chosen), dtype=int)
        utility = dict(zip(chosen.tolist(), points.tolist(), strict=True))
        cost = int(draws.integers(3_000, 60_000))
        candidates.append(candidate(place, cost, utility, counts, by_cost=not seed % 2))
    return candidates, counts


@pytest.mark.parametrize("seed", range(4))
def test_a_city_is_decided_without_rationals(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one start of a raise is left to the exact count, and all agree with it."""
    candidates, counts = city(seed)
    budget = 250_000
    ballots = sum(counts)

    def raised(increment: int) -> Any:
        return highest_start(
            candidates,
            np.array(counts),
            ballots=ballots,
            budget=budget,
            increment=increment,
            exhaustive=False,
        )[0]

    with monkeypatch.context() as patch:
        patch.setattr(Counting, "_exactly", None)
        found = raised(3)
    start = Fraction(budget // (ballots * 3) * 3)
    most = budget
    while run(candidates, open_purse(start + 3, np.array(counts)), most=most) is not None:
        start += 3
    assert found == start


def test_what_binary_fractions_cannot_tell_is_left_to_the_exact_count() -> None:
    """Rates that differ by one part in 10^15, after a purchase that left everybody something."""
    big = 10**15 * 4
    counts = [1, 1, 1]
    candidates = [
        replace(candidate(0, big * 3 // 2, {0: 1, 1: 1}, counts, by_cost=False), scale=big),
        candidate(1, big, {0: 1, 2: 1}, counts, by_cost=False),
        candidate(2, big - 1, {1: 1, 2: 1}, counts, by_cost=False),
    ]
    start = Fraction(big)
    assert Field(candidates, np.array(counts)).trial(start) is None
    counted = Counting(candidates, np.array(counts)).count(start)
    assert list(counted.places) == exact(candidates, counts, start).winners == [0, 2]
