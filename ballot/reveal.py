"""The file by which a resident shows a tested ballot to a second device; no service ever sees it.

It opens the sealed bytes, and carries the box's signed word that they can never be cast.
Source: docs/formats.md section 11, docs/decisions/0004.
"""

from collections.abc import Mapping

from audit.label import b64, unb64
from audit.manifest import Manifest
from audit.receipt import read_test_receipt
from audit.record import Header
from audit.seal import SCALAR_SIZE
from ballot.errors import BallotError
from ballot.voter import SealedBallot, show_test
from tally import canonical
from tally.vote import Spoiled, Vote

LARGEST = 200_000
_NAMES = {"type", "version", "header", "sealed", "ephemeral", "receipt"}


class RevealInvalid(BallotError):
    """A file that shows no test ballot of this election."""


def reveal_file(ballot: SealedBallot, receipt: bytes) -> bytes:
    """What the device gives to the second one after the box answered the test with ``receipt``."""
    return canonical.encode(
        {
            "type": "test-ballot",
            "version": 1,
            "header": canonical.parse(ballot.header.to_bytes()),
            "sealed": b64(ballot.sealed),
            "ephemeral": b64(ballot.ephemeral),
            "receipt": canonical.parse(receipt),
        }
    )


def open_reveal(manifest: Manifest, data: bytes) -> Vote | Spoiled:
    """The vote that a file shows, its test receipt verified. Raises RevealInvalid for another form
    or election, AuditError or VoterError for what does not hold."""
    try:
        value = canonical.parse(data, limit=LARGEST)
    except canonical.CanonicalError as error:
        raise RevealInvalid(f"test file: {error}") from None
    if not isinstance(value, Mapping) or set(value) != _NAMES:
        raise RevealInvalid(f"test file: not an object with the fields {', '.join(sorted(_NAMES))}")
    if value["type"] != "test-ballot" or value["version"] != 1:
        raise RevealInvalid("test file: of another type or version")
    header = Header.from_value(value["header"])
    if header.election != manifest.hash:
        raise RevealInvalid("test file: of another election")
    receipt = canonical.encode(value["receipt"])
    read_test_receipt(receipt, manifest, header)
    return show_test(
        manifest,
        header,
        unb64(value["sealed"], "test file: sealed"),
        unb64(value["ephemeral"], "test file: ephemeral", size=SCALAR_SIZE),
    )
