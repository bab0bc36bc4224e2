"""Cohorts: chunks into Parquet files, and back, whatever program had the file in between."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe.cohorts import Chunk, PublicColumn, open_cohort, places, write_part
from pyfe.identity import IdentitySecret
from tests.unit import objects

ROWS, ROWS_A_CHUNK = 50, 16


@cache
def owner() -> IdentitySecret:
    return IdentitySecret.generate("the hospital")


@cache
def roles() -> tuple[pyfe.FunctionKey, pyfe.CiphertextBatch]:
    """A key, and rows with ids that it opens."""
    authority = objects.authority(objects.small_schema())
    function = pyfe.Function.from_integers(authority.schema, [3, -2], 5)
    rows = {"a": [j % 4 for j in range(ROWS)], "b": [j // 3 % 2 for j in range(ROWS)]}
    batch = authority.public_key.encrypt(rows, ids=[f"P-{j}" for j in range(ROWS)], carry_ids="clear")
    return authority.issue(function, purpose="a test"), batch


def public_of(rows: range) -> dict[str, PublicColumn]:
    columns: dict[str, list[Any]] = {
        "ward": [None if j % 7 == 3 else f"Ward {j % 5}, größe" for j in rows],
        "visits": [None if j % 5 == 2 else 2**60 + j for j in rows],
        "dose": [None if j % 4 == 1 else j / 8 for j in rows],
        "smoker": [None if j % 3 == 1 else j % 2 == 0 for j in rows],
    }
    return {name: PublicColumn.of(cells) for name, cells in columns.items()}


def chunks_of(batch: pyfe.CiphertextBatch, *, signed: bool = True, rows_a_chunk: int = ROWS_A_CHUNK) -> list[Chunk]:
    found = []
    for place, rows in places(len(batch), rows_a_chunk):
        end = place.first_row + rows
        chunk = Chunk(place, batch[place.first_row : end], public_of(range(place.first_row, end)))
        found.append(chunk.signed(owner()) if signed else chunk)
    return found


def same(read: list[Chunk], written: list[Chunk]) -> bool:
    """Whether chunks say the same, byte for byte."""
    return all(
        (a.place, a.batch.to_bytes(), dict(a.public), a.signature)
        == (b.place, b.batch.to_bytes(), dict(b.public), b.signature)
        for a, b in zip(read, written, strict=True)
    )


@pytest.mark.parametrize("signed", [False, True])
def test_what_is_written_is_read(tmp_path: Path, signed: bool) -> None:
    key, batch = roles()
    written = chunks_of(batch, signed=signed)
    assert write_part(tmp_path / "rows.parquet", written) == (0, 4, ROWS)
    cohort = open_cohort(tmp_path / "rows.parquet")
    assert (len(cohort), cohort.chunk_count, cohort.scheme, cohort.ids) == (ROWS, 4, batch.scheme, "clear")
    assert cohort.signer == (owner().identity.ed25519 if signed else None)
    assert same(list(cohort.chunks()), written) and same(list(cohort.chunks(1, 3)), written[1:3])
    scores = np.concatenate([key.decrypt(chunk.batch) for chunk in cohort.chunks()])
    assert np.array_equal(scores, key.decrypt(batch))
