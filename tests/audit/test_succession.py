"""A log in the place of a lost one: what its first entry says is signed, twice, and seen."""

from dataclasses import replace
from pathlib import Path

import pytest

from audit.admission import LogRefused, check_open
from audit.bundle import publish
from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.errors import AuditError
from audit.merkle import EMPTY_ROOT
from audit.record import EntryInvalid, OpenEntry, open_message, parse_entry
from audit.source import FolderSource
from audit.succession import Succession, SuccessionInvalid
from audit.verify import verify
from tally import canonical
from tests.audit.forger import RENDERER
from tests.town import Clerk, clerk, town

OWN = town()
CLERK = OWN.clerk
LOST = clerk("lost town")


def head(own: Clerk = LOST, size: int = 4_200, root: bytes = b"\x07" * 32) -> str:
    """A signed state of a log of which nothing else is left."""
    state = Checkpoint(origin=own.manifest.box.origin, size=size, root=root)
    return sign_checkpoint(state, own.log).decode()


def succession(own: Clerk = LOST) -> Succession:
    return Succession.of(head(own), own.manifest.box.verifier_key)


def opening(succeeds: Succession | None, message: bytes | None = None) -> OpenEntry:
    election = CLERK.manifest.hash
    signed = CLERK.sign(open_message(election, succeeds) if message is None else message)
    return OpenEntry(election=election, officers=signed, succeeds=succeeds)


def test_it_comes_back_and_is_valid() -> None:
    entry = opening(succession())
    assert parse_entry(entry.to_bytes()) == entry
    assert check_open(CLERK.manifest, entry.to_bytes()) == entry
    told = str(entry.succeeds)
    assert LOST.manifest.box.origin in told
    assert "4200 entries" in told
    assert "07" * 32 in told


def test_the_officers_sign_what_is_succeeded() -> None:
    """Nobody puts a succession into what they signed, or takes one out of it."""
    election = CLERK.manifest.hash
    for entry in (
        opening(succession(), open_message(election)),
        opening(None, open_message(election, succession())),
    ):
        with pytest.raises(LogRefused) as refused:
            check_open(CLERK.manifest, entry.to_bytes())
        assert refused.value.code == "bad-signature"
    assert len({open_message(election), open_message(election, succession())}) == 2


def test_no_log_succeeds_itself() -> None:
    with pytest.raises(LogRefused) as refused:
        check_open(CLERK.manifest, opening(succession(CLERK)).to_bytes())
    assert refused.value.code == "own-successor"


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (head(CLERK), "not signed by any known key"),
        (head().replace("4200", "4201"), "signature"),
        (head(size=0, root=EMPTY_ROOT), "never began"),
        (head() + "x" * 20_000, "more than 16384 bytes"),
        ("\udc80", "surrogates"),
        ("", "checkpoint|note"),
    ],
)
def test_what_is_no_signed_state_of_it_is_refused(note: str, words: str) -> None:
    with pytest.raises(AuditError, match=words):
        Succession.of(note, LOST.manifest.box.verifier_key)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"checkpoint": head()},
        {"checkpoint": head(), "key": str(LOST.manifest.box.verifier_key), "more": 1},
        {"checkpoint": 1, "key": str(LOST.manifest.box.verifier_key)},
        {"checkpoint": head(), "key": 1},
        {"checkpoint": head(), "key": "no key"},
    ],
)
def test_only_its_two_fields(value: canonical.Value) -> None:
    entry = dict(canonical.read(opening(None).to_bytes()))  # type: ignore[arg-type]
    with pytest.raises(AuditError):
        parse_entry(canonical.encode({**entry, "succeeds": value}))
    with pytest.raises(EntryInvalid):
        parse_entry(canonical.encode({**entry, "follows": 1}))


def test_verification_says_so(tmp_path: Path) -> None:
    entries = (opening(succession()).to_bytes(), *OWN.entries[1:])
    inputs = CLERK.inputs(entries, OWN.sealed)
    publish(inputs, tmp_path / "publication", RENDERER, CLERK.sign)
    shown = verify(FolderSource(tmp_path / "publication"), renderer=lambda: RENDERER).steps
    (step,) = [each for each in shown if each.title == "Entries"]
    assert f"in the place of the log {LOST.manifest.box.origin}, which was lost after 4200" in (
        step.shown
    )
    publish(OWN.inputs, tmp_path / "usual", RENDERER, CLERK.sign)
    usual = verify(FolderSource(tmp_path / "usual"), renderer=lambda: RENDERER).steps
    assert all("lost" not in each.shown for each in usual)


def test_a_note_of_another_key_under_its_name_is_refused() -> None:
    other = replace(LOST, seed="another key of that name")
    with pytest.raises(AuditError):
        Succession.of(head(other), LOST.manifest.box.verifier_key)
    assert issubclass(SuccessionInvalid, AuditError)
