"""A reference as bytes: the same again, strictly read, and no row in it."""

from __future__ import annotations

import base64
import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from pyfe.errors import DecodeError, ParameterError
from pyfe.leakage.prior import Reference, reference_for
from pyfe.schema import Schema, number
from tests.unit.populations import mixed, mixed_schema

SEED = bytes(32)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.from_table(mixed(337, 5), mixed_schema())


def test_bytes_come_back_as_they_were(reference: Reference) -> None:
    written = reference.to_bytes()
    again = Reference.from_bytes(written, mixed_schema())
    assert again.to_bytes() == written
    assert again.entropy_bits == reference.entropy_bits
    assert np.array_equal(again.covariance, reference.covariance)
    assert np.array_equal(again.tree_rows(500, SEED), reference.tree_rows(500, SEED))
    assert np.array_equal(again.copula_rows(500, SEED), reference.copula_rows(500, SEED))
    assert repr(again) == repr(reference) == f"Reference(8 columns, {again.entropy_bits:.1f} bits a row, no rows kept)"


def arrays(value: Any) -> Iterator[int]:
    """Lengths of everything in plain types that could hold numbers, one for each row or more."""
    if isinstance(value, dict):
        for part in value.values():
            yield from arrays(part)
    elif isinstance(value, list):
        yield len(value)
        for part in value:
            yield from arrays(part)
    elif isinstance(value, str) and len(value) > 64:
        yield len(base64.b64decode(value)) // 8


def test_nothing_of_it_is_as_long_as_the_table() -> None:
    """What is kept has the same size for 337 rows and for 1,348, and no array has a place for every row."""
    schema = mixed_schema()
    small, large = (Reference.from_table(mixed(rows, 5), schema).to_dict() for rows in (337, 4 * 337))
    assert abs(sum(arrays(large)) - sum(arrays(small))) < 100  # a class more or less
    assert all(length % 337 for length in arrays(small))
    kept = Reference.from_table(mixed(337, 5), schema)
    held = [value for value in vars(kept).values() if isinstance(value, np.ndarray)]
    assert all(337 not in array.shape for array in [*held, *kept.marginals, *kept.kept.tables, kept.kept.scores])


def test_the_order_of_the_rows_is_not_kept() -> None:
    table, schema = mixed(337, 5), mixed_schema()
    one, other = Reference.from_table(table, schema), Reference.from_table(table[::-1].reset_index(drop=True), schema)
    assert one.kept.edges == other.kept.edges
    assert np.allclose(one.covariance, other.covariance)
    assert math.isclose(one.entropy_bits, other.entropy_bits)


def first(data: dict[str, Any], key: str, make: Callable[[np.ndarray[Any, Any]], object]) -> None:
    """Change the doubles of an array, the first of a list of them."""
    listed = isinstance(data[key], list)
    array = np.frombuffer(base64.b64decode(data[key][0] if listed else data[key]), "<f8").copy()
    changed = make(array)
    text = base64.b64encode(np.asarray(array if changed is None else changed).tobytes()).decode()
    if listed:
        data[key][0] = text
    else:
        data[key] = text


def put(place: int, value: float) -> Callable[[np.ndarray[Any, Any]], None]:
    return lambda array: array.__setitem__(place, value)


BAD: dict[str, Callable[[dict[str, Any]], object]] = {
    "another version": lambda d: d.update(version=2),
    "a version that is true": lambda d: d.update(version=True),
    "no version": lambda d: d.pop("version"),
    "another schema": lambda d: d.update(schema="00" * 32),
    "a field more": lambda d: d.update(rows=[1]),
    "a field less": lambda d: d.pop("tables"),
    "marginals of nothing": lambda d: d.update(marginals=None),
    "one marginal less": lambda d: d["marginals"].pop(),
    "a short marginal": lambda d: d["marginals"].__setitem__(0, d["marginals"][0][:-12]),
    "a marginal that is no text": lambda d: d["marginals"].__setitem__(0, 7),
    "a marginal of other signs": lambda d: d["marginals"].__setitem__(0, "!" * len(d["marginals"][0])),
    "a marginal that is not canonical": lambda d: d["marginals"].__setitem__(2, d["marginals"][2][:-2] + "B="),
    "a negative share": lambda d: first(d, "marginals", put(0, -0.1)),
    "no share": lambda d: first(d, "marginals", put(0, 0.0)),
    "a share that is no number": lambda d: first(d, "marginals", put(0, math.nan)),
    "shares of more than 1": lambda d: first(d, "marginals", lambda a: a * 1.01),
    "a table of other marginals": lambda d: first(d, "tables", lambda a: a[::-1].copy()),
    "an infinite covariance": lambda d: first(d, "covariance", put(0, math.inf)),
    "a negative variance": lambda d: first(d, "covariance", put(0, -1.0)),
    "too wide a variance": lambda d: first(d, "covariance", put(0, 1e9)),
    "covariances of no rows": lambda d: first(d, "covariance", put(1, 1e3)),
    "scores that are not positive": lambda d: first(d, "scores", put(0, 1.5)),
    "an edge to nowhere": lambda d: d["edges"][0].__setitem__(1, 99),
    "an edge to itself": lambda d: d["edges"][0].__setitem__(0, d["edges"][0][1]),
    "a child twice": lambda d: d["edges"].__setitem__(1, d["edges"][0]),
    "a child before its parent": lambda d: d["edges"].reverse(),
    "an edge of three": lambda d: d["edges"].__setitem__(0, [0, 1, 2]),
    "edges of text": lambda d: d.update(edges=[["0", "1"]]),
    "an edge of a float": lambda d: d["edges"][0].__setitem__(0, 0.0),
    "an order with a level twice": lambda d: d["orders"][0].__setitem__(0, 1),
    "an order that is short": lambda d: d["orders"][0].pop(),
    "negative bits": lambda d: d.update(entropy=(-1.0).hex()),
    "too many bits": lambda d: d.update(entropy=(18.5).hex()),
    "bits that are no number": lambda d: d.update(entropy="nan"),
    "bits in another spelling": lambda d: d.update(entropy="0x1p3"),
    "bits as a float": lambda d: d.update(entropy=8.0),
}


@pytest.mark.parametrize("what", BAD)
def test_nothing_else_is_read(what: str, reference: Reference) -> None:
    data = copy.deepcopy(reference.to_dict())
    BAD[what](data)
    with pytest.raises(DecodeError):
        Reference.from_dict(data, mixed_schema())


def test_bytes_that_are_no_reference(reference: Reference) -> None:
    written, schema = reference.to_bytes(), mixed_schema()
    for bad in (b"", b"\xa0", written[:-1], written + b"\0", b"\xff" * 40):
        with pytest.raises(DecodeError):
            Reference.from_bytes(bad, schema)
    with pytest.raises(DecodeError):
        Reference.from_bytes(written, Schema({"a": number(0, 1, step=1)}))
    rng = np.random.default_rng(1)
    for place in rng.integers(0, len(written), 60).tolist():
        changed = bytearray(written)
        changed[place] ^= 1 << int(rng.integers(8))
        try:
            again = Reference.from_bytes(bytes(changed), schema)
        except DecodeError:
            continue
        assert again.to_bytes() == bytes(changed)


def test_a_reference_knows_its_schema(reference: Reference) -> None:
    assert reference_for(mixed_schema(), reference) is reference
    with pytest.raises(ParameterError, match="another schema"):
        reference_for(Schema({"a": number(0, 1, step=1)}), reference)
