"""How near each project was to the other side under the knapsack optimum.

A project wins if the best set with it is worth more than the best set without it, where of equal
totals the order decides. The best of the other projects, with the money it leaves them and with
all the money, does not depend on its own votes: so each is found once, and the margins follow.
Where the price is asked for, the least money is found for which the others are good enough.
"""

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
        """Range by range: within one, its place in the order stays, and less cost is no harm."""
        candidates = self.choice.candidates
        cost, score = candidates.costs[place], candidates.score[place]
        if self.support.votes[place] < self.minimum:
            return None
        starts = {max(1, cost - self.cap)}
        if not {"cost", "expensive"}.isdisjoint(self.sorter.criteria):
            for other in candidates.places:
                if candidates.score[other] == score:
                    equal = cost - candidates.costs[other]
                    starts |= {less for less in (equal, equal + 1) if less > min(starts)}
        ranges = sorted(start for start in starts if start < cost)
        for start, following in pairwise([*ranges, cost]):
            less = self._needed(place, start)
            if less is not None and less < following:
                return less
        return None

    def _needed(self, place: int, start: int) -> int | None:
        """How much cheaper it would have to be if it stood where it stands at ``start``."""
        candidates = self.choice.candidates
        own = self.choice.value_of(place, candidates.score[place], self._key(place, cost=-start))
        least = self.choice.least_cost(place, self.choice.value - own + 1)
        if least is None:
            return None
        return max(start, candidates.costs[place] + least - candidates.budget)

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
