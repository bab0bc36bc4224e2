"""Quadratic forms from pairings: masks of dimension k = 1 or 3, keys split over both groups, over BLS12-381.

    Setup          [alpha_il]_1 = hash(nonce, i, l),  beta_j <- Z_r^k
                   mpk = (nonce, [beta]_2),  msk = (beta, PRF key)
    Encrypt(x, y)  gamma <- Z_r^*,  V <- GL_{k+1}(Z_r)
                   c_i = [V^-T (gamma alpha_i ; x_i)]_1,  d_j = [V (beta_j ; y_j)]_2,  ct = ([gamma]_1, [gamma]_2, c, d)
    KeyGen(F)      T = sum_ij F_ij <alpha_i, beta_j>,  u = PRF(F),  K = [T - u]_1,  K' = [u]_2
    Decrypt        sum_ij F_ij e(c_i, d_j) - e(K, [gamma]_2) - e([gamma]_1, K')  =  [x^T F y]_T

In the frame of Baltico, Catalano, Fiore and Gay, CRYPTO 2017 (eprint 2017/151); layout and proofs: docs/math/qfe.md.

Randomness is a byte string given by the caller: 64 bytes a scalar, little endian, modulo r. Bytes of objects: integers
little endian, points compressed, scalars 32 canonical bytes. Every refusal is a ValueError.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from math import isqrt
from typing import Any, TypeVar

from tests.reference.bls12_381 import (
    FP12_ONE,
    G1,
    G1_GENERATOR,
    G2,
    G2_GENERATOR,
    Curve,
    Fp12,
    G1Point,
    G2Point,
    R,
    final_exponentiation,
    fp12_conj,
    fp12_mul,
    fp12_pow,
    g1_decode,
    g1_encode,
    g1_neg,
    g2_decode,
    g2_encode,
    hash_to_g1,
    miller_loop,
)
from tests.reference.codec import Reader, i64s, u32, u64
from tests.reference.readout import LAYOUT, Readout

SCHEMES = {1: b"qfe-ggm-bls12381", 3: b"qfe-sxdh-bls12381"}
MAX_WIDTH = 2**44
MAX_SUM = 2**62

T = TypeVar("T")
Vector = Sequence[int]
Matrix = Sequence[Vector]
Interval = tuple[int, int]
Entry = tuple[int, int, int]  # i, j, F_ij
Entries = tuple[Entry, ...]  # no zeros, by j, then by i
Points1 = tuple[tuple[G1Point, ...], ...]
Points2 = tuple[tuple[G2Point, ...], ...]


def tagged_hash(tag: bytes, data: bytes) -> bytes:
    """SHA-256( u32 len(tag) | tag | data )."""
    return sha256(u32(len(tag)) + tag + data).digest()


def tag(k: int, role: bytes) -> bytes:
    """PYFE-V1-<scheme>-<role>."""
    return b"PYFE-V1-" + SCHEMES[k] + b"-" + role


class Tape:
    """A byte string read as random bytes and scalars."""

    def __init__(self, data: bytes) -> None:
        self._reader = Reader(data)

    def take(self, length: int) -> bytes:
        """The next bytes; ValueError when the tape is at its end."""
        return self._reader.take(length)

    def scalar(self) -> int:
        """A scalar of Z_r."""
        return int.from_bytes(self.take(64), "little") % R

    def nonzero(self) -> int:
        """A scalar of Z_r^*."""
        while (value := self.scalar()) == 0:
            pass
        return value

    def basis(self, size: int) -> tuple[Matrix, Matrix]:
        """V row by row, drawn again as a whole while a leading principal minor is zero; and V^-1."""
        while True:
            V = [[self.scalar() for _ in range(size)] for _ in range(size)]
            if (inverse := inverted(V)) is not None:
                return V, inverse


# --- Linear algebra and products of pairings ------------------------------------------------------------------------


def inverted(V: Matrix) -> Matrix | None:
    """V^-1 modulo r by elimination without exchanges; None when a pivot, hence a leading principal minor, is 0."""
    size = len(V)
    A = [[*row, *(int(i == j) for j in range(size))] for i, row in enumerate(V)]
    for p in range(size):
        if A[p][p] % R == 0:
            return None
        scale = pow(A[p][p], -1, R)
        A[p] = [scale * a % R for a in A[p]]
        for i in range(size):
            if i != p:
                A[i] = [(a - A[i][p] * b) % R for a, b in zip(A[i], A[p], strict=True)]
    return [row[size:] for row in A]


def transposed(M: Sequence[Sequence[T]]) -> tuple[tuple[T, ...], ...]:
    """M^T."""
    return tuple(zip(*M, strict=True))


def combine(curve: Curve[Any], terms: Iterable[tuple[int, Any]]) -> Any:
    """sum k P over the terms (k, P): double and add, the doublings shared."""
    positive = [(k, p) if k >= 0 else (-k, curve.neg(p)) for k, p in terms]
    total = None
    for bit in reversed(range(max((k.bit_length() for k, _ in positive), default=0))):
        total = curve.add(total, total)
        for k, p in positive:
            if k >> bit & 1:
                total = curve.add(total, p)
    return total


def pairing_product(pairs: Iterable[tuple[G1Point, G2Point]]) -> Fp12:
    """prod e(P, Q), with one final exponentiation."""
    f = FP12_ONE
    for p, q in pairs:
        if p is not None and q is not None:
            f = fp12_mul(f, miller_loop(p, q))
    return final_exponentiation(f)


@cache
def gt_generator() -> Fp12:
    """e(g_1, g_2) = [1]_T."""
    return pairing_product([(G1_GENERATOR, G2_GENERATOR)])


@cache
def _baby_steps(count: int) -> dict[Fp12, int]:
    steps, power = {}, FP12_ONE
    for j in range(count):
        steps[power] = j
        power = fp12_mul(power, gt_generator())
    return steps


def gt_log(target: Fp12, low: int, high: int) -> int | None:
    """The z in [low, high] with [z]_T = target, or None. About 2 sqrt(high - low) products."""
    width = high - low + 1
    baby = _baby_steps(1 << isqrt(width).bit_length())
    giant = fp12_conj(fp12_pow(gt_generator(), len(baby)))
    element = fp12_mul(target, fp12_pow(gt_generator(), -low % R))
    for start in range(0, width, len(baby)):
        if (j := baby.get(element)) is not None:
            return low + start + j if start + j < width else None
        element = fp12_mul(element, giant)
    return None


# --- Parameters -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameters:
    """x_i in [x_lo_i, x_hi_i], y_j likewise (none given when y = x), |entries of a form| <= f_bound, the data's id."""

    k: int
    x_lo: tuple[int, ...]
    x_hi: tuple[int, ...]
    y_lo: tuple[int, ...] = ()
    y_hi: tuple[int, ...] = ()
    f_bound: int = 1
    context: bytes = bytes(32)

    def __post_init__(self) -> None:
        if self.k not in SCHEMES or not self.x_lo or len(self.context) != 32 or self.f_bound < 1:
            raise ValueError("k, n, the bound of F or the context")
        lo, hi = self.x_lo + self.y_lo, self.x_hi + self.y_hi
        if len(self.x_lo) != len(self.x_hi) or any(a > b for a, b in zip(lo, hi, strict=True)):
            raise ValueError("an empty range, or one without an end")

    @property
    def square(self) -> bool:
        """Whether one vector stands on both sides."""
        return not self.y_lo

    @property
    def x_ranges(self) -> tuple[Interval, ...]:
        """(lo, hi) of each x_i."""
        return tuple(zip(self.x_lo, self.x_hi, strict=True))

    @property
    def y_ranges(self) -> tuple[Interval, ...]:
        """(lo, hi) of each y_j."""
        return self.x_ranges if self.square else tuple(zip(self.y_lo, self.y_hi, strict=True))

    @property
    def n(self) -> int:
        """The coordinates of x."""
        return len(self.x_ranges)

    @property
    def m(self) -> int:
        """The coordinates of y."""
        return len(self.y_ranges)

    def to_bytes(self) -> bytes:
        """u8 k | u8 square | u32 n, m | i64 x_lo, x_hi | unless square y_lo, y_hi | u64 f_bound | context[32]."""
        head = bytes([self.k, self.square]) + u32(self.n) + u32(self.m)
        return head + i64s(self.x_lo + self.x_hi + self.y_lo + self.y_hi) + u64(self.f_bound) + self.context

    @staticmethod
    def read(reader: Reader) -> Parameters:
        """The block at the reader's cursor."""
        k, square, n, m = (reader.unsigned(length) for length in (1, 1, 4, 4))
        if square > 1 or (square and m != n) or not m:
            raise ValueError("the flag, or the coordinates of y")
        x_lo, x_hi = reader.i64s(n), reader.i64s(n)
        y_lo, y_hi = ((), ()) if square else (reader.i64s(m), reader.i64s(m))
        return Parameters(k, x_lo, x_hi, y_lo, y_hi, reader.unsigned(8), reader.take(32))

    @property
    def id(self) -> bytes:
        """The parameter hash."""
        return tagged_hash(tag(self.k, b"parameters"), self.to_bytes())


# --- Forms ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Matrices:
    """Kind 0: n x m matrices, each by its non-zero entries."""

    n: int
    m: int
    entries: tuple[Entries, ...]

    @staticmethod
    def of(*F: Matrix) -> Matrices:
        """From full matrices of one shape."""
        n, m = len(F[0]), len(F[0][0])
        return Matrices(n, m, tuple(_sparse({(i, j): f[i][j] for i in range(n) for j in range(m)}) for f in F))

    @property
    def count(self) -> int:
        """The number of forms."""
        return len(self.entries)

    @property
    def largest(self) -> int:
        """The largest |entry|."""
        return max(abs(v) for form in self.entries for _, _, v in form)

    def matrices(self) -> tuple[Entries, ...]:
        """The matrices themselves."""
        return self.entries

    def to_bytes(self) -> bytes:
        """Per form: u64 count | (u32 i | u32 j | i64 v) x count."""
        return b"".join(u64(len(form)) + b"".join(_triple(entry) for entry in form) for form in self.entries)

    @staticmethod
    def read(reader: Reader, n: int, m: int, count: int) -> Matrices:
        """Entries inside the matrix, in their order, none zero, and at least one."""
        forms = []
        for _ in range(count):
            form = tuple(_read_triple(reader) for _ in range(_non_zero(reader.unsigned(8))))
            places = [(j, i) for i, j, _ in form]
            if places != sorted(set(places)) or any(i >= n or j >= m or v == 0 for i, j, v in form):
                raise ValueError("entries out of order, outside the matrix, or zero")
            forms.append(form)
        return Matrices(n, m, tuple(forms))


@dataclass(frozen=True)
class Factors:
    """Kind 1: F_f = sum_h Q_fh U_h V_h^T."""

    U: tuple[tuple[int, ...], ...]
    V: tuple[tuple[int, ...], ...]
    Q: tuple[tuple[int, ...], ...]

    @property
    def n(self) -> int:
        """Rows of F."""
        return len(self.U[0])

    @property
    def m(self) -> int:
        """Columns of F."""
        return len(self.V[0])

    @property
    def count(self) -> int:
        """The number of forms."""
        return len(self.Q)

    @property
    def largest(self) -> int:
        """The largest |entry| of U, V and Q."""
        return max(abs(v) for matrix in (self.U, self.V, self.Q) for row in matrix for v in row)

    def matrices(self) -> tuple[Entries, ...]:
        """Multiplied out; ValueError when the absolute values of an entry's terms exceed 2^62 together."""
        return tuple(
            _sparse({(i, j): self._entry(row, i, j) for i in range(self.n) for j in range(self.m)}) for row in self.Q
        )

    def _entry(self, q: Vector, i: int, j: int) -> int:
        terms = [q_h * u[i] * v[j] for q_h, u, v in zip(q, self.U, self.V, strict=True)]
        if sum(abs(t) for t in terms) >= MAX_SUM:
            raise ValueError("an entry of F is too large")
        return sum(terms)

    def to_bytes(self) -> bytes:
        """u32 h | u8 same | i64 U[h][n] | unless same V[h][m] | i64 Q[C][h]."""
        same = self.U == self.V
        rows = self.U + (() if same else self.V) + self.Q
        return u32(len(self.U)) + bytes([same]) + b"".join(i64s(row) for row in rows)

    @staticmethod
    def read(reader: Reader, n: int, m: int, count: int) -> Factors:
        """At least one unit; ``same`` exactly when U is V."""
        h, same = _non_zero(reader.unsigned(4)), reader.unsigned(1)
        U = tuple(reader.i64s(n) for _ in range(h))
        V = U if same else tuple(reader.i64s(m) for _ in range(h))
        if same > 1 or (same and n != m) or (not same and U == V):
            raise ValueError("the flag does not say whether U is V")
        return Factors(U, V, tuple(reader.i64s(h) for _ in range(count)))


Forms = Matrices | Factors
KINDS = (Matrices, Factors)


def _sparse(F: dict[tuple[int, int], int]) -> Entries:
    return tuple((i, j, F[i, j]) for i, j in sorted(F, key=lambda place: place[::-1]) if F[i, j])


def _triple(entry: Entry) -> bytes:
    i, j, v = entry
    return u32(i) + u32(j) + i64s([v])


def _read_triple(reader: Reader) -> Entry:
    return reader.unsigned(4), reader.unsigned(4), reader.i64s(1)[0]


def _non_zero(count: int) -> int:
    if count == 0:
        raise ValueError("a count of zero")
    return count


def evaluate(F: Entries, x: Vector, y: Vector) -> int:
    """x^T F y."""
    return sum(x[i] * v * y[j] for i, j, v in F)


# --- Intervals of results -------------------------------------------------------------------------------------------


def times(a: Interval, b: Interval) -> Interval:
    """The range of s t for s in a, t in b, independent."""
    corners = [s * t for s in a for t in b]
    return min(corners), max(corners)


def squared(a: Interval) -> Interval:
    """The range of s^2 for s in a."""
    ends = (a[0] ** 2, a[1] ** 2)
    return 0 if a[0] <= 0 <= a[1] else min(ends), max(ends)


def added(ranges: Iterable[Interval]) -> Interval:
    """The range of a sum of independent terms; ValueError when the absolute values exceed 2^62 together."""
    terms = list(ranges)
    if sum(max(abs(lo), abs(hi)) for lo, hi in terms) > MAX_SUM:
        raise ValueError("a sum of absolute values is beyond 2^62")
    return sum(lo for lo, _ in terms), sum(hi for _, hi in terms)


def scaled(s: int, a: Interval) -> Interval:
    """The range of s t for t in a."""
    return times((s, s), a)


def by_monomials(parameters: Parameters, F: Entries) -> Interval:
    """The sum of the ranges of F_ij x_i y_j; for y = x of the monomials x_i x_j, i <= j, of F + F^T."""
    X, Y = parameters.x_ranges, parameters.y_ranges
    if not parameters.square:
        return added(scaled(v, times(X[i], Y[j])) for i, j, v in F)
    upper = symmetric(F)
    return added(scaled(s, squared(X[i]) if i == j else times(X[i], X[j])) for (i, j), s in upper.items())


def symmetric(F: Entries) -> dict[tuple[int, int], int]:
    """The coefficient of each x_i x_j, i <= j, in x^T F x."""
    upper: dict[tuple[int, int], int] = {}
    for i, j, v in F:
        place = (min(i, j), max(i, j))
        upper[place] = upper.get(place, 0) + v
    return upper


def by_units(parameters: Parameters, forms: Factors, q: Vector) -> Interval:
    """The sum of the ranges of q_h <U_h, x> <V_h, y>; a square where y = x and U_h = V_h."""
    terms = []
    for q_h, u, v in zip(q, forms.U, forms.V, strict=True):
        a = added(scaled(u_i, X_i) for u_i, X_i in zip(u, parameters.x_ranges, strict=True))
        b = added(scaled(v_j, Y_j) for v_j, Y_j in zip(v, parameters.y_ranges, strict=True))
        terms.append(scaled(q_h, squared(a) if parameters.square and u == v else times(a, b)))
    return added(terms)


def result_intervals(parameters: Parameters, forms: Forms) -> tuple[Interval, ...]:
    """The interval of each form; ValueError for a form that is zero, exceeds its bound, or is too wide."""
    if (forms.n, forms.m) != (parameters.n, parameters.m) or forms.largest > parameters.f_bound:
        raise ValueError("the shape of F, or its bound")
    intervals = []
    for f, F in enumerate(forms.matrices()):
        if not F or (parameters.square and not any(symmetric(F).values())):
            raise ValueError(f"function {f} is zero")
        low, high = by_monomials(parameters, F)
        if isinstance(forms, Factors):
            units = by_units(parameters, forms, forms.Q[f])
            low, high = max(low, units[0]), min(high, units[1])
        if high - low > MAX_WIDTH:
            raise ValueError(f"function {f}: the interval of the result is too wide")
        intervals.append((low, high))
    return tuple(intervals)


# --- Keys and ciphertexts -------------------------------------------------------------------------------------------


@cache
def alpha(k: int, nonce: bytes, n: int) -> Points1:
    """[alpha_il]_1 for i < n, l < k: hashed, so that nobody knows alpha."""
    dst = tag(k, b"alpha-BLS12381G1_XMD:SHA-256_SSWU_RO_")
    head = u32(len(SCHEMES[k])) + SCHEMES[k] + u32(k) + nonce
    return tuple(tuple(hash_to_g1(head + u32(i) + u32(e), dst) for e in range(k)) for i in range(n))


@dataclass(frozen=True)
class MasterPublicKey:
    """mpk: the nonce that gives [alpha]_1, and [beta_jl]_2."""

    parameters: Parameters
    nonce: bytes
    beta: Points2

    @property
    def alpha(self) -> Points1:
        """[alpha_il]_1."""
        return alpha(self.parameters.k, self.nonce, self.parameters.n)

    def to_bytes(self) -> bytes:
        """P | nonce[32] | beta_00 | beta_01 | .. (96 bytes each)."""
        return self.parameters.to_bytes() + self.nonce + b"".join(g2_encode(p) for row in self.beta for p in row)

    @staticmethod
    def from_bytes(data: bytes) -> MasterPublicKey:
        """Decode and validate: points of G2, none the identity, no two beta_j equal."""
        reader = Reader(data)
        parameters = Parameters.read(reader)
        nonce = reader.take(32)
        beta = tuple(tuple(_point2(reader) for _ in range(parameters.k)) for _ in range(parameters.m))
        reader.finish()
        if any(p is None for row in beta for p in row) or len(set(beta)) < len(beta):
            raise ValueError("some beta is the identity, or two are equal")
        return MasterPublicKey(parameters, nonce, beta)

    @property
    def id(self) -> bytes:
        """mpk_id."""
        return tagged_hash(tag(self.parameters.k, b"public-key"), self.to_bytes())


@dataclass(frozen=True)
class MasterSecretKey:
    """msk: beta_j in Z_r^k, and the key of the PRF that gives u."""

    parameters: Parameters
    public_key_id: bytes
    nonce: bytes
    beta: tuple[tuple[int, ...], ...]
    prf_key: bytes

    def to_bytes(self) -> bytes:
        """P | mpk_id[32] | nonce[32] | beta_00 | beta_01 | .. | prf_key[32]."""
        scalars = b"".join(b.to_bytes(32, "little") for row in self.beta for b in row)
        return self.parameters.to_bytes() + self.public_key_id + self.nonce + scalars + self.prf_key

    @staticmethod
    def from_bytes(data: bytes) -> MasterSecretKey:
        """Decode; that beta belongs to the id is not checked here."""
        reader = Reader(data)
        parameters = Parameters.read(reader)
        public_key_id, nonce = reader.take(32), reader.take(32)
        beta = tuple(tuple(_scalar(reader) for _ in range(parameters.k)) for _ in range(parameters.m))
        prf_key = reader.take(32)
        reader.finish()
        return MasterSecretKey(parameters, public_key_id, nonce, beta, prf_key)


Halves = tuple[G1Point, G2Point]


@dataclass(frozen=True)
class FunctionKey:
    """The forms, the interval of each result, and (K, K') of each form."""

    public_key_id: bytes
    k: int
    forms: Forms
    intervals: tuple[Interval, ...]
    halves: tuple[Halves, ...]
    readout: Readout | None = None

    def to_bytes(self) -> bytes:
        """mpk_id[32] | (u8 0 | u8 2) | u8 k | u32 n | u32 m | u32 C | u8 kind | forms | i64 interval[C][2] | readout |
        (K | K') x C; mark and readout only where there is one."""
        forms = self.forms
        head = bytes([self.k]) + u32(forms.n) + u32(forms.m) + u32(forms.count) + bytes([KINDS.index(type(forms))])
        intervals = b"".join(i64s(pair) for pair in self.intervals)
        points = b"".join(g1_encode(K) + g2_encode(K_) for K, K_ in self.halves)
        mark, readout = (b"", b"") if self.readout is None else (bytes([0, LAYOUT]), self.readout.to_bytes())
        return self.public_key_id + mark + head + forms.to_bytes() + intervals + readout + points

    @staticmethod
    def from_bytes(data: bytes) -> FunctionKey:
        """Decode; only ``verify_key`` can tell whether the halves fit the forms."""
        reader = Reader(data)
        public_key_id = reader.take(32)
        marked = data[32:33] == b"\0"
        if marked and reader.take(2)[1] != LAYOUT:
            raise ValueError("a layout that no key has")
        k, n, m, count = _mask(reader), *(_non_zero(reader.unsigned(4)) for _ in range(3))
        kind = reader.unsigned(1)
        if kind >= len(KINDS):
            raise ValueError(f"kind {kind} of a form")
        forms = KINDS[kind].read(reader, n, m, count)
        intervals = tuple(_interval(reader) for _ in range(count))
        readout = Readout.read(reader, count) if marked else None
        halves = tuple((_point1(reader), _point2(reader)) for _ in range(count))
        reader.finish()
        if any(None in pair for pair in halves):
            raise ValueError("half of a key is the identity")
        return FunctionKey(public_key_id, k, forms, intervals, halves, readout)


@dataclass(frozen=True)
class Row:
    """One ciphertext: [gamma]_1, [gamma]_2, c[l][i] and d[l][j] for l <= k."""

    gamma1: G1Point
    gamma2: G2Point
    c: Points1
    d: Points2


@dataclass(frozen=True)
class CiphertextBatch:
    """Ciphertexts under one public key, of n and m coordinates."""

    public_key_id: bytes
    k: int
    n: int
    m: int
    rows: tuple[Row, ...]

    def to_bytes(self) -> bytes:
        """mpk_id[32] | u64 count | u8 k | u32 n | u32 m | ([gamma]_1 | [gamma]_2 | c | d) x count."""
        head = self.public_key_id + u64(len(self.rows)) + bytes([self.k]) + u32(self.n) + u32(self.m)
        return head + b"".join(_row_to_bytes(row) for row in self.rows)

    @staticmethod
    def from_bytes(data: bytes) -> CiphertextBatch:
        """Decode, every point checked; that both [gamma] agree is ``well_formed``'s."""
        reader = Reader(data)
        public_key_id, count = reader.take(32), reader.unsigned(8)
        k, n, m = _mask(reader), _non_zero(reader.unsigned(4)), _non_zero(reader.unsigned(4))
        if len(data) != 49 + count * (144 + (k + 1) * (48 * n + 96 * m)):
            raise ValueError(f"{len(data)} bytes do not hold {count} rows of {n} and {m} coordinates")
        rows = tuple(_row(reader, k, n, m) for _ in range(count))
        return CiphertextBatch(public_key_id, k, n, m, rows)


def _row_to_bytes(row: Row) -> bytes:
    left = b"".join(g1_encode(p) for points in row.c for p in points)
    right = b"".join(g2_encode(p) for points in row.d for p in points)
    return g1_encode(row.gamma1) + g2_encode(row.gamma2) + left + right


def _row(reader: Reader, k: int, n: int, m: int) -> Row:
    gamma1, gamma2 = _point1(reader), _point2(reader)
    if gamma1 is None or gamma2 is None:
        raise ValueError("gamma is zero")
    c = tuple(tuple(_point1(reader) for _ in range(n)) for _ in range(k + 1))
    d = tuple(tuple(_point2(reader) for _ in range(m)) for _ in range(k + 1))
    return Row(gamma1, gamma2, c, d)


def _point1(reader: Reader) -> G1Point:
    return g1_decode(reader.take(48))


def _point2(reader: Reader) -> G2Point:
    return g2_decode(reader.take(96))


def _scalar(reader: Reader) -> int:
    value = reader.unsigned(32)
    if value >= R:
        raise ValueError("a scalar is not below r")
    return value


def _mask(reader: Reader) -> int:
    k = reader.unsigned(1)
    if k not in SCHEMES:
        raise ValueError(f"no scheme has masks of dimension {k}")
    return k


def _interval(reader: Reader) -> Interval:
    low, high = reader.i64s(2)
    if low > high or high - low > MAX_WIDTH:
        raise ValueError("an interval that no key has")
    return low, high


# --- The four verbs -------------------------------------------------------------------------------------------------


def setup(parameters: Parameters, random: bytes) -> tuple[MasterPublicKey, MasterSecretKey]:
    """Draw the nonce, beta_00, beta_01, .., and the PRF key."""
    tape = Tape(random)
    nonce = tape.take(32)
    beta = tuple(tuple(tape.scalar() for _ in range(parameters.k)) for _ in range(parameters.m))
    prf_key = tape.take(32)
    mpk = MasterPublicKey(parameters, nonce, tuple(tuple(G2.mul(b, G2_GENERATOR) for b in row) for row in beta))
    return mpk, MasterSecretKey(parameters, mpk.id, nonce, beta, prf_key)


def encrypt(mpk: MasterPublicKey, x: Matrix, y: Matrix | None, random: bytes) -> CiphertextBatch:
    """One ciphertext a row, gamma and V fresh for each, in order. y is None when it is x."""
    parameters = mpk.parameters
    if parameters.square != (y is None):
        raise ValueError("y is given exactly when it is not x")
    tape, rows = Tape(random), []
    for r, (x_r, y_r) in enumerate(zip(x, x if y is None else y, strict=True)):
        _require_within(r, "x", x_r, parameters.x_ranges)
        _require_within(r, "y", y_r, parameters.y_ranges)
        gamma = tape.nonzero()
        V, V_inverse = tape.basis(parameters.k + 1)
        rows.append(encrypt_row(mpk.alpha, mpk.beta, x_r, y_r, gamma, V, V_inverse))
    return CiphertextBatch(mpk.id, parameters.k, parameters.n, parameters.m, tuple(rows))


def _require_within(row: int, side: str, values: Vector, ranges: Sequence[Interval]) -> None:
    for i, (value, (low, high)) in enumerate(zip(values, ranges, strict=True)):
        if not low <= value <= high:
            raise ValueError(f"row {row}, coordinate {i} of {side}: {value} is not in [{low}, {high}]")


def encrypt_row(alpha: Points1, beta: Points2, x: Vector, y: Vector, gamma: int, V: Matrix, V_inverse: Matrix) -> Row:
    """c_i = V^-T (gamma alpha_i ; x_i),  d_j = V (beta_j ; y_j)."""
    W = transposed(V_inverse)
    c = tuple(tuple(_masked(G1, w, gamma, a_i, x_i * w[-1]) for a_i, x_i in zip(alpha, x, strict=True)) for w in W)
    d = tuple(tuple(_masked(G2, v, 1, b_j, y_j * v[-1]) for b_j, y_j in zip(beta, y, strict=True)) for v in V)
    return Row(G1.mul(gamma, G1_GENERATOR), G2.mul(gamma, G2_GENERATOR), c, d)


def _masked(curve: Curve[Any], row: Vector, scale: int, masks: Sequence[Any], message: int) -> Any:
    """scale <row, masks> + message g."""
    generator = G1_GENERATOR if curve is G1 else G2_GENERATOR
    mask = [(w * scale % R, p) for w, p in zip(row[:-1], masks, strict=True)]
    return combine(curve, [*mask, (message % R, generator)])


def derive_u(msk: MasterSecretKey, F: Entries) -> int:
    """HMAC-SHA-512(PRF key, scheme | k | mpk_id | server 0 | epoch 0 | n | m | F) mod r."""
    parameters = msk.parameters
    name = tag(parameters.k, b"u")
    head = u32(len(name)) + name + u32(parameters.k) + msk.public_key_id + u32(0) + u32(0)
    matrix = u32(parameters.n) + u32(parameters.m) + b"".join(_triple(entry) for entry in F)
    return int.from_bytes(hmac.digest(msk.prf_key, head + matrix, "sha512"), "little") % R


def key_halves(alpha: Points1, beta: Sequence[Vector], F: Entries, u: int) -> Halves:
    """K = [T]_1 - [u]_1 and K' = [u]_2, where [T]_1 = sum_i <sum_j F_ij beta_j, [alpha_i]_1>."""
    rows, k = sorted({i for i, _, _ in F}), len(beta[0])
    terms = [(sum(v * beta[j][e] for i_, j, v in F if i_ == i) % R, alpha[i][e]) for i in rows for e in range(k)]
    return combine(G1, [*terms, (-u % R, G1_GENERATOR)]), G2.mul(u, G2_GENERATOR)


def keygen(msk: MasterSecretKey, forms: Forms) -> FunctionKey:
    """(K, K') of each form; the same matrix, however it is given, has the same halves."""
    parameters = msk.parameters
    intervals = result_intervals(parameters, forms)
    points = alpha(parameters.k, msk.nonce, parameters.n)
    halves = tuple(key_halves(points, msk.beta, F, derive_u(msk, F)) for F in forms.matrices())
    return FunctionKey(msk.public_key_id, parameters.k, forms, intervals, halves)


def form_pairs(F: Entries, c: Points1, d: Points2) -> list[tuple[G1Point, G2Point]]:
    """sum_ij F_ij <c_i, d_j>, regrouped by columns: the pairs (sum_i F_ij c_il, d_jl). First index l."""
    pairs = []
    for j in sorted({j for _, j, _ in F}):
        column = [(i, v) for i, j_, v in F if j_ == j]
        pairs += [(combine(G1, [(v, c_l[i]) for i, v in column]), d_l[j]) for c_l, d_l in zip(c, d, strict=True)]
    return pairs


def decrypt_element(F: Entries, halves: Halves, row: Row) -> Fp12:
    """sum_ij F_ij e(c_i, d_j) - e(K, [gamma]_2) - e([gamma]_1, K') = [x^T F y]_T."""
    K, K_ = halves
    return pairing_product([*form_pairs(F, row.c, row.d), (g1_neg(K), row.gamma2), (g1_neg(row.gamma1), K_)])


def decrypt(sk: FunctionKey, ct: CiphertextBatch) -> list[list[int]]:
    """x^T F y for each row and form; ValueError when one is outside its interval."""
    if (sk.public_key_id, sk.k, sk.forms.n, sk.forms.m) != (ct.public_key_id, ct.k, ct.n, ct.m):
        raise ValueError("key and ciphertext belong to different public keys")
    matrices, results = sk.forms.matrices(), []
    for r, row in enumerate(ct.rows):
        elements = [decrypt_element(F, halves, row) for F, halves in zip(matrices, sk.halves, strict=True)]
        logs = [gt_log(element, *limits) for element, limits in zip(elements, sk.intervals, strict=True)]
        if None in logs:
            raise ValueError(f"row {r}, function {logs.index(None)}: no result in the interval")
        results.append([z for z in logs if z is not None])
    return results


# --- Around them ----------------------------------------------------------------------------------------------------


def verify_key(mpk: MasterPublicKey, sk: FunctionKey) -> bool:
    """Whether the key is of this public key, its intervals are those of its forms, and K + K' = T for each."""
    if (sk.public_key_id, sk.k) != (mpk.id, mpk.parameters.k):
        return False
    try:
        intervals = result_intervals(mpk.parameters, sk.forms)
    except ValueError:
        return False
    forms = zip(sk.forms.matrices(), sk.halves, strict=True)
    return sk.intervals == intervals and all(key_equation(mpk.alpha, mpk.beta, F, halves) for F, halves in forms)


def key_equation(alpha: Points1, beta: Points2, F: Entries, halves: Halves) -> bool:
    """e(K, g_2) e(g_1, K') = prod_jl e(sum_i F_ij [alpha_il]_1, [beta_jl]_2)."""
    minus = tuple((i, j, -v) for i, j, v in F)
    K, K_ = halves
    pairs = form_pairs(minus, transposed(alpha), transposed(beta))
    return pairing_product([*pairs, (K, G2_GENERATOR), (G1_GENERATOR, K_)]) == FP12_ONE


def well_formed(row: Row) -> bool:
    """e([gamma]_1, g_2) = e(g_1, [gamma]_2)."""
    return pairing_product([(row.gamma1, G2_GENERATOR), (g1_neg(G1_GENERATOR), row.gamma2)]) == FP12_ONE


def scaled_row(row: Row, factor: int, side: str) -> Row:
    """Anybody can do this: a ciphertext of (factor x, y) or (x, factor y)."""
    c = tuple(tuple(G1.mul(factor, p) for p in points) for points in row.c) if side == "x" else row.c
    d = tuple(tuple(G2.mul(factor, p) for p in points) for points in row.d) if side == "y" else row.d
    return Row(G1.mul(factor, row.gamma1), G2.mul(factor, row.gamma2), c, d)


def project(ct: CiphertextBatch, P1: Matrix, P2: Matrix) -> CiphertextBatch:
    """Anybody can do this: ciphertexts of (P1 x, P2 y)."""
    rows = tuple(
        Row(
            row.gamma1,
            row.gamma2,
            tuple(tuple(combine(G1, zip(p, points, strict=True)) for p in P1) for points in row.c),
            tuple(tuple(combine(G2, zip(p, points, strict=True)) for p in P2) for points in row.d),
        )
        for row in ct.rows
    )
    return CiphertextBatch(ct.public_key_id, ct.k, len(P1), len(P2), rows)


def project_key(sk: FunctionKey, P1: Matrix, P2: Matrix, forms: Forms) -> FunctionKey:
    """The same halves for F' on projected ciphertexts, where F = P1^T F' P2; ValueError when that is not F."""
    for F, G in zip(sk.forms.matrices(), forms.matrices(), strict=True):
        whole = {
            (i, j): sum(P1[a][i] * v * P2[b][j] for a, b, v in G) for i in range(sk.forms.n) for j in range(sk.forms.m)
        }
        if _sparse(whole) != F:
            raise ValueError("P1^T F' P2 is not the form of the key")
    return FunctionKey(sk.public_key_id, sk.k, forms, sk.intervals, sk.halves)
