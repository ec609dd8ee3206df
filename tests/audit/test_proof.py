from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, CheckpointInvalid, sign_checkpoint
from audit.errors import AuditError
from audit.merkle import ProofInvalid, TreeInvalid, node_reader, root
from audit.note import ED25519, Ed25519Signer, NoteInvalid, VerifierKey
from audit.policy import Policy, PolicyInvalid, QuorumMissing
from audit.proof import ProofFile, ProofFileInvalid
from tests.audit import worked_example as example

LOG = VerifierKey.parse(example.LOG_KEY)
WITNESS = VerifierKey.parse(example.WITNESS_KEY)
POLICY = Policy.parse(f"log {LOG}\nwitness w {WITNESS}\nquorum w\n")
NODE = node_reader(example.LEAVES)
PROOF = ProofFile.build(index=256, size=300, node=NODE, note=example.NOTE)
DATA = PROOF.encode()
HEAD, _, REST = DATA.partition(b"\n\n")
SIGNER = Ed25519Signer(name=example.ORIGIN, private=example.LOG_PRIVATE)


def verify(proof: ProofFile, entry: bytes = example.ENTRIES[256]) -> None:
    opened = proof.verify(entry=entry, origin=example.ORIGIN, log_key=LOG, policy=POLICY)
    assert opened.checkpoint.size == 300
    assert [cosignature.timestamp for cosignature in opened.cosignatures] == [example.TIMESTAMP]


def test_worked_example() -> None:
    lines = ["c2sp.org/tlog-proof@v1", "index 256", *example.INCLUSION_256, ""]
    assert "\n".join(lines).encode() + b"\n" + example.NOTE == DATA
    assert sha256(DATA).hexdigest() == example.PROOF_FILE_SHA256
    assert ProofFile.parse(DATA) == PROOF
    verify(PROOF)


@given(st.integers(0, 299), st.binary(max_size=100))
def test_every_entrys_proof_round_trips_and_verifies(index: int, extra: bytes) -> None:
    proof = ProofFile.build(index=index, size=300, node=NODE, note=example.NOTE, extra=extra)
    again = ProofFile.parse(proof.encode())
    assert again == proof
    verify(again, example.ENTRIES[index])


def test_the_only_entry_needs_no_hashes() -> None:
    single = Checkpoint(origin=example.ORIGIN, size=1, root=root(example.LEAVES[:1]))
    note = sign_checkpoint(single, SIGNER)
    proof = ProofFile.build(index=0, size=1, node=NODE, note=note)
    assert proof.encode() == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + note
    opened = ProofFile.parse(proof.encode()).verify(
        entry=example.ENTRIES[0], origin=example.ORIGIN, log_key=LOG, policy=None
    )
    assert opened.checkpoint == single
    assert opened.cosignatures == ()


@given(st.integers(0, len(DATA) * 8 - 1))
def test_any_flipped_bit_is_refused(bit: int) -> None:
    changed = (int.from_bytes(DATA) ^ 1 << bit).to_bytes(len(DATA))
    with pytest.raises(AuditError):
        verify(ProofFile.parse(changed))


@given(st.binary(), st.integers(0, 299))
def test_another_entry_or_index_is_refused(entry: bytes, index: int) -> None:
    if entry != example.ENTRIES[256]:
        with pytest.raises(ProofInvalid, match="does not lead"):
            verify(PROOF, entry)
    if index != 256:
        with pytest.raises(ProofInvalid):
            verify(replace(PROOF, index=index))
        with pytest.raises(ProofInvalid, match="does not lead"):
            verify(PROOF, example.ENTRIES[index])


def test_the_checkpoint_must_be_the_logs_and_of_this_tree() -> None:
    for origin, log_key in (("else", LOG), (example.ORIGIN, replace(LOG, name="else"))):
        with pytest.raises(CheckpointInvalid, match="log key: named"):
            PROOF.verify(entry=example.ENTRIES[256], origin=origin, log_key=log_key, policy=None)
    other_key = VerifierKey(name=example.ORIGIN, kind=ED25519, public=WITNESS.public)
    with pytest.raises(NoteInvalid, match="not signed by any known key"):
        PROOF.verify(
            entry=example.ENTRIES[256], origin=example.ORIGIN, log_key=other_key, policy=None
        )
    with pytest.raises(PolicyInvalid, match="not a log of the policy"):
        PROOF.verify(
            entry=example.ENTRIES[256], origin=example.ORIGIN, log_key=other_key, policy=POLICY
        )
    earlier = Checkpoint(origin=example.ORIGIN, size=257, root=root(example.LEAVES[:257]))
    with pytest.raises(ProofInvalid, match="hashes instead of"):
        replace(PROOF, note=sign_checkpoint(earlier, SIGNER)).verify(
            entry=example.ENTRIES[256], origin=example.ORIGIN, log_key=LOG, policy=None
        )


def test_the_witnesses_must_suffice() -> None:
    lonely = replace(
        PROOF,
        note=sign_checkpoint(
            Checkpoint(origin=example.ORIGIN, size=300, root=example.ROOT), SIGNER
        ),
    )
    with pytest.raises(QuorumMissing):
        verify(lonely)
    lonely.verify(entry=example.ENTRIES[256], origin=example.ORIGIN, log_key=LOG, policy=None)


HASH = b64encode(bytes(32))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no empty line before the checkpoint"),
        (HEAD, "no empty line before the checkpoint"),
        (b"\n" + DATA, "starts with '' instead of"),
        (DATA.replace(b"@v1", b"@v2"), "starts with 'c2sp.org/tlog-proof@v2'"),
        (DATA.replace(b"@v1", b"@v1 "), "starts with 'c2sp.org/tlog-proof@v1 '"),
        (DATA.replace(b"index", b"\xff"), "not ASCII at byte 23"),
        (DATA.replace(b"\nindex", b"\nextra \nindex"), "extra: empty"),
        (DATA.replace(b"\nindex", b"\nextra A\nindex"), "extra: 'A' is not base64"),
        (DATA.replace(b"\nindex", b"\nextra AB==\nindex"), "extra: 'AB==' is not the canonical"),
        (DATA.replace(b"\nindex", b"\nextra AA==\nextra AA==\nindex"), "no index line"),
        (DATA.replace(b"\nindex 256", b"\nindex 256\nextra AA=="), "path hash 0: 'extra"),
        (DATA.replace(b"\nindex 256", b""), "no index line"),
        (DATA.replace(b"index 256", b"index  256"), "index: ' 256' is not"),
        (DATA.replace(b"index 256", b"index 0256"), "index: '0256' is not"),
        (DATA.replace(b"index 256", b"index +256"), "index: '.256' is not"),
        (DATA.replace(b"index 256", b"index "), "index: '' is not"),
        (DATA.replace(b"index 256", b"index 9223372036854775808"), "index: .* is more than"),
        (HEAD + b"\n" + HASH[:-1] + b"\n\n" + REST, "path hash 7: .* is not base64"),
        (HEAD + b"\n" + HASH[:-2] + b"B=\n\n" + REST, "path hash 7: .* is not the canonical"),
        (HEAD + b"\nAAAA\n\n" + REST, "path hash 7: 3 bytes instead of 32"),
        (HEAD + b"\n " + HASH + b"\n\n" + REST, "path hash 7: .* is not base64"),
        (HEAD + (b"\n" + HASH) * 57 + b"\n\n" + REST, "path: 64 hashes, more than 63"),
        (DATA.replace(b"\n", b"\r\n"), "no empty line before the checkpoint"),
        (
            DATA.replace(b"\nindex", b"\nextra " + b64encode(bytes(65_536)) + b"\nindex"),
            "extra: 65536 bytes, more than",
        ),
        (DATA + b"x" * 1_100_000, "more than any proof has"),
    ],
)
def test_faulty_files_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ProofFileInvalid, match=message):
        ProofFile.parse(data)


def test_a_file_without_a_whole_note_is_refused() -> None:
    for rest in (b"", b"\n" + REST, REST[:-1], REST + b"\n", REST + b"junk\n"):
        try:
            proof = ProofFile.parse(HEAD + b"\n\n" + rest)
        except NoteInvalid:
            continue
        # An empty line more is part of the note's text, which is then no checkpoint.
        with pytest.raises((NoteInvalid, CheckpointInvalid)):
            verify(proof)


def test_proofs_outside_the_bounds_cannot_be_made() -> None:
    for index in (-1, 2**63):
        with pytest.raises(ProofFileInvalid, match="index: "):
            replace(PROOF, index=index)
    with pytest.raises(ProofFileInvalid, match="path hash 0: 5 bytes"):
        replace(PROOF, path=(b"short",))
    with pytest.raises(TreeInvalid, match="index 300 is not in a tree"):
        ProofFile.build(index=300, size=300, node=NODE, note=example.NOTE)
