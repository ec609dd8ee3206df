"""RFC 9474: all published vectors, round trips with own keys, and faults."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gmpy2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.credential import (
    CredentialInvalid,
    IssuerKey,
    credential_message,
    load_issuer_key,
    verify_credential,
)
from ballot.blind import (
    BlindingInvalid,
    BlindRequestInvalid,
    BlindSigner,
    SigningFault,
    blind,
    encode_pss,
    finalize,
    new_issuer_key,
    prepare,
)

VARIANTS = [
    f"RSABSSA-SHA384-{padding}-{kind}"
    for padding in ("PSS", "PSSZERO")
    for kind in ("Randomized", "Deterministic")
]
MESSAGE = credential_message("town-hall", b"\x0e" * 32, "city", b"\x09" * 32)
PREFIX, SALT = b"\x0a" * 32, b"\x05" * 48


def vector(name: str) -> dict[str, Any]:
    folder = os.environ.get("SCRUTIN_VECTORS")
    if not folder:
        pytest.skip("published vectors: set SCRUTIN_VECTORS to the folder with rfc9474.json")
    found = json.loads((Path(folder) / "rfc9474.json").read_text())
    assert sorted(v["name"] for v in found) == sorted(VARIANTS)
    chosen: dict[str, Any] = next(v for v in found if v["name"] == name)
    return chosen


def published_keys(published: dict[str, Any]) -> tuple[rsa.RSAPrivateKey, IssuerKey]:
    p, q, n, e, d = (int(published[name], 16) for name in ("p", "q", "n", "e", "d"))
    private = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, n)
    ).private_key()
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return private, load_issuer_key(der, bits=n.bit_length())


@pytest.mark.parametrize("name", VARIANTS)
def test_published_vector(name: str) -> None:
    published = vector(name)
    private, key = published_keys(published)
    raw = {
        field: bytes.fromhex(published[field])
        for field in ("msg", "msg_prefix", "input_msg", "salt", "blinded_msg", "blind_sig", "sig")
    }
    message, prefix, salt = raw["msg"], raw["msg_prefix"], raw["salt"]
    assert len(salt) == int(published["sLen"], 16)
    assert prepare(message, prefix) == raw["input_msg"]
    if "encoded_msg" in published:
        encoded = encode_pss(raw["input_msg"], salt, key.rsa.key_size - 1)
        assert encoded.hex() == published["encoded_msg"]
    inverse = int(published["inv"], 16)
    r = pow(inverse, -1, int(published["n"], 16))
    blinded = blind(key, message, prefix=prefix, salt=salt, blinding=r)
    assert blinded.message == raw["blinded_msg"]
    assert blinded.inverse == inverse
    signer = BlindSigner(private, bits=key.rsa.key_size)
    assert signer.sign(blinded.message) == raw["blind_sig"]
    signature = finalize(
        key, message, raw["blind_sig"], inverse, prefix=prefix, salt_size=len(salt)
    )
    assert signature == raw["sig"]
    if name == "RSABSSA-SHA384-PSS-Randomized":
        verify_credential(key, prefix, signature, message)
    elif prefix:
        with pytest.raises(CredentialInvalid):
            verify_credential(key, prefix, signature, message)


@pytest.fixture(scope="module")
def signer() -> BlindSigner:
    return BlindSigner(new_issuer_key())


@settings(max_examples=25, deadline=None)
@given(
    pseudonym=st.binary(min_size=32, max_size=32),
    prefix=st.binary(min_size=32, max_size=32),
    salt=st.binary(min_size=48, max_size=48),
    r=st.integers(1, 2**3071),
)
def test_round_trip(
    signer: BlindSigner, pseudonym: bytes, prefix: bytes, salt: bytes, r: int
) -> None:
    key = signer.public_key
    message = credential_message("town-hall", b"\x0e" * 32, "city", pseudonym)
    blinded = blind(key, message, prefix=prefix, salt=salt, blinding=r)
    assert "inverse" not in repr(blinded)
    answer = signer.sign(blinded.message)
    assert answer == signer.sign(blinded.message)
    signature = finalize(key, message, answer, blinded.inverse, prefix=prefix)
    verify_credential(key.der, prefix, signature, message)


def test_blinding_hides_the_message(signer: BlindSigner) -> None:
    # For any blinded message and any other message there is an r that leads from one to the other:
    # what the registrar saw fits every credential equally well.
    key, n = signer.public_key, signer.public_key.rsa.public_numbers().n
    other = credential_message("town-hall", b"\x0e" * 32, "city", b"\x08" * 32)
    blinded = blind(key, MESSAGE, prefix=PREFIX, salt=SALT, blinding=12345)
    answer = signer.sign(blinded.message)
    encoded = int.from_bytes(encode_pss(prepare(other, PREFIX), SALT, key.rsa.key_size - 1))
    signature = int.from_bytes(signer.sign(encoded.to_bytes(key.size)))
    r = int.from_bytes(answer) * pow(signature, -1, n) % n
    again = blind(key, other, prefix=PREFIX, salt=SALT, blinding=r)
    assert again.message == blinded.message


@pytest.mark.parametrize("size", [2048, 2056])
def test_other_sizes_of_key(size: int) -> None:
    private = new_issuer_key(bits=size)
    signer = BlindSigner(private, bits=size)
    blinded = blind(signer.public_key, MESSAGE, prefix=PREFIX, salt=SALT, blinding=3)
    signature = finalize(
        signer.public_key, MESSAGE, signer.sign(blinded.message), blinded.inverse, prefix=PREFIX
    )
    verify_credential(signer.public_key, PREFIX, signature, MESSAGE)
    with pytest.raises(CredentialInvalid, match="instead of 3072"):
        BlindSigner(private)


def test_blinding_values_out_of_range(signer: BlindSigner) -> None:
    key, n = signer.public_key, signer.public_key.rsa.public_numbers().n
    for r in (0, -1, n, n + 1):
        with pytest.raises(BlindingInvalid, match=r"blinding value: outside 1\.\.n-1"):
            blind(key, MESSAGE, prefix=PREFIX, salt=SALT, blinding=r)


def test_blinding_value_without_inverse() -> None:
    private = new_issuer_key(bits=2048)
    signer = BlindSigner(private, bits=2048)
    with pytest.raises(BlindingInvalid, match="no inverse"):
        blind(
            signer.public_key,
            MESSAGE,
            prefix=PREFIX,
            salt=SALT,
            blinding=private.private_numbers().p * 2,
        )


def test_too_short_a_modulus_for_the_salt() -> None:
    with pytest.raises(BlindingInvalid, match="too few"):
        encode_pss(b"", SALT, 776)
    assert len(encode_pss(b"", SALT, 777)) == 98
    # A modulus of 2049 bits: one byte shorter than the modulus, and no bit to clear.
    assert len(encode_pss(b"", SALT, 2048)) == 256


def test_wrong_answers_of_the_registrar(signer: BlindSigner) -> None:
    key, n = signer.public_key, signer.public_key.rsa.public_numbers().n
    blinded = blind(key, MESSAGE, prefix=PREFIX, salt=SALT, blinding=99)
    answer = signer.sign(blinded.message)
    other = BlindSigner(new_issuer_key()).sign(b"\x00" + blinded.message[1:])
    wrong = (
        (answer[:-1], "bytes instead of 384"),
        (answer + b"\x00", "bytes instead of 384"),
        (b"\xff" * 384, "not below the modulus"),
        (n.to_bytes(384), "not below the modulus"),
        (answer[:-1] + bytes([answer[-1] ^ 1]), "no signature under the manifest's key"),
        (b"\x00" + other[1:], "no signature under the manifest's key"),
    )
    for bad, reason in wrong:
        with pytest.raises(BlindingInvalid, match=reason):
            finalize(key, MESSAGE, bad, blinded.inverse, prefix=PREFIX)
    with pytest.raises(BlindingInvalid, match="no signature"):
        finalize(key, MESSAGE, answer, blinded.inverse + 1, prefix=PREFIX)
    with pytest.raises(BlindingInvalid, match="no signature"):
        finalize(key, MESSAGE + b"\x00", answer, blinded.inverse, prefix=PREFIX)
    finalize(key, MESSAGE, answer, blinded.inverse, prefix=PREFIX)


def test_requests_the_registrar_refuses(signer: BlindSigner) -> None:
    n = signer.public_key.rsa.public_numbers().n
    for bad, reason in (
        (b"", "0 bytes instead of 384"),
        (bytes(383), "383 bytes"),
        (bytes(385), "385 bytes"),
        (bytes(384), "outside"),
        (n.to_bytes(384), "outside"),
        (b"\xff" * 384, "outside"),
    ):
        with pytest.raises(BlindRequestInvalid, match=reason):
            signer.sign(bad)
    assert signer.sign((1).to_bytes(384)) == (1).to_bytes(384)
    assert signer.sign((n - 1).to_bytes(384)) == (n - 1).to_bytes(384)


@pytest.mark.parametrize("part", ["_dp", "_dq", "_q_inverse", "_p", "_e"])
def test_a_faulty_computation_releases_nothing(part: str) -> None:
    # One wrong half of a CRT signature would factor the modulus (Boneh, DeMillo, Lipton 1997).
    signer = BlindSigner(new_issuer_key(bits=2048), bits=2048)
    blinded = blind(signer.public_key, MESSAGE, prefix=PREFIX, salt=SALT, blinding=99)
    setattr(signer, part, getattr(signer, part) + 2)
    with pytest.raises(SigningFault, match="not released"):
        signer.sign(blinded.message)


def test_threads_agree(signer: BlindSigner) -> None:
    requests = [
        blind(signer.public_key, MESSAGE, prefix=PREFIX, salt=SALT, blinding=r).message
        for r in range(2, 34)
    ]
    alone = [signer.sign(request) for request in requests]

    def one(request: bytes) -> tuple[bytes, bool]:
        return signer.sign(request), gmpy2.get_context().allow_release_gil

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(one, requests))
    assert [signature for signature, _ in together] == alone
    assert all(released for _, released in together)
