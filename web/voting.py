"""The residents' voting pages: the code, the ballot of each style, receipts and tests.

The server renders every contest of a style into one document and learns nothing afterwards: codes
go to the registrar's door, sealed ballots to the box's, and choices nowhere. The words stand in the
page, so that the modules hold none.
"""

from collections.abc import Callable
from typing import Any

from flask import Response

from audit.manifest import Manifest
from audit.receipt import receipt_due
from tally.errors import TallyError
from web.audience import Audience, Route, reading_route
from web.ballot_view import contest_views
from web.client_modules import later_modules, page_modules
from web.clock import Clock, local_time, read_time, told_time, zone_of
from web.pages import SAME_PAGE, page
from web.problem import Problem, reader_language
from web.voting_words import VotingWords


def voting_routes(manifest: Manifest, clock: Clock) -> list[Route]:
    """``/vote``, ``/vote/<style>``, ``/receipt`` and ``/test``."""
    pages = _Pages(manifest, clock)
    return [
        _route("vote", "/vote", pages.begin, "Where a resident enters the voting code"),
        _route(
            "vote_style",
            "/vote/<style>",
            pages.ballot,
            "The ballot of one style: choose, check, cast or test, keep the receipt",
            ("not-found", "internal"),
        ),
        _route(
            "receipt", "/receipt", pages.receipt, "Is my vote in the box? Checked on the device"
        ),
        _route("show_test", "/test", pages.test, "On a second device: what a test ballot holds"),
    ]


def _route(
    name: str,
    path: str,
    view: Callable[..., Response],
    summary: str,
    problems: tuple[str, ...] = ("internal",),
) -> Route:
    return reading_route(
        name,
        path,
        view,
        audience=Audience.RESIDENT,
        summary=summary,
        answer=SAME_PAGE,
        problems=problems,
    )


class _Pages:
    """The views. None of them reads anything of a request but its language."""

    def __init__(self, manifest: Manifest, clock: Clock) -> None:
        self._manifest = manifest
        self._clock = clock

    def begin(self) -> Response:
        """The code from the letter."""
        election = self._manifest.election
        now = self._clock()
        opens, closes = read_time(election.opens), read_time(election.closes)
        state = "frozen" if now < opens else "over" if now >= closes else "open"
        return self._page(
            "vote.html",
            "ui-begin.js",
            following=("ui-ballot.js",),
            only=election.styles[0].id if len(election.styles) == 1 else None,
            state=state,
            issuers=[issuer.id for issuer in self._manifest.issuers],
        )

    def ballot(self, style: str) -> Response:
        """Every contest of a style."""
        election = self._manifest.election
        try:
            found = election.style(style)
        except TallyError:
            raise Problem("not-found") from None
        words = self._words()
        contests = contest_views(election, found, words.spoken, words.say, words.money)
        return self._page("vote_ballot.html", "ui-ballot.js", style=found, contests=contests)

    def receipt(self) -> Response:
        """Whether a ballot is in the box."""
        return self._page("receipt.html", "ui-receipt.js")

    def test(self) -> Response:
        """What a tested ballot holds."""
        return self._page("vote_test.html", "ui-test.js")

    def _words(self) -> VotingWords:
        return VotingWords(language=reader_language(), election=self._manifest.election)

    def _page(
        self, template: str, entry: str, following: tuple[str, ...] = (), **context: Any
    ) -> Response:
        words = self._words()
        election = self._manifest.election
        return page(
            template,
            words,
            sentences=words.sentences,
            modules=page_modules(entry),
            later=later_modules(entry, *following),
            manifest_address=f"/manifest/{self._manifest.hash.hex()}",
            opens=told_time(local_time(election.opens, election.time_zone), words.language),
            closes=told_time(local_time(election.closes, election.time_zone), words.language),
            due=told_time(
                receipt_due(self._manifest).astimezone(zone_of(election.time_zone)), words.language
            ),
            **context,
        )
