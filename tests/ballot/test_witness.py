"""A witness remembers what it cosigned, before anybody has the cosignature."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from audit.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from audit.merkle import consistency_proof, leaf_hash, node_reader, root
from audit.note import NoteInvalid, Signature
from audit.witness import AddCheckpoint, CosigningRefused, line_of
from ballot import witness as witness_module
from ballot.keyfile import WrongPassphrase
from ballot.witness import (
    Witness,
    WitnessInvalid,
    add_log,
    create_witness,
    log_path,
    read_log,
    read_witness,
)
from tests.ballot.observatory import CHEAP, NOW, PASSPHRASE
from tests.town import clerk

OWN = clerk()
ORIGIN = OWN.manifest.box.origin
LEAVES = [leaf_hash(b"%d" % i) for i in range(40)]


def request(old: int, new: int, leaves: list[bytes] = LEAVES) -> bytes:
    head = Checkpoint(origin=ORIGIN, size=new, root=root(leaves[:new]))
    proof = consistency_proof(old, new, node_reader(leaves)) if old else ()
    return AddCheckpoint(old=old, proof=proof, note=sign_checkpoint(head, OWN.log)).encode()


def cosigned(witness: Witness, data: bytes) -> Signature:
    return witness.add_checkpoint(data, lambda: NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_witness(tmp_path / "w", name="w.example/1", passphrase=PASSPHRASE, cost=CHEAP)
    add_log(tmp_path / "w", OWN.manifest)
    return tmp_path / "w"


@pytest.fixture
def witness(folder: Path) -> Witness:
    return Witness(folder, passphrase=PASSPHRASE)


def size(folder: Path) -> int:
    checkpoint = read_log(log_path(folder, ORIGIN)).checkpoint
    return 0 if checkpoint is None else checkpoint.size


def test_cosigning_and_remembering(folder: Path, witness: Witness) -> None:
    digest = log_path(folder, ORIGIN).stem
    assert witness.last(digest) is None
    for old, new in ((0, 3), (3, 40), (40, 40)):
        line = cosigned(witness, request(old, new))
        note = witness.last(digest)
        assert note is not None
        opened = open_checkpoint(note, ORIGIN, OWN.log.key, [witness.key])
        assert opened.checkpoint.size == size(folder) == new
        assert [each.timestamp for each in opened.cosignatures] == [int(NOW.timestamp())]
        assert line_of(witness.key, [line], opened.checkpoint.text()) == line
        witness = Witness(folder, passphrase=PASSPHRASE)  # as after a crash
    assert witness.last("0" * 64) is None


def test_a_fork_is_never_cosigned(folder: Path, witness: Witness) -> None:
    other = [*LEAVES[:5], *LEAVES[:20]]
    cosigned(witness, request(0, 10))
    before = log_path(folder, ORIGIN).read_bytes()
    for data, status in (
        (request(0, 12, other), 409),
        (request(10, 10, other), 422),
        (request(10, 12, other), 422),
        (request(5, 12, other), 409),
    ):
        with pytest.raises(CosigningRefused) as caught:
            cosigned(witness, data)
        assert caught.value.status == status
    assert log_path(folder, ORIGIN).read_bytes() == before


def test_nothing_is_given_away_before_it_is_durable(
    folder: Path, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(witness_module, "replace_file", full)
    with pytest.raises(OSError, match="No space"):
        cosigned(witness, request(0, 10))
    monkeypatch.undo()
    assert size(folder) == 0
    cosigned(witness, request(0, 12))
    assert size(folder) == 12


def test_requests_at_once_leave_one_history(folder: Path) -> None:
    histories = [[leaf_hash(b"%d/%d" % (each, i)) for i in range(9)] for each in range(8)]
    witnesses = [Witness(folder, passphrase=PASSPHRASE) for _ in range(2)]

    def ask(each: int) -> int:
        try:
            cosigned(witnesses[each % 2], request(0, 9, histories[each]))
        except CosigningRefused as refused:
            return refused.status
        return 200

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(8))) == [200, *[409] * 7]


def test_a_log_is_known_once(folder: Path, witness: Witness) -> None:
    cosigned(witness, request(0, 7))
    assert not add_log(folder, OWN.manifest)
    assert size(folder) == 7
    again = replace(OWN.manifest, maximum_sequence=8)
    with pytest.raises(WitnessInvalid, match="another key or election"):
        add_log(folder, again)
    other = clerk("elsewhere")
    assert add_log(folder, other.manifest)
    assert set(witness.logs()) == {ORIGIN, other.manifest.box.origin}


def test_a_lost_memory_is_not_an_empty_one(folder: Path, witness: Witness) -> None:
    cosigned(witness, request(0, 7))
    log_path(folder, ORIGIN).unlink()
    with pytest.raises(CosigningRefused) as caught:
        cosigned(witness, request(0, 5))
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "damage",
    [
        {"origin": "else"},
        {"note": "x"},
        {"note": None},
        {"election": "AA"},
        {"more": 1},
        {"version": 2},
        {"log_key": "x"},
    ],
)
def test_a_damaged_memory_stops_the_witness(
    folder: Path, witness: Witness, damage: dict[str, object]
) -> None:
    cosigned(witness, request(0, 7))
    path = log_path(folder, ORIGIN)
    value = {**json.loads(path.read_bytes()), **damage}
    path.write_text(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    with pytest.raises(WitnessInvalid, match=path.name):
        cosigned(witness, request(7, 9))


def test_a_memory_signed_by_nobody_is_refused(folder: Path, witness: Witness) -> None:
    cosigned(witness, request(0, 7))
    path = log_path(folder, ORIGIN)
    path.write_bytes(path.read_bytes().replace(b"\\n7\\n", b"\\n5\\n"))
    with pytest.raises(WitnessInvalid, match="damaged"):
        cosigned(witness, request(5, 9))


def test_the_key(folder: Path, tmp_path: Path) -> None:
    key = read_witness(folder)
    again = create_witness(folder, name="w.example/1", passphrase=PASSPHRASE, cost=CHEAP)
    assert again == key
    (folder / "witness.json").unlink()  # a crash between the two files
    assert create_witness(folder, name="w.example/1", passphrase=PASSPHRASE) == key
    assert read_witness(folder) == key
    with pytest.raises(WitnessInvalid, match=r"is the witness 'w.example/1', not 'else'"):
        create_witness(folder, name="else", passphrase=PASSPHRASE)
    with pytest.raises(WrongPassphrase):
        Witness(folder, passphrase="wrong")
    with pytest.raises(NoteInvalid, match="key name"):
        create_witness(tmp_path / "x", name="a b", passphrase=PASSPHRASE, cost=CHEAP)
    for act in (
        lambda: read_witness(tmp_path / "none"),
        lambda: add_log(tmp_path / "none", OWN.manifest),
        lambda: Witness(tmp_path / "none", passphrase=PASSPHRASE),
    ):
        with pytest.raises(WitnessInvalid, match="scrutin witness new"):
            act()
    assert (folder / "secret.json").stat().st_mode & 0o77 == 0
