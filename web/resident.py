"""The pages that residents read: what is voted on, the projects, help, privacy. No script."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from flask import Response, request

from tally.election import Election
from tally.rules import describe
from web.audience import Answer, Audience, Route, reading_route
from web.catalogue import (
    SORTS,
    Entry,
    Portion,
    Wish,
    draw_order,
    entries,
    find,
    is_order,
    next_order,
    read_cost,
)
from web.client_modules import client_hash, modules
from web.clock import Clock, local_time, told_time
from web.errors import UsageError
from web.pages import SAME_PAGE, page, query, reader
from web.places import Place
from web.problem import Problem
from web.public_record import PublicRecord
from web.wording import LANGUAGES, catalogue

PROSE: Final = ("help", "privacy", "accessibility")
LAZY_AFTER: Final = 4
"""The pictures of so many projects are fetched at once, the others when they come into view."""


def resident_routes(record: PublicRecord, places: Sequence[Place], clock: Clock) -> list[Route]:
    """``/``, ``/projects`` and below, and the pages about help, privacy and the like."""
    pages = _Pages(record, places, clock)
    return [
        _route("landing", "/", pages.landing, "What is voted on, until when, and by whom"),
        _route(
            "projects",
            "/projects",
            pages.projects,
            "The projects: search, filters, an order of the visitor's own",
            moved="without a seed: to an order of its own",
        ),
        _route(
            "project",
            "/projects/<contest>/<int:number>",
            pages.project,
            "One project, by its envelope and its place in the ballot from 1",
            ("not-found", "internal"),
        ),
        *(
            _route(name, f"/{name}", pages.prose(name), summary)
            for name, summary in zip(
                PROSE,
                (
                    "What to do if something seems wrong",
                    "What is stored where, and for how long",
                    "How accessible the pages are",
                ),
                strict=True,
            )
        ),
        _route(
            "integrity",
            "/integrity",
            pages.integrity,
            "Every module that runs in the browser, with its digest",
        ),
    ]


def _route(
    name: str,
    path: str,
    view: Callable[..., Response],
    summary: str,
    problems: tuple[str, ...] = ("internal",),
    *,
    moved: str | None = None,
) -> Route:
    return reading_route(
        name,
        path,
        view,
        audience=Audience.RESIDENT,
        summary=summary,
        answer=SAME_PAGE,
        more={} if moved is None else {302: Answer(meaning=moved, media_types=())},
        problems=problems,
    )


class _Pages:
    """The views."""

    def __init__(self, record: PublicRecord, places: Sequence[Place], clock: Clock) -> None:
        self._record = record
        self._places = tuple(places)
        self._clock = clock

    @property
    def _election(self) -> Election:
        return self._record.election

    def landing(self) -> Response:
        """What is voted on, until when, by whom, and how."""
        election, words = self._election, reader(self._election)
        state, log = self._record.state(), self._record.log.get()
        opens, closes = (
            local_time(text, election.time_zone) for text in (election.opens, election.closes)
        )
        times = {
            "opens": told_time(opens, words.language),
            "closes": told_time(closes, words.language),
        }
        digest = self._record.manifest.hash.hex()
        return page(
            "landing.html",
            words,
            state=state,
            state_words=words.say(f"state_{state}", **times),
            left=words.left(closes - self._clock()) if state == "open" else None,
            readback={
                each.id: describe(each, election, words.language) for each in election.contests
            },
            manifest_hash=" ".join(digest[at : at + 4] for at in range(0, len(digest), 4)),
            log_size=log.size if log else None,
            places=self._places,
        )

    def projects(self) -> Response:
        """The catalogue."""
        election, words = self._election, reader(self._election)
        asked = {
            name: request.args.get(name, "").strip()
            for name in ("q", "contest", "district", "category", "cost", "sort", "order")
        }
        lang = request.args.get("lang", "")
        kept_lang = lang if lang in LANGUAGES else ""
        if not is_order(asked["order"]):
            fresh = {**asked, "order": draw_order(), "lang": kept_lang}
            return Response(status=302, headers={"Location": f"/projects{query(**fresh)}"})
        if asked["sort"] not in SORTS:
            asked["sort"] = "order"
        cost, unreadable = None, False
        try:
            cost = read_cost(asked["cost"], election.exponent)
        except UsageError:
            unreadable = True
        wish = Wish(
            order=asked["order"],
            words=asked["q"],
            contest=asked["contest"],
            district=asked["district"],
            category=asked["category"],
            cost=cost,
            sort=asked["sort"],
        )
        every = list(entries(election))
        found = find(election, wish, words.spoken)
        portion = Portion.cut(found, request.args.get("page", ""))
        narrowed = any(asked[name] for name in ("q", "contest", "district", "category", "cost"))
        return page(
            "projects.html",
            words,
            found=len(found),
            portion=portion,
            pages=[
                query(**asked, page=str(number) if number > 1 else "", lang=kept_lang)
                for number in range(1, portion.of + 1)
            ],
            every=len(every),
            asked=asked,
            narrowed=narrowed,
            unreadable=unreadable,
            sorts=SORTS,
            envelopes=list({each.envelope.id: each.envelope for each in every}.values()),
            districts=sorted({each.project.district for each in every} - {""}),
            categories=sorted({name for each in every for name in each.project.category}),
            lazy_after=LAZY_AFTER,
            follow=query(order=wish.order, lang=kept_lang),
            another=query(**{**asked, "order": next_order(wish.order), "lang": kept_lang}),
            everything=query(order=wish.order, lang=kept_lang),
            switch=lambda code: query(
                **asked,
                page=str(portion.number) if portion.number > 1 else "",
                lang=code,
            ),
        )

    def project(self, contest: str, number: int) -> Response:
        """One project, and the ones before and after it in the visitor's order."""
        election, words = self._election, reader(self._election)
        order = request.args.get("order", "")
        order = order if is_order(order) else ""
        every = find(election, Wish(order=order), words.spoken) if order else entries(election)
        row: list[Entry] = [each for each in every if each.envelope.id == contest]
        at = next((at for at, each in enumerate(row) if each.number == number), None)
        if at is None:
            raise Problem("not-found")
        lang = request.args.get("lang", "")
        return page(
            "project.html",
            words,
            entry=row[at],
            before=row[at - 1] if at else None,
            after=row[at + 1] if at + 1 < len(row) else None,
            state=self._record.state(),
            follow=query(order=order, lang=lang if lang in LANGUAGES else ""),
            switch=lambda code: query(order=order, lang=code),
        )

    def prose(self, name: str) -> Callable[[], Response]:
        """A page of text."""

        def view() -> Response:
            words = reader(self._election)
            told: dict[str, Any] = catalogue(words.language, "prose")[name]
            return page("prose.html", words, told=told)

        return view

    def integrity(self) -> Response:
        """The modules, their digests and the hash that the officers signed."""
        signed = self._record.manifest.client
        return page(
            "integrity.html",
            reader(self._election),
            modules=list(modules().values()),
            served=client_hash().hex(),
            signed=signed.hex() if signed is not None else None,
        )
