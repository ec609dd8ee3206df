"""How the cost of counting grows with the ballots: every rule, 10,000 to 1,000,000 ballots.

``python -m tests.bench.scaling`` prints a table and draws ``docs/images/scaling.svg``. Ballots are
generated one by one, mark up to ten of 200 projects, and most are different from all others: the
hardest case for a program that counts equal ballots together. Every measurement is a process of its
own. Winners alone are found first, then, where a rule tells these apart, all margins too.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import shake_256
from pathlib import Path
from typing import Any, Final

from tally import rules
from tally.election import (
    Approval,
    Election,
    Envelope,
    FrozenMap,
    Grades,
    Project,
    Style,
    Text,
)
from tally.profile import profile_of
from tally.rules.variants import Variant, variants
from tally.tiebreak import lot_keys
from tally.vote import Vote
from tests.bench.contender import memory

ROOT: Final = Path(__file__).parents[2]
PLOT: Final = ROOT / "docs" / "images" / "scaling.svg"
PROJECTS: Final = 200
MOST_MARKS: Final = 10
SIZES: Final = (10_000, 30_000, 100_000, 300_000, 1_000_000)


ONCE: Final = 300_000
"""So many ballots and more are counted once; fewer, the better of two."""
APPROVAL: Final = Approval(minimum=1, maximum=MOST_MARKS)
GRADES: Final = Grades(
    labels=tuple(Text.of(en=word) for word in ("very good", "good", "fair", "poor", "to reject")),
    default=4,
)


def cases() -> dict[str, Variant]:
    """The first variant of every rule, by id: those that raise budgets count many times over."""
    found: dict[str, Variant] = {}
    for variant in variants():
        if variant.rule.name not in {each.rule.name for each in found.values()}:
            found[variant.id] = variant
    return found


def election_under(variant: Variant) -> Election:
    """200 projects of 10,000 to 100,000 and money for about one in five."""
    words = Text.of(en="generated")
    accepts = rules.ENVELOPE_RULES[variant.rule.name].accepts
    envelope = Envelope(
        id="budget",
        title=words,
        description=words,
        budget=2_000_000,
        form=APPROVAL if "approval" in accepts else GRADES,
        rule=variant.rule,
        tie_break=("votes", "cost", "order"),
        projects=tuple(
            Project(
                id=f"p{number:03}",
                title=words,
                description=words,
                cost=10_000 + number * 7_919 % 90_001,
            )
            for number in range(PROJECTS)
        ),
    )
    return Election(
        id="generated",
        title=words,
        organiser=words,
        eligibility=words,
        languages=("en",),
        currency="EUR",
        exponent=0,
        time_zone="UTC",
        opens="2026-10-05T08:00:00Z",
        closes="2026-10-25T18:00:00Z",
        contests=(envelope,),
        styles=(Style(id="all", title=words, contests=("budget",)),),
    )


def _draws(ballots: int) -> Iterator[tuple[int, bytes]]:
    """A ballot's number of marks and its draws, two bytes each; equal on every machine."""
    block = 10_000
    width = 1 + 2 * MOST_MARKS
    for begin in range(0, ballots, block):
        stream = shake_256(f"scaling {begin}".encode()).digest(block * width)
        for at in range(min(block, ballots - begin)):
            row = stream[at * width : (at + 1) * width]
            yield 1 + row[0] % MOST_MARKS, row[1:]


def _votes(election: Election, ballots: int) -> Iterator[Vote]:
    """Votes in which early projects are more popular than late ones."""
    envelope = election.contests[0]
    graded = isinstance(envelope.form, Grades)
    worths = range(len(GRADES.labels)) if graded else (1,)
    marks = [[(choice.id, worth) for choice in envelope.choices] for worth in worths]
    # Two bytes to a place: the product of two even draws leans to the first places.
    places = [
        high * low * PROJECTS // 65_025 % PROJECTS for high in range(256) for low in range(256)
    ]
    for number, row in _draws(ballots):
        drawn = {places[row[at] * 256 + row[at + 1]] for at in range(0, 2 * number, 2)}
        choice = tuple([marks[(row[0] + place) % len(marks)][place] for place in sorted(drawn)])
        yield Vote(style="all", choices=FrozenMap({"budget": choice}))


def measure(label: str, ballots: int) -> dict[str, Any]:
    """Seconds for votes and their profile (``profile``), for the winners (``count``) and for all
    there is to say (``whole``); the most memory in KiB up to the winners."""
    election = election_under(cases()[label])
    envelope = election.contests[0]
    if not isinstance(envelope, Envelope):
        raise TypeError("an envelope is generated")
    begin = time.perf_counter()
    profile = profile_of(election, "budget", _votes(election, ballots))
    middle = time.perf_counter()
    rule, keys = rules.envelope_rule(envelope), lot_keys(bytes(32), "budget")
    outcome = (rule.decide or rule.count)(envelope, profile, keys)
    decided = time.perf_counter()
    peak = memory()
    if rule.decide is not None:
        outcome = rule.count(envelope, profile, keys)
    return {
        "profile": middle - begin,
        "count": decided - middle,
        "whole": time.perf_counter() - (middle if rule.decide is None else decided),
        "peak": peak,
        "distinct": len(profile.choices),
        "winners": len(outcome.winners),
    }


def _measured(label: str, ballots: int) -> dict[str, Any]:
    words = ["-m", "tests.bench.scaling", "--one", label, str(ballots)]
    runs: list[dict[str, Any]] = [
        json.loads(
            subprocess.run(
                [sys.executable, *words], capture_output=True, text=True, cwd=ROOT, check=True
            ).stdout
        )
        for _ in range(1 if ballots >= ONCE else 2)
    ]
    return min(runs, key=lambda each: float(each["count"]))


def draw(found: Mapping[str, Mapping[int, Mapping[str, Any]]], path: Path) -> None:
    """Seconds over ballots for every rule, both axes logarithmic, with n log n for the eye."""
    from math import log

    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.add_subplot()
    styles = ["o-", "s-", "^-", "D-", "v-", "P-", "X-", "*-", "<-", ">-"]
    for style, (label, by_size) in zip(styles * len(found), found.items(), strict=False):
        seconds = [by_size[size]["count"] for size in by_size]
        axes.plot(list(by_size), seconds, style, label=label, markersize=5)
    by_size = next(iter(found.values()))
    axes.plot(
        list(by_size),
        [each["profile"] for each in by_size.values()],
        ".:",
        color="0.35",
        label="making the votes and their profile",
    )
    first, last = min(by_size), max(by_size)
    top = by_size[last]["profile"]
    axes.plot(
        list(by_size),
        [top * size * log(size) / (last * log(last)) for size in by_size],
        "--",
        color="0.6",
        label="n log n",
    )
    axes.axhline(10, color="0.8", linewidth=1)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="ballots, most of them different, on 200 projects",
        ylabel="seconds",
        xlim=(first * 0.8, last * 1.25),
    )
    axes.xaxis.set_major_formatter(lambda ballots, _: f"{ballots:,.0f}")
    axes.yaxis.set_major_formatter(lambda each, _: f"{each:g}")
    axes.grid(visible=True, which="major", color="0.9")
    axes.legend(fontsize="small", frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": "scaling", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=120)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all, or one."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scaling", description=__doc__)
    parser.add_argument("--one", nargs=2, metavar=("RULE", "BALLOTS"))
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the most ballots")
    parser.add_argument("--out", type=Path, default=PLOT)
    chosen = parser.parse_args(arguments)
    if chosen.one:
        print(json.dumps(measure(chosen.one[0], int(chosen.one[1]))))
        return
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for label in cases():
        for size in SIZES:
            if size > chosen.most:
                continue
            one = found.setdefault(label, {})[size] = _measured(label, size)
            print(
                f"| {label} | {size:,} | {one['distinct']:,} | {one['profile']:.2f} s | "
                f"{one['count']:.2f} s | {one['whole']:.2f} s | {one['peak'] / 1024:.0f} MiB |",
                flush=True,
            )
    draw(found, chosen.out)


if __name__ == "__main__":
    main()
