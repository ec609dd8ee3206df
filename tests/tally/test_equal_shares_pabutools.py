"""Equal Shares on real files: as pabutools with exact fractions, and as the cities."""

import os
from pathlib import Path
from typing import Any

import pabutools.fractions
import pytest
from pabutools.election import Cardinality_Sat, Cost_Sat, parse_pabulib
from pabutools.rules import method_of_equal_shares
from pabutools.tiebreaking import TieBreakingRule

from tally import pabulib
from tally.election import CountingRule
from tally.pabulib import read_counted
from tally.rules.equal_shares import decide
from tally.tiebreak import lot_keys

FOLDER = os.environ.get("SCRUTIN_PABULIB", "")
MOST_BYTES = 40_000
HOW = "set SCRUTIN_PABULIB to a folder of .pb files"


@pytest.mark.parametrize(
    ("utility", "satisfaction"), [("cost", Cost_Sat), ("cardinality", Cardinality_Sat)]
)
def test_the_winners_are_those_of_pabutools(
    utility: str, satisfaction: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not FOLDER:
        pytest.skip(HOW)
    monkeypatch.setattr(pabutools.fractions, "FRACTION", "gmpy2")
    rule = CountingRule.of("equal-shares", {"utility": utility, "raise": "none", "fill": "none"})
    compared = 0
    for path in sorted(Path(FOLDER).glob("*.pb")):
        if path.stat().st_size > MOST_BYTES:
            continue
        read = read_counted(path.read_text(), rule=rule, tie_break=("order",))
        contest = read.envelope
        if contest.form.type not in {"approval", "choose-1"}:
            continue
        column = read.head.projects.columns.index("project_id")
        place = {row.cells[column]: n for n, row in enumerate(read.head.projects.rows)}
        instance, profile = parse_pabulib(str(path))
        listed = TieBreakingRule(lambda _, __, project, at=place: at[project.name])
        theirs = {
            place[project.name]
            for project in method_of_equal_shares(
                instance, profile, sat_class=satisfaction, tie_breaking=listed
            )
        }
        outcome = decide(contest, read.profile, lot_keys(b"", contest.id))
        ours = {n for n, standing in enumerate(outcome.standings) if standing.won}
        assert ours == theirs, path.name
        compared += 1
    assert compared >= 8


@pytest.mark.parametrize("name", ["Netherlands_Assen_2024.pb", "Poland_Swiecie_2023.pb"])
def test_the_winners_are_the_citys(name: str) -> None:
    """By the file's own rule, equalshares/add1."""
    if not FOLDER:
        pytest.skip(HOW)
    text = (Path(FOLDER) / name).read_text()
    read = read_counted(text)
    assert read.envelope.rule.name == "equal-shares"
    selected = pabulib.selected(pabulib.parse(text))
    assert selected is not None
    outcome = decide(read.envelope, read.profile, lot_keys(b"", read.envelope.id))
    assert set(outcome.winners) == {project for project, code in selected.items() if code}
