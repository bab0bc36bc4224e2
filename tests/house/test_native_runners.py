"""The C++ test runners, each as one test, on both backends."""

import os
import subprocess
from pathlib import Path

import pytest

SOURCES = sorted(path.stem for path in (Path(__file__).parents[1] / "native").glob("test_*.cpp"))


def test_there_are_runners() -> None:
    assert SOURCES


@pytest.mark.parametrize("backend", ["portable", "auto"])
@pytest.mark.parametrize("name", SOURCES)
def test_runner(name: str, backend: str, build_folder: Path) -> None:
    programs = [path for path in build_folder.rglob(name) if path.is_file() and os.access(path, os.X_OK)]
    if not programs and not os.environ.get("PYFE_REQUIRE_TESTING"):
        pytest.skip("not a test build: make install")
    assert len(programs) == 1, programs
    done = subprocess.run(
        [programs[0]], env={**os.environ, "PYFE_BACKEND": backend}, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
