"""Witnesses are asked beside the vote: who is missing delays the opening, and nothing else."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event as Signal

import pytest

from audit.checkpoint import Checkpoint, cosign, open_checkpoint, sign_checkpoint
from audit.merkle import leaf_hash, root
from audit.note import Note, VerifierKey
from audit.policy import QuorumMissing
from audit.proof import ProofFile
from audit.witness import AddCheckpoint, judge
from ballot.cosignatures import CosignaturesInvalid, LogNotSigned, Seen
from ballot.cosigning import Answer
from ballot.opening import NotWitnessed, closing_checkpoint, open_box
from ballot.sequencer import Sequencer
from ballot.signer import FileSigner
from ballot.voter import SealedBallot
from tests.ballot.observatory import Observatory
from tests.ballot.precinct import Precinct, ballot, close_entry, leaf, town


@pytest.fixture
def sky(tmp_path: Path) -> Observatory:
    return Observatory(tmp_path / "sky")


@pytest.fixture
def precinct(sky: Observatory, tmp_path: Path) -> Iterator[Precinct]:
    (tmp_path / "box").mkdir()
    precinct = Precinct(tmp_path / "box", sky.own)
    yield precinct
    precinct.store.dispose()


def people(sky: Observatory, count: int) -> list[SealedBallot]:
    return [ballot(sky.own, f"voter {i}") for i in range(count)]


def note(precinct: Precinct) -> bytes:
    return (precinct.log / "checkpoint").read_bytes()


def head(precinct: Precinct) -> bytes:
    with precinct.store.reading() as transaction:
        return transaction.head().checkpoint


def closed(precinct: Precinct, sequencer: Sequencer) -> None:
    precinct.clock.late()
    sequencer.close_log(close_entry(precinct.own))


def final(precinct: Precinct) -> bytes:
    return closing_checkpoint(precinct.manifest, precinct.store, now=precinct.clock())


# -- the ordinary way -----------------------------------------------------------------------------


def test_a_whole_vote_with_witnesses(sky: Observatory, precinct: Precinct) -> None:
    cosigning = sky.cosigning(precinct)
    with pytest.raises(LogNotSigned, match="open the vote first"):
        cosigning.ask_all()
    sequencer = precinct.opened()
    seen = cosigning.ask_all()
    assert seen == Seen(size=1, cosigned=("library", "paper"), missing=(), enough=True, final=False)
    assert sky.olds() == [("library", b"old 0"), ("paper", b"old 0")]
    cast = people(sky, 5)
    precinct.cast(*cast)
    sequencer.sequence()
    assert len(Note.parse(note(precinct)).signatures) == 1  # published before anybody was asked
    assert cosigning.ask_all().size == 6
    # It remembers what each cosigned; a new process is told, and asks again.
    assert sky.olds() == [("library", b"old 1"), ("paper", b"old 1")]
    closed(precinct, sequencer)
    with pytest.raises(NotWitnessed, match=r"missing: library, paper.*scrutin cosign"):
        final(precinct)
    assert sky.cosigning(precinct).ask_all().final
    assert sky.olds() == [
        ("library", b"old 0"),
        ("library", b"old 6"),
        ("paper", b"old 0"),
        ("paper", b"old 6"),
    ]
    policy = sky.own.manifest.policy
    assert policy is not None
    origin, key = precinct.manifest.box.origin, precinct.manifest.box.verifier_key
    opened = policy.open_checkpoint(note(precinct), origin, key)
    assert opened.checkpoint.size == 7
    assert list(policy.cosigned(opened)) == ["library", "paper"]
    assert note(precinct) == head(precinct) == final(precinct)
    assert precinct.box().status().checkpoint == note(precinct)
    proof = precinct.box().proof(leaf(cast[0]))
    assert isinstance(proof, bytes)
    ProofFile.parse(proof).verify(entry=cast[0].entry, origin=origin, log_key=key, policy=policy)
    path = precinct.folder / "opening.json"
    releases = sky.own.releases(opened.checkpoint)
    open_box(precinct.manifest, precinct.store, path, releases, now=precinct.clock())


def test_a_closed_log_with_enough_witnesses_never_changes(tmp_path: Path) -> None:
    """A later cosignature would change the files that officers sign."""
    sky = Observatory(tmp_path / "sky", "any")
    (tmp_path / "box").mkdir()
    precinct = Precinct(tmp_path / "box", sky.own)
    sequencer = precinct.opened()
    sky.down("paper")
    seen = sky.cosigning(precinct).ask_all()
    assert (seen.cosigned, seen.missing, seen.enough) == (("library",), ("paper",), True)
    sky.up("paper")
    assert sky.cosigning(precinct).ask_all().missing == ()  # not closed: all are wanted
    sky.down("library")
    closed(precinct, sequencer)
    assert sky.cosigning(precinct).ask_all().final
    sky.up("library")
    kept = note(precinct)
    line = sky.answer("library", sky.cosignatures(precinct).request(1)).body
    sky.requests.clear()
    for _ in range(2):
        assert sky.cosigning(precinct).ask_all().cosigned == ("paper",)
        assert sky.requests == []
        assert sky.cosignatures(precinct).add(line).cosigned == ("paper",)
        precinct.sequencer()
    assert note(precinct) == head(precinct) == kept
    precinct.store.dispose()


def test_nor_when_the_last_cosignature_was_under_way(tmp_path: Path) -> None:
    sky = Observatory(tmp_path / "sky", "any")
    (tmp_path / "box").mkdir()
    precinct = Precinct(tmp_path / "box", sky.own)
    closed(precinct, precinct.opened())
    kept: list[bytes] = []

    def meanwhile(request: bytes) -> Answer:
        sky.down("paper")
        assert sky.cosigning(precinct).ask_all().final
        kept.append(note(precinct))
        return sky.answer("paper", request)

    sky.instead["paper"] = meanwhile
    sky.instead["library"] = lambda request: sky.answer("library", request)
    assert sky.cosigning(precinct).ask_all().cosigned == ("library",)
    assert [note(precinct)] == [head(precinct)] == kept
    precinct.store.dispose()


def test_lines_stand_in_the_policys_order_whoever_came_first(
    sky: Observatory, precinct: Precinct
) -> None:
    precinct.opened()
    sky.down("library")
    sky.cosigning(precinct).ask_all()
    sky.up("library")
    sky.cosigning(precinct).ask_all()
    names = [line.name for line in Note.parse(note(precinct)).signatures]
    assert names == [precinct.manifest.box.origin, "library.example/w", "paper.example/w"]


def test_an_election_without_witnesses(tmp_path: Path) -> None:
    own = town()
    precinct = Precinct(tmp_path, own)
    sequencer = precinct.opened()
    closed(precinct, sequencer)
    sky = Observatory(tmp_path / "sky")
    before = note(precinct)
    cosigning = sky.cosigning(precinct)
    assert not cosigning.has_witnesses
    assert cosigning.ask_all().final
    assert sky.requests == []
    assert note(precinct) == before == final(precinct)
    precinct.store.dispose()


# -- witnesses that fail --------------------------------------------------------------------------


def refuses(status: int, body: bytes) -> Callable[[bytes], Answer]:
    return lambda _request: Answer(status=status, body=body)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (refuses(404, b"log not known\n"), "status 404: log not known"),
        (refuses(500, b"\x1b[31m\xff"), "status 500"),
        (refuses(503, b""), "no reason given"),
        (refuses(302, b""), "status 302"),
        (refuses(409, b"1000\n"), r"cosigned 1000 entries of this log, which has 4: another log"),
        (refuses(409, b"3\n"), "status 409"),
        (refuses(409, b"x"), "size: 'x' is not a decimal"),
        (refuses(409, b""), "size: '' is not a decimal"),
        (refuses(200, b""), "line feed"),
        (refuses(200, b"hello\n"), "signature line"),
        (refuses(200, b"\xff\n"), "not UTF-8"),
        (refuses(200, "— else.example AAAAAAAAAAA=\n".encode()), "without a cosignature"),
    ],
)
def test_a_witness_that_answers_something_else(
    sky: Observatory, precinct: Precinct, answer: Callable[[bytes], Answer], message: str
) -> None:
    sequencer = precinct.opened()
    precinct.cast(*people(sky, 3))
    sequencer.sequence()
    sky.instead["paper"] = answer
    seen = sky.cosigning(precinct).ask_all()
    assert (seen.cosigned, seen.missing, seen.enough) == (("library",), ("paper",), False)
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(seen.faults["paper"])
    assert all(each.isprintable() for each in seen.faults["paper"])
    sky.up("paper")
    assert sky.cosigning(precinct).ask_all().enough


def test_a_cosignature_of_something_else_is_not_kept(sky: Observatory, precinct: Precinct) -> None:
    sequencer = precinct.opened()
    first = sky.cosignatures(precinct).request(0)
    of_first = sky.answer("paper", first)
    precinct.cast(*people(sky, 2))
    sequencer.sequence()
    before = note(precinct)
    sky.down("library")
    for wrong in (of_first, sky.answer("library", first)):
        sky.instead["paper"] = lambda _request, answer=wrong: answer  # type: ignore[misc]
        seen = sky.cosigning(precinct).ask_all()
        assert seen.cosigned == ()
    assert note(precinct) == before


def test_a_witness_that_breaks_the_client(sky: Observatory, precinct: Precinct) -> None:
    precinct.opened()

    def broken(_request: bytes) -> Answer:
        raise RuntimeError("whatever")

    sky.instead["paper"] = broken
    seen = sky.cosigning(precinct).ask_all()
    assert seen.cosigned == ("library",)
    assert seen.faults == {"paper": "could not be asked (RuntimeError)"}


def test_a_witness_that_is_asked_by_hand(tmp_path: Path) -> None:
    sky = Observatory(tmp_path / "sky", addresses=False)
    (tmp_path / "box").mkdir()
    precinct = Precinct(tmp_path / "box", sky.own)
    precinct.opened()
    seen = sky.cosigning(precinct).ask_all()
    assert sky.requests == []
    assert "by hand" in seen.faults["paper"]
    cosignatures = sky.cosignatures(precinct)
    for count, name in enumerate(("paper", "library"), start=1):
        answer = sky.answer(name, cosignatures.request(0))
        assert len(cosignatures.add(answer.body).cosigned) == count
    assert len(Note.parse(note(precinct)).signatures) == 3
    precinct.store.dispose()


def test_a_slow_witness_holds_up_neither_the_others_nor_the_vote(
    sky: Observatory, precinct: Precinct
) -> None:
    go = Signal()

    def slow(request: bytes) -> Answer:
        go.wait(180)
        return sky.answer("paper", request)

    sequencer = precinct.opened()
    sky.instead["paper"] = slow
    cosigning = sky.cosigning(precinct, round_seconds=0.3)
    seen = cosigning.ask_all()
    assert seen.cosigned == ("library",)
    assert seen.faults == {"paper": "did not answer in time"}
    began = time.monotonic()
    precinct.cast(*people(sky, 3))
    assert sequencer.sequence() == 3
    closed(precinct, sequencer)
    # One request at a time: whoever hangs is not asked again meanwhile.
    assert cosigning.ask_all().faults == {"paper": "has not answered the last request yet"}
    assert time.monotonic() - began < 30
    assert [name for name, _ in sky.requests].count("paper") == 1
    go.set()
    sky.up("paper")
    until = time.monotonic() + 180
    while not cosigning.ask_all().final:
        assert time.monotonic() < until
        time.sleep(0.02)
    final(precinct)


def test_it_asks_until_it_is_stopped(sky: Observatory, precinct: Precinct) -> None:
    sequencer = precinct.opened()
    heard: list[Seen] = []

    class Ticks(Signal):
        """Each look of the loop is one tick of this test."""

        def __init__(self, *acts: Callable[[], object]) -> None:
            super().__init__()
            self.acts = iter(acts)

        def wait(self, timeout: float | None = None) -> bool:
            act = next(self.acts, None)
            if act is not None:
                act()
            return act is None

    def nothing() -> None:
        pass

    def batch() -> None:
        precinct.cast(*people(sky, 3))
        sequencer.sequence()

    sky.down("paper")
    acts = (nothing, nothing, nothing, batch, lambda: closed(precinct, sequencer), nothing)
    sky.cosigning(precinct).run(Ticks(*acts), heard.append)
    # Once for each checkpoint; a witness that is down is not asked every second.
    assert [(seen.size, seen.missing) for seen in heard] == [
        (1, ("paper",)),
        (4, ("paper",)),
        (5, ("paper",)),
    ]
    sky.up("paper")
    sky.cosigning(precinct).run(Ticks(nothing, nothing, nothing), heard.append)
    assert len(heard) == 4
    assert heard[-1].final


# -- beside the sequencer -------------------------------------------------------------------------


def test_a_cosignature_from_elsewhere_does_not_disturb_the_sequencer(
    sky: Observatory, precinct: Precinct
) -> None:
    sequencer = precinct.opened()
    for step, each in enumerate(people(sky, 3), start=2):
        sky.cosigning(precinct).ask_all()  # as the command does, in another process
        precinct.cast(each)
        assert sequencer.sequence() == 1
        assert len(precinct.leaves()) == step
    sky.cosigning(precinct).ask_all()
    closed(precinct, sequencer)


def test_a_batch_that_comes_while_witnesses_are_asked(sky: Observatory, precinct: Precinct) -> None:
    sequencer = precinct.opened()

    def meanwhile(request: bytes) -> Answer:
        answer = sky.answer("paper", request)
        precinct.cast(*people(sky, 2))
        sequencer.sequence()
        return answer

    sky.instead["paper"] = meanwhile
    seen = sky.cosigning(precinct).ask_all()
    assert (seen.size, seen.cosigned) == (3, ())  # what came is for a checkpoint of the past
    assert len(Note.parse(note(precinct)).signatures) == 1
    sky.up("paper")
    assert sky.cosigning(precinct).ask_all().cosigned == ("library", "paper")


def test_a_proof_stays_good_while_a_witness_is_down(sky: Observatory, precinct: Precinct) -> None:
    sequencer = precinct.opened()
    old, young = people(sky, 2)
    policy = sky.own.manifest.policy
    key = precinct.manifest.box.verifier_key

    def verified(cast: SealedBallot) -> int:
        proof = precinct.box().proof(leaf(cast))
        assert isinstance(proof, bytes)
        opened = ProofFile.parse(proof).verify(
            entry=cast.entry, origin=key.name, log_key=key, policy=policy
        )
        return opened.checkpoint.size

    precinct.cast(old)
    sequencer.sequence()
    with pytest.raises(QuorumMissing):
        verified(old)
    sky.cosigning(precinct).ask_all()
    assert verified(old) == 2
    sky.down("paper")
    precinct.cast(young)
    sequencer.sequence()
    sky.cosigning(precinct).ask_all()
    assert verified(old) == 2
    with pytest.raises(QuorumMissing, match="missing: paper"):
        verified(young)
    precinct = precinct.restart()
    assert verified(old) == 2
    sky.up("paper")
    sky.cosigning(precinct).ask_all()
    assert verified(old) == verified(young) == 3


def test_two_who_ask_at_once_lose_nothing(sky: Observatory, precinct: Precinct) -> None:
    precinct.opened()
    other = sky.cosigning(precinct)

    def meanwhile(request: bytes) -> Answer:
        sky.up("library")
        other.ask_all()
        return sky.answer("library", request)

    sky.instead["library"] = meanwhile
    assert sky.cosigning(precinct).ask_all().cosigned == ("library", "paper")
    assert len(Note.parse(note(precinct)).signatures) == 3


def test_a_crash_before_the_note_is_published(sky: Observatory, precinct: Precinct) -> None:
    precinct.opened()
    bare = note(precinct)
    sky.cosigning(precinct).ask_all()
    (precinct.log / "checkpoint").write_bytes(bare)  # committed, not published
    precinct = precinct.restart()
    precinct.sequencer()
    assert note(precinct) == head(precinct) != bare


def test_an_old_copy_of_the_database_takes_no_cosignature_back(
    sky: Observatory, precinct: Precinct, tmp_path: Path
) -> None:
    sequencer = precinct.opened()
    closed(precinct, sequencer)
    copy = tmp_path / "copy.sqlite"
    with (
        closing(sqlite3.connect(precinct.database)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    sky.cosigning(precinct).ask_all()
    kept = note(precinct)
    precinct.store.dispose()
    for suffix in ("-wal", "-shm"):
        precinct.database.with_name(precinct.database.name + suffix).unlink(missing_ok=True)
    shutil.copy(copy, precinct.database)
    precinct = precinct.restart()
    assert head(precinct) != kept
    precinct.sequencer()
    assert note(precinct) == head(precinct) == kept
    sky.requests.clear()
    assert sky.cosigning(precinct).ask_all().final
    assert sky.requests == []


def test_lines_that_somebody_wrote_into_the_published_note_are_not_adopted(
    sky: Observatory, precinct: Precinct
) -> None:
    precinct.opened()
    sky.down("paper")
    sky.cosigning(precinct).ask_all()
    kept = note(precinct)
    (line,) = [each for each in Note.parse(kept).signatures if each.name == "library.example/w"]
    text = kept.decode()
    forged = str(line).replace("library.example/w", "paper.example/w")
    (precinct.log / "checkpoint").write_text(f"{text}{forged}\n— else.example AAAAAAAA\n")
    precinct = precinct.restart()
    precinct.sequencer()
    assert note(precinct) == head(precinct) == kept


# -- cosignatures by hand -------------------------------------------------------------------------


def test_what_is_brought_by_hand(sky: Observatory, precinct: Precinct) -> None:
    sequencer = precinct.opened()
    cosignatures = sky.cosignatures(precinct)
    of_first = sky.answer("paper", cosignatures.request(0)).body
    precinct.cast(*people(sky, 2))
    sequencer.sequence()
    before = note(precinct)
    for data, message in (
        (b"", "line feed"),
        (b"hello\n", "signature line"),
        (b"\xff\n", "not UTF-8"),
        (of_first, r"witness paper: .* not for the newest checkpoint, of 3 entries"),
        ("— else.example AAAAAAAA\n".encode(), r"none of a witness that is missing \(library"),
        (before, "none of a witness that is missing"),
    ):
        with pytest.raises(CosignaturesInvalid, match=message):
            cosignatures.add(data)
    assert note(precinct) == before
    line = sky.answer("paper", cosignatures.request(1)).body
    with pytest.raises(CosignaturesInvalid, match="4 entries: the log has 3"):
        cosignatures.request(4)
    assert cosignatures.add(line).cosigned == ("paper",)
    # A whole note does as well, also one with others' lines.
    other = sky.answer("library", cosignatures.request(0)).body
    assert cosignatures.add(note(precinct) + other).missing == ()
    with pytest.raises(CosignaturesInvalid, match="nobody is"):
        cosignatures.add(line)


def test_a_request_carries_the_logs_line_only(sky: Observatory, precinct: Precinct) -> None:
    precinct.opened()
    sky.cosigning(precinct).ask_all()
    request = AddCheckpoint.parse(sky.cosignatures(precinct).request(1))
    assert len(Note.parse(request.note).signatures) == 1
    key = precinct.manifest.box.verifier_key
    last = open_checkpoint(note(precinct), key.name, key).checkpoint
    assert judge(request.encode(), {key.name: key}, {key.name: last}).checkpoint == last


# -- a box that forks -----------------------------------------------------------------------------


def test_a_box_that_shows_two_logs_is_not_opened(
    sky: Observatory, precinct: Precinct, tmp_path: Path
) -> None:
    """Both logs are signed by the box's key; the witnesses saw the first."""
    sequencer = precinct.opened()
    precinct.cast(*people(sky, 3))
    sequencer.sequence()
    assert sky.cosigning(precinct).ask_all().enough
    (tmp_path / "other").mkdir()
    other = Precinct(tmp_path / "other", sky.own)
    forked = other.opened()
    other.cast(*(ballot(sky.own, f"voter {i}", option="no") for i in range(4)))
    forked.sequence()
    seen = sky.cosigning(other).ask_all()
    assert seen.cosigned == ()
    assert all("status 422" in seen.faults[name] for name in ("library", "paper"))
    closed(other, forked)
    seen = sky.cosigning(other).ask_all()
    assert seen.cosigned == ()
    with pytest.raises(NotWitnessed, match="missing: library, paper"):
        final(other)
    # Nor with lines that it invents, or with those of the log that was seen.
    cosignatures = sky.cosignatures(other)
    with pytest.raises(CosignaturesInvalid, match="not for the newest checkpoint"):
        cosignatures.add(note(precinct).rpartition(b"\n\n")[2])
    checkpoint = open_checkpoint(head(other), sky.own.log.name, sky.own.log.key).checkpoint
    forged = cosign(checkpoint, key=_own_cosigner(sky), sign=sky.own.receipt_key.sign, timestamp=1)
    with pytest.raises(CosignaturesInvalid, match="none of a witness"):
        cosignatures.add(f"{forged}\n".encode())
    other.store.dispose()
    # The first log goes on, and is opened.
    closed(precinct, sequencer)
    assert sky.cosigning(precinct).ask_all().final
    final(precinct)


def _own_cosigner(sky: Observatory) -> VerifierKey:
    """A key of the box under a witness's name."""
    public = sky.own.receipt_key.public_key().public_bytes_raw()
    return replace(sky.keys["paper"], public=public)


def test_a_box_set_back_is_told_so_by_its_witnesses(
    sky: Observatory, precinct: Precinct, tmp_path: Path
) -> None:
    """Database, signer and published folder are all old copies: only the witnesses know."""
    sequencer = precinct.opened()
    shutil.copytree(precinct.folder, tmp_path / "copy")
    precinct.cast(*people(sky, 3))
    sequencer.sequence()
    sky.cosigning(precinct).ask_all()
    old = Precinct(tmp_path / "copy", sky.own)
    old.sequencer()
    assert FileSigner(old.state, sky.own.log.name, sky.own.log.private).last().size == 1
    seen = sky.cosigning(old).ask_all()
    assert all(
        "cosigned 4 entries of this log, which has 1" in fault for fault in seen.faults.values()
    )
    old.store.dispose()


def test_the_worlds_two_histories_have_one_origin(sky: Observatory) -> None:
    """What the fork test rests on: the same key signs both, and each is well formed."""
    entries = [b"a", b"b"]
    notes = [
        sign_checkpoint(
            Checkpoint(origin=sky.own.log.name, size=1, root=root([leaf_hash(entry)])),
            sky.own.log,
        )
        for entry in entries
    ]
    answers = [
        sky.answer("paper", AddCheckpoint(old=old, proof=(), note=each).encode())
        for old, each in ((0, notes[0]), (0, notes[1]), (1, notes[1]), (1, notes[0]))
    ]
    assert [answer.status for answer in answers] == [200, 409, 422, 200]
    assert answers[1].body == b"1\n"
