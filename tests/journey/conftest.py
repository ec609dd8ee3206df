"""One station a session, and a terminal for each test."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journey.terminal import Terminal, station


@pytest.fixture(scope="session")
def opened_station() -> Iterator["subprocess.Popen[str]"]:
    with station() as opened:
        yield opened


@pytest.fixture
def terminal(opened_station: "subprocess.Popen[str]", tmp_path: Path) -> Terminal:
    return Terminal(station=opened_station, folder=tmp_path)
