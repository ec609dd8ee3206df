"""The sequencer: whole batches in the order of their hashes, and one history whatever fails."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest

from audit.admission import admit
from audit.checkpoint import open_checkpoint
from audit.merkle import leaf_hash, root
from audit.receipt import read_receipt
from audit.tile import read_entries, verify_log
from ballot import signer as log_signer
from ballot.box import BallotRefused
from ballot.durable import FileDiffers, replace_file
from ballot.lifecycle import Event, OutOfOrder, due
from ballot.release import FolderAhead
from ballot.sequencer import EntryRefused, Sequencer, SequencerStopped
from ballot.signer import FileSigner, SigningRefused
from ballot.startup import DatabaseBehind, SignerBehind
from ballot.store.boxtransaction import HeadMoved
from ballot.store.engine import StoreDamaged
from tests.ballot.precinct import CLOSES, OPENS, Clock, Precinct, ballot, close_entry, leaf, town
from tests.postgres import Server
from tests.town import clerk

OWN = town()
PEOPLE = [ballot(OWN, f"voter {i}") for i in range(12)]


@pytest.fixture
def precinct(tmp_path: Path, server: Server | None) -> Iterator[Precinct]:
    precinct = Precinct(tmp_path, OWN, server=server)
    yield precinct
    precinct.store.dispose()


def entries(precinct: Precinct) -> list[bytes]:
    with precinct.store.reading() as transaction:
        return [entry for _, entry in transaction.entries(0, transaction.head().size)]


def published(precinct: Precinct) -> tuple[int, bytes] | None:
    """(size, root) of the published checkpoint, after everything it covers was checked."""
    path = precinct.log / "checkpoint"
    if not path.exists():
        return None
    key = precinct.manifest.box.verifier_key
    head = open_checkpoint(path.read_bytes(), key.name, key).checkpoint

    def fetch(name: str) -> bytes | None:
        file = precinct.log / name
        return file.read_bytes() if file.exists() else None

    verify_log(fetch, head.size, head.root)
    assert list(read_entries(fetch, head.size)) == entries(precinct)[: head.size]
    return head.size, head.root


# -- the ordinary way -----------------------------------------------------------------------------


def test_a_whole_vote(precinct: Precinct) -> None:
    sequencer = precinct.sequencer()
    assert sequencer.sequence() == 0
    assert due(sequencer.facts()) is Event.OPEN
    assert sequencer.open_log(OWN.open_entry()) == OWN.open_entry()
    precinct.cast(*PEOPLE[:7])
    assert sequencer.sequence() == 7
    assert sequencer.sequence() == 0
    precinct.cast(*PEOPLE[7:])
    precinct.clock.late()
    assert due(sequencer.facts()) is Event.CLOSE
    assert sequencer.close_log(close_entry(OWN)) == close_entry(OWN)
    assert sequencer.sequence() == 0
    assert due(sequencer.facts()) is Event.OPEN_BOX
    log = precinct.leaves()
    assert log[1:8] == sorted(map(leaf, PEOPLE[:7]))
    assert log[8:-1] == sorted(map(leaf, PEOPLE[7:]))
    assert published(precinct) == (14, root(log))
    admitted = admit(OWN.manifest, entries(precinct))
    assert {b.leaf_hash for b in admitted.counted["north"]} == set(map(leaf, PEOPLE))
    with precinct.store.reading() as transaction:
        assert transaction.pending_count() == 0


def test_a_quiet_box_waits_for_a_whole_batch_and_the_close_takes_what_is_left(
    tmp_path: Path,
) -> None:
    own = town(batch_minimum=5)
    precinct = Precinct(tmp_path, own)
    sequencer = precinct.opened()
    people = [ballot(own, f"voter {i}") for i in range(7)]
    precinct.cast(*people[:4])
    assert sequencer.sequence() == 0
    precinct.cast(people[4])
    assert sequencer.sequence() == 5
    precinct.cast(*people[5:])
    assert sequencer.sequence() == 0
    precinct.clock.late()
    sequencer.close_log(close_entry(own))
    assert len(precinct.leaves()) == 9
    precinct.store.dispose()


def test_opening(precinct: Precinct) -> None:
    sequencer = precinct.sequencer()
    entry = OWN.open_entry()
    precinct.clock.now = OPENS - timedelta(seconds=1)
    with pytest.raises(OutOfOrder, match="opens at"):
        sequencer.open_log(entry)
    precinct.clock.now = CLOSES
    with pytest.raises(OutOfOrder, match="freeze a new election"):
        sequencer.open_log(entry)
    precinct.clock.now = OPENS
    for wrong in (
        b"{}",
        close_entry(OWN),
        PEOPLE[0].entry,
        clerk(seed="elsewhere").open_entry(),
        entry.replace(b'"signature":"', b'"signature":"A', 1),
    ):
        with pytest.raises(EntryRefused, match="open entry"):
            sequencer.open_log(wrong)
    assert published(precinct) is None
    assert sequencer.open_log(entry) == entry
    assert sequencer.open_log(b"whatever a second officer sends") == entry
    assert precinct.leaves() == [leaf_hash(entry)]


def test_closing_is_refused_before_its_time_and_with_a_wrong_entry(precinct: Precinct) -> None:
    sequencer = precinct.sequencer()
    with pytest.raises(OutOfOrder, match="first open the vote"):
        sequencer.close_log(close_entry(OWN))
    sequencer.open_log(OWN.open_entry())
    with pytest.raises(OutOfOrder, match="closes at 2026-10-19T18:00:00Z: wait"):
        sequencer.close_log(close_entry(OWN))
    precinct.cast(*PEOPLE[:3])
    precinct.clock.late()
    for wrong in (b"", OWN.open_entry(), close_entry(OWN, issued=501), PEOPLE[0].entry):
        with pytest.raises(EntryRefused, match="close entry"):
            sequencer.close_log(wrong)
    with pytest.raises(EntryRefused, match=r"says 2 credentials .* but 3 pseudonyms"):
        sequencer.close_log(close_entry(OWN, issued=2))
    assert published(precinct) == (1, root(precinct.leaves()))
    sequencer.close_log(close_entry(OWN, issued=3))
    assert len(precinct.leaves()) == 5


def test_two_officers_close_at_once(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    precinct.cast(*PEOPLE[:3])
    precinct.clock.late()
    other = precinct.sequencer()  # as another process
    with ThreadPoolExecutor(4) as pool:
        acts = [
            pool.submit(each.close_log, close_entry(OWN))
            for each in (sequencer, other, sequencer, other)
        ]
        assert {act.result() for act in acts} == {close_entry(OWN)}
    assert len(precinct.leaves()) == 5
    for each in (sequencer, other):
        with pytest.raises(EntryRefused, match="closed already, with other counts"):
            each.close_log(close_entry(OWN, issued=399))
        with pytest.raises(EntryRefused, match="another type"):
            each.close_log(OWN.open_entry())
        assert each.close_log(close_entry(OWN)) == close_entry(OWN)


def test_ballots_that_arrive_while_closing_are_in_before_it_or_refused(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    late, in_time = Clock(), Clock()
    late.late()
    in_time.now = CLOSES - timedelta(seconds=1)
    precinct.clock = in_time
    box = precinct.box(group=2)
    precinct.clock = late
    sequencer = precinct.sequencer()
    acknowledged: list[bytes] = []
    refused: list[str] = []

    def cast(number: int) -> None:
        each = ballot(OWN, f"hurried {number}")
        try:
            acknowledged.append(
                read_receipt(box.cast(each.entry, each.sealed), OWN.manifest).leaf_hash
            )
        except BallotRefused as error:
            refused.append(error.code)

    for number in range(60):
        ballot(OWN, f"hurried {number}")  # made before the race
    closer = Thread(target=sequencer.close_log, args=(close_entry(OWN),))
    with box, ThreadPoolExecutor(4) as pool:
        work = [pool.submit(cast, number) for number in range(30)]
        closer.start()
        work += [pool.submit(cast, number) for number in range(30, 60)]
        for each in work:
            each.result()
        closer.join()
    assert set(refused) <= {"closed"}
    assert len(acknowledged) + len(refused) == 60
    assert sorted(acknowledged) == precinct.leaves()[1:-1]
    with precinct.store.reading() as transaction:
        assert transaction.pending_count() == 0
    admit(OWN.manifest, entries(precinct))


def test_it_runs_until_it_is_stopped(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    precinct.cast(*PEOPLE[:2])
    stop = Signal()
    waits = iter((False, False, True))
    stop.wait = lambda _=None: next(waits)  # type: ignore[method-assign,assignment]
    sequencer.run(stop)
    assert len(precinct.leaves()) == 3


# -- crashes --------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process ends here."""


class Recorder:
    """Counts steps; crashes before step number ``at``."""

    def __init__(self, at: int | None = None) -> None:
        self.steps: list[str] = []
        self.at = at

    def __call__(self, step: str) -> None:
        if len(self.steps) == self.at:
            raise Crash(step)
        self.steps.append(step)


class Boundary:
    """A log of 251 entries and 12 ballots that wait: the next batch crosses a tile's edge."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        precinct = Precinct(folder, OWN, server=server)
        sequencer = precinct.opened()
        precinct.cast(*(ballot(OWN, f"earlier {i}") for i in range(250)))
        sequencer.sequence()
        precinct.cast(*PEOPLE)
        precinct.store.dispose()
        self.original = precinct

    def copy(self, folder: Path) -> Precinct:
        shutil.copytree(self.original.folder, folder)
        server = self.original.server
        address = "" if server is None else server.copy(self.original.address)
        return Precinct(folder, OWN, server=server, address=address)


@pytest.fixture(scope="module")
def boundaries() -> dict[str, Boundary]:
    return {}


@pytest.fixture
def before_the_boundary(
    boundaries: dict[str, Boundary],
    server: Server | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Boundary:
    kind = "sqlite" if server is None else "postgresql"
    if kind not in boundaries:
        boundaries[kind] = Boundary(tmp_path_factory.mktemp("boundary"), server)
    return boundaries[kind]


def act_sequence(sequencer: Sequencer) -> None:
    assert sequencer.sequence() == 12


def act_close(sequencer: Sequencer) -> None:
    sequencer.close_log(close_entry(OWN))


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_a_crash_at_any_step_of_the_opening_opens_it_once(
    precinct: Precinct, tmp_path: Path
) -> None:
    recorder = Recorder()
    sequencer = precinct.sequencer()
    precinct.on_step = recorder
    sequencer.open_log(OWN.open_entry())
    steps, expected = recorder.steps, precinct.leaves()
    assert {"append", "commit", "committed", "sign", "commit checkpoint"} < set(steps)
    for at in range(len(steps)):
        folder = tmp_path / f"crash-{at}"
        folder.mkdir()
        again = Precinct(folder, OWN)
        sequencer = again.sequencer()
        again.on_step = Recorder(at)
        with pytest.raises(Crash):
            sequencer.open_log(OWN.open_entry())
        again = again.restart()
        for _ in range(2):
            assert again.sequencer().open_log(OWN.open_entry()) == OWN.open_entry()
        assert again.leaves() == expected
        assert published(again) == (1, root(expected))
        again.cast(PEOPLE[0])
        assert again.sequencer().sequence() == 1
        again.store.dispose()


@pytest.mark.parametrize("act", [act_sequence, act_close])
def test_a_crash_at_any_step_loses_nothing_and_forks_nothing(
    before_the_boundary: Boundary, tmp_path: Path, act: Callable[[Sequencer], None]
) -> None:
    def copy(name: str) -> Precinct:
        precinct = before_the_boundary.copy(tmp_path / name)
        if act is act_close:
            precinct.clock.late()
        return precinct

    whole = copy("whole")
    recorder = Recorder()
    sequencer = whole.sequencer()
    whole.on_step = recorder
    act(sequencer)
    expected = whole.leaves()
    steps = recorder.steps
    assert {"append", "commit", "committed", "sign", "commit checkpoint"} < set(steps)
    assert {"publish tile/0/000", "publish tile/entries/000", "publish tile/1/000.p/1"} < set(steps)
    for at in range(len(steps)):
        precinct = copy(f"crash-{at}")
        sequencer = precinct.sequencer()
        before = published(precinct)
        precinct.on_step = Recorder(at)
        with pytest.raises(Crash):
            act(sequencer)
        with pytest.raises(SequencerStopped):
            sequencer.sequence()
        released = published(precinct)
        precinct = precinct.restart()
        # A retry with other content: a ballot that came after the crash.
        other = ballot(OWN, "after the crash")
        if act is act_sequence:
            precinct.cast(other)
        sequencer = precinct.sequencer()
        for seen in (before, released):
            assert seen is not None
            assert root(precinct.leaves()[: seen[0]]) == seen[1]
        for resumed in range(2):
            if act is act_close:
                act(sequencer)
            else:
                assert sequencer.sequence() in ((1, 13) if resumed == 0 else (0,))
        log = precinct.leaves()
        if act is act_close:
            assert log == expected
            admit(OWN.manifest, entries(precinct))
        else:
            assert sorted(log) == sorted([*expected, leaf(other)])
        assert published(precinct) == (len(log), root(log))
        assert FileSigner(precinct.state, OWN.log.name, OWN.log.private).last().size == len(log)
        precinct.store.dispose()


def test_a_crash_while_starting_again_is_a_crash_like_any_other(
    before_the_boundary: Boundary, tmp_path: Path
) -> None:
    precinct = before_the_boundary.copy(tmp_path / "box")
    sequencer = precinct.sequencer()
    precinct.on_step = Recorder(5)  # after the commit, before the signature
    with pytest.raises(Crash):
        sequencer.sequence()
    at = 0
    while True:
        precinct = precinct.restart()
        precinct.on_step = Recorder(at)
        try:
            precinct.sequencer()
        except Crash:
            at += 1
            continue
        break
    assert at > 3
    assert published(precinct) == (263, root(precinct.leaves()))
    precinct.store.dispose()


def test_a_crash_inside_the_signer(precinct: Precinct, monkeypatch: pytest.MonkeyPatch) -> None:
    sequencer = precinct.opened()
    precinct.cast(*PEOPLE[:5])

    def crash(*_: object) -> bytes:
        raise Crash

    monkeypatch.setattr(log_signer, "sign_checkpoint", crash)
    with pytest.raises(Crash):
        sequencer.sequence()
    monkeypatch.undo()
    assert published(precinct) == (1, root(precinct.leaves()[:1]))
    precinct = precinct.restart()
    precinct.cast(*PEOPLE[5:])
    sequencer = precinct.sequencer()
    assert published(precinct) == (6, root(precinct.leaves()))
    assert sequencer.sequence() == 7
    assert published(precinct) == (13, root(precinct.leaves()))


def test_an_unknown_commit_is_answered_by_the_database(precinct: Precinct) -> None:
    """The commit reached the disk, but the process never heard of it."""
    sequencer = precinct.opened()
    precinct.cast(*PEOPLE[:3])
    precinct.on_step = Recorder(at=4)
    with pytest.raises(Crash, match="committed"):
        sequencer.sequence()
    precinct = precinct.restart()
    receipts = precinct.cast(*PEOPLE[:3])  # clients ask again
    assert len(receipts) == 3
    assert precinct.sequencer().sequence() == 0
    assert len(precinct.leaves()) == 4


# -- old copies -----------------------------------------------------------------------------------


def test_an_old_copy_of_the_database_is_refused(precinct: Precinct, tmp_path: Path) -> None:
    sequencer = precinct.opened()
    precinct.cast(*PEOPLE[:3])
    sequencer.sequence()
    copy = precinct.backup()
    precinct.cast(*PEOPLE[3:6])
    sequencer.sequence()
    log = precinct.leaves()
    assert published(precinct) == (7, root(log))
    old = precinct.restored(copy)
    with pytest.raises(DatabaseBehind, match=r"has 4 entries, but 7 were signed.*never sign"):
        old.sequencer()
    # Nor when it has grown past what was signed, with other ballots, and nobody looked first.
    old.cast(*PEOPLE[6:])
    careless = old.sequencer(start=False)
    with old.store.reading() as transaction:
        careless._head = transaction.head()
    with pytest.raises(FolderAhead):
        careless.sequence()
    old.log.rename(tmp_path / "published")
    with old.store.reading() as transaction:
        careless._head = transaction.head()
    with pytest.raises(SigningRefused, match="another history than what was released"):
        careless.sequence()
    with pytest.raises(DatabaseBehind, match="another history"):
        old.sequencer()
    key = OWN.manifest.box.verifier_key
    for folder, seen in ((tmp_path / "published", (7, root(log))), (old.log, (4, root(log[:4])))):
        note = (folder / "checkpoint").read_bytes()
        head = open_checkpoint(note, key.name, key).checkpoint
        assert (head.size, head.root) == seen
    old.store.dispose()


def test_an_old_signer_file_is_refused(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    old = precinct.state.read_bytes()
    precinct.cast(*PEOPLE[:3])
    sequencer.sequence()
    replace_file(precinct.state, old)
    with pytest.raises(SignerBehind, match=r"remembers 1 entries, but 4 were signed"):
        precinct.restart().sequencer()


def test_old_copies_of_both_are_betrayed_by_what_was_published(
    precinct: Precinct, tmp_path: Path
) -> None:
    sequencer = precinct.opened()
    copy = precinct.backup()
    state = precinct.state.read_bytes()
    precinct.cast(*PEOPLE[:3])
    sequencer.sequence()
    old = precinct.restored(copy)
    replace_file(old.state, state)
    with pytest.raises(FolderAhead, match="beyond the 1 entries of the database"):
        old.sequencer()
    old.store.dispose()


def test_what_was_signed_but_not_recorded_survives_in_the_signer(
    precinct: Precinct, tmp_path: Path
) -> None:
    """Signed, then the disk lost the last commits although they had been promised."""
    sequencer = precinct.opened()
    precinct.cast(*PEOPLE[:3])
    copy = precinct.backup()
    recorder = Recorder()
    precinct.on_step = recorder
    sequencer.sequence()
    at = recorder.steps.index("record")
    old = precinct.restored(copy)
    assert at > 0
    with pytest.raises(DatabaseBehind):
        old.sequencer()
    old.store.dispose()


# -- other faults ---------------------------------------------------------------------------------


def test_a_second_sequencer_loses_and_may_start_again(precinct: Precinct) -> None:
    one = precinct.opened()
    two = precinct.sequencer()
    precinct.cast(*PEOPLE[:3])
    assert one.sequence() == 3
    precinct.cast(*PEOPLE[3:6])
    with pytest.raises(HeadMoved, match="another is at work"):
        two.sequence()
    with pytest.raises(SequencerStopped):
        two.sequence()
    two.start()
    assert two.sequence() == 3
    with pytest.raises(HeadMoved):
        one.sequence()
    assert published(precinct) == (7, root(precinct.leaves()))


def test_a_sequencer_overtaken_after_its_commit(precinct: Precinct) -> None:
    one = precinct.opened()
    precinct.cast(*PEOPLE[:3])

    def overtake(step: str) -> None:
        if step == "sign":
            precinct.on_step = lambda _step: None
            precinct.sequencer()  # signs and publishes what the first committed

    precinct.on_step = overtake
    assert one.sequence() == 3
    assert published(precinct) == (4, root(precinct.leaves()))

    def go_on(step: str) -> None:
        if step == "sign":
            precinct.on_step = lambda _step: None
            two = precinct.sequencer()
            precinct.cast(*PEOPLE[6:])
            two.sequence()

    precinct.cast(*PEOPLE[3:6])
    precinct.on_step = go_on
    with pytest.raises(HeadMoved, match="another is at work"):
        one.sequence()
    one.start()
    assert published(precinct) == (13, root(precinct.leaves()))


def test_a_running_sequencer_recovers_when_another_was_at_work(precinct: Precinct) -> None:
    one = precinct.opened()
    precinct.cast(*PEOPLE[:3])
    precinct.sequencer().sequence()
    precinct.cast(*PEOPLE[3:])
    stop = Signal()
    waits = iter((False, False, True))
    stop.wait = lambda _=None: next(waits)  # type: ignore[method-assign,assignment]
    one.run(stop)
    assert len(precinct.leaves()) == 13


def test_starting_beside_a_sequencer_at_work(precinct: Precinct) -> None:
    """An officer's command starts while the service moves a batch: no false alarm."""
    service = precinct.opened()
    stop = Signal()
    started: list[Sequencer] = []

    def start() -> None:
        while not stop.is_set():
            started.append(precinct.sequencer())

    with ThreadPoolExecutor(2) as pool:
        beside = [pool.submit(start) for _ in range(2)]
        for each in PEOPLE:
            precinct.cast(each)
            service.sequence()
        stop.set()
        for work in beside:
            work.result()
    assert started
    assert published(precinct) == (13, root(precinct.leaves()))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE box_entry SET entry = x'00' WHERE position = 2",
        "UPDATE box_tile SET hashes = zeroblob(128) WHERE level = 0",
        "UPDATE box_pending SET entry = x'00'",
        "UPDATE box_head SET checkpoint = x'00'",
        "DELETE FROM box_entry WHERE position = 1",
    ],
)
def test_a_damaged_database_is_never_signed(precinct: Precinct, statement: str) -> None:
    sequencer = precinct.opened()
    precinct.cast(*PEOPLE[:3])
    sequencer.sequence()
    precinct.cast(*PEOPLE[3:6])
    before = (precinct.log / "checkpoint").read_bytes()
    precinct.store.dispose()
    if precinct.server is not None:
        statement = statement.replace("x'00'", "'\\x00'")
        statement = statement.replace("zeroblob(128)", "decode(repeat('00', 128), 'hex')")
    assert precinct.alter(statement) > 0
    with pytest.raises((StoreDamaged, FileDiffers)):
        sequencer.sequence()
    if "box_pending" not in statement:
        with pytest.raises(StoreDamaged):
            precinct.sequencer()
    assert (precinct.log / "checkpoint").read_bytes() == before


def test_a_published_file_with_other_content_stops_everything(precinct: Precinct) -> None:
    sequencer = precinct.opened()
    precinct.cast(*PEOPLE[:3])
    replace_file(precinct.log / "tile/0/000.p" / "4", b"x" * 128)
    with pytest.raises(FileDiffers, match="may never change"):
        sequencer.sequence()
    with pytest.raises(SequencerStopped):
        sequencer.sequence()
    with pytest.raises(FileDiffers):
        precinct.sequencer()


def test_a_signer_with_another_key_is_refused(precinct: Precinct) -> None:
    sequencer = Sequencer(
        manifest=OWN.manifest,
        store=precinct.store,
        signer=FileSigner(precinct.state, OWN.manifest.box.origin, OWN.receipt_key),
        folder=precinct.log,
        clock=precinct.clock,
    )
    with pytest.raises(SignerBehind, match="use this election's key file"):
        sequencer.start()
