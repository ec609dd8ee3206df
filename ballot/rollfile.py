"""Reading a roll from CSV: ``id`` and ``style``, and for the letters ``name``, address, language.

Address lines are columns ``address1``, ``address2``, … or one column ``address`` whose cells may
hold line breaks. UTF-8 with or without a byte order mark; comma, semicolon or tab, whichever the
first line uses.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from ballot.roll import (
    FAULTS_SHOWN,
    Person,
    Progress,
    RollFault,
    RollFile,
    RollInvalid,
    no_progress,
)

LONGEST_LINE = 200
MOST_ADDRESS_LINES = 8
PROGRESS_EVERY = 5_000

_SINGLE = ("id", "style", "name", "language")
_ID = re.compile(r"\w[\w._:/#+@-]{0,63}")
_ADDRESS = re.compile(r"address ?[1-9]?")


class _Faults:
    """Gathers faults; keeps the first hundred, counts all."""

    def __init__(self) -> None:
        self.kept: list[RollFault] = []
        self.total = 0

    def add(self, line: int, column: str, message: str, remedy: str) -> None:
        self.total += 1
        if len(self.kept) < FAULTS_SHOWN:
            self.kept.append(RollFault(line=line, field=column, message=message, remedy=remedy))


def read_roll(
    data: bytes,
    *,
    styles: Sequence[str],
    languages: Sequence[str],
    progress: Progress = no_progress,
) -> RollFile:
    """The persons in a roll file. ``styles`` and ``languages`` are those of the election.

    Raises RollInvalid with every fault of the file (a hundred shown, all counted).
    """
    faults = _Faults()
    text = _decoded(data)
    total = text.count("\n")
    rows = _rows(text, faults)
    header_line, header = next(rows, (1, []))
    columns = _columns(header_line, header)
    reader = _Rows(columns=columns, styles=styles, languages=languages, faults=faults)
    people: list[Person] = []
    lines: list[int] = []
    seen: dict[str, int] = {}
    for line, row in rows:
        if line % PROGRESS_EVERY == 0:
            progress("read", min(line, total), total)
        if not any(map(str.strip, row)):
            continue
        if len(row) != len(header):
            faults.add(
                line,
                "",
                f"{len(row)} cells, but the first line has {len(header)}",
                "put cells that hold the separator in double quotes",
            )
            continue
        before = faults.total
        person = reader.person(line, row)
        first = seen.setdefault(person.id, line)
        if first != line and person.id:
            faults.add(line, "id", f"{person.id} stands on line {first} already", "remove one")
        if faults.total == before:
            people.append(person)
            lines.append(line)
    if not people and not faults.total:
        faults.add(header_line, "", "there is nobody in this file", "add one line a person")
    if faults.total:
        raise RollInvalid(faults.kept, faults.total)
    progress("read", total, total)
    known = {index for places in columns.values() for index in places}
    ignored = tuple(name.strip() for i, name in enumerate(header) if i not in known)
    return RollFile(people=tuple(people), lines=tuple(lines), ignored=ignored)


def _decoded(data: bytes) -> str:
    remedy = "save it as “CSV UTF-8” in the spreadsheet"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RollInvalid(
            [RollFault(line=1, field="", message="the file is in UTF-16", remedy=remedy)]
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte {data[error.start]:#04x} is not UTF-8"
        raise RollInvalid(
            [RollFault(line=line, field="", message=message, remedy=remedy)]
        ) from None


def _rows(text: str, faults: _Faults) -> Iterator[tuple[int, list[str]]]:
    """(the line where the row begins, its cells)."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            faults.add(
                line,
                "",
                "the double quotes of this line do not match",
                'close each opened quote, and write a quote inside a quoted cell as ""',
            )
            return
        yield line, row


def _columns(line: int, header: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """Which cells hold what: column → positions, several for the address only."""
    names = [name.strip().lower().replace("_", " ") for name in header]
    faults = [
        RollFault(
            line=line,
            field=name,
            message="there is no such column",
            remedy="name the columns in the first line; id and style are required",
        )
        for name in ("id", "style")
        if name not in names
    ] + [
        RollFault(line=line, field=name, message="two columns have this name", remedy="remove one")
        for name in dict.fromkeys(names)
        if names.count(name) > 1 and (name in _SINGLE or _ADDRESS.fullmatch(name))
    ]
    if faults:
        raise RollInvalid(faults)
    columns: dict[str, tuple[int, ...]] = {
        name: (names.index(name),) for name in _SINGLE if name in names
    }
    address = sorted(name for name in names if _ADDRESS.fullmatch(name))
    columns["address"] = tuple(names.index(name) for name in address)
    return columns


def _tidy(cell: str) -> str:
    """One spelling of a cell: composed letters, and one plain blank for any run of blanks."""
    return unicodedata.normalize("NFC", " ".join(cell.split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Turns rows into persons. ``columns`` as from ``_columns``."""

    columns: Mapping[str, tuple[int, ...]]
    styles: Sequence[str]
    languages: Sequence[str]
    faults: _Faults

    def person(self, line: int, row: Sequence[str]) -> Person:
        """The person of a row; what is wrong with it goes to the faults."""
        cells = {
            name: _tidy(row[self.columns[name][0]]) if name in self.columns else ""
            for name in _SINGLE
        }
        if not _ID.fullmatch(cells["id"]):
            self.faults.add(
                line,
                "id",
                "missing" if not cells["id"] else "not an id",
                "write 1 to 64 letters, digits or ._:/#+@-, beginning with a letter or digit",
            )
        if cells["style"] not in self.styles:
            named = f"{cells['style'][:64]!r} is not a style" if cells["style"] else "missing"
            self.faults.add(line, "style", named, f"write one of {', '.join(self.styles)}")
        if cells["language"] and cells["language"] not in self.languages:
            self.faults.add(
                line,
                "language",
                f"{cells['language'][:64]!r} is not a language of the election",
                f"write one of {', '.join(self.languages)}, or nothing",
            )
        address = [
            _tidy(part)
            for place in self.columns["address"]
            for part in row[place].splitlines()
            if part.strip()
        ]
        if len(address) > MOST_ADDRESS_LINES:
            self.faults.add(
                line, "address", f"{len(address)} lines", f"use {MOST_ADDRESS_LINES} lines at most"
            )
        for column, words in (("name", cells["name"]), *(("address", part) for part in address)):
            if len(words) > LONGEST_LINE:
                self.faults.add(
                    line, column, f"{len(words)} characters", f"use {LONGEST_LINE} at most"
                )
            if not words.isprintable():
                self.faults.add(line, column, "holds an invisible character", "remove it")
        return Person(
            id=cells["id"],
            style=cells["style"],
            name=cells["name"],
            address=tuple(address),
            language=cells["language"],
        )
