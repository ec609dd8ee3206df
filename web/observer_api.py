"""The routes of ``/api/v1``: rules, log, results and comparison as JSON, with ETags."""

from collections.abc import Callable
from typing import Final

from flask import Response, request
from pydantic import BaseModel

from web.audience import Answer, Audience, Route, reading_route
from web.models import Status
from web.models_public import (
    ComparisonShown,
    ContestResultShown,
    ContestsShown,
    ElectionShown,
    LogShown,
    ProjectsShown,
    ResultsShown,
)
from web.public_api import (
    comparison_shown,
    contest_result_shown,
    contest_shown,
    election_shown,
    log_shown,
    projects_shown,
    results_shown,
    status_shown,
)
from web.public_record import PublicRecord

JSON: Final = "application/json"
SECONDS_TO_WAIT: Final = 2.0


def api_routes(record: PublicRecord) -> list[Route]:
    """The routes of the interface."""

    def election() -> BaseModel:
        return election_shown(record.manifest)

    def status() -> BaseModel:
        state, log = record.state(), record.log.get()
        return status_shown(record.manifest, log, state)

    def log() -> BaseModel:
        return log_shown(record.manifest, record.log.get())

    def contests() -> BaseModel:
        every = record.election.contests
        return ContestsShown(contests=[contest_shown(record.manifest, each) for each in every])

    def projects(contest: str) -> BaseModel:
        envelope = record.envelope(contest)
        return ProjectsShown(contest=contest, projects=projects_shown(envelope))

    def results() -> BaseModel:
        return results_shown(record.published())

    def contest_result(contest: str) -> BaseModel:
        record.contest(contest)
        return contest_result_shown(record.published(), contest)

    def comparison(contest: str) -> BaseModel:
        envelope = record.envelope(contest)
        published = record.published()
        compared = record.comparisons.get(published, envelope, seconds=SECONDS_TO_WAIT)
        return comparison_shown(published, envelope, compared)

    unknown = ("not-found", "internal")
    later = ("not-published", "internal")
    both = ("not-found", "not-published", "internal")
    return [
        _route("api_election", "election", election, ElectionShown, "The frozen rules in short"),
        _route("api_status", "status", status, Status, "What anybody may know of the vote now"),
        _route("api_log", "log", log, LogShown, "The newest signed state of the log"),
        _route("api_contests", "contests", contests, ContestsShown, "What is voted on"),
        _route(
            "api_projects",
            "contests/<contest>/projects",
            projects,
            ProjectsShown,
            "The projects of an envelope",
            unknown,
        ),
        _route(
            "api_results", "results", results, ResultsShown, "The published result in short", later
        ),
        _route(
            "api_contest_result",
            "results/<contest>",
            contest_result,
            ContestResultShown,
            "The published result of one contest, with reasons, margins, steps and ties",
            both,
        ),
        _route(
            "api_comparison",
            "results/<contest>/comparison",
            comparison,
            ComparisonShown,
            "The same ballots under other rules: not the result",
            both,
        ),
    ]


def _route(
    name: str,
    path: str,
    answer: Callable[..., BaseModel],
    model: type[BaseModel],
    summary: str,
    problems: tuple[str, ...] = ("internal",),
) -> Route:
    def view(**places: str) -> Response:
        response = Response(answer(**places).model_dump_json(), content_type=JSON)
        # Public for every page that shows results; without cookies there is nothing to be misused.
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.add_etag()
        response.make_conditional(request)
        return response

    return reading_route(
        name,
        f"/api/v1/{path}",
        view,
        audience=Audience.OBSERVER,
        summary=summary,
        answer=Answer(meaning=summary, model=model),
        problems=problems,
    )
