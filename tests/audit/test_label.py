"""Labels are injective; base64url has one spelling."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.label import BinaryInvalid, b64, labelled, unb64


def test_worked_example() -> None:
    assert labelled("seal") == b"scrutin/1/seal\x00"
    assert labelled("a-b", b"", b"xy") == b"scrutin/1/a-b\x00\x00\x00\x00\x00\x00\x00\x00\x02xy"


FIELDS = st.tuples(st.sampled_from(["a", "ab", "a-b"]), st.lists(st.binary(max_size=6), max_size=4))


@given(FIELDS, FIELDS)
def test_injective(
    one: tuple[str, list[bytes]],
    other: tuple[str, list[bytes]],
) -> None:
    assert (labelled(one[0], *one[1]) == labelled(other[0], *other[1])) == (one == other)


@pytest.mark.parametrize("purpose", ["", "a\x00b", "A", "é", "-a", "a b"])
def test_bad_purposes(purpose: str) -> None:
    with pytest.raises(ValueError, match="purpose"):
        labelled(purpose)


@given(st.binary(max_size=100))
def test_round_trip(data: bytes) -> None:
    assert unb64(b64(data), "field") == data
    assert "=" not in b64(data)


@given(st.text("AQgwBCZaz09-_=+/\n", max_size=9))
def test_accepted_exactly_when_the_library_would_spell_it_so(text: str) -> None:
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        expected = urlsafe_b64encode(data).rstrip(b"=").decode() == text
    except ValueError:
        expected = False
    try:
        assert unb64(text, "field") == data
        accepted = True
    except BinaryInvalid:
        accepted = False
    assert accepted == expected


@pytest.mark.parametrize(
    "text", ["A", "AB", "AA==", "AA=", "+/+/", "A A", "AA\n", "é", "AAF", 3, None, ["AA"]]
)
def test_other_spellings_are_refused(text: object) -> None:
    with pytest.raises(BinaryInvalid, match=r"^salt: "):
        unb64(text, "salt")


def test_size() -> None:
    assert unb64("AAA", "salt", size=2) == b"\x00\x00"
    with pytest.raises(BinaryInvalid, match="salt: 2 bytes instead of 3"):
        unb64("AAA", "salt", size=3)
