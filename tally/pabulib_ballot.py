"""The ballots of a .pb file as choices, with the reason where one would not count."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tally.form import U16, Approval, Form, Knapsack, Points, Ranking, Scores
from tally.mark import Choice, MarkFault, check_limits
from tally.pabulib_poll import Cells, Poll
from tally.pabulib_table import NUMBER, PabulibError, Remark


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """One line of VOTES. ``reason`` (a code of tally.vote.REASONS) says why it would be spoiled
    under the form; None when it counts."""

    voter: str
    line: int
    choice: Choice
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the cells of a ballot mean; ``repeated``: a project stands twice, ``idle``: one is
    given 0 points, which says nothing."""

    choice: Choice
    repeated: bool
    idle: bool


def _points(cell: str, line: int) -> int:
    found = NUMBER.fullmatch(cell)
    if not found or (found[2] or "").strip("0"):
        raise PabulibError(
            f"{cell!r} is not a whole number. Write whole points",
            section="VOTES", line=line, column="points",
        )  # fmt: skip
    return -int(found[1]) if cell.startswith("-") else int(found[1])


class _Reader:
    """Reads the cells of ballots as choices. Projects are places in the file's order."""

    def __init__(self, form: Form, names: Sequence[str], ids: Sequence[str]) -> None:
        """``names`` are the ids of the file's projects, ``ids`` ours."""
        self._form = form
        self._ids = tuple(ids)
        self._place = {name: place for place, name in enumerate(names)}
        # By mark the mark of every project: one object for all ballots keeps millions small.
        self._marks: dict[int, tuple[tuple[str, int], ...]] = {}

    def _marked(self, mark: int) -> tuple[tuple[str, int], ...]:
        marked = self._marks.get(mark)
        if marked is None:
            marked = self._marks[mark] = tuple((name, mark) for name in self._ids)
        return marked

    def read(self, cells: Cells, line: int) -> Reading:
        """Raises PabulibError, with ``line``, for points that are no whole points."""
        vote, points = cells
        if not vote:
            return Reading((), False, False)
        places = [self._place[name] for name in vote.split(",")]
        if isinstance(self._form, Points | Scores):
            return self._read_points(places, points.split(","), line)
        repeated = len(set(places)) < len(places)
        if isinstance(self._form, Ranking):
            # Of a project that is named again the first rank stays.
            ranked = dict.fromkeys(places) if repeated else places
            choice = tuple([self._marked(rank)[place] for rank, place in enumerate(ranked, 1)])
        else:
            one = self._marked(1)
            choice = tuple([one[place] for place in sorted(set(places))])
        return Reading(choice, repeated, False)

    def _read_points(self, places: Sequence[int], points: Sequence[str], line: int) -> Reading:
        """A project named again: points are added up, scores stay the first."""
        scores = isinstance(self._form, Scores)
        given: dict[int, int] = {}
        for place, cell in zip(places, points, strict=True):
            if scores and place in given:
                continue
            number = _points(cell, line)
            if number < 0 and not scores:
                raise PabulibError(
                    f"{number} points. Cumulative votes give no negative points",
                    section="VOTES", line=line, column="points",
                )  # fmt: skip
            given[place] = given.get(place, 0) + number
        choice = tuple(
            self._marked(given[place])[place] for place in sorted(given) if scores or given[place]
        )
        return Reading(choice, len(given) < len(places), not scores and 0 in given.values())


def read_cells(
    poll: Poll, form: Form, names: Sequence[str], ids: Sequence[str]
) -> dict[Cells, Reading]:
    """What every ballot of a poll means; of ``form`` only the type counts here.

    ``names`` are the ids of the file's projects, ``ids`` ours, in the same order. Raises
    PabulibError for points that are no whole points.
    """
    reader = _Reader(form, names, ids)
    readings: dict[Cells, Reading] = {}
    for cells in poll.counts:
        try:
            readings[cells] = reader.read(cells, 0)
        except PabulibError:
            line, _ = next(poll.lines_of({cells}))
            reader.read(cells, line)
            raise
    return readings


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


def reasons(
    form: Form, costs: Mapping[str, int], readings: Mapping[Cells, Reading]
) -> dict[Cells, str]:
    """Why ballots would be spoiled under the form, for those that would. ``costs`` are by id."""
    found = {cells: _reason(form, costs, reading.choice) for cells, reading in readings.items()}
    return {cells: reason for cells, reason in found.items() if reason is not None}


def remarks_on(
    poll: Poll, readings: Mapping[Cells, Reading], spoiled: Mapping[Cells, str]
) -> list[Remark]:
    """Remarks on projects named twice, zero points, empty ballots, ballots outside the limits."""
    codes: dict[Cells, list[str]] = {}
    for cells, reading in readings.items():
        said = ["repeated"] if reading.repeated else []
        said += ["zero-points"] if reading.idle else []
        said += [] if reading.choice else ["empty"]
        said += [f"spoiled-{spoiled[cells]}"] if cells in spoiled else []
        if said:
            codes[cells] = said
    lines: dict[str, list[int]] = {}
    for line, cells in poll.lines_of(codes) if codes else ():
        for code in codes[cells]:
            lines.setdefault(code, []).append(line)
    words = {
        "repeated": "name a project twice: read once, points added up",
        "zero-points": "give a project 0 points: read as not named",
        "empty": "name nothing: blank",
    }
    remarks = []
    for code in sorted(lines):
        what = words.get(code, "are outside the form's limits: they would be spoiled")
        remarks.append(Remark(code, f"{len(lines[code])} ballots {what}", tuple(lines[code])))
    return remarks


def widened(
    form: Form, costs: Mapping[str, int], cast: Sequence[Choice], remarks: list[Remark]
) -> Form:
    """``form`` with the smallest limits that admit every choice of ``cast`` that is not blank;
    remarks on changes."""
    cast = [choice for choice in cast if choice]
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
    return votes_in((ballot.choice, 1) for ballot in ballots)


def votes_in(choices: Iterable[tuple[Choice, int]]) -> dict[str, int]:
    """How many ballots name each project, of choices and how many ballots made them."""
    counted: dict[str, int] = {}
    for choice, ballots in choices:
        for name, _ in choice:
            counted[name] = counted.get(name, 0) + ballots
    return counted
