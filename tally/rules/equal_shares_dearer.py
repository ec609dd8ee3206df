"""How much dearer a winner of Equal Shares could have been and still have won, by counting again.

A project changes nothing before it is bought, and one that costs more is bought no sooner. So only
what comes from its purchase on is counted again, from each start from which it was bought.
"""

from bisect import bisect_left
from fractions import Fraction

from tally.outcome import Margin
from tally.rules.equal_shares_border import border_near
from tally.rules.equal_shares_gauge import COST
from tally.rules.equal_shares_search import Search


def dearer(search: Search, place: int) -> Margin:
    """The margin of a winner."""
    search.forget()
    most = search.near.cap - search.shares.costs[place]

    def loses(more: int) -> bool:
        return more > most or not _wins(search, place, more)

    likely = min(_likely(search, place, most), most)
    first = border_near(loses, likely + 1, most + 1)
    # Above the cap nothing competes, so that there always is one.
    return Margin(won=True, dearer=most if first is None else first - 1)


def _likely(search: Search, place: int, most: int) -> int:
    """How much dearer it would still have been bought from the start that stands, or, if it was
    not, would have fitted at its turn."""
    if place in search.starts.base(search.stands).trial.places:

        def unaffordable(more: int) -> bool:
            return place not in _bought(search, place, more, search.stands)[0]

        first: int = bisect_left(range(1, most + 1), True, key=unaffordable)
        return first
    left = search.shares.budget
    left -= sum(search.shares.costs[each.place] for each in search.near.ending.purchases)
    for each, fits in search.near.ending.filled:
        if each == place:
            break
        left -= search.shares.costs[each] if fits else 0
    return left - search.shares.costs[place]


def _bought(search: Search, place: int, more: int, start: Fraction) -> tuple[tuple[int, ...], int]:
    """What is bought from a start, as far as it matters, and what is spent."""
    trial = search.starts.base(start).trial
    if place not in trial.places:
        return trial.places, trial.spent
    return search.bought(place, COST, -more, start, trial.places.index(place))


def _wins(search: Search, place: int, more: int) -> bool:
    """Whether it wins the whole count."""
    start = search.lowest(0)
    stands, _ = _bought(search, place, more, start)
    while search.raised and len(stands) < len(search.shares.places):
        start += search.increment
        bought, spent = _bought(search, place, more, start)
        if spent > search.shares.budget:
            break
        stands = bought
    if place in stands or search.shares.parameters.fill == "none":
        return place in stands
    return search.fills(place, search.changed(place, COST, -more), stands)
