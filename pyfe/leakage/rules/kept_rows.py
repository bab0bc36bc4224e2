"""Rows drawn from a prior, kept from question to question: drawing them takes longer than counting them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from pyfe.arrays import IntArray
from pyfe.leakage.counts import Drawn
from pyfe.leakage.prior import LevelArray, Prior
from pyfe.leakage.rules.question import Asked

__all__ = ["FORM_ROWS", "JOINT_ROWS", "TREE_ROWS", "KeptRows", "copula_rows", "form_rows", "tree_rows"]

TREE_ROWS = 2**17
"""Rows of a sample along the tree: one half tells what to guess, the other whether it is right."""

FORM_ROWS = 200_000
"""Rows of one along the tree on which forms are evaluated."""

JOINT_ROWS = 10**6
"""Rows of a sample of the copula."""

MOST_BYTES = 2**29
"""What is kept of one prior; the sample that was used last always is."""


@dataclass(frozen=True, eq=False)
class KeptRows:
    """``drawn``: the rows, with the classes of the private columns; ``levels``: those of the public columns, or of all
    where forms are evaluated, int16 ``[rows, columns]``; ``size``: bytes, at most."""

    drawn: Drawn
    levels: LevelArray
    size: int


_Kept = OrderedDict[tuple[bytes, str, tuple[int, ...]], KeptRows]

_kept: WeakKeyDictionary[Prior, _Kept] = WeakKeyDictionary()


def tree_rows(question: Asked, public: IntArray | None = None) -> KeptRows:
    """:data:`TREE_ROWS` rows along the prior's tree, given levels of the public columns if ``public`` is there."""
    given = () if public is None else tuple(public.tolist())
    return _rows(question, "tree", given, lambda p, seed: p.tree_rows(TREE_ROWS, seed, given or None))


def form_rows(question: Asked, public: IntArray | None = None) -> KeptRows:
    """:data:`FORM_ROWS` rows, likewise, with their levels."""
    given = () if public is None else tuple(public.tolist())
    return _rows(question, "forms", given, lambda p, seed: p.tree_rows(FORM_ROWS, seed, given or None))


def copula_rows(question: Asked) -> KeptRows:
    """:data:`JOINT_ROWS` rows of the prior's copula."""
    return _rows(question, "copula", (), lambda p, seed: p.copula_rows(JOINT_ROWS, seed))


def _rows(question: Asked, kind: str, given: tuple[int, ...], draw: Callable[[Prior, bytes], LevelArray]) -> KeptRows:
    prior, seed = question.prior, question.kept_seed
    kept = _kept.setdefault(prior, OrderedDict())
    key = (seed, kind, given)
    found = kept.pop(key, None) or _made(question, draw(prior, seed), whole=kind == "forms")
    kept[key] = found
    while len(kept) > 1 and sum(one.size for one in kept.values()) > MOST_BYTES:
        kept.popitem(last=False)
    return found


def _made(question: Asked, levels: LevelArray, *, whole: bool) -> KeptRows:
    private, classes = question.private, question.prior.classes
    drawn = Drawn(levels, private, [classes[b] for b in private])
    beside = levels if whole else np.ascontiguousarray(levels[:, question.blocks.public])
    return KeptRows(drawn, beside, levels.size * 2 + len(levels) * len(private) + beside.nbytes)
