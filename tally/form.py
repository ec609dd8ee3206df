"""Ballot forms: what a voter may mark in one contest, and within which limits.

Source: docs/formats.md section 2. How marks become bytes: tally/vote.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from tally.canonical import LARGEST_INTEGER, Value
from tally.fault import Node
from tally.text import Text, read_text

U16: Final = 65535
MOST_GRADES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Name ``minimum`` to ``maximum`` projects."""

    type: ClassVar[str] = "approval"
    minimum: int
    maximum: int
    blank: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseOne:
    """Name one project."""

    type: ClassVar[str] = "choose-1"
    blank: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Knapsack:
    """Name projects that cost at most ``budget`` (minor units) together."""

    type: ClassVar[str] = "knapsack"
    budget: int
    minimum: int
    maximum: int | None
    blank: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Share out ``minimum_total`` to ``total`` points, at most ``cap`` to one project."""

    type: ClassVar[str] = "points"
    total: int
    cap: int
    minimum_projects: int
    maximum_projects: int | None
    minimum_total: int
    blank: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Give projects a score of ``minimum`` to ``maximum``; a project may stay without one."""

    type: ClassVar[str] = "scores"
    minimum: int
    maximum: int
    minimum_projects: int
    maximum_projects: int | None
    blank: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Rank ``minimum`` to ``maximum`` projects, best first, without ties."""

    type: ClassVar[str] = "ranking"
    minimum: int
    maximum: int
    blank: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """Give projects one of the grades ``labels``, best first.

    ``default`` is the index of the grade that a project without one counts as.
    """

    type: ClassVar[str] = "grades"
    labels: tuple[Text, ...]
    default: int
    blank: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionForm:
    """Choose one option."""

    type: ClassVar[str] = "question"
    blank: bool = True


Form = Approval | ChooseOne | Knapsack | Points | Scores | Ranking | Grades | QuestionForm
FORM_TYPES: Final = tuple(
    kind.type
    for kind in (Approval, ChooseOne, Knapsack, Points, Scores, Ranking, Grades, QuestionForm)
)


def form_value(form: Form) -> dict[str, Value]:
    """The object of docs/formats.md section 2, with ``blank`` always written."""
    value: dict[str, Value] = {"type": form.type}
    for name in type(form).__slots__:
        inner = getattr(form, name)
        value[name] = [label.to_value() for label in inner] if name == "labels" else inner
    return value


def _optional_integer(node: Node, minimum: int) -> int | None:
    return None if node.value is None else node.integer(minimum, U16)


def _approval(node: Node, _: Sequence[str]) -> Form:
    fields = node.fields("type", "minimum", "maximum", optional=("blank",))
    return Approval(
        minimum=fields["minimum"].integer(1, U16),
        maximum=fields["maximum"].integer(1, U16),
        blank=fields["blank"].flag(True),
    )


def _choose_one(node: Node, _: Sequence[str]) -> Form:
    return ChooseOne(blank=node.fields("type", optional=("blank",))["blank"].flag(True))


def _knapsack(node: Node, _: Sequence[str]) -> Form:
    fields = node.fields("type", "budget", "minimum", "maximum", optional=("blank",))
    return Knapsack(
        budget=fields["budget"].integer(1, LARGEST_INTEGER),
        minimum=fields["minimum"].integer(1, U16),
        maximum=_optional_integer(fields["maximum"], 1),
        blank=fields["blank"].flag(True),
    )


def _points(node: Node, _: Sequence[str]) -> Form:
    fields = node.fields(
        "type", "total", "cap", "minimum_projects", "maximum_projects", "minimum_total",
        optional=("blank",),
    )  # fmt: skip
    return Points(
        total=fields["total"].integer(1, LARGEST_INTEGER),
        cap=fields["cap"].integer(1, U16),
        minimum_projects=fields["minimum_projects"].integer(1, U16),
        maximum_projects=_optional_integer(fields["maximum_projects"], 1),
        minimum_total=fields["minimum_total"].integer(0, LARGEST_INTEGER),
        blank=fields["blank"].flag(True),
    )


def _scores(node: Node, _: Sequence[str]) -> Form:
    fields = node.fields(
        "type", "minimum", "maximum", "minimum_projects", "maximum_projects", optional=("blank",)
    )
    return Scores(
        minimum=fields["minimum"].integer(),
        maximum=fields["maximum"].integer(),
        minimum_projects=fields["minimum_projects"].integer(1, U16),
        maximum_projects=_optional_integer(fields["maximum_projects"], 1),
        blank=fields["blank"].flag(True),
    )


def _ranking(node: Node, _: Sequence[str]) -> Form:
    fields = node.fields("type", "minimum", "maximum", optional=("blank",))
    return Ranking(
        minimum=fields["minimum"].integer(1, U16),
        maximum=fields["maximum"].integer(1, U16),
        blank=fields["blank"].flag(True),
    )


def _grades(node: Node, languages: Sequence[str]) -> Form:
    fields = node.fields("type", "labels", "default", optional=("blank",))
    labels = fields["labels"].items(2, MOST_GRADES, "grades")
    return Grades(
        labels=tuple(read_text(label, languages) for label in labels),
        default=fields["default"].integer(0, MOST_GRADES - 1),
        blank=fields["blank"].flag(True),
    )


def _question(node: Node, _: Sequence[str]) -> Form:
    return QuestionForm(blank=node.fields("type", optional=("blank",))["blank"].flag(True))


_READERS: Final[Mapping[str, Callable[[Node, Sequence[str]], Form]]] = {
    "approval": _approval,
    "choose-1": _choose_one,
    "knapsack": _knapsack,
    "points": _points,
    "scores": _scores,
    "ranking": _ranking,
    "grades": _grades,
    "question": _question,
}


def read_form(node: Node, languages: Sequence[str]) -> Form:
    """A form of any type. Whether its limits fit the contest: ``check_form``."""
    value = node.value
    if not isinstance(value, Mapping) or "type" not in value:
        node.fields("type")
        return QuestionForm()
    before = len(node.faults)
    kind = Node(value["type"], f"{node.path}.type", node.faults).one_of(FORM_TYPES)
    return _READERS[kind](node, languages) if len(node.faults) == before else QuestionForm()


def check_form(node: Node, form: Form, costs: Sequence[int]) -> None:
    """Note every limit that contradicts another, or the number of projects or their costs.

    ``costs`` are those of the contest's projects, in order (minor units).
    """
    projects = len(costs)

    def range_of(low_name: str, low: int, high_name: str, high: int | None) -> None:
        if low > projects:
            node.fault(
                f"{low} projects are asked for and {projects} can be named",
                f"Lower {low_name!r} to at most {projects}",
                low_name,
            )
        if high is not None and high > projects:
            node.fault(
                f"up to {high} of {projects} projects",
                f"Lower {high_name!r} to at most {projects}",
                high_name,
            )
        if high is not None and low > high:
            node.fault(
                f"{low_name} {low} is above {high_name} {high}",
                f"Lower {low_name!r} or raise {high_name!r}",
                low_name,
            )

    if isinstance(form, Approval | Ranking | Knapsack):
        range_of("minimum", form.minimum, "maximum", form.maximum)
    if isinstance(form, Points | Scores):
        range_of(
            "minimum_projects", form.minimum_projects, "maximum_projects", form.maximum_projects
        )
    if (
        isinstance(form, Knapsack)
        and form.minimum <= projects
        and sum(sorted(costs)[: form.minimum]) > form.budget
    ):
        node.fault(
            f"the {form.minimum} cheapest projects cost more than the budget {form.budget} "
            "a ballot may name",
            "Raise 'budget' or lower 'minimum'",
            "budget",
        )
    if isinstance(form, Points):
        _check_points(node, form, projects)
    if isinstance(form, Scores):
        if form.maximum <= form.minimum:
            node.fault("the highest score is not above the lowest", "Raise 'maximum'", "maximum")
        elif form.maximum - form.minimum >= U16:
            node.fault(
                f"{form.maximum - form.minimum + 1} different scores",
                f"Allow at most {U16}",
                "maximum",
            )
    if isinstance(form, Grades) and form.default >= len(form.labels):
        node.fault(
            f"grade number {form.default} of {len(form.labels)}",
            f"Give 0 to {len(form.labels) - 1}",
            "default",
        )
    if isinstance(form, Grades) and len(set(form.labels)) < len(form.labels):
        node.fault("two grades read the same", "Give each grade its own words", "labels")


def _check_points(node: Node, form: Points, projects: int) -> None:
    if form.cap > form.total:
        node.fault(f"cap {form.cap} is above the total {form.total}", "Lower 'cap'", "cap")
    if form.minimum_projects > form.total:
        node.fault(
            f"{form.total} points cannot go to {form.minimum_projects} projects",
            "Lower 'minimum_projects'",
            "minimum_projects",
        )
    most = min(form.total, form.cap * (form.maximum_projects or projects))
    if form.minimum_total > most:
        node.fault(
            f"at most {most} points can be given and {form.minimum_total} are asked for",
            f"Lower 'minimum_total' to at most {most}",
            "minimum_total",
        )
