"""How near each project was to the other side under the knapsack optimum.

A project wins if the best set with it is worth more than the best set without it, where of equal
totals the order decides. The best of the other projects, with the money it leaves them and with
all the money, does not depend on its own votes: so each is found once, and the margins follow.
Where the price is asked for, the least money is found for which the others are good enough.
"""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from tally.outcome import Margin
from tally.rules.knapsack_choice import Choice
from tally.rules.score import Support
from tally.tiebreak import Key, Sorter, TieSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurdles:
    """What a margin needs beside the choice. ``cap`` is the highest cost in minor units, ``each``
    the most that a ballot gives, ``as_votes``: the score is the number of votes."""

    choice: Choice
    support: Support
    sorter: Sorter
    minimum: int
    cap: int
    each: int
    as_votes: bool

    def _key(self, place: int, *, votes: int = 0, score: int = 0, cost: int = 0) -> Key:
        """The key of a project with so much more of each."""
        own = self.choice.candidates
        support = self.support
        return self.sorter.key(
            place, support.votes[place] + votes, own.score[place] + score, own.costs[place] + cost
        )

    def _value(self, place: int, votes: int, score: int) -> int:
        own = self.choice.candidates.score[place] + score
        return self.choice.value_of(place, own, self._key(place, votes=votes, score=score))

    def loser(self, place: int) -> Margin:
        """How many more ballots that name only it, or how much cheaper."""
        return Margin(
            won=False, votes=self._votes(place), each=self.each, cheaper=self._cheaper(place)
        )

    def _votes(self, place: int) -> int | None:
        choice = self.choice
        cost, score = choice.candidates.costs[place], choice.candidates.score[place]
        if cost > min(self.cap, choice.candidates.budget):
            return None
        beside = choice.others_with(place)
        short = choice.score_of(choice.value) - choice.score_of(beside) - score
        k = max(1, self.minimum - self.support.votes[place], -(-short // self.each))
        # At an equal total the order decides; one more ballot, and the total is higher.
        return k + (self._value(place, k, k * self.each) + beside < choice.value)

    def _cheaper(self, place: int) -> int | None:
        """Range by range: within one, its place in the order stays, and less cost is no harm.

        It is none from one range to the next, either, but under the criterion ``expensive``.
        """
        candidates = self.choice.candidates
        cost, score = candidates.costs[place], candidates.score[place]
        first = max(1, cost - self.cap)
        if self.support.votes[place] < self.minimum or first >= cost:
            return None
        starts = {first}
        if not {"cost", "expensive"}.isdisjoint(self.sorter.criteria):
            for other in candidates.places:
                if candidates.score[other] == score:
                    equal = cost - candidates.costs[other]
                    starts |= {less for less in (equal, equal + 1) if first < less < cost}
        ranges = list(pairwise([*sorted(starts), cost]))
        if "expensive" not in self.sorter.criteria:
            number = bisect_left(
                ranges, True, key=lambda each: self._within(place, each) is not None
            )
            return self._within(place, ranges[number]) if number < len(ranges) else None
        # No less will do than what brings the others to an equal total.
        equal_total = self._excess(
            place, self.choice.score_of(self.choice.value) - score << self.choice.width
        )
        if equal_total is None:
            return None
        for each in ranges:
            if each[1] > equal_total and (less := self._within(place, each)) is not None:
                return less
        return None

    def _within(self, place: int, reductions: tuple[int, int]) -> int | None:
        """The smallest of these reductions (the second one excluded) of its cost that makes it
        win, if it stands throughout where it stands at the first."""
        start, following = reductions
        score = self.choice.candidates.score[place]
        own = self.choice.value_of(place, score, self._key(place, cost=-start))
        excess = self._excess(place, self.choice.value - own + 1)
        if excess is None or excess >= following:
            return None
        return max(start, excess)

    def _excess(self, place: int, value: int) -> int | None:
        """By how much its cost exceeds what others leave that have such a value together."""
        candidates = self.choice.candidates
        least = self.choice.least_cost(place, value)
        return None if least is None else candidates.costs[place] + least - candidates.budget

    def winner(self, place: int) -> Margin:
        """How much score it could have lost and still won."""
        choice = self.choice
        own = choice.candidates.score[place]
        without = choice.others_alone(place)
        beside = choice.others_with(place)
        most = self.support.votes[place] - self.minimum if self.as_votes else own
        safe = min(most, choice.score_of(choice.value) - choice.score_of(without))
        votes = -safe if self.as_votes else 0
        safe -= self._value(place, votes, -safe) + beside < without
        return Margin(won=True, safe=None if safe == own else safe)

    def decisive(self, tie: TieSet) -> bool:
        """Whether another order of the tied projects changes who wins.

        It does if one of them that lost wins when it comes first: of all sets that another order
        could choose, the chosen one holds all or lacks a project of some other.
        """
        choice = self.choice
        places = choice.candidates.places
        block = set(tie.projects)
        tied = [place for place in places if place in block]
        if not tied:
            return False
        start = places.index(tied[0])
        before = [place for place in places[:start] if place in choice.chosen]
        best = choice.score_of(choice.value)
        return any(
            place not in choice.chosen
            and choice.contrary(place) == best
            and choice.reaches(before, place, places[start:])
            for place in tied
        )
