"""A scheme more, in Python (``verbs.py``, ``adapter.py``) and in the core (``native/``); and what is done with it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyfe

TOY = Path(__file__).parent


def with_line_after(file: Path, before: str, line: str) -> None:
    """Put a line behind the one that stands there once."""
    lines = file.read_text().splitlines()
    assert lines.count(before) == 1, f"{file}: {before!r}"
    lines.insert(lines.index(before) + 1, line)
    file.write_text("\n".join(lines) + "\n")


def run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, str(TOY / "roles.py"), str(folder), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def play_the_command_line(folder: Path, scheme: str, row_bytes: Callable[[int], int]) -> None:
    """Schema and function in, scores out, by the commands alone; the scheme's id and its bytes a row as they tell."""
    schema = pyfe.Schema.from_ranges({"age": (0, 120), "pressure": (80, 220), "smoker": ["no", "yes"]})
    (folder / "schema").write_bytes(schema.to_bytes())
    function = pyfe.Function.from_integers(schema, [3, -2, 40], 17, name="risk")
    (folder / "function").write_bytes(function.to_bytes())
    (folder / "word").write_text("correct horse battery\n")
    rows = {
        "age": [61, 30, 45, 90, 12],
        "pressure": [140, 110, 95, 200, 120],
        "smoker": ["yes", "no", "no", "yes", "no"],
    }
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows([rows, *zip(*rows.values(), strict=True)])

    keygen = ["keygen", "-s", "schema", "-a", "sealed", "-p", "public", "--scheme", "toy", "--passphrase-file", "word"]
    made = json.loads(run(folder, "pyfe", *keygen, "--unrestricted", "a test", "--json"))
    assert made["scheme"] == scheme and made["bytes_per_row"] == row_bytes(schema.n) and made["weight_bits"] == 14
    issue = ["issue", "function", "-a", "sealed", "-o", "key", "--purpose", "toy", "--passphrase-file", "word"]
    assert json.loads(run(folder, "pyfe", *issue, "--json"))["scheme"] == scheme
    run(folder, "pyfe", "encrypt", "table.csv", "-p", "public", "-o", "rows")
    scored = json.loads(
        run(folder, "pyfe", "evaluate", "rows", "-k", "key", "-p", "public", "-o", "scores.csv", "--json")
    )
    assert scored["key_verified"] and scored["search_table_seconds"] == 0.0 and not scored["search_table_built"]
    with (folder / "scores.csv").open(newline="") as file:
        scores = [int(row["score"]) for row in csv.DictReader(file)]
    assert scores == function.evaluate(rows).tolist()

    told = json.loads(run(folder, "pyfe", "info", "public", "key", "rows", "--json"))
    assert {values["scheme"] for values in told.values()} == {scheme}
    epochs = json.loads(run(folder, "pyfe", "authority", "status", "sealed", "--json"))["epochs"]
    assert [epoch["scheme"] for epoch in epochs.values()] == [scheme]
    assert json.loads(run(folder, "pyfe", "doctor", "--json"))["schemes"][scheme] == "linear"
