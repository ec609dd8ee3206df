"""Opening the box: after the close only, once, and with what counts and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from audit.admission import admit
from audit.checkpoint import Checkpoint, open_checkpoint
from audit.opening import check_opening
from audit.seal import Opener, seal_info
from audit.trustees import SharesMissing
from ballot.lifecycle import OutOfOrder
from ballot.opening import (
    NotSigned,
    OpeningInvalid,
    SealedMissing,
    closing_checkpoint,
    collect_sealed,
    forget_superseded,
    log_entries,
    open_box,
)
from ballot.sequencer import Sequencer
from tally.vote import Vote, decode_vote
from tests.ballot.precinct import STYLE, Precinct, ballot, close_entry, leaf, town
from tests.postgres import Server

OWN = town()
FIRST = [ballot(OWN, f"voter {i}") for i in range(4)]
SECOND = [ballot(OWN, f"voter {i}", 2, "no") for i in range(2)]


@pytest.fixture
def precinct(tmp_path: Path, server: Server | None) -> Iterator[Precinct]:
    precinct = Precinct(tmp_path, OWN, server=server)
    yield precinct
    precinct.store.dispose()


@pytest.fixture
def sequencer(precinct: Precinct) -> Sequencer:
    """Of a vote in which two of four residents voted again."""
    sequencer = precinct.opened()
    precinct.cast(*FIRST)
    sequencer.sequence()
    precinct.cast(*SECOND)
    precinct.clock.late()
    return sequencer


@pytest.fixture
def closed(precinct: Precinct, sequencer: Sequencer) -> Checkpoint:
    sequencer.close_log(close_entry(OWN))
    key = OWN.manifest.box.verifier_key
    note = closing_checkpoint(OWN.manifest, precinct.store, now=precinct.clock())
    return open_checkpoint(note, key.name, key).checkpoint


def test_the_box_is_opened_once(precinct: Precinct, closed: Checkpoint) -> None:
    path = precinct.folder / "open" / "opening.json"
    now = precinct.clock()
    releases = OWN.releases(closed)
    opened = open_box(OWN.manifest, precinct.store, path, [*releases, b"not a release"], now=now)
    assert opened.document == path.read_bytes()
    assert len(opened.refused) == 1
    assert Opener(opened.private_key).public_key == OWN.manifest.trustees.election_key
    assert check_opening(OWN.manifest, path.read_bytes(), closed).private_key == opened.private_key
    # Again, with other releases or none: what is there stands.
    for again in (OWN.releases(closed, (1, 2)), []):
        repeated = open_box(OWN.manifest, precinct.store, path, again, now=now)
        assert (repeated.document, repeated.private_key) == (opened.document, opened.private_key)
    assert repr(opened).find(opened.private_key.hex()) < 0


def test_not_before_the_close(precinct: Precinct, sequencer: Sequencer) -> None:
    path = precinct.folder / "opening.json"
    with pytest.raises(OutOfOrder, match="first close the vote"):
        open_box(OWN.manifest, precinct.store, path, [], now=precinct.clock())
    with pytest.raises(OutOfOrder, match="first close the vote"):
        closing_checkpoint(OWN.manifest, precinct.store, now=precinct.clock())
    with pytest.raises(NotSigned):
        log_entries(precinct.store)
    assert not path.exists()


def test_not_before_the_last_checkpoint_is_signed(precinct: Precinct, sequencer: Sequencer) -> None:
    class Crash(Exception):
        pass

    def crash(step: str) -> None:
        if step == "sign":
            raise Crash

    precinct.on_step = crash
    with pytest.raises(Crash):
        sequencer.close_log(close_entry(OWN))
    with pytest.raises(NotSigned, match="start the sequencer again"):
        closing_checkpoint(OWN.manifest, precinct.store, now=precinct.clock())
    precinct = precinct.restart()
    precinct.sequencer()
    assert closing_checkpoint(OWN.manifest, precinct.store, now=precinct.clock())


def test_too_few_or_wrong_releases(precinct: Precinct, closed: Checkpoint) -> None:
    path = precinct.folder / "opening.json"
    now = precinct.clock()
    earlier = replace(closed, size=closed.size - 1)
    for releases in ([], OWN.releases(closed, (2,)), OWN.releases(earlier)):
        with pytest.raises(SharesMissing):
            open_box(OWN.manifest, precinct.store, path, releases, now=now)
    assert not path.exists()
    path.write_bytes(b"{}")
    with pytest.raises(OpeningInvalid, match="Move the file away"):
        open_box(OWN.manifest, precinct.store, path, OWN.releases(closed), now=now)


def test_the_sealed_bytes_are_those_of_the_ballots_that_count(
    precinct: Precinct, closed: Checkpoint
) -> None:
    admitted = admit(OWN.manifest, log_entries(precinct.store))
    files = collect_sealed(OWN.manifest, precinct.store, admitted.counted)
    assert files == collect_sealed(OWN.manifest, precinct.store, admitted.counted)
    assert files["centre"] == b""
    counted = {leaf(each): each for each in [*SECOND, *FIRST[2:]]}
    in_log = [each for each in precinct.leaves() if each in counted]
    assert files[STYLE] == b"".join(counted[each].sealed for each in in_log)
    opened = open_box(
        OWN.manifest,
        precinct.store,
        precinct.folder / "opening.json",
        OWN.releases(closed),
        now=precinct.clock(),
    )
    size = len(FIRST[0].sealed)
    answers = []
    for position, each in enumerate(in_log):
        header = counted[each].header
        info = seal_info(OWN.manifest.hash, STYLE, header.pseudonym, header.sequence)
        blob = files[STYLE][position * size : (position + 1) * size]
        vote = decode_vote(
            OWN.manifest.election, STYLE, Opener(opened.private_key).open(blob, info)
        )
        assert isinstance(vote, Vote)
        answers.append(vote.choices["cars"])
    assert sorted(map(str, answers)) == sorted(
        ["(('no', 1),)", "(('no', 1),)", "(('yes', 1),)", "(('yes', 1),)"]
    )


def test_superseded_ballots_are_forgotten(precinct: Precinct, closed: Checkpoint) -> None:
    entries = log_entries(precinct.store)
    admitted = admit(OWN.manifest, entries)
    before = collect_sealed(OWN.manifest, precinct.store, admitted.counted)
    for _ in range(2):
        forget_superseded(precinct.store, admitted)
        with precinct.store.reading() as transaction:
            assert transaction.sealed(map(leaf, FIRST[:2])) == {}
    assert collect_sealed(OWN.manifest, precinct.store, admitted.counted) == before
    assert log_entries(precinct.store) == entries
    precinct.sequencer()  # the log is whole
    precinct.store.dispose()
    database = precinct.stored_bytes("box_entry")
    assert FIRST[0].sealed not in database
    assert FIRST[2].sealed in database


def test_missing_sealed_bytes_are_named(precinct: Precinct, closed: Checkpoint) -> None:
    admitted = admit(OWN.manifest, log_entries(precinct.store))
    wrong = {
        STYLE: tuple(
            replace(each, sealed_hash=sha256(b"").digest()) for each in admitted.counted[STYLE]
        )
    }
    with pytest.raises(SealedMissing, match=r"entry [1-6]: the database lacks"):
        collect_sealed(OWN.manifest, precinct.store, wrong)
    with precinct.store.writing() as transaction:
        transaction.keep_sealed(())
    with pytest.raises(SealedMissing):
        collect_sealed(OWN.manifest, precinct.store, admitted.counted)
