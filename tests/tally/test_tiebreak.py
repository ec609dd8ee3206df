"""Tie-breaking: a total order from published criteria, every equal set reported."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tally.errors import TallyError
from tally.tiebreak import Sorter, lot_keys

IDS = ("a", "b", "c", "d")


def test_the_lot_key_is_that_of_the_formats() -> None:
    text = b"scrutin/1/lot\x00" + bytes(32) + b"\x00\x00\x00\x04city" + b"\x00\x00\x00\x03\xc3\xa91"
    assert lot_keys(bytes(32), "city")("é1") == hashlib.sha256(text).digest()


def test_the_lot_differs_by_contest_and_seed() -> None:
    keys = {lot_keys(seed, contest)("a") for seed in (b"1", b"2") for contest in ("x", "y")}
    assert len(keys) == 4


@pytest.mark.parametrize("criteria", [(), ("votes",), ("cost", "expensive"), ("order", "cost")])
def test_an_order_that_is_not_total_is_refused(criteria: tuple[str, ...]) -> None:
    with pytest.raises(TallyError, match="order is not total"):
        Sorter(criteria, IDS, lot_keys(b"", "x"))


def test_an_unknown_criterion_is_refused() -> None:
    sorter = Sorter(("age", "order"), IDS, lot_keys(b"", "x"))
    with pytest.raises(TallyError, match="'age'"):
        sorter.key(0, 1, 1, 1)


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (("order",), "abcd"),
        (("cost", "order"), "cabd"),
        (("expensive", "order"), "dabc"),
        (("votes", "cost", "order"), "bcad"),
        (("score", "expensive", "order"), "dabc"),
    ],
)
def test_each_criterion(criteria: tuple[str, ...], expected: str) -> None:
    sorter = Sorter(criteria, IDS, lot_keys(b"", "x"))
    votes, costs = (1, 2, 1, 1), (5, 5, 4, 6)
    keys = [sorter.key(place, votes[place], 9, costs[place]) for place in range(4)]
    order = sorted(range(4), key=keys.__getitem__)
    assert "".join(IDS[place] for place in order) == expected


def test_a_set_told_apart_in_part_is_reported_again() -> None:
    sorter = Sorter(("cost", "order"), IDS, lot_keys(b"", "x"))
    costs = (5, 4, 5, 9)
    keys = [sorter.key(place, 7, 7 if place < 3 else 8, costs[place]) for place in range(4)]
    ties = sorter.ties([3, 1, 0, 2], keys)
    assert [(tie.projects, tie.criterion, tie.order) for tie in ties] == [
        ((0, 1, 2), "cost", (1, 0, 2)),
        ((0, 2), "order", (0, 2)),
    ]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 2)), max_size=7),
    st.lists(st.sampled_from(("votes", "cost", "expensive")), unique=True),
    st.sampled_from(("order", "lot")),
)
def test_every_equal_pair_is_in_exactly_one_smallest_report(
    values: list[tuple[int, int, int]], criteria: list[str], last: str
) -> None:
    ids = [f"p{place}" for place in range(len(values))]
    sorter = Sorter((*criteria, last), ids, lot_keys(b"s", "x"))
    keys = [sorter.key(place, *value) for place, value in enumerate(values)]
    assert len(set(keys)) == len(keys)
    order = sorted(range(len(values)), key=keys.__getitem__)
    ties = sorter.ties(order, keys)
    for place, first in enumerate(order):
        for second in order[place + 1 :]:
            equal = values[first][1] == values[second][1]
            holding = [tie for tie in ties if {first, second} <= set(tie.projects)]
            assert bool(holding) == equal
            if equal:
                smallest = min(holding, key=lambda tie: len(tie.projects))
                depth = 1 + sorter.criteria.index(smallest.criterion)
                assert keys[first][:depth] == keys[second][:depth]
    for tie in ties:
        start = order.index(tie.order[0])
        assert tuple(order[start : start + len(tie.order)]) == tie.order
        assert tie.projects == tuple(sorted(tie.order))
