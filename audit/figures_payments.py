"""The figure of an envelope counted by Equal Shares: who paid for what, and what the others lacked.

Source: docs/rules.md, "equal-shares": the details of its steps.
"""

from fractions import Fraction
from typing import Any

from audit.figure import FigureInvalid, Object, ballots_of, figure_head
from tally.canonical import Value
from tally.election import Election, Envelope, Project


def payments(
    election: Election, envelope: Envelope, election_hash: str, result: Object
) -> dict[str, Value]:
    """The projects bought by their supporters, with how many paid how much; those funded from what
    was left; those whose supporters had too little, with what they had. Each in order of steps.

    Raises FigureInvalid where the payments cannot be: more payers than supporters, more money than
    the ballots have, or a price that does not give the cost.
    """
    where = f"results: contest {envelope.id!r}"
    rows = {row["id"]: row for row in result["projects"]}
    projects = {project.id: project for project in envelope.projects}
    named = [step["project"] for step in result["steps"]]
    if sorted(named, key=str) != sorted(projects):
        raise FigureInvalid(f"{where}: not one step for each project")
    start, prefer = _shared(result, where)
    purse = start * result["expressed"]
    bought: list[Value] = []
    filled: list[Value] = []
    lacking: list[Value] = []
    for step in result["steps"]:
        project, detail = projects[step["project"]], step["detail"]
        head: dict[str, Value] = {
            "step": step["step"],
            "id": project.id,
            "title": project.title.to_value(),
            "cost": project.cost,
            "votes": rows[project.id]["votes"],
        }
        at = f"{where}, step {step['step']}"
        if step["reason"] == "shares":
            bought.append(head | _paid(project, rows[project.id]["votes"], detail, start, at))
            purse -= project.cost
            if purse < 0:
                raise FigureInvalid(f"{at}: the ballots have no money left to pay for it")
        elif step["reason"] == "unaffordable":
            money = detail.get("money")
            if not isinstance(money, int) or not 0 <= money < project.cost or money > purse:
                raise FigureInvalid(
                    f"{at}: supporters with {money!r} left of the {purse} that all ballots have, "
                    f"who could not pay {project.cost}"
                )
            lacking.append(head | {"money": money, "missing": project.cost - money})
        elif detail.get("phase") == "fill":
            filled.append(head | {"won": step["action"] == "fund", "reason": step["reason"]})
    return {
        **figure_head("payments", election, envelope, election_hash),
        **ballots_of(envelope, result),
        "utility": str(envelope.rule.parameters["utility"]),
        "start": str(start),
        "prefer": prefer,
        "bought": bought,
        "filled": filled,
        "lacking": lacking,
    }


def _shared(result: Object, where: str) -> tuple[Fraction, Value]:
    """What every step says: a ballot's money at the start, and which outcome ballots prefer."""
    keys = ("start", "prefer_shares", "prefer_votes")
    said = {tuple(step["detail"].get(key) for key in keys) for step in result["steps"]}
    if len(said) != 1:
        raise FigureInvalid(f"{where}: the steps do not agree on what the ballots began with")
    start, shares, votes = next(iter(said))
    if not isinstance(start, str) or (value := Fraction(start)) < 0:
        raise FigureInvalid(f"{where}: ballots began with {start!r}")
    if shares is None and votes is None:
        return value, None
    if min(shares, votes) < 0 or shares + votes > result["expressed"]:
        raise FigureInvalid(f"{where}: {shares} and {votes} of {result['expressed']} ballots")
    return value, {"shares": shares, "votes": votes}


def _paid(
    project: Project, supporters: int, detail: Any, start: Fraction, at: str
) -> dict[str, Value]:
    """How the cost came together. With utility by mark a ballot in full pays the price for each
    unit, so that what those in full paid together is known only where all or none did."""
    payers, in_full, price = detail["payers"], detail["in_full"], Fraction(detail["price"])
    if not 0 <= in_full <= payers <= supporters or not payers or price <= 0:
        raise FigureInvalid(
            f"{at}: {in_full} in full of {payers} who paid, of {supporters} supporters"
        )
    if project.cost > start * payers:
        raise FigureInvalid(f"{at}: {payers} ballots of {start} cannot have paid {project.cost}")
    in_part = payers - in_full
    together: Fraction | None = None
    if not in_full or not in_part:
        together = Fraction(project.cost if in_full else 0)
    if not detail["by_mark"]:
        together = price * in_full
        rest = project.cost - together
        if not (0 < rest < price * in_part if in_part else rest == 0) or price > start:
            raise FigureInvalid(f"{at}: {in_full} times {price} do not give {project.cost}")
    return {
        "payers": payers,
        "in_full": in_full,
        "in_part": in_part,
        "price": str(price),
        "effective": str(project.cost / price),
        "paid_in_full": None if together is None else str(together),
        "paid_in_part": None if together is None else str(project.cost - together),
    }
