"""The proofs of docs/math/qfe.md as far as a computer can follow: what a generic attacker sees, and the hops for k = 3.

Generic: all products of a given element of G1 and a given element of G2, at random values of the unknowns. Two worlds
are the same for a generic attacker exactly when the same linear relations hold among these products, that is, when the
matrices of many random evaluations have the same row space. Modulo 2^31 - 1, enough for polynomials of this degree. The
theorem is about all sizes; here are small ones, together with variants in which the method must see a difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.reference.bls12_381 import R
from tests.reference.qfe import inverted, transposed

P = 2**31 - 1
Message = tuple[Any, Any]

# --- Generic attackers ----------------------------------------------------------------------------------------------


def reduced(matrix: Any) -> Any:
    """The reduced echelon form modulo P: equal exactly for equal row spaces."""
    a, rank = matrix % P, 0
    for column in range(a.shape[1]):
        below = np.flatnonzero(a[rank:, column])
        if len(below) == 0:
            continue
        a[[rank, rank + below[0]]] = a[[rank + below[0], rank]]
        a[rank] = a[rank] * pow(int(a[rank, column]), -1, P) % P
        factors = a[:, column].copy()
        factors[rank] = 0
        a = (a - np.outer(factors, a[rank]) % P) % P
        rank += 1
        if rank == len(a):
            break
    return a[:rank]


def matmul(a: Any, b: Any) -> Any:
    """a b modulo P, without overflow."""
    return sum(np.outer(a[:, e], b[e]) % P for e in range(a.shape[1])) % P


def inverse(a: Any) -> Any:
    return reduced(np.concatenate([a, np.eye(len(a), dtype=np.int64)], axis=1))[:, len(a) :]


class Unknowns:
    """Random non-zero values modulo P."""

    def __init__(self, source: Random) -> None:
        self._source = source

    def draw(self, *shape: int) -> Any:
        return np.array([self._source.randrange(1, P) for _ in range(int(np.prod(shape)))], np.int64).reshape(shape)


def key_elements(T: int, u: int, variant: str) -> tuple[list[int], list[int]]:
    """What a key puts into G1 and G2."""
    if variant == "unsplit in G2":
        return [], [T]
    if variant == "unsplit in G1":
        return [T], []
    return [(T - u) % P], [u]


def row_bases(unknowns: Unknowns, k: int, rows: int, variant: str) -> Iterator[tuple[int, Any]]:
    """gamma and V of each row."""
    gamma, V = int(unknowns.draw(1)[0]), unknowns.draw(k + 1, k + 1)
    for row in range(rows):
        if row and variant != "gamma reused":
            gamma = (gamma + 1) % P if variant == "gamma counts" else int(unknowns.draw(1)[0])
        if row and variant != "V reused":
            V = unknowns.draw(k + 1, k + 1)
        if variant == "V of blocks":
            V[:k, k] = V[k, :k] = 0
        yield gamma, V


def products(unknowns: Unknowns, k: int, messages: list[Message], forms: list[Any], variant: str) -> Any:
    """All products of a given element of G1 and a given element of G2, at random values of the unknowns."""
    alpha, beta = unknowns.draw(len(messages[0][0]), k), unknowns.draw(len(messages[0][1]), k)
    masks = matmul(alpha, beta.T)
    g1, g2 = [1, *alpha.ravel()], [1, *beta.ravel()]
    if variant == "alpha in G2":
        g2 += [*alpha.ravel()]
    if variant == "beta in G1":
        g1 += [*beta.ravel()]
    u = unknowns.draw(len(forms))
    if variant == "u repeated":
        u[:] = u[0]
    for F, u_F in zip(forms, u, strict=True):
        left, right = key_elements(int(np.sum(F * masks % P) % P), int(u_F), variant)
        g1, g2 = g1 + left, g2 + right
    for (x, y), (gamma, V) in zip(messages, row_bases(unknowns, k, len(messages), variant), strict=True):
        c = matmul(np.concatenate([gamma * alpha % P, x[:, None]], axis=1), inverse(V))
        d = matmul(np.concatenate([beta, y[:, None]], axis=1), V.T)
        g1, g2 = [*g1, gamma, *c.ravel()], [*g2, gamma, *d.ravel()]
    return np.outer(np.array(g1, np.int64), np.array(g2, np.int64)).ravel() % P


def relations(k: int, messages: list[Message], forms: list[Any], variant: str, source: Random) -> Any:
    """What stands for the space of relations: the row space of more evaluations than there are products."""
    unknowns = Unknowns(source)
    first = products(unknowns, k, messages, forms, variant)
    rest = [products(unknowns, k, messages, forms, variant) for _ in range(len(first) + 4)]
    return reduced(np.array([first, *rest]))


def look_the_same(
    k: int, worlds: tuple[list[Message], list[Message]], forms: list[Any], variant: str, source: Random
) -> bool:
    one, two = (relations(k, messages, forms, variant, source) for messages in worlds)
    return one.shape == two.shape and bool((one == two).all())


def difference(worlds: tuple[Message, Message]) -> Any:
    """x0 y0^T - x1 y1^T."""
    (x0, y0), (x1, y1) = worlds
    return (np.outer(x0, y0) % P - np.outer(x1, y1) % P) % P


def equal_forms(source: Random, worlds: tuple[Message, Message], count: int) -> list[Any]:
    """Random forms with the same value in both worlds."""
    D = difference(worlds)
    forms = []
    for _ in range(count):
        F = Unknowns(source).draw(*D.shape)
        F[0, 0] = 0
        F[0, 0] = -int(np.sum(F * D % P)) * pow(int(D[0, 0]), -1, P) % P
        assert int(np.sum(F * D % P) % P) == 0
        forms.append(F)
    return forms


def random_worlds(source: Random, n: int, m: int, square: bool = False) -> tuple[Message, Message]:
    x0, x1 = (Unknowns(source).draw(n) for _ in range(2))
    y0, y1 = (x0, x1) if square else (Unknowns(source).draw(m) for _ in range(2))
    return (x0, y0), (x1, y1)


@pytest.fixture
def source(seed: int) -> Random:
    return Random(seed)


@pytest.mark.parametrize(
    ("k", "n", "m", "count", "square"),
    [(1, 2, 2, 1, False), (1, 3, 2, 2, False), (1, 3, 3, 4, True), (3, 2, 2, 2, False), (3, 2, 2, 1, True)],
)
def test_only_the_values_show(k: int, n: int, m: int, count: int, square: bool, source: Random) -> None:
    """Equal values, equal relations; and one form with unequal values, to see that the method can tell."""
    worlds = random_worlds(source, n, m, square)
    forms = equal_forms(source, worlds, count)
    assert look_the_same(k, ([worlds[0]], [worlds[1]]), forms, "the scheme", source)
    forms[0][0, 0] = (forms[0][0, 0] + 1) % P
    assert not look_the_same(k, ([worlds[0]], [worlds[1]]), forms, "the scheme", source)


def test_two_rows_do_not_help(source: Random) -> None:
    """Two ciphertexts, messages exchanged between them, k = 1."""
    one, two = random_worlds(source, 2, 2)
    forms = equal_forms(source, (one, two), 2)
    assert look_the_same(1, ([one, two], [two, one]), forms, "the scheme", source)


@pytest.mark.parametrize(("variant", "n", "m"), [("alpha in G2", 3, 2), ("beta in G1", 2, 3), ("V of blocks", 2, 2)])
def test_variants_that_show_more_than_the_values(variant: str, n: int, m: int, source: Random) -> None:
    """k = 1, one ciphertext and one key."""
    worlds = random_worlds(source, n, m)
    forms = equal_forms(source, worlds, 1)
    assert not look_the_same(1, ([worlds[0]], [worlds[1]]), forms, variant, source)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("variant", ["gamma reused", "gamma counts", "V reused"])
def test_randomness_of_two_rows_must_be_independent(variant: str, k: int, source: Random) -> None:
    """Without any key."""
    one, two = random_worlds(source, 2, 2) if k == 1 else random_worlds(source, 1, 2)
    assert look_the_same(k, ([one, two], [two, one]), [], "the scheme", source)
    assert not look_the_same(k, ([one, two], [two, one]), [], variant, source)


@pytest.mark.slow
@pytest.mark.parametrize(("k", "seen"), [(1, True), (3, False)])
@pytest.mark.parametrize("variant", ["unsplit in G2", "unsplit in G1", "u repeated"])
def test_unsplit_keys(variant: str, k: int, seen: bool, source: Random) -> None:
    """Keys of v_1 w^T, v_2 w^T and their sum, of value 0 in both worlds: for k = 1 they must be split, each by its u.

    For k = 3 no relation is found. That is no proof, and the proof that there is needs the split.
    """
    x = [np.array(v, np.int64) for v in ((2, -9, 4), (5, 1, -3))]
    y = [np.array(v, np.int64) for v in ((-7, 6), (2, 2))]
    forms = [np.outer(v, (1, -1)) % P for v in ((9, 2, 0), (-2, 0, 1), (7, 2, 1))]
    if variant != "unsplit in G2":  # the sum of the keys gives [u]_1, hence every [T]_1
        x, y, forms = y, x, [F.T for F in forms]
    worlds = ([(x[0] % P, y[0] % P)], [(x[1] % P, y[1] % P)])
    assert all(int(np.sum(F * (np.outer(a, b) % P) % P) % P) == 0 for F in forms for ((a, b),) in worlds)
    assert look_the_same(k, worlds, forms, "the scheme", source)
    assert look_the_same(k, worlds, forms, variant, source) != seen


# --- The hops of the proof for k = 3, in Z_r ------------------------------------------------------------------------

N, M = 5, 4


def dot(a: Any, b: Any) -> int:
    return sum(p * q for p, q in zip(a, b, strict=True)) % R


def along(terms: list[tuple[int, list[int]]]) -> list[int]:
    """sum s v over the terms (s, v)."""
    return [sum(s * v[e] for s, v in terms) % R for e in range(len(terms[0][1]))]


def times(A: Any, B: Any) -> list[list[int]]:
    return [[dot(row, column) for column in transposed(B)] for row in A]


class Hops:
    """The random values of the proof, under its names."""

    def __init__(self, source: Random) -> None:

        def vector(size: int) -> list[int]:
            return [source.randrange(1, R) for _ in range(size)]

        self.a, self.e1, self.e2, self.b = (vector(3) for _ in range(4))
        self.theta, self.tau, self.gamma = vector(3)
        self.r, self.s = vector(N), vector(M)
        self.x = [[source.randrange(-9, 10) for _ in range(N)] for _ in range(2)]
        self.y = [[source.randrange(-9, 10) for _ in range(M)] for _ in range(2)]
        self.ab = dot(self.a, self.b)
        self.Z = self.gamma * self.theta * self.tau % R
        self.V = [vector(4) for _ in range(4)]

    def tilted(self, e: list[int]) -> list[int]:
        """e - <e, b>/<a, b> a, orthogonal to b."""
        return along([(1, e), (-dot(e, self.b) * pow(self.ab, -1, R), self.a)])


@pytest.fixture
def hops(source: Random) -> Hops:
    return Hops(source)


def bases(h: Hops) -> tuple[list[int], list[int], list[int], list[int]]:
    """b1, b2 orthogonal to b; f1, f2 orthogonal to a and dual to e1, e2."""
    rows = inverted(transposed([h.a, h.e1, h.e2]))
    assert rows is not None
    return h.tilted(h.e1), h.tilted(h.e2), list(rows[1]), list(rows[2])


def masks(h: Hops) -> tuple[list[list[int]], list[list[int]]]:
    """alpha_i = a r_i + theta (b1 x0_i + b2 x1_i),  beta_j = b s_j + tau (f1 y0_j - f2 y1_j)."""
    b1, b2, f1, f2 = bases(h)
    alpha = [along([(r, h.a), (h.theta * p, b1), (h.theta * q, b2)]) for r, p, q in zip(h.r, *h.x, strict=True)]
    beta = [along([(s, h.b), (h.tau * p, f1), (-h.tau * q, f2)]) for s, p, q in zip(h.s, *h.y, strict=True)]
    return alpha, beta


def test_the_bases_are_dual(hops: Hops) -> None:
    b1, b2, f1, f2 = bases(hops)
    left, right = (hops.a, b1, b2), (hops.b, f1, f2)
    assert times(left, transposed(right)) == [[hops.ab, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_what_the_hops_put_in_is_absorbed_by_r(hops: Hops) -> None:
    """a r_i + theta (e1 x0_i + e2 x1_i) has the same form with b1, b2 in the place of e1, e2, and another r_i."""
    alpha, _ = masks(hops)
    lean = [dot(e, hops.b) * pow(hops.ab, -1, R) % R for e in (hops.e1, hops.e2)]
    for alpha_i, r, p, q in zip(alpha, hops.r, *hops.x, strict=True):
        other = r - hops.theta * (lean[0] * p + lean[1] * q)
        assert alpha_i == along([(other, hops.a), (hops.theta * p, hops.e1), (hops.theta * q, hops.e2)])


def test_keys_contain_neither_theta_nor_tau(hops: Hops, source: Random) -> None:
    """<alpha_i, beta_j> = r_i s_j <a, b> + theta tau (x0_i y0_j - x1_i y1_j); equal values cancel the second term."""
    alpha, beta = masks(hops)
    (x0, x1), (y0, y1) = hops.x, hops.y
    cells = list(product(range(N), range(M)))
    D = {(i, j): x0[i] * y0[j] - x1[i] * y1[j] for i, j in cells}
    for i, j in cells:
        expected = hops.r[i] * hops.s[j] * hops.ab + hops.theta * hops.tau * D[i, j]
        assert dot(alpha[i], beta[j]) == expected % R
    F = {cell: source.randrange(R) for cell in cells}
    last = max(cell for cell in cells if D[cell])
    F[last] = -sum(F[cell] * D[cell] for cell in cells if cell != last) * pow(D[last], -1, R) % R
    T = sum(F[i, j] * dot(alpha[i], beta[j]) for i, j in cells)
    assert (T - hops.ab * sum(F[i, j] * hops.r[i] * hops.s[j] for i, j in cells)) % R == 0


def canonical(h: Hops, Z: int) -> tuple[list[list[int]], list[list[int]]]:
    """C(Z) = (gamma r ; 0 ; -Z x1 ; (1 + Z) x0) and S = (<a,b> s ; 0 ; y1 ; y0), as 4 x n and 4 x m matrices."""
    C = [along([(h.gamma, h.r)]), [0] * N, along([(-Z, h.x[1])]), along([(1 + Z, h.x[0])])]
    return C, [along([(h.ab, h.s)]), [0] * M, along([(1, h.y[1])]), along([(1, h.y[0])])]


def change(h: Hops, world: int) -> list[list[int]]:
    """N_0 and N_1 of the proof."""
    g, t = h.gamma * h.theta, h.tau
    if world == 0:
        return [[1, 0, 0, 0], [0, 1, 0, -g], [0, 0, -t, 0], [0, t, 0, 1]]
    return [[1, 0, 0, 0], [0, 0, 1, -g], [0, 0, -t, 1], [0, t, 0, 0]]


@pytest.mark.parametrize("world", [0, 1])
def test_a_ciphertext_depends_on_z_alone(hops: Hops, world: int) -> None:
    """A ciphertext of (x_b, y_b) under V is one of the canonical form at Z - b under W = V B^-T N_b^T."""
    alpha, beta = masks(hops)
    b1, b2, _, _ = bases(hops)
    c_side = [*transposed([[hops.gamma * a for a in alpha_i] for alpha_i in alpha]), hops.x[world]]
    d_side = [*transposed(beta), hops.y[world]]
    V_inverse = inverted(hops.V)
    assert V_inverse is not None
    c, d = times(transposed(V_inverse), c_side), times(hops.V, d_side)

    B = [[*columns, 0] for columns in zip(hops.a, b1, b2, strict=True)] + [[0, 0, 0, 1]]
    B_inverse = inverted(B)
    assert B_inverse is not None
    W = times(times(hops.V, transposed(B_inverse)), transposed(change(hops, world)))
    W_inverse = inverted(W)
    assert W_inverse is not None
    C, S = canonical(hops, hops.Z - world)
    assert c == times(transposed(W_inverse), C)
    assert d == times(W, S)


def test_k_1_is_contained_in_k_3(hops: Hops, source: Random) -> None:
    """Two more coordinates p_i, q_j that everybody knows, and a fresh matrix over both: what k = 3 encrypts with."""
    alpha, beta = hops.r, hops.s
    p, q = ([[source.randrange(R) for _ in range(2)] for _ in range(size)] for size in (N, M))
    V = [row[:2] for row in hops.V[:2]]
    V_inverse, W_inverse = inverted(V), inverted(hops.V)
    assert V_inverse is not None and W_inverse is not None
    c = times(transposed(V_inverse), [[hops.gamma * a for a in alpha], hops.x[0]])
    d = times(V, [beta, hops.y[0]])
    known = [[hops.gamma * p_i[e] for p_i in p] for e in range(2)], [[q_j[e] for q_j in q] for e in range(2)]
    wide_c, wide_d = times(transposed(W_inverse), [*c, *known[0]]), times(hops.V, [*d, *known[1]])
    for i, j in product(range(N), range(M)):
        mask = alpha[i] * beta[j] + dot(p[i], q[j])
        value = dot([row[i] for row in wide_c], [row[j] for row in wide_d])
        assert value == (hops.gamma * mask + hops.x[0][i] * hops.y[0][j]) % R
