"""Who a route is for, and what every route must declare before the service starts.

A route that names no audience, no limit or no caching rule cannot be built, and a route that
Flask knows but this table does not stops the start-up (`web.app.create_app`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from flask import Response
from pydantic import BaseModel


class Audience(StrEnum):
    """Who may call a route; a process serves only the audiences of its doors."""

    RESIDENT = "resident"
    OBSERVER = "observer"


class Door(StrEnum):
    """The separate doors of the service; each may run as its own process on its own host."""

    REGISTRAR = "registrar"
    BOX = "box"
    PUBLIC = "public"


class Cache(StrEnum):
    """The ``Cache-Control`` header of a route's answers."""

    NEVER = "no-store"
    BRIEF = "public, max-age=5"
    HOUR = "public, max-age=3600"
    FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One status a route may answer with: what it means, and the shape and the possible media types
    of its body (none for an answer without a body)."""

    meaning: str
    model: type[BaseModel] | None = None
    media_types: tuple[str, ...] = ("application/json",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route. ``limit`` is in requests a minute and address, 0 for static reading matter."""

    name: str
    path: str
    method: str
    door: Door
    audience: Audience
    view: Callable[..., Response]
    limit: int
    cache: Cache
    summary: str
    answers: Mapping[int, Answer]
    body: type[BaseModel] | None = None
    body_limit: int = 0
    problems: tuple[str, ...] = field(default=())


UNCHANGED: Final = Answer(meaning="unchanged since the answer with this ETag", media_types=())


def reading_route(
    name: str,
    path: str,
    view: Callable[..., Response],
    *,
    audience: Audience,
    summary: str,
    answer: Answer,
    more: Mapping[int, Answer] | None = None,
    problems: tuple[str, ...] = ("internal",),
    limit: int = 0,
) -> Route:
    """A route of the public door that is read, kept for a moment and asked for again with its
    ETag; it answers with ``answer``, or with what is in ``more``."""
    return Route(
        name=name,
        path=path,
        method="GET",
        door=Door.PUBLIC,
        audience=audience,
        view=view,
        limit=limit,
        cache=Cache.BRIEF,
        summary=summary,
        answers={200: answer, 304: UNCHANGED, **(more or {})},
        problems=problems,
    )
