"""What the comment of our own .pb files says that the format has no key for, and reading it.

The rule with all its parameters in canonical JSON, the decimals of amounts in them, how many
ballots are not listed, the names of grades: sentences numbered from 1 (docs/pabulib.md section 3).
Comments that begin otherwise are other people's, and say nothing here.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tally.canonical import CanonicalError, Value, encode, parse
from tally.contest import CountingRule, Envelope, contest_value
from tally.form import Grades
from tally.frozen import thaw
from tally.pabulib_table import PabulibError
from tally.profile import Profile

START: Final = "#1: Counting rule: "
GRADES: Final = "Points are grades, from 0: "
TOPPED_UP: Final = "The first project that does not fit is funded if 80% of it is left"
MONEY: Final = frozenset({"increment", "budget", "budgets"})
"""Parameters that hold amounts (docs/rules.md)."""
_DECIMALS: Final = re.compile(r"#\d+: Amounts in the rule have ([1-9]) decimals\.", re.ASCII)
_UNLISTED: Final = re.compile(
    r"#\d+: Not listed are (\d{1,15}) blank and (\d{1,15}) spoiled ballots\.", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a comment says. ``decimals`` of amounts in the rule, where it has any; ``unlisted``
    ballots, blank and spoiled; ``grades`` from the worst, () where points are points."""

    rule: CountingRule | None = None
    decimals: int | None = None
    unlisted: int = 0
    grades: tuple[str, ...] = ()


def comment(envelope: Envelope, profile: Profile, exponent: int) -> str:
    """The comment of an envelope's file; amounts in its rule are of 10^-``exponent`` units."""
    said = [START.removeprefix("#1: ") + encode(contest_value(envelope)["rule"]).decode()]
    if exponent and _has_money(thaw(envelope.rule.parameters)):
        said.append(f"Amounts in the rule have {exponent} decimals")
    if envelope.rule == CountingRule.of("greedy", {"on_misfit": "top-up", "top_up_share": "4/5"}):
        said.append(TOPPED_UP)
    spoiled = sum(profile.spoiled.values())
    said.append(f"Not listed are {profile.blank} blank and {spoiled} spoiled ballots")
    if isinstance(envelope.form, Grades):
        labels: list[Value] = [label.words[0][1] for label in reversed(envelope.form.labels)]
        said.append(GRADES + encode(labels).decode())
    return " ".join(f"#{number}: {words}." for number, words in enumerate(said, 1))


def _has_money(value: object) -> bool:
    if isinstance(value, dict):
        return not MONEY.isdisjoint(value) or any(map(_has_money, value.values()))
    return isinstance(value, list) and any(map(_has_money, value))


def said_in(text: str) -> Said:
    """What a comment says. Raises PabulibError for one of ours that was damaged."""
    if not text.startswith(START + "{"):
        return Said()
    value, end = _json(text, len(START))
    # Sentences are looked for behind the rule, and those that hold free words stand last.
    rest = text[end:]
    decimals, unlisted = _DECIMALS.search(rest), _UNLISTED.search(rest)
    grades: Value = []
    at = rest.find(GRADES + "[")
    if at >= 0:
        grades, _ = _json(rest, at + len(GRADES))
    return Said(
        rule=_rule(value),
        decimals=int(decimals[1]) if decimals else None,
        unlisted=int(unlisted[1]) + int(unlisted[2]) if unlisted else 0,
        grades=_words(grades),
    )


def _fault(message: str) -> PabulibError:
    return PabulibError(
        f"{message}. Take the comment as it was published, or remove it",
        section="META", column="comment",
    )  # fmt: skip


def _json(text: str, at: int) -> tuple[Value, int]:
    """A canonical value that begins at a place of a text, and where it ends."""
    try:
        _, end = json.JSONDecoder().raw_decode(text, at)
        return parse(text[at:end].encode()), end
    except (ValueError, RecursionError, CanonicalError) as error:
        raise _fault(f"after {text[max(0, at - 16) : at]!r} stands no canonical JSON") from error


def _rule(value: Value) -> CountingRule:
    if not isinstance(value, dict) or set(value) != {"name", "parameters"}:
        raise _fault("the counting rule has not just a name and parameters")
    name, parameters = value["name"], value["parameters"]
    if not isinstance(name, str) or not isinstance(parameters, dict):
        raise _fault("the counting rule's name is not a text, or its parameters are no object")
    return CountingRule.of(name, parameters)


def _words(value: Value) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _fault("the grades are not a list")
    words = tuple(word for word in value if isinstance(word, str) and word)
    if len(words) != len(value) or len(words) == 1 or len(set(words)) != len(words):
        raise _fault("the grades are not at least two different texts")
    return words
