"""The steps of ``filling-<contest>.json`` in words, for the chart, the page and the service."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil
from typing import Any

from audit.words import Words

Object = Mapping[str, Any]
TextIn = Callable[[Mapping[str, str] | None], str]
"""What gives a Text value's words in the reader's language."""


def step_words(figure: Object, step: Object, words: Words, text: TextIn) -> tuple[str, str]:
    """Whom a step is about, and what happened."""
    fields = step_fields(figure, step, words, text)
    fields["cost"] = words.money(step["cost"] or 0)
    code = step["reason"]
    if code == "shares" and step["detail"].get("by_mark"):
        code = "shares-by-mark"  # the price is for each point, not what a ballot pays
    reason = step_phrase(words, "step", code)
    if step["action"] == "defer":
        reason = words.say("step.deferred", reason=reason)
    told = reason.format(**fields)
    if step["project"] is None:
        return fields["group"] or words.known("reason", step["reason"]), told
    return text(step["title"]), told


def step_fields(figure: Object, step: Object, words: Words, text: TextIn) -> dict[str, Any]:
    """What the phrases of a step may name."""
    detail = step["detail"]
    others = {project["project"]: project for project in figure["steps"] if project["project"]}
    return {
        "left": words.money(step["left_before"]),
        "left_after": words.money(step["left_after"]),
        "group": str(detail.get("group", "")),
        "group_left": words.money(detail.get("group_left", 0)),
        "count": detail.get("count", 0),
        "needed": words.number(detail.get("needed", 0)),
        "needed_money": words.money(detail.get("needed", 0)),
        "added": words.money(step["added"]),
        "paid": words.money(step["paid"]),
        "money": words.money(detail.get("money", 0)),
        "payers": words.number(detail.get("payers", 0)),
        "fewer": words.number(detail.get("total", 0) - detail.get("contrary", 0)),
        "price": words.money(ceil(Fraction(detail.get("price", "0")))),
        "other": text(others[detail["other"]]["title"]) if "other" in detail else "",
    }


def step_phrase(words: Words, kind: str, code: str) -> str:
    """The unfilled phrase for a reason code; for a code of a later rule, its short words."""
    phrase = words.phrase(f"{kind}.{code}")
    if phrase is not None:
        return phrase
    return words.known("reason", code).replace("{", "{{").replace("}", "}}")
