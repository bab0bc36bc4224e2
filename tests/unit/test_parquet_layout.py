"""Files of Parquet and Arrow that say they hold more than they do, or hold more than their bytes may stand for."""

from __future__ import annotations

import contextlib
import io as bytes_io
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import DecodeError, Schema, io
from pyfe.cohorts import open_cohort
from pyfe.io.arrow_layout import arrow_layout
from pyfe.io.kinds import Kind
from pyfe.io.parquet_layout import At, ParquetLayout, parquet_layout
from pyfe.io.streams import stream_table
from tests.unit.forged_parquet import (
    BYTE_ARRAY,
    DELTA_LENGTH,
    FIXED,
    INT64,
    RLE_DICTIONARY,
    ZSTD,
    column,
    dictionary,
    footer,
    forged,
    i32,
    page,
    varint,
    whole,
    zigzag,
)

pa = pytest.importorskip("pyarrow")
ipc = pytest.importorskip("pyarrow.ipc")
parquet = pytest.importorskip("pyarrow.parquet")

MB = 1 << 20
ROWS = 2000
POOLS: list[Any] = []
"""A pool has to live as long as what was allocated in it."""

THREE = struct.pack("<3q", 1, 2, 3)


def packed(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data))


def at_of(data: bytes) -> At:
    return lambda place, size: data[place : place + size] if place >= 0 else b""


def layout_of(data: bytes) -> ParquetLayout:
    return parquet_layout(at_of(data), len(data))


def runs(rows: int) -> bytes:
    """The first entry of a dictionary, so many times."""
    return bytes([1]) + varint(rows << 1) + b"\0"


def spread(of: int, cell: bytes, **said: Any) -> bytes:
    """One long cell in a dictionary, in every row."""
    first = dictionary(packed(cell), 1, unpacked=len(cell))
    pages = [first, page(packed(runs(ROWS)), ROWS, encoding=RLE_DICTIONARY, unpacked=len(runs(ROWS)))]
    element = column(of, **said)
    if "converted" in said:
        element += [i32(7, 0), i32(8, 4)]
    return forged(element, pages, ROWS, codec=ZSTD, data=len(first))


def lists(values: int) -> bytes:
    """One row of very many values."""
    table = pa.table({"a": pa.ListArray.from_arrays([0, values], np.zeros(values, np.int8))})
    return written(table, compression="zstd")


def prefixes() -> bytes:
    cells = ["x" * 5_000 + chr(65 + row % 50) for row in range(ROWS)]
    return written(pa.table({"a": cells}), use_dictionary=False, column_encoding={"a": "DELTA_BYTE_ARRAY"})


def written(table: Any, **options: Any) -> bytes:
    sink = bytes_io.BytesIO()
    parquet.write_table(table, sink, **options)
    return sink.getvalue()


def lengths(count: int) -> bytes:
    """A page of text that says how many lengths it has, all zero, in no bytes."""
    body = varint(count) + varint(1) + varint(count) + zigzag(0) + zigzag(0) + b"\0"
    return forged(column(BYTE_ARRAY), [page(body, 3, encoding=DELTA_LENGTH)], 3)


LONG = bytes(4 * MB)
FORGED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a page that unpacks to very much": (
        lambda: forged(column(INT64), [page(packed(bytes(80 * MB)), 10 * MB, unpacked=80 * MB)], 10 * MB, codec=ZSTD),
        "a byte may stand for 64",
    ),
    "a page that says so": (
        lambda: forged(column(INT64), [page(packed(THREE), 3, unpacked=2**31 - 1)], 3, codec=ZSTD),
        "a byte may stand for 64",
    ),
    "a packed size beyond the file": (
        lambda: forged(column(INT64), [page(THREE, 3)[:-30] + THREE], 3),
        "damaged",
    ),
    "a dictionary of very many": (
        lambda: forged(column(BYTE_ARRAY), [dictionary(b"\1\0\0\0x", 2**28), page(runs(3), 3, encoding=8)], 3, data=17),
        "damaged",
    ),
    "text that shares its beginnings": (prefixes, "'a': it is encoded as DELTA_BYTE_ARRAY"),
    "lengths of very many": (lambda: lengths(1 << 26), "'a': it is encoded as DELTA_LENGTH_BYTE_ARRAY"),
    "lists": (lambda: lists(5 * MB), "'a': its cells are lists, of more values"),
    "other rows than it says": (lambda: forged(column(INT64), [page(THREE, 3)], 3, said=1), "damaged"),
    "numbers beyond their type": (
        lambda: forged(column(INT64), [page(THREE, 3).replace(zigzag(24), varint(48 + 2**33), 1)], 3),
        "damaged",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_a_file_says_of_itself_is_never_allocated(tmp_path: Path, name: str) -> None:
    make, says = FORGED[name]
    (tmp_path / "table").write_bytes(make())
    for read in (io.read_table, stream_table, open_cohort):
        with counted() as pool, pytest.raises(DecodeError, match=says if read is not open_cohort else "table: "):
            read(tmp_path / "table")
        assert pool.max_memory() < 16 * MB, read


@contextlib.contextmanager
def counted() -> Iterator[Any]:
    """What pyarrow allocates meanwhile."""
    before = pa.default_memory_pool()
    POOLS.append(pool := pa.proxy_memory_pool(before))
    pa.set_memory_pool(pool)
    try:
        yield pool
    finally:
        pa.set_memory_pool(before)


@pytest.mark.parametrize(
    "of", [{"of": FIXED, "width": len(LONG)}, {"of": BYTE_ARRAY, "converted": 5}], ids=["fixed", "decimal"]
)
def test_a_cell_of_a_dictionary_is_not_spread_over_all_rows(tmp_path: Path, of: dict[str, Any]) -> None:
    """2,000 times 4 MB."""
    text = of["of"] == BYTE_ARRAY
    data = spread(cell=struct.pack("<I", len(LONG)) + LONG if text else LONG, **of)
    assert len(data) < 1000
    (tmp_path / "table").write_bytes(data)
    with counted() as pool, pytest.raises(DecodeError, match="a byte may stand for 64"):
        io.read_table(tmp_path / "table")
    assert pool.max_memory() < MB
    with counted() as pool, pytest.raises(DecodeError, match="damaged") if text else contextlib.nullcontext():
        stream_table(tmp_path / "table")
    assert 0 < pool.max_memory() < 128 * MB


def test_a_reader_spreads_what_stands_for_something_else() -> None:
    """JSON, of which pyarrow makes a type of its own."""
    assert layout_of(spread(BYTE_ARRAY, struct.pack("<I", MB) + bytes(MB), converted=19)).widths["a"] > MB
    assert layout_of(spread(BYTE_ARRAY, struct.pack("<I", MB) + bytes(MB), converted=0)).widths["a"] < 10


def test_bytes_of_a_dictionary_stay_one(tmp_path: Path) -> None:
    (tmp_path / "table").write_bytes(spread(BYTE_ARRAY, struct.pack("<I", len(LONG)) + LONG))
    with counted() as pool:
        assert len(stream_table(tmp_path / "table")) == ROWS
        assert len(io.read_table(tmp_path / "table").lines) == ROWS
    assert pool.max_memory() < 64 * MB


def test_few_rows_of_long_text_are_read_at_a_time(tmp_path: Path) -> None:
    """A page a cell, of 256 KB that pack to nothing: each may be unpacked, all at once may not."""
    cell = struct.pack("<I", MB // 4) + bytes(MB // 4)
    (tmp_path / "table").write_bytes(
        forged(column(BYTE_ARRAY), [page(packed(cell), 1, unpacked=len(cell))] * ROWS, ROWS, codec=ZSTD)
    )
    with counted() as pool:
        assert len(stream_table(tmp_path / "table")) == ROWS
    assert pool.max_memory() < 128 * MB


def test_the_layout_is_what_was_written() -> None:
    rng = np.random.default_rng(1)
    rows = 30_000
    table = pa.table(
        {
            "a": rng.normal(size=rows),
            "b": rng.integers(0, 2, rows).astype(np.int32),
            "c": pa.array(rng.choice(["x", "yy", None], rows).tolist()),
            "d": pa.nulls(rows),
            "e": np.zeros(rows, bool),
            "f": pa.array([{"g": 1, "h": "e"}] * rows),
            "i": pa.array([[1, 2]] * rows),
        }
    )
    for options in ({}, {"compression": "zstd"}, {"data_page_version": "2.0"}, {"use_dictionary": False}):
        layout = layout_of(written(table, row_group_size=7000, **options))
        widths = {name: width for name, width in layout.widths.items() if name not in "cf"}
        assert widths == {"a": 8, "b": 4, "d": 4, "e": 1, "i": 8} and layout.rows == rows
        assert 8 < layout.widths["c"] <= 8 + 7 and layout.held < MB
        assert layout.rows_at_once(1000, 80, ["a"]) == 10 and layout.rows_at_once(5, MB) == 5
    assert layout_of(written(table.slice(0, 0))).rows == 0


def test_every_cut_and_every_flip_is_damage_or_nothing() -> None:
    """Nothing but DecodeError, whatever stands in footer and headers."""
    data = written(pa.table({"a": [1, 2, 3], "s": ["x", "y", "x"]}), compression="zstd")
    for end in range(len(data)):
        with pytest.raises(DecodeError):
            layout_of(data[:end])
    for at in range(4, len(data)):
        for bit in range(0, 8, 3):
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            with contextlib.suppress(DecodeError):
                layout_of(bytes(flipped))


def test_a_footer_counts_what_there_is() -> None:
    """A million columns that take a byte each."""
    foot = footer(column(INT64), 4, len(page(THREE, 3)), 3)
    assert layout_of(whole(page(THREE, 3), foot)).rows == 3
    many = bytes([0x19, 0xFC]) + varint(10**6) + bytes(10**6)
    with pytest.raises(DecodeError):
        layout_of(whole(b"", bytes([0x15, 4]) + many + b"\0"))


# -- Arrow --


def arrow(table: Any, stream: bool, batch: int | None = None, compression: str = "zstd") -> bytes:
    sink = bytes_io.BytesIO()
    options = ipc.IpcWriteOptions(compression=compression, metadata_version=ipc.MetadataVersion.V5)
    make = ipc.new_stream if stream else ipc.new_file
    with make(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=batch)
    return sink.getvalue()


@pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])
def test_packed_batches_stand_for_so_much(tmp_path: Path, stream: bool) -> None:
    path, zeros = tmp_path / "table", pa.table({"a": np.zeros(10 * MB, np.int64), "b": np.zeros(10 * MB, bool)})
    path.write_bytes(arrow(zeros, stream))
    assert path.stat().st_size < MB
    for read in (io.read_table, stream_table):
        with counted() as pool, pytest.raises(DecodeError, match=r"unpack to 8\d{7}, and a byte may stand for 64"):
            read(path)
        assert pool.max_memory() < MB
    path.write_bytes(arrow(zeros, stream, batch=1 << 16))
    with pytest.raises(DecodeError, match="a byte may stand for 64"):
        io.read_table(path)
    with counted() as pool:
        assert len(stream_table(path)) == 10 * MB
    assert pool.max_memory() < 32 * MB


@pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])
def test_packed_dictionaries_count_too(tmp_path: Path, stream: bool) -> None:
    coded = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(["x" * 40 * MB, "y"]))
    (tmp_path / "table").write_bytes(arrow(pa.table({"a": coded}), stream))
    for read in (io.read_table, stream_table):
        with pytest.raises(DecodeError, match="a byte may stand for 64"):
            read(tmp_path / "table")


@pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])
def test_an_earlier_way_to_say_that_buffers_are_packed(tmp_path: Path, stream: bool) -> None:
    """Among the metadata of a message; the first number is taken for what the buffer unpacks to."""
    sink, batch = bytes_io.BytesIO(), pa.record_batch({"a": [1 << 33, 2, 3]})
    options = ipc.IpcWriteOptions(metadata_version=ipc.MetadataVersion.V4)
    with (ipc.new_stream if stream else ipc.new_file)(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch, custom_metadata={"ARROW:experimental_compression": "zstd"})
    (tmp_path / "table").write_bytes(sink.getvalue())
    for read in (io.read_table, stream_table):
        with pytest.raises(DecodeError, match="unpack to 8589934592, and a byte may stand for 64"):
            read(tmp_path / "table")


@pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])
@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_packed_tables_are_read_as_before(tmp_path: Path, stream: bool, compression: str) -> None:
    rng = np.random.default_rng(3)
    table = pa.table(
        {
            "age": rng.integers(0, 90, 5000),
            "site": pa.array(rng.choice(["a", "b", None], 5000).tolist()).dictionary_encode(),
            "none": pa.nulls(5000),
        }
    )
    (tmp_path / "table").write_bytes(arrow(table, stream, 1000, compression))
    found = io.read_table(tmp_path / "table").for_schema(Schema.from_ranges({"age": (0, 120)}))
    assert np.array_equal(found["age"], table["age"].to_numpy())
    assert len(stream_table(tmp_path / "table")) == 5000


def test_every_flip_of_a_message_is_damage_or_nothing(tmp_path: Path) -> None:
    for kind, stream in ((Kind.ARROW_FILE, False), (Kind.ARROW_STREAM, True)):
        data = arrow(pa.table({"a": [1, 2, 3], "s": ["x", "y", "x"]}), stream)
        for at in range(8, len(data)):
            flipped = bytearray(data)
            flipped[at] ^= 1 << at % 8
            with contextlib.suppress(DecodeError):
                arrow_layout(at_of(bytes(flipped)), len(flipped), kind)
