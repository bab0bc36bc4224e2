"""No text names a scheme that is not there: an error that advises one leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

from pyfe.adapters import SCHEMES

ROOT = Path(__file__).parents[2]
FOLDERS = ["pyfe", "csrc", "docs", "bench", "scripts"]
KINDS = {".py", ".pyi", ".cpp", ".hpp", ".md", ".txt"}
NAMED = re.compile(r"(?<![\w/.-])(?:ipfe|qfe)-[a-z0-9]+(?:-[a-z0-9]+)*")
LABELS = ("-parameters", "-public-key")
"""Endings of the labels that a scheme's hashes are separated by."""


def texts() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in KINDS]
    return [*found, *ROOT.glob("*.md")]


def unknown(text: str) -> set[str]:
    known = {name for scheme in SCHEMES.values() for name in (scheme.id, scheme.short)}
    return set(NAMED.findall(text)) - known - {name + label for name in known for label in LABELS}


def test_the_rule_finds_one() -> None:
    assert unknown("use the scheme ipfe-lwe, or qfe-ggm") == {"ipfe-lwe"}


def test_every_scheme_that_is_named_is_there() -> None:
    files = texts()
    assert len(files) > 100
    found = {str(path.relative_to(ROOT)): unknown(path.read_text(encoding="utf-8")) for path in files}
    assert {path: names for path, names in found.items() if names} == {}
