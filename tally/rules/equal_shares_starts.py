"""The counts of Equal Shares around one that stands, and what one project changes in them.

Another ballot that names one project alone, or a lower cost of it, changes nothing in a count from
the same start until that project is bought. So each start is counted once, and for each project
that lost it is noted before every purchase how much it lacked then (``equal_shares_gauge``). With
less than the least of these it changes nothing; with more only what follows is counted again, and
only until it is clear whether the envelope is exceeded: no more can be spent than all that is still
affordable costs, nor than its supporters have left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, count
from math import ceil
from typing import Any, Final

from tally.rules.equal_shares_gauge import COLUMNS, ArrayGauge, ListGauge, Watched
from tally.rules.equal_shares_poll import Poll
from tally.rules.equal_shares_purse import open_purse
from tally.rules.equal_shares_run import Candidate, run
from tally.rules.equal_shares_trial import BETWEEN, NEVER, Course, Field, Look, Trial, Unsure

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]

MOST_KEPT: Final = 12_000_000
"""Binary fractions in all states that are kept."""


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
    anything may change everything. ``states`` are kept before every ``BETWEEN`` purchases."""

    trial: Trial
    rows: tuple[tuple[Any, ...], ...]
    least: tuple[list[Any], ...]
    spent: tuple[int, ...]
    rooms: tuple[int, ...]
    states: dict[int, Course]
    known: bool

    def first(self, column: int, number: int, change: int) -> int:
        """Before which purchase a change may matter to a watched project first."""
        return next(n for n, row in enumerate(self.rows) if row[column][number] <= change)

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
        self._kept = 0

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
            states={},
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
            states={},
            known=False,
        )

    def _state(self, start: Fraction, base: Base, first: int) -> Course:
        """A state before no more than ``first`` purchases, not to be changed."""
        if not base.states:
            if self._kept > MOST_KEPT:
                for each in self._found.values():
                    each.states.clear()
                self._kept = 0
            course = self._field.course(start, base.trial)
            numbers = count()

            def watch(_: Look) -> None:
                number = next(numbers)
                if number % BETWEEN == 0:
                    base.states[number] = course.twin()
                    self._kept += 2 * len(self._counts)

            course.watch = watch
            course.all(None)
        last = len(base.trial.places) - 1
        return base.states[min(first, last) // BETWEEN * BETWEEN]

    def changed(
        self, start: Fraction, change: Change, first: int | None, *, whole: bool = False
    ) -> Trial:
        """The count from a start with one project changed, at least until it is clear whether that
        is bought and whether too much is spent. Until ``first`` purchases were made the change is
        known not to matter (None: nothing is known)."""
        entrant = self._field.entrant(change.candidate, change.poll.counts)
        base = None if first is None else self.base(start)
        if first is None or base is None or not base.known or not base.trial.places:
            course, like = self._field.course(start), self._last
        else:
            course, like = self._state(start, base, first), base.trial
        branch = course.branch(change.place, entrant, like)
        try:
            settled = None if whole else branch.settled(change.place, self._budget)
            trial = settled or branch.all(None)
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
