"""What answers say about columns: the exact counts against enumeration in fractions, the sampled ones against loops."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pyfe._core import counting
from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.leakage.counts import (
    CERTAIN,
    FEW,
    TENTHS,
    Counted,
    Drawn,
    Score,
    cuts_of,
    residue_posterior,
    tenths_of,
)
from tests.unit import counted_slowly as slow

NEAR = 1e-9


@st.composite
def variables(draw: st.DrawFn, top: int = 10**6) -> list[slow.Variable]:
    """Up to four columns of up to four levels: narrow scores and wide ones, rare levels and impossible ones."""
    reach = draw(st.sampled_from([1, 3, 20, 3000, top]))
    return [draw(variable(reach)) for _ in range(draw(st.integers(1, 4)))]


@st.composite
def variable(draw: st.DrawFn, reach: int) -> slow.Variable:
    size = draw(st.integers(1, 4))
    weights = [draw(st.sampled_from([0, 1, 2, 5, 40, 10**6])) for _ in range(size)]
    weights[draw(st.integers(0, size - 1))] += 1
    shares = [draw(st.integers(-reach, reach)) for _ in range(size)]
    classes = [draw(st.integers(0, 7)) for _ in range(size)]
    return slow.Variable(shares, [Fraction(w, sum(weights)) for w in weights], classes)


def score_of(columns: list[slow.Variable]) -> Score:
    return Score(
        [np.array(v.shares, dtype=np.int64) for v in columns],
        [np.array([float(p) for p in v.marginal]) for v in columns],
    )


def classes_of(columns: list[slow.Variable]) -> list[IntArray]:
    return [np.array(v.classes, dtype=np.int64) for v in columns]


@given(variables())
def test_the_distribution_is_that_of_all_records(columns: list[slow.Variable]) -> None:
    score, exact = score_of(columns), slow.distribution(columns)
    least = sum(min(v.shares) for v in columns)
    most = sum(max(v.shares) for v in columns)
    assert len(score.distribution) == score.width + 1
    step = (most - least) // score.width if score.width else 1
    found = np.zeros(score.width + 1)
    for z, mass in exact.items():
        assert (z - least) % step == 0
        found[(z - least) // step] = float(mass)
    assert np.abs(score.distribution - found).max() < 1e-14
    assert score.entropy_bits == pytest.approx(-sum(p * np.log2(p) for p in found if p), abs=1e-9)


@given(variables())
@example(  # whose answer 2 has its middle 1e-13 below a cut
    [
        slow.Variable([0, 0, 1], [Fraction(1, 1000001), Fraction(0), Fraction(1000000, 1000001)], [0, 0, 0]),
        slow.Variable([0, 0, 3], [Fraction(1, 5), Fraction(2, 5), Fraction(2, 5)], [0, 0, 0]),
        slow.Variable([0, 1, 3], [Fraction(p, 3000001) for p in (1000000, 1000000, 1000001)], [0, 0, 1]),
    ]
)
def test_what_a_score_says_is_what_all_records_say(columns: list[slow.Variable]) -> None:
    assume(not any(map(slow.several_are_common, columns)))  # floats take another one of these
    counted = score_of(columns).beside(classes_of(columns))
    tenth = slow.tenths(columns)
    for i, one in enumerate(columns):
        common = slow.common(one)[1]
        answer, baseline = slow.said(columns, i, lambda z: z), slow.said(columns, i, lambda z: tenth[z])
        is_open = common < slow.CERTAIN
        wanted = [answer.right - common, answer.sure * is_open, answer.rare]
        wanted += [baseline.right - common, baseline.sure * is_open]
        found = [getattr(counted, name)[i] for name in ("gain", "sure", "rare", "tenth_gain", "tenth_sure")]
        assert found == pytest.approx([float(value) for value in wanted], abs=NEAR)
        assert counted.excess_sure[i] == pytest.approx(float(wanted[1] - wanted[4]), abs=NEAR)


@given(variables(), st.integers(2, 40))
def test_what_a_remainder_says_is_what_all_records_say(columns: list[slow.Variable], modulus: int) -> None:
    shares = [np.array(v.shares, dtype=np.int64) for v in columns]
    found = residue_posterior(shares, [np.array([float(p) for p in v.marginal]) for v in columns], modulus)
    for i, (gain, sure) in enumerate(found):
        exact_gain, exact_sure = slow.residue(columns, i, modulus)
        assert [gain, sure] == pytest.approx([float(exact_gain), float(exact_sure)], abs=NEAR)


def numbers(count: int, levels: int, step: int, seed: int = 0) -> tuple[list[IntArray], list[FloatArray]]:
    """Shares and marginals of columns with so many levels: steps below ``step``, one of them 1."""
    rng = np.random.default_rng(seed)
    steps = [1, *rng.integers(1, step, count - 1).tolist()]
    return [np.arange(levels) * s for s in steps], [rng.dirichlet(np.ones(levels)) for _ in steps]


def product(shares: list[IntArray], marginals: list[FloatArray]) -> FloatArray:
    """The distribution of a sum, one level after the other."""
    out = np.ones(1)
    for share, mass in zip(shares, marginals, strict=True):
        longer = np.zeros(len(out) + int(share.max()))
        for s, p in zip(share.tolist(), mass.tolist(), strict=True):
            longer[s : s + len(out)] += p * out
        out = longer
    return out


@pytest.mark.parametrize(("count", "levels", "step"), [(3, 256, 400), (40, 3, 40), (12, 64, 100), (2, 4000, 10)])
def test_long_scores_agree_with_plain_products(count: int, levels: int, step: int) -> None:
    """Wide enough for Fourier transforms and for several tiles, against direct products."""
    shares, marginals = numbers(count, levels, step)
    classes = [np.minimum(np.arange(levels) * 8 // levels, 7) for _ in shares]
    score = Score(shares, marginals)
    whole = product(shares, marginals)
    assert np.abs(score.distribution - whole).max() < 1e-13
    counted = score.beside(classes)
    for i in (0, count - 1):
        others = product(shares[:i] + shares[i + 1 :], marginals[:i] + marginals[i + 1 :])
        joint = np.zeros((8, len(whole)))
        for level, (share, mass) in enumerate(zip(shares[i], marginals[i], strict=True)):
            joint[classes[i][level], share : share + len(others)] += mass * others
        common, top = joint.sum(axis=1).max(), joint.max(axis=0)
        assert counted.gain[i] == pytest.approx(top.sum() - common, abs=1e-9)
        seen = joint.sum(axis=0) > 1e-12
        sure = joint.sum(axis=0)[seen & (top >= CERTAIN * joint.sum(axis=0))].sum()
        assert counted.sure[i] == pytest.approx(sure if common < CERTAIN else 0, abs=1e-6)


def test_a_column_in_the_high_digits_is_read_off() -> None:
    """A yes/no of weight 1000 beside ten small ones: every answer makes it certain, and its tenth nearly so."""
    shares = [np.array([0, 1000]), *(np.array([0, i + 1]) for i in range(10))]
    marginals = [np.array([0.75, 0.25]), *(np.array([0.5, 0.5]) for _ in range(10))]
    counted = Score(shares, marginals).beside([np.array([0, 1])] * 11)
    assert counted.gain[0] == pytest.approx(0.25)
    assert counted.sure[0] == pytest.approx(1.0)
    assert counted.rare[0] == pytest.approx(0.25)
    assert counted.excess_sure[0] < 0.11


def test_a_parity_is_no_meaning() -> None:
    """The one odd weight shows in every answer; the tenth tells nothing of it."""
    shares = [np.array([0, 1]), *(np.arange(16) * 2 * k for k in (3, 5, 7, 11))]
    marginals = [np.array([0.7, 0.3]), *(np.full(16, 1 / 16) for _ in range(4))]
    counted = Score(shares, marginals).beside([np.arange(2), *(np.arange(16) // 2 for _ in range(4))])
    assert counted.excess_gain[0] == pytest.approx(0.3, abs=1e-6)
    assert counted.excess_sure[0] == pytest.approx(1.0, abs=1e-6)
    (only,) = residue_posterior(shares[:1], marginals[:1], 2)
    assert list(only) == pytest.approx([0.3, 1.0])


def test_a_certain_prior_is_not_made_certain() -> None:
    counted = Score([np.array([0, 1]), np.array([0, 1])], [np.array([0.97, 0.03]), np.array([0.5, 0.5])]).beside(
        [np.array([0, 1])] * 2
    )
    assert counted.sure[0] == counted.tenth_sure[0] == 0
    assert counted.rare[0] == pytest.approx(0.015), "2 is yes, twice"
    assert counted.sure[1] == pytest.approx(1.0), "1 is the answer of the second column, but for 3 in 100"
    alone = Score([np.array([0, 1])], [np.array([0.97, 0.03])]).beside([np.array([0, 1])])
    assert alone.rare[0] == pytest.approx(0.03) and alone.sure[0] == 0


def test_the_count_does_not_depend_on_the_number_of_threads() -> None:
    from pyfe import _core

    shares, marginals = numbers(9, 100, 400)
    classes = [np.arange(100) // 13] * 9
    before = _core.num_threads()
    try:
        found = []
        for threads in (1, 3):
            _core.set_num_threads(threads)
            found.append(Score(shares, marginals).beside(classes))
    finally:
        _core.set_num_threads(before)
    assert all(
        np.array_equal(getattr(found[0], n), getattr(found[1], n)) for n in ("gain", "sure", "rare", "tenth_gain")
    )


def test_what_is_too_fine_is_not_counted() -> None:
    wide = Score([np.array([0, 2**24]), np.array([0, 1])], [np.full(2, 0.5)] * 2)
    assert not wide.countable and wide.work < 10**8
    heavy = Score([np.arange(2**15) * 60, np.arange(2**15)], [np.full(2**15, 2.0**-15)] * 2)
    assert not heavy.countable and heavy.width < 2**24
    for score in (wide, heavy):
        with pytest.raises(OutOfRangeError, match="too fine to count"):
            _ = score.distribution
        with pytest.raises(OutOfRangeError, match="too fine to count"):
            score.beside([np.zeros(2, dtype=np.int64)] * 2)
    with pytest.raises(OutOfRangeError, match="2\\^24|answers"):
        counting.distribution([np.array([0, 2**24]), np.array([0, 1])], [np.full(2, 0.5)] * 2)


def test_the_score_of_nothing_is_a_constant() -> None:
    assert Score([], []).distribution.tolist() == [1.0]
    assert Score([np.array([5, 5])], [np.array([0.5, 0.5])]).entropy_bits == 0
    assert len(Score([], []).beside([]).gain) == 0
    assert residue_posterior([], [], 5) == []


@pytest.mark.parametrize("modulus", [-3, 0, 1, 2**24 + 1])
def test_a_modulus_has_its_range(modulus: int) -> None:
    with pytest.raises(OutOfRangeError, match="modulus"):
        residue_posterior([np.array([0, 1])], [np.array([0.5, 0.5])], modulus)


@pytest.mark.parametrize(
    ("shares", "marginals", "classes"),
    [
        ([np.array([0, 1])], [np.array([0.5, 0.5])], []),
        ([np.array([0, 1])], [], [np.zeros(2, np.uint8)]),
        ([np.array([0, 1])], [np.array([1.0])], [np.zeros(2, np.uint8)]),
        ([np.array([0, 1])], [np.array([0.5, 0.5])], [np.zeros(3, np.uint8)]),
        ([np.array([0, 1])], [np.array([0.5, np.nan])], [np.zeros(2, np.uint8)]),
        ([np.array([0, 1])], [np.array([1.5, -0.5])], [np.zeros(2, np.uint8)]),
        ([np.array([0, 1])], [np.array([0.5, 0.5])], [np.full(2, 8, np.uint8)]),
        ([np.zeros((2, 1), np.int64)], [np.array([0.5, 0.5])], [np.zeros(2, np.uint8)]),
        ([np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0, np.uint8)]),
    ],
)
def test_hostile_tables_are_errors(shares: list[IntArray], marginals: list, classes: list) -> None:  # type: ignore[type-arg]
    with pytest.raises(ParameterError, match="counting|shares"):
        counting.beside(shares, marginals, classes, 0.95)


@pytest.mark.parametrize("share", [-1, 2**24 + 1, 2**62, -(2**63)])
def test_hostile_shares_are_errors(share: int) -> None:
    with pytest.raises(OutOfRangeError, match="share"):
        counting.distribution([np.array([0, share])], [np.array([0.5, 0.5])])


@pytest.mark.parametrize("certain", [0.5, 1.01, np.nan, -1.0])
def test_what_is_certain_is_more_likely_than_not(certain: float) -> None:
    with pytest.raises(ParameterError, match="certain"):
        counting.beside([np.array([0, 1])], [np.array([0.5, 0.5])], [np.zeros(2, np.uint8)], certain)


# ---------------------------------------------------------------------------------------------------------------
# Sampled rows


def rows_of(rng: np.random.Generator, count: int, sizes: list[int]) -> npt.NDArray[np.int16]:
    """Levels that depend on each other: the second column mostly repeats the first."""
    levels = np.stack([rng.integers(0, size, count) for size in sizes], axis=1).astype(np.int16)
    levels[:, 1] = np.where(rng.random(count) < 0.8, levels[:, 0] % sizes[1], levels[:, 1])
    return levels


def told_slowly(answers: list[tuple[int, ...]], classes: IntArray) -> tuple[float, float, float, float]:
    """(gain, sure, rare, thin) of one column, by dictionaries."""
    half = len(answers) // 2
    seen: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for answer, label in zip(answers[:half], classes[:half].tolist(), strict=True):
        seen[answer][label] += 1
    common = min(Counter(classes[:half].tolist()).items(), key=lambda item: (-item[1], item[0]))
    hits = sure = rare = thin = prior = 0
    for answer, label in zip(answers[half:], classes[half:].tolist(), strict=True):
        counts = seen[answer]
        few = sum(counts.values()) < FEW
        best = common[0] if few else min(counts, key=lambda c: (-counts[c], c))
        certain = not few and counts[best] * 20 >= sum(counts.values()) * 19
        thin += few
        hits += best == label
        prior += common[0] == label
        sure += certain and best == label
        rare += certain and best == label and best != common[0]
    rest = len(answers) - half
    return (hits - prior) / rest, sure / rest if common[1] < 0.95 * half else 0.0, rare / rest, thin / rest


@given(st.integers(0, 2**32), st.integers(2, 700), st.integers(1, 3))
def test_counts_of_rows_are_those_of_dictionaries(seed: int, count: int, keys: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = [3, 4, 2, 9]
    levels = rows_of(rng, count, sizes)
    tables = [rng.integers(0, 3, size) for size in sizes[1:]]
    drawn = Drawn(levels, [1, 2, 3], tables)
    spread = int(rng.choice([2, 10**6, 2**58]))
    shares = [[rng.integers(-spread, spread, size) for size in sizes] for _ in range(keys)]
    answers = [drawn.answers(one) for one in shares]
    for one, found in zip(shares, answers, strict=True):
        assert np.array_equal(found, sum(table[levels[:, b]] for b, table in enumerate(one)))
    tenths = [rng.integers(0, 10, count)]
    counted = drawn.counted(answers, tenths)
    together = list(zip(*(one.tolist() for one in answers), strict=True))
    for i, (column, table) in enumerate(zip([1, 2, 3], tables, strict=True)):
        classes = table[levels[:, column]]
        gain, sure, rare, thin = told_slowly(together, classes)
        assert (counted.gain[i], counted.sure[i], counted.rare[i], counted.thin) == pytest.approx(
            (gain, sure, rare, thin)
        )
        baseline = told_slowly([(t,) for t in tenths[0].tolist()], classes)
        assert (counted.tenth_gain[i], counted.tenth_sure[i]) == pytest.approx(baseline[:2])


def matched_slowly(
    answers: list[tuple[int, ...]], classes: IntArray, targets: list[int]
) -> tuple[float, list[float], float]:
    records = thin = 0.0
    certain = [0.0] * classes.shape[1]
    for target in targets:
        others = [i for i, answer in enumerate(answers) if answer == answers[target] and i != target]
        if len(others) < FEW:
            thin += 1
            continue
        counts = Counter(tuple(classes[i].tolist()) for i in others)
        most = max(counts.values())
        likeliest = [record for record, number in counts.items() if number == most]
        records += (tuple(classes[target].tolist()) in likeliest) / len(likeliest)
        for j in range(classes.shape[1]):
            right = sum(int(classes[i, j] == classes[target, j]) for i in others)
            certain[j] += right * 20 >= 19 * len(others)
    return records / len(targets), [c / len(targets) for c in certain], thin / len(targets)


def quantile_tenths(answers: IntArray) -> list[int]:
    cuts = np.quantile(answers, np.arange(1, 10) / 10)
    return [int((cuts <= answer).sum()) for answer in answers.tolist()]


@given(st.integers(0, 2**32), st.integers(1, 400), st.sampled_from([0, 1, 3, 40, 10**7, 2**40]))
def test_matches_are_those_of_dictionaries(seed: int, count: int, spread: int) -> None:
    """Few values of an answer are counted to find its tenths, many sorted; answers fill one word, and more."""
    rng = np.random.default_rng(seed)
    sizes = [3, 4, 2]
    levels = rows_of(rng, count, sizes)
    tables = [np.arange(size) for size in sizes]
    drawn = Drawn(levels, [0, 1, 2], tables)
    scores = [[rng.integers(-spread, spread + 1, size) for size in sizes], [np.array([0, 1, 2]), *[np.zeros(0)] * 2]]
    scores += [[rng.integers(0, 3, size) for size in sizes] for _ in range(int(rng.integers(0, 20)))]
    targets = rng.integers(0, count, 20)
    found = drawn.matched(scores, targets)
    answers = [drawn.answers(one) for one in scores]
    for one, values in zip(found, (answers, [quantile_tenths(one) for one in answers]), strict=True):
        together = list(zip(*(np.asarray(value).tolist() for value in values), strict=True))
        records, certain, thin = matched_slowly(together, levels.astype(np.int64), targets.tolist())
        assert (one.records, one.thin) == pytest.approx((records, thin))
        assert one.certain.tolist() == pytest.approx(certain)


@given(st.integers(0, 2**32), st.integers(2, 900), st.sampled_from([1, 4, 40, 2**58]))
def test_counts_beside_tenths_are_those_of_dictionaries(seed: int, count: int, spread: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = [3, 4, 2, *rng.integers(1, 9, 30).tolist()]
    levels = rows_of(rng, count, sizes)
    drawn = Drawn(levels, range(len(sizes)), [np.arange(size) for size in sizes])
    answers = drawn.answers([rng.integers(-spread, spread, size) * int(i < 3) for i, size in enumerate(sizes)])
    known = float(rng.integers(-5, 6)) / 4
    cuts = np.quantile(answers.astype(np.float64), np.arange(1, 10) / 10) + known
    counted = drawn.counted_by_cuts(answers, cuts, known)
    by_tenths = drawn.counted([answers], [tenths_of(answers + known, cuts)])
    for name in ("gain", "sure", "rare", "thin", "tenth_gain", "tenth_sure"):
        assert np.array_equal(getattr(counted, name), getattr(by_tenths, name)), "to the last bit"
    for i in (0, 2, len(sizes) - 1):
        gain, sure, rare, thin = told_slowly([(z,) for z in answers.tolist()], levels[:, i].astype(np.int64))
        found = (counted.gain[i], counted.sure[i], counted.rare[i], counted.thin)
        assert found == pytest.approx((gain, sure, rare, thin))
        baseline = told_slowly([(t,) for t in tenths_of(answers + known, cuts).tolist()], levels[:, i].astype(np.int64))
        assert (counted.tenth_gain[i], counted.tenth_sure[i]) == pytest.approx(baseline[:2])


@pytest.mark.parametrize("sizes", [[2] * 40, [32768, 2, 3], [2047, 2, 2048, 1], [1, 1, 1], [12] * 7])
def test_columns_that_are_joined_add_what_each_of_them_does(sizes: list[int]) -> None:
    """Up to 2,048 levels together are looked up at once, and one column of more alone."""
    rng = np.random.default_rng(len(sizes))
    levels = np.stack([rng.integers(0, size, 3000) for size in sizes], axis=1).astype(np.int16)
    levels[0] = np.array(sizes) - 1
    shares = [rng.integers(-(2**40), 2**40, size) for size in sizes]
    drawn = Drawn(levels, [], [])
    assert np.array_equal(drawn.answers(shares), sum(share[levels[:, b]] for b, share in enumerate(shares)))
    for column, size in enumerate(sizes):
        if size > 1:
            short = [share[: size - 1] if b == column else share for b, share in enumerate(shares)]
            with pytest.raises(
                ParameterError, match=f"row 0 has the level {size - 1} of {size - 1} in column {column}"
            ):
                drawn.answers(short)


def test_independent_rows_say_what_the_exact_count_says() -> None:
    """The sampled count of 2^17 independent rows is the exact one, but for what 20 neighbours cannot tell."""
    rng = np.random.default_rng(7)
    sizes, steps = [8, 6, 5, 2, 4], [1, 3, 5, 9, 2]
    marginals = [rng.dirichlet(np.full(size, 2.0)) for size in sizes]
    levels = np.stack([rng.choice(s, 2**17, p=p) for s, p in zip(sizes, marginals, strict=True)], axis=1)
    classes = [np.arange(size) for size in sizes]
    shares = [np.arange(size) * step for size, step in zip(sizes, steps, strict=True)]
    exact = Score(shares, marginals).beside(classes)
    drawn = Drawn(levels.astype(np.int16), range(5), classes)
    answers = drawn.answers(shares)
    found = drawn.counted([answers], [tenths_of(answers, np.quantile(answers, np.arange(1, 10) / 10))])
    assert found.thin < 0.01
    assert found.gain == pytest.approx(exact.gain, abs=0.01)
    assert found.sure == pytest.approx(exact.sure, abs=0.02)


def test_the_mean_of_counts_keeps_the_thinnest() -> None:
    low, high = np.full(2, 0.25), np.full(2, 0.75)
    mean = Counted.mean([Counted(low, low, low, low, low, 0.25), Counted(high, high, high, high, high, 0.75)])
    assert mean.gain.tolist() == [0.5, 0.5] and mean.thin == 0.75


def test_tenths_by_cuts() -> None:
    cuts = np.arange(1, 10.0)
    assert tenths_of(np.array([-5, 1, 1.5, 9, 100]), cuts).tolist() == [0, 1, 1, 9, 9]


def test_hostile_rows_are_errors() -> None:
    levels = np.zeros((4, 2), dtype=np.int16)
    good = [np.arange(2)]
    for wrong in ([2], [-1]):
        with pytest.raises(ParameterError, match="no column"):
            Drawn(levels, wrong, good)
    with pytest.raises(ParameterError, match="class"):
        Drawn(levels, [0], [np.array([0, 9])])
    for level in (2, -1):
        bad = levels.copy()
        bad[3, 1] = level
        with pytest.raises(ParameterError, match="row 3 has the level"):
            Drawn(bad, [1], good)
        with pytest.raises(ParameterError, match="row 3 has the level"):
            Drawn(bad, [0], good).answers([np.arange(2), np.arange(2)])
    with pytest.raises(ParameterError, match="tables"):
        Drawn(levels, [0, 1], good)
    drawn = Drawn(levels, [0], good)
    with pytest.raises(ParameterError, match="columns for rows"):
        drawn.answers([np.arange(2)])
    with pytest.raises(OutOfRangeError, match="62 bits"):
        drawn.answers([np.array([0, 2**61]), np.array([0, 2**61])])
    with pytest.raises(ParameterError, match="3 answers for 4 rows"):
        drawn.counted([np.arange(3)], [np.zeros(4, np.int64)])
    with pytest.raises(ParameterError, match="no halves"):
        Drawn(levels[:1], [0], good).counted([np.zeros(1, np.int64)], [np.zeros(1, np.int64)])
    for target in (-1, 4):
        with pytest.raises(ParameterError, match="target"):
            drawn.matched([[np.arange(2), np.arange(2)]], np.array([target]))
    with pytest.raises(ParameterError, match="no target"):
        drawn.matched([[np.arange(2), np.arange(2)]], np.zeros(0, np.int64))
    with pytest.raises(ParameterError, match="columns for rows"):
        drawn.matched([[np.arange(2)]], np.zeros(1, np.int64))
    with pytest.raises(ParameterError, match="nine cuts"):
        drawn.counted_by_cuts(np.zeros(4, np.int64), np.zeros(8))
    with pytest.raises(ParameterError, match="3 answers for 4 rows"):
        drawn.counted_by_cuts(np.zeros(3, np.int64), np.zeros(9))


def test_all_pairs_of_answers_are_told_apart() -> None:
    """Neighbours agree in every key, at both ends of 64 bits."""
    ends = [-(2**63), -1, 0, 1, 2**63 - 1]
    pairs = list(itertools.product(ends, ends)) * 80
    answers = [np.array([p[k] for p in pairs], dtype=np.int64) for k in range(2)]
    levels = np.array([[ends.index(a)] for a, _ in pairs], dtype=np.int16)
    drawn = Drawn(levels, [0], [np.arange(5)])
    found = drawn.counted(answers, [np.zeros(len(pairs), np.int64)])
    assert found.sure[0] == 1 and found.thin == 0 and found.tenth_sure[0] == 0


@given(st.integers(0, 2**32), st.integers(1, 300), st.sampled_from([0, 1, 30, 10**4, 2**22, 2**55]))
def test_cuts_are_the_quantiles_to_the_last_bit(seed: int, count: int, spread: int) -> None:
    answers = np.random.default_rng(seed).integers(-spread, spread + 1, count)
    assert np.array_equal(cuts_of(answers), np.quantile(answers.astype(np.float64), TENTHS))
