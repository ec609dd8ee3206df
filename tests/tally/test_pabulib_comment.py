"""Files of ours are counted again by their own rule, parameters, amounts and grades and all."""

from dataclasses import replace
from typing import Any

import pytest

from tally import rules
from tally.election import CountingRule, Election, Envelope, Project, Style
from tally.form import Approval, Form, Grades, Points
from tally.frozen import FrozenMap
from tally.outcome import Outcome
from tally.pabulib import PabulibError, publication, read_counted
from tally.profile import Profile
from tally.text import Text
from tally.tiebreak import lot_keys

LABELS = ("Très bien", 'Bien, voire "mieux"', "Passable. #2: Not listed are 9 blank", "À rejeter")


def election_of(form: Form, rule: CountingRule, exponent: int = 2) -> Election:
    words = Text.of(fr="mots", en="words")
    contest = Envelope(
        id="city",
        title=words,
        description=words,
        budget=9_000,
        form=form,
        rule=rule,
        tie_break=("votes", "cost", "order"),
        projects=tuple(
            Project(
                id=name,
                title=Text.of(fr=name, en=name),
                description=words,
                cost=cost,
                district="Nord" if cost < 3_000 else "Sud",
            )
            for name, cost in (("a", 4_000), ("b", 3_000), ("u+P+20+1", 2_000), ("d", 1_000))
        ),
    )
    election = Election(
        id="town", title=words, organiser=words, eligibility=words, languages=("fr", "en"),
        currency="EUR", exponent=exponent, time_zone="UTC",
        opens="2026-10-05T08:00:00Z", closes="2026-10-25T22:00:00Z",
        contests=(contest,),
        styles=(Style(id="all", title=words, contests=("city",), forms=FrozenMap()),),
    )  # fmt: skip
    return Election.from_value(election.to_value())


APPROVAL = Approval(minimum=1, maximum=4)
GRADES = Grades(labels=tuple(Text.of(fr=word, en=word) for word in LABELS), default=2)
BALLOTS: dict[tuple[tuple[str, int], ...], int] = {
    (("a", 1), ("b", 1)): 5,
    (("b", 1), ("u+P+20+1", 1)): 4,
    (("a", 1), ("d", 1)): 3,
    (("u+P+20+1", 1),): 3,
}
GRADED: dict[tuple[tuple[str, int], ...], int] = {
    (("a", 0), ("b", 3)): 5,
    (("b", 1), ("u+P+20+1", 0), ("d", 3)): 4,
    (("a", 3), ("d", 1)): 3,
}


@pytest.mark.parametrize("exponent", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("greedy", {"on_misfit": "skip", "minimum_score": 4}),
        ("greedy", {"on_misfit": "top-up", "top_up_share": "4/5"}),
        ("greedy", {"on_misfit": "skip", "exclusive_groups": [["a", "u+P+20+1"]]}),
        (
            "greedy",
            {
                "on_misfit": "skip",
                "budget_per": {"field": "district", "budgets": {"Nord": 2_000, "Sud": None}},
            },
        ),
        ("phragmen", {"on_misfit": "stop", "minimum_votes": 2}),
        (
            "equal-shares",
            {"utility": "cost", "raise": "add1", "increment": 7, "fill": "greedy"},
        ),
    ],
)
def test_a_file_is_counted_again_by_its_own_rule(
    name: str, parameters: dict[str, Any], exponent: int
) -> None:
    again(election_of(APPROVAL, CountingRule.of(name, parameters), exponent), BALLOTS)


@pytest.mark.parametrize("minimum", [{}, {"minimum_grade": 1}])
def test_a_file_of_grades_is_counted_again(minimum: dict[str, int]) -> None:
    rule = CountingRule.of("majority-judgment", {"on_misfit": "skip", **minimum})
    again(election_of(GRADES, rule), GRADED)


def counted(contest: Envelope, profile: Profile) -> Outcome:
    return rules.envelope_rule(contest).count(contest, profile, lot_keys(b"", "city"))


def again(election: Election, ballots: dict[tuple[tuple[str, int], ...], int]) -> None:
    """Nothing of the outcome is lost on the way through a file, but the unit of whole amounts."""
    (contest,) = election.contests
    assert isinstance(contest, Envelope)
    assert rules.check(contest) == []
    profile = Profile.of({**ballots, (): 2}, {"too-many": 1})
    whole = counted(contest, profile)
    text = publication(election, "city", profile, list(whole.winners))
    read = read_counted(text)
    assert read.envelope.rule == contest.rule
    assert read.profile.choices == profile.choices
    assert [remark.code for remark in read.remarks] == ["unlisted"]
    assert "3 blank and spoiled" in read.remarks[0].message
    found = counted(read.envelope, read.profile)
    unit = 10 ** (election.exponent - read.election.exponent)
    assert found.winners == whole.winners
    assert (found.spent * unit, found.left * unit) == (whole.spent, whole.left)
    assert [step.reason for step in found.steps] == [step.reason for step in whole.steps]
    second = publication(
        replace(read.election, id="town", organiser=election.organiser, title=election.title),
        "budget",
        replace(profile, choices=read.profile.choices),
        list(found.winners),
    )
    if read.election.exponent == election.exponent:
        assert second.split("PROJECTS")[1] == text.split("PROJECTS")[1]


def published(**changed: str) -> str:
    """A file of grades with keys of META as they were not published."""
    rule = CountingRule.of("majority-judgment", {"on_misfit": "skip"})
    text = publication(election_of(GRADES, rule), "city", Profile.of(GRADED), [])
    lines = text.split("\n")
    for key, value in changed.items():
        at = next(n for n, line in enumerate(lines) if line.startswith(f"{key};"))
        lines[at] = f"{key};{value}"
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("changed", "column", "message"),
    [
        ({"max_points": "4"}, "max_points", "4 does not go with the 4 grades"),
        ({"min_points": "1"}, "min_points", "1 does not go with"),
        ({"default_score": "4"}, "default_score", "4 does not go with"),
        ({"comment": '"#1: Counting rule: {""name"":"'}, "comment", "no canonical JSON"),
        ({"comment": '"#1: Counting rule: {""name"":1.5}."'}, "comment", "no canonical JSON"),
        ({"comment": '"#1: Counting rule: {""name"":""x""}."'}, "comment", "name and parameters"),
        (
            {"comment": '"#1: Counting rule: {""name"":""x"",""parameters"":[]}."'},
            "comment",
            "parameters are no object",
        ),
        (
            {
                "comment": '"#1: Counting rule: {""name"":""x"",""parameters"":{}}. '
                '#2: Points are grades, from 0: [""alone""]."'
            },
            "comment",
            "at least two different texts",
        ),
        ({"comment": '"#1: Counting rule: ' + "{[" * 5_000 + '"'}, "comment", "canonical JSON"),
    ],
)
def test_a_damaged_file_is_refused_by_name(
    changed: dict[str, str], column: str, message: str
) -> None:
    with pytest.raises(PabulibError, match=message) as caught:
        read_counted(published(**changed))
    assert caught.value.column == column


def test_a_changed_key_is_read_rather_than_the_comment() -> None:
    rule = CountingRule.of("greedy", {"on_misfit": "skip", "minimum_score": 4})
    text = publication(election_of(APPROVAL, rule), "city", Profile.of(BALLOTS), [])
    for old, new, on_misfit, score in (
        ("rule;greedy-threshold", "rule;greedy-no-skip", "stop", 4),
        ("threshold;4", "threshold;5", "skip", 5),
    ):
        assert old in text
        read = read_counted(text.replace(old, new))
        assert read.envelope.rule == CountingRule.of(
            "greedy", {"on_misfit": on_misfit, "minimum_score": score}
        )
        assert [remark.code for remark in read.remarks] == ["rule-comment"]


def test_a_grade_that_there_is_not_spoils_the_ballot() -> None:
    text = published().replace("\n5;a,b;3,0\n", "\n5;a,b;4,0\n")
    assert ";4,0\n" in text
    read = read_counted(text, widen=True)
    assert dict(read.profile.spoiled) == {"out-of-range": 1}
    assert read.profile.choices[(("a", 0), ("b", 3))] == 4


def test_a_number_beyond_all_ballots_says_nothing() -> None:
    text = published().replace("are 0 blank", "are " + "9" * 5_000 + " blank")
    assert "9" * 5_000 in text
    assert read_counted(text).remarks == ()


def test_other_comments_say_nothing() -> None:
    form = Points(total=7, cap=3, minimum_projects=1, maximum_projects=None, minimum_total=1)
    rule = CountingRule.of("greedy", {"on_misfit": "stop"})
    text = publication(election_of(form, rule), "city", Profile.of({(("a", 3), ("b", 1)): 2}), [])
    other = text.replace("#1: Counting rule: ", "#1: The counting rule: ")
    assert other != text
    assert read_counted(other).envelope.rule == rule
    assert read_counted(other).envelope.form == read_counted(text).envelope.form
