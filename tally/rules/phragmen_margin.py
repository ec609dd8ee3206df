"""How near each project was to the other side under sequential Phragmén.

Until its turn comes a project changes nothing for others, and ballots that name it alone never
do. So the count without it tells all: round by round, with which load somebody else came and how
much was left. With more votes, or a lower cost, the project comes in an earlier round or the same,
when no less is left; it wins if there is any round that it precedes and in which it fits.

A project that did not win was never bought, so that the count without it is the count itself, up
to the round in which it was passed; from there on it does not fit.
"""

from dataclasses import dataclass
from fractions import Fraction

from tally.outcome import Margin
from tally.rules.phragmen_run import Course, Race, Round, play
from tally.tiebreak import Key, Sorter


def _up(value: Fraction) -> int:
    return int(-(-value.numerator // value.denominator))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurdles:
    """What a margin needs beside the race. ``places`` compete; ``cap`` is the highest cost."""

    race: Race
    sorter: Sorter
    places: tuple[int, ...]
    minimum: int
    cap: int | None
    course: Course

    def _key(self, place: int, votes: int, cost: int) -> Key:
        return self.sorter.key(place, votes, votes, cost)[1:]

    def _precedes(self, place: int, votes: int, cost: int, carried: Fraction, at: Round) -> bool:
        load = (cost + carried) / votes
        return (load, self._key(place, votes, cost)) < (at.load, self.race.keys[at.place])

    def loser(self, place: int) -> Margin:
        """How many more ballots that name only it, or how much cheaper."""
        race, course = self.race, self.course
        own, cost = race.votes[place], race.costs[place]
        more, less = [], []
        capped = self.cap is not None and cost > self.cap
        least_less = max(1, cost - self.cap) if self.cap is not None else 1
        for at in course.rounds:
            if at.place == place:
                less.append(max(least_less, cost - at.left))
                break
            carried = race.carried(place, at.loads)
            if not capped and cost <= at.left:
                k = max(1, self.minimum - own, _up((cost + carried) / at.load) - own)
                k += not self._precedes(place, own + k, cost, carried, at)
                more.append(k)
            if own >= self.minimum:
                d = max(least_less, cost - at.left, _up(cost + carried - own * at.load))
                if d < cost and not self._precedes(place, own, cost - d, carried, at):
                    d += 1
                less.append(d)
        else:
            if course.ended:
                if not capped and cost <= course.left:
                    more.append(max(1, self.minimum - own))
                if own >= self.minimum:
                    less.append(max(least_less, cost - course.left))
        cheaper = min(less, default=cost)
        return Margin(
            won=False,
            votes=min(more, default=None),
            cheaper=cheaper if cheaper < cost else None,
        )

    def winner(self, place: int) -> Margin:
        """How many ballots could stop naming it, whichever: they are taken to carry no load."""
        race, course = self.race, self.course
        own, cost = race.votes[place], race.costs[place]
        number = next(n for n, at in enumerate(course.rounds) if at.place == place)
        start = course.rounds[number]
        bounds = [bound for bound in start.bounds if bound[2] != place]
        others = [bound[2] for bound in bounds]
        without = play(race, others, start.left, start.loads, bounds=bounds, least=cost)
        most = own - self.minimum
        safe = most if without.ended and without.left >= cost else 0
        for at in without.rounds:
            if at.left >= cost and safe < most:
                carried = race.carried(place, at.loads)
                votes = max(self.minimum, _up((cost + carried) / at.load))
                votes += not self._precedes(place, votes, cost, carried, at)
                safe = max(safe, own - votes)
        return Margin(won=True, safe=safe)

    def decisive(self, at: Round) -> bool:
        """Whether another of the equal projects coming first would change who wins."""
        number = self.course.rounds.index(at)
        passed = {each.place for each in self.course.rounds[:number]}
        places = [p for p in self.places if p not in passed]
        before = {each.place for each in self.course.rounds[number:] if each.fits}
        return any(
            set(play(self.race, places, at.left, at.loads, first=other).winners) != before
            for other in at.tied[1:]
        )
