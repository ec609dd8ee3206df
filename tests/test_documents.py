"""What the documents name is there: every test that a table calls upon."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = re.compile(r"`((?:[a-z_]+/)*test_[a-z_]+\.py)::(\w+)`")
DOCUMENTS = [
    path for path in (ROOT / "docs").rglob("*.md") if NAMED.search(path.read_text("utf-8"))
]


def named_in(path: Path) -> set[str]:
    """The names of the tests in a file."""
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_is_named_exists(document: Path) -> None:
    missing = [
        f"{file}::{name}"
        for file, name in NAMED.findall(document.read_text("utf-8"))
        if not (ROOT / "tests" / file).is_file() or name not in named_in(ROOT / "tests" / file)
    ]
    assert missing == []


def test_every_attack_names_a_test() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    _, _, after = text.partition("## Attacks, and the tests that see them refused\n")
    section, _, _ = after.partition("\n## ")
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 25
    assert [row for row in rows if not NAMED.search(row)] == []
