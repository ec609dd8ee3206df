"""What Equal Shares promises, checked from the definitions and from nothing the rule computes.

Source of all three: Peters, Pierczyński, Skowron (2021), "Proportional Participatory Budgeting with
Additive Utilities": price systems (section 4.2 there), extended justified representation up to one
project. Every check raises ``Broken`` with the reason.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import chain, combinations, product

from tally.outcome import FUND, Outcome
from tests.tally.equal_shares_cases import Case


class Broken(AssertionError):
    """A promise is broken."""


def subsets(names: Iterable[str]) -> Iterable[tuple[str, ...]]:
    """All subsets but the empty one."""
    listed = list(names)
    return chain.from_iterable(combinations(listed, n) for n in range(1, len(listed) + 1))


def published_prices(case: Case, outcome: Outcome) -> None:
    """The prices in the steps are a price system for the winners, paid as the steps say.

    Every ballot of a project pays price · utility, or all it has when that is less. Then each
    winner gets its cost, nobody pays more than the common budget, at least the envelope is handed
    out, and for no loser its ballots have more left together than it costs.
    """
    groups = list(case.ballots.items())
    by_mark = outcome.steps[0].detail.get("by_mark", False)
    start = Fraction(str(outcome.steps[0].detail["start"]))
    if start * case.voters < case.budget:
        raise Broken(f"{case.voters} ballots with {start} each are less than the envelope")
    held = [start] * len(groups)
    for step in outcome.steps:
        if step.action != FUND or step.project is None:
            continue
        if step.detail["phase"] != "shares":
            raise Broken(f"{step.project} is not paid for by ballots")
        by_mark = step.detail["by_mark"]
        price = Fraction(str(step.detail["price"]))
        paid = Fraction(0)
        payers = in_full = 0
        for group, (choice, number) in enumerate(groups):
            mark = dict(choice).get(step.project)
            if mark is None:
                continue
            full = price * (mark if by_mark else 1)
            own = min(full, held[group])
            payers += number if held[group] > 0 else 0
            in_full += number if 0 < held[group] >= full else 0
            held[group] -= own
            paid += own * number
        if paid != case.costs[step.project]:
            raise Broken(f"{step.project}: ballots pay {paid}")
        if (payers, in_full) != (step.detail["payers"], step.detail["in_full"]):
            raise Broken(f"{step.project}: {payers} ballots pay, {in_full} of them in full")
    for name, cost in case.costs.items():
        if name in outcome.winners:
            continue
        left = sum(
            held[group] * number
            for group, (choice, number) in enumerate(groups)
            if name in dict(choice)
        )
        if left > cost:
            raise Broken(f"{name}: its ballots have {left} left")


def priceable(case: Case, winners: Sequence[str], start: Fraction) -> None:
    """Some price system with ``start`` a ballot supports the winners, whatever the rule says.

    Equal ballots may pay equally, so that unknowns are what each group pays for each winner, what
    it keeps, and by how much what the ballots of a loser keep falls short of its cost: a system of
    linear equations in numbers not below zero.
    """
    groups = list(case.ballots.items())
    losers = [name for name in case.costs if name not in winners]
    pays = [
        (group, name)
        for group, (choice, _) in enumerate(groups)
        for name, _ in choice
        if name in winners
    ]
    columns = len(pays) + len(groups) + len(losers)
    rows: list[tuple[list[int], Fraction]] = []
    for name in winners:
        row = [1 if each[1] == name else 0 for each in pays] + [0] * (len(groups) + len(losers))
        rows.append((row, Fraction(case.costs[name])))
    for group, (_, number) in enumerate(groups):
        row = [1 if each[0] == group else 0 for each in pays] + [0] * (len(groups) + len(losers))
        row[len(pays) + group] = 1
        rows.append((row, start * number))
    for place, name in enumerate(losers):
        row = [0] * columns
        for group, (choice, _) in enumerate(groups):
            row[len(pays) + group] = 1 if name in dict(choice) else 0
        row[len(pays) + len(groups) + place] = 1
        rows.append((row, Fraction(case.costs[name])))
    if not solvable(rows):
        raise Broken(f"no prices support {', '.join(winners) or 'nothing'}")


def solvable(rows: Sequence[tuple[Sequence[int], Fraction]]) -> bool:
    """Whether the equations (coefficients, value not below zero) have a solution without negative
    numbers: the first phase of the simplex method in rationals, by Bland's rule."""
    height = len(rows)
    width = len(rows[0][0])
    table = [
        [Fraction(x) for x in row] + [Fraction(int(k == n)) for k in range(height)] + [value]
        for n, (row, value) in enumerate(rows)
    ]
    basis = [width + n for n in range(height)]
    lacking = [sum((row[k] for row in table), Fraction(0)) for k in range(width)]
    lacking += [Fraction(0)] * height + [sum((row[-1] for row in table), Fraction(0))]
    while True:
        column = next((k for k in range(width) if lacking[k] > 0), None)
        if column is None:
            return lacking[-1] == 0
        _, _, pivot = min(
            (row[-1] / row[column], basis[n], n) for n, row in enumerate(table) if row[column] > 0
        )
        by = table[pivot][column]
        table[pivot] = [x / by for x in table[pivot]]
        for row in [*(row for n, row in enumerate(table) if n != pivot), lacking]:
            factor = row[column]
            if factor:
                row[:] = [x - factor * y for x, y in zip(row, table[pivot], strict=True)]
        basis[pivot] = column


def represented(case: Case, winners: Sequence[str], utility: str) -> None:
    """Extended justified representation up to one project, every group by brute force.

    For a set T of projects and a demand on each, those who are worth it at least that much for each
    are a group; if its ballots' shares cover the cost of T, one of them has as much utility as all
    demands together, or would have more with one project besides.
    """
    share = Fraction(case.budget, case.voters)
    worth = [(case.utility(choice, utility), number) for choice, number in case.ballots.items()]
    for wanted in subsets(case.costs):
        cost = sum(case.costs[name] for name in wanted)
        levels = [sorted({each[name] for each, _ in worth if name in each}) for name in wanted]
        for demand in product(*levels):
            together = sum(demand)
            without = 0
            for each, number in worth:
                if any(each.get(n, 0) < d for n, d in zip(wanted, demand, strict=True)):
                    continue
                have = sum(each.get(name, 0) for name in winners)
                more = max((u for name, u in each.items() if name not in winners), default=0)
                if have < together and have + more <= together:
                    without += number
            if without and share * without >= cost:
                raise Broken(f"{without} ballots could pay for {', '.join(wanted)} together")
