"""The chart of a question: votes and shares of its options, and the share one needs."""

from fractions import Fraction
from typing import Final

from audit.alt import verdict
from audit.sheet import FAINT, GROUND, INK, MARGIN, SOFT, WON, Paper, Sheet
from audit.sheet_frame import RIGHT, Frame, Object, hairline

TITLE: Final = MARGIN + 20.0
TITLE_END: Final = 300.0
BARS: Final = 316.0
BARS_END: Final = 600.0


def question_sheet(figure: Object, frame: Frame) -> Sheet:
    """Lay out ``question-<contest>.json``."""
    words = frame.words
    title, shows = frame.text(figure["title"]), words.say("chart.question")
    facts = [
        verdict(figure, words, frame.languages),
        words.count("fact.expressed", figure["expressed"]),
        words.count("fact.blank", figure["blank"]),
        words.count("fact.spoiled", sum(figure["spoiled"].values())),
    ]
    if figure["quorum"]:
        facts.append(words.say("fact.quorum", quorum=figure["quorum"]))
    paper = frame.begin(title, shows, facts)
    frame.legend(
        paper, [("won", words.say("legend.adopted")), ("lost", words.say("legend.not_adopted"))]
    )
    threshold = Fraction(figure["threshold"])
    _scale(paper, frame)
    top, at = paper.y, len(paper.items)
    for index, option in enumerate(figure["options"]):
        if index:
            hairline(paper)
        _option(paper, frame, option)
    bottom, drawn = paper.y, len(paper.items)
    for part in range(5):
        x = BARS + (BARS_END - BARS) * part / 4
        paper.stroke(x, top, x, bottom, colour=FAINT, weight=0.5)
    paper.items[at:] = paper.items[drawn:] + paper.items[at:drawn]
    x = BARS + (BARS_END - BARS) * float(threshold)
    paper.stroke(x, top - 2, x, bottom + 6, colour=GROUND, weight=3.4)
    paper.stroke(x, top - 2, x, bottom + 6, colour=INK, weight=1.4, dashed=True)
    needed = words.say(
        f"chart.threshold.{figure['of']}",
        reach=words.say("reach.strict" if figure["strict"] else "reach.least"),
        share=words.percent(threshold),
    )
    paper.y += 17
    half = paper.type.width(needed, 8.5, bold=True) / 2
    paper.label(min(x, RIGHT - half), paper.y, needed, 8.5, bold=True, anchor="middle")
    return frame.end(paper, f"{title} – {shows}", figure)


def _scale(paper: Paper, frame: Frame) -> None:
    paper.y += 10
    for part in range(5):
        x = BARS + (BARS_END - BARS) * part / 4
        share = frame.words.percent(Fraction(part, 4))
        paper.label(x, paper.y, share, 7.5, colour=SOFT, anchor="middle")
    paper.y += 5


def _option(paper: Paper, frame: Frame, option: Object) -> None:
    won, share = option["won"], Fraction(option["share"])
    lines = paper.wrap(frame.text(option["title"]), TITLE_END - TITLE, 10.5, bold=won, lines=3)
    height = len(lines) * 13.5 + 14
    middle = paper.y + height / 2
    first = middle - (len(lines) - 1) * 6.75 + 3.7
    if won:
        paper.label(MARGIN + 8, first, "✓", 10.5, bold=True, colour=WON, anchor="middle")
    for line, text in enumerate(lines):
        paper.label(TITLE, first + line * 13.5, text, 10.5, bold=won)
    length = float(share) * (BARS_END - BARS)
    paper.bar(BARS, middle - 7, length, 14, "won" if won else "lost")
    paper.label(RIGHT, middle + 3.6, frame.words.percent(share), 10.5, bold=True, anchor="end")
    votes = frame.words.count("row.votes", option["votes"])
    taken = paper.type.width(frame.words.percent(share), 10.5, bold=True)
    paper.label(RIGHT - taken - 8, middle + 3.6, votes, 8.5, colour=SOFT, anchor="end")
    paper.y += height
