"""Modules of torch, where it is installed: linear layers, a sigmoid, a layer of squares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from tests.sources.data import cancer, diabetes
from tests.sources.registry import Fitted, source

LIBRARY = "PyTorch"


class Squares(nn.Module):
    """The square of every entry."""

    def forward(self, x: Any) -> Any:
        return x * x


def scaling(X: pd.DataFrame) -> Any:
    """A linear layer that makes raw rows small."""
    layer = nn.Linear(X.shape[1], X.shape[1])
    mean, sd = X.mean().to_numpy(), X.std().to_numpy()
    with torch.no_grad():
        layer.weight.copy_(torch.diag(torch.tensor(1 / sd)))
        layer.bias.copy_(torch.tensor(-mean / sd))
    return layer


def module(data: Any, *layers: Any, probable: bool = False) -> Fitted:
    """A sequence behind a scaler, with the weights that it began with."""
    torch.manual_seed(3)
    model = nn.Sequential(scaling(data.X), *(make() for make in layers)).double().eval()

    def own(rows: pd.DataFrame) -> Any:
        with torch.no_grad():
            said = model(torch.tensor(rows.to_numpy(), dtype=torch.float64)).numpy()
        return np.column_stack([1 - said, said]) if probable else said[:, 0]

    return Fitted(model, data, own, "probabilities" if probable else "output", by_position=True)


source(
    LIBRARY,
    "torch, linear layers",
    "identity",
    lambda: module(diabetes(), lambda: nn.Linear(5, 3), lambda: nn.Linear(3, 1)),
)
source(
    LIBRARY,
    "torch, a sigmoid at the end",
    "logit",
    lambda: module(cancer(), lambda: nn.Linear(5, 1), nn.Sigmoid, probable=True),
)
source(
    LIBRARY,
    "torch, a layer of squares",
    "identity",
    lambda: module(diabetes(), lambda: nn.Linear(5, 3), Squares, lambda: nn.Linear(3, 1)),
    kind="quadratic",
)
