"""All rows: one import a library, of those that are installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

__all__ = ["LIBRARIES", "MISSING"]

LIBRARIES = {
    "sklearn": "scikit_learn",
    "lifelines": "lifelines_",
    "statsmodels": "statsmodels_",
    "sksurv": "scikit_survival",
    "skl2onnx": "onnx_",
    "sympy": "given",
}
"""Modules of rows by what they need."""

MISSING = [needed for needed in LIBRARIES if find_spec(needed) is None]

for _needed, _module in LIBRARIES.items():
    if _needed not in MISSING:
        import_module(f"tests.sources.{_module}")
