"""The parameters of majority judgment: a minimum grade, and how the envelope is filled.

Source: docs/rules.md, "majority-judgment".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tally.election import CountingRule, Envelope
from tally.fault import Fault, Node
from tally.form import Grades
from tally.rules.greedy_parameters import PATH, GreedyParameters
from tally.rules.greedy_parameters import read_parameters as read_greedy

MINIMUM_GRADE: Final = "minimum_grade"
OWN: Final = (MINIMUM_GRADE,)
REFUSED: Final = (
    "minimum_votes",
    "minimum_score",
    "minimum_votes_share",
    "minimum_score_share",
    "minimum_votes_per_cost",
    "share_of",
)
"""Of the greedy family: minimums of votes and scores, which grades are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MajorityParameters:
    """``minimum_grade``: the index of the worst majority grade with which a project may win, None
    if any may. ``fill``: how the envelope is filled in the order of the judgment."""

    minimum_grade: int | None
    fill: GreedyParameters


def read_parameters(envelope: Envelope) -> tuple[MajorityParameters, list[Fault]]:
    """The parameters of an envelope whose rule is ``majority-judgment``, and all their faults.

    The parameters are usable only when there is no fault.
    """
    faults: list[Fault] = []
    given = envelope.rule.parameters
    rest = {name: value for name, value in given.items() if name not in {*OWN, *REFUSED}}
    filling = replace(envelope, rule=CountingRule.of(envelope.rule.name, rest))
    fill, filled = read_greedy(filling)
    node = Node(given, PATH, faults)
    for name in REFUSED:
        if name in given:
            node.fault(
                f"{name} counts votes or points, and majority judgment has grades",
                "Remove it, or use minimum_grade",
                name,
            )
    return MajorityParameters(minimum_grade=_minimum_grade(given, envelope, faults), fill=fill), [
        *faults,
        *filled,
    ]


def _minimum_grade(
    given: Mapping[str, object], envelope: Envelope, faults: list[Fault]
) -> int | None:
    if MINIMUM_GRADE not in given or not isinstance(envelope.form, Grades):
        return None
    node = Node(given[MINIMUM_GRADE], f"{PATH}.{MINIMUM_GRADE}", faults)
    worst = len(envelope.form.labels) - 1
    grade = node.integer(0)
    if grade > worst:
        node.fault(f"grade number {grade} of {worst + 1}", f"Give 0 to {worst}")
    elif grade == worst:
        node.fault(
            "no grade is worse than this one, so it excludes nobody",
            "Remove it or name a better grade",
        )
    return grade
