"""What a rule leaves behind: winners, a trace that replays, and every tie it met.

The trace is general: a step says what happened to which project and what the money was before and
after; whatever else a rule wants to show (who paid, a load, a grade) stands in ``detail``.
Money is in minor units. Source: docs/formats.md section 10.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from tally.canonical import Value
from tally.errors import TallyError
from tally.frozen import FrozenMap, thaw

FUND: Final = "fund"
TOP_UP: Final = "top-up"
PART_FUND: Final = "part-fund"
PASS: Final = "pass"  # noqa: S105
DEFER: Final = "defer"
EXCLUDE: Final = "exclude"
STOP: Final = "stop"
SHORT: Final = "short"
ACTIONS: Final = (FUND, TOP_UP, PART_FUND, PASS, DEFER, EXCLUDE, STOP, SHORT)
"""``defer``: looked at, to be looked at again in a later phase. ``stop``: passed, and nothing
after it is funded. ``short``: a group stays without what it was promised (no project)."""

PAYING: Final = frozenset({FUND, TOP_UP, PART_FUND})


class TraceFault(TallyError):
    """A trace that cannot have happened; the message names the step."""


def spell(value: Fraction) -> str:
    """A rational as docs/formats.md section 1 writes it: ``"p/q"`` in lowest terms, or ``"p"``."""
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the count: ``number`` from 1, money left before and after in minor units."""

    number: int
    project: str | None
    action: str
    reason: str
    left_before: int
    left_after: int
    detail: FrozenMap[str, Value] = field(default_factory=FrozenMap)

    def to_value(self) -> dict[str, Value]:
        """The object of docs/formats.md section 10, ``detail`` beside the fixed keys."""
        detail: Value = thaw(self.detail)  # type: ignore[assignment]
        return {
            "step": self.number,
            "project": self.project,
            "action": self.action,
            "reason": self.reason,
            "left_before": self.left_before,
            "left_after": self.left_after,
            "detail": detail,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Projects or options that were equal until ``criterion`` told them apart.

    ``order`` is what came of it; ``decisive`` says whether another order of the same projects
    would have changed who gets money (docs/rules.md, "Ties"). ``step`` is the first step that
    decided one of them.
    """

    step: int | None
    projects: tuple[str, ...]
    criterion: str
    order: tuple[str, ...]
    decisive: bool

    def to_value(self) -> dict[str, Value]:
        """The object of docs/formats.md section 10."""
        return {
            "step": self.step,
            "projects": list(self.projects),
            "criterion": self.criterion,
            "order": list(self.order),
            "decisive": self.decisive,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How near a project was to the other side, each number found by counting again.

    For a loser: ``votes`` is the smallest number of added ballots naming only it (each worth
    ``each`` points of score) with which it would have won, ``cheaper`` the smallest reduction of
    its cost (minor units); None where no number would do. For a winner: ``safe`` is how much
    score it could have lost and still won, None if all of it; or ``dearer`` how much more it could
    have cost (minor units) and still have won, where a rule tells that instead.
    """

    won: bool
    votes: int | None = None
    each: int = 1
    cheaper: int | None = None
    safe: int | None = None
    dearer: int | None = None

    def to_value(self) -> dict[str, Value]:
        """The object of docs/formats.md section 10."""
        if self.won:
            return {"safe": self.safe} if self.dearer is None else {"dearer": self.dearer}
        return {"votes": self.votes, "each": self.each, "cheaper": self.cheaper}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a project ended. ``funded`` is the money it gets, ``step`` the one that decided it."""

    project: str
    votes: int
    score: Fraction
    position: int
    won: bool
    funded: int
    step: int | None
    reason: str
    detail: FrozenMap[str, Value] = field(default_factory=FrozenMap)
    margin: Margin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of an envelope: ``winners`` in order of selection, ``standings`` in ballot order.

    ``spent`` and ``left`` are of the envelope; ``added`` is money from outside it (a topped-up
    project), so that the projects together get ``spent + added``.
    """

    budget: int
    spent: int
    added: int
    winners: tuple[str, ...]
    standings: tuple[Standing, ...]
    steps: tuple[Step, ...]
    ties: tuple[Tie, ...]

    @property
    def left(self) -> int:
        """The money of the envelope that nobody gets, in minor units."""
        return self.budget - self.spent

    def deciding(self, standing: Standing) -> Step | None:
        """The step that decided a project, where one did."""
        return None if standing.step is None else self.steps[standing.step - 1]

    def standing(self, project: str) -> Standing:
        """Where the project with this id ended. Raises TallyError when there is none."""
        for standing in self.standings:
            if standing.project == project:
                return standing
        raise TallyError(f"the outcome has no project {project!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionStanding:
    """Where an option of a question ended; ``share`` is of the ballots the threshold refers to."""

    option: str
    votes: int
    share: Fraction
    won: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of a question. ``reason``: adopted, tie, below-threshold, below-quorum,
    not-adoptable or no-votes. ``needed`` is the smallest number of votes that reaches the
    threshold."""

    adopted: str | None
    reason: str
    threshold: Fraction
    strict: bool
    of: str
    quorum: int
    needed: int
    standings: tuple[OptionStanding, ...]
    ties: tuple[Tie, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What the steps of a trace add up to."""

    winners: tuple[str, ...]
    funded: FrozenMap[str, int]
    left: int


def replay(budget: int, steps: Iterable[Step]) -> Replay:
    """Play the steps again and return what they add up to.

    Raises TraceFault when they do not follow one another: a number missing, money that appears
    or goes below zero, a project funded twice, a payment without a project.
    """
    left = budget
    funded: dict[str, int] = {}
    for expected, step in enumerate(steps, start=1):
        if step.number != expected:
            raise TraceFault(f"step {expected}: it is numbered {step.number}")
        if step.action not in ACTIONS:
            raise TraceFault(f"step {expected}: unknown action {step.action!r}")
        if step.left_before != left:
            raise TraceFault(f"step {expected}: {left} were left, it says {step.left_before}")
        if step.action in PAYING:
            paid = step.left_before - step.left_after
            added = step.detail.get("added", 0)
            if step.project is None or step.project in funded:
                raise TraceFault(f"step {expected}: it funds nobody, or a project a second time")
            if paid < 0 or step.left_after < 0 or not isinstance(added, int) or added < 0:
                raise TraceFault(f"step {expected}: it pays more than there is")
            funded[step.project] = paid + added
        elif step.left_after != step.left_before:
            raise TraceFault(f"step {expected}: money moves and nobody is funded")
        left = step.left_after
    return Replay(winners=tuple(funded), funded=FrozenMap(funded), left=left)
