"""Train a small network of squares with numpy: for the demo and the tests, not part of the library.

Adam (Kingma, Ba 2015) on the cross-entropy of softmax, mini-batches, weight decay in the gradient. Seconds for a few
thousand small images.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pyfe.arrays import FloatArray
from pyfe.models import SquareNetwork

__all__ = ["train_squares"]


_DECAY = (0.9, 0.999)
_BATCH = 64


def train_squares(
    X: Any, y: Any, *, hidden: int = 30, epochs: int = 40, rate: float = 3e-3, penalty: float = 1e-4, seed: int = 0
) -> SquareNetwork:
    """A network ``softmax(W2 (W1 x + b1)^2 + b2)`` fitted to rows X ``[m, n]``, best in 0..1, with labels y ``[m]``.

    ``hidden``: number of squares. Deterministic for a seed, on one machine.
    """
    rows, labels = np.asarray(X, dtype=np.float64), np.asarray(y)
    classes, index = np.unique(labels, return_inverse=True)
    rng = np.random.default_rng(seed)
    layers = [
        rng.normal(0, 1 / np.sqrt(rows.shape[1]), (hidden, rows.shape[1])),
        np.zeros(hidden),
        rng.normal(0, 1 / np.sqrt(hidden), (len(classes), hidden)),
        np.zeros(len(classes)),
    ]
    moments = [(np.zeros_like(layer), np.zeros_like(layer)) for layer in layers]
    targets, step = np.eye(len(classes))[index], 0
    for _ in range(epochs):
        order = rng.permutation(len(rows))
        for start in range(0, len(rows), _BATCH):
            batch, step = order[start : start + _BATCH], step + 1
            gradients = _gradients(layers, rows[batch], targets[batch], penalty)
            for layer, (mean, square), gradient in zip(layers, moments, gradients, strict=True):
                mean += (1 - _DECAY[0]) * (gradient - mean)
                square += (1 - _DECAY[1]) * (gradient**2 - square)
                unbiased = np.sqrt(square / (1 - _DECAY[1] ** step))
                layer -= rate * mean / (1 - _DECAY[0] ** step) / (unbiased + 1e-8)
    return SquareNetwork(*layers, link="softmax", classes=classes.tolist())


def _gradients(layers: list[FloatArray], x: FloatArray, targets: FloatArray, penalty: float) -> list[FloatArray]:
    W1, b1, W2, b2 = layers
    a = x @ W1.T + b1
    d = a**2 @ W2.T + b2
    p = np.exp(d - d.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    outer = (p - targets) / len(x)
    inner = 2 * a * (outer @ W2)
    return [inner.T @ x + penalty * W1, inner.sum(axis=0), outer.T @ a**2 + penalty * W2, outer.sum(axis=0)]
