"""How near projects were to the other side under Equal Shares, by counting again.

Another ballot changes everybody's share, so nothing but a whole count tells; and the rule is not
monotone: one more ballot can lose what fewer won. The numbers given are therefore borders: with
just so many ballots more it wins, and with one fewer it does not (docs/rules.md). They are looked
for by doubling and halving. Counting again takes its time: where ballots, projects and runs
multiply beyond ``MOST_WORK`` no margin is given, and none is given for winners.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tally.election import Envelope
from tally.outcome import Margin
from tally.rules.equal_shares_poll import Poll, with_ballots
from tally.rules.score import most_a_ballot_gives

MOST_WORK: Final = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A count and how to count again with other ballots or costs."""

    envelope: Envelope
    poll: Poll
    rounds: int
    winners: frozenset[int]
    recount: Callable[[Poll, tuple[int, ...]], frozenset[int]]


def margins(neighbour: Neighbour) -> dict[int, Margin]:
    """The margin of every loser by place, or none at all where that takes too long."""
    poll, projects = neighbour.poll, neighbour.envelope.projects
    if len(poll.counts) * len(projects) * max(neighbour.rounds, 1) > MOST_WORK:
        return {}
    return {
        place: _loser(neighbour, place)
        for place in range(len(projects))
        if place not in neighbour.winners
    }


def _loser(neighbour: Neighbour, place: int) -> Margin:
    envelope = neighbour.envelope
    costs = tuple(project.cost for project in envelope.projects)
    each = most_a_ballot_gives(envelope.form)
    uniform = neighbour.poll.supporters[place].utility is None

    def with_more(ballots: int) -> bool:
        poll = with_ballots(neighbour.poll, place, ballots, each, uniform=uniform)
        return place in neighbour.recount(poll, costs)

    def cheaper(less: int) -> bool:
        changed = (*costs[:place], costs[place] - less, *costs[place + 1 :])
        return place in neighbour.recount(neighbour.poll, changed)

    return Margin(
        won=False,
        votes=_border(with_more, 4 * neighbour.poll.ballots + 4),
        each=1 if uniform else each,
        cheaper=_border(cheaper, costs[place] - 1),
    )


def _border(wins: Callable[[int], bool], last: int) -> int | None:
    """A number from 1 to ``last`` that wins while the one before does not."""
    high = 1
    while high <= last and not wins(high):
        high *= 2
    if high > last:
        if last < 1 or not wins(last):
            return None
        high = last
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        if wins(middle):
            high = middle
        else:
            low = middle
    return high
