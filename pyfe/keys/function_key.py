"""The function key: what goes to the evaluator; and its bytes.

The native payload holds the weights or forms, how the results are read (intervals, intercepts, scales, link, classes)
and the scheme's key: all that a service without Python needs. The metadata is what people call the function, its
schema, and what the authority says about the key. The authority's signature covers header, payload and metadata.

In keys of the first layout, that of 0.1.0, the readout lies in the metadata; earlier keys have no epoch and no end.
They are read, and written as they were.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from dataclasses import fields as dataclass_fields
from typing import Any, Literal, NoReturn, TypeAlias, overload

import numpy as np

from pyfe.adapters import AnyAdapter, NativeFunctionKey, adapter_numbered
from pyfe.arguments import require_a
from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.ciphertext import CiphertextBatch
from pyfe.errors import (
    DecodeError,
    KeyExpiredError,
    KeyMismatchError,
    OutOfRangeError,
    ParameterError,
    SignatureError,
)
from pyfe.function import Function, Readout
from pyfe.identity import Identity
from pyfe.incidents import IN_MEMORY, question
from pyfe.keys.public_key import PublicKey
from pyfe.keys.revocation_list import RevocationList
from pyfe.keys.score_proof import ScoreProof, proven_about, values_of
from pyfe.schema import MAX_BITS
from pyfe.text import iso_time, printable
from pyfe.wire.envelope import Envelope, Kind, as_bytes, pack, signed_part, unframed, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.pickling import Secret
from pyfe.wire.signature import SIGNATURE_SIZE, SigningKey, require_valid

__all__ = ["FunctionKey", "Grant", "require_encodable", "require_signed"]


Clock: TypeAlias = Callable[[], float]

MAX_TIME = 2**40
"""Seconds since 1970 that still make a calendar date."""

MAX_EPOCH = 2**53 - 1
"""Highest number of an epoch: exact wherever it is read."""

_NAME = "function key"
_OF_EPOCHS = ("epoch", "not_after")
_IN_THE_PAYLOAD = ("weights", "forms")


@dataclass(frozen=True)
class Grant:
    """What the authority says about a key it issues."""

    purpose: str
    issued_at: int
    sequence: int
    policy: str
    recipient: str | None
    epoch: int | None = None
    not_after: int | None = None

    def fields(self) -> dict[str, Any]:
        """The fields of a key's metadata; keys without an epoch, those of earlier versions, have no end either."""
        values = asdict(self)
        return values if self.epoch is not None else {k: v for k, v in values.items() if k not in _OF_EPOCHS}

    @classmethod
    def read(cls, fields: Fields) -> Grant:
        """The inverse of :meth:`fields`; DecodeError for anything else."""
        of_epoch = fields.has("epoch")
        grant = cls(
            purpose=fields.take("purpose", str),
            issued_at=fields.integer("issued_at", 0, MAX_TIME),
            sequence=fields.integer("sequence", 1, 2**63 - 1),
            policy=fields.take("policy", str),
            recipient=fields.optional("recipient", str),
            epoch=fields.integer("epoch", 1, MAX_EPOCH) if of_epoch else None,
            not_after=fields.optional("not_after", int) if of_epoch else None,
        )
        if grant.not_after is not None and not 0 <= grant.not_after <= MAX_TIME:
            raise DecodeError(f"{_NAME}: its last second is {grant.not_after}, must be 0 to {MAX_TIME}")
        return grant


@dataclass(frozen=True, repr=False, eq=False)
class FunctionKey(Secret):
    """Opens one function's results on ciphertexts of one public key, and nothing else. Bearer: keep it private.

    It carries the function, the exact interval of each result, the ids of schema and public key, what it was issued
    for, and the authority's signature over all of it. ``verified`` says whether signature and key equation (for linear
    schemes ``s_y G + t_y H = sum_i y_i h_i``) were checked against a public key. ``epoch`` is the authority's, and
    ``not_after`` the last second at which the key is to be used, None where it has no end: whoever decrypts with it
    later gets a KeyExpiredError. That is for honest evaluators: only another epoch ends what a key can open.

    Made by :meth:`pyfe.KeyAuthority.issue`. It is never pickled or copied: move its bytes on purpose.
    """

    adapter: AnyAdapter
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
    epoch: int | None = None
    not_after: int | None = None

    @classmethod
    def signed(
        cls, public_key: PublicKey, native: NativeFunctionKey, function: Function, grant: Grant, signing_key: SigningKey
    ) -> FunctionKey:
        """The key of a function under ``public_key``, signed by the authority; not yet verified."""
        stating = native.with_readout(function.readout.to_native())
        unsigned = _key(public_key.adapter, stating, function, public_key.parameter_hash, grant, bytes(SIGNATURE_SIZE))
        return replace(unsigned, signature=signing_key.sign(signed_part(unsigned.to_bytes())))

    def to_bytes(self) -> bytes:
        """The canonical encoding, a bearer secret. Cost: linear in the size of the key."""
        ids = self.parameter_hash, self.public_key_id
        described = _first_description(self.function) if self.native.readout is None else _description(self.function)
        metadata, payload = {**described, **self.grant.fields()}, self.native.to_bytes()
        return pack(Envelope(Kind.FUNCTION_KEY, self.adapter.number, *ids, payload, metadata, self.signature))

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
        key = _decode(as_bytes(data), public_key)
        return key if public_key is None else key._verified(public_key)

    def verify(self, public_key: PublicKey) -> FunctionKey:
        """This key marked as verified, after checking ids, signature and key equation against ``public_key``.

        Raises KeyMismatchError (SignatureError, if it is the signature) naming what does not fit.
        """
        _require_public_key(public_key)
        require_signed(self.to_bytes(), public_key)
        return self._verified(public_key)

    def _verified(self, public_key: PublicKey) -> FunctionKey:
        """This key, whose ids and signature were checked, marked as verified if it is what it states."""
        if self.schema_id != public_key.schema.id:
            raise KeyMismatchError("the function key belongs to another schema")
        if not self.adapter.verify_key(public_key.native, self.native):
            raise SignatureError("the function key is signed, but does not open the function that it states")
        return replace(self, function=replace(self.function, schema=public_key.schema), verified=True)

    @property
    def grant(self) -> Grant:
        """What the authority says about it."""
        return Grant(**{each.name: getattr(self, each.name) for each in dataclass_fields(Grant)})

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
        return self.adapter.id

    @property
    def readout(self) -> Readout:
        """How the integers that it opens are read: interval, intercept, scale, link, classes."""
        return self.function.readout

    @property
    def exact(self) -> bool:
        """Whether what it opens is exact; False where every result has noise (:attr:`pyfe.Function.exact`)."""
        return self.readout.exact

    @property
    def interval(self) -> IntArray:
        """int64 ``[k, 2]``: least and greatest possible inner product of each function, intercept not included."""
        return self.native.intervals

    @property
    def id(self) -> bytes:
        """SHA-256 (32 bytes) of the canonical encoding."""
        return hashlib.sha256(self.to_bytes()).digest()

    @overload
    def decrypt(
        self,
        ciphertexts: CiphertextBatch,
        *,
        largest_weight_sum: int = ...,
        signed_by: Identity | None = ...,
        clock: Clock = ...,
        revoked: RevocationList | None = ...,
        prove: Literal[False] = ...,
        context: bytes | str = ...,
    ) -> IntArray: ...
    @overload
    def decrypt(
        self,
        ciphertexts: CiphertextBatch,
        *,
        largest_weight_sum: int = ...,
        signed_by: Identity | None = ...,
        clock: Clock = ...,
        revoked: RevocationList | None = ...,
        prove: Literal[True],
        context: bytes | str = ...,
    ) -> tuple[IntArray, ScoreProof]: ...
    def decrypt(
        self,
        ciphertexts: CiphertextBatch,
        *,
        largest_weight_sum: int = 1,
        signed_by: Identity | None = None,
        clock: Clock = time.time,
        revoked: RevocationList | None = None,
        prove: bool = False,
        context: bytes | str = b"",
    ) -> IntArray | tuple[IntArray, ScoreProof]:
        """The exact integer scores, intercept included: int64 ``[batch]`` for one function, else ``[batch, k]``.

        They equal ``function.evaluate`` of the encrypted rows, but for the noise of their owner where the key is not
        :attr:`exact`. For combined rows they are the same combination of the scores. Where ids travel with the rows,
        ``ciphertexts.ids`` is the index of the scores.

        largest_weight_sum: what the weights of a row may sum to, in absolute values, if the row came as bytes; a row
            whose weights sum to s takes s times the search. Rows combined in this process carry their own sum.
        signed_by: who has to have signed the batch as it is; what was cut, joined or combined is unsigned. Where a
            refusal is an answer, what was not encrypted in this process has to be, and refusals are counted, in the
            memory of this process alone: :class:`pyfe.Evaluator` counts them durably.
        clock: seconds since 1970, asked where the key has an end.
        revoked: the authority's newest list of revoked keys.
        prove: give ``(scores, proof)``; the proof shows to whoever has the public key, the function and the ciphertexts
            that these are the scores (:meth:`pyfe.PublicKey.verify`). UnsupportedError, before any search, in a scheme
            that has no proofs.
        context: bytes or text that the proof is bound to: what it is made for, or a number that its reader drew.

        Raises KeyMismatchError at once for ciphertexts of another public key or schema; KeyExpiredError after the key's
        end, and for a key that is on the list; SignatureError, before any search, for a batch that is not signed as it
        should be; OutOfRangeError likewise, naming a row with larger weights; and naming row and function when a result
        is not in its interval (altered ciphertexts, or an unverified, wrong key).
        Cost per row and function: an n-term multi-scalar multiplication, of a quadratic scheme a product of pairings,
        and a search over the interval.
        """
        self.require_match(ciphertexts)
        self.require_usable(clock, revoked)
        if signed_by is not None:
            ciphertexts.require_signed_by(signed_by)
        ciphertexts.require_weight_sums(largest_weight_sum)
        if prove:
            self.adapter.require_provable()
            proven_about(ciphertexts, self.function.id, context)
        elif context:
            raise ParameterError("a context is what a proof is bound to: give prove=True")
        named, counts = None if signed_by is None else signed_by.ed25519, self.adapter.refusal_answers
        asked = question(self.public_key_id, ciphertexts.signers, named, lambda: ciphertexts.id, refusal_answers=counts)
        with IN_MEMORY.answering(asked, clock):
            scores = self._scores(ciphertexts)
        return (scores, self.prove(ciphertexts, scores, context=context)) if prove else scores

    def uncounted(
        self,
        ciphertexts: CiphertextBatch,
        *,
        largest_weight_sum: int = 1,
        clock: Clock = time.time,
        revoked: RevocationList | None = None,
    ) -> IntArray:
        """What :meth:`decrypt` gives, for whoever looks at signatures and counts refusals himself: within
        :meth:`pyfe.incidents.Incidents.answering`, as :class:`pyfe.Evaluator` does."""
        self.require_match(ciphertexts)
        self.require_usable(clock, revoked)
        ciphertexts.require_weight_sums(largest_weight_sum)
        return self._scores(ciphertexts)

    @staticmethod
    def uncounted_together(
        keys: Sequence[FunctionKey],
        ciphertexts: CiphertextBatch,
        *,
        largest_weight_sum: int = 1,
        clock: Clock = time.time,
        revoked: RevocationList | None = None,
    ) -> list[IntArray]:
        """What :meth:`uncounted` gives of each of several keys of one public key; in ``ipfe-rlwe`` the ciphertexts are
        read once for all of them. One RefusedError for all, after all of the work."""
        for key in keys:
            key.require_match(ciphertexts)
            key.require_usable(clock, revoked)
        ciphertexts.require_weight_sums(largest_weight_sum)
        with _advising(all(key.verified for key in keys)):
            products = keys[0].adapter.decrypt_together([key.native for key in keys], ciphertexts.native)
        return [key._read(each, ciphertexts) for key, each in zip(keys, products, strict=True)]

    def _scores(self, ciphertexts: CiphertextBatch) -> IntArray:
        return self._read(self._products(ciphertexts), ciphertexts)

    def _read(self, products: IntArray, ciphertexts: CiphertextBatch) -> IntArray:
        """The scores that inner products are."""
        if not ciphertexts.combined:
            return self.readout.add_intercept(products)
        sums = ciphertexts.weight_sums
        return self.readout.add_intercept(products, sums[:, 0] - sums[:, 1])

    def prove(self, ciphertexts: CiphertextBatch, scores: Any, *, context: bytes | str = b"") -> ScoreProof:
        """The proof of scores that :meth:`decrypt` gave on these very ciphertexts, as in ``decrypt(..., prove=True)``.

        A proof of any others is made too, and does not verify. Raises KeyMismatchError for ciphertexts of another
        public key or schema, ParameterError for another number of scores, UnsupportedError in a scheme without proofs.
        Cost a row: some 4 microseconds, most of it the hash of the row.
        """
        self.adapter.require_provable()
        self.require_match(ciphertexts)
        values = values_of(self.readout, scores, ciphertexts)
        about = proven_about(ciphertexts, self.function.id, context)
        native = self.adapter.prove(self.native, ciphertexts.native, values, about)
        return ScoreProof(self.adapter, native, self.parameter_hash, self.function.id)

    def _products(self, ciphertexts: CiphertextBatch) -> IntArray:
        with _advising(self.verified):
            return self.adapter.decrypt(self.native, ciphertexts.native)

    def decision_function(
        self,
        ciphertexts: CiphertextBatch,
        *,
        signed_by: Identity | None = None,
        clock: Clock = time.time,
        revoked: RevocationList | None = None,
    ) -> FloatArray:
        """The model's scores in its own units, float64, in scikit-learn's shapes. Errors and cost: :meth:`decrypt`."""
        return self.readout.decision_function(self._plain_scores(ciphertexts, signed_by, clock, revoked))

    def predict_proba(
        self,
        ciphertexts: CiphertextBatch,
        *,
        signed_by: Identity | None = None,
        clock: Clock = time.time,
        revoked: RevocationList | None = None,
    ) -> FloatArray:
        """Class probabilities float64 ``[batch, classes]`` in the model's class order. Errors: :meth:`decrypt`."""
        return self.readout.predict_proba(self._plain_scores(ciphertexts, signed_by, clock, revoked))

    def predict(
        self,
        ciphertexts: CiphertextBatch,
        *,
        signed_by: Identity | None = None,
        clock: Clock = time.time,
        revoked: RevocationList | None = None,
    ) -> AnyArray:
        """The model's prediction ``[batch]``: a class, or a value for a regression. Errors: :meth:`decrypt`."""
        return self.readout.predict(self._plain_scores(ciphertexts, signed_by, clock, revoked))

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
            "bytes_per_row": self.adapter.row_bytes(self.function.n),
            "functions": len(self.interval),
            "exact": self.exact,
            "interval": [[int(a), int(b)] for a, b in zip(low, high, strict=True)],
            "purpose": self.purpose,
            "recipient": self.recipient,
            "issued_at": iso_time(self.issued_at),
            "sequence": self.sequence,
            "policy": self.policy,
            **(
                {}
                if self.epoch is None
                else {"epoch": self.epoch, "not_after": None if self.not_after is None else iso_time(self.not_after)}
            ),
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

    def require_usable(self, clock: Clock = time.time, revoked: RevocationList | None = None) -> None:
        """KeyExpiredError where the key's end has passed by the clock, or where it is on the authority's list of
        revoked keys. KeyMismatchError for another authority's list, ParameterError for one that was not verified."""
        if self.not_after is not None and self.not_after < (now := _second(clock)):
            raise KeyExpiredError(
                f"key #{self.sequence} ended at {iso_time(self.not_after)} ({self.not_after}), and the clock says "
                f"{iso_time(now)}; ask the authority for another one"
            )
        if revoked is not None:
            require_a(revoked, RevocationList, "the list of revoked keys")
            revoked.require_not_listed(self.sequence, self.public_key_id)

    def _plain_scores(
        self, ciphertexts: CiphertextBatch, signed_by: Identity | None, clock: Clock, revoked: RevocationList | None
    ) -> IntArray:
        self.require_match(ciphertexts)
        if ciphertexts.combined:
            raise ParameterError("combined rows have no class or probability; use decrypt, which gives combined scores")
        return self.decrypt(ciphertexts, signed_by=signed_by, clock=clock, revoked=revoked)

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
        state = ("verified" if self.verified else "UNVERIFIED") + ("" if self.exact else ", not exact")
        return printable(f"FunctionKey(#{self.sequence} for {self.purpose!r}, {state}, policy: {self.policy})")


@contextmanager
def _advising(verified: bool) -> Iterator[None]:
    """What an unverified key may have to do with a result outside its interval."""
    try:
        yield
    except OutOfRangeError as error:
        if verified:
            raise
        advice = "verify(public_key), or --public-key on the command line"
        raise OutOfRangeError(f"{error}, or the unverified key was changed; check it with {advice}") from error


def _second(clock: Clock) -> int:
    try:
        return math.floor(clock())
    except (TypeError, ValueError, OverflowError):
        raise ParameterError("the clock tells no time; it is a function such as time.time") from None


def require_encodable(public: PublicKey, function: Function, grant: Grant) -> None:
    """ParameterError where the key of the function could not become bytes, before there is one."""
    ids = public.parameter_hash, public.id
    function.readout.to_native()
    metadata = {**_description(function), **grant.fields()}
    pack(Envelope(Kind.FUNCTION_KEY, public.adapter.number, *ids, b"", metadata, bytes(SIGNATURE_SIZE)))


def require_signed(data: bytes, public_key: PublicKey) -> None:
    """KeyMismatchError unless header and signature of an encoded function key are those of this authority
    (SignatureError, if it is the signature). Nothing but the frame is decoded. Cost: one signature."""
    frame = unframed(data, Kind.FUNCTION_KEY)
    if frame.public_key_id != public_key.id:
        ids = f"{frame.public_key_id.hex()[:12]}, not {public_key.id.hex()[:12]}"
        raise KeyMismatchError(f"the {_NAME} belongs to the public key {ids}")
    if frame.parameter_hash != public_key.parameter_hash:
        raise KeyMismatchError(f"the {_NAME} belongs to another schema")
    if not frame.signature:
        raise DecodeError(f"{_NAME}: it must be signed")
    require_valid(public_key.verification_key, frame.signature, signed_part(data), _NAME)


def _decode(data: bytes, public_key: PublicKey | None = None) -> FunctionKey:
    """The function key that ``data`` encodes, consistent in itself.

    With ``public_key``, ids and signature are checked before anything is decoded: what follows was written by the
    authority. Without, the signature is not checked.
    """
    if public_key is not None:
        require_signed(data, public_key)
    envelope = unpack(data, Kind.FUNCTION_KEY)
    adapter = adapter_numbered(envelope.scheme, _NAME)
    if not envelope.signature:
        raise DecodeError(f"{_NAME}: it must be signed")
    native = adapter.read_function_key(bytes(envelope.payload))
    if envelope.public_key_id != native.public_key_id:
        raise DecodeError(f"{_NAME}: the public key id of the header is not that of the key")
    fields = Fields(envelope.metadata, _NAME)
    function = _function_of(adapter, native, fields)
    grant = Grant.read(fields)
    fields.finish()
    return _key(adapter, native, function, envelope.parameter_hash, grant, envelope.signature)


def _key(
    adapter: AnyAdapter,
    native: NativeFunctionKey,
    function: Function,
    parameter_hash: bytes,
    grant: Grant,
    signature: bytes,
) -> FunctionKey:
    return FunctionKey(
        adapter=adapter,
        native=native,
        function=function,
        parameter_hash=parameter_hash,
        signature=signature,
        **asdict(grant),
    )


def _description(function: Function) -> dict[str, Any]:
    """What the payload does not say of a function."""
    described = {"kind": function.kind, "name": function.name, "schema_id": function.schema_id}
    return {**described, **function.readout.noise_dict()}


def _first_description(function: Function) -> dict[str, Any]:
    """The same where the payload has the first layout: all but the map."""
    return {"function": {key: value for key, value in function.to_dict().items() if key not in _IN_THE_PAYLOAD}}


def _function_of(adapter: AnyAdapter, native: NativeFunctionKey, fields: Fields) -> Function:
    """The function of a key. DecodeError; KeyMismatchError where payload and metadata tell different intervals."""
    try:
        stated = native.readout
        if stated is None:
            function = _with_map(fields.plain("function"), adapter, native)
        else:
            noise_sd = fields.integer("noise_sd", 1, 2**32) if fields.has("noise_sd") else 0
            readout = Readout.from_native(stated, native.intervals, noise_sd)
            function = _with_readout(readout, adapter, native, fields)
    except (ValueError, OutOfRangeError) as error:
        raise DecodeError(f"{_NAME}: {error}") from error
    # A key's searches are as wide as it says. No schema has coordinates of 2^32, whatever the schema of this one is.
    reach = function.map.reach(2.0**MAX_BITS) * (1 + 1e-9)
    if (np.abs(function.interval).max(axis=1) > reach).any():
        raise DecodeError(f"{_NAME}: its intervals are wider than its function has results under any schema")
    return function


def _with_readout(readout: Readout, adapter: AnyAdapter, native: NativeFunctionKey, fields: Fields) -> Function:
    """The function whose map and readout stand in the payload."""
    kind, name, schema_id = fields.take("kind", str), fields.take("name", str), fields.octets("schema_id", 32)
    terms = adapter.map_of(native, kind)
    if terms.kind != kind:
        raise DecodeError(f"{_NAME}: its function is {terms.kind}, not {kind[:20]!r}")
    return Function(terms, readout, schema_id, name)


def _with_map(rest: Mapping[str, Any], adapter: AnyAdapter, native: NativeFunctionKey) -> Function:
    """The function of the metadata with the map of the payload; both must tell the same intervals."""
    misplaced = [key for key in _IN_THE_PAYLOAD if key in rest]
    if misplaced:
        raise DecodeError(f"{_NAME}: {misplaced[0]} belong to the payload, not to the metadata")
    function = Function.from_dict(rest, terms=adapter.map_of(native, str(rest.get("kind"))))
    if not np.array_equal(function.interval, native.intervals):
        raise KeyMismatchError(f"{_NAME}: the intervals of the key are not those of its function")
    return function


def _require_public_key(given: object) -> None:
    if not isinstance(given, PublicKey):
        raise ParameterError(f"public_key is a pyfe.PublicKey, not {type(given).__name__}")
