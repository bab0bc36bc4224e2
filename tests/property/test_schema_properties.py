"""Properties of schemas that hold for every schema, not for examples."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pyfe.errors import OutOfRangeError
from pyfe.schema import Column, Number, Schema, category, constant, number, thresholds

finite = st.floats(-1e9, 1e9, allow_nan=False)


@st.composite
def numbers(draw: st.DrawFn) -> Column:
    transform = draw(st.sampled_from(["identity", "log", "sqrt"]))
    lo = draw(st.floats(0.001, 1e3)) if transform != "identity" else draw(finite)
    length = draw(st.floats(0.01, 1e6)) * max(1.0, abs(lo))
    return number(lo, lo + length, bits=draw(st.integers(1, 20)), transform=transform)


categories = st.one_of(
    st.lists(st.text("abcdefgh", min_size=1, max_size=4), min_size=2, max_size=6, unique=True),
    st.lists(st.integers(-5, 99), min_size=2, max_size=6, unique=True),
).map(category)
cuts = st.lists(st.integers(-1000, 1000), min_size=1, max_size=5, unique=True).map(lambda v: thresholds(sorted(v)))
constants = st.integers(1, 100).map(constant)
columns = st.one_of(numbers(), categories, cuts)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    kinds = draw(st.lists(columns, min_size=1, max_size=5)) + draw(st.lists(constants, max_size=1))
    return Schema({f"column {i}": kind for i, kind in enumerate(kinds)})


@given(schemas(), st.integers(0, 2**32), st.booleans())
def test_decode_then_encode_is_the_identity(schema: Schema, seed: int, ends: bool) -> None:
    x = schema.sample(np.random.default_rng(seed), 20, ends=ends)
    assert np.array_equal(schema.check(x), x)
    encoded = schema.encode(schema.decode(x)) if schema.input_columns else schema.encode({})
    assert np.array_equal(encoded.x, x)
    assert encoded.saturated == {}


@given(schemas())
def test_plain_types_round_trip(schema: Schema) -> None:
    data = json.loads(json.dumps(schema.to_dict()))
    again = Schema.from_dict(data)
    assert again.id == schema.id
    assert again.to_dict() == schema.to_dict()
    assert np.array_equal(again.lo, schema.lo) and np.array_equal(again.hi, schema.hi)


@given(schemas(), schemas())
def test_a_file_round_trip(schema: Schema, other: Schema) -> None:
    again = Schema.from_yaml(schema.to_yaml())
    assert again.to_bytes() == schema.to_bytes() and schema.differences(again) == []
    assert (schema.differences(other) == []) == (schema == other)


@given(numbers(), st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_rounding_is_at_most_half_a_step(column: Number, positions: list[float]) -> None:
    schema = Schema({"v": column})
    values = np.clip(column.lo + np.array(positions) * (column.hi - column.lo), column.lo, column.hi)
    x = schema.encode({"v": values}).x
    real = schema.encode_real({"v": values})
    assert np.abs(real - x).max() <= 0.5 + 1e-6
    assert ((x >= 0) & (x <= column.steps)).all()


@given(numbers(), st.floats(0.01, 1e6))
def test_outside_is_refused_and_clipping_counts_it(column: Number, beyond: float) -> None:
    schema = Schema({"v": column})
    above = column.hi + beyond * (column.hi - column.lo)
    try:
        schema.encode({"v": [column.lo, above]})
        raise AssertionError("a value beyond the range was accepted")
    except OutOfRangeError as error:
        assert error.offending == {"v": [1]}
    clipped = schema.encode({"v": [column.lo, above]}, on_overflow="clip")
    assert clipped.x[:, 0].tolist() == [0, column.steps]
    assert clipped.saturated == {"v": 1}


@given(schemas(), st.integers(0, 2**32))
def test_relations_hold_and_extents_are_exact(schema: Schema, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = schema.sample(rng, 30)
    relations = schema.relations()
    assert (x @ relations.T == x[0] @ relations.T).all()
    weights = rng.integers(-9, 10, size=(2, schema.n))
    for (_, part, _), column in zip(schema.blocks, schema.columns.values(), strict=True):
        if column.size > 300:
            continue
        scores = column.codes() @ weights[:, part].T
        low, high = column.extent(weights[:, part])
        assert np.array_equal(low, scores.min(axis=0)) and np.array_equal(high, scores.max(axis=0))


@given(schemas(), st.integers(0, 2**32))
def test_slopes_recover_an_affine_function(schema: Schema, seed: int) -> None:
    weights = np.random.default_rng(seed).normal(size=(2, schema.n))
    for (_, part, _), column in zip(schema.blocks, schema.columns.values(), strict=True):
        w = weights[:, part]
        slopes = column.slopes(column.probes() @ w.T + 3.0)
        codes = column.codes()[:300]
        ours, theirs = codes @ slopes.T, codes @ w.T
        assert np.allclose(ours - ours[0], theirs - theirs[0], atol=1e-9 * max(1.0, np.abs(theirs).max()))
