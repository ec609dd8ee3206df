"""Every fault that the tally can find has French words, and words an officer understands."""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ballot.definition.french import is_translated, translate

TALLY = Path(__file__).parents[2] / "tally"
SOURCES = [TALLY / f"{name}.py" for name in ("fault", "text", "form", "contest", "election")]
SOURCES += sorted((TALLY / "rules").glob("*.py"))
# What a placeholder may become: a number, a name, words. Each is tried in each place.
SAMPLES = ("12", "category", "a text")


def spellings(node: ast.expr) -> list[str]:
    """The texts an expression may be, with samples in its placeholders; none when it is no text."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.IfExp):
        return [*spellings(node.body), *spellings(node.orelse)]
    if isinstance(node, ast.BinOp):
        return [
            left + right
            for left in spellings(node.left) or SAMPLES
            for right in spellings(node.right) or SAMPLES
        ]
    if not isinstance(node, ast.JoinedStr):
        return []
    parts: list[list[str]] = []
    for value in node.values:
        if isinstance(value, ast.FormattedValue):
            inner = value.value
            name = (
                inner.func.id
                if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name)
                else ""
            )
            quoted = value.conversion == ord("r") or name == "shown"
            parts.append(["'name'"] if quoted else spellings(inner) or list(SAMPLES))
        else:
            parts.append(spellings(value))
    return ["".join(words) for words in itertools.product(*parts)]


def faults() -> Iterator[tuple[str, ast.expr, ast.expr]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            where = f"{path.name}:{node.lineno}"
            if isinstance(node.func, ast.Attribute) and node.func.attr == "fault":
                yield where, node.args[0], node.args[1]
            elif isinstance(node.func, ast.Name) and node.func.id == "Fault":
                words = {keyword.arg: keyword.value for keyword in node.keywords}
                yield where, words["message"], words["remedy"]


FAULTS = [fault for fault in faults() if spellings(fault[1]) and spellings(fault[2])]


def test_the_tally_is_read() -> None:
    assert len(FAULTS) > 70


@pytest.mark.parametrize(("where", "message", "remedy"), FAULTS, ids=[f[0] for f in FAULTS])
def test_a_fault_has_french_words(where: str, message: ast.expr, remedy: ast.expr) -> None:
    messages, remedies = spellings(message), spellings(remedy)
    assert any(
        is_translated(first, second) for first, second in itertools.product(messages, remedies)
    ), f"{where}: {messages[0]!r} / {remedies[0]!r} has no French"


def test_no_placeholder_stays_open() -> None:
    for message, remedy in (
        ("3 × 6000000 is more than the envelope of 15000000", "Lower it to at most 5000000"),
        ("a list stands here", "Write a text"),
        ("district 'Nord' has 1 projects and is promised 2", "Lower 'count' or add projects"),
    ):
        said = translate(message, remedy, currency="EUR", exponent=2, is_money=True)
        for words in (*said[0], *said[1]):
            assert not re.search(r"[{}]", words)
    assert said[0][0] == "« Nord » (quartier) a 1 projets et on lui en promet 2"
