"""How hypothesis looks for counterexamples, and the database servers that tests run against.

`make test` draws the same examples every time, so that the same code gets the same verdict on any
machine. `HYPOTHESIS_PROFILE=search make test` draws new ones, and remembers what failed.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import postgres

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "reproducible"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Server]:
    """A real PostgreSQL server, this worker's own."""
    with postgres.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> postgres.Server | None:
    """The database server to use, one after the other: None stands for SQLite, which has none."""
    if request.param == "sqlite":
        return None
    found: postgres.Server = request.getfixturevalue("postgresql")
    return found
