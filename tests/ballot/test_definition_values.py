"""Single values of a folder: positions in TOML, amounts, shares, moments, pictures."""

import struct
import tomllib
import zlib
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballot.definition.amount import read_amount, read_share, write_amount
from ballot.definition.finding import Key, Unreadable
from ballot.definition.moment import read_moment, read_zone, spell_moment
from ballot.definition.picture import check_picture, tells_more
from ballot.definition.toml_file import Decimals
from ballot.definition.toml_position import positions
from ballot.definition.write import toml_text
from tally.canonical import LARGEST_INTEGER

NASTY = "\n".join(
    [
        "# [not.a.table]",
        "a = 1",
        '"b c" = { x = [1, # in a list',
        '  2], "y.z" = "}" }',
        'c.d.e = """one',
        '[no] = "two" \\""" three"""""',
        "c.d.f = '''",
        "k = ''  # '",
        "'''",
        "[[t]]",
        'k = "\\\\"   # a quotation mark',
        "l = '\\'",
        "[t.u]",
        "v = 1979-05-27 07:32:00",
        'w = [[1], [ { z = "]" } ]]',
        "[[t.list]]",
        "n = true",
        "[[t]]",
        "[[t.list]]",
        "n = 1.5",
        "[[t.list]]",
        "n = +nan",
        "",
    ]
)


def leaves(value: Any, path: Key = ()) -> list[Key]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for at, inner in enumerate(value) for leaf in leaves(inner, (*path, at))]
    return [path]


def test_every_value_has_its_line() -> None:
    placed = positions(NASTY)
    lines = NASTY.split("\n")
    for path in leaves(tomllib.loads(NASTY)):
        assert path in placed, path
    at = {
        ("a",): 2, ("b c",): 3, ("b c", "x", 0): 3, ("b c", "x", 1): 4, ("b c", "y.z"): 4,
        ("c", "d", "e"): 5, ("c", "d", "f"): 7, ("t", 0, "k"): 11, ("t", 0, "l"): 12,
        ("t", 0, "u"): 13, ("t", 0, "u", "w", 1, 0, "z"): 15, ("t", 0, "list", 0, "n"): 17,
        ("t", 1): 18, ("t", 1, "list", 1, "n"): 22,
    }  # fmt: skip
    for path, line in at.items():
        assert placed[path][0] == line, (path, lines[placed[path][0] - 1])
    assert placed[("b c", "y.z")] == (4, 7)
    assert positions(NASTY.replace("\n", "\r\n")) == placed


keys = st.sampled_from(["a", "b", "c d", "é", "x.y", '"'])
scalars = st.one_of(
    st.integers(-5, 5), st.booleans(), st.text(st.sampled_from("a\"\\#[]{}=,\n '"), max_size=6)
)
tables = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(keys, tables, max_size=4), st.randoms(use_true_random=False))
def test_positions_point_at_each_key_of_any_document(value: dict[str, Any], chance: Any) -> None:
    def spell(inner: Any) -> str:
        if isinstance(inner, dict):
            members = (f"{toml_text(key)} = {spell(each)}" for key, each in inner.items())
            return "{" + ", ".join(members) + "}"
        if isinstance(inner, list):
            gap = str(chance.choice(["", "\n", " # ]\n "]))
            return "[" + "".join(f"{gap}{spell(each)}, " for each in inner) + gap + "]"
        return toml_text(inner) if isinstance(inner, str) else str(inner).lower()

    text = "".join(
        f"{toml_text(key)} = {spell(inner)}" + chance.choice(["\n", " # [x]\n", "\n\n"])
        for key, inner in value.items()
    )
    assert tomllib.loads(text) == value
    placed = positions(text)
    lines = text.split("\n")
    for path in leaves(value):
        line, column = placed[path]
        if isinstance(path[-1], str):
            assert lines[line - 1][column - 1 :].startswith(toml_text(path[-1]))


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("12000", 1200000), ("12000.50", 1200050), ("12000,50", 1200050), ("12 000,50", 1200050),
        ("12\u202f000,5", 1200050), ("12\u00a0000 €", 1200000), ("€12000", 1200000),
        ("12'000.50", 1200050), ("12,000.50", 1200050), ("12.000,50", 1200050),
        ("1,234,567", 123456700), ("1.234.567 EUR", 123456700), ("0,5", 50), ("0.500", 50),
        ("12000.500", 1200050), ("1 500.000", 150000), (0, 0), (7, 700),
        (Decimals("12000.50"), 1200050), (Decimals("1_000.500"), 100050), ("  42 ", 4200),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(written: object, cents: int) -> None:
    assert read_amount(written, 2, "EUR") == cents


@pytest.mark.parametrize(
    "written",
    [
        "", "x", "12,000", "12.000", "1 00", "12 00,5", "1.2.3", "0.001", "-5", "−5", "1e3", "٣",
        True, None, 12.5, [], Decimals("1e3"), Decimals("nan"), Decimals("1.001"), "9" * 50,
        LARGEST_INTEGER + 1, 10**4000, "$5",
    ],
)  # fmt: skip
def test_what_is_no_amount_or_two_is_refused(written: object) -> None:
    with pytest.raises(Unreadable) as caught:
        read_amount(written, 2, "EUR")
    assert all((*caught.value.message, *caught.value.remedy))


@given(st.integers(0, LARGEST_INTEGER), st.integers(0, 6))
def test_written_amounts_are_read_back(minor: int, exponent: int) -> None:
    assert read_amount(write_amount(minor, exponent), exponent, "EUR") == minor


@pytest.mark.parametrize(
    ("written", "share"),
    [
        ("1/3", "1/3"), ("8/10", "4/5"), ("80 %", "4/5"), ("80\u202f%", "4/5"), ("12,5%", "1/8"),
        (Decimals("0.8"), "4/5"), ("0,8", "4/5"), (1, "1"), ("2/1", "2"), ("0 %", "0"),
    ],
)  # fmt: skip
def test_shares_come_in_lowest_terms(written: object, share: str) -> None:
    assert read_share(written) == share
    assert str(Fraction(share)) == share


@pytest.mark.parametrize("written", ["", "1/0", "a third", -1, True, None, "-1/3", Decimals("nan")])
def test_what_is_no_share_is_refused(written: object) -> None:
    with pytest.raises(Unreadable):
        read_share(written)


PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2027-03-08 09:00", "2027-03-08T08:00:00Z"),
        ("2027-07-08T09:00:30", "2027-07-08T07:00:30Z"),
        ("2027-10-31T02:30:00+02:00", "2027-10-31T00:30:00Z"),
        ("2027-10-31T02:30:00+01:00", "2027-10-31T01:30:00Z"),
        ("2027-10-31T01:59:59", "2027-10-30T23:59:59Z"),
        ("2027-03-08T09:00Z", "2027-03-08T09:00:00Z"),
    ],
)
def test_local_times_become_utc(written: str, utc: str) -> None:
    assert spell_moment(read_moment(written, PARIS)) == utc
    value = tomllib.loads(f"t = {utc}")["t"]
    assert spell_moment(read_moment(value, PARIS)) == utc


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("2027-03-28 02:30", "go forward"), ("2027-10-31 02:30", "go back"),
        ("2027-02-29 10:00", "does not exist"), ("08/03/2027 09:00", "not a date"),
        (5, "not a date"), ("0001-01-01 00:00", "beyond the calendar"),
    ],
)  # fmt: skip
def test_times_that_are_none_or_two_are_refused(written: object, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        read_moment(written, PARIS)


@pytest.mark.parametrize("name", ["Paris", "europe/paris", "CEST", "Europe", "../etc/passwd", 5])
def test_unknown_time_zones_are_refused(name: object) -> None:
    with pytest.raises(Unreadable, match="not a time zone"):
        read_zone(name)


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress(b"\0" * (width + 1) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000"  # JFIF header
    "ffc0000b080010002001011100"  # frame: 16 high, 32 wide
    "ffd9"
)


def test_pictures_are_told_by_their_bytes() -> None:
    check_picture("a.png", png(10, 20))
    check_picture("a.jpg", JPEG)
    check_picture("a.JPEG", JPEG)
    assert not tells_more(JPEG)
    assert tells_more(JPEG[:2] + b"\xff\xe1\x00\x0eExif\0\0GPSGPS" + JPEG[2:])


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.svg", b"<svg/>", "not the name of a PNG or JPEG"),
        ("é.png", png(1, 1), "not the name"),
        ("a b.png", png(1, 1), "not the name"),
        (".png", png(1, 1), "not the name"),
        ("a.png", JPEG, "does not hold a whole png"),
        ("a.jpg", png(1, 1), "does not hold a whole jpg"),
        ("a.png", png(1, 1)[:-4], "does not hold a whole"),
        ("a.jpg", JPEG[:22], "does not hold a whole"),
        ("a.png", b"", "does not hold a whole"),
        ("a.png", png(5000, 1), "5000 × 1 pixels"),
    ],
)
def test_other_pictures_are_refused(name: str, data: bytes, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        check_picture(name, data)
