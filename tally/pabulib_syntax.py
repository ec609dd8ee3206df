"""A .pb text is read strictly: structure, counts, ids and numbers, before it means anything.

Every error names the section, the line, the column, and what to do. What files in the wild do
besides, and how it is read: docs/pabulib.md.
"""

from collections.abc import Sequence
from typing import Final

from tally.fault import shown
from tally.pabulib_table import NUMBER, SECTIONS, PabulibError, PabulibFile, Row, Table, read_rows

REQUIRED_META: Final = (
    "description", "country", "unit", "instance", "num_projects", "num_votes", "budget",
    "vote_type", "rule", "date_begin", "date_end",
)  # fmt: skip
VOTE_TYPES: Final = ("approval", "choose-1", "cumulative", "ordinal", "scoring")


def _unique(table: Table, section: str, column: str, what: str) -> None:
    first: dict[str, int] = {}
    at = table.columns.index(column)
    for row in table.rows:
        name = row.cells[at]
        if not name:
            raise PabulibError(f"no {what}. Give one", section=section, line=row.line,
                               column=column)  # fmt: skip
        if name in first:
            raise PabulibError(
                f"{what} {shown(name)} stands in line {first[name]} too. Give each its own",
                section=section, line=row.line, column=column,
            )  # fmt: skip
        first[name] = row.line


def _table(section: str, required: Sequence[str], title: Row, rows: Sequence[Row]) -> Table:
    if not rows:
        raise PabulibError(
            f"no header. Write {';'.join(required)} below the title",
            section=section, line=title.line,
        )  # fmt: skip
    header = rows[0]
    columns = header.cells
    for column in required:
        if column not in columns:
            raise PabulibError(
                "the column is missing. Add it to the header",
                section=section, line=header.line, column=column,
            )  # fmt: skip
    for column in columns:
        if not column or columns.count(column) > 1:
            message = "stands twice in the header" if column else "a column has no name"
            raise PabulibError(
                f"{message}. Give each its own name",
                section=section, line=header.line, column=column,
            )  # fmt: skip
    for row in rows[1:]:
        if len(row.cells) != len(columns):
            raise PabulibError(
                f"{len(row.cells)} cells and {len(columns)} columns. "
                "Quote a cell that holds ';', and write every cell",
                section=section, line=row.line,
            )  # fmt: skip
    return Table(title=title, header=header, rows=tuple(rows[1:]))


def parse(text: str) -> PabulibFile:
    """Read a .pb text. Raises PabulibError for what no reading could give a meaning."""
    file = read_sections(text)
    check_head(file, len(file.votes.rows))
    _unique(file.votes, "VOTES", "voter_id", "voter id")
    _check_votes(file)
    return file


def read_sections(text: str) -> PabulibFile:
    """The three sections of a text, each with its header and rows of as many cells.

    Raises PabulibError. What the cells say is not looked at.
    """
    if text.startswith("\ufeff"):
        raise PabulibError("a byte order mark. Save the file as UTF-8 without one", line=1)
    first = text.find("\n")
    newline = "\r\n" if text[max(first - 1, 0) : first + 1] == "\r\n" else "\n"
    rows = list(read_rows(text, newline))
    starts: list[int] = []
    for section in SECTIONS:
        begin = starts[-1] + 1 if starts else 0
        found = (at for at in range(begin, len(rows)) if rows[at].cells == (section,))
        start = next(found, None)
        if start is None or (section == "META" and start != 0):
            raise PabulibError(
                "the section is missing. The file holds META, PROJECTS and VOTES, in this order",
                section=section,
            )
        starts.append(start)
    meta_at, projects_at, votes_at = starts
    return PabulibFile(
        meta=_table("META", ("key", "value"), rows[meta_at], rows[meta_at + 1 : projects_at]),
        projects=_table(
            "PROJECTS", ("project_id", "cost"), rows[projects_at], rows[projects_at + 1 : votes_at]
        ),
        votes=_table("VOTES", ("voter_id", "vote"), rows[votes_at], rows[votes_at + 1 :]),
        newline=newline,
    )


def check_head(file: PabulibFile, ballots: int) -> None:
    """Raise PabulibError when META, PROJECTS or the header of VOTES is wrong.

    ``ballots`` is how many lines VOTES has; its rows are not looked at.
    """
    if file.meta.columns != ("key", "value"):
        raise PabulibError(
            "the header is not 'key;value'. Write it so",
            section="META", line=file.meta.header.line,
        )  # fmt: skip
    _unique(file.meta, "META", "key", "key")
    _unique(file.projects, "PROJECTS", "project_id", "project id")
    keys = file.keys
    for key in REQUIRED_META:
        if key not in keys:
            raise PabulibError("the key is missing. Add it", section="META", column=key)
    for key, number in (("num_projects", len(file.projects.rows)), ("num_votes", ballots)):
        if keys[key] != str(number):
            raise PabulibError(
                f"{shown(keys[key])} is said and {number} lines follow. Write {number}",
                section="META", column=key,
            )  # fmt: skip
    if keys["vote_type"] not in VOTE_TYPES:
        raise PabulibError(
            f"{shown(keys['vote_type'])} is not known. Write one of {', '.join(VOTE_TYPES)}",
            section="META", column="vote_type",
        )  # fmt: skip
    if not NUMBER.fullmatch(keys["budget"]):
        raise PabulibError(
            f"{shown(keys['budget'])} is not a number. Write it with a decimal point",
            section="META", column="budget",
        )  # fmt: skip
    cost_at = file.projects.columns.index("cost")
    for row in file.projects.rows:
        if not NUMBER.fullmatch(row.cells[cost_at]):
            raise PabulibError(
                f"{shown(row.cells[cost_at])} is not a number. Write it with a decimal point",
                section="PROJECTS", line=row.line, column="cost",
            )  # fmt: skip
    if file.votes.column("points") is None and keys["vote_type"] in ("cumulative", "scoring"):
        raise PabulibError(
            f"{keys['vote_type']} votes need it. Add the points of each project of 'vote'",
            section="VOTES", line=file.votes.header.line, column="points",
        )  # fmt: skip


def _check_votes(file: PabulibFile) -> None:
    known = frozenset(file.projects.values("project_id"))
    vote_at, points_at = file.votes.columns.index("vote"), file.votes.column("points")
    # Many ballots are equal: what was right once is right again.
    right: set[tuple[str, str | None]] = set()
    for row in file.votes.rows:
        cells = (row.cells[vote_at], None if points_at is None else row.cells[points_at])
        if cells not in right:
            check_cells(known, *cells, row.line)
            right.add(cells)


def check_cells(known: frozenset[str], vote: str, points: str | None, line: int) -> None:
    """Raise PabulibError when a ballot names a project that is not ``known`` or its points are not
    as many numbers; ``points`` is None when there is no such column."""
    named = vote.split(",") if vote else []
    if not known.issuperset(named):
        name = next(name for name in named if name not in known)
        raise PabulibError(
            f"there is no project {shown(name)}. Write ids of PROJECTS with ',' between "
            "them and no blanks",
            section="VOTES", line=line, column="vote",
        )  # fmt: skip
    if points is None:
        return
    numbers = points.split(",") if points else []
    if len(numbers) != len(named):
        raise PabulibError(
            f"{len(numbers)} numbers for {len(named)} projects. Give each project one",
            section="VOTES", line=line, column="points",
        )  # fmt: skip
    for number in numbers:
        if not NUMBER.fullmatch(number):
            raise PabulibError(
                f"{shown(number)} is not a number. Write numbers with ',' between them",
                section="VOTES", line=line, column="points",
            )  # fmt: skip
