"""Projects from the rows of ``projects.csv``, each into its envelope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from audit.label import b64
from ballot.definition.amount import read_amount
from ballot.definition.finding import (
    ELECTION_FILE,
    PICTURES_FOLDER,
    Notes,
    Said,
    Unreadable,
    did_you_mean,
    shown,
)
from ballot.definition.picture import check_picture
from ballot.definition.projects_file import CATEGORY_SEPARATOR, ProjectsFile, Row, read_flag

Projects = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReader:
    """Reads the rows of a file; ``languages``, ``exponent`` and ``currency`` are the election's,
    ``pictures`` the files there are, by name."""

    file: ProjectsFile
    languages: Sequence[str]
    exponent: int
    currency: str
    pictures: Mapping[str, bytes]
    notes: Notes
    _digests: dict[str, bytes] = field(default_factory=dict)

    def read(self, envelopes: Mapping[str, Projects] | None) -> dict[str, list[Row]]:
        """Put each row's project into its envelope, and give the rows of each envelope.

        ``envelopes`` is None where election.toml could not be read: the rows are then checked by
        themselves.
        """
        file, notes = self.file, self.notes
        _expect_columns(file, self.languages, envelopes, notes)
        first: dict[tuple[str, str], int] = {}
        rows: dict[str, list[Row]] = {name: [] for name in envelopes or ()}
        only = next(iter(envelopes)) if envelopes and len(envelopes) == 1 else None
        for row in file.rows:
            value = self._project(row)
            name = row["envelope"] or (only or "")
            if not row["envelope"] and only is None and "envelope" in file.columns:
                notes.fault(
                    file.place(row, "envelope"),
                    ("l’enveloppe du projet n’est pas dite", "the project’s envelope is not said"),
                    ("Écrivez l’id d’une enveloppe", "Write the id of an envelope"),
                )
            elif row["envelope"] and envelopes is not None and name not in envelopes:
                notes.fault(
                    file.place(row, "envelope"),
                    (
                        f"il n’y a pas d’enveloppe « {shown(name)} » dans {ELECTION_FILE}",
                        f"there is no envelope “{shown(name)}” in {ELECTION_FILE}",
                    ),
                    did_you_mean(name, list(envelopes)),
                )
            if row["id"] and (before := first.setdefault((name, row["id"]), row.line)) != row.line:
                notes.fault(
                    file.place(row, "id"),
                    (
                        f"l’id « {shown(row['id'])} » est déjà celui de la ligne {before}",
                        f"id “{shown(row['id'])}” is that of line {before} already",
                    ),
                    ("Donnez à chaque projet son propre id", "Give each project its own id"),
                )
            elif envelopes and name in envelopes:
                envelopes[name].append(value)
                rows[name].append(row)
        return rows

    def _project(self, row: Row) -> dict[str, Any]:
        file, notes = self.file, self.notes

        def text(part: str, *, empty: bool) -> dict[str, str]:
            words: dict[str, str] = {}
            for code in self.languages:
                column = file.column_of(part, code)
                words[code] = row[column]
                if not empty and not words[code]:
                    words[code] = "-"
                    if column in file.columns:
                        notes.fault(
                            file.place(row, column),
                            (f"il n’y a pas de texte en {code!r}", f"there is no text in {code!r}"),
                            ("Écrivez-le", "Write it"),
                        )
            return words

        cost = 0
        if row["cost"] or "cost" in file.columns:
            try:
                cost = self._cost(row["cost"])
            except Unreadable as error:
                notes.unreadable(file.place(row, "cost"), error)
        if not row["id"] and "id" in file.columns:
            notes.fault(
                file.place(row, "id"),
                ("l’id du projet manque", "the project’s id is missing"),
                ("Donnez à chaque projet son propre id", "Give each project its own id"),
            )
        invented = read_flag(row["invented"])
        if invented is None:
            said = shown(row["invented"])
            notes.fault(
                file.place(row, "invented"),
                (f"« {said} » n’est ni oui ni non", f"“{said}” is neither yes nor no"),
                ("Écrivez oui, non, ou rien", "Write yes, no, or nothing"),
            )
        categories = [word.strip() for word in row["category"].split(CATEGORY_SEPARATOR)]
        return {
            "id": row["id"] or f"line-{row.line}",
            "title": text("title", empty=False),
            "description": text("description", empty=True),
            "cost": cost,
            "category": [word for word in categories if word],
            "district": row["district"],
            "picture": self._picture(row),
            "invented": bool(invented),
        }

    def _cost(self, text: str) -> int:
        if not text:
            missing: Said = ("le coût manque", "the cost is missing")
            raise Unreadable(missing, ("Écrivez le coût du projet", "Write the project’s cost"))
        return read_amount(text, self.exponent, self.currency)

    def _picture(self, row: Row) -> dict[str, str] | None:
        name = row["picture"].replace("\\", "/").removeprefix(f"{PICTURES_FOLDER}/")
        if not name:
            return None
        place = self.file.place(row, "picture")
        if name not in self.pictures:
            close = did_you_mean(name, sorted(self.pictures)[:20]) if self.pictures else ("", "")
            self.notes.fault(
                place,
                (
                    f"il n’y a pas de fichier {PICTURES_FOLDER}/{shown(name)}",
                    f"there is no file {PICTURES_FOLDER}/{shown(name)}",
                ),
                (
                    f"Ajoutez l’image au dossier, ou videz la cellule. {close[0]}".strip(),
                    f"Add the picture to the folder, or empty the cell. {close[1]}".strip(),
                ),
            )
            return None
        if name not in self._digests:
            self._digests[name] = b""
            try:
                check_picture(name, self.pictures[name])
            except Unreadable as error:
                self.notes.unreadable(place, error)
            else:
                self._digests[name] = sha256(self.pictures[name]).digest()
        if not self._digests[name]:
            return None
        return {"path": f"{PICTURES_FOLDER}/{name}", "sha256": b64(self._digests[name])}


def _expect_columns(
    file: ProjectsFile,
    languages: Sequence[str],
    envelopes: Mapping[str, Any] | None,
    notes: Notes,
) -> None:
    needed = ["id", "cost"]
    if envelopes is None or len(envelopes) > 1:
        needed.append("envelope")
    if len(languages) == 1 and "title" in file.columns:
        pass
    elif "title" in file.columns:
        named = " / ".join(f"title_{code}" for code in languages)
        notes.fault(
            file.header("title"),
            ("la langue de cette colonne n’est pas dite", "the column’s language is not said"),
            (f"Renommez-la {named}", f"Rename it {named}"),
        )
    else:
        needed += [f"title_{code}" for code in languages]
    for name in needed:
        if name not in file.columns:
            notes.fault(
                file.header(name),
                (f"il manque la colonne « {name} »", f"column “{name}” is missing"),
                (f"Ajoutez « {name} » à la première ligne", f"Add “{name}” to the first line"),
            )
    for name in file.columns:
        part, _, code = name.partition("_")
        if part == "description" and not code and len(languages) > 1:
            notes.fault(
                file.header(name),
                ("la langue de cette colonne n’est pas dite", "the column’s language is not said"),
                (
                    f"Renommez-la description_{languages[0]}",
                    f"Rename it description_{languages[0]}",
                ),
            )
