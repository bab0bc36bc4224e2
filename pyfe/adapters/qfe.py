"""The schemes ``qfe-ggm-bls12381`` (k = 1) and ``qfe-sxdh-bls12381`` (k = 3): quadratic forms over ``z = (1, x)``."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from pyfe._core import qfe as core
from pyfe.adapters.adapter import Adapter, weight_bound
from pyfe.adapters.protocols import IntArray
from pyfe.adapters.row_marks import Marks, marks_of_last
from pyfe.adapters.search import LogarithmSearch
from pyfe.errors import DecodeError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.function import IntegerMap, LinearMap, QuadraticMap
from pyfe.groups import bls12_381
from pyfe.leakage import LINEAR_WEIGHT_BITS
from pyfe.schema import Schema
from pyfe.schemes import qfe
from pyfe.schemes.arguments import Client, Label
from pyfe.schemes.qfe import CiphertextBatch, FunctionKey, MasterPublicKey, MasterSecretKey

__all__ = ["QFE_GGM", "QFE_SXDH"]

_G1_POINT, _G2_POINT = 48, 96

MOST_ZERO_WEIGHTS = 2**20
MOST_WEIGHTS_PER_ENTRY = 1000
"""A linear function's key of a quadratic scheme holds the weights that are not zero: so few of them stand for as many
weights as this, 8 MB of them in any case."""


class _QuadraticForms(Adapter[MasterPublicKey, MasterSecretKey, FunctionKey, CiphertextBatch]):
    """Quadratic forms with masks of dimension k; see :mod:`pyfe.schemes.qfe`.

    Encryption puts the leading 1 of z there, whose box is [1, 1]; it carries the linear terms.
    """

    safe_weight_bits = MappingProxyType({"linear": LINEAR_WEIGHT_BITS, "quadratic": 24})
    default_weight_bits = 24
    widest = LogarithmSearch.widest
    modulus = bls12_381.ORDER
    search = LogarithmSearch("bls12_381_gt")

    def __init__(self, id: str, short: str, number: int, masks: int, rests_on: str) -> None:
        self.id, self.short, self.number, self._masks, self.rests_on = id, short, number, masks, rests_on

    def row_bytes(self, n: int) -> int:
        points = (self._masks + 1) * (n + 1) + 1  # c or d, and gamma
        return (_G1_POINT + _G2_POINT) * points

    def parameter_hash(self, schema: Schema, weight_bits: int) -> bytes:
        return self._parameters(schema, weight_bits).id

    def setup(self, schema: Schema, weight_bits: int) -> tuple[MasterPublicKey, MasterSecretKey]:
        return qfe.setup(self._parameters(schema, weight_bits))

    def encrypt(
        self, public: MasterPublicKey, x: IntArray, *, client: Client | None = None, label: Label | None = None
    ) -> CiphertextBatch:
        z = np.concatenate([np.ones((len(x), 1), dtype=np.int64), x], axis=1)
        return qfe.encrypt(public, z, client=client, label=label)

    def keygen(self, secret: MasterSecretKey, terms: IntegerMap) -> FunctionKey:
        return qfe.keygen(secret, terms.forms)

    def decrypt(self, key: FunctionKey, batch: CiphertextBatch) -> IntArray:
        return qfe.decrypt(key, batch)

    def verify_key(self, public: MasterPublicKey, key: FunctionKey) -> bool:
        return qfe.verify_key(public, key)

    def map_of(self, key: FunctionKey, kind: str) -> IntegerMap:
        forms = _forms(key.forms)
        if kind == "quadratic":
            return QuadraticMap(forms)
        if not isinstance(forms, MatrixForms) or forms.n != forms.m or forms.row.any() or not forms.column.all():
            raise DecodeError("function key: its forms are not those of a linear function")
        _require_dense(forms)
        weights = np.zeros((forms.k, forms.n - 1), dtype=np.int64)
        weights[forms.output, forms.column - 1] = forms.value
        return LinearMap(weights)

    def read_public_key(self, data: bytes) -> MasterPublicKey:
        key = MasterPublicKey.from_bytes(data)
        self._require_masks(key.parameters.k)
        return key

    def read_secret_key(self, data: memoryview) -> MasterSecretKey:
        key = MasterSecretKey.from_buffer(data)
        self._require_masks(key.parameters.k)
        return key

    def read_function_key(self, data: bytes) -> FunctionKey:
        key = FunctionKey.from_bytes(data)
        self._require_masks(key.k)
        return key

    def read_batch(self, data: memoryview) -> CiphertextBatch:
        batch = CiphertextBatch.from_bytes(data)
        self._require_masks(batch.k)
        return batch

    def pieces(self, batch: CiphertextBatch) -> Sequence[memoryview]:
        return [piece.view() for piece in batch.pieces()]

    def coordinates(self, batch: CiphertextBatch) -> int:
        return batch.n - 1

    def concat(self, batches: Sequence[CiphertextBatch]) -> CiphertextBatch:
        return CiphertextBatch.concat(batches)

    def row_marks(self, batch: CiphertextBatch) -> Marks:
        return marks_of_last(self.pieces(batch), len(batch), self.row_bytes(self.coordinates(batch)))

    def _parameters(self, schema: Schema, weight_bits: int) -> core.Parameters:
        return qfe.Parameters(
            schema.n + 1,
            k=self._masks,
            x_lo=np.append(1, schema.lo),
            x_hi=np.append(1, schema.hi),
            f_bound=weight_bound(weight_bits),
            context=schema.id,
        )

    def _require_masks(self, k: int) -> None:
        if k != self._masks:
            raise DecodeError(f"the payload is not one of the scheme {self.id}")


def _require_dense(forms: MatrixForms) -> None:
    """DecodeError for the few entries of a key that state very many weights, zeros nearly all of them."""
    weights = forms.k * (forms.n - 1)
    if weights > max(MOST_ZERO_WEIGHTS, MOST_WEIGHTS_PER_ENTRY * len(forms.value)):
        raise DecodeError(
            f"function key: {forms.k} functions of {forms.n - 1} coordinates are {weights} weights, "
            f"of which {len(forms.value)} are there"
        )


def _forms(native: core.Forms) -> Forms:
    factors = native.factors()
    if factors is None:
        return MatrixForms((native.count, native.n, native.m), *native.entries())
    u, v, q = factors
    return FactoredForms(u, u if v is None else v, q)


QFE_GGM = _QuadraticForms("qfe-ggm-bls12381", "qfe-ggm", 2, masks=1, rests_on="the generic bilinear group, adaptive")
QFE_SXDH = _QuadraticForms("qfe-sxdh-bls12381", "qfe-sxdh", 3, masks=3, rests_on="SXDH and 3-PDDH, selective")
