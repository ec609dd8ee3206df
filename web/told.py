"""What the pages of results are given: finished words and the widths of bars in thousandths."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from tally.election import Project
from web.published import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeTold:
    """How many ballots gave a grade: a part of one bar. ``shade`` is 0 for the best grade, 6 for
    the worst; ``majority`` marks the majority grade."""

    label: Mapping[str, str]
    share: str
    begin: int
    width: int
    shade: int
    majority: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A project in the order of the rule: ``number`` is its place in ballot order, from 1.
    ``grades`` are best first, empty where the rule does not judge by grades."""

    number: int
    project: Project
    row: Object
    position: int
    won: bool
    measured: str
    bar: int
    grades: tuple[GradeTold, ...]
    fate: str
    reason: str
    sentences: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTold:
    """A step of the count; ``used``, ``paid`` and ``wanted`` are widths of one bar."""

    number: int
    project: int | None
    title: str
    lang: str | None
    told: str
    fate: str | None
    paying: bool
    left: str
    used: int
    taken: int
    wanted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TieTold:
    """A tie in words; ``lot`` says whether the lot decided it."""

    words: str
    decisive: bool
    lot: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart of the publication: address without its ending, what it shows, its figure."""

    address: str
    alternative: str
    figure: str
    png: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTold:
    """An answer of a question."""

    title: Mapping[str, str]
    votes: str
    share: str
    bar: int
    won: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantTold:
    """One rule, and how its outcome differs from the result."""

    title: str
    is_result: bool
    winners: str
    spent: str
    bar: int
    satisfied: str
    added: list[Markup]
    missing: list[Markup]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedTold:
    """The rules side by side; ``rows`` are the projects that any of them funds, and by which;
    ``categories`` and ``districts`` the shares of the envelope that each gives to them."""

    variants: list[VariantTold]
    rows: list[tuple[Row, list[bool]]]
    categories: list[tuple[str, list[str]]]
    districts: list[tuple[str, list[str]]]
