"""Pabulib files: read strictly, written back byte for byte, taken as elections."""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tally.canonical import Value
from tally.election import (
    Approval,
    ChooseOne,
    CountingRule,
    Election,
    Envelope,
    FrozenMap,
    Grades,
    Knapsack,
    Points,
    Question,
    Ranking,
    Scores,
    Style,
    Text,
)
from tally.errors import TallyError
from tally.pabulib import (
    Instance,
    PabulibError,
    file_id,
    our_id,
    parse,
    publication,
    read_instance,
    selected,
    votes_of,
    write,
)
from tally.profile import Profile, profile_of
from tally.vote import REASONS, Layout, Spoiled, Vote
from tests import strategies

FILES = 95

# Files whose ``votes`` column is not what their ballots say: a ballot lists a project two (or
# four) times and the column counts each time. (docs/pabulib.md)
COUNTED_TWICE = {
    "Poland_Czestochowa_2020.pb": {"579": 3},
    "Poland_Warszawa_2026_Grochow.pb": {"2107": 1, "2096": 1},
}
# Files with ballots outside the limits the file states itself: reason and how many.
OUTSIDE = {
    "Poland_Warszawa_2018_Kamionek.pb": ("over-budget", 1),
    "Worldwide_Mechanical_Turk_Utilities_3.pb": ("under-total", 11),
    "Worldwide_Mechanical_Turk_Utilities_6.pb": ("under-total", 12),
    "Worldwide_Mechanical_Turk_Utilities_8.pb": ("under-total", 9),
}


def folder() -> Path | None:
    name = os.environ.get("SCRUTIN_PABULIB")
    return Path(name) if name else None


def shared_files() -> list[object]:
    where = folder()
    paths = sorted(where.glob("*.pb")) if where else []
    return [pytest.param(path, id=path.name) for path in paths] or [
        pytest.param(
            None,
            id="no files",
            marks=pytest.mark.skip("real Pabulib files: set SCRUTIN_PABULIB to their folder"),
        )
    ]


def test_all_shared_files_are_there() -> None:
    where = folder()
    if where is None:
        pytest.skip("real Pabulib files: set SCRUTIN_PABULIB to their folder")
    assert len(list(where.glob("*.pb"))) == FILES


@pytest.mark.parametrize("path", shared_files())
def test_real_files(path: Path) -> None:
    text = path.read_bytes().decode()
    file = parse(text)
    assert write(file) == text
    plain = read_instance(file)
    wide = read_instance(file, widen=True)
    _check_votes_column(path.name, plain)
    _check_ballots(path.name, plain)
    assert all(ballot.reason is None for ballot in wide.ballots)
    profile = _through_the_bytes(wide)
    # Published and read again: the same votes, the same limits.
    published = publication(wide.election, "budget", profile, [])
    again = parse(published)
    assert write(again) == published
    reread = read_instance(again)
    assert reread.envelope.form == wide.envelope.form
    assert [(p.id, p.cost) for p in reread.envelope.projects] == [
        (p.id, p.cost) for p in wide.envelope.projects
    ]
    assert _through_the_bytes(reread) == profile


def _check_votes_column(name: str, instance: Instance) -> None:
    """The file's own column, recomputed, for every project."""
    wrong = [remark for remark in instance.remarks if remark.code == "votes-column"]
    assert len(wrong) == len(COUNTED_TWICE.get(name, {}))
    votes = votes_of(instance.ballots)
    for project, more in COUNTED_TWICE.get(name, {}).items():
        said = f"the file says {votes[project] + more} votes, its ballots as read {votes[project]}"
        assert any(said in remark.message for remark in wrong)


def _check_ballots(name: str, instance: Instance) -> None:
    """Every ballot either encodes under the form or says why not, and the bytes agree."""
    layout = Layout(instance.election, "all")
    outside = [ballot for ballot in instance.ballots if ballot.reason]
    reason, count = OUTSIDE.get(name, ("", 0))
    assert len(outside) == count
    for ballot in outside:
        assert ballot.reason == reason
        assert ballot.reason in REASONS
        data = layout.encode({"budget": ballot.choice}, checked=False)
        vote = layout.decode(data)
        assert isinstance(vote, Vote)
        assert vote.choices["budget"] == Spoiled(reason=reason)


def _through_the_bytes(instance: Instance) -> Profile:
    """The profile of all ballots after encoding and decoding, each kind of them once; votes per
    project are kept."""
    layout = Layout(instance.election, "all")
    votes: list[Vote] = []
    for choice, ballots in Counter(ballot.choice for ballot in instance.ballots).items():
        vote = layout.decode(layout.encode({"budget": choice}))
        assert isinstance(vote, Vote)
        assert vote.choices["budget"] == choice
        votes += [vote] * ballots
    profile = profile_of(instance.election, "budget", votes)
    assert profile.ballots == len(instance.ballots)
    counted: dict[str, int] = {}
    for choice, ballots in profile.choices.items():
        for project, _ in choice:
            counted[project] = counted.get(project, 0) + ballots
    assert counted == votes_of(instance.ballots)
    return profile


@pytest.mark.parametrize("path", shared_files())
def test_winners_of_real_files_are_projects(path: Path) -> None:
    instance = read_instance(parse(path.read_bytes().decode()))
    outcome = selected(parse(path.read_bytes().decode()))
    if outcome is None:
        return
    assert list(outcome) == [project.id for project in instance.envelope.projects]
    assert set(outcome.values()) <= {0, 1, 2, 3}


META = {
    "description": "Budget",
    "country": "France",
    "unit": "Ville d'Éaux",
    "instance": "2026",
    "num_projects": "3",
    "num_votes": "2",
    "budget": "1000",
    "vote_type": "approval",
    "rule": "greedy",
    "date_begin": "05.10.2026",
    "date_end": "25.10.2026",
    "currency": "EUR",
}
PROJECTS = ["project_id;cost;name", "1;600;Un", "2;500.5;Deux", "3;400;Trois"]
VOTES = ["voter_id;vote", "a;1,2", "b;3"]


def file_text(
    meta: dict[str, str] | None = None,
    projects: list[str] | None = None,
    votes: list[str] | None = None,
    newline: str = "\n",
) -> str:
    """A small file; a key with the value "-" is left out."""
    keys = {key: value for key, value in {**META, **(meta or {})}.items() if value != "-"}
    lines = ["META", "key;value", *(f"{key};{value}" for key, value in keys.items())]
    lines += ["PROJECTS", *(projects or PROJECTS), "VOTES", *(votes or VOTES)]
    return newline.join(lines) + newline


def test_the_small_file() -> None:
    instance = read_instance(parse(file_text()))
    election = instance.election
    assert election.id == "ville-d-eaux-2026"
    assert election.title == Text.of(en="Ville d'Éaux 2026")
    assert (election.opens, election.closes) == ("2026-10-05T00:00:00Z", "2026-10-25T23:59:59Z")
    assert election.exponent == 2
    assert instance.envelope.budget == 100_000
    assert [project.cost for project in instance.envelope.projects] == [60_000, 50_050, 40_000]
    assert instance.envelope.form == Approval(minimum=1, maximum=3)
    assert instance.envelope.rule == CountingRule.of("greedy", {"on_misfit": "skip"})
    assert [ballot.choice for ballot in instance.ballots] == [(("1", 1), ("2", 1)), (("3", 1),)]
    assert [ballot.voter for ballot in instance.ballots] == ["a", "b"]
    assert instance.remarks == ()
    assert selected(parse(file_text())) is None


@pytest.mark.parametrize(
    "text",
    [
        file_text(newline="\r\n"),
        file_text().removesuffix("\n"),
        file_text(newline="\r\n").removesuffix("\r\n"),
        file_text().replace("rule;greedy\n", "rule;greedy\r\n"),
        file_text(newline="\r\n").replace("rule;greedy\r\n", "rule;greedy\n"),
        file_text(projects=["project_id;cost;name", '1;6;"a;""b"""', '2;5;a "b" c', '3;4;"plain"']),
        file_text(projects=["project_id;cost;name", '1;6;"a\nb\r\nc"', "2;5;", "3;4;é\u2028字"]),
        file_text(projects=["extra;project_id;cost", "x;1;6", ";2;5", ";3;4"]),
        file_text(votes=["voter_id;age;vote;sex", 'a;"";"1,2";', "b;30;3;F"]),
        file_text({"unknown key": "kept", "description": '"two\nlines"'}),
    ],
)
def test_every_spelling_is_kept(text: str) -> None:
    assert write(parse(text)) == text


def test_quoted_cells() -> None:
    file = parse(
        file_text(projects=["project_id;cost;name", '1;6;"a;""b"""', '2;5;a "b" c', '3;4;"d\ne"'])
    )
    assert file.projects.values("name") == ('a;"b"', 'a "b" c', "d\ne")
    assert file.votes.rows[0].line == 23
    titles = [project.title for project in read_instance(file).envelope.projects]
    assert titles[2] == Text.of(en="d e")


TWICE = {"num_projects": "2"}
ERRORS: list[tuple[str, str]] = [
    ("\ufeff" + file_text(), "line 1: a byte order mark"),
    ("", "META: the section is missing"),
    ("x\n" + file_text(), "META: the section is missing"),
    (file_text().replace("PROJECTS\n", "PROJECT\n"), "PROJECTS: the section is missing"),
    (file_text().replace("VOTES\n", ""), "VOTES: the section is missing"),
    (file_text().replace("rule;greedy\n", "rule;greedy\n\n"), "line 12: the line is empty"),
    (file_text().replace("rule;gr", "rule;gr\r"), "line 11: a carriage return within the line"),
    (file_text().replace("rule;greedy", 'rule;"greedy'), "line 11: a quoted cell has no end"),
    (file_text().replace("rule;greedy", 'rule;"gre"edy'), "line 11: 'edy"),
    (file_text().replace("key;value", "value;key"), "META, line 2: the header is not 'key;value'"),
    (file_text().replace("key;value\n", "key\n"), "META, line 2, column 'value'"),
    (file_text().replace("rule;greedy", "rule"), "META, line 11: 1 cells and 2 columns"),
    (file_text({"rule": "-"}), "META, column 'rule': the key is missing"),
    (file_text({"budget;1": "2"}), "META, line 15: 3 cells and 2 columns"),
    (file_text().replace("instance;", "unit;"), "META, line 6, column 'key': key 'unit' stands in"),
    (file_text({"num_projects": "4"}), "META, column 'num_projects': '4' is said and 3 lines"),
    (file_text({"num_votes": "2.0"}), "META, column 'num_votes': '2.0' is said and 2 lines"),
    (file_text({"vote_type": "x"}), "META, column 'vote_type': 'x' is not known"),
    (file_text({"budget": "1,5"}), "META, column 'budget': '1,5' is not a number"),
    (file_text({"budget": ""}), "META, column 'budget': '' is not a number"),
    (file_text({"vote_type": "scoring"}), "VOTES, line 21, column 'points'"),
    (file_text(projects=["project_id;name", "1;a"]), "PROJECTS, line 16, column 'cost'"),
    (file_text(projects=["project_id;cost;cost"]),
     "PROJECTS, line 16, column 'cost': stands twice"),
    (file_text(projects=["project_id;cost;"]), "PROJECTS, line 16: a column has no name"),
    (file_text(projects=["project_id;cost", "1;1", "1;2", "3;4"]),
     "PROJECTS, line 18, column 'project_id': project id '1' stands in line 17 too"),
    (file_text(projects=["project_id;cost", "1;1", ";2", "3;4"]),
     "PROJECTS, line 18, column 'project_id': no project id"),
    (file_text(projects=["project_id;cost", "1;1", "2;free", "3;4"]),
     "PROJECTS, line 18, column 'cost': 'free' is not a number"),
    (file_text(projects=["project_id;cost", "1;1", "2;1e9", "3;4"]), "'1e9' is not a number"),
    (file_text(projects=["project_id;cost", "1;1", "2;٣", "3;4"]), "'٣' is not a number"),
    (file_text(projects=["project_id;cost", "1;1", "2;2;2", "3;4"]),
     "PROJECTS, line 18: 3 cells and 2 columns"),
    (file_text(votes=["voter;vote"]), "VOTES, line 21, column 'voter_id'"),
    (file_text(votes=["voter_id;vote", "a;1", "a;1"]),
     "VOTES, line 23, column 'voter_id': voter id 'a' stands in line 22 too"),
    (file_text(votes=["voter_id;vote", "a;1", "b;4"]),
     "VOTES, line 23, column 'vote': there is no project '4'"),
    (file_text(votes=["voter_id;vote", "a;1", "b;1, 2"]), "there is no project ' 2'"),
    (file_text(votes=["voter_id;vote;points", "a;1,2;1,2", "b;1;1,1"]),
     "VOTES, line 23, column 'points': 2 numbers for 1 projects"),
    (file_text(votes=["voter_id;vote;points", "a;1,2;1,2", "b;1;x"]),
     "VOTES, line 23, column 'points': 'x' is not a number"),
    (file_text().split("VOTES\n")[0] + "VOTES\n", "VOTES, line 20: no header"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_errors_one_by_one(text: str, message: str) -> None:
    with pytest.raises(PabulibError) as caught:
        parse(text)
    assert message in str(caught.value)


POINTED = ["voter_id;vote;points", "a;1,2;3,2", "b;3;1"]
UNREADABLE: list[tuple[str, str]] = [
    (file_text({"date_begin": "2026-10-05"}), "META, column 'date_begin': '2026-10-05' is not"),
    (file_text({"date_begin": "31.02.2026"}), "opens: '2026-02-31T00:00:00Z' is not a time"),
    (file_text({"date_end": "2025"}), "closes: the vote closes before it opens"),
    (file_text({"budget": "0"}), "contests[0].budget: 0 is out of range"),
    (file_text({"budget": "1.1234567"}), "an amount has 7 decimals"),
    (file_text({"min_length": "2.5"}), "META, column 'min_length': '2.5' is not a whole number"),
    (file_text({"min_length": "4"}), "contests[0].form.minimum: 4 projects are asked for"),
    (file_text({"max_sum_cost": "much"}), "META, column 'max_sum_cost': 'much' is not a number"),
    (file_text({"min_project_score_threshold": "x"}), "'x' is not a whole number"),
    (file_text({"vote_type": "cumulative"}, votes=POINTED), "column 'max_sum_points': the key"),
    (file_text({"vote_type": "cumulative", "max_sum_points": "5"},
               votes=["voter_id;vote;points", "a;1,2;3,2", "b;3;1.5"]),
     "VOTES, line 24, column 'points': '1.5' is not a whole number"),
    (file_text({"vote_type": "scoring"},
               votes=["voter_id;vote;points", "a;1,2;3,2", "b;3;1.5"]),
     "VOTES, line 23, column 'points': '1.5' is not a whole number"),
    (file_text({"vote_type": "cumulative", "max_sum_points": "5"},
               votes=["voter_id;vote;points", "a;1,2;3,2", "b;3;-1"]),
     "VOTES, line 24, column 'points': -1 points"),
    (file_text(projects=["project_id;cost", "1;1", f"2{'é#' * 32};2", "3;4"], votes=[
        "voter_id;vote", "a;1", "b;3"]), "PROJECTS, line 18, column 'project_id': the id"),
    (file_text(projects=["project_id;cost", "1;1", "2;-2", "3;4"]),
     "projects[1].cost: -2 is out of range"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), UNREADABLE)
def test_files_that_make_no_election(text: str, message: str) -> None:
    with pytest.raises(PabulibError) as caught:
        read_instance(parse(text))
    assert message in str(caught.value)


def test_forms() -> None:
    def form(meta: dict[str, str], votes: list[str] | None = None) -> object:
        return read_instance(parse(file_text(meta, votes=votes))).envelope.form

    assert form({"vote_type": "choose-1"}, ["voter_id;vote", "a;1", "b;3"]) == ChooseOne()
    assert form({"min_length": "2", "max_length": "9"}) == Approval(minimum=2, maximum=3)
    assert form({"max_sum_cost": "1100.5", "max_length": "2"}) == Knapsack(
        budget=110_050, minimum=1, maximum=2
    )
    assert form({"max_sum_cost": "1500.50"}) == Approval(minimum=1, maximum=3)
    assert form({"vote_type": "ordinal", "max_length": "2"}) == Ranking(minimum=1, maximum=2)
    assert form({"vote_type": "cumulative", "max_sum_points": "7"}, POINTED) == Points(
        total=7, cap=7, minimum_projects=1, maximum_projects=None, minimum_total=0
    )
    assert form(
        {
            "vote_type": "cumulative",
            "max_sum_points": "7",
            "max_points": "3",
            "max_length": "2",
            "min_sum_points": "1",
        },
        POINTED,
    ) == Points(total=7, cap=3, minimum_projects=1, maximum_projects=2, minimum_total=1)
    assert form({"vote_type": "scoring", "min_points": "-2", "max_points": "5"}, POINTED) == Scores(
        minimum=-2, maximum=5, minimum_projects=1, maximum_projects=None
    )
    assert form({"vote_type": "scoring"}, POINTED) == Scores(
        minimum=0, maximum=3, minimum_projects=1, maximum_projects=None
    )


def test_rules() -> None:
    def rule(meta: dict[str, str], projects: list[str] | None = None) -> CountingRule:
        return read_instance(parse(file_text(meta, projects))).envelope.rule

    greedy = CountingRule.of
    threshold = {"min_project_score_threshold": "5"}
    assert rule({"rule": "greedy-no-skip"}) == greedy("greedy", {"on_misfit": "stop"})
    assert rule({"rule": "greedy-threshold", **threshold}) == greedy(
        "greedy", {"on_misfit": "skip", "minimum_score": 5}
    )
    assert rule({"rule": "greedy-custom", "comment": "#1: at least 80%"}) == greedy(
        "greedy", {"on_misfit": "top-up", "top_up_share": "4/5"}
    )
    assert rule({"rule": "greedy-custom"}) == greedy("greedy-custom")
    shares: dict[str, Value] = {"utility": "cost", "raise": "add1", "fill": "none"}
    shares["increment"] = 100
    assert rule({"rule": "equalshares/add1"}) == CountingRule.of("equal-shares", shares)
    assert rule({"rule": "equalshares/add1-comparison"}) == CountingRule.of(
        "equal-shares", {**shares, "comparison": True}
    )
    assert rule({"rule": "somebody's"}) == greedy("somebody's")
    withdrawn = ["project_id;cost", "1;600", "2;999999999", "3;400"]
    assert rule({"rule": "greedy-no-skip"}, withdrawn) == greedy(
        "greedy", {"on_misfit": "stop", "maximum_cost_share": "1"}
    )
    assert rule({}, withdrawn) == greedy("greedy", {"on_misfit": "skip"})
    assert rule(
        {"rule": "greedy-no-skip"}, ["project_id;cost", "1;2000", "2;999999999", "3;4"]
    ) == (greedy("greedy", {"on_misfit": "stop"}))
    quarters = ["project_id;cost;neighborhood", "1;600;N", "2;500.5;S", "3;400;N"]
    places = {"neighborhoods": "N,S", "budget_per_neighborhood": "700,300"}
    assert rule(places, quarters) == greedy(
        "greedy",
        {
            "on_misfit": "skip",
            "budget_per": {"field": "district", "budgets": {"N": 70_000, "S": 30_000}},
        },
    )


@pytest.mark.parametrize(
    ("meta", "votes", "code", "choices"),
    [
        ({}, ["voter_id;vote", "a;2,1,2", "b;3"], "repeated",
         [(("1", 1), ("2", 1)), (("3", 1),)]),
        ({}, ["voter_id;vote", "a;", "b;3"], "empty", [(), (("3", 1),)]),
        ({"max_length": "1"}, VOTES, "spoiled-too-many", [(("1", 1), ("2", 1)), (("3", 1),)]),
        ({"vote_type": "ordinal"}, ["voter_id;vote", "a;2,1,2,3", "b;3"], "repeated",
         [(("2", 1), ("1", 2), ("3", 3)), (("3", 1),)]),
        ({"vote_type": "cumulative", "max_sum_points": "9"},
         ["voter_id;vote;points", "a;2,1,2;3,0,4", "b;3;1"], "zero-points",
         [(("2", 7),), (("3", 1),)]),
        ({"vote_type": "scoring", "min_points": "0", "max_points": "3"},
         ["voter_id;vote;points", "a;2,1;0,3", "b;3;4"], "spoiled-out-of-range",
         [(("1", 3), ("2", 0)), (("3", 4),)]),
        ({"vote_type": "scoring", "default_score": "1"}, POINTED, "default-score",
         [(("1", 3), ("2", 2)), (("3", 1),)]),
        ({"currency": "euro"}, VOTES, "currency", [(("1", 1), ("2", 1)), (("3", 1),)]),
        ({"min_sum_cost": "5"}, VOTES, "least-cost", [(("1", 1), ("2", 1)), (("3", 1),)]),
        ({"vote_type": "ordinal", "scoring_fn": "x"}, VOTES, "scoring-function",
         [(("1", 1), ("2", 2)), (("3", 1),)]),
        ({"vote_type": "choose-1"}, VOTES, "spoiled-too-many",
         [(("1", 1), ("2", 1)), (("3", 1),)]),
        ({"rule": "greedy-threshold"}, VOTES, "threshold", [(("1", 1), ("2", 1)), (("3", 1),)]),
        ({"rule": "greedy-exclusive"}, VOTES, "exclusive", [(("1", 1), ("2", 1)), (("3", 1),)]),
    ],
)  # fmt: skip
def test_what_is_read_with_a_remark(
    meta: dict[str, str], votes: list[str], code: str, choices: list[object]
) -> None:
    instance = read_instance(parse(file_text(meta, votes=votes)))
    assert code in [remark.code for remark in instance.remarks]
    assert [ballot.choice for ballot in instance.ballots] == choices
    spoiled = {f"spoiled-{ballot.reason}" for ballot in instance.ballots if ballot.reason}
    assert spoiled == ({code} if code.startswith("spoiled-") else set())


def test_widened_limits_admit_every_ballot() -> None:
    for meta, votes in (
        ({"max_length": "1"}, VOTES),
        ({"min_length": "2"}, VOTES),
        ({"max_sum_cost": "700"}, VOTES),
        ({"vote_type": "ordinal", "max_length": "1"}, VOTES),
        ({"vote_type": "cumulative", "max_sum_points": "4", "max_points": "2"}, POINTED),
        ({"vote_type": "cumulative", "max_sum_points": "9", "min_sum_points": "2"}, POINTED),
        ({"vote_type": "scoring", "min_points": "2", "max_points": "4"}, POINTED),
    ):
        text = file_text(meta, votes=votes)
        assert any(ballot.reason for ballot in read_instance(parse(text)).ballots)
        wide = read_instance(parse(text), widen=True)
        assert not any(ballot.reason for ballot in wide.ballots)
        assert "widened" in [remark.code for remark in wide.remarks]
        layout = Layout(wide.election, "all")
        for ballot in wide.ballots:
            layout.encode({"budget": ballot.choice})


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12))
def test_ids_are_mapped_and_back(text: str) -> None:
    mapped = our_id(text)
    if mapped is not None:
        assert file_id(mapped) == text
    assert our_id("P 12") == "u+P+20+12"
    assert our_id("BO.D4.7/23") == "BO.D4.7/23"
    assert our_id("u+1") == "u+u+2b+1"
    assert our_id("") is None
    for odd in ("u+1", "u++110000+", "u+x+2", "u+ffffff"):
        assert file_id(odd) == odd


@given(st.data())
def test_what_is_published_reads_back(data: st.DataObject) -> None:
    envelope = data.draw(strategies.envelopes("city"))
    election = election_of(envelope)
    profile = data.draw(strategies.profiles(envelope))
    ids = [project.id for project in envelope.projects]
    # An id of ours that only looks mapped ("u+") is another one when it is read from the file.
    assume(all(our_id(file_id(name)) == name for name in ids))
    winners = data.draw(st.lists(st.sampled_from(ids), unique=True))
    topped = winners[:1]
    text = publication(election, "city", profile, winners, topped_up=topped, language="en")
    file = parse(text)
    assert write(file) == text
    assert selected(file) == {
        name: (2 if name in topped else 1) if name in winners else 0 for name in ids
    }
    instance = read_instance(file)
    factor = 10 ** (election.exponent - instance.election.exponent)
    assert instance.envelope.budget * factor == envelope.budget
    assert [(p.id, p.cost * factor) for p in instance.envelope.projects] == [
        (p.id, p.cost) for p in envelope.projects
    ]
    assert not any(ballot.reason for ballot in instance.ballots)
    assert instance.envelope.rule == envelope.rule
    counts: dict[object, int] = {}
    for ballot in instance.ballots:
        counts[ballot.choice] = counts.get(ballot.choice, 0) + 1
    assert counts == dict(profile.choices)
    if isinstance(envelope.form, Grades):
        form = instance.envelope.form
        assert isinstance(form, Grades)
        assert form.default == envelope.form.default
        assert [label.in_language("en") for label in form.labels] == [
            label.words[0][1] for label in envelope.form.labels
        ]
    assert not [remark for remark in instance.remarks if remark.code == "votes-column"]


def election_of(envelope: Envelope) -> Election:
    words = Text.of(fr="mots", en="words")
    election = Election(
        id="town", title=words, organiser=words, eligibility=words, languages=("fr", "en"),
        currency="EUR", exponent=2, time_zone="UTC",
        opens="2026-10-05T08:00:00Z", closes="2026-10-25T22:00:00Z",
        contests=(envelope,),
        styles=(Style(id="all", title=words, contests=(envelope.id,), forms=FrozenMap()),),
    )  # fmt: skip
    return Election.from_value(election.to_value())


def test_a_publication() -> None:
    instance = read_instance(parse(file_text({"max_sum_cost": "1100.5"})), languages=("fr", "en"))
    profile = Profile.of({(("1", 1), ("2", 1)): 2, (("3", 1),): 1, (): 4}, {"over-budget": 1})
    text = publication(instance.election, "budget", profile, ["3", "1"], topped_up=["1"])
    assert text == (
        "META\nkey;value\ndescription;Ville d'Éaux 2026\ncountry;unknown\nunit;Ville d'Éaux\n"
        "instance;ville-d-eaux-2026\nnum_projects;3\nnum_votes;3\nbudget;1000\n"
        "vote_type;approval\nrule;greedy\ndate_begin;05.10.2026\ndate_end;25.10.2026\n"
        "min_length;1\nmax_length;3\nmax_sum_cost;1100.50\nlanguage;fr\ncurrency;EUR\n"
        'comment;"#1: Counting rule: {""name"":""greedy"",""parameters"":{""on_misfit"":'
        '""skip""}}. #2: Not listed are 4 blank and 1 spoiled ballots."\n'
        "PROJECTS\nproject_id;cost;votes;name;category;district;selected\n"
        "1;600;2;Un;;;2\n2;500.50;2;Deux;;;0\n3;400;1;Trois;;;1\n"
        "VOTES\nvoter_id;vote\n1;1,2\n2;1,2\n3;3\n"
    )


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"on_misfit": "skip"}, "greedy"),
        ({"on_misfit": "skip", "minimum_score": 5}, "greedy-threshold"),
        ({"on_misfit": "stop"}, "greedy-no-skip"),
        ({"on_misfit": "stop", "minimum_score": 5}, "greedy-no-skip"),
        ({"on_misfit": "top-up", "top_up_share": "4/5"}, "greedy-custom"),
        ({"on_misfit": "skip", "exclusive_groups": [["1", "2"]]}, "greedy-exclusive"),
        ({"on_misfit": "skip", "fixed_winners": 3}, "greedy-custom"),
    ],
)
def test_names_of_published_rules(parameters: dict[str, object], name: str) -> None:
    rule = CountingRule.of("greedy", parameters)  # type: ignore[arg-type]
    instance = read_instance(parse(file_text()), rule=rule)
    file = parse(publication(instance.election, "budget", Profile.of({}), []))
    assert file.keys["rule"] == name
    assert read_instance(file).envelope.rule == rule


def test_what_cannot_be_published() -> None:
    instance = read_instance(parse(file_text()))
    with pytest.raises(TallyError, match="no project '4' that could win"):
        publication(instance.election, "budget", Profile.of({}), ["4"])
    with pytest.raises(TallyError, match="has no contest 'x'"):
        publication(instance.election, "x", Profile.of({}), [])


@given(strategies.questions("asked"))
def test_questions_have_no_file(question: Question) -> None:
    words = Text.of(fr="mots", en="words")
    election = Election(
        id="town", title=words, organiser=words, eligibility=words, languages=("fr", "en"),
        currency="EUR", exponent=2, time_zone="UTC",
        opens="2026-10-05T08:00:00Z", closes="2026-10-25T22:00:00Z",
        contests=(question,), styles=(Style(id="all", title=words, contests=("asked",)),),
    )  # fmt: skip
    with pytest.raises(TallyError, match="is a question"):
        publication(election, "asked", Profile.of({}), [])
