"""The counts of Equal Shares around one that stands, and what one project changes in them.

Another ballot that names one project alone, or a lower cost of it, changes nothing in a count from
the same start until that project is bought. So each start is counted once, and for each project
that lost it is noted before every purchase how much it lacked then (``equal_shares_gauge``). With
less than the least of these it changes nothing; with more only what follows is counted again, and
only until it is clear whether the envelope is exceeded: no more can be spent than all that is still
affordable costs, nor than its supporters have left.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil
from typing import Any, Final

from tally.rules.equal_shares_gauge import COLUMNS, ArrayGauge, ListGauge, Watched
from tally.rules.equal_shares_poll import Poll
from tally.rules.equal_shares_purse import open_purse
from tally.rules.equal_shares_run import Candidate, run
from tally.rules.equal_shares_trial import BETWEEN, NEVER, Course, Field, Frame, Look, Trial, Unsure

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]

MOST_KEPT: Final = 20_000_000
"""Binary fractions in all frames that are kept: those longest unused are dropped."""


END: Final = "end"
BOUGHT: Final = "bought"
SETTLED: Final = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One project otherwise: with other ballots or another cost."""

    place: int
    candidate: Candidate
    poll: Poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The count from a start. ``rows``: what watched projects lacked before each purchase and at
    the end; ``least``: the least of that by column and project. ``spent``: before each purchase and
    in all; ``rooms``: before every ``BETWEEN`` purchases what more can be spent without exceeding
    the envelope, whatever happens. Only ``known`` where bounds told all purchases apart; otherwise
    anything may change everything. ``frames``: of each purchase, while they are kept."""

    trial: Trial
    rows: tuple[tuple[Any, ...], ...]
    least: tuple[list[Any], ...]
    spent: tuple[int, ...]
    rooms: tuple[int, ...]
    frames: list[Frame]
    known: bool

    def first(self, column: int, number: int, change: int) -> int:
        """Before which purchase a change may matter to a watched project first."""
        return next(n for n, row in enumerate(self.rows) if row[column][number] <= change)

    def size(self) -> int:
        """The binary fractions in all frames."""
        return sum(2 * len(each.groups) for each in self.frames[1:])

    def room(self, first: int) -> int:
        """What can surely be spent on the purchase ``first`` without exceeding the envelope."""
        at = min(first // BETWEEN, len(self.rooms) - 1)
        return self.rooms[at] if at >= 0 else -1


class Starts:
    """The counts of all starts that were asked for. ``candidates`` compete in each."""

    def __init__(
        self, candidates: Sequence[Candidate], poll: Poll, watched: Sequence[Watched], budget: int
    ) -> None:
        """``budget``: what may be spent."""
        self._candidates = {each.place: each for each in candidates}
        self._poll = poll
        self._number = len(watched)
        self._budget = budget
        plain = isinstance(poll.counts, list)
        self._counts = [*poll.counts, 0] if plain else np.append(poll.counts, 0)
        self._field = Field(candidates, self._counts)
        self._gauge = (ListGauge if plain else ArrayGauge)(watched, self._counts)
        self._found: dict[Fraction, Base] = {}
        self._last: Trial | None = None
        self._kept: OrderedDict[Fraction, Base] = OrderedDict()
        self._size = 0

    def base(self, start: Fraction) -> Base:
        """The count from a start."""
        found = self._found.get(start)
        if found is None:
            found = self._found[start] = self._counted(start)
            self._last = found.trial
        return found

    def _counted(self, start: Fraction) -> Base:
        rows: list[tuple[Any, ...]] = []
        potentials: list[int] = []
        course = self._field.course(start, self._last)

        def watch(look: Look) -> None:
            if len(rows) % BETWEEN == 0:
                potentials.append(ceil(course.potential()))
            rows.append(self._gauge.lacking(course, look))

        course.watch = watch
        try:
            trial = course.all(None)
        except Unsure:
            return self._unknown(start)
        rows.append(self._gauge.lacking(course, None))
        prices = [self._candidates[place].cost for place in trial.places]
        spent = tuple(accumulate(prices, initial=0))
        return Base(
            trial=trial,
            rows=tuple(rows),
            least=tuple(self._gauge.least(rows, column) for column in range(COLUMNS)),
            spent=spent,
            rooms=tuple(
                self._budget - spent[number * BETWEEN] - most
                for number, most in enumerate(potentials)
            ),
            frames=[],
            known=True,
        )

    def _unknown(self, start: Fraction) -> Base:
        """Where binary fractions cannot tell."""
        nothing, endless = [0] * self._number, [NEVER] * self._number
        row = (nothing, nothing, endless, endless)
        return Base(
            trial=exactly(list(self._candidates.values()), self._poll.counts, start),
            rows=(row,),
            least=row,
            spent=(0,),
            rooms=(),
            frames=[],
            known=False,
        )

    def _state(self, start: Fraction, base: Base, first: int) -> Course:
        """How it stands before ``first`` purchases, or as many as there are."""
        if base.frames:
            self._kept.move_to_end(start)
        else:
            course = self._field.course(start, base.trial)
            course.watch = lambda _: base.frames.append(course.frame())
            course.all(None)
            self._kept[start] = base
            self._size += base.size()
            while len(self._kept) > 1 and self._size > MOST_KEPT:
                _, oldest = self._kept.popitem(last=False)
                self._size -= oldest.size()
                oldest.frames.clear()
        return type(base.frames[0].course).at(base.frames[: first + 1])

    def changed(self, start: Fraction, change: Change, first: int | None, until: str) -> Trial:
        """The count from a start with one project changed: to the ``END``, or ``until`` that is
        ``BOUGHT``, or until it is also ``SETTLED`` whether too much is spent. Until ``first``
        purchases were made the change is known not to matter (None: nothing is known)."""
        entrant = self._field.entrant(change.candidate, change.poll.counts)
        base = None if first is None else self.base(start)
        if first is None or base is None or not base.known or not base.trial.places:
            course, like = self._field.course(start), self._last
        else:
            course, like = self._state(start, base, first), base.trial
        branch = course.branch(change.place, entrant, like)
        try:
            if until == END:
                trial = branch.all(None)
            else:
                trial = branch.settled(change.place, self._budget if until == SETTLED else None)
        except Unsure:
            candidates = {**self._candidates, change.place: change.candidate}
            return exactly(list(candidates.values()), change.poll.counts, start)
        self._last = self._last or trial
        return trial


def exactly(candidates: Sequence[Candidate], counts: Any, start: Fraction) -> Trial:
    """An exact count, without bounds."""
    found = run(candidates, open_purse(start, counts))
    assert found is not None  # noqa: S101 - without a limit a run is never given up
    costs = {each.place: each.cost for each in candidates}
    places = tuple(each.place for each in found.purchases)
    return Trial(
        places=places,
        rates=tuple(int(p.price.numerator) / int(p.price.denominator) for p in found.purchases),
        highest=(NEVER,) * len(places),
        even=(False,) * len(places),
        spent=sum(costs[place] for place in places),
        over=False,
    )
