"""HPKE: the RFC's vectors, the library as a second implementation, and every kind of damage."""

import json
from importlib import resources
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from audit.seal import (
    GROUP_ORDER,
    OVERHEAD,
    Opener,
    SealInvalid,
    encode_point,
    open_sealed,
    open_with_ephemeral,
    seal,
    seal_info,
)

LIBRARY = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
PRIVATE = (7).to_bytes(32)
ELECTION_KEY = Opener(PRIVATE).public_key
INFO = seal_info(bytes(32), "city", b"\x11" * 32, 1)


def rfc_9180() -> dict[str, Any]:
    """The vector of RFC 9180 for our suite in base mode, from the package cryptography_vectors."""
    text = resources.files("cryptography_vectors").joinpath("HPKE", "test-vectors.json").read_text()
    chosen = [
        vector
        for vector in json.loads(text)
        if [vector[name] for name in ("mode", "kem_id", "kdf_id", "aead_id")] == [0, 16, 1, 1]
    ]
    assert len(chosen) == 1
    vector: dict[str, Any] = chosen[0]
    return vector


def test_rfc_9180_key_schedule_and_first_message() -> None:
    # The published messages have an aad, ours has none: compare key and nonce through the library's
    # AES-GCM instead, then the whole message through our own functions.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    vector = {name: value for name, value in rfc_9180().items() if isinstance(value, str)}
    first = rfc_9180()["encryptions"][0]
    raw = {name: bytes.fromhex(value) for name, value in vector.items()}
    cipher = AESGCM(raw["key"])
    published = cipher.encrypt(
        raw["base_nonce"], bytes.fromhex(first["pt"]), bytes.fromhex(first["aad"])
    )
    assert published.hex() == first["ct"]

    plaintext = bytes.fromhex(first["pt"])
    sealed = seal(plaintext, raw["pkRm"], raw["info"], ephemeral=raw["skEm"])
    assert sealed.blob[:65] == raw["enc"]
    assert sealed.blob[65:] == cipher.encrypt(raw["base_nonce"], plaintext, None)
    assert open_sealed(sealed.blob, raw["skRm"], raw["info"]) == plaintext
    assert open_with_ephemeral(sealed.blob, raw["skEm"], raw["pkRm"], raw["info"]) == plaintext


@given(
    plaintext=st.binary(max_size=300),
    info=st.binary(max_size=100),
    private=st.integers(1, GROUP_ORDER - 1),
    ephemeral=st.integers(1, GROUP_ORDER - 1),
)
def test_interoperates_with_the_library(
    plaintext: bytes, info: bytes, private: int, ephemeral: int
) -> None:
    key = ec.derive_private_key(private, ec.SECP256R1())
    point = encode_point(key.public_key())
    sealed = seal(plaintext, point, info, ephemeral=ephemeral.to_bytes(32))
    assert len(sealed.blob) == len(plaintext) + OVERHEAD
    assert LIBRARY.decrypt(sealed.blob, key, info) == plaintext
    theirs = LIBRARY.encrypt(plaintext, key.public_key(), info)
    assert Opener(private.to_bytes(32)).open(theirs, info) == plaintext
    assert open_sealed(theirs, key, info) == plaintext


def test_fresh_ephemerals_differ_and_are_not_shown() -> None:
    first, second = (seal(b"vote", ELECTION_KEY, INFO) for _ in range(2))
    assert first.ephemeral != second.ephemeral
    assert first.blob != second.blob
    assert repr(first.ephemeral) not in repr(first)
    assert open_with_ephemeral(first.blob, first.ephemeral, ELECTION_KEY, INFO) == b"vote"


def test_every_changed_bit_is_refused() -> None:
    sealed = seal(b"\x01\x80", ELECTION_KEY, INFO)
    opener = Opener(PRIVATE)
    assert opener.open(sealed.blob, INFO) == b"\x01\x80"
    for position in range(len(sealed.blob) * 8):
        changed = bytearray(sealed.blob)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(SealInvalid):
            opener.open(bytes(changed), INFO)
        with pytest.raises(SealInvalid):
            open_with_ephemeral(bytes(changed), sealed.ephemeral, ELECTION_KEY, INFO)


@pytest.mark.parametrize("length", [0, 1, 64, 65, OVERHEAD - 1])
def test_too_short_is_refused(length: int) -> None:
    sealed = seal(b"", ELECTION_KEY, INFO)
    with pytest.raises(SealInvalid, match="fewer than"):
        open_sealed(sealed.blob[:length], PRIVATE, INFO)
    assert open_sealed(sealed.blob, PRIVATE, INFO) == b""


def test_trailing_byte_is_refused() -> None:
    sealed = seal(b"vote", ELECTION_KEY, INFO)
    with pytest.raises(SealInvalid):
        open_sealed(sealed.blob + b"\x00", PRIVATE, INFO)


@pytest.mark.parametrize(
    "other",
    [
        seal_info(b"\x01" * 32, "city", b"\x11" * 32, 1),
        seal_info(bytes(32), "district", b"\x11" * 32, 1),
        seal_info(bytes(32), "city", b"\x12" * 32, 1),
        seal_info(bytes(32), "city", b"\x11" * 32, 2),
        b"",
    ],
    ids=["election", "style", "pseudonym", "sequence", "nothing"],
)
def test_another_context_does_not_open(other: bytes) -> None:
    sealed = seal(b"vote", ELECTION_KEY, INFO)
    with pytest.raises(SealInvalid, match="context"):
        open_sealed(sealed.blob, PRIVATE, other)
    with pytest.raises(SealInvalid, match="context"):
        open_with_ephemeral(sealed.blob, sealed.ephemeral, ELECTION_KEY, other)


def test_another_key_does_not_open() -> None:
    sealed = seal(b"vote", ELECTION_KEY, INFO)
    with pytest.raises(SealInvalid):
        open_sealed(sealed.blob, (8).to_bytes(32), INFO)
    with pytest.raises(SealInvalid, match="ephemeral key: not the one"):
        open_with_ephemeral(sealed.blob, (9).to_bytes(32), ELECTION_KEY, INFO)
    with pytest.raises(SealInvalid):
        open_with_ephemeral(
            sealed.blob, sealed.ephemeral, Opener((8).to_bytes(32)).public_key, INFO
        )


X, Y = ELECTION_KEY[1:33], ELECTION_KEY[33:]
PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
# The point with x = 0, so that x + p fits 32 bytes and would be a second spelling of it.
SMALL_Y = bytes.fromhex("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4")


def test_the_point_with_x_0_is_one() -> None:
    seal(b"vote", b"\x04" + bytes(32) + SMALL_Y, INFO)


@pytest.mark.parametrize(
    "point",
    [
        bytes([2 + Y[-1] % 2]) + X,
        bytes([6 + Y[-1] % 2]) + X + Y,
        b"\x00",
        b"\x04" + bytes(64),
        b"\x00" * 65,
        b"\x04" + X + Y[:-1] + bytes([Y[-1] ^ 1]),
        b"\x04" + PRIME.to_bytes(32) + SMALL_Y,
        b"\x04" + X + Y + b"\x00",
        b"",
    ],
    ids=["compressed", "hybrid", "infinity", "0,0", "zeros", "off", "x=p+0", "long", "empty"],
)
def test_bad_points_are_refused(point: bytes) -> None:
    with pytest.raises(SealInvalid, match="election key"):
        seal(b"vote", point, INFO)
    # The same point sent as enc: nothing opens.
    sealed = seal(b"vote", ELECTION_KEY, INFO)
    with pytest.raises(SealInvalid):
        open_sealed(point + sealed.blob[65:], PRIVATE, INFO)


@pytest.mark.parametrize(
    "scalar", [bytes(32), GROUP_ORDER.to_bytes(32), b"\xff" * 32, b"\x01" * 31, b"\x01" * 33]
)
def test_bad_scalars_are_refused(scalar: bytes) -> None:
    with pytest.raises(SealInvalid, match="private key"):
        Opener(scalar)
    with pytest.raises(SealInvalid, match="ephemeral key"):
        seal(b"vote", ELECTION_KEY, INFO, ephemeral=scalar)


def test_a_key_of_another_curve_is_refused() -> None:
    with pytest.raises(SealInvalid, match="P-256"):
        Opener(ec.derive_private_key(7, ec.SECP384R1()))


def test_context_fields_are_checked() -> None:
    expected = b"scrutin/1/seal\x00" + b"\x00\x00\x00\x20" + bytes(32)
    expected += b"\x00\x00\x00\x04city" + b"\x00\x00\x00\x20" + b"\x11" * 32
    assert expected + b"\x00\x00\x00\x02\x00\x01" == INFO
    with pytest.raises(SealInvalid, match="election"):
        seal_info(bytes(31), "city", bytes(32), 1)
    with pytest.raises(SealInvalid, match="pseudonym"):
        seal_info(bytes(32), "city", bytes(33), 1)
    with pytest.raises(SealInvalid, match="sequence"):
        seal_info(bytes(32), "city", bytes(32), 65536)
