"""Where residents vote on paper: ``places.csv`` beside the election, outside the frozen rules.

Opening hours change after the rules are signed; nothing here decides a vote.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ballot.definition.encoding import decode
from ballot.definition.finding import Finding, Notes, shown
from ballot.definition.finding import Place as Where
from ballot.definition.report import Report
from web.errors import UsageError

PLACES_FILE: Final = "places.csv"
COLUMNS: Final = ("name", "address", "hours", "accessible")
ANSWERS: Final = {"yes": True, "oui": True, "no": False, "non": False}
_HEADER: Final = ";".join(COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A polling place, in the words of the organiser; ``accessible`` to wheelchair users."""

    name: str
    address: str
    hours: str
    accessible: bool


def examine_places(data: bytes) -> tuple[tuple[Place, ...], tuple[Finding, ...]]:
    """The places in the order of the file, and every fault of it with its line and column.

    The columns are name, address, hours and accessible (yes, no, oui or non), with semicolons, in
    UTF-8. A line at fault gives no place.
    """
    notes = Notes()
    text = decode(data, PLACES_FILE, notes)
    if text is None:
        return (), tuple(notes)
    places: list[Place] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if line == 1:
                if not _is_header(cells, notes):
                    break
            elif any(cell.strip() for cell in cells):
                place = _place([cell.strip() for cell in cells], line, notes)
                places += [place] if place else []
    except csv.Error:
        notes.fault(
            Where(file=PLACES_FILE, line=begins),
            (
                'les guillemets de cette ligne (") ne s’ouvrent et ne se ferment pas comme il faut',
                'the quotation marks (") of this line do not open and close as they should',
            ),
            (
                'Entourez toute la cellule de " et doublez ceux qu’elle contient',
                'Put " around the whole cell and double those within',
            ),
        )
    if not text:
        _is_header((), notes)
    return tuple(places), tuple(notes)


def read_places(path: Path) -> tuple[Place, ...]:
    """The places of ``path``; none without the file.

    Raises UsageError that names every fault with its line, its column and what to write.
    """
    try:
        places, findings = examine_places(path.read_bytes())
    except FileNotFoundError:
        return ()
    if findings:
        told = "\n".join(finding.words("en") for finding in findings)
        raise UsageError(f"{path}: cannot be shown to residents:\n{told}")
    return places


def with_places(report: Report, folder: Path) -> Report:
    """A check's report with the faults of the folder's ``places.csv``, if it has one."""
    try:
        _, findings = examine_places((folder / PLACES_FILE).read_bytes())
    except FileNotFoundError:
        return report
    return replace(report, findings=(*report.findings, *findings))


def _is_header(cells: Sequence[str], notes: Notes) -> bool:
    if tuple(cells) == COLUMNS:
        return True
    wrong = next(
        (at for at, name in enumerate(COLUMNS) if at >= len(cells) or cells[at] != name),
        len(COLUMNS),
    )
    notes.fault(
        Where(file=PLACES_FILE, line=1, column=wrong + 1),
        ("les colonnes ne sont pas celles qu’il faut", "the columns are not the ones needed"),
        (f"Écrivez à la première ligne : {_HEADER}", f"Write as the first line: {_HEADER}"),
    )
    return False


def _place(cells: Sequence[str], line: int, notes: Notes) -> Place | None:
    if len(cells) != len(COLUMNS):
        notes.fault(
            Where(file=PLACES_FILE, line=line, column=min(len(cells), len(COLUMNS)) + 1),
            (
                f"la ligne a {len(cells)} cellules, il en faut {len(COLUMNS)}",
                f"the line has {len(cells)} cells, {len(COLUMNS)} are needed",
            ),
            (
                f"Une cellule par colonne ({_HEADER}) ; entourez de \" celle qui contient ';'",
                f"One cell a column ({_HEADER}); put \" around one that contains ';'",
            ),
        )
        return None
    named = dict(zip(COLUMNS, cells, strict=True))
    accessible = ANSWERS.get(named["accessible"].lower())
    whole = accessible is not None
    for column, (name, cell) in enumerate(named.items(), start=1):
        where = Where(file=PLACES_FILE, field=name, line=line, column=column)
        if not cell:
            whole = False
            notes.fault(where, ("la cellule est vide", "the cell is empty"), _MISSING[name])
        elif name == "accessible" and accessible is None:
            said = shown(cell)
            message = (f"« {said} » n’est ni oui ni non", f"“{said}” is neither yes nor no")
            notes.fault(where, message, _MISSING[name])
    if not whole or accessible is None:
        return None
    return Place(
        name=named["name"], address=named["address"], hours=named["hours"], accessible=accessible
    )


_MISSING: Final = {
    "name": ("Écrivez le nom du lieu", "Write the name of the place"),
    "address": ("Écrivez la rue et le numéro", "Write street and number"),
    "hours": ("Écrivez les jours et les heures", "Write days and hours"),
    "accessible": (
        "Écrivez oui ou non : accessible en fauteuil roulant",
        "Write yes or no: whether wheelchair users can enter",
    ),
}
