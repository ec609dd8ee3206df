"""The public door: the landing page, the frozen rules, the log and the publication as files."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path

from babel.dates import format_datetime
from flask import Response, render_template, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from audit.checkpoint import open_checkpoint
from audit.label import b64
from audit.manifest import Manifest
from tally.money import format_money
from tally.rules import describe
from web.audience import Answer, Audience, Cache, Door, Route
from web.clock import Clock, read_time
from web.models import Status
from web.openapi import describe as describe_api
from web.problem import Problem, reader_language

MEDIA_TYPES = {
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".pb": "text/plain; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFiles:
    """Where the public door finds what it shows. ``log`` and ``publication`` may not exist yet."""

    manifest: Path
    manifest_signatures: Path
    log: Path
    publication: Path
    pictures: Path


@cache
def words(language: str) -> dict[str, str]:
    """The page words in ``language``."""
    text = resources.files("web").joinpath(f"locale/pages.{language}.json").read_text("utf-8")
    catalogue: dict[str, str] = json.loads(text)
    return catalogue


def observer_routes(
    manifest: Manifest,
    files: PublicFiles,
    clock: Clock,
    other_routes: list[Route],
) -> list[Route]:
    """The routes of the public door; ``other_routes`` are described beside its own."""
    election = manifest.election
    grouped = " ".join(
        manifest.hash.hex()[at : at + 4] for at in range(0, len(manifest.hash.hex()), 4)
    )

    def log_size() -> int | None:
        try:
            note = (files.log / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None
        key = manifest.box.verifier_key
        return open_checkpoint(note, key.name, key).checkpoint.size

    def state() -> str:
        if (files.publication / "publication.json").exists():
            return "published"
        now = clock()
        if now >= read_time(election.closes):
            return "closed"
        size = log_size()
        return "open" if size and now >= read_time(election.opens) else "frozen"

    def landing() -> Response:
        language = reader_language()
        catalogue = words(language)
        times = {
            name: format_datetime(read_time(time), "long", locale=language)
            for name, time in (("opens", election.opens), ("closes", election.closes))
        }
        page = render_template(
            "landing.html",
            election=election,
            language=language,
            state=catalogue[f"state_{state()}"].format_map(times),
            results=state() == "published",
            readback={each.id: describe(each, election, language) for each in election.contests},
            manifest_hash=grouped,
            log_size=log_size(),
            t=lambda key, **values: catalogue[key].format_map(values),
            money=lambda amount: format_money(
                amount, election.currency, election.exponent, language
            ),
        )
        response = Response(page, content_type="text/html; charset=utf-8")
        response.headers["Content-Language"] = language
        response.headers["Vary"] = "Accept-Language"
        return response

    def status() -> Response:
        body = Status(
            election=b64(manifest.hash),
            id=election.id,
            state=state(),
            opens=election.opens,
            closes=election.closes,
            log_size=log_size() or 0,
            origin=manifest.box.origin,
        )
        return Response(body.model_dump_json(), content_type="application/json")

    def one_file(path: Path, media_type: str) -> Callable[[], Response]:
        def view() -> Response:
            try:
                return Response(path.read_bytes(), content_type=media_type)
            except FileNotFoundError:
                raise Problem("not-found") from None

        return view

    def below(folder: Path) -> Callable[[str], Response]:
        def view(path: str) -> Response:
            if any(part.startswith(".") for part in path.split("/")):
                raise Problem("not-found")
            if safe_join(str(folder), path) is None:
                raise Problem("not-found")
            media_type = MEDIA_TYPES.get(Path(path).suffix, "application/octet-stream")
            try:
                return send_from_directory(folder.resolve(), path, mimetype=media_type, etag=True)
            except NotFound:
                raise Problem("not-found") from None

        return view

    def api() -> Response:
        document = describe_api([*described, *other_routes], metadata.version("scrutin"))
        text = json.dumps(document, ensure_ascii=False, sort_keys=True)
        return Response(text, content_type="application/json")

    static = Path(str(resources.files("web").joinpath("static")))

    def route(
        name: str,
        path: str,
        view: Callable[..., Response],
        caching: Cache,
        summary: str,
        answer: Answer,
    ) -> Route:
        return Route(
            name=name,
            path=path,
            method="GET",
            door=Door.PUBLIC,
            audience=Audience.OBSERVER,
            view=view,
            limit=0,
            cache=caching,
            summary=summary,
            answers={200: answer},
            problems=("not-found", "internal"),
        )

    document = Answer(meaning="canonical JSON", media_type="application/json")
    binary = Answer(meaning="the file", media_type="application/octet-stream")
    described = [
        route(
            "status",
            "/status",
            status,
            Cache.BRIEF,
            "What anybody may know of the running election",
            Answer(meaning="the state", model=Status),
        ),
        route(
            "manifest",
            "/manifest.json",
            one_file(files.manifest, "application/json"),
            Cache.BRIEF,
            "The frozen rules and keys; their SHA-256 names the election",
            document,
        ),
        route(
            "manifest_signatures",
            "/manifest.signatures.json",
            one_file(files.manifest_signatures, "application/json"),
            Cache.BRIEF,
            "The officers' signatures of the manifest",
            document,
        ),
        route(
            "checkpoint",
            "/log/checkpoint",
            one_file(files.log / "checkpoint", "text/plain; charset=utf-8"),
            Cache.BRIEF,
            "The newest signed state of the log (C2SP tlog-checkpoint)",
            Answer(meaning="a signed note", media_type="text/plain; charset=utf-8"),
        ),
        route(
            "tile",
            "/log/tile/<path:path>",
            below(files.log / "tile"),
            Cache.FOR_EVER,
            "Tiles and entry bundles of the log (C2SP tlog-tiles)",
            binary,
        ),
        route(
            "publication",
            "/publication/<path:path>",
            below(files.publication),
            Cache.HOUR,
            "The files of the publication, once published",
            binary,
        ),
        route(
            "picture",
            "/pictures/<path:path>",
            below(files.pictures),
            Cache.HOUR,
            "Pictures of projects",
            binary,
        ),
    ]
    pages = [
        route(
            "landing",
            "/",
            landing,
            Cache.BRIEF,
            "What is voted on, until when, and by whom",
            Answer(meaning="a page", media_type="text/html; charset=utf-8"),
        ),
        route(
            "static",
            "/static/<path:path>",
            below(static),
            Cache.HOUR,
            "Style sheet",
            binary,
        ),
        route(
            "openapi",
            "/openapi.json",
            api,
            Cache.HOUR,
            "This description",
            document,
        ),
    ]
    return [*described, *pages]
