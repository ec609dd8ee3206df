"""Reading a definition strictly, and saying everything that is wrong with it at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tally.canonical import LARGEST_INTEGER
from tally.errors import TallyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: where (``contests[0].projects[3].cost``), what, and what to do."""

    path: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path or 'definition'}: {self.message}. {self.remedy}"


class DefinitionFaults(TallyError):
    """A definition that cannot be used; ``faults`` holds every fault, in reading order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults: Final = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type["DefinitionFaults"], tuple[tuple[Fault, ...]]]:
        return (DefinitionFaults, (self.faults,))


KIND: Final = {dict: "an object", list: "a list", str: "a text", int: "an integer", bool: "a flag"}
_MISSING: Final = object()


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return KIND.get(type(value), type(value).__name__)


def shown(value: object) -> str:
    """A value as it may stand in a message: short, on one line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Node:
    """A value at a path. Every method reads one type, notes a fault and goes on with a stand-in.

    A stand-in (0, "", an empty list) never leaves: whoever reads raises DefinitionFaults when
    ``faults`` is not empty in the end. What is missing was reported once, by its parent.
    """

    __slots__ = ("faults", "path", "value")

    def __init__(self, value: object, path: str, faults: list[Fault]) -> None:
        self.value = value
        self.path = path
        self.faults = faults

    def fault(self, message: str, remedy: str, at: str = "") -> None:
        """Note a fault here, or at ``at`` below this path."""
        joined = f"{self.path}.{at}" if self.path and at and at[0] != "[" else self.path + at
        self.faults.append(Fault(path=joined, message=message, remedy=remedy))

    def _wrong(self, wanted: str) -> None:
        if self.value is not _MISSING:
            self.fault(f"{_kind(self.value)} stands here", f"Write {wanted}")

    @property
    def present(self) -> bool:
        """Whether the key was there."""
        return self.value is not _MISSING

    def fields(self, *required: str, optional: Sequence[str] = ()) -> dict[str, "Node"]:
        """The members of an object: no key may be missing, none may be unknown."""
        keys = (*required, *optional)
        found: Mapping[object, object] = {}
        if isinstance(self.value, Mapping):
            found = self.value
            for key in required:
                if key not in found:
                    self.fault(f"{key!r} is missing", f"Add {key!r}", key)
            for other in found:
                if other not in keys:
                    self.fault(
                        f"unknown key {shown(other)}", f"Remove it; known are {', '.join(keys)}"
                    )
        else:
            self._wrong("an object with " + ", ".join(required))
        below = f"{self.path}." if self.path else ""
        return {key: Node(found.get(key, _MISSING), f"{below}{key}", self.faults) for key in keys}

    def members(self, what: str) -> dict[str, "Node"]:
        """The members of an object whose keys are free; ``what`` names them in messages."""
        if not isinstance(self.value, Mapping):
            self._wrong(f"an object of {what}")
            return {}
        members: dict[str, Node] = {}
        for key, inner in self.value.items():
            if isinstance(key, str):
                members[key] = Node(inner, f"{self.path}.{key}", self.faults)
            else:
                self.fault(f"key {shown(key)} is not a text", "Write it as a text")
        return members

    def items(self, minimum: int, maximum: int, what: str) -> Iterator["Node"]:
        """The items of a list of ``minimum`` to ``maximum``."""
        if not isinstance(self.value, list | tuple):
            self._wrong(f"a list of {what}")
            return
        if len(self.value) < minimum:
            self.fault(f"{len(self.value)} {what}", f"Give at least {minimum}")
        elif len(self.value) > maximum:
            self.fault(f"{len(self.value)} {what}", f"Give at most {maximum}")
        for position, inner in enumerate(self.value):
            yield Node(inner, f"{self.path}[{position}]", self.faults)

    def integer(self, minimum: int = -LARGEST_INTEGER, maximum: int = LARGEST_INTEGER) -> int:
        """An integer within bounds; a flag is not an integer."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self._wrong("an integer")
            return minimum
        if not minimum <= self.value <= maximum:
            self.fault(f"{shown(self.value)} is out of range", f"Give {minimum} to {maximum}")
            return minimum
        return self.value

    def flag(self, default: bool) -> bool:
        """true or false; ``default`` when the key is not there."""
        if not isinstance(self.value, bool):
            self._wrong("true or false")
            return default
        return self.value

    def words(self, maximum: int = 4000, *, empty: bool = False, lines: bool = False) -> str:
        """A text of 1 (0 where ``empty``) to ``maximum`` characters without control characters.

        ``lines`` allows line feeds.
        """
        if not isinstance(self.value, str):
            self._wrong("a text")
            return ""
        text = self.value
        if not text.strip() and not (empty and not text):
            self.fault("the text is empty", "Write at least one character")
        elif len(text) > maximum:
            self.fault(f"{len(text)} characters", f"Shorten it to at most {maximum}")
        for character in text:
            if character == "\n" and lines:
                continue
            if character < " " or "\x7f" <= character < "\xa0":
                self.fault(
                    f"control character U+{ord(character):04X} in the text",
                    "Remove it" if lines or character != "\n" else "Write it on one line",
                )
                break
            if "\ud800" <= character <= "\udfff":
                self.fault("half a character (lone surrogate)", "Write the text again")
                break
        return text

    def one_of(self, choices: Sequence[str]) -> str:
        """One of the words ``choices``; the first when it is not."""
        if not isinstance(self.value, str):
            self._wrong("one of " + ", ".join(choices))
            return choices[0]
        if self.value not in choices:
            self.fault(f"{shown(self.value)} is not known", "Write one of " + ", ".join(choices))
            return choices[0]
        return self.value
