"""All rows: one import a library, of those that are installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

__all__ = ["LIBRARIES", "MISSING", "OPTIONAL"]

LIBRARIES = {
    "sklearn": "scikit_learn",
    "lifelines": "lifelines_",
    "statsmodels": "statsmodels_",
    "sksurv": "scikit_survival",
    "skl2onnx": "onnx_",
    "sympy": "given",
    "xgboost": "trees",
    "lightgbm": "trees",
    "catboost": "trees",
    "interpret": "trees",
}
"""Modules of rows by what they need."""

OPTIONAL = {"torch": "PyTorch"}
"""Too large for every machine that runs tests: its rows are skipped where it is not installed. Their library."""

MISSING = [needed for needed in LIBRARIES if find_spec(needed) is None]

for _module in dict.fromkeys(LIBRARIES.values()):
    if not any(_needed in MISSING for _needed, _of in LIBRARIES.items() if _of == _module):
        import_module(f"tests.sources.{_module}")

if find_spec("torch") is not None:
    import_module("tests.sources.torch_")
