from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, cosign, sign_checkpoint
from audit.merkle import consistency_proof, node_reader, root
from audit.note import ED25519, Ed25519Signer, Note, Signature, VerifierKey, sign_note
from audit.witness import (
    SIZE_TYPE,
    TEXT_TYPE,
    AddCheckpoint,
    CosigningRefused,
    RequestInvalid,
    judge,
    monitoring_path,
)
from tests.audit import worked_example as example

LOG = VerifierKey.parse(example.LOG_KEY)
SIGNER = Ed25519Signer(name=example.ORIGIN, private=example.LOG_PRIVATE)
LOGS = {example.ORIGIN: LOG}
NODE = node_reader(example.LEAVES)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"stranger" * 4)


def head(size: int) -> Checkpoint:
    return Checkpoint(origin=example.ORIGIN, size=size, root=root(example.LEAVES[:size]))


def seen(size: int) -> dict[str, Checkpoint]:
    return {example.ORIGIN: head(size)} if size else {}


def request(old: int, new: int, **changed: object) -> AddCheckpoint:
    proof = consistency_proof(old, new, NODE) if 0 < old <= new else ()
    made = AddCheckpoint(old=old, proof=proof, note=sign_checkpoint(head(new), SIGNER))
    return replace(made, **changed)  # type: ignore[arg-type]


def signed(text: str) -> bytes:
    """A note of the log over any text."""
    return sign_note(text, [SIGNER])


def refused(status: int, data: AddCheckpoint | bytes, last: int = 0) -> CosigningRefused:
    with pytest.raises(CosigningRefused) as caught:
        judge(data if isinstance(data, bytes) else data.encode(), LOGS, seen(last))
    assert caught.value.status == status, caught.value
    media_type, body = caught.value.body()
    assert body.endswith(b"\n")
    if status != 409:
        assert media_type == TEXT_TYPE
    return caught.value


# -- the request ----------------------------------------------------------------------------------


def test_the_spelling_of_a_request() -> None:
    spelled = f"old 256\n{example.CONSISTENCY_256[0]}\n\n".encode() + example.NOTE
    made = request(256, 300, note=example.NOTE)
    assert made.encode() == spelled
    assert AddCheckpoint.parse(spelled) == made
    first = AddCheckpoint(old=0, proof=(), note=example.NOTE)
    assert first.encode() == b"old 0\n\n" + example.NOTE
    assert AddCheckpoint.parse(first.encode()) == first


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_requests_round_trip(old: int, proof: list[bytes]) -> None:
    made = AddCheckpoint(old=old, proof=tuple(proof), note=example.NOTE)
    assert AddCheckpoint.parse(made.encode()) == made


HASH = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    ("head_lines", "message"),
    [
        ("", "starts with"),
        ("old", "starts with"),
        ("Old 5", "starts with"),
        ("size 5", "starts with"),
        ("old 05", "decimal"),
        ("old +5", "decimal"),
        ("old 5 ", "decimal"),
        ("old  5", "decimal"),
        ("old ٥", "not ASCII"),
        ("old -1", "decimal"),
        ("old 9223372036854775808", "more than"),
        (f"old 5\r\n{HASH}", "decimal"),
        ("old 5\nhash!", "base64"),
        (f"old 5\n{HASH[:-2]}B=", "canonical base64"),
        (f"old 5\n{b64encode(bytes(31)).decode()}", "31 bytes instead of 32"),
        ("old 5\n" + "\n".join([HASH] * 64), "64 hashes"),
    ],
)
def test_malformed_requests(head_lines: str, message: str) -> None:
    data = f"{head_lines}\n\n".encode() + example.NOTE
    with pytest.raises(RequestInvalid, match=message):
        AddCheckpoint.parse(data)
    refused(400, data)


def test_a_request_ends_and_has_a_limit() -> None:
    for data in (b"", b"old 5", b"old 5\n", b"old 5\n" + HASH.encode() + b"\n"):
        with pytest.raises(RequestInvalid, match="no empty line"):
            AddCheckpoint.parse(data)
    with pytest.raises(RequestInvalid, match="more than any"):
        AddCheckpoint.parse(b"old 5\n\n" + bytes(1_100_000))


# -- the decision ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), [(0, 1), (0, 300), (1, 2), (255, 257), (256, 300)])
def test_what_continues_is_accepted(old: int, new: int) -> None:
    accepted = judge(request(old, new).encode(), LOGS, seen(old))
    assert accepted.checkpoint == head(new)
    assert LOG.verify(accepted.checkpoint.text(), accepted.log_line.body) is None


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_accepted_exactly_when_it_continues_what_was_cosigned(
    last: int, old: int, new: int
) -> None:
    data = request(old, new).encode()
    if old > new:
        assert refused(400, data, last)
    elif old != last:
        assert refused(409, data, last).size == last
    else:
        assert judge(data, LOGS, seen(last)).checkpoint == head(new)


def test_the_same_checkpoint_again_renews_the_time() -> None:
    assert judge(request(300, 300).encode(), LOGS, seen(300)).checkpoint == head(300)


def test_the_empty_log() -> None:
    empty = Checkpoint(origin=example.ORIGIN, size=0, root=sha256(b"").digest())
    assert judge(request(0, 0).encode(), LOGS, {}).checkpoint == empty


def test_400_what_is_no_checkpoint() -> None:
    refused(400, b"old 0\n\nnot a note")
    refused(400, request(0, 5, note=example.NOTE[:-1]))
    for text in (
        f"{example.ORIGIN}\n5\n",
        f"{example.ORIGIN}\n5\n{HASH}\nextension\n",
        f"{example.ORIGIN}\n05\n{HASH}\n",
        f"{example.ORIGIN}\n5\n{HASH[:-2]}B=\n",
        f"{example.ORIGIN}\n5\n{b64encode(bytes(31)).decode()}\n",
    ):
        refused(400, request(0, 5, note=signed(text)))


def test_404_a_log_that_is_not_known() -> None:
    elsewhere = Ed25519Signer(name="else.example", private=example.LOG_PRIVATE)
    other = Checkpoint(origin="else.example", size=5, root=root(example.LEAVES[:5]))
    refused(404, request(0, 5, note=sign_checkpoint(other, elsewhere)))
    # Before anything else is looked at.
    refused(404, request(9, 5, note=sign_note("else.example\nwhatever\n", [SIGNER])))


def test_403_not_signed_by_the_log() -> None:
    text = head(5).text()
    for signer in (
        Ed25519Signer(name=example.ORIGIN, private=STRANGER),
        Ed25519Signer(name="else.example", private=example.LOG_PRIVATE),
    ):
        refused(403, request(0, 5, note=sign_note(text, [signer])))
    good = Note.parse(request(0, 5).note).signatures[0]
    bad = replace(good, body=bytes([good.body[0] ^ 1]) + good.body[1:])
    refused(403, request(0, 5, note=Note(text=text, signatures=(bad,)).encode()))
    # A bad line of the log's key is never made good by a second one.
    refused(403, request(0, 5, note=Note(text=text, signatures=(bad, good)).encode()))
    refused(403, request(9, 5, note=Note(text=text, signatures=(bad,)).encode()))
    # Another log's signature does not do, nor a witness's.
    assert LOG.kind == ED25519
    refused(403, request(0, 5, note=sign_note(text, [], others=[_witness_line(5)])))
    # Unknown lines are passed over.
    note = sign_note(text, [SIGNER], others=[_witness_line(5)])
    assert judge(request(0, 5, note=note).encode(), LOGS, {}).log_line == good


def _witness_line(size: int) -> Signature:
    key = VerifierKey.parse(example.WITNESS_KEY)
    return cosign(
        head(size), key=key, sign=example.WITNESS_PRIVATE.sign, timestamp=example.TIMESTAMP
    )


def test_409_says_the_size_that_was_cosigned() -> None:
    for old, last in ((0, 257), (256, 257), (258, 257), (5, 0)):
        error = refused(409, request(old, 300), last)
        assert error.size == last
        assert error.body() == (SIZE_TYPE, f"{last}\n".encode())
        assert SIZE_TYPE == "text/x.tlog.size"


def test_422_what_does_not_continue() -> None:
    (only,) = request(256, 300).proof
    wrong = bytes([only[0] ^ 1]) + only[1:]
    for proof in ((), (wrong,), (only, only)):
        refused(422, request(256, 300, proof=proof), 256)
    refused(422, request(0, 300, proof=(only,)))
    fork = (*example.LEAVES[:200], *example.LEAVES[:100])
    forked = Checkpoint(origin=example.ORIGIN, size=300, root=root(fork))
    note = sign_checkpoint(forked, SIGNER)
    refused(422, request(300, 300, note=note), 300)  # the same size, another root
    of_fork = consistency_proof(257, 300, node_reader(fork))
    refused(422, request(257, 300, note=note, proof=of_fork), 257)
    refused(422, request(0, 0, note=signed(f"{example.ORIGIN}\n0\n{HASH}\n")))


def test_the_path_of_the_worked_example() -> None:
    assert monitoring_path(example.ORIGIN) == (
        "6dd637b5abcfc0708ef364354487642731cfe499f9ac4f102baa5e732c1ec3f1/checkpoint"
    )
