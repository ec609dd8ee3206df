"""The chart of Equal Shares: who paid for each project, and what the supporters of others had left.

A funded project's bar is its supporters: those who paid the price in full, those who gave what they
had left, those who had nothing left. The bar of a project that was not bought is its cost, filled
as far as its supporters' money went.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from audit.sheet import INK, MARGIN, SOFT, Paper, Sheet, ticks
from audit.sheet_frame import COMPACT_FROM, MOST_ROWS, RIGHT, Frame, Object, hairline
from audit.sheet_row import BARS, BARS_END, COST_END, TITLE, axis, grid, project_head


def payments_sheet(figure: Object, frame: Frame) -> Sheet:
    """Lay out ``payments-<contest>.json``."""
    words = frame.words
    title, shows = frame.text(figure["title"]), words.say("chart.payments")
    paper = frame.begin(title, shows, _facts(figure, frame))
    bought, lacking = figure["bought"], figure["lacking"]
    filled = [project for project in figure["filled"] if project["won"]]
    legend = [("won", "in_full"), ("part", "in_part"), ("rest", "nothing_left")] if bought else []
    if lacking:
        legend += [("lost", "money_left"), ("track", "missing")]
    frame.legend(paper, [(fill, words.say(f"legend.{key}")) for fill, key in legend])
    compact = len(bought) + len(filled) + len(lacking) >= COMPACT_FROM
    room = MOST_ROWS
    if bought:
        _bought(paper, frame, figure, bought[:room], compact=compact)
        room -= len(bought[:room])
    else:
        paper.paragraph(words.say("chart.payments.none"), 9.5)
        paper.y += 10
    if filled:
        _section(paper, words.say("chart.payments.filled"))
        for index, project in enumerate(filled[:room]):
            _begin(paper, index)
            project_head(paper, frame, project, won=True, compact=compact)
        room -= len(filled[:room])
    if lacking and room:
        _lacking(paper, frame, lacking[:room], compact=compact)
        room -= len(lacking[:room])
    more = len(bought) + len(filled) + len(lacking) - (MOST_ROWS - room)
    for count, key in (
        (more, "chart.more"),
        (len(figure["filled"]) - len(filled), "chart.payments.passed"),
    ):
        if count:
            paper.y += 6
            paper.paragraph(words.count(key, count), 9, colour=SOFT)
    return frame.end(paper, f"{title} – {shows}", figure)


def _facts(figure: Object, frame: Frame) -> list[str]:
    words = frame.words
    facts = [words.count("fact.expressed", figure["expressed"])]
    start = Fraction(figure["start"])
    key = "fact.start" if start.denominator == 1 else "fact.start_about"
    facts.append(words.say(key, start=words.money(int(start))))
    if figure["prefer"] is not None:
        facts.append(words.say("fact.prefer", **figure["prefer"]))
    return facts


def _section(paper: Paper, heading: str) -> None:
    paper.y += 12
    paper.stroke(MARGIN, paper.y, RIGHT, paper.y, colour=INK, weight=0.9)
    paper.paragraph(heading, 10, bold=True, lines=2)
    paper.y += 16


def _begin(paper: Paper, index: int) -> None:
    if index:
        hairline(paper)


def _bought(
    paper: Paper, frame: Frame, figure: Object, shown: Sequence[Object], *, compact: bool
) -> None:
    words = frame.words
    per = "price_mark" if figure["utility"] in ("points", "ranks") else "price"
    paper.label(TITLE, paper.y, words.say("head.project_step"), 8.5, colour=SOFT)
    paper.label(COST_END, paper.y, words.say("head.cost"), 8.5, colour=SOFT, anchor="end")
    paper.label(BARS, paper.y, words.say("head.supporters"), 8.5, colour=SOFT)
    paper.label(RIGHT, paper.y, words.say(f"head.{per}"), 8.5, colour=SOFT, anchor="end")
    paper.y += 4
    scale = ticks(Fraction(max(project["votes"] for project in figure["bought"])))
    axis(paper, scale, words.number)
    top, rows_from = paper.y, len(paper.items)
    for index, project in enumerate(shown):
        _begin(paper, index)
        paid, share = project["paid_in_full"], ""
        if paid is not None:
            part = words.percent(Fraction(paid) / project["cost"])
            share = words.say("row.payers_share", share=part)
        told = words.say(
            "row.payers" if project["in_part"] else "row.payers_all",
            full=project["in_full"],
            part=project["in_part"],
            votes=project["votes"],
            share=share,
        )
        middle = project_head(paper, frame, project, won=True, compact=compact, told=told)
        bar, x = 8.0 if compact else 12.0, BARS
        nothing = project["votes"] - project["payers"]
        for count, fill in (
            (project["in_full"], "won"),
            (project["in_part"], "part"),
            (nothing, "rest"),
        ):
            length = (BARS_END - BARS) * count / scale[-1]
            paper.bar(x, middle - bar / 2, length, bar, fill)
            x += length
        size = 8.5 if compact else 9.5
        price = words.money(ceil(Fraction(project["price"])))
        paper.label(RIGHT, middle + size * 0.35, price, size, bold=True, anchor="end")
    grid(paper, scale, top, rows_from)
    axis(paper, scale, words.number)


def _lacking(paper: Paper, frame: Frame, shown: Sequence[Object], *, compact: bool) -> None:
    words = frame.words
    _section(paper, words.say("chart.payments.lacking"))
    paper.label(TITLE, paper.y, words.say("head.project_step"), 8.5, colour=SOFT)
    paper.label(COST_END, paper.y, words.say("head.cost"), 8.5, colour=SOFT, anchor="end")
    paper.label(BARS, paper.y, words.say("head.of_cost"), 8.5, colour=SOFT)
    paper.label(RIGHT, paper.y, words.say("head.money_left"), 8.5, colour=SOFT, anchor="end")
    paper.y += 8
    for index, project in enumerate(shown):
        _begin(paper, index)
        told = words.count("row.supporters", project["votes"])
        middle = project_head(paper, frame, project, won=False, compact=compact, told=told)
        bar, size = (8.0, 8.5) if compact else (12.0, 9.5)
        length = (BARS_END - BARS) * project["money"] / project["cost"]
        paper.bar(BARS, middle - bar / 2, BARS_END - BARS, bar, "track")
        paper.bar(BARS, middle - bar / 2, length, bar, "lost")
        money = words.money(project["money"])
        paper.label(RIGHT, middle + size * 0.35, money, size, anchor="end")
