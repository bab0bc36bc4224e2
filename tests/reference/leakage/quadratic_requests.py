"""Random requests to a quadratic authority: honest forms on coarse grids, and forms that are built to read a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.reference.leakage.cases import Case
from tests.reference.leakage.forms import Form
from tests.reference.leakage.linear_requests import SPLITS, Draw
from tests.reference.leakage.populations import TABLES, population
from tests.reference.leakage.sampler import generator
from tests.reference.leakage.schema import Schema

Forms = tuple[Form, ...]
Asked = tuple[Schema, Forms, Forms]
"""The schema, the forms issued before, the forms requested."""


def _coarse(draw: Draw) -> Schema:
    return draw.schema(int(draw.rng.choice([3, 4, 8])))


def _product(schema: Schema, one: int, two: int, weight: int) -> tuple[int, int, int]:
    """weight times the first coordinates of two columns."""
    i, j = sorted((schema.starts[one], schema.starts[two]))
    return i, j, weight


def _form(weights: Sequence[int], products: Sequence[tuple[int, int, int]] = ()) -> Form:
    return Form(tuple(map(int, weights)), tuple(products))


def _products(draw: Draw, schema: Schema, count: int, width: int) -> list[tuple[int, int, int]]:
    """Random products, no two of the same coordinates."""
    found = {}
    for _ in range(count):
        i, j = sorted(int(v) for v in draw.rng.integers(0, schema.n, 2))
        found[i, j] = int(draw.rng.integers(-width, width + 1)) or 1
    return [(i, j, weight) for (i, j), weight in sorted(found.items())]


def discriminant(draw: Draw) -> Asked:
    """Products of many pairs, small weights."""
    schema = _coarse(draw)
    products = _products(draw, schema, schema.n * int(draw.rng.integers(1, 4)), int(draw.rng.choice([1, 2, 4])))
    return schema, (), (_form(draw.dense(schema, 8), products),)


def square_network(draw: Draw) -> Asked:
    """The square of one linear unit, and a linear part."""
    schema = _coarse(draw)
    w = [int(v) for v in draw.rng.integers(-2, 3, schema.n)]
    products = [(i, j, w[i] * w[j] * (1 if i == j else 2)) for j in range(schema.n) for i in range(j + 1)]
    return schema, (), (_form(draw.dense(schema, 4), [one for one in products if one[2]]),)


def naive_bayes(draw: Draw) -> Asked:
    """Squares and weights, no products of two columns."""
    schema = _coarse(draw)
    squares = [(schema.starts[at], schema.starts[at], int(draw.rng.integers(-2, 3)) or 1) for at in schema.private]
    return schema, (), (_form(draw.dense(schema, 6), squares),)


def two_forms(draw: Draw) -> Asked:
    """A form beside one that was issued."""
    schema, _, one = discriminant(draw)
    weights = draw.dense(schema, 8)
    return schema, one, (_form(weights, _products(draw, schema, schema.n, 2)),)


def linear_under_quadratic(draw: Draw) -> Asked:
    """A linear key, alone or after a form."""
    schema, _, one = discriminant(draw)
    return schema, one if draw.rng.random() < 0.6 else (), (_form(draw.dense(schema, 4)),)


def public_gate(draw: Draw) -> Asked:
    """A product with a public column opens a private one; elsewhere the form is dense."""
    schema, _, (one,) = discriminant(draw)
    gate = draw.pick(schema.public or schema.private, 1)[0]
    target = draw.pick(schema.protected or schema.private, 1)[0]
    return schema, (), (_form(one.weights, [*one.products, _product(schema, gate, target, 200)]),)


def private_gate(draw: Draw) -> Asked:
    """A product of two private columns in digits that nothing else reaches."""
    schema, _, (one,) = discriminant(draw)
    a, b = draw.pick(schema.private, 2)
    return schema, (), (_form(one.weights, [*one.products, _product(schema, a, b, 4096)]),)


def square_parity(draw: Draw) -> Asked:
    """x^2 + x is even: the parity is that of the one column with an odd weight."""
    schema = _coarse(draw)
    weights, squares = [2 * v for v in draw.dense(schema, 4)], []
    for block in schema.private:
        odd = 2 * int(draw.rng.integers(0, 3)) + 1
        squares.append(_product(schema, block, block, odd))
        weights[schema.starts[block]] += 1
    weights[schema.starts[draw.pick(schema.protected or schema.private, 1)[0]]] += 1
    return schema, (), (_form(weights, squares),)


def high_square(draw: Draw) -> Asked:
    """The square of one column in the high digits."""
    schema, _, (one,) = discriminant(draw)
    block = draw.pick(schema.private, 1)[0]
    return schema, (), (_form(one.weights, [*one.products, _product(schema, block, block, 1 << 14)]),)


def sum_of_squares(draw: Draw) -> Asked:
    """Squares with weights of a super-increasing row."""
    schema = draw.schema(4)
    squares, base = [], 1
    for block in draw.pick(schema.private, 6):
        squares.append(_product(schema, block, block, min(base, 1 << 15)))
        base *= 10
    return schema, (), (_form([0] * schema.n, squares),)


def difference(draw: Draw) -> Asked:
    """F was issued, F + L is asked: L reads little more than one column."""
    schema, _, (one,) = discriminant(draw)
    added = [int(v) for v in draw.rng.integers(0, 2, schema.n)]
    added[schema.starts[draw.pick(schema.protected or schema.private, 1)[0]]] = 9
    both = [a + b for a, b in zip(one.weights, added, strict=True)]
    return schema, (one,), (_form(both, one.products),)


def high_bit(draw: Draw) -> Asked:
    """A column far above a dense form."""
    schema, _, (one,) = discriminant(draw)
    weights = list(one.weights)
    weights[schema.starts[draw.pick(schema.protected or schema.private, 1)[0]]] = int(
        draw.rng.choice([1 << 15, 1 << 22])
    )
    return schema, (), (_form(weights, one.products),)


def residue_under_products(draw: Draw) -> Asked:
    """Products that all are multiples of m, and a few weights that are not."""
    schema, _, (one,) = discriminant(draw)
    m = int(draw.rng.choice([3, 16, 101]))
    weights = [m * v for v in draw.dense(schema, 5)]
    for block in draw.pick(schema.private, int(draw.rng.integers(1, 4))):
        weights[schema.starts[block]] += 1
    products = [(i, j, m * w + (m // 2 if i == j and m % 2 == 0 else 0)) for i, j, w in one.products]
    return schema, (), (_form(weights, products),)


def gate_alone(draw: Draw) -> Asked:
    """One product of a public and a private column: linear in the private ones."""
    schema = _coarse(draw)
    gate = draw.pick(schema.public or schema.private, 1)[0]
    products = [_product(schema, gate, block, int(draw.rng.integers(1, 6))) for block in draw.pick(schema.private, 3)]
    return schema, (), (_form(draw.dense(schema, 3), products),)


HONEST: dict[str, Callable[[Draw], Asked]] = {
    "discriminant": discriminant,
    "square network": square_network,
    "naive Bayes": naive_bayes,
    "two forms": two_forms,
    "linear, quadratic authority": linear_under_quadratic,
    "public product": gate_alone,
}
HOSTILE: dict[str, Callable[[Draw], Asked]] = {
    "public gate": public_gate,
    "private gate": private_gate,
    "parity of squares": square_parity,
    "high square": high_square,
    "sum of squares": sum_of_squares,
    "difference of forms": difference,
    "high bit": high_bit,
    "residue under products": residue_under_products,
}


def quadratic_case(seed: int, at: int) -> Case:
    """Request number `at` of a seed: half are honest, one of five is blind."""
    rng = generator(f"form {seed} {at}")
    hostile = bool(rng.random() < 0.5)
    kinds = HOSTILE if hostile else HONEST
    kind = str(rng.choice(sorted(kinds)))
    drawn = population(str(rng.choice(sorted(TABLES))), int(rng.integers(SPLITS)))
    schema, issued, requested = kinds[kind](Draw(drawn, rng))
    known = drawn if rng.random() < 0.8 else None
    return Case(f"{seed}-{at}", kind, hostile, schema, known, issued_forms=issued, requested_forms=requested)
