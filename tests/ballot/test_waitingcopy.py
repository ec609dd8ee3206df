"""The second copy of what waits: whole groups, of processes that ended, and nothing else."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballot.secondcopy import SecondCopyFailed
from ballot.store.engine import StoreBusy
from ballot.waitingcopy import Kept, WaitingCopy, WaitingCopyInvalid

ANA = Kept(entry=b"ballot of ana", sealed=b"\x01" * 40)
BEN = Kept(entry=b"ballot of ben", sealed=b"\x02" * 40)
TEST = Kept(entry=b"test of cleo", sealed=b"")


def found(folder: Path) -> list[Kept]:
    """What another process finds."""
    with WaitingCopy(folder).left() as left:
        return [each for file in left for each in file.kept]


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_groups_are_there_for_the_next_process_and_not_before(tmp_path: Path) -> None:
    copy = WaitingCopy(tmp_path / "other disk" / "waiting")
    copy.keep([ANA, TEST])
    copy.keep([BEN])
    assert found(copy.folder) == []  # a file at work is its process's own
    copy.close()
    assert found(copy.folder) == [ANA, TEST, BEN]
    (path,) = files(copy.folder)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_killed_process_leaves_its_file_to_the_others(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from ballot.waitingcopy import Kept, WaitingCopy\n"
        "WaitingCopy(Path(sys.argv[1])).keep([Kept(entry=b'ballot of ana', sealed=b'\\1' * 40)])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", program, tmp_path], check=False, timeout=60)
    assert ended.returncode == -9
    assert found(tmp_path) == [ANA]


def test_a_group_tells_no_order(tmp_path: Path) -> None:
    copies = [WaitingCopy(tmp_path / name) for name in "ab"]
    copies[0].keep([ANA, BEN, TEST])
    copies[1].keep([TEST, BEN, ANA])
    assert len({path.read_bytes() for copy in copies for path in files(copy.folder)}) == 1


def test_what_was_not_committed_is_taken_back(tmp_path: Path) -> None:
    copy = WaitingCopy(tmp_path)
    copy.keep([ANA])
    copy.take_back(copy.keep([BEN]))
    copy.keep([TEST])
    copy.close()
    assert found(tmp_path) == [ANA, TEST]


@pytest.mark.parametrize("step", ["pwrite", "fdatasync"])
def test_a_write_that_fails_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    copy = WaitingCopy(tmp_path)
    copy.keep([ANA])
    monkeypatch.setattr(os, step, full)
    with pytest.raises(SecondCopyFailed, match="no ballot is acknowledged before it can"):
        copy.keep([BEN])
    monkeypatch.undo()
    assert issubclass(SecondCopyFailed, StoreBusy)  # whoever asks again is served
    copy.keep([TEST])
    copy.close()
    assert sorted(found(tmp_path)) == [ANA, TEST]
    # The file that failed is not written again: its next success would prove nothing.
    assert len(files(tmp_path)) == 2


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "disk").write_text("no folder")
    with pytest.raises(SecondCopyFailed, match="cannot be written"):
        WaitingCopy(tmp_path / "disk" / "waiting").keep([ANA])
    assert found(tmp_path / "disk" / "waiting") == []


def test_a_group_that_is_not_whole_was_never_acknowledged(tmp_path: Path) -> None:
    copy = WaitingCopy(tmp_path)
    copy.keep([ANA])
    first = files(tmp_path)[0].stat().st_size
    copy.keep([BEN])
    copy.close()
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    for end in range(first, len(whole)):
        path.write_bytes(whole[:end])
        assert found(tmp_path) == [ANA]
        path.write_bytes(whole[:end] + bytes([whole[end] ^ 1]) + whole[end + 1 :])
        assert found(tmp_path) == [ANA]


@given(st.binary(max_size=300))
def test_no_bytes_break_it(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("copy")
    (folder / "x.waiting").write_bytes(data)
    assert found(folder) == []


def test_a_new_file_begins_where_told_and_an_empty_one_never(tmp_path: Path) -> None:
    copy = WaitingCopy(tmp_path)
    copy.turn()
    assert files(tmp_path) == []
    copy.keep([ANA])
    copy.turn()
    copy.keep([BEN])
    with copy.left() as left:
        assert [file.kept for file in left] == [(ANA,)]
        # Nobody else gets it meanwhile.
        assert found(tmp_path) == []
    copy.close()
    assert sorted(found(tmp_path)) == [ANA, BEN]


def test_what_is_removed_is_overwritten_and_its_tests_stay(tmp_path: Path) -> None:
    copy = WaitingCopy(tmp_path)
    copy.keep([ANA, TEST])
    copy.close()
    other = os.open(files(tmp_path)[0], os.O_RDONLY)  # as whoever looks into the disk
    with copy.left() as left:
        (file,) = left
        copy.remove(file, [TEST])
        copy.remove(file, [TEST])  # gone already: done by another
    assert set(os.read(other, 10_000)) == {0}
    os.close(other)
    (path,) = files(tmp_path)
    assert path.suffix == ".tested"
    assert copy.tested() == [TEST]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WaitingCopyInvalid, match="is damaged"):
        copy.tested()


@pytest.mark.parametrize("suffix", [".waiting", ".tested"])
def test_what_cannot_be_read_is_named(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"x{suffix}").mkdir()
    copy = WaitingCopy(tmp_path)
    read = copy.tested if suffix == ".tested" else lambda: found(tmp_path)
    with pytest.raises(WaitingCopyInvalid, match=rf"x\{suffix}: cannot be read"):
        read()


def test_what_cannot_be_removed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = WaitingCopy(tmp_path)
    copy.keep([ANA])
    copy.close()
    with copy.left() as left:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(SecondCopyFailed, match="cannot be removed"):
            copy.remove(left[0], [])
    assert len(files(tmp_path)) == 1


def test_a_file_removed_while_it_is_opened_holds_nothing(tmp_path: Path) -> None:
    copy = WaitingCopy(tmp_path)
    copy.keep([ANA])
    copy.close()
    (path,) = files(tmp_path)
    late = os.open(path, os.O_RDONLY)
    with copy.left() as left:
        copy.remove(left[0], [])
    # Whoever opened it before reads zeros, which are no group.
    path.write_bytes(os.read(late, 10_000))
    os.close(late)
    assert found(tmp_path) == []
