"""Proofs of scores of the scheme of :mod:`tests.reference.ipfe_ddh`, from docs/math/score-proofs.md.

Row by row and function by function: the weights are applied to the statements themselves, one after the other, and
nothing is combined before it has to be. Every refusal is a ValueError.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha512
from hmac import digest as hmac

from tests.reference.codec import Reader, i64s, u32, u64
from tests.reference.ipfe_ddh import (
    CiphertextBatch,
    FunctionKey,
    G,
    H,
    Interval,
    MasterPublicKey,
    Matrix,
    Row,
    interval,
    result_interval,
)
from tests.reference.ristretto255 import (
    ORDER,
    Point,
    encode,
    mul_sum,
    scalar_from_bytes,
    scalar_reduce,
    scalar_to_bytes,
)

TAG = b"PYFE-V1-ipfe-ddh-ristretto255-score-proof-"
LEAF_ROWS = 1024


def items(*parts: bytes) -> bytes:
    """Each part with its length before it."""
    return b"".join(u64(len(part)) + part for part in parts)


def row_bytes(row: Row) -> bytes:
    """C | D | E."""
    return b"".join(encode(p) for p in (row.C, row.D, *row.E))


@dataclass(frozen=True)
class Statement:
    """All that is public: of which key, on which batch, which scores z[row][function]."""

    public_key_id: bytes
    about: bytes
    y: tuple[tuple[int, ...], ...]
    intervals: tuple[Interval, ...]
    ct: CiphertextBatch
    z: Matrix

    @cached_property
    def digest(self) -> bytes:
        """S."""
        functions = u32(len(self.y)) + u32(len(self.y[0])) + b"".join(i64s(y) for y in self.y)
        weights = b"".join(u64(row.w_pos) + u64(row.w_neg) for row in self.ct.rows) if self.ct.combined else b""
        leaves = [self.ct.rows[j : j + LEAF_ROWS] for j in range(0, len(self.ct.rows), LEAF_ROWS)]
        hashed = [
            sha512(items(TAG + b"rows", u64(number), b"".join(map(row_bytes, leaf)))).digest()
            for number, leaf in enumerate(leaves)
        ]
        return sha512(
            items(
                TAG + b"statement",
                encode(G) + encode(H),
                self.public_key_id,
                self.about,
                functions,
                b"".join(i64s(pair) for pair in self.intervals),
                bytes([self.ct.combined]) + weights,
                u64(len(self.ct.rows)) + b"".join(hashed),
                b"".join(i64s(row) for row in self.z),
            )
        ).digest()

    def weights(self, role: int, count: int) -> list[int]:
        """128 bits each; role 0 of the functions (sigma), 1 of the rows (rho)."""
        out = []
        for j in range(count):
            block = sha512(items(TAG + b"weights", self.digest, bytes([role]), u64(j // 4))).digest()
            out.append(int.from_bytes(block[16 * (j % 4) : 16 * (j % 4) + 16], "little"))
        return out

    @cached_property
    def sigma(self) -> list[int]:
        """Of the functions."""
        return self.weights(0, len(self.y))

    @cached_property
    def rho(self) -> list[int]:
        """Of the rows."""
        return self.weights(1, len(self.ct.rows))


@dataclass(frozen=True)
class Proof:
    """e, and u = a + e s, v = b + e t."""

    public_key_id: bytes
    rows: int
    functions: int
    e: int
    u: int
    v: int

    def to_bytes(self) -> bytes:
        """mpk_id[32] | u64 rows | u32 functions | e | u | v."""
        scalars = b"".join(map(scalar_to_bytes, (self.e, self.u, self.v)))
        return self.public_key_id + u64(self.rows) + u32(self.functions) + scalars

    @staticmethod
    def from_bytes(data: bytes) -> Proof:
        """Decode; canonical scalars only."""
        reader = Reader(data)
        head = reader.take(32), reader.unsigned(8), reader.unsigned(4)
        e, u, v = (scalar_from_bytes(reader.take(32)) for _ in range(3))
        reader.finish()
        if not head[2]:
            raise ValueError("a proof of no function")
        return Proof(*head, e, u, v)


def rows_combined(statement: Statement) -> tuple[Point, Point]:
    """C = sum_j rho_j C_j,  D = sum_j rho_j D_j."""
    pairs = list(zip(statement.rho, statement.ct.rows, strict=True))
    return mul_sum([(rho, row.C) for rho, row in pairs]), mul_sum([(rho, row.D) for rho, row in pairs])


def scores_combined(statement: Statement) -> Point:
    """L = sum_jf rho_j sigma_f (sum_i y_fi E_ji - z_jf G)."""
    terms: list[tuple[int, Point]] = []
    for rho, row, z in zip(statement.rho, statement.ct.rows, statement.z, strict=True):
        for sigma, y, z_f in zip(statement.sigma, statement.y, z, strict=True):
            terms.append((rho * sigma, mul_sum([*zip(y, row.E, strict=True), (-z_f, G)])))
    return mul_sum(terms)


def challenge(statement: Statement, *points: Point) -> int:
    """Of K, L, C, D, T1, T2."""
    return scalar_reduce(sha512(items(TAG + b"challenge", statement.digest, *map(encode, points))).digest())


def nonce(random: bytes, statement: Statement, s: int, t: int, number: int) -> int:
    """a (number 0) and b (number 1) from 64 random bytes."""
    message = TAG + b"nonce" + statement.digest + scalar_to_bytes(s) + scalar_to_bytes(t) + bytes([number])
    return scalar_reduce(hmac(random, message, "sha512"))


def prove(sk: FunctionKey, ct: CiphertextBatch, z: Matrix, about: bytes, random: bytes) -> Proof:
    """T1 = a G + b H,  T2 = a C + b D."""
    statement = Statement(sk.public_key_id, about, sk.y, sk.intervals, ct, z)
    s = sum(sigma * s_f for sigma, (s_f, _) in zip(statement.sigma, sk.scalars, strict=True)) % ORDER
    t = sum(sigma * t_f for sigma, (_, t_f) in zip(statement.sigma, sk.scalars, strict=True)) % ORDER
    C, D = rows_combined(statement)
    a, b = (nonce(random, statement, s, t, number) for number in (0, 1))
    K, L = mul_sum([(s, G), (t, H)]), mul_sum([(s, C), (t, D)])
    e = challenge(statement, K, L, C, D, mul_sum([(a, G), (b, H)]), mul_sum([(a, C), (b, D)]))
    return Proof(sk.public_key_id, len(ct.rows), len(sk.y), e, (a + e * s) % ORDER, (b + e * t) % ORDER)


def verify(mpk: MasterPublicKey, y: Matrix, ct: CiphertextBatch, z: Matrix, about: bytes, proof: Proof) -> bool:
    """T1 = u G + v H - e K,  T2 = u C + v D - e L, and the same challenge; ValueError where it is of something else."""
    if not proof.public_key_id == mpk.id == ct.public_key_id or (proof.rows, proof.functions) != (len(z), len(y)):
        raise ValueError("another public key, or another number of rows or functions")
    functions = tuple(tuple(row) for row in y)
    intervals = tuple(interval(mpk.parameters, row) for row in functions)
    for row, values in zip(ct.rows, z, strict=True):
        for limits, value in zip(intervals, values, strict=True):
            low, high = result_interval(row, limits)
            if not low <= value <= high:
                raise ValueError(f"{value} is not in [{low}, {high}]")
    statement = Statement(mpk.id, about, functions, intervals, ct, z)
    K = mul_sum(
        [(sigma, mul_sum(list(zip(f, mpk.h, strict=True)))) for sigma, f in zip(statement.sigma, y, strict=True)]
    )
    L = scores_combined(statement)
    C, D = rows_combined(statement)
    T1, T2 = (mul_sum([(proof.u, P), (proof.v, Q), (-proof.e, R)]) for P, Q, R in ((G, H, K), (C, D, L)))
    return challenge(statement, K, L, C, D, T1, T2) == proof.e
