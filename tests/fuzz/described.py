"""Requests made up from the description of the running service (schemathesis): some fit it, some do
not, and every answer must be as it says."""

import time
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Err

CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
SLOWEST_ANSWER = 10.0


def described(address: str) -> set[str]:
    """The operations that the service describes, as ``GET /path``."""
    paths = description_of(address)["paths"]
    return {f"{method.upper()} {path}" for path, each in paths.items() for method in each}


def description_of(address: str) -> dict[str, Any]:
    """What the service says of itself, at /openapi.json."""
    found: dict[str, Any] = requests.get(f"{address}/openapi.json", timeout=SLOWEST_ANSWER).json()
    return found


def ask_all(
    address: str,
    seconds: float,
    drawn: int,
    said: dict[str, Any] | None = None,
    sent: list[requests.PreparedRequest] | None = None,
) -> Counter[str]:
    """Ask every operation that ``said`` describes (what the service says of itself when None), two
    requests that fit and two that do not, round after round until ``seconds`` are over; the first
    round is whole however long it takes.

    ``drawn`` decides which requests. Gives how often each operation was asked, by ``fits`` or
    ``strange`` before its name; what was sent goes into ``sent``. Raises schemathesis' failures,
    which hold the request.
    """
    load_all_checks()
    checks: list[Any] = [CHECKS.get_one(name) for name in CHECKED]
    # Read from its address, the description itself would not be asked for as others are.
    description = schemathesis.openapi.from_dict(said or description_of(address))
    strategies = [
        (kind, operation.as_strategy(generation_mode=mode))
        for operation in map(_whole, description.get_all_operations())
        for kind, mode in (
            ("fits", schemathesis.GenerationMode.POSITIVE),
            ("strange", schemathesis.GenerationMode.NEGATIVE),
        )
    ]
    asked = Counter[str]()
    until = time.monotonic() + seconds
    turn = 0
    with requests.Session() as session:

        def judge(kind: str, case: schemathesis.Case[Any]) -> None:
            answer = case.call(base_url=address, session=session, timeout=SLOWEST_ANSWER)
            asked[f"{kind} {case.operation.label}"] += 1
            if sent is not None:
                sent.append(answer.request)
            case.validate_response(answer, checks=checks)

        while turn == 0 or time.monotonic() < until:
            for kind, strategy in strategies:
                if turn and time.monotonic() >= until:
                    break
                _draw(strategy, drawn + turn, lambda case, kind=kind: judge(kind, case))
            turn += 1
    return asked


def ask_again(sent: Sequence[requests.PreparedRequest]) -> None:
    """Send the same requests once more; none may be a fault of the server's."""
    with requests.Session() as session:
        for each in sent:
            answer = session.send(each, timeout=SLOWEST_ANSWER, allow_redirects=False)
            assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, each.url


def _whole(found: Any) -> Any:
    """An operation; raises schemathesis' error where the description of one is not valid."""
    if isinstance(found, Err):
        raise found.err()
    return found.ok()


def _draw(strategy: Any, drawn: int, judge: Any) -> None:
    @seed(drawn)
    @settings(
        max_examples=2,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def ask(case: schemathesis.Case[Any]) -> None:
        judge(case)

    ask()
