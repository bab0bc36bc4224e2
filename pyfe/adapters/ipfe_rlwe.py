"""The scheme ``ipfe-rlwe``: inner products from Ring-LWE, 8,192 rows to a ciphertext."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from types import MappingProxyType
from typing import BinaryIO

import numpy as np

from pyfe._core import ipfe_rlwe as core
from pyfe.adapters.adapter import Adapter, weight_bound
from pyfe.adapters.packing import Packing
from pyfe.adapters.protocols import IntArray, PlainRows
from pyfe.adapters.row_marks import MARK_SIZE, Marks
from pyfe.errors import DecodeError, ParameterError, UnsupportedError, UnsupportedModelError
from pyfe.function import IntegerMap, LinearMap
from pyfe.leakage import LINEAR_WEIGHT_BITS
from pyfe.schema import Schema
from pyfe.schemes import ipfe_rlwe
from pyfe.schemes.arguments import Client, Label
from pyfe.schemes.ipfe_rlwe import CiphertextBatch, FunctionKey, MasterPublicKey, MasterSecretKey
from pyfe.schemes.multiples import require_long_multiples

__all__ = ["IPFE_RLWE"]

_TYPICAL_BITS, _TYPICAL_SHARED = 40, 98
"""Of a feature and of what a ciphertext's slots share, for 30 columns and weights of eight bits."""

_MARKED_BYTES = 1024
"""Of a ciphertext's shared part, which fresh randomness fills: enough to tell it from others."""

_ODD = np.uint64(0x9E3779B97F4A7C15)

MOST_IN_LOG = 2**23
"""Bytes of a public key up to which an authority's log has all of it: an entry has 2^24 at most. Of a larger one it has
the hash, and the authority makes pk_i again from its master key."""

MOST_HELD = 2**28
"""Bytes of a public key up to which it is held in memory: of some 2,500 columns. A larger one is read from its file."""


class _InnerProductsOfRings(Adapter[MasterPublicKey, MasterSecretKey, FunctionKey, CiphertextBatch]):
    """Inner products from Ring-LWE; see :mod:`pyfe.schemes.ipfe_rlwe`."""

    id = "ipfe-rlwe"
    short = "ipfe-rlwe"
    number = 4
    safe_weight_bits = MappingProxyType({"linear": LINEAR_WEIGHT_BITS})
    default_weight_bits = 8
    additive = True
    refusal_answers = True
    widest = 2**44  # what compile() aims at; the parameters bound it more narrowly, and without a search
    modulus = 2**127 - 1  # keys combine over the integers: any prime beyond their determinants tells their span
    block_rows = ipfe_rlwe.BLOCK_ROWS
    rests_on = "Ring-LWE, selective"
    payload_in_id = True

    def row_bytes(self, n: int) -> int:
        """For columns and weights of about eight bits; of a batch, :meth:`row_width`."""
        return (_TYPICAL_BITS * n + _TYPICAL_SHARED) // 8

    def row_width(self, batch: CiphertextBatch) -> int:
        return batch.row_size

    def packing(self, schema: Schema, weight_bits: int) -> Packing:
        p, tile = self._parameters(schema, weight_bits), ipfe_rlwe.TILE_ROWS
        shared = ipfe_rlwe.BLOCK_ROWS * sum(q.bit_length() for q in p.primes) // 8
        return Packing(ipfe_rlwe.BLOCK_ROWS, shared, tile, tile * p.n * p.b // 8)

    def quantum_bits(self, schema: Schema, weight_bits: int) -> float | None:
        return self._parameters(schema, weight_bits).quantum_bits

    def parameter_hash(self, schema: Schema, weight_bits: int) -> bytes:
        return self._parameters(schema, weight_bits).id

    def setup(self, schema: Schema, weight_bits: int) -> tuple[MasterPublicKey, MasterSecretKey]:
        parameters = self._parameters(schema, weight_bits)
        large = ipfe_rlwe.public_key_size(parameters) > MOST_IN_LOG
        return core.setup_without_pk(parameters) if large else ipfe_rlwe.setup(parameters)

    def encrypt(
        self, public: MasterPublicKey, x: IntArray, *, client: Client | None = None, label: Label | None = None
    ) -> CiphertextBatch:
        return ipfe_rlwe.encrypt(public, x, client=client, label=label)

    def keygen(self, secret: MasterSecretKey, terms: IntegerMap) -> FunctionKey:
        if not isinstance(terms, LinearMap):
            raise UnsupportedModelError(f"{self.short} has keys of linear functions only, not of {terms.kind} ones")
        return ipfe_rlwe.keygen(secret, terms.weights)

    def require_sound(self, schema: Schema, weight_bits: int, terms: IntegerMap) -> None:
        """What keygen refuses as well: a key is asked about before it is recorded."""
        if isinstance(terms, LinearMap):
            require_long_multiples(self._parameters(schema, weight_bits), terms.weights)

    def decrypt(self, key: FunctionKey, batch: CiphertextBatch) -> IntArray:
        return ipfe_rlwe.decrypt(key, batch)

    def decrypt_together(self, keys: Sequence[FunctionKey], batch: CiphertextBatch) -> list[IntArray]:
        """One pass over the ciphertexts."""
        return ipfe_rlwe.decrypt_together(keys, batch)

    def verify_key(self, public: MasterPublicKey, key: FunctionKey) -> bool:
        return ipfe_rlwe.verify_key(public, key)

    def map_of(self, key: FunctionKey, kind: str) -> IntegerMap:
        if kind != "linear":
            raise DecodeError("function key: its weights are those of a linear function")
        return LinearMap(key.y)

    def read_public_key(self, data: bytes) -> MasterPublicKey:
        return MasterPublicKey.from_bytes(data)

    def public_size(self, public: MasterPublicKey) -> int:
        return public.size

    def public_pieces(self, public: MasterPublicKey) -> Sequence[bytes]:
        if not public.has_pk:
            raise ParameterError(
                f"the public key has {public.size / 1e9:.1f} GB, which are not held in memory: the authority writes "
                "them into a file (KeyAuthority.write_public_key, pyfe public-key), and PublicKey.open reads it"
            )
        return [public.to_bytes()]

    def with_payload(self, public: MasterPublicKey, secret: Callable[[], MasterSecretKey]) -> MasterPublicKey:
        return public if public.has_pk or public.size > MOST_HELD else public.with_pk(secret())

    def for_checks(self, public: MasterPublicKey, secret: MasterSecretKey) -> MasterPublicKey:
        return public if public.has_pk else public.remade(secret)

    def write_public(self, public: MasterPublicKey, secret: MasterSecretKey, file: BinaryIO) -> None:
        if public.has_pk:
            super().write_public(public, secret, file)
        else:
            file.flush()
            public.write(secret, file.fileno())

    def open_public_key(self, descriptor: int, at: int, size: int) -> MasterPublicKey:
        if size > MOST_HELD:
            return MasterPublicKey.open(descriptor, at, size)
        return super().open_public_key(descriptor, at, size)

    def plain_rows(self, public: MasterPublicKey) -> PlainRows:
        return core.PlainRows(public.parameters)

    def encrypt_to(self, public: MasterPublicKey, rows: PlainRows, descriptor: int, at: int) -> int:
        if not isinstance(rows, core.PlainRows):
            raise ParameterError(f"rows are those of plain_rows(), not {type(rows).__name__}")
        return core.encrypt_to(public, rows, descriptor, at)

    def read_secret_key(self, data: memoryview) -> MasterSecretKey:
        return MasterSecretKey.from_buffer(data)

    def read_function_key(self, data: bytes) -> FunctionKey:
        return FunctionKey.from_bytes(data)

    def read_batch(self, data: memoryview) -> CiphertextBatch:
        return CiphertextBatch.from_bytes(data)

    def pieces(self, batch: CiphertextBatch) -> Sequence[memoryview]:
        return [piece.view() for piece in batch.pieces()]

    def coordinates(self, batch: CiphertextBatch) -> int:
        return batch.n

    def concat(self, batches: Sequence[CiphertextBatch]) -> CiphertextBatch:
        return CiphertextBatch.concat(batches)

    def row_marks(self, batch: CiphertextBatch) -> Marks:
        """A row is a slot of a ciphertext: its number by the ciphertext's hash."""
        starts = (bytes(block.view()[:_MARKED_BYTES]) for block in batch.blocks)
        blocks = bytearray().join(hashlib.sha256(start).digest()[:MARK_SIZE] for start in starts)
        block, slot = batch.places.T
        marks: Marks = np.frombuffer(blocks, dtype=np.uint64)[block] ^ (slot.astype(np.uint64) * _ODD)
        return marks

    def opened_in_steps(self, batch: CiphertextBatch, step: int) -> tuple[int, int]:
        return batch.opened_in_steps(step), len(batch.blocks)

    def row_reader(self, batch: CiphertextBatch) -> Callable[[int], bytes]:
        """The hash of a row's ciphertext, made once however many rows it has, and its slot."""
        blocks, places = batch.blocks, batch.places

        @cache
        def digest(block: int) -> bytes:
            return hashlib.sha256(blocks[block].view()).digest()

        return lambda row: digest(int(places[row, 0])) + int(places[row, 1]).to_bytes(2)

    def combined(self, batch: CiphertextBatch) -> bool:
        return batch.combined

    def weight_sums(self, batch: CiphertextBatch) -> IntArray:
        return batch.weight_sums

    def add(self, batch: CiphertextBatch, other: CiphertextBatch) -> CiphertextBatch:
        return batch.add(other)

    def scale(self, batch: CiphertextBatch, factor: int) -> CiphertextBatch:
        return batch.scale(factor)

    def weighted_sum(self, batch: CiphertextBatch, weights: IntArray) -> CiphertextBatch:
        raise UnsupportedError(
            f"rows of one batch are not summed under {self.short}: each stays in its slot. Batches are, slot by slot "
            "(a + 2 * b, where the schema's sum_w allows it); sum the decrypted scores, or take scheme='ipfe-ddh'"
        )

    def adds(self, schema: Schema) -> bool:
        return self.additive and schema.sum_w > 1

    def vouched(self, batch: CiphertextBatch) -> CiphertextBatch:
        return batch.vouched()

    def require_signable(self, batch: CiphertextBatch) -> None:
        """Sums are signed by who formed them: with a key, which accepted all that they are made of."""
        if not batch.accepted:
            raise ParameterError(
                "a sum is signed where it was formed, by whoever decrypted it there with the key that is to open it: "
                "decrypt it first"
            )

    def _parameters(self, schema: Schema, weight_bits: int) -> core.Parameters:
        """The schema's id, and with it sum_w, is bound into the hash, the public key and every function key."""
        return ipfe_rlwe.Parameters(
            schema.n,
            x_lo=schema.lo,
            x_hi=schema.hi,
            y_bound=weight_bound(weight_bits),
            sum_w=schema.sum_w,
            context=schema.id,
        )


IPFE_RLWE = _InnerProductsOfRings()
