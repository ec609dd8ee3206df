"""Words in several languages, and the identifiers that files and hashes use."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tally.fault import DefinitionFaults, Fault, Node, shown

IDENTIFIER: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
PROJECT_ID_LENGTH: Final = 64
PROJECT_ID_SIGNS: Final = frozenset("._:/#+-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same words in one or more languages.

    ``words`` holds (language code, words): the election's languages first, in its order, then
    others by code.
    """

    words: tuple[tuple[str, str], ...]

    def in_language(self, language: str) -> str:
        """The words in ``language``, or in the first language there is."""
        for code, words in self.words:
            if code == language:
                return words
        return self.words[0][1]

    def to_value(self) -> dict[str, str]:
        """The object of docs/formats.md section 1."""
        return dict(self.words)

    @classmethod
    def from_value(cls, value: object, languages: Sequence[str] = ()) -> "Text":
        """Read an object from language code to words. Raises DefinitionFaults."""
        faults: list[Fault] = []
        text = read_text(Node(value, "", faults), languages)
        if faults:
            raise DefinitionFaults(faults)
        return text

    @classmethod
    def of(cls, words: Mapping[str, str] | None = None, /, **by_language: str) -> "Text":
        """``Text.of(fr="Budget", en="Budget")``: for programs, in the order given."""
        return cls(words=tuple({**(words or {}), **by_language}.items()))


def read_text(
    node: Node, languages: Sequence[str], *, empty: bool = False, lines: bool = False
) -> Text:
    """A Text with at least ``languages``; ``empty`` and ``lines`` as for ``Node.words``."""
    found: dict[str, str] = {}
    for code, inner in node.members("language codes and words").items():
        if not LANGUAGE.fullmatch(code):
            node.fault(f"{shown(code)} is not a language code", "Write a code such as 'fr'")
        found[code] = inner.words(empty=empty, lines=lines)
    if isinstance(node.value, Mapping):
        for code in languages:
            if code not in found:
                node.fault(
                    f"no words in {code!r}, a language of the election", f"Add {code!r}", code
                )
        if not found and not languages:
            node.fault("no words in any language", "Add a language and its words")
    order = [code for code in languages if code in found]
    order += sorted(found.keys() - set(order))
    return Text(words=tuple((code, found[code]) for code in order))


def read_identifier(node: Node) -> str:
    """An identifier: ``[a-z0-9][a-z0-9._-]{0,63}``."""
    before = len(node.faults)
    text = node.words(64)
    if node.present and len(node.faults) == before and not IDENTIFIER.fullmatch(text):
        node.fault(
            f"{shown(text)} is not an identifier",
            "Use lower case letters a-z, digits, '.', '_' and '-', first a letter or digit",
        )
    return text


def is_project_id(text: str) -> bool:
    """Whether ``text`` may be a project's id: 1 to 64 letters, marks, digits and ``._:/#+-``.

    Letters of any script, because cities number their projects in their own way.
    """
    return 1 <= len(text) <= PROJECT_ID_LENGTH and all(
        character in PROJECT_ID_SIGNS
        or unicodedata.category(character)[0] in "LM"
        or unicodedata.category(character) == "Nd"
        for character in text
    )


def read_project_id(node: Node) -> str:
    """The id of a project."""
    before = len(node.faults)
    text = node.words(PROJECT_ID_LENGTH)
    if node.present and len(node.faults) == before and not is_project_id(text):
        node.fault(
            f"{shown(text)} is not a project id", "Use letters, digits and . _ : / # + - only"
        )
    return text
