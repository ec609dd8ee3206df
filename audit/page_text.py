"""What the parts of the page share: texts in their language, charts, tables, links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from audit.alt import alternative
from audit.chart_table import Cell, Line, chart_tables
from audit.explanations import Explanation
from audit.markup import Html, joined, tag
from audit.publication import CHARTS, chart_name
from audit.words import Words
from tally.election import Election, Text

LONG: int = 60
"""With more projects than this a chart waits until it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One result in one language. ``charts`` maps paths of SVG to (width, height), ``files`` are
    the paths of the publication."""

    election: Election
    words: Words
    results: Mapping[str, Any]
    explained: Mapping[str, Explanation]
    figures: Mapping[str, Any]
    charts: Mapping[str, tuple[str, str]]
    files: frozenset[str]

    def text(self, text: Text) -> Html:
        """Somebody's words, kept apart from ours: their language, their direction of writing."""
        for code in (self.words.language, *self.election.languages):
            for language, words in text.words:
                if language == code:
                    other = code if code != self.words.language else None
                    return tag("bdi", words, lang=other)
        return tag("bdi", text.words[0][1], lang=text.words[0][0])

    def told(self, text: Text) -> str:
        """Words of an explanation, which are in every language there are words in."""
        return text.in_language(self.words.language)

    def share(self, text: str) -> Fraction:
        """A rational text."""
        return Fraction(text)

    def link(self, path: str) -> Html:
        """A link to a file of the publication."""
        return tag("a", tag("code", path), href=path)

    def chart(self, figure_path: str) -> Html | None:
        """The chart of a figure with its alternative text; None where it was not drawn."""
        path = f"{CHARTS}{chart_name(figure_path, self.words.language)}"
        if f"{path}.svg" not in self.charts:
            return None
        width, height = self.charts[f"{path}.svg"]
        figure = self.figures[figure_path]
        picture = tag(
            "img",
            src=f"{path}.svg",
            alt=alternative(figure, self.words, self.election.languages),
            width=width,
            height=height,
            loading="lazy",
        )
        say = self.words.say
        files = joined(
            say("page.chart.files"),
            " ",
            tag("a", "SVG", href=f"{path}.svg"),
            ", ",
            tag("a", "PNG", href=f"{path}.png"),
            ", ",
            tag("a", say("page.chart.numbers"), href=figure_path),
        )
        drawn = tag("figure", picture, tag("figcaption", files))
        rows = len(figure.get("projects", figure.get("steps", ())))
        if rows <= LONG:
            return drawn
        return tag("details", tag("summary", say("page.chart.open", count=rows)), drawn)

    def tables(self, figure_path: str) -> list[Html]:
        """The numbers of a figure in tables."""
        figure, languages = self.figures[figure_path], self.election.languages
        return [
            self._table(
                table.caption,
                [(column.words, column.number) for column in table.columns],
                [self._line(line, [each.number for each in table.columns]) for line in table.lines],
            )
            for table in chart_tables(figure, self.words, languages)
        ]

    def _line(self, line: Line, numbers: Sequence[bool]) -> Html:
        cells = [
            tag("th", self._cell(cell), scope="row")
            if at == line.name
            else tag("td", self._cell(cell), class_="number" if number else None)
            for at, (cell, number) in enumerate(zip(line.cells, numbers, strict=True))
        ]
        return tag("tr", *cells, class_="won" if line.won else None)

    def _cell(self, cell: Cell) -> Html | str:
        return cell if isinstance(cell, str) else self.text(Text(words=tuple(cell.items())))

    def table(self, caption: str, heads: Sequence[str], rows: Sequence[Html]) -> Html:
        """A table whose columns are called ``head.…``; ``#`` marks columns of numbers."""
        named = [(self.words.say(f"head.{head.rstrip('#')}"), head.endswith("#")) for head in heads]
        return self._table(caption, named, rows)

    def _table(self, caption: str, heads: Sequence[tuple[str, bool]], rows: Sequence[Html]) -> Html:
        """A table that scrolls by itself where it is too wide; the column of names stays."""
        name = next(at for at, (_, number) in enumerate(heads) if not number)
        columns = [
            tag(
                "th",
                words,
                scope="col",
                class_="number" if number else "name" if at == name else None,
            )
            for at, (words, number) in enumerate(heads)
        ]
        table = tag(
            "table",
            tag("caption", tag("div", caption)),
            tag("thead", tag("tr", *columns)),
            tag("tbody", *rows),
        )
        return tag("div", table, class_="wide", tabindex="0", role="region", aria_label=caption)
