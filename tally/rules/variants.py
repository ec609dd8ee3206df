"""Named ways to set each rule, for comparisons: what cities that use the rule choose.

A rule that is not in this table is compared once, with no parameters, where it needs none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tally import rules
from tally.canonical import Value
from tally.election import CountingRule, Envelope
from tally.text import Text

Row = tuple[str, str, str, Mapping[str, Value]]
"""Id, French title, English title, parameters."""

VARIANTS: Final[Mapping[str, Sequence[Row]]] = MappingProxyType(
    {
        "greedy": (
            (
                "greedy-skip",
                "par score, en sautant ce qui ne tient pas",
                "by score, skipping what does not fit",
                {"on_misfit": "skip"},
            ),
            (
                "greedy-stop",
                "par score, jusqu’au premier qui ne tient pas",
                "by score, up to the first that does not fit",
                {"on_misfit": "stop"},
            ),
            (
                "greedy-top-up",
                "par score, le premier qui ne tient pas complété si le reste en couvre 80 %",
                "by score, the first that does not fit topped up if 80% of it is left",
                {"on_misfit": "top-up", "top_up_share": "4/5"},
            ),
        ),
        "equal-shares": (
            (
                "equal-shares",
                "parts égales, sans complément",
                "equal shares, nothing added",
                {"utility": "cost", "raise": "none", "fill": "none"},
            ),
            (
                "equal-shares-greedy",
                "parts égales, le reste par nombre de voix",
                "equal shares, the rest by votes",
                {"utility": "cost", "raise": "none", "fill": "greedy"},
            ),
            (
                "equal-shares-phragmen",
                "parts égales, le reste selon Phragmén",
                "equal shares, the rest by Phragmén",
                {"utility": "cost", "raise": "none", "fill": "phragmen"},
            ),
            (
                "equal-shares-add1",
                "parts égales, relevées tant que l’enveloppe n’est pas dépassée",
                "equal shares, raised while the envelope is not exceeded",
                {"utility": "cost", "raise": "add1", "increment": 1, "fill": "none"},
            ),
            (
                "equal-shares-cardinality",
                "parts égales, chaque projet valant autant, le reste par nombre de voix",
                "equal shares, every project worth the same, the rest by votes",
                {"utility": "cardinality", "raise": "none", "fill": "greedy"},
            ),
        ),
        "majority-judgment": (
            (
                "majority-judgment-skip",
                "jugement majoritaire, en sautant ce qui ne tient pas",
                "majority judgment, skipping what does not fit",
                {"on_misfit": "skip"},
            ),
            (
                "majority-judgment-stop",
                "jugement majoritaire, jusqu’au premier qui ne tient pas",
                "majority judgment, up to the first that does not fit",
                {"on_misfit": "stop"},
            ),
        ),
        "phragmen": (
            (
                "phragmen-skip",
                "Phragmén, en sautant ce qui ne tient pas",
                "Phragmén, skipping what does not fit",
                {"on_misfit": "skip"},
            ),
            (
                "phragmen-stop",
                "Phragmén, jusqu’au premier qui ne tient pas",
                "Phragmén, up to the first that does not fit",
                {"on_misfit": "stop"},
            ),
        ),
        "knapsack-optimum": (
            (
                "knapsack-optimum",
                "le plus grand score total dans l’enveloppe",
                "the greatest total score within the envelope",
                {},
            ),
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A rule with its parameters and a short name of both: ``id`` for programs, ``title``."""

    id: str
    title: Text
    rule: CountingRule


def _rows(name: str) -> Sequence[Row]:
    return VARIANTS.get(name, ((name, name, name, {}),))


def variants(unit: int = 1) -> tuple[Variant, ...]:
    """All variants of all rules for envelopes, in the table's order; a raise of budgets goes by
    increments of ``unit`` minor units."""
    return tuple(
        Variant(
            id=key,
            title=Text.of(fr=french, en=english),
            rule=CountingRule.of(
                name, {**parameters, **({"increment": unit} if "increment" in parameters else {})}
            ),
        )
        for name in rules.ENVELOPE_RULES
        for key, french, english, parameters in _rows(name)
    )


def own_variant(envelope: Envelope) -> Variant:
    """The envelope's own rule, under its name in the table if it stands there."""
    for variant in variants():
        if variant.rule == envelope.rule:
            return variant
    return Variant(
        id="own",
        title=Text.of(
            fr=f"la règle de ce vote ({envelope.rule.name})",
            en=f"this vote’s own rule ({envelope.rule.name})",
        ),
        rule=envelope.rule,
    )
