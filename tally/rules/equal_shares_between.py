"""What Equal Shares buys from all the starts between two, of which there are infinitely many.

For a fixed sequence of purchases all that ballots have left grows with the start, and all rates
fall (tally/rules/equal_shares_raise.py). So two counts along one sequence, from the lower and from
the higher start, bound every count between that has bought the same so far.

**Surely open.** Who can come next is whoever has, from the higher start, no higher rate than the
best has from the lower one. Where that is one project, every start between buys it next; where it
is several, each is followed. If whatever is reached so is open (it fits, and something is lacking),
then so is the outcome of each start between.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heappop, heappush
from typing import Any, Final

from tally.rules.equal_shares_band import Band, entrants
from tally.rules.equal_shares_purse import PRECISION, Price, open_purse
from tally.rules.equal_shares_run import Candidate
from tally.tiebreak import Key

MOST_PATHS: Final = 12
"""Sequences followed between two starts before nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Who competes, all with supporters; the ballots of each group; what may be spent.
    ``preferred`` comes first among equal rates, whatever the keys say."""

    candidates: Sequence[Candidate]
    counts: Any
    budget: int
    preferred: int | None = None

    def over(self, places: Sequence[int]) -> bool:
        """Whether these cost too much together."""
        bought = set(places)
        return sum(each.cost for each in self.candidates if each.place in bought) > self.budget

    def open(self, places: Sequence[int]) -> bool:
        """Whether these fit and something is lacking."""
        return len(places) < len(self.candidates) and not self.over(places)

    def before(self, one: Candidate, other: Candidate) -> bool:
        """Whether the one comes before the other when their rates are equal."""
        if self.preferred in (one.place, other.place):
            return one.place == self.preferred
        return one.key < other.key


class Pair:
    """Two counts along one sequence, from a lower and from a higher start."""

    def __init__(self, contest: Contest, low: Fraction, high: Fraction) -> None:
        self.contest = contest
        self.low = open_purse(low, contest.counts)
        self.high = open_purse(high, contest.counts)
        self.by_place = {each.place: each for each in contest.candidates}
        self._bought: set[int] = set()
        # By a bound below the rate over the scale from the higher start, which only ever rises.
        self._waiting: list[tuple[Any, Key, int]] = [
            (self.high.least(each.cost, each.who, each.scale), each.key, each.place)
            for each in contest.candidates
        ]
        heapify(self._waiting)
        self._limit: Any = None

    def buy(self, place: int) -> tuple[Price, Price]:
        """Both buy this, which they can."""
        chosen = self.by_place[place]
        self._bought.add(place)
        return self.low.pay(chosen.cost, chosen.who), self.high.pay(chosen.cost, chosen.who)

    def follow(self, place: int) -> None:
        """Buy this from where on it can be paid for. Below, its supporters would have nothing left,
        and from nowhere less."""
        chosen = self.by_place[place]
        self._bought.add(place)
        self.high.pay(chosen.cost, chosen.who)
        if self.low.bounds(chosen.cost, chosen.who, chosen.scale) is None:
            self.low.empty(chosen.who)
        else:
            self.low.pay(chosen.cost, chosen.who)

    def copy(self) -> "Pair":
        """Another one at the same point."""
        other = copy(self)
        other.low, other.high = self.low.copy(), self.high.copy()
        other._bought = self._bought.copy()
        other._waiting = self._waiting.copy()
        return other

    def near(self, limit: Any = None) -> Iterator[tuple[Candidate, Any]]:
        """Those who, from the higher start, can be paid for at a rate of perhaps ``limit`` or less,
        with a bound below their rate; all are still waiting afterwards."""
        self._limit = limit
        put: list[tuple[Any, Key, int]] = []
        while self._waiting and (self._limit is None or self._waiting[0][0] <= self._limit):
            _, key, place = heappop(self._waiting)
            if place in self._bought:
                continue
            each = self.by_place[place]
            bounds = self.high.bounds(each.cost, each.who, each.scale, self._limit)
            if bounds is None:
                continue  # and never again: budgets only fall
            put.append((bounds[0], key, place))
            if self._limit is None or bounds[0] <= self._limit:
                yield each, bounds[0]
        for entry in put:
            heappush(self._waiting, entry)

    def coming(self) -> list[int]:
        """Who may come next from some start between, except those that others surely precede
        because of lower rates."""
        found: list[tuple[Candidate, Any]] = []
        for each, least in self.near():
            found.append((each, least))
            below = self.low.bounds(each.cost, each.who, each.scale, self._limit)
            if below is not None and (self._limit is None or below[1] < self._limit):
                self._limit = below[1]
        return [each.place for each, least in found if self._limit is None or least <= self._limit]

    def most(self, chosen: Candidate) -> Any:
        """A bound above the rate over the scale of one that can be paid for from every start."""
        rate = self.low.price(chosen.cost, chosen.who).rate / chosen.scale
        return int(rate.numerator) * (PRECISION + 1) / (int(rate.denominator) * PRECISION)

    def gaps(self, chosen: Candidate | None, other: Candidate) -> tuple[Fraction, Fraction] | None:
        """By how much, at both starts, the rate of the other is above that of the one that is next,
        or its supporters lack money; None where there is nothing to compare."""
        ends = (self.low, self.high)
        if self.low.bounds(other.cost, other.who, other.scale) is None:
            low, high = (other.cost - purse.money(other.who.groups) for purse in ends)
        elif chosen is None:
            return None
        else:
            low, high = (
                purse.price(other.cost, other.who).rate / other.scale
                - purse.price(chosen.cost, chosen.who).rate / chosen.scale
                for purse in ends
            )
        return low, high

    def surely_even(self, place: int) -> bool:
        """Whether from every start all supporters pay in full: its rate is the same from each."""
        each = self.by_place[place]
        if self.low.bounds(each.cost, each.who, each.scale) is None:
            return False
        return self.low.price(each.cost, each.who).rate * each.who.total == each.cost


class Search:
    """Looks for starts between which something happens."""

    def __init__(self, contest: Contest) -> None:
        self._contest = contest
        self._by_place = {each.place: each for each in contest.candidates}
        self._least = {
            each.place: Fraction(each.cost, each.who.total * each.scale)
            for each in contest.candidates
        }
        plain = isinstance(contest.counts, list)
        self._entrants = None if plain else entrants(contest.candidates, contest.counts)

    def surely_open(self, low: Fraction, high: Fraction) -> bool:
        """Whether the outcome of every start from ``low`` to ``high``, both with it, is certainly
        open. False when it is not, or when that is not certain."""
        paths: list[tuple[list[int], Pair | Band]] = [([], self._begun(low, high))]
        followed = 1
        while paths:
            path, pair = paths.pop()
            while self._contest.open(path):
                coming = self._unbeaten(pair)
                if not coming:
                    break
                followed += len(coming) - 1
                if followed > MOST_PATHS:
                    return False
                for place in coming[1:]:
                    branch = pair.copy()
                    branch.follow(place)
                    paths.append(([*path, place], branch))
                path.append(coming[0])
                pair.follow(coming[0])
            else:
                return False
        return True

    def _begun(self, low: Fraction, high: Fraction) -> "Pair | Band":
        if self._entrants is None:
            return Pair(self._contest, low, high)
        return Band(self._entrants, self._contest.counts, low, high)

    def _unbeaten(self, pair: "Pair | Band") -> list[int]:
        """Who is coming, without those surely behind one whose supporters all pay in full: that has
        the same rate from every start, and no rate is below cost / utility."""
        coming = pair.coming()
        if len(coming) < 2:
            return coming
        best: int | None = None
        for place in coming:
            if (best is None or self._beats(place, best)) and pair.surely_even(place):
                best = place
        return [each for each in coming if best is None or not self._beats(best, each)]

    def _beats(self, one: int, other: int) -> bool:
        if self._least[one] == self._least[other]:
            return self._contest.before(self._by_place[one], self._by_place[other])
        return self._least[one] < self._least[other]
