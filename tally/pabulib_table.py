"""The .pb file as text: sections, rows and cells, read strictly and written back byte for byte.

Source: the Pabulib format (pabulib.org/format): one UTF-8 text with the sections META, PROJECTS
and VOTES, ``;`` between cells, ``"`` around cells that need it, ``,`` inside lists. What files in
the wild do besides, and how it is read: docs/pabulib.md.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tally.errors import TallyError
from tally.fault import shown

SECTIONS: Final = ("META", "PROJECTS", "VOTES")
NUMBER: Final = re.compile(r"-?(\d{1,15})(?:\.(\d{1,15}))?", re.ASCII)
_NEEDS_QUOTES: Final = re.compile(r'[;"\r\n]')


class PabulibError(TallyError):
    """A .pb text that cannot be read: which section, line (from 1) and column, and what to do."""

    def __init__(
        self, message: str, *, section: str = "", line: int | None = None, column: str = ""
    ) -> None:
        where = [section] if section else []
        where += [f"line {line}"] if line is not None else []
        where += [f"column {column!r}"] if column else []
        super().__init__(f"{', '.join(where)}: {message}" if where else message)
        self.section = section
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Remark:
    """What was read in a way somebody might read otherwise: a code, words, the lines concerned."""

    code: str
    message: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One line's cells. ``spelling`` is its exact text when ``write`` would spell it otherwise."""

    cells: tuple[str, ...]
    line: int
    spelling: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A section: its title line, its header and its rows."""

    title: Row
    header: Row
    rows: tuple[Row, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the file's order."""
        return self.header.cells

    def column(self, name: str) -> int | None:
        """Where the column stands, from 0; None when the table has no such column."""
        return self.columns.index(name) if name in self.columns else None

    def values(self, name: str) -> tuple[str, ...]:
        """The cells of one column, ``""`` throughout when there is no such column."""
        at = self.column(name)
        return tuple("" if at is None else row.cells[at] for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class PabulibFile:
    """A .pb file, with every unknown key and column kept. ``newline`` ends most of its lines."""

    meta: Table
    projects: Table
    votes: Table
    newline: str = "\n"

    @property
    def keys(self) -> Mapping[str, str]:
        """META as a mapping, in the file's order."""
        return {row.cells[0]: row.cells[1] for row in self.meta.rows}


def decimals(text: str) -> int:
    """How many decimals a number needs; 0 for what is none."""
    found = NUMBER.fullmatch(text)
    return len((found[2] or "").rstrip("0")) if found else 0


def minor_units(text: str, exponent: int) -> int:
    """A decimal number as an integer of 10^-exponent units, exactly."""
    found = NUMBER.fullmatch(text)
    if not found or decimals(text) > exponent:
        raise PabulibError(f"{text!r} is not an amount with {exponent} decimals")
    fraction = (found[2] or "").rstrip("0").ljust(exponent, "0")
    amount = int(found[1] + fraction)
    return -amount if text.startswith("-") else amount


def spell(cells: Sequence[str]) -> str:
    """Cells as one line without its end: quoted where, and only where, it is needed."""
    return ";".join(
        '"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell
        for cell in cells
    )


def write(file: PabulibFile) -> str:
    """The text of a file: for every text, ``write(parse(text)) == text``."""
    tables = (file.meta, file.projects, file.votes)
    rows = (row for table in tables for row in (table.title, table.header, *table.rows))
    return "".join(
        spell(row.cells) + file.newline if row.spelling is None else row.spelling for row in rows
    )


def _quoted_cells(text: str, start: int, line: int) -> tuple[list[str], int]:
    """The cells of a line with quotes in it, and where its end (line feed) is."""
    cells: list[str] = []
    at = start
    while True:
        if text.startswith('"', at):
            pieces: list[str] = []
            at += 1
            while True:
                close = text.find('"', at)
                if close < 0:
                    raise PabulibError(
                        f"a quoted cell has no end. Close it with a quote: "
                        f"{shown(text[at : at + 40])}",
                        line=line,
                    )
                pieces.append(text[at:close])
                at = close + 1
                if not text.startswith('"', at):
                    break
                pieces.append('"')
                at += 1
            cells.append("".join(pieces))
            if text.startswith("\r\n", at):
                at += 1
            if at < len(text) and text[at] not in ";\n":
                raise PabulibError(
                    f"{shown(text[at : at + 20])} follows a closing quote. "
                    "Double the quotes inside a quoted cell",
                    line=line,
                )
        else:
            # A quote inside a cell that does not begin with one is a letter like others.
            end = min((e for e in (text.find(";", at), text.find("\n", at)) if e >= 0),
                      default=len(text))  # fmt: skip
            cell = text[at:end]
            at = end
            if not text.startswith(";", at):
                cell = cell.removesuffix("\r")
            cells.append(cell)
        if not text.startswith(";", at):
            return cells, at
        at += 1


def read_rows(text: str, newline: str) -> Iterator[Row]:
    """The rows of a text, sections or not. Raises PabulibError for a line that is none."""
    at, line = 0, 1
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        raw = text[at:end]
        if '"' in raw:
            quoted, end = _quoted_cells(text, at, line)
            cells = tuple(quoted)
            spelling = text[at : end + 1]
            same = spelling == spell(cells) + newline
        else:
            raw = raw.removesuffix("\r")
            cells = tuple(raw.split(";"))
            spelling = text[at : end + 1]
            same = spelling == raw + newline
            if not raw:
                raise PabulibError("the line is empty. Remove it", line=line)
            if "\r" in raw:
                raise PabulibError("a carriage return within the line. Remove it", line=line)
        yield Row(cells, line, None if same else spelling)
        line += spelling.count("\n")
        at = end + 1
