"""The figure of an envelope counted by sequential Phragmén: what each ballot carries, turn by turn.

Source: docs/rules.md, "phragmen": the details of its steps.
"""

import re
from fractions import Fraction
from typing import Final

from audit.figure import FigureInvalid, Object, ballots_of, figure_head
from tally.canonical import Value
from tally.election import Election, Envelope

MILLION: Final = 10**6
"""Loads are given to six decimals, rounded down."""
_LOAD: Final = re.compile(r"(?:0|[1-9][0-9]{0,30})\.[0-9]{6}", re.ASCII)


def loads(
    election: Election, envelope: Envelope, election_hash: str, result: Object
) -> dict[str, Value]:
    """The projects whose turn came or that stood behind a stop, by step, each with its load: what
    every ballot naming it carries then, or would have; ``own`` is this project's part of it.

    Raises FigureInvalid where the loads cannot be: falling, less than the project itself asks of
    its supporters, or more than all that was spent could have brought.
    """
    where = f"results: contest {envelope.id!r}"
    rows = {row["id"]: row for row in result["projects"]}
    projects = {project.id: project for project in envelope.projects}
    found: list[Value] = []
    least, spent = 0, 0
    for step in result["steps"]:
        if step["action"] == "exclude":
            continue
        at = f"{where}, step {step['step']}"
        if step["project"] not in projects:
            raise FigureInvalid(f"{at}: the envelope has no project {step['project']!r}")
        project = projects[step["project"]]
        votes, text = rows[project.id]["votes"], step["detail"].get("load")
        if not isinstance(text, str) or not _LOAD.fullmatch(text) or votes < 1:
            raise FigureInvalid(f"{at}: a load of {text!r} for {votes} ballots")
        load = int(text.replace(".", ""))
        own = Fraction(project.cost, votes)
        if load < least:
            raise FigureInvalid(f"{at}: {text} is less than the load at the turn before")
        if not int(own * MILLION) <= load <= Fraction(project.cost + spent, votes) * MILLION:
            raise FigureInvalid(
                f"{at}: {votes} ballots cannot carry {text} each for {project.cost} after {spent}"
            )
        found.append(
            {
                "step": step["step"],
                "id": project.id,
                "title": project.title.to_value(),
                "cost": project.cost,
                "votes": votes,
                "won": step["action"] == "fund",
                "reason": step["reason"],
                "load": text,
                "own": str(own),
            }
        )
        least = load
        spent += project.cost if step["action"] == "fund" else 0
    return {
        **figure_head("loads", election, envelope, election_hash),
        **ballots_of(envelope, result),
        "projects": found,
        "excluded": len(result["steps"]) - len(found),
    }
