"""The priors: levels of blocks, classes, entropy, and what is drawn along the tree and by the copula."""

from __future__ import annotations

import itertools
import math
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.leakage.blocks import MOST_LEVELS, Blocks, too_fine
from pyfe.leakage.monomials import Monomials
from pyfe.leakage.prior import Blind, Prior, Reference
from pyfe.leakage.prior.classes import classes_of, quantile_classes
from pyfe.leakage.prior.dependence import forest_entropy, pair_information, spanning_forest
from pyfe.leakage.prior.forest import Forest, class_marginals, fitted_table
from pyfe.leakage.prior.marginals import cells, smoothed, spread
from pyfe.leakage.prior.moments import conditional_covariance
from pyfe.leakage.prior.seeds import normals, uniforms
from pyfe.schema import Schema, category, number, thresholds
from tests.unit.populations import mixed, mixed_schema

SEED = bytes(range(32))
OTHER = bytes(32)


# -- blocks ---------------------------------------------------------------------------------------------------


def test_levels_and_coordinates_are_each_others_inverse(seed: int) -> None:
    schema = mixed_schema()
    blocks = Blocks(schema)
    x = schema.sample(np.random.default_rng(seed), 500)
    levels = blocks.levels(x)
    assert len(blocks) == 8
    assert blocks.names == tuple(name for name in schema.columns if name != "one")
    assert (levels >= 0).all()
    assert (levels < np.array(blocks.sizes)).all()
    assert np.array_equal(blocks.rows(levels), x)
    assert [len(np.unique(levels[:, b])) for b in (1, 3, 6)] == [2, 3, 2]


def test_shares_add_up_to_the_result(seed: int) -> None:
    schema = mixed_schema()
    blocks, rng = Blocks(schema), np.random.default_rng(seed)
    x, y = schema.sample(rng, 300), rng.integers(-(2**15), 2**15, schema.n)
    levels = blocks.levels(x)
    total = sum(share[levels[:, b]] for b, share in enumerate(blocks.shares(y)))
    constant = 3 * y[schema.coordinate_names.index("one")]
    assert np.array_equal(total + constant, x @ y)
    assert [share.tolist() for share in blocks.shares(y.tolist())] == [share.tolist() for share in blocks.shares(y)]


def test_shares_are_exact_up_to_62_bits_and_never_wrap() -> None:
    schema = Schema({"a": number(0, 3, step=1), "b": number(0, 1, step=1)})
    blocks = Blocks(schema)
    assert blocks.shares([(2**62 - 1) // 3, 0])[0].tolist() == [k * ((2**62 - 1) // 3) for k in range(4)]
    with pytest.raises(OutOfRangeError, match="'a'"):
        blocks.shares([(2**62 - 1) // 3 + 1, 0])
    with pytest.raises(OutOfRangeError, match="'b'"):
        blocks.shares([0, 2**80])
    with pytest.raises(ParameterError, match="2 weights"):
        blocks.shares([1])


def test_coordinates_that_no_record_has_are_refused() -> None:
    schema = mixed_schema()
    blocks = Blocks(schema)
    good = schema.sample(np.random.default_rng(1), 1)
    for name in ("stage=I", "psa>=10.0", "crp is missing"):
        bad = good.copy()
        bad[:, schema.coordinate_names.index(name)] = 2
        with pytest.raises(ParameterError, match="none of its levels"):
            blocks.levels(bad)


def test_free_coordinates_say_everything_of_the_private_ones() -> None:
    """As many as the normal form of the quadratic rules has, and levels that agree in them agree."""
    schema = mixed_schema()
    blocks = Blocks(schema)
    assert len(blocks.free) == len(Monomials(schema).free)
    assert len(np.unique(blocks.free)) == len(blocks.free)
    for b in range(len(blocks)):
        free = blocks.free[blocks.free_block == b] - blocks.slices[b].start
        assert len(np.unique(blocks.codes[b][:, free], axis=0)) == (blocks.sizes[b] if b in blocks.private else 1)
    names = [schema.coordinate_names[k] for k in blocks.free]
    assert "stage=I" not in names
    assert {"stage=II", "stage=III", "crp", "crp is missing", "hiv=yes"} <= set(names)


def test_columns_with_too_many_levels_are_named() -> None:
    fits = Schema({"a": number(0, 1, bits=15), "b": number(0, 1, bits=3)})
    assert too_fine(fits) == ()
    assert Blocks(fits).sizes == (MOST_LEVELS, 8)
    fine = Schema({"b": number(0, 1, bits=3), "a": number(0, 1, bits=16)})
    assert too_fine(fine) == ("a",)
    with pytest.raises(ParameterError, match="'a'.*coarser"):
        Blocks(fine)
    wide = Schema({"a": category(range(4097)), "b": number(0, 1, bits=3)})
    assert too_fine(wide) == ("a", "b")


def test_a_kind_of_column_says_how_many_codes_are_in_order() -> None:
    kinds = {
        number(0, 1, bits=3): 8,
        thresholds([1, 2, 3]): 4,
        category(["a", "b", "c"]): 0,
        number(0, 1, bits=3, missing="bit"): 8,
        category(["a", "b"], missing="bit"): 0,
    }
    assert {column: column.ordered for column in kinds} == kinds


# -- classes, marginals -----------------------------------------------------------------------------------------


def test_up_to_eight_levels_are_their_own_classes() -> None:
    for ordered in (0, 7, 8):
        assert classes_of(np.full(8, 1 / 8), ordered).tolist() == list(range(8))


def test_ordered_levels_are_cut_at_quantiles() -> None:
    assert classes_of(np.full(16, 1 / 16), 16).tolist() == [k // 2 for k in range(16)]
    spike = np.array([0.6, *[0.4 / 9] * 9])
    found = classes_of(spike, 10)
    assert found[0] == 0
    assert found.tolist() == [0, 1, 2, 2, 3, 3, 3, 4, 4, 4]  # middles from 0.62 on: classes 4 to 7, numbered anew
    assert quantile_classes(np.array([5.0, 1.0, 1.0]), 8).tolist() == [0, 1, 2]


def test_quantiles_that_are_hit_exactly_do_not_depend_on_rounding() -> None:
    for size in (12, 20, 28, 36):
        middles = [(2 * k + 1) * 8 // (2 * size) for k in range(size)]
        assert quantile_classes(np.full(size, 1 / size), 8).tolist() == middles


def test_levels_without_an_order_are_pooled_by_frequency() -> None:
    weights = np.array([9, 1, 8, 2, 7, 3, 6, 4, 5, 0.5])
    found = classes_of(weights, 0)
    assert found.tolist() == [0, 7, 1, 7, 2, 3, 4, 5, 6, 7]


def test_is_missing_is_a_class_of_its_own() -> None:
    found = classes_of(np.array([0.9 / 32] * 32 + [0.1]), 32)
    assert found[-1] == found[:-1].max() + 1
    assert len(set(found[:-1].tolist())) == 7


def test_smoothing_loses_no_row_and_leaves_no_level_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for size, ordered in ((5, 5), (20, 20), (21, 21), (300, 300), (300, 299), (40, 0)):
        counts = np.bincount(rng.integers(0, max(2, size // 3), 200), minlength=size).astype(float)
        found = smoothed(counts, ordered)
        assert found.min() > 0
        assert math.isclose(found.sum(), 1.0)
        if ordered <= 20:
            assert np.allclose(found, (counts + 1 / size) / (counts.sum() + 1))


def test_a_spike_does_not_blur_its_neighbours() -> None:
    """A spike at 0 stays whole, and what is beside it is even."""
    counts = np.zeros(100)
    counts[0], counts[60:80:2] = 500, 5
    found = smoothed(counts, 100)
    assert abs(found[0] - 500 / 550) < 0.002
    assert abs(found[1:79].sum() - 50 / 550) < 0.002
    assert found[1] == found[2] > 30 * found[79]
    assert found[75] == found[76] == found[77]
    assert np.allclose(smoothed(np.zeros(100), 100), 0.01)


def test_cells_hold_their_rows(seed: int) -> None:
    """Spikes alone, the others together as long as it takes, and no longer."""
    rng = np.random.default_rng(seed)
    for size, rows, least in ((64, 500, 10), (256, 5000, 50), (1000, 300, 17.3)):
        counts = np.bincount(rng.geometric(5 / size, rows).clip(1, size) - 1, minlength=size).astype(float)
        found = cells(counts, least)
        held = np.bincount(found, weights=counts)
        alone = counts >= least
        assert held.min() >= least
        assert all((found == found[level]).sum() == 1 for level in np.flatnonzero(alone))
        assert sorted(set(found.tolist())) == list(range(found.max() + 1))
        assert (np.diff(found[~alone]) >= 0).all()
        assert max(held[: found[~alone].max()], default=0) < 2 * least
        assert np.isclose(spread(counts, found).sum(), rows)
    assert cells(np.array([3.0, 0, 0, 3.0]), 3).tolist() == [1, 0, 0, 2]
    assert cells(np.array([2.0, 2, 2, 2, 2]), 4).tolist() == [0, 0, 1, 1, 1]
    assert cells(np.array([2.0, 1]), 4).tolist() == [0, 0]


# -- entropy ---------------------------------------------------------------------------------------------------


def slow_entropy(classes: IntArray) -> float:
    """The same by dictionaries and Kruskal's algorithm."""
    rows, columns = len(classes), [tuple(column) for column in classes.T.tolist()]

    def bits(values: Sequence[Any]) -> float:
        return -sum(c / rows * math.log2(c / rows) for c in Counter(values).values())

    edges = []
    for a, b in itertools.combinations(range(len(columns)), 2):
        pair = bits(columns[a]) + bits(columns[b]) - bits(list(zip(columns[a], columns[b], strict=True)))
        free = (len(set(columns[a])) - 1) * (len(set(columns[b])) - 1)
        edges.append((max(0.0, pair - free / (2 * rows * math.log(2))), a, b))
    group, total = list(range(len(columns))), sum(map(bits, columns))
    for weight, a, b in sorted(edges, reverse=True):
        if group[a] != group[b]:
            total -= weight
            group = [group[a] if g == group[b] else g for g in group]
    return max(total, 0.0)


def test_pair_information_of_a_table_by_hand() -> None:
    """Rows 40, 10, 10, 40: 1 + h(0.8) - ... = 1 - 0.7219 bits, less 1 / (200 ln 2)."""
    classes = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [40, 10, 10, 40], axis=0)
    found = pair_information(classes)
    known = 1 - (-0.8 * math.log2(0.8) - 0.2 * math.log2(0.2)) - 1 / (2 * 100 * math.log(2))
    assert np.allclose(found, [[0, known], [known, 0]])


def test_independent_classes_have_no_information_in_the_mean() -> None:
    """What counts alone would say of independent columns is taken off: half of the pairs are left with none."""
    found = pair_information(np.random.default_rng(3).integers(0, 8, (500, 30)))
    pairs = found[np.triu_indices(30, 1)]
    assert (pairs == 0).mean() > 0.3
    assert pairs.max() < 49 / (2 * 500 * math.log(2))


def test_the_forest_has_the_most_information(seed: int) -> None:
    weights = np.random.default_rng(seed).random((6, 6))
    weights = np.triu(weights, 1) + np.triu(weights, 1).T
    trees = [
        sum(weights[edge] for edge in chosen)
        for chosen in itertools.combinations(itertools.combinations(range(6), 2), 5)
        if _connected(chosen, 6)
    ]
    edges = spanning_forest(weights)
    assert math.isclose(sum(weights[edge] for edge in edges), max(trees))
    met = {0}
    for parent, child in edges:
        assert parent in met
        met.add(child)
    weights[3:, :3] = weights[:3, 3:] = 0
    assert len(spanning_forest(weights)) == 4


def _connected(edges: Sequence[tuple[int, int]], nodes: int) -> bool:
    group = list(range(nodes))
    for a, b in edges:
        group = [group[a] if g == group[b] else g for g in group]
    return len(set(group)) == 1


def test_entropy_of_what_is_known() -> None:
    rng = np.random.default_rng(4)
    coins = rng.integers(0, 2, (4000, 5))
    assert abs(forest_entropy(coins) - 5) < 0.02
    doubled = np.concatenate([coins, coins], axis=1)
    assert abs(forest_entropy(doubled) - forest_entropy(coins)) < 0.01
    assert forest_entropy(np.zeros((100, 3), dtype=np.int64)) == 0.0
    assert forest_entropy(np.zeros((100, 0), dtype=np.int64)) == 0.0


def test_entropy_in_pieces_is_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    classes = np.random.default_rng(seed).integers(0, 8, (700, 9)) // np.arange(1, 10)
    whole = pair_information(classes)
    monkeypatch.setattr("pyfe.leakage.prior.dependence._PIECE", 2**11)
    assert np.array_equal(pair_information(classes), whole)
    assert math.isclose(forest_entropy(classes), slow_entropy(classes))


def real_tables() -> dict[str, tuple[pd.DataFrame, list[str], float]]:
    """Tables of real patients, their public columns, and H as the rules' first evidence has it (wdbc: 60 bits)."""
    from lifelines.datasets import load_gbsg2, load_lung, load_rossi
    from sklearn.datasets import load_breast_cancer

    rossi = load_rossi()[["fin", "age", "race", "wexp", "mar", "paro", "prio"]]
    lung = load_lung().drop(columns=["inst"]).dropna()
    lung = lung[["age", "sex", "ph.ecog", "ph.karno", "pat.karno", "meal.cal", "wt.loss"]]
    return {
        "wdbc": (load_breast_cancer(as_frame=True).data, [], 59.862),
        "rossi": (rossi, ["age", "race"], 5.849),
        "lung": (lung, ["age", "sex"], 11.075),
        "gbsg2": (load_gbsg2().drop(columns=["time", "cens"]), ["age"], 14.066),
    }


@pytest.mark.parametrize("name", ["wdbc", "rossi", "lung", "gbsg2"])
@pytest.mark.parametrize("bits", [2, 8])
def test_entropy_of_real_tables(name: str, bits: int) -> None:
    """H counts classes of raw values: the steps of the schema neither add to it nor take from it."""
    table, public, known = real_tables()[name]
    text = {c: sorted(table[c].unique()) for c in table if not pd.api.types.is_numeric_dtype(table[c])}
    reference = Reference.from_table(table, Schema.fit(table, bits=bits, public=public, levels=text))
    raw = np.stack([_raw(table[c]) for c in table if c not in public], axis=1)
    assert math.isclose(reference.entropy_bits, slow_entropy(raw), rel_tol=1e-9)
    assert abs(reference.entropy_bits - known) < 0.001
    assert reference.budget_bits == reference.entropy_bits / 2


def _raw(values: pd.Series[Any]) -> IntArray:
    """Classes of raw values: levels of text, else values or eighths by the middle of equal values."""
    if values.dtype == object or values.nunique() <= 8:
        return pd.factorize(values)[0].astype(np.int64)
    middle = (values.rank(method="average") - 0.5) / len(values)
    return np.floor(middle * 8 + 1e-9).astype(np.int64).to_numpy()


# -- seeds ----------------------------------------------------------------------------------------------------


def test_draws_are_the_same_for_ever() -> None:
    """Frozen: another version of numpy, or another machine, must give these."""
    assert uniforms(SEED, "test", 2, 2).tolist() == FROZEN
    assert uniforms(SEED, "test", 4).tolist() == list(itertools.chain(*FROZEN))
    assert uniforms(SEED, "other", 4).tolist() != uniforms(SEED, "test", 4).tolist()
    assert uniforms(OTHER, "test", 4).tolist() != uniforms(SEED, "test", 4).tolist()
    with pytest.raises(ParameterError, match="32 bytes"):
        uniforms(b"short", "test", 1)


FROZEN: list[list[float]] = [[0.2770364138205609, 0.09021804622405805], [0.5157043351839716, 0.6513358812980471]]


def test_draws_are_uniform_and_normal() -> None:
    draws = uniforms(SEED, "many", 80_000)
    counts = np.bincount((draws * 16).astype(int), minlength=16)
    assert ((counts - 5000) ** 2 / 5000).sum() < 50  # chi-square of 15 degrees: 1e-5 beyond 51
    normal = normals(SEED, "many", 3, 27_001)
    assert normal.shape == (3, 27_001)
    assert abs(normal.mean()) < 0.02
    assert abs(normal.std() - 1) < 0.02
    assert np.abs(np.corrcoef(normal)[np.triu_indices(3, 1)]).max() < 0.03
    assert abs((normal > 1.6448536).mean() - 0.05) < 0.005


# -- the tree --------------------------------------------------------------------------------------------------


def small_forest() -> Forest:
    """Four blocks of 3, 4, 2 and 10 levels, one apart from the others."""
    rng = np.random.default_rng(7)
    sizes = (3, 4, 2, 10)
    marginals = [rng.dirichlet(np.ones(size)) for size in sizes]
    classes = [np.arange(3), np.arange(4), np.arange(2), np.repeat([0, 1], 5)]
    masses = class_marginals(marginals, classes)
    edges = [(0, 1), (1, 3)]
    tables = [fitted_table(rng.random((len(masses[p]), len(masses[c]))), masses[p], masses[c]) for p, c in edges]
    return Forest(marginals, classes, edges, tables)


def joint(forest: Forest) -> FloatArray:
    """All probabilities of :func:`small_forest`, ``[3, 4, 2, 10]``."""
    masses = class_marginals(forest.marginals, forest.classes)
    second = forest.tables[0] / masses[0][:, None]
    last = (forest.tables[1] / masses[1][:, None])[:, forest.classes[3]]
    last = last * forest.marginals[3] / masses[3][forest.classes[3]]
    return np.einsum("a,ab,c,bd->abcd", forest.marginals[0], second, forest.marginals[2], last)


def test_fitted_tables_have_their_marginals_and_odds_ratios(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts, rows, columns = rng.random((5, 8)) + 0.01, rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(8))
    found = fitted_table(counts, rows, columns)
    assert np.allclose(found.sum(axis=1), rows, atol=1e-12)
    assert np.allclose(found.sum(axis=0), columns, atol=1e-12)
    odds = [m[0, 0] * m[1, 1] / m[0, 1] / m[1, 0] for m in (counts, found)]
    assert math.isclose(*odds, rel_tol=1e-5)


def test_tables_of_columns_that_determine_each_other_have_their_marginals_too() -> None:
    """Counts on the diagonal alone, but for a trace: proportional fitting would take for ever."""
    rows, columns = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.35, 0.25])
    found = fitted_table(np.diag([5e5, 3e5, 2e5]) + 0.3, rows, columns)
    assert np.allclose(found.sum(axis=1), rows, atol=1e-12)
    assert np.allclose(found.sum(axis=0), columns, atol=1e-12)
    assert found.min() > 0
    assert np.diag(found).sum() > 0.85


def test_rows_of_the_tree_have_its_probabilities() -> None:
    forest, count = small_forest(), 400_000
    known = joint(forest)
    rows = forest.draw(count, SEED, "test", {})
    assert rows.shape == (count, 4)
    assert rows.dtype == np.int16
    found = np.zeros_like(known)
    np.add.at(found, tuple(rows.T), 1 / count)
    assert (np.abs(found - known) < 5 * np.sqrt(known / count) + 1e-5).all()


@pytest.mark.parametrize("given", [{0: 2}, {3: 7}, {1: 1}, {0: 0, 3: 2}, {2: 1}])
def test_what_is_given_conditions_exactly(given: dict[int, int]) -> None:
    forest, count = small_forest(), 200_000
    place = tuple(given.get(b, slice(None)) for b in range(4))
    known = joint(forest)[place]
    known = known / known.sum()
    rows = forest.draw(count, SEED, "test", given)
    assert all((rows[:, b] == level).all() for b, level in given.items())
    rest = [b for b in range(4) if b not in given]
    found = np.zeros_like(known)
    np.add.at(found, tuple(rows[:, b] for b in rest), 1 / count)
    assert (np.abs(found - known) < 5 * np.sqrt(known / count) + 1e-5).all()


def test_conditioning_on_what_hardly_ever_happens_is_exact() -> None:
    """A level of probability 1e-12, whose class nobody else has: no rejection would ever find it."""
    tables = [fitted_table(np.array([[1.0, 3.0], [5.0, 1.0]]), np.array([1e-12, 1 - 1e-12]), np.array([0.5, 0.5]))]
    forest = Forest([np.array([1e-12, 1 - 1e-12]), np.array([0.5, 0.5])], [np.arange(2)] * 2, [(0, 1)], tables)
    rows = forest.draw(100_000, SEED, "test", {0: 0})
    assert abs(rows[:, 1].mean() - (tables[0][0] / tables[0][0].sum())[1]) < 0.01


# -- references ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.from_table(mixed(2000, 5), mixed_schema())


def priors() -> list[Prior]:
    return [Blind(mixed_schema()), Reference.from_table(mixed(300, 6), mixed_schema())]


@pytest.mark.parametrize("prior", priors(), ids=["blind", "reference"])
def test_every_prior_answers_alike(prior: Prior) -> None:
    blocks = prior.blocks
    n, f = blocks.schema.n, len(blocks.free)
    for marginal, classes, size in zip(prior.marginals, prior.classes, blocks.sizes, strict=True):
        assert marginal.shape == classes.shape == (size,)
        assert marginal.min() > 0
        assert math.isclose(marginal.sum(), 1)
        assert sorted(set(classes.tolist())) == list(range(classes.max() + 1))
        assert classes.max() < 8
    assert prior.covariance.shape == (n, n)
    assert prior.given_public().shape == (f, f)
    assert np.linalg.eigvalsh(prior.given_public())[0] > -1e-9
    assert prior.covariance[schema_index("one")].any() == False  # noqa: E712
    for rows in (prior.tree_rows(1000, SEED), prior.copula_rows(1000, SEED)):
        assert rows.shape == (1000, len(blocks))
        assert rows.dtype == np.int16
        assert (blocks.levels(blocks.rows(rows)) == rows).all()
    vectors, ends = prior.public_vectors(4, SEED), prior.extremes(SEED)
    assert [vector.shape for vector in vectors] == [(2,)] * 4
    assert [end[i // 2] for i, end in enumerate(ends)] == [0, 127, 0, 1]
    assert all(end[1 - i // 2] == vectors[0][1 - i // 2] for i, end in enumerate(ends))
    held = prior.tree_rows(500, SEED, vectors[1])
    assert (held[:, blocks.public] == vectors[1]).all()


def schema_index(name: str) -> int:
    return mixed_schema().coordinate_names.index(name)


@pytest.mark.parametrize("prior", priors(), ids=["blind", "reference"])
def test_the_same_seed_gives_the_same_rows(prior: Prior) -> None:
    for draw in (prior.tree_rows, prior.copula_rows):
        assert np.array_equal(draw(300, SEED), draw(300, SEED))
        assert not np.array_equal(draw(300, SEED), draw(300, OTHER))
    assert not np.array_equal(prior.tree_rows(300, SEED)[:, :2], np.stack(prior.public_vectors(300, SEED)))
    with pytest.raises(ParameterError, match="2 public columns"):
        prior.tree_rows(10, SEED, [0])
    for wrong in ([128, 0], [0, -1]):
        with pytest.raises(ParameterError, match="public columns"):
            prior.tree_rows(10, SEED, wrong)


def test_blind_entropy_and_covariance() -> None:
    prior = Blind(mixed_schema())
    private = [math.log2(min(size, 8)) for size in (65, 3, 12, 5, 2, 256)]
    assert math.isclose(prior.entropy_bits, sum(private))
    assert math.isclose(prior.budget_bits, sum(private) / 3)
    bmi, stage = schema_index("bmi"), schema_index("stage=I")
    assert math.isclose(prior.covariance[bmi, bmi], (256**2 - 1) / 12)
    assert math.isclose(prior.covariance[stage, stage + 1], -1 / 9)
    rows = prior.tree_rows(200_000, SEED)
    assert np.abs(np.cov(prior.blocks.rows(rows).T) - prior.covariance).max() < 0.02 * (256**2 - 1) / 12


def test_rows_have_the_marginals(reference: Reference) -> None:
    count = 200_000
    for rows in (reference.tree_rows(count, SEED), reference.copula_rows(count, SEED)):
        for b, marginal in enumerate(reference.marginals):
            found = np.bincount(rows[:, b], minlength=len(marginal)) / count
            assert (np.abs(found - marginal) < 5 * np.sqrt(marginal / count) + 1e-5).all()


def test_rows_of_the_tree_have_its_pair_tables(reference: Reference) -> None:
    count = 200_000
    rows = reference.tree_rows(count, SEED)
    names = reference.blocks.names
    assert any("stage" in (names[p], names[c]) for p, c in reference.kept.edges)
    for (parent, child), table in zip(reference.kept.edges, reference.kept.tables, strict=True):
        pairs = reference.classes[parent][rows[:, parent]], reference.classes[child][rows[:, child]]
        found = np.zeros_like(table)
        np.add.at(found, pairs, 1 / count)
        assert (np.abs(found - table) < 5 * np.sqrt(table / count) + 1e-5).all()


def test_tables_are_near_the_counts(reference: Reference) -> None:
    sample = mixed(2000, 5)
    blocks = reference.blocks
    levels = blocks.levels(blocks.schema.encode(sample, on_overflow="clip").x)
    for (parent, child), table in zip(reference.kept.edges, reference.kept.tables, strict=True):
        found = np.zeros_like(table)
        np.add.at(found, (reference.classes[parent][levels[:, parent]], reference.classes[child][levels[:, child]]), 1)
        assert np.abs(found / 2000 - table).max() < 0.02


def test_copula_rows_have_the_correlations(reference: Reference) -> None:
    """What is monotone in the sample is so in the rows: age and bmi go together, sex with nothing."""
    x = reference.blocks.rows(reference.copula_rows(100_000, SEED))
    found, known = np.corrcoef(x[:, schema_index("age")], x[:, schema_index("bmi")])[0, 1], reference.covariance
    a, b = schema_index("age"), schema_index("bmi")
    assert abs(found - known[a, b] / math.sqrt(known[a, a] * known[b, b])) < 0.06
    assert found > 0.3
    assert abs(np.corrcoef(x[:, schema_index("sex=m")], x[:, b])[0, 1]) < 0.08


def test_covariance_is_that_of_the_coordinates(reference: Reference) -> None:
    x = reference.schema.encode(mixed(2000, 5), on_overflow="clip").x
    assert np.allclose(reference.covariance, np.cov(x.T))


def test_covariance_given_public_columns_is_that_of_residuals(reference: Reference) -> None:
    x = reference.schema.encode(mixed(2000, 5), on_overflow="clip").x.astype(float)
    public = np.c_[x[:, [schema_index("age"), schema_index("sex=m")]], np.ones(len(x))]
    free = x[:, reference.blocks.free]
    rest = free - public @ np.linalg.lstsq(public, free, rcond=None)[0]
    assert np.allclose(reference.given_public(), rest.T @ rest / (len(x) - 1), atol=1e-6)


def test_dependent_public_coordinates_do_no_harm() -> None:
    """Bits that sum to 1 and a constant: their covariance has no inverse."""
    rng = np.random.default_rng(2)
    bits = np.eye(3)[rng.integers(0, 3, 500)]
    y = bits @ [1.0, 5.0, 2.0] + rng.standard_normal(500)
    x = np.c_[bits, np.ones(500), y]
    found = conditional_covariance(np.cov(x.T), np.array([4]), np.arange(4))
    within = sum(((y - y[bits[:, k] == 1].mean()) ** 2)[bits[:, k] == 1].sum() for k in range(3))
    assert math.isclose(found[0, 0], within / 499, rel_tol=1e-9)


def test_what_a_reference_needs() -> None:
    schema = mixed_schema()
    with pytest.raises(ParameterError, match="100 rows"):
        Reference.from_table(mixed(99, 1), schema)
    assert Reference.from_table(mixed(100, 1), schema).entropy_bits > 0
    with pytest.raises(ParameterError, match="lacks"):
        Reference.from_table(mixed(100, 1).drop(columns=["bmi"]), schema)
    with pytest.raises(OutOfRangeError, match="stage"):
        Reference.from_table(mixed(100, 1).assign(stage="IV"), schema)


def test_a_reference_in_another_unit_warns() -> None:
    """At an end of its range in most rows, a column would count as known of everybody."""
    table = mixed(200, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Reference.from_table(table.assign(bmi=table.bmi.mask(table.index < 100, 1e6)), mixed_schema())
    with pytest.warns(UserWarning, match="'bmi' lies outside .* in 101 of 200 rows, .* the schema's unit"):
        Reference.from_table(table.assign(bmi=table.bmi.mask(table.index < 101, 1e6)), mixed_schema())


def test_columns_that_never_vary_are_no_trouble() -> None:
    table = mixed(200, 3).assign(bmi=25.0, hiv="no", sex="f")
    reference = Reference.from_table(table, mixed_schema())
    assert np.isfinite(reference.kept.scores).all()
    rows = reference.tree_rows(20_000, SEED)
    assert (rows[:, reference.blocks.names.index("hiv")] == 1).mean() < 0.01


def test_a_schema_of_public_columns_alone_has_no_private_bits() -> None:
    schema = Schema({"age": number(0, 127, bits=7, public=True)})
    reference = Reference.from_table({"age": np.arange(120.0)}, schema)
    assert reference.entropy_bits == 0.0
    assert reference.given_public().shape == (0, 0)
