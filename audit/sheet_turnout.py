"""The chart of turnout: who voted, and how many ballots were blank or spoiled."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from audit.sheet import FAINT, MARGIN, SOFT, Paper, Sheet
from audit.sheet_frame import RIGHT, Frame, Object, hairline

NAME_END: Final = 300.0
BARS: Final = 316.0
BARS_END: Final = 560.0
CEILINGS: Final = (Fraction(1, 20), Fraction(1, 10), Fraction(1, 4), Fraction(1, 2), Fraction(1))


def turnout_sheet(figure: Object, frame: Frame) -> Sheet:
    """Lay out ``turnout.json``."""
    words, total = frame.words, figure["total"]
    title = words.say("chart.turnout")
    facts = [words.count("fact.counted", total["counted"])]
    if total["turnout"] is not None:
        share = words.percent(Fraction(total["turnout"]))
        facts.append(words.count("fact.turnout", total["roll"], share=share))
    facts.append(words.count("fact.blank", total["blank"]))
    facts.append(words.count("fact.spoiled", sum(total["spoiled"].values())))
    paper = frame.begin(title, words.say("chart.turnout.shows"), facts)
    _turnout(paper, frame, figure)
    paper.y += 24
    _empty(paper, frame, figure)
    return frame.end(paper, f"{title} – {frame.occasion.election}", figure)


def _ceiling(shares: Sequence[Fraction]) -> Fraction:
    """The first round share that all of ``shares`` stay within, so that small ones can be seen."""
    largest = max(shares, default=Fraction(0))
    return next(ceiling for ceiling in CEILINGS if largest <= ceiling)


def _section(paper: Paper, frame: Frame, heading: str, ceiling: Fraction) -> None:
    paper.paragraph(heading, 11.5, bold=True)
    paper.y += 16
    for part in range(6):
        x = BARS + (BARS_END - BARS) * part / 5
        share = frame.words.percent(ceiling * part / 5)
        paper.label(x, paper.y, share, 7.5, colour=SOFT, anchor="middle")
    paper.y += 5


def _grid(paper: Paper, top: float, at: int) -> None:
    drawn = len(paper.items)
    for part in range(6):
        x = BARS + (BARS_END - BARS) * part / 5
        paper.stroke(x, top, x, paper.y, colour=FAINT, weight=0.5)
    paper.items[at:] = paper.items[drawn:] + paper.items[at:drawn]


def _name(paper: Paper, name: str, *, bold: bool) -> tuple[float, float]:
    """Put the name of a row; the height of the row and its middle."""
    lines = paper.wrap(name, NAME_END - MARGIN, 9.5, bold=bold, lines=2)
    height = len(lines) * 12.5 + 11
    middle = paper.y + height / 2
    first = middle - (len(lines) - 1) * 6.25 + 3.4
    for line, text in enumerate(lines):
        paper.label(MARGIN, first + line * 12.5, text, 9.5, bold=bold)
    return height, middle


def _turnout(paper: Paper, frame: Frame, figure: Object) -> None:
    words = frame.words
    rows = figure["styles"] if len(figure["styles"]) > 1 else []
    ceiling = _ceiling([Fraction(row["turnout"] or 0) for row in [*rows, figure["total"]]])
    _section(paper, frame, words.say("chart.turnout.section"), ceiling)
    top, at = paper.y, len(paper.items)
    for row in [*rows, figure["total"]]:
        whole = row is figure["total"]
        name = words.say("row.everybody") if whole else frame.text(row["title"])
        if row is not (rows or [row])[0]:
            hairline(paper)
        height, middle = _name(paper, name, bold=whole)
        share = Fraction(row["turnout"] or 0)
        paper.bar(BARS, middle - 6, float(share / ceiling) * (BARS_END - BARS), 12, "won")
        told = "–" if row["turnout"] is None else words.percent(share)
        paper.label(BARS_END + 14, middle + 3.4, told, 9.5, bold=True)
        counts = words.say("row.turnout", counted=row["counted"], roll=row["roll"])
        paper.label(RIGHT, middle + 3.4, counts, 8.5, colour=SOFT, anchor="end")
        paper.y += height
    _grid(paper, top, at)


def _empty(paper: Paper, frame: Frame, figure: Object) -> None:
    """Blank and spoiled ballots: whole ballots per style, then parts per contest."""
    words = frame.words
    styles = figure["styles"] if len(figure["styles"]) > 1 else []
    rows = [(frame.text(row["title"]), row["counted"], row) for row in styles]
    rows.append((words.say("row.everybody"), figure["total"]["counted"], figure["total"]))
    contests = [(frame.text(row["title"]), row["ballots"], row) for row in figure["contests"]]
    shares = [
        Fraction(row["blank"] + sum(row["spoiled"].values()), ballots)
        for _, ballots, row in [*rows, *contests]
        if ballots
    ]
    ceiling = _ceiling(shares)
    for heading, listed in (("whole", rows), ("contest", contests)):
        _section(paper, frame, words.say(f"chart.empty.{heading}"), ceiling)
        top, at = paper.y, len(paper.items)
        for index, (name, ballots, row) in enumerate(listed):
            if index:
                hairline(paper)
            height, middle = _name(paper, name, bold=row is figure["total"])
            spoiled = sum(row["spoiled"].values())
            x = BARS
            for count, fill in ((row["blank"], "blank"), (spoiled, "spoiled")):
                width = float(Fraction(count, ballots or 1) / ceiling) * (BARS_END - BARS)
                paper.bar(x, middle - 6, width, 12, fill)
                x += width
            told = words.count("fact.blank", row["blank"]) + ", "
            told += words.count("fact.spoiled", spoiled)
            paper.label(BARS_END + 14, middle + 3.4, told, 8.5)
            of = words.count("row.of", ballots)
            paper.label(RIGHT, middle + 3.4, of, 8.5, colour=SOFT, anchor="end")
            paper.y += height
        _grid(paper, top, at)
        paper.y += 18
    paper.y -= 8
    frame.legend(
        paper, [("blank", words.say("legend.blank")), ("spoiled", words.say("legend.spoiled"))]
    )
    paper.y -= 20
