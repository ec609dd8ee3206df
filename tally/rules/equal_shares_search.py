"""Where the borders of projects that lost under Equal Shares must be, and whether they are there.

Each number is checked by counting the raise again, as far as it changes (equal_shares_starts.py).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Final

from tally.election import Envelope
from tally.outcome import Margin
from tally.rules.equal_shares_border import border, border_near
from tally.rules.equal_shares_completion import Ending, Shares
from tally.rules.equal_shares_gauge import BALLOTS, COST, SURELY, Watched
from tally.rules.equal_shares_poll import Poll, with_ballots
from tally.rules.equal_shares_run import Candidate
from tally.rules.equal_shares_starts import BOUGHT, END, SETTLED, Base, Change, Starts
from tally.rules.score import most_a_ballot_gives
from tally.tiebreak import Key

GOES_ON: Final = 0
OVER: Final = 1
ALL: Final = 2
"""How a raise ends at a start: not, because too much is spent, because all is bought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A count, and what would be with other ballots or costs: the sorting ``key`` of a project
    (place, votes, score, cost), who wins a whole ``recount``, and who may compete (the least
    ``votes``, the highest cost ``cap``)."""

    envelope: Envelope
    shares: Shares
    ending: Ending
    key: Callable[[int, int, int, int], Key]
    recount: Callable[[Poll, tuple[int, ...]], frozenset[int]]
    votes: int
    cap: int


def candidate(shares: Shares, place: int) -> Candidate:
    """A project as it competes, or would."""
    return replace(shares, places=(place,)).candidates()[0]


class Search:
    """Looks for the borders of all losers of a count."""

    def __init__(self, neighbour: Neighbour, losers: list[int], *, with_cost: bool) -> None:
        self.near = neighbour
        self._with_cost = with_cost
        self.shares = shares = neighbour.shares
        self.raised = shares.parameters.raises == "add1"
        self.increment = shares.parameters.increment
        self.stands = neighbour.ending.start
        self._seen: dict[tuple[int, int, Fraction], tuple[tuple[int, ...], int]] = {}
        self._each = most_a_ballot_gives(neighbour.envelope.form)
        self._numbers = {place: number for number, place in enumerate(losers)}
        self.starts = Starts(
            shares.candidates(),
            shares.poll,
            [
                Watched(
                    place=place,
                    candidate=candidate(shares, place),
                    worth=1 if shares.poll.supporters[place].utility is None else self._each,
                    over_cost=with_cost and shares.parameters.utility == "cost",
                )
                for place in losers
            ],
            shares.budget,
        )

    def prepare(self) -> None:
        """Count from all starts of a raise upwards, where each is like the one before."""
        if self.raised:
            start = self.lowest(0)
            while start <= self.stands + self.increment:
                self.starts.base(start)
                start += self.increment

    def forget(self) -> None:
        """Drop what was counted for one project."""
        self._seen.clear()

    def margin(self, place: int) -> Margin:
        """The margin of a loser."""
        near, poll = self.near, self.shares.poll
        self.forget()
        cost, votes = self.shares.costs[place], poll.votes[place]
        uniform = poll.supporters[place].utility is None
        ballots = cheaper = None
        if cost <= near.cap:
            least, most = max(1, near.votes - votes), 4 * poll.ballots + 4
            ballots = self._border(place, BALLOTS, least, most)
        if self._with_cost and votes >= near.votes:
            cheaper = self._border(place, COST, max(1, cost - near.cap), cost - 1)
        return Margin(won=False, votes=ballots, each=1 if uniform else self._each, cheaper=cheaper)

    def _border(self, place: int, kind: int, least: int, most: int) -> int | None:
        if most < least:
            return None

        def wins(change: int) -> bool:
            return change >= least and self._wins(place, kind, change)

        likely = next(self._likely(place, kind, least, most), None)
        return border(wins, most) if likely is None else border_near(wins, likely, most)

    # -- counting again -------------------------------------------------------------------------

    def lowest(self, more: int) -> Fraction:
        """Where the budgets begin with so many more ballots."""
        ballots, budget = self.shares.poll.ballots + more, self.shares.budget
        if not self.raised:
            return Fraction(budget, ballots)
        return Fraction(budget // (ballots * self.increment) * self.increment)

    def changed(self, place: int, kind: int, change: int) -> Shares:
        """What is counted with a project changed."""
        shares, poll = self.shares, self.shares.poll
        costs = shares.costs
        if kind == BALLOTS:
            uniform = poll.supporters[place].utility is None
            poll = with_ballots(poll, place, change, self._each, uniform=uniform)
        else:
            costs = (*costs[:place], costs[place] - change, *costs[place + 1 :])
        key = self.near.key(place, poll.votes[place], poll.score[place], costs[place])
        keys = (*shares.keys[:place], key, *shares.keys[place + 1 :])
        return replace(shares, poll=poll, costs=costs, keys=keys)

    def bought(
        self, place: int, kind: int, change: int, start: Fraction, first: int | None
    ) -> tuple[tuple[int, ...], int]:
        """What is bought from a start with a project changed, and what is spent; the change is
        known not to matter in the ``first`` purchases."""
        asked = kind, change, start
        found = self._seen.get(asked)
        if found is None:
            changed = self.changed(place, kind, change)
            other = Change(place=place, candidate=candidate(changed, place), poll=changed.poll)
            until = BOUGHT
            if self.raised:
                until = SETTLED if self._short(place) else END
            trial = self.starts.changed(start, other, first, until)
            found = self._seen[asked] = trial.places, trial.spent
        return found

    def _wins(self, place: int, kind: int, change: int) -> bool:
        """Whether a project wins the whole count with a change."""
        start = self.lowest(change if kind == BALLOTS else 0)
        if self.raised:
            bought = self._stands_with(place, kind, change, start)
        elif kind == BALLOTS:
            bought, _ = self.bought(place, kind, change, start, None)
        else:
            first = self._matters(place, kind, change, start)
            bought = self.starts.base(start).trial.places
            if first is not None:
                bought, _ = self.bought(place, kind, change, start, first)
        if place in bought or self.shares.parameters.fill == "none":
            return place in bought
        return self.fills(place, self.changed(place, kind, change), bought)

    def _matters(self, place: int, kind: int, change: int, start: Fraction) -> int | None:
        """Before which purchase from a start a change may matter first."""
        base, number = self.starts.base(start), self._numbers[place]
        if base.least[kind][number] > change:
            return None
        return base.first(kind, number, change)

    def _stands_with(self, place: int, kind: int, change: int, start: Fraction) -> tuple[int, ...]:
        """What is bought at the end of the raise from ``start`` with a project changed; the project
        itself, where it is bought then: nobody need know what else is.

        From a start from which the project is not bought the rest buys what it did, and that is
        not too much up to where the raise stood. So the raise first spends too much either from a
        start one above which the project is bought (an edge: then it loses what is bought), or
        from one that follows another from which it is bought (and it wins, whichever that is).
        Where all is bought before, it has won. So only the edges matter, up to the first that
        spends too much; and, to lose, all below that.
        """
        step, stands = self.increment, self.stands
        inner: list[Fraction] = []
        before = False
        while start <= stands:
            bought = self._buys(place, kind, change, start)
            if bought and before:
                inner.append(start)
            elif bought:
                end = self._end(place, kind, change, start)
                if end == ALL:
                    return (place,)
                if end == OVER:
                    break
            before, start = bought, start + step
        else:
            # Here the rest alone spends too much; or, further on, perhaps not.
            while True:
                bought = self._buys(place, kind, change, start)
                if bought:
                    end = self._end(place, kind, change, start)
                    if end == ALL:
                        return (place,)
                else:
                    over = self.starts.base(start).trial.spent > self.shares.budget
                    end = OVER if over else GOES_ON
                if end == OVER:
                    break
                before, start = bought, start + step
        if before or any(self._end(place, kind, change, each) for each in reversed(inner)):
            return (place,)
        return self.starts.base(start - step).trial.places

    def _buys(self, place: int, kind: int, change: int, start: Fraction) -> bool:
        """Whether the project is bought from a start."""
        base, number = self.starts.base(start), self._numbers[place]
        if base.least[kind][number] > change:
            return False
        if base.least[kind + SURELY][number] <= change:
            return True
        first = base.first(kind, number, change)
        return place in self.bought(place, kind, change, start, first)[0]

    def _end(self, place: int, kind: int, change: int, start: Fraction) -> int:
        """Whether the raise ends at a start from which the project is bought."""
        base = self.starts.base(start)
        first = base.first(kind, self._numbers[place], change)
        cost = self.shares.costs[place] - (change if kind == COST else 0)
        if self._surely_over(base, place, kind, first, change):
            return OVER
        short = self._short(place)
        if short and cost <= base.room(first):
            return GOES_ON
        bought, spent = self.bought(place, kind, change, start, first)
        if spent > self.shares.budget:
            return OVER
        return ALL if not short and len(bought) == len(self.competing(place)) else GOES_ON

    def competing(self, place: int) -> set[int]:
        return {*self.shares.places, place}

    def _short(self, place: int) -> bool:
        """Whether the envelope is too small for all others, so that no raise ends because all is
        bought, and nobody need know what exactly is."""
        shares = self.shares
        return sum(shares.costs[each] for each in {*shares.places} - {place}) > shares.budget

    def _surely_over(self, base: Base, place: int, kind: int, first: int, change: int) -> bool:
        """Whether the project is bought for sure, and then too much is spent."""
        if base.least[kind + SURELY][self._numbers[place]] > change:
            return False
        cost = self.shares.costs[place] - (change if kind == COST else 0)
        return base.spent[first] + cost > self.shares.budget

    @staticmethod
    def fills(place: int, changed: Shares, bought: tuple[int, ...]) -> bool:
        """Whether the project fits into what is left."""
        left = changed.budget - sum(changed.costs[each] for each in bought)
        rest = {*changed.places, place} - set(bought)
        for each in sorted(rest, key=changed.keys.__getitem__):
            fits = changed.costs[each] <= left
            if each == place:
                return fits
            left -= changed.costs[each] if fits else 0
        return False

    # -- where to look --------------------------------------------------------------------------

    def _likely(self, place: int, kind: int, least: int, most: int) -> Iterator[int]:
        """The changes that may be a border, best first: where it wins what is left; then the least
        with which it is bought from some start without exceeding the envelope, the highest such
        start first. Every step follows from exact counts."""
        if self.shares.parameters.fill == "greedy":
            yield from self._filling(place, kind, least, most)
        start = self.stands
        if not self.raised:
            change = self._threshold(place, kind, start, least, most)
            if change is not None:
                yield change
            return
        lowest = self.lowest(most if kind == BALLOTS else 0)
        above, with_above = start + self.increment, 0
        while start >= lowest:
            change = self._threshold(place, kind, start, least, most)
            if change is None:
                return
            over = self._exceeded(place, kind, change, start)
            if over <= 0:
                break
            # So much less for everybody is no more than what is too much.
            steps = over // (self.shares.poll.ballots * self.increment)
            above, with_above = start, change
            start -= max(steps, 1) * self.increment
        else:
            return
        while start + self.increment < above:
            higher = self._threshold(place, kind, start + self.increment, least, most)
            if higher is None:
                with_above = 0
                break
            if self._exceeded(place, kind, higher, start + self.increment) > 0:
                with_above = higher
                break
            change, start = higher, start + self.increment
        # So that the raise ends above, the project must be bought there too.
        yield max(change, with_above)

    def _threshold(
        self, place: int, kind: int, start: Fraction, least: int, most: int
    ) -> int | None:
        """The least change with which the project is bought from ``start``, None beyond ``most``.
        More of it is never bought later."""
        base, number = self.starts.base(start), self._numbers[place]
        low = max(least, ceil(base.least[kind][number]))
        if kind == BALLOTS and self.raised:  # so that the raise begins no higher
            ballots = self.shares.poll.ballots
            low = max(low, int(self.shares.budget // (start + self.increment)) - ballots + 1)
        if low > most:
            return None
        enough = base.least[kind + SURELY][number]
        high = max(low, ceil(enough)) if enough <= most else most

        def bought(change: int) -> bool:
            return self._buys(place, kind, change, start)

        step, reach = 1, low
        while not bought(reach):
            if reach >= high:
                return None
            low, reach, step = reach + 1, min(reach + step, high), 2 * step
        found: int = bisect_left(range(low, reach), True, key=bought) + low
        return found

    def _exceeded(self, place: int, kind: int, change: int, start: Fraction) -> int:
        """By how much too much is spent from a start from which the project is bought; at most 0
        where it is not."""
        first = self.starts.base(start).first(kind, self._numbers[place], change)
        return self.bought(place, kind, change, start, first)[1] - self.shares.budget

    def _filling(self, place: int, kind: int, least: int, most: int) -> Iterator[int]:
        """The least change with which it wins what is left, as long as it is never bought."""
        number = self._numbers[place]
        last, start = most, Fraction(self.stands)
        lowest = self.lowest(0)
        while start >= lowest:
            if ceil(self.starts.base(start).least[kind][number]) <= last:
                found = self._threshold(place, kind, start, least, last)
                last = last if found is None else found - 1
            if not self.raised:
                break
            start -= self.increment
            lowest = self.lowest(last if kind == BALLOTS else 0)
        if last >= least and self._wins(place, kind, last):

            def wins(change: int) -> bool:
                return self._wins(place, kind, change)

            yield bisect_left(range(least, last), True, key=wins) + least
