"""The one rule of which ballots count, for single entries and for whole logs."""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from audit import parallel
from audit.admission import (
    AdmissionRefused,
    Admitted,
    BallotRefused,
    LogRefused,
    admit,
    check_ballot,
    check_close,
    check_header,
    check_open,
)
from audit.ed25519 import L
from audit.manifest import Manifest
from audit.merkle import leaf_hash
from audit.parallel import Workers
from audit.record import (
    BallotEntry,
    CloseEntry,
    Credential,
    Header,
    Issued,
    OpenEntry,
    close_message,
    issued_message,
    parse_entry,
)
from ballot.voter import Device, SealedBallot
from tally.frozen import FrozenMap
from tests.town import Clerk, clerk, drawn, town

TOWN = town(issuers=2)
CLERK = TOWN.clerk
MANIFEST = TOWN.manifest
BALLOT = TOWN.entries[1]
PLAIN = b"\x01\x80\x00"  # of style north


def ballot() -> BallotEntry:
    entry = parse_entry(BALLOT)
    assert isinstance(entry, BallotEntry)
    return entry


def refused(data: bytes, manifest: Manifest = MANIFEST) -> str:
    with pytest.raises(BallotRefused) as caught:
        check_ballot(manifest, data)
    return caught.value.code


def with_header(**changes: object) -> bytes:
    """A ballot whose header was changed after it was signed."""
    entry = ballot()
    return replace(entry, header=replace(entry.header, **changes)).to_bytes()  # type: ignore[arg-type]


def cast(
    own: Clerk, device: Device, sequence: int = 1, plain: bytes = PLAIN, **changes: object
) -> SealedBallot:
    made = own.ballot(device, plain, own.credentials(device), sequence)
    return device.sign(replace(made.header, **changes), made.sealed)  # type: ignore[arg-type]


def test_a_valid_ballot_is_given_back() -> None:
    assert check_ballot(MANIFEST, BALLOT) == ballot()
    check_header(MANIFEST, ballot().header)


def test_each_reason_has_its_code() -> None:
    header = ballot().header
    first, second = header.credentials
    twisted = replace(first, signature=first.signature[:-1] + bytes([first.signature[-1] ^ 1]))
    assert refused(b"{}") == "malformed"
    assert refused(TOWN.entries[0]) == "malformed"
    assert refused(BALLOT + b" ") == "malformed"
    assert refused(with_header(election=bytes(32))) == "wrong-election"
    assert refused(BALLOT, clerk(roll=41, issuers=2).manifest) == "wrong-election"
    assert refused(with_header(style="south")) == "unknown-style"
    assert refused(with_header(sequence=10)) == "sequence-out-of-range"
    assert refused(with_header(pseudonym=bytes(32))) == "weak-key"
    assert refused(with_header(pseudonym=b"\xff" * 32)) == "weak-key"
    assert refused(with_header(credentials=(first,))) == "bad-credential"
    assert refused(with_header(credentials=(second, first))) == "bad-credential"
    assert refused(with_header(credentials=(first, first))) == "bad-credential"
    assert refused(with_header(credentials=(first, second, second))) == "bad-credential"
    assert refused(with_header(credentials=(twisted, second))) == "bad-credential"
    other = "north" if header.style == "centre" else "centre"
    assert refused(with_header(style=other)) == "bad-credential"
    assert refused(with_header(pseudonym=drawn("other"))) == "bad-credential"
    assert refused(with_header(sequence=header.sequence + 1)) == "bad-signature"
    assert refused(with_header(sealed_hash=bytes(32))) == "bad-signature"
    assert refused(replace(ballot(), signature=bytes(64)).to_bytes()) == "bad-signature"
    # s + L satisfies the equation too, where an implementation does not look
    signature = ballot().signature
    malleable = (int.from_bytes(signature[32:], "little") + L).to_bytes(32, "little")
    again = replace(ballot(), signature=signature[:32] + malleable)
    assert refused(again.to_bytes()) == "bad-signature"


def test_a_copied_credential_is_of_no_use_to_another_pseudonym() -> None:
    thief = CLERK.device("thief", "north")
    stolen = check_ballot(MANIFEST, TOWN.ballots["fay"][0].entry).header.credentials
    made = CLERK.ballot(thief, PLAIN, stolen, 1)
    assert refused(made.entry) == "bad-credential"


def test_a_credential_of_one_issuer_does_not_pass_for_the_others() -> None:
    device = CLERK.device("fay", "north")
    first, second = CLERK.credentials(device)
    forged = Credential(issuer=second.issuer, prefix=first.prefix, signature=first.signature)
    made = CLERK.ballot(device, PLAIN, (first, forged), 1)
    assert refused(made.entry) == "bad-credential"


def test_refusals_travel_between_processes() -> None:
    error = LogRefused("duplicate", "the same as entry 3", 4)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(again), again.code, again.position, str(again)) == (
        LogRefused,
        "duplicate",
        4,
        "entry 4: the same as entry 3",
    )


# -- open and close ---------------------------------------------------------------------------


def log_refused(check: Callable[[Manifest, bytes], object], data: bytes) -> str:
    with pytest.raises(LogRefused) as caught:
        check(MANIFEST, data)
    return caught.value.code


def test_the_open_entry() -> None:
    data = TOWN.entries[0]
    entry = check_open(MANIFEST, data)
    assert isinstance(entry, OpenEntry)
    assert log_refused(check_open, b"") == "malformed"
    assert log_refused(check_open, BALLOT) == "misplaced"
    other = clerk(roll=41, issuers=2)
    assert log_refused(check_open, other.open_entry()) == "wrong-election"
    assert log_refused(check_open, replace(entry, officers=entry.officers[:1]).to_bytes()) == (
        "bad-signature"
    )
    wrong = CLERK.sign(b"close instead")
    assert log_refused(check_open, replace(entry, officers=wrong).to_bytes()) == "bad-signature"


def closing(counts: Any, issuers: Sequence[str] = CLERK.issuer_ids) -> CloseEntry:
    own = replace(CLERK, issuer_ids=tuple(issuers))
    entry = parse_entry(own.close_entry(counts))
    assert isinstance(entry, CloseEntry)
    return entry


def test_the_close_entry() -> None:
    counts = {"centre": 20, "north": 20}
    entry = closing(counts)
    assert check_close(MANIFEST, entry.to_bytes()) == entry
    assert log_refused(check_close, BALLOT) == "misplaced"
    assert log_refused(check_close, clerk(roll=41).close_entry(counts)) == "wrong-election"
    assert log_refused(check_close, closing({"centre": 20}).to_bytes()) == "wrong-counts"
    more = closing({**counts, "south": 1})
    assert log_refused(check_close, more.to_bytes()) == "wrong-counts"
    for issuers in (("town-hall",), ("prefecture", "town-hall"), ("town-hall", "town-hall")):
        assert log_refused(check_close, closing(counts, issuers).to_bytes()) == "wrong-counts"
    full = {"centre": 40, "north": 40}
    check_close(MANIFEST, closing(full).to_bytes())
    assert log_refused(check_close, closing({**full, "north": 41}).to_bytes()) == "wrong-counts"


def test_the_signatures_of_the_close_entry() -> None:
    counts = {"centre": 20, "north": 20}
    entry = closing(counts)
    changed = tuple(
        replace(each, counts=FrozenMap({"centre": 21, "north": 20})) for each in entry.issued
    )
    officers = CLERK.sign(close_message(MANIFEST.hash, changed))
    assert (
        log_refused(check_close, replace(entry, issued=changed, officers=officers).to_bytes())
        == "bad-signature"
    )
    # an issuer's statement for another election
    stale = Issued(
        issuer="town-hall",
        counts=FrozenMap(counts),
        signature=CLERK.receipt_key.sign(issued_message(bytes(32), "town-hall", counts)),
    )
    issued = (stale, entry.issued[1])
    officers = CLERK.sign(close_message(MANIFEST.hash, issued))
    assert (
        log_refused(check_close, replace(entry, issued=issued, officers=officers).to_bytes())
        == "bad-signature"
    )
    # officers who signed other counts
    stale_officers = closing({"centre": 19, "north": 20}).officers
    assert log_refused(check_close, replace(entry, officers=stale_officers).to_bytes()) == (
        "bad-signature"
    )


# -- whole logs -------------------------------------------------------------------------------


def log_of(*ballots: bytes, issued: int = 20) -> list[bytes]:
    counts = {"centre": issued, "north": issued}
    return [CLERK.open_entry(), *ballots, CLERK.close_entry(counts)]


def test_a_whole_log() -> None:
    admitted = admit(MANIFEST, TOWN.entries)
    assert list(admitted.counted) == ["centre", "north"]
    assert {style: len(each) for style, each in admitted.counted.items()} == {
        "centre": 4,
        "north": 5,
    }
    assert dict(admitted.superseded) == {"centre": 2, "north": 0}
    assert dict(admitted.equivocations) == {"centre": 0, "north": 0}
    last = TOWN.ballots["ana"][-1]
    counted = {ballot.leaf_hash: ballot for ballot in admitted.counted["centre"]}
    ana = counted[leaf_hash(last.entry)]
    assert (ana.sequence, ana.style, ana.sealed_hash) == (3, "centre", last.header.sealed_hash)
    assert TOWN.entries[ana.position] == last.entry
    for each in admitted.counted.values():
        positions = [ballot.position for ballot in each]
        assert positions == sorted(positions)


def position_refused(entries: Sequence[bytes]) -> tuple[str, int | None]:
    with pytest.raises(AdmissionRefused) as caught:
        admit(MANIFEST, entries)
    return caught.value.code, caught.value.position


def test_a_log_begins_with_open_and_ends_with_close() -> None:
    entries = list(TOWN.entries)
    assert position_refused([]) == ("misplaced", None)
    assert position_refused(entries[:1]) == ("misplaced", None)
    assert position_refused(entries[1:]) == ("misplaced", 0)
    assert position_refused(entries[:-1]) == ("misplaced", 11)
    assert position_refused([*entries, entries[-1]]) == ("malformed", 12)
    assert position_refused([entries[0], *entries]) == ("malformed", 1)
    assert admit(MANIFEST, [entries[0], entries[-1]]).counted["north"] == ()


def test_every_entry_between_must_be_a_valid_ballot_and_stand_once() -> None:
    entries = list(TOWN.entries)
    bad = with_header(sealed_hash=bytes(32))
    assert position_refused([*entries[:5], bad, *entries[5:]]) == ("bad-signature", 5)
    assert position_refused([*entries[:3], b"[]", *entries[3:]]) == ("malformed", 3)
    assert position_refused([*entries[:-1], entries[4], entries[-1]]) == ("duplicate", 12)


def test_the_highest_sequence_counts_wherever_it_stands() -> None:
    ballots = [ballot.entry for ballot in TOWN.ballots["ana"]]
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        admitted = admit(MANIFEST, log_of(*(ballots[each] for each in order)))
        (counted,) = admitted.counted["centre"]
        assert counted.sequence == 3
        assert admitted.superseded["centre"] == 2
        assert admitted.equivocations["centre"] == 0


def two_of_one_sequence(sequence: int) -> list[SealedBallot]:
    device = CLERK.device("fay", "north")
    credentials = CLERK.credentials(device)
    return sorted(
        (CLERK.ballot(device, plain, credentials, sequence) for plain in (PLAIN, b"\x01\x40\x01")),
        key=lambda made: leaf_hash(made.entry),
    )


def test_among_equals_the_lower_leaf_hash_counts_and_the_pseudonym_is_flagged() -> None:
    low, high = two_of_one_sequence(2)
    for order in ((low, high), (high, low)):
        admitted = admit(MANIFEST, log_of(*(made.entry for made in order)))
        (counted,) = admitted.counted["north"]
        assert counted.leaf_hash == leaf_hash(low.entry)
        assert (admitted.equivocations["north"], admitted.superseded["north"]) == (1, 1)


def test_a_later_single_ballot_takes_the_flag_away() -> None:
    low, high = two_of_one_sequence(2)
    third = cast(CLERK, CLERK.device("fay", "north"), 3)
    for order in ((low, high, third), (third, high, low), (low, third, high)):
        admitted = admit(MANIFEST, log_of(*(made.entry for made in order)))
        (counted,) = admitted.counted["north"]
        assert counted.sequence == 3
        assert (admitted.equivocations["north"], admitted.superseded["north"]) == (0, 2)


def test_a_pseudonym_keeps_its_style() -> None:
    # one key, credentials of two styles: whoever is on the roll of both
    north = CLERK.device("fay", "north")
    header = TOWN.ballots["fay"][0].header
    centre = Device(manifest=MANIFEST, style="centre", seed=b"s" * 32)
    assert header.style == "north"
    credentials = _credentials_for(north.pseudonym, "centre")
    header = replace(header, style="centre", credentials=credentials, sequence=2)
    second = north.sign(header, b"")
    check_ballot(MANIFEST, second.entry)
    assert position_refused(log_of(TOWN.ballots["fay"][0].entry, second.entry)) == (
        "style-changed",
        2,
    )
    assert centre.pseudonym != north.pseudonym


def _credentials_for(pseudonym: bytes, style: str) -> tuple[Credential, ...]:
    """Credentials of a style for any pseudonym, signed openly."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    from audit.credential import credential_message
    from tests.town import rsa_key

    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
    return tuple(
        Credential(
            issuer=issuer,
            prefix=bytes(32),
            signature=rsa_key(CLERK.seed, issuer, style).sign(
                bytes(32) + credential_message(issuer, MANIFEST.hash, style, pseudonym),
                pss,
                hashes.SHA384(),
            ),
        )
        for issuer in CLERK.issuer_ids
    )


def test_no_more_ballots_than_credentials() -> None:
    ballots = [TOWN.ballots[person][0].entry for person in ("eli", "fay", "gil")]
    admit(MANIFEST, log_of(*ballots, issued=3))
    with pytest.raises(LogRefused, match="3 pseudonyms voted, but issuer 'town-hall' gave out 2"):
        admit(MANIFEST, log_of(*ballots, issued=2))
    # the three ballots of one pseudonym are one
    admit(MANIFEST, log_of(*(made.entry for made in TOWN.ballots["ana"]), issued=1))


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Enough ballots of one pseudonym that several processes verify them."""
    monkeypatch.setattr(parallel, "WORTH_IT", 2 * parallel.PORTION)
    device = CLERK.device("fay", "north")
    credentials = CLERK.credentials(device)
    entries = []
    for number in range(3 * parallel.PORTION + 1):
        header = Header(
            election=MANIFEST.hash,
            style="north",
            pseudonym=device.pseudonym,
            sequence=1 + number % 9,
            credentials=credentials,
            sealed_hash=drawn("sealed", number),
        )
        entries.append(device.sign(header, b"").entry)
    return entries


def test_several_processes_find_the_same(many: list[bytes]) -> None:
    seen: list[int] = []
    entries = log_of(*many)
    alone: Admitted = admit(MANIFEST, entries)
    with Workers(2) as workers:
        assert admit(MANIFEST, entries, workers=workers, progress=seen.append) == alone
    assert seen == sorted(seen)
    assert seen[-1] == len(many)


def test_several_processes_name_the_first_bad_entry(many: list[bytes]) -> None:
    bad = with_header(sealed_hash=bytes(32))
    entries = log_of(*many)
    entries[300] = entries[700] = bad
    with Workers(2) as workers, pytest.raises(BallotRefused) as caught:
        admit(MANIFEST, entries, workers=workers)
    assert (caught.value.code, caught.value.position) == ("bad-signature", 300)
