"""The chart of how an envelope fills: one row a step, each bar where the money stands by then.

A funded project's bar begins where the one before it ended. A project that did not fit is drawn
hatched from there, across the end of the envelope or of what was left for it. Runs of steps that
say the same are summed up in one row.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from audit.sheet import FAINT, INK, MARGIN, SOFT, WON, Paper, Sheet
from audit.sheet_frame import COMPACT_FROM, MOST_ROWS, RIGHT, Frame, Object, hairline
from audit.step_words import step_fields, step_phrase, step_words

NUMBER_END: Final = MARGIN + 22.0
MARK: Final = NUMBER_END + 12.0
TITLE: Final = MARK + 12.0
TITLE_END: Final = 372.0
BARS: Final = 388.0
BUDGET: Final = 664.0
PAYING: Final = frozenset({"fund", "top-up", "part-fund"})
MARKS: Final = {"stop": "■", "defer": "…"}
TOO_DEAR: Final = frozenset({"does-not-fit", "stopped", "sub-budget", "group-budget"})
"""Reasons that a bar shows: the cost against what was left."""
BRIEF: Final = frozenset(
    {"fits", "best-of-group", "group-share", "shares", "in-optimum", "preferred-optimum"}
)
"""Reasons of funded projects that the bar says well enough where rows are one line."""
LONGEST_RUN: Final = 3
SUMMED_FROM: Final = 41
"""From so many steps on, runs of projects that cost too much are summed up as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One or more steps that are drawn as one row; ``used`` is the money taken before them."""

    steps: tuple[Object, ...]
    used: int


def filling_sheet(figure: Object, frame: Frame) -> Sheet:
    """Lay out ``filling-<contest>.json``."""
    words = frame.words
    title, shows = frame.text(figure["title"]), words.say("chart.filling")
    facts = [
        words.say("fact.budget", budget=words.money(figure["budget"])),
        words.say("fact.spent_only", spent=words.money(figure["spent"])),
        words.say("fact.left", left=words.money(figure["left"])),
    ]
    if figure["added"]:
        facts.append(words.say("fact.added", added=words.money(figure["added"])))
    paper = frame.begin(title, shows, facts)
    legend = [("won", "won"), ("used", "used")]
    if any(step["reason"] in TOO_DEAR for step in figure["steps"]):
        legend.append(("misfit", "misfit"))
    if figure["added"]:
        legend.append(("added", "added"))
    frame.legend(paper, [(fill, words.say(f"legend.{key}")) for fill, key in legend])
    rows = _rows(figure)
    compact = len(rows) >= COMPACT_FROM
    _scale(paper, frame, figure)
    top, rows_from = paper.y, len(paper.items)
    for index, row in enumerate(rows[:MOST_ROWS]):
        if index:
            hairline(paper)
        _draw(paper, frame, figure, row, compact=compact)
    _edges(paper, top, rows_from)
    _scale(paper, frame, figure)
    for count, key in (
        (len(rows) - MOST_ROWS, "chart.more"),
        (len(figure["unseen"]), "chart.unseen"),
    ):
        if count > 0:
            paper.y += 6
            paper.paragraph(words.count(key, count), 9, colour=SOFT)
    return frame.end(paper, f"{title} – {shows}", figure)


def _rows(figure: Object) -> list[_Row]:
    """The steps with what was used before each; long runs of the same kind in one row."""
    steps = figure["steps"]
    summed: list[list[Object]] = []
    for step in steps:
        if summed and _kind(summed[-1][-1]) == _kind(step) is not None:
            summed[-1].append(step)
        else:
            summed.append([step])
    rows: list[_Row] = []
    for run in summed:
        bars = run[0]["reason"] in TOO_DEAR
        together = len(run) > LONGEST_RUN and (not bars or len(steps) >= SUMMED_FROM)
        parts = [tuple(run)] if together else [(step,) for step in run]
        rows += [_Row(steps=part, used=figure["budget"] - part[0]["left_before"]) for part in parts]
    return rows


def _kind(step: Object) -> tuple[object, ...] | None:
    """Steps of the same kind may share a row; None stands alone."""
    if step["action"] in PAYING or step["project"] is None or step["action"] == "stop":
        return None
    return step["action"], step["reason"], step["left_before"], step["detail"].get("group")


def _x(figure: Object, money: int) -> float:
    return BARS + (BUDGET - BARS) * float(Fraction(money, figure["budget"]))


def _scale(paper: Paper, frame: Frame, figure: Object) -> None:
    """Nothing and the whole envelope, above and below the rows."""
    paper.y += 10
    paper.label(BARS, paper.y, frame.words.money(0), 8, colour=SOFT)
    whole = frame.words.money(figure["budget"])
    paper.label(BUDGET, paper.y, whole, 8, bold=True, anchor="middle")
    paper.y += 6


def _edges(paper: Paper, top: float, at: int) -> None:
    """Where the envelope begins and its quarters, behind the rows; its end, before them."""
    drawn = len(paper.items)
    for quarter in range(4):
        x = BARS + (BUDGET - BARS) * quarter / 4
        paper.stroke(x, top, x, paper.y, colour=FAINT, weight=0.5)
    paper.items[at:] = paper.items[drawn:] + paper.items[at:drawn]
    paper.stroke(BUDGET, top, BUDGET, paper.y, colour=INK, weight=1.3)


def _draw(paper: Paper, frame: Frame, figure: Object, row: _Row, *, compact: bool) -> None:
    step, many = row.steps[0], len(row.steps) > 1
    won = step["action"] in PAYING
    size, leading = (8.5, 10.5) if compact else (9.5, 12.5)
    title, why = _words(frame, figure, row)
    why_width = 0.0
    if compact:
        if won and step["reason"] in BRIEF:
            why = frame.words.money(step["paid"])
        why = next(iter(paper.wrap(why, 190, 7.5, lines=1)), "")
        why_width = paper.type.width(why, 7.5) + 10
    lines = paper.wrap(
        title, TITLE_END - TITLE - why_width, size, bold=won, lines=1 if compact else 2
    )
    told = [] if compact else paper.wrap(why, TITLE_END - TITLE, 8, lines=2)
    height = len(lines) * leading + len(told) * 11 + (6 if compact else 10)
    block = (len(lines) - 1) * leading + len(told) * 11
    baseline = paper.y + height / 2 - block / 2 + size * 0.35
    number = frame.words.number(step["step"])
    if not many:
        paper.label(NUMBER_END, baseline, number, size - 1, colour=SOFT, anchor="end")
    mark = "✓" if won else MARKS.get(step["action"], "–")
    paper.label(MARK, baseline, mark, size, bold=won, colour=WON if won else SOFT, anchor="middle")
    for line, text in enumerate(lines):
        paper.label(TITLE, baseline + line * leading, text, size, bold=won)
    for line, text in enumerate(told):
        below = baseline + len(lines) * leading + line * 11 - 0.5
        paper.label(TITLE, below, text, 8, colour=SOFT)
    if compact:
        paper.label(TITLE_END, baseline, why, 7.5, colour=SOFT, anchor="end")
    thick = 8.0 if compact else 12.0
    _bars(paper, figure, row, paper.y + height / 2 - thick / 2, thick)
    paper.y += height


def _bars(paper: Paper, figure: Object, row: _Row, y: float, thick: float) -> None:
    step, used = row.steps[0], row.used
    start = _x(figure, used)
    paper.bar(BARS, y, start - BARS, thick, "used")
    if step["action"] in PAYING:
        end = _x(figure, used + step["paid"])
        paper.bar(start, y, max(end - start, 0.8), thick, "won")
        paper.bar(end, y, min(_x(figure, used + step["paid"] + step["added"]), RIGHT) - end,
                  thick, "added")  # fmt: skip
    elif step["reason"] in TOO_DEAR:
        cost = min(other["cost"] for other in row.steps)
        end = _x(figure, used + cost)
        paper.bar(start, y, max(min(end, RIGHT) - start, 0.8), thick, "misfit")
        if end > RIGHT:
            paper.label(RIGHT + 3, y + thick / 2 + 3, "›", 10, bold=True)


def _words(frame: Frame, figure: Object, row: _Row) -> tuple[str, str]:
    """What a row is called and, below, what happened in it."""
    words, step = frame.words, row.steps[0]
    if len(row.steps) == 1:
        return step_words(figure, step, words, frame.text)
    fields = step_fields(figure, step, words, frame.text)
    cheapest = min(other["cost"] for other in row.steps)
    title = words.count("row.many", len(row.steps))
    reason = step_phrase(words, "many", step["reason"])
    return title, reason.format(cheapest=words.money(cheapest), **fields)
