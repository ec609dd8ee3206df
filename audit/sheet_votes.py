"""The chart of an envelope's votes: projects in the rule's order, winners, costs, the cut line."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from audit.sheet import FAINT, GROUND, INK, MARGIN, SOFT, WON, Paper, Sheet, ticks
from audit.sheet_frame import COMPACT_FROM, MOST_ROWS, RIGHT, Frame, Object, hairline

NUMBER_END: Final = MARGIN + 22.0
MARK: Final = NUMBER_END + 12.0
TITLE: Final = MARK + 12.0
COST_END: Final = 436.0
BARS: Final = 450.0
BARS_END: Final = 672.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """How a row is set: type size, lines of title, and the space around them."""

    size: float
    lines: int
    leading: float
    padding: float
    bar: float


WIDE: Final = _Row(size=9.5, lines=2, leading=12.5, padding=10, bar=11)
COMPACT: Final = _Row(size=8.5, lines=1, leading=10, padding=6, bar=8)


def votes_sheet(figure: Object, frame: Frame) -> Sheet:
    """Lay out ``votes-<contest>.json``."""
    words, projects = frame.words, figure["projects"]
    measure = figure["measure"]
    title = frame.text(figure["title"])
    unit = figure.get("unit", measure)
    shows = words.say(f"chart.votes.{unit}")
    facts = [
        words.count("fact.funded", figure["winners"], of=len(projects)),
        words.say(
            "fact.spent", spent=words.money(figure["spent"]), budget=words.money(figure["budget"])
        ),
        words.count("fact.expressed", figure["expressed"]),
    ]
    paper = frame.begin(title, shows, facts)
    frame.legend(paper, [("won", words.say("legend.won")), ("lost", words.say("legend.lost"))])
    row = COMPACT if len(projects) >= COMPACT_FROM else WIDE
    shown = projects[:MOST_ROWS]
    scale = ticks(max((Fraction(project[measure]) for project in projects), default=Fraction(0)))
    _heads(paper, frame, unit)
    _axis(paper, frame, scale, above=True)
    top = paper.y
    rows_from = len(paper.items)
    minimums = _minimums(figure, scale[-1])
    for index, project in enumerate(shown):
        if index and shown[index - 1]["position"] != figure["last_won"]:
            hairline(paper)
        _project(paper, frame, row, project, scale[-1], figure, minimums=minimums)
        if project["position"] == figure["last_won"] and index + 1 < len(projects):
            _cut(paper, frame)
    _grid(paper, scale, top, rows_from)
    for x, number in minimums:
        paper.stroke(x, top - 2, x, paper.y + 2, colour=GROUND, weight=2.6)
        paper.stroke(x, top - 2, x, paper.y + 2, colour=INK, weight=1, dashed=True)
        told = words.say("chart.minimum", number=words.rational(number))
        paper.label(x, paper.y + 25, told, 8, bold=True, anchor="middle")
    _axis(paper, frame, scale, above=False)
    paper.y += 14 if minimums else 0
    if len(projects) > len(shown):
        paper.y += 6
        rest = words.count("chart.more", len(projects) - len(shown))
        paper.paragraph(rest, 9, colour=SOFT)
    return frame.end(paper, f"{title} – {shows}", figure)


def _heads(paper: Paper, frame: Frame, unit: str) -> None:
    paper.label(TITLE, paper.y, frame.words.say("head.project"), 8.5, colour=SOFT)
    paper.label(COST_END, paper.y, frame.words.say("head.cost"), 8.5, colour=SOFT, anchor="end")
    paper.label(BARS, paper.y, frame.words.say(f"head.{unit}"), 8.5, colour=SOFT)
    paper.y += 4


def _axis(paper: Paper, frame: Frame, scale: Sequence[int], *, above: bool) -> None:
    """The numbers of the scale, which stand both above and below the rows."""
    y = paper.y + 10
    for tick in scale:
        x = BARS + (BARS_END - BARS) * tick / scale[-1]
        paper.label(x, y, frame.words.number(tick), 7.5, colour=SOFT, anchor="middle")
    paper.y += 14 if above else 12


def _grid(paper: Paper, scale: Sequence[int], top: float, at: int) -> None:
    """Vertical hairlines, put behind the rows."""
    drawn = len(paper.items)
    for tick in scale:
        x = BARS + (BARS_END - BARS) * tick / scale[-1]
        paper.stroke(x, top, x, paper.y, colour=FAINT, weight=0.5)
    paper.items[at:] = paper.items[drawn:] + paper.items[at:drawn]


def _project(
    paper: Paper,
    frame: Frame,
    row: _Row,
    project: Object,
    largest: int,
    figure: Object,
    *,
    minimums: Sequence[tuple[float, str]],
) -> None:
    words, won = frame.words, project["won"]
    cost = words.money(project["cost"])
    if won and project["funded"] != project["cost"]:
        cost = words.say("cost.part", funded=words.money(project["funded"]), cost=cost)
    cost_width = paper.type.width(cost, row.size, won)
    width = COST_END - cost_width - 12 - TITLE
    titled = paper.wrap(frame.text(project["title"]), width, row.size, bold=won, lines=row.lines)
    value = Fraction(project[figure["measure"]])
    length = float(max(value, Fraction(0)) / largest) * (
        BARS_END - BARS
    )  # scores may be below nothing
    number = words.rational(str(value))
    end = BARS + length + 5
    for x, _ in minimums:
        if end - 2 <= x <= end + paper.type.width(number, row.size, won) + 2:
            end = x + 4  # the number stands beyond the line, not under it
    why = "" if won else paper.type.clean(words.known("reason", project["reason"]))
    why_at = end + paper.type.width(number, row.size) + 10
    beside = why_at + paper.type.width(why, 7.5) <= RIGHT
    below: list[str] = []
    if row is WIDE:
        told = [", ".join(project["groups"])] if figure["group"] else []
        told += [why] if why and not beside else []
        below = [line for words in told for line in paper.wrap(words, width, 8, lines=1)]
    height = len(titled) * row.leading + len(below) * 11 + row.padding
    middle = paper.y + height / 2
    block = (len(titled) - 1) * row.leading + len(below) * 11
    baseline = middle - block / 2 + row.size * 0.35
    place = words.number(project["position"])
    paper.label(NUMBER_END, baseline, place, row.size - 1, colour=SOFT, anchor="end")
    if won:
        paper.label(MARK, baseline, "✓", row.size, bold=True, colour=WON, anchor="middle")
    for line, text in enumerate(titled):
        paper.label(TITLE, baseline + line * row.leading, text, row.size, bold=won)
    for line, text in enumerate(below):
        lower = baseline + len(titled) * row.leading + line * 11 - 1
        paper.label(TITLE, lower, text, 8, colour=SOFT)
    colour = INK if won else SOFT
    paper.label(COST_END, baseline, cost, row.size, bold=won, colour=colour, anchor="end")
    paper.bar(BARS, middle - row.bar / 2, length, row.bar, "won" if won else "lost")
    paper.label(end, middle + row.size * 0.35, number, row.size, bold=won)
    if why and beside:
        paper.label(why_at, middle + 2.7, why, 7.5, colour=SOFT)
    paper.y += height


def _cut(paper: Paper, frame: Frame) -> None:
    words = frame.words.say("chart.cut")
    paper.y += 11
    length = paper.type.width(words, 8.5, bold=True)
    paper.stroke(MARGIN, paper.y, MARGIN + 12, paper.y, colour=INK, weight=1.3, dashed=True)
    paper.label(MARGIN + 18, paper.y + 3, words, 8.5, bold=True)
    start = MARGIN + 24 + length
    paper.stroke(start, paper.y, RIGHT, paper.y, colour=INK, weight=1.3, dashed=True)
    paper.y += 11


def _minimums(figure: Object, largest: int) -> list[tuple[float, str]]:
    """Where the least votes or score a project needs lie, those on the scale."""
    return [
        (BARS + (BARS_END - BARS) * float(Fraction(minimum["value"]) / largest), minimum["value"])
        for minimum in figure["minimums"]
        if minimum["of"] == figure["measure"] and 0 < Fraction(minimum["value"]) <= largest
    ]
