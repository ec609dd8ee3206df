"""The raise of Equal Shares without increments: budgets grow steadily until the envelope is full.

Every ballot starts with its equal share, a rational. The start grows until what is bought would
cost more than the envelope, or until everything is bought. There is no smallest step, and outcomes
change at certain rational starts only; this finds the one that ends the raise. It is what Add1
tends to as its increment shrinks, whatever the unit of money.

At such a start itself two rates are equal, or supporters have just enough. If the outcome there
still fits, it stands, and a trifle more would be too much. If not, the last outcome before it
stands, and what ballots pay is where their payments tend to: all is linear just below.

The idea of going from one budget that changes the outcome to the next, exactly, is that of
Kraiczy, Robinson and Elkind (2025), "Streamlining Equal Shares" (add-opt), there for a variant of
the rule in which rates do not depend on the budgets.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from tally.errors import TallyError
from tally.rules.equal_shares_between import Contest, Pair, Search
from tally.rules.equal_shares_purse import RATIO
from tally.rules.equal_shares_run import Run
from tally.rules.equal_shares_straight import exact, straight

AT: Final = 0
BELOW: Final = -1
ABOVE: Final = 1
OPT_ROUNDS: Final = 100
"""About so many counts are made. Not the true number, on which nothing published may depend."""
FIRST_LEAP: Final = 8
"""The first leap is this part of the start."""
LEAST: Final = 1 << 1000
"""Leaps shorter than this part of the start never help: all is linear in so short a stretch."""
CLOSE: Final = 1 << 12
"""Leaps shorter than this part of the start are looked at closely where they fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Where the raise ends: at ``start`` itself (AT), just BELOW or just ABOVE it."""

    start: Fraction
    side: int


def highest(contest: Contest, ballots: int) -> Reached:
    """Where the raise ends."""
    low = RATIO(contest.budget, ballots)
    if not contest.open(exact(contest, low).winners):
        return Reached(start=low, side=AT)
    search = Search(contest)
    leap, again = low / FIRST_LEAP, False
    while True:
        leapt: Reached | bool = search.surely_open(low, low + leap)
        if not leapt and leap * CLOSE < low:
            leapt = _closely(contest, low, low + leap)
        if isinstance(leapt, Reached):
            return leapt
        if leapt:
            low += leap
        # Longer only after two leaps of one length: the next one is as likely to fail as this one.
        leap = leap / 2 if not leapt else leap * 2 if again else leap
        if leap * LEAST < low:
            raise TallyError(
                "raise: where add-opt ends was not found. Count with add1 and an increment, and "
                "report this election"
            )
        again = leapt and not again


def beside(contest: Contest, start: Fraction, side: int) -> Run:
    """The count at a start, or just below or above it."""
    if side == AT:
        return exact(contest, start)
    gap = start / CLOSE
    while True:
        near = start + side * gap
        places = exact(contest, near).winners
        ends = straight(contest, min(near, start), max(near, start), places)
        if ends is not None:
            return ends[1] if side == BELOW else ends[0]
        gap /= CLOSE


def _closely(contest: Contest, low: Fraction, high: Fraction) -> Reached | bool:
    """Where the raise ends between two starts, of which the lower one's outcome is open; True when
    it does not, False when there is too much between them to tell."""
    below, above = exact(contest, low).winners, exact(contest, high).winners
    if below == above and straight(contest, low, high, below) is not None:
        return True
    for meeting in _meetings(contest, low, high, below):
        if low < meeting and straight(contest, low, meeting, below) is None:
            continue
        if meeting < high and straight(contest, meeting, high, above) is None:
            continue
        there = exact(contest, meeting).winners
        if not contest.open(there):
            return Reached(start=meeting, side=BELOW if contest.over(there) else AT)
        if not contest.open(above):
            return Reached(start=meeting, side=AT if contest.over(above) else ABOVE)
        return True
    return False


def _meetings(contest: Contest, low: Fraction, high: Fraction, places: list[int]) -> list[Fraction]:
    """The starts at which, if all goes on as it begins, a rate meets that of the next purchase, or
    supporters have enough together.

    After that it need not go on so: a rate that has come down to cost / utility stays there, and
    may go along with that of another from where they met.
    """
    wide, near = Pair(contest, low, high), low + (high - low) / CLOSE
    slim = Pair(contest, low, near)
    found: set[Fraction] = set()
    for place in [*places, None]:
        chosen = None if place is None else wide.by_place[place]
        for other, _ in wide.near(None if chosen is None else wide.most(chosen)):
            gaps = None if other is chosen else slim.gaps(chosen, other)
            if gaps is None:
                continue
            if gaps[0] == 0:
                found.add(low)
            elif gaps[0] > gaps[1]:
                found.add(low + (near - low) * gaps[0] / (gaps[0] - gaps[1]))
        if place is not None:
            wide.buy(place)
            slim.buy(place)
    return sorted(each for each in found if low <= each <= high)
