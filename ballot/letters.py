"""Voting codes on their way to the people: once, as a file for a mailing house and as letters.

Codes exist in clear only in the folder that this writes; the database keeps keyed hashes. The
folder appears whole or not at all: it is written beside its place, then the database commits, then
it is renamed. A run that was interrupted in between is finished by running it again.
"""

import csv
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from ballot.code import RANDOM_BYTES, Code, CodeInvalid, code_digest, new_code, read_code
from ballot.durable import synchronise_folder
from ballot.errors import BallotError
from ballot.letterpage import LetterTexts, letter_page
from ballot.registrar import Holder, RegistrarState
from ballot.roll import Person

CODES = "codes.csv"
LETTERS_PER_FILE = 1_000
"""Letters in one HTML file: browsers do not print a hundred thousand pages at once."""

_COLUMNS = ("id", "name", "address", "language", "style", "code")
# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CodesExist(BallotError):
    """Everybody on the roll has a code already; codes are made once."""


class CodeUsed(BallotError):
    """A new code for somebody who has used the old one: it would not open another vote."""


class LettersFolderInvalid(BallotError):
    """The folder for the letters cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A person and the new code that goes to them."""

    person: Person
    code: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class LettersMade:
    """``count`` letters stand in ``folder``; ``resumed`` when an earlier run had made them."""

    folder: Path
    count: int
    resumed: bool = False


class CodeStore(Protocol):
    """What making codes needs of the registrar's database."""

    def state(self) -> RegistrarState:
        """What the database is for."""

    def find(self, digest: bytes) -> Holder | None:
        """Who holds the code with this digest."""

    def assign_codes(
        self, make: Callable[[Sequence[Person]], Mapping[str, bytes]], *, replace: str | None
    ) -> None:
        """Give everybody without a code the digest that ``make`` returns for them, or the person
        with the id ``replace`` a new one, whose old one dies; one transaction around ``make``.

        Raises CodesExist, CodeUsed, NotOnRoll, IssuanceStopped.
        """


def make_letters(
    store: CodeStore,
    *,
    pepper: bytes,
    folder: Path,
    texts: LetterTexts,
    replace: str | None = None,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> LettersMade:
    """Make codes for everybody who has none, or a new one for the person ``replace``, and write
    ``codes.csv`` and the letters to the new folder ``folder``, readable by its owner alone.

    Raises LettersFolderInvalid, and what CodeStore.assign_codes raises.
    """
    if folder.exists():
        raise LettersFolderInvalid(f"{folder}: exists already; name a new folder")
    if not folder.parent.is_dir():
        raise LettersFolderInvalid(f"{folder.parent}: there is no such folder; create it first")
    state = store.state()
    part = folder.with_name(folder.name + ".part")
    if part.exists():
        finished = _assigned(store, pepper, state.issuer, part)
        if finished:
            _finish(part, folder)
            return LettersMade(folder=folder, count=finished, resumed=True)
        _discard(part)
    made: list[Letter] = []

    def make(people: Sequence[Person]) -> Mapping[str, bytes]:
        for person in people:
            code = new_code(state.styles.index(person.style), random(RANDOM_BYTES))
            made.append(Letter(person=person, code=code))
        _write(part, made, texts)
        return {each.person.id: code_digest(pepper, state.issuer, each.code) for each in made}

    store.assign_codes(make, replace=replace)
    _finish(part, folder)
    return LettersMade(folder=folder, count=len(made))


def _write(part: Path, letters: Sequence[Letter], texts: LetterTexts) -> None:
    part.mkdir(mode=0o700)
    with _new_file(part / CODES, "utf-8-sig") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(_COLUMNS)
        for letter in letters:
            person = letter.person
            row = (
                person.id,
                person.name,
                "\n".join(person.address),
                person.language,
                person.style,
                letter.code.grouped,
            )
            writer.writerow([_harmless(cell) for cell in row])
        _durable(file)
    for number, first in enumerate(range(0, len(letters), LETTERS_PER_FILE), 1):
        with _new_file(part / f"letters-{number:03d}.html", "utf-8") as file:
            several = [
                (each.person, each.code) for each in letters[first : first + LETTERS_PER_FILE]
            ]
            file.write(letter_page(several, texts))
            _durable(file)
    synchronise_folder(part)


def _new_file(path: Path, encoding: str) -> TextIO:
    return os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
        "w",
        encoding=encoding,
        newline="",
    )


def _durable(file: TextIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _harmless(cell: str) -> str:
    """``cell`` so that no spreadsheet runs it: with an apostrophe in front of a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _assigned(store: CodeStore, pepper: bytes, issuer: str, part: Path) -> int:
    """How many letters an interrupted run left in ``part``, 0 if their codes do not count.

    All codes of a run are assigned by one commit, so the first one speaks for all.
    """
    try:
        with (part / CODES).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        first = read_code(rows[0]["code"])
    except (OSError, ValueError, csv.Error, LookupError, CodeInvalid):
        return 0
    return len(rows) if store.find(code_digest(pepper, issuer, first)) else 0


def _discard(part: Path) -> None:
    """Remove what an interrupted run left whose codes were never assigned."""
    for path in (part / CODES, *part.glob("letters-*.html")):
        path.unlink(missing_ok=True)
    try:
        part.rmdir()
    except OSError:
        raise LettersFolderInvalid(
            f"{part}: left by an interrupted run, but holds other files; remove it yourself"
        ) from None


def _finish(part: Path, folder: Path) -> None:
    part.rename(folder)
    synchronise_folder(folder.parent)
