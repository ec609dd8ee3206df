"""Hostile bytes, bred from accepted ones: everything that reads refuses in its own words."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import NAMES, Target, judge, target, targets

NASTY = (
    b"", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r\n", b'"', b"\\", b"{", b"[" * 300, b"}", b";",
    b",", b"-1", b"9" * 400, b"1e999", b"0.1", b"NaN", b"null", b"\xed\xa0\x80", "\u202e".encode(),
    b"../", b"\n\n", b"=", b"\x1b", "é".encode(), b"true",
)  # fmt: skip


@st.composite
def hostile(draw: st.DrawFn, seed: bytes) -> bytes:
    """``seed`` with parts cut out, doubled, turned or replaced."""
    data = bytearray(seed)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        to = min(len(data), at + draw(st.integers(0, 12)))
        match draw(st.integers(0, 5)):
            case 0:
                data[at:to] = draw(st.sampled_from(NASTY))
            case 1:
                data[at:at] = draw(st.sampled_from(NASTY))
            case 2:
                data[at:to] = b""
            case 3:
                data[at:at] = data[at:to]
            case 4:
                del data[at:]
            case _:
                for place in range(at, to):
                    data[place] ^= 1 << draw(st.integers(0, 7))
    return bytes(data)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_hostile_bytes_are_refused_in_its_own_words(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(target(name).seeds))
    judge(target(name), data.draw(st.one_of(hostile(seed), hostile(seed), st.binary(max_size=64))))


@pytest.mark.parametrize("name", NAMES)
def test_every_seed_and_every_cut_of_it(name: str) -> None:
    for seed in target(name).seeds:
        judge(target(name), seed)
        for end in range(0, len(seed), max(1, len(seed) // 40)):
            judge(target(name), seed[:end])


def test_every_target_is_named() -> None:
    assert sorted(each.name for each in targets()) == sorted(NAMES)


def test_a_fault_is_one() -> None:
    def broken(_data: bytes) -> object:
        raise KeyError("quorum")

    with pytest.raises(KeyError):
        judge(Target(name="broken", read=broken, refuses=(ValueError,), seeds=[b""]), b"")
