"""Every source in the registry is right on held-out rows within its bound; every refusal names its next step."""

from __future__ import annotations

import warnings

import pytest

import pyfe
from tests.sources import everything  # noqa: F401  fills the registry
from tests.sources.holding import compiled, held
from tests.sources.registry import REFUSED, SOURCES, names

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
