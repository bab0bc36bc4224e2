"""pyfe.quadratic: the integers are the statistics, whatever is drawn, and the intervals hold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pyfe import Function, OutOfRangeError, ParameterError, Schema, category, number, quadratic

RNG = np.random.default_rng(11)


def samples(n: int, lo: float = -50, hi: float = 77, step: float = 0.5) -> Schema:
    return Schema.from_ranges({f"x{i}": number(lo, hi, step=step) for i in range(n)})


def rows(schema: Schema, count: int = 40) -> np.ndarray:
    return np.concatenate([schema.sample(RNG, count), schema.sample(RNG, count, ends=True)])


@pytest.mark.parametrize("n", [2, 3, 17, 64])
def test_variability(n: int) -> None:
    schema = samples(n)
    x = rows(schema)
    values = schema.decode(x)
    for function, u, value in (
        (quadratic.rmssd2(schema), (np.diff(x) ** 2).sum(axis=1), (np.diff(values) ** 2).mean(axis=1)),
        (quadratic.sdnn2(schema), n * (x**2).sum(axis=1) - x.sum(axis=1) ** 2, values.var(axis=1, ddof=1)),
        (quadratic.variance(schema), n * (x**2).sum(axis=1) - x.sum(axis=1) ** 2, values.var(axis=1)),
    ):
        scores = function.evaluate(values)
        assert np.array_equal(scores, u)
        assert function.decision_function(scores) == pytest.approx(value)
        assert function.weight_bits <= 16


@pytest.mark.parametrize("shape", [(8, 8), (1, 6), (5, 1), (2, 3)])
def test_gradient_energy(shape: tuple[int, int]) -> None:
    schema = samples(shape[0] * shape[1])
    function = quadratic.gradient_energy(schema, shape)
    values = schema.decode(rows(schema))
    images = values.reshape(-1, *shape)
    energy = (np.diff(images, axis=1) ** 2).sum(axis=(1, 2)) + (np.diff(images, axis=2) ** 2).sum(axis=(1, 2))
    assert function.decision_function(function.evaluate(values)) == pytest.approx(energy)
    assert function.forms.units == 2 * shape[0] * shape[1] - sum(shape)  # type: ignore[union-attr]


def test_a_level_does_not_count() -> None:
    schema = samples(16)
    flat = np.array([[level] * 16 for level in (-50.0, 0.0, 77.0)])
    functions = quadratic.rmssd2(schema), quadratic.variance(schema), quadratic.gradient_energy(schema, (4, 4))
    for function in functions:
        assert function.evaluate(flat).tolist() == [0, 0, 0]


def test_intervals_are_those_of_the_table() -> None:
    n, S = 64, 1200
    schema = samples(n, 300, 1500, 1)
    assert quadratic.rmssd2(schema).interval.tolist() == [[0, (n - 1) * S**2]]
    low, high = quadratic.sdnn2(schema).interval[0]
    assert n**2 * S**2 // 4 <= high < 1.4 * n**2 * S**2 / 4 and low == -high
    by_monomials = Function.from_forms(schema, quadratic.sdnn2(schema).forms.matrix())  # type: ignore[union-attr]
    assert by_monomials.width_bits > quadratic.sdnn2(schema).width_bits + 1.5


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: quadratic.rmssd2(samples(1)), "at least two"),
        (lambda: quadratic.sdnn2("rr"), "needs a pyfe.Schema"),  # type: ignore[arg-type]
        (lambda: quadratic.variance(Schema.from_ranges({"a": (1, 2), "b": category(["no", "yes"])})), "'b' is no num"),
        (
            lambda: quadratic.variance(Schema.from_ranges({"a": number(1, 2, transform="log"), "b": (1, 2)})),
            "'a' is no",
        ),
        (lambda: quadratic.variance(Schema.from_ranges({"a": (1, 2), "b": (1, 3)})), "'b' differs from 'a'"),
        (lambda: quadratic.gradient_energy(samples(6), (2, 2)), "does not have the schema's 6 pixels"),
        (lambda: quadratic.gradient_energy(samples(8), (2, 2, 2)), "shape"),
    ],
)
def test_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        make()


def test_too_wide() -> None:
    with pytest.raises(OutOfRangeError):
        quadratic.rmssd2(samples(64, 0, 2**20 - 1, 1))
