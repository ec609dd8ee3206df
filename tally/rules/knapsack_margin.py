"""How near each project was to the other side under the knapsack optimum.

A project wins if the best set with it is worth more than the best set without it, where of equal
totals the order decides. The best of the other projects, with the money it leaves them and with
all the money, does not depend on its own votes: so each is found once, and the margins follow.
Where the price is asked for, the least money is found for which the others are good enough.
"""

from bisect import bisect, bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tally.outcome import Margin
from tally.rules.knapsack_choice import Choice
from tally.rules.score import Support
from tally.tiebreak import Key, Sorter, TieSet

BY_COST: Final = ("cost", "expensive")


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
        """Range by range: within one, its place among equals stays, and less cost is no harm.

        Where the cheaper of two comes first, it is no harm from one range to the next either; the
        first that will do is found by halves. Where the dearer comes first, more is missing in
        each later range, so that all are passed over that end before what is missing in this.
        """
        candidates = self.choice.candidates
        cost, score = candidates.costs[place], candidates.score[place]
        first = max(1, cost - self.cap)
        if self.support.votes[place] < self.minimum or first >= cost:
            return None
        by_cost = next((name for name in self.sorter.criteria if name in BY_COST), None)
        starts = {first}
        if by_cost is not None:
            for other in candidates.places:
                if candidates.score[other] == score:
                    equal = cost - candidates.costs[other]
                    starts |= {less for less in (equal, equal + 1) if first < less < cost}
        ranges = list(pairwise([*sorted(starts), cost]))

        def within(number: int) -> bool:
            return self._excess(place, ranges[number][0]) < ranges[number][1]

        if by_cost == "expensive":
            number = 0
            while number < len(ranges) and not within(number):
                excess = self._excess(place, ranges[number][0])
                number = bisect(ranges, excess, lo=number, key=lambda each: each[1])
        else:
            number = bisect_left(range(len(ranges)), True, key=within)
        if number == len(ranges):
            return None
        start = ranges[number][0]
        return max(start, self._excess(place, start))

    def _excess(self, place: int, start: int) -> int:
        """By how much its cost exceeds what others leave that are good enough to win with it, if
        it stands where it stands at a cost lower by ``start``; its cost if no money does."""
        candidates = self.choice.candidates
        score, cost = candidates.score[place], candidates.costs[place]
        own = self.choice.value_of(place, score, self._key(place, cost=-start))
        least = self.choice.least_cost(place, self.choice.value - own + 1)
        return cost if least is None else cost + least - candidates.budget

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
