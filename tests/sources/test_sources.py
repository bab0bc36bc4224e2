"""Every source in the registry is right on held-out rows within its bound; every refusal names its next step."""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import pytest

import pyfe
from tests.sources.everything import MISSING
from tests.sources.holding import compiled, held
from tests.sources.registry import REFUSED, SOURCES, names
from tests.sources.table import PAGE

QUICK, QUICK_REFUSED = names(SOURCES.values(), True), names(REFUSED.values(), True)
OTHERS = [name for name in SOURCES if name not in QUICK]
OTHERS_REFUSED = [name for name in REFUSED if name not in QUICK_REFUSED]


def require_refused(name: str) -> None:
    """A PyfeError that says what would work."""
    refusal = REFUSED[name]
    fitted = refusal.fitted()
    with pytest.raises(pyfe.errors.PyfeError) as caught, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled(fitted, list(fitted.data.X.columns))
    assert refusal.step in str(caught.value), str(caught.value)


@pytest.mark.parametrize("name", QUICK)
def test_a_sample(name: str) -> None:
    held(SOURCES[name])


@pytest.mark.parametrize("name", QUICK_REFUSED)
def test_a_sample_of_refusals(name: str) -> None:
    require_refused(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_every_other_source(name: str) -> None:
    held(SOURCES[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS_REFUSED)
def test_every_other_refusal(name: str) -> None:
    require_refused(name)


def test_the_page_has_every_row() -> None:
    """Names, kinds and links of the table are those of the registry; the figures are of the run that wrote it."""
    if MISSING:
        pytest.skip(f"rows of {', '.join(MISSING)} are not here")
    cells = [
        line.strip("| \n").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "
    ]
    taken = {row[0]: row[1:3] for row in cells if len(row) == 8 and row[0] != "model"}
    if find_spec("torch") is None:
        assert {name for name in taken if name.startswith("torch, ")}
        taken = {name: row for name, row in taken.items() if not name.startswith("torch, ")}
    refused = {row[0]: row[2] for row in cells if len(row) == 3 and row[0] != "model"}
    again = "write the page anew: python -m tests.sources.table"
    assert taken == {one.name: [one.kind, one.link] for one in SOURCES.values()}, again
    assert refused == {one.name: f"`{one.step}`" for one in REFUSED.values()}, again
