"""What an attack says of records, and of how many it is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.leakage.counts import CERTAIN
from pyfe.leakage.prior import Prior, require_prior

__all__ = ["Guess", "Opened", "commonest", "opened", "prior_guess"]


@dataclass(frozen=True, eq=False)
class Guess:
    """What an attack says of m records, over the private columns, in their order.

    levels: int64 ``[m, private]``, the likeliest record; -1 where none was looked for or found. classes: int64 ``[m,
    private]``, the likeliest class of each column; chance: float64 ``[m, private]``, its probability by the attacker's
    own account (nan where the attack has none).
    """

    levels: IntArray
    classes: IntArray
    chance: FloatArray


@dataclass(frozen=True, eq=False)
class Opened:
    """Of how many records a guess is right, shares of the records.

    records: every private level is right. classes: float64 ``[private]``, the class of a column is. certain: float64
    ``[private]``, it is, and the attacker knows it, with probability 0.95 or more.
    """

    records: float
    classes: FloatArray
    certain: FloatArray


def opened(guess: Guess, prior: Prior, levels: npt.NDArray[np.integer], certain: float = CERTAIN) -> Opened:
    """How right a guess is about records whose levels are known, ``[m, nb]`` (``prior.blocks.levels(x)``)."""
    given: object = guess
    if not isinstance(given, Guess):
        raise ParameterError(f"a guess is what an attack returns, not a {type(given).__name__}")
    require_prior(prior)
    private, known = list(prior.blocks.private), prior.blocks.checked(levels)
    if len(known) != len(guess.levels) or not len(known):
        raise ParameterError(f"levels are those of the {len(guess.levels)} records guessed, not of {len(known)}")
    truth = known[:, private]
    classes = np.stack([prior.classes[b][column] for b, column in zip(private, truth.T, strict=True)], axis=1)
    right = guess.classes == classes
    sure = right & (guess.chance >= certain)
    records = (guess.levels == truth).all(axis=1)
    return Opened(float(records.mean()), right.mean(axis=0), sure.mean(axis=0))


def prior_guess(prior: Prior, count: int) -> Guess:
    """What is guessed of so many records without any answer: each column by its own frequencies."""
    best, chances = zip(*(commonest(prior, b) for b in prior.blocks.private), strict=True)
    unknown = np.full((count, len(best)), -1, dtype=np.int64)
    return Guess(unknown, np.tile(np.array(best, dtype=np.int64), (count, 1)), np.tile(np.array(chances), (count, 1)))


def commonest(prior: Prior, block: int) -> tuple[int, float]:
    """The commonest class of a column, and its probability."""
    mass = np.bincount(prior.classes[block], weights=prior.marginals[block])
    return int(mass.argmax()), float(mass.max())
