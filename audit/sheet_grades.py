"""The chart of majority judgment: the shares of each grade, project by project, and the medians."""

from fractions import Fraction
from typing import Final

from audit.sheet import GROUND, INK, MARGIN, SOFT, WON, Paper, Sheet
from audit.sheet_frame import COMPACT_FROM, MOST_ROWS, RIGHT, Frame, Object, hairline

SHADES: Final = 7
"""So many fills ``grade-0`` (best) to ``grade-6`` (worst) there are in audit/charts.py."""
NUMBER_END: Final = MARGIN + 22.0
MARK: Final = NUMBER_END + 12.0
TITLE: Final = MARK + 12.0
TITLE_END: Final = 300.0
BARS: Final = 316.0
BARS_END: Final = 596.0
MEDIAN: Final = BARS_END + 12.0


def shade(grade: int, grades: int) -> str:
    """The fill of a grade: the whole range is used, whatever the number of grades.

    Of more than SHADES grades some neighbours look alike; only their outlines part them.
    """
    return f"grade-{grade * (SHADES - 1) // max(1, grades - 1)}"


def grades_sheet(figure: Object, frame: Frame) -> Sheet:
    """Lay out ``grades-<contest>.json``."""
    words, projects = frame.words, figure["projects"]
    title, shows = frame.text(figure["title"]), words.say("chart.grades")
    facts = [
        words.count("fact.expressed", figure["expressed"]),
        words.count("fact.blank", figure["blank"]),
        words.count("fact.spoiled", sum(figure["spoiled"].values())),
    ]
    paper = frame.begin(title, shows, facts)
    labels = [
        paper.wrap(frame.text(label), RIGHT - MARGIN - 48, 9, lines=1)[0]
        for label in figure["labels"]
    ]
    frame.legend(paper, [(shade(grade, len(labels)), label) for grade, label in enumerate(labels)])
    paper.label(TITLE, paper.y, words.say("head.project"), 8.5, colour=SOFT)
    paper.label(MEDIAN, paper.y, words.say("head.median"), 8.5, colour=SOFT)
    paper.y += 4
    _axis(paper, frame)
    top = paper.y
    compact = len(projects) >= COMPACT_FROM
    shown = projects[:MOST_ROWS]
    for index, project in enumerate(shown):
        if index:
            hairline(paper)
        _project(paper, frame, project, labels, figure["expressed"], compact=compact)
    middle = (BARS + BARS_END) / 2
    paper.stroke(middle, top - 2, middle, paper.y + 2, colour=GROUND, weight=3)
    paper.stroke(middle, top - 2, middle, paper.y + 2, colour=INK, weight=1.2, dashed=True)
    _axis(paper, frame)
    if len(projects) > len(shown):
        paper.y += 6
        paper.paragraph(words.count("chart.more", len(projects) - len(shown)), 9, colour=SOFT)
    return frame.end(paper, f"{title} – {shows}", figure)


def _axis(paper: Paper, frame: Frame) -> None:
    for part in (0, 1, 2):
        x = BARS + (BARS_END - BARS) * part / 2
        share = frame.words.percent(Fraction(part, 2))
        paper.label(x, paper.y + 10, share, 7.5, colour=SOFT, anchor="middle")
    paper.y += 14


def _project(
    paper: Paper, frame: Frame, project: Object, labels: list[str], ballots: int, *, compact: bool
) -> None:
    won, size = project["won"], 8.5 if compact else 9.5
    leading = size * 1.3
    lines = 1 if compact else 2
    titled = paper.wrap(
        frame.text(project["title"]), TITLE_END - TITLE, size, bold=won, lines=lines
    )
    graded = (
        []
        if project["median"] is None
        else paper.wrap(labels[project["median"]], RIGHT - MEDIAN, size, bold=won, lines=lines)
    )
    height = max(len(titled), len(graded), 1) * leading + (5 if compact else 10)
    middle, bar = paper.y + height / 2, 8 if compact else 12
    first = middle - (len(titled) - 1) * leading / 2 + size * 0.35
    place = frame.words.number(project["position"])
    paper.label(NUMBER_END, first, place, size - 1, colour=SOFT, anchor="end")
    if won:
        paper.label(MARK, first, "✓", size, bold=True, colour=WON, anchor="middle")
    for line, text in enumerate(titled):
        paper.label(TITLE, first + line * leading, text, size, bold=won)
    below = middle - (len(graded) - 1) * leading / 2 + size * 0.35
    for line, text in enumerate(graded):
        paper.label(MEDIAN, below + line * leading, text, size, bold=won)
    x = BARS
    for grade, count in enumerate(project["grades"]):
        length = (BARS_END - BARS) * count / ballots if ballots else 0.0
        paper.bar(x, middle - bar / 2, length, bar, shade(grade, len(labels)))
        x += length
    paper.y += height
