"""Log entries and bytes: the open entry, the ballots, the close entry, and what is signed in them.

One spelling per entry: reading prints the entry again and compares, byte by byte. Form only: what
must hold in one election (keys, styles, order) is ``audit.admission``.
Source: docs/formats.md section 4.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from audit.ed25519 import PUBLIC_KEY_SIZE, SIGNATURE_SIZE
from audit.errors import AuditError
from audit.label import b64, labelled, unb64
from audit.officers import OfficerSignature, read_signatures
from audit.shape import integer, items, mapping, members
from audit.succession import Succession
from tally import canonical
from tally.frozen import FrozenMap
from tally.text import IDENTIFIER

LARGEST_ENTRY = 65_535
LARGEST_SEQUENCE = 65_535
HASH_SIZE = 32
PREFIX_SIZE = 32
MOST_ISSUERS = 16

_LARGEST_SIGNATURE = 1_024
_HEADER = ("election", "style", "pseudonym", "sequence", "credentials", "sealed_hash")


class EntryInvalid(AuditError):
    """Bytes that are no entry of a log; the message names the field."""


def _check_size(field: str, data: bytes, size: int) -> None:
    if len(data) != size:
        raise EntryInvalid(f"{field}: {len(data)} bytes instead of {size}")


def _check_identifier(field: str, text: str) -> None:
    if not IDENTIFIER.fullmatch(text):
        raise EntryInvalid(f"{field}: {text[:70]!a} is not an identifier")


def sealed_hash(blob: bytes) -> bytes:
    """The hash by which a header names its sealed bytes."""
    return sha256(blob).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An issuer's unblinded signature; ``prefix`` has 32 bytes."""

    issuer: str
    prefix: bytes
    signature: bytes

    def __post_init__(self) -> None:
        _check_identifier("credential: issuer", self.issuer)
        _check_size("credential: prefix", self.prefix, PREFIX_SIZE)
        if not 0 < len(self.signature) <= _LARGEST_SIGNATURE:
            raise EntryInvalid(f"credential: signature: {len(self.signature)} bytes")


# Around the header of a ballot's entry: the signature behind it has 86 symbols.
_BEFORE = b'{"header":'
_AFTER = len(',"signature":"' + 86 * "A" + '","type":"ballot"}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a ballot says in public: ``election`` is E, ``pseudonym`` the Ed25519 key that signs,
    ``sealed_hash`` the SHA-256 of the sealed bytes (32 bytes each), ``sequence`` 1..65,535."""

    election: bytes
    style: str
    pseudonym: bytes
    sequence: int
    credentials: tuple[Credential, ...]
    sealed_hash: bytes

    def __post_init__(self) -> None:
        _check_size("header: election", self.election, HASH_SIZE)
        _check_identifier("header: style", self.style)
        _check_size("header: pseudonym", self.pseudonym, PUBLIC_KEY_SIZE)
        if not 1 <= self.sequence <= LARGEST_SEQUENCE:
            raise EntryInvalid(f"header: sequence: {self.sequence} is outside 1..65535")
        if not 1 <= len(self.credentials) <= MOST_ISSUERS:
            raise EntryInvalid(f"header: credentials: {len(self.credentials)}, not 1..16")
        _check_size("header: sealed_hash", self.sealed_hash, HASH_SIZE)

    def to_bytes(self) -> bytes:
        """The canonical header."""
        # All texts are base64url or identifiers, so nothing is ever escaped; spelling it here is
        # several times faster than the general encoder, which a test compares it with.
        credentials = ",".join(
            f'{{"issuer":"{each.issuer}","prefix":"{b64(each.prefix)}",'
            f'"signature":"{b64(each.signature)}"}}'
            for each in self.credentials
        )
        return (
            f'{{"credentials":[{credentials}],"election":"{b64(self.election)}",'
            f'"pseudonym":"{b64(self.pseudonym)}","sealed_hash":"{b64(self.sealed_hash)}",'
            f'"sequence":{self.sequence},"style":"{self.style}"}}'
        ).encode("ascii")

    def signed_bytes(self) -> bytes:
        """What the pseudonym signs to cast this ballot."""
        return labelled("ballot", self.election, self.to_bytes())

    @staticmethod
    def signed_bytes_in(election: bytes, entry: bytes) -> bytes:
        """The same, out of a ballot's canonical entry, where the header stands already spelled."""
        return labelled("ballot", election, entry[len(_BEFORE) : -_AFTER])

    def test_bytes(self) -> bytes:
        """What the pseudonym signs to give this ballot up for a test."""
        return labelled("test", self.election, self.to_bytes())

    @classmethod
    def from_value(cls, value: object) -> "Header":
        """The header in an object, whatever the order of its fields. Raises AuditError."""
        read = members(value, "header", _HEADER, EntryInvalid)
        credentials = items(
            read["credentials"], "header: credentials", EntryInvalid, most=MOST_ISSUERS
        )
        return cls(
            election=unb64(read["election"], "header: election"),
            style=_text(read["style"], "header: style"),
            pseudonym=unb64(read["pseudonym"], "header: pseudonym"),
            sequence=integer(
                read["sequence"], "header: sequence", EntryInvalid, least=1, most=LARGEST_SEQUENCE
            ),
            credentials=tuple(_credential(each) for each in credentials),
            sealed_hash=unb64(read["sealed_hash"], "header: sealed_hash"),
        )


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise EntryInvalid(f"{where}: not a text")
    return value


def _credential(value: object) -> Credential:
    read = members(value, "credential", ("issuer", "prefix", "signature"), EntryInvalid)
    return Credential(
        issuer=_text(read["issuer"], "credential: issuer"),
        prefix=unb64(read["prefix"], "credential: prefix"),
        signature=unb64(read["signature"], "credential: signature"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotEntry:
    """A ballot in the log; ``signature`` is the pseudonym's over the header."""

    header: Header
    signature: bytes

    def __post_init__(self) -> None:
        _check_size("ballot: signature", self.signature, SIGNATURE_SIZE)

    def to_bytes(self) -> bytes:
        """The canonical entry."""
        return (
            _BEFORE
            + self.header.to_bytes()
            + f',"signature":"{b64(self.signature)}","type":"ballot"}}'.encode("ascii")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEntry:
    """The first entry: the officers open the vote of the election E, in the place of another whose
    log was lost where it ``succeeds`` one."""

    election: bytes
    officers: tuple[OfficerSignature, ...]
    succeeds: Succession | None = None

    def to_bytes(self) -> bytes:
        """The canonical entry."""
        value: dict[str, canonical.Value] = {
            "type": "open",
            "election": b64(self.election),
            "officers": [each.to_value() for each in self.officers],
        }
        if self.succeeds is not None:
            value["succeeds"] = self.succeeds.to_value()
        return canonical.encode(value)


def open_message(election: bytes, succeeds: Succession | None = None) -> bytes:
    """What the officers sign to open the vote."""
    if succeeds is None:
        return labelled("open", election)
    return labelled("open", election, canonical.encode(succeeds.to_value()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """How many credentials an issuer gave out for each style, signed with its count key."""

    issuer: str
    counts: FrozenMap[str, int]
    signature: bytes

    def to_value(self) -> dict[str, canonical.Value]:
        """As it stands in the close entry."""
        return {
            "issuer": self.issuer,
            "counts": dict(self.counts),
            "signature": b64(self.signature),
        }


def issued_message(election: bytes, issuer: str, counts: Mapping[str, int]) -> bytes:
    """What an issuer signs about the credentials it gave out, per style."""
    return labelled("issued", election, issuer.encode(), canonical.encode(counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEntry:
    """The last entry: the vote is over, and so many credentials were given out."""

    election: bytes
    issued: tuple[Issued, ...]
    officers: tuple[OfficerSignature, ...]

    def to_bytes(self) -> bytes:
        """The canonical entry. This version knows no paper ballots."""
        return canonical.encode(
            {
                "type": "close",
                "election": b64(self.election),
                "issued": [each.to_value() for each in self.issued],
                "paper": {},
                "officers": [each.to_value() for each in self.officers],
            }
        )

    def signed_bytes(self) -> bytes:
        """What the officers sign to close the vote."""
        return close_message(self.election, self.issued)


def close_message(election: bytes, issued: tuple[Issued, ...]) -> bytes:
    """What the officers sign to close the vote with these counts."""
    array = canonical.encode([each.to_value() for each in issued])
    return labelled("close", election, array, canonical.encode({}))


Entry = OpenEntry | BallotEntry | CloseEntry


def _issued(value: object, position: int) -> Issued:
    where = f"close: issued[{position}]"
    read = members(value, where, ("issuer", "counts", "signature"), EntryInvalid)
    counts = {
        style: integer(count, f"{where}.counts.{style}", EntryInvalid)
        for style, count in mapping(read["counts"], f"{where}.counts", EntryInvalid).items()
    }
    return Issued(
        issuer=_text(read["issuer"], f"{where}.issuer"),
        counts=FrozenMap(sorted(counts.items())),
        signature=unb64(read["signature"], f"{where}.signature", size=SIGNATURE_SIZE),
    )


def _read(value: object) -> Entry:
    kind = mapping(value, "entry", EntryInvalid).get("type")
    if kind == "ballot":
        read = members(value, "ballot", ("type", "header", "signature"), EntryInvalid)
        return BallotEntry(
            header=Header.from_value(read["header"]),
            signature=unb64(read["signature"], "ballot: signature"),
        )
    if kind == "open":
        extra = ("succeeds",) if "succeeds" in mapping(value, "open", EntryInvalid) else ()
        read = members(value, "open", ("type", "election", "officers", *extra), EntryInvalid)
        return OpenEntry(
            succeeds=Succession.from_value(read["succeeds"]) if "succeeds" in read else None,
            election=unb64(read["election"], "open: election", size=HASH_SIZE),
            officers=read_signatures(read["officers"], "open: officers", EntryInvalid),
        )
    if kind == "close":
        names = ("type", "election", "issued", "paper", "officers")
        read = members(value, "close", names, EntryInvalid)
        members(read["paper"], "close: paper", (), EntryInvalid)
        issued = items(read["issued"], "close: issued", EntryInvalid, most=MOST_ISSUERS)
        return CloseEntry(
            election=unb64(read["election"], "close: election", size=HASH_SIZE),
            issued=tuple(_issued(each, position) for position, each in enumerate(issued)),
            officers=read_signatures(read["officers"], "close: officers", EntryInvalid),
        )
    raise EntryInvalid(f"entry: type {str(kind)[:20]!a} is not open, ballot or close")


def parse_entry(data: bytes) -> Entry:
    """The entry that ``data`` spells canonically. Raises AuditError naming the field.

    The fields of a ballot's header have their sizes; nothing is verified.
    """
    if len(data) > LARGEST_ENTRY:
        raise EntryInvalid(f"entry: {len(data)} bytes, more than {LARGEST_ENTRY}")
    try:
        # Strict enough, because what was read is printed again below: a fraction, a key that
        # stands twice or another spelling would not come back.
        value = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise EntryInvalid("entry: not JSON in UTF-8") from None
    try:
        entry = _read(value)
        again = entry.to_bytes()
    except canonical.CanonicalError as error:
        raise EntryInvalid(f"entry: {error}") from None
    if again != data:
        raise EntryInvalid("entry: not the canonical spelling of what it says")
    return entry
