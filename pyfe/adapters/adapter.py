"""One way to use every scheme: its facts, and what keys, ciphertexts, byte formats and the authority need of it.

An adapter turns the words of the uniform face (a schema, an integer map, coordinates ``[batch, n]``) into those of one
scheme, and knows its native objects. Nothing above this room asks which scheme it is.
"""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, Generic, Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np

from pyfe.adapters.packing import Packing
from pyfe.adapters.protocols import (
    IntArray,
    NativeBatch,
    NativeFunctionKey,
    NativePublicKey,
    NativeScoreProof,
    NativeSecretKey,
    PlainRows,
)
from pyfe.adapters.row_marks import MARK_SIZE, Marks
from pyfe.adapters.search import Search
from pyfe.errors import DecodeError, ParameterError, UnsupportedError
from pyfe.function import IntegerMap
from pyfe.schema import Schema
from pyfe.schemes.arguments import Client, Label

__all__ = ["MAX_WEIGHT_BITS", "Adapter", "AnyAdapter", "KeyType", "RowForm", "weight_bound"]

KeyType: TypeAlias = Literal["public", "secret", "client"]
"""Who can encrypt: everybody, the holder of the master secret key, or every client under a key of its own."""

Public = TypeVar("Public", bound=NativePublicKey)
Secret = TypeVar("Secret", bound=NativeSecretKey)
Key = TypeVar("Key", bound=NativeFunctionKey)
Batch = TypeVar("Batch", bound=NativeBatch)


MAX_WEIGHT_BITS = 32
"""Widest function weights an authority can allow."""


def weight_bound(weight_bits: int) -> int:
    """Largest absolute value of a signed weight of so many bits: 127 for 8."""
    return (1 << (weight_bits - 1)) - 1


class RowForm(NamedTuple):
    """A payload as rows of one ``width`` in bytes: ``shared``, what it has before them, and ``body``, the rows in
    pieces, in the scheme's own order."""

    shared: bytes
    width: int
    body: Sequence[bytes | memoryview]


class Adapter(ABC, Generic[Public, Secret, Key, Batch]):
    """A scheme, uniform with all others; an object of pyfe keeps its native part together with the adapter it is of.

    Facts
    -----
    id: functionality, assumption, group; objects and reports show it. short: what people type.
    number: stands in the header of every object. Never given twice.
    safe_weight_bits: kind of function -> widest weights that a key is issued for under the default policy
        (:data:`pyfe.leakage.LINEAR_WEIGHT_BITS` of a linear one). The kinds are those that the scheme serves.
    default_weight_bits: widest weights of an authority unless stated. :func:`pyfe.compile` usually finds that 8 to 11
        are enough for a linear function; the linear coefficients of a quadratic one are steeper by a column's bits.
    additive: whether encrypted rows can be added and multiplied.
    provable: whether scores can be proven (:meth:`prove`).
    refusal_answers: whether a refusal tells of the key: then signers get one (:mod:`pyfe.incidents`).
    key_type: who can encrypt.
    widest: widest interval, ``high - low``, in which a result is found.
    modulus: keys give away combinations of their functions with coefficients modulo this prime.
    search: the search that ends a decryption; None where there is none.
    block_rows: rows that are encrypted as one block; 1 where every row stands by itself, more where rows are packed.
    rests_on: what its secrecy rests on, in words.
    payload_in_id: whether a public key's id is a hash of all of its payload: then what is signed is the rest, so that
        a public key of gigabytes may stay in its file.
    """

    id: str
    short: str
    number: int
    safe_weight_bits: Mapping[str, int]
    default_weight_bits: int
    additive: bool = False
    provable: bool = False
    refusal_answers: bool = False
    key_type: KeyType = "public"
    widest: int
    modulus: int
    search: Search | None = None
    block_rows: int = 1
    rests_on: str = "nothing that is stated"
    payload_in_id: bool = False

    @property
    def serves(self) -> tuple[str, ...]:
        """The kinds of functions that a key can be issued for."""
        return tuple(self.safe_weight_bits)

    @abstractmethod
    def row_bytes(self, n: int) -> int:
        """Bytes of one encrypted row of n coordinates; of a packed scheme, its share of a full block."""

    def row_width(self, batch: Batch) -> int:
        """Bytes of a row of this very batch, where they follow from more than n."""
        return self.row_bytes(self.coordinates(batch))

    def packing(self, schema: Schema, weight_bits: int) -> Packing:
        """How rows of a schema lie in ciphertexts. ParameterError where the scheme has no parameters for it."""
        return Packing(self.block_rows, 0, self.block_rows, self.block_rows * self.row_bytes(schema.n))

    def quantum_bits(self, schema: Schema, weight_bits: int) -> float | None:
        """Estimated bits of work for a quantum computer; None where one breaks the scheme. Likewise."""
        return None

    # -- the four verbs --

    @abstractmethod
    def parameter_hash(self, schema: Schema, weight_bits: int) -> bytes:
        """Hash (32 bytes) of the parameters for the coordinates of a schema and weights of so many bits."""

    @abstractmethod
    def setup(self, schema: Schema, weight_bits: int) -> tuple[Public, Secret]:
        """A fresh native key pair for these parameters, bound to the schema's id."""

    @abstractmethod
    def encrypt(
        self, public: Public, x: IntArray, *, client: Client | None = None, label: Label | None = None
    ) -> Batch:
        """A native batch of coordinates int64 ``[batch, n]``. ParameterError for a client or a label that the scheme
        does not take."""

    @abstractmethod
    def keygen(self, secret: Secret, terms: IntegerMap) -> Key:
        """The native key of an integer map. UnsupportedModelError for a kind of map that has no keys here."""

    @abstractmethod
    def decrypt(self, key: Key, batch: Batch) -> IntArray:
        """Values of the key's map int64 ``[batch]`` or ``[batch, k]``, intercept not included."""

    def decrypt_together(self, keys: Sequence[Key], batch: Batch) -> list[IntArray]:
        """The same of several keys of one public key. A scheme that has one pass for all overrides this, and one whose
        refusals are answers has to: no key is left out, and one refusal is that of all."""
        return [self.decrypt(key, batch) for key in keys]

    @abstractmethod
    def verify_key(self, public: Public, key: Key) -> bool:
        """Whether the key opens the map it states and no other."""

    @abstractmethod
    def map_of(self, key: Key, kind: str) -> IntegerMap:
        """The map that a native key holds, of a function of that kind. DecodeError for another kind or size."""

    # -- proofs of scores --

    def prove(self, key: Key, batch: Batch, values: IntArray, about: bytes) -> NativeScoreProof:
        """A proof, bound to the bytes ``about``, that the key gives the values int64 ``[batch, k]``, intercept not
        included. UnsupportedError where the scheme has none."""
        raise self._not_provable()

    def verify_scores(
        self, public: Public, terms: IntegerMap, batch: Batch, values: IntArray, about: bytes, proof: NativeScoreProof
    ) -> bool:
        """Whether the proof shows that the key of the map gives these values; likewise. OutOfRangeError for a value
        outside its interval."""
        raise self._not_provable()

    def require_provable(self) -> None:
        """UnsupportedError unless scores can be proven."""
        if not self.provable:
            raise self._not_provable()

    def _not_provable(self) -> UnsupportedError:
        return UnsupportedError(
            f"{self.short} has no proofs of scores; ipfe-ddh has: create the authority with scheme='ipfe-ddh'"
        )

    # -- payloads --

    @abstractmethod
    def read_public_key(self, data: bytes) -> Public:
        """The native public key; DecodeError, also for one of another scheme."""

    @abstractmethod
    def read_secret_key(self, data: memoryview) -> Secret:
        """The native master secret key, read where it lies; likewise."""

    @abstractmethod
    def read_function_key(self, data: bytes) -> Key:
        """The native function key; likewise."""

    @abstractmethod
    def read_batch(self, data: memoryview) -> Batch:
        """The native batch; likewise. It may keep the view: nobody changes what is behind it."""

    def read_score_proof(self, data: bytes) -> NativeScoreProof:
        """The native proof of scores; DecodeError, also where the scheme has none."""
        raise DecodeError(f"score proof: {self.short} has no proofs of scores")

    def pieces(self, batch: Batch) -> Sequence[bytes | memoryview]:
        """The payload of a native batch in pieces; a scheme that holds rows as bytes copies none of them."""
        return [batch.to_bytes()]

    def row_form(self, batch: Batch) -> RowForm:
        """The payload of a native batch as rows of one width, for a table that has a column of them; no row is copied.

        A payload ends with its rows, :meth:`row_width` each. Of a packed scheme with its blocks, cut at that width;
        where the last block is not full, its first part is shared. ParameterError for rows that take fewer bytes.
        """
        pieces, width = self.pieces(batch), self.row_width(batch)
        shared = sum(map(len, pieces)) - width * len(batch)
        if shared < 0:
            raise ParameterError(f"these rows take fewer than {width} bytes each: they are no batch as encrypted")
        head, body = bytearray(), list[bytes | memoryview]()
        for piece in pieces:
            here = min(shared - len(head), len(piece))
            head += piece[:here]
            if here < len(piece):
                body.append(memoryview(piece)[here:])
        return RowForm(bytes(head), width, body)

    def payload(self, shared: bytes, body: Sequence[bytes | memoryview]) -> bytes:
        """The inverse of :meth:`row_form`, for :meth:`read_batch`, which checks all of it. Cost: one copy."""
        return b"".join([shared, *body])  # the core copies what others own twice

    # -- public keys and ciphertexts that are files, where a scheme has such --

    def public_size(self, public: Public) -> int:
        """Bytes of the payload of a public key."""
        return len(public.to_bytes())

    def public_pieces(self, public: Public) -> Sequence[bytes]:
        """The payload of a public key. ParameterError where only its hash is here."""
        return [public.to_bytes()]

    def with_payload(self, public: Public, secret: Callable[[], Secret]) -> Public:
        """A public key of the log with its payload, where that is not too large to be held."""
        return public

    def for_checks(self, public: Public, secret: Secret) -> Public:
        """The same for the check of a key that was derived a moment ago."""
        return public

    def write_public(self, public: Public, secret: Secret, file: BinaryIO) -> None:
        """Write the payload of a public key of the log."""
        file.write(public.to_bytes())

    def open_public_key(self, descriptor: int, at: int, size: int) -> Public:
        """:meth:`read_public_key` for a part of a file, which the key may keep open and read again."""
        return self.read_public_key(os.pread(descriptor, size, at))

    def plain_rows(self, public: Public) -> PlainRows:
        """What collects the rows of one ciphertext that is a file. UnsupportedError where there are none."""
        raise UnsupportedError(f"{self.short} encrypts rows one by one: encrypt them in batches (PublicKey.encrypt)")

    def encrypt_to(self, public: Public, rows: PlainRows, descriptor: int, at: int) -> int:
        """Write the payload of a batch of them into a file, from there on; how many bytes."""
        raise NotImplementedError

    # -- rows --

    @abstractmethod
    def coordinates(self, batch: Batch) -> int:
        """Number of coordinates that the rows of a native batch hold."""

    @abstractmethod
    def concat(self, batches: Sequence[Batch]) -> Batch:
        """One native batch of all rows."""

    def row_marks(self, batch: Batch) -> Marks:
        """uint64 ``[len]``: a number of each row, the same of the same bytes and hardly ever of others. A scheme whose
        payloads end with the rows overrides this, which writes every row by itself (some 10 microseconds a row)."""
        rows = (hashlib.sha256(batch.slice(row, row + 1).to_bytes()).digest() for row in range(len(batch)))
        return np.frombuffer(b"".join(digest[:MARK_SIZE] for digest in rows), dtype=np.uint64)

    def row_reader(self, batch: Batch) -> Callable[[int], bytes]:
        """What gives the bytes by which a row, counted from 0, is told from others. A scheme that packs rows overrides
        this, since a slice of one keeps all of its ciphertext."""
        return lambda row: batch.slice(row, row + 1).to_bytes()

    def opened_in_steps(self, batch: Batch, step: int) -> tuple[int, int]:
        """What is decrypted whole where so many rows are at a time, and how often that is where all are at once. A
        scheme that packs rows overrides this: whoever sends them chose their order."""
        return len(batch), len(batch)

    def combined(self, batch: Batch) -> bool:
        """Whether the rows are combinations of encrypted rows."""
        return False

    def weight_sums(self, batch: Batch) -> IntArray:
        """int64 ``[len, 2]``: sums of a row's positive and of its negated negative weights."""
        return np.tile(np.array([1, 0], dtype=np.int64), (len(batch), 1))

    def add(self, batch: Batch, other: Batch) -> Batch:
        """Row by row the sum of two batches of one length. UnsupportedError unless the scheme is additive."""
        raise self._not_additive()

    def scale(self, batch: Batch, factor: int) -> Batch:
        """Every row ``factor`` times; likewise."""
        raise self._not_additive()

    def weighted_sum(self, batch: Batch, weights: IntArray) -> Batch:
        """A batch of one row, ``sum_j weights[j] row_j`` for int64 ``[len]``; likewise."""
        raise self._not_additive()

    def vouched(self, batch: Batch) -> Batch:
        """The batch, opened on the word of somebody who has the key and formed its sums; there are schemes whose sums
        are opened here only if they were formed here."""
        return batch

    def require_signable(self, batch: Batch) -> None:
        """ParameterError for combined rows, which nobody signs where everybody may combine them."""
        if self.combined(batch):
            raise ParameterError("combined rows are never signed: sign the batch, and combine at the evaluator's")

    def require_sound(self, schema: Schema, weight_bits: int, terms: IntegerMap) -> None:
        """ParameterError where a key of this function would not keep itself secret: none, but under ipfe-rlwe."""

    def adds(self, schema: Schema) -> bool:
        """Whether rows of this schema can be added: of an additive scheme, but where the schema has to allow it."""
        return self.additive

    def require_additive(self) -> None:
        """UnsupportedError unless encrypted rows can be added and multiplied."""
        if not self.additive:
            raise self._not_additive()

    def _not_additive(self) -> UnsupportedError:
        kind = self.serves[-1]
        return UnsupportedError(
            f"{kind} ciphertexts ({self.short}) cannot be added or multiplied, those of linear schemes (ipfe-ddh) can; "
            "combine the decrypted scores"
        )


AnyAdapter: TypeAlias = Adapter[NativePublicKey, NativeSecretKey, NativeFunctionKey, NativeBatch]
"""An adapter beside the native objects it is kept with."""
