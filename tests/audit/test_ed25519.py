import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.ed25519 import SMALL_ORDER_Y, L, P, SignatureInvalid, check_public_key, verify

D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()

# The 14 encodings as libraries list them (libsodium's table with both sign bits).
SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


def add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """The sum of two points of edwards25519, RFC 8032 section 5.1.4 in affine coordinates."""
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P,
    )


def point(y: int) -> tuple[int, int]:
    """A point with this y, RFC 8032 section 5.1.3."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * SQRT_MINUS_1 % P
    assert x * x % P == square
    return x, y


def order(start: tuple[int, int]) -> int:
    running, count = start, 1
    while running != (0, 1):
        running, count = add(running, start), count + 1
    return count


def test_the_small_order_table_is_exactly_the_torsion_of_the_curve() -> None:
    assert sorted(order(point(y)) for y in SMALL_ORDER_Y) == [1, 2, 4, 8, 8]
    # Eight points in all: x = 0 has one for its y, the others two.
    assert sum(1 if point(y)[0] == 0 else 2 for y in SMALL_ORDER_Y) == 8
    spelled = {
        (y + sign).to_bytes(32, "little").hex()
        for base in SMALL_ORDER_Y
        for y in (base, base + P)
        if y < 2**255
        for sign in (0, 1 << 255)
    }
    assert spelled == set(SMALL_ORDER)
    assert len(SMALL_ORDER) == 14


@pytest.mark.parametrize("encoded", SMALL_ORDER)
def test_small_order_points_are_refused_as_key_and_as_r(encoded: str) -> None:
    with pytest.raises(SignatureInvalid, match="public key: "):
        check_public_key(bytes.fromhex(encoded))
    with pytest.raises(SignatureInvalid, match="public key: "):
        verify(bytes.fromhex(encoded), PRIVATE.sign(b"ballot"), b"ballot")
    with pytest.raises(SignatureInvalid, match="signature: R: "):
        verify(PUBLIC, bytes.fromhex(encoded) + PRIVATE.sign(b"ballot")[32:], b"ballot")


def test_a_small_order_key_would_have_let_one_signature_fit_every_message() -> None:
    # s = 0 and R = A = the identity satisfy the equation whatever was signed.
    identity = (1).to_bytes(32, "little")
    for message in (b"yes", b"no"):
        with pytest.raises(SignatureInvalid, match="small order"):
            verify(identity, identity + bytes(32), message)


@pytest.mark.parametrize("y", [P, P + 1, P + 3, P + 18])
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_non_canonical_points_are_refused(y: int, sign: int) -> None:
    encoded = (y + sign).to_bytes(32, "little")
    with pytest.raises(SignatureInvalid, match="public key: not a canonical point"):
        check_public_key(encoded)
    with pytest.raises(SignatureInvalid, match="R: not a canonical point"):
        verify(PUBLIC, encoded + PRIVATE.sign(b"")[32:], b"")


def test_the_points_next_to_the_refused_ones_pass() -> None:
    for y in (2, P - 2, P - 4):
        check_public_key(y.to_bytes(32, "little"))


def test_a_key_off_the_curve_verifies_nothing() -> None:
    off = next(
        y for y in range(2, 50) if pow((y * y - 1) * (D * y * y + 1), (P - 1) // 2, P) == P - 1
    ).to_bytes(32, "little")
    check_public_key(off)
    with pytest.raises(SignatureInvalid, match="not by this key"):
        verify(off, PRIVATE.sign(b""), b"")


def test_s_beyond_the_order_is_refused() -> None:
    signature = PRIVATE.sign(b"ballot")
    verify(PUBLIC, signature, b"ballot")
    s = int.from_bytes(signature[32:], "little")
    for multiple in (1, 2, 7):
        larger = signature[:32] + (s + multiple * L).to_bytes(32, "little")
        with pytest.raises(SignatureInvalid, match="s is not below"):
            verify(PUBLIC, larger, b"ballot")


def test_other_lengths_are_refused() -> None:
    signature = PRIVATE.sign(b"")
    for key in (b"", PUBLIC[:31], PUBLIC + b"\0"):
        with pytest.raises(SignatureInvalid, match=r"public key: \d+ bytes instead of 32"):
            verify(key, signature, b"")
    for other in (b"", signature[:63], signature + b"\0"):
        with pytest.raises(SignatureInvalid, match=r"signature: \d+ bytes instead of 64"):
            verify(PUBLIC, other, b"")


@given(st.binary(max_size=200), st.integers(0, 511), st.integers(0, 255), st.binary(min_size=1))
def test_any_flipped_bit_is_refused(message: bytes, bit: int, key_bit: int, more: bytes) -> None:
    signature = PRIVATE.sign(message)
    verify(PUBLIC, signature, message)
    flipped = (int.from_bytes(signature) ^ 1 << bit).to_bytes(64)
    with pytest.raises(SignatureInvalid):
        verify(PUBLIC, flipped, message)
    with pytest.raises(SignatureInvalid):
        verify((int.from_bytes(PUBLIC) ^ 1 << key_bit).to_bytes(32), signature, message)
    with pytest.raises(SignatureInvalid):
        verify(PUBLIC, signature, message + more)


def test_wycheproof_vectors() -> None:
    """No valid vector of Wycheproof has an unusual A or R, so the strict rule refuses none."""
    folder = os.environ.get("SCRUTIN_VECTORS")
    if not folder:
        pytest.skip("published vectors: set SCRUTIN_VECTORS to their folder")
    groups = json.loads(Path(folder, "wycheproof_ed25519.json").read_text())["testGroups"]
    seen = {"valid": 0, "invalid": 0}
    for group in groups:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for test in group["tests"]:
            signature, message = bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])
            seen[test["result"]] += 1
            try:
                verify(public, signature, message)
            except SignatureInvalid:
                assert test["result"] == "invalid", test
            else:
                assert test["result"] == "valid", test
    assert seen == {"valid": 88, "invalid": 63}
