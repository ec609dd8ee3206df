"""What every chart has: whose it is, what it shows, the legend, and the result hash at its foot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from audit.alt import alternative, text_in
from audit.result_hash import short
from audit.sheet import FAINT, INK, MARGIN, SOFT, WIDTH, WON, Paper, Sheet, Typeface
from audit.words import Words

RIGHT: Final = WIDTH - MARGIN
MOST_ROWS: Final = 400
"""More rows than anybody reads; the rest is summed up in one line and stands in the figure."""
COMPACT_FROM: Final = 61
"""From so many rows on a row is one line of smaller type."""

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Which result a chart belongs to: the election's title, empty where it is not known, and the
    result hash (32 bytes), or another that the words ``named`` say."""

    election: str
    result_hash: bytes
    named: str = "chart.hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What is around a chart; ``figure`` is the path of its exact numbers, ``languages`` the
    election's, to fall back on where a text is not in the chart's language. ``numbers`` names the
    words that say where the exact numbers stand."""

    occasion: Occasion
    words: Words
    type: Typeface
    figure: str
    languages: tuple[str, ...]
    numbers: str = "chart.numbers"

    def text(self, value: Mapping[str, str] | None) -> str:
        """The words of a Text value in this language, or in the election's first."""
        return text_in(value, self.words.language, self.languages)

    def begin(self, title: str, shows: str, facts: Sequence[str]) -> Paper:
        """A paper with its head: the election, the contest, what is shown, the main numbers."""
        paper = Paper(type=self.type)
        paper.bar(0, 0, WIDTH, 5, "won")
        if self.occasion.election:
            paper.paragraph(self.occasion.election, 9, colour=SOFT, lines=2)
            paper.y += 5
        paper.paragraph(title, 19, bold=True, leading=1.2)
        paper.y += 5
        paper.paragraph(shows, 11, colour=WON, bold=True, lines=2)
        paper.y += 1
        paper.paragraph("   ·   ".join(facts), 9.5, colour=INK, lines=3)
        paper.y += 14
        return paper

    def legend(self, paper: Paper, entries: Sequence[tuple[str, str]]) -> None:
        """Swatches with words, in one line or more."""
        x = MARGIN
        paper.y += 2
        for fill, words in entries:
            clean = paper.type.clean(words)
            width = 24 + paper.type.width(clean, 9) + 20
            if x > MARGIN and x + width > RIGHT:
                x = MARGIN
                paper.y += 16
            paper.bar(x, paper.y - 1, 16, 9, fill)
            paper.label(x + 23, paper.y + 7, clean, 9)
            x += width
        paper.y += 26

    def end(self, paper: Paper, title: str, figure: Object) -> Sheet:
        """The foot, with the short result hash and where the exact numbers stand; the sheet."""
        paper.y += 18
        paper.stroke(MARGIN, paper.y, RIGHT, paper.y, colour=INK, weight=0.9)
        paper.y += 17
        named, hashed = self.words.say(self.occasion.named), short(self.occasion.result_hash)
        paper.label(MARGIN, paper.y, named, 9, colour=SOFT)
        beside = MARGIN + paper.type.width(named, 9) + 8
        paper.label(beside, paper.y, hashed, 11, bold=True)
        numbers = self.words.say(self.numbers, path=self.figure)
        taken = beside + paper.type.width(hashed, 11, bold=True) + 20
        for line in paper.wrap(numbers, RIGHT - taken, 8, lines=2):
            paper.label(RIGHT, paper.y, line, 8, colour=SOFT, anchor="end")
            paper.y += 11
        paper.y -= 9
        return paper.finish(
            title=title,
            description=alternative(figure, self.words, self.languages),
            language=self.words.language,
        )


def hairline(paper: Paper) -> None:
    """A thin line between two rows."""
    paper.stroke(MARGIN, paper.y, RIGHT, paper.y, colour=FAINT, weight=0.5)
