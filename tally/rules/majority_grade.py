"""Grades of one project, ordered as majority judgment orders them, in integers.

A project's grades are held as ``counts``: how many ballots give it each grade, best first; every
ballot gives one. The majority grade is the median (with an even number of ballots the lower of
the two middle ones). Of two projects with the same one, the majority grade is taken away once
from each and the next looked at, until they differ (Balinski & Laraki, *A theory of measuring,
electing and ranking*, PNAS 2007, and *Majority Judgment*, 2011).

Why nobody need take grades away one by one: sort the n ballots of a project from best to worst, as
places 0 to n − 1. The first grade taken is at place n // 2; the others follow it outwards, for odd
n first on the worse side and for even n first on the better side, by turns. So two projects first
differ where one of them first meets another grade on its way outwards, and ``majority_key`` lists
just these meetings: at most one for each grade but the first. The first meeting alone is the
*majority gauge*.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Final

Counts = tuple[int, ...]
"""Ballots by grade, the best grade first."""

WORSE: Final = 1
BETTER: Final = -1


def majority_grade(counts: Sequence[int]) -> int:
    """The index of the median grade, the lower of two in the middle; 0 is the best grade."""
    middle = sum(counts) // 2
    for grade, through in enumerate(accumulate(counts)):
        if through > middle:
            return grade
    raise ValueError("a project without ballots has no majority grade")


def majority_key(counts: Sequence[int]) -> tuple[int, ...]:
    """What to sort by, the better project first. Equal keys mean equal grades throughout.

    Only keys of as many ballots and grades may be compared. Holds the majority grade and then, for
    each change of grade met on the way outwards, how late it is met and the grade met: the way
    ``n − t`` of time t is positive for a worse grade (later is better), negative for a better one
    (sooner is better). A last 0 stands for no further change, between the two.
    """
    ballots = sum(counts)
    middle = ballots // 2
    even = ballots % 2 == 0
    through = list(accumulate(counts))
    grade = majority_grade(counts)
    key = [grade]
    better = worse = grade
    while True:
        # The next place with another grade on each side, and when it is reached.
        before = through[better] - counts[better] - 1
        after = through[worse]
        soon = 2 * (middle - before) - (1 if even else 0) if before >= 0 else ballots
        late = 2 * (after - middle) - (0 if even else 1) if after < ballots else ballots
        if soon >= ballots and late >= ballots:
            return (*key, 0)
        if soon < late:
            better = next(g for g in range(better - 1, -1, -1) if counts[g])
            key += [BETTER * (ballots - soon), better]
        else:
            worse = next(g for g in range(worse + 1, len(counts)) if counts[g])
            key += [WORSE * (ballots - late), worse]


def gauge(counts: Sequence[int]) -> Fraction:
    """The majority gauge as one number, the higher the better.

    The majority grade, counted from 0 for the worst, plus the share of ballots with a better
    grade, or minus the share with a worse one, whichever is larger (minus when they are equal).
    """
    ballots = sum(counts)
    grade = majority_grade(counts)
    better, worse = sum(counts[:grade]), sum(counts[grade + 1 :])
    value = Fraction(len(counts) - 1 - grade)
    return value + Fraction(better, ballots) if better > worse else value - Fraction(worse, ballots)


def shape_changes(counts: Sequence[int], grade: int) -> set[int]:
    """At which numbers k of added ballots with ``grade`` more than the times of the key may change.

    Between two of these numbers the project meets the same grades, on the same sides, in the same
    order. A boundary between two grades stands at a place p. It lies on the better side of the
    middle until p ≤ (n + k) // 2; and of a boundary before the middle, whose last better place is
    q, and one after it, which begins at p, the latter is met first if and only if p + q < n + k.
    Places behind the added grades move with k.
    """
    ballots = sum(counts)
    through = list(accumulate(counts))[:-1]
    found = {1}  # before, there may be no such grade at all
    for g, place in enumerate(through):
        if g < grade:
            found.add(2 * place - ballots)
        else:  # place + k > (ballots + k) // 2
            found.add(ballots - 2 * place + 1)
    for b, low in enumerate(through):
        for a in range(b + 1, len(through)):
            reach = low - 1 + through[a]
            if a < grade:
                found.add(reach - ballots + 1)
            elif b >= grade:
                found.add(ballots - reach)
    return {k for k in found if k > 0}


def meetings(one: Sequence[int], other: Sequence[int], grade: int) -> set[int]:
    """At which numbers k of ballots, best for ``one`` and ``grade`` for ``other``, the order of the
    two may change though both keys keep their shape: where boundaries before ``grade`` coincide."""
    mine, theirs = accumulate(one), accumulate(other)
    found = (b - a for a, b, _ in zip(mine, theirs, range(grade), strict=False))
    return {k + near for k in found for near in (0, 1) if k + near > 0}


def add_grades(counts: Sequence[int], grade: int, ballots: int) -> Counts:
    """The counts with so many more ballots giving ``grade``."""
    changed = list(counts)
    changed[grade] += ballots
    return tuple(changed)


def spoil(counts: Sequence[int], ballots: int) -> Counts:
    """The counts after so many ballots, those with the best grades, give the worst instead.

    No other choice of as many ballots would leave the project worse off.
    """
    changed = list(counts)
    left = ballots
    for grade in range(len(changed) - 1):
        moved = min(left, changed[grade])
        changed[grade] -= moved
        changed[-1] += moved
        left -= moved
    return tuple(changed)


def counts_of(
    marks: Mapping[tuple[str, int], int], project: str, grades: int, default: int, ballots: int
) -> Counts:
    """A project's counts from the marks of all ballots; who does not grade it gives ``default``."""
    counts = [marks.get((project, grade), 0) for grade in range(grades)]
    counts[default] += ballots - sum(counts)
    return tuple(counts)
