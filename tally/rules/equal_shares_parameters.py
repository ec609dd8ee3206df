"""The parameters of Equal Shares: the utility, the raise, the fill and the comparison.

Source: docs/rules.md, "equal-shares", with the cities that use each.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from tally.election import Envelope
from tally.fault import Fault, Node
from tally.form import Points, Ranking, Scores
from tally.rules.greedy_parameters import PATH
from tally.rules.parameter import rational

UTILITIES: Final = ("cost", "cardinality", "points", "ranks")
RAISES: Final = ("none", "add1", "add1-exhaustive", "add-opt")
STEPWISE: Final = ("add1", "add1-exhaustive")
"""Those that raise by an increment."""
FILLS: Final = ("none", "greedy", "phragmen")
OPTIONAL: Final = ("increment", "comparison", "minimum_votes", "maximum_cost_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesParameters:
    """All parameters. ``increment`` is in minor units a ballot, 0 where nothing grows by steps."""

    utility: str
    raises: str
    fill: str
    increment: int = 0
    comparison: bool = False
    minimum_votes: int | None = None
    maximum_cost_share: Fraction | None = None


def read_parameters(envelope: Envelope) -> tuple[SharesParameters, list[Fault]]:
    """The parameters of an envelope whose rule is ``equal-shares``, and all their faults.

    The parameters are usable only when there is no fault.
    """
    faults: list[Fault] = []
    node = Node(envelope.rule.parameters, PATH, faults)
    fields = node.fields("utility", "raise", "fill", optional=OPTIONAL)
    increment, share = fields["increment"], fields["maximum_cost_share"]
    minimum, comparison = fields["minimum_votes"], fields["comparison"]
    parameters = SharesParameters(
        utility=fields["utility"].one_of(UTILITIES),
        raises=fields["raise"].one_of(RAISES),
        fill=fields["fill"].one_of(FILLS),
        increment=increment.integer(1, envelope.budget) if increment.present else 0,
        comparison=comparison.flag(False) if comparison.present else False,
        minimum_votes=minimum.integer(1, 2**53 - 1) if minimum.present else None,
        maximum_cost_share=rational(share, Fraction(0), Fraction(1), open_high=False)
        if share.present
        else None,
    )
    if faults:
        return parameters, faults
    form = envelope.form
    if parameters.utility == "points" and not isinstance(form, Points | Scores):
        fields["utility"].fault(
            "there are no points on these ballots", 'Write "cost" or "cardinality"'
        )
    if parameters.utility == "ranks" and not isinstance(form, Ranking):
        fields["utility"].fault(
            "there are no ranks on these ballots", 'Write "cost" or "cardinality"'
        )
    if parameters.raises in STEPWISE and not increment.present:
        node.fault(
            "the raise needs to know by how much a ballot's budget grows at a time",
            "Give increment, in the smallest unit of the currency, for instance 100 for one euro",
            "increment",
        )
    if parameters.raises == "none" and increment.present:
        increment.fault("nothing is raised", 'Remove it, or write raise "add1"')
    if parameters.raises == "add-opt" and increment.present:
        increment.fault("add-opt raises without steps", 'Remove it, or write raise "add1"')
    return parameters, faults
