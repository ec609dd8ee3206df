"""The public door: the pages, the frozen rules, the log and the publication as files."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from flask import Response, request, send_from_directory
from werkzeug.exceptions import NotFound

from audit.checkpoint import open_checkpoint
from audit.label import b64
from audit.manifest import Manifest
from web.assets import FOLDER, version
from web.audience import UNCHANGED, Answer, Audience, Cache, Door, Route
from web.clock import Clock, read_time
from web.models import Status
from web.observer_api import api_routes
from web.observer_pages import observer_page_routes
from web.places import PLACES_FILE, read_places
from web.problem import Problem
from web.public_record import PublicRecord
from web.resident import resident_routes
from web.results import results_routes

PLAIN = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
# A publication is whole in its folder: its page carries its style, its charts theirs, and the page
# narrows this down further by itself.
PUBLICATION_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
MEDIA_TYPES = {
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".pb": PLAIN,
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFiles:
    """Where the public door finds what it shows. ``log`` and ``publication`` may not exist yet."""

    manifest: Path
    manifest_signatures: Path
    log: Path
    publication: Path
    pictures: Path

    @property
    def places(self) -> Path:
        """Where to vote on paper, beside the rules and not part of them."""
        return self.manifest.with_name(PLACES_FILE)


def observer_routes(
    manifest: Manifest,
    files: PublicFiles,
    clock: Clock,
) -> list[Route]:
    """The routes of the public door."""
    record = PublicRecord(manifest, files.log, files.publication, clock)
    election = manifest.election

    def log_size() -> int | None:
        try:
            note = (files.log / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None
        key = manifest.box.verifier_key
        return open_checkpoint(note, key.name, key).checkpoint.size

    def state() -> str:
        if (files.publication / "publication.signatures.json").exists():
            return "published"
        now = clock()
        if now >= read_time(election.closes):
            return "closed"
        size = log_size()
        return "open" if size and now >= read_time(election.opens) else "frozen"

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
                response = Response(path.read_bytes(), content_type=media_type)
            except FileNotFoundError:
                raise Problem("not-found") from None
            response.add_etag()
            response.make_conditional(request)
            return response

        return view

    def below(folder: Path, policy: str | None = None) -> Callable[[str], Response]:
        def view(path: str) -> Response:
            if any(part.startswith(".") for part in path.split("/")):
                raise Problem("not-found")
            media_type = MEDIA_TYPES.get(Path(path).suffix, BYTES)
            try:
                response = send_from_directory(folder.resolve(), path, conditional=False)
            except NotFound:
                raise Problem("not-found") from None
            response.headers["Content-Type"] = media_type
            # The name that the reader already knows, quoted, helps nobody.
            response.headers.remove("Content-Disposition")
            if policy is not None:
                response.headers["Content-Security-Policy"] = policy
            response.make_conditional(request)
            if request.method == "HEAD" or response.status_code == 304:
                response.close()  # nobody will read the file
            return response

        return view

    def manifest_by_hash(digest: str) -> Response:
        if digest != manifest.hash.hex():
            raise Problem("not-found")
        return one_file(files.manifest, "application/json")()

    static = Path(str(resources.files("web").joinpath("static")))

    def asset_of(digest: str, path: str) -> Response:
        if digest != version():
            # A page of another version: what there is now is better than nothing.
            return Response(status=302, headers={"Location": f"/static/{quote(path)}"})
        return below(static)(path)

    def route(
        name: str,
        path: str,
        view: Callable[..., Response],
        caching: Cache,
        summary: str,
        *answers: Answer,
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
            answers=dict(zip((200, 304, 302), answers, strict=False)),
            problems=("internal",) if name == "status" else ("not-found", "internal"),
        )

    def file(*media_types: str) -> tuple[Answer, Answer]:
        return Answer(meaning="the file", media_types=media_types), UNCHANGED

    return [
        route(
            "static",
            "/static/<path:path>",
            below(static),
            Cache.HOUR,
            "Style sheets, modules and mark",
            *file(MEDIA_TYPES[".css"], MEDIA_TYPES[".js"], MEDIA_TYPES[".svg"]),
        ),
        route(
            "asset",
            f"{FOLDER}<digest>/<path:path>",
            asset_of,
            Cache.FOR_EVER,
            "The same under an address that changes with them",
            *file(MEDIA_TYPES[".css"], MEDIA_TYPES[".js"], MEDIA_TYPES[".svg"]),
            Answer(meaning="another version's: what there is now", media_types=()),
        ),
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
            *file("application/json"),
        ),
        route(
            "manifest_by_hash",
            "/manifest/<digest>",
            manifest_by_hash,
            Cache.FOR_EVER,
            "The same at an address that names their SHA-256, and so never changes",
            *file("application/json"),
        ),
        route(
            "manifest_signatures",
            "/manifest.signatures.json",
            one_file(files.manifest_signatures, "application/json"),
            Cache.BRIEF,
            "The officers' signatures of the manifest",
            *file("application/json"),
        ),
        route(
            "checkpoint",
            "/log/checkpoint",
            one_file(files.log / "checkpoint", PLAIN),
            Cache.BRIEF,
            "The newest signed state of the log (C2SP tlog-checkpoint)",
            *file(PLAIN),
        ),
        route(
            "tile",
            "/log/tile/<path:path>",
            below(files.log / "tile"),
            Cache.FOR_EVER,
            "Tiles and entry bundles of the log (C2SP tlog-tiles)",
            *file(BYTES),
        ),
        route(
            "publication",
            "/publication/<path:path>",
            below(files.publication, PUBLICATION_POLICY),
            Cache.HOUR,
            "The files of the publication, once published",
            *file(BYTES, *sorted(set(MEDIA_TYPES.values()))),
        ),
        route(
            "picture",
            "/pictures/<path:path>",
            below(files.pictures),
            Cache.HOUR,
            "Pictures of projects",
            *file(BYTES, *sorted(set(MEDIA_TYPES.values()))),
        ),
        *resident_routes(record, read_places(files.places), clock),
        *observer_page_routes(record),
        *results_routes(record),
        *api_routes(record),
    ]
