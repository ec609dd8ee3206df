"""The table beside a chart: the numbers of its figure in rows, for the page and the service."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any, Final

from audit.alt import text_in
from audit.step_words import step_words
from audit.words import Words

Object = Mapping[str, Any]
Cell = str | Mapping[str, str]
"""Words of ours, or somebody's: a Text value."""

OF_RULES: Final = ("grades", "payments", "loads", "choice")
"""The kinds of figures that one rule alone has, in the order of the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The head of a column; ``number``: it holds numbers."""

    words: str
    number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row; the cell at ``name`` says what the row is about."""

    cells: tuple[Cell, ...]
    won: bool
    name: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartTable:
    """A whole table."""

    caption: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


def chart_tables(figure: Object, words: Words, languages: Sequence[str]) -> tuple[ChartTable, ...]:
    """The tables of a figure; ``languages`` are the election's. None for figures whose numbers
    stand in the lists of projects and answers."""
    make = _TABLES.get(figure["figure"])
    return () if make is None else tuple(make(figure, words, languages))


def _table(words: Words, caption: str, heads: Sequence[str], lines: Iterator[Line]) -> ChartTable:
    """``#`` marks columns of numbers."""
    return ChartTable(
        caption=caption,
        columns=tuple(
            Column(words=words.say(f"head.{head.rstrip('#')}"), number=head.endswith("#"))
            for head in heads
        ),
        lines=tuple(lines),
    )


def _steps(figure: Object, words: Words, languages: Sequence[str]) -> Iterator[ChartTable]:
    def text(value: Mapping[str, str] | None) -> str:
        return text_in(value, words.language, languages)

    def lines() -> Iterator[Line]:
        for step in figure["steps"]:
            group, told = step_words(figure, step, words, text)
            paid = step["paid"] + step["added"]
            yield Line(
                cells=(
                    words.number(step["step"]),
                    step["title"] or group,
                    told,
                    words.money(paid) if paid else "–",
                    words.money(step["left_after"]),
                ),
                won=bool(paid),
            )

    heads = ["step#", "name", "happened", "funded#", "left#"]
    yield _table(words, words.say("page.filling.caption"), heads, lines())


def _grades(figure: Object, words: Words, languages: Sequence[str]) -> Iterator[ChartTable]:
    labels = [text_in(label, words.language, languages) for label in figure["labels"]]
    colon = "\u00a0: " if words.language == "fr" else ": "
    lines = (
        Line(
            cells=(
                words.number(project["position"]),
                project["title"],
                "–" if project["median"] is None else labels[project["median"]],
                " · ".join(
                    f"{label}{colon}{words.number(ballots)}"
                    for label, ballots in zip(labels, project["grades"], strict=True)
                ),
            ),
            won=project["won"],
        )
        for project in figure["projects"]
    )
    heads = ["place#", "name", "median", "grades"]
    yield _table(words, words.say("page.grades.caption"), heads, lines)


def _payments(figure: Object, words: Words, _: Sequence[str]) -> Iterator[ChartTable]:
    def head(project: Object) -> tuple[Cell, ...]:
        return words.number(project["step"]), project["title"], words.money(project["cost"])

    def share(project: Object) -> str:
        paid = project["paid_in_full"]
        return "–" if paid is None else words.percent(Fraction(paid) / project["cost"])

    bought = (
        Line(
            cells=(
                *head(project),
                words.number(project["votes"]),
                words.money(ceil(Fraction(project["price"]))),
                words.number(project["in_full"]),
                share(project),
                words.number(project["in_part"]),
                words.decimal(Fraction(project["effective"])),
            ),
            won=True,
        )
        for project in figure["bought"]
    )
    filled = (
        Line(
            cells=(*head(project), words.say("result.won" if project["won"] else "result.lost")),
            won=project["won"],
        )
        for project in figure["filled"]
    )
    lacking = (
        Line(
            cells=(
                *head(project),
                words.number(project["votes"]),
                words.money(project["money"]),
                words.money(project["missing"]),
            ),
            won=False,
        )
        for project in figure["lacking"]
    )
    by_mark = figure["utility"] in ("points", "ranks")
    price = "price_mark#" if by_mark else "price#"
    effective = "effective_marks" if by_mark else "effective_votes"
    start = ["step#", "name", "cost#"]
    for caption, heads, lines in (
        (
            "bought",
            [
                *start,
                "supporters#",
                price,
                "in_full#",
                "share_in_full#",
                "in_part#",
                f"{effective}#",
            ],
            bought,
        ),
        ("filled", [*start, "result"], filled),
        ("lacking", [*start, "supporters#", "money_left#", "missing#"], lacking),
    ):
        if figure[caption]:
            yield _table(words, words.say(f"page.payments.{caption}"), heads, lines)


def _loads(figure: Object, words: Words, _: Sequence[str]) -> Iterator[ChartTable]:
    lines = (
        Line(
            cells=(
                words.number(project["step"]),
                project["title"],
                words.money(project["cost"]),
                words.number(project["votes"]),
                words.small_money(Fraction(project["own"])),
                words.small_money(Fraction(project["load"])),
                words.say("result.won" if project["won"] else "result.lost"),
            ),
            won=project["won"],
        )
        for project in figure["projects"]
    )
    heads = ["step#", "name", "cost#", "supporters#", "own#", "per_ballot#", "result"]
    yield _table(words, words.say("page.loads.caption"), heads, lines)


def _choice(figure: Object, words: Words, _: Sequence[str]) -> Iterator[ChartTable]:
    one = 10 ** figure["exponent"]
    lines = (
        Line(
            cells=(
                words.number(project["position"]),
                project["title"],
                words.money(project["cost"]),
                words.rational(project["score"]),
                words.decimal(Fraction(project["score"]) * 1000 * one / project["cost"]),
                "–" if project["contrary"] is None else words.number(project["contrary"]),
                words.say("result.won" if project["won"] else "result.lost"),
            ),
            won=project["won"],
        )
        for project in figure["projects"]
    )
    one = 10 ** figure["exponent"]
    measure = figure["measure"]
    heads = ["place#", "name", "cost#", f"{measure}#", f"{measure}_each#", "contrary#", "result"]
    caption = words.say(
        f"page.choice.caption.{measure}", total=figure["total"], money=words.money(1000 * one)
    )
    yield _table(words, caption, heads, lines)


_TABLES: Final[Mapping[str, Callable[[Object, Words, Sequence[str]], Iterator[ChartTable]]]] = {
    "choice": _choice,
    "filling": _steps,
    "grades": _grades,
    "loads": _loads,
    "payments": _payments,
}
