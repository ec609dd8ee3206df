from base64 import b64encode
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import (
    Checkpoint,
    CheckpointInvalid,
    Cosignature,
    SignedCheckpoint,
    cosign,
    open_checkpoint,
    sign_checkpoint,
)
from audit.merkle import EMPTY_ROOT
from audit.note import (
    COSIGNATURE,
    ED25519,
    Ed25519Signer,
    Note,
    NoteInvalid,
    VerifierKey,
    sign_note,
)
from tests.audit import worked_example as example

LOG = VerifierKey.parse(example.LOG_KEY)
WITNESS = VerifierKey.parse(example.WITNESS_KEY)
SIGNER = Ed25519Signer(name=example.ORIGIN, private=example.LOG_PRIVATE)
CHECKPOINT = Checkpoint(origin=example.ORIGIN, size=300, root=example.ROOT)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
ROOT_TEXT = b64encode(example.ROOT).decode()


def test_worked_example_opens() -> None:
    assert open_checkpoint(example.NOTE, example.ORIGIN, LOG, [WITNESS]) == SignedCheckpoint(
        checkpoint=CHECKPOINT,
        cosignatures=(Cosignature(witness=WITNESS, timestamp=example.TIMESTAMP),),
    )
    assert open_checkpoint(example.NOTE, example.ORIGIN, LOG).cosignatures == ()


def test_worked_example_is_what_log_and_witness_sign() -> None:
    assert CHECKPOINT.text() == example.TEXT
    note = Note.parse(sign_checkpoint(CHECKPOINT, SIGNER))
    line = cosign(
        CHECKPOINT, key=WITNESS, sign=example.WITNESS_PRIVATE.sign, timestamp=example.TIMESTAMP
    )
    assert str(line) == example.WITNESS_LINE
    assert replace(note, signatures=(*note.signatures, line)).encode() == example.NOTE


@given(
    st.sampled_from(["a", "example.org/x", "scrutin/clermont/0a1b2c3d", "éa"]),
    st.integers(1, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_checkpoints_round_trip(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin=origin, size=size, root=root)
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


def test_the_empty_log_has_the_empty_root() -> None:
    empty = Checkpoint(origin="a", size=0, root=EMPTY_ROOT)
    assert Checkpoint.parse(empty.text()) == empty
    with pytest.raises(CheckpointInvalid, match="root: size 0"):
        Checkpoint(origin="a", size=0, root=example.ROOT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not the three lines"),
        (f"a\n300\n{ROOT_TEXT}", "not the three lines"),
        ("a\n300\n", "not the three lines"),
        (f"a\n300\n{ROOT_TEXT}\nextension\n", "not the three lines"),
        (f"a\n300\n{ROOT_TEXT}\n\n", "not the three lines"),
        (f"\n300\n{ROOT_TEXT}\n", "origin: empty"),
        (f"a b\n300\n{ROOT_TEXT}\n", "origin: 'a b' holds a blank"),
        (f"a+b\n300\n{ROOT_TEXT}\n", "origin: "),
        (f"https://a\n300\n{ROOT_TEXT}\n", "has a scheme"),
        (f"a/\n300\n{ROOT_TEXT}\n", "ends in a slash"),
        *(
            (f"a\n{size}\n{ROOT_TEXT}\n", "size: .* is not a decimal number")
            for size in ("", "0300", "00", "+1", "-1", " 1", "1 ", "1_0", "١", "３", "1.0", "1e3")
        ),
        (f"a\n12345678901234567890\n{ROOT_TEXT}\n", "size: .* is not a decimal number"),
        (f"a\n9223372036854775808\n{ROOT_TEXT}\n", "size: 9223372036854775808 is more than"),
        ("a\n300\n\n", "root: 0 bytes"),
        (f"a\n300\n{b64encode(bytes(31)).decode()}\n", "root: 31 bytes"),
        (f"a\n300\n{b64encode(bytes(33)).decode()}\n", "root: 33 bytes"),
        (f"a\n300\n{ROOT_TEXT[:-1]}\n", "root: .* is not base64"),
        (f"a\n300\n {ROOT_TEXT}\n", "root: .* is not base64"),
        (f"a\n300\n{ROOT_TEXT[:-2]}V=\n", "root: .* is not the canonical base64"),
        (f"a\n300\n{ROOT_TEXT.replace('/', '_').replace('+', '-')}\n", "root: .* is not base64"),
        (f"a\n300\n{ROOT_TEXT[:-3]}é==\n", "root: .* is not base64"),
        (f"a\n0\n{ROOT_TEXT}\n", "root: size 0"),
    ],
)
def test_faulty_texts_are_refused(text: str, message: str) -> None:
    with pytest.raises(CheckpointInvalid, match=message):
        Checkpoint.parse(text)


def test_a_checkpoint_outside_the_bounds_cannot_be_made() -> None:
    for size in (-1, 2**63):
        with pytest.raises(CheckpointInvalid, match="is outside"):
            Checkpoint(origin="a", size=size, root=example.ROOT)
    with pytest.raises(CheckpointInvalid, match="root: 5 bytes"):
        Checkpoint(origin="a", size=1, root=b"short")
    with pytest.raises(CheckpointInvalid, match="origin: "):
        Checkpoint(origin="a\nb", size=1, root=example.ROOT)


def test_only_a_signer_named_like_the_origin_signs() -> None:
    with pytest.raises(CheckpointInvalid, match="signer: named 'else'"):
        sign_checkpoint(CHECKPOINT, Ed25519Signer(name="else", private=example.LOG_PRIVATE))


def test_another_origin_is_refused_though_the_log_signed_it() -> None:
    other = replace(CHECKPOINT, origin="example.org/ballots/2027")
    data = sign_note(other.text(), [SIGNER])
    with pytest.raises(CheckpointInvalid, match=r"origin: 'example.org/ballots/2027' instead of"):
        open_checkpoint(data, example.ORIGIN, LOG)


def test_a_checkpoint_needs_the_logs_own_signature() -> None:
    line = cosign(CHECKPOINT, key=WITNESS, sign=example.WITNESS_PRIVATE.sign, timestamp=1)
    data = Note(text=CHECKPOINT.text(), signatures=(line,)).encode()
    with pytest.raises(CheckpointInvalid, match="no signature of the log"):
        open_checkpoint(data, example.ORIGIN, LOG, [WITNESS])
    with pytest.raises(NoteInvalid, match="not signed by any known key"):
        open_checkpoint(data, example.ORIGIN, LOG)


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    data = sign_note(example.TEXT + "extension\n", [SIGNER])
    with pytest.raises(CheckpointInvalid, match="not the three lines"):
        open_checkpoint(data, example.ORIGIN, LOG)


def test_a_bad_cosignature_of_a_known_witness_refuses_the_checkpoint() -> None:
    early = example.NOTE.replace(b"AAAABpVGeA", b"AAAABpVGeB")
    assert early != example.NOTE
    with pytest.raises(NoteInvalid, match=r"witness.example.net/w1"):
        open_checkpoint(early, example.ORIGIN, LOG, [WITNESS])
    assert open_checkpoint(early, example.ORIGIN, LOG).checkpoint == CHECKPOINT


def test_keys_in_the_wrong_place_are_refused() -> None:
    as_witness = VerifierKey(name="w", kind=COSIGNATURE, public=LOG.public)
    plain = VerifierKey(name="w", kind=ED25519, public=OTHER.public_key().public_bytes_raw())
    renamed = VerifierKey(name="else", kind=ED25519, public=LOG.public)
    twin = VerifierKey(name="twin", kind=COSIGNATURE, public=WITNESS.public)
    for log, witnesses, message in (
        (WITNESS, [], "log key 'witness.example.net/w1': not of type 0x01"),
        (renamed, [], "log key: named 'else'"),
        (LOG, [plain], "witness key 'w': not of type 0x04"),
        (LOG, [as_witness], "one public key serves two"),
        (LOG, [WITNESS, twin], "one public key serves two"),
    ):
        with pytest.raises(CheckpointInvalid, match=message):
            open_checkpoint(example.NOTE, example.ORIGIN, log, witnesses)


def test_cosigning_refuses_a_wrong_key_kind_time_or_signature() -> None:
    sign = example.WITNESS_PRIVATE.sign
    with pytest.raises(CheckpointInvalid, match="not of type 0x04"):
        cosign(CHECKPOINT, key=LOG, sign=example.LOG_PRIVATE.sign, timestamp=1)
    for timestamp in (-1, 2**63):
        with pytest.raises(CheckpointInvalid, match=r"time: .* is outside"):
            cosign(CHECKPOINT, key=WITNESS, sign=sign, timestamp=timestamp)
    with pytest.raises(CheckpointInvalid, match="not by this key"):
        cosign(CHECKPOINT, key=WITNESS, sign=OTHER.sign, timestamp=1)
