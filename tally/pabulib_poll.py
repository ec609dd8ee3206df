"""What the lines of VOTES say, equal lines put together; read twice, strictly and quickly.

``poll_of`` takes the lines of a file that was parsed without loss. ``quick_poll`` reads the text
itself, several times as fast and with none of the lines kept, but gives up on whatever is unusual
or wrong: then the strict way tells. So there is one definition of what is right and one author of
each error, and where ``quick_poll`` gives an answer it is the strict way's.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import countOf

from tally.pabulib_syntax import check_cells, check_head, read_sections
from tally.pabulib_table import PabulibError, PabulibFile, Table

Cells = tuple[str, str]
"""The cells ``vote`` and ``points`` of a ballot; ``""`` where there is no such column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """The ballots of a file: ``lines``, ``votes`` and ``points`` line by line (``points`` is None
    when there is no such column), and ``counts`` of equal ones, in order of first appearance."""

    lines: Sequence[int]
    votes: Sequence[str]
    points: Sequence[str] | None
    counts: Mapping[Cells, int]

    def __iter__(self) -> Iterator[Cells]:
        return zip(self.votes, repeat("") if self.points is None else self.points, strict=False)

    def lines_of(self, wanted: Collection[Cells]) -> Iterator[tuple[int, Cells]]:
        """The lines that hold one of ``wanted``, in the file's order."""
        return (
            (line, cells) for line, cells in zip(self.lines, self, strict=True) if cells in wanted
        )


def _poll(lines: Sequence[int], votes: Sequence[str], points: Sequence[str] | None) -> Poll:
    cells = zip(votes, repeat("") if points is None else points, strict=False)
    return Poll(lines=lines, votes=votes, points=points, counts=Counter(cells))


def poll_of(file: PabulibFile) -> Poll:
    """The ballots of a file."""
    votes = file.votes
    return _poll(
        [row.line for row in votes.rows],
        votes.values("vote"),
        None if votes.column("points") is None else votes.values("points"),
    )


def quick_poll(text: str) -> tuple[PabulibFile, Poll] | None:
    """A .pb text as META, PROJECTS and a VOTES without rows, and its ballots; None when unsure.

    Never raises: what ``parse`` refuses gives None.
    """
    try:
        return _quick(text)
    except PabulibError:
        return None


def _quick(text: str) -> tuple[PabulibFile, Poll] | None:
    first = text.find("\n")
    newline = "\r\n" if text[max(first - 1, 0) : first + 1] == "\r\n" else "\n"
    # Is it the title? One that stands inside a quoted cell leaves that cell without an end; before
    # PROJECTS, or after a title in quotes, it is a row of one cell: all of them errors.
    title = text.find(f"\nVOTES{newline}")
    header = text.find("\n", title + 1)
    end = text.find("\n", header + 1)
    if title < 0 or end < 0 or text.find('"', end) >= 0:
        return None
    file = read_sections(text[: end + 1])
    body = text[end + 1 :]
    if "\r" in body:
        body = body.replace("\r\n", "\n")
        if "\r" in body:
            return None
    lines = body.split("\n")
    if not lines[-1]:
        lines.pop()
    check_head(file, len(lines))
    table = file.votes
    separators = len(table.columns) - 1
    if countOf(map(str.count, lines, repeat(";")), separators) != len(lines):
        return None
    poll = _read_lines(table, lines)
    if poll is None:
        return None
    known = frozenset(file.projects.values("project_id"))
    for vote, points in poll.counts:
        check_cells(known, vote, None if poll.points is None else points, table.header.line)
    return file, poll


def _read_lines(table: Table, lines: Sequence[str]) -> Poll | None:
    """The ballots of lines with the right number of cells; None when voters lack ids of their
    own."""
    voter_at, vote_at = table.columns.index("voter_id"), table.columns.index("vote")
    points_at = table.column("points")
    most = 1 + max(voter_at, vote_at, points_at or 0)
    voters: list[str] = []
    votes: list[str] = []
    points: list[str] = []
    for line in lines:
        cells = line.split(";", most)
        voters.append(cells[voter_at])
        votes.append(cells[vote_at])
        if points_at is not None:
            points.append(cells[points_at])
    distinct = set(voters)
    if len(distinct) < len(voters) or "" in distinct:
        return None
    begin = table.header.line + 1
    return _poll(range(begin, begin + len(lines)), votes, None if points_at is None else points)
