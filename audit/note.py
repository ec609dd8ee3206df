"""Signed notes: a text and the signature lines under it (C2SP signed-note v1.0.0).

    text, ends in a line feed || line feed || one or more lines "— <key name> <base64>"

where the base64 holds the 4-byte key id and the signature. Two kinds of key: Ed25519 (0x01) signs
the text itself; an Ed25519 cosignature (0x04, C2SP tlog-cosignature v1.0.1) signs the text and the
time at which a witness saw it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import ed25519
from audit.errors import AuditError
from audit.spelling import LARGEST, base64_text, read_base64, shown

ED25519 = 0x01
COSIGNATURE = 0x04

MOST_SIGNATURES = 100
MOST_BYTES = 1_000_000
KEY_ID_SIZE = 4
TIME_SIZE = 8

_DASH = "\u2014 "
_NOT_TEXT = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")


class NoteInvalid(AuditError):
    """A note, a signature line or a verifier key that breaks the format or does not verify."""


def check_name(name: str, what: str = "key name") -> None:
    """Raise NoteInvalid unless ``name`` may name a key: not empty, no blank of any script, no
    control character, no plus sign."""
    if not name:
        raise NoteInvalid(f"{what}: empty")
    if "+" in name or any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name):
        raise NoteInvalid(f"{what}: {shown(name)} holds a blank, a control character or '+'")


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The 4 bytes that name a key on a signature line. An identifier, not a commitment: anybody
    can make a second key with the same id."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:KEY_ID_SIZE]


def cosigned_message(text: str, timestamp: int) -> bytes:
    """What a cosignature signs: ``text`` and the POSIX second at which it was seen."""
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key under a name. ``kind`` is ED25519 or COSIGNATURE; ``public`` has 32 bytes."""

    name: str
    kind: int
    public: bytes
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in (ED25519, COSIGNATURE):
            raise NoteInvalid(
                f"verifier key {shown(self.name)}: type 0x{self.kind:02x} is neither 0x01 "
                "(Ed25519) nor 0x04 (cosignature)"
            )
        try:
            ed25519.check_public_key(self.public)
        except ed25519.SignatureInvalid as error:
            raise NoteInvalid(f"verifier key {shown(self.name)}: {error}") from None
        object.__setattr__(self, "key_id", key_id(self.name, self.kind, self.public))

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """The key that ``name+<8 hex of the key id>+base64(type || key)`` spells."""
        parts = text.split("+", 2)  # base64 may itself hold a plus sign
        if len(parts) != 3:
            raise NoteInvalid(f"verifier key: {shown(text)} is not name+id+key")
        name, identifier, encoded = parts
        raw = read_base64(encoded, f"verifier key {shown(name)}", NoteInvalid)
        if not raw:
            raise NoteInvalid(f"verifier key {shown(name)}: no key")
        key = cls(name=name, kind=raw[0], public=raw[1:])
        if identifier != key.key_id.hex():
            raise NoteInvalid(
                f"verifier key {shown(name)}: id {shown(identifier)} instead of {key.key_id.hex()}"
            )
        return key

    def __str__(self) -> str:
        encoded = base64_text(bytes([self.kind]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def verify(self, text: str, body: bytes) -> int | None:
        """Raise SignatureInvalid unless ``body`` (what follows the key id) is this key's signature
        under ``text``. Gives a cosignature's time in POSIX seconds, otherwise None."""
        if self.kind == ED25519:
            ed25519.verify(self.public, body, text.encode())
            return None
        if len(body) != TIME_SIZE + ed25519.SIGNATURE_SIZE:
            raise ed25519.SignatureInvalid(f"cosignature: {len(body)} bytes instead of 72")
        timestamp = int.from_bytes(body[:TIME_SIZE])
        if timestamp > LARGEST:
            raise ed25519.SignatureInvalid("cosignature: time is not below 2^63")
        ed25519.verify(self.public, body[TIME_SIZE:], cosigned_message(text, timestamp))
        return timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line; ``body`` is what stands after the key id. Not verified."""

    name: str
    key_id: bytes
    body: bytes

    def __post_init__(self) -> None:
        check_name(self.name, "signature line: key name")
        if len(self.key_id) != KEY_ID_SIZE or not self.body:
            raise NoteInvalid(
                f"signature line of {shown(self.name)}: fewer than 5 bytes of key id and signature"
            )

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """The signature that one line spells, without its line feed."""
        if not line.startswith(_DASH):
            raise NoteInvalid(f"signature line: {shown(line)} does not start with a dash and blank")
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        raw = read_base64(encoded, f"signature line of {shown(name)}", NoteInvalid)
        return cls(name=name, key_id=raw[:KEY_ID_SIZE], body=raw[KEY_ID_SIZE:])

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {base64_text(self.key_id + self.body)}"


def _check_characters(text: str) -> None:
    if _NOT_TEXT.search(text):
        raise NoteInvalid("note: a control character other than line feed, or no character at all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text, which ends in a line feed, and its signature lines. Nothing is verified."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n"):
            raise NoteInvalid("note: the text does not end in a line feed")
        _check_characters(self.text)
        if not self.signatures:
            raise NoteInvalid("note: no signature line")
        if len(self.signatures) > MOST_SIGNATURES:
            raise NoteInvalid(f"note: more than {MOST_SIGNATURES} signature lines")

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """The note that ``data`` spells; every byte of it has a place, or it is refused."""
        if len(data) > MOST_BYTES:
            raise NoteInvalid(f"note: {len(data)} bytes, more than {MOST_BYTES}")
        try:
            whole = data.decode()
        except UnicodeDecodeError as error:
            raise NoteInvalid(f"note: not UTF-8 at byte {error.start}") from None
        _check_characters(whole)
        text, blank, lines = whole.rpartition("\n\n")
        if not blank:
            raise NoteInvalid("note: no empty line between the text and the signatures")
        if not lines.endswith("\n"):
            raise NoteInvalid("note: the signatures do not end in a line feed")
        return cls(
            text=text + "\n",
            signatures=tuple(Signature.parse(line) for line in lines[:-1].split("\n")),
        )

    def encode(self) -> bytes:
        """The bytes of the note."""
        lines = "".join(f"{signature}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A signature that verified: whose, and when if it is a cosignature (POSIX seconds)."""

    key: VerifierKey
    timestamp: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedNote:
    """A text and the signatures of known keys under it, in the order of their lines."""

    text: str
    verified: tuple[Verified, ...]


def open_note(data: bytes, keys: Iterable[VerifierKey]) -> OpenedNote:
    """Read a note and verify every line of a known key; lines of unknown keys are passed over.

    A key is known by name and id together. One bad signature of a known key refuses the whole
    note, and so does a note no known key signed. Of several lines of one key the first counts.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) is not key:
            raise NoteInvalid(
                f"keys: two configured keys with name {shown(key.name)} and id {key.key_id.hex()}"
            )
    note = Note.parse(data)
    verified: dict[VerifierKey, Verified] = {}
    for signature in note.signatures:
        signed_by = known.get((signature.name, signature.key_id))
        if signed_by is None or signed_by in verified:
            continue
        try:
            timestamp = signed_by.verify(note.text, signature.body)
        except ed25519.SignatureInvalid as error:
            raise NoteInvalid(f"signature line of {shown(signature.name)}: {error}") from None
        verified[signed_by] = Verified(key=signed_by, timestamp=timestamp)
    if not verified:
        raise NoteInvalid("note: not signed by any known key")
    return OpenedNote(text=note.text, verified=tuple(verified.values()))


class Signer(Protocol):
    """Whoever can put a signature line under a text."""

    @property
    def name(self) -> str:
        """The key name on the line."""

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id on the line."""

    def sign(self, message: bytes, /) -> bytes:
        """What follows the key id: for an Ed25519 key the 64-byte signature over ``message``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ed25519Signer:
    """A signer of kind ED25519 that holds its private key in memory."""

    name: str
    private: Ed25519PrivateKey = field(repr=False, compare=False)

    @property
    def key(self) -> VerifierKey:
        """The public half."""
        public = self.private.public_key().public_bytes_raw()
        return VerifierKey(name=self.name, kind=ED25519, public=public)

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id on the line."""
        return self.key.key_id

    def sign(self, message: bytes, /) -> bytes:
        """The 64-byte signature over ``message``."""
        return self.private.sign(message)


def sign_note(text: str, signers: Sequence[Signer], *, others: Sequence[Signature] = ()) -> bytes:
    """The note of ``text`` with a line of each signer, then the lines ``others`` as they are.

    Raises NoteInvalid when a text cannot be a note's or two lines are of the same key.
    """
    _check_characters(text)
    lines = [
        Signature(name=signer.name, key_id=signer.key_id, body=signer.sign(text.encode()))
        for signer in signers
    ]
    note = Note(text=text, signatures=(*lines, *others))
    if len({(line.name, line.key_id) for line in note.signatures}) != len(note.signatures):
        raise NoteInvalid("note: two signature lines of the same key")
    return note.encode()
