"""The rules for quadratic keys that count rows of the tree sampler: 2e, 4 and 5t."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.reference.leakage import support
from tests.reference.leakage.prior import entropy
from tests.reference.leakage.quadratic import AtPublic, Quadratic
from tests.reference.leakage.question import Verdict, largest
from tests.reference.leakage.sampled import FINE, KEPT, classes_of, fine, numbered, told
from tests.reference.leakage.sampler import tree_rows
from tests.reference.leakage.schema import Floats, Ints
from tests.reference.leakage.scores import sample_deciles
from tests.reference.leakage.variables import Told, verdict

SUPPORT_ROWS, MOST, MOST_AT_ONE = 40_000, 0.10, 0.5


def explained(question: Quadratic, rows: Ints, value: Floats, block: int) -> float:
    """The share of the variance of a value that one column explains: the larger of linear R^2 and correlation ratio."""
    total = float(value.var())
    if total <= 0:
        return 1.0
    left = value - value.mean()
    codes = question.schema.coordinates(rows)[:, question.schema.place(block)].astype(np.float64)
    codes = codes - codes.mean(axis=0)
    fitted = codes @ np.linalg.pinv(codes.T @ codes, rcond=1e-9, hermitian=True) @ (codes.T @ left)
    classes = classes_of(question.prior, rows, block)
    count = np.bincount(classes)
    sums = np.bincount(classes, weights=left)
    between = (sums[count > 0] ** 2 / count[count > 0]).sum() / len(value)
    return float(max(fitted.var(), between) / total)


def supports(question: Quadratic) -> Verdict:
    """2e on every row of Z and every Z_i +- Z_j; the largest over the public values counts."""
    dense: list[float] = []
    narrow: list[float] = []
    names: set[int] = set()
    half = len(question.schema.private)
    for one in question.everywhere:
        rows, keys = (part[:SUPPORT_ROWS] for part in question.sample(one.public))
        values = one.combine(keys)
        for z, value in zip(one.combinations, values.T.astype(np.float64), strict=True):
            shares = {block: explained(question, rows, value, block) for block in question.schema.private}
            block = max(shares, key=lambda at: shares[at])
            few = 2 * len(question.normal.used(z)) < half
            (narrow if few else dense).append(shares[block])
            if shares[block] > (support.NARROW if few else support.DENSE):
                names.add(block)
    figures = {"dense": largest(dense), "narrow": largest(narrow)}
    return Verdict("2e", figures, {"dense": support.DENSE, "narrow": support.NARROW}, names=question.names(names))


def budget(question: Quadratic) -> Verdict:
    """4: I is the entropy of the joint answers on drawn rows, the mean over the drawn public values."""
    bits = []
    for public in question.drawn:
        answers = numbered(question.sample(public)[1])
        bits.append(entropy(np.bincount(answers).astype(np.float64)))
    figures = {"I": float(np.mean(bits)), "H": question.prior.entropy_bits}
    return Verdict("4", figures, {"I": question.prior.budget_bits})


def answers_of(one: AtPublic, values: Ints, kept: Ints) -> Iterator[tuple[Ints, Ints]]:
    """(answers, deciles) of every combination, and of the joint answers where there are several keys. The deciles are
    those of the kept sample, public columns and all."""
    whole, every = one.combine(values), one.combine(kept)
    bins = []
    for at in range(one.counted):
        bins.append(sample_deciles(every[:, at], whole[:, at]))
        yield numbered(whole[:, at]), bins[-1]
    if len(one.Z) > 1:
        size = len(one.Z)
        yield numbered(whole[:, :size]), numbered(np.stack(bins[:size], axis=1))


def counted(question: Quadratic, one: AtPublic, kept: Ints) -> tuple[float, dict[tuple[int, int], Told]]:
    """(share of rows without neighbours, (combination, column) -> what is told) at one public value."""
    rows, keys = (part[:KEPT] for part in question.sample(one.public))
    found, shares = {}, [0.0]
    for at, (answers, bins) in enumerate(answers_of(one, keys, kept)):
        shares.append(fine(answers))
        for block in question.schema.private:
            found[at, block] = told(answers, bins, classes_of(question.prior, rows, block))
    return max(shares), found


def sampled(question: Quadratic) -> Verdict:
    """5t: means over the drawn public values; no single one, the extremes included, beyond a half."""
    kept = question.values(tree_rows(question.prior, KEPT, "kept sample"))
    several: dict[tuple[int, int], list[Told]] = {}
    shares, single = [], [0.0]
    for place, one in enumerate(question.everywhere):
        share, found = counted(question, one, kept)
        shares.append(share)
        single += [max(told_.sure, told_.gain) for told_ in found.values()]
        if place < len(question.drawn):
            for key, told_ in found.items():
                several.setdefault(key, []).append(told_)
    nothing = Told(0.0, 0.0, 0.0, 0.0)  # where a public value takes a combination away
    means = [
        (block, Told.mean([*some, *[nothing] * (len(question.drawn) - len(some))]))
        for (_, block), some in several.items()
    ]
    found_ = verdict(question.schema, "5t", means, MOST, fine=largest(shares), single=max(single))
    return Verdict("5t", found_.figures, found_.limits | {"fine": FINE, "single": MOST_AT_ONE}, names=found_.names)
