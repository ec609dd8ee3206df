"""The chart of sequential Phragmén: the load of each project's ballots when its turn came.

A bar is what every ballot naming the project carries if it is funded: what these ballots carried
already, on average, and this project's own part. Turns come in the order of the loads.
"""

from fractions import Fraction
from typing import Final

from audit.sheet import SOFT, Paper, Sheet, ticks
from audit.sheet_frame import COMPACT_FROM, MOST_ROWS, RIGHT, Frame, Object, hairline
from audit.sheet_row import BARS, BARS_END, COST_END, TITLE, axis, grid, project_head

MOST_TICKS: Final = 4
BEYOND: Final = BARS_END + 16.0
"""Where a bar that is longer than the scale ends."""


def loads_sheet(figure: Object, frame: Frame) -> Sheet:
    """Lay out ``loads-<contest>.json``."""
    words, projects = frame.words, figure["projects"]
    title, shows = frame.text(figure["title"]), words.say("chart.loads")
    won = sum(project["won"] for project in projects)
    facts = [
        words.count("fact.funded", won, of=len(projects) + figure["excluded"]),
        words.count("fact.expressed", figure["expressed"]),
    ]
    paper = frame.begin(title, shows, facts)
    legend = [("used", "carried"), ("won", "own")]
    if won < len(projects):
        legend.append(("lost", "own_lost"))
    frame.legend(paper, [(fill, words.say(f"legend.{key}")) for fill, key in legend])
    compact = len(projects) >= COMPACT_FROM
    paper.label(TITLE, paper.y, words.say("head.project_step"), 8.5, colour=SOFT)
    paper.label(COST_END, paper.y, words.say("head.cost"), 8.5, colour=SOFT, anchor="end")
    paper.label(BARS, paper.y, words.say("head.load"), 8.5, colour=SOFT)
    paper.label(RIGHT, paper.y, words.say("head.per_ballot"), 8.5, colour=SOFT, anchor="end")
    paper.y += 4
    # One project that hardly anybody wants would make all other bars too short to be compared.
    to_show = [project for project in projects if project["won"]] or projects
    largest = max((Fraction(project["load"]) for project in to_show), default=Fraction(0))
    scale = ticks(largest, MOST_TICKS)
    axis(paper, scale, words.money)
    top, rows_from = paper.y, len(paper.items)
    for index, project in enumerate(projects[:MOST_ROWS]):
        if index:
            hairline(paper)
        _project(paper, frame, project, scale[-1], compact=compact)
    grid(paper, scale, top, rows_from)
    axis(paper, scale, words.money)
    for count, key in (
        (len(projects) - MOST_ROWS, "chart.more"),
        (figure["excluded"], "chart.excluded"),
    ):
        if count > 0:
            paper.y += 6
            paper.paragraph(words.count(key, count), 9, colour=SOFT)
    return frame.end(paper, f"{title} – {shows}", figure)


def _project(paper: Paper, frame: Frame, project: Object, whole: int, *, compact: bool) -> None:
    words, won = frame.words, project["won"]
    told = words.count("row.supporters", project["votes"])
    if not won:
        told += " · " + words.known("reason", project["reason"])
    middle = project_head(paper, frame, project, won=won, compact=compact, told=told)
    load, own = Fraction(project["load"]), Fraction(project["own"])
    bar, size = (8.0, 8.5) if compact else (12.0, 9.5)
    end = min(BARS + (BARS_END - BARS) * float(load / whole), BEYOND)
    own_from = min(BARS + (BARS_END - BARS) * float(max(load - own, Fraction(0)) / whole), end)
    paper.bar(BARS, middle - bar / 2, own_from - BARS, bar, "used")
    paper.bar(own_from, middle - bar / 2, end - own_from, bar, "won" if won else "lost")
    if end == BEYOND:
        paper.label(BEYOND + 3, middle + 3, "›", 10, bold=True)
    each = words.small_money(load)
    paper.label(RIGHT, middle + size * 0.35, each, size, bold=won, anchor="end")
