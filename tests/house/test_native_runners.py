"""The C++ test runners, each as one test, on both backends."""

import os
import subprocess
from pathlib import Path

import pytest

SOURCES = sorted(path.stem for path in (Path(__file__).parents[1] / "native").glob("test_*.cpp"))


def test_there_are_runners() -> None:
    assert SOURCES


TURNS = {"test_dlog", "test_group", "test_ring"}
"""Runners that take the backends in turn themselves."""

LONG = {("test_bls12_381", "portable")}
"""A minute; what it computes, the differential tests compare on the portable code too."""

RUNS = [
    pytest.param(name, backend, marks=[pytest.mark.slow] if (name, backend) in LONG else [], id=f"{name}-{backend}")
    for name in SOURCES
    for backend in ("portable", "auto")
    if backend == "auto" or name not in TURNS
]


@pytest.mark.parametrize(("name", "backend"), RUNS)
def test_runner(name: str, backend: str, build_folder: Path) -> None:
    programs = [path for path in build_folder.rglob(name) if path.is_file() and os.access(path, os.X_OK)]
    if not programs and not os.environ.get("PYFE_REQUIRE_TESTING"):
        pytest.skip("not a test build: make install")
    assert len(programs) == 1, programs
    done = subprocess.run(
        [programs[0]], env={**os.environ, "PYFE_BACKEND": backend}, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
