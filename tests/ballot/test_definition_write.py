"""Elections written as folders are read back equal: any election, and every .pb file."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballot.definition import DefinitionRefused
from ballot.definition.check import check_files
from ballot.definition.draft import FolderFiles
from ballot.definition.moment import spell_moment
from ballot.definition.new import new_from_pabulib
from ballot.definition.write import write_election, write_projects
from ballot.errors import BallotError
from tally.canonical import Value
from tally.election import (
    Contest,
    CountingRule,
    Election,
    Envelope,
    Grades,
    Project,
    Question,
    Scores,
    Text,
)
from tally.pabulib import parse, read_instance
from tests import strategies

FOLDER = os.environ.get("SCRUTIN_PABULIB")
FILES = sorted(Path(FOLDER).glob("*.pb")) if FOLDER else []
BLANKS = " \t\u00a0\u202f\n"


def trimmed(words: str, otherwise: str = "x") -> str:
    return words.strip(BLANKS) or otherwise


def as_cells(text: Text, otherwise: str = "x") -> Text:
    return Text(words=tuple((code, trimmed(words, otherwise)) for code, words in text.words))


def as_row(project: Project) -> Project:
    """What a spreadsheet keeps of a project: no outer blanks, no ``|`` within a category."""
    categories = (trimmed(word.replace("|", "/")).strip() or "x" for word in project.category)
    return replace(
        project,
        title=as_cells(project.title),
        description=as_cells(project.description, ""),
        category=tuple(dict.fromkeys(categories)),
        district=trimmed(project.district, ""),
        picture=None,
    )


@st.composite
def countable(draw: st.DrawFn) -> Election:
    """An election that the rules accept, in words that cells can hold, at any two moments."""
    election = draw(strategies.elections())
    contests: list[Contest] = []
    for contest in election.contests:
        if isinstance(contest, Question):
            known = [option.id for option in contest.options]
            parameters: dict[str, Value] = {
                "threshold": "1/3",
                "strict": False,
                "of": "cast",
                "quorum": 3,
                "adoptable": list(known[:1]),
            }
            rule = CountingRule.of("question", parameters)
            contests.append(replace(contest, rule=rule))
            continue
        contests.append(
            replace(contest, projects=tuple(as_row(project) for project in contest.projects))
        )
    first, second = sorted(
        draw(st.lists(st.integers(0, 4_000_000_000), min_size=2, max_size=2, unique=True))
    )
    return replace(
        election,
        contests=tuple(contests),
        time_zone=draw(st.sampled_from(ZONES)),
        opens=spell_moment(datetime.fromtimestamp(first, UTC)),
        closes=spell_moment(datetime.fromtimestamp(second, UTC)),
    )


ZONES = ("Europe/Paris", "UTC", "America/Guadeloupe", "Pacific/Noumea")


def counted(election: Election) -> bool:
    return not any(
        isinstance(contest.form, Grades)
        or (isinstance(contest.form, Scores) and contest.form.maximum < 1)
        for contest in election.contests
    )


@settings(max_examples=150, deadline=None)
@given(countable())
def test_an_election_written_as_files_is_read_back_equal(election: Election) -> None:
    files = FolderFiles(
        election=write_election(election).encode(), projects=write_projects(election).encode()
    )
    draft, found = check_files(files)
    faults = [finding for finding in draft.notes if finding.fault]
    if not counted(election) and found is None:
        assert {fault.place.field.rpartition("form.")[2] for fault in faults} <= {
            "type", "maximum",
        }  # fmt: skip
        assert Election.from_value(draft.value) == election
        return
    assert found == election, "\n".join(fault.words("en") for fault in faults)


def test_there_are_files_where_a_folder_is_given() -> None:
    if FOLDER is None:
        pytest.skip("no .pb files: set SCRUTIN_PABULIB to a folder of them")
    assert len(FILES) >= 95


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_pabulib_file_becomes_a_folder(path: Path, tmp_path: Path) -> None:
    instance = read_instance(parse(path.read_bytes().decode("utf-8-sig")))
    if instance.envelope.rule.name in {"greedy", "equal-shares"}:
        assert new_from_pabulib(tmp_path / "vote", path).election == instance.election
        return
    # Its rule is none of this version's, or says too little: the only fault there may be.
    with pytest.raises(DefinitionRefused) as caught:
        new_from_pabulib(tmp_path / "vote", path)
    fields = {fault.place.field for fault in caught.value.findings}
    assert fields == {"envelope[budget].rule.name"}


def pb(rule: str = "greedy", cost: str = "100") -> str:
    return (
        "META\nkey;value\ndescription;d\ncountry;France\nunit;Ville\ninstance;2027\n"
        "num_projects;2\nnum_votes;1\nbudget;150.50\nvote_type;approval\n"
        f"rule;{rule}\ndate_begin;2027\ndate_end;2027\nmax_length;2\nlanguage;fr\ncurrency;EUR\n"
        "PROJECTS\nproject_id;cost;name;category\n"
        f'1;{cost};"Banc ; ""vert""";nature,sport\nA 2;99.5;Arbre;\n'
        "VOTES\nvoter_id;vote\n1;1,A 2\n"
    )


def test_a_small_pabulib_file_becomes_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "v.pb"
    file.write_text(pb(), "utf-8")
    definition = new_from_pabulib(
        tmp_path / "vote", file, election_id="vote", languages=("fr", "en")
    )
    election = definition.election
    envelope = election.contests[0]
    assert isinstance(envelope, Envelope)
    assert (election.id, election.languages, envelope.budget) == ("vote", ("fr", "en"), 15050)
    assert [project.cost for project in envelope.projects] == [10000, 9950]
    assert envelope.projects[0].title.in_language("en") == 'Banc ; "vert"'
    assert envelope.projects[0].category == ("nature", "sport")


def test_a_rule_of_another_version_is_told_and_can_be_mended(tmp_path: Path) -> None:
    file = tmp_path / "v.pb"
    file.write_text(pb(rule="equalshares/other"), "utf-8")
    with pytest.raises(DefinitionRefused, match="there is no rule “equalshares/other”"):
        new_from_pabulib(tmp_path / "vote", file)
    # The folder is there, and its check names the line to change.
    assert (tmp_path / "vote" / "election.toml").exists()


@pytest.mark.parametrize("words", ["", "META\n", pb(cost="many"), pb() + "x"])
def test_what_is_no_pabulib_file_is_refused(words: str, tmp_path: Path) -> None:
    file = tmp_path / "v.pb"
    file.write_text(words, "utf-8")
    with pytest.raises(BallotError, match=r"^v\.pb: "):
        new_from_pabulib(tmp_path / "vote", file)
    assert not (tmp_path / "vote").exists()
