"""Voting codes: round trip, forgiving reading, and every wrong symbol noticed."""

import hmac
from hashlib import sha256
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.label import labelled
from ballot.base32 import ALPHABET
from ballot.code import LENGTH, Code, CodeInvalid, code_digest, new_code, read_code

codes = st.builds(new_code, st.integers(0, 1023), st.binary(min_size=10, max_size=10))
EXAMPLE = new_code(33, bytes(range(10)))


def refused(text: str) -> CodeInvalid:
    with pytest.raises(CodeInvalid) as caught:
        read_code(text)
    return caught.value


@given(codes)
def test_what_is_printed_reads_back(code: Code) -> None:
    assert len(code.text) == LENGTH
    assert set(code.text) <= set(ALPHABET)
    assert read_code(code.text) == read_code(code.grouped) == code


def test_the_first_two_symbols_say_the_style_and_the_rest_is_random() -> None:
    # 33 = 1·32 + 1; the 80 bits are Crockford's base 32 of 00 01 … 09, 16 symbols.
    assert EXAMPLE.grouped.startswith("1100-0G40-R40M-30E2-09")
    assert {new_code(i, bytes(10)).style_index for i in range(1024)} == set(range(1024))


def test_the_alphabet_is_crockfords() -> None:
    assert ALPHABET == "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@given(codes)
def test_typing_is_forgiven(code: Code) -> None:
    look_alikes = str.maketrans("10V", "lou")
    assert read_code(code.text.lower()) == code
    assert read_code(code.text.translate(look_alikes)) == code
    assert read_code(code.text.replace("1", "I").replace("V", "U")) == code
    assert read_code(f"  {code.grouped.replace('-', ' – ')}\n") == code
    assert read_code("\u00a0".join(code.text)) == code


@given(codes)
def test_every_single_wrong_symbol_is_noticed_and_located(code: Code) -> None:
    for place, right in enumerate(code.text):
        for wrong in ALPHABET:
            if wrong != right:
                error = refused(code.text[:place] + wrong + code.text[place + 1 :])
                assert error.reason == "does-not-add-up"
                assert error.places == ((place // 4 + 1, place % 4 + 1),)


@given(codes)
def test_every_swap_is_noticed(code: Code) -> None:
    for i, j in combinations(range(LENGTH), 2):
        if code.text[i] != code.text[j]:
            word = list(code.text)
            word[i], word[j] = word[j], word[i]
            error = refused("".join(word))
            assert error.reason == "does-not-add-up"
            if j == i + 1 and error.places:
                assert error.places == ((i // 4 + 1, i % 4 + 1), (j // 4 + 1, j % 4 + 1))


def test_a_swap_of_neighbours_is_located() -> None:
    error = refused(EXAMPLE.text[:8] + EXAMPLE.text[9] + EXAMPLE.text[8] + EXAMPLE.text[10:])
    assert error.places == ((3, 1), (3, 2))
    assert str(error).endswith("look again at group 3, position 1 and group 3, position 2")


@given(codes, st.data())
def test_any_two_wrong_symbols_are_noticed(code: Code, data: st.DataObject) -> None:
    i, j = data.draw(st.lists(st.integers(0, LENGTH - 1), min_size=2, max_size=2, unique=True))
    word = list(code.text)
    for place in (i, j):
        word[place] = data.draw(st.sampled_from([s for s in ALPHABET if s != word[place]]))
    assert refused("".join(word)).reason == "does-not-add-up"


@pytest.mark.parametrize(
    ("text", "reason", "count", "places", "words"),
    [
        ("", "too-short", 20, (), "too short by 20"),
        (EXAMPLE.text[:-3], "too-short", 3, (), "too short by 3"),
        (EXAMPLE.text + "00", "too-long", 2, (), "too long by 2"),
        ("0" * 500, "too-long", 0, (), "too long"),
        ("1100-0G4!-R40M", "unknown-character", 0, ((2, 4),), "group 2, position 4"),
        ("1100-0G4é", "unknown-character", 0, ((2, 4),), "group 2, position 4"),
        ("ß", "unknown-character", 0, ((1, 1),), "group 1, position 1"),
        ("١١٠٠", "unknown-character", 0, ((1, 1),), "group 1, position 1"),
    ],
)
def test_reasons(
    text: str, reason: str, count: int, places: tuple[tuple[int, int], ...], words: str
) -> None:
    error = refused(text)
    assert (error.reason, error.count, error.places) == (reason, count, places)
    assert words in str(error)


def test_a_code_stays_out_of_messages() -> None:
    assert EXAMPLE.text not in repr(EXAMPLE)
    broken = EXAMPLE.text[:-1] + ("0" if EXAMPLE.text[-1] != "0" else "1")
    assert broken[:4] not in str(refused(broken))


@pytest.mark.parametrize(
    ("style", "random"), [(-1, bytes(10)), (1024, bytes(10)), (0, bytes(9)), (0, bytes(11))]
)
def test_new_codes_take_a_style_and_80_bits(style: int, random: bytes) -> None:
    with pytest.raises(ValueError, match=r"style index|random"):
        new_code(style, random)


def test_the_digest_is_keyed_and_depends_on_the_issuer() -> None:
    digest = code_digest(b"p" * 32, "town", EXAMPLE)
    expected = hmac.new(b"p" * 32, labelled("code", b"town", EXAMPLE.text.encode()), sha256)
    assert digest == expected.digest()
    assert digest == code_digest(b"p" * 32, "town", read_code(EXAMPLE.grouped.lower()))
    assert digest != code_digest(b"q" * 32, "town", EXAMPLE)
    assert digest != code_digest(b"p" * 32, "region", EXAMPLE)
