"""The OpenAPI 3.1 description of the doors of a process, derived from its routes themselves."""

import json
from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import Any

from flask import Response
from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import models_json_schema

from web.audience import Answer, Audience, Cache, Door, Route
from web.problem import MEDIA_TYPE, problems
from web.wording import LANGUAGES

REFERENCE = "#/components/schemas/{model}"
RETRIED = (429, 503)
GATEWAY = "x-gateway"
"""Names the problems of an answer that come from before the application alone (web/gateway.py)."""
SECONDS = {
    "description": "seconds to wait before the same request is sent again",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}
LANGUAGE = {
    "name": "lang",
    "in": "query",
    "description": "language of the words; else Accept-Language decides, else it is French",
    "schema": {"type": "string", "enum": list(LANGUAGES)},
}


class FieldError(BaseModel):
    """One part of a request that is at fault: where (empty for the whole), a stable code, and what
    to do in the reader's language."""

    model_config = ConfigDict(extra="forbid")

    field: str
    code: str
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details; ``code`` and ``reason`` are stable, the words are in the reader's
    language."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    code: str
    reason: str | None = None
    errors: list[FieldError] | None = None


def _answer(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.meaning}
    if answer.model is not None:
        reference = {"$ref": REFERENCE.format(model=answer.model.__name__)}
        described["content"] = {each: {"schema": reference} for each in answer.media_types}
    elif answer.media_types:
        # Without a schema: whatever bytes the media type says (OpenAPI 3.1, binary data).
        described["content"] = {media_type: {} for media_type in answer.media_types}
    return described


def _operation(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): _answer(answer) for status, answer in sorted(route.answers.items())
    }
    problem = {MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(model="ProblemDetails")}}}
    english = problems("en")
    by_status: dict[int, list[str]] = {}
    gateway = [code for code in _before(route) if code not in route.problems]
    for code in (*route.problems, *gateway):
        by_status.setdefault(int(english[code]["status"]), []).append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "; ".join(f"{code}: {english[code]['title']}" for code in codes),
            "content": problem,
        }
        if status in RETRIED:
            responses[str(status)]["headers"] = {"Retry-After": SECONDS}
        if alone := [code for code in codes if code in gateway]:
            responses[str(status)][GATEWAY] = alone
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.door.value],
        "responses": responses,
    }
    names = [part[1:-1] for part in _template(route.path).split("/") if part.startswith("{")]
    operation["parameters"] = [
        *(
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ),
        LANGUAGE,
    ]
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": REFERENCE.format(model=route.body.__name__)}
                }
            },
        }
    return operation


def _before(route: Route) -> tuple[str, ...]:
    """What may be answered before a request reaches the application: too many are at work, or the
    body did not come in time."""
    return ("busy",) if route.body is None else ("busy", "too-slow")


def _template(path: str) -> str:
    """Flask's ``<converter:name>`` as OpenAPI's ``{name}``."""
    parts = [
        "{" + part[1:-1].rpartition(":")[2] + "}" if part.startswith("<") else part
        for part in path.split("/")
    ]
    return "/".join(parts)


def describe(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The OpenAPI document of ``routes``."""
    routes = list(routes)
    models: dict[str, type[BaseModel]] = {"ProblemDetails": ProblemDetails}
    for route in routes:
        for answer in route.answers.values():
            if answer.model is not None:
                models[answer.model.__name__] = answer.model
        if route.body is not None:
            models[route.body.__name__] = route.body
    _, definitions = models_json_schema(
        [(models[name], "validation") for name in sorted(models)], ref_template=REFERENCE
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(_template(route.path), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Scrutin",
            "version": version,
            "summary": "Credentials, ballots, receipts and the public log of one election",
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "paths": paths,
        "components": {"schemas": definitions.get("$defs", {})},
    }


def with_description(routes: Sequence[Route], door: Door) -> list[Route]:
    """``routes`` and, on ``door``, ``/openapi.json``, which describes them and itself."""

    def api() -> Response:
        document = describe(everything, metadata.version("scrutin"))
        text = json.dumps(document, ensure_ascii=False, sort_keys=True)
        return Response(text, content_type="application/json")

    everything = [
        *routes,
        Route(
            name="openapi",
            path="/openapi.json",
            method="GET",
            door=door,
            audience=Audience.OBSERVER,
            view=api,
            limit=0,
            cache=Cache.HOUR,
            summary="This description",
            answers={200: Answer(meaning="OpenAPI 3.1")},
            problems=("internal",),
        ),
    ]
    return everything
