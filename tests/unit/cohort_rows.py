"""A small signed cohort that several tests start from: fifty rows with ids and public columns, in four chunks."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pyfe
from pyfe.cohorts import Chunk, PublicColumn, places, write_part
from pyfe.identity import IdentitySecret
from tests.unit import objects

ROWS, ROWS_A_CHUNK = 50, 16


@cache
def owner() -> IdentitySecret:
    return IdentitySecret.generate("the hospital")


@cache
def authority() -> pyfe.KeyAuthority:
    return objects.authority(objects.small_schema())


@cache
def function_key() -> pyfe.FunctionKey:
    return authority().issue(pyfe.Function.from_integers(authority().schema, [3, -2], 5), purpose="a test")


def encrypted(rows: int = ROWS, **carried: Any) -> pyfe.CiphertextBatch:
    """Fresh rows; with ids in the clear unless something else is asked for."""
    table = {"a": [j % 4 for j in range(rows)], "b": [j // 3 % 2 for j in range(rows)]}
    given = carried or {"ids": [f"P-{j}, größe" for j in range(rows)], "carry_ids": "clear"}
    return authority().public_key.encrypt(table, **given)


@cache
def batch() -> pyfe.CiphertextBatch:
    return encrypted()


def public_of(rows: range) -> dict[str, PublicColumn]:
    columns: dict[str, list[Any]] = {
        "ward": [None if j % 7 == 3 else f"Ward {j % 5}, größe" for j in rows],
        "visits": [None if j % 5 == 2 else 2**40 + j for j in rows],
        "dose": [None if j % 4 == 1 else j / 8 for j in rows],
        "smoker": [None if j % 3 == 1 else j % 2 == 0 for j in rows],
    }
    return {name: PublicColumn.of(cells) for name, cells in columns.items()}


def chunks_of(
    rows: pyfe.CiphertextBatch,
    *,
    signed: bool = True,
    rows_a_chunk: int = ROWS_A_CHUNK,
    public: bool = True,
    cohort: bytes | None = None,
) -> list[Chunk]:
    """The chunks of a cohort, with public columns."""
    found = []
    for place, count in places(len(rows), rows_a_chunk, cohort):
        end = place.first_row + count
        chunk = Chunk(place, rows[place.first_row : end], public_of(range(place.first_row, end)) if public else {})
        found.append(chunk.signed(owner()) if signed else chunk)
    return found


@cache
def signed_chunks() -> tuple[Chunk, ...]:
    return tuple(chunks_of(batch()))


def written(folder: Path, chunks: list[Chunk] | None = None) -> Path:
    """A file of chunks: of the signed ones, if no others are given."""
    place = folder / "rows.parquet"
    write_part(place, signed_chunks() if chunks is None else chunks)
    return place


def same(read: list[Chunk], chunks: list[Chunk]) -> bool:
    """Whether chunks say the same, byte for byte."""
    return len(read) == len(chunks) and all(
        (a.place, a.batch.to_bytes(), list(a.public.items()), a.signature)
        == (b.place, b.batch.to_bytes(), list(b.public.items()), b.signature)
        for a, b in zip(read, chunks, strict=True)
    )
