"""The registrar's door: a blind signature for the holder of a voting code.

It learns who asks, and nothing of what they will vote. It never speaks to the box.
"""

import json
from collections.abc import Mapping

from flask import Response, request

from audit.label import b64
from ballot.code import CodeInvalid
from ballot.registrar import (
    Closed,
    CredentialRefused,
    NotYetOpen,
    OtherElection,
    Registrar,
    RequestInvalid,
)
from ballot.store.engine import StoreBusy
from web.audience import Answer, Audience, Cache, Door, Route
from web.body import binary, read_body
from web.clock import Clock
from web.limits import Limits
from web.models import CredentialAnswer, CredentialRequest
from web.problem import FieldFault, Problem, malformed

BODY_LIMIT = 8 * 1024


def _misread(error: CodeInvalid) -> FieldFault:
    """What is wrong with a mistyped code, without the code."""
    reason = error.reason
    if reason == "does-not-add-up" and not error.places:
        reason = "somewhere"
    return FieldFault(
        field="code",
        code=f"code-{reason}",
        parameters={"count": str(error.count)},
        places=error.places,
    )


def registrar_routes(
    registrars: Mapping[str, Registrar], clock: Clock, refusals: Limits, refusals_per_minute: int
) -> list[Route]:
    """The routes of the registrar's door; ``registrars`` by issuer, those of this process."""

    def issue(issuer: str) -> Response:
        registrar = registrars.get(issuer)
        if registrar is None:
            raise Problem("not-found")
        address = request.remote_addr or ""
        wait = refusals.full("refused code", address, refusals_per_minute)
        if wait:
            raise Problem("too-many-requests", retry_after=wait, parameters={"seconds": str(wait)})
        body, _ = read_body(CredentialRequest)
        election = binary(body.election, "election", size=32)
        blinded = binary(body.blinded_message, "blinded_message")
        try:
            signature = registrar.issue(
                election=election,
                style=body.style,
                code=body.code,
                blinded_message=blinded,
                now=clock(),
            )
        except CredentialRefused:
            # Only refusals count against an address: a library may host any number of voters.
            refusals.hit("refused code", address, refusals_per_minute)
            raise Problem("credential-refused") from None
        except CodeInvalid as error:
            raise Problem("code-misread", fields=[_misread(error)]) from None
        except OtherElection:
            raise Problem("wrong-election") from None
        except NotYetOpen as error:
            raise Problem("not-open", parameters={"opens": error.opens}) from None
        except Closed:
            raise Problem("closed") from None
        except RequestInvalid as error:
            raise malformed(error.field, error.field.replace("_", "-")) from None
        except StoreBusy:
            raise Problem("busy", retry_after=2) from None
        return Response(
            json.dumps({"blind_signature": b64(signature)}), content_type="application/json"
        )

    return [
        Route(
            name="issue_credential",
            path="/registrar/<issuer>/credentials",
            method="POST",
            door=Door.REGISTRAR,
            audience=Audience.RESIDENT,
            view=issue,
            limit=120,
            cache=Cache.NEVER,
            summary="Sign a blinded message for the holder of a voting code (RFC 9474)",
            body=CredentialRequest,
            body_limit=BODY_LIMIT,
            answers={200: Answer(meaning="the blind signature", model=CredentialAnswer)},
            problems=(
                "malformed",
                "not-found",
                "credential-refused",
                "code-misread",
                "wrong-election",
                "not-open",
                "closed",
                "length-required",
                "too-large",
                "unsupported-media-type",
                "too-many-requests",
                "busy",
                "internal",
            ),
        )
    ]
