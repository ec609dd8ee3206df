"""The parameters of the knapsack optimum: two of the greedy family's, neither required.

Source: docs/rules.md, "knapsack-optimum".
"""

from dataclasses import replace
from typing import Final

from tally.election import CountingRule, Envelope
from tally.fault import Fault, Node
from tally.rules.greedy_parameters import PATH, GreedyParameters
from tally.rules.greedy_parameters import read_parameters as read_greedy

ALLOWED: Final = ("minimum_votes", "maximum_cost_share")


def read_parameters(envelope: Envelope) -> tuple[GreedyParameters, list[Fault]]:
    """The parameters of an envelope whose rule is ``knapsack-optimum``, and all their faults.

    The parameters are usable only when there is no fault; ``on_misfit`` has no meaning.
    """
    faults: list[Fault] = []
    given = envelope.rule.parameters
    node = Node(given, PATH, faults)
    for name in given:
        if name not in ALLOWED:
            node.fault(
                f"the knapsack optimum has no parameter {name!r}",
                "Remove it; there are " + ", ".join(ALLOWED),
                name,
            )
    kept = {name: value for name, value in given.items() if name in ALLOWED}
    parameters, further = read_greedy(
        replace(envelope, rule=CountingRule.of(envelope.rule.name, {**kept, "on_misfit": "skip"}))
    )
    return parameters, [*faults, *further]
