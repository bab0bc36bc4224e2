"""Inner products from Ring-LWE, by docs/math/rlwe.md alone: Python integers, no speed, no constant time.

Randomness is a list of seeds of 32 bytes from the caller, in the order in which the page draws them. Every refusal is
a ValueError. Draws of the discrete Gaussians come from ``draws(seed, sigma_256, count)``, given by the caller too: the
core's sampler has a twin of its own (``discrete_gaussian.py``), which would take minutes here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from math import isqrt, prod

from tests.reference.codec import Reader, i64s, u32, u64

LOG_N = 13
N = 1 << LOG_N
TILE = 64
GUARD = 16

Poly = list[int]
Matrix = Sequence[Sequence[int]]
Draws = Callable[[bytes, int, int], Sequence[int]]


def tagged_hash(tag: bytes, data: bytes) -> bytes:
    """SHA-256( u32 len(tag) | tag | data )."""
    return hashlib.sha256(u32(len(tag)) + tag + data).digest()


def ceil_div(a: int, b: int) -> int:
    """The least integer that is not below a / b."""
    return -(-a // b)


def ceil_root(a: int) -> int:
    """The least integer whose square is not below a."""
    r = isqrt(a)
    return r + (r * r < a)


# --- The ring -------------------------------------------------------------------------------------------------------


def reversed_bits(i: int) -> int:
    """beta(i): the reversal of 13 bits."""
    return int(f"{i:0{LOG_N}b}"[::-1], 2)


@cache
def least_root(q: int) -> int:
    """psi: the least primitive 2N-th root of unity modulo the prime q."""
    g = next(g for g in range(2, q) if pow(pow(g, (q - 1) // (2 * N), q), N, q) == q - 1)
    root = pow(g, (q - 1) // (2 * N), q)
    best, power, square = root, root, root * root % q
    for _ in range(N - 1):  # all primitive ones are its odd powers
        power = power * square % q
        best = min(best, power)
    return best


def values(p: Sequence[int], q: int) -> list[int]:
    """p(psi^(2 i + 1)) modulo q for i = 0 .. N - 1."""
    psi = least_root(q)
    twist, coefficients = 1, []
    for c in p:
        coefficients.append(c * twist % q)
        twist = twist * psi % q
    return _fourier(coefficients, psi * psi % q, q)


def coefficients_of(at: Sequence[int], q: int) -> Poly:
    """The polynomial with these values, coefficients in [0, q)."""
    psi = least_root(q)
    back, twist = pow(psi, -1, q), pow(N, -1, q)
    out = []
    for c in _fourier(list(at), back * back % q, q):
        out.append(c * twist % q)
        twist = twist * back % q
    return out


def _fourier(p: list[int], omega: int, q: int) -> list[int]:
    """sum_l p_l omega^(i l) for every i."""
    if len(p) == 1:
        return p
    even, odd = _fourier(p[::2], omega * omega % q, q), _fourier(p[1::2], omega * omega % q, q)
    out, half, power = p[:], len(p) // 2, 1
    for i in range(half):
        t = power * odd[i] % q
        out[i], out[i + half] = (even[i] + t) % q, (even[i] - t) % q
        power = power * omega % q
    return out


def to_wire_order(at: Sequence[int]) -> list[int]:
    """Values at psi^(2 beta(i) + 1); its own inverse."""
    return [at[reversed_bits(i)] for i in range(N)]


Rns = list[list[int]]
"""Of each prime the values in wire order."""


def transform(p: Sequence[int], primes: Sequence[int]) -> Rns:
    """A polynomial of integers in the transform domain."""
    return [to_wire_order(values(p, q)) for q in primes]


def multiply(a: Rns, b: Rns, primes: Sequence[int]) -> Rns:
    """The product, value by value."""
    return [[x * y % q for x, y in zip(u, v, strict=True)] for u, v, q in zip(a, b, primes, strict=True)]


def add(a: Rns, b: Rns, primes: Sequence[int], factor: int = 1) -> Rns:
    """a + factor b."""
    return [[(x + factor * y) % q for x, y in zip(u, v, strict=True)] for u, v, q in zip(a, b, primes, strict=True)]


def residues(a: Rns, primes: Sequence[int]) -> Rns:
    """Back: of each prime the coefficients."""
    return [coefficients_of(to_wire_order(v), q) for v, q in zip(a, primes, strict=True)]


# --- Packing --------------------------------------------------------------------------------------------------------


def packed(numbers: Sequence[int], bits: int) -> bytes:
    """Numbers without gaps, the first in the lowest bits."""
    whole = int("".join(f"{v:0{bits}b}" for v in reversed(numbers)), 2)
    assert len(numbers) * bits % 8 == 0
    return whole.to_bytes(len(numbers) * bits // 8, "little")


def unpacked(data: bytes, count: int, bits: int) -> list[int]:
    """The inverse."""
    if len(data) * 8 != count * bits:
        raise ValueError("another length")
    text = f"{int.from_bytes(data, 'little'):0{count * bits}b}"
    return [int(text[len(text) - (i + 1) * bits : len(text) - i * bits], 2) for i in range(count)]


def rns_bytes(a: Rns, primes: Sequence[int]) -> bytes:
    """Prime after prime."""
    return b"".join(packed(v, q.bit_length()) for v, q in zip(a, primes, strict=True))


def read_rns(reader: Reader, primes: Sequence[int]) -> Rns:
    """Likewise; ValueError for a residue that is not below its prime."""
    out = []
    for q in primes:
        v = unpacked(reader.take(N * q.bit_length() // 8), N, q.bit_length())
        if max(v) >= q:
            raise ValueError("a residue that is not below its prime")
        out.append(v)
    return out


# --- Objects --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameters:
    """What the rule of the parameters gives for a box, a bound of weights and of sums; ``block`` are its bytes P."""

    lo: tuple[int, ...]
    hi: tuple[int, ...]
    y_bound: int
    sum_w: int
    block: bytes
    id: bytes
    primes: tuple[int, ...]
    K: int
    b: int
    sigmas: tuple[int, int, int]
    """sigma1, sigma2, sigma3 in units of 1/256."""

    @property
    def n(self) -> int:
        """Number of features."""
        return len(self.lo)

    @cached_property
    def q(self) -> int:
        """The modulus."""
        return prod(self.primes)

    @property
    def Delta(self) -> int:
        """floor(q / K)."""
        return self.q // self.K


@dataclass(frozen=True)
class MasterPublicKey:
    """The seed of a, and pk_1 .. pk_n in the transform domain."""

    parameters: Parameters
    seed: bytes
    pk: list[Rns]

    def to_bytes(self) -> bytes:
        """P | seed | pk_1 .. pk_n."""
        body = b"".join(rns_bytes(p, self.parameters.primes) for p in self.pk)
        return self.parameters.block + self.seed + body

    @cached_property
    def id(self) -> bytes:
        """Its hash."""
        return tagged_hash(b"PYFE-V1-ipfe-rlwe-public-key", self.to_bytes())

    @cached_property
    def a(self) -> Rns:
        """a in the transform domain, from the seed."""
        p = self.parameters
        return [uniform(p.id + self.seed + bytes([j]), q) for j, q in enumerate(p.primes)]


def uniform(data: bytes, q: int) -> list[int]:
    """N residues of SHAKE128("PYFE-V1-ipfe-rlwe-a" | data) by rejection."""
    size = (q.bit_length() + 7) // 8
    stream = hashlib.shake_128(b"PYFE-V1-ipfe-rlwe-a" + data).digest(4 * N * size)
    pieces = (int.from_bytes(stream[i : i + size], "little") for i in range(0, len(stream), size))
    below = [v for v in (piece & ((1 << q.bit_length()) - 1) for piece in pieces) if v < q]
    return below[:N]


@dataclass(frozen=True)
class MasterSecretKey:
    """The 32 bytes that s and e are drawn from."""

    parameters: Parameters
    public_key_id: bytes
    seed: bytes

    def to_bytes(self) -> bytes:
        """P | public key id | seed."""
        return self.parameters.block + self.public_key_id + self.seed

    def secret(self, which: int, i: int, draws: Draws) -> Sequence[int]:
        """s_i (0) or e_i (1)."""
        return secret(self.parameters, self.seed, which, i, draws)


def secret(p: Parameters, seed: bytes, which: int, i: int, draws: Draws) -> Sequence[int]:
    """s_i or e_i from the seed of the master key."""
    label = b"PYFE-V1-ipfe-rlwe-secret" + p.id + bytes([which]) + u32(i)
    return draws(hmac.new(seed, label, "sha512").digest()[:32], p.sigmas[0], N)


@dataclass(frozen=True)
class FunctionKey:
    """Of each function y: its interval, ||E||^2, and sk_y."""

    parameters: Parameters
    public_key_id: bytes
    y: Matrix
    intervals: list[tuple[int, int]]
    errors: list[int]
    sk: list[Poly]

    def to_bytes(self) -> bytes:
        """Without a readout."""
        head = self.public_key_id + u32(len(self.y)) + self.parameters.block
        integers = b"".join(i64s(row) for row in self.y) + b"".join(i64s(pair) for pair in self.intervals)
        return head + integers + b"".join(map(self._function_bytes, self.errors, self.sk))

    @staticmethod
    def _function_bytes(error: int, sk: Poly) -> bytes:
        width = next(w for w in range(1, 65) if all(-(1 << w - 1) <= v < 1 << w - 1 for v in sk))
        shifted = [v + (1 << width - 1) for v in sk]
        return u64(error % 2**64) + u64(error >> 64) + bytes([width]) + packed(shifted, width)


@dataclass
class Block:
    """One ciphertext: ct_0, and of each feature the fractions of the slots in its tiles."""

    count: int
    ct0: Rns
    t: list[list[int]]
    plus: int = 1
    minus: int = 0
    W2: int = 1

    @property
    def slots(self) -> int:
        """Of the tiles that are there."""
        return ceil_div(self.count, TILE) * TILE

    @property
    def W1(self) -> int:
        """Sum of the weights' absolute values."""
        return self.plus + self.minus


@dataclass
class CiphertextBatch:
    """Blocks, and which of their rows (block, first, rows)."""

    public_key_id: bytes
    parameters: Parameters
    blocks: list[Block]
    ranges: list[tuple[int, int, int]] = field(default_factory=list)
    combined: bool = False

    def to_bytes(self) -> bytes:
        """As the page's table says."""
        p = self.parameters
        head = self.public_key_id + u32(p.n) + bytes([LOG_N, p.b, len(p.primes)])
        head += b"".join(map(u64, p.primes)) + u64(p.sum_w) + bytes([self.combined])
        head += u32(len(self.blocks)) + u32(len(self.ranges))
        for block in self.blocks:
            head += u32(block.count)
            if self.combined:
                head += u64(block.plus) + u64(block.minus) + u64(block.W2 % 2**64) + u64(block.W2 >> 64)
        head += b"".join(u32(v) for part in self.ranges for v in part)
        return head + b"".join(self._block_bytes(block) for block in self.blocks)

    def _block_bytes(self, block: Block) -> bytes:
        tiles = [
            packed(row[first : first + TILE], self.parameters.b)
            for first in range(0, block.slots, TILE)
            for row in block.t
        ]
        return rns_bytes(block.ct0, self.parameters.primes) + b"".join(tiles)


# --- The four verbs -------------------------------------------------------------------------------------------------


def setup(p: Parameters, seeds: Sequence[bytes], draws: Draws) -> tuple[MasterPublicKey, MasterSecretKey]:
    """The seed of a, the seed of the master key;  pk_i = a s_i + e_i."""
    public, master = seeds
    mpk = MasterPublicKey(p, public, [])
    for i in range(p.n):
        s, e = (transform(secret(p, master, which, i, draws), p.primes) for which in (0, 1))
        mpk.pk.append(add(multiply(mpk.a, s, p.primes), e, p.primes))
    return mpk, MasterSecretKey(p, mpk.id, master)


def compress(p: Parameters, residue: Rns) -> list[int]:
    """round(2^b c / q) modulo 2^b of every coefficient, from its residues."""
    shares = [pow(p.q // q, -1, q) for q in p.primes]
    out = []
    for parts in zip(*residue, strict=True):
        v = [c * share % q for c, share, q in zip(parts, shares, p.primes, strict=True)]
        total = sum((v_j << p.b + GUARD) // q for v_j, q in zip(v, p.primes, strict=True))
        out.append((total + (1 << GUARD - 1) >> GUARD) % (1 << p.b))
    return out


def encrypt(mpk: MasterPublicKey, x: Matrix, seeds: Sequence[bytes], draws: Draws) -> CiphertextBatch:
    """N rows a ciphertext, each with 2 + n seeds."""
    p = mpk.parameters
    for row in x:
        if not all(lo <= v <= hi for lo, v, hi in zip(p.lo, row, p.hi, strict=True)):
            raise ValueError("x is outside its range")
    batch, at = CiphertextBatch(mpk.id, p, []), 0
    for first in range(0, len(x), N):
        rows = x[first : first + N]
        batch.ranges.append((len(batch.blocks), 0, len(rows)))
        batch.blocks.append(encrypt_block(mpk, rows, seeds[at : at + 2 + p.n], draws))
        at += 2 + p.n
    return batch


def encrypt_block(mpk: MasterPublicKey, rows: Matrix, seeds: Sequence[bytes], draws: Draws) -> Block:
    """ct_0 = a r + f_0,  ct_i = pk_i r + f_i + Delta m_i, of which the fractions are kept."""
    p = mpk.parameters
    r, f0 = (draws(seed, p.sigmas[1], N) for seed in seeds[:2])
    r_at = transform(r, p.primes)
    block = Block(len(rows), add(multiply(mpk.a, r_at, p.primes), transform(f0, p.primes), p.primes), [])
    for i in range(p.n):
        f = draws(seeds[2 + i], p.sigmas[2], block.slots)
        m = [row[i] for row in rows] + [0] * (block.slots - len(rows))
        product = residues(multiply(mpk.pk[i], r_at, p.primes), p.primes)
        ct = [
            [(c + f_k + p.Delta * m_k) % q for c, f_k, m_k in zip(part, f, m, strict=False)]
            for part, q in zip(product, p.primes, strict=True)
        ]
        block.t.append(compress(p, ct))
    return block


def interval(p: Parameters, y: Sequence[int]) -> tuple[int, int]:
    """The values that <x, y> takes, both ends reached."""
    ends = [(y_i * lo, y_i * hi) for y_i, lo, hi in zip(y, p.lo, p.hi, strict=True)]
    return sum(map(min, ends)), sum(map(max, ends))


def keygen(msk: MasterSecretKey, y: Matrix, draws: Draws) -> FunctionKey:
    """sk_y = sum_i y_i s_i and ||E||^2, E = sum_i y_i e_i."""
    p, sk, errors = msk.parameters, [], []
    for row in y:
        if not any(row) or max(map(abs, row)) > p.y_bound:
            raise ValueError("y is zero, or exceeds its bound")
        s, e = ([0] * N, [0] * N)
        for i, y_i in enumerate(row):
            s = [u + y_i * v for u, v in zip(s, msk.secret(0, i, draws), strict=True)]
            e = [u + y_i * v for u, v in zip(e, msk.secret(1, i, draws), strict=True)]
        sk.append([int(v) for v in s])
        errors.append(sum(int(v) ** 2 for v in e))
        require_quiet(p, margin(p, row, sk[-1], errors[-1], interval(p, row)))
    return FunctionKey(p, msk.public_key_id, y, [interval(p, row) for row in y], errors, sk)


def margin(
    p: Parameters, y: Sequence[int], sk: Poly, error: int, limits: tuple[int, int], W1: int = 1, W2: int = 1
) -> int:
    """B' in units of 2^-16; the limits are those of the weighted results."""
    s2, s3 = p.sigmas[1:]
    y1, y2, k = sum(map(abs, y)), sum(v * v for v in y), len(p.primes)
    V = s2 * s2 * (error + sum(v * v for v in sk)) + y2 * s3 * s3
    A = ceil_div(441 * W2 * V << 2 * p.b + 14, p.q * p.q)
    S = 147 * W2 * y2 << 28
    C = ceil_div(max(p.K, *(2 * abs(end) for end in limits)) << p.b + GUARD, 2 * p.q)
    return min(ceil_root(A + S) + 2**15 + k * W1 * y1, ceil_root(A) + (2**15 + k) * (W1 * y1 + 1)) + C


def require_quiet(p: Parameters, bound: int) -> None:
    """ValueError where a key is too noisy."""
    if 11 * p.K * bound >= 10 << p.b + 15:
        raise ValueError("too noisy")


def decrypt_block(sk: FunctionKey, block: Block) -> list[list[int]]:
    """The results of all slots of all functions; ValueError where one is refused."""
    p = sk.parameters
    if p.sum_w < block.W1:
        raise ValueError("weights above sum_w")
    refused, out = False, []
    for y, limits, error, s in zip(sk.y, sk.intervals, sk.errors, sk.sk, strict=True):
        low, high = result_interval(block, limits)
        bound = margin(p, y, s, error, (low, high), block.W1, block.W2)
        require_quiet(p, bound)
        z = compress(p, residues(multiply(block.ct0, transform(s, p.primes), p.primes), p.primes))
        results = []
        for slot in range(block.slots):
            w = (sum(y_i * t[slot] for y_i, t in zip(y, block.t, strict=True)) - z[slot]) % (1 << p.b)
            w -= (w >> p.b - 1) << p.b
            v = p.K * w + (1 << p.b - 1) >> p.b
            value = low + (v - low) % p.K
            refused |= abs(p.K * w - (v << p.b)) > p.K * bound >> 16
            refused |= value > high if slot < block.count else v != 0
            results.append(value)
        out.append(results)
    if refused:
        raise ValueError("refused")
    return out


def result_interval(block: Block, limits: tuple[int, int]) -> tuple[int, int]:
    """[w+ L - w- U, w+ U - w- L]."""
    L, U = limits
    return block.plus * L - block.minus * U, block.plus * U - block.minus * L


def decrypt(sk: FunctionKey, ct: CiphertextBatch) -> list[list[int]]:
    """The results [rows][functions] of the rows that the batch holds."""
    if sk.public_key_id != ct.public_key_id:
        raise ValueError("key and ciphertext belong to different public keys")
    blocks = [decrypt_block(sk, block) for block in ct.blocks]
    return [
        [function[slot] for function in blocks[number]]
        for number, first, rows in ct.ranges
        for slot in range(first, first + rows)
    ]


def verify_key(mpk: MasterPublicKey, sk: FunctionKey) -> bool:
    """E = sum_i y_i pk_i - a sk_y and sk_y are short, ||E||^2 and the interval are as stated, B' is in bounds."""
    p = mpk.parameters
    for y, limits, error, s in zip(sk.y, sk.intervals, sk.errors, sk.sk, strict=True):
        E_at = multiply(mpk.a, transform([-v for v in s], p.primes), p.primes)
        for y_i, pk_i in zip(y, mpk.pk, strict=True):
            E_at = add(E_at, pk_i, p.primes, y_i)
        E = [lifted(p, parts) for parts in zip(*residues(E_at, p.primes), strict=True)]
        longest = ceil_root(ceil_div(441 * p.sigmas[0] ** 2 * sum(v * v for v in y), 4 << 16))
        if max(map(abs, E)) > longest or max(map(abs, s)) > longest:
            return False
        if sum(v * v for v in E) != error or interval(p, y) != tuple(limits):
            return False
        require_quiet(p, margin(p, y, s, error, limits))
    return sk.public_key_id == mpk.id


def lifted(p: Parameters, parts: Sequence[int]) -> int:
    """The centred integer with these residues."""
    v = sum(c * (p.q // q) * pow(p.q // q, -1, q) for c, q in zip(parts, p.primes, strict=True)) % p.q
    return v - p.q if v > p.q // 2 else v


# --- Sums -----------------------------------------------------------------------------------------------------------


def weighted_sum(p: Parameters, blocks: Sequence[Block], w: Sequence[int], *, differ: bool) -> Block:
    """sum_l w_l ct_l of ciphertexts that count as many patients; ``differ``: they are known not to be equal."""
    plus = sum(abs(v) * (b.plus if v >= 0 else b.minus) for v, b in zip(w, blocks, strict=True))
    minus = sum(abs(v) * (b.minus if v >= 0 else b.plus) for v, b in zip(w, blocks, strict=True))
    if plus + minus > p.sum_w or len({b.count for b in blocks}) > 1:
        raise ValueError("weights above sum_w, or other slots")
    W2 = 0
    for v, b in zip(w, blocks, strict=True):
        more = v * v * b.W2
        W2 += more if differ else more + ceil_root(4 * W2 * more)
    ct0: Rns = [[0] * N for _ in p.primes]
    for v, b in zip(w, blocks, strict=True):
        ct0 = add(ct0, b.ct0, p.primes, v)
    t = [
        [sum(v * word for v, word in zip(w, words, strict=True)) % (1 << p.b) for words in zip(*rows, strict=True)]
        for rows in zip(*(b.t for b in blocks), strict=True)
    ]
    return Block(blocks[0].count, ct0, t, plus, minus, W2)
