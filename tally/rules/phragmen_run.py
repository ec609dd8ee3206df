"""Sequential Phragmén itself, on places, sets of ballots and exact loads.

A set of ballots is an integer with one bit for each ballot, so that the ballots two sets have in
common are counted by the machine's own instructions. All ballots that carry the same load stand
in one set; a project's load is a sum over these. Loads only rise, so what a project's load was is
a bound of what it is, and only projects that could come next are looked at anew.

Source: docs/rules.md, "phragmen".
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heappop, heappush
from typing import Final

from tally.profile import Profile
from tally.tiebreak import Key

try:
    from gmpy2 import mpq

    RATIO: Callable[..., Fraction] = mpq
except ImportError:  # The same numbers, more slowly.
    RATIO = Fraction

Bound = tuple[Fraction, Key, int]
"""A load that a project's load is not below, its key and its place."""
Loads = tuple[tuple[Fraction, int], ...]
"""The loads above zero and the ballots that carry each, in minor units for each ballot."""

UNMARKED: Final = b"0"
MARKED: Final = b"1"


DECIMALS: Final = 6


def load_text(load: Fraction) -> str:
    """A load as results show it: minor units for each ballot, rounded down to six decimals.

    The exact numbers, which decide, have hundreds of digits in a large city.
    """
    return millionths_text(int(load.numerator * 10**DECIMALS // load.denominator))


def millionths_text(millionths: int) -> str:
    """As ``load_text``, of a load in whole millionths of minor units."""
    whole, part = divmod(millionths, 10**DECIMALS)
    return f"{whole}.{part:0{DECIMALS}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """The projects by place: the ballots of each (for ``play``; none where a ledger holds them),
    how many, its cost and its key among equals."""

    ballots: tuple[int, ...] = ()
    votes: tuple[int, ...]
    costs: tuple[int, ...]
    keys: tuple[Key, ...]
    stops: bool

    def carried(self, place: int, loads: Loads) -> Fraction:
        """The sum of the loads of a project's ballots."""
        ballots = self.ballots[place]
        total = RATIO(0)
        for load, carrying in loads:
            shared = (ballots & carrying).bit_count()
            if shared:
                total += load * shared
        return total

    def load(self, place: int, loads: Loads) -> Fraction:
        """What each ballot of a project would carry after it is bought."""
        return (self.costs[place] + self.carried(place, loads)) / self.votes[place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The project whose turn came, beside which equal ones (itself first), with how much left
    before; ``shown`` is its load as ``load_text`` writes it."""

    place: int
    left: int
    fits: bool
    tied: tuple[int, ...]
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactRound(Round):
    """A round of ``play``: the exact ``load``, and ``loads`` and the ``bounds`` of all that waited
    as they were before."""

    load: Fraction
    loads: Loads
    bounds: tuple[Bound, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """All rounds, and the projects whose turn did not come, by load, as shown. ``ended``: nobody
    was left to come, rather than that the count stopped."""

    rounds: tuple[Round, ...]
    behind: tuple[tuple[str, int], ...]
    ended: bool
    left: int

    @property
    def winners(self) -> list[int]:
        """The projects bought, in order."""
        return [each.place for each in self.rounds if each.fits]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactCourse(Course):
    """What ``play`` counted."""

    rounds: tuple[ExactRound, ...]


def ballots_of(projects: Sequence[str], profile: Profile) -> tuple[int, ...]:
    """The ballots that name each project, by place. A blank or spoiled ballot has no bit."""
    count = profile.expressed
    columns = {project: bytearray(UNMARKED) * count for project in projects}
    at = 0
    for choice, ballots in profile.groups():
        if ballots == 1:
            for project, mark in choice:
                if mark > 0:
                    columns[project][at] = MARKED[0]
        else:
            for project, mark in choice:
                if mark > 0:
                    columns[project][at : at + ballots] = MARKED * ballots
        at += ballots
    # Each column goes as soon as it is a number.
    return tuple(int(columns.pop(project), 2) if count else 0 for project in projects)


def bought(loads: Loads, ballots: int, load: Fraction) -> Loads:
    """The loads after a project of these ballots was bought."""
    kept = ((value, carrying & ~ballots) for value, carrying in loads)
    return (*((value, carrying) for value, carrying in kept if carrying), (load, ballots))


def play(
    race: Race,
    places: Iterable[int],
    left: int,
    loads: Loads = (),
    *,
    bounds: Iterable[Bound] | None = None,
    first: int | None = None,
    least: int = 0,
) -> ExactCourse:
    """Count. ``first`` takes the first turn whatever the keys say; the count is given up when
    less than ``least`` is left. ``bounds`` of the places, where they are known, save work."""
    if bounds is None:
        bounds = ((RATIO(race.costs[p], race.votes[p]), race.keys[p], p) for p in places)
    waiting = list(bounds)
    heapify(waiting)
    rounds: list[ExactRound] = []
    while waiting and left >= least:
        fresh: list[Bound] = []
        while waiting and (not fresh or waiting[0][0] <= fresh[0][0]):
            _, key, place = heappop(waiting)
            heappush(fresh, (race.load(place, loads), key, place))
        known = (*waiting, *fresh)
        load = fresh[0][0]
        tied = tuple(entry[2] for entry in sorted(fresh) if entry[0] == load)
        chosen = tied[0] if first is None else first
        first = None
        for entry in fresh:
            if entry[2] != chosen:
                heappush(waiting, entry)
        fits = race.costs[chosen] <= left
        rounds.append(
            ExactRound(
                place=chosen,
                shown=load_text(load),
                load=load,
                left=left,
                fits=fits,
                tied=tied,
                loads=loads,
                bounds=known,
            )
        )
        if fits:
            left -= race.costs[chosen]
            loads = bought(loads, race.ballots[chosen], load)
        elif race.stops:
            break
    stopped = bool(rounds) and race.stops and not rounds[-1].fits
    behind = (
        sorted((race.load(p, loads), race.keys[p], p) for _, _, p in waiting) if stopped else []
    )
    return ExactCourse(
        rounds=tuple(rounds),
        behind=tuple((load_text(load), place) for load, _, place in behind),
        ended=not waiting and not stopped,
        left=left,
    )
