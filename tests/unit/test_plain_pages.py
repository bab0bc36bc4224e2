"""Encrypted rows that are read from a file as they lie: when that is done, and whatever is wrong with them."""

from __future__ import annotations

import os
import random
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.measure import backend
from pyfe import DecodeError, ParameterError, _core
from pyfe.cohorts import open_cohort
from pyfe.cohorts.arrow import rows_of_column
from pyfe.cohorts.parquet_files import Part, opened_part
from tests.unit import cohort_rows
from tests.unit.cohort_rows import ROWS, ROWS_A_CHUNK, same, signed_chunks, written

WIDTH = 24


# -- the checksum, and pieces of a file ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["portable", "auto"])
def test_the_checksum_is_that_of_zlib(name: str) -> None:
    """Every length around the widths of the loops, from every place of a register."""
    data = random.Random(1).randbytes(1 << 17)
    with backend(name):
        for size in (*range(600), 1023, 1024, 1025, 4096 + 255, 1 << 17):
            for start in (0, 1, 7):
                assert _core.crc32(data[start:size]) == zlib.crc32(data[start:size])
        assert _core.crc32(b"123456789") == 0xCBF43926  # its check value wherever it is listed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(random.Random(2).randbytes(300_000))
    return path


def pieces_of(path: Path, places: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    data = path.read_bytes()
    return [(at, size, zlib.crc32(data[at : at + size])) for at, size in places]


def read(path: Path, pieces: list[tuple[int, int, int]], shared: bytes = b"") -> bytes:
    with path.open("rb") as opened:
        return bytes(_core.read_pieces(opened.fileno(), shared, pieces).view())


def test_pieces_lie_one_behind_the_other(file: Path) -> None:
    data = file.read_bytes()
    pieces = pieces_of(file, [(200_000, 100_000), (3, 150_000), (7, 0)])
    assert read(file, pieces, b"shared") == b"shared" + data[200_000:] + data[3:150_003]
    assert read(file, [], b"shared") == b"shared" and read(file, []) == b""
    assert read(file, [(5, 9, -1)]) == data[5:14]  # a file without checksums


def test_a_damaged_piece_is_an_error(file: Path) -> None:
    pieces = pieces_of(file, [(0, 200_000), (200_000, 100_000)])
    for at in (0, 131_071, 131_072, 199_999, 200_000, 299_999):
        data = bytearray(file.read_bytes())
        data[at] ^= 4
        damaged = file.with_name("damaged")
        damaged.write_bytes(data)
        with pytest.raises(DecodeError, match="checksum"):
            read(damaged, pieces)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DecodeError, match="ends before"):
        read(file, pieces)
    with pytest.raises(ParameterError, match="too long"):
        read(file, [(0, 2**63, -1)] * 2)
    with pytest.raises(DecodeError, match="cannot be read"):
        _core.read_pieces(-1, b"", [(0, 1, -1)])


# -- which columns lie plain -----------------------------------------------------------------------------------


def table(rows: int = 1000, nullable: bool = False, of: Any = None) -> Any:
    cells = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(WIDTH), rows, [None, pa.py_buffer(random.Random(3).randbytes(WIDTH * rows))]
    )
    row = pa.array(np.arange(rows))
    schema = pa.schema([pa.field("ct", of or pa.binary(WIDTH), nullable=nullable), pa.field("row", pa.int64())])
    return pa.Table.from_arrays([cells.cast(of) if of else cells, row], schema=schema)


def part_of(path: Path, **options: Any) -> Part:
    given = {"use_dictionary": False, "compression": "NONE", "write_page_checksum": True, "row_group_size": 300}
    pq.write_table(options.pop("table", None) or table(), path, **(given | options))
    return opened_part(path)


def test_plain_rows_are_those_of_pyarrow(tmp_path: Path) -> None:
    """From pages of several sizes, with checksums and without, across row groups."""
    cells = bytes(rows_of_column(table()["ct"].combine_chunks(), WIDTH, "ct"))
    for options in ({}, {"data_page_size": 1024}, {"write_page_checksum": False}):
        part = part_of(tmp_path / "plain", **options)
        starts = [page.row for page in part.layout.plain["ct"].pages]
        assert part.lies_plain("ct", WIDTH, [*starts, 1000]) and {0, 300, 600, 900} <= set(starts)
        for start, stop in ((0, 1000), (300, 900), (900, 1000), (starts[-2], 1000), (600, 600)):
            found = part.plain_rows("ct", b"head", start, stop).view()
            assert bytes(found) == b"head" + cells[WIDTH * start : WIDTH * stop]
        assert not part.lies_plain("ct", WIDTH, [1, 300]) and not part.lies_plain("ct", WIDTH, [0, 1001])
        assert not part.lies_plain("ct", WIDTH + 1, [0]) and not part.lies_plain("row", 8, [0])


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "snappy"},
        {"use_dictionary": True},
        {"data_page_version": "2.0"},
        {"use_dictionary": False, "column_encoding": {"ct": "BYTE_STREAM_SPLIT"}},
        {"table": table(nullable=True)},
        {"table": table(of=pa.binary())},
        {"table": table(1200), "row_group_size": 1, "data_page_size": 1},
    ],
    ids=["packed", "dictionary", "version-2", "split", "nullable", "any-width", "too-many-pages"],
)
def test_others_are_left_to_pyarrow(options: dict[str, Any], tmp_path: Path) -> None:
    assert "ct" not in part_of(tmp_path / "other", **options).layout.plain


# -- cohorts ---------------------------------------------------------------------------------------------------


def plain_reads(monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> list[tuple[int, int]]:
    """From which row to which the file was read as it lies."""
    read_so, seen = Part.plain_rows, list[tuple[int, int]]()

    def noted(part: Part, column: str, shared: bytes, start: int, stop: int) -> Any:
        seen.append((start, stop))
        return read_so(part, column, shared, start, stop)

    with monkeypatch.context() as patched:
        patched.setattr(Part, "plain_rows", noted)
        run()
    return seen


def test_a_cohort_as_written_is_read_as_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    cohort = open_cohort(path)
    every = [(at, min(at + ROWS_A_CHUNK, ROWS)) for at in range(0, ROWS, ROWS_A_CHUNK)]
    assert plain_reads(monkeypatch, lambda: list(cohort.chunks())) == every
    assert plain_reads(monkeypatch, lambda: list(cohort.only(1, 3).chunks(1, 3))) == every[1:3]
    assert same(list(cohort.chunks()), list(signed_chunks()))


def test_chunks_that_lie_across_files_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor those of which a page has rows of two; the same rows come out."""
    whole = pq.read_table(written(tmp_path))
    options = {"use_dictionary": False, "compression": "NONE"}
    for name, cuts in (("one", [0, ROWS]), ("two", [0, 20, ROWS])):
        folder = tmp_path / name
        folder.mkdir()
        for start, stop in pairwise(cuts):
            pq.write_table(whole.slice(start, stop - start), folder / f"{start}.parquet", **options)
        cohort = open_cohort(folder)
        assert plain_reads(monkeypatch, lambda cohort=cohort: list(cohort.chunks())) == []
        assert same(list(cohort.chunks()), list(signed_chunks()))


def test_what_changed_since_it_was_opened_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, cohort_rows.chunks_of(cohort_rows.batch()))
    cohort = open_cohort(path)
    chunks = cohort.chunks()
    next(chunks)
    [page, *_] = opened_part(path).layout.plain["ct"].pages[-1:]
    data = bytearray(path.read_bytes())
    data[page.place + 5] ^= 1
    path.write_bytes(data)
    with pytest.raises(DecodeError, match="damaged, or was changed"):
        list(chunks)
    with pytest.raises(DecodeError, match=r"chunk 3.*damaged"):
        list(open_cohort(path).chunks())
    os.truncate(path, page.place + 5)
    with pytest.raises(DecodeError):
        list(cohort.chunks())
