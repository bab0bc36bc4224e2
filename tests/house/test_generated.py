"""A generated file is what its generator writes."""

import subprocess
import sys
from pathlib import Path

import pytest

GENERATORS = sorted((Path(__file__).parents[2] / "scripts").glob("generate_*.py"))


def test_there_are_generators() -> None:
    assert GENERATORS


@pytest.mark.parametrize("generator", GENERATORS, ids=lambda path: path.stem)
def test_regenerating_changes_nothing(generator: Path) -> None:
    done = subprocess.run([sys.executable, generator, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
