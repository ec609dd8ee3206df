"""The raise without increments, against the definition in plain rationals."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally import rules
from tally.canonical import encode
from tally.errors import TallyError
from tally.outcome import Outcome, replay
from tally.profile import Profile
from tally.rules import (
    equal_shares_between,
    equal_shares_completion,
    equal_shares_opt,
    equal_shares_poll,
    equal_shares_purse,
)
from tally.rules.equal_shares import _counted
from tally.rules.equal_shares_between import Contest, Search
from tally.rules.equal_shares_run import Candidate
from tally.rules.equal_shares_straight import straight
from tally.tiebreak import lot_keys
from tests.tally.equal_shares_axioms import priceable, represented
from tests.tally.equal_shares_cases import Case, approving, cases, count, decide
from tests.tally.equal_shares_completion_oracle import listed_project, scores
from tests.tally.equal_shares_oracle import Bought, equal_shares
from tests.tally.greedy_oracle import election

TRIFLE = Fraction(1, 10**12)
kinds = st.sampled_from(["cost", "cardinality", "points"])
OPT: dict[str, Any] = {"raise": "add-opt"}


class World:
    """The definition, at any start."""

    def __init__(self, case: Case, utility: str) -> None:
        points = scores(case)
        self.case = case
        self.names = list(case.costs)
        self.competing = [n for n in self.names if points[n] and case.costs[n] <= case.budget]
        self._listed = [listed_project(case, utility, name) for name in self.competing]
        self._counts = list(case.ballots.values())
        self.share = Fraction(case.budget, case.voters)

    def bought(self, start: Fraction) -> list[Bought]:
        return equal_shares(start, self._counts, self._listed)[0]

    def winners(self, start: Fraction) -> list[str]:
        return [self.names[each.place] for each in self.bought(start)]

    def over(self, start: Fraction) -> bool:
        return sum(self.case.costs[name] for name in self.winners(start)) > self.case.budget

    def whole(self, start: Fraction) -> bool:
        return len(self.winners(start)) == len(self.competing)

    def open(self, start: Fraction) -> bool:
        return not self.over(start) and not self.whole(start)


def listed(contest: Contest) -> list[Candidate]:
    """The candidates with lists in place of arrays."""
    return [
        replace(
            each,
            who=replace(
                each.who,
                groups=each.who.groups.tolist(),
                utility=None if each.who.utility is None else each.who.utility.tolist(),
                weights=None,
            ),
        )
        for each in contest.candidates
    ]


def started(outcome: Outcome) -> tuple[Fraction, str]:
    detail = outcome.steps[0].detail
    assert isinstance(detail["side"], str)
    return Fraction(str(detail["start"])), detail["side"]


def prices(outcome: Outcome) -> list[Fraction]:
    return [Fraction(str(step.detail["price"])) for step in outcome.steps if "price" in step.detail]


@settings(max_examples=80)
@given(data=st.data(), utility=kinds)
def test_it_ends_at_the_first_start_after_which_nothing_is_open(
    data: st.DataObject, utility: str
) -> None:
    rough = data.draw(st.booleans())
    points = utility == "points"
    ends_rightly(data.draw(cases(points=points, rough=rough, most_groups=8)), utility)


MEETING = Case(
    costs={"a": 10, "b": 7, "c": 8, "d": 9},
    ballots={
        (("a", 2), ("b", 3), ("d", 1)): 1,
        (("a", 1),): 1,
        (("a", 2), ("b", 2), ("c", 2), ("d", 3)): 1,
        (("b", 3), ("c", 2), ("d", 1)): 1,
    },
    budget=35,
)
ORDERED = Case(
    costs={"a": 7, "b": 10, "c": 11},
    ballots={
        (("a", 3),): 1,
        (("a", 1), ("b", 2), ("c", 1)): 1,
        (("a", 2), ("b", 1)): 1,
        (("a", 2), ("c", 3)): 1,
    },
    budget=30,
)


def test_rates_may_meet_where_both_stop_falling() -> None:
    """From 223/20 on, the rates of ``a`` and ``c`` are 2 for good; before, neither is below."""
    before, there = (World(MEETING, "points").bought(Fraction(n, 20)) for n in (222, 223))
    assert [len(each[2].tied) for each in (before, there)] == [1, 2]
    ends_rightly(MEETING, "points")


def test_a_better_order_may_begin_just_above() -> None:
    """At 113/12 two rates are equal and the one listed first is bought; above it the other, and
    then all can be paid for."""
    outcome = decide(ORDERED.envelope(utility="points", **OPT), Profile.of(ORDERED.ballots))
    assert started(outcome) == (Fraction(113, 12), "above")
    assert len(outcome.winners) == 3
    ends_rightly(ORDERED, "points")


def test_prices_are_those_at_the_start_and_not_near_it() -> None:
    """Just below, ballots that have less than the price give all they have."""
    case = Case(
        costs={"a": 58, "b": 52, "c": 26, "d": 33, "e": 26},
        ballots={
            (("b", 2), ("c", 3), ("d", 1)): 1,
            (("a", 3), ("b", 1), ("c", 3), ("d", 1), ("e", 2)): 2,
            (("a", 2), ("b", 3), ("c", 3), ("d", 1), ("e", 1)): 1,
            (("c", 1),): 4,
            (("c", 3), ("d", 1)): 1,
            (("a", 1), ("b", 2)): 1,
            (("b", 3), ("c", 2), ("e", 1)): 1,
        },
        budget=101,
    )
    ends_rightly(case, "points")


def ends_rightly(case: Case, utility: str) -> None:
    """The outcome is that of the definition, at or beside the published start, and none of the
    starts before that were tried ends the raise."""
    outcome = decide(case.envelope(utility=utility, **OPT), Profile.of(case.ballots))
    world = World(case, utility)
    start, side = started(outcome)
    between = start - world.share
    assert between >= 0
    for part in range(16):
        before = world.share + between * part / 16
        assert before == start or world.open(before), "it should have ended before"
    if start > world.share:
        assert world.open(start - TRIFLE)
    if side == "below":
        assert world.over(start)
        assert world.winners(start - TRIFLE) == list(outcome.winners)
        near, nearer = (world.bought(start - TRIFLE * n) for n in (2, 1))
        ending = [2 * b.price - a.price for a, b in zip(near, nearer, strict=True)]
        assert prices(outcome) == ending, "what ballots pay tends to this"
    elif side == "at":
        assert prices(outcome) == [each.price for each in world.bought(start)]
        assert world.winners(start) == list(outcome.winners)
        assert world.whole(start) or world.over(start + TRIFLE)
    else:
        assert side == "above"
        assert world.open(start)
        assert world.whole(start + TRIFLE)
        assert not world.over(start + TRIFLE)
        assert world.winners(start + TRIFLE) == list(outcome.winners)
    played = replay(case.budget, outcome.steps)
    assert played.winners == outcome.winners
    for step in outcome.steps:
        encode(step.to_value())
        money = step.detail.get("money", 0)
        assert isinstance(money, int)
        assert not money or money < case.costs[str(step.project)]


@settings(max_examples=60)
@given(data=st.data(), utility=kinds)
def test_neither_the_unit_nor_the_arithmetic_nor_the_groups_matter(
    data: st.DataObject, utility: str
) -> None:
    case = data.draw(cases(points=utility == "points", most_projects=4))
    profile = Profile.of(case.ballots)
    outcome = decide(case.envelope(utility=utility, **OPT), profile)
    sevenfold = Case(
        costs={name: cost * 7 for name, cost in case.costs.items()},
        ballots=case.ballots,
        budget=case.budget * 7,
    )
    other = decide(sevenfold.envelope(utility=utility, **OPT), profile)
    assert other.winners == outcome.winners
    assert (started(other)[0] / 7, started(other)[1]) == started(outcome)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(equal_shares_poll, "np", None)
        assert decide(case.envelope(utility=utility, **OPT), profile) == outcome
    with pytest.MonkeyPatch.context() as patch:
        for module in (equal_shares_purse, equal_shares_completion, equal_shares_opt):
            patch.setattr(module, "RATIO", Fraction)
        assert decide(case.envelope(utility=utility, **OPT), profile) == outcome


@settings(max_examples=60)
@given(data=st.data(), utility=kinds)
def test_what_is_bought_has_prices_and_represents(data: st.DataObject, utility: str) -> None:
    case = data.draw(cases(points=utility == "points", most_projects=4))
    case = Case(
        costs={name: min(cost, case.budget) for name, cost in case.costs.items()},
        ballots=case.ballots,
        budget=case.budget,
    )
    outcome = decide(case.envelope(utility=utility, **OPT), Profile.of(case.ballots))
    priceable(case, outcome.winners, started(outcome)[0])
    represented(case, outcome.winners, utility)


@settings(max_examples=60)
@given(data=st.data(), utility=kinds, low=st.integers(8, 40), leap=st.integers(1, 24))
def test_what_is_said_of_all_starts_between_is_true_of_each(
    data: st.DataObject, utility: str, low: int, leap: int
) -> None:
    rough = data.draw(st.booleans())
    case = data.draw(cases(points=utility == "points", rough=rough, most_groups=8))
    begin = Fraction(case.budget * low, case.voters * 8)
    holds_between(case, utility, begin, begin + Fraction(case.budget * leap, case.voters * 64))


def test_a_rate_that_overtakes_another_within_is_noticed() -> None:
    """In the middle ``a``, ``b`` and ``d`` are bought in one order, at an end in another."""
    ballots = {"a": 8, "abd": 3, "b": 1, "bcd": 3}
    case = approving({"a": 57, "b": 37, "c": 43, "d": 22}, ballots, 62)
    holds_between(case, "cost", Fraction(124, 15), Fraction(279, 32))


def test_ballots_that_come_to_pay_in_full_within_are_noticed() -> None:
    """Then prices do not go along a line."""
    ballots = {"abcde": 1, "adef": 2, "bdef": 1, "a": 2, "bef": 1, "abcf": 2, "acdef": 2, "abcd": 1}
    costs = {"a": 32, "b": 38, "c": 16, "d": 21, "e": 3, "f": 8}
    case = approving(costs, ballots, 55)
    holds_between(case, "cost", Fraction(715, 48), Fraction(6325, 384))


def holds_between(case: Case, utility: str, begin: Fraction, end: Fraction) -> None:
    """Whatever is said of the starts from ``begin`` to ``end`` is true of some of them."""
    world = World(case, utility)
    envelope = case.envelope(utility=utility, **OPT)
    counted = _counted(envelope, Profile.of(case.ballots), lot_keys(b"", "e"))
    contest = counted.shares.contest()
    inside = [begin + (end - begin) * part / 12 for part in range(13)]
    plain = replace(contest, counts=contest.counts.tolist(), candidates=listed(contest))
    if Search(contest).surely_open(begin, end) or Search(plain).surely_open(begin, end):
        assert all(world.open(start) for start in inside)
    middle = [world.names.index(name) for name in world.winners(inside[6])]
    ends = straight(contest, begin, end, middle)
    if ends is not None:
        for start in inside[1:-1]:
            assert [each.place for each in world.bought(start)] == middle
        bought = world.bought(inside[3])
        for each, one, other in zip(bought, ends[0].purchases, ends[1].purchases, strict=True):
            assert each.price == (3 * one.price + other.price) / 4
            assert each.tied == one.tied == other.tied


def test_the_next_project_would_be_too_dear() -> None:
    """Two ballots begin with 15 each. ``b`` can be paid for from 20 on, but then costs more than is
    left: the raise ends just below 20, where its ballot has not quite enough."""
    case = approving({"a": 12, "b": 20}, {"a": 1, "b": 1}, 30)
    outcome = count(case.envelope(**OPT), Profile.of(case.ballots))
    assert outcome.winners == ("a",)
    assert started(outcome) == (Fraction(20), "below")
    assert outcome.standing("b").detail["money"] == 19


def test_it_goes_on_to_an_end_between_two_increments() -> None:
    """From 3 a ballot, three of ``b`` pay for it from 10/3 on. Everything is bought there."""
    case = approving({"a": 2, "b": 10}, {"a": 1, "b": 3}, 12)
    outcome = count(case.envelope(**OPT), Profile.of(case.ballots))
    assert set(outcome.winners) == {"a", "b"}
    assert started(outcome) == (Fraction(10, 3), "at")
    assert prices(outcome) == [Fraction(10, 3), 2]


def test_a_rate_comes_down_to_that_of_another_and_stays_there() -> None:
    """From 6 a ballot on ``e`` costs its ballots no more than ``f`` for what it is worth, and never
    less: the two are equal from there on, and ``e``, listed first, does not fit."""
    case = approving(
        {"a": 24, "b": 12, "c": 6, "d": 6, "e": 24, "f": 13},
        {"ef": 3, "b": 2, "bc": 3, "abcdef": 2, "acef": 2},
        38,
    )
    outcome = decide(case.envelope(**OPT), Profile.of(case.ballots))
    assert outcome.winners == ("b", "c", "f")
    assert started(outcome) == (Fraction(6), "below")


def test_ties_matter_just_below_too() -> None:
    """``a`` and ``b`` are equal from every start, and whoever comes first leaves nothing for the
    other; at 10 a ballot could pay for ``c``, which is too dear."""
    case = approving({"a": 10, "b": 10, "c": 11}, {"ab": 1, "c": 1}, 20)
    outcome = count(case.envelope(**OPT), Profile.of(case.ballots))
    assert outcome.winners == ("a",)
    assert started(outcome) == (Fraction(11), "below")
    assert [(tie.projects, tie.decisive) for tie in outcome.ties] == [(("a", "b"), True)]


def test_paths_are_given_up_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then closer looks find the same."""
    case = approving(
        {"a": 30, "b": 31, "c": 29, "d": 33}, {"ab": 3, "bc": 2, "acd": 3, "bd": 1}, 90
    )
    profile = Profile.of(case.ballots)
    outcome = decide(case.envelope(**OPT), profile)
    monkeypatch.setattr(equal_shares_between, "MOST_PATHS", 1)
    assert decide(case.envelope(**OPT), profile) == outcome


def test_a_search_that_finds_nothing_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    case = approving({"a": 12, "b": 20}, {"a": 1, "b": 1}, 30)
    monkeypatch.setattr(Search, "surely_open", lambda *_: False)
    monkeypatch.setattr(equal_shares_opt, "straight", lambda *_: None)
    with pytest.raises(TallyError, match="Count with add1"):
        decide(case.envelope(**OPT), Profile.of(case.ballots))


@pytest.mark.parametrize(("language", "phrase"), [("fr", "sans palier"), ("en", "without steps")])
def test_it_reads_itself_back(language: str, phrase: str) -> None:
    contest = approving({"a": 12, "b": 20}, {"a": 1, "b": 1}, 30).envelope(**OPT)
    assert phrase in rules.describe(contest, election(contest), language)[0]
    assert len(rules.example(contest, election(contest), language)) >= 7


def test_it_takes_no_increment() -> None:
    case = approving({"a": 1}, {"a": 1}, 10)
    (fault,) = rules.check(case.envelope(**OPT, increment=1))
    assert "add-opt raises without steps" in str(fault)
