"""The inputs of an ONNX graph, from the columns of a schema: as arrays, and as affine functions of the coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models.sources.graphs.graph import Feeds, Graph
from pyfe.models.sources.graphs.polynomials import Polynomials, Products
from pyfe.schema import Schema
from pyfe.schema.cells import same_name

__all__ = ["GraphInputs"]

_INPUT_TYPES = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
"""Of ``onnx.TensorProto.DataType``: numbers, truth values and text."""

_MAX_ENTRIES = 2**23
"""Entries of the matrices of all outputs of a graph (64 MB)."""


class GraphInputs:
    """The graph's inputs, from the columns of the schema."""

    def __init__(self, graph: Graph, schema: Schema) -> None:
        import onnx

        columns = schema.input_columns
        called = {same_name(name): name for name in columns}
        self._types: dict[str, tuple[list[str], Any]] = {}
        single = len(graph.inputs) == 1 and same_name(graph.inputs[0].name) not in called
        for given in graph.inputs:
            kind = given.type.tensor_type.elem_type
            if kind not in _INPUT_TYPES:
                raise UnsupportedModelError(f"the graph's input {given.name!r} is no tensor of numbers or of text")
            dtype = object if kind == onnx.TensorProto.STRING else onnx.helper.tensor_dtype_to_np_dtype(kind)
            if single:
                self._types[given.name] = (list(columns), dtype)
                _check_width(given, len(columns))
            elif same_name(given.name) not in called:
                raise ParameterError(f"the graph has the input {given.name!r}, which is no column of the schema")
            else:
                self._types[given.name] = ([called[same_name(given.name)]], dtype)
        self.float32 = any(dtype == np.float32 for _, dtype in self._types.values())

    def __call__(self, columns: Mapping[str, AnyArray], *, exact: bool = False) -> Feeds:
        """Arrays by input, from raw values by column; with ``exact`` float32 inputs are given in float64, in which
        ``onnx.reference`` then computes."""
        return {
            name: np.stack([columns[column] for column in wanted], axis=1).astype(
                np.float64 if exact and dtype == np.float32 else dtype
            )
            for name, (wanted, dtype) in self._types.items()
        }

    def of_rows(self, rows: IntArray, schema: Schema, *, exact: bool = False) -> Feeds:
        """Arrays by input, from coordinates."""
        return self(schema.decode_columns(rows), exact=exact)

    def polynomials(self, schema: Schema) -> dict[str, Polynomials] | None:
        """Inputs for one row, as functions of the coordinates; None where a value is not affine in them."""
        if (schema.n + 1) * len(schema.columns) > _MAX_ENTRIES:
            return None
        products, values = Products(schema.n), _affine_values(schema)
        found = {}
        for name, (wanted, _) in self._types.items():
            rows = [values[column] for column in wanted]
            if any(row is None for row in rows):
                return None
            found[name] = products.inputs(np.array(rows), (1, len(rows)))
        return found


def _check_width(given: Any, columns: int) -> None:
    dimensions = given.type.tensor_type.shape.dim
    width = dimensions[1].dim_value if len(dimensions) == 2 else 0
    if width not in (0, columns):
        raise ParameterError(f"the graph takes {width} columns, the schema has {columns}")


def _affine_values(schema: Schema) -> dict[str, FloatArray | None]:
    """Raw value of every column over ``z = (1, q)``; None for text and for numbers on another scale."""
    found: dict[str, FloatArray | None] = {}
    for name, part, column in schema.parts:
        value = column.raw_value()
        if value is None:
            found[name] = None
            continue
        row = np.zeros(schema.n + 1)
        row[0], row[part.start + 1 : part.stop + 1] = value
        found[name] = row
    return found
