"""A frozen folder: every edit is refused, with its line and what stood there."""

from dataclasses import replace
from pathlib import Path

import pytest

from audit.manifest import Manifest
from ballot.definition import DefinitionRefused, check, check_frozen, format_report, load
from ballot.definition.new import new
from tally.frozen import FrozenMap
from tests.ballot.test_definition import line_of
from tests.ballot.test_definition_values import png
from tests.town import clerk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A frozen folder with a picture."""
    place = tmp_path / "vote"
    new(place)
    (place / "pictures").mkdir()
    (place / "pictures" / "fontaine.png").write_bytes(png(3, 2))
    projects = place / "projects.csv"
    words = projects.read_bytes().decode()
    projects.write_bytes(words.replace(";;oui", ";fontaine.png;oui", 1).encode())
    election = load(place).election
    frozen = clerk().manifest
    styles = [style.id for style in election.styles]
    issuers = tuple(
        replace(each, styles=FrozenMap(zip(styles, each.styles.values(), strict=False)))
        for each in frozen.issuers
    )
    roll = replace(frozen.roll, counts=FrozenMap((style, 10) for style in styles))
    manifest = replace(frozen, election=election, issuers=issuers, roll=roll)
    (place / "manifest.json").write_bytes(manifest.encoded)
    assert Manifest.parse(manifest.encoded) == manifest
    return place


def edit(path: Path, before: str, after: str) -> str:
    words = path.read_bytes().decode()
    assert before in words
    edited = words.replace(before, after, 1)
    path.write_bytes(edited.encode())
    return edited


def test_an_unchanged_folder_passes(folder: Path) -> None:
    check_frozen(folder)
    report = check(folder, "en")
    assert report.ok
    assert report.frozen is not None
    assert "The rules are frozen" in format_report(report)


def test_other_spellings_of_the_same_rules_pass(folder: Path) -> None:
    edit(folder / "election.toml", '"150 000,00"', "150000  # unchanged")
    edit(folder / "projects.csv", "18 000,00", "18000")
    check_frozen(folder)


def test_a_folder_that_is_not_frozen_passes(tmp_path: Path) -> None:
    new(tmp_path)
    check_frozen(tmp_path)


EDITS = [
    ("election.toml", '"150 000,00"', "160000", "budget = 160000", "envelope[ville].budget",
     "it was “€150,000”, it is “€160,000”", "Put back “€150,000”"),
    ("election.toml", 'on_misfit = "skip"', 'on_misfit = "stop"', 'on_misfit = "stop"',
     "envelope[ville].rule.on_misfit", "it was “skip”, it is “stop”", "Put back “skip”"),
    ("election.toml", 'tie_break = ["votes", "cost", "lot"]', 'tie_break = ["lot"]', "tie_break",
     "envelope[ville].tie_break", "[\"votes\", \"cost\", \"lot\"]", "Put back"),
    ("election.toml", "20:00:00", "21:00:00", "closes", "closes", "2027-03-28T18:00:00Z",
     "Put back"),
    ("election.toml", "quorum = 100\n", "", "[question.rule]",
     "question[rue-aux-ecoles].rule.quorum", "removed", "Put back “quorum”"),
    ("election.toml", "strict = true", 'strict = true\nadoptable = ["non"]', "", "", "", ""),
    ("projects.csv", "18 000,00", "19 000,00", "1;ville", "1.cost",
     "it was “€18,000”, it is “€19,000”", "new election in a new folder"),
    ("projects.csv", "5;ville;", "6;ville;", "6;ville", "6.id", "added", "Remove it"),
    ("projects.csv", "Vingt bancs", "Trente bancs", "2;ville", "2.title_fr", "Vingt bancs",
     "Put back"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "before", "after", "at", "field", "message", "remedy"), EDITS,
    ids=[each[4] or "syntax" for each in EDITS],
)  # fmt: skip
def test_an_edit_is_refused_with_its_line(
    folder: Path, file: str, before: str, after: str, at: str, field: str, message: str, remedy: str
) -> None:
    edited = edit(folder / file, before, after)
    with pytest.raises(DefinitionRefused) as caught:
        check_frozen(folder)
    if not field:
        # A folder with faults of its own cannot be compared, and says so.
        assert "cannot be read any more" in str(caught.value)
        return
    found = {each.place.field: each for each in caught.value.findings}
    assert field in found
    fault = found[field]
    assert (fault.place.file, fault.place.line) == (file, line_of(edited, at))
    assert message in fault.message[1]
    assert remedy in fault.remedy[1]
    assert "les règles sont figées" in fault.message[0]
    report = check(folder, "fr")
    assert not report.ok
    assert not report.sections


def test_a_removed_project_and_another_order_are_told(folder: Path) -> None:
    path = folder / "projects.csv"
    header, one, two, *rest = path.read_bytes().decode().split("\n")
    path.write_bytes("\n".join([header, two, one, *rest]).encode())
    with pytest.raises(DefinitionRefused, match="it was") as caught:
        check_frozen(folder)
    assert len(caught.value.findings) == 1
    path.write_bytes("\n".join([header, two, *rest]).encode())
    with pytest.raises(DefinitionRefused, match=r"removed \(1\)"):
        check_frozen(folder)


def test_another_picture_is_told_by_its_file(folder: Path) -> None:
    (folder / "pictures" / "fontaine.png").write_bytes(png(4, 2))
    with pytest.raises(DefinitionRefused, match=r"pictures/fontaine\.png") as caught:
        check_frozen(folder)
    assert "the first picture" in caught.value.findings[0].remedy[1]


def test_a_damaged_manifest_is_told(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(DefinitionRefused, match="manifest is damaged"):
        check_frozen(folder)
