"""What drawings are told apart by: every source that words or lays out, and the libraries."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from audit.charts import libraries
from audit.drawing import (
    CHARTS,
    PAGES,
    SourcesMissing,
    charts_drawing,
    digest,
    pages_drawing,
    sources,
)
from audit.rendering import installed_renderer

ROOT = Path(__file__).parent.parent.parent

# What results, figures and definition are read with. Were it wrong, the steps before would fail:
# it says no word of its own.
READS = {
    "audit/__init__.py", "audit/errors.py", "audit/label.py", "audit/publication.py",
    "audit/rendering.py",
    "tally/__init__.py", "tally/canonical.py", "tally/contest.py", "tally/election.py",
    "tally/errors.py", "tally/fault.py", "tally/form.py", "tally/frozen.py", "tally/profile.py",
    "tally/vote.py",
}  # fmt: skip


def imported(path: str) -> Iterator[str]:
    """The files of tally and audit that a file imports."""
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            below = name.replace(".", "/")
            for found in (f"{below}.py", f"{below}/__init__.py"):
                if name.startswith(("audit", "tally")) and (ROOT / found).is_file():
                    yield found


@pytest.mark.parametrize(
    ("roots", "patterns"),
    [
        ({"audit/page.py", "audit/explanations.py"}, PAGES),
        ({"audit/charts.py"}, CHARTS),
    ],
    ids=["pages", "charts"],
)
def test_everything_that_words_or_draws_is_in_the_digest(
    roots: set[str], patterns: tuple[str, ...]
) -> None:
    seen: set[str] = set()
    waiting = set(roots)
    while waiting:
        path = waiting.pop()
        seen.add(path)
        inside = any(fnmatchcase(path, pattern) for pattern in patterns)
        assert inside or path in READS, f"{path}: in the digest or not? audit/drawing.py"
        if path not in READS:
            waiting |= set(imported(path)) - seen
    assert len(seen) > 12


def test_a_digest_changes_with_each_of_its_sources_and_no_other() -> None:
    files = dict(sources())
    for patterns in (PAGES, CHARTS):
        before = digest(patterns, files)
        assert len(before) == 16
        for path, data in files.items():
            inside = any(fnmatchcase(path, pattern) for pattern in patterns)
            changed = digest(patterns, {**files, path: data + b" "}) != before
            assert changed == inside, path
        new = {**files, "audit/page_new.py": b"", "audit/sheet_new.py": b""}
        assert digest(patterns, new) != before


def test_line_ends_and_order_of_files_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    here = pages_drawing()
    assert all(b"\r\n" not in data for data in sources().values())
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read(self).replace(b"\n", b"\r\n"))
    sources.cache_clear()
    try:
        assert pages_drawing() == here
    finally:
        sources.cache_clear()
    assert digest(PAGES, dict(reversed(list(sources().items())))) == digest(PAGES, sources())


def test_sources_that_are_not_installed() -> None:
    files = {path: data for path, data in sources().items() if path != "audit/page.css"}
    with pytest.raises(SourcesMissing, match=r"audit/page\.css"):
        digest(PAGES, files)


def test_charts_name_their_libraries_and_machine() -> None:
    text = charts_drawing(libraries())
    for name in ("scrutin-charts ", "matplotlib ", "numpy ", "FreeType ", "Pillow ", "zlib "):
        assert name in text
    assert "None" not in text
    assert charts_drawing(["matplotlib 1"]) != charts_drawing(["matplotlib 2"])
    drawing = installed_renderer().drawing
    assert drawing.pages == pages_drawing()
    assert drawing.charts == text
