"""Counting a .pb file the quick way gives what reading it without loss gives, errors included."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tally.pabulib import CountedInstance, PabulibError, parse, read_counted, read_instance
from tally.pabulib_poll import poll_of, quick_poll
from tally.profile import Profile
from tests.tally.test_pabulib import ERRORS, UNREADABLE, file_text, folder, shared_files

LARGE = 1_000_000
POINTS = ["voter_id;age;vote;points", "a;1;1,2;3,2", "b;;3;1", "c;9;2,1;2,3", "d;;;", "e;;1,1;1,0"]
POINTED = {"num_votes": "5", "max_sum_points": "5"}
RANKS = ["vote;voter_id;sex", "3,1;a;F", "1;b;", "3,1;c;M", "1,3,1;d;"]
SAMPLES = (
    file_text(),
    file_text(newline="\r\n"),
    file_text(projects=["project_id;votes;cost;name", '1;1;6;"a;\n""b"', "2;2;5;VOTES", "P 3;0;4;"],
              votes=["voter_id;vote", "a;2,1", "b;P 3"]),
    file_text({"num_votes": "4", "vote_type": "ordinal", "max_length": "2"}, votes=RANKS),
    file_text({**POINTED, "vote_type": "cumulative"}, votes=POINTS),
    file_text({**POINTED, "vote_type": "scoring"}, votes=POINTS, newline="\r\n"),
    file_text({"vote_type": "choose-1"}, votes=["voter_id;vote", "a;1", "b;1"]),
    file_text({"max_sum_cost": "700"}, votes=['voter_id;vote', 'a;"1,2"', "b;3"]),
)  # fmt: skip
PIECES = (
    "", ";", ",", '"', '""', "\n", "\r", "\r\n", "\n\n", "1", "0", "-", "-1", "1.0", "2.5", "x",
    "٣", "\ufeff", "\nVOTES\n", "VOTES", '"VOTES"', "PROJECTS", "META", ";1", ",1", "1,", "a;1\n",
    "\u2028", "\x0b", "\x1c",
)  # fmt: skip
ROWS = (
    "a;1\r", "\ra;1", "a\r;1", "a;1\r\r", ";1", '"a";1', 'a;"1"', 'a;"1', '"a\n";1', 'a";1',
    '"";1', "", "a", "a;1;", "b;1", "a;4", "a;1,", "a;,1", "a;1 ", "a;", "VOTES", '"VOTES"',
    "\x0ba;1", "a\x1c;1", "a\u2028;1", "\ufeffa;1",
)  # fmt: skip
"""Lines instead of ``a;1,2``."""


def directly(text: str, *, widen: bool) -> CountedInstance:
    """The definition of ``read_counted``."""
    file = parse(text)
    instance = read_instance(file, widen=widen)
    ballots = instance.ballots
    return CountedInstance(
        election=instance.election,
        profile=Profile.of(
            Counter(ballot.choice for ballot in ballots if ballot.reason is None),
            Counter(ballot.reason for ballot in ballots if ballot.reason is not None),
        ),
        remarks=instance.remarks,
        head=replace(file, votes=replace(file.votes, rows=())),
    )


def same(text: str, *, widen: bool) -> None:
    """Both ways give the same, or refuse in the same words at the same place."""
    refusal = None
    try:
        expected = directly(text, widen=widen)
    except PabulibError as refused:
        refusal = refused
    if refusal is None:
        assert read_counted(text, widen=widen) == expected
        return
    with pytest.raises(PabulibError) as caught:
        read_counted(text, widen=widen)
    assert str(caught.value) == str(refusal)
    assert (caught.value.section, caught.value.line, caught.value.column) == (
        refusal.section,
        refusal.line,
        refusal.column,
    )


@pytest.mark.parametrize("path", shared_files())
def test_real_files_are_counted_as_read(path: Path) -> None:
    text = path.read_bytes().decode()
    # Not merely because it gave up and left it to the other way.
    found = quick_poll(text)
    assert found is not None
    head, quick = found
    file = parse(text)
    strict = poll_of(file)
    assert (head.meta, head.projects, head.newline) == (file.meta, file.projects, file.newline)
    assert list(quick.lines) == list(strict.lines)
    assert list(quick) == list(strict)
    assert list(quick.counts.items()) == list(strict.counts.items())
    same(text, widen=True)
    if len(text) < LARGE:
        same(text, widen=False)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("widen", [False, True])
def test_small_files_are_counted_as_read(sample: str, widen: bool) -> None:
    same(sample, widen=widen)
    assert (quick_poll(sample) is None) == ('"1,2"' in sample)


@pytest.mark.parametrize("text", [text for text, _ in (*ERRORS, *UNREADABLE)])
def test_faults_are_told_alike(text: str) -> None:
    same(text, widen=False)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_lines_of_ballots_are_judged_alike(row: str, ending: str) -> None:
    same(file_text(votes=["voter_id;vote", row, "b;3"], newline=ending), widen=False)
    same(file_text(votes=["voter_id;vote", "b;3", row], newline=ending), widen=False)
    last = file_text(votes=["voter_id;vote", "b;3", row], newline=ending)
    same(last.removesuffix(ending), widen=False)
    same(last.replace("b;3\n", "b;3\r\n"), widen=False)


def _damaged(text: str, data: st.DataObject) -> str:
    for _ in range(data.draw(st.integers(1, 2))):
        begin = data.draw(st.integers(0, len(text)) | st.integers(len(text) // 2, len(text)))
        end = min(len(text), begin + data.draw(st.integers(0, 3)))
        text = text[:begin] + data.draw(st.sampled_from(PIECES)) + text[end:]
    return text


@given(st.data())
def test_damage_is_judged_alike(data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(SAMPLES))
    same(_damaged(sample, data), widen=data.draw(st.booleans()))


@given(st.data())
def test_lines_put_together_anyhow_are_judged_alike(data: st.DataObject) -> None:
    lines = sorted({line for sample in SAMPLES for line in sample.splitlines(keepends=True)})
    sample = data.draw(st.sampled_from(SAMPLES)).splitlines(keepends=True)
    at = data.draw(st.integers(0, len(sample)))
    inserted = data.draw(st.lists(st.sampled_from(lines), min_size=1, max_size=2))
    same("".join([*sample[:at], *inserted, *sample[at:]]), widen=False)


def test_damage_to_a_real_file_is_judged_alike() -> None:
    where = folder()
    if where is None:
        pytest.skip("real Pabulib files: set SCRUTIN_PABULIB to their folder")
    names = (
        "Poland_Zabrze_2020_Helenka",
        "Worldwide_Mechanical_Turk_Utilities_8",
        "US_Stanford_Dataset_Saratoga_NY_2022_vote_rankings",
    )
    for name in names:
        text = (where / f"{name}.pb").read_bytes().decode()
        for number, piece in enumerate(PIECES):
            at = (number + 1) * len(text) // (len(PIECES) + 1)
            same(text[:at] + piece + text[at + number % 2 :], widen=number % 3 == 0)
