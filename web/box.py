"""The box's door: takes sealed ballots, marks tests, proves what is in the log.

It never learns who votes: it sees pseudonyms, credentials and sealed bytes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from flask import Response

from audit.errors import AuditError
from audit.label import unb64
from ballot.box import BallotRefused, Box, BoxStopped, Busy, Pending, Unknown
from ballot.store.engine import StoreBusy
from tally import canonical
from web.audience import Answer, Audience, Cache, Door, Route
from web.body import binary, read_body
from web.later import answer_later
from web.models import CastRequest, Receipt, TestReceipt, TestRequest
from web.problem import Problem

JSON = "application/json"
PLAIN = "text/plain; charset=utf-8"
CAST_LIMIT = 128 * 1024
COMMON = (
    "malformed",
    "wrong-election",
    "ballot-refused",
    "conflict",
    "tested",
    "closed",
    "not-open",
    "length-required",
    "too-large",
    "unsupported-media-type",
    "too-many-requests",
    "busy",
    "internal",
)


def box_routes(box: Box, opens: datetime) -> list[Route]:
    """The routes of the box's door. ``opens`` is told to whoever comes too early."""

    def refuse(error: BaseException) -> BaseException:
        if isinstance(error, Busy):
            return Problem("busy", retry_after=error.seconds)
        if isinstance(error, BoxStopped):
            return Problem("busy", retry_after=5)
        if isinstance(error, BallotRefused):
            return Problem(error.code, reason=error.reason, parameters={"opens": opens})
        return error

    def cast_ballot() -> Response:
        body, value = read_body(CastRequest)
        plain = cast(Mapping[str, canonical.Value], value)
        sealed = binary(body.sealed, "sealed")
        receipt = box.casting(canonical.encode_read(plain["entry"]), sealed)
        return answer_later(receipt, content_type=JSON, otherwise=refuse)

    def test_ballot() -> Response:
        _, value = read_body(TestRequest)
        receipt = box.testing(canonical.encode_read(value))
        return answer_later(receipt, content_type=JSON, otherwise=refuse)

    def proof(leaf_hash: str) -> Response:
        try:
            found = box.proof(unb64(leaf_hash, "leaf_hash", size=32))
        except AuditError:
            raise Problem("unknown-ballot") from None
        except StoreBusy:
            raise Problem("busy", retry_after=2) from None
        if isinstance(found, Pending):
            raise Problem("pending")
        if isinstance(found, Unknown):
            raise Problem("unknown-ballot")
        return Response(found, content_type=PLAIN)

    return [
        Route(
            name="cast_ballot",
            path="/box/ballots",
            method="POST",
            door=Door.BOX,
            audience=Audience.RESIDENT,
            view=cast_ballot,
            limit=120,
            cache=Cache.NEVER,
            summary="Cast a sealed ballot; the same ballot again gets the same receipt",
            body=CastRequest,
            body_limit=CAST_LIMIT,
            answers={200: Answer(meaning="the receipt: it is durable", model=Receipt)},
            problems=COMMON,
        ),
        Route(
            name="test_ballot",
            path="/box/tests",
            method="POST",
            door=Door.BOX,
            audience=Audience.RESIDENT,
            view=test_ballot,
            limit=60,
            cache=Cache.NEVER,
            summary="Give up a sealed ballot for a test, so that it can never be cast",
            body=TestRequest,
            body_limit=CAST_LIMIT,
            answers={200: Answer(meaning="the signed test receipt", model=TestReceipt)},
            problems=tuple(code for code in COMMON if code != "tested"),
        ),
        Route(
            name="proof",
            path="/box/proofs/<leaf_hash>",
            method="GET",
            door=Door.BOX,
            audience=Audience.RESIDENT,
            view=proof,
            limit=240,
            cache=Cache.NEVER,
            summary="The inclusion proof of a ballot (C2SP tlog-proof)",
            answers={200: Answer(meaning="a proof file", media_types=(PLAIN,))},
            problems=("pending", "unknown-ballot", "too-many-requests", "busy", "internal"),
        ),
    ]
