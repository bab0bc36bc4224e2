"""Commands that are killed leave the old file or the new one, and nothing that the next run does not remove."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.killing import COMMANDS

ROOT = Path(__file__).parents[2]


def killed(folder: Path, command: str, wanted: int, seed: int) -> dict[str, int]:
    program = [sys.executable, "-m", "tests.unit.killing", str(folder), command, str(wanted), str(seed)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


QUICK = {"keygen", "issue", "encrypt"}
EVERY = [command if command in QUICK else pytest.param(command, marks=pytest.mark.slow) for command in COMMANDS]


@pytest.mark.parametrize("command", EVERY)
def test_killed_before_every_change_of_a_file(tmp_path: Path, command: str) -> None:
    found = killed(tmp_path, command, 0, 0)
    assert found["old"] >= 3 and found["new"] >= 1  # the last change but one is the rename


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_killed_at_random(tmp_path: Path, command: str, seed: int) -> None:
    found = killed(tmp_path, command, 120, seed)
    assert sum(found.values()) >= 120 and found["old"] >= 20
