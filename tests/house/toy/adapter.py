"""The scheme ``toy-additive``: inner products that hide nothing, packed. Its facts, and its verbs behind the face."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from pyfe.adapters.adapter import Adapter, weight_bound
from pyfe.adapters.protocols import IntArray
from pyfe.errors import DecodeError, UnsupportedModelError
from pyfe.function.integer_map import IntegerMap, LinearMap
from pyfe.schema import Schema
from pyfe.schemes import toy
from pyfe.schemes.arguments import Client, Label
from pyfe.schemes.toy import CiphertextBatch, FunctionKey, MasterPublicKey, MasterSecretKey

__all__ = ["TOY"]


class _Toy(Adapter[MasterPublicKey, MasterSecretKey, FunctionKey, CiphertextBatch]):
    id = "toy-additive"
    short = "toy"
    number = 60_000
    safe_weight_bits = MappingProxyType({"linear": 16})
    default_weight_bits = 14
    additive = True
    widest = 2**60
    modulus = toy.PRIME
    block_rows = toy.BLOCK_ROWS

    def row_bytes(self, n: int) -> int:
        return 16 * n + 4  # a quarter of the block's r

    def parameter_hash(self, schema: Schema, weight_bits: int) -> bytes:
        return _parameters(schema, weight_bits).id

    def setup(self, schema: Schema, weight_bits: int) -> tuple[MasterPublicKey, MasterSecretKey]:
        return toy.setup(_parameters(schema, weight_bits))

    def encrypt(
        self, public: MasterPublicKey, x: IntArray, *, client: Client | None = None, label: Label | None = None
    ) -> CiphertextBatch:
        return toy.encrypt(public, x, client=client, label=label)

    def keygen(self, secret: MasterSecretKey, terms: IntegerMap) -> FunctionKey:
        if not isinstance(terms, LinearMap):
            raise UnsupportedModelError("toy has keys of linear functions only")
        return toy.keygen(secret, terms.weights)

    def decrypt(self, key: FunctionKey, batch: CiphertextBatch) -> IntArray:
        return toy.decrypt(key, batch)

    def verify_key(self, public: MasterPublicKey, key: FunctionKey) -> bool:
        return toy.verify_key(public, key)

    def map_of(self, key: FunctionKey, kind: str) -> IntegerMap:
        if kind != "linear":
            raise DecodeError("function key: its weights are those of a linear function")
        return LinearMap(key.y)

    def read_public_key(self, data: bytes) -> MasterPublicKey:
        return MasterPublicKey.from_bytes(data)

    def read_secret_key(self, data: memoryview) -> MasterSecretKey:
        return MasterSecretKey(MasterPublicKey.from_bytes(data))

    def read_function_key(self, data: bytes) -> FunctionKey:
        return FunctionKey.from_bytes(data)

    def read_batch(self, data: memoryview) -> CiphertextBatch:
        return CiphertextBatch.from_bytes(bytes(data))

    def coordinates(self, batch: CiphertextBatch) -> int:
        return batch.n

    def concat(self, batches: Sequence[CiphertextBatch]) -> CiphertextBatch:
        return CiphertextBatch.concat(batches)

    def combined(self, batch: CiphertextBatch) -> bool:
        return batch.sums is not None

    def weight_sums(self, batch: CiphertextBatch) -> IntArray:
        return np.array(batch.weights(), dtype=np.int64).reshape(-1, 2)

    def add(self, batch: CiphertextBatch, other: CiphertextBatch) -> CiphertextBatch:
        return batch.combined_with([[(batch, j, 1), (other, j, 1)] for j in range(len(batch))])

    def scale(self, batch: CiphertextBatch, factor: int) -> CiphertextBatch:
        return batch.combined_with([[(batch, j, factor)] for j in range(len(batch))])

    def weighted_sum(self, batch: CiphertextBatch, weights: IntArray) -> CiphertextBatch:
        return batch.combined_with([[(batch, j, w) for j, w in enumerate(weights.tolist())]])


def _parameters(schema: Schema, weight_bits: int) -> toy.Parameters:
    return toy.Parameters(schema.lo, schema.hi, weight_bound(weight_bits), schema.id)


TOY = _Toy()
