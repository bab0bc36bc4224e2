"""Inner products that are exact and hide nothing: a scheme that shows what adding a scheme takes. Never for use.

The secret s stands in the public key, so anybody reads everything; sums are modulo the prime ``p = 2^127 - 1``::

    setup    s random                                  mpk = msk = s
    encrypt  one r for a block of rows,                ct = (r, E),  E_ji = x_ji + r s_i
    keygen   s_y = <s, y>
    decrypt  sum_i y_i E_ji - r s_y = <x_j, y>         no search

Rows are packed: those of a block share its r, and a slice keeps the blocks that its rows lie in.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe._core import SecretBytes
from pyfe._core.schemes import Readout
from pyfe.errors import DecodeError, KeyMismatchError, OutOfRangeError
from pyfe.schemes.arguments import Client, Label, integers, require_no_client

__all__ = ["BLOCK_ROWS", "PRIME", "CiphertextBatch", "FunctionKey", "MasterPublicKey", "MasterSecretKey", "Parameters"]
__all__ += ["decrypt", "encrypt", "keygen", "setup", "verify_key"]

IntArray: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = tuple[int, ...]

PRIME = 2**127 - 1
BLOCK_ROWS = 4
_SIZE = 16


def _packed(values: Iterable[int]) -> bytes:
    return b"".join((value % PRIME).to_bytes(_SIZE, "little") for value in values)


class _Reader:
    """Reads a payload to its end; DecodeError where it is cut, longer, or not canonical."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data, self._at = bytes(data), 0

    def take(self, size: int) -> bytes:
        part = self._data[self._at : self._at + size]
        if len(part) != size:
            raise DecodeError("toy: the payload is cut off")
        self._at += size
        return part

    def fields(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def integers(self, count: int) -> IntArray:
        return np.frombuffer(self.take(8 * count), dtype="<i8").astype(np.int64)

    def numbers(self, count: int) -> Numbers:
        data = self.take(_SIZE * count)
        values = tuple(int.from_bytes(data[i : i + _SIZE], "little") for i in range(0, len(data), _SIZE))
        if any(value >= PRIME for value in values):
            raise DecodeError("toy: a number is not reduced")
        return values

    def finish(self) -> None:
        if self._at != len(self._data):
            raise DecodeError("toy: the payload is too long")


@dataclass(frozen=True, eq=False)
class Parameters:
    """The box of x, the bound of y, and 32 bytes of context."""

    x_lo: IntArray
    x_hi: IntArray
    y_bound: int
    context: bytes

    def to_bytes(self) -> bytes:
        ends = self.x_lo.astype("<i8").tobytes() + self.x_hi.astype("<i8").tobytes()
        return struct.pack("<Iq", len(self.x_lo), self.y_bound) + ends + self.context

    @classmethod
    def read(cls, reader: _Reader) -> Parameters:
        n, y_bound = reader.fields("<Iq")
        return cls(reader.integers(n), reader.integers(n), y_bound, reader.take(32))

    @property
    def id(self) -> bytes:
        return hashlib.sha256(b"toy-parameters" + self.to_bytes()).digest()


@dataclass(frozen=True, eq=False)
class MasterPublicKey:
    """The parameters and s."""

    parameters: Parameters
    s: Numbers

    @property
    def id(self) -> bytes:
        return hashlib.sha256(b"toy-public-key" + self.to_bytes()).digest()

    def to_bytes(self) -> bytes:
        return self.parameters.to_bytes() + _packed(self.s)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> MasterPublicKey:
        reader = _Reader(data)
        parameters = Parameters.read(reader)
        key = cls(parameters, reader.numbers(len(parameters.x_lo)))
        reader.finish()
        return key


@dataclass(frozen=True, eq=False)
class MasterSecretKey:
    """The public key once more: this scheme has no secret."""

    public: MasterPublicKey

    @property
    def public_key_id(self) -> bytes:
        return self.public.id

    def to_secret(self) -> SecretBytes:
        data = self.public.to_bytes()
        kept = SecretBytes(len(data))
        kept.view()[:] = data
        return kept


@dataclass(frozen=True, eq=False)
class FunctionKey:
    """``s_y`` for k functions y, int64 ``[k, n]``, with the intervals of their results, and how these are read."""

    public_key_id: bytes
    y: IntArray
    intervals: IntArray
    s_y: Numbers
    readout: Readout | None = None

    def with_readout(self, readout: Readout) -> FunctionKey:
        return replace(self, readout=readout)

    def to_bytes(self) -> bytes:
        arrays = self.y.astype("<i8").tobytes() + self.intervals.astype("<i8").tobytes()
        stated = b"" if self.readout is None else _stated(self.readout)
        head = struct.pack("<III", *self.y.shape, len(stated))
        return self.public_key_id + head + arrays + _packed(self.s_y) + stated

    @classmethod
    def from_bytes(cls, data: bytes) -> FunctionKey:
        reader = _Reader(data)
        public_key_id = reader.take(32)
        k, n, size = reader.fields("<III")
        y, intervals = reader.integers(k * n).reshape(k, n), reader.integers(2 * k).reshape(k, 2)
        s_y, stated = reader.numbers(k), reader.take(size)
        reader.finish()
        return cls(public_key_id, y, intervals, s_y, _readout(stated) if stated else None)


def _stated(readout: Readout) -> bytes:
    """A readout as JSON, floats as hexadecimal ones."""
    numbers = readout.intercepts.tolist(), [v.hex() for v in (*readout.scales.tolist(), *readout.max_errors.tolist())]
    survival = readout.baseline_survival
    parts = [*numbers, readout.link, readout.classes, None if survival is None else survival.hex()]
    return json.dumps(parts, separators=(",", ":")).encode()


def _readout(stated: bytes) -> Readout:
    try:
        intercepts, floats, link, classes, survival = json.loads(stated)
        scales, errors = np.split(np.array([float.fromhex(v) for v in floats]), 2)
        named = None if classes is None else [(kind, text) for kind, text in classes]
        known = None if survival is None else float.fromhex(survival)
        readout = Readout(np.array(intercepts, dtype=np.int64), scales, errors, link, named, known)
    except (ValueError, TypeError) as error:
        raise DecodeError("toy: the readout cannot be read") from error
    if _stated(readout) != stated:
        raise DecodeError("toy: the readout is not written as it would be")
    return readout


Block: TypeAlias = tuple[int, tuple[Numbers, ...]]
"""r, and the E of :data:`BLOCK_ROWS` rows."""


@dataclass(frozen=True, eq=False)
class CiphertextBatch:
    """Blocks, and where in them the rows lie: row j is slot ``places[j][1]`` of block ``places[j][0]``.

    ``sums``: of each row that combines others, its positive and its negated negative weights; None for plain rows.
    """

    public_key_id: bytes
    n: int
    blocks: tuple[Block, ...]
    places: tuple[tuple[int, int], ...]
    sums: tuple[tuple[int, int], ...] | None = None

    def __len__(self) -> int:
        return len(self.places)

    @property
    def nbytes(self) -> int:
        return _SIZE * len(self.blocks) * (1 + BLOCK_ROWS * self.n)

    def row(self, j: int) -> tuple[int, Numbers]:
        """r and E of a row."""
        block, slot = self.places[j]
        r, rows = self.blocks[block]
        return r, rows[slot]

    def weights(self) -> tuple[tuple[int, int], ...]:
        return ((1, 0),) * len(self) if self.sums is None else self.sums

    def slice(self, start: int, stop: int) -> CiphertextBatch:
        places = self.places[start:stop]
        kept = sorted({block for block, _ in places})
        moved = tuple((kept.index(block), slot) for block, slot in places)
        sums = None if self.sums is None else self.sums[start:stop]
        return CiphertextBatch(self.public_key_id, self.n, tuple(self.blocks[b] for b in kept), moved, sums)

    @staticmethod
    def concat(batches: Sequence[CiphertextBatch]) -> CiphertextBatch:
        first, *others = batches
        for batch in others:
            places = tuple((block + len(first.blocks), slot) for block, slot in batch.places)
            plain = first.sums is None and batch.sums is None
            sums = None if plain else first.weights() + batch.weights()
            blocks = first.blocks + batch.blocks
            first = CiphertextBatch(first.public_key_id, first.n, blocks, first.places + places, sums)
        return first

    def combined_with(self, terms: Sequence[Sequence[tuple[CiphertextBatch, int, int]]]) -> CiphertextBatch:
        """Row by row sums of (batch, row, weight), each in a block of its own."""
        blocks, sums = [], []
        for row in terms:
            parts = [(*batch.row(j), weight, batch.weights()[j]) for batch, j, weight in row]
            r = sum(weight * r for r, _, weight, _ in parts) % PRIME
            values = tuple(sum(weight * e[i] for _, e, weight, _ in parts) % PRIME for i in range(self.n))
            blocks.append((r, (values,) + ((0,) * self.n,) * (BLOCK_ROWS - 1)))
            signed = [(w * a, w * b) if w >= 0 else (-w * b, -w * a) for _, _, w, (a, b) in parts]
            sums.append((sum(a for a, _ in signed), sum(b for _, b in signed)))
        places = tuple((b, 0) for b in range(len(blocks)))
        return CiphertextBatch(self.public_key_id, self.n, tuple(blocks), places, tuple(sums))

    def to_bytes(self) -> bytes:
        head = struct.pack("<IIIB", self.n, len(self.blocks), len(self), self.sums is not None)
        places = b"".join(struct.pack("<IB", *place) for place in self.places)
        sums = b"".join(struct.pack("<qq", *pair) for pair in self.sums or ())
        blocks = b"".join(_packed((r, *(value for row in rows for value in row))) for r, rows in self.blocks)
        return self.public_key_id + head + places + sums + blocks

    @classmethod
    def from_bytes(cls, data: bytes) -> CiphertextBatch:
        reader = _Reader(data)
        public_key_id = reader.take(32)
        n, blocks, rows, combined = reader.fields("<IIIB")
        places = tuple((block, slot) for block, slot in (reader.fields("<IB") for _ in range(rows)))
        sums = tuple((a, b) for a, b in (reader.fields("<qq") for _ in range(rows))) if combined else None
        read = []
        for _ in range(blocks):
            (r,), values = reader.numbers(1), reader.numbers(BLOCK_ROWS * n)
            read.append((r, tuple(values[i * n : (i + 1) * n] for i in range(BLOCK_ROWS))))
        reader.finish()
        if combined > 1 or {block for block, _ in places} != set(range(blocks)):
            raise DecodeError("toy: a block without rows, or an unknown flag")
        if any(slot >= BLOCK_ROWS for _, slot in places):
            raise DecodeError("toy: a row outside its block")
        return cls(public_key_id, n, tuple(read), places, sums)


def setup(parameters: Parameters) -> tuple[MasterPublicKey, MasterSecretKey]:
    public = MasterPublicKey(parameters, tuple(secrets.randbelow(PRIME) for _ in parameters.x_lo))
    return public, MasterSecretKey(public)


def encrypt(
    mpk: MasterPublicKey, x: npt.ArrayLike, *, client: Client | None = None, label: Label | None = None
) -> CiphertextBatch:
    require_no_client("toy", client, label)
    rows = integers("x", x, 2)
    outside = np.argwhere((rows < mpk.parameters.x_lo) | (rows > mpk.parameters.x_hi))
    if len(outside):
        raise OutOfRangeError(f"row {outside[0][0]}, coordinate {outside[0][1]} is outside its bounds")
    blocks = []
    for start in range(0, len(rows), BLOCK_ROWS):
        r = secrets.randbelow(PRIME)
        held = [(0,) * len(mpk.s)] * BLOCK_ROWS
        for slot, row in enumerate(rows[start : start + BLOCK_ROWS].tolist()):
            held[slot] = tuple((value + r * s) % PRIME for value, s in zip(row, mpk.s, strict=True))
        blocks.append((r, tuple(held)))
    places = tuple(divmod(j, BLOCK_ROWS) for j in range(len(rows)))
    return CiphertextBatch(mpk.id, len(mpk.s), tuple(blocks), places)


def keygen(msk: MasterSecretKey, y: npt.ArrayLike) -> FunctionKey:
    rows, parameters = integers("y", y, 2), msk.public.parameters
    ends = np.stack([rows * parameters.x_lo, rows * parameters.x_hi])
    intervals = np.stack([ends.min(axis=0).sum(axis=1), ends.max(axis=0).sum(axis=1)], axis=1)
    s_y = tuple(_product(row, msk.public.s) for row in rows.tolist())
    return FunctionKey(msk.public_key_id, rows, intervals, s_y)


def decrypt(sk: FunctionKey, ct: CiphertextBatch) -> IntArray:
    if sk.public_key_id != ct.public_key_id:
        raise KeyMismatchError("key and ciphertexts belong to different public keys")
    results = np.zeros((len(ct), len(sk.y)), dtype=np.int64)
    for j, (more, less) in enumerate(ct.weights()):
        r, e = ct.row(j)
        for f, (y, s_y) in enumerate(zip(sk.y.tolist(), sk.s_y, strict=True)):
            value = (_product(y, e) - r * s_y + PRIME // 2) % PRIME - PRIME // 2
            low, high = (int(end) for end in sk.intervals[f])
            if not low * more - high * less <= value <= high * more - low * less:
                raise OutOfRangeError(f"row {j}, function {f}: the result is not in the key's interval")
            results[j, f] = value
    return results[:, 0] if len(sk.y) == 1 else results


def verify_key(mpk: MasterPublicKey, sk: FunctionKey) -> bool:
    again = keygen(MasterSecretKey(mpk), sk.y)
    return again.s_y == sk.s_y and np.array_equal(again.intervals, sk.intervals)


def _product(y: Sequence[int], values: Sequence[int]) -> int:
    return sum(a * b for a, b in zip(y, values, strict=True)) % PRIME
