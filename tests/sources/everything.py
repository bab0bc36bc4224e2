"""All rows: one import a library, of those that are installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

__all__ = ["LIBRARIES"]

LIBRARIES = {
    "sklearn": "scikit_learn",
    "lifelines": "lifelines_",
    "statsmodels": "statsmodels_",
    "sksurv": "scikit_survival",
    "skl2onnx": "onnx_",
}
"""Modules of rows by what they need."""

for _needed, _module in LIBRARIES.items():
    if find_spec(_needed) is not None:
        import_module(f"tests.sources.{_module}")
