"""Covariances of coordinates."""

from __future__ import annotations

import numpy as np

from pyfe.arrays import FloatArray, IntArray

__all__ = ["block_covariance", "conditional_covariance"]


def block_covariance(codes: IntArray, marginal: FloatArray) -> FloatArray:
    """Covariance float64 ``[width, width]`` of the coordinates of one block, from its levels' probabilities."""
    centred = codes - marginal @ codes
    return np.asarray(centred.T @ (centred * marginal[:, None]))


def conditional_covariance(covariance: FloatArray, kept: IntArray, given: IntArray) -> FloatArray:
    """Covariance of the coordinates ``kept`` given those ``given``, as of a Gaussian: the Schur complement.

    ``S_kk - S_kg pinv(S_gg) S_gk``; coordinates that are dependent or constant among the given ones do no harm. Cost:
    O(g^3 + k^2 g).
    """
    within = covariance[np.ix_(kept, kept)]
    if not len(given):
        return within
    across = covariance[np.ix_(kept, given)]
    rest = within - across @ np.linalg.pinv(covariance[np.ix_(given, given)], hermitian=True) @ across.T
    return np.asarray((rest + rest.T) / 2)
