"""Several officers open the box, count or publish at the same moment, or their command dies at any
step of writing what it found."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import ballot.opening
import web.office.result
from audit.source import FolderSource
from audit.verify import verify
from ballot.durable import keep_file
from ballot.opening import open_box
from tests.audit.forger import RENDERER
from web.clock import read_time
from web.office.folder import ElectionFolder
from web.office.result import count_votes, open_ballot_box, publish_results
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
        together.wait(180)
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


def test_a_count_by_several_at_once_is_one_count(
    frozen_town: Town, published_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ElectionFolder(tmp_path / "election")
    shutil.copytree(published_folder, folder.root)
    before = folder.results.read_bytes()
    folder.results.unlink()
    together = Barrier(3)

    def on_step(step: str) -> None:
        if step in ("write", "link"):
            together.wait(180)  # nobody finds the file of another before all have written

    monkeypatch.setattr(web.office.result, "keep_file", partial(keep_file, on_step=on_step))

    def count(_number: int) -> bytes:
        quiet = Progress(quiet=True)
        return count_votes(folder, frozen_town.manifest, jobs=1, progress=quiet)

    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(count, range(3))) == {before}
    assert folder.results.read_bytes() == before
    assert not list(folder.root.glob(".results*"))


class Crash(BaseException):
    pass


@pytest.mark.parametrize("step", ["write", "link", "synchronise"])
def test_a_count_or_an_opening_that_dies_is_done_again(
    step: str,
    frozen_town: Town,
    published_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = ElectionFolder(tmp_path / "election")
    shutil.copytree(published_folder, folder.root)
    closes = read_time(frozen_town.manifest.election.closes)

    def open_it() -> object:
        return open_ballot_box(folder, frozen_town.manifest, lambda: closes)

    def count() -> object:
        quiet = Progress(quiet=True)
        return count_votes(folder, frozen_town.manifest, jobs=1, progress=quiet)

    def die(name: str) -> None:
        if name == step:
            raise Crash

    for path, module, act in (
        (folder.opening, ballot.opening, open_it),
        (folder.results, web.office.result, count),
    ):
        before = path.read_bytes()
        path.unlink()
        with monkeypatch.context() as patch:
            patch.setattr(module, "keep_file", partial(keep_file, on_step=die))
            with pytest.raises(Crash):
                act()
        assert path.exists() == (step == "synchronise")
        act()
        assert path.read_bytes() == before
        assert not list(folder.root.glob(f".{path.name}.*"))
