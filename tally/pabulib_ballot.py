"""The ballots of a .pb file as choices, with the reason where one would not count."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from tally.form import U16, Approval, ChooseOne, Form, Grades, Knapsack, Points, Ranking, Scores
from tally.mark import Choice, MarkFault, check_limits
from tally.pabulib_poll import Cells, Poll
from tally.pabulib_table import NUMBER, PabulibError, Remark
from tally.profile import marks_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """One line of VOTES. ``reason`` (a code of tally.vote.REASONS) says why it would be spoiled
    under the form; None when it counts."""

    voter: str
    line: int
    choice: Choice
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What the cells of ballots mean: their choices; those in which a project stands twice
    (``repeated``); those in which one is given 0 points, which says nothing (``idle``)."""

    choices: Mapping[Cells, Choice]
    repeated: AbstractSet[Cells]
    idle: AbstractSet[Cells]


class _NoPoints(Exception):
    """Points that cannot be read, in these cells."""

    def __init__(self, cells: Cells, message: str) -> None:
        super().__init__(message)
        self.cells = cells


def _points(cells: Cells, cell: str) -> int:
    found = NUMBER.fullmatch(cell)
    if not found or (found[2] or "").strip("0"):
        raise _NoPoints(cells, f"{cell!r} is not a whole number. Write whole points")
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
        self.choices: dict[Cells, Choice] = {}
        self.repeated: set[Cells] = set()
        self.idle: set[Cells] = set()

    def _marked(self, mark: int) -> tuple[tuple[str, int], ...]:
        marked = self._marks.get(mark)
        if marked is None:
            marked = self._marks[mark] = tuple((name, mark) for name in self._ids)
        return marked

    def read(self, every: Iterable[Cells]) -> None:
        """Raises _NoPoints for points that are no whole points."""
        if isinstance(self._form, Points | Scores | Grades):
            for cells in every:
                self._read_points(cells)
        elif isinstance(self._form, Ranking):
            for cells in every:
                self._read_ranks(cells)
        else:
            place, mark = self._place.__getitem__, self._marked(1).__getitem__
            for cells in every:
                vote = cells[0]
                places = sorted(set(map(place, vote.split(",")))) if vote else ()
                self.choices[cells] = tuple(map(mark, places))
                if vote and len(places) <= vote.count(","):
                    self.repeated.add(cells)

    def _read_ranks(self, cells: Cells) -> None:
        """A project named again: the first rank stays."""
        names = cells[0].split(",") if cells[0] else []
        ranked = [self._place[name] for name in dict.fromkeys(names)]
        self.choices[cells] = tuple(
            [self._marked(rank)[place] for rank, place in enumerate(ranked, 1)]
        )
        if len(ranked) < len(names):
            self.repeated.add(cells)

    def _read_points(self, cells: Cells) -> None:
        """A project named again: points are added up, scores and grades stay the first."""
        scores = not isinstance(self._form, Points)
        # The best grade is worth most, and has the lowest index.
        worst = len(self._form.labels) - 1 if isinstance(self._form, Grades) else None
        names = cells[0].split(",") if cells[0] else []
        given: dict[int, int] = {}
        for name, cell in zip(names, cells[1].split(","), strict=bool(names)):
            place = self._place[name]
            if scores and place in given:
                continue
            number = _points(cells, cell)
            if number < 0 and not scores:
                raise _NoPoints(cells, f"{number} points. Cumulative votes give no negative points")
            given[place] = given.get(place, 0) + number if worst is None else worst - number
        self.choices[cells] = tuple(
            self._marked(given[place])[place] for place in sorted(given) if scores or given[place]
        )
        if len(given) < len(names):
            self.repeated.add(cells)
        if not scores and 0 in given.values():
            self.idle.add(cells)


def read_cells(poll: Poll, form: Form, names: Sequence[str], ids: Sequence[str]) -> Readings:
    """What every ballot of a poll means; of ``form`` only the type counts here.

    ``names`` are the ids of the file's projects, ``ids`` ours, in the same order. Raises
    PabulibError for points that are no whole points.
    """
    reader = _Reader(form, names, ids)
    try:
        reader.read(poll.counts)
    except _NoPoints as fault:
        line, _ = next(poll.lines_of({fault.cells}))
        raise PabulibError(str(fault), section="VOTES", line=line, column="points") from None
    return Readings(choices=reader.choices, repeated=reader.repeated, idle=reader.idle)


def _reason(form: Form, costs: Mapping[str, int], choice: Choice) -> str | None:
    if isinstance(form, Scores) and any(
        not form.minimum <= score <= form.maximum for _, score in choice
    ):
        return "out-of-range"
    if isinstance(form, Grades) and any(not 0 <= at < len(form.labels) for _, at in choice):
        return "out-of-range"
    try:
        check_limits(form, costs, choice)
    except MarkFault as fault:
        return fault.reason
    return None


def reasons(form: Form, costs: Mapping[str, int], readings: Readings) -> dict[Cells, str]:
    """Why ballots would be spoiled under the form, for those that would. ``costs`` are by id."""
    found: dict[Cells, str] = {}
    # Where marks are all alike, and nothing costs, the limits see no more than how many there are.
    alike = isinstance(form, Approval | ChooseOne | Ranking)
    known: dict[int, str | None] = {}
    for cells, choice in readings.choices.items():
        if alike and len(choice) in known:
            reason = known[len(choice)]
        else:
            reason = known[len(choice)] = _reason(form, costs, choice)
        if reason is not None:
            found[cells] = reason
    return found


def remarks_on(poll: Poll, readings: Readings, spoiled: Mapping[Cells, str]) -> list[Remark]:
    """Remarks on projects named twice, zero points, empty ballots, ballots outside the limits."""
    codes: dict[Cells, list[str]] = {}
    empty = (cells for cells, choice in readings.choices.items() if not choice)
    for code, concerned in (
        ("repeated", readings.repeated), ("zero-points", readings.idle), ("empty", empty)
    ):  # fmt: skip
        for cells in concerned:
            codes.setdefault(cells, []).append(code)
    for cells, reason in spoiled.items():
        codes.setdefault(cells, []).append(f"spoiled-{reason}")
    lines: dict[str, list[int]] = {}
    for line, cells in poll.lines_of(codes) if codes else ():
        for code in codes[cells]:
            lines.setdefault(code, []).append(line)
    words = {
        "repeated": ("ballot names", "ballots name", "a project twice: read once, points added up"),
        "zero-points": ("ballot gives", "ballots give", "a project 0 points: read as not named"),
        "empty": ("ballot names", "ballots name", "nothing: blank"),
    }
    outside = ("ballot is", "ballots are", "outside the form's limits, which would spoil it")
    remarks = []
    for code in sorted(lines):
        number = len(lines[code])
        one, several, what = words.get(code, outside)
        told = f"{number} {one if number == 1 else several} {what}"
        remarks.append(Remark(code, told, tuple(lines[code])))
    return remarks


def widened(
    form: Form, costs: Mapping[str, int], cast: Iterable[Choice], remarks: list[Remark]
) -> Form:
    """``form`` with the smallest limits that admit every choice of ``cast`` that is not blank;
    remarks on changes."""
    cast = [choice for choice in cast if choice]
    if not cast:
        return form
    counts = set(map(len, cast))
    marks: set[int] = set()
    totals: set[int] = set()
    if isinstance(form, Points | Scores):
        marks = {mark for choice in cast for _, mark in choice}
        totals = {sum(mark for _, mark in choice) for choice in cast}
    wider = form
    if isinstance(form, Approval | Ranking):
        wider = replace(
            form, minimum=min(form.minimum, *counts), maximum=max(form.maximum, *counts)
        )
    elif isinstance(form, Knapsack):
        spent = {sum(costs[name] for name, _ in choice) for choice in cast}
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
    for (name, _), ballots in marks_in(choices).items():
        counted[name] = counted.get(name, 0) + ballots
    return counted
