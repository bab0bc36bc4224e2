"""The four verbs of ipfe_ddh as Python sees them: shapes, types, named errors."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from pyfe import KeyMismatchError, OutOfRangeError, ParameterError
from pyfe.adapters import adapter_named
from pyfe.schemes import ipfe_ddh


@pytest.fixture(scope="module")
def pair() -> tuple[Any, Any]:
    return ipfe_ddh.setup(ipfe_ddh.Parameters(3, x_lo=[-5, 0, 10], x_hi=[5, 255, 12], y_bound=127))


X = np.array([[-5, 0, 10], [5, 255, 12], [0, 7, 11], [1, 2, 12]])
Y = np.array([[127, -127, 1], [0, 0, -3]])


def test_shapes(pair: tuple[Any, Any]) -> None:
    mpk, msk = pair
    ct = ipfe_ddh.encrypt(mpk, X)
    z = ipfe_ddh.decrypt(ipfe_ddh.keygen(msk, Y), ct)
    assert z.dtype == np.int64 and np.array_equal(z, X @ Y.T)
    one = ipfe_ddh.keygen(msk, Y[0])
    assert np.array_equal(ipfe_ddh.decrypt(one, ct), X @ Y[0])
    assert ipfe_ddh.decrypt(one, ipfe_ddh.encrypt(mpk, X[0])).tolist() == [int(X[0] @ Y[0])]
    assert ipfe_ddh.verify_key(mpk, one)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint8, np.uint64, ">i4"])
def test_every_integer_type(pair: tuple[Any, Any], dtype: Any) -> None:
    mpk, msk = pair
    x = np.array([[1, 2, 11]], dtype=dtype)
    y = np.array([3, 4, 5], dtype=dtype)
    assert ipfe_ddh.decrypt(ipfe_ddh.keygen(msk, y), ipfe_ddh.encrypt(mpk, x)).tolist() == [66]
    assert ipfe_ddh.decrypt(ipfe_ddh.keygen(msk, y), ipfe_ddh.encrypt(mpk, np.asfortranarray(X)[::-1])).shape == (4,)


@pytest.mark.parametrize("x", [[1.0, 2.0, 11.0], [True, False, True], ["1", "2", "11"], [None] * 3, [[[1, 2, 11]]]])
def test_x_must_be_integers(pair: tuple[Any, Any], x: Any) -> None:
    with pytest.raises(ParameterError, match="x must"):
        ipfe_ddh.encrypt(pair[0], x)


def test_nothing_is_a_row_without_columns(pair: tuple[Any, Any]) -> None:
    with pytest.raises(ParameterError, match="x has 0 columns; the parameters have n = 3"):
        ipfe_ddh.encrypt(pair[0], [])


def test_bounds_are_named(pair: tuple[Any, Any]) -> None:
    mpk, msk = pair
    with pytest.raises(OutOfRangeError, match="row 1, coordinate 2"):
        ipfe_ddh.encrypt(mpk, [[0, 0, 10], [0, 0, 13]])
    with pytest.raises(OutOfRangeError, match="y_bound"):
        ipfe_ddh.keygen(msk, [0, 128, 0])
    with pytest.raises(ParameterError, match="row 1 is zero"):
        ipfe_ddh.keygen(msk, [[1, 2, 3], [0, 0, 0]])
    with pytest.raises(ParameterError, match="integers of a numpy type, not object"):
        ipfe_ddh.keygen(msk, np.array([1, 2, 3], dtype=object))
    for huge in ([2**80, 1, 1], np.array([2**63, 1, 1], dtype=np.uint64)):
        with pytest.raises(OutOfRangeError, match=r"y: entry \(0,\) is beyond int64"):
            ipfe_ddh.keygen(msk, huge)


def test_another_setup(pair: tuple[Any, Any]) -> None:
    other, _ = ipfe_ddh.setup(pair[0].parameters)
    with pytest.raises(KeyMismatchError):
        ipfe_ddh.decrypt(ipfe_ddh.keygen(pair[1], Y), ipfe_ddh.encrypt(other, X))
    assert not ipfe_ddh.verify_key(other, ipfe_ddh.keygen(pair[1], Y))


@pytest.mark.parametrize(
    "given",
    [
        {"n": 3},
        {"n": 3, "x_bound": 5, "x_lo": [0] * 3, "x_hi": [1] * 3},
        {"n": 3, "x_lo": [0] * 3},
        {"n": 3, "x_lo": [0] * 2, "x_hi": [1] * 2},
        {"n": 3, "x_lo": [2] * 3, "x_hi": [1] * 3},
        {"n": 3, "x_lo": [0.0] * 3, "x_hi": [1.0] * 3},
        {"n": 0, "x_bound": 5},
        {"n": True, "x_bound": 5},
        {"n": 3, "x_bound": 5.0},
        {"n": 3, "x_bound": 0},
        {"n": 3, "x_bound": 2**62 + 1},
        {"n": 3, "x_bound": 5, "y_bound": 0},
        {"n": 3, "x_bound": 5, "context": b"short"},
    ],
)
def test_impossible_parameters(given: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        ipfe_ddh.Parameters(**{"y_bound": 7} | given)


def test_parameters_are_hashed_whole() -> None:
    base: dict[str, Any] = {"n": 2, "x_bound": 5, "y_bound": 7}
    changes: list[dict[str, Any]] = [{}, {"n": 3}, {"x_bound": 6}, {"y_bound": 8}, {"context": b"c" * 32}]
    assert len({ipfe_ddh.Parameters(**base | change).id for change in changes}) == len(changes)


def test_the_master_secret_is_not_shown_or_pickled(pair: tuple[Any, Any]) -> None:
    secret = pair[1].to_bytes()[-64:]
    assert secret[:6].hex() not in repr(pair[1])
    with pytest.raises(TypeError):
        pickle.dumps(pair[1])


def test_names() -> None:
    names = ("ipfe-ddh", "ipfe-ddh-ristretto255")
    assert [adapter_named(name).id for name in names] == ["ipfe-ddh-ristretto255"] * 2
    with pytest.raises(ParameterError, match="there is ipfe-ddh"):
        adapter_named("rsa")
