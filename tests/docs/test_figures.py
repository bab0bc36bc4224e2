"""The figures of README and docs are those of the run that is kept: none between the marks is typed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bench.tables import MARK, TABLES, filled

ROOT = Path(__file__).parents[2]
RUN = json.loads((ROOT / "docs" / "bench.json").read_text())
PAGES = [
    path
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if "<!-- bench:" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_has_the_figures_of_the_run(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert filled(text, RUN) == text, "python scripts/figures.py"


def test_every_mark_is_a_pair_and_names_a_table() -> None:
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    opened = [name for text in texts for name in re.findall(r"<!-- bench:(\w+) -->", text)]
    assert sorted(opened) == sorted(mark[2] for text in texts for mark in MARK.finditer(text))
    assert set(opened) <= set(TABLES)


def test_the_run_that_is_kept_is_one_of_whole_suites() -> None:
    from bench.catalogue import entries, ids_of

    assert not RUN["machine"]["smoke"]
    kept = {result["id"] for result in RUN["results"]}
    assert kept == set().union(*(ids_of(name) for name in {entries()[name].question for name in kept}))
