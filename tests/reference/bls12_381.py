"""BLS12-381 from the public specifications: fields, both groups, their bytes, the pairing, hashing to either group.

Slow, branching and variable-time on purpose. The documents, named below by their short titles:

- PFC: draft-irtf-cfrg-pairing-friendly-curves: parameters, base points, the optimal ate pairing, point serialization
  (the ZCash format), test vectors of the last two.
- RFC 9380: hash_to_field, simplified SWU with isogenies, clear_cofactor; suites BLS12381G1_XMD:SHA-256_SSWU_RO_ and
  BLS12381G2_XMD:SHA-256_SSWU_RO_.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Generic, TypeVar

from tests.reference.hash_to_group import expand_message_xmd

# --- Parameters (PFC, section 4.2.1): everything is a polynomial in x -----------------------------------------------

X = -0xD201000000010000
R = X**4 - X**2 + 1  # the prime order of G1, G2 and GT
P = (X - 1) ** 2 * R // 3 + X  # the prime of the base field
H1 = (X - 1) ** 2 // 3  # #E(Fp) / r
H2 = (X**8 - 4 * X**7 + 5 * X**6 - 4 * X**4 + 6 * X**3 - 4 * X**2 - 4 * X + 13) // 9  # #E'(Fp2) / r

# --- Fp: int in [0, p) ----------------------------------------------------------------------------------------------


def fp_add(a: int, b: int) -> int:
    """a + b."""
    return (a + b) % P


def fp_sub(a: int, b: int) -> int:
    """a - b."""
    return (a - b) % P


def fp_mul(a: int, b: int) -> int:
    """a b."""
    return a * b % P


def fp_inv(a: int) -> int:
    """1/a; ValueError for 0."""
    return pow(a, -1, P)


def fp_sqrt(a: int) -> int | None:
    """A square root of a, or None: p = 3 mod 4."""
    root = pow(a, (P + 1) // 4, P)
    return root if root * root % P == a % P else None


def fp_sgn0(a: int) -> int:
    """RFC 9380, section 4.1, m = 1."""
    return a % 2


# --- Fp2 = Fp[u]/(u^2 + 1): (c0, c1) is c0 + c1 u -------------------------------------------------------------------

Fp2 = tuple[int, int]

FP2_ZERO: Fp2 = (0, 0)
FP2_ONE: Fp2 = (1, 0)


def fp2_add(a: Fp2, b: Fp2) -> Fp2:
    """a + b."""
    return (a[0] + b[0]) % P, (a[1] + b[1]) % P


def fp2_sub(a: Fp2, b: Fp2) -> Fp2:
    """a - b."""
    return (a[0] - b[0]) % P, (a[1] - b[1]) % P


def fp2_neg(a: Fp2) -> Fp2:
    """-a."""
    return -a[0] % P, -a[1] % P


def fp2_mul(a: Fp2, b: Fp2) -> Fp2:
    """a b, with u^2 = -1."""
    return (a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P


def fp2_conj(a: Fp2) -> Fp2:
    """c0 - c1 u, which is a^p."""
    return a[0], -a[1] % P


def fp2_inv(a: Fp2) -> Fp2:
    """1/a = conj(a) / (a conj(a)), and a conj(a) = c0^2 + c1^2 is in Fp; ValueError for 0."""
    inverse = fp_inv(a[0] ** 2 + a[1] ** 2)
    return a[0] * inverse % P, -a[1] * inverse % P


def fp2_pow(a: Fp2, n: int) -> Fp2:
    """a^n for any integer n."""
    if n < 0:
        return fp2_pow(fp2_inv(a), -n)
    result = FP2_ONE
    for bit in bin(n)[2:]:
        result = fp2_mul(result, result)
        if bit == "1":
            result = fp2_mul(result, a)
    return result


def fp2_sqrt(a: Fp2) -> Fp2 | None:
    """A square root of a, or None.

    (x + y u)^2 = a means x^2 - y^2 = c0 and 2 x y = c1, hence x^2 + y^2 = n with n^2 = c0^2 + c1^2, hence
    x^2 = (n + c0)/2 and y^2 = (n - c0)/2. Both signs of n are tried, and both of y.
    """
    n = fp_sqrt(a[0] ** 2 + a[1] ** 2)
    if n is None:
        return None
    half = fp_inv(2)
    for sign in (1, -1):
        x = fp_sqrt((sign * n + a[0]) * half % P)
        y = fp_sqrt((sign * n - a[0]) * half % P)
        if x is None or y is None:
            continue
        for root in ((x, y), (x, -y % P)):
            if fp2_mul(root, root) == (a[0] % P, a[1] % P):
                return root
    return None


def fp2_sgn0(a: Fp2) -> int:
    """RFC 9380, section 4.1, m = 2: the parity of c0, or of c1 when c0 is zero."""
    return a[0] % 2 if a[0] != 0 else a[1] % 2


# --- Fp12 = Fp2[w]/(w^6 - (1 + u)): the coefficients of 1, w, .., w^5 -----------------------------------------------

Fp12 = tuple[Fp2, Fp2, Fp2, Fp2, Fp2, Fp2]

XI: Fp2 = (1, 1)  # w^6
SIXTH_ROOT = fp2_pow(XI, (P**2 - 1) // 6)  # a primitive one of unity; its powers times w are the roots of w^6 = 1 + u
W_TO_P = fp2_pow(XI, (P - 1) // 6)  # w^p = W_TO_P w
FP12_ONE: Fp12 = (FP2_ONE, FP2_ZERO, FP2_ZERO, FP2_ZERO, FP2_ZERO, FP2_ZERO)
_TOWER = (0, 2, 4, 1, 3, 5)  # 1, v, v^2, w, v w, v^2 w as powers of w: v = w^2 (PFC, section 4.2.1)


def _six(coefficients: list[Fp2]) -> Fp12:
    """The list as a tuple that the type checker can count."""
    c0, c1, c2, c3, c4, c5 = coefficients
    return c0, c1, c2, c3, c4, c5


def fp12_add(a: Fp12, b: Fp12) -> Fp12:
    """a + b."""
    return _six([fp2_add(x, y) for x, y in zip(a, b, strict=True)])


def fp12_sub(a: Fp12, b: Fp12) -> Fp12:
    """a - b."""
    return _six([fp2_sub(x, y) for x, y in zip(a, b, strict=True)])


def fp12_mul(a: Fp12, b: Fp12) -> Fp12:
    """a b: the product of polynomials in w, then w^(6+k) = (1 + u) w^k."""
    c = [FP2_ZERO] * 12
    for (i, x), (j, y) in product(enumerate(a), enumerate(b)):
        c[i + j] = fp2_add(c[i + j], fp2_mul(x, y))
    return _six([fp2_add(c[k], fp2_mul(XI, c[k + 6])) for k in range(6)])


def fp12_scale(k: int, a: Fp12) -> Fp12:
    """k a for an integer k."""
    return _six([fp2_mul((k, 0), x) for x in a])


def _substitute(a: Fp12, factor: Fp2) -> Fp12:
    """a with factor * w in the place of w."""
    return _six([fp2_mul(x, fp2_pow(factor, i)) for i, x in enumerate(a)])


def fp12_conj(a: Fp12) -> Fp12:
    """a with -w in the place of w, which is a^(p^6)."""
    return _substitute(a, (P - 1, 0))


def fp12_inv(a: Fp12) -> Fp12:
    """1/a; ValueError for 0.

    The product of the six conjugates of a, those with another root of w^6 = 1 + u in the place of w, is the norm of a
    and lies in Fp2.
    """
    others = FP12_ONE
    for i in range(1, 6):
        others = fp12_mul(others, _substitute(a, fp2_pow(SIXTH_ROOT, i)))
    norm = fp12_mul(a, others)
    assert norm[1:] == FP12_ONE[1:]
    inverse = fp2_inv(norm[0])
    return _six([fp2_mul(x, inverse) for x in others])


def fp12_pow(a: Fp12, n: int) -> Fp12:
    """a^n for any integer n."""
    if n < 0:
        return fp12_pow(fp12_inv(a), -n)
    result = FP12_ONE
    for bit in bin(n)[2:]:
        result = fp12_mul(result, result)
        if bit == "1":
            result = fp12_mul(result, a)
    return result


def fp12_frobenius(a: Fp12) -> Fp12:
    """a^p: every coefficient to the p, and w to the p."""
    return _substitute(_six([fp2_conj(x) for x in a]), W_TO_P)


def fp12_to_tower(a: Fp12) -> tuple[int, ...]:
    """Twelve integers: the coefficients of 1, v, v^2, w, v w, v^2 w, each as c0, c1."""
    return tuple(part for power in _TOWER for part in a[power])


def fp12_from_tower(parts: tuple[int, ...]) -> Fp12:
    """The inverse of fp12_to_tower."""
    if len(parts) != 12:
        raise ValueError(f"an element of Fp12 has 12 coefficients, not {len(parts)}")
    return _six([(parts[2 * _TOWER.index(k)] % P, parts[2 * _TOWER.index(k) + 1] % P) for k in range(6)])


# --- Elliptic curves y^2 = x^3 + a x + b in affine coordinates; None is infinity ------------------------------------

F = TypeVar("F")


@dataclass(frozen=True)
class Field(Generic[F]):
    """What the formulas below need, so that they are written once for Fp and Fp2."""

    zero: F
    one: F
    add: Callable[[F, F], F]
    sub: Callable[[F, F], F]
    mul: Callable[[F, F], F]
    inv: Callable[[F], F]
    sqrt: Callable[[F], F | None]
    sgn0: Callable[[F], int]
    coefficients: Callable[[F], tuple[int, ...]]  # c0 first
    element: Callable[[list[int]], F]  # from coefficients, c0 first
    degree: int

    def neg(self, a: F) -> F:
        """-a."""
        return self.sub(self.zero, a)

    def times(self, k: int, a: F) -> F:
        """k a for a small integer k >= 0."""
        result = self.zero
        for _ in range(k):
            result = self.add(result, a)
        return result


FP = Field[int](
    zero=0,
    one=1,
    add=fp_add,
    sub=fp_sub,
    mul=fp_mul,
    inv=fp_inv,
    sqrt=fp_sqrt,
    sgn0=fp_sgn0,
    coefficients=lambda a: (a,),
    element=lambda c: c[0],
    degree=1,
)
FP2 = Field[Fp2](
    zero=FP2_ZERO,
    one=FP2_ONE,
    add=fp2_add,
    sub=fp2_sub,
    mul=fp2_mul,
    inv=fp2_inv,
    sqrt=fp2_sqrt,
    sgn0=fp2_sgn0,
    coefficients=lambda a: a,
    element=lambda c: (c[0], c[1]),
    degree=2,
)


@dataclass(frozen=True)
class Curve(Generic[F]):
    """The affine group law on y^2 = x^3 + a x + b over a field."""

    field: Field[F]
    a: F
    b: F

    def right_side(self, x: F) -> F:
        """x^3 + a x + b."""
        f = self.field
        return f.add(f.add(f.mul(x, f.mul(x, x)), f.mul(self.a, x)), self.b)

    def is_on_curve(self, p: tuple[F, F] | None) -> bool:
        """Whether p satisfies the equation, or is infinity."""
        return p is None or self.field.mul(p[1], p[1]) == self.right_side(p[0])

    def neg(self, p: tuple[F, F] | None) -> tuple[F, F] | None:
        """-p."""
        return None if p is None else (p[0], self.field.neg(p[1]))

    def add(self, p: tuple[F, F] | None, q: tuple[F, F] | None) -> tuple[F, F] | None:
        """p + q, by the chord or the tangent."""
        f = self.field
        if p is None:
            return q
        if q is None:
            return p
        if p == self.neg(q):
            return None
        if p == q:
            rise, run = f.add(f.times(3, f.mul(p[0], p[0])), self.a), f.times(2, p[1])
        else:
            rise, run = f.sub(q[1], p[1]), f.sub(q[0], p[0])
        slope = f.mul(rise, f.inv(run))
        x = f.sub(f.sub(f.mul(slope, slope), p[0]), q[0])
        y = f.sub(f.mul(slope, f.sub(p[0], x)), p[1])
        return x, y

    def sub(self, p: tuple[F, F] | None, q: tuple[F, F] | None) -> tuple[F, F] | None:
        """p - q."""
        return self.add(p, self.neg(q))

    def mul(self, k: int, p: tuple[F, F] | None) -> tuple[F, F] | None:
        """k p for any integer k, by double and add; k is not reduced."""
        if k < 0:
            return self.mul(-k, self.neg(p))
        result: tuple[F, F] | None = None
        for bit in bin(k)[2:]:
            result = self.add(result, result)
            if bit == "1":
                result = self.add(result, p)
        return result

    def in_subgroup(self, p: tuple[F, F] | None) -> bool:
        """Whether p is a point of the curve with r p = 0."""
        return self.is_on_curve(p) and self.mul(R, p) is None


# --- G1 in E: y^2 = x^3 + 4 over Fp, G2 in E': y^2 = x^3 + 4 (1 + u) over Fp2 ---------------------------------------

G1Point = tuple[int, int] | None
G2Point = tuple[Fp2, Fp2] | None

G1 = Curve(FP, 0, 4)
G2 = Curve(FP2, FP2_ZERO, (4, 4))

# PFC, section 4.2.1.
G1_GENERATOR: tuple[int, int] = (
    0x17F1D3A73197D7942695638C4FA9AC0FC3688C4F9774B905A14E3A3F171BAC586C55E83FF97A1AEFFB3AF00ADB22C6BB,
    0x08B3F481E3AAA0F1A09E30ED741D8AE4FCF5E095D5D00AF600DB18CB2C04B3EDD03CC744A2888AE40CAA232946C5E7E1,
)
G2_GENERATOR: tuple[Fp2, Fp2] = (
    (
        0x024AA2B2F08F0A91260805272DC51051C6E47AD4FA403B02B4510B647AE3D1770BAC0326A805BBEFD48056C8C121BDB8,
        0x13E02B6052719F607DACD3A088274F65596BD0D09920B61AB5DA61BBDC7F5049334CF11213945D57E5AC7D055D042B7E,
    ),
    (
        0x0CE5D527727D6E118CC9CDC6DA2E351AADFD9BAA8CBDD3A76D429A695160D12C923AC9CC3BACA289E193548608B82801,
        0x0606C4A02EA734CC32ACD2B02BC28B99CB3E287E85A763AF267492AB572E99AB3F370D275CEC1DA1AAA9075FF05F79BE,
    ),
)


def g1_add(p: G1Point, q: G1Point) -> G1Point:
    """p + q."""
    return G1.add(p, q)


def g1_neg(p: G1Point) -> G1Point:
    """-p."""
    return G1.neg(p)


def g1_mul(k: int, p: G1Point) -> G1Point:
    """k p for any integer k."""
    return G1.mul(k, p)


def g1_is_on_curve(p: G1Point) -> bool:
    """Whether p is on E."""
    return G1.is_on_curve(p)


def g1_in_subgroup(p: G1Point) -> bool:
    """Whether p is in G1."""
    return G1.in_subgroup(p)


def g2_add(p: G2Point, q: G2Point) -> G2Point:
    """p + q."""
    return G2.add(p, q)


def g2_neg(p: G2Point) -> G2Point:
    """-p."""
    return G2.neg(p)


def g2_mul(k: int, p: G2Point) -> G2Point:
    """k p for any integer k."""
    return G2.mul(k, p)


def g2_is_on_curve(p: G2Point) -> bool:
    """Whether p is on E'."""
    return G2.is_on_curve(p)


def g2_in_subgroup(p: G2Point) -> bool:
    """Whether p is in G2."""
    return G2.in_subgroup(p)


# --- Compressed points (PFC, section "Point Serialization"; the ZCash format) ---------------------------------------

_COMPRESSED, _INFINITY, _SIGN = 0x80, 0x40, 0x20


def _is_largest(field: Field[F], y: F) -> bool:
    """Whether y is the larger of y and -y, comparing the highest coefficient first."""
    return field.coefficients(y)[::-1] > field.coefficients(field.neg(y))[::-1]


def _encode(curve: Curve[F], p: tuple[F, F] | None) -> bytes:
    field = curve.field
    if p is None:
        return bytes([_COMPRESSED | _INFINITY]) + bytes(48 * field.degree - 1)
    data = b"".join(c.to_bytes(48, "big") for c in reversed(field.coefficients(p[0])))
    flags = _COMPRESSED | (_SIGN if _is_largest(field, p[1]) else 0)
    return bytes([data[0] | flags]) + data[1:]


def _decode(curve: Curve[F], data: bytes) -> tuple[F, F] | None:
    field = curve.field
    if len(data) != 48 * field.degree:
        raise ValueError(f"a point has {48 * field.degree} bytes, not {len(data)}")
    flags, body = data[0] & 0xE0, bytes([data[0] & 0x1F]) + data[1:]
    if not flags & _COMPRESSED:
        raise ValueError("the compression flag is missing")
    if flags & _INFINITY:
        if flags & _SIGN or any(body):
            raise ValueError("infinity with other bits set")
        return None
    coefficients = [int.from_bytes(body[i : i + 48], "big") for i in range(0, len(body), 48)][::-1]
    if any(c >= P for c in coefficients):
        raise ValueError("x is not below p")
    x = field.element(coefficients)
    y = field.sqrt(curve.right_side(x))
    if y is None:
        raise ValueError("no point with this x")
    if _is_largest(field, y) != bool(flags & _SIGN):
        y = field.neg(y)
    if not curve.in_subgroup((x, y)):
        raise ValueError("not in the subgroup")
    return x, y


def g1_encode(p: G1Point) -> bytes:
    """The 48 bytes of a point of E."""
    return _encode(G1, p)


def g1_decode(data: bytes) -> G1Point:
    """The point of G1 with these 48 bytes; ValueError with the reason when there is none."""
    return _decode(G1, data)


def g2_encode(p: G2Point) -> bytes:
    """The 96 bytes of a point of E': c1 of x, then c0."""
    return _encode(G2, p)


def g2_decode(data: bytes) -> G2Point:
    """The point of G2 with these 96 bytes; ValueError with the reason when there is none."""
    return _decode(G2, data)


# --- The optimal ate pairing (PFC, appendix "Computing the Optimal Ate Pairing") ------------------------------------

Fp12Point = tuple[Fp12, Fp12]


def untwist(q: tuple[Fp2, Fp2]) -> Fp12Point:
    """E'(Fp2) -> E(Fp12): (x, y) -> (x / w^2, y / w^3)."""
    w_inv = fp12_inv(_six([FP2_ZERO, FP2_ONE, *[FP2_ZERO] * 4]))
    x, y = (_six([c, *[FP2_ZERO] * 5]) for c in q)
    return fp12_mul(x, fp12_pow(w_inv, 2)), fp12_mul(y, fp12_pow(w_inv, 3))


def _embed(p: tuple[int, int]) -> Fp12Point:
    """E(Fp) in E(Fp12)."""
    return fp12_scale(p[0], FP12_ONE), fp12_scale(p[1], FP12_ONE)


def line_and_sum(t: Fp12Point, q: Fp12Point, p: Fp12Point) -> tuple[Fp12, Fp12Point]:
    """The line through t and q (the tangent if they are equal) evaluated at p, and t + q. ValueError if t = -q."""
    if t == q:
        rise, run = fp12_scale(3, fp12_mul(t[0], t[0])), fp12_scale(2, t[1])
    else:
        rise, run = fp12_sub(q[1], t[1]), fp12_sub(q[0], t[0])
    slope = fp12_mul(rise, fp12_inv(run))
    line = fp12_sub(fp12_sub(p[1], t[1]), fp12_mul(slope, fp12_sub(p[0], t[0])))
    x = fp12_sub(fp12_sub(fp12_mul(slope, slope), t[0]), q[0])
    y = fp12_sub(fp12_mul(slope, fp12_sub(t[0], x)), t[1])
    return line, (x, y)


def miller_loop(p: tuple[int, int], q: tuple[Fp2, Fp2]) -> Fp12:
    """f_{|x|, Q}(P), inverted because x is negative.

    The vertical lines are left out: their values x_P - x_T lie in Fp6 = Fp2[w^2], which final_exponentiation sends
    to 1, and so do the factors by which other libraries' lines differ from these.
    """
    at, base = _embed(p), untwist(q)
    f, t = FP12_ONE, base
    for bit in bin(-X)[3:]:
        line, t = line_and_sum(t, t, at)
        f = fp12_mul(fp12_mul(f, f), line)
        if bit == "1":
            line, t = line_and_sum(t, base, at)
            f = fp12_mul(f, line)
    return fp12_inv(f)


def final_exponentiation(f: Fp12) -> Fp12:
    """f^((p^12 - 1)/r), as (p^6 - 1)(p^2 + 1)((p^4 - p^2 + 1)/r)."""
    f = fp12_mul(fp12_conj(f), fp12_inv(f))
    f = fp12_mul(fp12_frobenius(fp12_frobenius(f)), f)
    return fp12_pow(f, (P**4 - P**2 + 1) // R)


def pairing(p: G1Point, q: G2Point) -> Fp12:
    """e(p, q) with the exponent (p^12 - 1)/r, for p in G1 and q in G2 (not checked)."""
    if p is None or q is None:
        return FP12_ONE
    return final_exponentiation(miller_loop(p, q))


def pairing_cubed(p: G1Point, q: G2Point) -> Fp12:
    """e(p, q)^3: what blst and arkworks call the pairing (PFC, "Production Library Cofactors": k = 3)."""
    return fp12_pow(pairing(p, q), 3)


# --- Hashing to G1 and G2 (RFC 9380) --------------------------------------------------------------------------------

L = 64  # sections 8.8.1 and 8.8.2


@dataclass(frozen=True)
class Suite(Generic[F]):
    """E, the isogenous E' with A B != 0, the Z of simplified SWU, the rational map E' -> E, and h_eff."""

    curve: Curve[F]
    isogenous: Curve[F]
    Z: F
    x_num: tuple[F, ...]  # coefficients of 1, x', x'^2, ..
    x_den: tuple[F, ...]
    y_num: tuple[F, ...]
    y_den: tuple[F, ...]
    h_eff: int


def hash_to_field(field: Field[F], msg: bytes, dst: bytes, count: int) -> list[F]:
    """Section 5.2, with expand_message_xmd over SHA-256."""
    m = field.degree
    uniform_bytes = expand_message_xmd(msg, dst, count * m * L, "sha256")
    e = [int.from_bytes(uniform_bytes[i : i + L], "big") % P for i in range(0, count * m * L, L)]
    return [field.element(e[i : i + m]) for i in range(0, count * m, m)]


def _inv0(f: Field[F], a: F) -> F:
    """Section 4: 1/a, and 0 for 0."""
    return f.zero if a == f.zero else f.inv(a)


def map_to_curve_simple_swu(suite: Suite[F], u: F) -> tuple[F, F]:
    """Section 6.6.2: a point of E'. The numbers are those of its steps."""
    f, Z = suite.curve.field, suite.Z
    A, B = suite.isogenous.a, suite.isogenous.b
    Zu2 = f.mul(Z, f.mul(u, u))
    tv1 = _inv0(f, f.add(f.mul(Zu2, Zu2), Zu2))  # 1
    x1 = f.mul(f.neg(f.mul(B, f.inv(A))), f.add(f.one, tv1))  # 2
    if tv1 == f.zero:  # 3
        x1 = f.mul(B, f.inv(f.mul(Z, A)))
    x2 = f.mul(Zu2, x1)  # 5
    x, y = x1, f.sqrt(suite.isogenous.right_side(x1))  # 4, 7
    if y is None:
        x, y = x2, f.sqrt(suite.isogenous.right_side(x2))  # 6, 8
    assert y is not None
    if f.sgn0(u) != f.sgn0(y):  # 9
        y = f.neg(y)
    return x, y


def _evaluate(f: Field[F], polynomial: tuple[F, ...], x: F) -> F:
    """The value at x; the constant coefficient comes first."""
    result = f.zero
    for coefficient in reversed(polynomial):
        result = f.add(f.mul(result, x), coefficient)
    return result


def iso_map(suite: Suite[F], p: tuple[F, F]) -> tuple[F, F] | None:
    """Appendix E: E' -> E; infinity where a denominator is zero (section 6.6.3)."""
    f = suite.curve.field
    x_num, x_den, y_num, y_den = (
        _evaluate(f, polynomial, p[0]) for polynomial in (suite.x_num, suite.x_den, suite.y_num, suite.y_den)
    )
    if f.zero in (x_den, y_den):
        return None
    return f.mul(x_num, f.inv(x_den)), f.mul(p[1], f.mul(y_num, f.inv(y_den)))


def map_to_curve(suite: Suite[F], u: F) -> tuple[F, F] | None:
    """Section 6.6.3: a point of E, in general outside the subgroup."""
    return iso_map(suite, map_to_curve_simple_swu(suite, u))


def clear_cofactor(suite: Suite[F], p: tuple[F, F] | None) -> tuple[F, F] | None:
    """Section 7: h_eff p."""
    return suite.curve.mul(suite.h_eff, p)


def _hash_to_curve(suite: Suite[F], msg: bytes, dst: bytes) -> tuple[F, F] | None:
    """Section 3, hash_to_curve."""
    u = hash_to_field(suite.curve.field, msg, dst, 2)
    Q0 = map_to_curve(suite, u[0])
    Q1 = map_to_curve(suite, u[1])
    return clear_cofactor(suite, suite.curve.add(Q0, Q1))


def hash_to_g1(msg: bytes, dst: bytes) -> G1Point:
    """BLS12381G1_XMD:SHA-256_SSWU_RO_ of section 8.8.1, for any tag."""
    return _hash_to_curve(G1_SUITE, msg, dst)


def hash_to_g2(msg: bytes, dst: bytes) -> G2Point:
    """BLS12381G2_XMD:SHA-256_SSWU_RO_ of section 8.8.2, for any tag."""
    return _hash_to_curve(G2_SUITE, msg, dst)


# Sections 8.8.1 and 8.8.2, appendices E.2 and E.3. A denominator's leading coefficient is 1 and not listed there.

G1_SUITE = Suite(
    curve=G1,
    isogenous=Curve(
        FP,
        0x144698A3B8E9433D693A02C96D4982B0EA985383EE66A8D8E8981AEFD881AC98936F8DA0E0F97F5CF428082D584C1D,
        0x12E2908D11688030018B12E8753EEE3B2016C1F0F24F4070A0B9C14FCEF35EF55A23215A316CEAA5D1CC48E98E172BE0,
    ),
    Z=11,
    x_num=(
        0x11A05F2B1E833340B809101DD99815856B303E88A2D7005FF2627B56CDB4E2C85610C2D5F2E62D6EAEAC1662734649B7,
        0x17294ED3E943AB2F0588BAB22147A81C7C17E75B2F6A8417F565E33C70D1E86B4838F2A6F318C356E834EEF1B3CB83BB,
        0xD54005DB97678EC1D1048C5D10A9A1BCE032473295983E56878E501EC68E25C958C3E3D2A09729FE0179F9DAC9EDCB0,
        0x1778E7166FCC6DB74E0609D307E55412D7F5E4656A8DBF25F1B33289F1B330835336E25CE3107193C5B388641D9B6861,
        0xE99726A3199F4436642B4B3E4118E5499DB995A1257FB3F086EEB65982FAC18985A286F301E77C451154CE9AC8895D9,
        0x1630C3250D7313FF01D1201BF7A74AB5DB3CB17DD952799B9ED3AB9097E68F90A0870D2DCAE73D19CD13C1C66F652983,
        0xD6ED6553FE44D296A3726C38AE652BFB11586264F0F8CE19008E218F9C86B2A8DA25128C1052ECADDD7F225A139ED84,
        0x17B81E7701ABDBE2E8743884D1117E53356DE5AB275B4DB1A682C62EF0F2753339B7C8F8C8F475AF9CCB5618E3F0C88E,
        0x80D3CF1F9A78FC47B90B33563BE990DC43B756CE79F5574A2C596C928C5D1DE4FA295F296B74E956D71986A8497E317,
        0x169B1F8E1BCFA7C42E0C37515D138F22DD2ECB803A0C5C99676314BAF4BB1B7FA3190B2EDC0327797F241067BE390C9E,
        0x10321DA079CE07E272D8EC09D2565B0DFA7DCCDDE6787F96D50AF36003B14866F69B771F8C285DECCA67DF3F1605FB7B,
        0x6E08C248E260E70BD1E962381EDEE3D31D79D7E22C837BC23C0BF1BC24C6B68C24B1B80B64D391FA9C8BA2E8BA2D229,
    ),
    x_den=(
        0x8CA8D548CFF19AE18B2E62F4BD3FA6F01D5EF4BA35B48BA9C9588617FC8AC62B558D681BE343DF8993CF9FA40D21B1C,
        0x12561A5DEB559C4348B4711298E536367041E8CA0CF0800C0126C2588C48BF5713DAA8846CB026E9E5C8276EC82B3BFF,
        0xB2962FE57A3225E8137E629BFF2991F6F89416F5A718CD1FCA64E00B11ACEACD6A3D0967C94FEDCFCC239BA5CB83E19,
        0x3425581A58AE2FEC83AAFEF7C40EB545B08243F16B1655154CCA8ABC28D6FD04976D5243EECF5C4130DE8938DC62CD8,
        0x13A8E162022914A80A6F1D5F43E7A07DFFDFC759A12062BB8D6B44E833B306DA9BD29BA81F35781D539D395B3532A21E,
        0xE7355F8E4E667B955390F7F0506C6E9395735E9CE9CAD4D0A43BCEF24B8982F7400D24BC4228F11C02DF9A29F6304A5,
        0x772CAACF16936190F3E0C63E0596721570F5799AF53A1894E2E073062AEDE9CEA73B3538F0DE06CEC2574496EE84A3A,
        0x14A7AC2A9D64A8B230B3F5B074CF01996E7F63C21BCA68A81996E1CDF9822C580FA5B9489D11E2D311F7D99BBDCC5A5E,
        0xA10ECF6ADA54F825E920B3DAFC7A3CCE07F8D1D7161366B74100DA67F39883503826692ABBA43704776EC3A79A1D641,
        0x95FC13AB9E92AD4476D6E3EB3A56680F682B4EE96F7D03776DF533978F31C1593174E4B4B7865002D6384D168ECDD0A,
        1,
    ),
    y_num=(
        0x90D97C81BA24EE0259D1F094980DCFA11AD138E48A869522B52AF6C956543D3CD0C7AEE9B3BA3C2BE9845719707BB33,
        0x134996A104EE5811D51036D776FB46831223E96C254F383D0F906343EB67AD34D6C56711962FA8BFE097E75A2E41C696,
        0xCC786BAA966E66F4A384C86A3B49942552E2D658A31CE2C344BE4B91400DA7D26D521628B00523B8DFE240C72DE1F6,
        0x1F86376E8981C217898751AD8746757D42AA7B90EEB791C09E4A3EC03251CF9DE405ABA9EC61DECA6355C77B0E5F4CB,
        0x8CC03FDEFE0FF135CAF4FE2A21529C4195536FBE3CE50B879833FD221351ADC2EE7F8DC099040A841B6DAECF2E8FEDB,
        0x16603FCA40634B6A2211E11DB8F0A6A074A7D0D4AFADB7BD76505C3D3AD5544E203F6326C95A807299B23AB13633A5F0,
        0x4AB0B9BCFAC1BBCB2C977D027796B3CE75BB8CA2BE184CB5231413C4D634F3747A87AC2460F415EC961F8855FE9D6F2,
        0x987C8D5333AB86FDE9926BD2CA6C674170A05BFE3BDD81FFD038DA6C26C842642F64550FEDFE935A15E4CA31870FB29,
        0x9FC4018BD96684BE88C9E221E4DA1BB8F3ABD16679DC26C1E8B6E6A1F20CABE69D65201C78607A360370E577BDBA587,
        0xE1BBA7A1186BDB5223ABDE7ADA14A23C42A0CA7915AF6FE06985E7ED1E4D43B9B3F7055DD4EBA6F2BAFAAEBCA731C30,
        0x19713E47937CD1BE0DFD0B8F1D43FB93CD2FCBCB6CAF493FD1183E416389E61031BF3A5CCE3FBAFCE813711AD011C132,
        0x18B46A908F36F6DEB918C143FED2EDCC523559B8AAF0C2462E6BFE7F911F643249D9CDF41B44D606CE07C8A4D0074D8E,
        0xB182CAC101B9399D155096004F53F447AA7B12A3426B08EC02710E807B4633F06C851C1919211F20D4C04F00B971EF8,
        0x245A394AD1ECA9B72FC00AE7BE315DC757B3B080D4C158013E6632D3C40659CC6CF90AD1C232A6442D9D3F5DB980133,
        0x5C129645E44CF1102A159F748C4A3FC5E673D81D7E86568D9AB0F5D396A7CE46BA1049B6579AFB7866B1E715475224B,
        0x15E6BE4E990F03CE4EA50B3B42DF2EB5CB181D8F84965A3957ADD4FA95AF01B2B665027EFEC01C7704B456BE69C8B604,
    ),
    y_den=(
        0x16112C4C3A9C98B252181140FAD0EAE9601A6DE578980BE6EEC3232B5BE72E7A07F3688EF60C206D01479253B03663C1,
        0x1962D75C2381201E1A0CBD6C43C348B885C84FF731C4D59CA4A10356F453E01F78A4260763529E3532F6102C2E49A03D,
        0x58DF3306640DA276FAAAE7D6E8EB15778C4855551AE7F310C35A5DD279CD2ECA6757CD636F96F891E2538B53DBF67F2,
        0x16B7D288798E5395F20D23BF89EDB4D1D115C5DBDDBCD30E123DA489E726AF41727364F2C28297ADA8D26D98445F5416,
        0xBE0E079545F43E4B00CC912F8228DDCC6D19C9F0F69BBB0542EDA0FC9DEC916A20B15DC0FD2EDEDDA39142311A5001D,
        0x8D9E5297186DB2D9FB266EAAC783182B70152C65550D881C5ECD87B6F0F5A6449F38DB9DFA9CCE202C6477FAAF9B7AC,
        0x166007C08A99DB2FC3BA8734ACE9824B5EECFDFA8D0CF8EF5DD365BC400A0051D5FA9C01A58B1FB93D1A1399126A775C,
        0x16A3EF08BE3EA7EA03BCDDFABBA6FF6EE5A4375EFA1F4FD7FEB34FD206357132B920F5B00801DEE460EE415A15812ED9,
        0x1866C8ED336C61231A1BE54FD1D74CC4F9FB0CE4C6AF5920ABC5750C4BF39B4852CFE2F7BB9248836B233D9D55535D4A,
        0x167A55CDA70A6E1CEA820597D94A84903216F763E13D87BB5308592E7EA7D4FBC7385EA3D529B35E346EF48BB8913F55,
        0x4D2F259EEA405BD48F010A01AD2911D9C6DD039BB61A6290E591B36E636A5C871A5C29F4F83060400F8B49CBA8F6AA8,
        0xACCBB67481D033FF5852C1E48C50C477F94FF8AEFCE42D28C0F9A88CEA7913516F968986F7EBBEA9684B529E2561092,
        0xAD6B9514C767FE3C3613144B45F1496543346D98ADF02267D5CEEF9A00D9B8693000763E3B90AC11E99B138573345CC,
        0x2660400EB2E4F3B628BDD0D53CD76F2BF565B94E72927C1CB748DF27942480E420517BD8714CC80D1FADC1326ED06F7,
        0xE0FA1D816DDC03E6B24255E0D7819C171C40F65E273B853324EFCD6356CAA205CA2F570F13497804415473A1D634B8F,
        1,
    ),
    h_eff=1 - X,
)
G2_SUITE = Suite(
    curve=G2,
    isogenous=Curve(FP2, (0, 240), (1012, 1012)),
    Z=(P - 2, P - 1),
    x_num=(
        (
            0x5C759507E8E333EBB5B7A9A47D7ED8532C52D39FD3A042A88B58423C50AE15D5C2638E343D9C71C6238AAAAAAAA97D6,
            0x5C759507E8E333EBB5B7A9A47D7ED8532C52D39FD3A042A88B58423C50AE15D5C2638E343D9C71C6238AAAAAAAA97D6,
        ),
        (0, 0x11560BF17BAA99BC32126FCED787C88F984F87ADF7AE0C7F9A208C6B4F20A4181472AAA9CB8D555526A9FFFFFFFFC71A),
        (
            0x11560BF17BAA99BC32126FCED787C88F984F87ADF7AE0C7F9A208C6B4F20A4181472AAA9CB8D555526A9FFFFFFFFC71E,
            0x8AB05F8BDD54CDE190937E76BC3E447CC27C3D6FBD7063FCD104635A790520C0A395554E5C6AAAA9354FFFFFFFFE38D,
        ),
        (0x171D6541FA38CCFAED6DEA691F5FB614CB14B4E7F4E810AA22D6108F142B85757098E38D0F671C7188E2AAAAAAAA5ED1, 0),
    ),
    x_den=(
        (0, 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAA63),
        (0xC, 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAA9F),
        FP2_ONE,
    ),
    y_num=(
        (
            0x1530477C7AB4113B59A4C18B076D11930F7DA5D4A07F649BF54439D87D27E500FC8C25EBF8C92F6812CFC71C71C6D706,
            0x1530477C7AB4113B59A4C18B076D11930F7DA5D4A07F649BF54439D87D27E500FC8C25EBF8C92F6812CFC71C71C6D706,
        ),
        (0, 0x5C759507E8E333EBB5B7A9A47D7ED8532C52D39FD3A042A88B58423C50AE15D5C2638E343D9C71C6238AAAAAAAA97BE),
        (
            0x11560BF17BAA99BC32126FCED787C88F984F87ADF7AE0C7F9A208C6B4F20A4181472AAA9CB8D555526A9FFFFFFFFC71C,
            0x8AB05F8BDD54CDE190937E76BC3E447CC27C3D6FBD7063FCD104635A790520C0A395554E5C6AAAA9354FFFFFFFFE38F,
        ),
        (0x124C9AD43B6CF79BFBF7043DE3811AD0761B0F37A1E26286B0E977C69AA274524E79097A56DC4BD9E1B371C71C718B10, 0),
    ),
    y_den=(
        (
            0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFA8FB,
            0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFA8FB,
        ),
        (0, 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFA9D3),
        (0x12, 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAA99),
        FP2_ONE,
    ),
    h_eff=3 * (X**2 - 1) * H2,
)
