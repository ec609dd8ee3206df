"""What a check says: where something is wrong, what, and what to do, in French and English."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from ballot.errors import BallotError
from tally.canonical import Value

Said = tuple[str, str]
"""The same words in French and in English."""

ELECTION_FILE: Final = "election.toml"
PROJECTS_FILE: Final = "projects.csv"
PICTURES_FOLDER: Final = "pictures"
MANIFEST_FILE: Final = "manifest.json"
LANGUAGES: Final = ("fr", "en")

Key = tuple[str | int, ...]


def in_language(said: Said, language: str) -> str:
    """The French words for "fr", the English ones for any other language."""
    return said[0] if language == "fr" else said[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the folder. ``line`` and ``column`` count from 1; ``field`` is what people call it
    and ``key`` what finds it: the path in a TOML file, (line, column name) in a CSV file."""

    file: str
    field: str = ""
    line: int | None = None
    column: int | None = None
    key: Key = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault, or a warning where ``fault`` is False: an election may be frozen with warnings."""

    place: Place
    message: Said
    remedy: Said
    fault: bool = True

    def to_value(self, language: str) -> dict[str, Value]:
        """For programs that read a report."""
        return {
            "severity": "fault" if self.fault else "warning",
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "field": self.place.field,
            "message": in_language(self.message, language),
            "remedy": in_language(self.remedy, language),
        }

    def words(self, language: str) -> str:
        """Three lines: the place, what is wrong, and the remedy."""
        colon = "\u00a0: " if language == "fr" else ": "
        where = self.place.file
        if self.place.line is not None:
            line = "ligne" if language == "fr" else "line"
            where += f", {line} {self.place.line}"
        if self.place.column is not None:
            column = "colonne" if language == "fr" else "column"
            where += f", {column} {self.place.column}"
        if self.place.field:
            where += f", {self.place.field}"
        remedy = "à faire" if language == "fr" else "remedy"
        return (
            f"{where}\n    {in_language(self.message, language)}\n"
            f"    {remedy}{colon}{in_language(self.remedy, language)}"
        )


class DefinitionRefused(BallotError):
    """A folder that makes no election; ``findings`` holds every fault."""

    def __init__(self, findings: Sequence[Finding], language: str = "en") -> None:
        self.findings: Final = tuple(finding for finding in findings if finding.fault)
        super().__init__("\n".join(finding.words(language) for finding in self.findings))


class Unreadable(Exception):
    """A single value that cannot be read: what is wrong with it and what to do."""

    def __init__(self, message: Said, remedy: Said) -> None:
        self.message: Final = message
        self.remedy: Final = remedy
        super().__init__(message[1])


@dataclass(slots=True)
class Notes:
    """Gathers findings. Where a fault was noted, whatever follows from it is not said again."""

    findings: list[Finding] = field(default_factory=list)

    def fault(self, place: Place, message: Said, remedy: Said) -> None:
        """Note a fault."""
        finding = Finding(place=place, message=message, remedy=remedy)
        if finding not in self.findings:
            self.findings.append(finding)

    def unreadable(self, place: Place, error: Unreadable) -> None:
        """Note a value that could not be read."""
        self.fault(place, error.message, error.remedy)

    def warn(self, place: Place, message: Said, remedy: Said) -> None:
        """Note a warning."""
        self.findings.append(Finding(place=place, message=message, remedy=remedy, fault=False))

    def covers(self, place: Place) -> bool:
        """Whether a fault was noted at this place or above it."""
        return any(
            finding.fault
            and finding.place.file == place.file
            and finding.place.key
            and place.key[: len(finding.place.key)] == finding.place.key
            for finding in self.findings
        )

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)


def did_you_mean(word: str, known: Sequence[str]) -> Said:
    """What may have been meant, or everything that is known."""
    lowered = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    if close:
        meant = lowered[close[0]]
        return (f"Vouliez-vous écrire « {meant} » ?", f"Did you mean “{meant}”?")
    listed = ", ".join(known)
    return (f"Supprimez-le ; sont connus : {listed}", f"Remove it; known are {listed}")


def shown(value: object) -> str:
    """A value as it may stand in a message: short, on one line."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return text if len(text) <= 60 else text[:57] + "…"
