"""The comparison of two builds: intervals, units, the verdict; with figures that are made up."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location("compare_under_test", ROOT / "scripts" / "compare_builds.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("native", None)


@pytest.mark.parametrize("count", [5, 7, 8, 11])
def test_the_interval_holds_the_median_as_often_as_it_says(builds: Any, count: int) -> None:
    rng = np.random.default_rng(count)
    held = 0
    for _ in range(4000):
        result = builds.compare(np.exp(rng.normal(0.1, 0.05, count)).tolist())
        assert result.low <= result.ratio <= result.high
        held += result.low <= np.exp(0.1) <= result.high
    assert 0.88 < held / 4000 < 0.93


def test_throughput_whatever_the_unit(builds: Any) -> None:
    assert builds.ratio({"value": 10.0, "unit": "per_s"}, {"value": 20.0, "unit": "per_s"}) == 2
    assert builds.ratio({"value": 10.0, "unit": "us"}, {"value": 20.0, "unit": "us"}) == 0.5


@pytest.mark.parametrize(("factor", "code"), [(1.0, 0), (0.98, 0), (0.96, 1), (1.5, 0)])
def test_the_verdict(
    builds: Any, factor: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A figure that became 4 % slower in every round is named; one that is within the noise is not."""
    rng = np.random.default_rng(3)
    order: list[str] = []

    def measured(python: str, folder: Path, suites: Any, share: float) -> dict[str, dict[str, object]]:
        assert (folder / "bench" / "__main__.py").exists()
        assert not (folder / "pyfe").exists()
        assert Path(python).is_absolute()  # it runs in a folder of its own
        order.append(Path(python).name)
        noise, slow = rng.uniform(0.999, 1.001, 2), 1.0 if Path(python).name == "old" else factor
        return {
            "a": {"id": "a", "value": 100.0 * noise[0], "unit": "us"},
            "b": {"id": "b", "value": 1000.0 * slow * noise[1], "unit": "per_s"},
        }

    monkeypatch.setattr(builds, "measured", measured)
    monkeypatch.setattr(sys, "argv", ["compare_builds.py", "old", "new", "group", "--rounds", "7"])
    assert builds.main() == code
    assert order == ["old", "new", "new", "old"] * 3 + ["old", "new"]
    said = capsys.readouterr().out
    assert ("b  " in said and "SLOWER" in said) == bool(code)
    assert f"wholly below 0.97: {'b' if code else 'none'}" in said


def test_fewer_repetitions_and_no_peers(tmp_path: Path) -> None:
    """What the comparison runs, once and quick."""
    out = tmp_path / "figures.json"
    command = [sys.executable, "-m", "bench", "group", "--quick", "--no-peers", "--share", "0.2", "--json", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    results = json.loads(out.read_text())["results"]
    assert results
    assert {result["peer"] for result in results} == {None}
