"""ONNX graphs as models."""

from __future__ import annotations

from pyfe.models.sources.graphs.scores import from_graph, input_names

__all__ = ["from_graph", "input_names"]
