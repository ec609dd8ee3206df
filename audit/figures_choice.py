"""The figure of an envelope counted by the knapsack optimum: score for the money, and the choice.

Source: docs/rules.md, "knapsack-optimum": the details of its steps and the fractional bound.
"""

from fractions import Fraction
from math import gcd
from typing import Any, Final

from audit.figure import FigureInvalid, Object, ballots_of, figure_head
from tally.canonical import Value
from tally.election import Election, Envelope, Project

_WON: Final = {True: "in-optimum", False: "preferred-optimum"}
_LOST: Final = {True: "not-in-optimum", False: "other-optimum"}


def choice(
    election: Election, envelope: Envelope, election_hash: str, result: Object
) -> dict[str, Value]:
    """The projects that competed, most score for the money first, with the best total that
    the opposite decision on each would have given (``contrary``).

    ``whole`` of them from the top fit the envelope together: there the money ends in this order,
    and ``bound`` is what the score would be with a share of the next one, rounded down.
    Raises FigureInvalid where total, bound or a reason do not follow.
    """
    where = f"results: contest {envelope.id!r}"
    rows = {row["id"]: row for row in result["projects"]}
    projects = {project.id: project for project in envelope.projects}
    steps = [step for step in result["steps"] if step["action"] != "exclude"]
    if not {step["project"] for step in steps} <= projects.keys():
        raise FigureInvalid(f"{where}: a step names no project of the envelope")
    said = {(step["detail"].get("total"), step["detail"].get("bound")) for step in steps}
    total, bound = next(iter(said)) if len(said) == 1 else (0, 0)
    won = sum((Fraction(rows[winner]["score"]) for winner in result["winners"]), Fraction(0))
    if len(said) > 1 or total != won:
        raise FigureInvalid(f"{where}: the winners have {won} together, its steps say {total}")
    chosen = [(projects[step["project"]], rows[step["project"]], step) for step in steps]
    chosen.sort(key=lambda each: (-Fraction(each[1]["score"]) / each[0].cost, each[1]["position"]))
    whole, ceiling = _taken(envelope.budget, chosen)
    if steps and not total <= bound == ceiling:
        raise FigureInvalid(f"{where}: a total of {total} under {bound}, the bound is {ceiling}")
    measured = (
        "votes" if all(row["score"] == str(row["votes"]) for row in rows.values()) else "score"
    )
    return {
        **figure_head("choice", election, envelope, election_hash),
        **ballots_of(envelope, result),
        "budget": envelope.budget,
        "spent": result["spent"],
        "left": result["left"],
        "measure": measured,
        "total": total,
        "bound": bound,
        "whole": whole,
        "excluded": len(result["steps"]) - len(steps),
        "projects": [
            {
                "step": step["step"],
                "position": row["position"],
                "id": project.id,
                "title": project.title.to_value(),
                "cost": project.cost,
                "votes": row["votes"],
                "score": row["score"],
                "per_cost": str(Fraction(row["score"]) / project.cost),
                "won": row["won"],
                "reason": step["reason"],
                "contrary": _contrary(step, row["won"], total, f"{where}, step {step['step']}"),
            }
            for project, row, step in chosen
        ],
    }


def _taken(budget: int, ordered: list[tuple[Project, Object, Any]]) -> tuple[int, int]:
    """How many from the top fit together, and the score with a share of the next one."""
    fitting = [(project.cost, Fraction(row["score"])) for project, row, _ in ordered
               if project.cost <= budget]  # fmt: skip
    unit = gcd(*(cost for cost, _ in fitting)) or 1
    left, score, whole = budget - budget % unit, Fraction(0), 0
    for cost, worth in fitting:
        if worth <= 0:
            break
        if cost > left:
            return whole, int(score + worth * left / cost)
        left -= cost
        score += worth
        whole += 1
    return whole, int(score)


def _contrary(step: Object, won: bool, total: int, at: str) -> int | None:
    """The best total with the other decision, None where there is none to be had."""
    contrary = step["detail"].get("contrary")
    if step["reason"] == "does-not-fit" and contrary is None and not won:
        return None
    if not isinstance(contrary, int) or contrary > total:
        raise FigureInvalid(f"{at}: a total of {contrary!r} against {total}")
    if contrary > step["detail"]["contrary_bound"]:
        raise FigureInvalid(f"{at}: a total of {contrary} above its bound")
    if step["reason"] != (_WON if won else _LOST)[contrary < total]:
        raise FigureInvalid(f"{at}: {step['reason']} with a total of {contrary} against {total}")
    return contrary
