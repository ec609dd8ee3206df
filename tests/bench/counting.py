"""Counting real files: ours beside pabutools, in time and memory, every run a process of its own.

Both find the winners alone; what all margins and ties of ours take besides is told beside it.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
LIMIT: Final = 40
FULL_LIMIT: Final = 900
SHORT: Final = 5
"""Seconds; a contender that needs fewer runs three times."""

LODZ, WROCLAW = "Poland_Lodz_2022", "Poland_Wroclaw_2015_150_-_500"
WROCLAW_500, KRAKOW = "Poland_Wroclaw_2015_from_500", "Poland_Krakow_2024"
PRAGA, BUDAPEST = "Poland_Warszawa_2020_Praga-Poludnie", "Hungary_Budapest_2024"
TOULOUSE, AMSTERDAM = "France_Toulouse_2022", "Netherlands_Amsterdam_252"

Case = tuple[str, str]

QUICK: Final[Sequence[Case]] = (("greedy", TOULOUSE),)
USUAL: Final[Sequence[Case]] = (
    ("greedy", LODZ),
    ("greedy", WROCLAW),
    ("greedy", KRAKOW),
    ("phragmen", PRAGA),
    ("phragmen", LODZ),
    ("equal-shares", PRAGA),
    ("equal-shares", LODZ),
    ("equal-shares-add1", PRAGA),
    ("equal-shares-add1", BUDAPEST),
    ("knapsack-optimum", PRAGA),
    ("knapsack-optimum", LODZ),
)
FULL: Final[Sequence[Case]] = tuple(
    (rule, name)
    for rule in ("greedy", "phragmen", "equal-shares", "equal-shares-add1", "knapsack-optimum")
    for name in (TOULOUSE, LODZ, WROCLAW, WROCLAW_500, KRAKOW, PRAGA, BUDAPEST, AMSTERDAM)
    if name != KRAKOW or rule == "greedy"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one process said: seconds, KiB, winners; ``cut``: the time was over. ``idle``: the
    memory of the program itself, its libraries loaded."""

    read: float
    count: float
    idle: int
    peak: int
    winners: frozenset[str]
    cut: bool

    @property
    def whole(self) -> float:
        """Seconds from the file to the winners."""
        return self.read + self.count

    @property
    def used(self) -> int:
        """KiB that the election took beyond the program itself."""
        return max(self.peak - self.idle, 1)


def run(who: str, rule: str, path: Path, limit: int) -> Run | str:
    """Let a contender count a file; the reason when it cannot."""
    words = ["-m", "tests.bench.contender", who, rule, str(path), str(limit)]
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if done.returncode:
        lines = done.stderr.splitlines() or [f"ended with {done.returncode}"]
        return f"fails: {lines[-1][:100]}"
    said: dict[str, Any] = json.loads(done.stdout)
    if "absent" in said:
        return str(said["absent"])
    cut = bool(said.get("cut"))
    read = float(said.get("read", limit))
    return Run(
        read=read,
        count=max(limit - read, 0.0) if cut else float(said["count"]),
        idle=int(said["idle"]),
        peak=int(said["peak"]),
        winners=frozenset(said.get("winners", ())),
        cut=cut,
    )


def best(who: str, rule: str, path: Path, limit: int) -> Run | str:
    """The fastest of three runs where one is short: what disturbs a run only makes it slower."""
    found = run(who, rule, path, limit)
    if isinstance(found, str) or found.whole > SHORT:
        return found
    again = [each for _ in range(2) if isinstance(each := run(who, rule, path, limit), Run)]
    return min([found, *again], key=lambda each: each.whole)


def _time(seconds: float, cut: bool) -> str:
    return f"{'> ' if cut else ''}{seconds:.3g} s"


def _memory(kib: int) -> str:
    return f"{kib / 1024:.0f} MiB"


def _beside(ours: Run, who: str, theirs: Run | str) -> str:
    if isinstance(theirs, str):
        return f"  {who}: {theirs}"
    more = "> " if theirs.cut else ""
    same = "same winners" if ours.winners == theirs.winners else "other winners"
    return (
        f"  {who:<10} {_time(theirs.whole, theirs.cut):>9}, of it counting "
        f"{_time(theirs.count, theirs.cut):>9}, {_memory(theirs.peak):>9}; as fast: {more}"
        f"{theirs.whole / ours.whole:.0f} x file to winners, {more}"
        f"{theirs.count / ours.count:.0f} x counting; memory 1/{theirs.peak / ours.peak:.1f}, "
        f"beyond the programs 1/{theirs.used / ours.used:.1f}"
        f"{'' if theirs.cut else f'; {same}'}"
    )


def bench_counting(cases: Sequence[tuple[str, Path]], limit: int) -> None:
    """Print how ours compares, by rule and file. A contender that is absent is told once."""
    absent: set[str] = set()
    for rule, path in cases:
        name = path.stem
        if not path.is_file():
            print(f"{rule}, {name}: no such file")
            continue
        ours = best("ours", rule, path, 10 * limit)
        if isinstance(ours, str):
            print(f"{rule}, {name}: ours: {ours}")
            continue
        whole = best("whole", rule, path, 10 * limit)
        more = whole if isinstance(whole, str) else _time(whole.count, whole.cut)
        print(
            f"{rule}, {name}: ours {_time(ours.whole, ours.cut)}, of it counting "
            f"{_time(ours.count, ours.cut)} (with margins and ties {more}), {_memory(ours.peak)}, "
            f"{_memory(ours.used)} beyond the program",
            flush=True,
        )
        for who in ("pabutools", "pabumeasures"):
            theirs = best(who, rule, path, limit)
            if isinstance(theirs, str):
                if theirs in absent:
                    continue
                absent.add(theirs)
            print(_beside(ours, who, theirs), flush=True)
