"""Models -> exact integer functions: ``compile`` and ``Linear``.

Every model goes the same way: its own decision function is probed on the schema's domain for an affine map
(:mod:`pyfe.models.probing`), verified on fresh points, and rounded with a derived error bound
(:mod:`pyfe.models.rounding`). No estimator is known by name; a new one needs a test row, not code. Nothing here
imports scikit-learn; pandas is imported only for a model that was fitted on a DataFrame.
"""

from __future__ import annotations

from pyfe.models.compiler import compile
from pyfe.models.linear import Linear

__all__ = ["Linear", "compile"]
