"""The proof of scores: evidence, for whoever has no key, that a batch's scores are those that the key gives.

The native payload is the scheme's proof; the metadata is the id of the function. It is not signed: it proves itself,
with the public key, the function, the ciphertexts and the scores at hand, which it does not contain.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from pyfe.adapters import AnyAdapter, NativeScoreProof, adapter_numbered
from pyfe.arrays import IntArray, integer_array
from pyfe.ciphertext import CiphertextBatch
from pyfe.errors import DecodeError, KeyMismatchError, ParameterError
from pyfe.function import Readout
from pyfe.wire import cbor
from pyfe.wire.envelope import Envelope, Kind, as_bytes, pack, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.hashing import HASH_SIZE
from pyfe.wire.pickling import PickledAsBytes

__all__ = ["MOST_CONTEXT_BYTES", "ScoreProof", "proven_about", "values_of"]

MOST_CONTEXT_BYTES = 1024
"""Longest context that a proof is bound to."""

_NAME = "score proof"


@dataclass(frozen=True, repr=False, eq=False)
class ScoreProof(PickledAsBytes):
    """Shows that all scores of one batch are what a function's key gives on it, without the key.

    It is one proof for all rows and outputs, of the same size for any number of them. It names its public key and its
    function, and is bound to the scores, the ciphertexts with their ids, and the context that was stated; it contains
    none of them. It is transferable: whoever gets it, with scores and ciphertexts, is convinced like the first reader.

    Made by :meth:`pyfe.FunctionKey.decrypt` with ``prove=True``; checked by :meth:`pyfe.PublicKey.verify`. It pickles
    as its bytes, and a copy is the proof itself.
    """

    adapter: AnyAdapter
    native: NativeScoreProof
    parameter_hash: bytes
    function_id: bytes

    def to_bytes(self) -> bytes:
        """The canonical encoding: one envelope, 275 bytes."""
        ids = self.parameter_hash, self.public_key_id
        metadata = {"function_id": self.function_id}
        return pack(Envelope(Kind.SCORE_PROOF, self.adapter.number, *ids, self.native.to_bytes(), metadata))

    @classmethod
    def from_bytes(cls, data: bytes) -> ScoreProof:
        """The proof that ``data`` encodes; what it proves is not looked at.

        DecodeError for bytes that are not the canonical encoding of a proof.
        """
        envelope = unpack(as_bytes(data), Kind.SCORE_PROOF)
        adapter = adapter_numbered(envelope.scheme, _NAME)
        if envelope.signature:
            raise DecodeError(f"{_NAME}: it must be unsigned")
        fields = Fields(envelope.metadata, _NAME)
        function_id = fields.octets("function_id", HASH_SIZE)
        fields.finish()
        native = adapter.read_score_proof(bytes(envelope.payload))
        if envelope.public_key_id != native.public_key_id:
            raise DecodeError(f"{_NAME}: the public key id of the header is not that of the proof")
        return cls(adapter, native, envelope.parameter_hash, function_id)

    @property
    def public_key_id(self) -> bytes:
        """Id (32 bytes) of the public key that key and ciphertexts are of."""
        return bytes(self.native.public_key_id)

    @property
    def rows(self) -> int:
        """Of how many rows it is."""
        return self.native.rows

    @property
    def functions(self) -> int:
        """Of how many outputs it is."""
        return self.native.functions

    @property
    def scheme(self) -> str:
        """The scheme id: functionality, assumption, group."""
        return self.adapter.id

    @property
    def id(self) -> bytes:
        """SHA-256 (32 bytes) of the canonical encoding."""
        return hashlib.sha256(self.to_bytes()).digest()

    def info(self) -> dict[str, Any]:
        """What there is to know about it, in plain types. Its claims: nothing of it is verified."""
        return {
            "object": _NAME,
            "scheme": self.scheme,
            "id": self.id.hex(),
            "rows": self.rows,
            "functions": self.functions,
            "public_key_id": self.public_key_id.hex(),
            "function_id": self.function_id.hex(),
        }

    def require_of(self, public_key_id: bytes, parameter_hash: bytes, function_id: bytes) -> None:
        """KeyMismatchError unless it says that it is of this public key and this function."""
        if (self.public_key_id, self.parameter_hash) != (public_key_id, parameter_hash):
            raise KeyMismatchError(f"the {_NAME} belongs to another public key")
        if self.function_id != function_id:
            ids = f"{self.function_id.hex()[:12]}, not {function_id.hex()[:12]}"
            raise KeyMismatchError(f"the {_NAME} is of another function ({ids})")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScoreProof) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __repr__(self) -> str:
        return f"ScoreProof({self.rows} rows, {self.functions} functions, of {self.function_id.hex()[:12]})"


def proven_about(ciphertexts: CiphertextBatch, function_id: bytes, context: bytes | str) -> bytes:
    """What a proof is bound to besides what the scheme knows, each as u64 length and bytes: schema, parameters,
    function, what the batch says of its rows, context. ParameterError for a context that is none."""
    claims = {
        "encrypted_rows": ciphertexts.encrypted_rows,
        "ids": None if ciphertexts.ids is None else ciphertexts.ids.to_field(),
        "saturated": ciphertexts.saturated,
    }
    parts = (
        ciphertexts.schema_id,
        ciphertexts.parameter_hash,
        function_id,
        cbor.dumps(claims),
        _context_bytes(context),
    )
    return b"".join(len(part).to_bytes(8, "little") + part for part in parts)


def _context_bytes(context: object) -> bytes:
    try:
        stated = context.encode() if isinstance(context, str) else context
    except UnicodeEncodeError:
        stated = None
    if not isinstance(stated, bytes) or len(stated) > MOST_CONTEXT_BYTES:
        raise ParameterError(f"the context of a proof is bytes or text, of {MOST_CONTEXT_BYTES} bytes at most")
    return stated


def values_of(readout: Readout, scores: Any, ciphertexts: CiphertextBatch) -> IntArray:
    """What the scores of a batch are without intercepts, int64 ``[batch, k]``. ParameterError unless there are as many
    as the batch has rows."""
    given = integer_array(scores, "scores")
    rows = len(given) if given.ndim else 0
    if rows != len(ciphertexts):
        raise ParameterError(f"there are scores of {rows} rows for {len(ciphertexts)} ciphertexts")
    sums = ciphertexts.weight_sums
    return readout.without_intercept(given, sums[:, 0] - sums[:, 1])
