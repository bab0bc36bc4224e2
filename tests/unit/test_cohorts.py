"""Cohorts: chunks into Parquet files, and back."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pyfe
from pyfe.cli import main
from pyfe.cohorts import Chunk, Place, PublicColumn, head, open_cohort, places, write_part
from pyfe.owner import OwnerSecret
from tests.unit import cohort_rows as rows_of
from tests.unit import objects
from tests.unit.cohort_rows import ROWS, chunks_of, owner, same, signed_chunks, written


@pytest.mark.parametrize("signed", [False, True])
def test_what_is_written_is_read(tmp_path: Path, signed: bool) -> None:
    key, batch = rows_of.function_key(), rows_of.batch()
    chunks = list(signed_chunks()) if signed else chunks_of(batch, signed=False)
    assert write_part(tmp_path / "rows.parquet", chunks) == (0, 4, ROWS)
    cohort = open_cohort(tmp_path / "rows.parquet")
    assert (len(cohort), cohort.chunk_count, cohort.scheme, cohort.ids) == (ROWS, 4, batch.scheme, "clear")
    assert (cohort.public_key_id, cohort.schema_id) == (batch.public_key_id, batch.schema_id)
    assert cohort.columns == {"ward": "text", "visits": "int64", "dose": "float64", "smoker": "bool"}
    assert cohort.signer == (owner().identity.ed25519 if signed else None)
    assert same(list(cohort.chunks()), chunks) and same(list(cohort.chunks(1, 3)), chunks[1:3])
    assert list(cohort.chunks(4)) == [] and [len(chunk) for chunk in cohort.chunks(3)] == [2]
    scores = np.concatenate([key.decrypt(chunk.batch) for chunk in cohort.chunks()])
    assert np.array_equal(scores, key.decrypt(batch))


@pytest.mark.parametrize("scheme", ["qfe-ggm", "qfe-sxdh"])
def test_quadratic_schemes_without_ids_or_columns(tmp_path: Path, scheme: str) -> None:
    authority = objects.authority(objects.small_schema(), scheme=scheme)
    batch = authority.public_key.encrypt({"a": [0, 1, 2, 3, 9], "b": [0, 1, 1, 0, 1]}, on_overflow="clip")
    chunks = chunks_of(batch, signed=False, rows_a_chunk=2, public=False)
    write_part(tmp_path / "rows.parquet", chunks)
    cohort = open_cohort(tmp_path / "rows.parquet")
    assert (cohort.scheme, cohort.ids, cohort.columns) == (batch.scheme, None, {})
    assert same(list(cohort.chunks()), chunks)
    assert [chunk.batch.saturated for chunk in cohort.chunks()] == [{"a": 1}] * 3


def test_pseudonyms_and_combined_rows(tmp_path: Path) -> None:
    secret = OwnerSecret.generate()
    hidden = rows_of.encrypted(9, ids=list(range(9)), carry_ids="pseudonym", owner_secret=secret)
    chunks = chunks_of(hidden, rows_a_chunk=4)
    assert same(list(open_cohort(written(tmp_path, chunks)).chunks(signed_by=owner().identity)), chunks)
    sums = chunks_of(3 * hidden - hidden, signed=False, rows_a_chunk=4)
    read = list(open_cohort(written(tmp_path, sums)).chunks())
    assert same(read, sums) and all(chunk.batch.combined for chunk in read)
    with pytest.raises(pyfe.ParameterError, match="combined rows are never signed"):
        sums[0].signed(owner())


def test_the_file_is_as_it_is_documented(tmp_path: Path) -> None:
    path = written(tmp_path)
    metadata = pq.ParquetFile(path).metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [16, 16, 16, 2]
    ct, chunk = metadata.row_group(0).column(0), metadata.row_group(0).column(2)
    assert (ct.compression, ct.is_stats_set, ct.has_dictionary_page) == ("UNCOMPRESSED", False, False)
    assert (chunk.path_in_schema, chunk.statistics.max) == ("chunk", 0)
    table = pq.read_table(path)
    assert table.column_names == ["ct", "head", "chunk", "row", "id", "ward", "visits", "dose", "smoker"]
    assert table.schema.field("ct").type.extension_name == "pyfe.ciphertext"
    assert table.schema.field("ct").type.storage_type == pa.binary(rows_of.batch().adapter.row_bytes(2))
    heads = table["head"].to_pylist()
    assert [row for row, head in enumerate(heads) if head is not None] == [0, 16, 32, 48]
    body = b"".join(cell.as_py() for cell in table["ct"].combine_chunks().storage)
    assert (
        signed_chunks()[0]
        .batch.native.to_bytes()
        .endswith(body[: 16 * table.schema.field("ct").type.storage_type.byte_width])
    )
    assert table.schema.metadata[b"pyfe.public_key_id"].decode() == rows_of.batch().public_key_id.hex()
    assert table.schema.metadata[b"pyfe.rows"] == b"50"


def test_the_same_chunks_give_the_same_bytes(tmp_path: Path) -> None:
    stream = io.BytesIO()
    write_part(stream, signed_chunks())
    assert stream.getvalue() == written(tmp_path).read_bytes()


def test_parts_in_any_order_and_as_a_folder(tmp_path: Path) -> None:
    chunks, paths = list(signed_chunks()), [tmp_path / name for name in ("b.parquet", "a.parquet")]
    assert write_part(paths[0], chunks[:1]) == (0, 1, 16)
    assert write_part(paths[1], chunks[1:]) == (1, 3, 34)
    for given in (paths, paths[::-1], tmp_path, str(tmp_path)):
        assert same(list(open_cohort(given).chunks(signed_by=owner().identity)), chunks)
    for missing, words in ((paths[1], "rows 16 to 49 of 50"), (paths[0], "rows 0 to 15 are missing")):
        part = paths[0] if missing is paths[1] else paths[1]
        with pytest.raises(pyfe.DecodeError, match=f"not whole: {words}"):
            open_cohort(part)
    write_part(tmp_path / "c.parquet", chunks[1:])
    with pytest.raises(pyfe.DecodeError, match="row 16 is there twice"):
        open_cohort(tmp_path)


def test_whose_chunks_they_are(tmp_path: Path) -> None:
    other = pyfe_identity("another hospital")
    unsigned = chunks_of(rows_of.batch(), signed=False)
    with pytest.raises(pyfe.SignatureError, match=r"chunk 0 of 4 .* is not signed, and should be by 'the hospital'"):
        list(open_cohort(written(tmp_path, unsigned)).chunks(signed_by=owner().identity))
    with pytest.raises(pyfe.SignatureError, match="chunk 0 of 4 .* is signed by the key"):
        list(open_cohort(written(tmp_path)).chunks(signed_by=other.identity))
    mixed = [*signed_chunks()[:2], *(chunk.signed(other) for chunk in signed_chunks()[2:])]
    with pytest.raises(pyfe.ParameterError, match="of another cohort.*signer"):
        written(tmp_path, mixed)


def pyfe_identity(name: str) -> Any:
    from pyfe.identity import IdentitySecret

    return IdentitySecret.generate(name)


def test_info_tells_of_a_cohort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(written(tmp_path))]) == 0
    said = capsys.readouterr().out
    assert "cohort" in said and owner().identity.ed25519.hex() in said and "50" in said
    assert main(["info", str(tmp_path), "--json"]) == 0
    pq.write_table(pa.table({"age": [1]}), tmp_path / "table.parquet")
    assert main(["info", str(tmp_path / "table.parquet")]) == 1
    assert "not a cohort" in capsys.readouterr().err


def test_a_chunk_is_as_large_as_a_reader_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head, "MOST_CHUNK_BYTES", 16 * 128 - 1)
    with pytest.raises(pyfe.ParameterError, match="chunk 0 of 4 .* has 2048 bytes, at most 2047: give it fewer rows"):
        written(tmp_path)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    chunks, place = list(signed_chunks()), tmp_path / "rows.parquet"
    for given, words in (
        ([], "no chunks"),
        ([chunks[0], chunks[2]], "does not follow"),
        ([chunks[0], chunks[0]], "does not follow"),
        ([chunks[0], chunks_of(rows_of.batch())[1]], "another cohort.*cohort"),
        ([rows_of.batch()], "what is written must be Chunk"),
    ):
        with pytest.raises(pyfe.ParameterError, match=words):
            write_part(place, given)  # type: ignore[arg-type]


def test_what_was_written_until_an_error_is_not_whole(tmp_path: Path) -> None:
    def broken() -> Iterator[Chunk]:
        yield from signed_chunks()[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_part(tmp_path / "rows.parquet", broken())
    with pytest.raises(pyfe.DecodeError, match="not whole: rows 32 to 49 of 50 are missing"):
        open_cohort(tmp_path / "rows.parquet")
    with pytest.raises(OSError):
        write_part(tmp_path / "no such folder" / "rows.parquet", signed_chunks())


def test_places() -> None:
    found = list(places(50, 16))
    assert [(place.number, place.first_row, rows) for place, rows in found] == [
        (0, 0, 16), (1, 16, 16), (2, 32, 16), (3, 48, 2),
    ]  # fmt: skip
    assert len({place.cohort for place, _ in found}) == 1 and len(found[0][0].cohort) == 16
    assert next(places(1, 1))[0].cohort != next(places(1, 1))[0].cohort
    for wrong in ((0, 4), (4, 0), (-1, 4), (True, 4), (2**48 + 1, 1)):
        with pytest.raises(pyfe.ParameterError):
            next(places(*wrong))
    for values in ((b"x", 0, 1, 0, 1), (bytes(16), 1, 1, 0, 1), (bytes(16), 0, 1, 1, 1), (bytes(16), 0, 0, 0, 1)):
        with pytest.raises(pyfe.ParameterError):
            Place(*values)
    batch = rows_of.batch()
    for place, rows in (
        (Place(bytes(16), 0, 2, 0, 50), 50),  # the first of two is not all
        (Place(bytes(16), 1, 2, 0, 50), 50),
        (Place(bytes(16), 1, 2, 16, 50), 33),
        (Place(bytes(16), 0, 1, 0, 50), 0),
    ):
        with pytest.raises(pyfe.ParameterError, match="cannot be"):
            Chunk(place, batch[:rows])


def test_public_columns() -> None:
    assert PublicColumn.of([1, None, 2.5]).cells == (1.0, None, 2.5)
    assert PublicColumn.of(np.array([1.0, np.nan])) == PublicColumn("float64", (1.0, None))
    assert PublicColumn.of(["", "a"]) == PublicColumn("text", (None, "a"))
    assert PublicColumn.of([None, None]).kind == "text" and PublicColumn.of([], "bool").kind == "bool"
    for wrong in (
        [1, "a"],
        [True, 1],
        [2**63],
        ["\ud800"],
        ["x" * 4097],
        [True, None, 1],
        [2.0, "a"],
        [b"x"],
        [np.datetime64("2020-01-01")],
    ):
        with pytest.raises(pyfe.ParameterError):
            PublicColumn.of(wrong)
    place, batch = next(places(1, 1))[0], rows_of.batch()[:1]
    one = PublicColumn.of([1])
    for name in ("row", "ID", "", "a\0", "x" * 1025):
        with pytest.raises(pyfe.ParameterError, match="public column"):
            Chunk(place, batch, {name: one})
    with pytest.raises(pyfe.ParameterError, match="cannot be called 'Ward'"):
        Chunk(place, batch, {"ward": one, "Ward": one})
    with pytest.raises(pyfe.ParameterError, match="has 2 cells for 1 rows"):
        Chunk(place, batch, {"ward": PublicColumn.of([1, 2])})


def test_chunks_are_read_ahead_and_decoded_when_they_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks, decoded = list(signed_chunks()), list[int]()
    cohort = open_cohort(written(tmp_path, chunks))
    read_batch = type(cohort.adapter).read_batch

    def noted(adapter: Any, data: memoryview) -> Any:
        decoded.append(len(data))
        return read_batch(adapter, data)

    monkeypatch.setattr(type(cohort.adapter), "read_batch", noted)
    read = list(cohort.encoded(1, signed_by=owner().identity))
    assert not decoded and same([each() for each in reversed(read)], chunks[:0:-1]) and len(decoded) == len(read)
    first = next(cohort.encoded(signed_by=pyfe_identity("another hospital").identity))
    with pytest.raises(pyfe.SignatureError, match="chunk 0 .*not by 'another hospital'"):
        first()


# Parts of an earlier run are joined while the first chunk of this one is encrypted, which registers the type.
_JOINED_EARLY = """
from pyfe.cohorts.writing import join_parts

def parts():
    yield "first.parquet"
    import pyfe.cohorts.arrow
    yield "second.parquet"

join_parts(parts(), "joined.parquet")
"""


def test_parts_are_joined_whenever_their_type_is_registered(tmp_path: Path) -> None:
    chunks = list(signed_chunks())
    write_part(tmp_path / "first.parquet", chunks[:2])
    write_part(tmp_path / "second.parquet", chunks[2:])
    subprocess.run([sys.executable, "-c", _JOINED_EARLY], cwd=tmp_path, check=True)
    assert [chunk.batch.ids for chunk in open_cohort(tmp_path / "joined.parquet").chunks()] == [
        chunk.batch.ids for chunk in chunks
    ]
