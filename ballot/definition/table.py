"""A table of election.toml, read key by key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ballot.definition.finding import Key, Notes, Place, Said, Unreadable, did_you_mean, shown
from ballot.definition.toml_file import TomlFile

STAND_IN: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table at ``key``; every fault is noted with its place."""

    file: TomlFile
    value: Mapping[str, Any]
    key: Key
    notes: Notes

    def place(self, *names: str | int) -> Place:
        """Where a key of this table is written."""
        return self.file.place((*self.key, *names))

    def fault(self, name: str, message: Said, remedy: Said) -> None:
        """Note a fault of a key."""
        self.notes.fault(self.place(name), message, remedy)

    def unreadable(self, name: str, error: Unreadable) -> None:
        """Note that a key's value cannot be read."""
        self.notes.unreadable(self.place(name), error)

    def expect(self, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        """Note required keys that are missing, and keys that are not known."""
        known = [*required, *optional]
        for name in self.value:
            if name not in known:
                self.fault(
                    name,
                    (f"clé inconnue « {shown(name)} »", f"unknown key “{shown(name)}”"),
                    did_you_mean(name, known),
                )
        for name in required:
            if name not in self.value:
                self.fault(
                    name,
                    (f"il manque « {name} »", f"“{name}” is missing"),
                    (
                        f"Ajoutez {name} = … sous ce titre (docs/election-folder.md)",
                        f"Add {name} = … under this heading (docs/election-folder.md)",
                    ),
                )

    def raw(self, name: str, stand_in: object) -> Any:
        """The value as it is, for the tally to check."""
        return self.value.get(name, stand_in)

    def text(self, name: str, languages: Sequence[str], *, optional: bool = False) -> Any:
        """Words by language; words alone are those of the only language."""
        given = self.value.get(name)
        if given is None:
            return dict.fromkeys(languages, "" if optional else STAND_IN)
        if not isinstance(given, str):
            return given
        if len(languages) > 1:
            rest = ", ".join(languages[1:])
            self.fault(
                name,
                (f"il n’y a de texte qu’en une langue, il manque {rest}",
                 f"there are words in one language only, {rest} is missing"),
                (f'Écrivez {name}.{languages[0]} = "…", puis une ligne par langue',
                 f'Write {name}.{languages[0]} = "…", then a line for each language'),
            )  # fmt: skip
            return dict.fromkeys(languages, STAND_IN)
        return {languages[0]: given}

    def table(self, name: str) -> "Table | None":
        """A table below this one; None, noted, when something else stands there or nothing."""
        given = self.value.get(name)
        if isinstance(given, Mapping):
            return Table(file=self.file, value=given, key=(*self.key, name), notes=self.notes)
        if given is not None:
            self.fault(
                name,
                (f"« {name} » doit être une table", f"“{name}” must be a table"),
                (f"Écrivez un titre [….{name}] et ses lignes dessous",
                 f"Write a heading [….{name}] and its lines below"),
            )  # fmt: skip
        return None

    def tables(self, name: str) -> list["Table"]:
        """The tables of a list ``[[name]]``; what is none is noted and left out."""
        given = self.value.get(name, [])
        heading = ".".join(str(part) for part in (*self.key, name) if isinstance(part, str))
        if not isinstance(given, list) or not given:
            self.fault(
                name,
                (f"« {name} » doit être une liste", f"“{name}” must be a list"),
                (f"Écrivez le titre entre deux crochets : [[{heading}]]",
                 f"Write the heading in double brackets: [[{heading}]]"),
            ) if name in self.value else None  # fmt: skip
            return []
        found = []
        for number, inner in enumerate(given):
            key = (*self.key, name, number)
            if isinstance(inner, Mapping):
                found.append(Table(file=self.file, value=inner, key=key, notes=self.notes))
            else:
                self.notes.fault(
                    self.file.place(key),
                    (f"« {shown(inner)} » n’est pas une table", f"“{shown(inner)}” is no table"),
                    (f"Écrivez un titre [[{heading}]] et ses lignes dessous",
                     f"Write a heading [[{heading}]] and its lines below"),
                )  # fmt: skip
        return found
