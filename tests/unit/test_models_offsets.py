"""Offsets and exposures of statsmodels that go by the name of a column: a series keeps its name through a logarithm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyfe
from pyfe.errors import ParameterError, PyfeError, UnsupportedModelError

sm = pytest.importorskip("statsmodels.api")
smf = pytest.importorskip("statsmodels.formula.api")

RNG = np.random.default_rng(1)
D = pd.DataFrame({"age": RNG.integers(20, 80, 300).astype(float), "years": RNG.uniform(2.0, 8.0, 300).round(3)})
D["log_years"] = np.log(D["years"])
D["y"] = RNG.poisson(np.exp(-2 + 0.02 * D["age"]) * D["years"])
POISSON = sm.families.Poisson()


def schema(column: str) -> pyfe.Schema:
    return pyfe.Schema.fit(D[["age", column]])


def by_array(**given: Any) -> Any:
    return sm.GLM(D["y"], sm.add_constant(D[["age"]]), family=POISSON, **given).fit()


def by_formula(**given: Any) -> Any:
    return smf.glm("y ~ age", D, family=POISSON, **given).fit()


@pytest.mark.parametrize("fit", [by_array, by_formula])
def test_a_logarithm_is_not_taken_for_the_column_whose_name_it_has(fit: Any) -> None:
    with pytest.raises(PyfeError, match="fit (it )?with exposure= the column itself"):
        pyfe.compile(fit(offset=np.log(D["years"])), schema("years"))


@pytest.mark.parametrize("fit", [by_array, by_formula])
def test_columns_that_are_what_they_are_called(fit: Any) -> None:
    for given, column in (({"offset": D["log_years"]}, "log_years"), ({"exposure": D["years"]}, "years")):
        transform = "log" if column == "years" else "identity"
        ranges = {
            "age": (15, 85),
            column: pyfe.number(float(D[column].min()), float(D[column].max()), transform=transform),
        }
        agreed = pyfe.Schema.from_ranges(ranges, bits=7)
        result = fit(**given)
        function = pyfe.compile(result, agreed, reference=D[["age", column]])
        encoded = agreed.encode(D[["age", column]], "clip")
        held = pd.DataFrame(agreed.decode_columns(encoded.x))
        table = held if fit is by_formula else sm.add_constant(held[["age"]], has_constant="add")
        own = np.asarray(result.predict(table, **{next(iter(given)): held[column]}))
        scores = function.evaluate(encoded)
        assert (np.abs(function.predict(scores) - own) <= function.output_error(scores)).all()


def test_both_at_once_and_other_values_are_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="an offset and an exposure at once"):
        pyfe.compile(
            by_array(offset=D["log_years"], exposure=D["years"]), pyfe.Schema.fit(D[["age", "log_years", "years"]])
        )
    with pytest.raises(ParameterError, match=r"from 0\.8.* to .*the range of its data"):
        wide = pyfe.Schema.from_ranges({"age": (15, 85), "years": (0, 100)})
        pyfe.compile(by_array(offset=np.log(D["years"])), wide)
    with pytest.raises(UnsupportedModelError, match="not that column of its table"):
        pyfe.compile(by_formula(exposure=(D["years"] * 12).rename("years")), schema("years"))
