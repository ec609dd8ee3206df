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

from tally.rules.equal_shares_between import Contest, Pair, Search, exact, straight
from tally.rules.equal_shares_purse import RATIO
from tally.rules.equal_shares_run import Run

AT: Final = 0
BELOW: Final = -1
ABOVE: Final = 1
OPT_ROUNDS: Final = 100
"""About so many counts are made. Not the true number, on which nothing published may depend."""
FIRST_LEAP: Final = 8
"""The first leap is this part of the start."""
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
    if below == above:
        return straight(contest, low, high, below) is not None
    meeting = _meeting(contest, low, high, below, above)
    if meeting is None or not low <= meeting <= high:
        return False
    if low < meeting and straight(contest, low, meeting, below) is None:
        return False
    if meeting < high and straight(contest, meeting, high, above) is None:
        return False
    there = exact(contest, meeting).winners
    if not contest.open(there):
        side = BELOW if contest.over(there) else AT
    elif not contest.open(above):
        side = AT if contest.over(above) else ABOVE
    else:
        return True
    return Reached(start=meeting, side=side)


def _meeting(
    contest: Contest, low: Fraction, high: Fraction, below: list[int], above: list[int]
) -> Fraction | None:
    """The start at which the later sequence departs from the earlier one, if all is linear up to
    there. Beyond, it need not be: a rate that has come down to cost / utility stays there."""
    near = low + (high - low) / CLOSE
    pair = Pair(contest, low, near)
    for old, new in zip([*below, None], above, strict=False):
        if old == new:
            pair.buy(new)
            continue
        fresh = pair.by_place[new]
        ends = (pair.low, pair.high)
        if pair.low.bounds(fresh.cost, fresh.who, fresh.scale) is None:
            gaps = [fresh.cost - purse.money(fresh.who.groups) for purse in ends]
        elif old is None:
            return None
        else:
            known = pair.by_place[old]
            gaps = [
                purse.price(fresh.cost, fresh.who).rate / fresh.scale
                - purse.price(known.cost, known.who).rate / known.scale
                for purse in ends
            ]
        if gaps[0] == 0:
            return low
        if gaps[0] <= gaps[1]:
            return None
        return low + (near - low) * gaps[0] / (gaps[0] - gaps[1])
    return None
