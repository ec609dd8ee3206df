"""The rows that charts of one rule share: step, mark, title and cost, then a bar on a scale."""

from collections.abc import Callable, Sequence
from typing import Final

from audit.sheet import FAINT, INK, MARGIN, SOFT, WON, Paper
from audit.sheet_frame import Frame, Object

NUMBER_END: Final = MARGIN + 22.0
MARK: Final = NUMBER_END + 12.0
TITLE: Final = MARK + 12.0
COST_END: Final = 402.0
BARS: Final = 418.0
BARS_END: Final = 600.0


def project_head(
    paper: Paper, frame: Frame, project: Object, *, won: bool, compact: bool, told: str = ""
) -> float:
    """Step, mark, title and cost of a row, and below what is ``told``; moves the paper on and
    gives the middle of the row."""
    words, size = frame.words, 8.5 if compact else 9.5
    leading = size * 1.3
    cost = words.money(project["cost"])
    width = COST_END - TITLE - paper.type.width(cost, size, won) - 12
    titled = paper.wrap(
        frame.text(project["title"]), width, size, bold=won, lines=1 if compact else 2
    )
    below = [] if compact or not told else paper.wrap(told, COST_END - TITLE, 8, lines=2)
    height = len(titled) * leading + len(below) * 11 + (5 if compact else 10)
    middle = paper.y + height / 2
    first = middle - ((len(titled) - 1) * leading + len(below) * 11) / 2 + size * 0.35
    number = words.number(project["step"])
    paper.label(NUMBER_END, first, number, size - 1, colour=SOFT, anchor="end")
    if won:
        paper.label(MARK, first, "✓", size, bold=True, colour=WON, anchor="middle")
    for line, text in enumerate(titled):
        paper.label(TITLE, first + line * leading, text, size, bold=won)
    for line, text in enumerate(below):
        paper.label(TITLE, first + len(titled) * leading + line * 11 - 1, text, 8, colour=SOFT)
    colour = INK if won else SOFT
    paper.label(COST_END, first, cost, size, bold=won, colour=colour, anchor="end")
    paper.y += height
    return middle


def axis(paper: Paper, scale: Sequence[int], spell: Callable[[int], str]) -> None:
    """The numbers of the scale, in one line; ``spell`` writes one."""
    for tick in scale:
        x = BARS + (BARS_END - BARS) * tick / scale[-1]
        paper.label(x, paper.y + 10, spell(tick), 7.5, colour=SOFT, anchor="middle")
    paper.y += 14


def grid(paper: Paper, scale: Sequence[int], top: float, at: int) -> None:
    """Upright hairlines from ``top`` down, put behind the items from place ``at`` on."""
    drawn = len(paper.items)
    for tick in scale:
        x = BARS + (BARS_END - BARS) * tick / scale[-1]
        paper.stroke(x, top, x, paper.y, colour=FAINT, weight=0.5)
    paper.items[at:] = paper.items[drawn:] + paper.items[at:drawn]
