"""Files that a reader can hold in mind: none over 600 lines, no function over 60."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import quantiles

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ["pyfe", "bench", "scripts"]
MOST_LINES_OF_A_FILE = 600
MOST_LINES_OF_A_FUNCTION = 60


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def functions(path: Path) -> list[tuple[str, int]]:
    """Names and lengths of functions, docstrings and signatures included."""
    defs = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, defs)]
    return [(node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in found]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_is_long(folder: str) -> None:
    paths = sources(folder)
    assert len(paths) > 10
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_function_is_long(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = [(str(path.relative_to(ROOT)), *one) for path in sources(folder) for one in functions(path)]
    tenths = quantiles((lines for *_, lines in found), n=10)
    with capsys.disabled():
        print(f"\n  {len(found)} functions in {folder}: half have {tenths[4]:.0f} lines or fewer, 90 % {tenths[8]:.0f}")
    assert [one for one in found if one[-1] > MOST_LINES_OF_A_FUNCTION] == []
