"""The pairing of BLS12-381 and GT on every kind of lanes, against blst."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pyfe.errors import DecodeError, ParameterError
from tests.differential.blst import Blst
from tests.differential.test_bls12_381_groups import ORDER, SCALARS, array, random_points, rows, scalar_bytes


def encoded(element: list[int]) -> bytes:
    return b"".join(value.to_bytes(48, "big") for value in element)


def decoded(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 48], "big") for i in range(0, 576, 48)]


def g1(core: ModuleType, points: list[bytes]) -> Any:
    return core.bls12_381.G1Points.from_bytes(array(points))


def g2(core: ModuleType, points: list[bytes]) -> Any:
    return core.bls12_381.G2Points.from_bytes(array(points))


def gt(core: ModuleType, elements: list[bytes]) -> Any:
    return core.pairing.GTElements.from_bytes(array(elements))


def powers(f: Any, k: int) -> Any:
    return f.exponentiate(array(scalar_bytes([k % ORDER] * len(f))))


def test_pairing(core: ModuleType, blst: Blst) -> None:
    """Random points, generators, and the identity on either side."""
    p, q = random_points(blst.g1, 11, 1), random_points(blst.g2, 11, 2)
    p += [blst.g1.generator(), blst.g1.infinity(), blst.g1.generator(), blst.g1.infinity()]
    q += [blst.g2.generator(), blst.g2.generator(), blst.g2.infinity(), blst.g2.infinity()]
    ours = core.pairing.pair(g1(core, p), g2(core, q))
    assert rows(ours.to_bytes()) == [encoded(f) for f in blst.pairing(p, q)]
    assert list(ours.equal(core.pairing.GTElements.one(15))) == [False] * 12 + [True] * 3


def test_bilinearity(core: ModuleType, blst: Blst, seed: int) -> None:
    """e(aP, bQ) = e(P, Q)^(ab)"""
    source = random.Random(seed)
    a, b = ([0, 1, ORDER - 1, *(source.randrange(ORDER) for _ in range(6))] for _ in range(2))
    p, q = g1(core, random_points(blst.g1, 9, seed)), g2(core, random_points(blst.g2, 9, seed + 1))
    left = core.pairing.pair(p.multiply(array(scalar_bytes(a))), q.multiply(array(scalar_bytes(b))))
    right = core.pairing.pair(p, q).exponentiate(
        array(scalar_bytes([x * y % ORDER for x, y in zip(a, b, strict=True)]))
    )
    assert all(left.equal(right))


@pytest.mark.parametrize("size", [1, 8, 9])
def test_products(core: ModuleType, blst: Blst, size: int) -> None:
    """Fresh and prepared factors in one product, the identity among them; lanes stay apart."""
    p = [random_points(blst.g1, size, 10 + j) for j in range(3)]
    q = [random_points(blst.g2, size, 20 + j) for j in range(2)]
    p[0][-1], q[0][0] = blst.g1.infinity(), blst.g2.infinity()
    kept = [random_points(blst.g2, 1, 30)[0], blst.g2.infinity()]
    prepared = core.pairing.PreparedG2(g2(core, kept))
    a, b, c = (g1(core, points) for points in p)
    ours = core.pairing.multi_pair(
        [(a, g2(core, q[0])), (b, (prepared, 0)), (c, g2(core, q[1])), (a, (prepared, 0)), (c, (prepared, 1))]
    )
    expected = [
        encoded(blst.pairing_product([p[0][i], p[1][i], p[2][i], p[0][i]], [q[0][i], kept[0], q[1][i], kept[0]]))
        for i in range(size)
    ]
    assert rows(ours.to_bytes()) == expected


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 30])
def test_one_product(core: ModuleType, blst: Blst, size: int) -> None:
    p, q = random_points(blst.g1, size, 40), random_points(blst.g2, size, 41)
    if size > 7:
        p[3] = blst.g1.infinity()
    kind = core.bls12_381
    ours = core.pairing.pairing_product(
        g1(core, p) if size else kind.G1Points.identity(0), g2(core, q) if size else kind.G2Points.identity(0)
    )
    expected = blst.pairing_product(p, q) if size else blst.fp12.one()
    assert rows(ours.to_bytes()) == [encoded(expected)]


def test_exponentiation(core: ModuleType, blst: Blst) -> None:
    """Constant-time powers, at the corners of the four digits; products and inverses."""
    scalars = SCALARS + [random.Random(50).randrange(ORDER) for _ in range(5)]
    f = blst.pairing(random_points(blst.g1, 1, 51), random_points(blst.g2, 1, 52))[0]
    ours = gt(core, [encoded(f)] * len(scalars)).exponentiate(array(scalar_bytes(scalars)))
    assert rows(ours.to_bytes()) == [encoded(blst.fp12.power(f, k)) for k in scalars]
    assert all(ours.mul(ours.invert()).equal(core.pairing.GTElements.one(len(ours))))
    one = core.pairing.GTElements.one(3)
    assert all(one.exponentiate(array(scalar_bytes([0, 5, ORDER - 1]))).equal(one))


@pytest.mark.parametrize("count", [1, 3, 12])
def test_products_of_powers(core: ModuleType, blst: Blst, count: int) -> None:
    """Signed exponents, int64's ends among them, one chain of squarings for all bases."""
    source = random.Random(count)
    bases = [
        core.pairing.pair(g1(core, random_points(blst.g1, 9, 60 + j)), g2(core, random_points(blst.g2, 9, 70 + j)))
        for j in range(3)
    ]
    exponents = np.array([[source.randrange(-(2**b), 2**b) for b in (3, 8, 40)] for _ in range(count)])
    exponents[0] = [2**63 - 1, -(2**63), 0]
    exponents[-1] = [0, 0, 0] if count > 1 else exponents[-1]
    for row, ours in zip(exponents.tolist(), core.pairing.multi_exponentiate_vartime(bases, exponents), strict=True):
        expected = core.pairing.GTElements.one(9)
        for base, k in zip(bases, row, strict=True):
            expected = expected.mul(powers(base, k))
        assert all(ours.equal(expected))
    with pytest.raises(ParameterError, match="exponents"):
        core.pairing.multi_exponentiate_vartime(bases, exponents[:, :2].copy())


def test_product_of_all(core: ModuleType, blst: Blst) -> None:
    f = core.pairing.pair(g1(core, random_points(blst.g1, 19, 80)), g2(core, random_points(blst.g2, 19, 81)))
    for part in (slice(0, 0), slice(0, 1), slice(2, 10), slice(None)):
        elements = [decoded(data) for data in rows(f.slice(part).to_bytes())]
        expected = blst.fp12.one()
        for element in elements:
            expected = blst.fp12.mul([expected], [element])[0]
        assert rows(f.slice(part).product().to_bytes()) == [encoded(expected)]


def refused(core: ModuleType, element: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=f"element 1 of GT {reason}"):
        core.pairing.GTElements.from_bytes(array([encoded([1] + [0] * 11), element]))


def test_what_is_refused(core: ModuleType, blst: Blst) -> None:
    """Zero, elements of Fp12, of the cyclotomic subgroup and of small order; coefficients beyond p; lengths."""
    f = blst.pairing(random_points(blst.g1, 1, 90), random_points(blst.g2, 1, 91))[0]
    source = random.Random(92)
    any_element = [source.randrange(blst.p) for _ in range(12)]
    twelve = blst.fp12
    conjugate = twelve.conjugate([any_element])
    unitary = twelve.mul(conjugate, twelve.inverse([any_element]))
    cyclotomic = twelve.mul(twelve.frobenius(unitary, 2), unitary)[0]
    for outside in ([0] * 12, any_element, unitary[0], cyclotomic, [blst.p - 1] + [0] * 11):
        refused(core, encoded(outside), "is not in the subgroup")
    for place in (0, 5, 11):
        beyond = bytearray(encoded(f))
        beyond[48 * place : 48 * place + 48] = blst.p.to_bytes(48, "big")
        refused(core, bytes(beyond), "has a coefficient that is not below p")
    flipped = bytearray(encoded(f))
    flipped[300] ^= 1
    refused(core, bytes(flipped), "is not in the subgroup")
    assert rows(gt(core, [encoded(f)]).to_bytes()) == [encoded(f)]
    with pytest.raises(ParameterError, match="576"):
        core.pairing.GTElements.from_bytes(np.zeros((2, 575), dtype=np.uint8))


def test_sizes_must_agree(core: ModuleType, blst: Blst) -> None:
    p, q = g1(core, random_points(blst.g1, 3, 95)), g2(core, random_points(blst.g2, 2, 96))
    with pytest.raises(ParameterError, match="3 and 2"):
        core.pairing.pair(p, q)
    with pytest.raises(ParameterError, match="prepared point 2 of 2"):
        core.pairing.multi_pair([(p, (core.pairing.PreparedG2(q), 2))])
    with pytest.raises(ParameterError, match="needs a factor"):
        core.pairing.multi_pair([])


def test_backends_do_not_mix(core_testing: ModuleType, blst: Blst) -> None:
    """What one backend made is refused by the other: its words mean something else there."""
    core = core_testing
    core.set_lanes("portable")
    try:
        p, q = g1(core, random_points(blst.g1, 1, 97)), g2(core, random_points(blst.g2, 1, 98))
        f, kept = core.pairing.pair(p, q), core.pairing.PreparedG2(q)
        one, base = array(scalar_bytes([1])), core.bls12_381.G1FixedBase(p)
        core.set_lanes("emulated")
        here = g1(core, [blst.g1.generator()])
        for refused_call in (
            p.to_bytes, p.negate, q.negate, f.to_bytes, f.invert, f.product,
            lambda: p.add(here), lambda: here.add(p), lambda: p.multiply(one), lambda: p.msm_full_vartime(one),
            lambda: base.multiply(one), lambda: core.pairing.pair(p, q), lambda: core.pairing.pairing_product(p, q),
            lambda: core.pairing.multi_pair([(here, (kept, 0))]), lambda: core.pairing.PreparedG2(q),
            lambda: f.exponentiate(one), lambda: core.dlog.solve(f, 0, 1), lambda: core.dlog.solve(p, 0, 1),
        ):  # fmt: skip
            with pytest.raises(ParameterError, match="another backend"):
                refused_call()
    finally:
        core.set_lanes("portable")


@pytest.mark.slow
def test_many_pairings(shipped: ModuleType, blst: Blst) -> None:
    """10^4 pairings, equal on the wire"""
    p, q = random_points(blst.g1, 10_000, 100), random_points(blst.g2, 10_000, 101)
    expected = [encoded(f) for f in blst.pairing(p, q)]
    assert rows(shipped.pairing.pair(g1(shipped, p), g2(shipped, q)).to_bytes()) == expected
