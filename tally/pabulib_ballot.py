"""The ballots of a .pb file as choices, with the reason where one would not count."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tally.form import U16, Approval, Form, Knapsack, Points, Ranking, Scores
from tally.mark import Choice, MarkFault, check_limits
from tally.pabulib_id import our_id
from tally.pabulib_table import NUMBER, PabulibError, PabulibFile, Remark, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """One line of VOTES. ``reason`` (a code of tally.vote.REASONS) says why it would be spoiled
    under the form; None when it counts."""

    voter: str
    line: int
    choice: Choice
    reason: str | None = None


def _points(row: Row, cell: str) -> int:
    found = NUMBER.fullmatch(cell)
    if not found or (found[2] or "").strip("0"):
        raise PabulibError(
            f"{cell!r} is not a whole number. Write whole points",
            section="VOTES", line=row.line, column="points",
        )  # fmt: skip
    return -int(found[1]) if cell.startswith("-") else int(found[1])


def _marks(form: Form, row: Row, names: Sequence[str], points: Sequence[str]) -> dict[str, int]:
    """Marks by our id. A project named again: points are added up, scores and ranks stay first."""
    marks: dict[str, int] = {}
    for at, name in enumerate(names):
        if isinstance(form, Points):
            given = _points(row, points[at])
            if given < 0:
                raise PabulibError(
                    f"{given} points. Cumulative votes give no negative points",
                    section="VOTES", line=row.line, column="points",
                )  # fmt: skip
            marks[name] = marks.get(name, 0) + given
        elif name in marks:
            continue
        elif isinstance(form, Scores):
            marks[name] = _points(row, points[at])
        elif isinstance(form, Ranking):
            marks[name] = len(marks) + 1
        else:
            marks[name] = 1
    return marks


def _reason(form: Form, costs: Mapping[str, int], choice: Choice) -> str | None:
    if isinstance(form, Scores) and any(
        not form.minimum <= score <= form.maximum for _, score in choice
    ):
        return "out-of-range"
    try:
        check_limits(form, costs, choice)
    except MarkFault as fault:
        return fault.reason
    return None


def _choices(
    file: PabulibFile, form: Form, costs: Mapping[str, int]
) -> Iterable[tuple[str, Row, Choice, bool, bool]]:
    """Voter, row, choice, whether a project stands twice, whether one has no points at all."""
    ids = {name: our_id(name) or name for name in file.projects.values("project_id")}
    position = {name: at for at, name in enumerate(costs)}
    votes = file.votes
    voter_at, vote_at = votes.columns.index("voter_id"), votes.columns.index("vote")
    points_at = votes.column("points")
    for row in votes.rows:
        names = [ids[name] for name in row.cells[vote_at].split(",")] if row.cells[vote_at] else []
        points = row.cells[points_at].split(",") if points_at is not None else ()
        marks = _marks(form, row, names, points)
        idle = isinstance(form, Points) and 0 in marks.values()
        if isinstance(form, Ranking):
            choice = tuple(marks.items())
        else:
            kept = (name for name in marks if marks[name] or isinstance(form, Scores))
            choice = tuple((name, marks[name]) for name in sorted(kept, key=position.__getitem__))
        yield row.cells[voter_at], row, choice, len(marks) < len(names), idle


def read_ballots(
    file: PabulibFile, form: Form, costs: Mapping[str, int], remarks: list[Remark]
) -> tuple[Ballot, ...]:
    """Every ballot in the file's order; ``costs`` by our project id, in the file's order.

    Remarks on projects named twice, zero points, empty ballots, and ballots outside the limits.
    """
    ballots: list[Ballot] = []
    lines: dict[str, list[int]] = {}
    for voter, row, choice, repeated, idle in _choices(file, form, costs):
        reason = _reason(form, costs, choice)
        ballots.append(Ballot(voter=voter, line=row.line, choice=choice, reason=reason))
        for code, applies in (
            ("repeated", repeated),
            ("zero-points", idle),
            ("empty", not choice),
            (f"spoiled-{reason}", reason is not None),
        ):
            if applies:
                lines.setdefault(code, []).append(row.line)
    said = {
        "repeated": "name a project twice: read once, points added up",
        "zero-points": "give a project 0 points: read as not named",
        "empty": "name nothing: blank",
    }
    for code in sorted(lines):
        what = said.get(code, "are outside the form's limits: they would be spoiled")
        remarks.append(Remark(code, f"{len(lines[code])} ballots {what}", tuple(lines[code])))
    return tuple(ballots)


def widened(file: PabulibFile, form: Form, costs: Mapping[str, int], remarks: list[Remark]) -> Form:
    """``form`` with the smallest limits that admit every ballot of the file; remarks on changes."""
    cast = [choice for _, _, choice, _, _ in _choices(file, form, costs) if choice]
    if not cast:
        return form
    counts = [len(choice) for choice in cast]
    marks = [mark for choice in cast for _, mark in choice]
    totals = [sum(mark for _, mark in choice) for choice in cast]
    wider = form
    if isinstance(form, Approval | Ranking):
        wider = replace(
            form, minimum=min(form.minimum, *counts), maximum=max(form.maximum, *counts)
        )
    elif isinstance(form, Knapsack):
        spent = (sum(costs[name] for name, _ in choice) for choice in cast)
        wider = replace(
            form,
            budget=max(form.budget, *spent),
            minimum=min(form.minimum, *counts),
            maximum=form.maximum and max(form.maximum, *counts),
        )
    elif isinstance(form, Points):
        wider = replace(
            form,
            total=max(form.total, *totals),
            cap=min(U16, max(form.cap, *marks)),
            minimum_projects=min(form.minimum_projects, *counts),
            maximum_projects=form.maximum_projects and max(form.maximum_projects, *counts),
            minimum_total=min(form.minimum_total, *totals),
        )
    elif isinstance(form, Scores):
        wider = replace(
            form,
            minimum=min(form.minimum, *marks),
            maximum=max(form.maximum, *marks),
            minimum_projects=min(form.minimum_projects, *counts),
            maximum_projects=form.maximum_projects and max(form.maximum_projects, *counts),
        )
    if wider != form:
        remarks.append(Remark("widened", f"limits widened from {form} to {wider}"))
    return wider


def votes_of(ballots: Iterable[Ballot]) -> dict[str, int]:
    """How many ballots name each project, spoiled or not: what the ``votes`` column counts."""
    counted: dict[str, int] = {}
    for ballot in ballots:
        for name, _ in ballot.choice:
            counted[name] = counted.get(name, 0) + 1
    return counted
