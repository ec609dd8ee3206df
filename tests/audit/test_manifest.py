"""The manifest: one spelling, parts that fit together, keys that differ, enough signatures."""

import copy
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from audit.errors import AuditError
from audit.label import b64
from audit.manifest import (
    Manifest,
    ManifestInvalid,
    manifest_message,
    manifest_signatures,
    verify_manifest,
)
from audit.note import Ed25519Signer
from audit.officers import OfficerSignature, SignaturesMissing
from tally import canonical
from tests.town import OFFICERS, clerk, drawn, rsa_key

MANIFEST = clerk(issuers=2).manifest


def test_it_comes_back_from_its_bytes() -> None:
    again = Manifest.parse(MANIFEST.encoded)
    assert again == MANIFEST
    assert again.hash == sha256(MANIFEST.encoded).digest()
    assert canonical.parse(MANIFEST.encoded) == MANIFEST.to_value()
    assert MANIFEST.policy is None
    assert MANIFEST.issuer("prefecture").id == "prefecture"
    with pytest.raises(ManifestInvalid, match="no 'nobody'"):
        MANIFEST.issuer("nobody")


def test_a_left_out_default_is_another_spelling() -> None:
    value: Any = canonical.parse(MANIFEST.encoded)
    del value["definition"]["contests"][0]["form"]["blank"]
    with pytest.raises(ManifestInvalid, match="written in full"):
        Manifest.parse(canonical.encode(value))


def test_other_spellings_are_refused() -> None:
    for data in (MANIFEST.encoded + b"\n", b" " + MANIFEST.encoded, b"[]", b"", b"\xff"):
        with pytest.raises(ManifestInvalid):
            Manifest.parse(data)


def at(value: Any, path: str) -> tuple[Any, Any]:
    *keys, last = (int(key) if key.isdigit() else key for key in path.split("/"))
    for key in keys:
        value = value[key]
    return value, last


def put(path: str, new: object) -> Callable[[Any], None]:
    def change(value: Any) -> None:
        inner, last = at(value, path)
        inner[last] = new

    return change


def same(path: str, other: str) -> Callable[[Any], None]:
    def change(value: Any) -> None:
        inner, last = at(value, path)
        source, name = at(value, other)
        inner[last] = copy.deepcopy(source[name])

    return change


def small_rsa() -> str:
    key = rsa.generate_private_key(65537, 2048).public_key()
    return b64(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def other_log_key() -> str:
    private = clerk().log.private
    return str(Ed25519Signer(name="another.example/log", private=private).key)


WITNESS = "witness w w.example+aabbccdd+BAAA\nquorum w\n"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (put("version", 2), "version 1"),
        (put("version", True), "version 1"),
        (put("type", "x"), "manifest of version 1"),
        (put("more", 1), "unknown field 'more'"),
        (put("definition/closes", "2026-10-05T07:00:00Z"), "definition: closes"),
        (put("definition/contests/0/rule/name", "lottery"), "definition: contests[0].rule.name"),
        (put("officers/threshold", 0), "officers: threshold 0 of 2"),
        (put("officers/threshold", 3), "officers: threshold 3 of 2"),
        (same("officers/keys/1/name", "officers/keys/0/name"), "officers: two are named"),
        (put("officers/keys/0/name", "a\nb"), "officers.keys[0].name: a control character"),
        (put("officers/keys/0/key", "AAAA"), "officers.keys[0].key"),
        (put("issuers", []), "issuers: none"),
        (same("issuers/1/id", "issuers/0/id"), "issuers: two are named"),
        (put("issuers/0/id", "Hall"), "not an identifier"),
        (put("issuers/0/styles/south", ""), "'south' is not a style"),
        (lambda v: v["issuers"][0]["styles"].pop("north"), "nothing for style 'north'"),
        (put("issuers/0/styles/north", "AAAA"), "style 'north': issuer key"),
        (put("issuers/0/styles/north", small_rsa()), "2048 bits"),
        (put("roll/counts/south", 1), "roll.counts: 'south' is not a style"),
        (lambda v: v["roll"]["counts"].pop("north"), "roll.counts: nothing for style 'north'"),
        (put("roll/counts/north", -1), "roll.counts.north"),
        (put("roll/root", "AAAA"), "roll.root"),
        (put("box/batch_seconds", 0), "box.batch_seconds"),
        (put("box/batch_minimum", 0), "box.batch_minimum"),
        (put("box/origin", "elsewhere"), "box.log_key: not an Ed25519 key (0x01) named after"),
        (put("box/log_key", other_log_key()), "named after the origin"),
        (put("box/log_key", "x"), "box.log_key or witness_policy"),
        (put("witness_policy", 1), "witness_policy: not a text"),
        (put("witness_policy", WITNESS), "box.log_key or witness_policy"),
        (put("maximum_sequence", 0), "maximum_sequence"),
        (put("maximum_sequence", 65_536), "maximum_sequence"),
        (put("client/sha256", "AAAA"), "client.sha256"),
        (put("trustees/threshold", 4), "trustees"),
        (put("trustees/more", 1), "trustees"),
        (same("officers/keys/0/key", "officers/keys/1/key"), "have the same key"),
        (same("issuers/0/key", "officers/keys/1/key"), "have the same key"),
        (same("box/receipt_key", "issuers/0/key"), "have the same key"),
        (same("trustees/keys/0/signing_key", "box/receipt_key"), "have the same key"),
        (same("issuers/0/styles/north", "issuers/0/styles/centre"), "have the same key"),
        (same("issuers/0/styles/north", "issuers/1/styles/north"), "have the same key"),
        (put("officers/keys/0/key", b64(bytes(32))), "key of officer"),
        (put("box/receipt_key", b64(b"\x01" + bytes(31))), "key of the box's receipts"),
    ],
)
def test_a_contradiction_is_refused_by_its_place(
    change: Callable[[Any], object], named: str
) -> None:
    value: Any = canonical.parse(MANIFEST.encoded)
    change(value)
    with pytest.raises(AuditError) as caught:
        Manifest.parse(canonical.encode(value))
    assert named in str(caught.value)


def test_the_log_key_is_no_other_key() -> None:
    own = clerk()
    public = own.log.key.public
    with pytest.raises(ManifestInvalid, match="have the same key"):
        replace(own.manifest, box=replace(own.manifest.box, receipt_key=public))


def test_a_policy_must_know_the_log_and_no_key_of_ours() -> None:
    own = clerk()
    other = Ed25519Signer(name="other.example", private=own.receipt_key).key
    with pytest.raises(ManifestInvalid, match="lists logs, but not the box's"):
        replace(own.manifest, witness_policy=f"log {other}\nquorum none\n")
    fine = replace(own.manifest, witness_policy=f"log {own.manifest.box.log_key}\nquorum none\n")
    assert fine.policy is not None
    assert Manifest.parse(fine.encoded) == fine


def test_enough_officers_must_sign_in_order() -> None:
    own = clerk()
    message = manifest_message(own.manifest.hash)
    both = own.sign(message)
    data = manifest_signatures(own.manifest, reversed(both))
    assert verify_manifest(own.manifest, data) == both
    with pytest.raises(SignaturesMissing, match="by 1 officers instead of 2"):
        manifest_signatures(own.manifest, both[:1])
    for wrong, named in (
        (both[:1], "by 1 officers instead of 2"),
        ((both[1], both[0]), "order"),
        ((both[0], both[0]), "order, or twice"),
        (own.sign(b"another message"), "not by this key"),
        ((both[0], replace(both[1], officer="Nobody")), "no officer is named 'Nobody'"),
        ((both[0], OfficerSignature(officer=OFFICERS[1], signature=drawn("x", size=64))), "Bruno"),
    ):
        value: dict[str, canonical.Value] = {
            "type": "manifest-signatures",
            "election": b64(own.manifest.hash),
            "signatures": [each.to_value() for each in wrong],
        }
        with pytest.raises(SignaturesMissing) as caught:
            verify_manifest(own.manifest, canonical.encode(value))
        assert named in str(caught.value)


def test_signatures_belong_to_one_manifest() -> None:
    own, other = clerk(), clerk(roll=41)
    data = manifest_signatures(own.manifest, own.sign(manifest_message(own.manifest.hash)))
    with pytest.raises(SignaturesMissing, match="for another manifest"):
        verify_manifest(other.manifest, data)
    for wrong in (
        data + b" ",
        data.replace(b"manifest-signatures", b"manifest-signature"),
        data.replace(b'"type"', b'"kind"'),
        b"{}",
    ):
        with pytest.raises(SignaturesMissing):
            verify_manifest(own.manifest, wrong)


def test_the_same_seed_gives_the_same_keys() -> None:
    assert rsa_key("a", "b").private_numbers() == rsa_key("a", "b").private_numbers()
    rsa_key.cache_clear()
    clerk.cache_clear()
    assert clerk(issuers=2).manifest == MANIFEST
