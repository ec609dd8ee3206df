"""The OpenAPI 3.1 description of the JSON doors, derived from the routes themselves."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import models_json_schema

from web.audience import Answer, Route
from web.problem import MEDIA_TYPE, catalogue

REFERENCE = "#/components/schemas/{model}"


class FieldError(BaseModel):
    """One part of a request that is at fault: where, and what to do."""

    model_config = ConfigDict(extra="forbid")

    field: str
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details; ``code`` is stable, the words are in the reader's language."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | None = None


def _content(answer: Answer) -> dict[str, Any]:
    schema: dict[str, Any] = (
        {"$ref": REFERENCE.format(model=answer.model.__name__)}
        if answer.model
        else {"type": "string"}
    )
    return {answer.media_type: {"schema": schema}}


def _operation(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): {"description": answer.meaning, "content": _content(answer)}
        for status, answer in sorted(route.answers.items())
    }
    problem = {MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(model="ProblemDetails")}}}
    english = catalogue("en")
    by_status: dict[int, list[str]] = {}
    for code in route.problems:
        by_status.setdefault(int(english[code]["status"]), []).append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "; ".join(f"{code}: {english[code]['title']}" for code in codes),
            "content": problem,
        }
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.door.value],
        "responses": responses,
    }
    names = [part[1:-1] for part in _template(route.path).split("/") if part.startswith("{")]
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
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
