"""New folders: from the template, from another folder, from a .pb file."""

import re
from collections.abc import Sequence
from datetime import datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from ballot.definition.finding import (
    ELECTION_FILE,
    PICTURES_FOLDER,
    PROJECTS_FILE,
    DefinitionRefused,
    Notes,
)
from ballot.definition.folder import Definition, load
from ballot.definition.moment import spell_moment
from ballot.definition.toml_file import read_toml
from ballot.definition.write import write_election, write_projects
from ballot.durable import keep_file
from ballot.errors import BallotError
from tally.election import Election
from tally.pabulib import PabulibError, parse, read_instance


def _begin(folder: Path) -> None:
    """Make the folder. Raises BallotError where it holds an election already."""
    for name in (ELECTION_FILE, PROJECTS_FILE, PICTURES_FOLDER):
        if (folder / name).exists():
            raise BallotError(
                f"{folder / name}: is there already; choose another folder, nothing was changed"
            )
    folder.mkdir(parents=True, exist_ok=True)


def _put(folder: Path, name: str, words: str) -> None:
    keep_file(folder / name, words.encode(), mode=0o644)


def new(folder: Path) -> tuple[Path, ...]:
    """Write the commented template, which passes the check. Gives the files written.

    Raises BallotError where the folder holds an election already.
    """
    return copy(resources.files("ballot.definition").joinpath("template"), folder)


def copy(
    source: Traversable,
    folder: Path,
    *,
    opens: datetime | None = None,
    closes: datetime | None = None,
) -> tuple[Path, ...]:
    """Copy the definition in the folder ``source``, with other dates where they are given (aware).

    The dates are written into the copy, so that its check agrees with what will be frozen. Raises
    BallotError where the folder holds an election already.
    """
    _begin(folder)
    data = source.joinpath(ELECTION_FILE).read_bytes()
    written = []
    if opens is not None or closes is not None:
        data = _with_dates(data, opens, closes)
    keep_file(folder / ELECTION_FILE, data, mode=0o644)
    written.append(folder / ELECTION_FILE)
    keep_file(folder / PROJECTS_FILE, source.joinpath(PROJECTS_FILE).read_bytes(), mode=0o644)
    written.append(folder / PROJECTS_FILE)
    pictures = source.joinpath(PICTURES_FOLDER)
    if pictures.is_dir():
        for each in sorted(pictures.iterdir(), key=lambda entry: entry.name):
            path = folder / PICTURES_FOLDER / each.name
            keep_file(path, each.read_bytes(), mode=0o644)
            written.append(path)
    return tuple(written)


def _with_dates(data: bytes, opens: datetime | None, closes: datetime | None) -> bytes:
    notes = Notes()
    file = read_toml(data, notes)
    if file is None:
        raise DefinitionRefused(notes.findings)
    lines = data.decode("utf-8-sig").split("\n")
    for name, moment in (("opens", opens), ("closes", closes)):
        if moment is None:
            continue
        place = file.place((name,))
        number = (place.line or 1) - 1
        if (name,) not in file.lines or not re.match(rf"\s*{name}\s*=", lines[number]):
            raise BallotError(f"{ELECTION_FILE}: {name} must stand on a line of its own")
        lines[number] = f"{name} = {spell_moment(moment)}"
    return "\n".join(lines).encode()


def new_from_pabulib(
    folder: Path,
    file: Path,
    *,
    election_id: str | None = None,
    languages: Sequence[str] = (),
) -> Definition:
    """Write the folder of the election in a .pb file, and give what it loads as.

    Its texts are in the file's own language, the same in each of ``languages`` where these are
    given; its times are told in UTC. Raises BallotError where the folder holds an election
    already, or the file cannot be read or makes no election that this version counts.
    """
    try:
        instance = read_instance(
            parse(file.read_bytes().decode("utf-8-sig")), id=election_id, languages=languages
        )
    except (PabulibError, UnicodeDecodeError) as error:
        raise BallotError(f"{file.name}: {error}") from None
    return write_folder(folder, instance.election)


def write_folder(folder: Path, election: Election) -> Definition:
    """Write an election without pictures as a folder, and give what it loads as.

    Raises BallotError where the folder holds an election already, DefinitionRefused where the
    rules refuse it.
    """
    _begin(folder)
    _put(folder, ELECTION_FILE, write_election(election))
    _put(folder, PROJECTS_FILE, write_projects(election))
    definition = load(folder)
    if definition.election != election:
        raise BallotError(
            f"{folder}: a text of the election cannot be written in {PROJECTS_FILE}: it begins or "
            "ends with blanks, or a category holds “|”"
        )
    return definition
