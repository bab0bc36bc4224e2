"""Models -> exact integer functions: ``compile``, ``from_callable``, and the models that are given by their numbers.

An estimator or callable goes one way: its one quantity (:mod:`pyfe.models.quantities`), asked by name
(:mod:`pyfe.models.intake`), is probed on the schema's domain for an affine map (:mod:`pyfe.models.probing`), then for a
quadratic one (:mod:`pyfe.models.polarisation`), verified on fresh points, and rounded with a derived error bound
(:mod:`pyfe.models.rounding`, :mod:`pyfe.models.rounding_quadratic`); and the model is asked again where probing did not
look (:mod:`pyfe.models.checking`). No estimator is known by name; a new one needs a test row, not code. Where the
structure says more than probing could, it is read, and verified the same way: networks of squares
(:mod:`pyfe.models.networks`), shallow trees (:mod:`pyfe.models.trees`), sympy expressions
(:mod:`pyfe.models.expressions`), ONNX graphs (:mod:`pyfe.models.graphs`). Nothing here imports scikit-learn or torch;
pandas is imported only for a model that was fitted on a DataFrame, sympy for its expressions, onnx for its graphs.
"""

from __future__ import annotations

from pyfe.models.compiler import compile, from_callable
from pyfe.models.linear import Linear
from pyfe.models.networks import SquareNetwork
from pyfe.models.trees import schema_for_trees

__all__ = ["Linear", "SquareNetwork", "compile", "from_callable", "schema_for_trees"]
