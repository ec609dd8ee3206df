"""Where residents vote on paper: ``places.csv`` beside the election, outside the frozen rules.

Opening hours change after the rules are signed; nothing here decides a vote.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from web.errors import UsageError

COLUMNS: Final = ("name", "address", "hours", "accessible")
ANSWERS: Final = {"yes": True, "oui": True, "no": False, "non": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A polling place, in the words of the organiser; ``accessible`` to wheelchair users."""

    name: str
    address: str
    hours: str
    accessible: bool


def read_places(path: Path) -> tuple[Place, ...]:
    """The places of ``path`` in its order; none without the file.

    The columns are name, address, hours and accessible (yes, no, oui or non), with semicolons.
    Raises UsageError that names the line and what to write.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8: save it as UTF-8") from None
    lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    if tuple(lines.fieldnames or ()) != COLUMNS:
        raise UsageError(f"{path}: line 1: the columns must be {';'.join(COLUMNS)}")
    try:
        return tuple(_place(row, f"{path}: line {lines.line_num}") for row in lines)
    except csv.Error as error:
        raise UsageError(f"{path}: line {lines.line_num}: {error}") from None


def _place(row: dict[str, str], where: str) -> Place:
    if None in row or None in row.values():
        raise UsageError(f"{where}: needs {len(COLUMNS)} cells, as many as columns")
    cells = {name: row[name].strip() for name in COLUMNS}
    for name in ("name", "address", "hours"):
        if not cells[name]:
            raise UsageError(f"{where}: {name}: is empty: write it")
    accessible = ANSWERS.get(cells["accessible"].lower())
    if accessible is None:
        raise UsageError(f"{where}: accessible: write yes or no")
    return Place(
        name=cells["name"],
        address=cells["address"],
        hours=cells["hours"],
        accessible=accessible,
    )
