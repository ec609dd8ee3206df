"""Credentials: verification side. The blind side is in tests/ballot/test_blind.py."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from audit.credential import (
    CredentialInvalid,
    credential_message,
    load_issuer_key,
    verify_credential,
)

E, PK, PREFIX = b"\x0e" * 32, b"\x09" * 32, b"\x0a" * 32
MESSAGE = credential_message("town-hall", E, "city", PK)


def spki(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def private() -> rsa.RSAPrivateKey:
    # Not too near 2^3072, so that some signatures leave room for s + n in 384 bytes.
    while True:
        key = rsa.generate_private_key(65537, 3072)
        if key.public_key().public_numbers().n >> 3064 < 0xE0:
            return key


def sign(private: rsa.RSAPrivateKey, text: bytes, salt: int = 48) -> bytes:
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=salt)
    return private.sign(text, pss, hashes.SHA384())


def test_message() -> None:
    assert MESSAGE == (
        b"scrutin/1/credential\x00\x00\x00\x00\x09town-hall\x00\x00\x00\x20" + E
        + b"\x00\x00\x00\x04city\x00\x00\x00\x20" + PK
    )  # fmt: skip
    with pytest.raises(CredentialInvalid, match="election"):
        credential_message("town-hall", E[1:], "city", PK)
    with pytest.raises(CredentialInvalid, match="pseudonym"):
        credential_message("town-hall", E, "city", PK[1:])


def test_holds_for_its_message_only(private: rsa.RSAPrivateKey) -> None:
    der = spki(private.public_key())
    signature = sign(private, PREFIX + MESSAGE)
    verify_credential(der, PREFIX, signature, MESSAGE)
    verify_credential(load_issuer_key(der), PREFIX, signature, MESSAGE)
    for message in (
        credential_message("other-hall", E, "city", PK),
        credential_message("town-hall", b"\x0f" * 32, "city", PK),
        credential_message("town-hall", E, "district", PK),
        credential_message("town-hall", E, "city", b"\x08" * 32),
    ):
        with pytest.raises(CredentialInvalid, match="not by this issuer"):
            verify_credential(der, PREFIX, signature, message)
    with pytest.raises(CredentialInvalid, match="not by this issuer"):
        verify_credential(der, b"\x0b" * 32, signature, MESSAGE)
    for position in range(0, len(signature) * 8, 101):
        changed = bytearray(signature)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(CredentialInvalid, match="signature"):
            verify_credential(der, PREFIX, bytes(changed), MESSAGE)


def test_one_spelling_of_a_signature(private: rsa.RSAPrivateKey) -> None:
    der = spki(private.public_key())
    modulus = private.public_key().public_numbers().n
    signature = sign(private, PREFIX + MESSAGE)
    # s + n would verify without the range check; it fits in the length only for a small s.
    while int.from_bytes(signature) + modulus >= 1 << 3072:
        signature = sign(private, PREFIX + MESSAGE)
    verify_credential(der, PREFIX, signature, MESSAGE)
    larger = (int.from_bytes(signature) + modulus).to_bytes(384)
    with pytest.raises(CredentialInvalid, match="not by this issuer"):
        verify_credential(der, PREFIX, larger, MESSAGE)
    for other in (b"\x00" + signature, signature[:-1], b""):
        with pytest.raises(CredentialInvalid, match="instead of 384"):
            verify_credential(der, PREFIX, other, MESSAGE)
    for prefix in (b"", PREFIX + b"\x00"):
        with pytest.raises(CredentialInvalid, match="prefix"):
            verify_credential(der, prefix, signature, MESSAGE)


@pytest.mark.parametrize("salt", [0, 32, 47, 49])
def test_other_salt_lengths_are_refused(private: rsa.RSAPrivateKey, salt: int) -> None:
    signature = sign(private, PREFIX + MESSAGE, salt)
    with pytest.raises(CredentialInvalid, match="not by this issuer"):
        verify_credential(spki(private.public_key()), PREFIX, signature, MESSAGE)


def test_other_hash_is_refused(private: rsa.RSAPrivateKey) -> None:
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=48)
    signature = private.sign(PREFIX + MESSAGE, pss, hashes.SHA384())
    with pytest.raises(CredentialInvalid, match="not by this issuer"):
        verify_credential(spki(private.public_key()), PREFIX, signature, MESSAGE)


def test_keys_are_checked_when_loaded(private: rsa.RSAPrivateKey) -> None:
    der = spki(private.public_key())
    assert load_issuer_key(der) is load_issuer_key(der)
    assert load_issuer_key(der).size == 384
    with pytest.raises(CredentialInvalid, match="3072 bits instead of 2048"):
        load_issuer_key(der, bits=2048)
    small = spki(rsa.generate_private_key(65537, 2048).public_key())
    with pytest.raises(CredentialInvalid, match="2048 bits instead of 3072"):
        load_issuer_key(small)
    with pytest.raises(CredentialInvalid, match="2048 bits instead of 3072"):
        verify_credential(small, PREFIX, bytes(256), MESSAGE)
    assert load_issuer_key(small, bits=2048).size == 256
    modulus = private.public_key().public_numbers().n
    with pytest.raises(CredentialInvalid, match="exponent"):
        load_issuer_key(spki(rsa.RSAPublicNumbers(3, modulus).public_key()))
    with pytest.raises(CredentialInvalid, match="not an RSA key"):
        load_issuer_key(spki(ec.derive_private_key(5, ec.SECP256R1()).public_key()))
    for bad in (b"", der[:-1], der + b"\x00", b"\x30\x00"):
        with pytest.raises(CredentialInvalid, match="DER"):
            load_issuer_key(bad)


def test_a_second_der_spelling_is_refused(private: rsa.RSAPrivateKey) -> None:
    der = spki(private.public_key())
    # rsaEncryption's parameters left out instead of NULL: some parsers take it.
    without_null = der.replace(bytes.fromhex("06092a864886f70d0101010500"), bytes.fromhex(
        "06092a864886f70d010101"
    )).replace(b"\x30\x0d\x06\x09", b"\x30\x0b\x06\x09")  # fmt: skip
    assert without_null != der
    outer = int.from_bytes(without_null[2:4]) - 2
    without_null = without_null[:2] + outer.to_bytes(2) + without_null[4:]
    with pytest.raises(CredentialInvalid, match="DER"):
        load_issuer_key(without_null)
