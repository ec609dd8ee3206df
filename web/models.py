"""The JSON that the doors take and give. Shapes only: what it means is docs/formats.md.

Unknown fields are refused and nothing is converted, so that one request has one reading.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Hash = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$", description="32 bytes, base64url")]
Signature = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{86}$", description="64 bytes, base64url")]
Binary = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=40_000)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class Strict(BaseModel):
    """No unknown field, no conversion, no change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class CredentialRequest(Strict):
    """A blinded message to be signed for the holder of a voting code."""

    election: Hash
    style: Name
    code: Annotated[str, Field(min_length=1, max_length=64)]
    blinded_message: Binary


class CredentialAnswer(Strict):
    """The blind signature; the same request gets the same one again."""

    blind_signature: Binary


class CredentialPart(Strict):
    """One issuer's unblinded signature in a ballot header."""

    issuer: Name
    prefix: Hash
    signature: Binary


class BallotHeader(Strict):
    """What a resident's device signs: see formats, section 4."""

    election: Hash
    style: Name
    pseudonym: Hash
    sequence: Annotated[int, Field(ge=1, le=65_535)]
    credentials: Annotated[list[CredentialPart], Field(min_length=1, max_length=16)]
    sealed_hash: Hash


class BallotEntryBody(Strict):
    """A log entry of type ballot."""

    type: Literal["ballot"]
    header: BallotHeader
    signature: Signature


class CastRequest(Strict):
    """A ballot: the entry that will stand in the public log, and the sealed votes."""

    entry: BallotEntryBody
    sealed: Binary


class Receipt(Strict):
    """The box's promise that the ballot will be in the log by ``due``; it shows no choice."""

    type: Literal["receipt"]
    election: Hash
    leaf_hash: Hash
    due: str
    signature: Signature


class TestRequest(Strict):
    """A sealed ballot given up to be tested: it can never be cast afterwards."""

    __test__ = False
    header: BallotHeader
    signature: Signature


class TestReceipt(Strict):
    """The box's promise that the tested ballot will never be in the log."""

    __test__ = False
    type: Literal["test-receipt"]
    election: Hash
    sealed_hash: Hash
    signature: Signature


class Status(Strict):
    """What anybody may know of the box while it runs: no counts but the log's size."""

    election: Hash
    id: str
    state: str
    opens: str
    closes: str
    log_size: int
    origin: str


class Health(Strict):
    """The service runs."""

    status: Literal["ok"]
