"""Canonical JSON: one value, one spelling (docs/formats.md section 1)."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tally.canonical import DEEPEST, LARGEST_INTEGER, CanonicalError, Value, encode, parse, read
from tally.frozen import FrozenMap, freeze

texts = st.text(st.characters(codec="utf-8"), max_size=10)
values: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_is_written_reads_back(value: Value) -> None:
    data = encode(value)
    assert parse(data) == value
    assert read(data) == value
    assert json.loads(data) == value


@given(values)
def test_frozen_values_are_spelled_the_same(value: Value) -> None:
    frozen: Value = freeze(value)  # type: ignore[assignment]
    assert encode(frozen) == encode(value)


@given(values)
def test_another_spelling_is_refused(value: Value) -> None:
    spaced = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode()
    if spaced != encode(value):
        with pytest.raises(CanonicalError, match="not the canonical spelling"):
            parse(spaced)
        assert read(spaced) == value


def test_the_spelling() -> None:
    value: Value = {"b": [1, None, True], "a": 'é"\\\b\f\n\r\t\x01\x7f/\u2028', "\U0001f600": -1}
    assert encode(value) == (
        '{"a":"é\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f/\u2028","b":[1,null,true],"\U0001f600":-1}'.encode()
    )


def test_keys_sort_by_code_point_not_by_utf16_unit() -> None:
    assert encode({"\U00010000": 1, "\uffff": 2}) == '{"\uffff":2,"\U00010000":1}'.encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1.0", "only integers"),
        (b"1e3", "only integers"),
        (b"NaN", "only integers"),
        (b"Infinity", "only integers"),
        (b"9007199254740992", "beyond"),
        (b"1" * 5000, "beyond"),
        (b'{"a":1,"a":1}', "twice"),
        (b'"\\ud800"', "surrogate"),
        (b'"\xff"', "UTF-8"),
        (b"\xef\xbb\xbf1", "not JSON"),
        (b"", "not JSON"),
        (b"1 2", "not JSON"),
        (b"[" * 40 + b"]" * 40, "nested"),
        (b"[" * 100_000, "nested"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_no_reader_takes(data: bytes, message: str) -> None:
    for reader in (read, parse):
        with pytest.raises(CanonicalError, match=message):
            reader(data)


@pytest.mark.parametrize(
    "data",
    [b" 1", b"1\n", b'{"b":1,"a":2}', b'"\\u00e9"', b'"\\/"', b'"\\u000a"', b"-0", b'"\\u001F"'],
)
def test_other_spellings_of_a_value(data: bytes) -> None:
    read(data)
    with pytest.raises(CanonicalError, match="not the canonical spelling"):
        parse(data)


def test_faults_say_where() -> None:
    with pytest.raises(CanonicalError, match=r"a\[1\]\.b: float has no canonical spelling"):
        encode({"a": [1, {"b": 1.5}]})  # type: ignore[dict-item]
    with pytest.raises(CanonicalError, match="key 1 is not a text"):
        encode({1: 2})  # type: ignore[dict-item]
    with pytest.raises(CanonicalError) as caught:
        parse(b'{"a":1, "b":2}')
    assert caught.value.offset == 7


def by_hand(data: bytes) -> Value:
    """The definition of ``parse``: read in any spelling, print, compare."""
    value = read(data)
    if encode(value) != data:
        raise CanonicalError("not the canonical spelling of this value")
    return value


def same_value(one: object, other: object) -> bool:
    """Equal, and of equal types all the way down (in Python True == 1 == 1.0)."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same_value(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    return one == other


# Pieces that matter to one check or another, put together in every way.
PIECES = (
    b"{", b"}", b"[", b"]", b":", b",", b'"', b'"a"', b'"b":', b'{"a":', b"[" * 10, b"]" * 10,
    b"-0", b"0", b"-", b"1.0", b"1e5", b"9007199254740991", b"9007199254740992", b"1" * 17,
    b"-9007199254740991", b"1" * 30, b"1" * 5000, b"NaN", b"Infinity", b"null", b"true", b"false",
    b"\\u0041", b"\\ud800", b"\\n", b"\\/", b"\\u001f", b"\\u001F", b"\n", b" ", b"\x00", b"\x7f",
    b"\xc3\xa9", b"\xff", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xd9\xa1",
)  # fmt: skip


def same_as_by_hand(data: bytes) -> None:
    refusal = ""
    try:
        expected = by_hand(data)
    except CanonicalError as refused:
        refusal = re.escape(str(refused))
    if refusal:
        with pytest.raises(CanonicalError, match=refusal):
            parse(data)
    else:
        assert same_value(parse(data), expected)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join) | st.binary(max_size=12))
def test_hostile_bytes_are_judged_as_by_hand(data: bytes) -> None:
    same_as_by_hand(data)


@given(values, st.data())
def test_damaged_values_are_judged_as_by_hand(value: Value, data: st.DataObject) -> None:
    spelled = encode(value)
    at = data.draw(st.integers(0, len(spelled)))
    end = data.draw(st.integers(at, min(at + 3, len(spelled))))
    piece = data.draw(st.sampled_from(PIECES) | st.binary(max_size=2))
    same_as_by_hand(spelled)
    same_as_by_hand(spelled[:at] + piece + spelled[end:])


@pytest.mark.parametrize("depth", [DEEPEST - 1, DEEPEST, DEEPEST + 1, 5_000])
@pytest.mark.parametrize("leaf", [b"", b"1", b'"a"'])
@pytest.mark.parametrize(("opener", "closer"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_depth_is_judged_as_by_hand(depth: int, leaf: bytes, opener: bytes, closer: bytes) -> None:
    times = depth // (2 if len(opener) + len(closer) == 8 else 1)
    data = opener * times + (leaf or (b"[]" if opener == b"[" else b"{}")) + closer * times
    same_as_by_hand(data)
    # Beside something shallow; and brackets in texts nest nothing.
    same_as_by_hand(b"[1," + data + b"]")
    same_as_by_hand(b'["' + b"[" * 40 + b'",' + data + b"]")


@pytest.mark.parametrize("number", [10**15 - 1, 10**15, LARGEST_INTEGER, LARGEST_INTEGER + 1])
def test_range_is_judged_as_by_hand(number: int) -> None:
    for data in (f"{number}", f"-{number}", f'{{"a":[{number}]}}', f'"{number}"', f"0{number}"):
        same_as_by_hand(data.encode())


def test_bounds() -> None:
    assert encode(LARGEST_INTEGER) == b"9007199254740991"
    with pytest.raises(CanonicalError, match="beyond"):
        encode(-LARGEST_INTEGER - 1)
    deep: Value = 1
    for _ in range(DEEPEST):
        deep = [deep]
    assert parse(encode(deep)) == deep
    with pytest.raises(CanonicalError, match="nested"):
        encode([deep])
    with pytest.raises(CanonicalError, match="3 bytes: more than the 2"):
        read(b"123", limit=2)


def test_frozen_maps_do_not_change() -> None:
    inner = {"a": [1]}
    frozen = freeze(inner)
    inner["a"].append(2)
    assert isinstance(frozen, FrozenMap)
    assert frozen == {"a": (1,)}
    assert frozen.__hash__() == FrozenMap({"a": (1,)}).__hash__()
    with pytest.raises(TypeError):
        frozen["b"] = 1  # type: ignore[index]
