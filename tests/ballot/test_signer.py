"""The log's signer: it signs one history only, whatever the database says."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import ballot.signer
from audit.checkpoint import open_checkpoint
from audit.merkle import EMPTY_ROOT, consistency_proof, leaf_hash, node_reader, root
from ballot.signer import FileSigner, Mark, SignerStateInvalid, SigningRefused

ORIGIN = "scrutin/test/00000000"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LEAVES = [leaf_hash(b"entry %d" % i) for i in range(300)]
OTHER = [leaf_hash(b"other %d" % i) for i in range(300)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "signer.json"
    FileSigner.create(path, ORIGIN)
    return path


def sign(signer: FileSigner, size: int, leaves: Sequence[bytes] = LEAVES) -> bytes:
    last = signer.last().size
    between = 0 < last < size
    proof = consistency_proof(last, size, node_reader(leaves[:size])) if between else ()
    return signer.sign(size, root(leaves[:size]), proof)


def test_it_signs_what_continues_and_remembers_it(path: Path) -> None:
    signer = FileSigner(path, ORIGIN, KEY)
    assert signer.last() == Mark(size=0, root=EMPTY_ROOT)
    for size in (0, 1, 7, 256, 257, 300):
        note = sign(signer, size)
        checkpoint = open_checkpoint(note, ORIGIN, signer.key).checkpoint
        assert (checkpoint.size, checkpoint.root) == (size, root(LEAVES[:size]))
        again = FileSigner(path, ORIGIN, KEY)
        assert again.last() == Mark(size=size, root=root(LEAVES[:size]))
        assert sign(again, size) == note


def test_it_refuses_an_older_head(path: Path) -> None:
    signer = FileSigner(path, ORIGIN, KEY)
    sign(signer, 300)
    with pytest.raises(SigningRefused, match=r"299 entries, but 300 were signed.*never sign over"):
        signer.sign(299, root(LEAVES[:299]), ())
    assert signer.last().size == 300


def test_it_refuses_another_history(path: Path) -> None:
    signer = FileSigner(path, ORIGIN, KEY)
    sign(signer, 200)
    for size in (200, 201, 300):
        with pytest.raises(SigningRefused, match="another history"):
            sign(signer, size, OTHER)
    proof = consistency_proof(200, 300, node_reader(LEAVES))
    for wrong in ((), proof[1:], (*proof, proof[0]), (b"\0" * 32, *proof[1:])):
        with pytest.raises(SigningRefused):
            signer.sign(300, root(LEAVES), wrong)
    assert signer.last().size == 200
    signer.sign(300, root(LEAVES), proof)


def test_a_proof_about_the_empty_log_is_refused(path: Path) -> None:
    with pytest.raises(SigningRefused):
        FileSigner(path, ORIGIN, KEY).sign(2, root(LEAVES[:2]), (LEAVES[0],))


def test_another_signer_of_the_same_file_is_seen(path: Path) -> None:
    one, two = FileSigner(path, ORIGIN, KEY), FileSigner(path, ORIGIN, KEY)
    sign(one, 100)
    with pytest.raises(SigningRefused, match="another history"):
        two.sign(150, root(OTHER[:150]), ())
    sign(two, 150)
    with pytest.raises(SigningRefused, match="150 were signed"):
        one.sign(100, root(LEAVES[:100]), ())


def test_the_mark_is_durable_before_the_signature_exists(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = FileSigner(path, ORIGIN, KEY)

    def crash(*_: object) -> bytes:
        assert FileSigner(path, ORIGIN, KEY).last().size == 5
        raise KeyboardInterrupt

    monkeypatch.setattr(ballot.signer, "sign_checkpoint", crash)
    with pytest.raises(KeyboardInterrupt):
        sign(signer, 5)
    monkeypatch.undo()
    sign(FileSigner(path, ORIGIN, KEY), 5)
    with pytest.raises(SigningRefused):
        sign(FileSigner(path, ORIGIN, KEY), 5, OTHER)


def test_a_failed_write_of_the_mark_leaves_nothing_signed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = FileSigner(path, ORIGIN, KEY)
    sign(signer, 5)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ballot.signer, "replace_file", full)
    with pytest.raises(OSError, match="No space"):
        sign(signer, 6)
    monkeypatch.undo()
    assert signer.last().size == 5


def test_the_state_file_is_made_once_and_never_guessed(path: Path, tmp_path: Path) -> None:
    with pytest.raises(SignerStateInvalid, match="begins only once"):
        FileSigner.create(path, ORIGIN)
    with pytest.raises(SignerStateInvalid, match="never be made anew"):
        FileSigner(tmp_path / "absent.json", ORIGIN, KEY)
    with pytest.raises(SignerStateInvalid, match="belongs to the log"):
        FileSigner(path, "scrutin/other/00000000", KEY)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"size":0', b'"size":-1'),
        (b'"size":0', b'"size":00'),
        (b'"size":0', b'"size":1,"x":0'),
        (b'"root":"', b'"root":"A'),
        (b'"root":"4', b'"root":"5'),
        (b'"version":1', b'"version":2'),
        (b"{", b""),
    ],
)
def test_a_damaged_state_file_is_refused(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    with pytest.raises(SignerStateInvalid, match="not a signer's state"):
        FileSigner(path, ORIGIN, KEY)
