"""The decision about a ballot: what the box may know, and the codes of its refusals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ballot.intake import (
    MOST_TESTS,
    Accepted,
    Candidate,
    Holding,
    Refused,
    decide,
)
from ballot.lifecycle import Facts

OPENS = datetime(2026, 10, 5, 8, tzinfo=UTC)
CLOSES = datetime(2026, 10, 19, 18, tzinfo=UTC)
OPEN = Facts(now=OPENS, opens=OPENS, closes=CLOSES, frozen=True, open_entry=True)
CAST = Candidate(
    pseudonym=b"p" * 32,
    style="city",
    sequence=2,
    sealed_hash=b"s" * 32,
    test=False,
    leaf_hash=b"l" * 32,
    entry=b"entry",
    sealed=b"sealed",
)
TEST = replace(CAST, test=True, leaf_hash=None, entry=b"", sealed=b"")
NOTHING = Holding()
OTHER = b"o" * 32


def refused(candidate: Candidate, facts: Facts = OPEN, holding: Holding = NOTHING) -> str:
    decision = decide(candidate, facts, holding, ())
    assert isinstance(decision, Refused)
    assert decision.message
    return f"{decision.code}/{decision.reason}"


def accepted(candidate: Candidate, holding: Holding = NOTHING) -> Holding:
    decision = decide(candidate, OPEN, holding, ())
    assert isinstance(decision, Accepted)
    assert not decision.again
    return decision.holding


def test_a_first_ballot_and_a_revote_are_accepted() -> None:
    first = accepted(CAST)
    assert first == Holding(style="city", sequence=2, fates={CAST.sealed_hash: False})
    second = accepted(replace(CAST, sequence=7, sealed_hash=OTHER), first)
    assert second == Holding(
        style="city", sequence=7, fates={CAST.sealed_hash: False, OTHER: False}
    )


def test_the_times_bind() -> None:
    second = timedelta(seconds=1)
    assert refused(CAST, replace(OPEN, now=OPENS - second)) == "not-open/not-open"
    assert refused(CAST, replace(OPEN, open_entry=False)) == "not-open/not-open"
    assert refused(CAST, replace(OPEN, now=CLOSES)) == "closed/closed"
    assert refused(CAST, replace(OPEN, close_entry=True)) == "closed/closed"
    assert refused(TEST, replace(OPEN, now=CLOSES)) == "closed/closed"
    # The log's close entry binds, even if the clock was set back since.
    early = replace(OPEN, now=OPENS - second, close_entry=True)
    assert refused(CAST, early) == refused(TEST, early) == "closed/closed"
    assert accepted(CAST)
    late = decide(CAST, replace(OPEN, now=CLOSES - second), NOTHING, ())
    assert isinstance(late, Accepted)


def test_the_same_again_is_accepted_at_any_time() -> None:
    for facts in (OPEN, replace(OPEN, now=CLOSES, close_entry=True)):
        held = Holding(style="city", sequence=9, fates={CAST.sealed_hash: False})
        decision = decide(CAST, facts, held, {b"l" * 32})
        assert decision == Accepted(again=True, holding=held)
        tested = Holding(fates={TEST.sealed_hash: True})
        assert decide(TEST, facts, tested, ()) == Accepted(again=True, holding=tested)


def test_the_sequence_must_rise() -> None:
    held = Holding(style="city", sequence=2, fates={OTHER: False})
    assert refused(CAST, OPEN, held) == "conflict/same-sequence"
    assert refused(replace(CAST, sequence=1), OPEN, held) == "conflict/lower-sequence"
    assert accepted(replace(CAST, sequence=3), held).sequence == 3


def test_a_pseudonym_keeps_its_style() -> None:
    held = Holding(style="district", sequence=1)
    assert refused(CAST, OPEN, held) == "ballot-refused/other-style"
    assert refused(TEST, OPEN, held) == "ballot-refused/other-style"


def test_what_was_tested_is_never_cast_and_what_was_cast_is_never_tested() -> None:
    tested = accepted(TEST)
    assert tested == Holding(fates={TEST.sealed_hash: True})
    assert refused(CAST, OPEN, tested) == "tested/tested"
    assert refused(replace(CAST, sequence=3), OPEN, tested) == "tested/tested"
    fresh = replace(CAST, sealed_hash=OTHER)
    cast = accepted(fresh, tested)
    assert cast == Holding(style="city", sequence=2, fates={TEST.sealed_hash: True, OTHER: False})
    assert refused(replace(TEST, sealed_hash=OTHER), OPEN, cast) == "conflict/already-cast"


def test_tests_are_limited_and_casting_is_not() -> None:
    held = NOTHING
    for number in range(MOST_TESTS):
        held = accepted(replace(TEST, sealed_hash=number.to_bytes(32)), held)
    assert refused(TEST, OPEN, held) == "ballot-refused/too-many-tests"
    for sequence in range(1, 3 * MOST_TESTS):
        cast = replace(CAST, sequence=sequence, sealed_hash=(1000 + sequence).to_bytes(32))
        held = accepted(cast, held)


@pytest.mark.parametrize("candidate", [CAST, TEST])
def test_a_decision_changes_nothing_it_was_given(candidate: Candidate) -> None:
    fates: dict[bytes, bool] = {OTHER: False}
    accepted(candidate, Holding(style="city", sequence=1, fates=fates))
    assert fates == {OTHER: False}
