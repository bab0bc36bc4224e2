"""Batches of encrypted rows, the public arithmetic on them, and their bytes.

The rows lie in the native payload; schema id, saturated counts and, if they are there, the rows' ids and the signer in
the metadata. The signature covers every byte before it.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe import _core
from pyfe.adapters import AnyAdapter, NativeBatch, adapter_numbered
from pyfe.adapters.row_marks import repeated_rows
from pyfe.arguments import require_a
from pyfe.arrays import as_array
from pyfe.batch_metadata import batch_metadata, signature_of
from pyfe.errors import DecodeError, KeyMismatchError, OutOfRangeError, ParameterError, SignatureError
from pyfe.identity import Identity, IdentitySecret
from pyfe.row_ids import RowIds, called_rows
from pyfe.schema.cells import is_integer
from pyfe.wire.envelope import Envelope, Kind, Octets, as_bytes, given_back, lent, pieces, signed_part, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.pickling import PickledAsBytes
from pyfe.wire.signature import SIGNATURE_SIZE, Signature

__all__ = ["CiphertextBatch"]

IntArray: TypeAlias = npt.NDArray[np.int64]

_LARGEST = int(np.iinfo(np.int64).max)

_NAME = "ciphertext batch"
_NAMED = 4
"""Rows that an error names."""

_MOST_ROWS = 2**48
"""Most rows that a batch can say it counts: sums of such numbers stay integers of 64 bits."""


class CiphertextBatch(PickledAsBytes):
    """Encrypted rows under one public key and one schema; ``len()`` is the number of rows (patients).

    ``ct[a:b]``, ``ct[i]`` cut rows out, :meth:`concat` joins batches. Linear schemes are additively homomorphic, so
    anybody may combine rows: ``ct1 + ct2`` and ``3 * ct`` row by row, ``ct.weighted_sum(w)`` over the rows. A combined
    row carries the public sum of its weights, from which a key's interval and intercept follow; it decrypts to the
    combination of the scores. Rows of quadratic schemes cannot be added (UnsupportedError); they can be changed by
    others all the same. So a batch of either kind proves nothing about who made it, unless it is :meth:`signed`.

    A row that combines others is searched in an interval as many times wider as its weights sum to. So a key takes the
    weights of rows that came as bytes only up to a stated sum (:meth:`pyfe.FunctionKey.decrypt`); what was combined in
    this process counts by what was done here.

    Where :attr:`ids` travel they follow their rows through cuts and joins; combined rows have none.

    It pickles as its bytes, and a copy is the batch itself.

    Made by :meth:`pyfe.PublicKey.encrypt`. Immutable. Bytes a row on the wire: :meth:`pyfe.adapters.Adapter.row_bytes`.
    """

    __slots__ = (
        "_adapter",
        "_encrypted_rows",
        "_id",
        "_ids",
        "_known_sums",
        "_native",
        "_parameter_hash",
        "_read_from",
        "_saturated",
        "_schema_id",
        "_signature",
        "_signers",
    )

    def __init__(
        self,
        adapter: AnyAdapter,
        native: NativeBatch,
        *,
        parameter_hash: bytes,
        schema_id: bytes,
        saturated: Mapping[str, int] | None = None,
        encrypted_rows: int | None = None,
        known_sums: IntArray | None = None,
        ids: RowIds | None = None,
        signature: Signature | None = None,
        signers: frozenset[bytes] | None = None,
    ) -> None:
        """Not for direct use. ``ids``: one a row; ``signature``: of all of it; ``signers``: as of :attr:`signers`."""
        self._adapter = adapter
        self._native = native
        self._parameter_hash = parameter_hash
        self._schema_id = schema_id
        self._saturated = {name: int(count) for name, count in sorted((saturated or {}).items()) if count}
        self._encrypted_rows = len(native) if encrypted_rows is None else encrypted_rows
        if self._encrypted_rows > _MOST_ROWS:
            raise OutOfRangeError(f"together these batches count {self._encrypted_rows} encrypted rows, more than 2^48")
        self._known_sums = known_sums
        if known_sums is not None:
            known_sums.flags.writeable = False
        self._ids = ids
        self._signature = signature
        self._signers = signers
        self._id: bytes | None = None
        self._read_from: Octets | None = None

    # -- what it is --

    @property
    def native(self) -> NativeBatch:
        """The core's batch, for :mod:`pyfe.schemes`."""
        return self._native

    @property
    def adapter(self) -> AnyAdapter:
        """What is particular to its scheme."""
        return self._adapter

    @property
    def scheme(self) -> str:
        """The scheme id: functionality, assumption, group."""
        return self._adapter.id

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
    def ids(self) -> RowIds | None:
        """The id of every row, in the clear or as a pseudonym, where ids travel; they are the index of its scores:
        ``pandas.Series(key.decrypt(ct), index=ct.ids)``. Its sender's claim, as everything about a batch."""
        return self._ids

    def with_ids(self, ids: RowIds | None) -> CiphertextBatch:
        """The same rows with these ids, or with none. Anybody can do this. ParameterError for combined rows, and where
        there is not one id a row."""
        if ids is not None and not isinstance(ids, RowIds):
            raise ParameterError(
                f"ids are pyfe.row_ids.RowIds, not {_kind_of(ids)}; encrypt(..., carry_ids=) makes them"
            )
        if ids is not None and self.combined:
            raise ParameterError("combined rows have no ids: each is of several rows")
        if ids is not None and len(ids) != len(self):
            raise ParameterError(f"there are {len(ids)} ids for {len(self)} rows")
        return self._with(self._native, self._known_sums, ids=ids)

    @property
    def signer(self) -> bytes | None:
        """The Ed25519 key (32 bytes) of whoever signed all of it; None where it is unsigned, as is every batch that was
        cut, joined, combined or given other ids. Whose key that is, :meth:`require_signed_by` asks."""
        return None if self._signature is None else self._signature.signer

    @property
    def signers(self) -> frozenset[bytes] | None:
        """Who answers for its rows, through every cut, join and sum in this process: the Ed25519 keys of those who
        signed what they are made of; nobody where all were encrypted here; None where anybody may have made some."""
        if self._signers is None and self._signature is not None:
            return frozenset([self._signature.signer])
        return self._signers

    def signed(self, secret: IdentitySecret) -> CiphertextBatch:
        """The same batch, signed by an identity: rows in their order, ids, and what was clipped.

        ParameterError for combined rows, which are of several rows, whoever combined them; where a refusal is an answer
        (``ipfe-rlwe``), unless they were formed and decrypted here. Cost: a copy of its bytes for the time of signing,
        and one Ed25519 signature of them.
        """
        require_a(secret, IdentitySecret, "who signs")
        self._adapter.require_signable(self._native)
        draft = self._signed(Signature(secret.identity.ed25519, bytes(SIGNATURE_SIZE)))
        return self._signed(Signature(secret.identity.ed25519, secret.sign(draft._signed_bytes())))

    def require_signed_by(self, identity: Identity) -> None:
        """SignatureError unless this identity signed the batch as it is. Cost: as :meth:`signed`."""
        require_a(identity, Identity, "signed_by")
        if self._signature is None:
            raise SignatureError(
                f"the {_NAME} is not signed, and should be by {identity.name!r}; what was cut, joined or combined is "
                "unsigned: sign the batch as it is sent"
            )
        self._signature.require_of(identity.ed25519, identity.name, f"the {_NAME}")
        with given_back(signed := self._signed_bytes()):
            self._signature.require_valid(signed, _NAME)

    def vouched_by(self, identity: Identity) -> CiphertextBatch:
        """The same batch, whose sums are opened on the word of who signed it. SignatureError as of the former."""
        self.require_signed_by(identity)
        return self._with(self._adapter.vouched(self._native), self._known_sums, ids=self._ids)

    @property
    def combined(self) -> bool:
        """Whether the rows are combinations of encrypted rows."""
        return self._adapter.combined(self._native)

    @property
    def weight_sums(self) -> IntArray:
        """int64 ``[len, 2]``: sums of a row's positive and of its negated negative weights; (1, 0) if not combined."""
        return self._adapter.weight_sums(self._native)

    @property
    def known_weight_sums(self) -> IntArray:
        """int64 ``[len]``: what the weights of each row sum to, in absolute values, if every row had weight 1 when this
        process encrypted or read it. The claims of combined rows that came as bytes are not in it."""
        return np.ones(len(self), dtype=np.int64) if self._known_sums is None else self._known_sums

    def require_weight_sums(self, largest: object = 1) -> None:
        """OutOfRangeError, naming the first row, unless the weights of every row sum to ``largest`` at most, or to what
        was combined in this process. ParameterError for a ``largest`` that is no number of rows. Searches nothing."""
        if isinstance(largest, bool) or not isinstance(largest, int | np.integer) or not 1 <= largest <= _LARGEST:
            raise ParameterError(f"largest_weight_sum is an integer from 1 to 2^63 - 1, not {largest!r}")
        if not self.combined or self._adapter.search is None:
            return
        sums = self.weight_sums.astype(np.uint64).sum(axis=1)  # of two below 2^63
        allowed = np.maximum(self.known_weight_sums, largest)
        over = np.flatnonzero(sums > allowed.astype(np.uint64))
        if len(over):
            row, count = int(over[0]), int(sums[over[0]])
            raise OutOfRangeError(
                f"row {row}: its weights sum to {count}, and {allowed[row]} is allowed: the search of a combined row "
                f"takes that many times as long. If the batch is meant to hold such sums, give "
                f"largest_weight_sum={count} (pyfe evaluate --largest-weight-sum {count})"
            )

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
            digest = hashlib.sha256()
            for piece in self.pieces():
                digest.update(piece)
            self._id = digest.digest()
        return self._id

    def __len__(self) -> int:
        return len(self._native)

    def __repr__(self) -> str:
        what = "combined rows" if self.combined else "rows"
        clipped = f", {sum(self._saturated.values())} values clipped" if self._saturated else ""
        key = self.public_key_id.hex()[:12]
        ids = (
            "" if self._ids is None else f", ids {'in the clear' if self._ids.carriage == 'clear' else 'as pseudonyms'}"
        )
        signed = "unsigned" if self.signer is None else f"signed by {self.signer.hex()[:12]}"
        return f"CiphertextBatch({len(self)} {what}, n={self.n}, public key {key}, {signed}{clipped}{ids})"

    # -- bytes --

    def to_bytes(self) -> bytes:
        """The canonical encoding: one envelope. Cost: of a batch that was read nothing, it keeps the bytes that it
        was read from; of any other one copy of its bytes, and no other memory."""
        return _core.joined(self.pieces()) if self._read_from is None else bytes(self._read_from)

    def pieces(self) -> list[Octets]:
        """The same bytes in pieces, for whoever writes them to a file: no row is copied."""
        metadata = batch_metadata(self._encrypted_rows, self._saturated, self._schema_id, self._ids, self.signer)
        ids = self._parameter_hash, self.public_key_id
        value = b"" if self._signature is None else self._signature.value
        envelope = Envelope(Kind.CIPHERTEXT_BATCH, self._adapter.number, *ids, b"", metadata, value)
        return pieces(envelope, self._adapter.pieces(self._native))

    @classmethod
    def from_bytes(cls, data: bytes) -> CiphertextBatch:
        """The batch that ``data`` encodes; every point is checked to be the canonical encoding of a group element.

        DecodeError unless ``data`` is exactly one canonical encoding of a batch; of several damaged rows, one of the
        first is named. SignatureError where it is signed and its signer did not sign just this. The batch keeps a
        ``bytes`` object as it is, and copies any other buffer. Cost: decoding every point, once. The decoded points are
        kept as far as there is room (``PYFE_DECODED_MB``, docs/guides/batches.md); those of the other rows are decoded
        again where they are used.
        """
        own = as_bytes(data)
        batch = cls._read(unpack(own, Kind.CIPHERTEXT_BATCH), lambda: signed_part(own))
        batch._read_from = own  # there is only one encoding of a batch
        return batch

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> CiphertextBatch:
        """The batch that a file is, as :meth:`from_bytes`, read where it lies: for one too large to be held
        (:meth:`pyfe.PublicKey.encrypt_into`). One that others than this user and root may write to is read into memory.
        It must not change as long as the batch is used. OSError for a file that cannot be read.
        """
        found = lent(path, Kind.CIPHERTEXT_BATCH)
        if found is None:
            return cls.from_bytes(Path(path).read_bytes())
        envelope, view = found
        with given_back(view):
            batch = cls._read(envelope, lambda: view[:-SIGNATURE_SIZE])
        batch._read_from = view
        return batch

    @classmethod
    def _read(cls, envelope: Envelope, signed: Callable[[], Octets]) -> CiphertextBatch:
        """The batch of an envelope; ``signed`` gives what its signature covers."""
        adapter = adapter_numbered(envelope.scheme, _NAME)
        signature = signature_of(envelope)
        if signature is not None:
            signature.require_valid(signed(), _NAME)
        fields = Fields(envelope.metadata, _NAME)
        encrypted_rows = fields.integer("encrypted_rows", 0, _MOST_ROWS)
        schema_id = fields.octets("schema_id", 32)
        counts = Fields(counted := fields.take("saturated", dict), _NAME)
        saturated = {name: counts.integer(name, 1, _MOST_ROWS) for name in counted}
        fields.drop(["ids", "signer"])
        fields.finish()
        native = adapter.read_batch(memoryview(envelope.payload))
        carried = envelope.metadata.get("ids", ...)
        ids = None if carried is ... else RowIds.from_field(carried, len(native), _NAME)
        if ids is not None and adapter.combined(native):
            raise DecodeError(f"{_NAME}: combined rows have no ids, and here are some")
        if signature is not None and adapter.combined(native) and not adapter.refusal_answers:
            raise DecodeError(f"{_NAME}: combined rows are never signed, and these are")
        if envelope.public_key_id != native.public_key_id:
            raise DecodeError(f"{_NAME}: the public key id of the header is not that of the rows")
        return cls(
            adapter,
            native,
            parameter_hash=envelope.parameter_hash,
            schema_id=schema_id,
            saturated=saturated,
            encrypted_rows=encrypted_rows,
            ids=ids,
            signature=signature,
        )

    # -- cutting and joining --

    def __getitem__(self, rows: int | slice) -> CiphertextBatch:
        """Rows ``a:b`` as a batch, or row i as a batch of one. IndexError past the end; ParameterError for a step, and
        for what is neither an integer nor a slice of integers."""
        if isinstance(rows, slice):
            try:
                start, stop, step = rows.indices(len(self))
            except (TypeError, ValueError) as error:
                raise ParameterError(f"a batch is cut by an integer or a slice of integers: {error}") from error
            if step != 1:
                raise ParameterError("a batch is cut in steps of 1 only")
            return self._rows(start, max(start, stop))
        if not is_integer(rows):
            raise ParameterError(f"a batch is cut by an integer or a slice of integers, not by {_kind_of(rows)}")
        position = int(rows) + len(self) if rows < 0 else int(rows)
        if not 0 <= position < len(self):
            raise IndexError(f"row {rows} of a batch of {len(self)}")
        return self._rows(position, position + 1)

    def __iter__(self) -> Iterator[CiphertextBatch]:
        """Row after row, each a batch of one. For work on whole batches use the batch itself: it is far quicker."""
        return (self[i] for i in range(len(self)))

    @classmethod
    def concat(cls, batches: Iterable[CiphertextBatch], *, allow_duplicates: bool = False) -> CiphertextBatch:
        """One batch of all the rows in order; saturated counts add up, ids follow their rows.

        Raises ParameterError for no batches, where some carry ids and some do not or others, and for an id that is
        there twice, or a row that an earlier batch has, byte for byte, unless that is allowed: a patient would count
        twice. KeyMismatchError for batches of different keys, schemes or schemas. Cost: a third of a microsecond a
        row to look for such rows, and 32 bytes meanwhile.
        """
        given: object = batches
        try:
            several = list(given if isinstance(given, Iterable) else [given])
        except TypeError:  # an array without dimensions
            several = [given]
        parts = [_batch(part) for part in several]
        if not parts:
            raise ParameterError("there is no batch to concatenate")
        for part in parts[1:]:
            parts[0].require_same(part)
        plain = all(part._known_sums is None for part in parts)
        known = None if plain else np.concatenate([part.known_weight_sums for part in parts])
        ids = _joined_ids(parts, allow_duplicates)
        if not allow_duplicates:
            _require_new_rows(parts)
        first: CiphertextBatch = parts[0]
        return first._with(first._adapter.concat([part._native for part in parts]), known, *parts[1:], ids=ids)

    # -- arithmetic --

    def __add__(self, other: object) -> CiphertextBatch:
        """Row by row: encrypts ``x1 + x2``. Both batches have the same key, schema and length (ParameterError)."""
        if not isinstance(other, CiphertextBatch):
            raise ParameterError(f"a batch is added to another batch, not to {_kind_of(other)}; see weighted_sum")
        self._adapter.require_additive()
        self.require_same(other)
        if len(self) != len(other):
            raise ParameterError(f"batches of {len(self)} and {len(other)} rows cannot be added")
        known = _bounded(self.known_weight_sums.astype(object) + other.known_weight_sums)
        return self._with(self._adapter.add(self._native, other._native), known, other)

    def __radd__(self, other: object) -> CiphertextBatch:
        """``0 + batch`` is the batch, so that ``sum(batches)`` adds them up."""
        return self if type(other) is int and other == 0 else self + other

    def __mul__(self, factor: object) -> CiphertextBatch:
        """Row by row: encrypts ``factor * x`` for an integer, Python's or numpy's (ParameterError for anything else).
        OutOfRangeError where the weights exceed 64 bits."""
        if isinstance(factor, bool) or not isinstance(factor, int | np.integer):
            raise ParameterError(
                f"a batch is multiplied by one integer, not by {_kind_of(factor)}; with a weight a row use weighted_sum"
            )
        self._adapter.require_additive()
        if abs(int(factor)) > _LARGEST:
            raise OutOfRangeError("the factor exceeds 2^63 - 1")
        known = _bounded(self.known_weight_sums.astype(object) * abs(int(factor)))
        return self._with(self._adapter.scale(self._native, int(factor)), known)

    __rmul__ = __mul__

    def __neg__(self) -> CiphertextBatch:
        """Row by row: encrypts ``-x``."""
        return -1 * self

    def __sub__(self, other: object) -> CiphertextBatch:
        """Row by row: encrypts ``x1 - x2``; as :meth:`__add__`."""
        if not isinstance(other, CiphertextBatch):
            raise ParameterError(f"only another batch is taken from a batch, not {_kind_of(other)}")
        return self + -other

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **settings: object) -> CiphertextBatch:
        """What numpy's operators ask: a numpy integer times a batch; ParameterError for everything else."""
        if ufunc is np.multiply and method == "__call__" and len(inputs) == 2 and not settings:
            return self * (inputs[1] if inputs[0] is self else inputs[0])
        raise ParameterError(
            f"numpy's {ufunc.__name__} does not work on encrypted rows; batches know +, an integer times a batch, and "
            f"weighted_sum"
        )

    def __array__(self, *arguments: object, **settings: object) -> npt.NDArray[Any]:
        """ParameterError: encrypted rows are no numbers."""
        raise ParameterError("encrypted rows are no array; decrypt them with a function key, or use to_bytes")

    def weighted_sum(self, w: npt.ArrayLike) -> CiphertextBatch:
        """A batch of one row that encrypts ``sum_j w[j] x_j``; w is int64 ``[len]``.

        Decrypting it gives the same combination of the scores, in one search. It is no privacy barrier against the
        key's holder, who could decrypt every row. Cost: n + 2 multi-scalar multiplications of ``len`` terms.
        """
        self._adapter.require_additive()
        weights: Any = as_array(w, "w")
        if weights.dtype.kind not in "iu" or weights.shape != (len(self),):
            raise ParameterError(f"w must be integers of shape ({len(self)},), not {weights.dtype} {weights.shape}")
        if weights.size and int(weights.max()) > _LARGEST:
            raise OutOfRangeError("a weight exceeds 2^63 - 1")
        known = _bounded(np.abs(weights.astype(object)) @ self.known_weight_sums.astype(object)[:, None])
        return self._with(self._adapter.weighted_sum(self._native, weights.astype(np.int64)), known)

    def _signed(self, signature: Signature) -> CiphertextBatch:
        return CiphertextBatch(
            self._adapter,
            self._native,
            parameter_hash=self._parameter_hash,
            schema_id=self._schema_id,
            saturated=self._saturated,
            encrypted_rows=self._encrypted_rows,
            known_sums=self._known_sums,
            ids=self._ids,
            signature=signature,
            signers=self._signers,
        )

    def _signed_bytes(self) -> Octets:
        """What a signature covers: every byte before it."""
        if isinstance(self._read_from, memoryview):
            return self._read_from[:-SIGNATURE_SIZE]
        return _core.joined(self.pieces()[:-1]) if self._read_from is None else signed_part(self._read_from)

    def _rows(self, start: int, stop: int) -> CiphertextBatch:
        known = None if self._known_sums is None else self._known_sums[start:stop]
        ids = None if self._ids is None else self._ids[start:stop]
        return self._with(self._native.slice(start, stop), known, ids=ids)

    def _with(
        self,
        native: NativeBatch,
        known_sums: IntArray | None,
        *others: CiphertextBatch,
        ids: RowIds | None = None,
    ) -> CiphertextBatch:
        """A batch of other rows under the same key and schema, counting the saturated values of all its sources."""
        counts = sum((Counter(part._saturated) for part in others), Counter(self._saturated))
        signers = [part.signers for part in (self, *others)]
        known = [each for each in signers if each is not None]
        return CiphertextBatch(
            self._adapter,
            native,
            parameter_hash=self._parameter_hash,
            schema_id=self._schema_id,
            saturated=counts,
            encrypted_rows=self._encrypted_rows + sum(part._encrypted_rows for part in others),
            known_sums=known_sums,
            ids=ids,
            signers=frozenset().union(*known) if len(known) == len(signers) else None,
        )

    def require_same(self, other: CiphertextBatch) -> None:
        """KeyMismatchError unless the other batch is of the same scheme, public key and schema. Compares ids only."""
        if self.scheme != other.scheme:
            raise KeyMismatchError(f"the batches are of different schemes ({self.scheme} and {other.scheme})")
        if self.public_key_id != other.public_key_id:
            ids = f"{self.public_key_id.hex()[:12]} and {other.public_key_id.hex()[:12]}"
            raise KeyMismatchError(f"the batches were encrypted under different public keys ({ids})")
        if (self._schema_id, self._parameter_hash) != (other._schema_id, other._parameter_hash):
            raise KeyMismatchError("the batches were encoded with different schemas")


def _bounded(sums: npt.NDArray[Any]) -> IntArray:
    """Sums of weights in Python integers as int64, 2^63 - 1 standing for more: the core refuses such weights."""
    return np.asarray(np.minimum(sums, _LARGEST), dtype=np.int64)


def _batch(part: object) -> CiphertextBatch:
    if not isinstance(part, CiphertextBatch):
        raise ParameterError(f"batches are concatenated, in a list, and {_kind_of(part)} is none")
    return part


def _joined_ids(parts: list[CiphertextBatch], allow_duplicates: bool) -> RowIds | None:
    """The ids of all parts. ParameterError where some have none, and for one that is there twice."""
    carried = [part.ids for part in parts if part.ids is not None]
    if not carried:
        return None
    without = next((number for number, part in enumerate(parts, 1) if part.ids is None), None)
    if without is not None:
        raise ParameterError(
            f"batch {without} of {len(parts)} carries no ids, and others do: encrypt all with --carry-ids "
            "(carry_ids), or join them without (pyfe concat --drop-ids, with_ids(None))"
        )
    ids = RowIds.join(carried)
    if not allow_duplicates:
        ids.require_distinct(partial(_called_in, parts))
    return ids


def _require_new_rows(parts: Sequence[CiphertextBatch]) -> None:
    """ParameterError naming rows that an earlier part has: encryption gives no row twice."""
    if len(parts) < 2:
        return
    marks = [part._adapter.row_marks(part._native) for part in parts]
    readers = [part._adapter.row_reader(part._native) for part in parts]
    rows = repeated_rows(marks, lambda part, row: readers[part](row), _NAMED + 1)
    if rows:
        more = " and more" if len(rows) > _NAMED else ""
        raise ParameterError(
            f"{_called_in(parts, rows[:_NAMED])}{more}: an earlier batch has the same encrypted row, so that it would "
            "count twice; if that is meant, allow it (--allow-duplicates, allow_duplicates=True)"
        )


def _called_in(parts: Sequence[CiphertextBatch], rows: Sequence[int]) -> str:
    """Rows of all parts together, in words: which of which batch, counted from 1."""
    starts = np.cumsum([0, *map(len, parts)])
    numbers = np.searchsorted(starts, rows, side="right")
    of = {number: [row for row, at in zip(rows, numbers, strict=True) if at == number] for number in numbers.tolist()}
    return ", ".join(
        f"{called_rows([row - int(starts[number - 1]) for row in own])} of batch {number}" for number, own in of.items()
    )


def _kind_of(value: object) -> str:
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
