"""Random quadratic forms against integer arithmetic, k = 1 beside k = 3, on each backend.

PYFE_RANDOM_FORMS sets how many forms on each backend: 100 unless said otherwise, with --slow 10,000 on the fastest that
this CPU has and 1,000 on the other. Forms are dense, sparse, of rank 1 to 8, symmetric or negative; n is 1 to 64. Rows
are random, one of each batch in a corner of the box.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pyfe.errors import ParameterError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from tests.differential.test_qfe_vectors import core_forms

PARTS = 2  # so that two workers share the work
FORMS_A_KEY = 5
BATCHES = (1, 3, 8)
KINDS = ("dense", "sparse", "low rank", "squares", "symmetric", "negative")


def random_forms(rng: np.random.Generator, kind: str, n: int, m: int, bound: int) -> Forms:
    """``FORMS_A_KEY`` forms, none of them zero."""
    shape = (FORMS_A_KEY, n, m)
    F = rng.integers(-bound, bound, shape, endpoint=True)
    if kind in ("low rank", "squares"):
        units = int(rng.integers(1, 9))
        U, V = rng.integers(-bound, bound, (units, n)), rng.integers(-bound, bound, (units, m))
        U[:, 0], V[:, 0] = bound, bound
        Q = rng.integers(-bound, bound, (FORMS_A_KEY, units), endpoint=True)
        Q[:, 0] = bound
        Q[rng.random(Q.shape) < 0.2] = 0
        Q[~Q.any(axis=1), 0] = 1
        return FactoredForms.squares(U, Q) if kind == "squares" else FactoredForms(U, V, Q)
    if kind == "sparse":
        F[rng.random(shape) < 0.95] = 0
    if kind == "symmetric":
        F = np.triu(F) + np.triu(F, 1).transpose(0, 2, 1)
    if kind == "negative":
        F = -np.abs(F)
    F[:, rng.integers(n), rng.integers(m)] = bound
    return MatrixForms.dense(F)


def any_is_zero(forms: Forms, square: bool) -> bool:
    """Whether a form vanishes on every row: there is no key for it."""
    matrices = forms.matrix() if isinstance(forms, FactoredForms) else forms
    matrices = matrices.upper() if square else matrices
    return len(np.unique(matrices.output)) < forms.k


def random_rows(rng: np.random.Generator, box: Any, batch: int) -> Any:
    """Rows within the box, the first one in a corner of it."""
    lo, hi = box
    x = rng.integers(lo, hi, (batch, len(lo)), endpoint=True)
    x[0] = np.where(rng.random(len(lo)) < 0.5, lo, hi)
    return x


def check(core: ModuleType, rng: np.random.Generator, where: str) -> int:
    """One key of FORMS_A_KEY forms under k = 1 and k = 3; the number of wrong results."""
    kind, square = str(rng.choice(KINDS)), bool(rng.random() < 0.5)
    square = square or kind in ("squares", "symmetric")
    n = int(np.exp(rng.uniform(0, np.log(65))))
    m = n if square else int(np.exp(rng.uniform(0, np.log(65))))
    bound, reach = int(2 ** rng.uniform(0, 6)), int(2 ** rng.uniform(0, 6))
    x_box = -rng.integers(0, reach, n, endpoint=True), rng.integers(0, reach, n, endpoint=True)
    y_box = x_box if square else (-rng.integers(0, reach, m, endpoint=True), rng.integers(0, reach, m, endpoint=True))
    forms = random_forms(rng, kind, n, m, bound)
    while any_is_zero(forms, square):
        forms = random_forms(rng, kind, n, m, bound)
    batch = int(rng.choice(BATCHES))
    x = random_rows(rng, x_box, batch)
    y = None if square else random_rows(rng, y_box, batch)
    expected = forms.evaluate(x, y)
    intervals = forms.interval(*x_box, *(() if square else y_box))
    assert (intervals[:, 0] <= expected).all() and (expected <= intervals[:, 1]).all(), where
    wrong = 0
    for k in (1, 3):
        params = core.qfe.Parameters(k, *x_box, bound, *((None, None) if square else y_box))
        mpk, msk = core.qfe.setup(params)
        sk = core.qfe.keygen(msk, core_forms(core, forms))
        assert (sk.intervals == intervals).all(), where
        assert core.qfe.verify_key(mpk, sk), where
        wrong += int((core.qfe.decrypt(sk, core.qfe.encrypt(mpk, x, y)) != expected).sum())
    return wrong


def cancelled(core: ModuleType, rng: np.random.Generator) -> None:
    """A form that is zero, in each of the ways to write it, is refused."""
    n = int(rng.integers(2, 9))
    zeros = np.zeros(n, np.int64)
    _, msk = core.qfe.setup(core.qfe.Parameters(1, zeros - 3, zeros + 3, 9))
    A = np.triu(rng.integers(1, 9, (n, n)), 1)
    u = rng.integers(1, 9, n)
    units = FactoredForms(np.stack([u, u]), np.stack([u, u]), np.array([[2, -2]]))
    for forms in (MatrixForms((1, n, n), *([np.zeros(0, np.int64)] * 4)), MatrixForms.dense(A - A.T), units):
        with pytest.raises(ParameterError, match="form 0 is zero"):
            core.qfe.keygen(msk, core_forms(core, forms))


@pytest.mark.parametrize("part", range(PARTS))
def test_random_forms(shipped: ModuleType, many: Callable[[int, int], int], seed: int, part: int) -> None:
    wanted = int(os.environ.get("PYFE_RANDOM_FORMS", many(10_000, 100)))
    rng = np.random.default_rng([seed, part, 2000])
    done = 0
    while done < wanted // PARTS:
        where = f"seed {seed}, part {part}, form {done}"
        failed = check(shipped, rng, where)
        assert failed == 0, f"{where}: {failed} wrong results"
        done += FORMS_A_KEY
    cancelled(shipped, rng)
    print(f"random forms: {done} under k = 1 and k = 3 on {shipped.backend()}, part {part}, seed {seed}: 0 wrong")
