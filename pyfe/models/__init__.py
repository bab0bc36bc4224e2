"""Models -> exact integer functions: ``compile``, ``from_callable`` and ``Linear``.

Every model goes the same way: a quantity that it computes (:mod:`pyfe.models.quantities`) is probed on the schema's
domain for an affine map (:mod:`pyfe.models.probing`), then for a quadratic one (:mod:`pyfe.models.polarisation`),
verified on fresh points, and rounded with a derived error bound (:mod:`pyfe.models.rounding`,
:mod:`pyfe.models.rounding_quadratic`). No estimator is known by name; a new one needs a test row, not code. Nothing
here imports scikit-learn; pandas is imported only for a model that was fitted on a DataFrame.
"""

from __future__ import annotations

from pyfe.models.compiler import compile, from_callable
from pyfe.models.linear import Linear
from pyfe.models.networks import SquareNetwork
from pyfe.models.trees import schema_for_trees

__all__ = ["Linear", "SquareNetwork", "compile", "from_callable", "schema_for_trees"]
