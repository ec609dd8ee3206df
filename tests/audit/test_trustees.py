"""Releases and the recovery of the election's key, with shares dealt by the test itself."""

import dataclasses
import json
import re
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.ed25519 import SignatureInvalid
from audit.errors import AuditError
from audit.label import BinaryInvalid, b64, unb64
from audit.message import MessageInvalid, read_message
from audit.seal import GROUP_ORDER, Opener, SealInvalid
from audit.trustees import (
    ReleaseInvalid,
    SharesMissing,
    TrusteeKey,
    TrusteeKeys,
    TrusteesInvalid,
    combine,
    read_release,
    read_trustee_keys,
    recover,
    sign_release,
    verify_release,
)
from tally import canonical

E, CHECKPOINT = b"\x0e" * 32, b"\x0c" * 32


def point(scalar: int) -> bytes:
    return Opener(scalar.to_bytes(32)).public_key


@dataclass(frozen=True)
class Dealt:
    secret: bytes
    shares: dict[int, bytes]
    signers: dict[int, Ed25519PrivateKey]
    keys: TrusteeKeys

    def release(self, index: int, **changes: Any) -> bytes:
        fields: dict[str, Any] = {
            "election": E,
            "index": index,
            "share": self.shares[index],
            "checkpoint": CHECKPOINT,
            "private": self.signers[index],
        }
        return sign_release(**{**fields, **changes})


def deal(coefficients: list[int], count: int) -> Dealt:
    def f(at: int) -> int:
        value: int = sum(c * at**power for power, c in enumerate(coefficients))
        return value % GROUP_ORDER

    signers = {j: Ed25519PrivateKey.from_private_bytes(bytes([j]) * 32) for j in range(1, 17)}
    keys = TrusteeKeys(
        threshold=len(coefficients),
        election_key=point(f(0)),
        trustees=tuple(
            TrusteeKey(
                name=f"Trustee {j}",
                index=j,
                signing_key=signers[j].public_key().public_bytes_raw(),
                verification_key=point(f(j)),
            )
            for j in range(1, count + 1)
        ),
        transcript_hash=b"\x17" * 32,
    )
    shares = {j: f(j).to_bytes(32) for j in range(1, count + 1)}
    return Dealt(f(0).to_bytes(32), shares, signers, keys)


DEALT = deal([1234567, GROUP_ORDER - 5, 2**200 + 9], 5)


def opened(releases: list[bytes], keys: TrusteeKeys = DEALT.keys) -> bytes:
    return recover(keys, releases, election=E, checkpoint=CHECKPOINT).private_key


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_k_shares_give_the_key_and_fewer_do_not(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 16))
    threshold = data.draw(st.integers(1, count))
    coefficients = st.integers(1, GROUP_ORDER - 1)
    dealt = deal(data.draw(st.lists(coefficients, min_size=threshold, max_size=threshold)), count)
    everybody = list(range(1, count + 1))
    chosen = data.draw(st.permutations(everybody))[:threshold]
    assert combine(dealt.keys, {j: dealt.shares[j] for j in chosen}) == dealt.secret
    releases = [dealt.release(j) for j in chosen]
    assert opened(releases, dealt.keys) == dealt.secret
    with pytest.raises(SharesMissing, match="1 more needed"):
        opened(releases[1:], dealt.keys)
    if threshold > 1:
        # Interpolating one share fewer, as if the threshold were lower, gives another key.
        lower = dataclasses.replace(dealt.keys, threshold=max(threshold - 1, 2))
        if lower.threshold < threshold:
            with pytest.raises(TrusteesInvalid, match="not the private half"):
                combine(lower, {j: dealt.shares[j] for j in chosen[1:]})


def test_every_subset_of_five_with_threshold_three() -> None:
    for size in range(6):
        for chosen in combinations(range(1, 6), size):
            releases = [DEALT.release(j) for j in reversed(chosen)]
            if size >= 3:
                recovery = recover(DEALT.keys, releases, election=E, checkpoint=CHECKPOINT)
                assert recovery.private_key == DEALT.secret
                assert [release.index for release in recovery.releases] == list(chosen)
                assert recovery.refused == ()
                assert "private_key" not in repr(recovery)
            else:
                with pytest.raises(SharesMissing, match=f"{3 - size} more needed"):
                    opened(releases)


def test_missing_shares_are_asked_for_by_name() -> None:
    with pytest.raises(SharesMissing) as caught:
        opened([DEALT.release(2), DEALT.release(2), DEALT.release(4, share=DEALT.shares[5])])
    assert str(caught.value) == (
        "shares: 2 more needed, from among 'Trustee 1', 'Trustee 3', 'Trustee 4', 'Trustee 5'; "
        "refused: release of trustee 'Trustee 4' (4): the share does not belong to the "
        "verification key"
    )


def changed(trustee: int, **fields: Any) -> bytes:
    message = json.loads(DEALT.release(trustee))
    return canonical.encode({**message, **fields})


BAD = {
    "share of another": (
        DEALT.release(1, share=DEALT.shares[2]),
        r"'Trustee 1' \(1\): the share does not belong",
    ),
    "share zero": (DEALT.release(1, share=bytes(32)), "share: outside"),
    "share of the group order": (DEALT.release(1, share=GROUP_ORDER.to_bytes(32)), "outside"),
    "signed by another": (
        DEALT.release(1, private=DEALT.signers[2]),
        r"'Trustee 1' \(1\): signature: not by this key",
    ),
    "under another's index": (changed(1, index=2), r"'Trustee 2' \(2\): signature"),
    "share changed": (changed(1, share=b64(DEALT.shares[2])), "signature: not by this key"),
    "checkpoint changed": (changed(1, checkpoint=b64(bytes(32))), "signature: not by this key"),
    "other checkpoint": (
        DEALT.release(1, checkpoint=bytes(32)),
        r"'Trustee 1' \(1\): is for another checkpoint",
    ),
    "other election": (DEALT.release(1, election=bytes(32)), "is for another election"),
    "no such trustee": (changed(1, index=6), "there is no trustee 6"),
    "index zero": (changed(1, index=0), "there is no trustee 0"),
    "index true": (changed(1, index=True), "index is not an integer"),
    "index text": (changed(1, index="1"), "index is not an integer"),
    "short share": (changed(1, share="AA"), "share: 1 bytes instead of 32"),
    "no share": (changed(1, share=None), "share: not a text in base64url"),
    "other type": (changed(1, type="trustee-reveal"), "not a message of this type"),
    "more fields": (changed(1, comment="x"), "unknown field 'comment'"),
    "no signature": (changed(1, signature=""), "signature: 0 bytes"),
    "blanks": (DEALT.release(1).replace(b":", b": "), "canonical"),
    "nothing": (b"", "not JSON"),
    "list": (b"[]", "not a message of this type"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_releases_are_set_aside(name: str) -> None:
    bad, reason = BAD[name]
    recovery = recover(
        DEALT.keys,
        [bad, *(DEALT.release(j) for j in (2, 3, 5))],
        election=E,
        checkpoint=CHECKPOINT,
    )
    assert recovery.private_key == DEALT.secret
    assert [release.index for release in recovery.releases] == [2, 3, 5]
    assert [bool(re.search(reason, fault)) for fault in recovery.refused] == [True]
    with pytest.raises(SharesMissing, match=reason):
        opened([bad])
    with pytest.raises(AuditError, match=reason):
        verify_release(read_release(bad), DEALT.keys, election=E, checkpoint=CHECKPOINT)


def test_a_bad_release_does_not_shut_out_the_good_one() -> None:
    bad = BAD["share of another"][0]
    assert opened([bad, DEALT.release(1), DEALT.release(2), DEALT.release(3)]) == DEALT.secret


def test_a_release_inside_another_file() -> None:
    message = canonical.parse(DEALT.release(1))
    assert isinstance(message, dict)
    release = read_release(message)
    verify_release(release, DEALT.keys, election=E, checkpoint=CHECKPOINT)
    assert release.message == message
    assert "share=" not in repr(release)
    with pytest.raises(MessageInvalid, match="'share' is missing"):
        read_release({name: value for name, value in message.items() if name != "share"})


def test_every_changed_byte_of_a_release_is_refused() -> None:
    original = DEALT.release(1)
    for position in range(len(original)):
        data = original[:position] + bytes([original[position] ^ 1]) + original[position + 1 :]
        with pytest.raises(AuditError):
            verify_release(read_release(data), DEALT.keys, election=E, checkpoint=CHECKPOINT)


def test_keys_that_belong_to_other_shares_open_nothing() -> None:
    other = dataclasses.replace(DEALT.keys, election_key=point(77))
    with pytest.raises(TrusteesInvalid, match="not the private half"):
        opened([DEALT.release(j) for j in (1, 2, 3)], other)


def test_manifest_value() -> None:
    value = DEALT.keys.value()
    assert read_trustee_keys(canonical.parse(canonical.encode(value))) == DEALT.keys
    one = deal([99], 3)
    assert {t.verification_key for t in one.keys.trustees} == {one.keys.election_key}
    assert read_trustee_keys(one.keys.value()) == one.keys


def manifest(**changes: Any) -> Any:
    value: Any = DEALT.keys.value()
    return {**value, **changes}


def with_key(position: int, **changes: Any) -> Any:
    value: Any = json.loads(canonical.encode(DEALT.keys.value()))
    value["keys"][position].update(changes)
    return value


SIGNING = b64(DEALT.keys.trustees[0].signing_key)
VERIFYING = b64(DEALT.keys.trustees[0].verification_key)


@pytest.mark.parametrize(
    ("value", "error", "reason"),
    [
        (None, TrusteesInvalid, "a field is missing"),
        (manifest(more=1), TrusteesInvalid, "a field is missing, unknown"),
        (manifest(threshold=True), TrusteesInvalid, "wrong kind"),
        (manifest(threshold=0), TrusteesInvalid, "threshold 0"),
        (manifest(threshold=6), TrusteesInvalid, "threshold 6"),
        (manifest(threshold=1), TrusteesInvalid, "holds the election key itself"),
        (manifest(keys=[]), TrusteesInvalid, "trustees: 0"),
        (manifest(ceremony=""), BinaryInvalid, "trustees.ceremony: 0 bytes"),
        (manifest(election_key=b64(b"\x04" + bytes(64))), SealInvalid, "election key: not a point"),
        (with_key(1, name="Trustee 1"), TrusteesInvalid, "the same name"),
        (with_key(1, name=3), TrusteesInvalid, r"keys\[1\]: a field"),
        (with_key(1, more=3), TrusteesInvalid, r"keys\[1\]: a field"),
        (with_key(1, signing_key=SIGNING), TrusteesInvalid, "the same signing_key"),
        (with_key(1, verification_key=VERIFYING), TrusteesInvalid, "the same verification key"),
        (with_key(1, signing_key=b64(bytes(32))), SignatureInvalid, "small order"),
        (with_key(1, signing_key="A"), BinaryInvalid, r"keys\[1\].signing_key"),
        (with_key(1, verification_key=b64(b"\x02" + bytes(64))), SealInvalid, "'Trustee 2'"),
    ],
)
def test_bad_manifest_values(value: Any, error: type[AuditError], reason: str) -> None:
    with pytest.raises(error, match=reason):
        read_trustee_keys(value)


def test_order_of_trustees() -> None:
    first, second, *others = DEALT.keys.trustees
    with pytest.raises(TrusteesInvalid, match="not in index order"):
        dataclasses.replace(DEALT.keys, trustees=(second, first, *others))
    with pytest.raises(TrusteesInvalid, match="ceremony: 31 bytes"):
        dataclasses.replace(DEALT.keys, transcript_hash=bytes(31))


def test_signature_covers_the_context() -> None:
    message = read_message(
        DEALT.release(1), "trustee-release", {"election", "index", "share", "checkpoint"}
    )
    assert unb64(message["election"], "election") == E
    release = dataclasses.replace(read_release(DEALT.release(1)), election=bytes(32))
    with pytest.raises(ReleaseInvalid, match="signature: not by this key"):
        verify_release(release, DEALT.keys, election=bytes(32), checkpoint=CHECKPOINT)
