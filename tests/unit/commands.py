"""Commands as tests run them: in this process, with ``--json``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyfe.cli import main

__all__ = ["fails", "refused", "run"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """What a command says that ends with the code."""
    capsys.readouterr()
    found = main([*arguments, "--json"])
    out, err = capsys.readouterr()
    assert found == code, (out, err)
    said: dict[str, Any] = json.loads(out.splitlines()[-1])
    return said


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """Kind and message of what a command refuses."""
    error = run(capsys, *arguments, code=1)["error"]
    return error["kind"], error["message"]


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The same as one text."""
    return ": ".join(refused(capsys, *arguments))
