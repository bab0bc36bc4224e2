"""Models -> exact integer functions: ``compile``, ``from_callable``, and the models that are given by their numbers.

===================  =========================================================================================
folder or module     holds
===================  =========================================================================================
``compiler``         :func:`compile`
``preparing``        :func:`prepare`: a schema cut for a model, and the function on it
``grids``            how coarse the columns and the score may be
``yardstick``        what a coarser score loses
``sources``          what is compiled: a file for each library or kind of model
``fit``              the map behind a decision function, found by asking: affine, then quadratic
``real``             real functions of the coordinates, before they are rounded
``rounding``         from these to integers, with a bound that is derived
``checking``         the model asked again where probing did not look
===================  =========================================================================================

An estimator or callable goes one way: its one decision function (:mod:`pyfe.models.sources.decision`), asked by name
(:mod:`pyfe.models.sources.intake`), is probed on the schema's domain for an affine map (:mod:`pyfe.models.fit.affine`),
then for a quadratic one (:mod:`pyfe.models.fit.second_differences`), verified on fresh points, and rounded with a
derived error bound; and the model is asked again. No estimator is known by name; a new one needs a test row, at most a
file in ``sources``. Where the structure says more than probing could, it is read, and verified the same way: networks
of squares, shallow trees, sympy expressions, ONNX graphs. Nothing here imports scikit-learn or torch; pandas is
imported only for a model that was fitted on a DataFrame, sympy for its expressions, onnx for its graphs.
"""

from __future__ import annotations

from pyfe.models.compiler import beside_model, compile, from_callable
from pyfe.models.preparing import prepare, schema_for
from pyfe.models.sources.linear import Linear
from pyfe.models.sources.networks import SquareNetwork
from pyfe.models.sources.trees.proposal import schema_for_trees

__all__ = [
    "Linear",
    "SquareNetwork",
    "beside_model",
    "compile",
    "from_callable",
    "prepare",
    "schema_for",
    "schema_for_trees",
]
