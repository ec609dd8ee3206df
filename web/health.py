"""Whether a process answers: one route, on every door."""

from flask import Response

from web.audience import Answer, Audience, Cache, Door, Route
from web.models import Health


def health_route(door: Door) -> Route:
    """``/health`` on ``door``: for load balancers and start-up scripts."""

    def health() -> Response:
        return Response(Health(status="ok").model_dump_json(), content_type="application/json")

    return Route(
        name="health",
        path="/health",
        method="GET",
        door=door,
        audience=Audience.OBSERVER,
        view=health,
        limit=0,
        cache=Cache.NEVER,
        summary="Whether this process answers",
        answers={200: Answer(meaning="it does", model=Health)},
        problems=("internal",),
    )
