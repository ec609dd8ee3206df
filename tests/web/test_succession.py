"""``scrutin open --succeeds``: a lost log is succeeded in public."""

from pathlib import Path

import pytest

from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.manifest import manifest_message, manifest_signatures
from audit.record import OpenEntry, parse_entry
from audit.source import FolderSource
from audit.tile import read_entries
from tests.town import clerk
from tests.web.console import Console
from tests.web.desk import Desk

LOST = clerk("lost town")


@pytest.fixture
def console(capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(capture=capsys)


@pytest.fixture
def lost(tmp_path: Path) -> tuple[Path, Path]:
    """Rules and newest checkpoint of a log of which nothing else is left."""
    (tmp_path / "lost").mkdir()
    manifest, note = tmp_path / "lost" / "manifest.json", tmp_path / "lost-checkpoint"
    manifest.write_bytes(LOST.manifest.encoded)
    signed = LOST.sign(manifest_message(LOST.manifest.hash))
    signatures = manifest.with_name("manifest.signatures.json")
    signatures.write_bytes(manifest_signatures(LOST.manifest, signed))
    state = Checkpoint(origin=LOST.manifest.box.origin, size=4_200, root=b"\x07" * 32)
    note.write_bytes(sign_checkpoint(state, LOST.log))
    return manifest, note


def officer(desk: Desk, name: str) -> Path:
    return desk.place.root / "private" / f"{name}.secret"


def test_a_lost_log_is_succeeded_in_public(
    console: Console, frozen_desk: Desk, lost: tuple[Path, Path]
) -> None:
    desk = frozen_desk
    words = ("open", desk.place.root, "--succeeds", *lost, "--officer")
    first = console.done(*words, officer(desk, "a"))
    assert f"in the place of the log {LOST.manifest.box.origin}" in first.err
    # An officer who does not say so signs something else: both have to say the same.
    other = console.done("open", desk.place.root, "--officer", officer(desk, "b"))
    assert "another officer must sign" in other.err
    both = console.done(*words, officer(desk, "a"), "--officer", officer(desk, "b"))
    assert both.data["open"]
    entry = parse_entry(next(iter(read_entries(FolderSource(desk.place.box / "log").read, 1))))
    assert isinstance(entry, OpenEntry)
    assert entry.succeeds is not None
    assert entry.succeeds.checkpoint.size == 4_200
    page = desk.client.get("/observe", headers={"Accept-Language": "fr"}).text
    assert f"remplace «\xa0{LOST.manifest.box.origin}\xa0»" in page
    assert " ".join(["0707"] * 16) in page
    assert "4 200" in page.replace("\u202f", " ").replace("\xa0", " ")


def test_a_checkpoint_that_is_not_its_own_is_refused(
    console: Console, frozen_desk: Desk, lost: tuple[Path, Path], tmp_path: Path
) -> None:
    manifest, note = lost
    words = ("open", frozen_desk.place.root, "--officer", officer(frozen_desk, "a"), "--succeeds")
    forged = tmp_path / "forged"
    forged.write_bytes(note.read_bytes().replace(b"4200", b"4201"))
    assert "signature" in console.refused(*words, manifest, forged)
    forged.write_bytes(b"\xff")
    assert "not UTF-8" in console.refused(*words, manifest, forged)
    forged.write_bytes(b"{}")
    assert console.refused(*words, forged, note)


def test_rules_that_no_officer_signed_are_refused(
    console: Console, frozen_desk: Desk, lost: tuple[Path, Path]
) -> None:
    manifest, note = lost
    words = ("open", frozen_desk.place.root, "--officer", officer(frozen_desk, "a"), "--succeeds")
    signatures = manifest.with_name("manifest.signatures.json")
    other = clerk("lost town", roll=41)  # the same officers, other rules
    signed = other.sign(manifest_message(other.manifest.hash))
    signatures.write_bytes(manifest_signatures(other.manifest, signed))
    assert "signatures: are for another manifest" in console.refused(*words, manifest, note)
    signatures.unlink()
    assert "manifest.signatures.json: is missing" in console.refused(*words, manifest, note)
