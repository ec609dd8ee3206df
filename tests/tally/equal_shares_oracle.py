"""Equal Shares a second time, ballot by ballot in plain rationals, straight from the definition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A project: its cost, the utility of each group that supports it, and what rates are divided
    by to be compared."""

    place: int
    cost: int
    utility: Mapping[int, int]
    scale: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """A purchase, as ``tally.rules.equal_shares_run.Purchase``."""

    place: int
    price: Fraction
    payers: int
    in_full: int
    tied: tuple[int, ...]


def rate_of(project: Listed, money: Sequence[Fraction], counts: Sequence[int]) -> Fraction | None:
    """The least rate at which the supporters raise the cost; None when they cannot."""
    supporters = project.utility
    if sum(money[g] * counts[g] for g in supporters) < project.cost:
        return None
    breaks = sorted({money[g] / u for g, u in supporters.items()})

    def raised(rate: Fraction) -> Fraction:
        return sum(
            (min(money[g], rate * u) * counts[g] for g, u in supporters.items()), Fraction(0)
        )

    below = Fraction(0)
    for place in breaks:
        if raised(place) >= project.cost:
            gain = raised(place) - raised(below)
            if gain == 0:
                return below
            return below + (place - below) * (project.cost - raised(below)) / gain
        below = place
    return below


def equal_shares(
    start: Fraction, counts: Sequence[int], projects: Sequence[Listed]
) -> tuple[list[Bought], list[Fraction]]:
    """What is bought, equal rates by place, and what a ballot of each group has left."""
    money = [start] * len(counts)
    waiting = [project for project in projects if project.utility]
    bought: list[Bought] = []
    while True:
        rates = [(rate_of(project, money, counts), project) for project in waiting]
        known = [(rate / each.scale, rate, each) for rate, each in rates if rate is not None]
        if not known:
            return bought, money
        least = min(compared for compared, _, _ in known)
        tied = sorted(each.place for compared, _, each in known if compared == least)
        _, rate, chosen = next(entry for entry in known if entry[2].place == tied[0])
        payers = [g for g in chosen.utility if money[g] > 0]
        bought.append(
            Bought(
                place=chosen.place,
                price=rate,
                payers=sum(counts[g] for g in payers),
                in_full=sum(counts[g] for g in payers if money[g] >= rate * chosen.utility[g]),
                tied=tuple(tied),
            )
        )
        for g, u in chosen.utility.items():
            money[g] -= min(money[g], rate * u)
        waiting.remove(chosen)
