"""Several officers open the box, or publish, at the same moment."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import web.office.result
from audit.source import FolderSource
from audit.verify import verify
from ballot.opening import open_box
from tests.audit.forger import RENDERER
from web.clock import read_time
from web.office.folder import ElectionFolder
from web.office.result import open_ballot_box, publish_results
from web.office.town import Town
from web.progress import Progress


def test_one_publication_comes_of_two_commands_at_once(
    frozen_town: Town, published_folder: Path, tmp_path: Path
) -> None:
    folder = ElectionFolder(tmp_path / "election")
    shutil.copytree(published_folder, folder.root)
    shutil.rmtree(folder.approvals)
    out = folder.root / "again"
    together = Barrier(3)

    def publish(_number: int) -> object:
        together.wait(30)
        quiet = Progress(quiet=True)
        return publish_results(
            folder, frozen_town.manifest, out, frozen_town.officers,
            jobs=1, progress=quiet, renderer=lambda: RENDERER,
        )  # fmt: skip

    with ThreadPoolExecutor(3) as pool:
        hashes = list(pool.map(publish, range(3)))
    assert len(set(hashes)) == 1
    assert isinstance(hashes[0], bytes)
    assert not list(folder.root.glob("*.unsigned*"))
    assert verify(FolderSource(out), renderer=lambda: RENDERER).result_hash == hashes[0]


def test_the_box_is_opened_by_one_at_a_time(
    frozen_town: Town, published_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second sees what the first wrote: it may have found another set of releases."""
    folder = ElectionFolder(tmp_path / "election")
    shutil.copytree(published_folder, folder.root)
    before = folder.opening.read_bytes()
    folder.opening.unlink()
    inside: list[int] = []
    most = 0

    def watched(*given: Any, **more: Any) -> Any:
        nonlocal most
        inside.append(1)
        most = max(most, len(inside))
        time.sleep(0.05)
        try:
            return open_box(*given, **more)
        finally:
            inside.pop()

    monkeypatch.setattr(web.office.result, "open_box", watched)
    closes = read_time(frozen_town.manifest.election.closes)
    with ThreadPoolExecutor(3) as pool:
        opened = [
            pool.submit(open_ballot_box, folder, frozen_town.manifest, lambda: closes)
            for _ in range(3)
        ]
        assert [each.result() for each in opened] == [(), (), ()]
    assert most == 1
    assert folder.opening.read_bytes() == before
