"""The roll: who may vote, and on which ballot (style).

A roll comes as a CSV file from the population or members' register, is stored by the registrar,
and becomes final with the freeze, when the manifest commits to its counts and its salted root.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from audit.label import labelled
from audit.merkle import inclusion_path, node_reader, root
from audit.roll import RollStatement, roll_leaf
from ballot.errors import BallotError

Progress = Callable[[str, int, int], None]
"""(what is being done: ``read`` or ``store``, rows done, rows in all)."""

FAULTS_SHOWN = 100


def no_progress(_step: str, _done: int, _total: int) -> None:
    """For callers that show nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may vote. ``address`` has the lines as printed on an envelope; it, ``name``
    and ``language`` serve the letters only and may be empty."""

    id: str
    style: str
    name: str = field(default="", repr=False)
    address: tuple[str, ...] = field(default=(), repr=False)
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollFault:
    """What is wrong with one line of a roll file, and what to do. ``line`` counts from 1;
    ``field`` is the column's name, empty when the line as a whole is at fault."""

    line: int
    field: str
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", {self.field}" if self.field else "")
        return f"{where}: {self.message}; {self.remedy}"


class RollInvalid(BallotError):
    """A roll file that is refused as a whole; nothing was stored.

    ``faults`` are the first hundred at most, in the order of lines; ``total`` counts all.
    """

    def __init__(self, faults: Sequence[RollFault], total: int | None = None) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line)[:FAULTS_SHOWN])
        self.total = len(faults) if total is None else total
        lines = [str(fault) for fault in self.faults]
        if self.total > len(self.faults):
            lines.append(f"and {self.total - len(self.faults)} more")
        super().__init__("\n".join(lines))


class RollFrozen(BallotError):
    """A change of the roll after the manifest has committed to it, or after codes were made."""


class RollDiffers(BallotError):
    """The manifest does not commit to the stored roll; the message says where they part."""


class AlreadyOnRoll(BallotError):
    """Persons who are on the stored roll already; ``ids`` names them. Nothing was stored."""

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__(f"{len(ids)} persons are on the roll already")
        self.ids = ids


class NotOnRoll(BallotError):
    """No person with this id stands on the roll."""

    def __init__(self, person: str) -> None:
        super().__init__(f"{person}: nobody on the roll has this id; check it in the roll file")


@dataclass(frozen=True, slots=True, kw_only=True)
class RollFile:
    """A roll file that was read without a fault. ``lines`` says where each person stood;
    ``ignored`` are columns that mean nothing here and whose content is not kept."""

    people: tuple[Person, ...]
    lines: tuple[int, ...]
    ignored: tuple[str, ...] = ()


class RollStore(Protocol):
    """What the roll needs of the registrar's database."""

    def add_people(self, people: Sequence[Person], *, replace: bool, progress: Progress) -> None:
        """Store all or none in one transaction. Raises AlreadyOnRoll, RollFrozen."""

    def roll_counts(self) -> Mapping[str, int]:
        """Persons per style, for every style of the election."""

    def styles_by_person(self) -> Iterator[tuple[str, str]]:
        """(id, style) of everybody on the roll."""

    def freeze(
        self,
        election: bytes,
        check: Callable[[Mapping[str, int], Iterator[tuple[str, str]]], None],
    ) -> None:
        """Make the roll final for election E unless ``check`` raises.

        ``check`` gets the counts, in the order of styles that the codes use, and (id, style) of
        everybody, inside the transaction. Again for the same election changes nothing. Raises
        RollFrozen for another election.
        """


def import_roll(
    store: RollStore,
    file: RollFile,
    *,
    replace: bool = False,
    progress: Progress = no_progress,
) -> Mapping[str, int]:
    """Add the persons of ``file`` to the stored roll, all or none; gives the counts per style.

    With ``replace`` they take the place of the stored roll. Raises RollInvalid when somebody is
    on the roll already, and RollFrozen after the freeze or when codes exist already.
    """
    try:
        store.add_people(file.people, replace=replace, progress=progress)
    except AlreadyOnRoll as error:
        raise RollInvalid(
            [
                RollFault(
                    line=line,
                    field="id",
                    message=f"{person.id} is on the roll already",
                    remedy="remove the line, or replace the whole roll",
                )
                for person, line in zip(file.people, file.lines, strict=True)
                if person.id in error.ids
            ]
        ) from None
    return store.roll_counts()


def freeze_roll(
    store: RollStore,
    *,
    election: bytes,
    styles: Sequence[str],
    counts: Mapping[str, int],
    root: bytes,
    key: bytes | None,
) -> None:
    """Make the roll final for the manifest with hash E, if that commits to this very roll.

    ``styles`` are the definition's, in its order; ``counts`` and ``root`` the manifest's roll.
    ``key`` is the roll key, None for an issuer who does not have it and compares counts alone.
    Raises RollDiffers, and RollFrozen when the roll is frozen for another election.
    """

    def check(stored: Mapping[str, int], everybody: Iterator[tuple[str, str]]) -> None:
        if list(stored) != list(styles):
            raise RollDiffers("styles: the definition has others, or another order, than the codes")
        for style in styles:
            if counts.get(style) != stored[style]:
                raise RollDiffers(
                    f"roll.counts.{style}: the manifest says {counts.get(style)}, "
                    f"and {stored[style]} are on the roll; make the manifest again"
                )
        if key is not None and RollTree(everybody, key).root != root:
            raise RollDiffers("roll.root: the manifest commits to another roll; make it again")

    store.freeze(election, check)


class RollTree:
    """The salted tree over the whole roll: its root goes into the manifest, and each person can
    have a proof that the root includes them. Holds all hashes (about 100 bytes a person)."""

    def __init__(self, styles_by_person: Iterable[tuple[str, str]], key: bytes) -> None:
        """``key`` is the roll key, 32 secret bytes: without it nobody can test from the root or
        from another's proof whether a person is on the roll."""
        self._key = key
        self._styles = dict(styles_by_person)
        self._leaves = sorted(
            roll_leaf(self._salt(person), person, style) for person, style in self._styles.items()
        )
        self._node = node_reader(self._leaves)
        self.root = root(self._leaves)
        self.size = len(self._leaves)

    def _salt(self, person: str) -> bytes:
        return hmac.digest(self._key, labelled("roll-salt", person.encode()), "sha256")

    def statement(self, person: str) -> RollStatement:
        """The proof for one person, for audit.roll.verify_roll_statement. Raises NotOnRoll."""
        style = self._styles.get(person)
        if style is None:
            raise NotOnRoll(person)
        salt = self._salt(person)
        index = self._leaves.index(roll_leaf(salt, person, style))
        return RollStatement(
            person=person,
            style=style,
            salt=salt,
            index=index,
            size=self.size,
            path=inclusion_path(index, self.size, self._node),
        )
