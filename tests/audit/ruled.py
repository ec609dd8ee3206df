"""Elections of one envelope counted by a given rule, for the tests of the figures of rules."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from audit.figures import figures
from tally import canonical
from tally.count import EnvelopeResult
from tally.election import Election, Envelope
from tally.mark import Choice
from tally.profile import Profile
from tally.rules import envelope_rule
from tally.text import Text
from tally.tiebreak import lot_keys
from tests.audit.drawn import definition

POINTS = {
    "type": "points",
    "total": 20,
    "cap": 5,
    "minimum_projects": 1,
    "maximum_projects": None,
    "minimum_total": 0,
}
APPROVAL = {"type": "approval", "minimum": 1, "maximum": None}


def ballots_of(projects: int, marked: bool = False) -> dict[Choice, int]:
    """Ballots that overlap: many name the first projects, with marks from 1 to 5 if ``marked``."""
    found: dict[Choice, int] = {}
    for n in range(1, 41):
        named = [p for p in range(projects) if (p * n + n) % (p + 3) < 2]
        choice = tuple(sorted((f"p{p}", (p + n) % 5 + 1 if marked else 1) for p in named))
        if choice:
            found[choice] = found.get(choice, 0) + n % 4 + 1
    return found


@cache
def counted(rule: str, parameters: str, form: str, projects: int) -> tuple[Election, Any]:
    """An election of so many projects, counted, and the result of its envelope, ``centre``.
    ``parameters`` and ``form`` in JSON."""
    value = definition(projects)
    value["contests"] = value["contests"][:1]
    shape = json.loads(form)
    if shape["type"] == "approval":
        shape["maximum"] = projects
    value["contests"][0] |= {
        "budget": projects * 900_000,
        "form": shape,
        "rule": {"name": rule, "parameters": json.loads(parameters)},
    }
    value["styles"] = [{**style, "contests": ["centre"]} for style in value["styles"]]
    election = Election.from_value(value)
    ballots = ballots_of(projects, shape["type"] != "approval")
    return election, result_of(election, Profile.of({**ballots, (): 2}, {"too-many": 1}))


def result_of(election: Election, profile: Profile) -> Any:
    """The result of the one envelope, without margins where the rule can do so: no figure has
    them."""
    envelope = envelope_of(election)
    rule = envelope_rule(envelope)
    count = rule.decide or rule.count
    result = EnvelopeResult(
        envelope=envelope,
        profile=profile,
        outcome=count(envelope, profile, lot_keys(b"lot", envelope.id)),
        sentences=(),
        summary=Text.of(fr="-", en="-"),
    )
    return json.loads(canonical.encode(result.to_value()))


def ruled(
    rule: str,
    parameters: Mapping[str, Any],
    projects: int = 9,
    form: Mapping[str, Any] = APPROVAL,
) -> tuple[Election, Any]:
    """``counted`` with plain objects."""
    return counted(rule, json.dumps(dict(parameters)), json.dumps(dict(form)), projects)


def envelope_of(election: Election) -> Envelope:
    """The one envelope."""
    envelope = election.contests[0]
    assert isinstance(envelope, Envelope)
    return envelope


def whole_figures(election: Election, result: Any) -> dict[str, bytes]:
    """All figures of a publication with this envelope alone."""
    styles: list[Any] = [
        {
            "style": style.id,
            "roll": 500,
            "counted": result["ballots"] if place == 0 else 0,
            "superseded": 0,
            "equivocations": 0,
            "spoiled": {},
            "blank": 0,
        }
        for place, style in enumerate(election.styles)
    ]
    results: Any = {"election": "E" * 43, "styles": styles, "contests": [result]}
    return dict(figures(election, results))
