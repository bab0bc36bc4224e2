"""The head of a chunk: what its rows share, in the first of them; and all that is true of a file is said in heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from pyfe.cohorts.chunk import Chunk
from pyfe.cohorts.columns import ColumnKind, PublicColumn, require_names
from pyfe.cohorts.place import COHORT_ID_SIZE, MOST_CHUNKS, MOST_ROWS, Place
from pyfe.errors import DecodeError, ParameterError
from pyfe.row_ids import Carriage
from pyfe.wire import cbor
from pyfe.wire.fields import Fields
from pyfe.wire.hashing import HASH_SIZE
from pyfe.wire.signature import KEY_SIZE, SIGNATURE_SIZE, Signature

__all__ = ["VERSION", "CohortFacts", "Head"]

VERSION = 1

MOST_HEAD_BYTES = 2**24
MOST_CHUNK_BYTES = 2**28
"""Bytes of a chunk's rows: a reader has all of them in memory."""

_NAME = "head of a chunk"


@dataclass(frozen=True)
class CohortFacts:
    """What all chunks of a cohort have in common.

    ``cohort``: its id; ``chunks``, ``rows``: of the whole; ``scheme``: its number; ``width``: bytes of a row's ``ct``;
    ``ids``: how ids travel, or None; ``columns``: name and kind of every public column; ``signer``: the Ed25519 key of
    whoever signed the chunks, or None.
    """

    cohort: bytes
    chunks: int
    rows: int
    scheme: int
    parameter_hash: bytes
    public_key_id: bytes
    schema_id: bytes
    width: int
    ids: Carriage | None
    columns: tuple[tuple[str, ColumnKind], ...]
    signer: bytes | None


@dataclass(frozen=True)
class Head:
    """What a chunk's rows share. ``rows``: how many they are; ``shared``: what its native payload has before the rows'
    ``width`` bytes each; the other fields as of :class:`Chunk` and its batch."""

    place: Place
    facts: CohortFacts
    rows: int
    saturated: dict[str, int]
    encrypted_rows: int
    shared: bytes
    signature: bytes | None

    @classmethod
    def of(cls, chunk: Chunk, shared: bytes, width: int) -> Self:
        """The head of a chunk. ParameterError for one of more than 2^28 bytes."""
        batch, place, signature = chunk.batch, chunk.place, chunk.signature
        facts = CohortFacts(
            cohort=place.cohort,
            chunks=place.chunks,
            rows=place.rows,
            scheme=batch.adapter.number,
            parameter_hash=batch.parameter_hash,
            public_key_id=batch.public_key_id,
            schema_id=batch.schema_id,
            width=width,
            ids=None if batch.ids is None else batch.ids.carriage,
            columns=tuple((name, column.kind) for name, column in chunk.public.items()),
            signer=None if signature is None else signature.signer,
        )
        signed = None if signature is None else signature.value
        if width * len(batch) > MOST_CHUNK_BYTES:
            raise ParameterError(
                f"{place} has {width * len(batch)} bytes, at most {MOST_CHUNK_BYTES}: give it fewer rows"
            )
        return cls(place, facts, len(batch), batch.saturated, batch.encrypted_rows, shared, signed)

    @property
    def chunk_signature(self) -> Signature | None:
        """The signature with its signer."""
        signer = self.facts.signer
        return None if signer is None or self.signature is None else Signature(signer, self.signature)

    def to_bytes(self) -> bytes:
        """Deterministic CBOR."""
        facts = self.facts
        return cbor.dumps(
            {
                "columns": [list(pair) for pair in facts.columns],
                "encrypted_rows": self.encrypted_rows,
                "ids": facts.ids,
                "parameter_hash": facts.parameter_hash,
                "place": self.place.to_dict(),
                "public_key_id": facts.public_key_id,
                "rows": self.rows,
                "saturated": self.saturated,
                "schema_id": facts.schema_id,
                "scheme": facts.scheme,
                "shared": self.shared,
                "signature": self.signature,
                "signer": facts.signer,
                "version": VERSION,
                "width": facts.width,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The head that ``data`` encodes. DecodeError for anything but one canonical encoding."""
        if len(data) > MOST_HEAD_BYTES:
            raise DecodeError(f"{_NAME}: it has {len(data)} bytes, at most {MOST_HEAD_BYTES}")
        fields = Fields(cbor.loads(data, _NAME, most_items=cbor.MAX_ITEMS), _NAME)
        fields.integer("version", VERSION, VERSION)
        place = _place(fields.take("place", dict))
        rows = fields.integer("rows", 1, place.rows)
        try:
            place.require_rows(rows)
        except ParameterError as error:
            raise DecodeError(f"{_NAME}: {error}") from error
        saturated = Fields(counted := fields.take("saturated", dict), _NAME)
        head = cls(
            place=place,
            facts=_facts(fields, place),
            rows=rows,
            saturated={name: saturated.integer(name, 1, 2**48) for name in counted},
            encrypted_rows=fields.integer("encrypted_rows", 0, 2**48),
            shared=fields.take("shared", bytes),
            signature=_octets(fields, "signature", SIGNATURE_SIZE),
        )
        fields.finish()
        if head.facts.width * rows > MOST_CHUNK_BYTES:
            raise DecodeError(
                f"{_NAME}: {rows} rows of {head.facts.width} bytes are more than {MOST_CHUNK_BYTES} bytes"
            )
        if (head.signature is None) != (head.facts.signer is None):
            raise DecodeError(f"{_NAME}: a signature without a signer, or a signer without a signature")
        return head


def _place(said: dict[str, Any]) -> Place:
    fields = Fields(said, _NAME)
    chunks, rows = fields.integer("chunks", 1, MOST_CHUNKS), fields.integer("rows", 1, MOST_ROWS)
    number, first_row = fields.integer("number", 0, chunks - 1), fields.integer("first_row", 0, rows - 1)
    cohort = fields.octets("cohort", COHORT_ID_SIZE)
    fields.finish()
    return Place(cohort, number, chunks, first_row, rows)


def _facts(fields: Fields, place: Place) -> CohortFacts:
    ids = fields.optional("ids", str)
    if ids not in (None, "clear", "pseudonym"):
        raise DecodeError(f"{_NAME}: its ids travel in an unknown way")
    return CohortFacts(
        cohort=place.cohort,
        chunks=place.chunks,
        rows=place.rows,
        scheme=fields.integer("scheme", 1, 2**16 - 1),
        parameter_hash=fields.octets("parameter_hash", HASH_SIZE),
        public_key_id=fields.octets("public_key_id", HASH_SIZE),
        schema_id=fields.octets("schema_id", HASH_SIZE),
        width=fields.integer("width", 1, MOST_CHUNK_BYTES),
        ids=ids,  # type: ignore[arg-type]
        columns=_columns(fields.take("columns", list)),
        signer=_octets(fields, "signer", KEY_SIZE),
    )


def _octets(fields: Fields, key: str, size: int) -> bytes | None:
    value = fields.optional(key, bytes)
    if value is not None and len(value) != size:
        raise DecodeError(f"{_NAME}: field {key!r} has {len(value)} bytes, must have {size}")
    return value


def _columns(pairs: list[Any]) -> tuple[tuple[str, ColumnKind], ...]:
    try:
        columns = {name: PublicColumn(kind, ()) for name, kind in pairs}
        require_names(columns)
    except (ParameterError, TypeError, ValueError) as error:
        raise DecodeError(f"{_NAME}: {error}") from error
    if len(columns) != len(pairs):
        raise DecodeError(f"{_NAME}: two public columns have one name")
    return tuple((name, column.kind) for name, column in columns.items())
