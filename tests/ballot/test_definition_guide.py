"""Every example of docs/election-folder.md is a valid election, or refused as the guide says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ballot.definition import format_report
from ballot.definition.check import check_files
from ballot.definition.draft import FolderFiles
from ballot.definition.readback import read_back
from ballot.definition.report import Report
from tally.rules import majority_judgment_parameters
from tally.rules.greedy_parameters import OPTIONAL

GUIDE = Path(__file__).parents[2] / "docs" / "election-folder.md"
BLOCK = re.compile(r"^```(toml|csv) ([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PARTS = ("election", "form", "rule", "question", "style")


def blocks() -> list[tuple[str, str]]:
    return [(found[2], found[3]) for found in BLOCK.finditer(GUIDE.read_text("utf-8"))]


def examples() -> Iterator[tuple[str, str, str]]:
    """The complete example, and it with each other example in the place of its part."""
    base: dict[str, str] = {}
    for number, (kind, words) in enumerate(blocks()):
        parts = dict(base)
        if kind == "form and rule":
            form, heading, rule = words.partition("[envelope.rule]")
            parts |= {"form": form, "rule": heading + rule}
        elif kind.split()[0] in PARTS:
            base.setdefault(kind.split()[0], words)
            parts[kind.split()[0]] = words
        if set(PARTS) <= parts.keys():
            yield f"{number}-{kind}", "\n".join(parts[part] for part in PARTS), kind


PROJECTS = next(words for kind, words in blocks() if kind == "projects").encode()
EXAMPLES = list(examples())


def test_the_guide_has_an_example_of_every_form_and_parameter() -> None:
    text = "\n".join(words for _, words in blocks())
    for form in ("approval", "choose-1", "knapsack", "points", "scores", "ranking", "grades"):
        assert f'type = "{form}"' in text
    for name in (*OPTIONAL, *majority_judgment_parameters.OWN):
        assert name in text, name
    assert len(EXAMPLES) > 15


@pytest.mark.parametrize(
    ("election", "kind"), [e[1:] for e in EXAMPLES], ids=[e[0] for e in EXAMPLES]
)
def test_the_example_is_checked(election: str, kind: str) -> None:
    draft, found = check_files(FolderFiles(election=election.encode(), projects=PROJECTS))
    faults = [finding for finding in draft.notes if finding.fault]
    assert not faults, "\n".join(fault.words("en") for fault in faults)
    assert found is not None
    for language in ("fr", "en"):
        sections = read_back(found, language)
        assert all(section.lines for section in sections)
        assert all(section.example for section in sections[2:])
        report = Report(
            folder="f", language=language, findings=(), election=found, sections=sections
        )
        assert sections[2].title in format_report(report)
