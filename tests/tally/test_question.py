"""Questions: thresholds, quorums, ties that adopt nothing."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tally import rules
from tally.election import CountingRule, DefinitionFaults, Option, Question, QuestionForm
from tally.profile import Profile
from tally.rules.question import count
from tests.tally.greedy_oracle import words

BASE = {"threshold": "1/2", "strict": True, "of": "expressed"}


def question(parameters: dict[str, Any], options: tuple[str, ...] = ("yes", "no")) -> Question:
    return Question(
        id="q",
        title=words("Question"),
        description=words("-"),
        form=QuestionForm(),
        rule=CountingRule.of("question", parameters),
        options=tuple(Option(id=name, title=words(name)) for name in options),
    )


def ballots(blank: int = 0, spoiled: int = 0, **votes: int) -> Profile:
    return Profile.of(
        {**{((name, 1),): number for name, number in votes.items()}, (): blank},
        {"length": spoiled} if spoiled else {},
    )


@pytest.mark.parametrize(
    ("parameters", "profile", "adopted", "reason"),
    [
        ({}, ballots(yes=6, no=5), "yes", "adopted"),
        ({}, ballots(yes=5, no=6), "no", "adopted"),
        ({}, ballots(yes=5, no=5), None, "below-threshold"),
        ({"strict": False}, ballots(yes=5, no=5), None, "tie"),
        ({"strict": False}, ballots(yes=5, no=4, blank=1), "yes", "adopted"),
        ({"of": "cast"}, ballots(yes=5, no=4, blank=1), None, "below-threshold"),
        ({"of": "cast"}, ballots(yes=6, no=4, blank=1), "yes", "adopted"),
        ({"of": "cast"}, ballots(yes=5, no=4, spoiled=1), None, "below-threshold"),
        ({"of": "cast", "strict": False}, ballots(yes=5, no=4, spoiled=1), "yes", "adopted"),
        ({"threshold": "2/3", "strict": False}, ballots(yes=6, no=3), "yes", "adopted"),
        ({"threshold": "2/3"}, ballots(yes=6, no=3), None, "below-threshold"),
        ({"quorum": 10}, ballots(yes=6, no=3), None, "below-quorum"),
        ({"quorum": 10}, ballots(yes=6, no=3, blank=1), "yes", "adopted"),
        ({"adoptable": ["yes"]}, ballots(yes=3, no=6), None, "not-adoptable"),
        ({"threshold": "0"}, ballots(blank=3), None, "no-votes"),
        ({"threshold": "0", "strict": False}, ballots(), None, "no-votes"),
        ({"threshold": "1", "strict": False}, ballots(yes=4), "yes", "adopted"),
    ],
)
def test_what_is_adopted(
    parameters: dict[str, Any], profile: Profile, adopted: str | None, reason: str
) -> None:
    verdict = count(question({**BASE, **parameters}), profile)
    assert (verdict.adopted, verdict.reason) == (adopted, reason)
    assert [s.option for s in verdict.standings if s.won] == ([adopted] if adopted else [])


def test_a_tie_is_reported_with_what_it_did() -> None:
    contest = question({**BASE, "threshold": "1/3"}, ("a", "b", "c"))
    verdict = count(contest, ballots(a=4, b=4, c=2))
    assert [(t.projects, t.criterion, t.decisive) for t in verdict.ties] == [
        (("a", "b"), "none", True)
    ]
    weak = count(question(dict(BASE), ("a", "b", "c")), ballots(a=4, b=4, c=2))
    assert [tie.decisive for tie in weak.ties] == [False]
    assert count(contest, ballots(a=5, b=4, c=4)).ties == ()


def test_shares_and_the_number_needed() -> None:
    verdict = count(question({**BASE, "of": "cast"}), ballots(yes=6, no=3, blank=3))
    assert [s.share for s in verdict.standings] == [Fraction(1, 2), Fraction(1, 4)]
    assert verdict.needed == 7
    assert count(question({**BASE, "strict": False}), ballots(yes=6, no=3)).needed == 5


@given(
    st.tuples(*[st.integers(0, 9)] * 4),
    st.sampled_from(("0", "1/3", "1/2", "2/3", "3/4")),
    st.booleans(),
    st.sampled_from(("cast", "expressed")),
    st.integers(0, 20),
)
def test_the_definition_decides(
    numbers: tuple[int, int, int, int], threshold: str, strict: bool, of: str, quorum: int
) -> None:
    yes, no, blank, spoiled = numbers
    parameters = {"threshold": threshold, "strict": strict, "of": of, "quorum": quorum}
    verdict = count(question(parameters), ballots(yes=yes, no=no, blank=blank, spoiled=spoiled))
    cast = yes + no + blank + spoiled
    bar = Fraction(threshold) * (cast if of == "cast" else yes + no)
    best = max(yes, no)
    reached = best > bar if strict else best >= bar
    expected = "yes" if yes > no else "no"
    if yes == no or not reached or cast < quorum:
        assert verdict.adopted is None
    else:
        assert verdict.adopted == expected


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({}, "threshold"),
        ({**BASE, "threshold": "3/2"}, "threshold"),
        ({**BASE, "threshold": "1"}, "threshold"),
        ({**BASE, "threshold": 1}, "threshold"),
        ({**BASE, "strict": 1}, "strict"),
        ({**BASE, "of": "roll"}, "of"),
        ({**BASE, "quorum": -1}, "quorum"),
        ({**BASE, "adoptable": ["maybe"]}, "adoptable[0]"),
        ({**BASE, "adoptable": []}, "adoptable"),
        ({**BASE, "adoptable": ["yes", "yes"]}, "adoptable[1]"),
        ({**BASE, "majority": "1/2"}, "majority"),
    ],
)
def test_bad_parameters_are_refused_by_name(parameters: dict[str, Any], named: str) -> None:
    contest = question(parameters)
    assert named in "\n".join(map(str, rules.check(contest)))
    with pytest.raises(DefinitionFaults):
        count(contest, ballots(yes=1))
