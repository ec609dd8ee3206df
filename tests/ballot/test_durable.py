"""Files that are whole or absent: at every step of a write, and by several at the same moment."""

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from ballot.durable import FileDiffers, keep_file, replace_file


class Crash(BaseException):
    pass


def dies_at(step: str) -> Callable[[str], None]:
    def on_step(name: str) -> None:
        if name == step:
            raise Crash

    return on_step


def test_other_content_never_takes_the_place_of_a_kept_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "kept"
    assert keep_file(path, b"first", mode=0o640)
    assert path.stat().st_mode & 0o777 == 0o640
    assert not keep_file(path, b"first")
    with pytest.raises(FileDiffers, match="exists with other content"):
        keep_file(path, b"other")
    assert path.read_bytes() == b"first"
    assert [each.name for each in path.parent.iterdir()] == ["kept"]


def test_of_several_at_once_one_is_kept(tmp_path: Path) -> None:
    """All see that nothing is there, and write; whoever names the file first has it."""
    together = Barrier(4)
    path = tmp_path / "kept"

    def on_step(step: str) -> None:
        if step in ("write", "link"):
            together.wait(180)

    def keep(content: bytes) -> object:
        try:
            return keep_file(path, content, on_step=on_step)
        except FileDiffers as error:
            return error

    contents = [b"a", b"b", b"c", b"d"]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(keep, contents))
    assert found.count(True) == 1
    assert sum(isinstance(each, FileDiffers) for each in found) == 3
    assert path.read_bytes() == contents[found.index(True)]
    assert list(tmp_path.iterdir()) == [path]


def without_links(*_given: Any, **_more: Any) -> None:
    raise OSError(errno.EPERM, "no links here")


def test_somebody_who_writes_the_same_at_the_same_moment_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "kept"

    def meanwhile(step: str) -> None:
        if step == "link":
            keep_file(path, b"same")

    assert not keep_file(path, b"same", on_step=meanwhile)
    assert list(tmp_path.iterdir()) == [path]


def test_without_links_what_came_first_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", without_links)
    path = tmp_path / "kept"

    def meanwhile(step: str) -> None:
        if step == "link":
            keep_file(path, b"first")

    with pytest.raises(FileDiffers):
        keep_file(path, b"second", on_step=meanwhile)
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_another_fault_of_the_link_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: Any, **_more: Any) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(OSError, match="no room"):
        keep_file(tmp_path / "kept", b"first")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", ["write", "link", "synchronise"])
def test_a_crash_leaves_nothing_or_all_of_a_kept_file(step: str, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with pytest.raises(Crash):
        keep_file(path, b"first", on_step=dies_at(step))
    assert path.exists() == (step == "synchronise")
    assert keep_file(path, b"first") == (step != "synchronise")
    assert path.read_bytes() == b"first"


@pytest.mark.parametrize("step", ["write", "rename", "synchronise"])
def test_a_crash_leaves_the_old_content_or_the_new(step: str, tmp_path: Path) -> None:
    path = tmp_path / "replaced"
    replace_file(path, b"old")
    with pytest.raises(Crash):
        replace_file(path, b"new", on_step=dies_at(step))
    assert path.read_bytes() == (b"new" if step == "synchronise" else b"old")
    replace_file(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_was_there_is_made_durable_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote it may have died before its name was synchronised."""
    path = tmp_path / "kept"
    with pytest.raises(Crash):
        keep_file(path, b"first", on_step=dies_at("synchronise"))
    synchronised: list[int] = []
    original = os.fsync

    def watched(descriptor: int) -> None:
        synchronised.append(descriptor)
        original(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    assert not keep_file(path, b"first")
    assert len(synchronised) == 1
