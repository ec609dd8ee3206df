"""From one run of Equal Shares to an outcome: raising the budgets, filling up, comparing.

**Raise.** Every ballot starts with the whole number of increments that its equal share of the
envelope holds, and is raised by one increment at a time until what is bought costs more than the
envelope; the last run that fits stands. The exhaustive variant stops earlier, at the first run
after which nothing that is left fits. Without increments ("add-opt"), the start grows steadily from
the exact share (tally/rules/equal_shares_opt.py). All end: once a ballot alone could pay for
everything, everything that has a supporter is bought.

**Fill.** By votes: whatever still fits, in the order of score. Phragmén: what ballots have left is
the start of what they earn from now on, all at the same pace; whoever can pay first is bought if it
fits (Peters and Skowron 2020).

**Comparison.** The outcome of the greedy rule stands instead when more ballots have more utility
from it. Every ballot is asked, those with no winner on one side too.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from heapq import heapify, heappop, heappush
from typing import Any

from tally.rules.equal_shares_between import Contest
from tally.rules.equal_shares_opt import AT, BELOW, OPT_ROUNDS, beside, highest
from tally.rules.equal_shares_parameters import SharesParameters
from tally.rules.equal_shares_poll import Poll
from tally.rules.equal_shares_purse import RATIO, Purse, open_purse
from tally.rules.equal_shares_raise import highest_start
from tally.rules.equal_shares_run import Candidate, Purchase, Run, run
from tally.tiebreak import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """All that decides: who competes (``places``), at which cost, supported by whom."""

    parameters: SharesParameters
    poll: Poll
    costs: tuple[int, ...]
    keys: tuple[Key, ...]
    places: tuple[int, ...]
    budget: int

    def contest(self, preferred: int | None = None) -> Contest:
        """The same for a raise without increments."""
        return Contest(
            candidates=self.candidates(),
            counts=self.poll.counts,
            budget=self.budget,
            preferred=preferred,
        )

    def candidates(self) -> list[Candidate]:
        """The projects that compete."""
        by_cost = self.parameters.utility == "cost"
        return [
            Candidate(
                place=place,
                cost=self.costs[place],
                who=self.poll.supporters[place],
                scale=max(self.costs[place], 1) if by_cost else 1,
                key=self.keys[place][1:],
            )
            for place in self.places
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How it ended. ``start``: the budget of a ballot in the run that stands, after ``rounds``
    runs; on which ``side`` of it (``equal_shares_opt``). ``filled``: (place, whether it fitted) in
    order. ``lacking``: those not bought and not looked at in the fill, with what their supporters
    have left together, rounded down.
    ``compared``: how many ballots prefer Equal Shares and how many the greedy outcome, where that
    was asked."""

    start: Fraction
    rounds: int
    purchases: tuple[Purchase, ...]
    filled: tuple[tuple[int, bool], ...]
    lacking: tuple[tuple[int, int], ...]
    left: int
    compared: tuple[int, int] | None = None
    side: int = AT

    @property
    def winners(self) -> list[int]:
        """The places that get money, in order."""
        bought = [each.place for each in self.purchases]
        return bought + [place for place, fits in self.filled if fits]


def complete(
    shares: Shares,
    *,
    preferred: int | None = None,
    start: Fraction | None = None,
    side: int = AT,
) -> Ending:
    """Count. ``start`` and its ``side`` skip the raise; ``preferred`` comes first among equal
    rates."""
    poll, parameters = shares.poll, shares.parameters
    if not poll.ballots:
        return _nothing(shares)
    rounds = 1
    found: Run | None
    if start is not None and side != AT:
        found = beside(shares.contest(preferred), start, side)
    elif start is not None:
        found = _bought(shares, Fraction(start), preferred)
    elif parameters.raises == "none":
        start = Fraction(shares.budget, poll.ballots)
        found = _bought(shares, start, preferred)
    elif parameters.raises == "add-opt":
        reached = highest(shares.contest(), poll.ballots)
        start, side, rounds = reached.start, reached.side, OPT_ROUNDS
        found = beside(shares.contest(), start, side)
    else:
        start, found, rounds = _raised(shares)
    assert found is not None  # noqa: S101 - without a limit a run is never given up
    left = shares.budget - sum(shares.costs[place] for place in found.winners)
    ending = _finished(shares, start, side, rounds, found, left)
    if parameters.comparison:
        ending = _compared(shares, ending)
    return ending


def _nothing(shares: Shares) -> Ending:
    return Ending(
        start=Fraction(0),
        rounds=0,
        purchases=(),
        filled=(),
        lacking=tuple((place, 0) for place in shares.places),
        left=shares.budget,
        compared=(0, 0) if shares.parameters.comparison else None,
    )


def _bought(
    shares: Shares, start: Fraction, preferred: int | None = None, most: int | None = None
) -> Run | None:
    purse = open_purse(start, shares.poll.counts)
    return run(shares.candidates(), purse, most=most, preferred=preferred)


def _raised(shares: Shares) -> tuple[Fraction, Run, int]:
    """The last run that fits, its start, and how many runs it took to find it."""
    parameters = shares.parameters
    start, rounds = highest_start(
        shares.candidates(),
        shares.poll.counts,
        ballots=shares.poll.ballots,
        budget=shares.budget,
        increment=parameters.increment,
        exhaustive=parameters.raises == "add1-exhaustive",
    )
    found = _bought(shares, start)
    assert found is not None  # noqa: S101 - without a limit a run is never given up
    return start, found, rounds


def _finished(
    shares: Shares, start: Fraction, side: int, rounds: int, found: Run, left: int
) -> Ending:
    bought = set(found.winners)
    rest = sorted((p for p in shares.places if p not in bought), key=shares.keys.__getitem__)
    filled: list[tuple[int, bool]] = []
    fill = shares.parameters.fill
    if fill == "greedy":
        for place in rest:
            fits = shares.costs[place] <= left
            filled.append((place, fits))
            left -= shares.costs[place] if fits else 0
        rest = []
    elif fill == "phragmen":
        filled, left = _continued(shares, rest, found.purse, left)
        rest = []
    return Ending(
        start=start,
        rounds=rounds,
        purchases=found.purchases,
        filled=tuple(filled),
        lacking=tuple((place, _money(shares, found.purse, place, side)) for place in rest),
        left=left,
        side=side,
    )


def _money(shares: Shares, purse: Purse, place: int, side: int) -> int:
    """What supporters have left together, rounded down. Just below a start it is a trifle less, as
    everything that anybody has left grows with the start."""
    money = purse.money(shares.poll.supporters[place].groups)
    if side == BELOW and money > 0:
        return int(-(-money.numerator // money.denominator)) - 1
    return int(money.numerator // money.denominator)


def _continued(
    shares: Shares, rest: list[int], purse: Purse, left: int
) -> tuple[list[tuple[int, bool]], int]:
    """Phragmén's rule from what the ballots have left.

    A ballot that last paid at time t has the money earned since; before, t is what it has left,
    below zero. A project's time is then when its supporters have its cost: only later ever.
    """
    poll = shares.poll
    since: dict[int, Fraction] = {}

    def time(place: int) -> Fraction:
        who = poll.supporters[place]
        total = RATIO(shares.costs[place])
        for group in who.groups:
            number = int(group)
            if number not in since:
                since[number] = -purse.left(number)
            total += since[number] * int(poll.counts[number])
        return total / who.weight

    waiting: list[tuple[Any, Key, int]] = [(time(p), shares.keys[p][1:], p) for p in rest]
    heapify(waiting)
    filled: list[tuple[int, bool]] = []
    while waiting:
        _, key, place = heappop(waiting)
        now = time(place)
        if waiting and (now, key, place) > waiting[0]:
            heappush(waiting, (now, key, place))
            continue
        fits = shares.costs[place] <= left
        filled.append((place, fits))
        if fits:
            left -= shares.costs[place]
            for group in poll.supporters[place].groups:
                since[int(group)] = now
    return filled, left


def _compared(shares: Shares, ending: Ending) -> Ending:
    """The better liked of this outcome and the greedy one; Equal Shares when they are level."""
    greedy: list[tuple[int, bool]] = []
    left = shares.budget
    for place in sorted(shares.places, key=shares.keys.__getitem__):
        fits = shares.costs[place] <= left
        greedy.append((place, fits))
        left -= shares.costs[place] if fits else 0
    ours = _utilities(shares, ending.winners)
    theirs = _utilities(shares, [place for place, fits in greedy if fits])
    counts = [int(each) for each in shares.poll.counts]
    compared = (
        sum(n for n, a, b in zip(counts, ours, theirs, strict=True) if a > b),
        sum(n for n, a, b in zip(counts, ours, theirs, strict=True) if b > a),
    )
    if compared[1] <= compared[0]:
        return replace(ending, compared=compared)
    return replace(
        ending, purchases=(), filled=tuple(greedy), lacking=(), left=left, compared=compared
    )


def _utilities(shares: Shares, winners: list[int]) -> list[int]:
    """The utility of one ballot of each group from these winners."""
    found = [0] * len(shares.poll.counts)
    for place in winners:
        who = shares.poll.supporters[place]
        uniform = shares.costs[place] if shares.parameters.utility == "cost" else 1
        for number, group in enumerate(who.groups):
            each = uniform if who.utility is None else int(who.utility[number])
            found[int(group)] += each
    return found
