"""The result hash in groups and in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.result_hash import ResultHashInvalid, in_groups, in_words, read_hash, short


def test_how_it_is_written() -> None:
    digest = bytes.fromhex("7f000001" + "3f54dcc1" + "00" * 24)
    assert short(digest) == "7f00 0001 3f54 dcc1"
    assert in_groups(digest).startswith("7f00 0001 3f54 dcc1 0000")
    assert len(in_groups(digest).split()) == 16
    # the examples of arXiv:0901.4016: 127.0.0.1 and 63.84.220.193
    assert in_words(digest).startswith("lusab babad gutih tugad babab")


@given(st.binary(min_size=32, max_size=32))
def test_every_way_of_writing_it_is_read(digest: bytes) -> None:
    words = in_words(digest)
    for text in (
        in_groups(digest),
        digest.hex(),
        digest.hex().upper(),
        f" {in_groups(digest)}\n",
        in_groups(digest).replace(" ", "-"),
        words,
        words.upper(),
        words.replace(" ", "-"),
    ):
        assert read_hash(text) == digest


@pytest.mark.parametrize(
    "text",
    ["", "7f00 0001", "0" * 63, "0" * 65, "g" * 64, "lusab " * 15, "lusab " * 17, "lusax " * 16],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ResultHashInvalid, match="64 hex digits"):
        read_hash(text)
