"""The projects of an envelope as a knapsack, and the one optimum that is chosen.

Of several sets with the same greatest total score the one is chosen that has the first project, in
the order of score and tie criteria, that they do not share. So each project is worth its score,
and far behind it, as no sum of them can make up a point, a bit of its own: the earlier in that
order, the higher. The most valuable set is then unique and is the one to choose, and its bits say
which projects it holds. Every second bit is free, for a project whose place is asked about.

Source: docs/rules.md, "knapsack-optimum".
"""

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Final

from tally.rules.knapsack_solver import Item, bound, by_rate, greatest
from tally.tiebreak import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The projects by place: cost in minor units, score, key in the order; ``budget`` likewise.

    ``places`` are those that can win, in the order of their keys: each alone fits the budget.
    """

    costs: tuple[int, ...]
    score: tuple[int, ...]
    keys: tuple[Key, ...]
    places: tuple[int, ...]
    budget: int


class Choice:
    """The optimum of candidates, and the greatest values with and without each project.

    A value is a score and the bits behind it; ``score_of`` tells the score.
    """

    def __init__(self, candidates: Candidates) -> None:
        places = candidates.places
        self.candidates: Final = candidates
        self.unit: Final = gcd(*(candidates.costs[p] for p in places)) or 1
        self.width: Final = 2 * len(places) + 1
        self._bits: Final = {p: self.width - 2 - 2 * rank for rank, p in enumerate(places)}
        self._items: Final = {
            place: (
                candidates.costs[place] // self.unit,
                candidates.score[place] << self.width | 1 << self._bits[place],
            )
            for place in places
        }
        # A score below nothing only takes away from a total, whatever the project costs.
        helping = [place for place in places if candidates.score[place] >= 0]
        self._by_rate: Final = by_rate(self._items[place] for place in helping)
        self._plain: Final = by_rate(
            (self._items[place][0], candidates.score[place]) for place in helping
        )
        # Scores that are all multiples of one number leave the bound less room.
        self._point: Final = gcd(*(candidates.score[p] for p in places)) or 1
        self.value: Final = greatest(self._by_rate, self.capacity())
        self.chosen: Final = tuple(place for place in places if self.value >> self._bits[place] & 1)

    def capacity(self, cost: int = 0) -> int:
        """How much of the budget is left beside such a cost, in units of all costs."""
        return (self.candidates.budget - cost) // self.unit

    def score_of(self, value: int) -> int:
        """The score in a value."""
        return value >> self.width

    def value_of(self, place: int, score: int, key: Key) -> int:
        """What a project is worth to the choice with this score and this key."""
        keys = self.candidates.keys
        others = [other for other in self.candidates.places if other != place]
        after = bisect(others, key, key=keys.__getitem__)
        bit = self._bits[others[after]] + 1 if after < len(others) else 0
        return score << self.width | 1 << bit

    def _others(self, place: int) -> list[Item]:
        own = self._items.get(place)
        return [item for item in self._by_rate if item != own]

    def others_with(self, place: int) -> int:
        """The greatest value of other projects beside this one, which must fit the budget."""
        if place in self.chosen:
            return self.value - self._items[place][1]
        return greatest(self._others(place), self.capacity(self.candidates.costs[place]))

    def others_alone(self, place: int) -> int:
        """The greatest value of other projects without this one."""
        if place in self.chosen:
            return greatest(self._others(place), self.capacity())
        return self.value

    def least_cost(self, place: int, value: int) -> int | None:
        """The least money for which other projects have such a value; None: no money does.

        The other way round: the most money that may be taken out without too much value.
        """
        items = self._others(place)
        spare = sum(item[1] for item in items) - value
        if spare < 0:
            return None
        turned = [(worth, weight) for weight, worth in reversed(items)]
        return (sum(item[0] for item in items) - greatest(turned, spare)) * self.unit

    def contrary(self, place: int) -> int:
        """The greatest score of a set decided otherwise on this candidate: without it if it is
        chosen, with it if not."""
        own, others = self._apart(place)
        chosen = place in self.chosen
        room = self.capacity() - (0 if chosen else own[0])
        best = greatest([(weight, score // self._point) for weight, score in others], room)
        return best * self._point + (0 if chosen else own[1])

    def _apart(self, place: int) -> tuple[Item, list[Item]]:
        """The cost and score of a candidate, and those of the others."""
        own = self._items[place][0], self.candidates.score[place]
        others = list(self._plain)
        if own[1] >= 0:
            others.remove(own)
        return own, others

    def ceiling(self, place: int | None = None) -> int:
        """The fractional bound of the score, rounded down: of all candidates, or decided
        otherwise on one."""
        if place is None:
            return bound(self._plain, self.capacity())
        own, others = self._apart(place)
        if place in self.chosen:
            return bound(others, self.capacity())
        room = self.capacity() - own[0]
        return own[1] + bound([item for item in others if item[0] <= room], room)

    def reaches(self, taken: Iterable[int], place: int, rest: Sequence[int]) -> bool:
        """Whether some optimum has all of ``taken``, this project and otherwise only ``rest``."""
        fixed = [self._items[p] for p in (*taken, place)]
        room = self.capacity() - sum(item[0] for item in fixed)
        if room < 0:
            return False
        scores = self.candidates.score
        items = by_rate(self._items[p] for p in rest if p != place and scores[p] >= 0)
        value = sum(item[1] for item in fixed) + greatest(items, room)
        return self.score_of(value) == self.score_of(self.value)
