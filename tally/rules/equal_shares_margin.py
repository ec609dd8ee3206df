"""How near projects were to the other side under Equal Shares, by counting again.

Another ballot changes everybody's share, and the rule is not monotone; one more ballot can lose
what fewer won. The numbers given are therefore borders: with just so many ballots more (or just so
much less cost) a project that lost wins, and with one fewer (a unit less) it does not; costing just
so much more a winner still wins, and with a unit more it does not (docs/rules.md).

Under the plain rule and under Add1, filled by votes or not at all, a border is looked for where it
must be (equal_shares_search.py, equal_shares_dearer.py). With other completions whole counts are
made, by doubling and halving. All this takes its time: beyond ``MOST_WORK`` no margin is given.
"""

from typing import Final

from tally.outcome import Margin
from tally.rules.equal_shares_border import border
from tally.rules.equal_shares_dearer import dearer
from tally.rules.equal_shares_poll import with_ballots
from tally.rules.equal_shares_search import Neighbour, Search
from tally.rules.score import most_a_ballot_gives

MOST_WORK: Final = 300_000_000
"""Groups of supporters (or an allowance for each project) times counts, estimated."""
MOST_WITH_COST: Final = 50_000_000
"""The same, where it is also looked for at which lower cost a project would win."""
MOST_WHOLE: Final = 30_000
"""Groups of ballots times projects times counts, where whole counts are made."""
EACH_PROJECT: Final = 700
EACH_START: Final = 2
EACH: Final = 20
EACH_COSTLY: Final = 4


def margins(neighbour: Neighbour) -> dict[int, Margin]:
    """The margins by place: of all losers or of none, of all winners or of none, where that takes
    too long."""
    shares, ending = neighbour.shares, neighbour.ending
    winners = sorted(ending.winners)
    losers = [place for place in range(len(shares.costs)) if place not in set(winners)]
    if not losers or not shares.poll.ballots:
        return _whole(neighbour, losers, winners)
    parameters = shares.parameters
    counted = (
        parameters.raises in ("none", "add1")
        and parameters.fill in ("none", "greedy")
        and not parameters.comparison
    )
    raised = parameters.raises == "add1"
    if not counted or (raised and len(ending.purchases) == len(shares.places)):
        return _whole(neighbour, losers, winners)
    members = sum(len(who.groups) for who in shares.poll.supporters)
    size = max(members, EACH_PROJECT * len(shares.costs))
    starts = 1
    if raised:
        least = shares.budget // (shares.poll.ballots * parameters.increment)
        starts += int(ending.start // parameters.increment) - least
    # Of a lower cost bounds say less, so that each start may have to be counted.
    with_cost = size * EACH * len(losers) * -(-starts // EACH_COSTLY) <= MOST_WITH_COST
    search = Search(neighbour, losers, with_cost=with_cost)
    found: dict[int, Margin] = {}
    if size * (EACH_START * starts + EACH * len(losers)) <= MOST_WORK:
        search.prepare()
        found |= {place: search.margin(place) for place in losers}
    if size * len(winners) * (EACH + (EACH_COSTLY * starts if raised else 0)) <= MOST_WORK:
        found |= {place: dearer(search, place) for place in winners}
    return found


def _whole(neighbour: Neighbour, losers: list[int], winners: list[int]) -> dict[int, Margin]:
    shares = neighbour.shares
    poll, costs = shares.poll, shares.costs
    increment = shares.parameters.increment
    rounds = max(1, neighbour.ending.rounds) if shares.parameters.raises == "add-opt" else 1
    if shares.parameters.raises.startswith("add1") and poll.ballots:
        least = shares.budget // (poll.ballots * increment)
        rounds += int(neighbour.ending.start // increment) - least
    if len(poll.counts) * len(costs) * rounds > MOST_WHOLE:
        return {}
    each = most_a_ballot_gives(neighbour.envelope.form)

    def margin(place: int) -> Margin:
        uniform = poll.supporters[place].utility is None

        def with_more(ballots: int) -> bool:
            more = with_ballots(poll, place, ballots, each, uniform=uniform)
            return place in neighbour.recount(more, costs)

        def cheaper(less: int) -> bool:
            changed = (*costs[:place], costs[place] - less, *costs[place + 1 :])
            return place in neighbour.recount(poll, changed)

        return Margin(
            won=False,
            votes=border(with_more, 4 * poll.ballots + 4),
            each=1 if uniform else each,
            cheaper=border(cheaper, costs[place] - 1),
        )

    def safe(place: int) -> Margin:
        most = neighbour.cap - costs[place]

        def loses(more: int) -> bool:
            changed = (*costs[:place], costs[place] + more, *costs[place + 1 :])
            return more > most or place not in neighbour.recount(poll, changed)

        first = border(loses, most + 1)
        return Margin(won=True, dearer=most if first is None else first - 1)

    return {place: margin(place) for place in losers} | {place: safe(place) for place in winners}
