"""Reading the parameters of a rule strictly, every fault by name."""

import re
from fractions import Fraction
from typing import Final

from tally.fault import Node

_RATIONAL: Final = re.compile(r"(0|[1-9][0-9]{0,14})(/[1-9][0-9]{0,14})?", re.ASCII)


def rational(
    node: Node, low: Fraction, high: Fraction | None, *, open_low: bool = True, open_high: bool
) -> Fraction:
    """A rational in lowest terms between ``low`` and ``high``, each end open or not.

    Where the text is at fault a value within the bounds stands in; whoever reads raises.
    """
    stand_in = low + 1 if high is None else (low + high) / 2
    before = len(node.faults)
    text = node.words(32)
    if not node.present or len(node.faults) > before:
        return stand_in
    value = Fraction(text) if _RATIONAL.fullmatch(text) else None
    if value is None or str(value) != text:
        node.fault(
            f"{text!r} is not a rational in lowest terms", 'Write it as "1/3", "4/5", "1" or "2"'
        )
        return stand_in
    if value < low or (open_low and value == low):
        node.fault(f"{text} is too small", f"Give {'more than' if open_low else 'at least'} {low}")
        return stand_in
    if high is not None and (value > high or (open_high and value == high)):
        node.fault(f"{text} is too large", f"Give {'less than' if open_high else 'at most'} {high}")
        return stand_in
    return value
