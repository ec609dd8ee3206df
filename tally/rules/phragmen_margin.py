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
from tally.rules.phragmen_run import Course, ExactCourse, ExactRound, Race, play
from tally.tiebreak import Key, Sorter


def _up(value: Fraction) -> int:
    return int(-(-value.numerator // value.denominator))


def lost(more: int | None, less: int, cost: int) -> Margin:
    """The margin of a loser: nobody can cost nothing."""
    return Margin(won=False, votes=more, cheaper=less if less < cost else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurdles:
    """What a margin needs beside the race. ``places`` compete; ``cap`` is the highest cost."""

    race: Race
    sorter: Sorter
    places: tuple[int, ...]
    minimum: int
    cap: int | None
    course: Course

    def key(self, place: int, votes: int, cost: int) -> Key:
        """What puts a project in order among those of equal load, with other votes or cost."""
        return self.sorter.key(place, votes, votes, cost)[1:]

    def least_less(self, place: int, left: int) -> int:
        """How much cheaper a loser has to be for the cap, and to fit into what is left."""
        cost = self.race.costs[place]
        return max(1, cost - left, 1 if self.cap is None else cost - self.cap)

    def capped(self, place: int) -> bool:
        """Whether no number of votes helps a project, because it costs too much."""
        return self.cap is not None and self.race.costs[place] > self.cap

    def at_the_end(self, place: int, more: int | None, less: int) -> tuple[int | None, int]:
        """The same two numbers, for a loser whose turn never came, with the end of the count."""
        if self.course.ended:
            left = self.course.left
            if self.race.costs[place] <= left and not self.capped(place):
                needed = max(1, self.minimum - self.race.votes[place])
                more = needed if more is None else min(more, needed)
            if self.race.votes[place] >= self.minimum:
                less = min(less, self.least_less(place, left))
        return more, less


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactHurdles(Hurdles):
    """Margins of a course that ``play`` counted, each by itself and in rationals."""

    course: ExactCourse

    def _precedes(
        self, place: int, votes: int, cost: int, carried: Fraction, at: ExactRound
    ) -> bool:
        load = (cost + carried) / votes
        return (load, self.key(place, votes, cost)) < (at.load, self.race.keys[at.place])

    def _more_at(self, place: int, at: ExactRound) -> int:
        """How many more ballots that name only it let a loser come before this turn."""
        own, cost = self.race.votes[place], self.race.costs[place]
        carried = self.race.carried(place, at.loads)
        k = max(1, self.minimum - own, _up((cost + carried) / at.load) - own)
        return k + (not self._precedes(place, own + k, cost, carried, at))

    def _less_at(self, place: int, at: ExactRound) -> int:
        """How much cheaper a loser would come before this turn and fit: its cost, if never."""
        own, cost = self.race.votes[place], self.race.costs[place]
        carried = self.race.carried(place, at.loads)
        d = max(self.least_less(place, at.left), _up(cost + carried - own * at.load))
        return d + (d < cost and not self._precedes(place, own, cost - d, carried, at))

    def loser(self, place: int) -> Margin:
        """How many more ballots that name only it, or how much cheaper."""
        race, course = self.race, self.course
        own, cost = race.votes[place], race.costs[place]
        more: int | None = None
        less = cost
        for at in course.rounds:
            if at.place == place:
                less = min(less, self.least_less(place, at.left))
                break
            if cost <= at.left and not self.capped(place):
                needed = self._more_at(place, at)
                more = needed if more is None else min(more, needed)
            if own >= self.minimum:
                less = min(less, self._less_at(place, at))
        else:
            more, less = self.at_the_end(place, more, less)
        return lost(more, less, cost)

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

    def decisive(self, number: int) -> bool:
        """Whether another of the equal projects of a round coming first would change who wins."""
        at = self.course.rounds[number]
        passed = {each.place for each in self.course.rounds[:number]}
        places = [p for p in self.places if p not in passed]
        before = {each.place for each in self.course.rounds[number:] if each.fits}
        return any(
            set(play(self.race, places, at.left, at.loads, first=other).winners) != before
            for other in at.tied[1:]
        )
