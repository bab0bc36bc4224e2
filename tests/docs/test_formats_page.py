"""The table of limits says what the constants say."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| ([^|]*) \| ([\d,]+) \| `(\w+)` in (\S+) \|$", (ROOT / "docs/reference/formats.md").read_text(), re.MULTILINE
)


def test_there_are_limits() -> None:
    assert len(ROWS) >= 12


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2])
def test_a_limit_is_that_of_its_constant(row: tuple[str, str, str, str]) -> None:
    _, stated, name, file = row
    found = re.search(rf"\b{name} = ([^;\n]+)", (ROOT / file).read_text())
    assert found, f"{file} has no constant {name}"
    # "2**22", "size_t{1} << 20", "1UL << 24"
    value = re.sub(r"\w+\{(\d+)\}|(\d+)U?L?\b", lambda part: part[1] or part[2], found[1])
    assert re.fullmatch(r"[\d\s<*]+", value), value
    assert eval(value) == int(stated.replace(",", ""))
