"""What is handed over: who made a cohort, what it is, how much, with hashes. Anybody can hold the cohort against it.

It has no secret and no row in it, and needs none: it is made and checked from the ciphertexts alone.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

from pyfe.cohorts.chunk import Chunk
from pyfe.cohorts.distinct import Distinct
from pyfe.cohorts.reading import Cohort
from pyfe.cohorts.rows import file_digest, of_cohort
from pyfe.cohorts.statement import statement
from pyfe.errors import DecodeError, KeyMismatchError
from pyfe.identity import Identity
from pyfe.row_ids import require_none_repeated
from pyfe.strict import json_object, reading, require_fields

__all__ = ["Handover", "cohort_handover"]

_FORMAT, _VERSION = "pyfe hand-over", 1
_NAME = "a hand-over manifest of pyfe"
_OF_FILES = "files"
_OF_A_FILE = {"name": str, "bytes": int, "sha256": str}
_NOT_COMPARED = ("written", "signed_by", _OF_FILES)


@dataclass(frozen=True)
class Handover:
    """What is said of a cohort.

    written: the second (since 1970) in which this was said. signer: the Ed25519 key (hexadecimal) that signed every
    chunk, or None; signed_by: the name of the identity that was asked for, whose key that is. cohort, public_key,
    parameter_hash, schema: ids, hexadecimal. rows, chunks, ids (how they travel), columns (name -> kind, public
    columns), saturated (column -> values moved to an end). content: SHA-256 of what is signed of every chunk, in order,
    whether it is signed or not: all that is in the cohort, however its files are cut. files: name, bytes and SHA-256.
    """

    written: int
    scheme: str
    cohort: str
    public_key: str
    parameter_hash: str
    schema: str
    rows: int
    chunks: int
    ids: str | None
    columns: dict[str, str]
    saturated: dict[str, int]
    signer: str | None
    signed_by: str | None
    content: str
    files: list[dict[str, Any]]

    def to_text(self) -> str:
        """The one form of it: JSON in ASCII, its names in order."""
        return json.dumps({"format": _FORMAT, "version": _VERSION, **asdict(self)}, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The inverse of :meth:`to_text`. DecodeError for anything else."""
        given = json_object(text)
        with reading(_NAME):
            require_fields(given, ("format", "version", *cls.__dataclass_fields__), _NAME)
            if (given.pop("format"), given.pop("version")) != (_FORMAT, _VERSION):
                raise DecodeError(f"not {_NAME}: it is of another version, or none")
            said = cls(**given)
            if said.to_text() != text or not said._is_plain():
                raise DecodeError(f"not {_NAME}: not in canonical form")
        return said

    def _is_plain(self) -> bool:
        """Whether every field is of its type."""
        texts = self.scheme, self.cohort, self.public_key, self.parameter_hash, self.schema, self.content
        perhaps = self.ids, self.signer, self.signed_by
        return (
            _all_are(int, self.written, self.rows, self.chunks)
            and _all_are(str, *texts, *(text for text in perhaps if text is not None))
            and _all_are(list, self.files)
            and _all_are(dict, self.columns, self.saturated, *self.files)
            and _all_are(str, *self.columns.values())
            and _all_are(int, *self.saturated.values())
            and all(set(file) == set(_OF_A_FILE) for file in self.files)
            and all(_all_are(of, file[name]) for file in self.files for name, of in _OF_A_FILE.items())
        )

    def require_same(self, other: Handover) -> None:
        """KeyMismatchError naming the first thing that is not as it was said. Names and hashes of files are not
        compared: another program may have rewritten them; nor is who was asked for, and when."""
        mine, others = asdict(self), asdict(other)
        for name, value in others.items():
            if name not in _NOT_COMPARED and mine[name] != value:
                raise KeyMismatchError(
                    f"it is not what was handed over: {name.replace('_', ' ')} is {_shown(mine[name])}, and was "
                    f"{_shown(value)}"
                )

    def same_files(self, other: Handover) -> bool:
        """Whether the files are the same, byte for byte, under whatever names."""
        return [file["sha256"] for file in self.files] == [file.get("sha256") for file in other.files]


def cohort_handover(
    cohort: Cohort,
    *,
    second: int,
    signed_by: Identity | None = None,
    allow_duplicates: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> Handover:
    """Read a whole cohort, and say what it is. ``advance`` is told how many rows more were read.

    Every row is decoded, every signature checked. SignatureError for a chunk that is not signed as it should be;
    DecodeError for one that is damaged, and for files that were changed meanwhile; ParameterError for an id that is
    there twice, unless that is allowed. Memory: one chunk, and that of :class:`Distinct`. Cost: reading the rows.
    """
    content, saturated, at_rest = hashlib.sha256(), Counter[str](), of_cohort(cohort)
    with Distinct() as seen:
        for chunk in cohort.chunks(signed_by=signed_by):
            content.update(hashlib.sha256(_said(chunk)).digest())
            saturated.update(chunk.batch.saturated)
            if chunk.batch.ids is not None and not allow_duplicates:
                seen.add(chunk.batch.ids.raws(), chunk.place.first_row)
            advance(len(chunk))
        require_none_repeated(seen.repeated())
    files = list(_files(cohort))
    at_rest.require_unchanged()  # the hashes are of what was read
    return Handover(
        written=second,
        scheme=cohort.scheme,
        cohort=cohort.id.hex(),
        public_key=cohort.public_key_id.hex(),
        parameter_hash=cohort.parameter_hash.hex(),
        schema=cohort.schema_id.hex(),
        rows=cohort.rows,
        chunks=cohort.chunk_count,
        ids=cohort.ids,
        columns=dict(cohort.columns),
        saturated=dict(saturated),
        signer=None if cohort.signer is None else cohort.signer.hex(),
        signed_by=None if signed_by is None else signed_by.name,
        content=content.hexdigest(),
        files=files,
    )


def _said(chunk: Chunk) -> bytes:
    signer = b"" if chunk.signature is None else chunk.signature.signer
    return statement(chunk.place, chunk.batch, chunk.public, signer)


def _files(cohort: Cohort) -> Iterator[dict[str, Any]]:
    for path in cohort.files:
        yield {"name": path.name, **file_digest(path)}


def _all_are(kind: type, *values: Any) -> bool:
    return all(type(value) is kind for value in values)


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 32 else f"{text[:12]}..."
