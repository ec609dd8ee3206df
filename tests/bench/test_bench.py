"""The bench measures what it says: the same count twice over, and nothing beyond its limit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.derive import InputsInvalid
from tests.bench import counting, million, scaling
from tests.bench.__main__ import generated
from tests.bench.contender import run as run_here
from tests.bench.counting import Run, bench_counting, run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "generated.pb"
    path.write_bytes(generated().encode())
    return path


def test_contenders_count_the_same_file(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pabutools")
    monkeypatch.setattr(counting, "SHORT", 0)  # each once
    ours, theirs = run("ours", "greedy", file, 60), run("pabutools", "greedy", file, 60)
    assert isinstance(ours, Run)
    assert isinstance(theirs, Run)
    assert ours.winners == theirs.winners
    assert ours.winners
    assert 0 < ours.peak < theirs.peak
    bench_counting([("greedy", file), ("greedy", file.with_name("none.pb"))], 60)
    said = capsys.readouterr().out
    assert "same winners" in said
    assert "none: no such file" in said


def test_what_cannot_count_says_so(file: Path) -> None:
    assert "lines follow" in str(run("ours", "greedy", _damaged(file), 60))
    assert "absent" in run_here("pabumeasures", "equal-shares-add1", file, 60)


def _damaged(file: Path) -> Path:
    path = file.with_name("damaged.pb")
    path.write_text(file.read_text("utf-8").replace("num_votes;4000", "num_votes;4001"), "utf-8")
    return path


def test_time_that_is_over_is_told(file: Path) -> None:
    pytest.importorskip("pabutools")
    endless = file.with_name("endless.pb")
    head, _, votes = file.read_text("utf-8").partition("VOTES\n")
    lines = votes.splitlines()
    voters = [f"{number};{line.partition(';')[2]}" for number in range(50) for line in lines[1:]]
    numbered = [f"{number}{line[line.index(';') :]}" for number, line in enumerate(voters)]
    head = head.replace("num_votes;4000", f"num_votes;{len(numbered)}")
    endless.write_text("\n".join([f"{head}VOTES", lines[0], *numbered, ""]), "utf-8")
    cut = run("pabutools", "greedy", endless, 1)
    assert isinstance(cut, Run)
    assert cut.cut
    assert cut.whole == pytest.approx(1.0, abs=0.5)
    assert not cut.winners


def test_generated_votes_are_always_the_same(tmp_path: Path) -> None:
    label = next(iter(scaling.cases()))
    first, second = (scaling.measure(label, 500) for _ in range(2))
    for key in ("distinct", "winners"):
        assert first[key] == second[key] > 0
    path = tmp_path / "scaling.svg"
    scaling.draw({label: {500: first, 1_000: second}}, path)
    assert label in path.read_text("utf-8")


def test_a_small_million(tmp_path: Path) -> None:
    million.generate(20, tmp_path, 1)
    entries = list(million.read_entries(tmp_path))
    assert len(entries) == 22
    assert million.signatures(20, tmp_path) > 0
    million.publish_step(20, tmp_path, 1)
    million.verify_step(20, tmp_path, 1)
    votes = (tmp_path / "publication" / "pabulib" / "city.pb").read_text()
    assert "num_votes;20\n" in votes
    log = bytearray((tmp_path / "entries").read_bytes())
    log[-200] ^= 1
    (tmp_path / "entries").write_bytes(log)
    with pytest.raises(InputsInvalid, match="not of these log entries"):
        million.publish_step(20, tmp_path, 1)


def test_memory_is_that_of_all_processes_together() -> None:
    alone = million.resident(os.getpid())
    with subprocess.Popen(
        [sys.executable, "-c", "kept = bytearray(b'x') * 30_000_000; print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        both = million.resident(os.getpid())
        child.communicate(b"\n")
    assert both - alone > 28_000
    assert million.resident(child.pid) == 0
