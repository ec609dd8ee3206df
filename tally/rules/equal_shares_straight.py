"""A sequence of purchases that is surely right from every start between two.

Where at both starts the same ballots pay in full, and the others all they have, at every purchase,
budgets and rates are linear in the start between them. (What supporters give, each min(budget, rate
· utility), is then linear and raises the cost at both ends.) An inequality that holds at both ends
holds between; if it is no equality at both, then strictly. So a sequence that is right at both
ends, equal rates allowed there, is right between. That settles what bounds cannot: up to the very
start at which two rates meet, or at which a project can be paid for.
"""

from collections.abc import Sequence
from fractions import Fraction

from tally.rules.equal_shares_between import Contest, Pair
from tally.rules.equal_shares_purse import Price, Supporters, open_purse
from tally.rules.equal_shares_run import Candidate, Purchase, Run, run


def straight(
    contest: Contest, low: Fraction, high: Fraction, places: Sequence[int]
) -> tuple[Run, Run] | None:
    """The counts along a sequence at both ends, if it surely is bought from every start between.

    At the ends themselves rates may have become equal, or projects affordable, and the outcome be
    another; ``tied`` are those equal all the way. None where it is not certain.
    """
    pair = Pair(contest, low, high)
    lower: list[Purchase] = []
    higher: list[Purchase] = []
    for place in places:
        chosen = pair.by_place[place]
        if pair.low.bounds(chosen.cost, chosen.who, chosen.scale) is None:
            return None
        tied = _all_behind(pair, chosen)
        if tied is None:
            return None
        for purchases, price in zip((lower, higher), pair.buy(place), strict=True):
            purchases.append(
                Purchase(
                    place=place,
                    price=price.rate,
                    payers=price.payers,
                    in_full=price.in_full,
                    tied=tied,
                )
            )
    if not all(_only_now(pair, each) for each, _ in pair.near()):
        return None
    return (
        Run(purchases=tuple(lower), purse=pair.low),
        Run(purchases=tuple(higher), purse=pair.high),
    )


def _all_behind(pair: Pair, chosen: Candidate) -> tuple[int, ...] | None:
    """The places tied with the one that is next all the way; None if it is not surely next."""
    prices = _prices(pair, chosen)
    if prices is None:
        return None
    rates = [price.rate / chosen.scale for price in prices]
    tied = [chosen]
    for other, _ in pair.near(pair.most(chosen)):
        if other is chosen or _only_now(pair, other):
            continue
        others = _prices(pair, other)
        if others is None:
            return None
        behind = [
            price.rate / other.scale - rate for price, rate in zip(others, rates, strict=True)
        ]
        if min(behind) < 0:
            return None
        if max(behind) == 0:
            if pair.contest.before(other, chosen):
                return None
            tied.append(other)
    return tuple(each.place for each in sorted(tied, key=lambda each: each.key))


def _only_now(pair: Pair, each: Candidate) -> bool:
    """Whether supporters have the cost together at the higher start and from none below."""
    if pair.low.bounds(each.cost, each.who, each.scale) is not None:
        return False
    return pair.high.money(each.who.groups) == each.cost


def _prices(pair: Pair, each: Candidate) -> tuple[Price, Price] | None:
    """The prices at both ends, if the same ballots pay in full: then they are linear between."""
    if pair.low.bounds(each.cost, each.who, each.scale) is None:
        return None
    low, high = pair.low.price(each.cost, each.who), pair.high.price(each.cost, each.who)
    kept_low, kept_high = ({int(group) for group in price.kept} for price in (low, high))
    utility = _utility(each.who)
    for purse, price, groups in (
        (pair.low, low, kept_high - kept_low),
        (pair.high, high, kept_low - kept_high),
    ):
        for group in groups:
            if purse.left(group) != price.rate * utility.get(group, 1):
                return None
    return low, high


def _utility(who: Supporters) -> dict[int, int]:
    if who.utility is None:
        return {}
    return {int(g): int(u) for g, u in zip(who.groups, who.utility, strict=True)}


def exact(contest: Contest, start: Fraction) -> Run:
    """The count from one start."""
    found = run(contest.candidates, open_purse(start, contest.counts), preferred=contest.preferred)
    assert found is not None  # noqa: S101 - without a limit a run is never given up
    return found
