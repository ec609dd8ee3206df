"""The officers: who signs for an election, and lists of their signatures.

Source: docs/formats.md sections 3, 4 and 9.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.ed25519 import PUBLIC_KEY_SIZE, SIGNATURE_SIZE, SignatureInvalid, verify
from audit.errors import AuditError
from audit.label import b64, unb64
from audit.shape import integer, items, members, words
from tally import canonical

MOST_OFFICERS = 100


class SignaturesMissing(AuditError):
    """Officers' signatures that are bad, out of order or too few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerSignature:
    """An officer's Ed25519 signature (64 bytes), by the officer's name in the manifest."""

    officer: str
    signature: bytes

    def to_value(self) -> dict[str, canonical.Value]:
        """As it stands in files and entries."""
        return {"officer": self.officer, "signature": b64(self.signature)}


def read_signatures(
    value: object, where: str, refuse: type[AuditError]
) -> tuple[OfficerSignature, ...]:
    """A list of officers' signatures; nothing is verified."""
    signatures = []
    for position, each in enumerate(items(value, where, refuse, most=MOST_OFFICERS)):
        place = f"{where}[{position}]"
        read = members(each, place, ("officer", "signature"), refuse)
        signatures.append(
            OfficerSignature(
                officer=words(read["officer"], f"{place}.officer", refuse),
                signature=unb64(read["signature"], f"{place}.signature", size=SIGNATURE_SIZE),
            )
        )
    return tuple(signatures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """Who signs for the election; ``key`` is Ed25519, 32 bytes."""

    name: str
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Officers:
    """The officers in the manifest's order; ``threshold`` of them sign together."""

    threshold: int
    keys: tuple[Officer, ...]

    def check(self, signatures: Sequence[OfficerSignature], message: bytes, what: str) -> None:
        """Raise SignaturesMissing, naming ``what``, unless at least ``threshold`` distinct
        officers signed ``message``: all good, in the manifest's order."""
        order = {officer.name: place for place, officer in enumerate(self.keys)}
        last = -1
        for signature in signatures:
            place = order.get(signature.officer)
            if place is None:
                raise SignaturesMissing(f"{what}: no officer is named {signature.officer!r}")
            if place <= last:
                raise SignaturesMissing(
                    f"{what}: {signature.officer!r} is not in the manifest's order, or twice"
                )
            last = place
            try:
                verify(self.keys[place].key, signature.signature, message)
            except SignatureInvalid as error:
                raise SignaturesMissing(f"{what}: officer {signature.officer!r}: {error}") from None
        if len(signatures) < self.threshold:
            raise SignaturesMissing(
                f"{what}: signed by {len(signatures)} officers instead of {self.threshold}"
            )

    def arrange(self, signatures: Iterable[OfficerSignature]) -> tuple[OfficerSignature, ...]:
        """The signatures in the manifest's order, as the format wants them. Verifies nothing."""
        by_name = {signature.officer: signature for signature in signatures}
        return tuple(by_name[each.name] for each in self.keys if each.name in by_name)


def read_officers(value: object, refuse: type[AuditError]) -> Officers:
    """The manifest's ``officers``."""
    read = members(value, "officers", ("threshold", "keys"), refuse)
    keys = []
    for position, each in enumerate(
        items(read["keys"], "officers.keys", refuse, most=MOST_OFFICERS)
    ):
        where = f"officers.keys[{position}]"
        key = members(each, where, ("name", "key"), refuse)
        keys.append(
            Officer(
                name=words(key["name"], f"{where}.name", refuse),
                key=unb64(key["key"], f"{where}.key", size=PUBLIC_KEY_SIZE),
            )
        )
    threshold = integer(read["threshold"], "officers.threshold", refuse)
    return Officers(threshold=threshold, keys=tuple(keys))
