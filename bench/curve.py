"""Is anything tuned to the headline sizes? Other n, widths and batches must lie on the same curve.

The curve of a verb is ``time = (a + n (p + q bits))`` for a batch, with a, p, q affine in the number of rows. It is
fixed by the headline sizes (n = 30 with 8 and 16 bits, n = 1,000 with 8 bits), each with 8 and with 1,024 rows. A batch
counts as many rows as the eight lanes make of it: 5 rows cost what 8 do, or less, since points fill the lanes where
rows are few. From a decryption the search for the logarithms, timed beside it on the same results, is taken off: it
grows with the interval and not with n. The "peer" is the curve's prediction, so a ratio near 1 is on the curve, and one
well below 1 is a size that was left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bench.ipfe import Case
from bench.measure import Measurement, Settings, Task, interleaved, require, threads
from pyfe import _core, groups

LANES = 8
ROUNDS = 4
ANCHOR_SHAPES = ((30, 8), (30, 16), (1000, 8))
ANCHOR_BATCHES = (8, 1024)
SIZES = tuple((n, bits, batch) for n in (17, 300) for bits in (7, 11) for batch in (5, 4099))
VERBS = ("encrypt", "decrypt")


def run(settings: Settings) -> Iterator[Measurement]:
    """All sizes in turn, one thread; then each beside what the headline sizes predict for it."""
    batches = [settings.batch(batch) for batch in ANCHOR_BATCHES]
    anchors = [(n, bits, batch) for n, bits in ANCHOR_SHAPES for batch in batches]
    others = [(n, bits, settings.batch(batch)) for n, bits, batch in SIZES]
    with threads(1):
        cases = [Case(*size) for size in (*anchors, *others)]
        times = per_batch(cases, settings)
    for verb in VERBS:
        coefficients = fit(cases[: len(anchors)], times[verb][: len(anchors)])
        measured = zip(SIZES, cases[len(anchors) :], times[verb][len(anchors) :], strict=True)
        for (n, bits, batch), case, time in measured:
            us = 1e6 / (padded_rows(case.batch) * n)
            predicted = float(terms(n, bits, padded_rows(case.batch)) @ coefficients)
            name = f"curve.{verb}.n{n}.b{bits}.batch{batch}"
            yield Measurement(name, us * time, "the curve through the headline sizes", us * predicted)


def fit(anchors: Sequence[Case], times: Sequence[float]) -> Any:
    """The six coefficients of the curve, which goes through all six anchors."""
    matrix = np.array([terms(case.n, case.bits, padded_rows(case.batch)) for case in anchors])
    return np.linalg.solve(matrix, np.array(times))


def terms(n: int, bits: int, rows: int) -> Any:
    """The six terms of the curve: {1, n, n bits} x {1, rows}."""
    return np.outer([1.0, rows], [1.0, n, n * bits]).ravel()


def padded_rows(batch: int) -> int:
    """Rows after filling the last eight lanes."""
    return LANES * -(-batch // LANES)


def per_batch(cases: Sequence[Case], settings: Settings) -> dict[str, list[float]]:
    """Seconds for the whole batch: encryption, and decryption without its search."""
    tasks = []
    for case in cases:
        search = search_of(case)
        require(np.array_equal(case.decrypt(), case.expected), f"n={case.n}, {case.bits} bits: a wrong inner product")
        require(np.array_equal(search(), case.expected), f"n={case.n}, {case.bits} bits: a wrong logarithm")
        # A short batch is over in a moment; repeated, its minimum is as steady as a long one's.
        repeat = max(1, min(20, 20_000 // (case.n * case.batch)))
        tasks += [Task(verb, repeat=repeat) for verb in (case.encrypt, case.decrypt, search)]
    times = interleaved(tasks, settings.rounds(ROUNDS))
    return {
        "encrypt": times[0::3],
        "decrypt": [whole - part for whole, part in zip(times[1::3], times[2::3], strict=True)],
    }


def search_of(case: Case) -> Callable[[], Any]:
    """The search that decryption makes: for z of z G, over the key's interval, for each result z of the batch."""
    points = groups.mul_base(groups.scalars(case.expected.tolist()))
    lo, hi = case.interval
    return lambda: _core.dlog.solve(points, lo, hi)
