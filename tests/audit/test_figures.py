"""Figures: exact, canonical, adding up, and refusing results that do not."""

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.figure import FigureInvalid
from audit.figures import figures, turnout
from tally.canonical import encode, parse
from tests.audit.drawn import drawn

RULES: tuple[tuple[tuple[str, Any], ...], ...] = (
    (),
    (("on_misfit", "stop"),),
    (("on_misfit", "top-up"), ("top_up_share", "1/100")),
    (("minimum_votes", 6),),
    (("minimum_votes_share", "1/10"), ("share_of", "cast")),
    (
        ("minimum_per", {"field": "district", "count": 2, "on_misfit": "next"}),
        ("minimum_votes", 4),
    ),
)


def read(name: str, projects: int = 12, *rule: tuple[str, Any]) -> Any:
    return parse(frozen(projects, rule)[f"figures/{name}.json"])


def frozen(projects: int, rule: tuple[tuple[str, Any], ...]) -> dict[str, bytes]:
    return dict(drawn_with(projects, rule)[1])


def drawn_with(projects: int, rule: tuple[tuple[str, Any], ...]) -> Any:
    made = drawn(projects, *((key, _hashable(value)) for key, value in rule))
    return made.results, made.figures


def _hashable(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, dict) else value


def numbers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [n for inner in value.values() for n in numbers(inner)]
    if isinstance(value, list):
        return [n for inner in value for n in numbers(inner)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_figure_is_canonical_and_holds_no_float(rule: tuple[tuple[str, Any], ...]) -> None:
    made = frozen(12, rule)
    assert list(made) == [
        "figures/turnout.json",
        "figures/votes-centre.json",
        "figures/filling-centre.json",
        "figures/votes-points.json",
        "figures/filling-points.json",
        "figures/question-again.json",
    ]
    for data in made.values():
        assert encode(parse(data)) == data
        found = numbers(json.loads(data))
        assert found
        assert all(type(number) is int for number in found)


@pytest.mark.parametrize(
    ("rule", "digest"),
    [
        (RULES[0], "c8b5781f0d772c6688c71c9f4907694d73528e8410f6a22958afead6c025a46f"),
        (RULES[1], "506eead0bace519b0e7382f8b4e64538c98daecc1f01c61e2715e3cfba95c910"),
        (RULES[2], "ecaabbdaaad1df0523fadd1190f7072a377c2700a607dfc01b2b863c6b2edbba"),
    ],
)
def test_the_figures_of_published_greedy_elections_keep_their_bytes(
    rule: tuple[tuple[str, Any], ...], digest: str
) -> None:
    """Digests from before other rules had figures of their own."""
    whole = sha256()
    for path, data in frozen(12, rule).items():
        whole.update(path.encode() + b"\0" + data)
    assert whole.hexdigest() == digest


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("contest", ["centre", "points"])
def test_money_and_ballots_add_up(contest: str, rule: tuple[tuple[str, Any], ...]) -> None:
    votes, filling = read(f"votes-{contest}", 12, *rule), read(f"filling-{contest}", 12, *rule)
    for figure in (votes, filling):
        assert figure["spent"] + figure["left"] == figure["budget"]
    assert sum(row["funded"] for row in votes["projects"]) == votes["spent"] + votes["added"]
    assert sum(step["paid"] for step in filling["steps"]) == filling["spent"]
    assert sum(step["added"] for step in filling["steps"]) == filling["added"]
    paid = {s["project"]: s["paid"] + s["added"] for s in filling["steps"] if s["paid"]}
    assert paid == {row["id"]: row["funded"] for row in votes["projects"] if row["won"]}
    assert votes["ballots"] == votes["blank"] + sum(votes["spoiled"].values()) + votes["expressed"]
    assert votes["winners"] == sum(row["won"] for row in votes["projects"])


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_projects_stand_in_the_rules_order_with_the_winners_end(
    rule: tuple[tuple[str, Any], ...],
) -> None:
    figure = read("votes-centre", 12, *rule)
    rows = figure["projects"]
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    scores = [Fraction(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    won = [row["position"] for row in rows if row["won"]]
    lost = [row["position"] for row in rows if not row["won"]]
    assert figure["last_won"] == max(won, default=None)
    assert figure["first_lost"] == min(lost, default=None)


def test_the_measure_is_what_the_rule_ranks_by() -> None:
    assert read("votes-centre")["measure"] == "votes"
    points = read("votes-points")
    assert points["measure"] == "score"
    assert [(row["id"], row["score"]) for row in points["projects"][:2]] == [
        ("b", "160"),
        ("a", "120"),
    ]


def test_minimums_are_exact() -> None:
    share = (("minimum_votes_share", "1/7"), ("share_of", "cast"))
    figure = read("votes-centre", 12, *share)
    assert figure["minimums"] == [
        {"of": "votes", "value": str(Fraction(figure["ballots"], 7))},
    ]
    assert read("votes-centre", 12, ("minimum_votes", 6))["minimums"] == [
        {"of": "votes", "value": "6"}
    ]


def test_groups_show_where_the_rule_has_them() -> None:
    assert read("votes-centre")["group"] is None
    rule = (("minimum_per", {"field": "district", "count": 2, "on_misfit": "next"}),)
    figure = read("votes-centre", 12, *rule)
    assert figure["group"] == "district"
    assert {row["groups"][0] for row in figure["projects"]} == {
        "Centre",
        "Nord",
        "Grand-Est et faubourgs",
    }


def test_turnout_is_exact_and_sums_styles() -> None:
    figure = read("turnout")
    for row in [*figure["styles"], figure["total"]]:
        assert Fraction(row["turnout"]) == Fraction(row["counted"], row["roll"])
        assert row["filled"] + row["blank"] + sum(row["spoiled"].values()) == row["counted"]
    for key in ("roll", "counted", "blank", "filled", "superseded"):
        assert figure["total"][key] == sum(row[key] for row in figure["styles"])
    assert figure["total"]["spoiled"] == {"does-not-open": 2}


def test_an_empty_roll_has_no_turnout() -> None:
    made = drawn(12)
    results = copy.deepcopy(dict(made.results))
    for row in results["styles"]:
        row |= {"roll": 0, "counted": 0, "blank": 0, "spoiled": {}}
    figure: Any = turnout(made.election, results)
    assert figure["total"]["turnout"] is None


def test_a_question_keeps_the_ballots_order() -> None:
    figure = read("question-again")
    assert [row["id"] for row in figure["options"]] == ["yes", "no"]
    assert figure["adopted"] == "yes"
    assert figure["base"] == figure["expressed"] == 55
    assert figure["strict"] is True


def contest(results: Any, place: int) -> Any:
    return results["contests"][place]


BROKEN: dict[str, tuple[Callable[[Any], object], str]] = {
    "a project's money": (lambda r: contest(r, 0)["projects"][0].update(funded=1), "spent and add"),
    "the budget": (lambda r: contest(r, 0).update(budget=1), "not the budget"),
    "the ballots": (lambda r: contest(r, 0).update(blank=0), "blank + spoiled + expressed"),
    "a winner": (lambda r: contest(r, 0)["winners"].pop(), "winners are not"),
    "a missing project": (lambda r: contest(r, 0)["projects"].pop(), "not the projects"),
    "a step's number": (lambda r: contest(r, 0)["steps"][1].update(step=9), "step 2: does not"),
    "a step's project": (
        lambda r: contest(r, 0)["steps"][0].update(project="nobody"),
        "no project 'nobody'",
    ),
    "a step's money": (lambda r: contest(r, 0)["steps"][0].update(left_after=-5), "-5 left of"),
    "the last step": (lambda r: contest(r, 0)["steps"].pop(0), "step 1: does not follow"),
    "an option": (lambda r: contest(r, 2)["options"].reverse(), "options of the question"),
    "a vote": (lambda r: contest(r, 2)["options"][0].update(votes=1), "55 expressed"),
    "a style": (lambda r: r["styles"].pop(), "not the styles"),
    "the roll": (lambda r: r["styles"][0].update(roll=1), "people on the roll"),
    "a contest": (lambda r: r["contests"].reverse(), "not the contests"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_results_that_do_not_add_up_are_refused(name: str) -> None:
    made = drawn(12)
    results = copy.deepcopy(dict(made.results))
    change, message = BROKEN[name]
    change(results)
    with pytest.raises(FigureInvalid, match=message.replace("+", r"\+")):
        dict(figures(made.election, results))


@settings(max_examples=20, deadline=None)
@given(projects=st.integers(min_value=5, max_value=40), minimum=st.integers(1, 60))
def test_any_size_adds_up(projects: int, minimum: int) -> None:
    rule = (("minimum_votes", minimum),)
    votes, filling = (read(f"{n}-centre", projects, *rule) for n in ("votes", "filling"))
    assert len(votes["projects"]) == projects
    assert sum(step["paid"] for step in filling["steps"]) == votes["spent"]
    named = {step["project"] for step in filling["steps"]} | {p["id"] for p in filling["unseen"]}
    assert named == {row["id"] for row in votes["projects"]}
