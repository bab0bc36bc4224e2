"""Columns of Arrow and Parquet whose cells take fewer bytes in a file than in memory, and those that have no cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import OutOfRangeError, ParameterError, Schema, io
from pyfe.io import arrow_files, stream_table
from pyfe.io.fitting import Fitting
from pyfe.schema.frames import as_column

pa = pytest.importorskip("pyarrow")
ipc = pytest.importorskip("pyarrow.ipc")
parquet = pytest.importorskip("pyarrow.parquet")

LONG = "x" * 100_000


def write_parquet(table: Any, path: Path) -> None:
    parquet.write_table(table, path, dictionary_pagesize_limit=1 << 24)


def write_arrow(table: Any, path: Path) -> None:
    with ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


def write_stream(table: Any, path: Path) -> None:
    with ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


WRITERS = {"parquet": write_parquet, "arrow": write_arrow, "stream": write_stream}


@pytest.fixture(params=list(WRITERS))
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Writes a table of some columns, and reads it."""

    def reader(**columns: Any) -> io.Table:
        WRITERS[request.param](pa.table(columns), tmp_path / "table")
        return io.read_table(tmp_path / "table")

    return reader


# -- nothing in any row --


def test_nothing_in_any_row_is_what_a_schema_says_it_is(read: Any) -> None:
    table = read(age=[30, 40, 50], dose=pa.nulls(3), site=pa.nulls(3), stage=pa.nulls(3))
    stated = Schema.from_ranges(
        {
            "age": (0, 120),
            "dose": pyfe.number(0, 10, step=1, missing=7),
            "site": pyfe.category(["a", "b"], missing="b"),
            "stage": pyfe.category([1, 2], missing=2),
        }
    )
    encoded = io.encode_table(table, stated)
    assert encoded.replaced == {"dose": 3, "site": 3, "stage": 3}
    values = {"age": [30, 40, 50], "dose": [7] * 3, "site": ["b"] * 3, "stage": [2] * 3}
    assert np.array_equal(encoded.x, stated.encode(values).x)
    with pytest.raises(OutOfRangeError, match=r"3 cells do not fit .*'dose' in row 1, 2, 3 .*missing"):
        io.encode_table(table, Schema.from_ranges({"dose": (0, 10)}))


def test_nothing_in_any_row_proposes_no_column(read: Any) -> None:
    table = read(age=np.arange(200) % 80, dose=pa.nulls(200))
    assert table.columns["dose"] == [""] * 200
    with pytest.raises(ParameterError, match="column 'dose'.*--exclude"):
        Schema.fit(table.guessed())


def test_nothing_beside_nothing_has_a_bound(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_files, "_ANY_FILE", 1 << 10)
    schema = Schema.from_ranges({"dose": pyfe.number(0, 10, step=1, missing=7)})
    assert len(io.encode_table(read(dose=pa.nulls(1 << 10)), schema)) == 1 << 10
    assert len(io.encode_table(read(dose=pa.nulls(1 << 12), age=np.arange(1 << 12)), schema)) == 1 << 12
    monkeypatch.setattr(arrow_files, "MOST_CELLS_A_BYTE", 10**6)
    with pytest.raises(ParameterError, match="column 'dose' is of type null, whose cells take no bytes"):
        io.encode_table(read(dose=pa.nulls(1 << 20)), schema)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_nothing_beside_nothing_is_bounded_over_all_pieces_of_a_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Any
) -> None:
    rows = 5 << 15
    monkeypatch.setattr(arrow_files, "_ANY_FILE", 1 << 16)
    monkeypatch.setattr(arrow_files, "MOST_CELLS_A_BYTE", 10**6)
    schema = Schema.from_ranges({"dose": pyfe.number(0, 10, step=1, missing=7)})
    write(pa.table({"dose": pa.nulls(rows), "age": np.arange(rows) % 90 > 40}), tmp_path / "table")
    looked_at = Fitting(schema, "raise")
    stream = stream_table(tmp_path / "table", schema=schema, watchers=[looked_at])
    assert sum(len(schema.encode(piece.typed(schema))) for piece in stream.pieces(schema)) == rows, "beside an age"
    write(pa.table({"dose": pa.nulls(rows)}), tmp_path / "table")
    for read in (
        lambda: list(stream_table(tmp_path / "table", schema=schema, watchers=[Fitting(schema, "raise")])),
        lambda: [piece.typed(schema) for piece in stream_table(tmp_path / "table").pieces(schema)],
        lambda: io.encode_table(io.read_table(tmp_path / "table"), schema),
    ):
        with pytest.raises(ParameterError, match="column 'dose' is of type null, whose cells take no bytes"):
            read()


# -- the same text in many cells --


def same(cells: Any) -> bool:
    return len({id(cell) for cell in cells if cell is not None}) == 1


def test_a_text_that_many_cells_have_is_there_once(read: Any) -> None:
    """Ten thousand times 100 KB."""
    coded = pa.DictionaryArray.from_arrays(pa.array([0] * 9_999 + [None], pa.int8()), [LONG])
    cells = read(a=pa.chunked_array([coded, coded])).cells["a"].values
    assert cells.tolist() == [*[LONG] * 9_999, None] * 2 and same(cells)


def test_dictionaries_are_read_as_what_they_stand_for() -> None:
    rng = np.random.default_rng(2)
    for cells in (["a", "b", None, "a", ""], [3, None, 5, 3], [3, 5, 3], [0.5, 2.0, 0.5], [True, False, None]):
        several = [rng.choice(np.array(cells, dtype=object), 6).tolist() for _ in range(3)]
        kind = pa.array(cells).type
        coded = pa.chunked_array([pa.array(part, kind).dictionary_encode() for part in several])
        plain = [cell for part in several for cell in part]
        for found, cells_of in ((coded, plain), (coded.slice(4, 9), plain[4:13])):
            expected = as_column(cells_of)
            assert as_column(found).tolist() == expected.tolist() and as_column(found).dtype == expected.dtype
        assert as_column(coded.chunk(1)).tolist() == several[1]
    assert as_column(pa.chunked_array([], coded.type)).tolist() == []


def test_parquet_gives_text_as_it_is_written(tmp_path: Path) -> None:
    coded = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int8()), [LONG])
    path = tmp_path / "table"
    parquet.write_table(pa.table({"a": coded}), path, dictionary_pagesize_limit=1 << 24, store_schema=False)
    assert parquet.read_schema(path).field("a").type == pa.string() and path.stat().st_size < 300_000
    cells = io.read_table(tmp_path / "table").cells["a"].values
    assert len(cells) == 20_000 and same(cells) and cells[7] == LONG


def views(rows: int, length: int) -> Any:
    """A column of views of the same bytes."""
    data = pa.py_buffer(LONG.encode())
    one = np.array([length, int.from_bytes(b"xxxx", "little"), 0, 0], np.int32)
    return pa.Array.from_buffers(pa.string_view(), rows, [None, pa.py_buffer(np.tile(one, rows)), data])


def test_views_share_their_bytes_to_a_bound(tmp_path: Path) -> None:
    schema = Schema.from_ranges({"a": ["x" * 100, "y"]})
    for write in (write_arrow, write_stream):
        write(pa.table({"a": views(1000, 100)}), tmp_path / "table")
        assert len(io.encode_table(io.read_table(tmp_path / "table"), schema)) == 1000
        write(pa.table({"a": views(3000, 100_000), "age": np.arange(3000)}), tmp_path / "table")
        table = io.read_table(tmp_path / "table")
        assert len(io.encode_table(table, Schema.from_ranges({"age": (0, 3000)}))) == 3000, "where it is not used"
        with pytest.raises(ParameterError, match=r"column 'a' holds text of which more than 64 cells .*--exclude"):
            io.encode_table(table, schema)


def test_lists_of_nothing_are_not_spread_out(tmp_path: Path) -> None:
    """A million nothings a row, in no bytes."""
    empty = pa.FixedSizeListArray.from_arrays(pa.nulls(10**9), 10**6)
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([10**3], pa.int32()), pa.array(["x"]))
    for column in (empty, runs):
        write_arrow(pa.table({"a": column}), tmp_path / "table")
        with pytest.raises(ParameterError, match="column 'a' is of type (fixed_size_list|run_end_encoded)"):
            io.read_table(tmp_path / "table").guessed()
