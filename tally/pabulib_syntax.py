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
    file = PabulibFile(
        meta=_table("META", ("key", "value"), rows[meta_at], rows[meta_at + 1 : projects_at]),
        projects=_table(
            "PROJECTS", ("project_id", "cost"), rows[projects_at], rows[projects_at + 1 : votes_at]
        ),
        votes=_table("VOTES", ("voter_id", "vote"), rows[votes_at], rows[votes_at + 1 :]),
        newline=newline,
    )
    _check(file)
    return file


def _check(file: PabulibFile) -> None:
    if file.meta.columns != ("key", "value"):
        raise PabulibError(
            "the header is not 'key;value'. Write it so",
            section="META", line=file.meta.header.line,
        )  # fmt: skip
    _unique(file.meta, "META", "key", "key")
    _unique(file.projects, "PROJECTS", "project_id", "project id")
    _unique(file.votes, "VOTES", "voter_id", "voter id")
    keys = file.keys
    for key in REQUIRED_META:
        if key not in keys:
            raise PabulibError("the key is missing. Add it", section="META", column=key)
    for key, rows in (("num_projects", file.projects.rows), ("num_votes", file.votes.rows)):
        if keys[key] != str(len(rows)):
            raise PabulibError(
                f"{shown(keys[key])} is said and {len(rows)} lines follow. Write {len(rows)}",
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
    known = {row.cells[file.projects.columns.index("project_id")] for row in file.projects.rows}
    cost_at = file.projects.columns.index("cost")
    for row in file.projects.rows:
        if not NUMBER.fullmatch(row.cells[cost_at]):
            raise PabulibError(
                f"{shown(row.cells[cost_at])} is not a number. Write it with a decimal point",
                section="PROJECTS", line=row.line, column="cost",
            )  # fmt: skip
    vote_at, points_at = file.votes.columns.index("vote"), file.votes.column("points")
    if points_at is None and keys["vote_type"] in ("cumulative", "scoring"):
        raise PabulibError(
            f"{keys['vote_type']} votes need it. Add the points of each project of 'vote'",
            section="VOTES", line=file.votes.header.line, column="points",
        )  # fmt: skip
    for row in file.votes.rows:
        named = row.cells[vote_at].split(",") if row.cells[vote_at] else []
        for name in named:
            if name not in known:
                raise PabulibError(
                    f"there is no project {shown(name)}. Write ids of PROJECTS with ',' between "
                    "them and no blanks",
                    section="VOTES", line=row.line, column="vote",
                )  # fmt: skip
        if points_at is None:
            continue
        points = row.cells[points_at].split(",") if row.cells[points_at] else []
        if len(points) != len(named):
            raise PabulibError(
                f"{len(points)} numbers for {len(named)} projects. Give each project one",
                section="VOTES", line=row.line, column="points",
            )  # fmt: skip
        for number in points:
            if not NUMBER.fullmatch(number):
                raise PabulibError(
                    f"{shown(number)} is not a number. Write numbers with ',' between them",
                    section="VOTES", line=row.line, column="points",
                )  # fmt: skip
