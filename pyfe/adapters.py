"""One way to use every scheme: what keys, ciphertexts, byte formats and the authority need of it.

An adapter turns the words of the uniform face (a schema, a :class:`~pyfe.function.Function`, coordinates
``[batch, n]``) into those of one scheme, and knows its native objects. Nothing above this file asks which scheme it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import DecodeError, ParameterError, UnsupportedModelError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.function import Function, IntegerMap, LinearMap, QuadraticMap
from pyfe.schema import Schema
from pyfe.schemes import SCHEMES, Scheme, ipfe_ddh, qfe

__all__ = [
    "Adapter",
    "NativeBatch",
    "NativeFunctionKey",
    "NativePublicKey",
    "NativeSecretKey",
    "adapter",
    "adapter_of",
    "weight_bound",
]

IntArray: TypeAlias = npt.NDArray[np.int64]
NativePublicKey: TypeAlias = ipfe_ddh.MasterPublicKey | qfe.MasterPublicKey
NativeSecretKey: TypeAlias = ipfe_ddh.MasterSecretKey | qfe.MasterSecretKey
NativeFunctionKey: TypeAlias = ipfe_ddh.FunctionKey | qfe.FunctionKey
NativeBatch: TypeAlias = ipfe_ddh.CiphertextBatch | qfe.CiphertextBatch


MOST_ZERO_WEIGHTS = 2**20
MOST_WEIGHTS_PER_ENTRY = 1000
"""A linear function's key of a quadratic scheme holds the weights that are not zero: so few of them stand for as many
weights as this, 8 MB of them in any case."""


def weight_bound(weight_bits: int) -> int:
    """Largest absolute value of a signed weight of so many bits: 127 for 8."""
    return (1 << (weight_bits - 1)) - 1


class Adapter(ABC):
    """The functions of one scheme, uniform for all. Native objects are those of its room in the core."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme

    def require_served(self, function: Function) -> None:
        """UnsupportedModelError, naming a scheme that would do, for a kind of function that has no keys here."""
        if function.kind not in self.scheme.serves:
            others = [other.short for other in SCHEMES.values() if function.kind in other.serves]
            raise UnsupportedModelError(
                f"the function is {function.kind}, and the scheme {self.scheme.short} serves "
                f"{' and '.join(self.scheme.serves)} functions only; it needs an authority created with "
                f"scheme={others[0]!r}"
            )

    def require_additive(self) -> None:
        """ParameterError unless encrypted rows can be added and multiplied."""
        if not self.scheme.additive:
            kind = self.scheme.serves[-1]
            raise ParameterError(
                f"{kind} ciphertexts ({self.scheme.short}) cannot be added or multiplied; combine the decrypted scores"
            )

    # -- the four verbs --

    @abstractmethod
    def parameters(self, schema: Schema, weight_bits: int) -> Any:
        """Native parameters for the coordinates of a schema and weights of so many bits, bound to the schema's id."""

    @abstractmethod
    def setup(self, parameters: Any) -> tuple[Any, Any]:
        """A fresh native key pair (public, secret)."""

    @abstractmethod
    def encrypt(self, public: Any, x: IntArray) -> Any:
        """A native batch of coordinates int64 ``[batch, n]``."""

    @abstractmethod
    def keygen(self, secret: Any, function: Function) -> Any:
        """The native key of a function."""

    @abstractmethod
    def decrypt(self, key: Any, batch: Any) -> IntArray:
        """Values of the function's map int64 ``[batch]`` or ``[batch, k]``, intercept not included."""

    @abstractmethod
    def verify_key(self, public: Any, key: Any) -> bool:
        """Whether the key opens the function it states and no other."""

    # -- native objects --

    @abstractmethod
    def owns(self, native: Any) -> bool:
        """Whether a native object is one of this scheme."""

    def require_own(self, native: Any) -> Any:
        """A native object that was read, if it is one of this scheme; DecodeError otherwise."""
        if not self.owns(native):
            raise DecodeError(f"the payload is not one of the scheme {self.scheme.id}")
        return native

    @abstractmethod
    def read_public_key(self, data: bytes) -> Any:
        """The native public key; DecodeError."""

    @abstractmethod
    def read_secret_key(self, data: memoryview) -> Any:
        """The native master secret key, read where it lies; DecodeError."""

    @abstractmethod
    def read_function_key(self, data: bytes) -> Any:
        """The native function key; DecodeError."""

    @abstractmethod
    def read_batch(self, data: bytes) -> Any:
        """The native batch; DecodeError."""

    @abstractmethod
    def concat(self, batches: Sequence[Any]) -> Any:
        """One native batch of all rows."""

    @abstractmethod
    def coordinates(self, batch: Any) -> int:
        """Number of coordinates that the rows of a native batch hold."""

    @abstractmethod
    def combined(self, batch: Any) -> bool:
        """Whether the rows are combinations of encrypted rows."""

    @abstractmethod
    def weight_sums(self, batch: Any) -> IntArray:
        """int64 ``[len, 2]``: sums of a row's positive and of its negated negative weights."""

    @abstractmethod
    def map_of(self, key: Any, kind: str) -> IntegerMap:
        """The map that a native key holds, of a function of that kind. DecodeError for another kind or size."""


class _Linear(Adapter):
    """Inner products: the weights are the key's y."""

    def parameters(self, schema: Schema, weight_bits: int) -> Any:
        return ipfe_ddh.Parameters(
            schema.n, x_lo=schema.lo, x_hi=schema.hi, y_bound=weight_bound(weight_bits), context=schema.id
        )

    def setup(self, parameters: Any) -> tuple[Any, Any]:
        return ipfe_ddh.setup(parameters)

    def encrypt(self, public: Any, x: IntArray) -> Any:
        return ipfe_ddh.encrypt(public, x)

    def keygen(self, secret: Any, function: Function) -> Any:
        self.require_served(function)
        return ipfe_ddh.keygen(secret, function.weights)

    def decrypt(self, key: Any, batch: Any) -> IntArray:
        return ipfe_ddh.decrypt(key, batch)

    def verify_key(self, public: Any, key: Any) -> bool:
        return ipfe_ddh.verify_key(public, key)

    def owns(self, native: Any) -> bool:
        keys = ipfe_ddh.MasterPublicKey | ipfe_ddh.MasterSecretKey | ipfe_ddh.FunctionKey
        return isinstance(native, keys | ipfe_ddh.CiphertextBatch)

    def read_public_key(self, data: bytes) -> Any:
        return ipfe_ddh.MasterPublicKey.from_bytes(data)

    def read_secret_key(self, data: memoryview) -> Any:
        return ipfe_ddh.MasterSecretKey.from_buffer(data)

    def read_function_key(self, data: bytes) -> Any:
        return ipfe_ddh.FunctionKey.from_bytes(data)

    def read_batch(self, data: bytes) -> Any:
        return ipfe_ddh.CiphertextBatch.from_bytes(data)

    def concat(self, batches: Sequence[Any]) -> Any:
        return ipfe_ddh.CiphertextBatch.concat(batches)

    def coordinates(self, batch: Any) -> int:
        return int(batch.n)

    def combined(self, batch: Any) -> bool:
        return bool(batch.combined)

    def weight_sums(self, batch: Any) -> IntArray:
        sums: IntArray = batch.weight_sums
        return sums

    def map_of(self, key: Any, kind: str) -> IntegerMap:
        if kind != "linear":
            raise DecodeError("function key: its weights are those of a linear function")
        return LinearMap(key.y)


class _Quadratic(Adapter):
    """Quadratic forms over the augmented coordinates ``z = (1, x)``: encryption puts the 1 there, its box is [1, 1]."""

    def parameters(self, schema: Schema, weight_bits: int) -> Any:
        return qfe.Parameters(
            schema.n + 1,
            k=self.scheme.masks,
            x_lo=np.append(1, schema.lo),
            x_hi=np.append(1, schema.hi),
            f_bound=weight_bound(weight_bits),
            context=schema.id,
        )

    def setup(self, parameters: Any) -> tuple[Any, Any]:
        return qfe.setup(parameters)

    def encrypt(self, public: Any, x: IntArray) -> Any:
        return qfe.encrypt(public, np.concatenate([np.ones((len(x), 1), dtype=np.int64), x], axis=1))

    def keygen(self, secret: Any, function: Function) -> Any:
        self.require_served(function)
        return qfe.keygen(secret, function.forms)

    def decrypt(self, key: Any, batch: Any) -> IntArray:
        return qfe.decrypt(key, batch)

    def verify_key(self, public: Any, key: Any) -> bool:
        return qfe.verify_key(public, key)

    def owns(self, native: Any) -> bool:
        if isinstance(native, qfe.MasterPublicKey | qfe.MasterSecretKey):
            return bool(native.parameters.k == self.scheme.masks)
        return isinstance(native, qfe.FunctionKey | qfe.CiphertextBatch) and native.k == self.scheme.masks

    def read_public_key(self, data: bytes) -> Any:
        return qfe.MasterPublicKey.from_bytes(data)

    def read_secret_key(self, data: memoryview) -> Any:
        return qfe.MasterSecretKey.from_buffer(data)

    def read_function_key(self, data: bytes) -> Any:
        return qfe.FunctionKey.from_bytes(data)

    def read_batch(self, data: bytes) -> Any:
        return qfe.CiphertextBatch.from_bytes(data)

    def concat(self, batches: Sequence[Any]) -> Any:
        return qfe.CiphertextBatch.concat(batches)

    def coordinates(self, batch: Any) -> int:
        return int(batch.n) - 1

    def combined(self, batch: Any) -> bool:
        return False

    def weight_sums(self, batch: Any) -> IntArray:
        return np.tile(np.array([1, 0], dtype=np.int64), (len(batch), 1))

    def map_of(self, key: Any, kind: str) -> IntegerMap:
        forms = _forms(key.forms)
        if kind == "quadratic":
            return QuadraticMap(forms)
        if not isinstance(forms, MatrixForms) or forms.n != forms.m or forms.row.any() or not forms.column.all():
            raise DecodeError("function key: its forms are not those of a linear function")
        _require_dense(forms)
        weights = np.zeros((forms.k, forms.n - 1), dtype=np.int64)
        weights[forms.output, forms.column - 1] = forms.value
        return LinearMap(weights)


def _require_dense(forms: MatrixForms) -> None:
    """DecodeError for the few entries of a key that state very many weights, zeros nearly all of them."""
    weights = forms.k * (forms.n - 1)
    if weights > max(MOST_ZERO_WEIGHTS, MOST_WEIGHTS_PER_ENTRY * len(forms.value)):
        raise DecodeError(
            f"function key: {forms.k} functions of {forms.n - 1} coordinates are {weights} weights, "
            f"of which {len(forms.value)} are there"
        )


def _forms(native: Any) -> Forms:
    factors = native.factors()
    if factors is None:
        return MatrixForms((native.count, native.n, native.m), *native.entries())
    u, v, q = factors
    return FactoredForms(u, u if v is None else v, q)


_ADAPTERS: dict[str, Adapter] = {
    entry.id: _Quadratic(entry) if "quadratic" in entry.serves else _Linear(entry) for entry in SCHEMES.values()
}


def adapter(scheme: str) -> Adapter:
    """The adapter of a scheme id. ParameterError for a name that is none (short names: :func:`pyfe.schemes.scheme`)."""
    if scheme not in _ADAPTERS:
        raise ParameterError(f"unknown scheme {scheme!r}")
    return _ADAPTERS[scheme]


def adapter_of(native: Any) -> Adapter:
    """The adapter whose scheme a native object belongs to. ParameterError for other objects."""
    found = next((entry for entry in _ADAPTERS.values() if entry.owns(native)), None)
    if found is None:
        raise ParameterError(f"a {type(native).__name__} belongs to no scheme")
    return found
