"""The two figures of an envelope: its projects in order, and how its money went."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from audit.figure import FigureInvalid, Object, ballots_of, figure_head
from tally.canonical import Value
from tally.election import Election, Envelope, Grades, Project


def votes(
    election: Election, envelope: Envelope, election_hash: str, result: Object
) -> dict[str, Value]:
    """Projects in the rule's order, with what they got, and where the winners end.

    ``last_won`` is the position of the last winner: nothing below it is funded. ``first_lost`` is
    the position of the first project that is not funded; between the two both kinds stand.
    """
    rows = _rows(envelope, result)
    measured = "votes" if all(row["score"] == str(row["votes"]) for _, row in rows) else "score"
    field = _group_field(envelope)
    return {
        **figure_head("votes", election, envelope, election_hash),
        **_money(envelope, result),
        **ballots_of(envelope, result),
        "measure": measured,
        # Only of grades: the score is no sum of points, and must not be called so.
        **({"unit": "gauge"} if isinstance(envelope.form, Grades) else {}),
        "minimums": _minimums(envelope, result),
        "group": field,
        "winners": len(result["winners"]),
        "first_lost": next((row["position"] for _, row in rows if not row["won"]), None),
        "last_won": next((row["position"] for _, row in reversed(rows) if row["won"]), None),
        "projects": [
            {
                "position": row["position"],
                "id": project.id,
                "title": project.title.to_value(),
                "groups": _groups(project, field),
                "invented": project.invented,
                "cost": project.cost,
                "funded": row["funded"],
                "votes": row["votes"],
                "score": row["score"],
                "won": row["won"],
                "reason": row["reason"],
                "step": row["step"],
            }
            for project, row in rows
        ],
    }


def filling(
    election: Election, envelope: Envelope, election_hash: str, result: Object
) -> dict[str, Value]:
    """The steps of the count: what each took from the envelope, or why it took nothing.

    ``paid`` comes from the envelope, ``added`` from outside it; the ``paid`` of all steps is
    ``spent``. ``unseen`` are the projects no step looked at.
    """
    projects = {project.id: project for project in envelope.projects}
    rows = _rows(envelope, result)
    steps: list[Value] = []
    seen: set[str] = set()
    left = envelope.budget
    for number, step in enumerate(result["steps"], start=1):
        where = f"results: contest {envelope.id!r}, step {number}"
        if step["step"] != number or step["left_before"] != left:
            raise FigureInvalid(f"{where}: does not follow the step before it")
        left = step["left_after"]
        if left < 0 or left > step["left_before"]:
            raise FigureInvalid(f"{where}: {left} left of {step['left_before']}")
        project = None if step["project"] is None else projects.get(step["project"])
        if project is None and step["project"] is not None:
            raise FigureInvalid(f"{where}: the envelope has no project {step['project']!r}")
        if project is not None:
            seen.add(project.id)
        detail: Object = step.get("detail", {})
        steps.append(
            {
                "step": number,
                "project": step["project"],
                "title": None if project is None else project.title.to_value(),
                "cost": None if project is None else project.cost,
                "action": step["action"],
                "reason": step["reason"],
                "left_before": step["left_before"],
                "left_after": left,
                "paid": step["left_before"] - left,
                "added": detail.get("added", 0),
                "detail": dict(detail),
            }
        )
    if left != result["left"]:
        raise FigureInvalid(f"results: contest {envelope.id!r}: the steps leave {left}")
    return {
        **figure_head("filling", election, envelope, election_hash),
        **_money(envelope, result),
        "steps": steps,
        "unseen": [
            {
                "id": project.id,
                "title": project.title.to_value(),
                "cost": project.cost,
                "reason": row["reason"],
            }
            for project, row in rows
            if project.id not in seen
        ],
    }


def _money(envelope: Envelope, result: Object) -> dict[str, Value]:
    funded = sum(row["funded"] for row in result["projects"])
    if result["budget"] != envelope.budget or result["spent"] + result["left"] != envelope.budget:
        raise FigureInvalid(f"results: contest {envelope.id!r}: spent and left are not the budget")
    if result["added"] < 0 or funded != result["spent"] + result["added"]:
        raise FigureInvalid(
            f"results: contest {envelope.id!r}: the projects get {funded}, which is not what is "
            "spent and added"
        )
    return {
        "budget": envelope.budget,
        "spent": result["spent"],
        "left": result["left"],
        "added": result["added"],
    }


def _rows(envelope: Envelope, result: Object) -> Sequence[tuple[Project, Object]]:
    """Each project with its row of the results, in the rule's order."""
    rows = result["projects"]
    if [row["id"] for row in rows] != [project.id for project in envelope.projects]:
        raise FigureInvalid(f"results: contest {envelope.id!r}: not the projects of the envelope")
    won = {row["id"] for row in rows if row["won"]}
    if won != set(result["winners"]) or len(won) != len(result["winners"]):
        raise FigureInvalid(f"results: contest {envelope.id!r}: winners are not those that won")
    paired = zip(envelope.projects, rows, strict=True)
    return sorted(paired, key=lambda pair: int(pair[1]["position"]))  # stable: ballot order


def _group_field(envelope: Envelope) -> str | None:
    """By what the rule keeps projects apart (``district`` or ``category``), if it does."""
    parameters = envelope.rule.parameters
    for name in ("top_per", "minimum_per", "budget_per"):
        value = parameters.get(name)
        if isinstance(value, Mapping) and value.get("field") in ("district", "category"):
            return str(value["field"])
    return None


def _groups(project: Project, field: str | None) -> list[Value]:
    if field == "category":
        return list(project.category)
    return [project.district] if field == "district" else []


def _minimums(envelope: Envelope, result: Object) -> list[Value]:
    """The least votes or score that the rule asks of every project, as rationals."""
    parameters = envelope.rule.parameters
    base = result["ballots" if parameters.get("share_of") == "cast" else "expressed"]
    found: list[Value] = []
    for of in ("votes", "score"):
        number, share = parameters.get(f"minimum_{of}"), parameters.get(f"minimum_{of}_share")
        if isinstance(number, int):
            found.append({"of": of, "value": str(number)})
        if isinstance(share, str):
            found.append({"of": of, "value": str(Fraction(share) * base)})
    return found
