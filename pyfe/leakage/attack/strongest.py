"""The attack that fits the keys best."""

from __future__ import annotations

import math

from pyfe.errors import OutOfRangeError
from pyfe.leakage.attack.enumeration import MOST_RECORDS, enumeration
from pyfe.leakage.attack.guess import Guess
from pyfe.leakage.attack.one_score import one_score
from pyfe.leakage.attack.several_scores import can_reduce_blocks, likeliest, rounding_off
from pyfe.leakage.attack.told import Told, require_told

__all__ = ["strongest"]


def strongest(told: Told) -> tuple[str, Guess, Guess | None]:
    """Its name, what it guesses, and the baseline: what follows from the tenths of the answers (None where that is not
    counted).

    The enumeration of all private records where there are few enough, dynamic programming for one score, else the
    lattice: with BKZ and enumeration where fpylll is there, by rounding off otherwise.
    """
    require_told(told)
    blocks = told.prior.blocks
    if math.prod(blocks.sizes[b] for b in blocks.private) <= MOST_RECORDS:
        args = (lambda x: x @ told.rows.T), told.answers, told.prior, told.public
        return "enumeration", enumeration(*args), enumeration(*args, by_tenth=True)
    if len(told.rows) == 1:
        try:
            return "one score", one_score(told), one_score(told, by_tenth=True)
        except OutOfRangeError:  # finer than can be counted: then a lattice has short work
            pass
    if not can_reduce_blocks():
        return "rounding off", rounding_off(told), None
    return "likeliest", likeliest(told), None
