"""The changes that scripts/mutants.py makes are made, one at a time, and a test can notice them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import mutation  # noqa: E402

SOURCE = b'''
LIMIT = 3

def f(a: int, b: int = 2) -> int:
    """Nothing is changed in here: 1 + 1."""
    if a < b and not a == 7:
        print("left out")
        return a + b * 2
    if a > 100:
        raise ValueError(f"never {a + 1}")
    return -a if b else True
'''
CALLS = [(1, 2), (7, 8), (2, 2), (0, 0), (3, 9), (100, 2), (5, 0)]


def called(code: object, capsys: pytest.CaptureFixture[str]) -> tuple[list[object], str]:
    space: dict[str, object] = {}
    exec(code, space)  # type: ignore[arg-type]
    capsys.readouterr()
    found: list[object] = [space["f"](*pair) for pair in CALLS]  # type: ignore[operator]
    return found, capsys.readouterr().out


def test_each_change_changes_what_is_computed(capsys: pytest.CaptureFixture[str]) -> None:
    found = mutation.mutations(ast.parse(SOURCE))
    words = [one.words for one in found]
    assert {"comparison", "connective", "condition", "arithmetic", "negation", "call left out", "constant True"} <= set(
        words
    )
    assert all(SOURCE.splitlines()[one.line - 1].strip() for one in found)
    usual = called(compile(SOURCE, "f", "exec"), capsys)
    noticed = []
    for index in range(len(found)):
        try:
            noticed.append(called(mutation.mutated(SOURCE, "f", index), capsys) != usual)
        except ValueError:
            noticed.append(True)
    # a > 100, a >= 100 and a > 101 differ at 100 and 101 alone
    assert [word for word, seen in zip(words, noticed, strict=True) if not seen] == ["constant 100"]


def test_the_plugin_changes_one_module_and_no_file() -> None:
    file = ROOT / "pyfe" / "leakage" / "limits.py"
    before = file.read_bytes()
    target = "pyfe/leakage/rules/rank.py"
    shown = "rank.most_scores.__code__.co_code.hex(), rank.most_scores.__code__.co_consts"
    words = f"import mutation\nfrom pyfe.leakage.rules import rank\nprint({shown})"
    environment = {"PYTHONPATH": str(ROOT / "scripts")}
    codes = {
        subprocess.check_output([sys.executable, "-c", words], env=environment | given, text=True, cwd=ROOT)
        for given in ({}, {mutation.VARIABLE: f"{target}:0"}, {mutation.VARIABLE: f"{target}:1"})
    }
    assert len(codes) == 3 and file.read_bytes() == before
