"""``election.toml`` as values with their places, or where its writing stops being TOML."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ballot.definition.encoding import decode
from ballot.definition.finding import ELECTION_FILE, Key, Notes, Place, Said
from ballot.definition.toml_position import positions

_WHERE: Final = re.compile(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", re.DOTALL)
_TITLED: Final = frozenset({"envelope", "question", "style", "option"})

_QUOTES: Final[Said] = (
    (
        'Mettez les textes entre guillemets droits : titre = "Budget" ; les nombres s’écrivent '
        "sans blanc : 12000.50"
    ),
    (
        'Put texts between straight quotation marks: title = "Budget"; write numbers without '
        "blanks: 12000.50"
    ),
)
_CLOSE_QUOTES: Final[Said] = (
    (
        'Fermez le texte par " sur la même ligne, ou écrivez-le entre """ et """ s’il a plusieurs '
        'lignes ; un " dans le texte s’écrit \\"'
    ),
    (
        'Close the text with " on the same line, or write it between """ and """ if it has several '
        'lines; a " within the text is written \\"'
    ),
)
_ONCE: Final[Said] = (
    "Supprimez la seconde, ou réunissez les deux sous un seul titre entre crochets",
    "Remove the second, or join both under one heading in brackets",
)
# The reader's words, what they mean, and what to do.
_SYNTAX: Final[tuple[tuple[str, Said, Said], ...]] = (
    (
        "Invalid value",
        ("la valeur n’est ni un texte entre guillemets, ni un nombre, ni une date",
         "the value is neither a text in quotation marks, nor a number, nor a date"),
        _QUOTES,
    ),
    (
        "Invalid date",
        ("cette date n’existe pas", "this date does not exist"),
        ("Écrivez-la comme 2026-10-05 08:00:00", "Write it like 2026-10-05 08:00:00"),
    ),
    (
        "Illegal character",
        ("le texte n’est pas fermé à la fin de la ligne, ou contient un caractère de commande",
         "the text is not closed at the end of the line, or holds a control character"),
        _CLOSE_QUOTES,
    ),
    ("Unterminated string", ("un texte n’est pas fermé", "a text is not closed"), _CLOSE_QUOTES),
    (
        "Unescaped",
        ("« \\ » a un sens particulier dans un texte", "“\\” has a meaning of its own in a text"),
        ("Écrivez \\\\", "Write \\\\"),
    ),
    (
        "Expected '='",
        ("il manque « = » après le nom", "“=” is missing after the name"),
        ("Écrivez nom = valeur", "Write name = value"),
    ),
    (
        "Expected newline",
        ("quelque chose suit la valeur sur la même ligne",
         "something follows the value on the same line"),
        ("Allez à la ligne, ou mettez # devant une remarque",
         "Begin a new line, or put # before a remark"),
    ),
    (
        "Unclosed array",
        ("une liste n’est pas fermée, ou il y manque une virgule",
         "a list is not closed, or a comma is missing in it"),
        ("Séparez par des virgules et fermez par ]", "Separate by commas and close with ]"),
    ),
    (
        "Unclosed inline table",
        ("une accolade n’est pas fermée, ou il manque une virgule",
         "a brace is not closed, or a comma is missing"),
        ("Fermez par } sur la même ligne", "Close with } on the same line"),
    ),
    ("Cannot overwrite", ("cette clé est déjà écrite", "this key was written before"), _ONCE),
    ("Duplicate", ("cette clé est déjà écrite", "this key was written before"), _ONCE),
    ("Cannot declare", ("ce titre est déjà écrit", "this heading was written before"), _ONCE),
    ("Cannot mutate", ("cette table est déjà écrite", "this table was written before"), _ONCE),
    ("Cannot redefine", ("cette table est déjà écrite", "this table was written before"), _ONCE),
)  # fmt: skip
_OTHER: Final[Said] = (
    "Chaque ligne est vide, une remarque (#), un titre ([…] ou [[…]]) ou nom = valeur",
    "Each line is empty, a remark (#), a heading ([…] or [[…]]) or name = value",
)


@dataclass(frozen=True, slots=True)
class Decimals:
    """A number with decimals as it is written, so that it stays exact."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlFile:
    """A read TOML file: ``value``, and where each key stands."""

    value: Mapping[str, Any]
    lines: Mapping[Key, tuple[int, int]]

    def place(self, key: Key) -> Place:
        """Where ``key`` is, or the nearest table above it that is written."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.lines:
                line, column = self.lines[key[:length]]
                return self._at(key, line, column)
        return self._at(key, 1, None)

    def _at(self, key: Key, line: int, column: int | None) -> Place:
        return Place(file=ELECTION_FILE, field=self.field(key), line=line, column=column, key=key)

    def field(self, key: Key) -> str:
        """A path in words: ``envelope[city].form.maximum``; list items count from 1."""
        words = ""
        value: Any = self.value
        for part in key:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                value = None
            if isinstance(part, str):
                words += f".{part}" if words else part
                continue
            name = value.get("id") if isinstance(value, Mapping) else None
            words += f"[{name}]" if isinstance(name, str) and name else f"[{part + 1}]"
        return words


def read_toml(data: bytes, notes: Notes) -> TomlFile | None:
    """The file's values; None, with the fault noted, when it is not UTF-8 or not TOML."""
    text = decode(data, ELECTION_FILE, notes)
    if text is None:
        return None
    try:
        value = tomllib.loads(text, parse_float=Decimals)
        return TomlFile(value=value, lines=positions(text))
    except tomllib.TOMLDecodeError as error:
        _syntax_fault(str(error), text, notes)
    except RecursionError:
        notes.fault(
            Place(file=ELECTION_FILE, line=1),
            ("des crochets sont imbriqués sans fin", "brackets are nested without end"),
            ("Fermez-les", "Close them"),
        )
    except ValueError:
        # A whole number of thousands of digits: the interpreter refuses to read it.
        line = next(
            (n for n, words in enumerate(text.split("\n"), 1) if re.search(r"[\d_]{4000}", words)),
            1,
        )
        notes.fault(
            Place(file=ELECTION_FILE, line=line),
            ("un nombre a des milliers de chiffres", "a number has thousands of digits"),
            ("Écrivez-le plus court", "Write it shorter"),
        )
    return None


def _syntax_fault(words: str, text: str, notes: Notes) -> None:
    found = _WHERE.match(words)
    last = text.replace("\r\n", "\n").rstrip("\n").count("\n") + 1
    line, column = last, None
    said = words
    if found:
        said = found[1]
        if found[2]:
            line, column = int(found[2]), int(found[3])
    place = Place(file=ELECTION_FILE, line=line, column=column)
    for start, message, remedy in _SYNTAX:
        if said.startswith(start):
            notes.fault(place, message, remedy)
            return
    notes.fault(
        place,
        (f"ce n’est pas du TOML ({said})", f"this is not TOML ({said})"),
        _OTHER,
    )
