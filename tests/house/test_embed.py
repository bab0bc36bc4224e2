"""What `make embed` notices: another score, a decision value off by one bit, a client that says nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import embed  # noqa: E402
from embed_cases import CLIENTS, Case, fault  # noqa: E402

THIRD = 1 / 3
CASE = Case("a case", Path(), Path(), Path(), "", [7, -(2**62)], [THIRD, -0.1])
SAID = f"7 {THIRD!r}\n{-(2**62)} -0.1\n"


@pytest.mark.parametrize("said", [SAID, SAID.replace("-0.1", "-0.10000000000000001"), SAID.replace("\n", " \n")])
def test_what_is_right(said: str) -> None:
    assert fault(CASE, said) == ""


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (SAID.replace(repr(THIRD), repr(float(np.nextafter(THIRD, 1)))), "other decision values"),
        (SAID.replace("7 ", "8 "), "other scores"),
        (SAID.replace(str(-(2**62)), str(-(2**62) + 1)), "other scores"),
        (SAID.splitlines()[0], "other scores"),
        ("", "other scores"),
        (SAID + "done\n", "not lines"),
        ("7\n", "not lines"),
    ],
)
def test_what_is_wrong(said: str, words: str) -> None:
    assert words in fault(CASE, said)


def test_every_client_has_a_folder_and_a_builder() -> None:
    assert {path.name for path in CLIENTS.iterdir()} == set(embed.BUILDERS)
    assert set(embed.BUILDERS) > embed.MUST_RUN == {"c", "cffi", "go", "java"}


def script(tmp_path: Path, text: str) -> list[str | Path]:
    program = tmp_path / "client.py"
    program.write_text(text)
    return [sys.executable, program]


def test_a_client_that_refuses_nothing_is_noticed(tmp_path: Path) -> None:
    batch = tmp_path / "cohort.pyfe"
    batch.write_bytes(b"rows")
    case = CASE._replace(batch=batch)
    silent = script(tmp_path, "raise SystemExit(0)")
    assert "PYFE_DECODE was expected" in embed.refusals(silent, [case], tmp_path)
    wordless = script(tmp_path, "raise SystemExit('PYFE_DECODE:')")
    assert "PYFE_DECODE was expected" in embed.refusals(wordless, [case], tmp_path)
    one_word = script(tmp_path, "raise SystemExit('PYFE_DECODE: a reason')")
    assert "PYFE_KEY_MISMATCH was expected" in embed.refusals(one_word, [case], tmp_path)


def test_a_client_that_fails_is_shown(tmp_path: Path) -> None:
    words, _ = embed.tried(script(tmp_path, "raise SystemExit('no library')"), [CASE], tmp_path)
    assert words == "a case: no library"
