"""The observers' chart of other rules: what each would have made of the same ballots.

It is drawn for those who watch, is no part of a publication and says at its head and foot that it
is not the result. Rules are numbered; the numbers head the columns further down.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from audit.sheet import FAINT, INK, MARGIN, SOFT, WON, Paper, Sheet
from audit.sheet_frame import COMPACT_FROM, MOST_ROWS, RIGHT, Frame, Object, hairline

NUMBER_END: Final = MARGIN + 22.0
NAME: Final = MARGIN + 34.0
NAME_END: Final = 372.0
FUNDED_END: Final = 420.0
SPENT: Final = 438.0
SATISFIED: Final = 590.0
BAR: Final = 84.0
GRID: Final = 300.0
"""Where the columns of rules begin."""
MOST_RULES: Final = 16


def comparison_sheet(figure: Object, frame: Frame) -> Sheet:
    """Lay out a comparison (``audit.comparison.comparison_figure``)."""
    words = frame.words
    title, shows = frame.text(figure["title"]), words.say("chart.comparison")
    facts = [
        words.say("fact.budget", budget=words.money(figure["budget"])),
        words.count("fact.expressed", figure["expressed"]),
    ]
    paper = frame.begin(title, shows, facts)
    _not_the_result(paper, frame)
    compared = figure["compared"][:MOST_RULES]
    frame.legend(
        paper,
        [
            ("won", words.say("legend.this_rule")),
            ("lost", words.say("legend.other_rule")),
        ],
    )
    _rules(paper, frame, figure, compared)
    _winners(paper, frame, figure, compared)
    for field in ("category", "district"):
        _shares(paper, frame, compared, field)
    paper.y += 8
    _not_the_result(paper, frame)
    return frame.end(paper, f"{words.say('chart.not_result')} – {title} – {shows}", figure)


def _not_the_result(paper: Paper, frame: Frame) -> None:
    """A hatched band with the words, which nobody can overlook or cut away."""
    paper.bar(MARGIN, paper.y, 12, 34, "misfit")
    paper.bar(RIGHT - 12, paper.y, 12, 34, "misfit")
    said, why = frame.words.say("chart.not_result"), frame.words.say("chart.not_result.why")
    paper.label(MARGIN + 24, paper.y + 14, said, 13, bold=True)
    for line in paper.wrap(why, RIGHT - MARGIN - 60, 9, lines=1):
        paper.label(MARGIN + 24, paper.y + 29, line, 9)
    paper.y += 46


def _rules(paper: Paper, frame: Frame, figure: Object, compared: Sequence[Object]) -> None:
    words = frame.words
    paper.label(NAME, paper.y, words.say("head.rule"), 8.5, colour=SOFT)
    paper.label(FUNDED_END, paper.y, words.say("head.funded"), 8.5, colour=SOFT, anchor="end")
    paper.label(SPENT, paper.y, words.say("head.spent"), 8.5, colour=SOFT)
    paper.label(SATISFIED, paper.y, words.say("head.satisfied"), 8.5, colour=SOFT)
    paper.y += 8
    for number, each in enumerate(compared, start=1):
        if number > 1:
            hairline(paper)
        own = each["own"]
        titled = paper.wrap(frame.text(each["title"]), NAME_END - NAME, 9.5, bold=own, lines=2)
        told = words.say("row.this_rule") if own else _difference(frame, each)
        below = paper.wrap(told, NAME_END - NAME, 8, lines=1)
        height = len(titled) * 12.5 + len(below) * 11 + 10
        middle = paper.y + height / 2
        first = middle - ((len(titled) - 1) * 12.5 + 11 * len(below)) / 2 + 3.3
        label = words.number(number)
        paper.label(NUMBER_END, first, label, 9.5, bold=own, colour=INK, anchor="end")
        for line, text in enumerate(titled):
            paper.label(NAME, first + line * 12.5, text, 9.5, bold=own)
        for line, text in enumerate(below):
            paper.label(NAME, first + len(titled) * 12.5 + line * 11 - 1, text, 8, colour=SOFT)
        winners = words.number(len(each["winners"]))
        paper.label(FUNDED_END, middle + 3.3, winners, 9.5, bold=own, anchor="end")
        budget, expressed = figure["budget"], figure["expressed"]
        for x, share in (
            (SPENT, Fraction(each["spent"], budget)),
            (SATISFIED, Fraction(each["satisfied"], expressed) if expressed else Fraction(0)),
        ):
            paper.bar(x, middle - 5, BAR, 10, "track")
            paper.bar(x, middle - 5, BAR * float(share), 10, "won" if own else "lost")
            paper.label(x + BAR + 6, middle + 3.3, words.percent(share), 9, bold=own)
        paper.y += height


def _difference(frame: Frame, each: Object) -> str:
    if not each["gained"] and not each["lost"]:
        return frame.words.say("row.same")
    return frame.words.say("row.differs", gained=len(each["gained"]), lost=len(each["lost"]))


def _section(paper: Paper, heading: str) -> None:
    paper.y += 12
    paper.stroke(MARGIN, paper.y, RIGHT, paper.y, colour=INK, weight=0.9)
    paper.paragraph(heading, 10, bold=True, lines=2)
    paper.y += 16


def _columns(paper: Paper, frame: Frame, compared: Sequence[Object]) -> list[float]:
    """The numbers of the rules over their columns; gives the middle of each column."""
    width = (RIGHT - GRID) / max(len(compared), 5)
    places = [GRID + width * (at + 0.5) for at in range(len(compared))]
    for number, (x, each) in enumerate(zip(places, compared, strict=True), start=1):
        shown = frame.words.number(number)
        paper.label(x, paper.y, shown, 8.5, bold=each["own"], colour=SOFT, anchor="middle")
    paper.y += 6
    return places


def _winners(paper: Paper, frame: Frame, figure: Object, compared: Sequence[Object]) -> None:
    """Which of the projects that the rules differ on each of them funds."""
    words = frame.words
    won = [frozenset(each["winners"]) for each in compared]
    differing = set(figure["differing"])
    rows = [project for project in figure["projects"] if project["id"] in differing]
    always = sum(all(project["id"] in winners for winners in won) for project in figure["projects"])
    _section(paper, words.count("chart.comparison.differ", len(rows)))
    if rows:
        places = _columns(paper, frame, compared)
        compact = len(rows) >= COMPACT_FROM
        for index, project in enumerate(rows[:MOST_ROWS]):
            if index:
                hairline(paper)
            _project(paper, frame, project, list(zip(places, won, compared, strict=True)), compact)
    for count, key in (
        (len(rows) - MOST_ROWS, "chart.more"),
        (always if won else 0, "chart.comparison.always"),
    ):
        if count > 0:
            paper.y += 5
            paper.paragraph(words.count(key, count), 9, colour=SOFT)


def _project(
    paper: Paper,
    frame: Frame,
    project: Object,
    columns: Sequence[tuple[float, frozenset[str], Object]],
    compact: bool,
) -> None:
    size = 8.5 if compact else 9
    lines = paper.wrap(
        frame.text(project["title"]), GRID - MARGIN - 14, size, lines=1 if compact else 2
    )
    height = len(lines) * size * 1.3 + (5 if compact else 9)
    middle = paper.y + height / 2
    first = middle - (len(lines) - 1) * size * 1.3 / 2 + size * 0.35
    for line, text in enumerate(lines):
        paper.label(MARGIN, first + line * size * 1.3, text, size)
    for x, winners, each in columns:
        if project["id"] in winners:
            fill, colour = ("won", WON) if each["own"] else ("lost", INK)
            paper.bar(x - 9, middle - 4.5, 7, 9, fill)
            paper.label(x + 5, middle + 3, "✓", 8.5, bold=True, colour=colour, anchor="middle")
        else:
            paper.label(x, middle + 3, "–", 8.5, colour=SOFT, anchor="middle")
    paper.y += height


def _shares(paper: Paper, frame: Frame, compared: Sequence[Object], field: str) -> None:
    """The share of the budget that goes to each category, or district."""
    words = frame.words
    shares: list[dict[str, Any]] = [each[f"by_{field}"] for each in compared]
    names = list(shares[0]) if shares else []
    if not names:
        return
    names.sort(key=lambda name: (-Fraction(shares[0][name]), name))
    _section(paper, words.say(f"chart.comparison.{field}"))
    places = _columns(paper, frame, compared)
    wide = (RIGHT - GRID) / max(len(compared), 5) - 8
    largest = max(Fraction(share[name]) for share in shares for name in names) or Fraction(1)
    for index, name in enumerate(names[:MOST_ROWS]):
        if index:
            hairline(paper)
        line = paper.wrap(name, GRID - MARGIN - 14, 9, lines=1)[0]
        paper.label(MARGIN, paper.y + 15, line, 9)
        for x, share, each in zip(places, shares, compared, strict=True):
            part = Fraction(share[name])
            told = words.percent(part)
            paper.label(x, paper.y + 11, told, 7, bold=each["own"], anchor="middle")
            paper.stroke(x - wide / 2, paper.y + 20, x + wide / 2, paper.y + 20, colour=FAINT)
            length = wide * float(part / largest)
            paper.bar(x - wide / 2, paper.y + 14, length, 6, "won" if each["own"] else "lost")
        paper.y += 24
    if len(names) > MOST_ROWS:
        paper.paragraph(words.count("chart.more", len(names) - MOST_ROWS), 9, colour=SOFT)
