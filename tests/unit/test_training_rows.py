"""``pyfe prepare`` and ``pyfe suggest`` on tables as they are: what is read of them, and where they say it is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pyfe import Function, Schema
from tests.unit.commands import fails, run

PREPARE = ["prepare", "model.json", "t.csv", "-s", "schema", "-o", "function"]
N = 120


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of two columns, and a table with more: names of rows, dates, a note of two lines in the first row."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    age, crp = rng.integers(20, 90, N), rng.integers(0, 300, N) / 10
    risk = 0.05 * age + 0.1 * crp + rng.normal(0, 1, N)
    weights = {"age": 0.05, "crp": 0.1}
    Path("model.json").write_text(json.dumps({"weights": weights, "intercept": -4.0}))
    rows = [
        f"{i},{a},{c},{1 + (r > 5)},{'dead' if r > 5 else 'alive'},{int(r > 5)},{1000 + i}.5,01.02.2024,"
        + ('"two\nlines"' if i == 0 else "ohne")
        for i, (a, c, r) in enumerate(zip(age.tolist(), crp.tolist(), risk.tolist(), strict=True))
    ]
    write(["", "age", "crp", "status", "state", "seen", "days", "date", "note"], rows)
    return tmp_path


def write(names: list[str], rows: list[str], name: str = "t.csv") -> None:
    Path(name).write_text("\n".join([",".join(names), *rows]) + "\n")


def changed(row: int, column: int, cell: str) -> None:
    """The table with another cell in a row, counted from 0."""
    header, first, second, *rows = Path("t.csv").read_text().splitlines()
    lines = [header, f"{first}\n{second}", *rows]
    cells = lines[row + 1].split(",")
    cells[column] = cell
    lines[row + 1] = ",".join(cells)
    Path("t.csv").write_text("\n".join(lines) + "\n")


def test_only_what_the_model_takes_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Else the column without a name, the dates and the notes would be refused one after the other."""
    said = run(capsys, *PREPARE, "--outcome", "days")
    assert list(said["columns"]) == ["age", "crp"]
    assert Schema.from_bytes(Path("schema").read_bytes()).input_columns == ("age", "crp")
    assert "column 1 has no name" in fails(capsys, "schema", "fit", "t.csv", "-o", "other")
    Path("model.json").write_text(json.dumps({"weights": {"age": 0.05, "dosage": 1.0}}))
    assert "dosage" in fails(capsys, *PREPARE)
    Path("model.json").write_text(json.dumps({"weights": {"dosage": 1.0}}))
    assert "dosage" in fails(capsys, *PREPARE, "--exclude", "", "--exclude", "date", "--exclude", "note")


def test_an_option_may_name_a_column_that_the_model_does_not_take(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, *PREPARE, "--protected", "state", "--missing", "seen=0", "--public", "age")
    assert list(said["columns"]) == ["age", "crp"]
    schema = Schema.from_bytes(Path("schema").read_bytes())
    assert schema.columns["age"].public and not schema.columns["crp"].public
    assert "no column 'height'" in fails(capsys, *PREPARE, "--levels", "height=a,b")


def test_rows_are_called_by_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """The first row takes two lines: the fifth stands in line 7."""
    changed(4, 2, "")
    message = fails(capsys, *PREPARE)
    assert "t.csv: 1 cell does not fit the schema: column 'crp' in line 7 (missing)" in message
    assert "--missing crp=VALUE" in message
    assert run(capsys, *PREPARE, "--missing", "crp=3")["exact"]
    suggest = ["suggest", "model.json", "t.csv"]
    assert "column 'crp' in line 7" in fails(capsys, *suggest)
    labels = json.dumps({"weights": {"age": 1.0}, "link": "logit", "classes": ["alive", "gone"]})
    Path("model.json").write_text(labels)
    dead = [i for i, row in enumerate(Path("t.csv").read_text().splitlines(), 1) if ",dead," in row]
    first = ", ".join(str(line - (line == 3)) for line in dead[:3])
    for command in (PREPARE, suggest):
        message = fails(capsys, *command, "--outcome", "state")
        assert f"t.csv: line {first}" in message and "none of the classes" in message and "row" not in message
    changed(6, 6, "later")
    Path("model.json").write_text(json.dumps({"weights": {"age": 1.0}}))
    assert "no finite number" in fails(capsys, *PREPARE, "--outcome", "days")


@pytest.mark.parametrize("event", ["status=2", "state=dead", "state=DEAD", "seen", "seen=1"])
def test_an_event_is_said_by_its_value(event: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, *PREPARE, "--time", "days", "--event", event)
    again = run(capsys, *PREPARE, "--time", "days", "--event", "seen")
    assert said["loss"].startswith("C ") and said["loss"] == again["loss"] and said["id"] == again["id"]


def test_events_that_are_coded_otherwise_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    message = fails(capsys, *PREPARE, "--time", "days", "--event", "status")
    assert "t.csv: line " in message and message.endswith("--event status=VALUE")
    assert message.count("line") == 1 and "0 nor 1" in message
    assert "--event state=VALUE" in fails(capsys, *PREPARE, "--time", "days", "--event", "state")
    assert "no row of the column 'status' holds '3'" in fails(capsys, *PREPARE, "--time", "days", "--event", "status=3")
    assert "there is no column 'stat'" in fails(capsys, *PREPARE, "--time", "days", "--event", "stat=2")
    changed(9, 3, "")
    message = fails(capsys, *PREPARE, "--time", "days", "--event", "status=2")
    assert "line 12: the column 'status' of outcomes is empty" in message


def test_what_is_suggested_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """The schema and the function that are granted first, as files that keygen and issue take."""
    rng, names = np.random.default_rng(0), [f"c{i}" for i in range(9)]
    write(names, [",".join(map(str, row)) for row in rng.normal(50, 10, (300, 9)).round(1).tolist()])
    weights = {name: 0.1 + 0.03 * i for i, name in enumerate(names)}
    Path("model.json").write_text(json.dumps({"weights": weights, "intercept": -99.0, "link": "logit"}))
    suggest = ["suggest", "model.json", "t.csv", "-s", "schema", "-o", "function"]
    assert fails(capsys, *suggest[:-2]).endswith("give --schema and --output")
    said = run(capsys, *suggest)
    granted = next(one for one in said["suggestions"] if one["granted"])
    schema = Schema.from_bytes(Path("schema").read_bytes())
    function = Function.from_bytes(Path("function").read_bytes(), schema=schema)
    assert said["written"] and (schema.id.hex(), function.id.hex()) == (granted["schema"], granted["function"])
    Path("passphrase").write_text("a passphrase")
    own = ["-a", "authority", "--passphrase-file", "passphrase"]
    run(capsys, "keygen", "-s", "schema", "-p", "public", "--reference", "t.csv", *own)
    run(capsys, "issue", "function", "-o", "key", "--purpose", "a test", *own)


def test_nothing_is_written_where_nothing_is_granted(capsys: pytest.CaptureFixture[str]) -> None:
    Path("model.json").write_text(json.dumps({"weights": {"age": 0.05}}))  # one column, whatever the grid
    message = fails(capsys, "suggest", "model.json", "t.csv", "-s", "schema", "-o", "function")
    assert message.startswith("PolicyDeniedError") and "nothing was written" in message
    assert not Path("schema").exists() and not Path("function").exists()
