"""The same ballots under other rules, side by side. No comparison is a result.

Which variants of which rules are compared: ``tally.rules.variants``. Source: docs/rules.md,
"Comparing rules".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from tally import rules
from tally.canonical import Value
from tally.contest import Envelope
from tally.form import Form, Grades, Points, Ranking, Scores
from tally.frozen import FrozenMap, thaw
from tally.outcome import Outcome, spell
from tally.profile import Profile
from tally.rules.greedy_parameters import values_in, values_of
from tally.rules.variants import Variant, own_variant, variants
from tally.tiebreak import lot_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """An envelope under one variant.

    ``own``: it is the envelope's own rule. ``satisfied`` counts the ballots that name at least one
    winner. ``by_category`` and ``by_district`` hold the share of the budget that goes to each, by
    name; empty where no project has one. ``gained`` and ``lost`` are the winners it has more and
    fewer than the first variant compared, in ballot order.
    """

    variant: Variant
    own: bool
    outcome: Outcome
    satisfied: int
    by_category: FrozenMap[str, Fraction]
    by_district: FrozenMap[str, Fraction]
    gained: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def winners(self) -> tuple[str, ...]:
        """Project ids in order of selection."""
        return self.outcome.winners

    @property
    def spent(self) -> int:
        """Money of the envelope, in minor units."""
        return self.outcome.spent

    def to_value(self) -> dict[str, Value]:
        """The object of docs/rules.md, "Comparing rules"."""
        parameters: Value = thaw(self.variant.rule.parameters)  # type: ignore[assignment]
        return {
            "id": self.variant.id,
            "title": dict(self.variant.title.to_value()),
            "rule": {"name": self.variant.rule.name, "parameters": parameters},
            "own": self.own,
            "winners": list(self.winners),
            "spent": self.spent,
            "added": self.outcome.added,
            "satisfied": self.satisfied,
            "by_category": {name: spell(share) for name, share in self.by_category.items()},
            "by_district": {name: spell(share) for name, share in self.by_district.items()},
            "gained": list(self.gained),
            "lost": list(self.lost),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An envelope under several variants, its own first where it has one that can be counted.

    ``differing`` are the projects that win under some and lose under others, in ballot order.
    """

    budget: int
    ballots: int
    expressed: int
    compared: tuple[Compared, ...]
    differing: tuple[str, ...]

    def to_value(self) -> dict[str, Value]:
        """The object of docs/rules.md, "Comparing rules"."""
        return {
            "budget": self.budget,
            "ballots": self.ballots,
            "expressed": self.expressed,
            "compared": [each.to_value() for each in self.compared],
            "differing": list(self.differing),
        }


def names_it(form: Form, mark: int) -> bool:
    """Whether a mark speaks for a project: named, ranked within the form's ranks, given more than
    0, graded better than a project without a grade."""
    if isinstance(form, Grades):
        return mark < form.default
    if isinstance(form, Ranking):
        return mark <= form.maximum
    return mark > 0 if isinstance(form, Points | Scores) else True


def satisfied(envelope: Envelope, profile: Profile, winners: frozenset[str]) -> int:
    """How many ballots speak for at least one of these projects."""
    form = envelope.form
    if isinstance(form, Points | Scores | Ranking | Grades):
        return sum(
            ballots
            for choice, ballots in profile.groups()
            if any(name in winners and names_it(form, mark) for name, mark in choice)
        )
    found = {(name, 1) for name in winners}
    return sum(ballots for choice, ballots in profile.groups() if not found.isdisjoint(choice))


def comparable(envelope: Envelope, unit: int = 1) -> tuple[Variant, ...]:
    """The variants that can count this envelope's ballots, its own rule first if that can; a raise
    of budgets goes by ``unit`` minor units."""
    own = own_variant(envelope)
    listed = [own, *(variant for variant in variants(unit) if variant.id != own.id)]
    return tuple(
        variant for variant in listed if not rules.check(replace(envelope, rule=variant.rule))
    )


def unit_of(envelope: Envelope, ballots: int) -> int:
    """The highest power of ten of which an equal share of the envelope has at least a hundred, or
    1: fine enough to see what a raise does, in no more than some hundred counts."""
    unit = 1
    while envelope.budget >= 1_000 * unit * max(ballots, 1):
        unit *= 10
    return unit


def _shares(envelope: Envelope, outcome: Outcome, field: str) -> Iterator[tuple[str, Fraction]]:
    money = dict.fromkeys(values_in(envelope, field), 0)
    for project, standing in zip(envelope.projects, outcome.standings, strict=True):
        for value in values_of(project, field):
            money[value] += standing.funded
    return ((value, Fraction(amount, envelope.budget)) for value, amount in money.items())


def compare(
    envelope: Envelope,
    profile: Profile,
    lot_seed: bytes,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Comparison:
    """Count an envelope under every variant that accepts its form.

    Ties are broken as the envelope says, by the lot of ``lot_seed`` where it says so. Outcomes may
    come without margins (``Rule.decide``). ``progress`` is told (done, total) after each variant.
    A comparison may be empty: no rule accepts the form.
    """
    chosen = comparable(envelope, unit_of(envelope, profile.expressed))
    counted: list[tuple[Variant, Outcome]] = []
    for done, variant in enumerate(chosen, start=1):
        contest = replace(envelope, rule=variant.rule)
        rule = rules.envelope_rule(contest)
        count = rule.decide or rule.count
        counted.append((variant, count(contest, profile, lot_keys(lot_seed, envelope.id))))
        progress(done, len(chosen))
    sets = [frozenset(outcome.winners) for _, outcome in counted]
    compared = tuple(
        _compared(envelope, profile, variant, outcome, sets[0]) for variant, outcome in counted
    )
    return Comparison(
        budget=envelope.budget,
        ballots=profile.ballots,
        expressed=profile.expressed,
        compared=compared,
        differing=tuple(
            project.id
            for project in envelope.projects
            if len({project.id in winners for winners in sets}) > 1
        ),
    )


def _compared(
    envelope: Envelope,
    profile: Profile,
    variant: Variant,
    outcome: Outcome,
    first: frozenset[str],
) -> Compared:
    winners = frozenset(outcome.winners)
    ids = [project.id for project in envelope.projects]
    return Compared(
        variant=variant,
        own=variant.rule == envelope.rule,
        outcome=outcome,
        satisfied=satisfied(envelope, profile, winners),
        by_category=FrozenMap(_shares(envelope, outcome, "category")),
        by_district=FrozenMap(_shares(envelope, outcome, "district")),
        gained=tuple(name for name in ids if name in winners - first),
        lost=tuple(name for name in ids if name in first - winners),
    )
