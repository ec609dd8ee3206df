"""A small invented count with an envelope's own parameters, made by the code that decides.

For officers, before the freeze: what skipping, stopping, a minimum or a group does, on five
projects. Numbers that would not show anything on five projects are scaled down.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Final

from tally.canonical import Value
from tally.election import CountingRule, Election, Envelope, Project, Text
from tally.explain import explain_envelope, reason, voice
from tally.money import Voice
from tally.outcome import Outcome, Standing
from tally.rules.greedy import count_support
from tally.rules.greedy_parameters import GreedyParameters, read_parameters, values_in
from tally.rules.score import Support, counts_votes, most_a_ballot_gives
from tally.tiebreak import lot_keys

NAMES: Final = ("A", "B", "C", "D", "E")
HUNDREDTHS: Final = (40, 45, 30, 10, 20)
GROUP: Final = (0, 0, 0, 1, 1)


def _scaled(envelope: Envelope, p: GreedyParameters, budget: int) -> dict[str, Value]:
    """The parameters with names and sub-budgets of the example's five projects."""
    parameters = dict(envelope.rule.parameters)
    if p.exclusive_groups:
        parameters["exclusive_groups"] = [["A", "C"]]
    if p.fixed_winners is not None:
        parameters["fixed_winners"] = min(p.fixed_winners, 2)
    if p.budget_per is not None:
        names = _names(envelope, p.budget_per.field)
        shares = (budget * 6 // 10, budget * 2 // 10)
        parameters["budget_per"] = {
            "field": p.budget_per.field,
            "budgets": dict(zip(names, shares, strict=True)),
        }
    if p.minimum_per is not None:
        parameters["minimum_per"] = {
            "field": p.minimum_per.field,
            "count": min(p.minimum_per.count, 2),
            "on_misfit": p.minimum_per.on_misfit,
        }
    if p.top_per is not None:
        count = p.top_per.count
        parameters["top_per"] = {
            "field": p.top_per.field,
            "count": None if count is None else min(count, 2),
            "budget": None if p.top_per.budget is None else budget * 4 // 10,
            "minimum": min(p.top_per.minimum, 2),
            "on_misfit": p.top_per.on_misfit,
            "pool": p.top_per.pool,
        }
    return parameters


def _names(envelope: Envelope, field: str) -> tuple[str, str]:
    """Two values of a field: the envelope's own where it has two."""
    own = values_in(envelope, field)
    return (own[0], own[1]) if len(own) > 1 else ("1", "2")


def _votes(p: GreedyParameters, each: int) -> tuple[tuple[int, ...], int]:
    """Votes of the five and the number of ballots, the last project just below the minimums."""
    ballots = 200 + 2 * max(p.minimum_votes or 0, -(-(p.minimum_score or 0) // each))
    bars = [p.minimum_votes or 0, -(-(p.minimum_score or 0) // each)]
    for share, worth in ((p.minimum_votes_share, 1), (p.minimum_score_share, each)):
        if share is not None:
            exact = share * Fraction(ballots, worth)
            bars.append(-(-exact.numerator // exact.denominator))
    bar = max(bars)
    if not bar:
        return (120, 100, 80, 60, 30), ballots
    above = [min(bar + more, ballots) for more in (80, 60, 40, 20)]
    return (*above, bar - 1), ballots


def small_envelope(envelope: Envelope, p: GreedyParameters, unit: int) -> Envelope:
    """The example's envelope: five projects that show what the parameters do.

    ``unit`` is one unit of the currency in minor units.
    """
    budget = 100_000 * unit
    costs = [budget * share // 100 for share in HUNDREDTHS]
    if p.on_misfit == "top-up" and p.top_up_share is not None:
        # After A and B, 15 % are left: C costs as much as that just covers.
        costs[2] = min(int(Fraction(15 * budget, 100) / p.top_up_share), budget)
    if p.maximum_cost_share is not None:
        cap = int(p.maximum_cost_share * budget)
        costs = [min(cost, cap) for cost in costs]
        costs[4] = cap + unit
    districts, categories = (_names(envelope, field) for field in ("district", "category"))
    projects = tuple(
        Project(
            id=name,
            title=Text.of(fr=f"Projet {name}", en=f"Project {name}"),
            description=Text.of(fr=name, en=name),
            cost=max(costs[place], 1),
            category=(categories[GROUP[place]],),
            district=districts[GROUP[place]],
            invented=True,
        )
        for place, name in enumerate(NAMES)
    )
    rule = CountingRule.of(envelope.rule.name, _scaled(envelope, p, budget))
    return replace(envelope, budget=budget, projects=projects, rule=rule)


def example(envelope: Envelope, election: Election, language: str) -> list[str]:
    """The example, line by line. The parameters must be without fault."""
    parameters, _ = read_parameters(envelope)
    each = most_a_ballot_gives(envelope.form)
    say = voice(election, language)
    small = small_envelope(envelope, parameters, 10**election.exponent)
    votes, ballots = _votes(parameters, each)
    score = votes if counts_votes(envelope.form) else tuple(number * each for number in votes)
    support = Support(votes=votes, score=score, ballots=ballots, expressed=ballots)
    outcome = count_support(small, support, lot_keys(b"", envelope.id))

    def supported(standing: Standing) -> str:
        if counts_votes(envelope.form):
            return say.number(standing.votes) + say.pick(" voix", " votes")
        return say.number(int(standing.score)) + " points"

    return read_out(election, small, outcome, parameters, ballots, supported, say)


def read_out(
    election: Election,
    small: Envelope,
    outcome: Outcome,
    parameters: GreedyParameters,
    ballots: int,
    supported: Callable[[Standing], str],
    say: Voice,
) -> list[str]:
    """The lines of a counted example; ``supported`` says how a project stands."""
    money = say.money(small.budget)
    lines = [
        say.pick(
            f"Exemple inventé : une enveloppe de {money}, {say.number(ballots)} bulletins.",
            f"Invented example: an envelope of {money}, {say.number(ballots)} ballots.",
        ),
        *_settings(small.rule.parameters, say),
    ]
    grouped = parameters.minimum_per or parameters.top_per or parameters.budget_per
    for standing in sorted(outcome.standings, key=lambda standing: standing.position):
        project = small.project(standing.project)
        where = ""
        if grouped is not None:
            value = project.district if grouped.field == "district" else project.category[0]
            where = f" ({value})"
        step = outcome.deciding(standing)
        why = "" if step is None else reason(small, standing, step, say)
        colon = say.pick(" : ", ": ")
        lines.append(
            f"{project.title.in_language(say.language)}{where}, {supported(standing)}, "
            f"{say.money(project.cost)}{colon}{why}"
        )
    lines.append(explain_envelope(election, small, outcome).in_language(say.language))
    return lines


def _settings(parameters: Mapping[str, Value], say: Voice) -> list[str]:
    """What the example uses in place of the envelope's own groups and numbers."""
    scaled = [
        name
        for name in ("exclusive_groups", "fixed_winners", "budget_per", "minimum_per", "top_per")
        if name in parameters
    ]
    if not scaled:
        return []
    names = ", ".join(scaled)
    return [
        say.pick(
            f"Pour l’exemple seulement, à l’échelle de ces cinq projets : {names}.",
            f"For the example only, scaled to these five projects: {names}.",
        )
    ]
