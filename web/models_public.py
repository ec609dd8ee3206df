"""The JSON that ``/api/v1`` gives about rules, log and results. It repeats what is in the public
files (docs/formats.md), in a form for those who want to show it elsewhere: the files decide.

Money is in minor units, hashes are hexadecimal, rationals are texts ``p/q``; a text in several
languages is an object from language code to words.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Words = dict[str, str]


class Shown(BaseModel):
    """No unknown field, no change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleShown(Shown):
    """A counting rule and what its parameters are (docs/rules.md)."""

    name: str
    parameters: dict[str, Any]


class PictureShown(Shown):
    """A project's picture."""

    path: str
    sha256: str


class ProjectShown(Shown):
    """A project; ``number`` is its place on the ballot, from 1, and its place in addresses."""

    number: int
    id: str
    title: Words
    description: Words
    cost: int
    category: list[str]
    district: str
    picture: PictureShown | None
    invented: bool


class OptionShown(Shown):
    """An answer of a question."""

    id: str
    title: Words


class ContestShown(Shown):
    """An envelope (``budget``, ``projects``) or a question (``options``), and how it is decided in
    words of each language."""

    id: str
    kind: Literal["envelope", "question"]
    title: Words
    description: Words
    budget: int | None
    form: dict[str, Any]
    rule: RuleShown
    explained: dict[str, list[str]]
    projects: list[ProjectShown]
    options: list[OptionShown]


class StyleShown(Shown):
    """A group of voters and what they vote on."""

    id: str
    title: Words
    contests: list[str]
    roll: int


class ElectionShown(Shown):
    """The frozen rules; ``hash`` is the SHA-256 of /manifest.json."""

    id: str
    hash: str
    title: Words
    organiser: Words
    eligibility: Words
    languages: list[str]
    currency: str
    exponent: int
    opens: str
    closes: str
    styles: list[StyleShown]
    contests: list[str]


class ContestsShown(Shown):
    """All contests in ballot order."""

    contests: list[ContestShown]


class ProjectsShown(Shown):
    """The projects of one envelope in ballot order."""

    contest: str
    projects: list[ProjectShown]


class WitnessShown(Shown):
    """A witness that cosigned the checkpoint, and when (POSIX seconds)."""

    name: str
    time: int


class MilestoneShown(Shown):
    """The root of the log's first ``size`` entries."""

    size: int
    root: str


class LogShown(Shown):
    """The newest signed state of the log; all null or empty before the vote is opened.
    ``witnessed``: as many witnesses as the rules ask for have cosigned it."""

    origin: str
    key: str
    size: int
    root: str | None
    checkpoint: str | None
    witnesses: list[WitnessShown]
    waiting: list[str]
    witnessed: bool
    opened: str | None
    closed: str | None
    milestones: list[MilestoneShown]


class TurnoutShown(Shown):
    """Who could vote and did, of one style (null: all together)."""

    style: str | None
    roll: int
    counted: int
    turnout: str | None
    blank: int
    spoiled: dict[str, int]
    superseded: int


class OutcomeShown(Shown):
    """How a contest ended, in short."""

    contest: str
    kind: Literal["envelope", "question"]
    summary: Words
    ballots: int
    blank: int
    spoiled: dict[str, int]
    budget: int | None
    spent: int | None
    left: int | None
    added: int | None
    winners: list[str]


class ResultsShown(Shown):
    """The published result; ``result_hash`` is the SHA-256 of /publication/publication.json."""

    election: str
    result_hash: str
    result_words: str
    turnout: list[TurnoutShown]
    contests: list[OutcomeShown]


class ProjectResult(Shown):
    """How a project ended, and why, as in results.json and explanations.json."""

    number: int
    id: str
    votes: int
    score: str
    position: int
    won: bool
    funded: int
    step: int | None
    reason: str
    margin: dict[str, int | None] | None
    explained: Words


class OptionResult(Shown):
    """How an answer ended."""

    id: str
    votes: int
    share: str
    won: bool


class ContestResultShown(Shown):
    """Everything about one contest: ``steps`` and ``ties`` as in results.json (section 10)."""

    result_hash: str
    outcome: OutcomeShown
    rule: RuleShown
    projects: list[ProjectResult]
    options: list[OptionResult]
    steps: list[dict[str, Any]]
    ties: list[dict[str, Any]]


class VariantShown(Shown):
    """The same ballots under one rule. ``is_result`` marks the rule of the vote itself; ``added``
    and ``missing`` are projects funded here and not in the result, and the other way round. Shares
    are of the budget."""

    name: str
    title: Words
    rule: RuleShown
    is_result: bool
    winners: list[str]
    spent: int
    voters_with_a_winner: int
    shares_by_category: dict[str, str]
    shares_by_district: dict[str, str]
    added: list[str]
    missing: list[str]


class ComparisonShown(Shown):
    """Not the result: the same ballots under other rules; ``counting`` while it is being done."""

    notice: Literal["not-the-result"]
    state: Literal["ready", "counting"]
    result_hash: str
    contest: str
    expressed: int
    variants: list[VariantShown]
