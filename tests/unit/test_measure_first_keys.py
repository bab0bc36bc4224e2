"""The script that measures first keys, on three tables: what it finds keeps within what the policy promises."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLES = {"wdbc": "sklearn", "rossi": "lifelines", "lung": "lifelines"}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("measure_first_keys", ROOT / "scripts" / "measure_first_keys.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_three_tables_once_and_not_again(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for package in TABLES.values():
        pytest.importorskip(package)
    monkeypatch.setattr(script, "TARGETS", 30)
    monkeypatch.setattr(script, "TRIED", (8, 5))
    path = tmp_path / "first_keys.jsonl"
    command = ["--splits", "3", "--tables", *TABLES, "--file", str(path)]
    assert script.main(command) == 0
    entries = script.read(path)
    assert {(one["table"], one["protected"]) for one in entries} == {(t, p) for t in TABLES for p in (False, True)}
    issued = [one for one in entries if one["issued"]]
    assert issued
    for one in issued:
        assert one["loss"] <= script.MOST_LOSS
        assert one["recalibration free"]
        assert one["records"] - one["records by tenth"] <= 0.10
        assert one["certain"] - one["certain by tenth"] <= 0.25
        assert one["interval"][0] <= one["interval"][1]
    for one in entries:
        assert one["issued"] or all(": rule " in words for words in one["grids"])
    printed = capsys.readouterr().out
    assert script.main(command) == 0
    assert script.read(path) == entries
    assert capsys.readouterr().out == printed
    tables = [line.split(" | ") for line in printed.splitlines() if line.startswith(tuple(f"| {t}" for t in TABLES))]
    assert [row[0].removeprefix("| ") for row in tables] == list(TABLES)
    assert [int(row[3][0]) for row in tables] == [
        sum(e["table"] == t and not e["protected"] for e in issued) for t in TABLES
    ]
    assert script.main([*command, "--lines"]) == 0
    assert (
        len(capsys.readouterr().out.splitlines()) == len(entries) + 2 + len(printed.split("\n\n")[0].splitlines()) + 1
    )
