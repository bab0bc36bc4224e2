"""How much a packed table may unpack to."""

from __future__ import annotations

import gzip
import io as streams
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from pyfe import DecodeError, io
from pyfe.io import unpacking

PACKINGS = ["gzip", "zstd"]


def packed(packing: str, text: bytes) -> bytes:
    if packing == "gzip":
        return gzip.compress(text)
    return bytes(pytest.importorskip("pyarrow").compress(text, "zstd", asbytes=True))


def read(tmp_path: Path, data: bytes) -> io.Table:
    (tmp_path / "table").write_bytes(data)
    return io.read_table(tmp_path / "table")


@pytest.mark.parametrize("packing", PACKINGS)
def test_what_is_made_to_fill_the_memory_is_not_unpacked(
    packing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a bomb no more is unpacked than any file may, and the error says the limit and the way out."""
    monkeypatch.setattr(unpacking, "ANY_BYTES", 1 << 22)
    data = packed(packing, b"a,b\n" + b"0" * (1 << 25))
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match=rf"its {len(data)} bytes unpack to \d+ bytes .* 64 bytes: .*\(gunzip, "):
            read(tmp_path, data)
        assert tracemalloc.get_traced_memory()[1] < 4 * unpacking.ANY_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packing", PACKINGS)
def test_lines_have_a_limit_of_their_own(packing: str, tmp_path: Path) -> None:
    data = packed(packing, b"a\n" + b"1\n" * (1 << 22))
    with pytest.raises(DecodeError, match=rf"its {len(data)} bytes unpack to \d+ lines .* 4 lines: .*gunzip"):
        read(tmp_path, data)


@pytest.fixture
def no_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that any file may have is no more than a page."""
    monkeypatch.setattr(unpacking, "ANY_BYTES", 1 << 12)
    monkeypatch.setattr(unpacking, "ANY_LINES", 1 << 4)


@pytest.mark.usefixtures("no_leave")
@pytest.mark.parametrize("packing", PACKINGS)
def test_a_limit_is_of_all_packed_bytes(packing: str, tmp_path: Path) -> None:
    """Also where the first of them stand for most."""
    alike = b"a,b\n" + b"0,0\n" * (1 << 16)
    cells = np.random.default_rng(1).bytes(64 << 11).hex().encode()
    other = [b"1,%s\n" % cells[start : start + 128] for start in range(0, len(cells), 128)]
    assert len(read(tmp_path, packed(packing, alike + b"".join(other)))) == (1 << 16) + (1 << 11)
    with pytest.raises(DecodeError, match="may stand for"):
        read(tmp_path, packed(packing, alike + b"".join(other[:99])))


@pytest.mark.usefixtures("no_leave")
def test_lines_are_those_of_text(tmp_path: Path) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    buffer = streams.BytesIO()
    table = pa.table({"a": np.full(1 << 14, 10, np.uint8), "b": np.random.default_rng(1).integers(0, 99, 1 << 14)})
    parquet.write_table(table, buffer, use_dictionary=False, compression="none")
    data = gzip.compress(buffer.getvalue())
    text = b"a\n" + b"1\n" * buffer.getvalue().count(b"\n")
    assert len(read(tmp_path, data)) == 1 << 14
    with pytest.raises(DecodeError, match="lines"):
        read(tmp_path, gzip.compress(text))
