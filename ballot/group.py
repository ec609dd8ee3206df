"""Points and polynomials over P-256, for the trustees' key ceremony.

``cryptography`` offers no sum of points, hence PyCryptodome's. Its multiplication treats every
scalar as secret.
"""

from collections.abc import Sequence

from Crypto.PublicKey.ECC import EccPoint, construct  # type: ignore[attr-defined]

from audit.seal import GROUP_ORDER, POINT_SIZE
from ballot.errors import BallotError

Point = EccPoint
"""A point of P-256, with ``+`` and ``*``."""

GENERATOR: Point = construct(curve="P-256", d=1).pointQ


class PointInvalid(BallotError):
    """Bytes that are no point of the curve, or a sum of points that is none."""


def read_point(encoded: bytes, name: str) -> Point:
    """The point that 65 bytes ``04 || x || y`` spell; never the point at infinity.

    Raises PointInvalid naming ``name``.
    """
    if len(encoded) != POINT_SIZE or encoded[0] != 0x04:
        raise PointInvalid(f"{name}: not an uncompressed P-256 point of 65 bytes beginning with 04")
    try:
        point = EccPoint(int.from_bytes(encoded[1:33]), int.from_bytes(encoded[33:]), "p256")
    except ValueError:
        raise PointInvalid(f"{name}: not a point of the curve P-256") from None
    # The library takes (0, 0) for the point at infinity, and coordinates need one spelling.
    if point.is_point_at_infinity() or encode_point(point, name) != encoded:
        raise PointInvalid(f"{name}: not a point of the curve P-256")
    return point


def encode_point(point: Point, name: str = "point") -> bytes:
    """``04 || x || y``, 65 bytes. Raises PointInvalid for the point at infinity."""
    if point.is_point_at_infinity():
        raise PointInvalid(f"{name}: the point at infinity")
    return b"\x04" + int(point.x).to_bytes(32) + int(point.y).to_bytes(32)


def evaluate(coefficients: Sequence[int], at: int) -> int:
    """The polynomial ``c0 + c1·at + c2·at² + …`` modulo the group order."""
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * at + coefficient) % GROUP_ORDER
    return value


def evaluate_points(points: Sequence[Point], at: int) -> Point:
    """The same in the exponent: ``C0 + C1·at + C2·at² + …``."""
    value = GENERATOR.point_at_infinity()
    for point in reversed(points):
        value = value * at + point
    return value


def add(points: Sequence[Point]) -> Point:
    """The sum of the points."""
    total = GENERATOR.point_at_infinity()
    for point in points:
        total = total + point
    return total
