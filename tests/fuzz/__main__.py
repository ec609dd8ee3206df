"""`make fuzz`: hostile bytes for as long as there is time, guided by what they reach (atheris).

Each target runs in a process of its own with bounded memory and time an input. What is found is
kept in a folder beside the corpus that grew from it, and ends the run with status 1.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(".fuzz")
MEMORY_MIB = 2_048
SECONDS_AN_INPUT = 10
LONGEST = 8_192
SERVICE = "service"
"""No reader of bytes: the running service, asked what its description promises (schemathesis)."""


def work(name: str, folder: Path, seconds: int) -> None:
    """Fuzz one target in this process; does not return."""
    import atheris

    with atheris.instrument_imports(include=["tally", "audit", "ballot", "web"]):
        from tests.fuzz.targets import judge, target
    found = target(name)
    corpus = folder / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(found.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup(
        [
            name,
            str(corpus),
            f"-max_total_time={seconds}",
            f"-rss_limit_mb={MEMORY_MIB}",
            f"-timeout={SECONDS_AN_INPUT}",
            f"-max_len={LONGEST}",
            f"-artifact_prefix={folder / name}/found-",
            "-print_final_stats=1",
        ],
        lambda data: judge(found, data),
    )
    atheris.Fuzz()


def main() -> int:
    from tests.fuzz.targets import NAMES as READERS

    every = (*READERS, SERVICE)
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"out of {', '.join(every)}")
    parser.add_argument("--minutes", type=float, default=30.0, help="for all together; default 30")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="corpus and what is found")
    parser.add_argument("--work", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    names = given.targets or list(every)
    strange = sorted(set(names) - set(every))
    if strange:
        parser.error(f"no such target: {', '.join(strange)}; there are {', '.join(every)}")
    if given.work:
        work(names[0], given.folder, given.work)
    seconds = max(1, round(given.minutes * 60 / len(names)))
    bad = []
    for name in names:
        folder = given.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "tests.fuzz", name, "--work", str(seconds)]
        words += ["--folder", str(given.folder)]
        if name == SERVICE:
            words = [sys.executable, "-m", "tests.fuzz.service", "--seconds", str(seconds)]
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        (folder / "log.txt").write_text(done.stdout + done.stderr, "utf-8")
        runs = [
            line.rpartition(" ")[2]
            for line in done.stderr.splitlines()
            if line.startswith("stat::number_of_executed_units")
        ]
        found = sorted(path.name for path in folder.glob("found-*"))
        ok = done.returncode == 0 and not found
        told = f"{runs[0]} inputs" if runs else "ended early"
        print(f"{name:<22}{told:>18}   {'nothing found' if ok else ', '.join(found) or 'failed'}")
        if not ok:
            bad.append(name)
            print("\n".join(done.stderr.splitlines()[-25:]), file=sys.stderr)
    print(f"{len(names)} targets, {len(bad)} with a fault" + (f": {', '.join(bad)}" if bad else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
