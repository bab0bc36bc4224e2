"""The fuzz targets replay their seeds and what was found once, with the ordinary compiler; the search is nightly's."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "tests" / "fuzz" / "native"
TARGETS = sorted(path.stem.removeprefix("fuzz_") for path in SOURCES.glob("fuzz_*.cpp"))


@pytest.fixture
def fuzzing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """scripts/fuzz_native.py as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location("fuzz_under_test", ROOT / "scripts" / "fuzz_native.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "fuzz_under_test", module)
    spec.loader.exec_module(module)
    return module


def test_every_target_is_built() -> None:
    assert TARGETS
    cmake = (SOURCES / "CMakeLists.txt").read_text()
    assert all(f"        {name}" in cmake or f" {name}" in cmake for name in TARGETS)


def test_every_target_has_seeds(fuzzing: Any) -> None:
    seeds = fuzzing.seeds()
    assert sorted(seeds) == TARGETS
    assert all(len(found) > 1 for found in seeds.values())
    assert max(len(seed) for found in seeds.values() for seed in found) <= fuzzing.MAX_LENGTH


@pytest.mark.parametrize("name", TARGETS)
def test_replay(name: str, fuzzing: Any, build_folder: Path, tmp_path: Path) -> None:
    programs = [path for path in build_folder.rglob(f"fuzz_{name}") if path.is_file() and os.access(path, os.X_OK)]
    if not programs and not os.environ.get("PYFE_REQUIRE_TESTING"):
        pytest.skip("not a test build: make install")
    assert len(programs) == 1, programs
    files = sorted((SOURCES / "found" / name).glob("*"))
    for number, seed in enumerate(fuzzing.seeds()[name]):
        files.append(tmp_path / str(number))
        files[-1].write_bytes(seed)
    done = subprocess.run([programs[0], *files], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    words = re.fullmatch(r"replayed (\d+), accepted (\d+)\n", done.stdout)
    assert words is not None
    assert int(words[1]) == len(files)
    assert int(words[2]) >= len(files) // 3, "what a repair makes is refused: the search would see little"
