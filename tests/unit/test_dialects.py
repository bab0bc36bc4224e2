"""Every dialect reads to the same values, or is refused with the option that reads it."""

from __future__ import annotations

import gzip
import io as streams
import json
import shlex
import sys
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import KeyAuthority, Policy, PyfeError, io
from pyfe.cli import main
from tests.unit import dialects
from tests.unit.dialects import DIALECTS, Dialect

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def written(dialect: Dialect, path: Path) -> Path:
    if dialect.optional:
        pytest.importorskip("pyarrow")
    path.write_bytes(dialect.write())
    return path


def options_of(words: list[str]) -> dict[str, Any]:
    """Options of the command line as those of ``read_table``."""
    pairs = list(zip(words[::2], words[1::2], strict=True))
    given: dict[str, Any] = {name.removeprefix("--"): value for name, value in pairs if name != "--na"}
    return given | {"na": [value for name, value in pairs if name == "--na"]}


def cured(dialect: Dialect, message: str) -> str:
    """The option that an error names first, with what only a person knows put in."""
    start = message.index(" --", message.rindex("fit the schema") if "fit the schema" in message else 0) + 1
    name, value = message[start:].split(" ")[:2]
    option = f"{name} {value.rstrip(';.,') or ','}"
    return dialect.by_hand.get(option, option)


@every_dialect
def test_a_dialect_reads_to_the_same_values(dialect: Dialect, tmp_path: Path) -> None:
    """What is said is what the errors name, one after the other, and no more."""
    path, schema = written(dialect, tmp_path / "t"), dialects.schema(coded=dialect.coded)
    said: list[str] = []
    while True:
        try:
            encoded = io.encode_table(io.read_table(path, **options_of(said)), schema)
            break
        except PyfeError as error:
            said += shlex.split(cured(dialect, str(error)))
            assert len(said) <= 8, f"no cure: {error}"
    assert said == [word for option in dialect.options for word in shlex.split(option)]
    columns: dict[str, Any] = dialects.patients()
    if dialect.coded:
        columns["geschlecht"] = [{"m": 1, "w": 2}[cell] for cell in columns["geschlecht"]]
    expected = schema.encode(columns)
    assert np.array_equal(encoded.x, expected.x) and encoded.replaced == expected.replaced == {"bmi": 4}


@every_dialect
def test_a_schema_is_fitted_from_every_dialect(dialect: Dialect, tmp_path: Path) -> None:
    """The same columns whatever wrote the table; what is no feature is left out by name."""
    table = io.read_table(written(dialect, tmp_path / "t"), **options_of(shlex.split(" ".join(dialect.options))))
    nameless = [""] if table.nameless else []
    made = pyfe.Schema.fit(table.without([*dialects.NO_FEATURES, *nameless]).guessed(), missing={"bmi": 27.0})
    columns: dict[str, Any] = {n: c for n, c in dialects.patients().items() if n not in dialects.NO_FEATURES}
    if dialect.coded:
        columns["geschlecht"] = [{"m": 1, "w": 2}[cell] for cell in columns["geschlecht"]]
    assert made == pyfe.Schema.fit(columns, missing={"bmi": 27.0})


@every_dialect
def test_what_is_no_feature_is_refused_by_name(dialect: Dialect, tmp_path: Path) -> None:
    table = io.read_table(written(dialect, tmp_path / "t"), **options_of(shlex.split(" ".join(dialect.options))))
    nameless = [""] if table.nameless else []
    with pytest.raises(pyfe.ParameterError, match=r"column 'fall'.*--exclude.*Refused as well: 'aufnahme', 'notiz'"):
        pyfe.Schema.fit(table.without(nameless).guessed(), missing={"bmi": 27.0})


@every_dialect
def test_record_numbers_are_the_same_in_every_dialect(dialect: Dialect, tmp_path: Path) -> None:
    table = io.read_table(written(dialect, tmp_path / "t"), **options_of(shlex.split(" ".join(dialect.options))))
    assert list(table.columns["fall"]) == dialects.patients()["fall"] and len(table) == dialects.N


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "decimal", "text", "CSV", "whole"])
@pytest.mark.parametrize("with_null", [False, True])
def test_a_number_for_absent_values_is_one_in_every_type(kind: str, with_null: bool, tmp_path: Path) -> None:
    """99.9 is no float32, and none of a decimal column's numbers in binary; 999.0 is 999."""
    sign, cells = ("999", ["999.0", "9.5", "99.9"]) if kind in ("text", "CSV") else ("99.9", ["99.9", "9.5", "99"])
    if kind == "whole":
        sign, cells = "9007199254740993", ["9007199254740993", "9007199254740992", "5"]
    rows = [*cells, *([""] if with_null else [])]
    if kind == "CSV":
        (tmp_path / "t").write_text("income,b\n" + "".join(f"{cell},1\n" for cell in rows))
    else:
        pa = pytest.importorskip("pyarrow")
        types = {"decimal": (pa.decimal128(9, 2), Decimal), "text": (pa.string(), str), "whole": (pa.int64(), int)}
        made, of_text = types.get(kind, (None, None))
        if made is None:
            made, of_text = pa.from_numpy_dtype(np.dtype(kind)), np.dtype(kind).type
        table = pa.table({"income": pa.array([of_text(cell) if cell else None for cell in rows], made)})
        with pa.ipc.new_stream(str(tmp_path / "t"), table.schema) as writer:
            writer.write_table(table)
    read = io.read_table(tmp_path / "t", na=[f"income={sign}"])
    agreed = pyfe.Schema.from_ranges({"income": pyfe.number(0, 2.0**54, missing=1)})
    assert io.encode_table(read, agreed).replaced == {"income": 1 + with_null}
    absent = [cell is None or cell == "" or cell != cell for cell in read.guessed()["income"].tolist()]
    assert absent == [True, False, False, *([True] if with_null else [])]


@pytest.mark.parametrize("line", ["Meier Anna;C50 HIV,5;female,1", "Meier Anna|C50 HIV", "Meier,Anna,HIV,Meier"])
def test_a_first_patient_is_not_shown_where_there_is_no_header(line: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_text(f"{line}\n{line}\n")
    with pytest.raises(pyfe.DecodeError, match=r"line 1: |cut at") as caught:
        io.read_table(tmp_path / "t", delimiter=None if line.count("Meier") > 1 else "\t")
    assert not any(word in str(caught.value) for word in ("Meier", "Anna", "HIV", "C50"))


def test_the_words_of_pyarrow_are_not_passed_on(tmp_path: Path) -> None:
    """They show cells: a decimal number that does not fit its type, a moment that Python has no name for."""
    pa = pytest.importorskip("pyarrow")
    wrong = pa.Array.from_buffers(pa.decimal128(3, 0), 1, [None, pa.py_buffer((123456).to_bytes(16, "little"))])
    moments = pa.array([[-(2**62) + 4711]], pa.list_(pa.timestamp("s")))
    for column in (wrong, moments):
        table = pa.table({"income": column})
        with pa.ipc.new_stream(str(tmp_path / "t"), table.schema) as writer:
            writer.write_table(table)
        with pytest.raises(pyfe.PyfeError, match="column 'income'") as caught:
            io.read_table(tmp_path / "t").guessed()
        assert not any(word in str(caught.value) for word in ("123456", "4711", "46116860", "year", "range"))


def test_columns_that_take_no_bytes_fill_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pa = pytest.importorskip("pyarrow")

    def written_as(*columns: Any) -> Path:
        table = pa.table(dict(zip(["age", "bmi"], columns, strict=False)))
        with pa.ipc.new_stream(str(tmp_path / "t"), table.schema) as writer:
            writer.write_table(table)
        return tmp_path / "t"

    with pytest.raises(pyfe.DecodeError, match=r"it tells of 536870912 cells in \d+ bytes, more than 10000 a byte; "):
        io.read_table(written_as(pa.nulls(2**29)))
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([3], pa.int32()), pa.array([1.5]))
    table = io.read_table(written_as(runs, pa.array([1.5, 2.5, 3.5])))
    assert table.guessed(["bmi"])["bmi"].tolist() == [1.5, 2.5, 3.5]
    for asked in (table.guessed, lambda: table.columns["age"]):
        with pytest.raises(pyfe.ParameterError, match=r"column 'age' is of type run_end_encoded, .*--exclude"):
            asked()

    def no_memory(column: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("pyfe.io.tables.as_column", no_memory)
    table = io.read_table(written_as(pa.array([1.5])))
    agreed = pyfe.Schema.from_ranges({"age": (0, 9)})
    for asked in (table.guessed, lambda: table.columns["age"], lambda: io.encode_table(table, agreed)):
        with pytest.raises(pyfe.ParameterError, match="t: it is larger than the memory"):
            asked()


def test_many_members_of_gzip_cost_as_many_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """zlib copies what follows a member: all of the rest for each of them would be quadratic."""
    empty, copied = gzip.compress(b""), []
    (tmp_path / "t").write_bytes(gzip.compress(b"age,b\n") + empty * 5000 + gzip.compress(b"54,1\n"))
    made = zlib.decompressobj

    class Counted:
        def __init__(self, wbits: int) -> None:
            self._member = made(wbits=wbits)

        def decompress(self, data: bytes, most: int) -> bytes:
            found = self._member.decompress(data, most)
            copied.append(len(self._member.unused_data) + len(self._member.unconsumed_tail))
            return found

        def __getattr__(self, name: str) -> Any:
            return getattr(self._member, name)

    monkeypatch.setattr("pyfe.io.sources.zlib.decompressobj", Counted)
    assert io.read_table(tmp_path / "t").columns["age"] == ["54"]
    assert len(copied) >= 5002 and max(copied) < 1 << 14 and len(empty) * 5000 > 6 << 14


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roles")
    schema = dialects.schema()
    authority = KeyAuthority.create(schema, policy=Policy.unrestricted(reason="dialects"))
    key = authority.issue(pyfe.Function.from_integers(schema, [1, 2, 3, 4, 5, 6]), purpose="p")
    (folder / "public").write_bytes(authority.public_key.to_bytes())
    (folder / "key").write_bytes(key.to_bytes())
    return folder


@pytest.mark.parametrize(
    "dialect", [d for d in DIALECTS if d.name in ("R write.csv2", "German Excel", "a laboratory", "Parquet")],
    ids=lambda dialect: dialect.name,
)  # fmt: skip
def test_from_a_file_to_scores_by_commands_alone(
    dialect: Dialect, roles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From standard input, too."""
    path, cts, scores = written(dialect, tmp_path / "t"), str(tmp_path / "cts"), str(tmp_path / "scores")
    stated = shlex.split(" ".join(dialect.options))
    monkeypatch.setattr(sys, "stdin", streams.TextIOWrapper(streams.BytesIO(path.read_bytes())))
    for given in (str(path), "-"):
        assert main(["encrypt", given, "-p", str(roles / "public"), "-o", cts, "--json", *stated]) == 0
        assert json.loads(capsys.readouterr().out)["rows"] == dialects.N
        assert main(["evaluate", cts, "-k", str(roles / "key"), "-o", scores]) == 0
        capsys.readouterr()
        found = [int(score) for score in io.read_table(scores).columns["score"]]
        assert found == (dialects.schema().encode(dialects.patients()).x @ [1, 2, 3, 4, 5, 6]).tolist()
