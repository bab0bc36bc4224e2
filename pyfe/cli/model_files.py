"""Models in files: JSON or YAML of weights, JSON of a network of squares, an ONNX graph, or what a library of trees
saves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyfe import io
from pyfe.cli import booster_files
from pyfe.errors import DecodeError, ParameterError
from pyfe.models import Linear, SquareNetwork

__all__ = ["load_model"]

_YAML = (".yaml", ".yml")
_LARGEST_MODEL = 1 << 28
"""Bytes of a model's file, far beyond any that compiles: what never ends must not fill the memory."""


def load_model(file: Path) -> Any:
    """An ONNX graph, a binary file of boosted trees, or the YAML of a Linear, by the name of the file; a JSON file
    says its kind in ``format``, one that does not is a Linear. What XGBoost, LightGBM and CatBoost save is told by its
    text."""
    if file.suffix == ".onnx":
        return _graph(file)
    if file.suffix in booster_files.BINARY:
        return booster_files.of_bytes(file, io.read_bytes(file, most=_LARGEST_MODEL))
    text = _model_text(file)
    is_yaml = file.suffix in _YAML
    booster = None if is_yaml else booster_files.of_text(file, text)
    if booster is not None:
        return booster
    try:
        return Linear.from_yaml(text) if is_yaml else _kind_of(text).from_json(text)
    except DecodeError as error:
        raise DecodeError(f"{file}: {error}") from error


def _graph(file: Path) -> Any:
    try:
        import onnx
    except ImportError as error:
        raise ParameterError(
            f"{file}: reading ONNX needs the package onnx (pip install 'pyfe-crypto[models]')"
        ) from error
    data = io.read_bytes(file, most=_LARGEST_MODEL)
    try:
        return onnx.load_from_string(data)
    except Exception as error:
        raise DecodeError(f"{file}: not an ONNX graph: {' '.join(str(error).split())}") from error


def _model_text(file: Path) -> str:
    try:
        return io.read_text(file, most=_LARGEST_MODEL)
    except DecodeError as error:
        raise DecodeError(
            f"{error}; a model is JSON, as to_json writes it, and a function that Python compiled goes to pyfe issue"
        ) from error


def _kind_of(text: str) -> type[Linear] | type[SquareNetwork]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return Linear  # which says what is wrong with the file
    network = isinstance(data, dict) and data.get("format") == "pyfe-square-network"
    return SquareNetwork if network else Linear
