"""The exact numbers behind each chart: results in, canonical JSON out.

A figure is normative: the verifier makes it again from its own recount and compares bytes, so
these files use the standard library alone and hold integers and rationals, never a float. What is
drawn from a figure (audit/charts.py) is not normative.

Source: docs/formats.md section 12.
"""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Final

from audit.figure import FigureInvalid, Object, ballots_of, figure_head
from audit.figures_choice import choice
from audit.figures_envelope import filling, votes
from audit.figures_grades import grades
from audit.figures_loads import loads
from audit.figures_payments import payments
from tally.canonical import Value, encode
from tally.election import Election, Envelope, Question, Text

OWN: Final[
    Mapping[str, tuple[str, Callable[[Election, Envelope, str, Object], dict[str, Value]]]]
] = {
    "equal-shares": ("payments", payments),
    "knapsack-optimum": ("choice", choice),
    "majority-judgment": ("grades", grades),
    "phragmen": ("loads", loads),
}
"""The third figure of an envelope whose rule has one: what it is called and what makes it."""


def figures(election: Election, results: Object) -> Iterator[tuple[str, bytes]]:
    """Every figure of a publication: (path ``figures/<name>.json``, canonical bytes).

    ``results`` is the value of results.json. Turnout first, then two figures an envelope and that
    of its rule (``OWN``), and one a question, in the definition's order.
    Raises FigureInvalid.
    """
    yield "figures/turnout.json", encode(turnout(election, results))
    contests = {result["contest"]: result for result in results["contests"]}
    if len(contests) != len(results["contests"]) or list(contests) != [
        contest.id for contest in election.contests
    ]:
        raise FigureInvalid("results.contests: not the contests of the election, in its order")
    for contest in election.contests:
        result = contests[contest.id]
        if isinstance(contest, Question):
            figure = question(election, contest, results["election"], result)
            yield f"figures/question-{contest.id}.json", encode(figure)
        else:
            figure = votes(election, contest, results["election"], result)
            yield f"figures/votes-{contest.id}.json", encode(figure)
            figure = filling(election, contest, results["election"], result)
            yield f"figures/filling-{contest.id}.json", encode(figure)
            if contest.rule.name in OWN:
                name, of_rule = OWN[contest.rule.name]
                figure = of_rule(election, contest, results["election"], result)
                yield f"figures/{name}-{contest.id}.json", encode(figure)


def question(
    election: Election, contest: Question, election_hash: str, result: Object
) -> dict[str, Value]:
    """The options of a question in ballot order, and the share one needs to be adopted."""
    rows = {row["id"]: row for row in result["options"]}
    if list(rows) != [option.id for option in contest.options]:
        raise FigureInvalid(f"results: contest {contest.id!r}: not the options of the question")
    ballots = ballots_of(contest, result)
    if sum(row["votes"] for row in rows.values()) != result["expressed"]:
        raise FigureInvalid(
            f"results: contest {contest.id!r}: the votes of the options are not the "
            f"{result['expressed']} expressed ballots"
        )
    return {
        **figure_head("question", election, contest, election_hash),
        **ballots,
        "reason": result["reason"],
        "threshold": result["threshold"],
        "strict": result["strict"],
        "of": result["of"],
        "base": result["ballots" if result["of"] == "cast" else "expressed"],
        "needed": result["needed"],
        "quorum": result["quorum"],
        "adopted": result["adopted"],
        "options": [
            {
                "id": option.id,
                "title": option.title.to_value(),
                "votes": rows[option.id]["votes"],
                "share": rows[option.id]["share"],
                "won": rows[option.id]["won"],
            }
            for option in contest.options
        ],
    }


def turnout(election: Election, results: Object) -> dict[str, Value]:
    """Who could vote and did, per style, and what was blank or spoiled, per style and contest."""
    rows = {row["style"]: row for row in results["styles"]}
    if list(rows) != [style.id for style in election.styles]:
        raise FigureInvalid("results.styles: not the styles of the election, in its order")
    styles = [_turnout(rows[style.id], style.id, style.title) for style in election.styles]
    summed = {
        key: sum(row[key] for row in results["styles"])
        for key in ("roll", "counted", "superseded", "equivocations", "blank")
    }
    spoiled: dict[str, int] = {}
    for row in results["styles"]:
        for reason, count in row["spoiled"].items():
            spoiled[reason] = spoiled.get(reason, 0) + count
    total = _turnout({**summed, "spoiled": spoiled}, None, None)
    return {
        "type": "figure",
        "version": 1,
        "figure": "turnout",
        "election": results["election"],
        "title": election.title.to_value(),
        "styles": styles,
        "total": total,
        "contests": [
            {
                "contest": contest.id,
                "title": contest.title.to_value(),
                **ballots_of(contest, result),
            }
            for contest, result in zip(election.contests, results["contests"], strict=True)
        ],
    }


def _turnout(row: Object, style: str | None, title: Text | None) -> dict[str, Value]:
    counted, roll = row["counted"], row["roll"]
    filled = counted - row["blank"] - sum(row["spoiled"].values())
    if not 0 <= counted <= roll or filled < 0:
        raise FigureInvalid(
            f"results.styles: {style or 'total'}: {counted} ballots of {roll} people on the roll, "
            f"of which {filled} are neither blank nor spoiled"
        )
    named = {} if title is None else {"style": style, "title": title.to_value()}
    return {
        **named,
        "roll": roll,
        "counted": counted,
        "turnout": str(Fraction(counted, roll)) if roll else None,
        "filled": filled,
        "blank": row["blank"],
        "spoiled": dict(row["spoiled"]),
        "superseded": row["superseded"],
        "equivocations": row["equivocations"],
    }
