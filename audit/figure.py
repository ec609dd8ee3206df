"""What every figure holds: which contest of which election it is of, and how its ballots add up."""

from collections.abc import Mapping
from typing import Any

from audit.errors import AuditError
from tally.canonical import Value
from tally.election import Election, Envelope, Question

Object = Mapping[str, Any]


class FigureInvalid(AuditError):
    """Results that do not fit the election, or do not add up: there is nothing true to draw."""


def figure_head(
    figure: str, election: Election, contest: Envelope | Question, election_hash: str
) -> dict[str, Value]:
    """The first keys of a contest's figure. ``election_hash`` is ``b64(E)``."""
    return {
        "type": "figure",
        "version": 1,
        "figure": figure,
        "election": election_hash,
        "contest": contest.id,
        "title": contest.title.to_value(),
        "rule": contest.rule.name,
        "currency": election.currency,
        "exponent": election.exponent,
    }


def ballots_of(contest: Envelope | Question, result: Object) -> dict[str, Value]:
    """How many ballots a contest has and of which kind. Raises FigureInvalid."""
    spoiled = sum(result["spoiled"].values())
    if result["ballots"] != result["blank"] + spoiled + result["expressed"]:
        raise FigureInvalid(
            f"results: contest {contest.id!r}: ballots are not blank + spoiled + expressed"
        )
    return {
        "ballots": result["ballots"],
        "blank": result["blank"],
        "spoiled": dict(result["spoiled"]),
        "expressed": result["expressed"],
    }
