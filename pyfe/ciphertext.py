"""Batches of encrypted rows, and the public arithmetic on them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe._travel import Travels
from pyfe.adapters import NativeBatch, adapter_of
from pyfe.errors import KeyMismatchError, OutOfRangeError, ParameterError

__all__ = ["CiphertextBatch"]

IntArray: TypeAlias = npt.NDArray[np.int64]

_LARGEST = int(np.iinfo(np.int64).max)


class CiphertextBatch(Travels):
    """Encrypted rows under one public key and one schema; ``len()`` is the number of rows (patients).

    ``ct[a:b]``, ``ct[i]`` cut rows out, :meth:`concat` joins batches. Linear schemes are additively homomorphic, so
    anybody may combine rows: ``ct1 + ct2`` and ``3 * ct`` row by row, ``ct.weighted_sum(w)`` over the rows. A combined
    row carries the public sum of its weights, from which a key's interval and intercept follow; it decrypts to the
    combination of the scores. Rows of quadratic schemes cannot be added (ParameterError); they can be changed by
    others all the same. So a batch of either kind proves nothing about who made it: it is not authentic.

    Made by :meth:`pyfe.PublicKey.encrypt`. Immutable. Bytes a row on the wire: :meth:`pyfe.schemes.Scheme.row_bytes`.
    """

    __slots__ = ("_adapter", "_encrypted_rows", "_id", "_native", "_parameter_hash", "_saturated", "_schema_id")

    def __init__(
        self,
        native: NativeBatch,
        *,
        parameter_hash: bytes,
        schema_id: bytes,
        saturated: Mapping[str, int] | None = None,
        encrypted_rows: int | None = None,
    ) -> None:
        self._adapter = adapter_of(native)
        self._native: Any = native
        self._parameter_hash = parameter_hash
        self._schema_id = schema_id
        self._saturated = {name: int(count) for name, count in sorted((saturated or {}).items()) if count}
        self._encrypted_rows = len(native) if encrypted_rows is None else encrypted_rows
        self._id: bytes | None = None

    # -- what it is --

    @property
    def native(self) -> Any:
        """The core's batch, for :mod:`pyfe.schemes`."""
        return self._native

    @property
    def scheme(self) -> str:
        """The scheme id: functionality, assumption, group."""
        return self._adapter.scheme.id

    @property
    def public_key_id(self) -> bytes:
        """Id (32 bytes) of the public key it was encrypted under."""
        return bytes(self._native.public_key_id)

    @property
    def parameter_hash(self) -> bytes:
        """Hash (32 bytes) of the scheme's parameters."""
        return self._parameter_hash

    @property
    def schema_id(self) -> bytes:
        """Id (32 bytes) of the schema its rows were encoded with."""
        return self._schema_id

    @property
    def saturated(self) -> dict[str, int]:
        """Column -> how many values ``on_overflow="clip"`` moved to an end, among :attr:`encrypted_rows` rows."""
        return dict(self._saturated)

    @property
    def encrypted_rows(self) -> int:
        """How many rows :attr:`saturated` counts: those encrypted together, before any cut or combination."""
        return self._encrypted_rows

    @property
    def combined(self) -> bool:
        """Whether the rows are combinations of encrypted rows."""
        return self._adapter.combined(self._native)

    @property
    def weight_sums(self) -> IntArray:
        """int64 ``[len, 2]``: sums of a row's positive and of its negated negative weights; (1, 0) if not combined."""
        return self._adapter.weight_sums(self._native)

    @property
    def n(self) -> int:
        """Number of coordinates a row has."""
        return self._adapter.coordinates(self._native)

    @property
    def nbytes(self) -> int:
        """Bytes of the encrypted rows in memory."""
        return int(self._native.nbytes)

    @property
    def id(self) -> bytes:
        """SHA-256 (32 bytes) of the canonical encoding; computed when first asked for."""
        if self._id is None:
            self._id = hashlib.sha256(self.to_bytes()).digest()
        return self._id

    def __len__(self) -> int:
        return len(self._native)

    def __repr__(self) -> str:
        what = "combined rows" if self.combined else "rows"
        clipped = f", {sum(self._saturated.values())} values clipped" if self._saturated else ""
        key = self.public_key_id.hex()[:12]
        return f"CiphertextBatch({len(self)} {what}, n={self.n}, public key {key}, unsigned{clipped})"

    # -- cutting and joining --

    def __getitem__(self, rows: int | slice) -> CiphertextBatch:
        """Rows ``a:b`` as a batch, or row i as a batch of one. ParameterError for a step; IndexError past the end."""
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step != 1:
                raise ParameterError("a batch is cut in steps of 1 only")
            return self._with(self._native.slice(start, max(start, stop)))
        position = rows + len(self) if rows < 0 else rows
        if not 0 <= position < len(self):
            raise IndexError(f"row {rows} of a batch of {len(self)}")
        return self._with(self._native.slice(position, position + 1))

    def __iter__(self) -> Iterator[CiphertextBatch]:
        """Row after row, each a batch of one. For work on whole batches use the batch itself: it is far quicker."""
        return (self[i] for i in range(len(self)))

    @classmethod
    def concat(cls, batches: Iterable[CiphertextBatch]) -> CiphertextBatch:
        """One batch of all the rows in order; saturated counts add up.

        Raises ParameterError for no batches, KeyMismatchError for batches of different keys or schemas.
        """
        parts = list(batches)
        if not parts:
            raise ParameterError("there is no batch to concatenate")
        for part in parts[1:]:
            parts[0]._require_same(part)
        return parts[0]._with(parts[0]._adapter.concat([part._native for part in parts]), *parts[1:])

    # -- arithmetic --

    def __add__(self, other: object) -> CiphertextBatch:
        """Row by row: encrypts ``x1 + x2``. Both batches have the same key, schema and length."""
        if not isinstance(other, CiphertextBatch):
            return NotImplemented
        self._adapter.require_additive()
        self._require_same(other)
        if len(self) != len(other):
            raise ParameterError(f"batches of {len(self)} and {len(other)} rows cannot be added")
        return self._with(self._native.add(other._native), other)

    def __mul__(self, factor: object) -> CiphertextBatch:
        """Row by row: encrypts ``factor * x`` for an integer. OutOfRangeError where the weights exceed 64 bits."""
        if isinstance(factor, bool) or not isinstance(factor, int | np.integer):
            return NotImplemented
        self._adapter.require_additive()
        if abs(int(factor)) > _LARGEST:
            raise OutOfRangeError("the factor exceeds 2^63 - 1")
        return self._with(self._native.scale(int(factor)))

    __rmul__ = __mul__

    def weighted_sum(self, w: npt.ArrayLike) -> CiphertextBatch:
        """A batch of one row that encrypts ``sum_j w[j] x_j``; w is int64 ``[len]``.

        Decrypting it gives the same combination of the scores, in one search. It is no privacy barrier against the
        key's holder, who could decrypt every row. Cost: n + 2 multi-scalar multiplications of ``len`` terms.
        """
        self._adapter.require_additive()
        weights: Any = np.asarray(w)
        if weights.dtype.kind not in "iu" or weights.shape != (len(self),):
            raise ParameterError(f"w must be integers of shape ({len(self)},), not {weights.dtype} {weights.shape}")
        if weights.size and int(weights.max()) > _LARGEST:
            raise OutOfRangeError("a weight exceeds 2^63 - 1")
        return self._with(self._native.weighted_sum(weights.astype(np.int64)))

    def _with(self, native: Any, *others: CiphertextBatch) -> CiphertextBatch:
        """A batch of other rows under the same ids, counting the saturated values of all its sources."""
        counts = sum((Counter(part._saturated) for part in others), Counter(self._saturated))
        return CiphertextBatch(
            native,
            parameter_hash=self._parameter_hash,
            schema_id=self._schema_id,
            saturated=counts,
            encrypted_rows=self._encrypted_rows + sum(part._encrypted_rows for part in others),
        )

    def _require_same(self, other: CiphertextBatch) -> None:
        if self.public_key_id != other.public_key_id:
            ids = f"{self.public_key_id.hex()[:12]} and {other.public_key_id.hex()[:12]}"
            raise KeyMismatchError(f"the batches were encrypted under different public keys ({ids})")
        if (self._schema_id, self._parameter_hash) != (other._schema_id, other._parameter_hash):
            raise KeyMismatchError("the batches were encoded with different schemas")
