"""Cohorts that another program rewrote: read where nothing is missing, else refused by what is missing and by whom."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import pyfe
from pyfe.cohorts import Chunk, PublicColumn, open_cohort, places
from pyfe.cohorts.parquet_files import opened_part
from tests.fuzz.python.checks import forget_peak, peak_and_now
from tests.unit import cohort_rows as rows_of
from tests.unit.cohort_rows import ROWS, chunks_of, owner, same, signed_chunks, written


def by_pandas(path: Path, place: Path) -> None:
    pd.read_parquet(path).to_parquet(place)


def by_pandas_with_arrow(path: Path, place: Path) -> None:
    pd.read_parquet(path, dtype_backend="pyarrow").to_parquet(place, compression="zstd")


def by_pyarrow(path: Path, place: Path) -> None:
    pq.write_table(pq.read_table(path), place, row_group_size=7, compression="snappy")


def by_pyarrow_without_metadata(path: Path, place: Path) -> None:
    table = pq.read_table(path).replace_schema_metadata(None)
    pq.write_table(table.set_column(0, "ct", table["ct"].combine_chunks().storage), place, store_schema=False)


def by_polars(path: Path, place: Path) -> None:
    polars = pytest.importorskip("polars")
    polars.read_parquet(path).write_parquet(place)


def by_a_stream_of_polars(path: Path, place: Path) -> None:
    polars = pytest.importorskip("polars")
    polars.scan_parquet(path).sink_parquet(place)


def by_duckdb(path: Path, place: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    duckdb.connect().execute(f"COPY (SELECT * FROM '{path}') TO '{place}' (FORMAT parquet)")


def by_a_query_of_duckdb(path: Path, place: Path) -> None:
    """Through Arrow, columns in another order, one more and the rows sorted."""
    duckdb = pytest.importorskip("duckdb")
    query = f"SELECT 7 AS more, * FROM '{path}' ORDER BY row"
    pq.write_table(duckdb.connect().sql(query).to_arrow_table(), place)


def of_type(of: Any) -> Callable[[Path, Path], None]:
    def rewrite(path: Path, place: Path) -> None:
        table = pq.read_table(path)
        pq.write_table(table.set_column(0, "ct", table["ct"].combine_chunks().storage.cast(of)), place)

    return rewrite


REWRITERS: dict[str, Callable[[Path, Path], None]] = {
    rewrite.__name__: rewrite
    for rewrite in (
        by_pandas,
        by_pandas_with_arrow,
        by_pyarrow,
        by_pyarrow_without_metadata,
        by_polars,
        by_a_stream_of_polars,
        by_duckdb,
        by_a_query_of_duckdb,
    )
} | {f"as {of}": of_type(of) for of in (pa.binary(), pa.large_binary(), pa.binary_view())}


@pytest.mark.parametrize("rewrite", REWRITERS.values(), ids=REWRITERS)
@pytest.mark.parametrize("ids", ["clear", "pseudonym", None])
def test_what_is_whole_is_read(tmp_path: Path, rewrite: Callable[[Path, Path], None], ids: str | None) -> None:
    chunks = list(signed_chunks())
    if ids != "clear":
        given = {"ids": range(50), "carry_ids": ids, "owner_secret": secret()} if ids else {"ids": None}
        chunks = chunks_of(rows_of.encrypted(**given), public=ids is not None)
    rewrite(written(tmp_path, chunks), tmp_path / "again.parquet")
    cohort = open_cohort(tmp_path / "again.parquet")
    assert same(list(cohort.chunks(signed_by=owner().identity)), chunks)
    assert same(list(cohort.chunks(2)), chunks[2:])


def secret() -> Any:
    from pyfe.owner import OwnerSecret

    return OwnerSecret.generate()


Edit = Callable[[Any], Any]
EDITS: dict[str, tuple[Edit, str]] = {
    "a row less": (lambda t: pa.concat_tables([t[:20], t[21:]]), "row 20 is missing"),
    "a chunk less": (lambda t: t.filter(pc.not_equal(t["chunk"], 1)), "rows 16 to 31 are missing"),
    "the first rows": (lambda t: t[:40], "rows 40 to 49 of 50 are missing"),
    "a row twice": (lambda t: pa.concat_tables([t[:20], t[19:]]), "row 19 is there twice"),
    "another order": (lambda t: t.take(list(range(25, 50)) + list(range(25))), "row 25 comes before row 0: sort"),
    "a random order": (lambda t: t.sort_by([("ward", "ascending"), ("row", "descending")]), "sort the rows by 'row'"),
    "no heads": (lambda t: t.drop_columns("head"), "not a cohort, or columns were left out: columns are missing: head"),
    "no rows": (lambda t: t[:0], "there are no rows"),
    "no ciphertexts": (lambda t: t.drop_columns(["ct", "row"]), "columns are missing: ct, row"),
    "no ids": (lambda t: t.drop_columns("id"), "columns are missing: id"),
    "a public column less": (lambda t: t.drop_columns("dose"), "columns are missing: dose"),
    "empty heads": (
        lambda t: t.set_column(1, "head", pa.nulls(50, pa.binary())),
        "row 0 begins a chunk and has no head",
    ),
    "a head less": (
        lambda t: t.set_column(
            1, "head", pa.array([c if r < 20 else None for r, c in enumerate(t["head"].to_pylist())])
        ),
        "row 32 begins a chunk and has no head",
    ),
    "a head more": (
        lambda t: t.set_column(1, "head", pa.array([c or b"x" for c in t["head"].to_pylist()])),
        "metadata",
    ),
    "another chunk": (
        lambda t: t.set_column(2, "chunk", pa.array([0] * 50)),
        "a row of chunk 1 says that it is of another",
    ),
    "rows as floats": (lambda t: t.set_column(3, "row", t["row"].cast(pa.float64())), "column 'row' is double"),
    "rows as text": (lambda t: t.set_column(0, "ct", pa.array(["x"] * 50)), "column 'ct' is string, not bytes"),
    "wider rows": (
        lambda t: t.set_column(0, "ct", pa.array([c + b"0" for c in plain(t["ct"])])),
        "the cells should be of 128 bytes",
    ),
    "a row without bytes": (
        lambda t: t.set_column(0, "ct", pa.array([None, *plain(t["ct"])[1:]])),
        "column 'ct': 1 cells are missing",
    ),
    "an id less": (
        lambda t: t.set_column(4, "id", pa.array([None, *t["id"].to_pylist()[1:]])),
        "column 'id': cells are missing",
    ),
    "another id": (lambda t: t.set_column(4, "id", pa.array(["x\ny", *t["id"].to_pylist()[1:]])), "17 ids"),
    "numbers as text": (
        lambda t: t.set_column(6, "visits", pa.array(["x"] * 50)),
        "column 'visits': row 0: a cell that is no int64",
    ),
    "rows beyond 64 bits": (
        lambda t: t.set_column(3, "row", pa.array([2**64 - 1] * 50, pa.uint64())),
        "18446744073709551615",
    ),
    "a long id": (
        lambda t: t.set_column(4, "id", pa.array(["x" * 257, *t["id"].to_pylist()[1:]])),
        "more than 256 bytes",
    ),
    "two columns of one name": (lambda t: t.append_column("row", t["row"]), "columns are there twice: row"),
}


def plain(column: Any) -> list[Any]:
    cells: list[Any] = column.combine_chunks().storage.to_pylist()
    return cells


@pytest.mark.parametrize("edit,words", EDITS.values(), ids=EDITS)
def test_what_is_missing_is_named(tmp_path: Path, edit: Edit, words: str) -> None:
    table = edit(pq.read_table(written(tmp_path)).replace_schema_metadata(None))
    pq.write_table(table, tmp_path / "again.parquet", store_schema=False)
    with pytest.raises(pyfe.DecodeError) as caught:
        list(open_cohort(tmp_path / "again.parquet").chunks())
    assert words in str(caught.value) and "again.parquet" in str(caught.value)


def test_cells_of_other_types_that_say_the_same(tmp_path: Path) -> None:
    """Small integers, categories: what a warehouse makes of columns."""
    table = pq.read_table(written(tmp_path))
    for name, of in (("chunk", pa.uint8()), ("row", pa.int16())):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(of))
    for name in ("row", "id", "ward", "visits"):
        table = table.set_column(table.column_names.index(name), name, table[name].dictionary_encode())
    pq.write_table(table, tmp_path / "again.parquet")
    assert same(list(open_cohort(tmp_path / "again.parquet").chunks()), list(signed_chunks()))


@pytest.mark.parametrize("name", ["id", "ward", "visits"])
@pytest.mark.parametrize(
    "of", [pa.timestamp("us"), pa.timestamp("us", "No/Where"), pa.duration("us"), pa.date32()], ids=str
)
def test_cells_that_python_has_no_value_for(tmp_path: Path, name: str, of: Any) -> None:
    """Dates beyond any year, and of places that are none: refused by their type, before a cell is looked at."""
    table = pq.read_table(written(tmp_path))
    numbers = pa.array([2**30] * ROWS, pa.int32()) if of == pa.date32() else pa.array([2**62] * ROWS, pa.int64())
    table = table.set_column(table.column_names.index(name), name, numbers.cast(of))
    pq.write_table(table, tmp_path / "again.parquet")
    cohort = open_cohort(tmp_path / "again.parquet")
    readings: list[Callable[[], Any]] = [lambda: list(cohort.chunks())]
    readings += [lambda: list(cohort.row_ids())] if name == "id" else []
    for reading in readings:
        with pytest.raises(pyfe.DecodeError, match=f"again.parquet.*column '{name}' is .*, neither text, numbers"):
            reading()


COUNTED: list[Any] = []
"""Pools of memory; what is in one of them may outlive its test."""


@pytest.mark.parametrize("rows_a_group", [2048, 1 << 20], ids=["as written", "merged"])
def test_memory_is_flat(tmp_path: Path, rows_a_group: int) -> None:
    """Sixty-four megabytes of rows in row groups as written, or in one: some megabytes at a time."""
    data = pa.py_buffer(os.urandom(1024) * 65_536)
    cells = pa.FixedSizeBinaryArray.from_buffers(pa.binary(1024), 65_536, [None, data])
    table = pa.table({"ct": cells, "row": range(65_536)})
    options = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=rows_a_group, **options)
    del table, cells, data
    part = opened_part(tmp_path / "rows.parquet")
    assert len(part.groups) == 65_536 // min(rows_a_group, 65_536)
    forget_peak()
    _, before = peak_and_now()
    assert sum(batch.num_rows for batch in part.batches(["ct", "row"], 0, 8192)) == 65_536
    assert peak_and_now()[0] - before < 32 * 2**20


@pytest.mark.parametrize("name", ["ct", "head", "id", "ward"])
def test_wide_cells_that_pack_well_do_not_fill_the_memory(tmp_path: Path, name: str) -> None:
    """Two megabytes a cell, no two the same, take some kilobytes in a file."""
    table = pq.read_table(written(tmp_path)).replace_schema_metadata(None)
    cells = pa.array([b"x" * 2 * 10**6 + bytes([65 + row]) for row in range(ROWS)])
    table = table.set_column(
        table.column_names.index(name), name, cells if name in ("ct", "head") else cells.cast("string")
    )
    pq.write_table(table, tmp_path / "again.parquet", compression="zstd", use_dictionary=False, store_schema=False)
    del table, cells
    COUNTED.append(counted := pa.proxy_memory_pool(pa.default_memory_pool()))
    pa.set_memory_pool(counted)
    try:
        with pytest.raises(pyfe.DecodeError, match=r"again\.parquet: columns of .* more than 8 to one"):
            list(open_cohort(tmp_path / "again.parquet").chunks())
    finally:
        pa.set_memory_pool(pa.default_memory_pool())
    assert counted.max_memory() < 20 * 10**6


@pytest.mark.parametrize(
    "name,cell", [("head", b"x" * 10**6), ("ct", b"x" * 10**6), ("id", "x" * 10**6), ("ward", "x" * 10**6)]
)
def test_a_small_file_does_not_fill_the_memory(tmp_path: Path, name: str, cell: Any) -> None:
    """A cell of a megabyte, repeated in every row, takes a megabyte in a file; as a column it would take fifty."""
    table = pq.read_table(written(tmp_path)).replace_schema_metadata(None)
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 50, pa.int32()), pa.array([cell]))
    table = table.set_column(table.column_names.index(name), name, repeated)
    pq.write_table(table, tmp_path / "again.parquet", dictionary_pagesize_limit=1 << 30, store_schema=False)
    COUNTED.append(counted := pa.proxy_memory_pool(pa.default_memory_pool()))
    pa.set_memory_pool(counted)
    try:
        with pytest.raises(pyfe.DecodeError, match=r"again\.parquet"):
            list(open_cohort(tmp_path / "again.parquet").chunks())
    finally:
        pa.set_memory_pool(pa.default_memory_pool())
    assert 0 < counted.max_memory() < 20 * 10**6


def test_the_program_is_named(tmp_path: Path) -> None:
    frame = pd.read_parquet(written(tmp_path))
    frame[frame["row"] != 3].to_parquet(tmp_path / "again.parquet")
    with pytest.raises(pyfe.DecodeError, match=r"row 3 is missing \(the file was written by pandas"):
        open_cohort(tmp_path / "again.parquet")


def test_integers_that_pandas_rounded_are_refused(tmp_path: Path) -> None:
    """Of a column with gaps pandas makes floats: they hold 53 bits."""
    chunk = signed_chunks()[3]
    wide = {"n": PublicColumn.of([2**60 + 1, None])}
    place = next(iter(places(2, 2)))[0]
    by_pandas(written(tmp_path, [Chunk(place, chunk.batch, wide)]), tmp_path / "again.parquet")
    with pytest.raises(pyfe.DecodeError, match="column 'n': row 0: a cell that is no int64"):
        list(open_cohort(tmp_path / "again.parquet").chunks())


def test_a_file_that_was_replaced_since_it_was_looked_at_is_not_read(tmp_path: Path) -> None:
    """By one of as many rows, whose pages nobody has looked at."""
    path = written(tmp_path)
    cohort = open_cohort(path)
    pq.write_table(pq.read_table(path), tmp_path / "again.parquet", compression="zstd")
    (tmp_path / "again.parquet").replace(path)
    with pytest.raises(pyfe.DecodeError, match="was changed while it was read"):
        list(cohort.chunks())
    assert len(list(open_cohort(path).chunks())) == cohort.chunk_count
