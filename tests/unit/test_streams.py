"""Tables as streams: the values, refusals and line numbers of the whole table, whatever is cut where."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import Schema
from pyfe.errors import ParameterError, PyfeError
from pyfe.io import csv_stream, encode_table, files, packed_csv, read_table
from pyfe.io.fitting import Fitting
from pyfe.io.streams import stream_table
from tests.unit import dialects

SCHEMA = dialects.schema()


def whole(path: Path, schema: Schema, clip: bool, **options: Any) -> Any:
    """What read_table and encode_table make of a file, or say of it."""
    try:
        table = read_table(path, **options)
        encoded = encode_table(table, schema, on_overflow="clip" if clip else "raise")
    except PyfeError as error:
        return type(error), str(error), getattr(error, "offending", None), getattr(error, "reasons", None)
    columns = {name: list(table.columns[name]) for name in table.cells if readable(table, name)}
    return table.signs, list(table.lines), table.nameless, columns, encoded.x.tolist(), encoded.saturated


def streamed(path: Path, schema: Schema, clip: bool, **options: Any) -> Any:
    """The same of a stream."""
    try:
        fitting = Fitting(schema, "clip" if clip else "raise")
        stream = stream_table(path, schema=schema, watchers=[fitting], **options)
        fitting.require(stream)
        x, saturated = [], dict.fromkeys(schema.columns, 0)
        for piece in stream.pieces(schema):
            encoded = schema.encode(piece.typed(schema), "clip" if clip else "raise")
            x += encoded.x.tolist()
            for name, count in encoded.saturated.items():
                saturated[name] += count
        lines, columns = list[int](), dict[str, list[str]]()
        for piece in stream.pieces():
            lines += piece.lines
            for name in piece.cells:
                if readable(piece, name):
                    columns.setdefault(name, []).extend(piece.columns[name])
    except PyfeError as error:
        return type(error), str(error), getattr(error, "offending", None), getattr(error, "reasons", None)
    assert len(stream) == len(lines)
    counts = {name: count for name, count in saturated.items() if count}
    return stream.signs, lines, stream.nameless, columns or {name: [] for name in stream.names}, x, counts


def readable(table: Any, name: str) -> bool:
    try:
        table.columns[name]
    except ParameterError:
        return False
    return True


def require_same(path: Path, schema: Schema = SCHEMA, **options: Any) -> Any:
    """The same of both, clipped and not; what it is."""
    for clip in (True, False):
        expected = whole(path, schema, clip, **options)
        assert streamed(path, schema, clip, **options) == expected
    return expected


@pytest.fixture(params=[1 << 22, 700, 61], ids=lambda size: f"blocks of {size}")
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Pieces and blocks of some size: every row and quoted line is cut somewhere."""
    size: int = request.param
    monkeypatch.setattr(csv_stream, "_BLOCK", size)
    monkeypatch.setattr(csv_stream, "_ROWS", max(2, size // 100))
    monkeypatch.setattr(files, "_PIECE", min(size, 1 << 20))
    return size


@pytest.mark.parametrize("dialect", dialects.DIALECTS, ids=lambda dialect: dialect.name)
def test_every_dialect(dialect: dialects.Dialect, cut: int, tmp_path: Path) -> None:
    """With its options, with each of them alone, and with none: values or refusals, they are those of the whole."""
    if dialect.optional:
        pytest.importorskip("pyarrow")
    path = tmp_path / "table"
    path.write_bytes(dialect.write())
    schema = dialects.schema(coded=dialect.coded)
    options = [dialect.by_hand.get(option, option) for option in dialect.options]
    for given in [options, *([option] for option in options), []]:
        said: dict[str, Any] = {"na": []}
        for option in given:
            name, _, value = option.partition(" ")
            value = value.strip("'")
            if name == "--na":
                said["na"].append(value)
            else:
                said[name[2:]] = value
        require_same(path, schema, **said)


def test_the_dialects_are_not_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(dialects.DIALECTS[0].write())
    assert len(require_same(path)[4]) == dialects.N


SIMPLE = Schema.from_ranges({"a": (0, 10), "b": (0, 1000), "c": ["no", "yes"], "t": pyfe.thresholds([1, 2**60])})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a,b,c,t\n",
        "a,b,c,t",
        "a,b,c,t\n1,2,no,3",
        "a,b,c,t\r1,2,no,3\r4,5,yes,6\r",
        "a,b,c,t\r\n1,2,no,3\r\n\r\n\r\n",
        "a,b,c,t\n1,2,no,3\n\n4,5,yes,6\n\n\n",
        "a,b,c,t\n1,2,no\n1,2,no,3\n1,2,no,3,4\n" * 9,
        "a,b,c,t\n1,2,no,3\n" + "1,2\n" * 12,
        "a,b,b,t\n1,2,no,3\n",
        "a,b,b,t\n1,2,no\n",
        "1.5,2,3,3\n1,2,no,3\n",
        "a,,b,c,t\n1,,2,no,3\n",
        "a,,b,c,t\n1,,2,no,3\n1,x,2,no,3\n",
        "a,b,c\n1,2,no\n",
        'a,b,c,t\n1,2,"no\nno",3\n1,2,no,3\n',
        'a,b,c,t\n1,2,"no,3\n1,2,no,3\n',
        'a,b,c,t\n1,2,"no"x,3\n1,2,no,3\n',
        'a,b,c,t\n1,2,"n""o",3\n"1",2,"no",3\n"",,"yes",""\n',
        'a,b,c,t\n5",2,no,3\n1,2,no,3\n',
        'a,b,c,t\n1,2, "no",3\n',
        "a,b,c,t\n 1 ,2, no ,3\n,,,\n  ,\t,no,3\n",
        "a,b,c,t\n1_0,2,no,3\n1e1,+2,no,.5\n1.,2,NO,inf\nnan,2,x,1e400\n-1,2000,maybe,0x1\n",
        "a,b,c,t\n1,2,no," + "1" * 1025 + "\n",
        "a,b,c,t\n1,2,no," + "1" * 140_000 + "\n",
        "a,b,c,t\n1,2,no,1152921504606846976\n1,2,no,1152921504606846975\n",
        "a;b;c;t\n1,5;2;no;3\n1,25;2,125;yes;0\n",
        "a;b;c;t\n1,500;2;no;3\n1,250;2,125;yes;0\n",
        "a;b;c;t\n1.500;2;no;3\n1.250;2.125;yes;0\n",
        "a;b;c;t\n1.5;2.125;no;3\n1.250;2.125;yes;0\n",
        "a;b;c;t\n1.5;1,2;no;3\n1,5;2;yes;0\n",
        "a;b,c;t\n1,2;3,4\n",
        "sep=;\na;b;c;t\n1;2;no;3\n",
        "sep=;\r\na;b;c;t\r\n1;2;no\r\n",
        "sep=;",
        "a,b,c,t\n1,2,no,3\n\x00",
        "a,b,c,t\n1,2,\u00e9,3\n1,2,no,\u0661\n",
        "\ufeffa,b,c,t\n1,2,no,3\n",
        "a,b,c,t\n\ufeff1,2,no,3\n1,2,no,3\n",
        "a,b,c,t,n\n" + "1,2,no,3,\n\ufeff1,2,no,3,\n" * 9,
        'a,b,c,t,n\n1,2,no,3,"' + ("x" * 1000 + ",") * 140 + '"\n1,2,no,3,4\n',
        "a\n1\n\n2\n",
        "a|b|c|t\n1|2|no|3\n",
    ],
)
def test_hostile_and_strange_text(text: str, cut: int, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode())
    require_same(path, SIMPLE)
    require_same(path, SIMPLE, na=["NA", "a=1", "t=3"], delimiter=";")
    require_same(path, SIMPLE, na=["zz=1"], decimal=",")
    require_same(path, SIMPLE, delimiter="ab")


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\x00"])
def test_text_is_refused_before_what_is_wrong_with_its_rows(bad: bytes, cut: int, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    for start in (b"a,b\n1\n", b'a,b\n"1"x,2\n', b"\n", b"a;b,c\n1;2,3\n", b"a,a\n1,2\n"):
        path.write_bytes(start + b"1,2\n" * 50 + bad)
        require_same(path, SIMPLE)
        require_same(path, SIMPLE, encoding="latin-1")
    path.write_bytes("a,b,c,t\n1,2,\u00e9,3\n".encode())
    require_same(path, SIMPLE, encoding="cp1252")
    require_same(path, SIMPLE, encoding="no such")


def test_text_that_is_half_of_a_pair(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b,c,t,n\n" + b"1,2,no,3,+2AA-\n1,2,no,3,4\n" * 9)
    require_same(path, SIMPLE, encoding="utf-7")


CELLS: list[Callable[[random.Random], str]] = [
    lambda r: str(r.randint(-5, 1200)),
    lambda r: f"{r.uniform(0, 12):.{r.randint(0, 17)}f}",
    lambda r: f"{r.uniform(-1, 12):e}",
    lambda r: f"{r.uniform(0, 9):.3f}".replace(".", ","),
    lambda r: r.choice(
        ["", " ", "NA", "no", "yes", "inf", "-", "1_0", "+3", ".5", "7.", "1e", "0x1", "\u0661", "\xa01"]
    ),
    lambda r: f'"{r.choice(["", "no", "yes", "4", "ab", "x,y", "1;5", "two" + chr(10) + "lines"])}"',
]


def test_random_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells of all forms, mostly good ones, so that many tables are read and many refused."""
    read = refused = 0
    path = tmp_path / "table.csv"
    for seed in range(120):
        r = random.Random(seed)
        monkeypatch.setattr(csv_stream, "_BLOCK", r.choice([40, 300, 4000]))
        monkeypatch.setattr(files, "_PIECE", r.choice([16, 300, 4000]))
        sign, end = r.choice(",;\t"), r.choice(["\n", "\r\n", "\n", "\r"])
        good: list[Callable[[random.Random], str]] = [
            lambda r: r.choice(["1", "2.5", "7", "9.75", "3e0"]),
            lambda r: r.choice(["100", "2.25", "0", "1000"]),
            lambda r: r.choice(["no", "yes"]),
            lambda r: r.choice(["0", "5", "1e18"]),
        ]
        strange = r.choice([0.0, 0.0, 0.002, 0.1])
        rows = [sign.join((r.choice(CELLS) if r.random() < strange else make)(r) for make in good) for _ in range(80)]
        path.write_text(end.join([sign.join("abct"), *rows, *[""] * r.randint(0, 3)]), encoding="utf-8", newline="")
        schema = Schema.from_ranges({"a": (0, 10), "b": (0, 1000), "c": ["no", "yes"], "t": (0, 2e18)})
        found = require_same(path, schema, na=r.choice([[], ["NA"], ["NA", "-"], ["a=7"]]))
        read, refused = read + isinstance(found[0], str), refused + isinstance(found[0], type)
    assert read > 15 and refused > 15


@pytest.mark.parametrize("decimal", [".", ","])
def test_numbers_are_read_as_python_reads_them(decimal: str) -> None:
    """Doubles of every size and length: pyarrow's are those of float()."""
    pytest.importorskip("pyarrow")
    r = random.Random(1)
    cells = [f"{r.uniform(-1, 1) * 10.0 ** r.randint(-320, 300):.{r.randint(0, 20)}e}" for _ in range(5000)]
    cells += [repr(r.random() * 10 ** r.randint(-5, 20)) for _ in range(5000)]
    cells += [str(r.getrandbits(r.randint(1, 300))) for _ in range(2000)]
    cells += ["4.9406564584124654e-324", "2.2250738585072011e-308", "9007199254740993", "1e-400", "-0", ""]
    text = "\n".join(f"{cell.replace('.', decimal)};x" for cell in cells) + "\n"
    packed = packed_csv.Packed.of(text, ";", 2)
    assert packed is not None
    found = packed.cells({"a": 0}, packed_csv.Numbers({"a"}, decimal))
    assert found is not None and isinstance(found["a"], packed_csv.PackedNumbers)
    values = found["a"]._values
    expected = np.array([float(cell) if cell else np.nan for cell in cells])
    assert np.array_equal(values.view(np.int64)[:-1], expected.view(np.int64)[:-1]) and np.isnan(values[-1])


def test_most_rows_are_cut_by_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick way is taken, and not only there."""
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(csv_stream, "_BLOCK", 2000)
    monkeypatch.setattr(files, "_PIECE", 2000)
    cut = list[int]()
    slow = csv_stream.CsvReading._cut
    monkeypatch.setattr(csv_stream.CsvReading, "_cut", lambda self, block: cut.append(len(block)) or slow(self, block))
    path = tmp_path / "table.csv"
    lines = [f'{i % 10},{i % 1000}.5,"{["no", "yes"][i % 2]}",{i}' for i in range(2000)]
    lines[1000] = lines[1000].replace('"no"', '"n""o"')
    path.write_text("\n".join(["a,b,c,t", *lines]) + "\n")
    stream = stream_table(path, schema=SIMPLE)
    assert sum(map(len, stream.pieces(SIMPLE))) == len(stream) == 2000
    assert 0 < sum(cut) < 0.2 * path.stat().st_size


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    monkeypatch.setattr(packed_csv, "_pyarrow", lambda: False)
    path = tmp_path / "table.csv"
    path.write_bytes(dialects.DIALECTS[2].write())
    require_same(path)


@pytest.mark.parametrize("row_group", [7, 10_000])
def test_parquet(row_group: int, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "table.parquet"
    rows = 300
    columns = {
        "a": [None if i % 7 == 3 else float(i % 10) for i in range(rows)],
        "b": [i % 1000 for i in range(rows)],
        "c": pa.array([["no", "yes"][i % 2] for i in range(rows)]).dictionary_encode(),
        "t": [None if i == 200 else i for i in range(rows)],
        "when": pa.array(list(range(rows)), pa.timestamp("s")),
        "id": [str(i) for i in range(rows)],
        "gone": pa.nulls(rows),
    }
    schema = Schema.from_ranges(
        {"a": pyfe.number(0, 10, missing=1.0), "b": (0, 1000), "c": ["no", "yes"], "t": pyfe.number(0, 300, missing=2)}
    )
    parquet.write_table(pa.table(columns), path, row_group_size=row_group)
    assert len(require_same(path, schema)[4]) == rows
    require_same(path, schema, na=["a=3", "b=5"])
    require_same(path, SIMPLE)
    require_same(path, SIMPLE, delimiter=";")
    require_same(path, SIMPLE, na=["zz=1"])
    whole_file = path.read_bytes()
    for at in random.Random(5).sample(range(len(whole_file)), 40):
        path.write_bytes(whole_file[:at] + bytes([whole_file[at] ^ 0x55]) + whole_file[at + 1 :])
        require_same(path, schema)
    path.write_bytes(gzip.compress(whole_file))
    require_same(path, schema)


def test_a_file_that_changes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b,c,t\n" + "1,2,no,3\n" * 50)
    stream = stream_table(path, schema=SIMPLE)
    with path.open("a") as file:
        file.write("1,2,no,3\n")
    with pytest.raises(ParameterError, match="was changed while it was read"):
        list(stream.pieces(SIMPLE))


def test_a_pipe_is_kept_in_memory(tmp_path: Path) -> None:
    import os
    import threading

    path = tmp_path / "pipe"
    os.mkfifo(path)
    threading.Thread(target=lambda: path.write_text("a,b,c,t\n" + "1,2,no,3\n" * 50), daemon=True).start()
    stream = stream_table(path, schema=SIMPLE)
    assert sum(map(len, stream.pieces(SIMPLE))) == 50 == sum(map(len, stream.pieces(SIMPLE)))
