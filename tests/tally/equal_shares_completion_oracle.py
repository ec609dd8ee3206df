"""The completions of Equal Shares a second time, from docs/rules.md, in plain rationals.

Raise by single increments, the fills as a walk through time and through the order of score, and the
comparison ballot by ballot. Equal projects come in listed order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tally.mark import Choice
from tests.tally.equal_shares_cases import Case
from tests.tally.equal_shares_oracle import Bought, Listed, equal_shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How it ends: the budget of a ballot in the run that stands, what is bought in it, the names
    looked at in the fill and whether they fitted, and the winners in order."""

    start: Fraction
    bought: tuple[tuple[str, Fraction, int, int], ...]
    filled: tuple[tuple[str, bool], ...]
    winners: tuple[str, ...]


def scores(case: Case) -> dict[str, int]:
    """The points of each project, or the ballots that name it."""
    found = dict.fromkeys(case.costs, 0)
    for choice, number in case.ballots.items():
        for name, mark in choice:
            found[name] += mark * number
    return found


def by_score(case: Case, names: Sequence[str]) -> list[str]:
    """The names by score; equal ones as listed."""
    points, listed = scores(case), list(case.costs)
    return sorted(names, key=lambda name: (-points[name], listed.index(name)))


def greedy_fill(case: Case, names: Sequence[str], left: int) -> list[tuple[str, bool]]:
    """Whatever still fits, by score."""
    looked_at = []
    for name in by_score(case, names):
        fits = case.costs[name] <= left
        looked_at.append((name, fits))
        left -= case.costs[name] if fits else 0
    return looked_at


def phragmen_fill(
    case: Case, names: Sequence[str], money: Sequence[Fraction], left: int
) -> list[tuple[str, bool]]:
    """All ballots earn at the same pace on top of ``money``. At the first moment at which the
    ballots of a project have its cost together, it is bought with all that they have if it fits,
    and passed otherwise."""
    choices = list(case.ballots.items())
    held = list(money)
    waiting = list(names)
    looked_at = []
    while waiting:
        lasting = []
        for name in waiting:
            who = [g for g, (choice, _) in enumerate(choices) if name in dict(choice)]
            ballots = sum(choices[g][1] for g in who)
            lacking = case.costs[name] - sum(held[g] * choices[g][1] for g in who)
            lasting.append((Fraction(lacking, ballots), list(case.costs).index(name), name))
        wait, _, name = min(lasting)
        assert wait >= 0
        held = [each + wait for each in held]
        fits = case.costs[name] <= left
        if fits:
            left -= case.costs[name]
            for group, (choice, _) in enumerate(choices):
                if name in dict(choice):
                    held[group] = Fraction(0)
        looked_at.append((name, fits))
        waiting.remove(name)
    return looked_at


def prefer(case: Case, utility: str, ours: Sequence[str], theirs: Sequence[str]) -> tuple[int, int]:
    """How many ballots have more utility from the one outcome, and how many from the other."""
    for_ours = for_theirs = 0
    for choice, number in case.ballots.items():
        worth = case.utility(choice, utility)
        first = sum(worth.get(name, 0) for name in ours)
        second = sum(worth.get(name, 0) for name in theirs)
        for_ours += number if first > second else 0
        for_theirs += number if second > first else 0
    return for_ours, for_theirs


def completed(case: Case, how: Mapping[str, Any]) -> Completed:
    """Count by the parameters of docs/rules.md."""
    names = list(case.costs)
    points = scores(case)
    competing = [n for n in names if points[n] and case.costs[n] <= case.budget]
    counts = list(case.ballots.values())
    listed = [listed_project(case, how["utility"], name) for name in competing]

    def run(start: Fraction) -> tuple[list[Bought], list[Fraction], int]:
        bought, money = equal_shares(start, counts, listed)
        return bought, money, case.budget - sum(case.costs[names[b.place]] for b in bought)

    start = Fraction(case.budget, case.voters)
    increment = how.get("increment", 1)
    if how["raise"] != "none":
        start = Fraction(start // increment * increment)
    bought, money, left = run(start)
    while how["raise"] != "none" and len(bought) < len(competing):
        won = {names[each.place] for each in bought}
        fits = any(case.costs[name] <= left for name in competing if name not in won)
        if how["raise"] == "add1-exhaustive" and not fits:
            break
        higher = run(start + increment)
        if higher[2] < 0:
            break
        start += increment
        bought, money, left = higher
    won_shares = [names[each.place] for each in bought]
    rest = [name for name in competing if name not in won_shares]
    filled: list[tuple[str, bool]] = []
    if how["fill"] == "greedy":
        filled = greedy_fill(case, rest, left)
    elif how["fill"] == "phragmen":
        filled = phragmen_fill(case, rest, money, left)
    winners = won_shares + [name for name, fits in filled if fits]
    if how.get("comparison"):
        greedy = greedy_fill(case, competing, case.budget)
        by_votes = [name for name, fits in greedy if fits]
        ours, theirs = prefer(case, how["utility"], winners, by_votes)
        if theirs > ours:
            bought, filled, winners = [], greedy, by_votes
    return Completed(
        start=start,
        bought=tuple((names[b.place], b.price, b.payers, b.in_full) for b in bought),
        filled=tuple(filled),
        winners=tuple(winners),
    )


def listed_project(case: Case, utility: str, name: str) -> Listed:
    """A project for the definition: cost utility is 1 each, its rate divided by the cost."""
    worth = {}
    for group, choice in enumerate(case.ballots):
        if name in dict(choice):
            worth[group] = dict(choice)[name] if utility == "points" else 1
    return Listed(
        place=list(case.costs).index(name),
        cost=case.costs[name],
        utility=worth,
        scale=max(case.costs[name], 1) if utility == "cost" else 1,
    )


def money_left(case: Case, how: Mapping[str, Any], start: Fraction) -> dict[Choice, Fraction]:
    """What a ballot of each choice has after one run from ``start``."""
    points = scores(case)
    listed = [
        listed_project(case, how["utility"], name)
        for name in case.costs
        if points[name] and case.costs[name] <= case.budget
    ]
    return dict(
        zip(
            case.ballots,
            equal_shares(start, list(case.ballots.values()), listed)[1],
            strict=True,
        )
    )
