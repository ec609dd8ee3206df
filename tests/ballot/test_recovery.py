"""An old copy of the database is brought forward to what was released, or told why not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.admission import admit
from audit.merkle import root
from ballot.box import BallotRefused
from ballot.durable import FileDiffers
from ballot.opening import collect_sealed
from ballot.recovery import Recovered, RecoveryRefused, recover
from ballot.secondcopy import SecondCopy, SecondCopyFailed, SecondCopyInvalid
from ballot.signer import FileSigner
from ballot.startup import DatabaseBehind
from ballot.store.engine import StoreBusy
from tests.ballot.precinct import (
    STYLE,
    Precinct,
    ballot,
    close_entry,
    leaf,
    test_message,
    town,
)
from tests.postgres import Server

OWN = town(batch_minimum=1)
PEOPLE = [ballot(OWN, f"voter {i}") for i in range(9)]


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def precinct(tmp_path: Path, server: Server | None) -> Iterator[Precinct]:
    (tmp_path / "box").mkdir()
    precinct = Precinct(tmp_path / "box", OWN, server=server)
    precinct.second_copy = SecondCopy(tmp_path / "other disk" / "copy")
    yield precinct
    precinct.store.dispose()


def forward(precinct: Precinct, *, accept_missing: bool = False) -> Recovered:
    signer = FileSigner(precinct.state, OWN.log.name, OWN.log.private)
    return recover(
        manifest=OWN.manifest,
        store=precinct.store,
        folder=precinct.log,
        last=signer.last(),
        copy=precinct.second_copy,
        accept_missing=accept_missing,
    )


def test_an_old_copy_is_brought_forward_and_the_vote_goes_on(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    precinct.cast(*PEOPLE[:2])
    sequencer.sequence()
    precinct.cast(PEOPLE[2])  # waits when the copy is made
    backup = precinct.backup()
    receipts = precinct.cast(*PEOPLE[3:6])
    sequencer.sequence()
    (revoted,) = precinct.cast(ballot(OWN, "voter 1", 2, "no"))
    sequencer.sequence()
    log = precinct.leaves()
    old = precinct.restored(backup)
    with pytest.raises(DatabaseBehind):
        old.sequencer()
    found = forward(old)
    assert (found.before, found.after) == (3, 8)
    assert (found.waiting, found.copied, found.missing) == (1, 4, ())
    assert old.leaves() == log
    assert forward(old) == Recovered(before=8, after=8, waiting=0, copied=0, missing=())
    sequencer = old.sequencer()
    # Everything that was acknowledged is there: the same requests get the same receipts.
    assert old.cast(*PEOPLE[3:6]) == receipts
    assert old.cast(ballot(OWN, "voter 1", 2, "no")) == [revoted]
    with pytest.raises(BallotRefused):
        old.cast(ballot(OWN, "voter 1", 2, "yes"))
    with old.box() as box, pytest.raises(BallotRefused):
        box.test(test_message(OWN, "voter 3", PEOPLE[3]))
    old.cast(*PEOPLE[6:])
    assert sequencer.sequence() == 3
    assert old.leaves()[:8] == log
    old.clock.late()
    sequencer.close_log(close_entry(OWN))
    with old.store.reading() as transaction:
        entries = [entry for _, entry in transaction.entries(0, transaction.head().size)]
    admitted = admit(OWN.manifest, entries)
    sealed = collect_sealed(OWN.manifest, old.store, admitted.counted)
    length = len(PEOPLE[0].sealed)
    assert len(sealed[STYLE]) == 9 * length
    old.store.dispose()


def test_a_closed_log_is_closed_again(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    backup = precinct.backup()
    precinct.cast(*PEOPLE[:3])
    precinct.clock.late()
    sequencer.close_log(close_entry(OWN))
    old = precinct.restored(backup)
    assert forward(old).after == 5
    with old.store.reading() as transaction:
        assert transaction.head().closed
    sequencer = old.sequencer()
    assert sequencer.close_log(close_entry(OWN)) == close_entry(OWN)
    old.store.dispose()


def test_ballots_whose_sealed_bytes_are_nowhere_are_named_and_only_then_given_up(
    precinct: Precinct,
) -> None:
    sequencer = precinct.opened()
    backup = precinct.backup()
    precinct.cast(*PEOPLE[:2])
    sequencer.sequence()
    old = precinct.restored(backup)
    old.second_copy = None
    with pytest.raises(RecoveryRefused, match="2 ballots of the published log have their sealed"):
        forward(old)
    with old.store.reading() as transaction:
        assert transaction.head().size == 1
    found = forward(old, accept_missing=True)
    assert sorted(found.missing) == sorted(map(leaf, PEOPLE[:2]))
    assert old.sequencer().sequence() == 0
    old.store.dispose()


def test_another_history_is_never_brought_in(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    backup = precinct.backup()
    precinct.cast(*PEOPLE[:2])
    sequencer.sequence()
    old = precinct.restored(backup)
    old.cast(*PEOPLE[4:6])
    careless = old.sequencer(start=False)
    with old.store.reading() as transaction:
        careless._head = transaction.head()
    assert careless._commit() == 2  # another batch at the same place, never signed
    with pytest.raises(RecoveryRefused, match="another history"):
        forward(old)
    old.store.dispose()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("bundle", "do not give the root of the checkpoint|entry bundle"),
        ("missing", "missing"),
        ("checkpoint", "nothing is published"),
        ("signer", "but 9 were signed"),
    ],
)
def test_files_that_are_not_whole_are_refused(precinct: Precinct, damage: str, words: str) -> None:
    sequencer = precinct.opened()
    backup = precinct.backup()
    precinct.cast(*PEOPLE[:4])
    sequencer.sequence()
    old = precinct.restored(backup)
    (bundle,) = (old.log / "tile/entries").glob("000.p/5")
    if damage == "bundle":
        data = bytearray(bundle.read_bytes())
        data[-1] ^= 1
        bundle.write_bytes(data)
    elif damage == "missing":
        bundle.unlink()
    elif damage == "checkpoint":
        (old.log / "checkpoint").unlink()
    else:
        signer = FileSigner(old.state, OWN.log.name, OWN.log.private)
        state = old.state.read_text().replace('"size":5', '"size":9')
        old.state.write_text(state)
        assert signer.last().size == 9
    with pytest.raises(RecoveryRefused, match=words):
        forward(old)
    with old.store.reading() as transaction:
        assert transaction.head().size == 1
    old.store.dispose()


def test_a_crash_while_recovering_leaves_the_old_copy(
    precinct: Precinct, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequencer = precinct.opened()
    backup = precinct.backup()
    precinct.cast(*PEOPLE[:4])
    sequencer.sequence()
    log = precinct.leaves()
    old = precinct.restored(backup)
    steps = ("append", "drop_pending", "accept", "move_head", "set_checkpoint")
    kind = "ballot.store.boxtransaction.BoxTransaction"
    for step in steps:
        with monkeypatch.context() as patch:

            def crash(*_: object, **__: object) -> None:
                raise Crash

            patch.setattr(f"{kind}.{step}", crash)
            with pytest.raises(Crash):
                forward(old)
        with old.store.reading() as transaction:
            assert transaction.head().size == transaction.stored() == 1
    assert forward(old).copied == 4
    assert old.leaves() == log
    old.sequencer()
    old.store.dispose()


def test_nothing_is_released_before_the_second_copy_has_it(
    precinct: Precinct, tmp_path: Path
) -> None:
    sequencer = precinct.opened()
    before = (precinct.log / "checkpoint").read_bytes()
    folder = tmp_path / "other disk"
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    folder.write_text("no folder")  # as a disk that is gone
    receipts = precinct.cast(*PEOPLE[:3])
    for _ in range(2):
        with pytest.raises(SecondCopyFailed, match="no batch is released"):
            sequencer.sequence()
        assert (precinct.log / "checkpoint").read_bytes() == before
    assert issubclass(SecondCopyFailed, StoreBusy)  # run() tries again
    assert precinct.cast(*PEOPLE[:3]) == receipts  # the box goes on
    folder.unlink()
    sequencer.sequence()
    log = precinct.leaves()
    assert len(log) == 4
    assert (precinct.log / "checkpoint").read_bytes() != before
    copies = SecondCopy(folder / "copy")
    assert copies.find(map(leaf, PEOPLE)) == {leaf(each): each.sealed for each in PEOPLE[:3]}
    assert root(log)


def test_the_second_copy_says_no_more_than_the_log(precinct: Precinct, tmp_path: Path) -> None:
    sequencer = precinct.opened()
    precinct.cast(*reversed(PEOPLE))
    sequencer.sequence()
    names = sorted(path.name for path in (tmp_path / "other disk" / "copy").iterdir())
    assert names == ["000000000000-000000000001.sealed", "000000000001-000000000010.sealed"]
    data = (tmp_path / "other disk" / "copy" / names[1]).read_bytes()
    order = sorted(map(leaf, PEOPLE))
    assert [data.index(each) for each in order] == sorted(data.index(each) for each in order)
    assert (tmp_path / "other disk" / "copy" / names[1]).stat().st_mode & 0o777 == 0o600


def test_a_damaged_second_copy_is_refused_by_name(tmp_path: Path) -> None:
    copies = SecondCopy(tmp_path)
    copies.keep(1, 3, [(leaf(each), each.sealed) for each in PEOPLE[:2]])
    copies.keep(1, 3, [(leaf(each), each.sealed) for each in PEOPLE[:2]])
    with pytest.raises(FileDiffers):
        copies.keep(1, 3, [(leaf(PEOPLE[0]), PEOPLE[0].sealed)])
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:40], b"", bytes([whole[0] ^ 1]) + whole[1:]):
        path.write_bytes(damaged)
        with pytest.raises(SecondCopyInvalid, match=r"000000000001-000000000003\.sealed"):
            copies.find([leaf(PEOPLE[0])])


def test_swapped_sealed_bytes_are_not_taken(precinct: Precinct, tmp_path: Path) -> None:
    sequencer = precinct.opened()
    backup = precinct.backup()
    precinct.cast(*PEOPLE[:2])
    sequencer.sequence()
    old = precinct.restored(backup)
    false = SecondCopy(tmp_path / "false")
    false.keep(1, 3, [(leaf(PEOPLE[0]), PEOPLE[1].sealed), (leaf(PEOPLE[1]), PEOPLE[0].sealed)])
    old.second_copy = false
    with pytest.raises(RecoveryRefused, match="2 ballots"):
        forward(old)
    old.store.dispose()
