"""The pages of results: who won, why and by how much, the count step by step, other rules.

They need no script, and read only what is published. Before the publication they say when.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import Response, request

from audit.publication import pabulib_path
from tally.comparison import Comparison
from tally.election import Envelope
from tally.form import Grades
from web.archive import archive_size
from web.audience import Answer, Audience, Route, reading_route
from web.comparison_chart import POLICY, SVG, ComparisonCharts, chart_told, charts_installed
from web.observer_words import page, reader_words
from web.problem import Problem
from web.public_record import PublicRecord
from web.published import Object, Published
from web.results_table import table
from web.telling import Telling
from web.told import Row

HTML: Final = "text/html; charset=utf-8"
CSV: Final = "text/csv; charset=utf-8"
PAGE: Final = Answer(meaning="a page", media_types=(HTML,))
SECONDS_TO_DRAW: Final = 15.0
SECONDS_TO_COME_BACK: Final = 10
SECONDS_TO_WAIT: Final = 2.0
"""So long a request waits for the other rules to be counted before it says that they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginTold:
    """One number that would have changed a project's fate, and what it means."""

    amount: str
    meaning: str


def results_routes(record: PublicRecord) -> list[Route]:
    """The routes of ``/results``."""
    pages = _Pages(record)
    unknown = ("not-found", "internal")
    return [
        _route("results", "/results", pages.index, "Who won, and who voted", ("internal",)),
        _route(
            "results_contest",
            "/results/<contest>",
            pages.contest,
            "The result of one contest, with every project",
            unknown,
        ),
        _route(
            "results_project",
            "/results/<contest>/<int:project>",
            pages.project,
            "Why a project won or lost, and by how much; projects are numbered as on the ballot",
            unknown,
        ),
        _route(
            "results_steps",
            "/results/<contest>/steps",
            pages.steps,
            "The count of an envelope step by step",
            unknown,
        ),
        _route(
            "results_compare",
            "/results/<contest>/compare",
            pages.compare,
            "The same ballots under other rules: not the result",
            unknown,
        ),
        _route(
            "results_compare_chart",
            "/results/<contest>/compare.svg",
            pages.compare_chart,
            "The same ballots under other rules as a chart, which says: not the result",
            ("not-found", "not-published", "being-made", "internal"),
            Answer(meaning="a chart", media_types=(SVG,)),
        ),
        _route(
            "results_table",
            "/results/<contest>/results.csv",
            pages.table,
            "The result of one contest as a table; no cell of it can be run as a formula",
            ("not-found", "not-published", "internal"),
            Answer(meaning="a table with a line of column names", media_types=(CSV,)),
        ),
    ]


def _route(
    name: str,
    path: str,
    view: Callable[..., Response],
    summary: str,
    problems: tuple[str, ...],
    answer: Answer = PAGE,
) -> Route:
    return reading_route(
        name,
        path,
        view,
        audience=Audience.OBSERVER,
        summary=summary,
        answer=answer,
        problems=problems,
    )


class _Pages:
    """The views; each answers in the reader's language."""

    def __init__(self, record: PublicRecord) -> None:
        self._record = record
        self._charts = ComparisonCharts()

    def _telling(self) -> Telling | None:
        published = self._record.publication.get()
        return None if published is None else Telling(published, reader_words().language)

    def _pending(self) -> Response:
        reader, election = reader_words(), self._record.election
        return page(
            "results_pending.html",
            state=self._record.state(),
            opens=reader.time(election.opens, election.time_zone),
            closes=reader.time(election.closes, election.time_zone),
        )

    def index(self) -> Response:
        """All contests."""
        tell = self._telling()
        if tell is None:
            return self._pending()
        return page(
            "results.html",
            tell=tell,
            election=tell.election,
            sums=_sums(tell.published),
            archive=archive_told(tell),
        )

    def contest(self, contest: str) -> Response:
        """One contest."""
        found = self._record.contest(contest)
        tell = self._telling()
        if tell is None:
            return self._pending()
        result = tell.contest(found)
        envelope = found if isinstance(found, Envelope) else None
        path = pabulib_path(found.id)
        return page(
            "results_contest.html",
            tell=tell,
            contest=found,
            result=result,
            rows=tell.rows(envelope) if envelope else [],
            last_won=tell.votes_figure(envelope)["last_won"] if envelope else None,
            pabulib=path if path in tell.published.decided else None,
            archive=archive_told(tell),
        )

    def project(self, contest: str, project: int) -> Response:
        """One project."""
        envelope = self._record.envelope(contest)
        if not 1 <= project <= len(envelope.projects):
            raise Problem("not-found")
        tell = self._telling()
        if tell is None:
            return self._pending()
        row = next(each for each in tell.rows(envelope) if each.number == project)
        return page(
            "results_project.html",
            tell=tell,
            contest=envelope,
            row=row,
            around=tell.around(envelope, project),
            margins=_margins(tell, envelope, row),
        )

    def steps(self, contest: str) -> Response:
        """The count, step by step."""
        envelope = self._record.envelope(contest)
        tell = self._telling()
        if tell is None:
            return self._pending()
        return page(
            "results_steps.html",
            tell=tell,
            contest=envelope,
            result=tell.contest(envelope),
            steps=tell.steps(envelope),
            unseen=tell.unseen(envelope),
        )

    def compare(self, contest: str) -> Response:
        """The same ballots under other rules."""
        envelope = self._record.envelope(contest)
        tell = self._telling()
        if tell is None:
            return self._pending()
        compared = self._record.comparisons.get(tell.published, envelope, seconds=SECONDS_TO_WAIT)
        chart, drawn = None, False
        if compared is not None and compared.compared and charts_installed():
            chart = chart_told(tell.published, envelope, compared, tell.language)
            drawn = self._drawn(tell.published, envelope, compared, SECONDS_TO_WAIT) is not None
        return page(
            "results_compare.html",
            tell=tell,
            contest=envelope,
            compared=None if compared is None else tell.compared(envelope, compared),
            chart=chart,
            drawn=drawn,
        )

    def _drawn(
        self, published: Published, envelope: Envelope, compared: Comparison, seconds: float
    ) -> bytes | None:
        """The chart in the reader's language, None while it is being drawn."""
        code = reader_words().language
        return self._charts.get(published, envelope, compared, code, seconds=seconds)

    def compare_chart(self, contest: str) -> Response:
        """The same as a chart; none where it cannot be drawn, and later while the rules are being
        counted."""
        envelope, published = self._record.envelope(contest), self._record.published()
        compared = self._record.comparisons.get(published, envelope, seconds=SECONDS_TO_WAIT)
        if not charts_installed() or (compared is not None and not compared.compared):
            raise Problem("not-found")
        drawn = None
        if compared is not None:
            drawn = self._drawn(published, envelope, compared, SECONDS_TO_DRAW)
        if drawn is None:
            later = {"seconds": str(SECONDS_TO_COME_BACK)}
            raise Problem("being-made", retry_after=SECONDS_TO_COME_BACK, parameters=later)
        response = Response(drawn, content_type=SVG)
        response.headers["Content-Security-Policy"] = POLICY
        response.add_etag()
        response.make_conditional(request)
        return response

    def table(self, contest: str) -> Response:
        """One contest as a table."""
        self._record.contest(contest)
        response = Response(table(self._record.published(), contest), content_type=CSV)
        response.headers["Content-Disposition"] = (
            f'attachment; filename="{self._record.election.id}-{contest}.csv"'
        )
        response.add_etag()
        response.make_conditional(request)
        return response


def archive_told(tell: Telling) -> str:
    """The size of the archive for people."""
    size = archive_size(tell.published)
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB")):
        if size >= unit:
            return f"{tell.number(size // unit)} {name}"
    return f"{tell.number(-(-size // 1000))} kB"


def _sums(published: Published) -> Object:
    """All envelopes together."""
    rows = [row for row in published.results["contests"] if row["kind"] == "envelope"]
    return {
        "projects": sum(len(row["projects"]) for row in rows),
        "winners": sum(len(row["winners"]) for row in rows),
        "budget": sum(row["budget"] for row in rows),
        "spent": sum(row["spent"] for row in rows),
    }


def _margins(tell: Telling, envelope: Envelope, row: Row) -> list[MarginTold]:
    """By how much a project won or lost, from the margins of results.json."""
    margin = row.row["margin"]
    if margin is None:
        return []
    say = reader_words().say
    graded = isinstance(envelope.form, Grades)

    def ballots(count: int) -> str:
        return tell.several(count, say("results.margin.ballot"), say("results.margin.ballots"))

    if row.won:
        if "dearer" in margin:
            amount = tell.money(margin["dearer"])
            return [MarginTold(amount=amount, meaning=say("results.margin.dearer"))]
        if margin["safe"] is None:
            return [MarginTold(amount="✓", meaning=say("results.margin.sure"))]
        if graded:
            amount = ballots(margin["safe"])
            return [MarginTold(amount=amount, meaning=say("results.margin.safe_grade"))]
        amount = tell.amount(envelope, margin["safe"])
        return [MarginTold(amount=amount, meaning=say("results.margin.safe"))]
    told = []
    if margin["votes"] is not None:
        missing = say("results.margin.missing_grade" if graded else "results.margin.missing")
        told.append(MarginTold(amount=ballots(margin["votes"]), meaning=missing))
    if margin["cheaper"] is not None:
        amount = tell.money(margin["cheaper"])
        told.append(MarginTold(amount=amount, meaning=say("results.margin.cheaper")))
    return told or [MarginTold(amount="–", meaning=say("results.margin.none"))]
