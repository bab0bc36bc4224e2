"""Any callable of decoded rows, whose link and classes are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.fitted import fitted_map
from pyfe.models.sources.parts import Labels, name_of
from pyfe.models.sources.raw_model import BY_POSITION, RawModel
from pyfe.models.sources.real_function import RealFunction
from pyfe.schema import Schema, stacked

__all__ = ["from_plain_callable"]


def from_plain_callable(f: Callable[[Any], Any], schema: Schema, link: str, classes: Labels | None) -> RealFunction:
    """Probe and verify a callable whose link and classes are told. Raises and costs as for an estimator."""
    raw = RawModel(DecisionFunction(f, classes, name_of(f)), stacked, schema, f)
    real_map, _ = fitted_map(raw)
    return RealFunction(real_map, link, classes, None, raw.function.name, raw, (BY_POSITION,))
