"""The parameters of the greedy family: what they mean, and which contradict each other.

Source: docs/rules.md, "greedy", with the cities that use each.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from tally.canonical import LARGEST_INTEGER
from tally.election import Envelope, Project
from tally.fault import Fault, Node
from tally.frozen import FrozenMap
from tally.rules.parameter import rational

ON_MISFIT: Final = ("skip", "stop", "top-up", "part-fund")
FIELDS: Final = ("district", "category")
OPTIONAL: Final = (
    "top_up_share",
    "minimum_votes",
    "minimum_score",
    "minimum_votes_share",
    "minimum_score_share",
    "minimum_votes_per_cost",
    "share_of",
    "maximum_cost_share",
    "fixed_winners",
    "exclusive_groups",
    "budget_per",
    "minimum_per",
    "top_per",
)
SHARES: Final = ("minimum_votes_share", "minimum_score_share", "minimum_votes_per_cost")
PATH: Final = "rule.parameters"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetPer:
    """Sub-budgets (minor units) of the values of a field; None: the value has none."""

    field: str
    budgets: FrozenMap[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumPer:
    """The best ``count`` of each value of a field first.

    ``on_misfit``: "next" tries the value's next best project, "leave" gives the place up.
    """

    field: str
    count: int
    on_misfit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopPer:
    """Each value of a field by itself first: at most ``count`` projects for at most ``budget``.

    The budget does not bind until the value has ``minimum`` winners. ``pool``: what is left is
    then for all.
    """

    field: str
    count: int | None
    budget: int | None
    minimum: int
    on_misfit: str
    pool: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GreedyParameters:
    """All parameters, None or empty where a rule does not use them."""

    on_misfit: str
    top_up_share: Fraction | None = None
    minimum_votes: int | None = None
    minimum_score: int | None = None
    minimum_votes_share: Fraction | None = None
    minimum_score_share: Fraction | None = None
    minimum_votes_per_cost: Fraction | None = None
    share_of: str | None = None
    maximum_cost_share: Fraction | None = None
    fixed_winners: int | None = None
    exclusive_groups: tuple[tuple[str, ...], ...] = ()
    budget_per: BudgetPer | None = None
    minimum_per: MinimumPer | None = None
    top_per: TopPer | None = None

    @property
    def uses_shares(self) -> bool:
        """Whether a project's admission depends on how many ballots there are."""
        return self.share_of is not None


def values_of(project: Project, field: str) -> tuple[str, ...]:
    """The districts or categories a project stands for; empty when it has none."""
    if field == "district":
        return (project.district,) if project.district else ()
    return tuple(dict.fromkeys(project.category))


def values_in(envelope: Envelope, field: str) -> tuple[str, ...]:
    """All values of a field that occur in an envelope, sorted by code point."""
    return tuple(sorted({value for p in envelope.projects for value in values_of(p, field)}))


def _field(node: Node, envelope: Envelope, *, single: bool = False) -> str:
    before = len(node.faults)
    field = node.one_of(FIELDS)
    if not node.present or len(node.faults) > before:
        return field
    for project in envelope.projects:
        values = values_of(project, field)
        if not values:
            node.fault(f"project {project.id!r} has no {field}", f"Give it a {field}")
        elif single and len(values) > 1:
            node.fault(
                f"project {project.id!r} has {len(values)} categories",
                "Leave it one, or use another parameter than 'top_per'",
            )
    return field


def _budget_per(node: Node, envelope: Envelope) -> BudgetPer:
    fields = node.fields("field", "budgets")
    before = len(node.faults)
    field = _field(fields["field"], envelope)
    budgets = {
        value: None if inner.value is None else inner.integer(0, envelope.budget)
        for value, inner in sorted(fields["budgets"].members(f"a budget for each {field}").items())
    }
    if len(node.faults) == before:
        occurring = values_in(envelope, field)
        for value in occurring:
            if value not in budgets:
                fields["budgets"].fault(
                    f"{field} {value!r} has no budget", "Give it one, or null if it has none"
                )
        for value in budgets:
            if value not in occurring:
                fields["budgets"].fault(f"no project has the {field} {value!r}", "Remove it")
    return BudgetPer(field=field, budgets=FrozenMap(budgets))


def _minimum_per(node: Node, envelope: Envelope) -> MinimumPer:
    fields = node.fields("field", "count", "on_misfit")
    before = len(node.faults)
    found = MinimumPer(
        field=_field(fields["field"], envelope),
        count=fields["count"].integer(1, len(envelope.projects)),
        on_misfit=fields["on_misfit"].one_of(("next", "leave")),
    )
    if len(node.faults) == before:
        for value in values_in(envelope, found.field):
            members = sum(value in values_of(p, found.field) for p in envelope.projects)
            if members < found.count:
                fields["count"].fault(
                    f"{found.field} {value!r} has {members} projects and is promised {found.count}",
                    "Lower 'count' or add projects",
                )
    return found


def _top_per(node: Node, envelope: Envelope) -> TopPer:
    fields = node.fields("field", "count", "budget", "on_misfit", "pool", optional=("minimum",))
    before = len(node.faults)
    projects = len(envelope.projects)
    count, budget = fields["count"], fields["budget"]
    found = TopPer(
        field=_field(fields["field"], envelope, single=True),
        count=None if count.value is None else count.integer(1, projects),
        budget=None if budget.value is None else budget.integer(1, envelope.budget),
        minimum=fields["minimum"].integer(0, projects) if fields["minimum"].present else 0,
        on_misfit=fields["on_misfit"].one_of(("skip", "stop")),
        pool=fields["pool"].flag(True),
    )
    if len(node.faults) > before:
        return found
    if found.count is None and found.budget is None:
        node.fault("neither 'count' nor 'budget' limits a group", "Give at least one of them")
    if found.minimum and found.budget is None:
        fields["minimum"].fault(
            "'minimum' says when the group's budget begins to bind, and there is none",
            "Give 'budget' or remove 'minimum'",
        )
    if found.count is not None and found.minimum > found.count:
        fields["minimum"].fault(f"it is above count {found.count}", "Lower it")
    groups = len(values_in(envelope, found.field))
    if found.budget is not None and groups * found.budget > envelope.budget:
        budget.fault(
            f"{groups} × {found.budget} is more than the envelope of {envelope.budget}",
            f"Lower it to at most {envelope.budget // groups}",
        )
    return found


def _exclusive(node: Node, envelope: Envelope) -> tuple[tuple[str, ...], ...]:
    known = {project.id for project in envelope.projects}
    groups: list[tuple[str, ...]] = []
    for group in node.items(1, len(known), "lists of project ids"):
        members: list[str] = []
        for inner in group.items(2, len(known), "project ids"):
            before = len(inner.faults)
            member = inner.words(64)
            if len(inner.faults) == before and member not in known:
                inner.fault(f"there is no project {member!r}", "Write the id of a project")
            elif member in members:
                inner.fault(f"{member!r} stands twice in the group", "Remove it once")
            members.append(member)
        groups.append(tuple(members))
    return tuple(groups)


def _contradictions(node: Node, fields: dict[str, Node]) -> None:
    there = {name for name, inner in fields.items() if inner.present}
    misfit = fields["on_misfit"].value
    if misfit == "top-up" and "top_up_share" not in there:
        node.fault(
            "on_misfit 'top-up' needs to know from which share on",
            'Add top_up_share, for instance "4/5"',
            "top_up_share",
        )
    if misfit != "top-up" and "top_up_share" in there:
        fields["top_up_share"].fault(
            "it is used by on_misfit 'top-up' only", "Remove it or change on_misfit"
        )
    shares = [name for name in SHARES if name in there]
    if shares and "share_of" not in there:
        node.fault(
            f"{shares[0]} needs to know which ballots it is a share of",
            "Add share_of: 'cast' or 'expressed'",
            "share_of",
        )
    if not shares and "share_of" in there:
        fields["share_of"].fault("no parameter uses it", f"Remove it or add {', '.join(SHARES)}")
    if {"minimum_per", "top_per"} <= there:
        fields["top_per"].fault(
            "it contradicts minimum_per: both say what is chosen first", "Keep one of them"
        )
    if misfit in ("top-up", "part-fund"):
        for name in ("budget_per", "minimum_per", "top_per"):
            if name in there:
                fields[name].fault(
                    f"it contradicts on_misfit {misfit!r}, which gives the last money of the "
                    "whole envelope to one project",
                    "Use on_misfit 'skip' or 'stop', or remove it",
                )


def read_parameters(envelope: Envelope) -> tuple[GreedyParameters, list[Fault]]:
    """The parameters of an envelope whose rule is ``greedy``, and all their faults.

    The parameters are usable only when there is no fault.
    """
    faults: list[Fault] = []
    node = Node(envelope.rule.parameters, PATH, faults)
    fields = node.fields("on_misfit", optional=OPTIONAL)

    def integer(name: str, maximum: int = LARGEST_INTEGER) -> int | None:
        return fields[name].integer(1, maximum) if fields[name].present else None

    def share(name: str, high: int | None, *, open_high: bool = False) -> Fraction | None:
        top = None if high is None else Fraction(high)
        if not fields[name].present:
            return None
        return rational(fields[name], Fraction(0), top, open_high=open_high)

    parameters = GreedyParameters(
        on_misfit=fields["on_misfit"].one_of(ON_MISFIT),
        top_up_share=share("top_up_share", 1, open_high=True),
        minimum_votes=integer("minimum_votes"),
        minimum_score=integer("minimum_score"),
        minimum_votes_share=share("minimum_votes_share", 1),
        minimum_score_share=share("minimum_score_share", None),
        minimum_votes_per_cost=share("minimum_votes_per_cost", None),
        share_of=(
            fields["share_of"].one_of(("cast", "expressed")) if fields["share_of"].present else None
        ),
        maximum_cost_share=share("maximum_cost_share", 1),
        fixed_winners=integer("fixed_winners", len(envelope.projects)),
        exclusive_groups=(
            _exclusive(fields["exclusive_groups"], envelope)
            if fields["exclusive_groups"].present
            else ()
        ),
        budget_per=(
            _budget_per(fields["budget_per"], envelope) if fields["budget_per"].present else None
        ),
        minimum_per=(
            _minimum_per(fields["minimum_per"], envelope) if fields["minimum_per"].present else None
        ),
        top_per=_top_per(fields["top_per"], envelope) if fields["top_per"].present else None,
    )
    _contradictions(node, fields)
    return parameters, faults
