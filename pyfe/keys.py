"""The two keys that travel: the public key goes to the data owners, a function key to the evaluator."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe._travel import Copied, Secret, Travels, codec
from pyfe.adapters import NativeFunctionKey, NativePublicKey, adapter_of
from pyfe.ciphertext import CiphertextBatch
from pyfe.errors import KeyMismatchError, OutOfRangeError, ParameterError, SignatureError
from pyfe.function import Function, Readout
from pyfe.schema import Encoded, Schema
from pyfe.text import printable

__all__ = ["FunctionKey", "PublicKey", "described_columns"]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]

_FINGERPRINT_TAG = b"PYFE-V1-public-key-fingerprint"


def described_columns(schema: Schema) -> dict[str, str]:
    """Every column in words: kind and range, the value of missing entries if there is one, public and protected."""
    lines = {}
    for name, column in schema.columns.items():
        missing = [] if column.missing is None else [f"missing: {column.missing}"]
        marks = [mark for mark in ("public", "protected") if getattr(column, mark)]
        lines[name] = "; ".join([str(column), *missing, *marks])
    return lines


@dataclass(frozen=True, repr=False, eq=False)
class PublicKey(Copied, Travels):
    """What a data owner needs to encrypt: the scheme's public key, the schema, and the authority's verification key.

    It is signed by the authority itself, so a copy damaged or altered on the way is refused; but whoever replaces it
    whole reads everything encrypted under it. So compare :attr:`fingerprint` with the authority over another channel
    once, and pin it: ``PublicKey.from_bytes(data, fingerprint="...")``.

    Made by :attr:`pyfe.KeyAuthority.public_key`. It pickles as its bytes, and a copy is the key itself.
    """

    native: NativePublicKey
    schema: Schema
    weight_bits: int
    verification_key: bytes
    signature: bytes

    @classmethod
    def from_bytes(cls, data: bytes, *, fingerprint: str | None = None) -> PublicKey:
        """The public key that ``data`` encodes, checked whole (points, parameters, schema, signature).

        With ``fingerprint``, KeyMismatchError unless it is that key. DecodeError for bytes that are not the canonical
        encoding of a public key, SignatureError for a wrong signature. Cost: decoding n points.
        """
        key: PublicKey = codec().decode_public_key(data)
        if fingerprint is not None:
            key.require_fingerprint(fingerprint)
        return key

    @property
    def id(self) -> bytes:
        """Id (32 bytes) of the master public key; every key and ciphertext carries it."""
        return self.native.id

    @property
    def scheme(self) -> str:
        """The scheme id: functionality, assumption, group."""
        return adapter_of(self.native).scheme.id

    @property
    def parameter_hash(self) -> bytes:
        """Hash (32 bytes) of the scheme's parameters: bounds and schema id."""
        return self.native.parameters.id

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits in groups of four: a hash of the master public key and the verification key."""
        tag = len(_FINGERPRINT_TAG).to_bytes(4, "little") + _FINGERPRINT_TAG
        digits = hashlib.sha256(tag + self.id + self.verification_key).hexdigest()
        return "-".join(digits[i : i + 4] for i in range(0, 64, 4))

    def require_fingerprint(self, fingerprint: str) -> None:
        """Raise KeyMismatchError unless this is the key of that fingerprint (dashes, spaces and case do not count)."""
        wanted = "".join(c for c in fingerprint.lower() if c not in "- :\t\n")
        if wanted != self.fingerprint.replace("-", ""):
            raise KeyMismatchError(f"the public key's fingerprint is {self.fingerprint}, not the one that was pinned")

    def encrypt(self, X: Any, *, on_overflow: Literal["raise", "clip"] = "raise") -> CiphertextBatch:
        """Encode and encrypt a table, each row under fresh randomness.

        Parameters
        ----------
        X: a table as for :meth:`pyfe.Schema.encode`, or an :class:`pyfe.schema.Encoded` that it made.
        on_overflow: "raise" refuses values outside the schema; "clip" moves them to the nearer end, and the batch
            carries the count per column.

        Raises OutOfRangeError naming every offending row and column before any work is done, KeyMismatchError for rows
        encoded under another schema.
        Cost a row: n + 2 fixed-base multiplications, of a quadratic scheme about (k + 1)^2 n in each of two groups for
        masks of dimension k.
        """
        encoded = X if isinstance(X, Encoded) else self.schema.encode(X, on_overflow=on_overflow)
        native = adapter_of(self.native).encrypt(self.native, self.schema.check(encoded))
        return CiphertextBatch(
            native,
            parameter_hash=self.parameter_hash,
            schema_id=self.schema.id,
            saturated=encoded.saturated,
        )

    def info(self) -> dict[str, Any]:
        """What there is to know about it, in plain types."""
        return {
            "object": "public key",
            "scheme": self.scheme,
            "id": self.id.hex(),
            "fingerprint": self.fingerprint,
            "schema_id": self.schema.id.hex(),
            "coordinates": self.schema.n,
            "columns": described_columns(self.schema),
            "weight_bits": self.weight_bits,
            "bytes_per_row": adapter_of(self.native).scheme.row_bytes(self.schema.n),
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"PublicKey({self.scheme}, n={self.schema.n}, id {self.id.hex()[:12]}, {self.fingerprint[:9]}...)"


@dataclass(frozen=True, repr=False, eq=False)
class FunctionKey(Secret, Travels):
    """Opens one function's results on ciphertexts of one public key, and nothing else. Bearer: keep it private.

    It carries the function, the exact interval of each result, the ids of schema and public key, what it was issued
    for, and the authority's signature over all of it. ``verified`` says whether signature and key equation (for linear
    schemes ``s_y G + t_y H = sum_i y_i h_i``) were checked against a public key.

    Made by :meth:`pyfe.KeyAuthority.issue`. It is never pickled or copied: move its bytes on purpose.
    """

    native: NativeFunctionKey
    function: Function
    parameter_hash: bytes
    purpose: str
    issued_at: int
    sequence: int
    policy: str
    recipient: str | None
    signature: bytes
    verified: bool = False

    @classmethod
    def from_bytes(cls, data: bytes, *, public_key: PublicKey | None = None) -> FunctionKey:
        """The function key that ``data`` encodes, checked against ``public_key`` if one is given: ids and signature
        first, so that nothing is decoded that the authority did not write.

        Without a public key the result is marked unverified: its signature was not checked. DecodeError for bytes that
        are not the canonical encoding of a function key; KeyMismatchError for another authority's or schema's key;
        SignatureError for a wrong signature. Cost of the check: one signature, and one n-term sum or about one
        decryption per function.
        """
        if public_key is not None:
            _require_public_key(public_key)
        key: FunctionKey = codec().decode_function_key(data, public_key)
        return key if public_key is None else key._verified(public_key)

    def verify(self, public_key: PublicKey) -> FunctionKey:
        """This key marked as verified, after checking ids, signature and key equation against ``public_key``.

        Raises KeyMismatchError (SignatureError, if it is the signature) naming what does not fit.
        """
        _require_public_key(public_key)
        codec().require_signed(self.to_bytes(), public_key)
        return self._verified(public_key)

    def _verified(self, public_key: PublicKey) -> FunctionKey:
        """This key, whose ids and signature were checked, marked as verified if it is what it states."""
        if self.schema_id != public_key.schema.id:
            raise KeyMismatchError("the function key belongs to another schema")
        if not adapter_of(self.native).verify_key(public_key.native, self.native):
            raise SignatureError("the function key is signed, but does not open the function that it states")
        return replace(self, function=replace(self.function, schema=public_key.schema), verified=True)

    @property
    def public_key_id(self) -> bytes:
        """Id (32 bytes) of the public key whose ciphertexts it opens."""
        return self.native.public_key_id

    @property
    def schema_id(self) -> bytes:
        """Id (32 bytes) of the schema its function was compiled for."""
        return self.function.schema_id

    @property
    def scheme(self) -> str:
        """The scheme id: functionality, assumption, group."""
        return adapter_of(self.native).scheme.id

    @property
    def readout(self) -> Readout:
        """How the integers that it opens are read: interval, intercept, scale, link, classes."""
        return self.function.readout

    @property
    def interval(self) -> IntArray:
        """int64 ``[k, 2]``: least and greatest possible inner product of each function, intercept not included."""
        return self.native.intervals

    @property
    def id(self) -> bytes:
        """SHA-256 (32 bytes) of the canonical encoding."""
        return hashlib.sha256(self.to_bytes()).digest()

    def decrypt(self, ciphertexts: CiphertextBatch, *, largest_weight_sum: int = 1) -> IntArray:
        """The exact integer scores, intercept included: int64 ``[batch]`` for one function, else ``[batch, k]``.

        They equal ``function.evaluate`` of the encrypted rows. For combined rows they are the same combination of the
        scores.

        largest_weight_sum: what the weights of a row may sum to, in absolute values, if the row came as bytes; a row
            whose weights sum to s takes s times the search. Rows combined in this process carry their own sum.

        Raises KeyMismatchError at once for ciphertexts of another public key or schema; OutOfRangeError, before any
        search, naming a row with larger weights; and naming row and function when a result is not in its interval
        (altered ciphertexts, or an unverified, wrong key).
        Cost per row and function: an n-term multi-scalar multiplication, of a quadratic scheme a product of pairings,
        and a search over the interval.
        """
        self.require_match(ciphertexts)
        ciphertexts.require_weight_sums(largest_weight_sum)
        products = self._products(ciphertexts)
        sums = ciphertexts.weight_sums
        return self.readout.add_intercept(products, sums[:, 0] - sums[:, 1])

    def _products(self, ciphertexts: CiphertextBatch) -> IntArray:
        try:
            return adapter_of(self.native).decrypt(self.native, ciphertexts.native)
        except OutOfRangeError as error:
            if self.verified:
                raise
            advice = "verify(public_key), or --public-key on the command line"
            raise OutOfRangeError(f"{error}, or the unverified key was changed; check it with {advice}") from error

    def decision_function(self, ciphertexts: CiphertextBatch) -> FloatArray:
        """The model's scores in its own units, float64, in scikit-learn's shapes. Errors and cost: :meth:`decrypt`."""
        return self.readout.decision_function(self._plain_scores(ciphertexts))

    def predict_proba(self, ciphertexts: CiphertextBatch) -> FloatArray:
        """Class probabilities float64 ``[batch, classes]`` in the model's class order. Errors: :meth:`decrypt`."""
        return self.readout.predict_proba(self._plain_scores(ciphertexts))

    def predict(self, ciphertexts: CiphertextBatch) -> npt.NDArray[Any]:
        """The model's prediction ``[batch]``: a class, or a value for a regression. Errors: :meth:`decrypt`."""
        return self.readout.predict(self._plain_scores(ciphertexts))

    def info(self) -> dict[str, Any]:
        """What there is to know about it, in plain types; nothing secret."""
        low, high = self.interval[:, 0], self.interval[:, 1]
        return {
            "object": "function key",
            "scheme": self.scheme,
            "id": self.id.hex(),
            "verified": self.verified,
            "public_key_id": self.public_key_id.hex(),
            "schema_id": self.schema_id.hex(),
            "function_id": self.function.id.hex(),
            "bytes_per_row": adapter_of(self.native).scheme.row_bytes(self.function.n),
            "functions": len(self.interval),
            "interval": [[int(a), int(b)] for a, b in zip(low, high, strict=True)],
            "purpose": self.purpose,
            "recipient": self.recipient,
            "issued_at": datetime.fromtimestamp(self.issued_at, UTC).isoformat(),
            "sequence": self.sequence,
            "policy": self.policy,
        }

    def require_match(self, ciphertexts: CiphertextBatch) -> None:
        """Raise KeyMismatchError unless the batch belongs to this key. Compares ids only: microseconds."""
        if not isinstance(ciphertexts, CiphertextBatch):
            raise ParameterError(f"expected a CiphertextBatch, not {type(ciphertexts).__name__}")
        if ciphertexts.public_key_id != self.public_key_id:
            ids = f"key {self.public_key_id.hex()[:12]}, ciphertexts {ciphertexts.public_key_id.hex()[:12]}"
            raise KeyMismatchError(f"key and ciphertexts belong to different public keys ({ids})")
        if (ciphertexts.schema_id, ciphertexts.parameter_hash) != (self.schema_id, self.parameter_hash):
            raise KeyMismatchError("key and ciphertexts belong to different schemas")

    def _plain_scores(self, ciphertexts: CiphertextBatch) -> IntArray:
        if ciphertexts.combined:
            raise ParameterError("combined rows have no class or probability; use decrypt, which gives combined scores")
        return self.decrypt(ciphertexts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FunctionKey) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.signature)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a function key is never pickled and never copied: it opens scores; write key.to_bytes() to a file that "
            "only you can read, and read it with FunctionKey.from_bytes where it is needed"
        )

    def __repr__(self) -> str:
        state = "verified" if self.verified else "UNVERIFIED"
        return printable(f"FunctionKey(#{self.sequence} for {self.purpose!r}, {state}, policy: {self.policy})")


def _require_public_key(given: object) -> None:
    if not isinstance(given, PublicKey):
        raise ParameterError(f"public_key is a pyfe.PublicKey, not {type(given).__name__}")
