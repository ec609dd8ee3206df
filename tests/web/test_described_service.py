"""What the description says of the running service is so: requests that fit it, and requests that
do not, made up from it (schemathesis), sent to the production server."""

import os
from collections.abc import Iterator

import pytest
import requests
from schemathesis.core.failures import FailureGroup

from tests.fuzz.described import ask_again, ask_all, described, description_of
from tests.journey.killed import Killed, service
from tests.web.desk import Desk

SECONDS = 4.0
TIMES = 6
MOST_GROWTH = 12 << 20
"""Bytes: some 1,500 requests that left 8 kB each behind would be more."""
SEED = 20270308
"""The same requests in each run of the tests; `make fuzz` draws others each time."""


@pytest.fixture
def running(desk: Desk) -> Iterator[Killed]:
    """The whole service in a process of its own, an election open in it."""
    environment = {**os.environ, "SCRUTIN_REQUESTS_FACTOR": "1000"}
    with service(desk.place.root, environment) as started:
        yield started


def test_every_answer_of_the_running_service_is_as_described(running: Killed) -> None:
    address = running.address
    sent: list[requests.PreparedRequest] = []
    asked = ask_all(address, SECONDS, SEED, sent=sent)
    operations = described(address)
    assert set(asked) == {f"{kind} {each}" for kind in ("fits", "strange") for each in operations}
    assert requests.get(f"{address}/health", timeout=10).status_code == 200

    # What it keeps for long (templates, tiles, counts of requests) it has after the second time.
    ask_again(sent)
    before = running.memory()
    for _ in range(TIMES):
        ask_again(sent)
    assert running.memory() - before < MOST_GROWTH

    # And an answer that is not described is found.
    less = description_of(address)
    less["paths"] = {"/health": less["paths"]["/health"]}
    del less["paths"]["/health"]["get"]["responses"]["200"]
    with pytest.raises(FailureGroup, match="Undocumented status code"):
        ask_all(address, 0, SEED, less)
