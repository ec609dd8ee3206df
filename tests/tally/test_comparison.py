"""The same ballots under other rules, side by side."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tally import rules
from tally.comparison import comparable, compare, satisfied, unit_of
from tally.election import Approval, CountingRule, Envelope, Project, Ranking, Scores
from tally.form import Form, Grades
from tally.mark import Choice
from tally.profile import Profile
from tally.rules.variants import VARIANTS, variants
from tally.tiebreak import lot_keys
from tests.tally.greedy_oracle import words

OWN = CountingRule.of("greedy", {"on_misfit": "skip", "minimum_votes": 5})


def made(form: Form, rule: CountingRule = OWN) -> Envelope:
    return Envelope(
        id="e",
        title=words("e"),
        description=words("e"),
        budget=100,
        form=form,
        rule=rule,
        tie_break=("order",),
        projects=tuple(
            Project(
                id=name,
                title=words(name),
                description=words(name),
                cost=cost,
                category=categories,
                district=district,
            )
            for name, cost, categories, district in (
                ("a", 60, ("green", "play"), "North"),
                ("b", 50, ("green",), "South"),
                ("c", 30, (), "South"),
                ("d", 10, ("play",), "North"),
            )
        ),
    )


APPROVAL = made(Approval(minimum=1, maximum=4))
PROFILE = Profile.of(
    {
        (("a", 1),): 20,
        (("a", 1), ("b", 1)): 5,
        (("b", 1),): 10,
        (("c", 1),): 6,
        (("d", 1),): 4,
        (): 3,
    }
)


def test_all_variants_side_by_side() -> None:
    found = compare(APPROVAL, PROFILE, b"")
    by_id = {each.variant.id: each for each in found.compared}
    assert [each.own for each in found.compared] == [True] + [False] * (len(found.compared) - 1)
    own, skip, stop = by_id["own"], by_id["greedy-skip"], by_id["greedy-stop"]
    assert own.winners == ("a", "c")
    assert skip.winners == ("a", "c", "d")
    assert (skip.gained, skip.lost) == (("d",), ())
    assert stop.winners == ("a",)
    assert (stop.gained, stop.lost) == ((), ("c",))
    assert [own.satisfied, skip.satisfied, stop.satisfied] == [31, 35, 25]
    assert [own.spent, skip.spent, stop.spent] == [90, 100, 60]
    # A project of two categories counts in each of them, one of none in none.
    assert dict(skip.by_category) == {"green": Fraction(3, 5), "play": Fraction(7, 10)}
    assert dict(skip.by_district) == {"North": Fraction(7, 10), "South": Fraction(3, 10)}
    assert {"c", "d"} <= set(found.differing)
    assert "a" not in stop.lost
    assert (found.ballots, found.expressed) == (48, 45)


def test_the_own_rule_goes_by_its_name_in_the_table() -> None:
    rule = CountingRule.of("greedy", {"on_misfit": "stop"})
    found = compare(replace(APPROVAL, rule=rule), PROFILE, b"")
    assert found.compared[0].variant.id == "greedy-stop"
    assert sum(each.variant.id == "greedy-stop" for each in found.compared) == 1


def test_a_rule_that_cannot_count_is_left_out() -> None:
    unknown = replace(APPROVAL, rule=CountingRule.of("unknown"))
    found = compare(unknown, PROFILE, b"")
    assert found.compared
    assert not any(each.own for each in found.compared)
    scores = made(Scores(minimum=0, maximum=3, minimum_projects=1, maximum_projects=None))
    for variant in comparable(scores):
        assert "scores" in rules.RULES[variant.rule.name].accepts


def test_every_variant_has_a_rule_and_a_name_of_its_own() -> None:
    assert VARIANTS.keys() <= rules.ENVELOPE_RULES.keys()
    names = [variant.id for variant in variants()]
    assert len(names) == len(set(names))
    forms: tuple[Form, ...] = (
        Approval(minimum=1, maximum=4),
        Ranking(minimum=1, maximum=3),
        Scores(minimum=0, maximum=3, minimum_projects=1, maximum_projects=None),
        Grades(labels=(words("good"), words("bad")), default=1),
    )
    for variant in variants():
        assert any(not rules.check(made(form, variant.rule)) for form in forms), variant.id


@pytest.mark.parametrize(
    ("budget", "ballots", "unit"),
    [(100, 3, 1), (999, 1, 1), (1_000, 1, 10), (5_900_907, 14_897, 1), (10**9, 28_943, 100)],
)
def test_a_raise_for_a_comparison_takes_some_hundred_steps(
    budget: int, ballots: int, unit: int
) -> None:
    envelope = replace(APPROVAL, budget=budget)
    assert unit_of(envelope, ballots) == unit
    raised = next(each for each in comparable(envelope, unit) if each.id == "equal-shares-add1")
    assert raised.rule.parameters["increment"] == unit


def test_who_is_satisfied() -> None:
    won = frozenset({"a"})
    scores = made(Scores(minimum=-2, maximum=3, minimum_projects=1, maximum_projects=None))
    marks: dict[Choice, int] = {(("a", -1),): 1, (("a", 0),): 2, (("a", 1), ("b", -2)): 4}
    assert satisfied(scores, Profile.of(marks), won) == 4
    ranking = made(Ranking(minimum=1, maximum=2))
    ranked: dict[Choice, int] = {(("b", 1), ("c", 2), ("a", 3)): 1, (("b", 1), ("a", 2)): 2}
    assert satisfied(ranking, Profile.of(ranked), won) == 2
    grades = made(Grades(labels=(words("good"), words("fair"), words("bad")), default=1))
    graded: dict[Choice, int] = {(("a", 0),): 1, (("a", 1),): 2, (("a", 2),): 4, (("b", 0),): 8}
    assert satisfied(grades, Profile.of(graded), won) == 1


def test_the_object_says_all_of_it() -> None:
    steps: list[tuple[int, int]] = []
    found = compare(
        APPROVAL, PROFILE, b"", progress=lambda done, total: steps.append((done, total))
    )
    count = len(found.compared)
    assert steps == [(number, count) for number in range(1, count + 1)]
    value = found.to_value()
    assert value.keys() == {"budget", "ballots", "expressed", "compared", "differing"}
    first = found.compared[0].to_value()
    assert first["rule"] == {
        "name": "greedy",
        "parameters": {"on_misfit": "skip", "minimum_votes": 5},
    }
    assert first["by_district"] == {"North": "3/5", "South": "3/10"}


def test_what_is_decided_for_a_comparison_is_what_is_counted() -> None:
    for variant in comparable(APPROVAL):
        rule = rules.ENVELOPE_RULES[variant.rule.name]
        if rule.decide is not None:
            contest = replace(APPROVAL, rule=variant.rule)
            keys = lot_keys(b"", "e")
            decided, counted = (f(contest, PROFILE, keys) for f in (rule.decide, rule.count))
            assert (decided.winners, decided.spent) == (counted.winners, counted.spent)
            assert decided.steps == counted.steps


@pytest.mark.parametrize("name", [n for n, r in rules.ENVELOPE_RULES.items() if r.decide])
def test_deciding_alone_gives_the_outcome_of_the_whole_count(name: str) -> None:
    """Winners, money and steps are the same; only margins and what a tie decides are left out."""
    ballots: dict[Choice, int] = {
        (("a", 1), ("b", 1)): 7,
        (("c", 1),): 3,
        (("c", 1), ("d", 1)): 3,
        (("d", 1),): 1,
    }
    rule = rules.ENVELOPE_RULES[name]
    assert rule.decide is not None
    for variant in variants():
        if variant.rule.name != name:
            continue
        form: Form = Approval(minimum=1, maximum=4)
        if form.type not in rule.accepts:
            form = Grades(labels=(words("good"), words("fair"), words("bad")), default=2)
        contest = made(form, variant.rule)
        whole = rule.count(contest, Profile.of(ballots), lot_keys(b"", "e"))
        alone = rule.decide(contest, Profile.of(ballots), lot_keys(b"", "e"))
        assert (alone.winners, alone.steps, alone.left) == (whole.winners, whole.steps, whole.left)
        assert [(tie.projects, tie.order) for tie in alone.ties] == [
            (tie.projects, tie.order) for tie in whole.ties
        ]
        assert all(standing.margin is None for standing in alone.standings)
