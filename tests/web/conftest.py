"""The town of these tests is founded once a session; each test gets a copy of its folder."""

import os
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import pytest

import ballot.issuer
import ballot.keyfile
import ballot.trustee
import ballot.witness
import web.office.boxkeys
import web.office.officers
import web.service
from tests.web.desk import Desk, found, open_log
from tests.web.published import bring_to_its_end
from web.clock import VARIABLE
from web.office.folder import ElectionFolder
from web.office.town import CHEAP, Town

PASSPHRASE = "plum tractor violin"


COSTED = (
    ballot.issuer.create_issuer,
    ballot.keyfile.write_secret,
    ballot.trustee.adopt,
    ballot.trustee.commit,
    ballot.trustee.finish,
    ballot.trustee.local_ceremony,
    ballot.trustee.release_file,
    ballot.trustee.reveal,
    ballot.witness.create_witness,
    web.office.boxkeys.create_box_keys,
    web.office.officers.create_officer,
)


@pytest.fixture(autouse=True)
def no_process_ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A service that would end its process fails its test and says why: the process here is the
    tests' own. A test of the ending itself replaces ``os.kill`` and sees the signal."""
    end, kill = web.service.end_process, os.kill
    reasons: list[str] = []

    def ending(reason: str) -> None:
        if os.kill is kill:
            reasons.append(reason)
        else:
            end(reason)

    monkeypatch.setattr(web.service, "end_process", ending)
    yield
    assert reasons == []


@pytest.fixture(scope="session")
def passphrase() -> Iterator[str]:
    """One passphrase for every key, in the environment, as services read it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCRUTIN_PASSPHRASE", PASSPHRASE)
        # The same few keys are read for every test, and checking one takes a quarter of a second.
        patch.setattr(ballot.issuer, "_rsa_key", lru_cache(ballot.issuer._rsa_key))
        # What makes a guess slow makes these tests slow; tests/ballot/test_keyfile.py has the cost.
        for function in COSTED:
            patch.setitem(cast("dict[str, Any]", function.__kwdefaults__), "cost", CHEAP)
        yield PASSPHRASE


@pytest.fixture(scope="session")
def frozen_town(tmp_path_factory: pytest.TempPathFactory, passphrase: str) -> Town:
    """Frozen, not open."""
    return found(tmp_path_factory.mktemp("town") / "frozen", passphrase)


@pytest.fixture(scope="session")
def open_folder(frozen_town: Town) -> Path:
    """The folder of the same town with the vote open."""
    folder = frozen_town.place.root.with_name("open")
    shutil.copytree(frozen_town.place.root, folder)
    open_log(frozen_town, ElectionFolder(folder))
    return folder


@pytest.fixture(scope="session")
def published_folder(
    frozen_town: Town, open_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of the same town voted in, closed, opened, counted and published."""
    folder = tmp_path_factory.mktemp("published") / "election"
    shutil.copytree(open_folder, folder)
    bring_to_its_end(frozen_town, ElectionFolder(folder), folder.with_name("clock.txt"))
    return folder


@pytest.fixture(scope="module")
def published_desk(
    frozen_town: Town, published_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """A published election for a whole module of tests that only read."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("published_desk")
        for desk in _desk(frozen_town, published_folder, folder, patch):
            desk.late()
            yield desk


@pytest.fixture
def desk(
    frozen_town: Town, open_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """An open election."""
    yield from _desk(frozen_town, open_folder, tmp_path, monkeypatch)


@pytest.fixture
def frozen_desk(
    frozen_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """A frozen election that was not opened."""
    yield from _desk(frozen_town, frozen_town.place.root, tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def shared_desk(
    frozen_town: Town, open_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """An open election for a whole module of tests that only read or are refused."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("shared")
        yield from _desk(frozen_town, open_folder, folder, patch)


def _desk(town: Town, source: Path, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk.copy(town, source, folder)
    patch.setenv(VARIABLE, str(desk.clock))
    with desk.parts:
        yield desk
