"""Signed messages between the trustees, and from them to everybody.

A message is a canonical JSON object with the field ``type``, fields of its own, and ``signature``:
Ed25519 by its author over ``labelled(type, context, canonical JSON without "signature")``. The
context says to what the message belongs: the id of a key ceremony, or E.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.ed25519 import SIGNATURE_SIZE, verify
from audit.errors import AuditError
from audit.label import b64, labelled, unb64
from tally import canonical

LARGEST = 65_535
"""The most bytes of a message."""

Message = Mapping[str, canonical.Value]


class MessageInvalid(AuditError):
    """Bytes that are not a message of the kind expected."""


def _signed(message: Message, context: bytes) -> bytes:
    body = {name: value for name, value in message.items() if name != "signature"}
    return labelled(str(message["type"]), context, canonical.encode(body))


def sign_message(kind: str, context: bytes, fields: Message, private: Ed25519PrivateKey) -> bytes:
    """The message of type ``kind`` with ``fields``, signed."""
    body: dict[str, canonical.Value] = {"type": kind, **fields}
    body["signature"] = b64(private.sign(_signed(body, context)))
    return canonical.encode(body)


def read_message(data: bytes, kind: str, fields: AbstractSet[str]) -> Message:
    """The message in ``data``: canonical, of type ``kind``, with exactly ``fields`` beside type and
    signature. Its signature is not verified yet. Raises MessageInvalid."""
    try:
        value = canonical.parse(data, limit=LARGEST)
    except canonical.CanonicalError as error:
        raise MessageInvalid(f"{kind}: {error}") from None
    return check_message(value, kind, fields)


def check_message(value: canonical.Value, kind: str, fields: AbstractSet[str]) -> Message:
    """As ``read_message``, for a message that stood inside another file."""
    if not isinstance(value, Mapping) or value.get("type") != kind:
        raise MessageInvalid(f"{kind}: not a message of this type")
    wanted = {"type", "signature", *fields}
    if missing := sorted(wanted - value.keys()):
        raise MessageInvalid(f"{kind}: the field {missing[0]!r} is missing")
    if unknown := sorted(value.keys() - wanted):
        raise MessageInvalid(f"{kind}: unknown field {unknown[0]!r}")
    return value


def verify_message(message: Message, context: bytes, public: bytes) -> None:
    """Raise SignatureInvalid or BinaryInvalid unless ``public`` (32 bytes) signed the message."""
    signature = unb64(message["signature"], "signature", size=SIGNATURE_SIZE)
    verify(public, signature, _signed(message, context))
