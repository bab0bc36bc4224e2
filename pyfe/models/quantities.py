"""Which method of a model holds a quantity that can be compiled; found by what the model offers, not by its name.

========================================  =============================================================
a model that has                          is asked for
========================================  =============================================================
``decision_function``                     the decision values
``predict_joint_log_proba``               the joint log likelihood of each class
``_estimate_weighted_log_prob``           the weighted log density of each component of a mixture
``cluster_centers_`` or ``centroids_``    minus the squared distance to each centre (``transform`` gives the root)
``predict``                               the prediction, if it has no probabilities either
``mahalanobis``                           the squared distance
``score_samples``                         the log density
(a plain callable)                        its values
========================================  =============================================================

Of two columns that are compared with each other the difference is taken: one decision value, as for any two classes.
A method of the last step of a pipeline is asked behind the steps before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import PyfeError, UnsupportedModelError

__all__ = ["Quantity", "name_of", "plain_labels", "quantities", "steps_of"]

AnyArray: TypeAlias = npt.NDArray[Any]
FloatArray: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = tuple[str | int | float | bool, ...]


@dataclass(frozen=True)
class Quantity:
    """Values that a model computes: ``method`` of a table gives ``[m]`` or ``[m, k]``.

    ``labels`` are the classes, clusters or components that the columns stand for, or None for plain values.
    """

    method: Callable[[Any], Any]
    labels: Labels | None
    name: str

    def __call__(self, table: Any) -> FloatArray:
        """float64 ``[m, k]``; whatever the model raises becomes an UnsupportedModelError."""
        try:
            values = np.asarray(self.method(table), dtype=np.float64)
        except PyfeError:
            raise
        except Exception as error:
            raise UnsupportedModelError(
                f"{self.name} cannot be evaluated on the schema's rows: {type(error).__name__}: {error}"
            ) from error
        if values.ndim not in (1, 2):
            raise UnsupportedModelError(f"{self.name} returns {values.ndim}-dimensional decision values")
        values = values[:, None] if values.ndim == 1 else values
        if self.labels is not None and len(self.labels) == values.shape[1] == 2:
            values = values[:, 1:] - values[:, :1]
        return values


def quantities(model: Any) -> list[Quantity]:
    """What the model may be compiled from, the most natural first. UnsupportedModelError if it offers nothing."""
    name, last = name_of(model), steps_of(model)[-1][1]
    classes = plain_labels(getattr(model, "classes_", None))
    found = []
    for method in ("decision_function", "predict_joint_log_proba"):
        if hasattr(last, method):
            found.append(Quantity(_behind(model, method), classes, name))
    if hasattr(last, "_estimate_weighted_log_prob") and hasattr(last, "means_"):
        found.append(Quantity(_before_last(model, _weighted_log_density(last)), _counted(last.means_), name))
    centres = getattr(last, "cluster_centers_", getattr(last, "centroids_", None))
    if centres is not None and np.ndim(centres) == 2:
        labels = classes if classes is not None else _counted(centres)
        found.append(Quantity(_before_last(model, _nearness(np.asarray(centres))), labels, name))
    return found or [_plain_quantity(model, last, name)]


def _plain_quantity(model: Any, last: Any, name: str) -> Quantity:
    if hasattr(last, "predict_proba"):
        raise UnsupportedModelError(f"{name} has probabilities but no decision_function; a probability is not affine")
    for method in ("predict", "mahalanobis", "score_samples"):
        if hasattr(last, method):
            return Quantity(_behind(model, method), None, name)
    if callable(model):
        return Quantity(model, None, name)
    raise UnsupportedModelError(f"{name} has neither decision_function nor predict")


def name_of(model: Any) -> str:
    """The class of the model; of the last step, for a pipeline."""
    steps = getattr(model, "steps", None)
    last = steps[-1][1] if isinstance(steps, list) and steps else model
    return getattr(last, "__name__", None) or type(last).__name__


def steps_of(model: Any) -> list[tuple[str, Any]]:
    """``(name, step)`` of a pipeline, also of the one a search has found; one step for any other model."""
    pipeline = getattr(model, "best_estimator_", model)
    steps = getattr(pipeline, "steps", None)
    return steps if isinstance(steps, list) and steps else [("", pipeline)]


def _behind(model: Any, method: str) -> Callable[[Any], Any]:
    """A method of the model, or of its last step behind the others."""
    if hasattr(model, method):
        return getattr(model, method)  # type: ignore[no-any-return]
    return _before_last(model, getattr(steps_of(model)[-1][1], method))


def _before_last(model: Any, method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``method`` of what the last step of a pipeline is given."""
    if len(steps_of(model)) == 1:
        return method
    prefix = getattr(model, "best_estimator_", model)[:-1]
    return lambda table: method(prefix.transform(table))


def _weighted_log_density(mixture: Any) -> Callable[[Any], AnyArray]:
    def values(table: Any) -> AnyArray:
        # unlike the public methods, this one wants an array
        return np.asarray(mixture._estimate_weighted_log_prob(np.asarray(table, dtype=np.float64)))

    return values


def _nearness(centres: AnyArray) -> Callable[[Any], AnyArray]:
    def values(table: Any) -> AnyArray:
        rows = np.asarray(table, dtype=np.float64)
        return np.stack([-((rows - centre) ** 2).sum(axis=1) for centre in centres], axis=1)

    return values


def plain_labels(labels: Any) -> Labels | None:
    """Labels as plain Python values; None as None."""
    if labels is None:
        return None
    return tuple(label.item() if isinstance(label, np.generic) else label for label in labels)


def _counted(rows: Any) -> Labels | None:
    """Components or clusters by number; None where there is only one, which is compared with nothing."""
    return tuple(range(len(rows))) if len(rows) > 1 else None
