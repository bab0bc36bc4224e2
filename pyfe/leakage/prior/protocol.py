"""What an attacker is assumed to know of records before any result: the prior that the counting rules ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.leakage.blocks import Blocks

__all__ = ["LevelArray", "Prior", "require_prior"]

LevelArray: TypeAlias = npt.NDArray[np.int16]


class Prior(Protocol):
    """Levels of the blocks of a schema as random variables.

    Rows that are drawn are levels int16 ``[count, nb]``, of all blocks; a seed is 32 bytes, and the same one gives the
    same rows.
    """

    @property
    def blocks(self) -> Blocks:
        """The blocks of the schema."""
        ...

    @property
    def blind(self) -> bool:
        """Whether nothing is known of the population: uniform levels, independent columns."""
        ...

    @property
    def marginals(self) -> Sequence[FloatArray]:
        """Probability of each level of each block, float64 ``[levels]``, none of them 0."""
        ...

    @property
    def classes(self) -> Sequence[IntArray]:
        """Class of each level of each block, int64 ``[levels]``: at most 8 classes (:mod:`.classes`)."""
        ...

    @property
    def entropy_bits(self) -> float:
        """H: bits of the private classes of a record together."""
        ...

    @property
    def budget_bits(self) -> float:
        """What all keys that a record can meet may say of it: H/2, or H/3 where nothing is known of the population."""
        ...

    @property
    def covariance(self) -> FloatArray:
        """Of all coordinates of the schema, float64 ``[n, n]``; constants have none."""
        ...

    def given_public(self) -> FloatArray:
        """Covariance float64 ``[f, f]`` of the free coordinates given those of the public columns."""
        ...

    def tree_rows(self, count: int, seed: bytes, public: Sequence[int] | IntArray | None = None) -> LevelArray:
        """Rows drawn along the tree, given levels of the public blocks (in their order) if ``public`` is there."""
        ...

    def log_likelihood(self, levels: LevelArray | IntArray) -> FloatArray:
        """Natural logarithm of the probability of rows ``[m, nb]`` along the tree, float64 ``[m]``."""
        ...

    def copula_rows(self, count: int, seed: bytes) -> LevelArray:
        """Rows of a Gaussian copula on the marginals."""
        ...

    def public_vectors(self, count: int, seed: bytes) -> list[IntArray]:
        """Levels of the public blocks, ``count`` vectors drawn together; none where no column is public."""
        ...

    def extremes(self, seed: bytes) -> list[IntArray]:
        """The first drawn public vector, with each public column in turn at its least and its greatest level."""
        ...


def require_prior(prior: object) -> None:
    """ParameterError for what says nothing of records."""
    if not isinstance(getattr(prior, "blocks", None), Blocks):
        raise ParameterError(
            "what is known of the population is a pyfe.leakage.Reference, or Blind, not a " + type(prior).__name__
        )
