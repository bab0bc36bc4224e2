"""Rule 7 (a) predicts how many keys open half of the records: the script that holds it against a lattice attack."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script as a module."""
    pytest.importorskip("fpylll")
    spec = importlib.util.spec_from_file_location("measure_lattice", ROOT / "scripts" / "measure_lattice.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "measure_lattice", module)
    spec.loader.exec_module(module)
    return module


def run(script: Any, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["measure_lattice.py", *options])
    return int(script.main())


def test_one_small_size(
    script: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "lattice.png"
    assert run(script, monkeypatch, "--sizes", "10", "--bits", "6", "--rows", "20", "--picture", str(picture)) == 0
    assert "| 10 | 6 | 5 | 5 |" in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_prediction_that_is_off_is_a_failure(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "success", lambda question: 0.0)
    assert run(script, monkeypatch, "--sizes", "10", "--bits", "6", "--rows", "10") == 1


def test_the_first_number_from_which_on_it_holds(script: Any) -> None:
    assert [script.first(9, lambda k, at=at: k >= at) for at in (1, 2, 5, 8, 9, 99)] == [1, 2, 5, 8, 9, 9]


@pytest.mark.slow
@pytest.mark.parametrize("size", [10, 30, 64])
def test_all_weights(size: int, script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(script, monkeypatch, "--sizes", str(size)) == 0
