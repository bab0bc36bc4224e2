"""The script that measures quadratic keys, on one small table: what it grants keeps within what a grant may open."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from pyfe.leakage.rules import kept_rows

ROOT = Path(__file__).resolve().parents[2]


def test_one_table_once_and_not_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("lifelines")
    spec = importlib.util.spec_from_file_location("measure_forms", ROOT / "scripts" / "measure_forms.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, script)
    spec.loader.exec_module(script)
    monkeypatch.setattr(kept_rows, "FORM_ROWS", 20_000)
    monkeypatch.setattr(script, "TARGETS", 20)
    monkeypatch.setattr(script, "GRIDS", (16, 64))
    path = tmp_path / "forms.jsonl"
    command = ["--tables", "rossi", "--models", "naive Bayes", "--file", str(path)]
    assert script.main(command) == 0
    entries = script.read(path)
    assert {one["model"] for one in entries} == {"naive Bayes"}
    for one in [*entries, *(one["noise"] for one in entries)]:
        if one["issued"] and one.get("attacked"):
            assert not script.is_harmful(one)
    assert any(one["noise"].get("attacked") for one in entries)
    printed = capsys.readouterr().out
    assert "one way or the other" in printed
    assert script.main(command) == 0
    assert script.read(path) == entries
    assert capsys.readouterr().out == printed
