"""A chart before it is drawn: a sheet of labels, bars and lines with their places.

The layout is here and the drawing library in audit/charts.py alone. Lengths are in points (1/72
inch), x from the left, y from the top down; a label's y is its baseline. Only the type's measure
comes from outside, so that titles wrap where their letters end.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Protocol

INK: Final = "#1b2230"
GROUND: Final = "#ffffff"
SOFT: Final = "#555d6e"
FAINT: Final = "#d5d2ca"
WON: Final = "#14507a"
WIDTH: Final = 760.0
MARGIN: Final = 32.0
ELLIPSIS: Final = "…"


class Typeface(Protocol):
    """What can be known of letters before drawing them."""

    def width(self, words: str, size: float, bold: bool = False) -> float:
        """The width of a line in points."""

    def clean(self, words: str) -> str:
        """``words`` with every sign that cannot be drawn replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A line of words; ``anchor`` is ``start``, ``middle`` or ``end``."""

    x: float
    y: float
    words: str
    size: float
    bold: bool = False
    colour: str = INK
    anchor: str = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A filled rectangle from its upper left corner; ``fill`` is a name of audit/charts.py."""

    x: float
    y: float
    width: float
    height: float
    fill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str = FAINT
    weight: float = 0.7
    dashed: bool = False


Item = Label | Bar | Stroke


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A whole chart. ``title`` and ``description`` say in words what it shows."""

    width: float
    height: float
    title: str
    description: str
    language: str
    items: tuple[Item, ...]


@dataclass(slots=True, kw_only=True)
class Paper:
    """A sheet being laid out, from the top down; ``y`` is where the next thing goes."""

    type: Typeface
    items: list[Item] = field(default_factory=list)
    y: float = MARGIN

    def label(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 9,
        *,
        bold: bool = False,
        colour: str = INK,
        anchor: str = "start",
    ) -> None:
        """Put one line of words, which must be clean already."""
        self.items.append(
            Label(x=x, y=y, words=words, size=size, bold=bold, colour=colour, anchor=anchor)
        )

    def bar(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """Put a rectangle; one without width is left out."""
        if width > 0:
            self.items.append(Bar(x=x, y=y, width=width, height=height, fill=fill))

    def stroke(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        *,
        colour: str = FAINT,
        weight: float = 0.7,
        dashed: bool = False,
    ) -> None:
        """Put a straight line."""
        self.items.append(
            Stroke(x1=x1, y1=y1, x2=x2, y2=y2, colour=colour, weight=weight, dashed=dashed)
        )

    def wrap(
        self, words: str, width: float, size: float, *, bold: bool = False, lines: int = 2
    ) -> list[str]:
        """``words`` cleaned and broken into at most ``lines`` lines; what is cut ends in "…"."""
        return wrap(self.type, words, width, size, bold=bold, lines=lines)

    def paragraph(
        self,
        words: str,
        size: float,
        *,
        bold: bool = False,
        colour: str = INK,
        lines: int = 3,
        leading: float = 1.35,
        width: float = WIDTH - 2 * MARGIN,
        x: float = MARGIN,
    ) -> None:
        """Put wrapped words below what is there."""
        for line in self.wrap(words, width, size, bold=bold, lines=lines):
            self.y += size * leading
            self.label(x, self.y, line, size, bold=bold, colour=colour)

    def finish(self, *, title: str, description: str, language: str) -> Sheet:
        """The sheet, as high as it has been filled."""
        return Sheet(
            width=WIDTH,
            height=round(self.y + MARGIN * 0.75, 1),
            title=self.type.clean(title),
            description=self.type.clean(description),
            language=language,
            items=tuple(self.items),
        )


def wrap(
    face: Typeface, words: str, width: float, size: float, *, bold: bool = False, lines: int = 2
) -> list[str]:
    """Break at blanks, and inside a word only when it is wider than a line by itself."""
    rest = face.clean(words).split(" ")
    rest.reverse()
    done: list[str] = []
    line = ""
    while rest:
        word = rest.pop()
        longer = f"{line} {word}" if line else word
        if face.width(longer, size, bold) <= width:
            line = longer
            continue
        if not line:
            fitting = _fitting(face, word, width, size, bold)
            line, word = word[:fitting], word[fitting:]
        rest.append(word)
        done.append(line)
        line = ""
        if len(done) == lines:
            break
    else:
        return [*done, line] if line or not done else done
    last = " ".join([done[-1], *reversed(rest)])
    last = last[: _fitting(face, last, width - face.width(ELLIPSIS, size, bold), size, bold)]
    done[-1] = last.rstrip(" .,;:-–—/(") + ELLIPSIS
    return done


def _fitting(face: Typeface, word: str, width: float, size: float, bold: bool) -> int:
    """How many signs of ``word`` fit, at least one."""
    fitting = 1
    while fitting < len(word) and face.width(word[: fitting + 1], size, bold) <= width:
        fitting += 1
    return fitting


def ticks(largest: Fraction, most: int = 6) -> list[int]:
    """Round numbers from 0 to the first that is not below ``largest``: steps of 1, 2 or 5 · 10^k.

    At least 0 and 1, so that a scale exists where nothing was voted for.
    """
    step, factors = 1, (2, 5, 10)
    decade, turn = 1, 0
    while step * (most - 1) < largest:
        step = decade * factors[turn]
        turn += 1
        if turn == len(factors):
            decade, turn = decade * 10, 0
    found = [0]
    while found[-1] < largest or len(found) == 1:
        found.append(found[-1] + step)
    return found
