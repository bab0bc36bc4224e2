"""The arrays of BLS12-381: operators, shapes, errors. That results are right is the differential tests' affair."""

from __future__ import annotations

import copy
import os
import pickle
from types import ModuleType

import numpy as np
import pytest

from pyfe.errors import DecodeError, OutOfRangeError, ParameterError
from pyfe.groups import (
    G1Array,
    G2Array,
    GTArray,
    PreparedG2,
    bls12_381,
    multi_pair,
    pair,
    pairing_product,
    ristretto255,
)

ARRAYS = [G1Array, G2Array, GTArray]


@pytest.mark.parametrize("kind", ARRAYS)
def test_operators(kind: type[G1Array] | type[G2Array] | type[GTArray]) -> None:
    """The additive group of integers modulo r, seen through multiples of the generator."""
    g = kind.generator(4)
    a, b = np.array([1, -2, 3, 2**62]), np.array([5, 0, -7, 11])
    assert ((g * a + g * b) == (a + b) * g).all()
    assert ((g * a - g * b) == (a - b) * g).all()
    assert (g * 0 == kind.identity(4)).all()
    assert (-g == g * (bls12_381.ORDER - 1)).all()
    assert (bls12_381.scalars([1, 2, 3, 4]) * g == [1, 2, 3, 4] * g).all()
    assert len(g[1:3]) == 2
    assert [len(item) for item in g] == [1] * 4
    assert list(g * [1, 2, 3, 4] == g * [1, 2, 4, 4]) == [True, True, False, True]
    assert list(g * [1, 2, 3, 4] != g * [1, 2, 4, 4]) == [False, False, True, False]
    assert (g != "g") is True


@pytest.mark.parametrize("kind", ARRAYS)
def test_encoding(kind: type[G1Array] | type[G2Array] | type[GTArray]) -> None:
    a = kind.generator(3) * [1, 2, 3]
    data = a.to_bytes()
    assert (kind.from_bytes(data) == a).all()
    assert (kind.from_bytes(data.tobytes()) == a).all()
    assert len(kind.from_bytes(b"")) == 0
    with pytest.raises(ParameterError, match="not a multiple"):
        kind.from_bytes(data.tobytes()[:-1])
    bad = data.copy()
    bad[1] = 0xFF
    with pytest.raises(DecodeError, match=" 1 of G"):
        kind.from_bytes(bad)


def test_scalars() -> None:
    """Arithmetic modulo r against Python's integers."""
    a, b = (bls12_381.scalar_reduce(np.frombuffer(os.urandom(64 * 5), np.uint8).reshape(5, 64)) for _ in range(2))
    x, y = bls12_381.integers(a), bls12_381.integers(b)
    r = bls12_381.ORDER
    assert bls12_381.integers(bls12_381.scalar_add(a, b)) == [(i + j) % r for i, j in zip(x, y, strict=True)]
    assert bls12_381.integers(bls12_381.scalar_mul(a, b)) == [i * j % r for i, j in zip(x, y, strict=True)]
    assert bls12_381.integers(bls12_381.scalar_invert(a)) == [pow(i, -1, r) for i in x]
    with pytest.raises(DecodeError, match="below the group order"):
        bls12_381.scalar_add(np.full((1, 32), 255, np.uint8), a[:1])


@pytest.mark.parametrize("kind", [G1Array, G2Array])
def test_sums(kind: type[G1Array] | type[G2Array]) -> None:
    """Multiples of the generator, so that sums are known."""
    logs = [3, 1, 4, 1, 5, 9]
    p = kind.multiples(bls12_381.scalars(logs))
    assert (p == kind.generator(6) * logs).all()
    k = np.array([2, -7, 1, 0, -(2**40), 5])
    total = sum(int(x) * y for x, y in zip(k, logs, strict=True))
    assert (p.msm_vartime(k) == kind.generator() * total).all()
    assert (p.msm_vartime(bls12_381.scalars(k.tolist())) == kind.generator() * total).all()
    assert len(p.msm_vartime(np.stack([k, k]))) == 2
    cohort = kind.generator(2) * [2 * 3 + 5 * 4, 2 * 1 + 5 * 1]
    assert (p[:4].msm_cohort_vartime([2, 5], 2) == cohort).all()
    with pytest.raises(ParameterError):
        p.msm_vartime(k[:5])
    with pytest.raises(ParameterError, match="int64"):
        p.msm_vartime([0.5] * 6)


def test_pairings() -> None:
    p, q = G1Array.generator(3) * [2, 3, 5], G2Array.generator(3) * [7, 11, 13]
    e = GTArray.generator(3)
    assert (pair(p, q) == e * [14, 33, 65]).all()
    assert (pairing_product(p, q) == e[:1] * 112).all()
    kept = PreparedG2(q)
    assert (multi_pair([(p, q), (p, kept[2])]) == e * [14 + 26, 33 + 39, 65 + 65]).all()
    assert (pair(p, q).sum() == e[:1] * 112).all()
    sums = GTArray.combine_vartime([pair(p, q), e], [[2, -3], [0, 1]])
    assert (sums[0] == e * [25, 63, 127]).all()
    assert (sums[1] == e).all()


@pytest.mark.parametrize("kind", [G1Array, GTArray])
def test_small_logs(kind: type[G1Array] | type[GTArray]) -> None:
    logs = [-1000, 0, 7, 999]
    p = kind.generator(4) * logs
    assert p.small_log_vartime(-1000, 1000).tolist() == logs
    with pytest.raises(OutOfRangeError, match=" 3"):
        p.small_log_vartime(-1000, 998)


def test_hashing() -> None:
    a, b = (G1Array.hash_to_curve([b"one", b"two"], dst=tag) for tag in (b"A", b"B"))
    assert not (a == b).any()
    with pytest.raises(ParameterError, match="list of bytes"):
        G2Array.hash_to_curve(b"one", dst=b"A")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="dst"):
        G2Array.hash_to_curve([b"one"], dst="A")  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_pickle_as_their_bytes(kind: type[G1Array] | type[G2Array] | type[GTArray], protocol: int) -> None:
    a = kind.generator(3) * [1, 2, 3]
    assert (pickle.loads(pickle.dumps(a, protocol)) == a).all()
    assert len(pickle.loads(pickle.dumps(a[:0], protocol))) == 0
    assert copy.copy(a) is a and copy.deepcopy([a])[0] is a
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(PreparedG2(G2Array.generator(1)), protocol)


@pytest.mark.parametrize("module", [bls12_381, ristretto255])
def test_scalars_are_integers(module: ModuleType) -> None:
    """A float with an integer's value too: 2.7 became 2."""
    assert module.integers(module.scalars([np.int64(-1), True, 3])) == [module.ORDER - 1, 1, 3]
    for wrong in ([2.0], [2.7], ["2"], [float("nan")], [None], 5):
        with pytest.raises(ParameterError, match="integer"):
            module.scalars(wrong)


def test_intervals_and_counts_beyond_64_bits() -> None:
    for kind in (G1Array, GTArray):
        g = kind.generator(1)
        for lo, hi in ((0, 2**63), (-(2**63) - 1, 0)):
            with pytest.raises(OutOfRangeError, match="64 bits"):
                g.small_log_vartime(lo, hi)
        with pytest.raises(OutOfRangeError, match="64 bits"):
            kind.generator(2**63)
        with pytest.raises(ParameterError, match="lo must be an integer"):
            g.small_log_vartime(0.5, 1)  # type: ignore[arg-type]


def test_what_is_refused() -> None:
    g, h = G1Array.generator(3), G2Array.generator(2)
    for wrong in (lambda: g + h, lambda: pair(g, g), lambda: g * [1, 2], lambda: g + g[:2], lambda: g == g[:2]):  # type: ignore[arg-type, operator, return-value]
        with pytest.raises(ParameterError):
            wrong()
    with pytest.raises(ParameterError, match="negative"):
        G1Array.generator(-1)
    with pytest.raises(TypeError, match="from_bytes"):
        G1Array()
    with pytest.raises(ParameterError, match="int64"):
        GTArray.combine_vartime([GTArray.generator(1)], [[0.5]])
    with pytest.raises(IndexError):
        g[3]
