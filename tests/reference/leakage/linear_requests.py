"""Random requests to a linear authority: honest models, and keys that are built to read a column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.reference.leakage.cases import Case, schema_of
from tests.reference.leakage.populations import TABLES, Population, population
from tests.reference.leakage.sampler import generator
from tests.reference.leakage.schema import Floats, Row, Schema

Rows = list[Row]
Asked = tuple[Schema, Rows, Rows]
"""The schema, the rows issued before, the rows requested."""


@dataclass(frozen=True)
class Draw:
    """One request being drawn: its population and its generator."""

    population: Population
    rng: np.random.Generator

    def schema(self, levels: int) -> Schema:
        return schema_of(self.population, [levels] * len(self.population.cells))

    def weights(self) -> Floats:
        """Of a model on standardised columns: most columns matter, some much."""
        size = len(self.population.cells)
        return np.asarray(self.rng.standard_normal(size) * self.rng.choice([0.3, 1.0, 1.0, 2.0], size))

    def dense(self, schema: Schema, width: int) -> Row:
        """Weights from -width to width without 0, on every coordinate."""
        values = self.rng.integers(1, width + 1, schema.n) * self.rng.choice([-1, 1], schema.n)
        return [int(value) for value in values]

    def pick(self, blocks: list[int], count: int) -> list[int]:
        return [int(block) for block in self.rng.permutation(blocks)[:count]]


def spread(draw: Draw) -> Floats:
    """The standard deviation of every number; 1 for the rest."""
    return np.array(
        [
            float(np.std(cells)) if recipe.kind in "nki" else 1.0
            for recipe, cells in zip(draw.population.recipes, draw.population.cells, strict=True)
        ]
    )


def extents(draw: Draw) -> Floats:
    """The range of every number in standard deviations; 1 for the rest."""
    ranges = [max(c) - min(c) if not isinstance(c[0], str) else 1.0 for c in draw.population.cells]
    found: Floats = np.array(ranges) / np.maximum(spread(draw), 1e-9)
    return found


def cut(draw: Draw, weights: Floats, steps: float) -> tuple[Schema, float]:
    """A schema cut for a model: delta = sd of the score / steps, and range |w| / delta steps a column."""
    delta = float(np.sqrt((weights**2).sum()) / steps)
    wanted = np.rint(extents(draw) * np.abs(weights) / delta).astype(np.int64)
    return schema_of(draw.population, [int(np.clip(one, 1, 255)) + 1 for one in wanted]), delta


def rounded(draw: Draw, schema: Schema, weights: Floats, delta: float) -> Row:
    """The model's integer weights on a schema: what a step of each column adds, in deltas."""
    row = [0] * schema.n
    for block, (one, weight) in enumerate(zip(schema.columns, weights, strict=True)):
        start = schema.starts[block]
        if one.width > 1:
            row[start : start + one.width] = [
                round(float(v)) for v in draw.rng.standard_normal(one.width) * weight / delta
            ]
        else:
            row[start] = round(float(extents(draw)[block] * weight / delta / (one.size - 1)))
    return row


def first_model(draw: Draw) -> Asked:
    """One model on the schema cut for it."""
    weights = draw.weights()
    schema, delta = cut(draw, weights, float(draw.rng.choice([3, 5, 8, 8, 12, 16, 24])))
    return schema, [], [rounded(draw, schema, weights, delta)]


def second_model(draw: Draw) -> Asked:
    """A model retrained, on the schema of the first."""
    weights = draw.weights()
    schema, delta = cut(draw, weights, float(draw.rng.choice([5, 8, 12])))
    again = weights + draw.weights() * float(draw.rng.choice([0.1, 0.4, 1.0]))
    return schema, [rounded(draw, schema, weights, delta)], [rounded(draw, schema, again, delta)]


def several_classes(draw: Draw) -> Asked:
    """Two or three scores at once."""
    weights = draw.weights()
    schema, delta = cut(draw, weights, float(draw.rng.choice([4, 8])))
    count = int(draw.rng.integers(2, 4))
    return schema, [], [rounded(draw, schema, draw.weights(), delta) for _ in range(count)]


def fine_model(draw: Draw) -> Asked:
    """Weights of some bits on a schema that was there before."""
    schema = draw.schema(int(draw.rng.choice([8, 16, 64])))
    return schema, [], [draw.dense(schema, 2 ** int(draw.rng.integers(2, 9)))]


def recalibrated(draw: Draw) -> Asked:
    """A multiple of a key that was issued, and another weight on public columns."""
    schema, _, (row,) = first_model(draw)
    again = [3 * value for value in row]
    for block in schema.public:
        again[schema.starts[block]] += 5
    return schema, [row], [again]


def constant(draw: Draw) -> Asked:
    """Public columns, and the same on every level of a category."""
    schema = draw.schema(8)
    row = [0] * schema.n
    for block, one in enumerate(schema.columns):
        if one.public or one.width > 1:
            row[schema.place(block)] = [2] * one.width
    return schema, [], [row]


def single_column(draw: Draw) -> Asked:
    """One column, or two, and public ones."""
    schema = draw.schema(16)
    row = [0] * schema.n
    for block in draw.pick(schema.private, int(draw.rng.integers(1, 3))) + schema.public:
        row[schema.place(block)] = [int(v) for v in draw.rng.integers(1, 20, schema.columns[block].width)]
    return schema, [], [row]


def parity(draw: Draw) -> Asked:
    """Even weights, and an odd one on one or two columns, protected where one is."""
    schema = draw.schema(int(draw.rng.choice([8, 32])))
    row = [2 * value for value in draw.dense(schema, 20)]
    for block in draw.pick(schema.protected or schema.private, int(draw.rng.integers(1, 3))):
        row[schema.starts[block]] += 1
    return schema, [], [row]


def residues(draw: Draw) -> Asked:
    """Multiples of m, and one to four columns that are none."""
    schema = draw.schema(16)
    m = int(draw.rng.choice([3, 5, 16, 16, 17, 64, 101]))
    row = [m * value for value in draw.dense(schema, 6)]
    for digit, block in enumerate(draw.pick(schema.private, int(draw.rng.integers(1, 5)))):
        row[schema.starts[block]] += 1 << digit
    return schema, [], [row]


def carries(draw: Draw) -> Asked:
    """One column above the range of another, little or much of all others below or above both."""
    schema = draw.schema(64)
    row = [int(draw.rng.choice([0, 0, 1]))] * schema.n
    for at, block in enumerate(draw.pick(schema.private, 2)):
        row[schema.starts[block]] = 64**at
    for block in draw.pick(schema.private, 3):
        row[schema.starts[block]] += int(draw.rng.choice([0, 4096, 30000]))
    return schema, [], [row]


def near_pair(draw: Draw) -> Asked:
    """A key, and the same with little added: even everywhere but on one column."""
    schema = draw.schema(int(draw.rng.choice([8, 16])))
    row = draw.dense(schema, 12)
    added = [2 * int(v) for v in draw.rng.integers(-2, 3, schema.n)]
    added[schema.starts[draw.pick(schema.protected or schema.private, 1)[0]]] = 1
    return schema, [row], [[a + b for a, b in zip(row, added, strict=True)]]


def bad_basis(draw: Draw) -> Asked:
    """Keys of one span in a basis of large numbers; sometimes the last one leaves the span."""
    schema = draw.schema(8)
    one, two = draw.dense(schema, 5), draw.dense(schema, 5)
    mixed = [[a * u + b * v for u, v in zip(one, two, strict=True)] for a, b in ((89, 55), (144, 89))]
    last = [a + 1 for a in mixed[0]] if draw.rng.random() < 0.5 else [a + b for a, b in zip(one, two, strict=True)]
    return schema, mixed, [last]


def super_increasing(draw: Draw) -> Asked:
    """Powers of the number of levels: digits of some columns, or of all."""
    schema = draw.schema(int(draw.rng.choice([2, 4])))
    row, base = [0] * schema.n, 1
    for block in draw.pick(schema.private, int(draw.rng.integers(3, 12))):
        one = schema.columns[block]
        if base * one.size > 1 << 15:
            break
        row[schema.place(block)] = [base * level for level in range(one.size)] if one.width > 1 else [base]
        base *= one.size
    return schema, [], [row]


def one_hot(draw: Draw) -> Asked:
    """Weights on the bits of categories alone, or of one beside small weights on the rest."""
    schema = draw.schema(4)
    row = [int(draw.rng.choice([0, 1]))] * schema.n
    wide = [block for block in schema.private if schema.columns[block].width > 1] or schema.private
    base = 8
    for block in draw.pick(wide, int(draw.rng.integers(1, 4))):
        row[schema.place(block)] = [base * level for level in range(1, schema.columns[block].width + 1)]
        base *= schema.columns[block].size
    return schema, [], [row]


def dependent(draw: Draw) -> Asked:
    """Columns of one group that nearly cancel, beside a little of another column."""
    schema = draw.schema(32)
    row = [0] * schema.n
    recipes = draw.population.recipes
    groups = {one.group for at, one in enumerate(recipes) if one.group and at in schema.private}
    group = draw.rng.choice(sorted(groups)) if groups else ""
    near = [at for at in draw.pick(schema.private, 99) if recipes[at].group == group][:2]
    for sign, block in zip((9, -9), near, strict=False):
        row[schema.starts[block]] = sign
    for block in draw.pick([at for at in schema.private if at not in near], int(draw.rng.integers(1, 4))):
        row[schema.starts[block]] = int(draw.rng.integers(1, 5))
    return schema, [], [row]


def decided(draw: Draw) -> Asked:
    """What a category says less what another one says of it, and an answer."""
    schema = draw.schema(8)
    row = [0] * schema.n
    names = [one.name for one in schema.columns]
    role, department, answer = (names.index(name) for name in ("jobrole", "department", "overtime"))
    values = [int(v) for v in draw.rng.integers(5, 40, schema.columns[department].size)]
    row[schema.place(department)] = values
    row[schema.place(role)] = [-values[int(name[-1]) % len(values)] for name in schema.columns[role].values]
    row[schema.starts[answer]] = int(draw.rng.integers(1, 9))
    for block in draw.pick([b for b in schema.private if b not in (role, department, answer)], 2):
        row[schema.starts[block]] = 1
    return schema, [], [row]


def dominant(draw: Draw) -> Asked:
    """One column with a large weight, others with small ones."""
    schema = draw.schema(int(draw.rng.choice([2, 4, 8])))
    row = [int(v) for v in draw.rng.integers(-1, 2, schema.n)]
    block = draw.pick(schema.protected or schema.private, 1)[0]
    row[schema.starts[block]] = int(draw.rng.choice([6, 12, 40])) * max(1, 8 // schema.columns[block].size)
    return schema, [], [row]


def few_values(draw: Draw) -> Asked:
    """A handful of columns with little weights."""
    schema = draw.schema(2)
    row = [0] * schema.n
    for block in draw.pick(schema.private, int(draw.rng.integers(3, 6))):
        row[schema.starts[block]] = int(draw.rng.integers(1, 4))
    return schema, [], [row]


def many(draw: Draw) -> Asked:
    """Several dense keys, up to beyond the rank that is allowed."""
    schema = draw.schema(int(draw.rng.choice([4, 16])))
    count = int(draw.rng.integers(2, max(3, len(schema.private) // 2)))
    rows = [draw.dense(schema, 8) for _ in range(min(count, 6))]
    return schema, rows[:-1], rows[-1:]


def too_wide(draw: Draw) -> Asked:
    """Weights of 15 bits and beyond."""
    schema = draw.schema(int(draw.rng.choice([8, 256])))
    return schema, [], [draw.dense(schema, 1 << int(draw.rng.integers(14, 18)))]


HONEST: dict[str, Callable[[Draw], Asked]] = {
    "first model": first_model,
    "second model": second_model,
    "several classes": several_classes,
    "fine model": fine_model,
    "recalibrated": recalibrated,
}
HOSTILE: dict[str, Callable[[Draw], Asked]] = {
    "constant": constant,
    "single column": single_column,
    "parity": parity,
    "residues": residues,
    "carries": carries,
    "near-equal pair": near_pair,
    "bad basis": bad_basis,
    "super-increasing": super_increasing,
    "one-hot block": one_hot,
    "dependent columns": dependent,
    "decided column": decided,
    "dominant": dominant,
    "few values": few_values,
    "many keys": many,
    "too wide": too_wide,
}
SPLITS = 3


def linear_case(seed: int, at: int) -> Case:
    """Request number `at` of a seed: two of five are honest, one of five is blind."""
    rng = generator(f"request {seed} {at}")
    hostile = bool(rng.random() < 0.6)
    kinds = HOSTILE if hostile else HONEST
    kind = str(rng.choice(sorted(kinds)))
    table = "staff" if kind == "decided column" else str(rng.choice(sorted(TABLES)))
    drawn = population(table, int(rng.integers(SPLITS)))
    schema, issued, requested = kinds[kind](Draw(drawn, rng))
    known = drawn if rng.random() < 0.8 else None
    return Case(f"{seed}-{at}", kind, hostile, schema, known, tuple(issued), tuple(requested))
