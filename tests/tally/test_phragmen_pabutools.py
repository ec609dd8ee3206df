"""Sequential Phragmén on real files: the same winners as pabutools with exact fractions."""

import os
from pathlib import Path

import pabutools.fractions
import pytest
from pabutools.election import parse_pabulib
from pabutools.rules import sequential_phragmen
from pabutools.tiebreaking import TieBreakingRule

from tally.election import CountingRule, Envelope
from tally.pabulib import read_counted
from tally.rules import phragmen_ledger
from tally.rules.phragmen import ACCEPTED_FORMS, count
from tally.tiebreak import lot_keys

MOST_BYTES = 60_000


def test_the_winners_are_those_of_pabutools(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.environ.get("SCRUTIN_PABULIB")
    if not folder:
        pytest.skip("set SCRUTIN_PABULIB to a folder of .pb files")
    monkeypatch.setattr(pabutools.fractions, "FRACTION", "gmpy2")
    # pabutools never considers a project that costs more than the envelope.
    rule = CountingRule.of("phragmen", {"on_misfit": "stop", "maximum_cost_share": "1"})
    compared = 0
    for path in sorted(Path(folder).glob("*.pb")):
        if path.stat().st_size > MOST_BYTES:
            continue
        read = read_counted(path.read_text(), rule=rule, tie_break=("order",))
        (contest,) = read.election.contests
        assert isinstance(contest, Envelope)
        if contest.form.type not in ACCEPTED_FORMS:
            continue
        column = read.head.projects.columns.index("project_id")
        place = {row.cells[column]: n for n, row in enumerate(read.head.projects.rows)}
        instance, profile = parse_pabulib(str(path))
        listed = TieBreakingRule(lambda _, __, project, at=place: at[project.name])
        theirs = {
            place[p.name] for p in sequential_phragmen(instance, profile, tie_breaking=listed)
        }
        outcome = count(contest, read.profile, lot_keys(b"", contest.id))
        with monkeypatch.context() as patch:
            patch.setattr(phragmen_ledger, "ARRAYS", False)
            assert count(contest, read.profile, lot_keys(b"", contest.id)) == outcome, path.name
        ours = {n for n, standing in enumerate(outcome.standings) if standing.won}
        assert ours == theirs, path.name
        compared += 1
    assert compared >= 10
