"""The scheme ``ipfe-ddh-ristretto255``: inner products; the weights are the key's y."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from pyfe._core import ipfe_ddh as core
from pyfe.adapters.adapter import Adapter, weight_bound
from pyfe.adapters.protocols import IntArray, NativeScoreProof
from pyfe.adapters.row_marks import Marks, marks_of_last
from pyfe.adapters.search import LogarithmSearch
from pyfe.errors import DecodeError, UnsupportedError, UnsupportedModelError
from pyfe.function import IntegerMap, LinearMap
from pyfe.groups import ristretto255
from pyfe.leakage import LINEAR_WEIGHT_BITS
from pyfe.schema import Schema
from pyfe.schemes import ipfe_ddh
from pyfe.schemes.arguments import Client, Label
from pyfe.schemes.ipfe_ddh import CiphertextBatch, FunctionKey, MasterPublicKey, MasterSecretKey, ScoreProof

__all__ = ["IPFE_DDH"]

_POINT = 32


class _InnerProducts(Adapter[MasterPublicKey, MasterSecretKey, FunctionKey, CiphertextBatch]):
    """Inner products from DDH; see :mod:`pyfe.schemes.ipfe_ddh`."""

    id = "ipfe-ddh-ristretto255"
    short = "ipfe-ddh"
    number = 1
    safe_weight_bits = MappingProxyType({"linear": LINEAR_WEIGHT_BITS})
    default_weight_bits = 16
    additive = True
    provable = True
    widest = LogarithmSearch.widest
    modulus = ristretto255.ORDER
    search = LogarithmSearch("ristretto255")
    rests_on = "DDH, adaptive"

    def row_bytes(self, n: int) -> int:
        return _POINT * (n + 2)  # C, D, E_1 .. E_n

    def parameter_hash(self, schema: Schema, weight_bits: int) -> bytes:
        return self._parameters(schema, weight_bits).id

    def setup(self, schema: Schema, weight_bits: int) -> tuple[MasterPublicKey, MasterSecretKey]:
        return ipfe_ddh.setup(self._parameters(schema, weight_bits))

    def encrypt(
        self, public: MasterPublicKey, x: IntArray, *, client: Client | None = None, label: Label | None = None
    ) -> CiphertextBatch:
        return ipfe_ddh.encrypt(public, x, client=client, label=label)

    def keygen(self, secret: MasterSecretKey, terms: IntegerMap) -> FunctionKey:
        if not isinstance(terms, LinearMap):
            raise UnsupportedModelError(f"{self.short} has keys of linear functions only, not of {terms.kind} ones")
        return ipfe_ddh.keygen(secret, terms.weights)

    def decrypt(self, key: FunctionKey, batch: CiphertextBatch) -> IntArray:
        return ipfe_ddh.decrypt(key, batch)

    def verify_key(self, public: MasterPublicKey, key: FunctionKey) -> bool:
        return ipfe_ddh.verify_key(public, key)

    def prove(self, key: FunctionKey, batch: CiphertextBatch, values: IntArray, about: bytes) -> ScoreProof:
        return ipfe_ddh.prove(key, batch, values, about)

    def verify_scores(
        self,
        public: MasterPublicKey,
        terms: IntegerMap,
        batch: CiphertextBatch,
        values: IntArray,
        about: bytes,
        proof: NativeScoreProof,
    ) -> bool:
        if not isinstance(terms, LinearMap) or not isinstance(proof, ScoreProof):
            raise UnsupportedError(f"{self.short} has proofs of linear functions' scores only")
        return ipfe_ddh.verify_scores(public, terms.weights, batch, values, about, proof)

    def map_of(self, key: FunctionKey, kind: str) -> IntegerMap:
        if kind != "linear":
            raise DecodeError("function key: its weights are those of a linear function")
        return LinearMap(key.y)

    def read_public_key(self, data: bytes) -> MasterPublicKey:
        return MasterPublicKey.from_bytes(data)

    def read_secret_key(self, data: memoryview) -> MasterSecretKey:
        return MasterSecretKey.from_buffer(data)

    def read_function_key(self, data: bytes) -> FunctionKey:
        return FunctionKey.from_bytes(data)

    def read_batch(self, data: memoryview) -> CiphertextBatch:
        return CiphertextBatch.from_bytes(data)

    def read_score_proof(self, data: bytes) -> ScoreProof:
        return ScoreProof.from_bytes(data)

    def pieces(self, batch: CiphertextBatch) -> Sequence[memoryview]:
        return [piece.view() for piece in batch.pieces()]

    def coordinates(self, batch: CiphertextBatch) -> int:
        return batch.n

    def concat(self, batches: Sequence[CiphertextBatch]) -> CiphertextBatch:
        return CiphertextBatch.concat(batches)

    def row_marks(self, batch: CiphertextBatch) -> Marks:
        return marks_of_last(self.pieces(batch), len(batch), self.row_bytes(self.coordinates(batch)))

    def combined(self, batch: CiphertextBatch) -> bool:
        return batch.combined

    def weight_sums(self, batch: CiphertextBatch) -> IntArray:
        return batch.weight_sums

    def add(self, batch: CiphertextBatch, other: CiphertextBatch) -> CiphertextBatch:
        return batch.add(other)

    def scale(self, batch: CiphertextBatch, factor: int) -> CiphertextBatch:
        return batch.scale(factor)

    def weighted_sum(self, batch: CiphertextBatch, weights: IntArray) -> CiphertextBatch:
        return batch.weighted_sum(weights)

    def _parameters(self, schema: Schema, weight_bits: int) -> core.Parameters:
        return ipfe_ddh.Parameters(
            schema.n, x_lo=schema.lo, x_hi=schema.hi, y_bound=weight_bound(weight_bits), context=schema.id
        )


IPFE_DDH = _InnerProducts()
