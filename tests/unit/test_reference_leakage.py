"""The slow twin of the leakage rules against brute force on tiny cases. pyfe is not involved."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations, product
from math import lcm, log2, pi

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.reference.leakage import (
    budget,
    copula,
    enumeration,
    joint,
    modulus,
    sampled,
    sampler,
    structure,
    support,
    variables,
)
from tests.reference.leakage.lattice import canonical, hermite, kernel, orthogonalised, rank, residue, saturate
from tests.reference.leakage.prior import (
    Prior,
    chow_liu,
    class_of_cells,
    class_of_levels,
    mutual_information,
    row_entropy,
    smoothed,
)
from tests.reference.leakage.question import PASSES, REFUSES, Question, Secret
from tests.reference.leakage.regression import increases
from tests.reference.leakage.schema import Column, Schema
from tests.reference.leakage.scores import beside, deciles, distribution, entropy_of, parts_of, without_each
from tests.reference.leakage.twin import evaluate

Ints = NDArray[np.int64]


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def number(name: str, size: int, public: bool = False, protected: bool = False) -> Column:
    return Column(name, size, False, public, protected)


def category(name: str, size: int) -> Column:
    return Column(name, size, True, values=tuple(f"{name}{at}" for at in range(size)))


MIXED = Schema(
    (
        number("age", 4, public=True),
        category("ward", 3),
        number("hiv", 2, protected=True),
        number("a", 3),
        number("b", 4),
    )
)


def mixed(rng: np.random.Generator, schema: Schema = MIXED, rows: int = 300) -> Prior:
    """A sample with dependence: every column leans on the one before."""
    levels = np.zeros((rows, len(schema.columns)), dtype=np.int64)
    for at, column in enumerate(schema.columns):
        levels[:, at] = rng.integers(0, column.size, rows)
        if at:
            same = rng.random(rows) < 0.4
            levels[same, at] = np.minimum(levels[same, at - 1], column.size - 1)
    raw = tuple(
        [column.values[v] for v in levels[:, at]] if column.category else levels[:, at].astype(float).tolist()
        for at, column in enumerate(schema.columns)
    )
    return Prior(schema, levels, raw)


def row(rng: np.random.Generator, schema: Schema, width: int = 4) -> list[int]:
    return [int(v) for v in rng.integers(-width, width + 1, schema.n)]


def everybody(prior: Prior) -> list[tuple[tuple[int, ...], float]]:
    """Every combination of private levels, with its share if columns are independent."""
    blocks = prior.schema.private
    found = []
    for levels in product(*(range(prior.schema.columns[block].size) for block in blocks)):
        share = np.prod([prior.marginals[block][level] for block, level in zip(blocks, levels, strict=True)])
        found.append((levels, float(share)))
    return found


def value(prior: Prior, z: list[int], levels: tuple[int, ...]) -> int:
    """<x, z> from the levels of the private columns, bit by bit."""
    total = 0
    for block, level in zip(prior.schema.private, levels, strict=True):
        shares = prior.schema.shares(block, prior.schema.lift(z))
        total += shares[level]
    return total


# --- Lattices -------------------------------------------------------------------------------------------------------


def test_saturation_holds_every_integer_point_of_the_span(rng: np.random.Generator) -> None:
    for _ in range(30):
        rows = rng.integers(-3, 4, (2, 3)).tolist()
        basis = saturate(rows)
        assert rank(basis) == len(basis) == rank(rows) == rank(basis + rows)
        for point in product(range(-3, 4), repeat=3):
            inside = rank([*rows, list(point)]) == len(basis)
            assert inside == (not any(residue(point, basis)))


def test_canonical_is_reduced_and_knows_no_basis(rng: np.random.Generator) -> None:
    for _ in range(20):
        rows = rng.integers(-30, 31, (3, 7))
        moves = np.array([[1, 0, 0], [5, 1, 0], [2, -3, 1]])[rng.permutation(3)]
        basis = canonical(rows.tolist())
        assert basis == canonical((moves @ rows).tolist()) == canonical([*rows.tolist(), (3 * rows[0]).tolist()])
        assert hermite(basis) == saturate(rows.tolist())
        lengths, mu = orthogonalised(basis)
        for at in range(1, 3):
            assert lengths[at] >= (0.98 - float(mu[at][at - 1]) ** 2) * float(lengths[at - 1])
            assert all(abs(mu[at][other]) <= 0.52 for other in range(at))


def test_kernel_is_orthogonal_and_whole(rng: np.random.Generator) -> None:
    for _ in range(20):
        rows = rng.integers(-4, 5, (2, 5)).tolist()
        basis = kernel(rows)
        assert not (np.array(rows) @ np.array(basis).T).any()
        assert len(basis) == 5 - rank(rows)
        assert saturate(basis) == hermite(basis)


def test_free_coordinates_forget_public_columns_and_the_sum_of_a_category() -> None:
    schema = MIXED
    assert schema.n == 7
    assert [one.position for one in schema.free] == [2, 3, 4, 5, 6]
    assert schema.project([9, 5, 5, 5, 0, 0, 0]) == [0] * 5
    assert schema.project([9, 5, 7, 4, 1, 2, 3]) == [2, -1, 1, 2, 3]
    assert schema.project(schema.lift([2, -1, 1, 2, 3])) == [2, -1, 1, 2, 3]
    assert schema.bounds([1, 5, 7, 4, 1, -2, 3]) == (4 - 4, 3 + 7 + 1 + 9)


# --- The population -------------------------------------------------------------------------------------------------


def test_classes_are_levels_or_quantiles_or_the_frequent_levels() -> None:
    assert class_of_levels(8, False, np.ones(8)).tolist() == list(range(8))
    assert np.bincount(class_of_levels(16, False, np.ones(16))).max() <= 3
    assert len(set(class_of_levels(256, False, np.ones(256)).tolist())) == 8
    weights = np.array([1, 50, 2, 40, 30, 3, 20, 10, 9, 8.0])
    assert class_of_levels(10, True, weights).tolist() == [7, 0, 7, 1, 2, 7, 3, 4, 5, 6]
    half_zero = class_of_cells([0.0] * 50 + [float(v) for v in range(1, 51)], False)
    assert len(set(half_zero[:50].tolist())) == 1
    assert half_zero[50] != half_zero[0]


def test_marginals_are_evened_out_where_levels_are_many() -> None:
    few = np.array([3.0, 0, 1])
    assert smoothed(few, False) == pytest.approx((few + 1 / 3) / 5)
    counts = np.zeros(30)
    counts[[2, 3, 5, 9, 20]] = [1, 3, 46, 4, 6]  # sqrt(60) = 7.7: a spike, 8 rows at 2 to 9, and 6 more: too few alone
    evened = smoothed(counts, False) * 61 - 1 / 30
    assert evened[5] == pytest.approx(46)
    assert evened[[0, 1, *range(21, 30)]] == pytest.approx(0)
    assert evened[[at for at in range(2, 21) if at != 5]] == pytest.approx(14 / 18)
    counts[[15, 20]] = [2, 6]
    evened = smoothed(counts, False) * 63 - 1 / 30
    assert evened[[2, 3, 4, 6, 7, 8, 9]] == pytest.approx(8 / 7)
    assert evened[10:21] == pytest.approx(8 / 11)


def test_information_is_the_corrected_plug_in(rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 3, 500), rng.integers(0, 4, 500)
    both = Counter(zip(a.tolist(), b.tolist(), strict=True))
    plain = sum(c / 500 * log2(c * 500 / ((a == i).sum() * (b == j).sum())) for (i, j), c in both.items())
    assert mutual_information(a, b) == pytest.approx(max(0, plain - 6 / (1000 * np.log(2))))
    assert mutual_information(a, a) == pytest.approx(
        -sum(p * log2(p) for p in np.bincount(a) / 500) - 4 / (1000 * np.log(2))
    )


def test_tree_is_the_best_spanning_tree(rng: np.random.Generator) -> None:
    columns = [rng.integers(0, 3, 200) for _ in range(4)]
    for at in range(1, 4):
        columns[at] = np.where(rng.random(200) < 0.5, columns[int(rng.integers(at))], columns[at])
    bits = {(a, b): mutual_information(columns[a], columns[b]) for a, b in combinations(range(4), 2)}
    trees = [edges for edges in combinations(bits, 3) if len({node for edge in edges for node in edge}) == 4]
    whole = [edges for edges in trees if _connected(edges)]
    assert sum(edge[2] for edge in chow_liu(columns)) == pytest.approx(max(sum(bits[e] for e in t) for t in whole))


def _connected(edges: tuple[tuple[int, int], ...]) -> bool:
    reached = {0}
    for _ in edges:
        reached |= {node for edge in edges if set(edge) & reached for node in edge}
    return len(reached) == 4


def test_bits_of_a_row(rng: np.random.Generator) -> None:
    a = rng.integers(0, 4, 4000)
    b = rng.integers(0, 4, 4000)
    assert row_entropy([a, b]) == pytest.approx(4, abs=0.02)
    assert row_entropy([a, b, a]) == pytest.approx(4, abs=0.02)
    assert Prior(MIXED).entropy_bits == pytest.approx(log2(3) + 1 + log2(3) + 2)


def test_tree_rows_follow_the_tree(rng: np.random.Generator) -> None:
    """Against the product along the tree over all rows, with and without a public value."""
    prior = mixed(rng)
    order, parents = sampler._rooted(prior)
    shares = {}
    for levels in product(*(range(column.size) for column in prior.schema.columns)):
        share = prior.class_shares(order[0])[levels[order[0]]]
        for block in order[1:]:
            joint = prior.joint(parents[block], block)[levels[parents[block]]]
            share *= joint[levels[block]] / joint.sum()
        shares[levels] = share
    for known in ({}, {0: 2}):
        total = {levels: share for levels, share in shares.items() if all(levels[b] == v for b, v in known.items())}
        whole = sum(total.values())
        rows = Counter(map(tuple, sampler.tree_rows(prior, 60_000, "test", known).tolist()))
        off = sum(abs(rows[levels] / 60_000 - share / whole) for levels, share in total.items()) / 2
        assert off < 0.03
        assert sum(rows[levels] for levels in total) == 60_000


def test_copula_keeps_marginals_and_correlation(rng: np.random.Generator) -> None:
    prior = mixed(rng)
    rows = copula.copula_rows(prior, 40_000, "test")
    for block, weights in enumerate(prior.marginals):
        assert np.abs(np.bincount(rows[:, block], minlength=len(weights)) / 40_000 - weights).max() < 0.01
    assert np.corrcoef(rows[:, 3], rows[:, 4])[0, 1] > 0.1


def test_copula_knows_what_was_cut_into_levels(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three columns of one normal number, one of them a category in no order: somewhat more dependent in drawn rows
    than in the sample. By plain correlations of the levels' scores they are much less so."""
    hidden = np.sqrt(0.6) * rng.standard_normal((20_000, 1)) + np.sqrt(0.4) * rng.standard_normal((20_000, 3))
    yes_no, steps = hidden[:, 0] > 1.0, np.clip(np.rint(2 * hidden[:, 1]) + 4, 0, 8)
    named = np.array([2, 0, 1])[np.digitize(hidden[:, 2], [-0.5, 0.8])]
    levels = np.stack([yes_no, steps, named], axis=1).astype(np.int64)
    prior = Prior(Schema((number("a", 2), number("b", 9), category("c", 3))), levels)
    assert copula.order_of(prior, 2).tolist() in ([2, 0, 1], [1, 0, 2])

    def excess(block: int, level: int) -> float:
        """How much more often rows are drawn with a yes beside this level than the sample has them."""
        rows = copula.copula_rows(prior, 100_000, "test")
        drawn, seen = (part[part[:, block] == level, 0].mean() for part in (rows, levels))
        return float(drawn - seen)

    assert 0 < excess(1, 7) < 0.1
    assert 0 < excess(2, 1) < 0.13
    monkeypatch.setattr(copula, "LEAST_SPREAD", 1.0)
    assert excess(1, 7) < -0.08
    assert excess(2, 1) < -0.08


def test_a_record_is_what_the_classes_are(rng: np.random.Generator) -> None:
    """Levels of one class are one record: rule 6 has force on fine columns too."""
    prior = Prior(Schema((number("a", 64), number("b", 2))), rng.integers(0, [64, 2], (300, 2)))
    _, records, classes = joint.rows_of(prior, [[1, 0], [0, 1]], "test")
    assert len(np.unique(records)) == len(np.unique(classes, axis=0)) == 16


def test_draws_are_the_same_for_the_same_words(rng: np.random.Generator) -> None:
    prior = mixed(rng)
    assert (sampler.tree_rows(prior, 100, "a") == sampler.tree_rows(prior, 100, "a")).all()
    assert (sampler.tree_rows(prior, 100, "a") != sampler.tree_rows(prior, 100, "b")).any()


def test_a_secret_draws_everything_again(rng: np.random.Generator) -> None:
    prior = mixed(rng)
    y = row(rng, prior.schema)
    one, other = Question(prior, (), (y,)), Question(prior, (), (y,), Secret(" of a secret"))
    assert one.Z == other.Z and one.seed("joint") != other.seed("joint")
    assert one.public_seed == other.public_seed != Question(prior, (), (y,), Secret(public=" of one")).public_seed
    assert (sampled.rows_given(one, {0: 1}) != sampled.rows_given(other, {0: 1})).any()
    assert (sampled.rows_given(one, {0: 1})[:, 0] == 1).all()


# --- Scores: rules 4 and 5 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blind", [False, True])
def test_scores_and_columns_beside_them(rng: np.random.Generator, blind: bool) -> None:
    prior = Prior(MIXED) if blind else mixed(rng)
    z = prior.schema.project(row(rng, prior.schema))
    z[-1] = 1
    shares: dict[int, float] = defaultdict(float)
    columns: dict[tuple[int, int, int], float] = defaultdict(float)
    for levels, share in everybody(prior):
        score = value(prior, z, levels)
        shares[score] += share
        for block, level in zip(prior.schema.private, levels, strict=True):
            columns[block, level, score] += share
    parts, least = parts_of(prior, z), min(shares)
    whole = distribution(parts)
    assert whole == pytest.approx([shares[least + at] for at in range(len(whole))])
    assert entropy_of(parts) == pytest.approx(-sum(p * log2(p) for p in shares.values() if p))
    seen = set()
    for part, rest in without_each(parts):
        joint = beside(prior, part, rest, len(whole))
        seen.add(part.block)
        for (kind, at), share in np.ndenumerate(joint):
            assert share == pytest.approx(columns[part.block, kind, least + at])
    assert seen == {part.block for part in parts}


def test_deciles_hold_a_tenth_each() -> None:
    assert deciles(np.full(20, 0.05)).tolist() == [at // 2 for at in range(20)]
    assert deciles(np.array([0.5, 0.25, 0.25])).tolist() == [2, 6, 8]


def test_excess_is_measured_above_the_decile(rng: np.random.Generator) -> None:
    """An exact count in words: for every score its posterior, for every decile its own."""
    for _ in range(10):
        joint = rng.random((3, 12)) ** 6
        joint /= joint.sum()
        bins = deciles(joint.sum(axis=0))
        found = variables.told(joint, bins.tolist())
        sure, gain, other = 0.0, -joint.sum(axis=1).max(), 0.0
        for score in joint.T:
            certain = score.max() >= 0.95 * score.sum()
            sure += score.sum() * certain
            gain += score.max()
            other += score.sum() * (certain and score.argmax() != joint.sum(axis=1).argmax())
        for one in set(bins.tolist()):
            inside = joint[:, bins == one].sum(axis=1)
            sure -= inside.sum() * (inside.max() >= 0.95 * inside.sum())
        coarse = sum(joint[:, bins == one].sum(axis=1).max() for one in set(bins.tolist())) - joint.sum(axis=1).max()
        assert found.sure == pytest.approx(sure)
        assert (found.absolute, found.other) == pytest.approx((gain, other))
        assert found.gain == pytest.approx(gain - coarse)


def test_gaussian_bits_are_the_determinant(rng: np.random.Generator) -> None:
    prior = mixed(rng)
    Z = canonical([prior.schema.project(row(rng, prior.schema, 40)) for _ in range(2)])
    z = np.array(Z, dtype=np.float64)
    spread = z @ prior.given_public @ z.T + np.eye(2) / 12
    bits = 0.5 * np.linalg.slogdet(2 * pi * np.e * spread)[1] / np.log(2)
    assert budget.gaussian(prior, Z) == pytest.approx(bits, abs=1e-6)


def test_covariance_given_public_is_what_a_regression_leaves(rng: np.random.Generator) -> None:
    prior = mixed(rng)
    x = prior.schema.coordinates(np.asarray(prior.levels)).astype(np.float64)
    age = np.c_[np.ones(len(x)), x[:, 0]]
    free = x[:, [one.position for one in prior.schema.free]]
    left = free - age @ np.linalg.lstsq(age, free, rcond=None)[0]
    assert prior.given_public == pytest.approx(left.T @ left / (len(x) - 1))


# --- Rules 2, 2m, 2e, 8 ---------------------------------------------------------------------------------------------


def test_structure_finds_what_small_combinations_show(rng: np.random.Generator) -> None:
    prior = Prior(MIXED)
    for _ in range(40):
        rows = [row(rng, MIXED, 1) for _ in range(2)]
        question = Question(prior, (), tuple(rows))
        if question.rank < 2:
            continue
        owners, alone, protected = MIXED.owners(), False, False
        for a, b in product(range(-12, 13), repeat=2):
            mixed_row = [a * u + b * v for u, v in zip(*question.Z, strict=True)]
            blocks = {block for block, weight in zip(owners, mixed_row, strict=True) if weight}
            alone |= len(blocks) == 1
            protected |= blocks == {2}
        found = structure.structure(question)
        assert (found.figures["on_few"], found.figures["on_protected"]) == (alone, protected)


def test_residues_of_one_column(rng: np.random.Generator) -> None:
    """Even weights and one odd: the parity of the answer is the parity of that column."""
    schema = Schema((number("hiv", 2, protected=True), *(number(f"x{at}", 8) for at in range(6))))
    found = modulus.modulus(Question(Prior(schema), (), ([1, 2, 4, 6, 2, 8, 10],)))
    assert found.word == REFUSES
    assert found.figures["own_protected"] == 1
    assert found.figures["own_lift"] == pytest.approx(0.5)
    assert found.figures["own_settled"] == pytest.approx(1)
    assert modulus.modulus(Question(Prior(schema), (), ([2, 1, 3, 1, 2, 1, 1],))).word == PASSES


def test_posterior_of_a_residue_is_exact(rng: np.random.Generator) -> None:
    prior = mixed(rng)
    question = Question(prior, (), ([0, 1, 0, 5, 1, 1, 1],))
    reading = modulus.Reading(6, (1, 4, 3, 2, 5))
    joint: dict[int, dict[tuple[int, int], float]] = defaultdict(lambda: defaultdict(float))
    for levels, share in everybody(prior):
        code = [1 * (levels[0] == 1), 1 * (levels[0] == 2), *levels[1:]]
        left = sum(w * c for w, c in zip(reading.weights, code, strict=True)) % 6
        for block, level in zip(prior.schema.private, levels, strict=True):
            joint[block][left, level] += share
    for one in modulus.posteriors(question, reading):
        cells = joint[one.block]
        tops = [max(share for (at, _), share in cells.items() if at == left) for left in {at for at, _ in cells}]
        assert one.lift == pytest.approx(sum(tops) - prior.marginals[one.block].max())


def test_all_residues_of_few_columns_are_read() -> None:
    schema = Schema(tuple(number(f"x{at}", 4) for at in range(6)))
    question = Question(Prior(schema), (), ([1, 3, 6, 6, 9, 12], [1, 1, 1, 1, 1, 1]))
    found = {
        (g, tuple(sum(c * w for c, w in zip(cs, column, strict=True)) % g for column in zip(*question.Z, strict=True)))
        for g in range(2, 17)
        for cs in product(range(g), repeat=2)
    }
    wanted = {one for one in found if 0 < sum(map(bool, one[1])) <= 3}
    small = {(one.g, one.weights) for one in modulus.readings(question) if one.g <= 16}
    assert wanted <= small
    assert all(0 < sum(map(bool, weights)) <= 3 for _, weights in small)
    assert modulus.moduli([34, 51 * 2, 5]) == set(range(2, 17)) | {17, 34}


def test_explained_share_is_the_regression_on_the_column(rng: np.random.Generator) -> None:
    prior = mixed(rng)
    z = prior.schema.project(row(rng, prior.schema))
    x = prior.schema.coordinates(np.asarray(prior.levels)).astype(np.float64)
    free = x[:, [one.position for one in prior.schema.free]]
    public = np.c_[np.ones(len(x)), x[:, 0]]
    left = free - public @ np.linalg.lstsq(public, free, rcond=None)[0]
    score = left @ np.array(z, dtype=np.float64)
    for block, share in support.explained(prior, z).items():
        mine = left[:, prior.schema.columns_of(block)]
        rest = score - mine @ np.linalg.lstsq(mine, score, rcond=None)[0]
        assert share == pytest.approx(1 - (rest**2).sum() / (score**2).sum())


def test_increase_of_r2_is_that_of_two_regressions(rng: np.random.Generator) -> None:
    prior = mixed(rng)
    question = Question(prior, (), tuple(row(rng, MIXED) for _ in range(2)))
    x = prior.schema.coordinates(np.asarray(prior.levels)).astype(np.float64)
    answers = x @ np.array([prior.schema.lift(z) for z in question.Z]).T
    target, ones = x[:, 4], np.ones(len(x))

    def left(*columns: NDArray[np.float64]) -> float:
        a = np.stack([ones, *columns], axis=1)
        return float(((target - a @ np.linalg.lstsq(a, target, rcond=None)[0]) ** 2).sum())

    whole = ((target - target.mean()) ** 2).sum()
    assert increases(question) == pytest.approx([(left(x[:, 0]) - left(x[:, 0], *answers.T)) / whole], abs=1e-9)


# --- Rules 5t, 6, 7 -------------------------------------------------------------------------------------------------


def test_sampled_count_of_independent_columns_is_the_exact_one(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampled, "KEPT", 1 << 15)
    schema = Schema(tuple(number(f"x{at}", 4) for at in range(4)))
    levels = rng.integers(0, 4, (2000, 4))
    prior = Prior(schema, levels, tuple(levels[:, at].astype(float).tolist() for at in range(4)))
    question = Question(prior, (), ([1, 3, 7, 12],))
    exact, drawn = variables.variables(question).figures, sampled.sampled(question).figures
    assert drawn["gain"] == pytest.approx(exact["gain"], abs=0.04)
    assert drawn["fine"] < 0.01


def test_few_neighbours_are_no_guess() -> None:
    answers = np.array([0] * 40 + [1] * 10 + [0] * 40 + [1] * 10)
    classes = np.array([0] * 40 + [1] * 10 + [0] * 30 + [1] * 20)
    halves = sampled.Halves.of(answers, classes)
    assert halves.fine == pytest.approx(0.2)
    assert halves.gain() == pytest.approx(0)
    assert halves.sure() == pytest.approx(0.6)


def test_closest_is_the_closest(rng: np.random.Generator) -> None:
    for _ in range(20):
        r = np.triu(rng.uniform(-1, 1, (3, 3)), 1) + np.diag(rng.uniform(2, 3, 3))
        target = rng.uniform(-6, 6, 3)
        found = enumeration.closest(r.tolist(), target.tolist(), 10**6)
        every = np.array(list(product(range(-9, 10), repeat=3)))
        distances = ((every @ r.T - target) ** 2).sum(axis=1)
        assert found == every[distances.argmin()].tolist()


def test_lattice_attack_opens_what_is_determined_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enumeration, "ROWS", 20)
    rng = np.random.default_rng(7)  # how much three small keys leave open depends on the keys
    schema = Schema(tuple(number(f"x{at}", 16) for at in range(6)))
    levels = rng.integers(0, 16, (400, 6))
    prior = Prior(schema, levels, tuple(levels[:, at].astype(float).tolist() for at in range(6)))
    large = tuple([int(v) for v in rng.integers(500, 5000, 6)] for _ in range(2))
    assert enumeration.enumeration(Question(prior, (), large)).figures["opened"] > 0.7
    small = tuple([int(v) for v in rng.integers(1, 9, 6)] for _ in range(3))
    question = Question(prior, (), small)
    triangle = enumeration.Triangle.of(
        enumeration.reduced(kernel(question.Z), enumeration.metric(question)), enumeration.metric(question)
    )
    assert triangle.babai < 0.2
    assert enumeration.opened(question, triangle, enumeration.metric(question)) < 0.3


# --- The whole ------------------------------------------------------------------------------------------------------


def test_values_of_the_holder_are_combinations_of_the_keys(rng: np.random.Generator) -> None:
    """As functions of a record: up to what is the same for everybody."""
    prior = Prior(MIXED)
    rows = tuple(row(rng, MIXED) for _ in range(2))
    question = Question(prior, rows[:1], rows[1:])
    constant = [0, 1, 1, 1, 0, 0, 0]  # the bits of the ward
    for z, lifted in zip(question.Z, question.lifted, strict=True):
        whole = [int(v * lcm(*(one.denominator for one in lifted))) for v in lifted]
        assert rank([*question.rows, constant, whole]) == rank([*question.rows, constant])
        free = [lifted[one.position] - (lifted[one.base] if one.base >= 0 else 0) for one in MIXED.free]
        assert free == z


def test_values_of_the_holder_know_no_order_of_the_keys() -> None:
    """Where keys say the same of private columns and something else of public ones, too."""
    schema = Schema((number("age", 4, public=True), number("year", 3, public=True), number("a", 3), number("b", 4)))
    one, moved = [1, -5, 2, 3], [5, 3, 6, 9]
    orders = [((one,), (moved,)), ((moved,), (one,)), ((), (moved, one)), ((one, moved), ([2, -10, 4, 6],))]
    found = [Question(Prior(schema), *order).lifted for order in orders]
    assert all(lifted == found[0] for lifted in found)
    assert rank([one, moved, [int(7 * v) for v in found[0][0]]]) == 2


def test_answers_know_no_basis(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "KEPT", 1 << 12)
    monkeypatch.setattr(joint, "ROWS", 1 << 12)
    prior = mixed(rng)
    one, two = row(rng, MIXED), row(rng, MIXED)
    asked = evaluate(Question(prior, (), (one, two)))
    again = evaluate(Question(prior, ([3 * a + b for a, b in zip(one, two, strict=True)],), (one,)))
    for mine, other in zip(asked.verdicts[2:8], again.verdicts[2:8], strict=True):
        assert mine.figures == pytest.approx(other.figures, abs=1e-9)
    assert [one.rule for one in asked.verdicts] == ["0", "1", "2", "2m", "2e", "3", "4", "5", "5t", "6", "7", "8"]


def test_nothing_new_is_free_and_nothing_said_is_refused(rng: np.random.Generator) -> None:
    prior = Prior(MIXED)
    y = [0, 1, 2, 3, 1, 1, 1]
    assert evaluate(Question(prior, (y,), ([7, 3, 6, 9, 3, 3, 3],))).decision == "free"
    assert evaluate(Question(prior, (), ([7, 3, 3, 3, 0, 0, 0],))).decision == "free"
    assert evaluate(Question(prior, (), ([0, 3, 3, 3, 0, 0, 0],))).decision == "0"
    assert evaluate(Question(prior, (), ([1, 2],))).decision == "0"
