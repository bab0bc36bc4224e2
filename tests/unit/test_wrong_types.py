"""What is no number, no batch, no schema, no key: a named error, wherever people can give one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyfe import CiphertextBatch, Function, FunctionKey, ParameterError
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.schema import Encoded
from tests.unit import objects

SCHEMA = objects.small_schema()
AUTHORITY = objects.authority(SCHEMA)
BATCH = AUTHORITY.public_key.encrypt(Encoded(np.array([SCHEMA.lo, SCHEMA.hi])))
FUNCTION = Function.from_integers(SCHEMA, [1, 2])
KEY = AUTHORITY.issue(FUNCTION, purpose="p").to_bytes()


def test_the_right_types() -> None:
    assert len(BATCH[np.int64(1)]) == len(BATCH[-1:]) == 1
    assert len(CiphertextBatch.concat(iter(BATCH))) == 2
    assert FunctionKey.from_bytes(KEY, public_key=AUTHORITY.public_key).verified
    assert Function.from_bytes(FUNCTION.to_bytes(), schema=SCHEMA) == FUNCTION
    several = Function.from_integers(SCHEMA, [[1, 2], [3, 4]], [5], 0.5, max_error=[0.1, 0.2])
    assert (several.intercept.tolist(), several.scale.tolist()) == ([5, 5], [0.5, 0.5])
    assert several.max_error.tolist() == [0.1, 0.2]


@pytest.mark.parametrize(
    "index",
    [None, 1.5, "a", ..., (0, 1), [0, 1], np.array([0, 1]), slice(0.5, None), slice("a", None), slice(None, None, 0)],
)
def test_an_index_of_a_batch(index: Any) -> None:
    with pytest.raises(ParameterError, match="cut by an integer or a slice"):
        BATCH[index]


@pytest.mark.parametrize("batches", [None, 5, [None], [BATCH, 1], [[BATCH]]])
def test_what_is_concatenated(batches: Any) -> None:
    with pytest.raises(ParameterError, match="batches are concatenated"):
        CiphertextBatch.concat(batches)


@pytest.mark.parametrize("wrong", [5, "x", b"x", [SCHEMA]])
def test_a_schema_or_key_to_check_against(wrong: Any) -> None:
    with pytest.raises(ParameterError, match="is a pyfe.PublicKey"):
        FunctionKey.from_bytes(KEY, public_key=wrong)
    with pytest.raises(ParameterError, match="is a pyfe.PublicKey"):
        FunctionKey.from_bytes(KEY).verify(wrong)
    with pytest.raises(ParameterError, match="is a pyfe.Schema"):
        Function.from_bytes(FUNCTION.to_bytes(), schema=wrong)


@pytest.mark.parametrize("forms", [None, 5, "x", np.eye(3, dtype=np.int64)])
def test_forms(forms: Any) -> None:
    with pytest.raises(ParameterError, match="forms are MatrixForms"):
        Function.from_forms(SCHEMA, forms)


RAGGED = [[1], [1, 2]]


def test_rows_of_different_lengths() -> None:
    for make in (
        lambda: MatrixForms.dense(RAGGED),
        lambda: FactoredForms(RAGGED, [[1]], [[1]]),
        lambda: FactoredForms.squares([[1]], RAGGED),
        lambda: Function.from_integers(SCHEMA, RAGGED),
    ):
        with pytest.raises(ParameterError, match="no array"):
            make()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("intercept", [1, 2]),
        ("intercept", [[1]]),
        ("scale", [1.0, 2.0]),
        ("scale", "x"),
        ("scale", 10**400),
        ("max_error", [0.1, 0.2]),
        ("max_error", "x"),
        ("max_error", None),
        ("classes", 5),
    ],
)
def test_fields_of_a_function(field: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=field):
        Function.from_integers(SCHEMA, [1, 2], **{field: value})
