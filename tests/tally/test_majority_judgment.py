"""Majority judgment: the order by taking grades away, the filling, the margins by recounting."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tally import rules
from tally.election import Approval, CountingRule, Envelope, Project
from tally.form import Grades
from tally.mark import Choice
from tally.outcome import replay
from tally.profile import Profile
from tally.rules.majority_grade import (
    gauge,
    majority_grade,
    majority_key,
    shape_changes,
    spoil,
)
from tally.rules.majority_judgment import count, grades_of
from tally.tiebreak import lot_keys
from tests.tally.greedy_oracle import words

LOT = lot_keys(b"majority", "e")
PARIS = ("Très favorable", "Favorable", "Passable", "Insuffisant")


def made(
    costs: list[int],
    *,
    budget: int = 100,
    grades: int = 4,
    default: int | None = None,
    tie_break: tuple[str, ...] = ("order",),
    districts: tuple[str, ...] = (),
    **parameters: Any,
) -> Envelope:
    given = {"on_misfit": "skip", **parameters}
    return Envelope(
        id="e",
        title=words("e"),
        description=words("e"),
        budget=budget,
        form=Grades(
            labels=tuple(words(PARIS[n] if n < 4 else str(n)) for n in range(grades)),
            default=grades - 1 if default is None else default,
        ),
        rule=CountingRule.of("majority-judgment", given),
        tie_break=tie_break,
        projects=tuple(
            Project(
                id=f"p{n}",
                title=words(f"p{n}"),
                description=words("x"),
                cost=cost,
                district=districts[n] if districts else "",
            )
            for n, cost in enumerate(costs)
        ),
    )


def taken_away(counts: list[int]) -> list[int]:
    """The definition: the lower middle grade of a sorted list, taken away until none is left."""
    grades = [grade for grade, ballots in enumerate(counts) for _ in range(ballots)]
    taken = []
    while grades:
        taken.append(grades.pop(len(grades) // 2))
    return taken


@st.composite
def electorates(draw: st.DrawFn, projects: int) -> list[list[int]]:
    grades, ballots = draw(st.integers(2, 5)), draw(st.integers(1, 9))
    grade = st.integers(0, grades - 1)
    return [
        [drawn.count(g) for g in range(grades)]
        for drawn in (
            draw(st.lists(grade, min_size=ballots, max_size=ballots)) for _ in range(projects)
        )
    ]


@given(electorates(2))
def test_the_key_orders_as_taking_grades_away(pair: list[list[int]]) -> None:
    one, other = pair
    first, second = taken_away(one), taken_away(other)
    assert majority_grade(one) == first[0]
    assert (majority_key(one) < majority_key(other)) == (first < second)
    assert (majority_key(one) == majority_key(other)) == (first == second)


@given(electorates(2))
def test_the_gauge_orders_as_the_key_wherever_it_tells_apart(pair: list[list[int]]) -> None:
    one, other = pair
    if gauge(one) != gauge(other):
        assert (gauge(one) > gauge(other)) == (majority_key(one) < majority_key(other))


@given(electorates(1), st.integers(0, 4))
def test_only_at_the_numbers_named_does_a_key_change_shape(
    one: list[list[int]], added: int
) -> None:
    (counts,) = one
    grade = min(added, len(counts) - 1)
    changes = shape_changes(counts, grade)

    def shape(k: int) -> tuple[object, ...]:
        key = majority_key([n + k * (g == grade) for g, n in enumerate(counts)])
        return (key[0], *((way > 0, to) for way, to in zip(key[1:-1:2], key[2:-1:2], strict=True)))

    for k in range(25):
        if k + 1 not in changes:
            assert shape(k) == shape(k + 1)


@given(electorates(1), st.data())
def test_spoiling_the_best_grades_is_the_worst_that_can_happen(
    one: list[list[int]], data: st.DataObject
) -> None:
    (counts,) = one
    grades = [g for g, n in enumerate(counts) for _ in range(n)]
    turned = data.draw(st.sets(st.integers(0, len(grades) - 1)))
    other = [len(counts) - 1 if n in turned else g for n, g in enumerate(grades)]
    worst = spoil(tuple(counts), len(turned))
    assert majority_key([other.count(g) for g in range(len(counts))]) <= majority_key(worst)


CITY: dict[Choice, int] = {
    (("p0", 0), ("p1", 1), ("p2", 0)): 3,
    (("p0", 1), ("p1", 1), ("p2", 3)): 4,
    (("p0", 2), ("p1", 1)): 2,
    (("p1", 2), ("p2", 1)): 1,
    (): 7,
}


def test_a_city_by_hand() -> None:
    contest = made([60, 50, 40])
    profile = Profile.of(CITY, {"out-of-range": 2})
    # Ten expressed ballots; who says nothing of a project gives it the last grade.
    assert grades_of(contest, profile) == ((3, 4, 2, 1), (0, 9, 1, 0), (3, 1, 0, 6))
    outcome = count(contest, profile, LOT)
    # p0 and p1 are both "Favorable": 3 better and 3 worse (minus) against 0 better and 1 worse.
    assert [s.score for s in outcome.standings] == [
        2 - Fraction(3, 10),
        2 - Fraction(1, 10),
        0 + Fraction(4, 10),
    ]
    assert [s.position for s in outcome.standings] == [2, 1, 3]
    assert outcome.winners == ("p1", "p2")
    step = outcome.steps[0]
    assert dict(step.detail) == {"phase": "overall", "grade": 1, "grades": (0, 9, 1, 0)}
    played = replay(contest.budget, outcome.steps)
    assert (played.winners, played.left) == (outcome.winners, outcome.left)


def test_even_numbers_take_the_lower_middle_grade() -> None:
    contest = made([1, 1], budget=2)
    profile = Profile.of({(("p0", 0), ("p1", 1)): 1, (("p0", 2), ("p1", 1)): 1})
    assert count(contest, profile, LOT).standings[0].detail["grade"] == 2
    assert count(contest, profile, LOT).standings[1].position == 1


def test_a_minimum_grade_excludes() -> None:
    contest = made([60, 50, 40], minimum_grade=2)
    outcome = count(contest, Profile.of(CITY), LOT)
    lost = outcome.standing("p2")
    assert (lost.reason, outcome.winners) == ("below-minimum-grade", ("p1",))
    # Votes until half of the ballots call it passable: 4 + k > (10 + k) / 2.
    assert lost.margin is not None
    assert lost.margin.votes == 3
    assert lost.margin.cheaper is None


def test_without_a_ballot_all_are_equal() -> None:
    outcome = count(made([60, 60], default=1), Profile.of({(): 3}), LOT)
    assert outcome.winners == ("p0",)
    assert [s.score for s in outcome.standings] == [2, 2]
    assert [(tie.criterion, tie.decisive) for tie in outcome.ties] == [("order", True)]


def test_projects_with_all_grades_equal_are_a_tie_told_apart_by_the_criteria() -> None:
    contest = made([60, 50], tie_break=("cost", "order"))
    outcome = count(contest, Profile.of({(("p0", 1), ("p1", 1)): 3}), LOT)
    assert outcome.winners == ("p1",)
    assert [(tie.order, tie.criterion, tie.decisive) for tie in outcome.ties] == [
        (("p1", "p0"), "cost", True)
    ]
    told = count(contest, Profile.of({(("p0", 1), ("p1", 1)): 3, (("p0", 0), ("p1", 1)): 1}), LOT)
    assert told.winners == ("p0",)
    assert not told.ties


def test_the_best_of_each_district_first() -> None:
    contest = made(
        [50, 40, 60, 45],
        districts=("N", "N", "S", "S"),
        minimum_per={"field": "district", "count": 1, "on_misfit": "next"},
    )
    ballots: dict[Choice, int] = {(("p0", 0), ("p1", 1), ("p2", 2), ("p3", 3)): 3}
    assert count(contest, Profile.of(ballots), LOT).winners == ("p0", "p3")


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"minimum_votes": 3}, "minimum_votes"),
        ({"minimum_score_share": "1/2", "share_of": "cast"}, "minimum_score_share"),
        ({"minimum_grade": 3}, "minimum_grade"),
        ({"minimum_grade": 9}, "minimum_grade"),
        ({"minimum_grade": "Passable"}, "minimum_grade"),
        ({"on_misfit": "top-up"}, "top_up_share"),
        ({"sorting": "yes"}, ""),
    ],
)
def test_parameters_are_refused_by_name(parameters: dict[str, Any], path: str) -> None:
    paths = [fault.path for fault in rules.check(made([50, 50], **parameters))]
    assert f"rule.parameters.{path}".rstrip(".") in paths


def test_only_grades_are_accepted() -> None:
    contest = replace(made([50, 50]), form=Approval(minimum=1, maximum=2))
    assert [fault.path for fault in rules.check(contest)] == ["form.type"]


@st.composite
def contests(draw: st.DrawFn) -> tuple[Envelope, Profile]:
    number = draw(st.integers(2, 5))
    grades = draw(st.integers(2, 4))
    parameters: dict[str, Any] = draw(
        st.sampled_from(
            [{}, {"on_misfit": "stop"}, {"fixed_winners": 1}, {"on_misfit": "part-fund"}]
        )
    )
    if grades > 2 and draw(st.booleans()):
        parameters = {**parameters, "minimum_grade": draw(st.integers(0, grades - 2))}
    contest = made(
        draw(st.lists(st.integers(1, 12), min_size=number, max_size=number)),
        budget=draw(st.integers(4, 20)),
        grades=grades,
        default=draw(st.integers(0, grades - 1)),
        tie_break=draw(
            st.sampled_from([("order",), ("cost", "lot"), ("expensive", "order"), ("votes", "lot")])
        ),
        **parameters,
    )
    one = st.dictionaries(st.integers(0, number - 1), st.integers(0, grades - 1))
    ballots = draw(st.lists(one, max_size=9))
    counts: dict[Choice, int] = {}
    for ballot in ballots:
        choice = tuple((f"p{n}", grade) for n, grade in sorted(ballot.items()))
        counts[choice] = counts.get(choice, 0) + 1
    return contest, Profile.of(counts)


def with_ballots(profile: Profile, project: str, added: int) -> Profile:
    counts = dict(profile.choices)
    choice: Choice = ((project, 0),)
    counts[choice] = counts.get(choice, 0) + added
    return Profile.of({**counts, (): profile.blank})


def with_cost(contest: Envelope, project: str, less: int) -> Envelope:
    return replace(
        contest,
        projects=tuple(
            replace(p, cost=p.cost - less) if p.id == project else p for p in contest.projects
        ),
    )


@given(contests())
def test_margins_are_what_counting_again_says(drawn: tuple[Envelope, Profile]) -> None:
    contest, profile = drawn
    outcome = count(contest, profile, LOT)
    for project, standing in zip(contest.projects, outcome.standings, strict=True):
        margin = standing.margin
        assert margin is not None
        if standing.won:
            continue
        # Far beyond 60 ballots the added ones are the majority and nothing moves any more.
        winning = [
            k
            for k in range(1, margin.votes + 1 if margin.votes else 60)
            if project.id in count(contest, with_ballots(profile, project.id, k), LOT).winners
        ]
        assert winning == ([] if margin.votes is None else [margin.votes])
        cheap = [
            less
            for less in range(1, project.cost)
            if project.id in count(with_cost(contest, project.id, less), profile, LOT).winners
        ]
        assert margin.cheaper == (cheap[0] if cheap else None)


@given(contests())
def test_a_winner_can_lose_so_many_ballots_and_no_more(drawn: tuple[Envelope, Profile]) -> None:
    contest, profile = drawn
    outcome = count(contest, profile, LOT)
    worst = len(contest.form.labels) - 1 if isinstance(contest.form, Grades) else 0
    # One choice a ballot, every grade said, so that single ballots can be turned.
    ballots = [
        {project.id: dict(choice).get(project.id, contest.form.default)
         for project in contest.projects}
        for choice, number in profile.choices.items()
        for _ in range(number)
        if isinstance(contest.form, Grades)
    ]  # fmt: skip
    for standing in outcome.standings:
        if not standing.won or standing.margin is None:
            continue
        best = sorted(range(len(ballots)), key=lambda n: ballots[n][standing.project])

        def wins(turned: int, name: str = standing.project, best: list[int] = best) -> bool:
            counts: dict[Choice, int] = {}
            for rank, ballot in enumerate(best):
                said = {**ballots[ballot], **({name: worst} if rank < turned else {})}
                choice = tuple(said.items())
                counts[choice] = counts.get(choice, 0) + 1
            return name in count(contest, Profile.of(counts), LOT).winners

        safe = standing.margin.safe
        if safe is None:
            assert wins(len(ballots))
        else:
            assert wins(safe)
            assert not wins(safe + 1)


@given(contests(), st.integers(2, 5), st.randoms(use_true_random=False))
def test_neither_order_nor_splitting_nor_money_units_matter(
    drawn: tuple[Envelope, Profile], unit: int, random: object
) -> None:
    contest, profile = drawn
    contest = replace(contest, tie_break=("cost", "lot"))
    before = count(contest, profile, LOT)
    shuffled = list(contest.projects)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    moved = replace(
        contest,
        budget=contest.budget * unit,
        projects=tuple(replace(p, cost=p.cost * unit) for p in shuffled),
    )
    after = count(moved, Profile.of(dict(reversed(list(profile.choices.items())))), LOT)
    assert after.winners == before.winners
    assert after.spent == before.spent * unit
    for project in contest.projects:
        one, other = before.standing(project.id), after.standing(project.id)
        assert (one.score, one.position, one.reason) == (other.score, other.position, other.reason)
