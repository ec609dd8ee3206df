"""The folder's files joined into the definition of docs/formats.md, as far as they can be read.

A value that cannot be read is noted and replaced by a stand-in, so that all the others are still
checked; nothing with a stand-in ever leaves the check.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from ballot.definition.contest_table import (
    envelope_value,
    form_override,
    question_value,
)
from ballot.definition.finding import (
    ELECTION_FILE,
    LANGUAGES,
    PROJECTS_FILE,
    Key,
    Notes,
    Place,
    Unreadable,
)
from ballot.definition.moment import read_moment, read_zone, spell_moment
from ballot.definition.project_rows import Projects, RowReader
from ballot.definition.projects_file import (
    ProjectsFile,
    Row,
    read_projects,
)
from ballot.definition.table import Table
from ballot.definition.toml_file import TomlFile, read_toml

TOP: Final = (
    "id",
    "languages",
    "title",
    "organiser",
    "eligibility",
    "time_zone",
    "opens",
    "closes",
)
TOP_OPTIONAL: Final = ("currency", "decimals", "envelope", "question", "style")
STYLE_KEYS: Final = ("id", "title", "contests")
EARLIEST: Final = "0001-01-01T00:00:00Z"
LATEST: Final = "9999-12-31T23:59:59Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFiles:
    """What lies in an election's folder, as bytes; ``pictures`` by file name."""

    election: bytes | None
    projects: bytes | None
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Draft:
    """The definition read so far. ``value`` may hold stand-ins where ``notes`` holds faults.

    ``origins`` gives each contest its path in election.toml and ``rows`` its projects' rows, both
    in the order of the definition.
    """

    notes: Notes
    toml: TomlFile | None = None
    projects: ProjectsFile | None = None
    value: dict[str, Any] = field(default_factory=dict)
    origins: list[Key] = field(default_factory=list)
    rows: list[list[Row]] = field(default_factory=list)
    zone: ZoneInfo | None = None
    languages: tuple[str, ...] = ()
    currency: str = "EUR"
    exponent: int = 2

    def place(self, *key: str | int) -> Place:
        """Where a key of election.toml is written."""
        if self.toml is None:
            return Place(file=ELECTION_FILE, line=1, key=key)
        return self.toml.place(key)


def _missing(file: str, notes: Notes) -> None:
    notes.fault(
        Place(file=file),
        ("le fichier n’est pas dans le dossier", "the file is not in the folder"),
        (
            f"Ajoutez {file} ; « scrutin new DOSSIER » en écrit un modèle",
            f"Add {file}; “scrutin new FOLDER” writes a template",
        ),
    )


def read_draft(
    files: FolderFiles, *, opens: datetime | None = None, closes: datetime | None = None
) -> Draft:
    """Read the files. ``opens`` and ``closes`` (aware) take the place of the folder's own."""
    notes = Notes()
    draft = Draft(notes=notes)
    if files.election is None:
        _missing(ELECTION_FILE, notes)
    else:
        draft.toml = read_toml(files.election, notes)
    top: Table | None = None
    if draft.toml is not None:
        top = Table(file=draft.toml, value=draft.toml.value, key=(), notes=notes)
        _read_top(draft, top, opens, closes)
    if files.projects is not None:
        draft.projects = read_projects(files.projects, draft.languages, notes)
    contests: list[tuple[Key, dict[str, Any]]] = []
    if top is not None:
        contests = _contests(draft, top)
        if files.projects is None and any(value["kind"] == "envelope" for _, value in contests):
            _missing(PROJECTS_FILE, notes)
    elif files.projects is None:
        _missing(PROJECTS_FILE, notes)
    envelopes: dict[str, Projects] = {
        value["id"]: value["projects"]
        for _, value in reversed(contests)
        if value["kind"] == "envelope" and isinstance(value["id"], str)
    }
    rows: dict[str, list[Row]] = {}
    if draft.projects is not None:
        columns = draft.projects.columns
        reader = RowReader(
            file=draft.projects,
            languages=draft.languages
            or tuple(code for code in LANGUAGES if f"title_{code}" in columns),
            exponent=draft.exponent,
            currency=draft.currency,
            pictures=files.pictures,
            notes=notes,
        )
        rows = reader.read(envelopes if top else None)
    draft.origins = [key for key, _ in contests]
    draft.rows = [_rows_of(value, envelopes, rows) for _, value in contests]
    draft.value["contests"] = [value for _, value in contests]
    if top is not None:
        draft.value["styles"] = _styles(draft, top)
    return draft


def _rows_of(
    contest: Mapping[str, Any],
    envelopes: Mapping[str, Projects],
    rows: Mapping[str, list[Row]],
) -> list[Row]:
    """The rows of a contest; of two envelopes with one id (a fault) the first has them."""
    name = contest["id"]
    mine = isinstance(name, str) and envelopes.get(name) is contest.get("projects", ())
    return rows.get(name, []) if mine else []


def _read_top(draft: Draft, top: Table, opens: datetime | None, closes: datetime | None) -> None:
    top.expect(TOP, TOP_OPTIONAL)
    listed = top.value.get("languages")
    if isinstance(listed, list):
        draft.languages = tuple(dict.fromkeys(code for code in listed if isinstance(code, str)))
    languages = draft.languages or ("fr",)
    currency = top.value.get("currency", "EUR")
    draft.currency = currency if isinstance(currency, str) else "EUR"
    exponent = top.value.get("decimals", 2)
    if isinstance(exponent, int) and not isinstance(exponent, bool) and 0 <= exponent <= 6:
        draft.exponent = exponent
    try:
        draft.zone = read_zone(top.value["time_zone"])
    except KeyError:
        pass
    except Unreadable as error:
        top.unreadable("time_zone", error)
    draft.value = {
        "id": top.raw("id", "missing"),
        "title": top.text("title", languages),
        "organiser": top.text("organiser", languages),
        "eligibility": top.text("eligibility", languages),
        "languages": top.raw("languages", ["fr"]),
        "currency": currency,
        "exponent": exponent,
        "time_zone": draft.zone.key if draft.zone else "UTC",
        "opens": _moment(draft, top, "opens", opens, EARLIEST),
        "closes": _moment(draft, top, "closes", closes, LATEST),
    }


def _moment(draft: Draft, top: Table, name: str, instead: datetime | None, stand_in: str) -> str:
    if instead is not None:
        return spell_moment(instead)
    if name not in top.value or draft.zone is None:
        return stand_in
    try:
        return spell_moment(read_moment(top.value[name], draft.zone))
    except Unreadable as error:
        top.unreadable(name, error)
        return stand_in


def _contests(draft: Draft, top: Table) -> list[tuple[Key, dict[str, Any]]]:
    """Envelopes and questions in the order in which the file lists them."""
    languages = draft.languages or ("fr",)
    found: list[tuple[Key, dict[str, Any]]] = []
    for table in top.tables("envelope"):
        value = envelope_value(table, languages, draft.exponent, draft.currency)
        found.append((table.key, value))
    found += [(table.key, question_value(table, languages)) for table in top.tables("question")]
    if not found and not ("envelope" in top.value or "question" in top.value):
        top.notes.fault(
            Place(file=ELECTION_FILE, field="envelope", line=1, key=("envelope",)),
            ("il n’y a ni enveloppe ni question", "there is neither an envelope nor a question"),
            (
                "Ajoutez [[envelope]] ou [[question]] et ses lignes",
                "Add [[envelope]] or [[question]] and its lines",
            ),
        )
    lines = top.file.lines
    found.sort(key=lambda item: lines.get(item[0], (0, 0)))
    return found


def _styles(draft: Draft, top: Table) -> list[dict[str, Any]]:
    languages = draft.languages or ("fr",)
    forms = {
        value["id"]: value["form"]
        for value in reversed(draft.value["contests"])
        if isinstance(value["id"], str)
    }
    if "style" not in top.value:
        top.notes.fault(
            Place(file=ELECTION_FILE, field="style", line=1, key=("style",)),
            ("rien ne dit qui vote sur quoi", "nothing says who votes on what"),
            (
                'Ajoutez [[style]] avec id, title et contests = ["…"]',
                'Add [[style]] with id, title and contests = ["…"]',
            ),
        )
        return []
    styles: list[dict[str, Any]] = []
    for table in top.tables("style"):
        table.expect(STYLE_KEYS, ("forms",))
        overrides: dict[str, Any] = {}
        given = table.value.get("forms", {})
        if isinstance(given, Mapping):
            for name, limits in given.items():
                if isinstance(limits, Mapping):
                    inner = Table(
                        file=table.file,
                        value=limits,
                        key=(*table.key, "forms", name),
                        notes=table.notes,
                    )
                    overrides[name] = form_override(
                        inner, forms.get(name), draft.exponent, draft.currency
                    )
                else:
                    overrides[name] = limits
        else:
            overrides = given
        styles.append(
            {
                "id": table.raw("id", f"missing-{len(styles)}"),
                "title": table.text("title", languages),
                "contests": table.raw("contests", []),
                "forms": overrides,
            }
        )
    return styles
