"""The stages of an election: which event may happen when, and what a refusal advises."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from ballot.lifecycle import (
    Event,
    Facts,
    FactsContradict,
    OutOfOrder,
    Stage,
    accepts_ballots,
    due,
    require,
    stage,
)

OPENS = datetime(2026, 10, 5, 8, tzinfo=UTC)
CLOSES = datetime(2026, 10, 19, 18, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DRAFT = Facts(now=OPENS - SECOND, opens=OPENS, closes=CLOSES)
LEAVES = ("frozen", "open_entry", "close_entry", "opening", "results", "publication")


def after(events: int, now: datetime) -> Facts:
    return with_leaves([n < events for n in range(6)], now)


def with_leaves(values: Sequence[bool], now: datetime) -> Facts:
    left: Mapping[str, Any] = dict(zip(LEAVES, values, strict=True))
    return replace(DRAFT, now=now, **left)


def test_a_whole_election_goes_through_every_stage_in_order() -> None:
    times = (OPENS - SECOND, OPENS, CLOSES, CLOSES, CLOSES, CLOSES)
    for done, (event, now) in enumerate(zip(Event, times, strict=True)):
        facts = after(done, now)
        assert stage(facts) is tuple(Stage)[done]
        assert due(facts) is event
        require(event, facts)
    last = after(6, CLOSES)
    assert stage(last) is Stage.PUBLISHED
    assert due(last) is None


@pytest.mark.parametrize("done", range(7))
@pytest.mark.parametrize("event", Event)
def test_only_the_next_event_may_happen(done: int, event: Event) -> None:
    now = CLOSES if done > 1 else OPENS if done == 1 else OPENS - SECOND
    facts = after(done, now)
    position = tuple(Event).index(event)
    if position == done:
        require(event, facts)
        return
    with pytest.raises(OutOfOrder) as refused:
        require(event, facts)
    assert refused.value.done is (position < done)
    assert refused.value.stage is tuple(Stage)[done]
    if position > done:
        assert "first " in str(refused.value)
    elif done < 6:
        assert "next: " in str(refused.value)


def test_a_refusal_says_what_to_do_instead() -> None:
    with pytest.raises(OutOfOrder, match=r"count: refused while the election is open; first close"):
        require(Event.COUNT, after(2, CLOSES))
    with pytest.raises(OutOfOrder, match="closes at 2026-10-19T18:00:00Z: wait"):
        require(Event.CLOSE, after(2, CLOSES - SECOND))
    with pytest.raises(OutOfOrder, match=r"first close the vote.*wait until then"):
        require(Event.OPEN_BOX, after(2, CLOSES - SECOND))
    with pytest.raises(OutOfOrder, match="nothing comes after"):
        require(Event.PUBLISH, after(6, CLOSES))


def test_the_dates_bind() -> None:
    with pytest.raises(OutOfOrder, match="opens at 2026-10-05T08:00:00Z: wait"):
        require(Event.OPEN, after(1, OPENS - SECOND))
    with pytest.raises(OutOfOrder, match="freeze a new election"):
        require(Event.OPEN, after(1, CLOSES))
    with pytest.raises(OutOfOrder, match="set later dates"):
        require(Event.FREEZE, after(0, OPENS))
    assert due(after(1, OPENS - SECOND)) is None


def test_ballots_are_accepted_from_the_opening_until_the_close() -> None:
    assert not accepts_ballots(after(1, OPENS))
    assert not accepts_ballots(after(2, OPENS - SECOND))
    assert accepts_ballots(after(2, OPENS))
    assert accepts_ballots(after(2, CLOSES - SECOND))
    assert not accepts_ballots(after(2, CLOSES))
    assert not accepts_ballots(after(3, CLOSES - SECOND))


def test_a_missing_document_in_between_is_a_contradiction() -> None:
    for values in product((False, True), repeat=6):
        facts = with_leaves(values, OPENS)
        if list(values) == sorted(values, reverse=True):
            assert stage(facts) is tuple(Stage)[sum(values)]
        else:
            with pytest.raises(FactsContradict, match="bring it back from a copy"):
                stage(facts)


def test_times_need_a_zone_and_an_order() -> None:
    with pytest.raises(FactsContradict, match="now"):
        replace(DRAFT, now=datetime(2026, 10, 5))  # noqa: DTZ001
    with pytest.raises(FactsContradict, match="closes"):
        replace(DRAFT, closes=OPENS)
