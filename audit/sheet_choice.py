"""The chart of the knapsack optimum: score for the money, best first, and which are chosen.

A bar is a project's score for so much money. Taken in this order the money would end at the dashed
line; the optimum fills the envelope better where it takes one below in place of one above.
"""

from fractions import Fraction
from typing import Final

from audit.sheet import INK, MARGIN, SOFT, Paper, Sheet, ticks
from audit.sheet_frame import COMPACT_FROM, MOST_ROWS, RIGHT, Frame, Object, hairline
from audit.sheet_row import BARS, BARS_END, COST_END, TITLE, axis, grid, project_head
from audit.words import Words

LEAST: Final = 10
"""The money of a bar is so much that the project where the money ends has this score for it."""
TIMES: Final = 5
"""The scale reaches to so many times the score of that project; longer bars are cut."""
BEYOND: Final = BARS_END + 16.0


def last_rate(figure: Object) -> Fraction:
    """The score for the money of the project where the money ends, or of the best one."""
    rates = [
        Fraction(project["per_cost"])
        for project in figure["projects"]
        if project["contrary"] is not None
    ]
    if not rates:
        return Fraction(0)
    last = rates[min(figure["whole"], len(rates) - 1)]
    return last if last > 0 else max(rates[0], Fraction(0))


def money_of_bars(rate: Fraction) -> int:
    """A power of ten of minor units: so much money each bar is for."""
    money = 1
    while 0 < rate * money < LEAST:
        money *= 10
    return money


def choice_sheet(figure: Object, frame: Frame) -> Sheet:
    """Lay out ``choice-<contest>.json``."""
    words, projects, measure = frame.words, figure["projects"], figure["measure"]
    title, shows = frame.text(figure["title"]), words.say(f"chart.choice.{measure}")
    won = sum(project["won"] for project in projects)
    facts = [
        words.count("fact.funded", won, of=len(projects) + figure["excluded"]),
        words.say(
            "fact.spent", spent=words.money(figure["spent"]), budget=words.money(figure["budget"])
        ),
        words.say(f"fact.total.{measure}", total=figure["total"], bound=figure["bound"]),
    ]
    paper = frame.begin(title, shows, facts)
    frame.legend(paper, [("won", words.say("legend.won")), ("lost", words.say("legend.lost"))])
    rate = last_rate(figure)
    money = money_of_bars(rate)
    compact = len(projects) >= COMPACT_FROM
    paper.label(TITLE, paper.y, words.say("head.project"), 8.5, colour=SOFT)
    paper.label(COST_END, paper.y, words.say("head.cost"), 8.5, colour=SOFT, anchor="end")
    each = words.say(f"head.{measure}_for", money=words.money(money))
    paper.label(BARS, paper.y, each, 8.5, colour=SOFT)
    paper.y += 4
    best = max((Fraction(project["per_cost"]) for project in projects), default=Fraction(0))
    scale = ticks(max(Fraction(0), min(best, TIMES * rate)) * money)
    axis(paper, scale, words.number)
    top, rows_from = paper.y, len(paper.items)
    competing = [project["id"] for project in projects if project["contrary"] is not None]
    end = competing[figure["whole"]] if figure["whole"] < len(competing) else None
    for index, project in enumerate(projects[:MOST_ROWS]):
        if project["id"] == end:
            _end_of_money(paper, words)
        elif index:
            hairline(paper)
        _project(paper, frame, figure, project, money, scale[-1], compact=compact)
    grid(paper, scale, top, rows_from)
    axis(paper, scale, words.number)
    for count, key in (
        (len(projects) - MOST_ROWS, "chart.more"),
        (figure["excluded"], "chart.excluded"),
    ):
        if count > 0:
            paper.y += 6
            paper.paragraph(words.count(key, count), 9, colour=SOFT)
    return frame.end(paper, f"{title} – {shows}", figure)


def _project(
    paper: Paper,
    frame: Frame,
    figure: Object,
    project: Object,
    money: int,
    whole: int,
    *,
    compact: bool,
) -> None:
    words, won = frame.words, project["won"]
    numbered = {**project, "step": project["position"]}
    told = choice_words(figure, project, words)
    middle = project_head(paper, frame, numbered, won=won, compact=compact, told=told)
    worth = Fraction(project["per_cost"]) * money
    bar, size = (8.0, 8.5) if compact else (12.0, 9.5)
    end = min(BARS + (BARS_END - BARS) * float(max(worth, Fraction(0)) / whole), BEYOND)
    paper.bar(BARS, middle - bar / 2, end - BARS, bar, "won" if won else "lost")
    if end == BEYOND:
        paper.label(BEYOND + 3, middle + 3, "›", 10, bold=True)
    number = words.decimal(worth)
    paper.label(RIGHT, middle + size * 0.35, number, size, bold=won, anchor="end")


def choice_words(figure: Object, project: Object, words: Words) -> str:
    """The score of a project, and what the other decision on it would have cost."""
    score = words.rational(project["score"])
    told = words.say(f"row.of_{figure['measure']}", number=score)
    if project["contrary"] is None:
        return f"{told} · {words.known('reason', project['reason'])}"
    fewer = figure["total"] - project["contrary"]
    key = "without" if project["won"] else "with"
    return f"{told} · " + words.say(f"row.{key}" if fewer else f"row.{key}_equal", fewer=fewer)


def _end_of_money(paper: Paper, words: Words) -> None:
    told = words.say("chart.choice.end")
    paper.y += 11
    length = paper.type.width(told, 8.5, bold=True)
    paper.stroke(MARGIN, paper.y, MARGIN + 12, paper.y, colour=INK, weight=1.3, dashed=True)
    paper.label(MARGIN + 18, paper.y + 3, told, 8.5, bold=True)
    start = MARGIN + 24 + length
    paper.stroke(start, paper.y, RIGHT, paper.y, colour=INK, weight=1.3, dashed=True)
    paper.y += 11
