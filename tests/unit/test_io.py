"""CSV files: strict reading, named errors, complete writing."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

import pyfe
from pyfe import DecodeError, OutOfRangeError, ParameterError, Schema, category, io, number


def table(tmp_path: Path, text: str | bytes) -> io.Table:
    path = tmp_path / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return io.read_table(path)


def test_columns_and_line_numbers(tmp_path: Path) -> None:
    t = table(tmp_path, 'age,"note, long"\r\n61,"two\nlines"\r\n47,plain\r\n')
    assert t.columns == {"age": ["61", "47"], "note, long": ["two\nlines", "plain"]}
    assert t.lines == [2, 4] and len(t) == 2
    assert t.place(1, "age").endswith("t.csv, line 4, column 'age'")


def test_a_byte_order_mark_is_no_name(tmp_path: Path) -> None:
    assert list(table(tmp_path, "\ufeffage\n1\n").columns) == ["age"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "line 1: there is no header"),
        ("\n1\n", "line 1: there is no header"),
        (",\n1,2\n", "line 1: there is no header"),
        ("a,b,a\n1,2,3\n", "columns 1 and 3 have the same name; rename one"),
        ("a,b\n1,2\n1,2,3\n", "line 3: 3 fields, the header has 2; .*--delimiter$"),
        ("a,b\n1,2\n\n3,4\n", "line 3: 0 fields"),
        ("a,b\n" + "1\n1,2\n" * 10, "line 2: 1 fields; .*; line 16: 1 fields; and 2 more lines, the header has 2;"),
        ('a,b\n"x"y,2\n', "line 2: "),
        ('a,b\n1,"open\n', "line "),
        (b"a\n\xff\n", "not UTF-8 text.*--encoding cp1252$"),
        (b"a\n\0\n", "zero bytes.*--encoding utf-16-le$"),
    ],
)
def test_malformed_files_are_named_by_line(tmp_path: Path, text: str | bytes, match: str) -> None:
    with pytest.raises(DecodeError, match=match):
        table(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"cannot read .*none\.csv: No such file"):
        io.read_table(tmp_path / "none.csv")


def schema() -> Schema:
    return Schema.from_ranges(
        {"age": (0, 120), "sex": ["f", "m"], "ill": category([False, True]), "w": number(0, 9, missing=4.0)}
    )


def test_cells_in_the_types_of_the_schema(tmp_path: Path) -> None:
    t = table(tmp_path, "w,id,ill,sex,age\n,1,TRUE,f,61\n 2.5e0 ,2,no,m,+47.0\n")
    columns = t.for_schema(schema())
    assert list(columns) == ["age", "sex", "ill", "w"]
    assert columns["age"].tolist() == [61.0, 47.0] and columns["ill"].tolist() == ["1", "0"]
    x = io.encode_table(t, schema()).x
    wanted = {"age": [61.0, 47.0], "sex": ["f", "m"], "ill": [True, False], "w": [4.0, 2.5]}
    assert np.array_equal(x, schema().encode(wanted).x)


@pytest.mark.parametrize("cell", ["x", "1_0", "nan", "inf", "0x10", "1,5", "--1", "1e", "\u0661"])
def test_what_is_no_number(tmp_path: Path, cell: str) -> None:
    t = table(tmp_path, f'age,sex,ill,w\n50,f,no,1\n"{cell}",f,no,1\n')
    with pytest.raises(
        OutOfRangeError, match=r"1 cell does not fit the schema: column 'age' in line 3 \(not a number\)"
    ) as caught:
        io.encode_table(t, schema())
    assert cell in ("x", "1e", "nan", "inf") or cell not in str(caught.value).replace(t.path, "")
    cure = {"1,5": "--decimal ,", "nan": "--na nan"}.get(cell, "--na TEXT")
    assert str(caught.value).endswith(cure)


@pytest.mark.parametrize(("delimiter", "last"), [(",", ""), (";", ",5")])
def test_numbers_of_a_file_meet_cuts_exactly(tmp_path: Path, delimiter: str, last: str) -> None:
    path, cut = tmp_path / "t.csv", 2**53 + 4
    path.write_text(f"t{delimiter}z\n" + "".join(f"{cut + i}{last}{delimiter}1\n" for i in (-1, 0)) + f"{delimiter}1\n")
    schema = Schema.from_ranges({"t": pyfe.thresholds([cut], missing=0)})
    assert io.encode_table(io.read_table(path), schema).x.tolist() == [[0], [1], [0]]


def test_absent_columns(tmp_path: Path) -> None:
    with pytest.raises(
        ParameterError, match=r"t\.csv: 2 of the 4 columns of the schema are missing: 'ill', 'w'; .*--encoding$"
    ):
        table(tmp_path, "age,sex\n1,f\n").for_schema(schema())
    wide = pyfe.Schema.from_ranges({f"c{i}": (0, 1) for i in range(11)})
    with pytest.raises(ParameterError, match="11 of the 11 columns .*'c7' and 3 more"):
        table(tmp_path, "age\n1\n").for_schema(wide)
    with pytest.raises(
        ParameterError, match="missing: 'age' \\(it has 'Age ' for 'age': names are compared letter by letter"
    ):
        table(tmp_path, "Age ,sex,ill,w\n1,f,no,1\n").for_schema(schema())


def test_values_outside_the_schema_are_named_by_line(tmp_path: Path) -> None:
    t = table(tmp_path, "age,sex,ill,w\n50,f,no,1\n130,f,no,1\n,x,no,1\n1,f,maybe,1\n")
    with pytest.raises(OutOfRangeError) as caught:
        io.encode_table(t, schema())
    text = str(caught.value)
    assert "column 'age' in line 3, 4" in text and "column 'sex' in line 4" in text and "'ill' in line 5" in text
    assert "130" not in text and "maybe" not in text
    assert caught.value.offending["age"] == [1, 2]


def test_clipping_is_counted(tmp_path: Path) -> None:
    t = table(tmp_path, "age,sex,ill,w\n500,f,no,1\n-3,f,no,1\n")
    assert io.encode_table(t, schema(), on_overflow="clip").saturated == {"age": 2}


def test_guesses_for_proposals(tmp_path: Path) -> None:
    t = table(tmp_path, "age,sex,id\n1,f,7\n,m,x\n").without(["id"])
    guessed = t.guessed()
    assert guessed["age"].dtype == np.float64 and np.isnan(guessed["age"][1])
    assert guessed["sex"].tolist() == ["f", "m"] and "id" not in guessed
    with pytest.raises(ParameterError, match="no column 'x' to leave out"):
        t.without(["x"])


def test_written_tables_read_back(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    io.write_table(path, ["row", "value, exact"], [[0, 0.1 + 0.2], [1, -1e-300]])
    back = io.read_table(path)
    assert [float(v) for v in back.columns["value, exact"]] == [0.1 + 0.2, -1e-300]


def test_files_appear_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    io.write_bytes(path, b"old", private=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(ParameterError, match="cannot write"):
        io.write_bytes(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


# -- delimiter and decimal sign --


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "signs.csv"
    path.write_text(text, encoding="utf-8")
    return path


ROWS = [("a", "61", "27.5"), ("b", "54", "31.25"), ("c", "33", "22")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_signs_are_found_in_the_file(tmp_path: Path, delimiter: str, decimal: str) -> None:
    cells = [[p, a, b.replace(".", decimal)] for p, a, b in [("patient", "age", "bmi"), *ROWS]]
    quoted = [[f'"{cell}"' if "," in cell else cell for cell in row] for row in cells]
    path = written(tmp_path, "\n".join(delimiter.join(row) for row in quoted) + "\n")
    stated = {"decimal": ","} if (delimiter, decimal) == (",", ",") else {}
    table = io.read_table(path, **stated)  # type: ignore[arg-type]
    assert (table.delimiter, table.decimal) == (delimiter, decimal)
    assert table.signs == f"delimiter {delimiter!r}, decimal sign {decimal!r}"
    columns = table.guessed()
    assert columns["bmi"].tolist() == [27.5, 31.25, 22.0] and columns["age"].tolist() == [61.0, 54.0, 33.0]
    assert np.array_equal(io.read_table(path, delimiter=delimiter, decimal=decimal).guessed()["bmi"], columns["bmi"])


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("a;b\n1,5;2\n", ","),
        ("a;b\n1,500;2\n", "."),  # could be thousands
        ("a;b\n1,500;2,5\n", ","),
        ("a;b\n1,5;2.5\n", "."),  # both signs: which one is the schema's business to refuse
        ("a,b\n1.5,2\n", "."),
        ("a;b\nx,y;2\n", "."),
    ],
)
def test_decimal_signs_that_are_clear(tmp_path: Path, text: str, decimal: str) -> None:
    assert io.read_table(written(tmp_path, text)).decimal == decimal


def test_a_sign_of_the_other_kind_is_no_number(tmp_path: Path) -> None:
    agreed = pyfe.Schema.from_ranges({"bmi": (10, 60)})
    point = io.read_table(written(tmp_path, "n;bmi\n1;27,5\n2;28,5\n3;27.5\n"), decimal=",")
    with pytest.raises(OutOfRangeError, match=r"column 'bmi' in line 4 \(not a number\).*--decimal \.$"):
        io.encode_table(point, agreed)
    comma = io.read_table(written(tmp_path, 'n,bmi\n1,"27,5"\n'))
    with pytest.raises(OutOfRangeError, match=r"column 'bmi' in line 2 \(not a number\).*--decimal ,$"):
        io.encode_table(comma, agreed)
    thousands = io.read_table(written(tmp_path, "n;bmi\n1;1.027,5\n"), decimal=",")
    with pytest.raises(OutOfRangeError, match="not a number"):
        io.encode_table(thousands, agreed)
    levels = pyfe.Schema.from_ranges({"stage": [1, 2, 3]})
    assert io.encode_table(io.read_table(written(tmp_path, "n;stage\n1,5;3\n"), decimal=","), levels).x.tolist() == [
        [0, 0, 1]
    ]


@pytest.mark.parametrize("header", ["a;b", "a\tb", "a|b", '"a,b"'])
def test_one_column_that_holds_a_separator_is_an_error(tmp_path: Path, header: str) -> None:
    path = written(tmp_path, f"{header}\n" + "".join(f'"{i}"\n' for i in range(3)))
    with pytest.raises(DecodeError, match="one column.*holds a separator.*--delimiter"):
        io.read_table(path, delimiter="," if header != '"a,b"' else ";")


def test_names_of_a_file_compare_in_normal_form_c(tmp_path: Path) -> None:
    agreed = pyfe.Schema.from_ranges({"\u00e9tat": (0, 1)})
    table = io.read_table(written(tmp_path, "e\u0301tat,b\n1,2\n"))
    assert io.encode_table(table, agreed).x.tolist() == [[255]]
    assert list(table.without(["\u00e9tat"]).columns) == ["b"]
    with pytest.raises(DecodeError, match="columns 1 and 2 have the same name"):
        io.read_table(written(tmp_path, "e\u0301,\u00e9\n1,2\n"))


@pytest.mark.parametrize(
    "signs", [{"delimiter": ";;"}, {"delimiter": '"'}, {"delimiter": ""}, {"decimal": "'"}, {"delimiter": "§"}]
)
def test_signs_that_are_none(tmp_path: Path, signs: dict[str, str]) -> None:
    with pytest.raises(ParameterError, match=r"a delimiter is|a decimal sign is"):
        io.read_table(written(tmp_path, "a,b\n1,2\n"), **signs)


def test_absent_cells_get_their_bit(tmp_path: Path) -> None:
    agreed = pyfe.Schema.from_ranges({"a": (0, 255), "c": ["x", "y"]}, missing={"a": "bit", "c": "bit"})
    assert io.encode_table(io.read_table(written(tmp_path, "a,c\n3,y\n,\n")), agreed).x.tolist() == [
        [3, 0, 1, 0],
        [0, 1, 0, 1],
    ]


def test_columns_without_a_name(tmp_path: Path) -> None:
    """R's write.csv and pandas name no column for their row names; a delimiter at every line's end makes one too."""
    rows = "".join(f'"p{i}",{i}\n' for i in range(12))
    with pytest.raises(DecodeError, match=r'line 1: column 1 has no name, .*--exclude ""$'):
        table(tmp_path, f'"",age\n{rows}').guessed()
    assert list(table(tmp_path, f'"",age\n{rows}').without([""]).guessed()) == ["age"]
    agreed = pyfe.Schema.from_ranges({"age": (0, 255)})
    assert io.encode_table(table(tmp_path, f'"",age\n{rows}'), agreed).x[:, 0].tolist() == list(range(12))
    ended = table(tmp_path, "age;w;\n1;2;\n3;4; \n")
    assert list(ended.guessed()) == ["age", "w"] and ended.nameless == ()
    with pytest.raises(ParameterError, match="there is no column '' to leave out"):
        ended.without([""])


def test_a_first_line_that_is_a_row(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="line 1: this looks like a row of values") as caught:
        table(tmp_path, "59,0,0,32.1\n48,1,0,21.6\n")
    assert "32.1" not in str(caught.value)


def test_a_first_line_that_could_be_names_is_doubted_where_it_serves_nothing(tmp_path: Path) -> None:
    """It is never taken for a row; what is said when no column of the schema is there tells of it."""
    for text in ("54,f\n61,m\n", "f,no,x,y\nm,yes,x,y\n"):
        with pytest.raises(
            ParameterError, match=r"4 of the 4 columns .* put a line with the columns' names before it$"
        ):
            io.encode_table(table(tmp_path, text), schema())
    for text in ("f,no\n" + "f,no\nm,yes\n" * 30, "78.5,m,no\n" + "78.5,f,no\n80.5,m,yes\n" * 30):
        with pytest.raises(ParameterError, match="look like a row of values: put a line with the names before it"):
            pyfe.Schema.fit(table(tmp_path, text).guessed())
    for text in ("sex,ill\n" + "f,no\nm,yes\n" * 30, "f,m\n" + "1,0\n0,1\n" * 30, "f,age\n" + "f,7\nm,9\n" * 30):
        assert list(pyfe.Schema.fit(table(tmp_path, text).guessed()).columns) == text.partition("\n")[0].split(",")


def test_absent_cells_name_the_cure(tmp_path: Path) -> None:
    with pytest.raises(OutOfRangeError, match=r"--missing age=VALUE\), or a coordinate of their own \(\"bit\"\)$"):
        io.encode_table(table(tmp_path, "age,sex,ill,w\n ,f,no,1\n"), schema())
    with pytest.raises(ParameterError, match="there is no column 'age,sex' to leave out \\(repeat --exclude"):
        table(tmp_path, "age,sex\n1,f\n").without(["age,sex"])


def test_all_bad_cells_are_in_one_error(tmp_path: Path) -> None:
    """Of every kind, in every column: counted, eight places named, and the options that read them."""
    rows = ['"27,5",f,no,1', "NA,NA,no,1", "200,f,no,1", "1,x,no,1", "1,f,perhaps,1", ",f,no,1"] * 5
    with pytest.raises(OutOfRangeError) as caught:
        io.encode_table(table(tmp_path, "age,sex,ill,w\n" + "\n".join(rows) + "\n"), schema())
    text = str(caught.value)
    assert (
        "35 cells do not fit the schema: column 'age' in line 2, 3 and 18 more (missing, not a number, outside" in text
    )
    assert (
        "column 'sex' in line 3, 5 and 8 more (not a level" in text and "column 'ill' in line 6, 12 and 3 more" in text
    )
    assert (
        text.index("--decimal ,")
        < text.index("--na NA")
        < text.index("--on-overflow clip")
        < text.index("--missing age=")
    )
    assert "27,5" not in text and "perhaps" not in text and "200" not in text
    assert len(caught.value.offending["age"]) == 20 and caught.value.offending["ill"] == [4, 10, 16, 22, 28]


def test_many_bad_columns_are_counted(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(11)]
    agreed = pyfe.Schema.from_ranges(dict.fromkeys(names, (0, 1)))
    with pytest.raises(OutOfRangeError) as caught:
        io.encode_table(table(tmp_path, ",".join(names) + "\n" + ("x," * 11)[:-1] + "\n"), agreed)
    assert "11 cells do not fit" in str(caught.value) and "'c7' in line 2" in str(caught.value)
    assert "'c8'" not in str(caught.value) and "; and 3 more columns" in str(caught.value)


def test_a_cure_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    """Names with blanks stand in quotes, as a shell wants them."""
    file = tmp_path / "rows.csv"
    file.write_text('mean area\n1\n""\n9\n')
    schema = Schema.from_ranges({"mean area": (0, 5)})
    with pytest.raises(OutOfRangeError, match=r"--na 'mean area'=NUMBER.*--missing 'mean area'=VALUE"):
        io.encode_table(io.read_table(file), schema)
    file.write_text("mean area;b\n1,5;2\nn.b.;3\n2,5;4\n")
    with pytest.raises(DecodeError, match=r"--exclude 'mean area'$"):
        io.read_table(file).guessed()
