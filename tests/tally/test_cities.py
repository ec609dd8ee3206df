"""Real elections: the cities' own winners, and the same winners as pabutools."""

import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally import pabulib
from tally.election import CountingRule, Envelope
from tally.profile import Profile
from tally.rules import envelope_rule
from tally.tiebreak import lot_keys
from tests.tally.greedy_oracle import envelope

FOLDER = os.environ.get("SCRUTIN_PABULIB", "")
REASON = "real .pb files are not here: set SCRUTIN_PABULIB to a folder of them"
GREEDY = {"greedy", "greedy-threshold", "greedy-no-skip", "greedy-custom", "greedy-exclusive"}
EXCEPTIONS = set(
    re.findall(
        r"^\| `([^`]+\.pb)` \|",
        (Path(__file__).parents[2] / "docs" / "reproduced.md").read_text(),
        re.MULTILINE,
    )
)
FILES = sorted(Path(FOLDER).glob("*.pb")) if FOLDER else []


def rule_of(path: Path) -> str:
    found = re.search(rb"^rule;(\S+)", path.read_bytes()[:20_000], re.MULTILINE)
    return found[1].decode() if found else ""


def read(path: Path) -> pabulib.PabulibFile:
    return pabulib.parse(path.read_bytes().decode())


def profile_of(instance: pabulib.Instance) -> Profile:
    return Profile.of(
        Counter(ballot.choice for ballot in instance.ballots if ballot.reason is None),
        Counter(ballot.reason for ballot in instance.ballots if ballot.reason is not None),
    )


def winners(contest: Envelope, profile: Profile) -> set[str]:
    rule = envelope_rule(contest)
    assert rule.check(contest) == []
    return set(rule.count(contest, profile, lot_keys(b"", contest.id)).winners)


@pytest.mark.skipif(not FOLDER, reason=REASON)
@pytest.mark.parametrize(
    "path", [path for path in FILES if rule_of(path) in GREEDY], ids=lambda path: path.stem
)
def test_the_winners_are_the_citys(path: Path) -> None:
    file = read(path)
    selected = pabulib.selected(file)
    if selected is None:
        pytest.skip("the file does not say who won")
    instance = pabulib.read_instance(file)
    ours = winners(instance.envelope, profile_of(instance))
    theirs = {project for project, code in selected.items() if code in {1, 2}}
    if path.name in EXCEPTIONS:
        assert ours != theirs, "reproduced: take it off the list in docs/reproduced.md"
    else:
        assert ours == theirs


@pytest.mark.skipif(not FOLDER, reason=REASON)
def test_there_is_something_to_reproduce_and_every_exception_is_there() -> None:
    names = {path.name for path in FILES}
    assert names >= EXCEPTIONS
    assert sum(rule_of(path) in GREEDY for path in FILES) >= 40


@pytest.mark.skipif(not FOLDER, reason=REASON)
def test_ursynow_with_two_projects_left_out_is_the_citys() -> None:
    file = read(Path(FOLDER) / "Poland_Warszawa_2021_Ursynow.pb")
    instance = pabulib.read_instance(file)
    selected = pabulib.selected(file)
    assert selected is not None
    out = {"459", "1687"}
    contest = instance.envelope
    kept = replace(
        contest,
        projects=tuple(p for p in contest.projects if p.id not in out),
        tie_break=("expensive", "order"),
    )
    counts: Counter[Any] = Counter()
    for ballot in instance.ballots:
        counts[tuple(mark for mark in ballot.choice if mark[0] not in out)] += 1
    assert winners(kept, Profile.of(counts)) == {p for p, code in selected.items() if code}


def pabutools_winners(contest: Envelope, profile: Profile) -> set[str]:
    """Greedy by utilitarian welfare with cost utilities: by votes; ties by cost, then order."""
    from pabutools.election import ApprovalBallot, ApprovalProfile, Cost_Sat, Instance, Project
    from pabutools.rules import greedy_utilitarian_welfare
    from pabutools.tiebreaking import TieBreakingRule

    place = {project.id: number for number, project in enumerate(contest.projects)}
    theirs = {project.id: Project(project.id, project.cost) for project in contest.projects}
    instance = Instance(theirs.values(), budget_limit=contest.budget)
    ballots = ApprovalProfile(
        [
            ApprovalBallot([theirs[name] for name, _ in choice])
            for choice, number in profile.choices.items()
            for _ in range(number)
        ],
        instance=instance,
    )
    ties = TieBreakingRule(lambda _i, _p, project: (project.cost, place[project.name]))
    outcome = greedy_utilitarian_welfare(instance, ballots, sat_class=Cost_Sat, tie_breaking=ties)
    return {project.name for project in outcome}


def plain(contest: Envelope) -> Envelope:
    rule = CountingRule.of("greedy", {"on_misfit": "skip"})
    return replace(contest, rule=rule, tie_break=("cost", "order"))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=8),
    st.integers(30, 100),
    st.lists(st.sets(st.integers(0, 7), min_size=1, max_size=4), min_size=1, max_size=12),
)
def test_generated_instances_count_as_in_pabutools(
    costs: list[int], budget: int, marked: list[set[int]]
) -> None:
    contest = envelope(costs, {"on_misfit": "skip"}, budget=budget, tie_break=("cost", "order"))
    choices = Counter(
        tuple((f"p{place}", 1) for place in sorted(marks) if place < len(costs)) for marks in marked
    )
    profile = Profile.of(choices)
    assert winners(contest, profile) == pabutools_winners(contest, profile)


SMALL = [path for path in FILES if path.stat().st_size < 150_000]


@pytest.mark.skipif(not FOLDER, reason=REASON)
@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_small_files_count_as_in_pabutools(path: Path) -> None:
    file = read(path)
    if file.keys["vote_type"] not in {"approval", "choose-1"}:
        pytest.skip("compared on votes only")
    instance = pabulib.read_instance(file)
    contest, profile = plain(instance.envelope), profile_of(instance)
    assert winners(contest, profile) == pabutools_winners(contest, profile)
