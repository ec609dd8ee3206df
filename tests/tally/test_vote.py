"""Bytes and votes (docs/formats.md section 5)."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tally import vote as tally_vote
from tally.election import (
    Approval,
    ChooseOne,
    CountingRule,
    Election,
    Envelope,
    Form,
    FrozenMap,
    Grades,
    Knapsack,
    Option,
    Points,
    Project,
    Question,
    QuestionForm,
    Ranking,
    Scores,
    Style,
    Text,
)
from tally.errors import TallyError
from tally.mark import REASONS, WHOLE_BALLOT
from tally.vote import (
    Choice,
    Layout,
    Spoiled,
    Vote,
    VoteInvalid,
    decode_vote,
    encode_vote,
    encode_vote_unchecked,
    plaintext_length,
)
from tests import strategies

WORDS = Text.of(fr="mots", en="words")


def election_with(form: Form, projects: int = 10) -> Election:
    """One contest "c" with projects p0, p1, … that cost 10, 20, …, and one style "s"."""
    contest = Envelope(
        id="c", title=WORDS, description=WORDS, budget=100, form=form,
        rule=CountingRule.of("greedy"), tie_break=("lot",),
        projects=tuple(
            Project(id=f"p{i}", title=WORDS, description=WORDS, cost=10 * (i + 1))
            for i in range(projects)
        ),
    )  # fmt: skip
    question = Question(
        id="c", title=WORDS, description=WORDS, form=form, rule=CountingRule.of("question"),
        options=tuple(Option(id=f"p{i}", title=WORDS) for i in range(projects)),
    )  # fmt: skip
    election = Election(
        id="e", title=WORDS, organiser=WORDS, eligibility=WORDS, languages=("fr", "en"),
        currency="EUR", exponent=2, time_zone="UTC",
        opens="2026-10-05T08:00:00Z", closes="2026-10-06T08:00:00Z",
        contests=(question if isinstance(form, QuestionForm) else contest,),
        styles=(Style(id="s", title=WORDS, contests=("c",)),),
    )  # fmt: skip
    assert Election.from_value(election.to_value()) == election
    return election


GRADES = Grades(labels=(Text.of(fr="bien", en="good"), Text.of(fr="mal", en="bad")), default=1)
POINTS = Points(total=10, cap=6, minimum_projects=2, maximum_projects=3, minimum_total=4)
SCORES = Scores(minimum=-1, maximum=1, minimum_projects=2, maximum_projects=3)
KNAPSACK = Knapsack(budget=50, minimum=2, maximum=3)


@pytest.mark.parametrize(
    ("form", "choice", "hexadecimal"),
    [
        (Approval(minimum=1, maximum=5), (("p0", 1), ("p7", 1), ("p9", 1)), "01 8140"),
        (Approval(minimum=1, maximum=5), (), "01 0000"),
        (KNAPSACK, (("p0", 1), ("p1", 1)), "01 c000"),
        (ChooseOne(), (("p9", 1),), "01 000a"),
        (ChooseOne(), (), "01 0000"),
        (Ranking(minimum=1, maximum=3), (("p9", 1), ("p0", 2)), "01 000a 0001 0000"),
        (POINTS, (("p1", 6), ("p3", 4)), "01 0000 0006 0000 0004" + " 0000" * 6),
        (SCORES, (("p0", -1), ("p1", 0), ("p2", 1)), "01 0001 0002 0003" + " 0000" * 7),
        (GRADES, (("p0", 0), ("p1", 1)), "01 0001 0002" + " 0000" * 8),
        (QuestionForm(), (("p2", 1),), "01 03"),
        (QuestionForm(), (), "01 00"),
    ],
    ids=lambda value: value.type if hasattr(value, "type") else "",
)
def test_the_bytes(form: Form, choice: Choice, hexadecimal: str) -> None:
    election = election_with(form)
    data = bytes.fromhex(hexadecimal)
    assert encode_vote(election, "s", {"c": choice}) == data
    assert decode_vote(election, "s", data) == Vote(style="s", choices=FrozenMap({"c": choice}))
    assert plaintext_length(election, "s") == len(data)


SPOILED = [
    (Approval(minimum=1, maximum=5), "01 0020", "unused-bits"),
    (Approval(minimum=2, maximum=5), "01 8000", "too-few"),
    (Approval(minimum=1, maximum=2), "01 e000", "too-many"),
    (Approval(minimum=1, maximum=2, blank=False), "01 0000", "blank"),
    (KNAPSACK, "01 0001", "unused-bits"),
    (KNAPSACK, "01 8000", "too-few"),
    (KNAPSACK, "01 f000", "too-many"),
    (KNAPSACK, "01 3000", "over-budget"),
    (ChooseOne(), "01 000b", "unknown"),
    (ChooseOne(blank=False), "01 0000", "blank"),
    (Ranking(minimum=1, maximum=3), "01 0000 0001 0000", "gap"),
    (Ranking(minimum=1, maximum=3), "01 0001 0000 ffff", "gap"),
    (Ranking(minimum=1, maximum=3), "01 000b 0001 0001", "unknown"),
    (Ranking(minimum=1, maximum=3), "01 0001 0001 ffff", "repeated"),
    (Ranking(minimum=2, maximum=3), "01 0001 0000 0000", "too-few"),
    (POINTS, "01 0004" + " 0000" * 9, "too-few"),
    (POINTS, "01 0001 0001 0001 0001" + " 0000" * 6, "too-many"),
    (POINTS, "01 0007 0001" + " 0000" * 8, "over-cap"),
    (POINTS, "01 0006 0005" + " 0000" * 8, "over-total"),
    (POINTS, "01 0001 0002" + " 0000" * 8, "under-total"),
    (SCORES, "01 0004 0001" + " 0000" * 8, "out-of-range"),
    (SCORES, "01 0001" + " 0000" * 9, "too-few"),
    (SCORES, "01 0001 0001 0001 0001" + " 0000" * 6, "too-many"),
    (GRADES, "01 0003" + " 0000" * 9, "out-of-range"),
    (QuestionForm(), "01 0b", "unknown"),
    (QuestionForm(blank=False), "01 00", "blank"),
]


@pytest.mark.parametrize(("form", "hexadecimal", "reason"), SPOILED)
def test_spoiled_parts(form: Form, hexadecimal: str, reason: str) -> None:
    vote = decode_vote(election_with(form), "s", bytes.fromhex(hexadecimal))
    assert vote == Vote(style="s", choices=FrozenMap({"c": Spoiled(reason=reason)}))


def test_every_reason_is_met_and_in_two_languages() -> None:
    assert {reason for _, _, reason in SPOILED} | set(WHOLE_BALLOT) == set(REASONS)
    assert all([code for code, _ in text.words] == ["fr", "en"] for text in REASONS.values())


def test_spoiled_ballots() -> None:
    election = election_with(ChooseOne())
    assert decode_vote(election, "s", b"") == Spoiled(reason="length")
    assert decode_vote(election, "s", b"\x01\x00") == Spoiled(reason="length")
    assert decode_vote(election, "s", b"\x01\x00\x00\x00") == Spoiled(reason="length")
    assert decode_vote(election, "s", b"\x02\x00\x00") == Spoiled(reason="version")


@pytest.mark.parametrize(
    ("form", "choice", "reason"),
    [
        (Approval(minimum=1, maximum=5), (("other", 1),), "unknown"),
        (Approval(minimum=1, maximum=5), (("p0", 2),), "layout"),
        (Approval(minimum=1, maximum=5), (("p0", True),), "layout"),
        (Approval(minimum=1, maximum=5), (("p0", 1), ("p0", 1)), "repeated"),
        (ChooseOne(), (("p0", 1), ("p1", 1)), "too-many"),
        (QuestionForm(), (("p0", 1), ("p1", 1)), "too-many"),
        (Ranking(minimum=1, maximum=3), (("p0", 4),), "too-many"),
        (Ranking(minimum=1, maximum=3), (("p0", 0),), "layout"),
        (Ranking(minimum=1, maximum=3), (("p0", 1), ("p1", 1)), "layout"),
        (POINTS, (("p0", 0),), "layout"),
        (POINTS, (("p0", 65536),), "layout"),
        (SCORES, (("p0", -2),), "layout"),
        (GRADES, (("p0", -1),), "layout"),
    ],
)
def test_what_no_ballot_has_a_place_for(form: Form, choice: Choice, reason: str) -> None:
    election = election_with(form)
    for encode in (encode_vote, encode_vote_unchecked):
        with pytest.raises(VoteInvalid) as caught:
            encode(election, "s", {"c": choice})
        assert (caught.value.contest, caught.value.reason) == ("c", reason)


@pytest.mark.parametrize(
    ("form", "choice", "reason"),
    [
        (Approval(minimum=1, maximum=1), (("p0", 1), ("p1", 1)), "too-many"),
        (Approval(minimum=1, maximum=1, blank=False), (), "blank"),
        (KNAPSACK, (("p4", 1), ("p5", 1)), "over-budget"),
        (Ranking(minimum=1, maximum=3), (("p0", 1), ("p1", 3)), "gap"),
        (Ranking(minimum=1, maximum=3), (("p0", 1), ("p0", 2)), "repeated"),
        (POINTS, (("p0", 9), ("p1", 1)), "over-cap"),
        (SCORES, (("p0", 2), ("p1", 1)), "out-of-range"),
        (GRADES, (("p0", 2),), "out-of-range"),
    ],
)
def test_unchecked_ballots_arrive_spoiled(form: Form, choice: Choice, reason: str) -> None:
    election = election_with(form)
    with pytest.raises(VoteInvalid) as caught:
        encode_vote(election, "s", {"c": choice})
    assert caught.value.reason == reason
    data = encode_vote_unchecked(election, "s", {"c": choice})
    vote = decode_vote(election, "s", data)
    assert isinstance(vote, Vote)
    assert vote.choices["c"] == Spoiled(reason=reason)


def test_contests_of_the_style_and_no_others() -> None:
    election = election_with(ChooseOne())
    with pytest.raises(VoteInvalid, match="contest 'c': no choice is given"):
        encode_vote(election, "s", {})
    with pytest.raises(VoteInvalid, match="contest 'd': is not on this ballot"):
        encode_vote(election, "s", {"c": (), "d": ()})
    with pytest.raises(TallyError, match="no style 't'"):
        encode_vote(election, "t", {})


@given(st.data())
def test_every_vote_reads_back(data: st.DataObject) -> None:
    election = data.draw(strategies.elections())
    style = data.draw(st.sampled_from(election.styles))
    chosen = {
        name: data.draw(strategies.choices(election.contest(name), election.form(style.id, name)))
        for name in style.contests
    }
    plaintext = encode_vote(election, style.id, chosen)
    assert len(plaintext) == plaintext_length(election, style.id)
    assert decode_vote(election, style.id, plaintext) == Vote(
        style=style.id, choices=FrozenMap(chosen)
    )
    # Marks may be given in any order: the bytes are the same.
    turned = {name: tuple(reversed(choice)) for name, choice in chosen.items()}
    assert encode_vote(election, style.id, turned) == plaintext


@given(st.data())
def test_any_bytes_are_a_vote_or_spoiled_and_clean_ones_are_the_only_spelling(
    data: st.DataObject,
) -> None:
    election = data.draw(strategies.elections(most_contests=2))
    style = data.draw(st.sampled_from(election.styles))
    layout = Layout(election, style.id)
    # Small bytes are often clean; whole random ones hardly ever.
    body = st.lists(
        st.one_of(st.just(0), st.just(0), st.integers(0, 4), st.integers(0, 255)),
        min_size=layout.length - 1,
        max_size=layout.length - 1,
    ).map(bytes)
    plaintext = data.draw(st.one_of(st.binary(max_size=40), body.map(lambda rest: b"\x01" + rest)))
    vote = layout.decode(plaintext)
    if isinstance(vote, Spoiled):
        assert vote.reason in ("length", "version")
        return
    assert tuple(vote.choices) == style.contests
    clean: dict[str, Choice] = {}
    for name, choice in vote.choices.items():
        if isinstance(choice, Spoiled):
            assert choice.reason in REASONS
            assert choice.reason not in WHOLE_BALLOT
        else:
            clean[name] = choice
    if len(clean) == len(vote.choices):
        assert layout.encode(clean) == plaintext


def test_what_was_read_before_does_not_grow_with_the_ballots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tally_vote, "MOST_KNOWN", 2)
    election = election_with(Approval(minimum=1, maximum=3))
    layout = Layout(election, "s")
    for project in [*range(10), *range(10)]:
        choice = ((f"p{project}", 1),)
        vote = layout.decode(encode_vote(election, "s", {"c": choice}))
        assert isinstance(vote, Vote)
        assert vote.choices["c"] == choice
        assert 0 < len(layout._parts[0].known) <= 2


def test_votes_go_between_processes_as_they_are() -> None:
    for choice in ((("p1", 1), ("p2", 1)), (), Spoiled(reason="too-many")):
        vote = Vote(style="s", choices=FrozenMap({"z": choice, "a": ()}))
        copy = pickle.loads(pickle.dumps(vote))  # noqa: S301
        assert copy == vote
        assert list(copy.choices) == ["z", "a"]
