"""The public key: what goes to the data owners; and its bytes.

The native payload is the scheme's master public key, whose parameters contain the schema id. The metadata is the
schema, the weight width and the authority's Ed25519 verification key, by which the whole is signed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Literal, TypeAlias

from pyfe.adapters import MAX_WEIGHT_BITS, AnyAdapter, NativePublicKey, adapter_numbered
from pyfe.arguments import require_a
from pyfe.ciphertext import CiphertextBatch
from pyfe.errors import DecodeError, KeyMismatchError, ParameterError, ProofError
from pyfe.function import Function
from pyfe.identity import IdentitySecret
from pyfe.keys.carried_ids import carried_ids, given_ids
from pyfe.keys.into_file import Owned, encrypt_into
from pyfe.keys.owner_noise import noise_part, require_owner_secret, with_noise
from pyfe.keys.patient_ledger import PatientLedger, require_ids, require_ledger
from pyfe.keys.score_proof import ScoreProof, proven_about, values_of
from pyfe.row_ids import Carriage
from pyfe.schema import Encoded, Schema
from pyfe.schemes.arguments import Client, Label
from pyfe.wire.envelope import (
    HEADER_SIZE,
    Envelope,
    Kind,
    Outline,
    around,
    as_bytes,
    opened,
    outline,
    signed_part,
    unpack,
    without_payload,
)
from pyfe.wire.fields import Fields
from pyfe.wire.hashing import fingerprint_of, is_fingerprint_of, public_key_digest
from pyfe.wire.pickling import PickledAsBytes
from pyfe.wire.signature import KEY_SIZE, SIGNATURE_SIZE, SigningKey, require_valid

__all__ = ["PublicKey", "described_columns"]

AnyPath: TypeAlias = str | os.PathLike[str]

_NAME = "public key"


def described_columns(schema: Schema) -> dict[str, str]:
    """Every column in words: kind and range, the value of missing entries if there is one, public and protected."""
    lines = {}
    for name, column in schema.columns.items():
        missing = [] if column.missing is None else [f"missing: {column.missing}"]
        marks = [mark for mark in ("public", "protected") if getattr(column, mark)]
        lines[name] = "; ".join([str(column), *missing, *marks])
    return lines


@dataclass(frozen=True, repr=False, eq=False)
class PublicKey(PickledAsBytes):
    """What a data owner needs to encrypt: the scheme's public key, the schema, and the authority's verification key.

    It is signed by the authority itself, so a copy damaged or altered on the way is refused; but whoever replaces it
    whole reads everything encrypted under it. So compare :attr:`fingerprint` with the authority over another channel
    once, and pin it: ``PublicKey.from_bytes(data, fingerprint="...")``.

    Made by :attr:`pyfe.KeyAuthority.public_key`. It pickles as its bytes, and a copy is the key itself.
    """

    adapter: AnyAdapter
    native: NativePublicKey
    schema: Schema
    weight_bits: int
    verification_key: bytes
    signature: bytes

    @classmethod
    def signed(
        cls, adapter: AnyAdapter, native: NativePublicKey, schema: Schema, weight_bits: int, signing_key: SigningKey
    ) -> PublicKey:
        """The public key of an authority, signed by it."""
        unsigned = cls(adapter, native, schema, weight_bits, signing_key.public, bytes(SIGNATURE_SIZE))
        if adapter.payload_in_id:
            return replace(unsigned, signature=signing_key.sign(b"".join(unsigned.around()[:2])))
        return replace(unsigned, signature=signing_key.sign(signed_part(unsigned.to_bytes())))

    def to_bytes(self) -> bytes:
        """The canonical encoding: the scheme's public key in the payload; schema, weight bits and verification key in
        the metadata. Cost: linear in the size of the key. ParameterError where that is too large to be held
        (:meth:`pyfe.KeyAuthority.write_public_key`)."""
        header, *rest = self.around()
        return b"".join([header, *self.adapter.public_pieces(self.native), *rest])

    def around(self) -> tuple[bytes, bytes, bytes]:
        """What stands before and behind the payload: header; metadata, signature."""
        metadata = {
            "schema": self.schema.to_dict(),
            "verification_key": self.verification_key,
            "weight_bits": self.weight_bits,
        }
        ids = self.parameter_hash, self.id
        envelope = Envelope(Kind.PUBLIC_KEY, self.adapter.number, *ids, b"", metadata, self.signature)
        return around(envelope, self.adapter.public_size(self.native))

    @classmethod
    def from_bytes(cls, data: bytes, *, fingerprint: str | None = None) -> PublicKey:
        """The public key that ``data`` encodes, checked whole (points, parameters, schema, signature).

        With ``fingerprint``, KeyMismatchError unless it is that key. DecodeError for bytes that are not the canonical
        encoding of a public key, SignatureError for a wrong signature. Cost: decoding n points.
        """
        key = _decode(as_bytes(data))
        if fingerprint is not None:
            key.require_fingerprint(fingerprint)
        return key

    @classmethod
    def open(cls, path: AnyPath, *, fingerprint: str | None = None) -> PublicKey:
        """The public key that a file is, as :meth:`from_bytes`; one too large to be held (of ipfe-rlwe, above 256 MB)
        stays in its file, is checked in one pass, and is read again where it is used: a hash of every column's part is
        kept, so that a file that somebody changes meanwhile is refused (DecodeError).

        OSError for a file that cannot be read, DecodeError for a pipe or a device. Cost: that of reading it.
        """
        with opened(path, Kind.PUBLIC_KEY) as descriptor:
            key = _of_file(outline(descriptor, Kind.PUBLIC_KEY), descriptor)
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
        return self.adapter.id

    @property
    def parameter_hash(self) -> bytes:
        """Hash (32 bytes) of the scheme's parameters: bounds and schema id."""
        return self.native.parameters.id

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits in groups of four: a hash of the master public key and the verification key."""
        return fingerprint_of(self._pinned)

    @property
    def _pinned(self) -> bytes:
        return public_key_digest(self.id, self.verification_key)

    def require_fingerprint(self, fingerprint: str) -> None:
        """Raise KeyMismatchError unless this is the key of that fingerprint (dashes, spaces and case do not count)."""
        given: object = fingerprint
        if not isinstance(given, str):
            raise ParameterError(f"a fingerprint is a text of 64 hexadecimal digits, not {type(given).__name__}")
        if not is_fingerprint_of(fingerprint, self._pinned):
            raise KeyMismatchError(f"the public key's fingerprint is {self.fingerprint}, not the one that was pinned")

    def encrypt(
        self,
        X: Any,
        *,
        on_overflow: Literal["raise", "clip"] = "raise",
        client: Client | None = None,
        label: Label | None = None,
        owner_secret: Any = None,
        ids: Any = None,
        ledger: PatientLedger | None = None,
        carry_ids: Carriage | None = None,
        allow_duplicates: bool = False,
        retired: bool = False,
    ) -> CiphertextBatch:
        """Encode and encrypt a table, each row under fresh randomness.

        Parameters
        ----------
        X: a table as for :meth:`pyfe.Schema.encode`, or an :class:`pyfe.schema.Encoded` that it made.
        on_overflow: "raise" refuses values outside the schema; "clip" moves them to the nearer end, and the batch
            carries the count per column.
        client, label: who encrypts in a multi-client scheme, and what rows are bound to; else ParameterError.
        owner_secret: 32 bytes that only the data owner has, where the schema has noise slots (:func:`pyfe.noise`), and
            only there (ParameterError): what the noise of a row is drawn from. The same for all rows and for good: the
            same row then has the same noise, and encrypting it again lets nobody average it out. It is not kept.
            By default that of the ledger, if one is given. A :class:`pyfe.owner.OwnerSecret` stands for its ``noise``,
            and makes pseudonyms.
        ids, ledger: the record id of every row, and the owner's ledger (:class:`pyfe.owner.OwnerLedger`): it records
            the patients, durably, before any row is encrypted, and refuses (RowsDeniedError) where one of them would
            meet epochs that say too much together; then nothing is encrypted. OwnerError where it cannot record.
        carry_ids: "clear" or "pseudonym": the ids, by default the index of the DataFrame X, travel beside the rows and
            are the index of the scores (:attr:`pyfe.CiphertextBatch.ids`), as they are or under the owner's secret.
        allow_duplicates: carry an id that several rows have (else ParameterError, naming the rows).
        retired: encrypt though the ledger's table says that the key's epoch gets no new keys (else ParameterError).

        Raises OutOfRangeError naming every offending row and column before any work is done, KeyMismatchError for rows
        encoded under another schema.
        Cost a row: n + 2 fixed-base multiplications, of a quadratic scheme about (k + 1)^2 n in each of two groups for
        masks of dimension k. The first call makes tables of the key's points, which stay with it: 60 KB a point and 64
        MB at most, of a quadratic scheme 16 KB a point.
        """
        require_ledger(ledger, retired=retired)
        noise_secret = noise_part(self.schema, owner_secret, pseudonyms=carry_ids == "pseudonym", ledger=ledger)
        require_owner_secret(self.schema, noise_secret)
        ids = given_ids(ids, X, carry_ids, self.schema)
        encoded = X if isinstance(X, Encoded) else self.schema.encode(X, on_overflow=on_overflow)
        x = with_noise(self.schema, encoded, self.schema.check(encoded), noise_secret)
        listed = require_ids(ids, len(x), ledger, carried=carry_ids is not None)
        carried = carried_ids(listed, carry_ids, owner_secret if ledger is None else ledger.secret, allow_duplicates)
        if ledger is not None:
            ledger.record(self, listed, **({"retired": True} if retired else {}))
        return CiphertextBatch(
            self.adapter,
            self.adapter.encrypt(self.native, x, client=client, label=label),
            parameter_hash=self.parameter_hash,
            schema_id=self.schema.id,
            saturated=encoded.saturated,
            ids=carried,
            signers=frozenset(),
        )

    def encrypt_into(
        self,
        file: BinaryIO,
        X: Any,
        *,
        on_overflow: Literal["raise", "clip"] = "raise",
        owner_secret: Any = None,
        ids: Any = None,
        ledger: PatientLedger | None = None,
        carry_ids: Carriage | None = None,
        allow_duplicates: bool = False,
        retired: bool = False,
        sign_as: IdentitySecret | None = None,
    ) -> int:
        """:meth:`encrypt` for vectors so wide that neither they nor their ciphertext fit into memory: one ciphertext,
        feature by feature, into an empty file that is open to be written; how many rows.

        Parameters
        ----------
        X: a table as for :meth:`encrypt`, or an iterator of tables, some rows each: all of them are one batch, of 8,192
            rows at most. A table is encoded some rows at a time.
        sign_as: whose signature the batch gets, as by :meth:`CiphertextBatch.signed`.
        others: as of :meth:`encrypt`.

        What makes the file a batch is written last: what a killed run leaves opens nothing, and nothing goes on with
        it, since no randomness is kept. Read it by :meth:`CiphertextBatch.open`. UnsupportedError in a scheme that
        encrypts rows one by one. Memory: a byte a value for entries of one byte, and some MB; the file, n * 8,192 * b /
        8 bytes, however few rows it holds. Cost: as of :meth:`encrypt`.
        """
        owned = Owned(owner_secret, ids, ledger, carry_ids, allow_duplicates, retired)
        return encrypt_into(self, file, X, on_overflow, owned, sign_as).rows

    def verify(
        self,
        function: Function,
        ciphertexts: CiphertextBatch,
        scores: Any,
        proof: ScoreProof,
        *,
        context: bytes | str = b"",
    ) -> None:
        """Check that ``scores`` are what the function's key gives on the ciphertexts; no secret is needed.

        Parameters
        ----------
        function: the function of the key; for people who do not have it, ``key.function`` has the map and the readout.
        scores: integers ``[batch]`` or ``[batch, k]`` as :meth:`pyfe.FunctionKey.decrypt` gave them, with the proof.
        context: what the proof was bound to.

        Returns nothing. ProofError where the proof does not show it; KeyMismatchError where function, ciphertexts or
        proof belong to another public key, schema or function; OutOfRangeError naming row and function for a score that
        no row of the schema has; UnsupportedError in a scheme without proofs.

        The proof says nothing about who made the ciphertexts, whether their rows keep to the schema, or whether the
        authority issued a key for this very function: docs/math/score-proofs.md. Cost a row and function: that of
        decryption without the search and without its two long multiplications.
        """
        require_a(function, Function, "the function")
        require_a(ciphertexts, CiphertextBatch, "the batch")
        require_a(proof, ScoreProof, "the proof")
        self.adapter.require_provable()
        if ciphertexts.public_key_id != self.id or ciphertexts.schema_id != self.schema.id:
            raise KeyMismatchError("the ciphertexts belong to another public key")
        if function.schema_id != self.schema.id:
            raise KeyMismatchError("the function belongs to another schema than the public key")
        proof.require_of(self.id, self.parameter_hash, function.id)
        values = values_of(function.readout, scores, ciphertexts)
        about = proven_about(ciphertexts, function.id, context)
        if not self.adapter.verify_scores(self.native, function.map, ciphertexts.native, values, about, proof.native):
            raise ProofError(
                "the proof does not show that the function's key gives these scores on these ciphertexts: one of them "
                "was changed, or the context is another"
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
            "bytes_per_row": self.adapter.row_bytes(self.schema.n),
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and (self.id, self.around()) == (other.id, other.around())

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"PublicKey({self.scheme}, n={self.schema.n}, id {self.id.hex()[:12]}, {self.fingerprint[:9]}...)"


def _decode(data: bytes) -> PublicKey:
    """The public key that ``data`` encodes; SignatureError unless it is signed by the key it contains."""
    whole = unpack(data, Kind.PUBLIC_KEY)
    found = without_payload(data[:HEADER_SIZE], data[HEADER_SIZE + len(whole.payload) :], Kind.PUBLIC_KEY)

    def signed(adapter: AnyAdapter) -> bytes:
        return found.around if adapter.payload_in_id else signed_part(data)

    return _checked(found, signed, lambda adapter: adapter.read_public_key(bytes(whole.payload)))


def _of_file(found: Outline, descriptor: int) -> PublicKey:
    """The same of a file. One whose payload is signed is read once: somebody may change the file meanwhile."""
    if not adapter_numbered(found.envelope.scheme, _NAME).payload_in_id:
        return _decode(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
    return _checked(
        found,
        lambda _: found.around,
        lambda adapter: adapter.open_public_key(descriptor, HEADER_SIZE, found.payload),
    )


def _checked(
    found: Outline, signed: Callable[[AnyAdapter], bytes], read: Callable[[AnyAdapter], NativePublicKey]
) -> PublicKey:
    """The signature is checked before the schema is made, and the schema before a point of the payload is read."""
    envelope = found.envelope
    adapter = adapter_numbered(envelope.scheme, _NAME)
    if not envelope.signature:
        raise DecodeError(f"{_NAME}: it must be signed")
    fields = Fields(envelope.metadata, _NAME)
    verification_key = fields.octets("verification_key", KEY_SIZE)
    require_valid(verification_key, envelope.signature, signed(adapter), _NAME)
    weight_bits = fields.integer("weight_bits", 2, MAX_WEIGHT_BITS)
    schema = Schema.from_dict(fields.plain("schema"))
    fields.finish()
    if envelope.parameter_hash != adapter.parameter_hash(schema, weight_bits):
        raise KeyMismatchError(f"{_NAME}: the scheme's parameters are not those of the schema it contains")
    native = read(adapter)
    if (envelope.parameter_hash, envelope.public_key_id) != (native.parameters.id, native.id):
        raise DecodeError(f"{_NAME}: the ids of the header are not those of the key")
    if adapter.public_size(native) != found.payload:
        raise DecodeError(f"{_NAME}: only a hash of it is here")
    return PublicKey(adapter, native, schema, weight_bits, verification_key, envelope.signature)
