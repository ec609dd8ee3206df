"""The parameters of sequential Phragmén: three of the greedy family's.

Source: docs/rules.md, "phragmen".
"""

from dataclasses import replace
from typing import Final

from tally.election import CountingRule, Envelope
from tally.fault import Fault, Node
from tally.rules.greedy_parameters import PATH, GreedyParameters
from tally.rules.greedy_parameters import read_parameters as read_greedy

ALLOWED: Final = ("on_misfit", "minimum_votes", "maximum_cost_share")


def read_parameters(envelope: Envelope) -> tuple[GreedyParameters, list[Fault]]:
    """The parameters of an envelope whose rule is ``phragmen``, and all their faults.

    The parameters are usable only when there is no fault.
    """
    faults: list[Fault] = []
    given = envelope.rule.parameters
    kept = {name: value for name, value in given.items() if name in ALLOWED}
    node = Node(given, PATH, faults)
    for name in given:
        if name not in ALLOWED:
            node.fault(
                f"Phragmén's rule has no parameter {name!r}",
                "Remove it; there are " + ", ".join(ALLOWED),
                name,
            )
    if kept.get("on_misfit") in {"top-up", "part-fund"}:
        node.fault(
            "Phragmén's rule funds projects whole or not at all",
            'Write "skip" or "stop"',
            "on_misfit",
        )
    parameters, further = read_greedy(
        replace(envelope, rule=CountingRule.of(envelope.rule.name, kept))
    )
    if faults:
        further = [fault for fault in further if "top_up_share" not in fault.path]
    return parameters, [*faults, *further]
