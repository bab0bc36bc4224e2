"""The group ristretto255 of RFC 9496, section 4, on extended Edwards coordinates.

Slow, branching and variable-time on purpose: every line is meant to be compared with the RFC, none with the core.
Section numbers are those of RFC 9496 unless another document is named.
"""

from __future__ import annotations

from typing import NamedTuple

from gmpy2 import invert, mpz, powmod

# --- The field of 2^255 - 19 elements: mpz in [0, p) ----------------------------------------------------------------

P = mpz(2) ** 255 - 19

# Section 4.1. The decimals of the RFC; test_reference.py checks the equation that defines each of them.
D = mpz(37095705934669439343138083508754565189542113879843219016388785533085940283555)
SQRT_M1 = mpz(19681161376707505956807079304988542015446066515923890162744021073123829784752)
SQRT_AD_MINUS_ONE = mpz(25063068953384623474111414158702152701244531502492656460079210482610430750235)
INVSQRT_A_MINUS_D = mpz(54469307008909316920995813868745141605393597292927456921205312896311721017578)
ONE_MINUS_D_SQ = mpz(1159843021668779879193775521855586647937357759715417654439879720876111806838)
D_MINUS_ONE_SQ = mpz(40440834346308536858101042469323190826248399146238708352240133220865137265952)


def is_negative(e: mpz) -> bool:
    """Section 2.1: a field element is negative when its least significant bit is 1."""
    return bool(e % P & 1)


def absolute(e: mpz) -> mpz:
    """CT_ABS of section 2.2: whichever of e and -e is not negative."""
    return -e % P if is_negative(e) else e % P


def sqrt_ratio_m1(u: mpz, v: mpz) -> tuple[bool, mpz]:
    """SQRT_RATIO_M1 of section 4.2: (True, +sqrt(u/v)), or (False, +sqrt(SQRT_M1 u/v)) when u/v is no square."""
    u, v = u % P, v % P
    r = u * v**3 * powmod(u * v**7, (P - 5) // 8, P) % P
    check = v * r * r % P

    correct_sign_sqrt = check == u
    flipped_sign_sqrt = check == -u % P
    flipped_sign_sqrt_i = check == -u * SQRT_M1 % P

    if flipped_sign_sqrt or flipped_sign_sqrt_i:
        r = SQRT_M1 * r % P
    return correct_sign_sqrt or flipped_sign_sqrt, absolute(r)


# --- Internal representations: points of  -x^2 + y^2 = 1 + d x^2 y^2 ------------------------------------------------


class Point(NamedTuple):
    """(X : Y : Z : T) with x = X/Z, y = Y/Z, xy = T/Z. One of the several representations of a group element.

    Never compare two with ``==``: that is what ``equal`` is for (section 4.3.3).
    """

    X: mpz
    Y: mpz
    Z: mpz
    T: mpz


IDENTITY = Point(mpz(0), mpz(1), mpz(1), mpz(0))


def add(p: Point, q: Point) -> Point:
    """p + q. Hisil, Wong, Carter, Dawson (ASIACRYPT 2008), section 3.1, a = -1: complete, so it doubles as well."""
    a = (p.Y - p.X) * (q.Y - q.X) % P
    b = (p.Y + p.X) * (q.Y + q.X) % P
    c = p.T * 2 * D * q.T % P
    d = p.Z * 2 * q.Z % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return Point(e * f % P, g * h % P, f * g % P, e * h % P)


def neg(p: Point) -> Point:
    """-p."""
    return Point(-p.X % P, p.Y, p.Z, -p.T % P)


def sub(p: Point, q: Point) -> Point:
    """p - q."""
    return add(p, neg(q))


def mul(k: int, p: Point) -> Point:
    """k p for any integer k, by double and add."""
    if k < 0:
        return mul(-k, neg(p))
    result = IDENTITY
    for bit in bin(k)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, p)
    return result


def mul_sum(terms: list[tuple[int, Point]]) -> Point:
    """The sum of k p over the pairs (k, p)."""
    result = IDENTITY
    for k, p in terms:
        result = add(result, mul(k, p))
    return result


def equal(p: Point, q: Point) -> bool:
    """Section 4.3.3: do p and q represent the same group element?"""
    return bool((p.X * q.Y - p.Y * q.X) % P == 0 or (p.Y * q.Y - p.X * q.X) % P == 0)


# --- Bytes ----------------------------------------------------------------------------------------------------------


def decode(data: bytes) -> Point:
    """Section 4.3.1. The element with this 32-byte encoding; ValueError when there is none."""
    if len(data) != 32:
        raise ValueError(f"an element has 32 bytes, not {len(data)}")
    s = mpz(int.from_bytes(data, "little"))
    if s >= P:
        raise ValueError("not a canonical field element")
    if is_negative(s):
        raise ValueError("a negative field element")

    ss = s * s % P
    u1 = (1 - ss) % P
    u2 = (1 + ss) % P
    u2_sqr = u2 * u2 % P
    v = (-(D * u1 * u1) - u2_sqr) % P
    was_square, invsqrt = sqrt_ratio_m1(mpz(1), v * u2_sqr)
    den_x = invsqrt * u2 % P
    den_y = invsqrt * den_x * v % P
    x = absolute(2 * s * den_x)
    y = u1 * den_y % P
    t = x * y % P

    if not was_square:
        raise ValueError("x^2 is not a square")
    if is_negative(t):
        raise ValueError("x y is negative")
    if y == 0:
        raise ValueError("y is zero")
    return Point(x, y, mpz(1), t)


def encode(p: Point) -> bytes:
    """Section 4.3.2. The 32 bytes that all representations of this element share."""
    x0, y0, z0, t0 = p
    u1 = (z0 + y0) * (z0 - y0) % P
    u2 = x0 * y0 % P
    _, invsqrt = sqrt_ratio_m1(mpz(1), u1 * u2 * u2)
    den1 = invsqrt * u1 % P
    den2 = invsqrt * u2 % P
    z_inv = den1 * den2 * t0 % P

    if is_negative(t0 * z_inv):
        x, y = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P
        den_inv = den1 * INVSQRT_A_MINUS_D % P
    else:
        x, y = x0, y0
        den_inv = den2
    if is_negative(x * z_inv):
        y = -y
    s = absolute(den_inv * (z0 - y))
    return int(s).to_bytes(32, "little")


def map_to_element(data: bytes) -> Point:
    """MAP of section 4.3.4, from 32 bytes; the top bit is ignored and 2^255 - 19 and above are accepted."""
    t = mpz(int.from_bytes(data, "little") % 2**255) % P
    r = SQRT_M1 * t * t % P
    u = (r + 1) * ONE_MINUS_D_SQ % P
    v = (-1 - r * D) * (r + D) % P

    was_square, s = sqrt_ratio_m1(u, v)
    if was_square:
        c = mpz(-1)
    else:
        s = -absolute(s * t) % P
        c = r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P

    w0 = 2 * s * v % P
    w1 = n * SQRT_AD_MINUS_ONE % P
    w2 = (1 - s * s) % P
    w3 = (1 + s * s) % P
    return Point(w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P)


def from_uniform_bytes(data: bytes) -> Point:
    """Element derivation (section 4.3.4) from 64 bytes: MAP(first half) + MAP(second half)."""
    if len(data) != 64:
        raise ValueError(f"element derivation takes 64 bytes, not {len(data)}")
    return add(map_to_element(data[:32]), map_to_element(data[32:]))


def _base_point() -> Point:
    """The base point of RFC 7748, section 4.1: y = 4/5 and the x that is not negative."""
    y = 4 * invert(mpz(5), P) % P
    was_square, x = sqrt_ratio_m1(y * y - 1, D * y * y + 1)
    assert was_square
    return Point(x, y, mpz(1), x * y % P)


GENERATOR = _base_point()

# --- Scalars (section 4.4): integers modulo the order l, in [0, l) --------------------------------------------------

ORDER = 2**252 + 27742317777372353535851937790883648493


def scalar_to_bytes(a: int) -> bytes:
    """The 32 bytes of a mod l, least significant first."""
    return (a % ORDER).to_bytes(32, "little")


def scalar_from_bytes(data: bytes) -> int:
    """The scalar with this encoding; ValueError unless it is 32 bytes below l."""
    if len(data) != 32:
        raise ValueError(f"a scalar has 32 bytes, not {len(data)}")
    a = int.from_bytes(data, "little")
    if a >= ORDER:
        raise ValueError("not a canonical scalar")
    return a


def scalar_reduce(data: bytes) -> int:
    """64 uniform bytes, read as a 512-bit little-endian integer, modulo l."""
    if len(data) != 64:
        raise ValueError(f"a scalar is drawn from 64 bytes, not {len(data)}")
    return int.from_bytes(data, "little") % ORDER


def scalar_invert(a: int) -> int:
    """1/a mod l; ZeroDivisionError for 0."""
    return int(invert(mpz(a), mpz(ORDER)))
