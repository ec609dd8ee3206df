"""The one door: votes in, the contests of results.json out."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally import canonical
from tally.count import check, count, count_profiles
from tally.election import (
    CountingRule,
    DefinitionFaults,
    Election,
    FrozenMap,
    Option,
    Question,
    QuestionForm,
    Ranking,
    Style,
)
from tally.errors import TallyError
from tally.outcome import Step, TraceFault, replay
from tally.profile import Profile
from tally.vote import Choice, Spoiled, Vote
from tests.tally import greedy_oracle as oracle
from tests.tally.greedy_oracle import election, envelope, words

QUESTION = Question(
    id="q",
    title=words("Question"),
    description=words("-"),
    form=QuestionForm(),
    rule=CountingRule.of("question", {"threshold": "1/2", "strict": True, "of": "expressed"}),
    options=(Option(id="yes", title=words("Oui")), Option(id="no", title=words("Non"))),
)


def town(**parameters: Any) -> Election:
    contest = envelope([60, 50, 30], {"on_misfit": "skip", **parameters})
    both = Style(id="s", title=words("s"), contests=("e", "q"), forms=FrozenMap())
    return replace(election(contest, QUESTION), styles=(both,))


def vote(choice: Choice | Spoiled, answer: Choice | Spoiled = ()) -> Vote:
    return Vote(style="s", choices=FrozenMap({"e": choice, "q": answer}))


YES: Choice = (("yes", 1),)
VOTES: list[Vote | Spoiled] = [
    vote((("p0", 1), ("p2", 1)), YES),
    vote((("p0", 1),), YES),
    vote((("p1", 1),), (("no", 1),)),
    vote(()),
    vote(Spoiled(reason="too-many"), YES),
    Spoiled(reason="length"),
]


def test_the_value_is_that_of_the_formats() -> None:
    value: Any = count(town(), VOTES, b"seed").to_value()
    assert list(value) == ["contests"]
    money, question = value["contests"]
    assert {k: v for k, v in money.items() if k not in {"projects", "steps"}} == {
        "contest": "e",
        "kind": "envelope",
        "rule": {"name": "greedy", "parameters": {"on_misfit": "skip"}},
        "ballots": 5,
        "blank": 1,
        "spoiled": {"too-many": 1},
        "expressed": 3,
        "budget": 100,
        "spent": 90,
        "left": 10,
        "added": 0,
        "winners": ["p0", "p2"],
        "ties": [
            {
                "step": 2,
                "projects": ["p1", "p2"],
                "criterion": "order",
                "order": ["p1", "p2"],
                "decisive": False,
            }
        ],
    }
    assert money["projects"] == [
        {"id": "p0", "votes": 2, "score": "2", "position": 1, "won": True, "funded": 60,
         "step": 1, "reason": "fits", "margin": {"safe": 1}},
        {"id": "p1", "votes": 1, "score": "1", "position": 2, "won": False, "funded": 0,
         "step": 2, "reason": "does-not-fit",
         "margin": {"votes": 2, "each": 1, "cheaper": 10}},
        {"id": "p2", "votes": 1, "score": "1", "position": 3, "won": True, "funded": 30,
         "step": 3, "reason": "fits", "margin": {"safe": None}},
    ]  # fmt: skip
    assert money["steps"][1] == {
        "step": 2,
        "project": "p1",
        "action": "pass",
        "reason": "does-not-fit",
        "left_before": 40,
        "left_after": 40,
        "detail": {"phase": "overall"},
    }
    assert question == {
        "contest": "q",
        "kind": "question",
        "rule": {
            "name": "question",
            "parameters": {"threshold": "1/2", "strict": True, "of": "expressed"},
        },
        "ballots": 5,
        "blank": 1,
        "spoiled": {},
        "expressed": 4,
        "options": [
            {"id": "yes", "votes": 3, "share": "3/4", "won": True},
            {"id": "no", "votes": 1, "share": "1/4", "won": False},
        ],
        "adopted": "yes",
        "reason": "adopted",
        "threshold": "1/2",
        "strict": True,
        "of": "expressed",
        "quorum": 0,
        "needed": 3,
        "ties": [],
    }
    canonical.parse(canonical.encode(value))


def test_results_are_found_by_contest() -> None:
    result = count(town(), VOTES, b"")
    assert result.envelope("e").outcome.winners == ("p0", "p2")
    assert result.question("q").verdict.adopted == "yes"
    with pytest.raises(TallyError, match="'q'"):
        result.envelope("q")
    with pytest.raises(TallyError, match="'e'"):
        result.question("e")


@given(st.randoms(use_true_random=False))
def test_the_order_of_ballots_changes_no_byte(shuffler: random.Random) -> None:
    votes = VOTES * 2
    shuffler.shuffle(votes)
    expected = canonical.encode(count(town(), VOTES * 2, b"seed").to_value())
    assert canonical.encode(count(town(), iter(votes), b"seed").to_value()) == expected


def test_the_lot_seed_decides_a_lot_and_nothing_else() -> None:
    contest = envelope([60, 60], {"on_misfit": "skip"}, tie_break=("cost", "lot"))
    town_of_lots = election(contest)
    profile = {"e": Profile.of({(("p0", 1), ("p1", 1)): 3})}
    outcomes = {
        count_profiles(town_of_lots, profile, bytes([seed])).envelope("e").outcome.winners
        for seed in range(20)
    }
    assert outcomes == {("p0",), ("p1",)}
    one = count_profiles(town_of_lots, profile, b"1").envelope("e").outcome
    assert [(tie.criterion, tie.decisive) for tie in one.ties] == [("lot", True)]


def test_faults_of_all_contests_come_at_once_with_their_paths() -> None:
    bad = replace(QUESTION, rule=CountingRule.of("question", {"threshold": "1/2", "of": "roll"}))
    contest = envelope([1], {"on_misfit": "skip", "bonus": 1})
    ranked = replace(envelope([1, 2], {"on_misfit": "skip"}), id="r")
    ranked = replace(ranked, form=Ranking(minimum=1, maximum=1))
    style = Style(
        id="s",
        title=words("s"),
        contests=("r",),
        forms=FrozenMap({"r": Ranking(minimum=1, maximum=2)}),
    )
    wrong = replace(election(contest, bad, ranked), styles=(style,))
    paths = [fault.path for fault in check(wrong)]
    assert paths == [
        "contests[0].rule.parameters",
        "contests[1].rule.parameters.strict",
        "contests[1].rule.parameters.of",
        "styles[0].forms.r.maximum",
    ]
    with pytest.raises(DefinitionFaults) as caught:
        count(wrong, [], b"")
    assert [fault.path for fault in caught.value.faults] == paths


@settings(max_examples=60, deadline=None)
@given(oracle.greedy_cases(tied=True), st.binary(max_size=4))
def test_every_result_has_a_canonical_spelling(case: Any, seed: bytes) -> None:
    contest, profile = case
    result = count_profiles(election(contest), {"e": profile}, seed)
    value = result.to_value()
    assert canonical.parse(canonical.encode(value)) == value
    for standing, sentences in zip(
        result.envelope("e").outcome.standings, result.envelope("e").sentences, strict=True
    ):
        assert set(sentences.to_value()) == {"fr", "en"}
        assert all("{" not in said for said in sentences.to_value().values()), standing


def step(number: int, **changes: Any) -> Step:
    plain: Mapping[str, Any] = {
        "project": f"p{number}",
        "action": "fund",
        "reason": "fits",
        "left_before": 100 - 10 * (number - 1),
        "left_after": 100 - 10 * number,
    }
    return Step(number=number, **{**plain, **changes})


def test_a_trace_replays() -> None:
    played = replay(100, [step(1), step(2, action="part-fund")])
    assert (played.winners, dict(played.funded), played.left) == (
        ("p1", "p2"),
        {"p1": 10, "p2": 10},
        80,
    )


@pytest.mark.parametrize(
    ("second", "named"),
    [
        (step(3), "numbered 3"),
        (step(2, action="grant"), "'grant'"),
        (step(2, left_before=95), "90 were left"),
        (step(2, project="p1"), "second time"),
        (step(2, project=None), "funds nobody"),
        (step(2, left_after=95), "more than there is"),
        (step(2, left_after=-1), "more than there is"),
        (step(2, detail=FrozenMap({"added": -5})), "more than there is"),
        (step(2, action="pass"), "nobody is funded"),
    ],
)
def test_a_trace_that_cannot_be_is_refused(second: Step, named: str) -> None:
    with pytest.raises(TraceFault, match=named) as caught:
        replay(100, [step(1), second])
    assert str(caught.value).startswith("step 2:")
