"""Log entries: one spelling, exact fields, and what is signed in them."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import AuditError
from audit.label import b64
from audit.record import (
    BallotEntry,
    CloseEntry,
    Credential,
    EntryInvalid,
    Header,
    Issued,
    OpenEntry,
    issued_message,
    open_message,
    parse_entry,
    sealed_hash,
)
from tally import canonical
from tally.frozen import FrozenMap
from tests.town import town

IDENTIFIERS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)


def binary(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


CREDENTIALS = st.builds(
    Credential,
    issuer=IDENTIFIERS,
    prefix=binary(32),
    signature=st.binary(min_size=1, max_size=400),
)
HEADERS = st.builds(
    Header,
    election=binary(32),
    style=IDENTIFIERS,
    pseudonym=binary(32),
    sequence=st.integers(1, 65_535),
    credentials=st.lists(CREDENTIALS, min_size=1, max_size=3).map(tuple),
    sealed_hash=binary(32),
)


def value_of(entry: BallotEntry) -> dict[str, canonical.Value]:
    header = entry.header
    return {
        "type": "ballot",
        "signature": b64(entry.signature),
        "header": {
            "election": b64(header.election),
            "style": header.style,
            "pseudonym": b64(header.pseudonym),
            "sequence": header.sequence,
            "credentials": [
                {
                    "issuer": each.issuer,
                    "prefix": b64(each.prefix),
                    "signature": b64(each.signature),
                }
                for each in header.credentials
            ],
            "sealed_hash": b64(header.sealed_hash),
        },
    }


@given(HEADERS, binary(64))
def test_a_ballot_is_spelled_as_the_general_encoder_does_and_comes_back(
    header: Header, signature: bytes
) -> None:
    entry = BallotEntry(header=header, signature=signature)
    value = value_of(entry)
    assert entry.to_bytes() == canonical.encode(value)
    assert header.to_bytes() == canonical.encode(value["header"])
    assert parse_entry(entry.to_bytes()) == entry
    signed = Header.signed_bytes_in(header.election, entry.to_bytes())
    assert signed == header.signed_bytes()
    assert Header.from_value(value["header"]) == header


def test_the_entries_of_a_log_come_back() -> None:
    entries = town(issuers=2).entries
    kinds = [type(parse_entry(entry)) for entry in entries]
    assert kinds == [OpenEntry, *[BallotEntry] * 11, CloseEntry]
    assert [parse_entry(entry).to_bytes() for entry in entries] == list(entries)


def test_what_is_signed_is_labelled_for_its_purpose() -> None:
    header = parse_entry(town().entries[1]).header  # type: ignore[union-attr]
    messages = {
        header.signed_bytes(),
        header.test_bytes(),
        open_message(header.election),
        issued_message(header.election, "town-hall", {"centre": 1}),
    }
    assert len(messages) == 4
    assert header.signed_bytes().startswith(b"scrutin/1/ballot\x00\x00\x00\x00\x20")
    assert sealed_hash(b"abc").hex().startswith("ba7816bf")


BALLOT = town().entries[1]
OPEN = town().entries[0]
CLOSE = town().entries[-1]


def altered(data: bytes, change: Callable[[Any], object]) -> bytes:
    value = json.loads(data)
    result = change(value)
    return canonical.encode(value if result is None else result)  # type: ignore[arg-type]


def put(*path: str | int, value: object) -> Callable[[Any], object]:
    def change(inner: Any) -> None:
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("data", "change", "named"),
    [
        (BALLOT, put("more", value=1), "unknown field 'more'"),
        (BALLOT, put("header", "more", value=1), "unknown field 'more'"),
        (BALLOT, lambda v: v.pop("signature") and None, "'signature' is missing"),
        (BALLOT, lambda v: v["header"].pop("style") and None, "'style' is missing"),
        (BALLOT, put("header", "sequence", value=0), "sequence"),
        (BALLOT, put("header", "sequence", value=65_536), "sequence"),
        (BALLOT, put("header", "sequence", value=True), "sequence: not an integer"),
        (BALLOT, put("header", "sequence", value="1"), "sequence: not an integer"),
        (BALLOT, put("header", "style", value="Centre"), "not an identifier"),
        (BALLOT, put("header", "style", value='a","b'), "not an identifier"),
        (BALLOT, put("header", "style", value=["a"]), "style: not a text"),
        (BALLOT, put("header", "pseudonym", value=b64(bytes(31))), "31 bytes instead of 32"),
        (BALLOT, put("header", "election", value="AB=="), "election"),
        (BALLOT, put("header", "credentials", value=[]), "credentials: 0"),
        (BALLOT, put("header", "credentials", value={}), "credentials: not a list"),
        (BALLOT, put("header", "credentials", 0, "prefix", value="AAAA"), "prefix: 3 bytes"),
        (BALLOT, put("header", "credentials", 0, "signature", value=""), "signature: 0 bytes"),
        (BALLOT, put("header", "credentials", 0, "issuer", value="ä"), "not an identifier"),
        (BALLOT, put("signature", value=b64(bytes(63))), "63 bytes instead of 64"),
        (BALLOT, put("type", value="paper"), "is not open, ballot or close"),
        (BALLOT, lambda _: ["ballot"], "not an object"),
        (OPEN, put("officers", 0, "officer", value=""), "officers[0].officer: empty"),
        (OPEN, put("officers", value=None), "officers: not a list"),
        (OPEN, put("election", value="AA"), "1 bytes instead of 32"),
        (CLOSE, put("paper", "desk", value=1), "unknown field 'desk'"),
        (CLOSE, put("issued", 0, "counts", "centre", value=-1), "counts.centre"),
        (CLOSE, put("issued", 0, "counts", value=[]), "counts: not an object"),
    ],
)
def test_an_entry_of_another_form_is_refused_by_its_field(
    data: bytes, change: Callable[[Any], object], named: str
) -> None:
    with pytest.raises(AuditError) as caught:
        parse_entry(altered(data, change))
    assert named in str(caught.value)


@pytest.mark.parametrize("data", [BALLOT, OPEN, CLOSE])
@pytest.mark.parametrize(
    "respelled",
    [
        lambda data: data + b"\n",
        lambda data: b" " + data,
        lambda data: data.replace(b":", b": ", 1),
        lambda data: data.replace(b'"type"', b'"typ\\u0065"'),
        lambda data: b'{"type":"x",' + data[1:],
        lambda data: json.dumps(json.loads(data)).encode(),
    ],
)
def test_another_spelling_of_the_same_entry_is_refused(
    data: bytes, respelled: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(EntryInvalid, match="canonical"):
        parse_entry(respelled(data))


@pytest.mark.parametrize("data", [b"", b"\xff", b"[" * 60_000, b"x" * 65_536, b'{"a":1e999}', b"1"])
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(EntryInvalid):
        parse_entry(data)


@pytest.mark.parametrize("number", [b"1.0", b"1e0", b"NaN", b"9" * 5_000])
def test_a_number_that_is_no_small_integer_is_refused(number: bytes) -> None:
    data = re.sub(rb'"sequence":\d+', b'"sequence":' + number, BALLOT)
    assert data != BALLOT
    with pytest.raises(EntryInvalid):
        parse_entry(data)


def test_the_size_limit_is_that_of_a_log_entry() -> None:
    close = parse_entry(CLOSE)
    assert isinstance(close, CloseEntry)
    counts = FrozenMap({f"style-{number:05}": 1 for number in range(6_000)})
    issued = Issued(issuer="town-hall", counts=counts, signature=bytes(64))
    data = replace(close, issued=(issued,)).to_bytes()
    assert len(data) > 65_535
    with pytest.raises(EntryInvalid, match="more than 65535"):
        parse_entry(data)
