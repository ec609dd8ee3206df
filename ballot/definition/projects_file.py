"""``projects.csv`` as rows with their lines, whatever spreadsheet wrote it.

Separated by ``;``, ``,`` or tabs, with or without a byte order mark, quoted as RFC 4180 says, any
line ends. A column whose name begins with ``#`` or ``_`` is a note: it is never published.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ballot.definition.encoding import decode
from ballot.definition.finding import PROJECTS_FILE, Notes, Place, did_you_mean, shown

PLAIN_COLUMNS: Final = ("id", "envelope", "cost", "category", "district", "picture", "invented")
TEXT_COLUMNS: Final = ("title", "description")
CATEGORY_SEPARATOR: Final = "|"
# What French spreadsheets, and other tools' exports, tend to call the columns.
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "identifiant": "id", "numéro": "id", "numero": "id", "n°": "id", "project_id": "id",
    "enveloppe": "envelope", "titre": "title", "nom": "title", "name": "title",
    "coût": "cost", "cout": "cost", "montant": "cost", "prix": "cost", "price": "cost",
    "catégorie": "category", "categorie": "category", "thème": "category", "categories": "category",
    "quartier": "district", "secteur": "district", "neighborhood": "district",
    "photo": "picture", "image": "picture", "fictif": "invented", "descriptif": "description",
}  # fmt: skip
_YES: Final = frozenset({"yes", "oui", "true", "vrai", "1", "x"})
_NO: Final = frozenset({"", "no", "non", "false", "faux", "0"})
_LANGUAGE_SUFFIX: Final = re.compile(r"(title|description)_([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)")
_BLANKS: Final = " \t\u00a0\u202f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A project's line: where it begins, and its cells by column, without outer blanks."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectsFile:
    """The columns in order and the rows that hold something."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def column_of(self, part: str, language: str) -> str:
        """The column holding a text in a language: ``title_fr``, or ``title`` for the only one."""
        named = f"{part}_{language}"
        return named if named in self.columns or part not in self.columns else part

    def place(self, row: Row, column: str) -> Place:
        """Where a cell is; the line where there is no such column."""
        number = self.columns.index(column) + 1 if column in self.columns else None
        project = shown(row["id"]) if row["id"] else "?"
        return Place(
            file=PROJECTS_FILE,
            field=f"{project}.{column}",
            line=row.line,
            column=number,
            key=(row.line, column),
        )

    def header(self, column: str) -> Place:
        """The header, for what is wrong with a whole column."""
        return Place(file=PROJECTS_FILE, field=column, line=1, key=("header", column))


def _separator(first: str) -> str:
    """The sign that makes the header read best."""

    def known(sign: str) -> int:
        names = (cell.strip(_BLANKS + '"').lower() for cell in first.split(sign))
        known_names = {*PLAIN_COLUMNS, *TEXT_COLUMNS, *_OTHER_NAMES}
        return sum(name in known_names or bool(_LANGUAGE_SUFFIX.fullmatch(name)) for name in names)

    return max(";,\t", key=lambda sign: (known(sign), first.count(sign)))


def _meant(name: str, columns: Sequence[str]) -> str | None:
    """The column that another tool's name for it means, with a language's suffix kept."""
    stem, _, language = name.lower().partition("_")
    if name.lower() in _OTHER_NAMES:
        return _OTHER_NAMES[name.lower()]
    if stem in _OTHER_NAMES and f"{_OTHER_NAMES[stem]}_{language}" in columns:
        return f"{_OTHER_NAMES[stem]}_{language}"
    return None


def _lines(text: str, separator: str, notes: Notes) -> list[tuple[int, list[str]]]:
    """Each record with the line it begins on."""
    # Line ends as one, so that records and lines are counted in the same way.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator, strict=True)
    found: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for cells in reader:
            found.append((begins, [cell.strip(_BLANKS + "\n") for cell in cells]))
            begins = reader.line_num + 1
    except csv.Error:
        notes.fault(
            Place(file=PROJECTS_FILE, line=begins),
            (
                'les guillemets de cette ligne (") ne s’ouvrent et ne se ferment pas comme il faut',
                'the quotation marks (") of this line do not open and close as they should',
            ),
            (
                (
                    'Entourez toute la cellule de " et doublez ceux qu’elle contient : '
                    '"le ""Grand"" parc"'
                ),
                'Put " around the whole cell and double those within: "the ""Great"" park"',
            ),
        )
    return found


def read_projects(data: bytes, languages: Sequence[str], notes: Notes) -> ProjectsFile | None:
    """The file's rows; None, with the fault noted, when it has no header. ``languages`` are the
    election's, or empty where they are not known."""
    text = decode(data, PROJECTS_FILE, notes)
    if text is None:
        return None
    records = _lines(text, _separator(text.partition("\n")[0].strip()), notes)
    if not records or not any(records[0][1]):
        if not notes.findings or notes.findings[-1].place.file != PROJECTS_FILE:
            notes.fault(
                Place(file=PROJECTS_FILE, line=1),
                ("la première ligne est vide", "the first line is empty"),
                (
                    "Écrivez-y le nom des colonnes : id;envelope;title_fr;cost",
                    "Write the names of the columns there: id;envelope;title_fr;cost",
                ),
            )
        return None
    columns = _columns(records[0][1], languages, notes)
    rows = []
    for line, cells in records[1:]:
        if not any(cells):
            continue
        if any(cells[len(columns) :]):
            notes.fault(
                Place(file=PROJECTS_FILE, line=line, key=(line,)),
                (
                    f"la ligne a {len(cells)} cellules et l’en-tête {len(columns)}",
                    f"the line has {len(cells)} cells and the header {len(columns)}",
                ),
                (
                    'Mettez entre guillemets (") la cellule qui contient le séparateur',
                    'Put the cell that holds the separator between quotation marks (")',
                ),
            )
        padded = cells + [""] * (len(columns) - len(cells))
        named = {name: cell for name, cell in zip(columns, padded, strict=False) if name}
        rows.append(Row(line=line, cells=named))
    return ProjectsFile(columns=tuple(columns), rows=tuple(rows))


def _columns(header: Sequence[str], languages: Sequence[str], notes: Notes) -> list[str]:
    """The header's names; notes are kept out as empty names, unknown ones are faults."""
    codes = languages or ("fr", "en")
    known = [*PLAIN_COLUMNS, *(f"{part}_{code}" for part in TEXT_COLUMNS for code in codes)]
    columns: list[str] = []
    for number, name in enumerate(header, 1):
        place = Place(
            file=PROJECTS_FILE, field=shown(name), line=1, column=number, key=("header", name)
        )
        lowered = name.lower() if name.lower() in (*known, *TEXT_COLUMNS) else name
        if not name or name.startswith(("#", "_")):
            columns.append("")
        elif lowered in columns:
            notes.fault(
                place,
                (f"la colonne « {lowered} » est là deux fois", f"column “{lowered}” stands twice"),
                ("Supprimez-en une", "Remove one"),
            )
            columns.append("")
        elif lowered in known or lowered in TEXT_COLUMNS or _LANGUAGE_SUFFIX.fullmatch(name):
            columns.append(lowered)
        else:
            meant = _meant(name, known)
            suggestion = (
                (f"Renommez-la « {meant} »", f"Rename it “{meant}”")
                if meant
                else did_you_mean(name, known)
            )
            notes.fault(
                place,
                (f"colonne inconnue « {shown(name)} »", f"unknown column “{shown(name)}”"),
                (
                    f"{suggestion[0]} ; pour une note qui ne sera pas publiée, mettez # devant",
                    f"{suggestion[1]}; for a note that is not published, put # before it",
                ),
            )
            # The cells are still read under the name that was meant, so that their faults show.
            columns.append(meant if meant and meant not in columns else "")
    return columns


def read_flag(text: str) -> bool | None:
    """yes or no in French or English; an empty cell is no, None is neither."""
    lowered = text.lower()
    if lowered in _YES:
        return True
    return False if lowered in _NO else None
