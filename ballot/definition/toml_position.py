"""Where each key of a TOML file stands: the standard library's reader does not say.

Reads only what ``tomllib`` has accepted, so it need not refuse anything. Grammar: TOML 1.0.0.
"""

import tomllib
from bisect import bisect_right
from typing import Final

from ballot.definition.finding import Key

_END_OF_WORD: Final = frozenset(" \t\n=.]#,}")


class _Scan:
    """One pass over a valid document; ``found`` maps each key path to the offset of its key."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Key, int] = {}
        self._lengths: dict[Key, int] = {}

    def document(self) -> None:
        prefix: Key = ()
        while self._skip():
            if self.text[self.at] == "[":
                start = self.at
                double = self.text.startswith("[[", self.at)
                self.at += 2 if double else 1
                prefix = self._table(self._key(), double, start)
                self.at += 2 if double else 1
            else:
                self._pair(prefix)

    def _skip(self) -> bool:
        """Pass blanks, line ends and comments; whether anything follows."""
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif letter in " \t\n":
                self.at += 1
            else:
                return True
        return False

    def _blanks(self) -> None:
        while self.text[self.at] in " \t":
            self.at += 1

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            self._blanks()
            start = self.at
            if self.text[self.at] in "\"'":
                self._string()
                raw = self.text[start : self.at]
                parts.append(str(tomllib.loads(f"k = {raw}")["k"]))
            else:
                while self.text[self.at] not in _END_OF_WORD:
                    self.at += 1
                parts.append(self.text[start : self.at])
            self._blanks()
            if self.text[self.at] != ".":
                return tuple(parts)
            self.at += 1

    def _table(self, parts: tuple[str, ...], double: bool, start: int) -> Key:
        path: Key = ()
        for position, part in enumerate(parts):
            path += (part,)
            self.found.setdefault(path, start)
            if double and position == len(parts) - 1:
                number = self._lengths.get(path, 0)
                self._lengths[path] = number + 1
                path += (number,)
            elif path in self._lengths:
                path += (self._lengths[path] - 1,)
            self.found.setdefault(path, start)
        return path

    def _pair(self, prefix: Key) -> None:
        start = self.at
        path = prefix
        for part in self._key():
            path += (part,)
            self.found.setdefault(path, start)
        self.at += 1
        self._value(path)

    def _value(self, path: Key) -> None:
        self._blanks()
        letter = self.text[self.at]
        if letter in "\"'":
            self._string()
        elif letter == "[":
            self._array(path)
        elif letter == "{":
            self._inline(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self.at += 1

    def _array(self, path: Key) -> None:
        self.at += 1
        number = 0
        while self._skip() and self.text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self.found[(*path, number)] = self.at
            self._value((*path, number))
            number += 1
        self.at += 1

    def _inline(self, path: Key) -> None:
        self.at += 1
        while self._skip() and self.text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._pair(path)
        self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        mark = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(mark)
        while not self.text.startswith(mark, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(mark)
        # Up to two quotation marks may stand before the three that close a text.
        while len(mark) == 3 and self.text.startswith(quote, self.at):
            self.at += 1


def positions(text: str) -> dict[Key, tuple[int, int]]:
    """Line and column (from 1) of every key, table and list item of a valid TOML document.

    A path holds the keys and, in lists, the numbers of the items from 0. Raises RecursionError
    where lists are nested beyond the interpreter's stack.
    """
    text = text.replace("\r\n", "\n")
    scan = _Scan(text + "\n")
    scan.document()
    starts = [0]
    for at, letter in enumerate(text):
        if letter == "\n":
            starts.append(at + 1)
    placed: dict[Key, tuple[int, int]] = {}
    for path, offset in scan.found.items():
        line = bisect_right(starts, offset)
        placed[path] = (line, offset - starts[line - 1] + 1)
    return placed
