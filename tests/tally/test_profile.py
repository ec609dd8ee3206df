"""Profiles: the multiset of choices, whatever the order of ballots."""

import copy
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tally.election import FrozenMap
from tally.errors import TallyError
from tally.profile import Choices, Profile, profile_of, profiles
from tally.vote import Choice, Spoiled, Vote
from tests import strategies


@given(st.data(), st.randoms(use_true_random=False))
def test_order_never_matters_and_nobody_is_lost(
    data: st.DataObject, shuffler: random.Random
) -> None:
    election = data.draw(strategies.elections())
    votes: list[Vote] = []
    for _ in range(data.draw(st.integers(0, 6))):
        style = data.draw(st.sampled_from(election.styles))
        chosen: dict[str, Choice | Spoiled] = {}
        for name in style.contests:
            form = election.form(style.id, name)
            chosen[name] = data.draw(
                st.one_of(
                    strategies.choices(election.contest(name), form),
                    st.sampled_from(("gap", "blank")).map(lambda code: Spoiled(reason=code)),
                )
            )
        votes.append(Vote(style=style.id, choices=FrozenMap(chosen)))
    found = profiles(election, votes)
    again = list(votes)
    shuffler.shuffle(again)
    shuffled = profiles(election, iter(again))
    assert list(found) == [contest.id for contest in election.contests]
    for contest in election.contests:
        name = contest.id
        profile = found[name]
        assert profile == shuffled[name] == profile_of(election, name, votes)
        # Equality of maps ignores order; canonical order must hold as well.
        assert list(profile.choices) == sorted(profile.choices) == list(shuffled[name].choices)
        cast = [vote.choices[name] for vote in votes if name in vote.choices]
        assert profile.ballots == len(cast)
        assert profile.blank == cast.count(())
        assert profile.spoiled.get("gap", 0) == cast.count(Spoiled(reason="gap"))
        assert profile.expressed == sum(1 for c in cast if c and not isinstance(c, Spoiled))
        for choice, count in profile.choices.items():
            assert count == cast.count(choice)


def test_profiles_of_counts() -> None:
    profile = Profile.of({(("b", 1),): 2, (): 3, (("a", 1),): 1, (("c", 1),): 0}, {"gap": 4})
    assert list(profile.choices.items()) == [((("a", 1),), 1), ((("b", 1),), 2)]
    assert (profile.expressed, profile.blank, profile.ballots) == (3, 3, 10)
    with pytest.raises(TallyError, match="-1 ballots"):
        Profile.of({(("a", 1),): -1})


marks = st.tuples(st.text(max_size=3), st.integers(-3, 300))
counted = st.dictionaries(
    st.lists(marks, min_size=1, max_size=4).map(tuple), st.integers(1, 5), max_size=12
)


@given(counted, st.randoms(use_true_random=False))
def test_choices_are_sorted_when_they_are_walked_through(
    counts: dict[Choice, int], shuffler: random.Random
) -> None:
    shuffled = list(counts.items())
    shuffler.shuffle(shuffled)
    expected = sorted(counts.items())

    def fresh() -> Choices:
        return Choices(shuffled)

    assert list(fresh()) == list(fresh().keys()) == [choice for choice, _ in expected]
    assert list(fresh().items()) == expected
    assert list(fresh().values()) == [ballots for _, ballots in expected]
    assert repr(fresh()) == f"FrozenMap({dict(expected)!r})"
    assert list(copy.deepcopy(fresh()).items()) == expected
    walked = fresh()
    assert sorted(walked.unordered()) == expected
    list(walked)
    assert walked == fresh() == counts
    assert hash(walked) == hash(fresh()) == hash(FrozenMap(counts))
    assert walked != FrozenMap({**counts, (("another", 1),): 1, (): 1})


def test_more_marks_than_letters_are_sorted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tally.profile._LETTERS", 2)
    names = ["c", "a", "d", "b"]
    choices: list[Choice] = [((name, 1),) for name in names]
    assert list(Choices(dict.fromkeys(choices, 1))) == sorted(choices)


@given(strategies.elections())
def test_a_vote_on_something_else_is_refused(election: object) -> None:
    from tally.election import Election

    assert isinstance(election, Election)
    vote = Vote(style="all", choices=FrozenMap({"no such contest": ()}))
    with pytest.raises(TallyError, match="names contest 'no such contest'"):
        profiles(election, [vote])
    with pytest.raises(TallyError, match="has no contest"):
        profile_of(election, "no such contest", [])
