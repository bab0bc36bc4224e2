"""What is read and what is refused: by the first bytes, whatever the name; packed, from standard input, from Python."""

from __future__ import annotations

import bz2
import datetime
import gzip
import io as streams
import json
import lzma
import os
import pickle
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.main import get_command

import pyfe
from pyfe import DecodeError, OutOfRangeError, ParameterError, Schema, io
from pyfe.cli import main
from pyfe.cli.commands import app

TEXT = b"age,smoker\n54,no\n61,yes\n,no\n"
ROWS: dict[str, list[Any]] = {"age": [54.0, 61.0, None], "smoker": ["no", "yes", "no"]}


@pytest.fixture
def schema() -> Schema:
    return Schema.from_ranges({"age": (0, 120), "smoker": ["no", "yes"]}, missing={"age": 50.0})


def read(tmp_path: Path, data: bytes, **options: Any) -> io.Table:
    (tmp_path / "t.csv").write_bytes(data)  # a name that lies, for all but text
    return io.read_table(tmp_path / "t.csv", **options)


def parquet(columns: dict[str, Any]) -> bytes:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    buffer = streams.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), buffer, compression="none")
    return buffer.getvalue()


# -- kinds that are refused --


def archive(*names: str) -> bytes:
    buffer = streams.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name in names:
            zipped.writestr(name, "application/vnd.oasis.opendocument.spreadsheet")
    return buffer.getvalue()


def sqlite() -> bytes:
    with sqlite3.connect(":memory:") as database:
        database.execute("create table t (a integer)")
        return database.serialize()


def saved(save: Callable[[Any], None]) -> bytes:
    buffer = streams.BytesIO()
    save(buffer)
    return buffer.getvalue()


REFUSED: dict[str, tuple[bytes, str, str]] = {
    "xlsx": (archive("[Content_Types].xml", "xl/workbook.xml"), "Excel workbook", "CSV UTF-8"),
    "xlsx of another writer": (archive("_rels/.rels", "xl/workbook.xml"), "Excel workbook", "pandas.read_excel"),
    "xls": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504), "Excel workbook", "CSV UTF-8"),
    "xls of Excel 4": (bytes.fromhex("0908080000060500"), "Excel workbook", "CSV UTF-8"),
    "ods": (archive("mimetype", "content.xml"), "OpenDocument sheet", "CSV UTF-8"),
    "zip": (archive("patients.csv"), "ZIP archive", "unpack it first"),
    "npz": (saved(lambda file: np.savez(file, a=np.zeros(3))), "arrays of numpy", "CSV or Parquet"),
    "npy": (saved(lambda file: np.save(file, np.zeros(3))), "array of numpy", "CSV or Parquet"),
    "sav": (b"$FL2@(#) SPSS DATA FILE MS Windows 27.0.0", "SPSS", "pandas.read_spss"),
    "zsav": (b"$FL3@(#) SPSS DATA FILE", "SPSS", "pandas.read_spss"),
    "por": (b"ASCII SPSS PORT FILE" + b" " * 20, "SPSS", "pandas.read_spss"),
    "dta": (saved(lambda f: pd.DataFrame({"a": [1.5]}).to_stata(f)), "Stata", "pandas.read_stata"),
    "dta 118": (saved(lambda f: pd.DataFrame({"a": [1.5]}).to_stata(f, version=118)), "Stata", "pandas.read_stata"),
    "sas7bdat": (bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011"), "SAS", "pandas.read_sas"),
    "xpt": (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!", "SAS", "pandas.read_sas"),
    "xpt 8": (b"HEADER RECORD*******LIBV8   HEADER RECORD!!!!!!!", "SAS", "pandas.read_sas"),
    "rds": (gzip.compress(b"X\n\0\0\0\x03\0\x04\x03\x02", mtime=0), "file of R", "write.csv"),
    "RData": (gzip.compress(b"RDX3\nX\n\0\0\0\x03", mtime=0), "file of R", "write.csv"),
    "hdf": (b"\x89HDF\r\n\x1a\n\0\0", "HDF5", "pandas.read_hdf"),
    "json of records": (json.dumps([{"age": 54}]).encode(), "JSON", "pandas.read_json"),
    "json of columns": (json.dumps(ROWS, indent=1).encode(), "JSON", "pandas.read_json"),
    "json lines": (b'{"age": 54}\n{"age": 61}\n', "JSON", "pandas.read_json"),
    "html": (b"<!DOCTYPE html>\n<html><body>login</body></html>", "HTML", "ask for the table"),
    "xml": (b'<?xml version="1.0"?><a/>', "HTML or XML", "ask for the table"),
    "sqlite": (sqlite(), "SQLite", "sqlite3 -header -csv"),
    "duckdb": (bytes(8) + b"DUCK" + b"@" + bytes(99), "DuckDB", "COPY"),
    "pickle": (pickle.dumps(ROWS), "pickle", "CSV or Parquet"),
    "orc": (b"ORC\x11\0\0", "ORC", "Parquet"),
    "avro": (b"Obj\x01\x04\x14", "Avro", "Parquet"),
    "pdf": (b"%PDF-1.7\n", "PDF", "ask for the table"),
    "encrypted Parquet": (b"PARE\x15\x04", "encrypted Parquet", "without encryption"),
    "pyfe": (b"PYFE\x01\x00", "object of pyfe", "pyfe info"),
    "bz2": (bz2.compress(TEXT), "packed otherwise", "unpack it first"),
    "xz": (lzma.compress(TEXT), "packed otherwise", "unpack it first"),
    "lz4": (b"\x04\x22\x4d\x18" + bytes(20), "packed otherwise", "unpack it first"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(20), "packed otherwise", "unpack it first"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("packed", [False, True])
def test_kinds_that_are_not_read_say_what_to_do(kind: str, packed: bool, tmp_path: Path) -> None:
    """Inside gzip too: a file is what is in it."""
    data, what, cure = REFUSED[kind]
    if packed and data.startswith(b"\x1f\x8b"):
        pytest.skip("packed already")
    with pytest.raises(DecodeError, match=r"t\.csv: it is .*, which is not read here: ") as caught:
        read(tmp_path, gzip.compress(data) if packed else data)
    told, _, cures = str(caught.value).partition(", which is not read here: ")
    assert what in told and cure in cures


@pytest.mark.parametrize(
    "header",
    [
        "PK,age",
        "[age],b",
        "{age},b",
        "ORCA,b",
        "age <years>,b",
        "sex,HDF",
        "index,<html>",
        "Obj,b",
        "id,PAR1",
        "PAR1,FEA1",
        "PARE;b",
        "ARROW1,b",
        "age,bmi,DUCK",
        "[2-year survival],b",
        "[2] age,b",
    ],
)
def test_names_that_look_like_other_kinds_are_names(header: str, tmp_path: Path) -> None:
    assert list(
        read(
            tmp_path, ("\n".join([header, header.translate({ord(c): "1" for c in header if c not in ",;"})])).encode()
        ).columns
    ) == header.replace(";", ",").split(",")


# -- what is packed --


def test_what_is_packed_reads_the_same(tmp_path: Path, schema: Schema) -> None:
    expected = io.encode_table(read(tmp_path, TEXT), schema).x
    for level in (0, 9):
        table = read(tmp_path, gzip.compress(TEXT, level))
        assert np.array_equal(io.encode_table(table, schema).x, expected) and table.signs.endswith(", gzip")
    assert len(read(tmp_path, gzip.compress(TEXT) + bytes(512))) == 3  # as a tape drive fills its block
    with pytest.raises(DecodeError, match="packed twice"):
        read(tmp_path, gzip.compress(gzip.compress(TEXT)))


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_what_is_damaged_is_never_half_a_table(packing: str, tmp_path: Path) -> None:
    """Cut anywhere, changed anywhere, something after it: an error, and no rows less than there were."""
    text = b"age,smoker\n" + b"".join(b"%d,no\n" % (i % 100) for i in range(400))
    if packing == "gzip":
        packed = gzip.compress(text)
    else:
        packed = bytes(pytest.importorskip("pyarrow").compress(text, "zstd", asbytes=True))
    assert len(read(tmp_path, packed)) == 400
    for cut in range(4, len(packed), 7):
        with pytest.raises(DecodeError):
            read(tmp_path, packed[:cut])
    for data in (packed[:-1], packed + b"garbage"):
        with pytest.raises(DecodeError, match=r"ends in the middle|damaged"):
            read(tmp_path, data)
    if packing == "gzip":  # it has a checksum; of zstd that is the writer's choice
        spoiled = bytearray(packed)
        spoiled[-6] ^= 1
        with pytest.raises(DecodeError, match="damaged gzip"):
            read(tmp_path, bytes(spoiled))


def test_a_large_file_is_unpacked_in_pieces(tmp_path: Path) -> None:
    """Beyond a piece of the reader, with members that end anywhere."""
    rows = b"".join(b"%d,%d\n" % (i, i % 7) for i in range(200_000))
    cuts = [rows[start : start + 700_001] for start in range(0, len(rows), 700_001)]
    table = read(tmp_path, b"".join(map(gzip.compress, [b"a,b\n", *cuts])))
    assert table.columns["a"] == [str(i) for i in range(200_000)]


# -- encodings --


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_byte_order_marks_tell_the_encoding(encoding: str, tmp_path: Path) -> None:
    assert list(read(tmp_path, "gr\u00f6\u00dfe;b\n1;2\n".encode(encoding)).columns) == ["gr\u00f6\u00dfe", "b"]


def test_encodings_that_are_wrong(tmp_path: Path) -> None:
    latin, utf8 = "gr\u00f6\u00dfe,b\n1,2\n".encode("cp1252"), "gr\u00f6\u00dfe,b\n1,2\n".encode()
    assert list(read(tmp_path, latin, encoding="latin-1").columns) == ["gr\u00f6\u00dfe", "b"]
    with pytest.raises(DecodeError, match="not UTF-8 text.*--encoding cp1252$"):
        read(tmp_path, latin)
    for data in (utf8, "\ufeffa,b\n1,2\n".encode()):
        with pytest.raises(
            ParameterError, match="it is UTF-8, whose letters cp1252 reads as several signs.*--encoding$"
        ):
            read(tmp_path, data, encoding="cp1252")
    assert list(read(tmp_path, b"a,b\n1,2\n", encoding="cp1252").columns) == ["a", "b"]
    with pytest.raises(DecodeError, match="not text in cp1252; state another --encoding"):
        read(tmp_path, b"a\x81,b\n1,2\n", encoding="cp1252")
    with pytest.raises(DecodeError, match=r"zero bytes.*--encoding utf-16-le$"):
        read(tmp_path, "a,b\n1,2\n".encode("utf-16-le"))
    assert list(read(tmp_path, "a,b\n1,2\n".encode("utf-16-le"), encoding="utf-16-le").columns) == ["a", "b"]
    for unknown in ("rot13", "hex", "klingon", "", "utf-8\0"):
        with pytest.raises(ParameterError, match=r"there is no encoding .*--encoding cp1252"):
            read(tmp_path, utf8, encoding=unknown)


# -- delimiters --


def test_two_delimiters_that_fit_as_well_are_not_chosen_between(tmp_path: Path) -> None:
    data = b"a;x,b;y\n1;2,3;4\n"
    assert read(tmp_path, data).delimiter == ";"  # three fields, not two
    with pytest.raises(DecodeError, match="cut at ',' as well as at ';'; state --delimiter$"):
        read(tmp_path, b"age, years;bmi\n61;27,5\n")
    table = read(tmp_path, b"age, years;bmi\n61;27,5\n", delimiter=";")
    assert list(table.columns) == ["age, years", "bmi"] and table.decimal == ","


def test_a_point_that_could_be_one_between_thousands(tmp_path: Path) -> None:
    """1.027 is a number near one in one country, near a thousand in another."""
    data = b"a;b\n1.027;3\n2.500;4\n"
    with pytest.raises(
        DecodeError, match=r"could be a sign between thousands; if it is the decimal sign, --decimal \.$"
    ):
        read(tmp_path, data)
    assert read(tmp_path, data, decimal=".").guessed()["a"].tolist() == [1.027, 2.5]
    for clear in (b"a;b\n1.027;3.5\n", b"a;b\n0.027;3\n", b"a,b\n1.027,3\n", b"a;b\n1.027;3,5\n"):
        assert read(tmp_path, clear).decimal == "."
    agreed = Schema.from_ranges({"a": (0, 5000)})
    for text, sign, other in (("1.027", ",", "."), ("1,027", ".", ",")):
        with pytest.raises(
            OutOfRangeError, match=rf"between thousands; if it is the decimal sign, --decimal \{other}$"
        ):
            io.encode_table(read(tmp_path, f"a;b\n{text};1\n".encode(), decimal=sign), agreed)
    for text in ("1.027;3,5", "1.027,5;3,5", "1 027;3,5", "1'027;3,5"):
        with pytest.raises(OutOfRangeError, match="written without a sign between thousands"):
            io.encode_table(read(tmp_path, f"a;b\n{text}\n2,5;3\n".encode(), decimal=","), agreed)


@pytest.mark.parametrize(
    "data",
    [
        b"id;weight;income\n1;72,5;1.234\n2;80,5;2.500\n",
        b"id;weight;income\n1;72,5;1,234\n2;80,5;900\n",
        b"id;income\n" + b"1;900\n" * 1000 + b"2;1.234\n",
        b"id;icd;income\n1;250.1;1.234\n2;C50;900\n",
        b"id;icd;income\n1;250.1;1.234\n2;C50;\n",
    ],
)
def test_every_column_shows_for_itself_that_its_sign_is_decimal(data: bytes, tmp_path: Path) -> None:
    """Whatever other columns and the first rows hold; columns that nobody asks for are not looked at."""
    agreed, table = Schema.from_ranges({"income": pyfe.number(0, 5000, missing=1)}), read(tmp_path, data)
    for asked in (lambda: io.encode_table(table, agreed), lambda: table.guessed(["income"])):
        with pytest.raises(
            DecodeError, match=r"'income' in line \d+.* between thousands; .* --decimal [.,]; else write"
        ):
            asked()
    assert table.guessed(["id"])["id"][0] == 1
    if b"icd" in data:
        assert table.guessed(["icd"])["icd"][0] == "250.1"
    said = read(tmp_path, data, decimal=table.decimal)
    assert np.nanmax(said.guessed(["income"])["income"]) in (900.0, 1.234, 2.5)
    for clear in ("0.123", "1234.567", "-0.250", "1.5", "1.", "1.5e3"):
        clearer = read(tmp_path, f"b;income\n2.5;1.234\n3;{clear}\n".encode())
        assert clearer.guessed(["income"])["income"].tolist() == [1.234, float(clear)]


def test_the_first_line_in_which_excel_says_its_sign(tmp_path: Path) -> None:
    table = read(tmp_path, b"sep=|\r\na|b,c\r\n1|2\r\n")
    assert list(table.columns) == ["a", "b,c"] and table.lines == [3]
    with pytest.raises(DecodeError, match="line 4: 1 fields"):
        read(tmp_path, b"sep=;\na;b\n1;2\n3\n")


@pytest.mark.parametrize("sign", ["x", "7", "'", '"', "é", "\x80", "\u2003"])
def test_excel_says_no_sign_that_nobody_may(sign: str, tmp_path: Path) -> None:
    text = f"sep={sign}\na;b\n1;2\n"
    with pytest.raises(DecodeError, match="line 1: it says sep=.*separates no cells; state --delimiter"):
        read(tmp_path, text.encode())
    assert read(tmp_path, text.encode(), delimiter=";").columns["b"] == ["2"]
    with pytest.raises(ParameterError, match="a delimiter is one ASCII sign, no letter, digit or quote"):
        read(tmp_path, text.encode(), delimiter=sign)


def test_blank_lines_at_the_end_hold_no_row(tmp_path: Path) -> None:
    assert read(tmp_path, b"a,b\r\n1,2\r\n\r\n\r\n").lines == [2]
    with pytest.raises(DecodeError, match="line 3: 0 fields"):  # of one column it could be a cell
        read(tmp_path, b"a\n1\n\n")


# -- what stands for an absent value --


def test_words_for_absent_values(tmp_path: Path) -> None:
    data = b"age,bmi,sex\n999,-99,NA\n 47 ,999,m\nNA, NA ,f\n"
    table = read(tmp_path, data, na=["NA", "age=999", "bmi=-99"])
    agreed = Schema.from_ranges(
        {"age": pyfe.number(0, 120, step=1, missing=1), "bmi": pyfe.number(0, 1000, step=1, missing=2)}
        | {"sex": pyfe.category(["f", "m"], missing="f")}
    )
    found = io.encode_table(table, agreed)
    assert found.x.tolist() == [[1, 2, 0], [47, 999, 1], [1, 2, 0]]
    assert found.replaced == {"age": 2, "bmi": 2, "sex": 1}
    assert table.signs.endswith("absent 'NA', 'age=999', 'bmi=-99'")
    guessed = table.guessed()
    assert (
        np.isnan(guessed["age"][[0, 2]]).all()
        and guessed["bmi"][1] == 999
        and guessed["sex"].tolist() == ["", "m", "f"]
    )
    with pytest.raises(ParameterError, match="--na weight=9: there is no column 'weight'"):
        read(tmp_path, data, na=["weight=9"])
    for wrong in ("", " ", "=9", "age=", "age= "):
        with pytest.raises(ParameterError, match=r"--na is TEXT, or COLUMN=TEXT"):
            read(tmp_path, data, na=[wrong])


# -- Parquet, Arrow and Python --


def test_values_keep_their_types(tmp_path: Path, schema: Schema) -> None:
    data = parquet({"smoker": ROWS["smoker"], "age": ROWS["age"], "since": [datetime.date(2024, 1, 1)] * 3})
    table = read(tmp_path, data)
    assert (table.signs, table.unit, list(table.lines)) == ("Parquet", "row", [1, 2, 3])
    found = io.encode_table(table, schema)
    assert np.array_equal(found.x, schema.encode(ROWS).x) and found.replaced == {"age": 1}
    assert table.columns["age"] == ["54", "61", ""]
    with pytest.raises(ParameterError, match="column 'since' holds dates or times; write them as text"):
        table.columns["since"]
    with pytest.raises(ParameterError, match="column 'since': dates or times"):
        Schema.fit(read(tmp_path, parquet({"since": [datetime.date(2024, 1, 1)] * 20})).guessed())
    with pytest.raises(
        ParameterError, match=r"it is Parquet, which has no such sign; leave out --delimiter and --encoding"
    ):
        read(tmp_path, data, delimiter=";", encoding="cp1252")


def test_columns_that_nobody_asks_for_are_not_looked_at(tmp_path: Path, schema: Schema) -> None:
    """A list in every cell, a note, a date: whatever stands beside what a schema takes."""
    beside = {"visits": [[1, 2], [], None], "since": [datetime.date(2024, 1, 1)] * 3}
    table = read(tmp_path, parquet({**beside, **ROWS}), na="NA")
    assert len(table) == 3 and np.array_equal(io.encode_table(table, schema).x, schema.encode(ROWS).x)
    with pytest.raises(ParameterError, match=r"column 'visits' is of type list: cells that hold several .*--exclude"):
        Schema.fit(read(tmp_path, parquet({"visits": [[1, 2]] * 20})).guessed())


def test_values_that_do_not_fit_are_named_by_row(tmp_path: Path, schema: Schema) -> None:
    table = read(tmp_path, parquet({"age": [54.0, 500.0], "smoker": ["no", "NA"]}))
    with pytest.raises(OutOfRangeError) as caught:
        io.encode_table(table, schema)
    text = str(caught.value)
    assert (
        "2 cells do not fit the schema: column 'age' in row 2 (outside 0 to 120); column 'smoker' in row 2 (not a l"
        in text
    )
    assert "--na NA" in text and "--na age=NUMBER" in text and text.endswith("--on-overflow clip")


def test_text_in_values_is_read_like_text(tmp_path: Path, schema: Schema) -> None:
    """Numbers that came as text into a Parquet file, with a comma and with words for absent values."""
    data = parquet({"age": ["54,5", "n.b.", None], "smoker": ["no", "yes", "no"]})
    with pytest.raises(OutOfRangeError, match=r"column 'age' in row 1, 2 \(not a number\).*--decimal ,"):
        io.encode_table(read(tmp_path, data), schema)
    table = read(tmp_path, data, decimal=",", na=["n.b."])
    assert np.array_equal(
        io.encode_table(table, schema).x, schema.encode({"age": [54.5, None, None], "smoker": ROWS["smoker"]}).x
    )
    assert table.guessed()["age"][0] == 54.5 and np.isnan(table.guessed()["age"][1:]).all()


@pytest.mark.parametrize("values", [[54, -99, 61], [54.0, -99.0, 61.0], [Decimal("54"), Decimal("-99.0"), None]])
def test_numbers_that_stand_for_absent_values(values: list[Any], tmp_path: Path, schema: Schema) -> None:
    columns = {"age": values, "smoker": ROWS["smoker"]}
    for table in (read(tmp_path, parquet(columns), na=["age=-99"]), io.read_table(columns, na=["age=-99"])):
        gone = [value if value != -99 else None for value in values]
        found = io.encode_table(table, schema)
        assert np.array_equal(found.x, schema.encode({"age": gone, "smoker": ROWS["smoker"]}).x)
        assert found.replaced["age"] == gone.count(None) and np.isnan(table.guessed()["age"][1])


def test_levels_keep_their_values(tmp_path: Path) -> None:
    agreed = Schema(
        {"ill": pyfe.category([False, True]), "stage": pyfe.category([1, 2, 3]), "w": pyfe.category(["1", "2"])}
    )
    columns: dict[str, Any] = {"ill": [True, False], "stage": [3, 1], "w": ["2", "1"]}
    expected = agreed.encode(columns).x
    text = "ill,stage,w\nyes,3,2\nFALSE,1.0,1\n"
    assert np.array_equal(io.encode_table(read(tmp_path, text.encode()), agreed).x, expected)
    assert np.array_equal(io.encode_table(read(tmp_path, parquet(columns)), agreed).x, expected)
    coded = {"ill": [1, 0], "stage": [3.0, 1.0], "w": [2, 1]}  # as numbers; and 2.0 where another row lacks one
    assert np.array_equal(io.encode_table(read(tmp_path, parquet(coded)), agreed).x, expected)
    assert np.array_equal(io.encode_table(read(tmp_path, parquet({**coded, "w": [2.0, 1.0]})), agreed).x, expected)
    truth = Schema({"told": pyfe.category(["False", "True"])})  # as a CSV file of pandas has them
    told = io.encode_table(read(tmp_path, parquet({"told": [True, False]})), truth)
    assert told.x[:, 0].tolist() == io.encode_table(read(tmp_path, b"told\nTrue\nFalse\n"), truth).x[:, 0].tolist()
    as_text = {"ill": ["yes", "no"], "stage": ["3", "1"], "w": ["2", "1"]}
    assert np.array_equal(io.encode_table(io.read_table(as_text), agreed).x, expected)


def test_record_numbers_are_the_same_in_every_type(tmp_path: Path) -> None:
    big = 2**60 + 1
    for ids in ([17, None, big], [Decimal(17), None, Decimal(big)], ["17", None, str(big)]):
        assert io.read_table({"id": ids}).columns["id"] == ["17", "", str(big)]
    assert read(tmp_path, parquet({"id": [17, None, big]})).columns["id"] == ["17", "", str(big)]
    assert io.read_table(pd.DataFrame({"id": [17.0, np.nan]})).columns["id"] == ["17", ""]
    with pytest.raises(ParameterError, match="look like record numbers"):
        Schema.fit(io.read_table({"id": [big + i for i in range(20)]}).guessed())


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    twice = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["\u00e9", "e\u0301"])
    stream = streams.BytesIO()
    with pa.ipc.new_stream(stream, twice.schema) as writer:
        writer.write_table(twice)
    with pytest.raises(ParameterError, match="two columns are called '\u00e9'"):
        read(tmp_path, stream.getvalue())


@pytest.mark.parametrize(
    "library", ["pandas", "polars", "polars lazily", "pyarrow", "pyarrow batches", "duckdb", "numpy", "dict"]
)
def test_tables_of_python(library: str, schema: Schema) -> None:
    frame = pd.DataFrame(ROWS)
    if library == "numpy":
        given: Any = np.array([(54, "no"), (61, "yes"), (np.nan, "no")], dtype=[("age", "f8"), ("smoker", "U3")])
    elif library == "dict":
        given = ROWS
    elif library == "pandas":
        given = frame
    else:
        module = pytest.importorskip(library.split()[0])
        pa = pytest.importorskip("pyarrow")
        given = {
            "polars": lambda: module.DataFrame(ROWS),
            "polars lazily": lambda: module.DataFrame(ROWS).lazy(),
            "pyarrow": lambda: pa.table(ROWS),
            "pyarrow batches": lambda: pa.table(ROWS).to_reader(1),
            "duckdb": lambda: module.from_arrow(pa.table(ROWS)),
        }[library]()
    table = io.read_table(given)
    assert len(table) == 3 and table.signs == "in memory" and table.path == "the table"
    for _ in range(2):  # a query is run once, a reader is read once
        assert np.array_equal(io.encode_table(table, schema).x, schema.encode(ROWS).x)
    assert list(table.without(["age"]).guessed()) == ["smoker"]


def test_damaged_files_of_arrow(tmp_path: Path) -> None:
    data = parquet({"age": [float(i) for i in range(100)]})
    name = parquet({"gr\u00f6\u00dfe": ["\u00e4" * 9] * 3})
    for word in ("gr\u00f6".encode(), "\u00e4\u00e4".encode()):
        with pytest.raises(DecodeError, match="damaged Parquet"):
            read(tmp_path, name.replace(word, b"\xff" * len(word)))
    for spoiled in (data[:-8], data[:40], b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff\x01\0\0\0", b"FEA1\0\0\0\0"):
        with pytest.raises(DecodeError, match=r"t\.csv: damaged (Parquet|Arrow|Arrow stream|Feather)") as caught:
            read(tmp_path, spoiled)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("start", [b"PAR1\x15\x04", b"ARROW1\0\0", b"\xff\xff\xff\xff", b"\x28\xb5\x2f\xfd"])
def test_without_pyarrow_the_error_says_what_to_install(
    start: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ParameterError, match=r"pyarrow is not installed: pip install 'pyfe-crypto\[parquet\]', or "):
        read(tmp_path, start + bytes(20))
    assert len(read(tmp_path, TEXT)) == 3


# -- standard input --


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", streams.TextIOWrapper(streams.BytesIO(data)))


@pytest.mark.parametrize("data", [TEXT, gzip.compress(TEXT, mtime=0)], ids=["plain", "gzip"])
def test_standard_input(data: bytes, monkeypatch: pytest.MonkeyPatch, schema: Schema) -> None:
    piped(monkeypatch, data)
    table = io.read_table("-")
    assert np.array_equal(io.encode_table(table, schema).x, schema.encode(ROWS).x)
    assert table.place(0, "age") == "standard input, line 2, column 'age'"


@pytest.mark.parametrize("stdin", [None, streams.StringIO("age\n1\n")])
def test_no_standard_input(stdin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(ParameterError, match="standard input is a terminal, or closed: pipe a table in"):
        io.read_table("-")


# -- every command --


READING = {
    "schema fit": "schema fit {table} -o out",
    "schema publish": "schema publish schema {table} -o out",
    "prepare": "prepare model.json {table} -s out -o out2",
    "suggest": "suggest model.json {table}",
    "compile": "compile model.json -s schema --reference {table} -o out",
    "leakage": "leakage function -s schema --data {table}",
    "encrypt": "encrypt {table} -p public -o out",
    "keygen": "keygen -s schema -a folder -p out --reference {table} --passphrase-file pass",
}


def test_an_outcome_stands_beside_columns_that_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row names without a name, and notes that are text and numbers, are no hindrance once they are left out."""
    monkeypatch.chdir(tmp_path)
    Path("model.json").write_text(pyfe.Linear({"a": 1.0, "b": -2.0}).to_json())
    values = [(i % 7 + 0.5, i % 9 + 0.5, "2.5" if i % 2 else "later") for i in range(240)]
    rows = "".join(f"p{i};{a};{b};{a - 2 * b};{note}\n" for i, (a, b, note) in enumerate(values)).replace(".", ",")
    Path("t").write_text(f";a;b;y;note\n{rows}")
    command = ["prepare", "model.json", "t", "-s", "schema", "-o", "function", "--outcome", "y"]
    assert main([*command, "--exclude", "note"]) == 0  # of a model that names its columns no other is read
    capsys.readouterr()
    command = ["schema", "fit", "t", "-o", "proposal"]
    assert main([*command, "--exclude", "note"]) == 1
    assert capsys.readouterr().err.endswith('leave it out with --exclude ""\n')
    assert main([*command, "--exclude", ""]) == 1
    assert "120 cells are no numbers beside numbers with a decimal comma: column 'note' in line 2, 4" in (
        error := capsys.readouterr().err
    )
    assert error.endswith("--na TEXT; if it is no feature, --exclude note\n")
    assert main([*command, "--exclude", "", "--exclude", "note"]) == 0


def test_the_options_go_together_wherever_they_are() -> None:
    found, wanted = {}, {"delimiter", "decimal", "encoding", "na"}
    parents = [("", get_command(app))]
    for prefix, parent in parents:
        for name, command in getattr(parent, "commands", {}).items():
            parents.append((f"{prefix}{name} ", command))
            found[prefix + name] = wanted & {parameter.name for parameter in command.params}
    reading = {name for name, options in found.items() if options}
    assert reading == {*READING, "authority init", "authority rotate", "schema describe", "owner pseudonyms", "report"}
    assert all(found[name] == wanted for name in reading)


@pytest.mark.parametrize("command", READING)
def test_every_command_that_reads_a_table_takes_the_options(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One table that needs all of them: refused without any one of them, whatever the command."""
    monkeypatch.chdir(tmp_path)
    agreed = Schema.from_ranges({"gr\u00f6\u00dfe": (0, 30), "b": (0, 30)}, missing={"b": 1.0})
    function = pyfe.Function.from_integers(agreed, [1, 2])
    Path("schema").write_bytes(agreed.to_bytes())
    Path("function").write_bytes(function.to_bytes())
    Path("model.json").write_text(pyfe.Linear({"gr\u00f6\u00dfe": 1.0, "b": -2.0}).to_json())
    Path("pass").write_text("a long passphrase of your own")
    Path("public").write_bytes(pyfe.KeyAuthority.create(agreed).public_key.to_bytes())
    rows = "".join(f"{1 + i % 28},{i % 9}50:{'n.b.' if i % 8 == 3 else f'{1 + i % 7},500'}\n" for i in range(240))
    Path("t").write_bytes(f"gr\u00f6\u00dfe:b\n{rows}".encode("cp1252"))
    options = {"--delimiter": ":", "--decimal": ",", "--encoding": "cp1252", "--na": "n.b."}
    training = ["--missing", "b=1"] if command in ("schema fit", "prepare", "suggest") else []
    for left_out in [*options, None]:
        given = [word for name, value in options.items() if name != left_out for word in (name, value)]
        code = main([*READING[command].format(table="t").split(), *given, *training])
        err = capsys.readouterr().err
        assert code == (0 if left_out is None else 1), (left_out, err)
        if left_out is not None:
            assert err.count("\n") == 1 and left_out in err
        assert (left_out is None) or not os.path.exists("out")
