"""The attacks: each opens what it should on planted keys and real tables, and nothing where a score is coarse."""

from __future__ import annotations

import builtins
import itertools
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import OutOfRangeError, ParameterError, Schema
from pyfe.forms import MatrixForms
from pyfe.leakage import Blind, Reference, Score, attack, check_linear, check_quadratic, meets, noisy_rows
from pyfe.leakage.attack.several_scores import can_reduce_blocks
from pyfe.schema import category, number
from tests.real_tables import studies
from tests.unit.populations import mixed, mixed_schema


def small() -> Schema:
    """Public, ordered and unordered columns: 4 x 3 x 2 x 6 private records."""
    return Schema(
        {
            "age": number(0, 4, step=1, public=True),
            "dose": number(0, 3, step=1),
            "stage": category(["I", "II", "III"]),
            "sex": category(["f", "m"]),
            "lab": number(0, 5, step=1),
        }
    )


def whole(columns: int, top: int) -> Schema:
    """Columns of whole numbers from 0."""
    return Schema({f"c{i}": number(0, top, step=1) for i in range(columns)})


def rows_of(count: int, seed: int) -> dict[str, Any]:
    """A table whose columns depend on each other."""
    rng = np.random.default_rng(seed)
    lab = rng.integers(0, 6, count)
    dose = np.clip(lab // 2 + rng.integers(0, 2, count), 0, 3)
    stage = np.array(["I", "II", "III"])[np.clip(dose - rng.integers(0, 2, count), 0, 2)]
    return {"age": rng.integers(0, 5, count), "dose": dose, "stage": stage, "sex": rng.choice(["f", "m"], count),
            "lab": lab}  # fmt: skip


@pytest.fixture(scope="module")
def known() -> tuple[Reference, Any]:
    """A reference on the small schema, and the levels of rows that it was not made of."""
    schema = small()
    prior = Reference.from_table(rows_of(2000, 1), schema)
    return prior, prior.blocks.levels(schema.encode(rows_of(120, 2)).x)


# -- the prior's probabilities, which the enumeration weighs by --


@pytest.mark.parametrize("blind", [True, False])
def test_probabilities_along_the_tree(blind: bool, known: tuple[Reference, Any]) -> None:
    prior = Blind(small()) if blind else known[0]
    every = np.array(list(itertools.product(*map(range, prior.blocks.sizes))))
    mass = np.exp(prior.log_likelihood(every))
    assert mass.sum() == pytest.approx(1)
    drawn = prior.tree_rows(200_000, bytes(32))
    index = np.ravel_multi_index(tuple(drawn.T.astype(int)), prior.blocks.sizes)
    assert np.abs(np.bincount(index, minlength=len(every)) / len(drawn) - mass).max() < 0.002
    for block, marginal in enumerate(prior.marginals):
        assert np.bincount(every[:, block], weights=mass) == pytest.approx(marginal)


# -- one score --


def posterior_slowly(prior: Any, row: Any, levels: Any) -> tuple[list[Any], list[float]]:
    """Classes' chances for each record, and the probability of the likeliest one with its score, by a loop over all
    private records with independent columns."""
    private = list(prior.blocks.private)
    every = np.array(list(itertools.product(*(range(prior.blocks.sizes[b]) for b in private))))
    mass = np.prod([prior.marginals[b][every[:, i]] for i, b in enumerate(private)], axis=0)
    shares = prior.blocks.shares(row)
    scores = sum(shares[b][every[:, i]] for i, b in enumerate(private))
    chances, best = [], []
    for record in levels:
        same = scores == sum(shares[b][record[b]] for b in private)
        total = mass[same].sum()
        best.append(float(mass[same].max()))
        chances.append([np.bincount(prior.classes[b][every[same, i]], weights=mass[same]) / total
                        for i, b in enumerate(private)])  # fmt: skip
    return chances, best


def test_one_score_is_the_exact_posterior(known: tuple[Reference, Any]) -> None:
    prior, levels = known
    row = np.array([3, 2, 1, 4, 0, 2, 6])
    told = attack.Told.of(prior, row, levels)
    guess = attack.one_score(told)
    chances, best = posterior_slowly(prior, row, levels)
    for i, of_columns in enumerate(chances):
        for place, chance in enumerate(of_columns):
            assert guess.chance[i, place] == pytest.approx(chance.max(), abs=1e-9)
    private = list(prior.blocks.private)
    shares = prior.blocks.shares(row)
    for record, found in zip(levels, guess.levels, strict=True):
        assert sum(shares[b][record[b]] for b in private) == sum(
            shares[b][level] for b, level in zip(private, found, strict=True)
        ), "the likeliest record has the answer"
    mass = np.prod([prior.marginals[b][guess.levels[:, i]] for i, b in enumerate(private)], axis=0)
    assert mass == pytest.approx(best)


def test_one_score_opens_a_code_and_a_sum_says_its_tenth() -> None:
    schema = whole(8, 3)
    prior = Blind(schema)
    levels = prior.tree_rows(400, bytes(32))
    code = attack.opened(attack.one_score(attack.Told.of(prior, 4 ** np.arange(8), levels)), prior, levels)
    assert code.records == 1 and code.certain.tolist() == [1.0] * 8, "digits to the base 4"
    told = attack.Told.of(prior, np.ones(8, dtype=int), levels)
    answer, tenth = (attack.opened(attack.one_score(told, by_tenth=flag), prior, levels) for flag in (False, True))
    assert answer.records < 0.02 and answer.classes.mean() - tenth.classes.mean() < 0.05


def test_one_score_takes_no_more_memory_than_it_says() -> None:
    """Three hundred answers of yes or no under weights of 16 bits can be counted, but not searched for a record."""
    schema = whole(300, 1)
    prior = Blind(schema)
    weights = np.random.default_rng(0).integers(2**14, 2**15, 300)
    told = attack.Told.of(prior, weights, prior.tree_rows(3, bytes(32)))
    assert Score(prior.blocks.shares(weights), prior.marginals).countable
    with pytest.raises(OutOfRangeError, match=r"times its columns, \d+, is beyond 536870912"):
        attack.one_score(told)


def test_one_score_refuses() -> None:
    schema = whole(2, 3)
    prior = Blind(schema)
    levels = prior.tree_rows(5, bytes(32))
    with pytest.raises(ParameterError, match="one key, not on 2"):
        attack.one_score(attack.Told.of(prior, [[1, 2], [3, 4]], levels))
    none = attack.Told(prior, np.array([[2, 4]]), np.array([[3]]), np.zeros((1, 0), dtype=np.int64))
    with pytest.raises(ParameterError, match="no record has these answers"):
        attack.one_score(none)
    with pytest.raises(OutOfRangeError, match="too fine"):
        attack.one_score(attack.Told.of(prior, [[1, 2**30]], levels))


# -- enumeration --


def test_an_enumeration_knows_what_the_tree_knows(known: tuple[Reference, Any]) -> None:
    prior, levels = known
    rows = np.array([[0, 1, 0, 0, 0, 0, 1], [2, 0, 1, 2, 0, 1, 0]])

    def evaluate(x: Any) -> Any:
        return x @ rows.T

    answers, public = evaluate(prior.blocks.rows(levels)), levels[:, prior.blocks.public]
    guess = attack.enumeration(evaluate, answers, prior, public)
    private = list(prior.blocks.private)
    every = np.array(list(itertools.product(*map(range, prior.blocks.sizes))))
    mass, said = np.exp(prior.log_likelihood(every)), evaluate(prior.blocks.rows(every))
    for i in range(len(levels)):
        same = (said == answers[i]).all(axis=1) & (every[:, 0] == public[i, 0])
        assert mass[same].max() == pytest.approx(
            mass[(every[:, private] == guess.levels[i]).all(axis=1) & (every[:, 0] == public[i, 0])][0]
        )
        for place, block in enumerate(private):
            chance = np.bincount(prior.classes[block][every[same, block]], weights=mass[same]) / mass[same].sum()
            assert chance.max() == pytest.approx(guess.chance[i, place])
    tenth = attack.enumeration(evaluate, answers, prior, public, by_tenth=True)
    better = attack.opened(guess, prior, levels).classes.mean() - attack.opened(tenth, prior, levels).classes.mean()
    assert better >= 0


def test_an_enumeration_weighs_answers_behind_noise(known: tuple[Reference, Any]) -> None:
    prior, levels = known
    row = np.array([[0, 40, 7, 0, 90, 3, 25]])

    def evaluate(x: Any) -> Any:
        return x @ row.T

    public = levels[:, prior.blocks.public]
    noise = np.rint(np.random.default_rng(3).normal(0, 50, (len(levels), 1))).astype(np.int64)
    answers = evaluate(prior.blocks.rows(levels)) + noise
    guess = attack.enumeration(evaluate, answers, prior, public, noise_sd=50)
    every = np.array(list(itertools.product(*map(range, prior.blocks.sizes))))
    mass, said = np.exp(prior.log_likelihood(every)), evaluate(prior.blocks.rows(every))[:, 0]
    for i in range(len(levels)):
        posterior = mass * (every[:, 0] == public[i, 0]) * np.exp(-(((said - answers[i, 0]) / 50) ** 2) / 2)
        for place, block in enumerate(prior.blocks.private):
            chance = np.bincount(prior.classes[block][every[:, block]], weights=posterior) / posterior.sum()
            assert chance.max() == pytest.approx(guess.chance[i, place])
            assert chance.argmax() == guess.classes[i, place]
    quiet = attack.enumeration(evaluate, answers - noise, prior, public)
    assert attack.opened(guess, prior, levels).classes.mean() < attack.opened(quiet, prior, levels).classes.mean()
    with pytest.raises(ParameterError, match="without noise"):
        attack.enumeration(evaluate, answers, prior, public, noise_sd=50, by_tenth=True)


def test_an_enumeration_opens_quadratic_answers_too(known: tuple[Reference, Any]) -> None:
    prior, levels = known

    def squares(x: Any) -> Any:
        dose, lab = x[:, 1], x[:, -1]
        return np.stack([dose * dose + 16 * lab * lab, x[:, 2] + 2 * x[:, 3] + 8 * x[:, 5]], axis=1)

    answers = squares(prior.blocks.rows(levels))
    guess = attack.enumeration(squares, answers, prior, levels[:, prior.blocks.public])
    assert attack.opened(guess, prior, levels).records == 1
    with pytest.raises(ParameterError, match="no record has the answers"):
        attack.enumeration(squares, answers + 1000, prior, levels[:, prior.blocks.public])
    with pytest.raises(ParameterError, match="every public column"):
        attack.enumeration(squares, answers, prior)
    wide = Blind(whole(3, 255))
    with pytest.raises(OutOfRangeError, match="16777216 private records"):
        attack.enumeration(squares, answers, wide)


@pytest.mark.parametrize("name", ["rossi", "gbsg2"])
def test_a_fine_key_opens_real_patients_and_a_coarse_one_says_little_more_than_its_tenth(name: str) -> None:
    pytest.importorskip("lifelines")
    study = next(study for study in studies(name) if study.kind != "event")
    ours, others = study.table.halves(1)
    model = study.fit(ours)
    schema, coarse = pyfe.prepare(model, ours.X, ours.outcome, precision=5, levels=study.table.levels)
    fine = pyfe.compile(model, schema, weight_bits=16)
    prior = Reference.from_table(ours.X, schema)
    levels = prior.blocks.levels(schema.encode(others.X, "clip").x[:150])
    told = [attack.Told.of(prior, function.weights, levels) for function in (fine, coarse)]
    answer = [attack.opened(attack.one_score(one), prior, levels) for one in told]
    tenth = attack.opened(attack.one_score(told[1], by_tenth=True), prior, levels)
    assert answer[0].records > 0.5 > 0.15 > answer[1].records
    assert answer[1].records - tenth.records < 0.1
    assert (answer[1].classes - tenth.classes).max() < 0.15


# -- remainders --


def test_remainders_open_what_others_cannot_hide() -> None:
    schema = mixed_schema()
    prior = Reference.from_table(mixed(800, 1), schema)
    levels = prior.blocks.levels(schema.encode(mixed(200, 2), "clip").x)
    private = [prior.blocks.names[b] for b in prior.blocks.private]
    rng = np.random.default_rng(3)
    even = 2 * rng.integers(1, 20, schema.n)
    hiv = dict(zip(prior.blocks.names, prior.blocks.slices, strict=True))["hiv"]
    even[hiv.start] = 1  # the answer modulo 2
    guess = attack.residues(attack.Told.of(prior, even, levels))
    right = attack.opened(guess, prior, levels)
    assert right.certain[private.index("hiv")] == 1
    odd = even + rng.integers(0, 2, schema.n)
    other = attack.opened(attack.residues(attack.Told.of(prior, odd, levels)), prior, levels)
    assert other.classes[private.index("hiv")] < 1
    assert set(guess.levels.ravel()) == {-1}


def test_remainders_of_several_scores_and_of_large_numbers() -> None:
    schema = whole(6, 15)
    prior = Blind(schema)
    levels = prior.tree_rows(300, bytes(32))
    apart = np.array([[1, 0, 3, 0, 6, 3], [0, 1, 0, 3, 3, 9]])
    mixed_up = np.array([[2, 1], [1, 1]]) @ apart  # neither row alone leaves a column modulo 3
    for rows, opened_columns in (
        (mixed_up, []),
        ([[1, 100, 200, 300, 700, 1100]], [0]),
        ([[3, 48, 80, 16, 32, 64]], [0]),
    ):
        right = attack.opened(attack.residues(attack.Told.of(prior, rows, levels)), prior, levels)
        assert [right.classes[i] for i in opened_columns] == [1.0] * len(opened_columns)
    right = attack.opened(attack.residues(attack.Told.of(prior, mixed_up, levels)), prior, levels)
    assert right.classes[0] > 0.2 and right.classes[1] > 0.2 and right.classes[2] < 0.2, "modulo 3, of eight classes"


def test_what_the_others_generate() -> None:
    """Rule 2m (i): both scores together tell a column that none of their remainders does for itself."""
    schema = whole(7, 1)
    prior = Blind(schema)
    levels = prior.tree_rows(200, bytes(32))
    rows = np.array([[1, 2, 2, 4, 6, 2, 4], [1, 1, 3, 5, 1, 1, 7]])
    right = attack.opened(attack.residues(attack.Told.of(prior, rows, levels)), prior, levels)
    assert right.certain[0] == 1


# -- lattices --


def lattice_case(keys: int) -> tuple[Any, Any, Any]:
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).data.iloc[:, :12]
    schema = Schema.fit(frame.iloc[:400], bits=8)
    prior = Reference.from_table(frame.iloc[:400], schema)
    levels = prior.blocks.levels(schema.encode(frame.iloc[400:440], "clip").x)
    rows = np.random.default_rng(4).integers(-127, 128, (keys, schema.n))
    return prior, levels, attack.Told.of(prior, rows, levels)


def test_rounding_off_opens_dense_keys_of_real_patients() -> None:
    for keys, low, high in ((1, 0.0, 0.05), (7, 0.9, 1.0), (12, 1.0, 1.0)):
        prior, levels, told = lattice_case(keys)
        guess = attack.rounding_off(told)
        assert low <= attack.opened(guess, prior, levels).records <= high, keys
        named = guess.levels >= 0
        assert np.isnan(guess.chance).all() and (guess.classes[~named] == -1).all()


def test_the_likeliest_record_of_dense_keys() -> None:
    pytest.importorskip("fpylll")
    for keys, low, high in ((1, 0.0, 0.05), (5, 0.7, 1.0), (12, 1.0, 1.0)):
        prior, levels, told = lattice_case(keys)
        near, best = (attack.opened(f(told), prior, levels).records for f in (attack.rounding_off, attack.likeliest))
        assert low <= best <= high and best >= near - 0.05, keys


def test_the_likeliest_record_lies_within_bounds_that_rounding_off_leaves() -> None:
    pytest.importorskip("fpylll")
    prior = Blind(whole(20, 1))
    levels = prior.tree_rows(60, bytes(32))
    told = attack.Told.of(prior, np.random.default_rng(8).integers(1, 2**20, (1, 20)), levels)
    near, best = (attack.opened(f(told), prior, levels).records for f in (attack.rounding_off, attack.likeliest))
    assert best > 0.8 and near < best - 0.2, "the last digits of a reduction differ from machine to machine"


def test_the_likeliest_record_is_that_of_a_search_of_all(known: tuple[Reference, Any]) -> None:
    pytest.importorskip("fpylll")
    prior, levels = known
    told = attack.Told.of(prior, np.array([[1, 3, 1, 2, 5, 1, 2], [0, 1, 4, 2, 2, 3, 1]]), levels)
    guess = attack.likeliest(told, block_size=4)
    metric = np.linalg.inv(prior.given_public() + np.eye(len(told.free)) / 12)
    from pyfe.leakage.rules.kernel import means_given_public

    mean = means_given_public(prior, told.free, told.known)
    private = list(prior.blocks.private)
    every = np.zeros((4 * 3 * 2 * 6, len(prior.blocks)), dtype=int)
    every[:, private] = list(itertools.product(range(4), range(3), range(2), range(6)))
    x = prior.blocks.rows(every)
    added = (x - x[0]) @ told.rows.T  # the first record has every private column at its first level
    for i in range(len(levels)):
        same = (added == told.over_levels[i]).all(axis=1)
        found = (every[:, private] == guess.levels[i]).all(axis=1)
        away = x[:, told.free.positions] - mean[i]
        unlikely = np.einsum("ij,jk,ik->i", away, metric, away)
        assert (same & found).sum() == 1
        assert unlikely[found][0] <= unlikely[same].min() + 1e-6


def test_block_reduction_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, told = lattice_case(5)
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "fpylll":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ParameterError, match=r"pip install 'pyfe-crypto\[attack\]'"):
        attack.likeliest(told)
    assert not can_reduce_blocks()


# -- what is told --


def test_answers_that_contradict_each_other(known: tuple[Reference, Any]) -> None:
    prior, levels = known
    rows = np.array([[0, 1, 0, 0, 0, 0, 1], [0, 2, 0, 0, 0, 0, 2]])
    told = attack.Told.of(prior, rows, levels)
    assert told.basis == [[1, 0, 0, 0, 1]] and told.values.tolist() == (levels[:, [1]] + levels[:, [4]]).tolist()
    wrong = attack.Told(prior, rows, told.answers + np.array([0, 1]), told.public)
    with pytest.raises(ParameterError, match="no record has these answers"):
        _ = wrong.values
    with pytest.raises(ParameterError, match="2 keys have as many columns"):
        attack.Told(prior, rows, told.answers[:, :1], told.public)
    with pytest.raises(ParameterError, match="1 public columns are known of 120"):
        attack.Told(prior, rows, told.answers, told.public[:, :0])
    with pytest.raises(ParameterError, match=r"integers \[records, 5\]"):
        attack.opened(attack.residues(told), prior, levels[:, 1:])


WRONG_LEVELS: dict[str, Any] = {
    "nothing": None,
    "text": "levels",
    "fractions": [[0.5] * 5],
    "numbers that are none": [[float("nan")] * 5],
    "one record's row": [0] * 5,
    "too few columns": [[0] * 4],
    "a level that is none": [[0, 4, 0, 0, 0]],
    "one below 0": [[0, -1, 0, 0, 0]],
    "no record": np.zeros((0, 5), dtype=np.int64),
}


@pytest.mark.parametrize("what", WRONG_LEVELS)
def test_levels_that_no_records_have(what: str, known: tuple[Reference, Any]) -> None:
    prior, levels = known
    with pytest.raises(ParameterError):
        attack.Told.of(prior, np.arange(1, 8), WRONG_LEVELS[what])
    guess = attack.residues(attack.Told.of(prior, np.arange(1, 8), levels[:1]))
    with pytest.raises(ParameterError):
        attack.opened(guess, prior, WRONG_LEVELS[what])


@pytest.mark.parametrize("wrong", [None, 7, "x", small()])
def test_what_is_no_prior_no_keys_and_no_guess(wrong: Any, known: tuple[Reference, Any]) -> None:
    prior, levels = known
    told = attack.Told.of(prior, np.arange(1, 8), levels)
    for one in (attack.one_score, attack.residues, attack.rounding_off, attack.strongest):
        with pytest.raises(ParameterError, match="Told"):
            one(wrong)
    for call in (
        lambda: attack.Told.of(wrong, np.arange(1, 8), levels),
        lambda: attack.opened(attack.residues(told), wrong, levels),
        lambda: attack.opened(wrong, prior, levels),
        lambda: attack.enumeration(wrong, told.answers, prior, told.public),
        lambda: attack.enumeration(lambda x: x[:, :1], wrong, prior, told.public),
        lambda: attack.enumeration(lambda x: x[:, :1], told.answers, wrong, told.public),
        lambda: check_linear([], np.arange(1, 8), small(), prior=7),  # type: ignore[arg-type]
        lambda: check_linear([], np.arange(1, 8), None),  # type: ignore[arg-type]
        lambda: check_quadratic([], wrong, small()),
        lambda: check_quadratic([], MatrixForms.dense(np.eye(8, dtype=np.int64)), None),  # type: ignore[arg-type]
        lambda: noisy_rows(np.arange(1, 8), wrong) if wrong != small() else meets([7]),  # type: ignore[list-item]
        lambda: meets(wrong),
        lambda: Score(wrong, [np.array([1.0])]),
        lambda: Score([np.array([0, 1])], [np.array([0.5, float("nan")])]),
        lambda: Score([np.array([0, 1])], [np.array([-0.5, 1.5])]),
        lambda: Score([np.array([0.5, 1])], [np.array([0.5, 0.5])]),
        lambda: Score([np.array([0, 1])], [np.array([1.0])]),
        lambda: Score([np.array([0, 1])], []),
    ):
        with pytest.raises(ParameterError):
            call()


def test_keys_that_say_nothing_or_more_than_62_bits(known: tuple[Reference, Any]) -> None:
    prior, levels = known
    with pytest.raises(ParameterError, match="tell nothing"):
        attack.rounding_off(attack.Told.of(prior, np.zeros((1, 7), dtype=np.int64), levels))
    with pytest.raises(OutOfRangeError, match="key 1 do not fit into 62 bits"):
        attack.Told.of(prior, [[1] * 7, [2**61] * 7], levels)


def test_the_strongest_attack(known: tuple[Reference, Any]) -> None:
    prior, levels = known
    name, guess, baseline = attack.strongest(attack.Told.of(prior, np.arange(1, 8), levels))
    assert name == "enumeration" and baseline is not None
    assert attack.opened(guess, prior, levels).records >= attack.opened(baseline, prior, levels).records
    schema = whole(4, 255)
    blind = Blind(schema)
    rows = blind.tree_rows(20, bytes(32))
    assert attack.strongest(attack.Told.of(blind, [1, 2, 3, 4], rows))[0] == "one score"
    finer = attack.Told.of(blind, [1, 2**10, 2**20, 2**30], rows)
    assert attack.strongest(finer)[0] in ("likeliest", "rounding off")
    assert pyfe.leakage.attack is attack
