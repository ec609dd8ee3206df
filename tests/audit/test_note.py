from base64 import b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.note import (
    COSIGNATURE,
    ED25519,
    MOST_BYTES,
    Ed25519Signer,
    Note,
    NoteInvalid,
    Signature,
    Verified,
    VerifierKey,
    cosigned_message,
    key_id,
    open_note,
    sign_note,
)
from tests.audit import worked_example as example

FOO = VerifierKey.parse(example.C2SP_KEY)
LOG = VerifierKey.parse(example.LOG_KEY)
WITNESS = VerifierKey.parse(example.WITNESS_KEY)
ALICE = Ed25519Signer(name="alice", private=Ed25519PrivateKey.from_private_bytes(bytes(32)))
BOB = Ed25519Signer(name="bob", private=Ed25519PrivateKey.from_private_bytes(b"b" * 32))
NOTE = sign_note("A text.\n", [ALICE, BOB])

names = st.text(
    st.characters(codec="utf-8", exclude_characters="+", min_codepoint=0x21), min_size=1
).filter(lambda name: not any(map(str.isspace, name)))
texts = st.text(st.characters(codec="utf-8", min_codepoint=0x20) | st.just("\n")).map(
    lambda text: text + "\n"
)


def test_c2sp_example_verifies() -> None:
    opened = open_note(example.C2SP_NOTE, [FOO])
    assert opened.text == "This is an example message.\n"
    assert opened.verified == (Verified(key=FOO, timestamp=None),)


def test_worked_example_verifies_with_its_cosignature() -> None:
    assert len(example.NOTE) == 329
    assert sha256(example.NOTE).hexdigest() == example.NOTE_SHA256
    opened = open_note(example.NOTE, [WITNESS, LOG])
    assert opened.text == example.TEXT
    assert opened.verified == (
        Verified(key=LOG, timestamp=None),
        Verified(key=WITNESS, timestamp=example.TIMESTAMP),
    )


def test_worked_example_is_what_signing_gives() -> None:
    signer = Ed25519Signer(name=example.ORIGIN, private=example.LOG_PRIVATE)
    assert signer.key == LOG
    witness_line = Signature.parse(example.WITNESS_LINE)
    assert sign_note(example.TEXT, [signer], others=[witness_line]) == example.NOTE


def test_keys_of_the_worked_example() -> None:
    assert str(LOG) == example.LOG_KEY
    assert (LOG.name, LOG.kind, LOG.key_id.hex()) == (example.ORIGIN, ED25519, "405d9442")
    assert str(WITNESS) == example.WITNESS_KEY
    assert (WITNESS.kind, WITNESS.key_id.hex()) == (COSIGNATURE, "d4b3c1cc")
    assert WITNESS.public == example.WITNESS_PRIVATE.public_key().public_bytes_raw()


def test_the_kind_is_part_of_the_key_id() -> None:
    assert key_id("alice", ED25519, ALICE.key.public) == ALICE.key_id
    assert key_id("alice", COSIGNATURE, ALICE.key.public) != ALICE.key_id


@given(names, st.binary(min_size=32, max_size=32), st.sampled_from([ED25519, COSIGNATURE]))
def test_verifier_keys_round_trip(name: str, seed: bytes, kind: int) -> None:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    key = VerifierKey(name=name, kind=kind, public=public)
    assert VerifierKey.parse(str(key)) == key


def vkey(raw: bytes, name: str = "alice") -> str:
    identifier = sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    return f"{name}+{identifier}+{b64encode(raw).decode()}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alice", "is not name"),
        ("alice+12345678", "is not name"),
        (vkey(b"\1" + ALICE.key.public, ""), "key name: empty"),
        (vkey(b"\1" + ALICE.key.public, "a b"), "holds a blank"),
        (vkey(b"\1" + ALICE.key.public, "a\u2003b"), "holds a blank"),
        (vkey(b"\1" + ALICE.key.public, "a\x01b"), "holds a blank, a control character"),
        ("\ud800+12345678+" + b64encode(b"\1" + ALICE.key.public).decode(), "holds a blank"),
        (vkey(b""), "no key"),
        (vkey(b"\2" + ALICE.key.public), "type 0x02"),
        (vkey(b"\1" + ALICE.key.public[:31]), "31 bytes instead of 32"),
        (vkey(b"\1" + ALICE.key.public + b"\0"), "33 bytes instead of 32"),
        (vkey(b"\1" + b"\1" + bytes(31)), "small order"),
        (vkey(b"\1" + b"\xff" * 32), "not a canonical point"),
        (str(ALICE.key).replace("+", "+0", 1), "id '0"),
        (str(ALICE.key)[:-1], "is not base64"),
        (str(ALICE.key) + "\n", "is not the canonical base64|is not base64"),
        (f"alice+{ALICE.key_id.hex().upper()}+{str(ALICE.key).split('+', 2)[2]}", "id '"),
        (f"alice+00000000+{str(ALICE.key).split('+', 2)[2]}", "id '00000000' instead of"),
    ],
)
def test_faulty_verifier_keys_are_refused(text: str, message: str) -> None:
    with pytest.raises(NoteInvalid, match=message):
        VerifierKey.parse(text)


def test_a_verifier_key_with_loose_trailing_bits_is_refused() -> None:
    # 34 bytes end in one significant character and "==": its low bits must be zero.
    raw = b"\1" + ALICE.key.public + b"\0"
    loose = vkey(raw).replace("A==", "B==")
    assert loose != vkey(raw)
    with pytest.raises(NoteInvalid, match="not the canonical base64"):
        VerifierKey.parse(loose)


@given(texts, st.lists(st.tuples(names, st.binary(min_size=32, max_size=32)), min_size=1))
def test_notes_round_trip(text: str, keys: list[tuple[str, bytes]]) -> None:
    signers = list(
        {
            name: Ed25519Signer(name=name, private=Ed25519PrivateKey.from_private_bytes(seed))
            for name, seed in keys
        }.values()
    )
    data = sign_note(text, signers)
    note = Note.parse(data)
    assert note.text == text
    assert note.encode() == data
    opened = open_note(data, [signer.key for signer in signers])
    assert [verified.key for verified in opened.verified] == [signer.key for signer in signers]


@given(st.integers(0, len(NOTE) * 8 - 1))
def test_a_note_with_any_bit_flipped_loses_a_signature(bit: int) -> None:
    changed = (int.from_bytes(NOTE) ^ 1 << bit).to_bytes(len(NOTE))
    keys = [ALICE.key, BOB.key]
    assert len(open_note(NOTE, keys).verified) == 2
    try:
        opened = open_note(changed, keys)
    except NoteInvalid:
        return
    # A changed name or key id makes the line an unknown key's: it no longer counts.
    assert opened.text == "A text.\n"
    assert len(opened.verified) == 1


@given(st.data())
def test_a_note_with_bytes_inserted_or_removed_loses_a_signature(data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(NOTE)))
    end = data.draw(st.integers(begin, len(NOTE)))
    changed = NOTE[:begin] + data.draw(st.binary()) + NOTE[end:]
    try:
        opened = open_note(changed, [ALICE.key, BOB.key])
    except NoteInvalid:
        return
    assert opened.text == "A text.\n"
    assert changed == NOTE or len(opened.verified) == 1


LINES = NOTE.split(b"\n\n")[1]
FIRST, SECOND = LINES.splitlines(keepends=True)
TEXT = b"A text.\n\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no empty line"),
        (b"A text.\n" + LINES, "no empty line"),
        (TEXT, "do not end in a line feed"),
        (NOTE[:-1], "do not end in a line feed"),
        (NOTE + b"\n", "do not end in a line feed"),
        (b"A t\rext.\n\n" + LINES, "control character"),
        (b"A t\text.\n\n" + LINES, "control character"),
        (b"A t\0ext.\n\n" + LINES, "control character"),
        (TEXT + FIRST[:-1] + b"\r\n", "control character"),
        (b"A t\xffext.\n\n" + LINES, "not UTF-8 at byte 3"),
        (b"A t\xed\xa0\x80ext.\n\n" + LINES, "not UTF-8 at byte 3"),
        (b"x" * (MOST_BYTES + 1 - len(NOTE)) + NOTE, "more than 1000000"),
        (NOTE + b"junk\n", "does not start with a dash"),
        (TEXT + b"junk\n" + LINES, "does not start with a dash"),
        (TEXT + FIRST.replace("— ".encode(), b"- "), "does not start with a dash"),
        (TEXT + FIRST.replace("— ".encode(), "—".encode()), "does not start with a dash"),
        (TEXT + FIRST.replace(b"alice", b"al+ice"), "holds a blank"),
        (TEXT + FIRST.replace(b"alice", b"al\xc2\xa0ice"), "holds a blank"),
        (TEXT + FIRST.replace(b" alice", b" "), "key name: empty"),
        (TEXT + FIRST.replace(b" alice ", b" alice  "), "is not base64"),
        (TEXT + FIRST.replace(b"\n", b" \n"), "is not base64"),
        (TEXT + FIRST.replace(b"=\n", b"\n"), "is not base64"),
        (TEXT + "— alice\n".encode(), "fewer than 5 bytes"),
        (TEXT + "— alice AAAAAA==\n".encode(), "fewer than 5 bytes"),
        (TEXT + "— carol AAAAAAF=\n".encode() + LINES, "not the canonical base64"),
        (TEXT + b"".join(f"— c{i} AAAAAAA=\n".encode() for i in range(101)), "more than 100"),
        (TEXT + b"".join(f"— c{i} AAAAAAA=\n".encode() for i in range(100)), "any known key"),
    ],
)
def test_malformed_notes_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(NoteInvalid, match=message):
        open_note(data, [ALICE.key, BOB.key])


def test_a_hundred_signatures_and_empty_lines_in_the_text_are_accepted() -> None:
    signers = [Ed25519Signer(name=f"n{i}", private=ALICE.private) for i in range(100)]
    text = "\n\nfirst\n\n— alice AAAAAAA=\n\n"
    data = sign_note(text, signers)
    opened = open_note(data, [signer.key for signer in signers])
    assert (opened.text, len(opened.verified)) == (text, 100)


def test_a_note_only_unknown_keys_signed_is_refused() -> None:
    with pytest.raises(NoteInvalid, match="not signed by any known key"):
        open_note(NOTE, [FOO])
    with pytest.raises(NoteInvalid, match="not signed by any known key"):
        open_note(NOTE, [])


def test_a_key_is_known_by_name_and_id_together() -> None:
    # The id of another key under alice's name, and alice's id under another name.
    renamed = VerifierKey(name="alice", kind=ED25519, public=BOB.key.public)
    other = VerifierKey(name="carol", kind=ED25519, public=ALICE.key.public)
    for key in (renamed, other):
        with pytest.raises(NoteInvalid, match="not signed by any known key"):
            open_note(TEXT + FIRST, [key])
    line = Signature.parse(FIRST.decode()[:-1])
    forged = Signature(name="carol", key_id=line.key_id, body=line.body)
    opened = open_note(TEXT + f"{forged}\n".encode() + SECOND, [ALICE.key, BOB.key])
    assert [verified.key for verified in opened.verified] == [BOB.key]


def test_one_bad_signature_of_a_known_key_refuses_the_whole_note() -> None:
    line = Signature.parse(FIRST.decode()[:-1])
    for body in (line.body[:-1], line.body + b"\0", bytes(64), BOB.sign(b"A text.\n")):
        bad = f"{Signature(name='alice', key_id=line.key_id, body=body)}\n".encode()
        with pytest.raises(NoteInvalid, match="signature line of 'alice'"):
            open_note(TEXT + SECOND + bad, [ALICE.key, BOB.key])
        # Whoever does not know alice does not care.
        assert open_note(TEXT + SECOND + bad, [BOB.key]).verified


def test_of_repeated_lines_of_one_key_the_first_counts() -> None:
    bad = f"{Signature(name='alice', key_id=ALICE.key_id, body=bytes(64))}\n".encode()
    assert len(open_note(TEXT + FIRST + bad, [ALICE.key]).verified) == 1
    assert len(open_note(TEXT + FIRST + FIRST, [ALICE.key]).verified) == 1
    with pytest.raises(NoteInvalid, match="signature line of 'alice'"):
        open_note(TEXT + bad + FIRST, [ALICE.key])


def test_two_configured_keys_with_one_name_and_id_are_refused() -> None:
    with pytest.raises(NoteInvalid, match="two configured keys"):
        open_note(NOTE, [ALICE.key, ALICE.key])
    same_id = VerifierKey(name="alice", kind=ED25519, public=BOB.key.public)
    object.__setattr__(same_id, "key_id", ALICE.key_id)  # ids collide after 2^32 trials
    with pytest.raises(NoteInvalid, match="two configured keys"):
        open_note(NOTE, [ALICE.key, same_id])


def test_signing_refuses_what_is_no_note() -> None:
    for text in ("", "no line feed"):
        with pytest.raises(NoteInvalid, match="does not end in a line feed"):
            sign_note(text, [ALICE])
    for text in ("a\tb\n", "a\rb\n", "\ud800\n"):
        with pytest.raises(NoteInvalid, match="control character"):
            sign_note(text, [ALICE])
    with pytest.raises(NoteInvalid, match="no signature line"):
        sign_note("A text.\n", [])
    with pytest.raises(NoteInvalid, match="two signature lines of the same key"):
        sign_note("A text.\n", [ALICE, ALICE])
    with pytest.raises(NoteInvalid, match="two signature lines of the same key"):
        sign_note("A text.\n", [ALICE], others=[Signature.parse(FIRST.decode()[:-1])])


def test_a_signer_does_not_show_its_private_key() -> None:
    assert repr(ALICE) == "Ed25519Signer(name='alice')"


def test_a_cosignature_covers_its_time() -> None:
    key = VerifierKey(name="w", kind=COSIGNATURE, public=ALICE.key.public)
    body = (7).to_bytes(8) + ALICE.sign(cosigned_message("A text.\n", 7))
    assert cosigned_message("A text.\n", 7) == b"cosignature/v1\ntime 7\nA text.\n"
    for cosigned, message in (
        ((8).to_bytes(8) + body[8:], "not by this key"),
        (body[8:], "64 bytes instead of 72"),
        (body + b"\0", "73 bytes instead of 72"),
        ((2**63).to_bytes(8) + ALICE.sign(cosigned_message("A text.\n", 2**63)), "not below 2"),
        (bytes(8) + ALICE.sign(b"A text.\n"), "not by this key"),
    ):
        line = f"{Signature(name='w', key_id=key.key_id, body=cosigned)}\n".encode()
        with pytest.raises(NoteInvalid, match=message):
            open_note(TEXT + line, [key])
    line = f"{Signature(name='w', key_id=key.key_id, body=body)}\n".encode()
    assert open_note(TEXT + line, [key]).verified == (Verified(key=key, timestamp=7),)
