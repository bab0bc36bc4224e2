"""The native scheme ipfe-ddh: shapes, dtypes, bounds, mismatches, combined ciphertexts."""

from __future__ import annotations

import copy
import pickle
from typing import Any, NamedTuple

import numpy as np
import pytest

from pyfe import _core
from pyfe.errors import KeyMismatchError, OutOfRangeError, ParameterError

scheme = _core.ipfe_ddh
LO, HI = np.array([-10, 0, 5]), np.array([20, 1, 5])


class Keys(NamedTuple):
    """One authority: 3 coordinates in [-10, 20], [0, 1], {5}; |y| at most 7."""

    mpk: Any
    msk: Any


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys(*scheme.setup(scheme.Parameters(3, LO, HI, 7, b"\x05" * 32)))


X = np.array([[-10, 0, 5], [20, 1, 5], [3, 1, 5], [0, 0, 5], [-1, 1, 5]])
Y = np.array([[1, -2, 7], [0, 3, 0]])


# --- parameters -----------------------------------------------------------------------------------------------------


def test_parameters() -> None:
    p = scheme.Parameters(3, LO, HI, 7)
    assert (p.n, p.x_lo.tolist(), p.x_hi.tolist(), p.y_bound) == (3, LO.tolist(), HI.tolist(), 7)
    assert p.context == bytes(32) and len(p.id) == 32
    others = [
        scheme.Parameters(3, LO, HI, 8),
        scheme.Parameters(3, LO - 1, HI, 7),
        scheme.Parameters(3, LO, HI + 1, 7),
        scheme.Parameters(3, LO, HI, 7, b"\x01" + bytes(31)),
        scheme.Parameters(2, LO[:2], HI[:2], 7),
    ]
    assert len({p.id, *(other.id for other in others)}) == 6
    assert scheme.Parameters(3, LO, HI, 7).id == p.id


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((2, LO, HI, 7), "n = 2"),
        ((-3, LO, HI, 7), "n = -3"),
        ((0, LO[:0], HI[:0], 7), "n is 0"),
        ((3, LO, HI[:2], 7), "x_hi"),
        ((3, HI, LO, 7), "coordinate 0: x_lo = 20 exceeds x_hi = -10"),
        ((3, LO, HI, 0), "y_bound"),
        ((3, LO, HI, -1), "y_bound"),
        ((3, LO[None], HI, 7), "x_lo"),
        ((3, LO, HI, 7, bytes(31)), "context"),
    ],
)
def test_impossible_parameters(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        scheme.Parameters(*arguments)


@pytest.mark.parametrize("wrong", [LO.astype(float), LO.astype(np.int32), LO.tolist(), None, "123"])
def test_bounds_must_be_int64(wrong: Any) -> None:
    with pytest.raises(TypeError):
        scheme.Parameters(3, wrong, HI, 7)
    with pytest.raises(TypeError):
        scheme.Parameters(3, LO, wrong, 7)


# --- verbs ----------------------------------------------------------------------------------------------------------


def test_round_trip(keys: Keys) -> None:
    ct, sk = scheme.encrypt(keys.mpk, X), scheme.keygen(keys.msk, Y)
    z = scheme.decrypt(sk, ct)
    assert z.dtype == np.int64 and z.tolist() == (X @ Y.T).tolist()
    assert (len(ct), ct.n, ct.nbytes) == (5, 3, 5 * 32 * 5)
    assert ct.public_key_id == sk.public_key_id == keys.mpk.id == keys.msk.public_key_id
    assert sk.y.tolist() == Y.tolist()
    assert sk.intervals.tolist() == [[-10 - 2 + 35, 20 + 35], [0, 3]]
    assert scheme.verify_key(keys.mpk, sk)
    assert scheme.decrypt(scheme.keygen(keys.msk, Y[0]), ct).shape == (5, 1)
    assert scheme.decrypt(sk, scheme.encrypt(keys.mpk, X[0])).shape == (1, 2)
    none = scheme.encrypt(keys.mpk, X[:0])
    assert len(none) == 0 and scheme.decrypt(sk, none).shape == (0, 2)


@pytest.mark.parametrize("backend", ["portable", _core.backend()])
def test_every_number_of_rows(backend: str, seed: int) -> None:
    """Whichever tables the rows are multiplied with, and whichever way their points are decoded."""
    rng = np.random.default_rng(seed)
    before = _core.backend()
    _core.set_backend(backend)
    try:
        mpk, msk = scheme.setup(scheme.Parameters(3, LO, HI, 7))
        assert mpk.table_bytes == 0
        sk = scheme.keygen(msk, Y)
        for rows in (100, 1, 2, 7, 8, 9, 17, 33):
            x = rng.integers(LO, HI + 1, (rows, 3))
            ct = scheme.CiphertextBatch.from_bytes(scheme.encrypt(mpk, x).to_bytes())
            assert np.array_equal(scheme.decrypt(sk, ct), x @ Y.T)
            assert (mpk.table_bytes == 0) == (rows == 100)
    finally:
        _core.set_backend(before)


def test_tables_of_a_wide_key_are_bounded() -> None:
    n = 3000
    mpk, msk = scheme.setup(scheme.Parameters(n, np.zeros(n, int), np.ones(n, int), 1))
    x = np.tile([0, 1, 1], n // 3)
    sk = scheme.keygen(msk, np.ones((1, n), int))
    assert scheme.decrypt(sk, scheme.encrypt(mpk, x[None])).tolist() == [[2 * n // 3]]
    assert 2**25 < mpk.table_bytes <= 2**26


def test_encryption_is_fresh(keys: Keys) -> None:
    """No component twice, in one batch or in two: rows of equal plaintexts too."""
    same = np.repeat(X[:1], 50, axis=0)
    payloads = [scheme.encrypt(keys.mpk, same).to_bytes()[45:] for _ in range(2)]
    points = [payload[at : at + 32] for payload in payloads for at in range(0, len(payload), 32)]
    assert len(set(points)) == len(points) == 500
    ids = {scheme.setup(scheme.Parameters(1, LO[:1], HI[:1], 1))[0].id for _ in range(20)}
    assert len(ids) == 20


@pytest.mark.parametrize(
    "wrong",
    [
        *(X.astype(dtype) for dtype in (float, np.float32, np.int32, np.uint64, bool, object)),
        *(X.tolist(), None, "x", np.asfortranarray(X), X[:, ::-1]),
    ],
)
def test_only_int64_arrays(keys: Keys, wrong: Any) -> None:
    """Floats above all: a rounding that nobody asked for would be a wrong score."""
    with pytest.raises(TypeError):
        scheme.encrypt(keys.mpk, wrong)
    with pytest.raises(TypeError):
        scheme.keygen(keys.msk, wrong)


def test_shapes(keys: Keys) -> None:
    for wrong in (X[:, :2].copy(), X[0, :1], np.zeros((1, 1, 3), np.int64), np.array(5)):
        with pytest.raises(ParameterError):
            scheme.encrypt(keys.mpk, wrong)
        with pytest.raises(ParameterError):
            scheme.keygen(keys.msk, wrong)
    with pytest.raises(ParameterError, match="no rows"):
        scheme.keygen(keys.msk, Y[:0])


@pytest.mark.parametrize(
    ("row", "coordinate", "value"),
    [(0, 0, -11), (4, 0, 21), (2, 1, 2), (1, 1, -1), (3, 2, 4), (3, 2, 6), (0, 0, 2**63 - 1), (4, 2, -(2**63))],
)
def test_x_out_of_range(keys: Keys, row: int, coordinate: int, value: int) -> None:
    x = X.copy()
    x[row, coordinate] = value
    with pytest.raises(OutOfRangeError, match=f"row {row}, coordinate {coordinate} is outside") as caught:
        scheme.encrypt(keys.mpk, x)
    lo, hi = LO[coordinate], HI[coordinate]
    assert f"[{lo}, {hi}]" in str(caught.value)
    if abs(value) > 100:
        assert str(value) not in str(caught.value)  # a patient's value is not for a log file


def test_the_first_offence_is_named(keys: Keys) -> None:
    x = X.copy()
    x[1, 1] = x[3, 0] = 99
    with pytest.raises(OutOfRangeError, match="row 1, coordinate 1"):
        scheme.encrypt(keys.mpk, x)


def test_y_out_of_range(keys: Keys) -> None:
    for value in (8, -8, 2**63 - 1, -(2**63)):
        with pytest.raises(OutOfRangeError, match=f"row 1, coordinate 2 = {value} exceeds y_bound = 7"):
            scheme.keygen(keys.msk, np.array([[1, 2, 3], [0, 0, value]]))
    with pytest.raises(ParameterError, match="row 1 is zero"):
        scheme.keygen(keys.msk, np.array([[1, 2, 3], [0, 0, 0]]))


def test_too_wide_results() -> None:
    """A width of 2^44 is the last that is searched; beyond it the error says what narrows it."""
    lo, hi = np.array([0, 0]), np.array([2**43, 2**43])
    _, msk = scheme.setup(scheme.Parameters(2, lo, hi, 2**62))
    assert scheme.keygen(msk, np.array([1, -1])).intervals.tolist() == [[-(2**43), 2**43]]
    assert scheme.keygen(msk, np.array([2, 0])).intervals.tolist() == [[0, 2**44]]
    for y in ([2, 1], [3, 0], [-1, 2], [2**62, -(2**62)]):
        with pytest.raises(OutOfRangeError, match=r"row 1: .*wider than 2\^44; smaller weights"):
            scheme.keygen(msk, np.array([[1, 0], y]))
    ends = np.array([-(2**63)]), np.array([2**63 - 1])
    _, msk = scheme.setup(scheme.Parameters(1, *ends, 1))
    with pytest.raises(OutOfRangeError, match=r"wider than 2\^44"):
        scheme.keygen(msk, np.array([1]))


def test_mismatches(keys: Keys) -> None:
    ct, sk = scheme.encrypt(keys.mpk, X), scheme.keygen(keys.msk, Y)
    mpk, msk = scheme.setup(keys.mpk.parameters)
    with pytest.raises(KeyMismatchError, match="different public keys"):
        scheme.decrypt(scheme.keygen(msk, Y), ct)
    with pytest.raises(KeyMismatchError):
        scheme.decrypt(sk, scheme.encrypt(mpk, X))
    assert not scheme.verify_key(mpk, sk)
    assert not scheme.verify_key(keys.mpk, scheme.keygen(msk, Y))


def test_a_forged_key_is_noticed(keys: Keys) -> None:
    """Scalars, functions or intervals of another row: verify_key says no."""
    sk = scheme.keygen(keys.msk, Y)
    payload = sk.to_bytes()
    y_at, interval_at, scalar_at = 40, 40 + 48, 40 + 48 + 32
    for at in (y_at, y_at + 24, interval_at, interval_at + 8, scalar_at, scalar_at + 32, scalar_at + 64):
        forged = bytearray(payload)
        forged[at] ^= 1
        assert not scheme.verify_key(keys.mpk, scheme.FunctionKey.from_bytes(bytes(forged))), at


def test_secrets_do_not_travel(keys: Keys) -> None:
    scalars = keys.msk.to_bytes()[-192:]
    for text in (repr(keys.msk), str(keys.msk)):
        assert all(scalars[at : at + 4].hex() not in text for at in range(0, 192, 4))
    for action in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            action(keys.msk)
    again = scheme.MasterSecretKey.from_bytes(keys.msk.to_bytes())
    assert scheme.keygen(again, Y).to_bytes() == scheme.keygen(keys.msk, Y).to_bytes()


# --- batches --------------------------------------------------------------------------------------------------------


def test_slices_and_concat(keys: Keys) -> None:
    x = np.tile(X, (5, 1))
    sk = scheme.keygen(keys.msk, Y)
    expected = x @ Y.T
    fresh = scheme.encrypt(keys.mpk, x)
    for ct in (fresh, scheme.CiphertextBatch.from_bytes(fresh.to_bytes())):
        for start, stop in [(0, 25), (0, 1), (8, 25), (8, 24), (3, 20), (24, 25), (7, 7)]:
            part = ct.slice(start, stop)
            assert len(part) == stop - start
            assert scheme.decrypt(sk, part).tolist() == expected[start:stop].tolist()
        joined = scheme.CiphertextBatch.concat([ct.slice(20, 25), ct.slice(0, 0), ct.slice(0, 20)])
        assert scheme.decrypt(sk, joined).tolist() == np.roll(expected, 5, axis=0).tolist()
        assert scheme.CiphertextBatch.concat([ct]).to_bytes() == fresh.to_bytes()
        for start, stop in [(0, 26), (5, 4), (26, 26)]:
            with pytest.raises(ParameterError, match="slice"):
                ct.slice(start, stop)
    with pytest.raises(TypeError):
        fresh.slice(-1, 5)
    with pytest.raises(ParameterError):
        scheme.CiphertextBatch.concat([])
    with pytest.raises(KeyMismatchError):
        scheme.CiphertextBatch.concat([fresh, scheme.encrypt(scheme.setup(keys.mpk.parameters)[0], X)])


@pytest.mark.parametrize("w", [[1, 1, 1, 1, 1], [3, -1, 0, 2, -5], [0, 0, 0, 0, 0], [-7, 0, 0, 0, 0], [0, 0, 0, 0, 1]])
def test_weighted_sums(keys: Keys, w: list[int]) -> None:
    weights = np.array(w)
    sk, ct = scheme.keygen(keys.msk, Y), scheme.encrypt(keys.mpk, X)
    total = ct.weighted_sum(weights)
    positive, negative = int(weights.clip(0).sum()), int((-weights).clip(0).sum())
    assert total.combined and len(total) == 1 and total.weight_sums.tolist() == [[positive, negative]]
    assert scheme.decrypt(sk, total).tolist() == [((weights @ X) @ Y.T).tolist()]
    again = scheme.CiphertextBatch.from_bytes(total.to_bytes())
    assert again.combined and again.weight_sums.tolist() == [[positive, negative]]
    assert scheme.decrypt(sk, again).tolist() == scheme.decrypt(sk, total).tolist()


def test_sums_reach_the_ends_of_their_interval(keys: Keys) -> None:
    """All positive rows at one end, all negative rows at the other: the result lies on the border, and is found."""
    y = np.array([[7, -7, 1]])
    sk = scheme.keygen(keys.msk, y)
    top, bottom = np.where(y[0] > 0, HI, LO), np.where(y[0] > 0, LO, HI)
    w = np.array([4, -3, 2])
    for x in (np.stack([top, bottom, top]), np.stack([bottom, top, bottom])):
        z = scheme.decrypt(sk, scheme.encrypt(keys.mpk, x).weighted_sum(w))
        assert z.tolist() == [((w @ x) @ y.T).tolist()]
        low, high = sk.intervals[0]
        assert z[0, 0] in (6 * low - 3 * high, 6 * high - 3 * low)


def test_add_and_scale(keys: Keys) -> None:
    sk = scheme.keygen(keys.msk, Y)
    other = X[::-1].copy()
    a, b = scheme.encrypt(keys.mpk, X), scheme.encrypt(keys.mpk, other)
    assert scheme.decrypt(sk, a.add(b)).tolist() == ((X + other) @ Y.T).tolist()
    assert a.add(b).weight_sums.tolist() == [[2, 0]] * 5
    for factor in (1, 0, -1, 5, -9):
        scaled = a.scale(factor)
        assert scheme.decrypt(sk, scaled).tolist() == (factor * X @ Y.T).tolist()
        assert scaled.weight_sums.tolist() == [[max(factor, 0), max(-factor, 0)]] * 5
    nested = a.scale(-2).add(b.scale(3)).add(a)
    assert nested.weight_sums.tolist() == [[4, 2]] * 5
    assert scheme.decrypt(sk, nested).tolist() == ((3 * other - X) @ Y.T).tolist()


def test_mixed_batches(keys: Keys) -> None:
    """Plain and combined rows in one batch, each with its own interval."""
    sk, ct = scheme.keygen(keys.msk, Y), scheme.encrypt(keys.mpk, X)
    mixed = scheme.CiphertextBatch.concat([ct, ct.scale(-3), ct.weighted_sum(np.arange(5))])
    rows = np.concatenate([X, -3 * X, [np.arange(5) @ X]])
    assert mixed.combined and scheme.decrypt(sk, mixed).tolist() == (rows @ Y.T).tolist()
    assert mixed.weight_sums.tolist() == [[1, 0]] * 5 + [[0, 3]] * 5 + [[10, 0]]
    assert scheme.decrypt(sk, mixed.slice(4, 9)).tolist() == (rows[4:9] @ Y.T).tolist()
    assert scheme.CiphertextBatch.from_bytes(mixed.to_bytes()).to_bytes() == mixed.to_bytes()


def test_refused_combinations(keys: Keys) -> None:
    sk, ct = scheme.keygen(keys.msk, Y), scheme.encrypt(keys.mpk, X)
    for wrong in (np.ones(4, np.int64), np.ones((5, 1), np.int64)):
        with pytest.raises(ParameterError):
            ct.weighted_sum(wrong)
    for wrong in (np.ones(5), [1] * 5, np.ones(5, np.int32)):
        with pytest.raises(TypeError):
            ct.weighted_sum(wrong)
    with pytest.raises(TypeError):
        ct.scale(1.5)
    with pytest.raises(ParameterError):
        ct.add(ct.slice(0, 4))
    with pytest.raises(ParameterError):
        ct.slice(0, 0).weighted_sum(np.zeros(0, np.int64))
    with pytest.raises(KeyMismatchError):
        ct.add(scheme.encrypt(scheme.setup(keys.mpk.parameters)[0], X))
    with pytest.raises(OutOfRangeError, match=r"2\^64"):
        ct.weighted_sum(np.full(5, 2**63 - 1))
    with pytest.raises(OutOfRangeError, match="combine fewer rows"):
        scheme.decrypt(sk, ct.scale(2**40))
    huge = ct.slice(0, 2).weighted_sum(np.array([-(2**63), 0]))
    with pytest.raises(OutOfRangeError):
        _ = huge.weight_sums
    with pytest.raises(OutOfRangeError, match="combine fewer rows"):
        scheme.decrypt(sk, huge)
