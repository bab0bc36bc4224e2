"""Inner products from DDH: Agrawal, Libert, Stehle, CRYPTO 2016 (eprint 2015/608), section 4, over ristretto255.

    Setup        s_i, t_i <- Z_l,  h_i = s_i G + t_i H          mpk = (G, H, h_1..h_n),  msk = (s, t)
    Encrypt(x)   r <- Z_l^*,  C = r G,  D = r H,  E_i = x_i G + r h_i
    KeyGen(y)    s_y = <s, y>,  t_y = <t, y>   mod l
    Decrypt      sum_i y_i E_i - s_y C - t_y D  =  <x, y> G

Randomness is a byte string given by the caller: 64 bytes a scalar, little endian, modulo l, zero drawn again. Bytes of
objects: integers little endian, points 32-byte encodings, scalars 32 canonical bytes. Every refusal is a ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from tests.reference.codec import Reader, i64s, u32, u64
from tests.reference.dlog import discrete_log
from tests.reference.hash_to_group import hash_to_group
from tests.reference.readout import LAYOUT, Readout
from tests.reference.ristretto255 import (
    GENERATOR,
    ORDER,
    Point,
    add,
    decode,
    encode,
    equal,
    mul,
    mul_sum,
    scalar_from_bytes,
    scalar_reduce,
    scalar_to_bytes,
)

G = GENERATOR
H = hash_to_group(b"", b"PYFE-V1-ipfe-ddh-H-ristretto255_XMD:SHA-512_R255MAP_RO_")

MAX_WIDTH = 2**44
Vector = Sequence[int]
Matrix = Sequence[Vector]
Interval = tuple[int, int]


def tagged_hash(tag: bytes, data: bytes) -> bytes:
    """SHA-256( u32 len(tag) | tag | data )."""
    return sha256(u32(len(tag)) + tag + data).digest()


def inner(a: Vector, b: Vector) -> int:
    """<a, b> over the integers."""
    return sum(p * q for p, q in zip(a, b, strict=True))


class Tape:
    """A byte string read as random scalars."""

    def __init__(self, data: bytes) -> None:
        self._reader = Reader(data)

    def scalar(self) -> int:
        """A scalar of Z_l^*; ValueError when the tape is at its end."""
        while (value := scalar_reduce(self._reader.take(64))) == 0:
            pass
        return value


# --- Objects --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameters:
    """n coordinates, x_i in [x_lo_i, x_hi_i], |y_i| <= y_bound, and the id of what gives x its meaning."""

    x_lo: tuple[int, ...]
    x_hi: tuple[int, ...]
    y_bound: int
    context: bytes = bytes(32)

    def __post_init__(self) -> None:
        if not self.x_lo or len(self.x_lo) != len(self.x_hi) or len(self.context) != 32 or self.y_bound < 1:
            raise ValueError("n, the bound of y or the context")
        if any(lo > hi for lo, hi in zip(self.x_lo, self.x_hi, strict=True)):
            raise ValueError("an empty range")

    @property
    def n(self) -> int:
        """The dimension."""
        return len(self.x_lo)

    def to_bytes(self) -> bytes:
        """P = u32 n | i64 x_lo[n] | i64 x_hi[n] | u64 y_bound | context[32]."""
        return u32(self.n) + i64s(self.x_lo) + i64s(self.x_hi) + u64(self.y_bound) + self.context

    @staticmethod
    def read(reader: Reader) -> Parameters:
        """The block at the reader's cursor."""
        n = reader.unsigned(4)
        x_lo, x_hi = reader.i64s(n), reader.i64s(n)
        return Parameters(x_lo, x_hi, reader.unsigned(8), reader.take(32))

    @property
    def id(self) -> bytes:
        """The parameter hash."""
        return tagged_hash(b"PYFE-V1-ipfe-ddh-ristretto255-parameters", self.to_bytes())


@dataclass(frozen=True)
class MasterPublicKey:
    """mpk: h_1..h_n."""

    parameters: Parameters
    h: tuple[Point, ...]

    def to_bytes(self) -> bytes:
        """M = P | h_1 .. h_n."""
        return self.parameters.to_bytes() + b"".join(encode(h) for h in self.h)

    @staticmethod
    def from_bytes(data: bytes) -> MasterPublicKey:
        """Decode and validate: canonical points, none the identity, no two equal."""
        reader = Reader(data)
        parameters = Parameters.read(reader)
        encodings = [reader.take(32) for _ in range(parameters.n)]
        reader.finish()
        if bytes(32) in encodings or len(set(encodings)) < len(encodings):
            raise ValueError("some h_i is the identity, or two are equal")
        return MasterPublicKey(parameters, tuple(decode(e) for e in encodings))

    @property
    def id(self) -> bytes:
        """mpk_id."""
        return tagged_hash(b"PYFE-V1-ipfe-ddh-ristretto255-public-key", self.to_bytes())


@dataclass(frozen=True)
class MasterSecretKey:
    """msk: s_1..s_n and t_1..t_n."""

    parameters: Parameters
    public_key_id: bytes
    s: tuple[int, ...]
    t: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """P | mpk_id[32] | s_1 .. s_n | t_1 .. t_n."""
        scalars = b"".join(scalar_to_bytes(a) for a in self.s + self.t)
        return self.parameters.to_bytes() + self.public_key_id + scalars

    @staticmethod
    def from_bytes(data: bytes) -> MasterSecretKey:
        """Decode; that s and t belong to the id is not checked here."""
        reader = Reader(data)
        parameters = Parameters.read(reader)
        public_key_id = reader.take(32)
        s, t = (tuple(scalar_from_bytes(reader.take(32)) for _ in range(parameters.n)) for _ in range(2))
        reader.finish()
        return MasterSecretKey(parameters, public_key_id, s, t)


@dataclass(frozen=True)
class FunctionKey:
    """k functions: the rows of Y, the interval of each result, and (s_y, t_y) of each row."""

    public_key_id: bytes
    y: tuple[tuple[int, ...], ...]
    intervals: tuple[Interval, ...]
    scalars: tuple[tuple[int, int], ...]
    readout: Readout | None = None

    def to_bytes(self) -> bytes:
        """mpk_id[32] | (u32 0 | u8 2) | u32 k | u32 n | i64 Y[k][n] | i64 interval[k][2] | readout | (s_y | t_y) x k;
        mark and readout only where there is one."""
        mark, readout = (b"", b"") if self.readout is None else (u32(0) + bytes([LAYOUT]), self.readout.to_bytes())
        head = self.public_key_id + mark + u32(len(self.y)) + u32(len(self.y[0]))
        integers = b"".join(i64s(row) for row in self.y + self.intervals) + readout
        return head + integers + b"".join(scalar_to_bytes(a) for pair in self.scalars for a in pair)

    @staticmethod
    def from_bytes(data: bytes) -> FunctionKey:
        """Decode; only ``verify_key`` can tell whether the scalars fit the functions."""
        reader = Reader(data)
        public_key_id = reader.take(32)
        k = reader.unsigned(4)
        marked = k == 0
        if marked:
            if reader.unsigned(1) != LAYOUT:
                raise ValueError("a layout that no key has")
            k = reader.unsigned(4)
        n = reader.unsigned(4)
        if not k or not n:
            raise ValueError("no function, or no coordinate")
        y = tuple(reader.i64s(n) for _ in range(k))
        intervals = tuple(_interval_of(reader.i64s(2)) for _ in range(k))
        readout = Readout.read(reader, k) if marked else None
        scalars = tuple((scalar_from_bytes(reader.take(32)), scalar_from_bytes(reader.take(32))) for _ in range(k))
        reader.finish()
        return FunctionKey(public_key_id, y, intervals, scalars, readout)


def _interval_of(pair: tuple[int, ...]) -> Interval:
    low, high = pair
    if low > high or high - low > MAX_WIDTH:
        raise ValueError("an interval that no key has")
    return low, high


@dataclass(frozen=True)
class Row:
    """One ciphertext. A combined one is sum_j w_j ct_j; w_pos sums its positive w_j, w_neg the others' |w_j|."""

    C: Point
    D: Point
    E: tuple[Point, ...]
    w_pos: int = 1
    w_neg: int = 0


@dataclass(frozen=True)
class CiphertextBatch:
    """Ciphertexts under one public key."""

    public_key_id: bytes
    n: int
    rows: tuple[Row, ...]
    combined: bool = False

    def to_bytes(self) -> bytes:
        """mpk_id[32] | u64 count | u32 n | u8 combined | if so (u64 w_pos, u64 w_neg) x count | (C | D | E) x count."""
        head = self.public_key_id + u64(len(self.rows)) + u32(self.n) + bytes([self.combined])
        weights = b"".join(u64(row.w_pos) + u64(row.w_neg) for row in self.rows) if self.combined else b""
        return head + weights + b"".join(encode(p) for row in self.rows for p in (row.C, row.D, *row.E))

    @staticmethod
    def from_bytes(data: bytes) -> CiphertextBatch:
        """Decode, every point checked."""
        reader = Reader(data)
        public_key_id = reader.take(32)
        count, n, combined = reader.unsigned(8), reader.unsigned(4), reader.unsigned(1)
        if combined > 1 or not n:
            raise ValueError("the flag, or no coordinate")
        if len(data) != 45 + count * (16 * combined + 32 * (n + 2)):
            raise ValueError(f"{len(data)} bytes do not hold {count} rows of {n} coordinates")
        weights = [(reader.unsigned(8), reader.unsigned(8)) if combined else (1, 0) for _ in range(count)]
        rows = []
        for w_pos, w_neg in weights:
            c, d, *e = (decode(reader.take(32)) for _ in range(n + 2))
            rows.append(Row(c, d, tuple(e), w_pos, w_neg))
        reader.finish()
        return CiphertextBatch(public_key_id, n, tuple(rows), bool(combined))


# --- The four verbs -------------------------------------------------------------------------------------------------


def setup(parameters: Parameters, random: bytes) -> tuple[MasterPublicKey, MasterSecretKey]:
    """Draw s_1..s_n, then t_1..t_n;  h_i = s_i G + t_i H."""
    tape = Tape(random)
    s = tuple(tape.scalar() for _ in range(parameters.n))
    t = tuple(tape.scalar() for _ in range(parameters.n))
    h = tuple(mul_sum([(s_i, G), (t_i, H)]) for s_i, t_i in zip(s, t, strict=True))
    mpk = MasterPublicKey(parameters, h)
    return mpk, MasterSecretKey(parameters, mpk.id, s, t)


def encrypt(mpk: MasterPublicKey, x: Matrix, random: bytes) -> CiphertextBatch:
    """One ciphertext a row of x, one r a row, in order."""
    for j, row in enumerate(x):
        for i, (lo, x_i, hi) in enumerate(zip(mpk.parameters.x_lo, row, mpk.parameters.x_hi, strict=True)):
            if not lo <= x_i <= hi:
                raise ValueError(f"row {j}, coordinate {i}: {x_i} is not in [{lo}, {hi}]")
    tape = Tape(random)
    return CiphertextBatch(mpk.id, mpk.parameters.n, tuple(encrypt_row(mpk, row, tape.scalar()) for row in x))


def encrypt_row(mpk: MasterPublicKey, x: Vector, r: int) -> Row:
    """C = r G,  D = r H,  E_i = x_i G + r h_i."""
    E = tuple(mul_sum([(x_i, G), (r, h_i)]) for x_i, h_i in zip(x, mpk.h, strict=True))
    return Row(mul(r, G), mul(r, H), E)


def interval(parameters: Parameters, y: Vector) -> Interval:
    """[sum_i min(y_i lo_i, y_i hi_i), sum_i max(y_i lo_i, y_i hi_i)]: the values <x, y> can take, both ends reached."""
    ends = [(y_i * lo, y_i * hi) for y_i, lo, hi in zip(y, parameters.x_lo, parameters.x_hi, strict=True)]
    return sum(min(e) for e in ends), sum(max(e) for e in ends)


def keygen(msk: MasterSecretKey, y: Matrix) -> FunctionKey:
    """(s_y, t_y) = (<s, y>, <t, y>) mod l for each row y."""
    intervals = []
    for row in y:
        if not any(row) or any(abs(y_i) > msk.parameters.y_bound for y_i in row):
            raise ValueError("y is zero, or exceeds its bound")
        low, high = interval(msk.parameters, row)
        if high - low > MAX_WIDTH:
            raise ValueError("the interval of the result is too wide")
        intervals.append((low, high))
    scalars = tuple((inner(msk.s, row) % ORDER, inner(msk.t, row) % ORDER) for row in y)
    return FunctionKey(msk.public_key_id, tuple(tuple(row) for row in y), tuple(intervals), scalars)


def decrypt_points(sk: FunctionKey, ct: CiphertextBatch) -> list[list[Point]]:
    """sum_i y_i E_i - s_y C - t_y D = <x, y> G, for each row and function."""
    if sk.public_key_id != ct.public_key_id or len(sk.y[0]) != ct.n:
        raise ValueError("key and ciphertext belong to different public keys")
    return [
        [
            mul_sum([*zip(y, row.E, strict=True), (-s_y, row.C), (-t_y, row.D)])
            for y, (s_y, t_y) in zip(sk.y, sk.scalars, strict=True)
        ]
        for row in ct.rows
    ]


def result_interval(row: Row, key_interval: Interval) -> Interval:
    """[w_pos L - w_neg U, w_pos U - w_neg L]."""
    L, U = key_interval
    return row.w_pos * L - row.w_neg * U, row.w_pos * U - row.w_neg * L


def decrypt(sk: FunctionKey, ct: CiphertextBatch) -> list[list[int]]:
    """<x, y> for each row and function; ValueError when one is outside its interval."""
    results = []
    for j, (row, points) in enumerate(zip(ct.rows, decrypt_points(sk, ct), strict=True)):
        logs = [
            discrete_log(point, *result_interval(row, limits))
            for point, limits in zip(points, sk.intervals, strict=True)
        ]
        if None in logs:
            raise ValueError(f"row {j}, function {logs.index(None)}: no result in the interval")
        results.append([z for z in logs if z is not None])
    return results


# --- Around them ----------------------------------------------------------------------------------------------------


def verify_key(mpk: MasterPublicKey, sk: FunctionKey) -> bool:
    """s_y G + t_y H == sum_i y_i h_i for every row, under this public key."""
    return sk.public_key_id == mpk.id and all(
        equal(mul_sum([(s_y, G), (t_y, H)]), mul_sum(list(zip(y, mpk.h, strict=True))))
        for y, (s_y, t_y) in zip(sk.y, sk.scalars, strict=True)
    )


def weighted_sum(ct: CiphertextBatch, w: Vector) -> CiphertextBatch:
    """One combined row, sum_j w_j ct_j: a ciphertext of sum_j w_j x_j."""
    pairs = list(zip(w, ct.rows, strict=True))
    return CiphertextBatch(
        ct.public_key_id,
        ct.n,
        (
            Row(
                C=mul_sum([(w_j, row.C) for w_j, row in pairs]),
                D=mul_sum([(w_j, row.D) for w_j, row in pairs]),
                E=tuple(mul_sum([(w_j, row.E[i]) for w_j, row in pairs]) for i in range(ct.n)),
                w_pos=sum(w_j * row.w_pos if w_j > 0 else -w_j * row.w_neg for w_j, row in pairs),
                w_neg=sum(w_j * row.w_neg if w_j > 0 else -w_j * row.w_pos for w_j, row in pairs),
            ),
        ),
        combined=True,
    )


def shifted(row: Row, i: int, delta: int) -> Row:
    """Anybody can do this: a ciphertext of x + delta e_i, in range or not (the scheme is malleable)."""
    E = (*row.E[:i], add(row.E[i], mul(delta, G)), *row.E[i + 1 :])
    return Row(row.C, row.D, E, row.w_pos, row.w_neg)
