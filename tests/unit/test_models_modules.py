"""Modules of torch: what they end in, what they are asked as, what is refused. Skipped where torch is not installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.schema import Encoded

torch = pytest.importorskip("torch", exc_type=ImportError)
nn = torch.nn

SCHEMA = pyfe.Schema.from_ranges({"age": (20, 90), "bmi": (15, 45), "crp": (0, 10)})
ROWS = SCHEMA.sample(np.random.default_rng(3), 300)
VALUES = np.column_stack(list(SCHEMA.decode_columns(ROWS).values()))


class Scaled(nn.Module):
    """A scaler with a linear layer, as people write it; ``end`` is applied in forward."""

    def __init__(self, outputs: int = 1, end: Any = None) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.register_buffer("mean", torch.tensor([55.0, 28.0, 5.0]))
        self.linear = nn.Linear(3, outputs)
        self.end = end

    def forward(self, x: Any) -> Any:
        values = self.linear((x - self.mean) / 10)
        return values if self.end is None else self.end(values)


def seeded(*layers: Any) -> Any:
    """A sequence behind a layer that makes raw rows small."""
    torch.manual_seed(7)
    small = nn.Linear(3, 3)
    with torch.no_grad():
        small.weight.copy_(torch.diag(torch.tensor([0.05, 0.1, 0.3])))
    return nn.Sequential(small, *layers)


class Square(nn.Module):
    def forward(self, x: Any) -> Any:
        return x * x


def own(module: Any) -> np.ndarray:
    module.eval()
    with torch.no_grad():
        return np.asarray(module(torch.tensor(VALUES, dtype=next(module.parameters()).dtype)).numpy(), dtype=float)


@pytest.mark.parametrize(
    ("make", "link", "kind"),
    [
        (lambda: seeded(nn.Linear(3, 1)), "identity", "linear"),
        (lambda: seeded(nn.Linear(3, 2)), "identity", "linear"),
        (lambda: seeded(nn.Linear(3, 1), nn.Sigmoid()), "logit", "linear"),
        (lambda: seeded(nn.Linear(3, 3), nn.Softmax(dim=1)), "softmax", "linear"),
        (lambda: seeded(nn.Linear(3, 3), nn.LogSoftmax(dim=1)), "softmax", "linear"),
        (lambda: seeded(nn.Linear(3, 2), nn.Sigmoid()), "logit_each", "linear"),
        (lambda: seeded(nn.BatchNorm1d(3), nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1)), "identity", "linear"),
        (lambda: seeded(nn.Linear(3, 4), Square(), nn.Linear(4, 1), nn.Sigmoid()), "logit", "quadratic"),
        (lambda: seeded(nn.Linear(3, 1), nn.Flatten(0)), "identity", "linear"),
        (lambda: Scaled(), "identity", "linear"),
        (lambda: Scaled(1, torch.sigmoid), "logit", "linear"),
        (lambda: Scaled(1, lambda v: torch.sigmoid(v).squeeze(1)), "logit", "linear"),
        (lambda: Scaled(3, lambda v: torch.softmax(v, 1)), "softmax", "linear"),
        (lambda: Scaled(1, torch.exp), "exp", "linear"),
    ],
)
def test_modules_are_what_they_end_in(make: Any, link: str, kind: str) -> None:
    module = make()
    theirs = own(module).reshape(len(VALUES), -1)
    module.train()
    function = pyfe.compile(module, SCHEMA)
    assert (function.link, function.kind) == (link, kind)
    assert module.training and next(module.parameters()).dtype == torch.float32  # it is left as it was
    scores = function.evaluate(Encoded(ROWS))
    if link == "identity" or link == "exp":
        ours = function.predict(scores).reshape(theirs.shape)
        bound = function.output_error(scores).reshape(theirs.shape)
    else:
        ours, bound = function.predict_proba(scores), function.output_error(scores)
        ours, bound = (ours[:, 1:], bound[:, 1:]) if link == "logit" else (ours, bound)
        theirs = np.exp(theirs) if (theirs <= 0).all() else theirs
    assert np.ptp(theirs) > 0
    assert (np.abs(ours - theirs) <= bound + 1e-5 * np.maximum(1, np.abs(theirs))).all()


def test_rows_go_by_position_and_the_report_says_what_was_asked() -> None:
    module = seeded(nn.Linear(3, 1), nn.Dropout(0.5)).train()
    remarks = dict(pyfe.compile(module, SCHEMA).remarks)
    assert "by position" in remarks["rows"] and "eval()" in remarks["module"]
    with pytest.raises(ParameterError, match="takes 3 features, the schema has 2 columns"):
        pyfe.compile(module, pyfe.Schema.from_ranges({"a": (0, 1), "b": (0, 1)}))


def test_prepare_and_linear_take_modules() -> None:
    rng = np.random.default_rng(0)
    table = {"age": rng.uniform(20, 90, 200), "bmi": rng.uniform(15, 45, 200), "crp": rng.uniform(0, 10, 200)}
    schema, function = pyfe.prepare(seeded(nn.Linear(3, 1), nn.Sigmoid()), table)
    assert function.link == "logit" and list(schema.columns) == ["age", "bmi", "crp"]
    linear = pyfe.Linear.from_estimator(seeded(nn.Linear(3, 1), nn.Sigmoid()))
    assert (linear.link, linear.columns()) == ("logit", {"x0", "x1", "x2"})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: seeded(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)), "from_torch"),
        (lambda: nn.Sequential(nn.Flatten()), "has no weights"),
        (lambda: Scaled(1, torch.tanh), "from_torch"),
        (lambda: Scaled(1, lambda v: v.mean()), "one answer per row is needed"),
        (lambda: Scaled(1, lambda v: torch.sigmoid(2 * v)), "from_torch"),
        (lambda: Scaled(1, lambda v: (v, v)), "cannot be"),
        (lambda: Scaled(1, lambda v: v + torch.rand_like(v)), "asked again|its own type"),
        (lambda: Scaled(1, lambda v: v + v.mean()), "other rows are asked"),
        (lambda: Scaled(1, lambda v: v + 1e7), "its own type"),
        (lambda: Scaled(1, lambda v: v * float("nan")), "NaN"),
    ],
)
def test_what_is_no_function_of_degree_two_is_refused(make: Any, says: str) -> None:
    with pytest.raises(UnsupportedModelError, match=says):
        pyfe.compile(make(), SCHEMA)
