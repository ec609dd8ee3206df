"""Reading, checking and loading an election's folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ballot.definition.check import check_files
from ballot.definition.draft import FolderFiles
from ballot.definition.finding import (
    ELECTION_FILE,
    MANIFEST_FILE,
    PICTURES_FOLDER,
    PROJECTS_FILE,
    DefinitionRefused,
)
from ballot.definition.freeze import frozen_findings
from ballot.definition.picture import LARGEST_PICTURE
from ballot.definition.readback import Section, read_back
from ballot.definition.report import Report
from tally.election import Election


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """An election without faults; ``pictures`` maps each path of it (``pictures/a.png``) to the
    file's bytes."""

    election: Election
    pictures: Mapping[str, bytes]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def read_folder(folder: Path) -> FolderFiles:
    """The files of a folder. Raises OSError where a file is there and cannot be read."""
    pictures = {}
    place = folder / PICTURES_FOLDER
    if place.is_dir():
        for path in sorted(place.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                with path.open("rb") as file:
                    # One byte more than allowed is enough to refuse it.
                    pictures[path.name] = file.read(LARGEST_PICTURE + 1)
    return FolderFiles(
        election=_read(folder / ELECTION_FILE),
        projects=_read(folder / PROJECTS_FILE),
        pictures=pictures,
    )


def load(
    folder: Path, *, opens: datetime | None = None, closes: datetime | None = None
) -> Definition:
    """The election of a folder and its pictures. Raises DefinitionRefused with every fault.

    ``opens`` and ``closes`` (aware) take the place of the folder's own. Whether a frozen folder
    still agrees with its manifest: ``check_frozen``.
    """
    files = read_folder(folder)
    draft, election = check_files(files, opens=opens, closes=closes)
    if election is None:
        raise DefinitionRefused(draft.notes.findings)
    return Definition(election=election, pictures=_used(draft.value, files))


def _used(value: Mapping[str, object], files: FolderFiles) -> dict[str, bytes]:
    election = Election.from_value(value)
    paths = sorted(
        {
            project.picture.path
            for contest in election.contests
            for project in getattr(contest, "projects", ())
            if project.picture
        }
    )
    return {path: files.pictures[path.removeprefix(f"{PICTURES_FOLDER}/")] for path in paths}


def check(folder: Path, language: str = "fr") -> Report:
    """Everything there is to say about a folder: faults, warnings, and, where there is no fault,
    the rules read back. ``language`` is "fr" or "en"."""
    draft, election = check_files(read_folder(folder))
    findings = list(draft.notes.findings)
    manifest = _read(folder / MANIFEST_FILE)
    frozen = None
    if manifest is not None:
        frozen, differences = frozen_findings(draft, election, manifest)
        findings += differences
    sections: tuple[Section, ...] = ()
    if election is not None and not any(finding.fault for finding in findings):
        sections = read_back(election, language)
    return Report(
        folder=folder.name or str(folder),
        language=language,
        findings=tuple(findings),
        election=election,
        sections=sections,
        frozen=frozen,
    )


def check_frozen(folder: Path) -> None:
    """Refuse a folder whose definition differs from its frozen manifest.

    A folder that is not frozen passes. Raises DefinitionRefused naming every field that differs.
    """
    manifest = _read(folder / MANIFEST_FILE)
    if manifest is None:
        return
    draft, election = check_files(read_folder(folder))
    findings = [finding for finding in draft.notes if finding.fault]
    findings += frozen_findings(draft, election, manifest)[1]
    if findings:
        raise DefinitionRefused(findings)
