"""The API page names everything that is public, and everything it names has a docstring."""

import re
import sys
from pathlib import Path

import pytest

import pyfe

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import api_pages  # noqa: E402

PAGE = (ROOT / "docs" / "reference" / "api.md").read_text()
ERRORS = (ROOT / "docs" / "reference" / "errors.md").read_text()


def test_every_public_name_is_there() -> None:
    missing = [n for n in pyfe.__all__ if n != "__version__" and f"`{n}`" not in PAGE + ERRORS.replace("pyfe.", "")]
    assert missing == []


@pytest.mark.parametrize("name", re.findall(r"^::: (\S+)$", PAGE, re.MULTILINE))
def test_documentation(name: str) -> None:
    text = api_pages.documentation(name)
    assert len(text) > 100
    assert "::\n" not in text and ":class:" not in text
    for of_a_type in ("Built-in immutable sequence", "int(x, base=10)", "str(object=''", "bool(x)"):
        assert of_a_type not in text, "the documentation of a default's type"


def test_every_error_class_is_explained() -> None:
    assert [name for name in pyfe.errors.__all__ if f"`{name}`" not in ERRORS.replace("pyfe.", "")] == []
    rows = set(re.findall(r"^\| `(\w+)` \|", ERRORS, re.MULTILINE))
    assert rows == set(pyfe.errors.__all__) - {"PyfeError"}
