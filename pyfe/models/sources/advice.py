"""What would work instead of a model, or of a step of one, that no link of a function of degree two is."""

from __future__ import annotations

from typing import Any

from pyfe.models.sources.modules import is_module

__all__ = ["instead_of", "next_step"]

_KERNEL = 'take the kernel "linear", or "poly" with degree=2'
_STRAIGHT = "take StandardScaler, and a column with transform= log or sqrt in the schema where a column is skewed"
_CUTS = "give the schema the cuts as columns of their own (pyfe.thresholds), and fit the model on these bits"
_ONE_AGAINST_THE_REST = "put the classifier in a OneVsRestClassifier, which has one decision value a class"
_STACKING = 'take StackingClassifier(..., stack_method="decision_function"), whose score is a sum of theirs'
_TREES = "fit trees with max_depth=2 on raw columns, and take pyfe.schema_for_trees(model)"

_MODULE = (
    "take linear layers around one layer that squares (pyfe.SquareNetwork.from_torch), or linear layers alone; at the "
    "end may be a sigmoid, softmax or exponential of what the last layer gives"
)

_INSTEAD = {
    "KNeighborsClassifier": "fit LogisticRegression, or quadratic discriminant analysis",
    "RadiusNeighborsClassifier": "fit LogisticRegression, or quadratic discriminant analysis",
    "KNeighborsRegressor": "fit Ridge, behind PolynomialFeatures(2) where the answer is curved",
    "RadiusNeighborsRegressor": "fit Ridge, behind PolynomialFeatures(2) where the answer is curved",
    "MLPRegressor": 'take activation="identity", or one hidden layer of squares: pyfe.SquareNetwork',
    "MLPClassifier": "take one hidden layer of squares, pyfe.SquareNetwork, or LogisticRegression",
    "GaussianProcessRegressor": "take the kernel DotProduct(), or its square",
    "GaussianProcessClassifier": "fit LogisticRegression, behind PolynomialFeatures(2) where the answer is curved",
    "OneVsOneClassifier": _ONE_AGAINST_THE_REST,
    "OutputCodeClassifier": _ONE_AGAINST_THE_REST,
    "VotingClassifier": _STACKING,
    "StackingClassifier": 'fit it with stack_method="decision_function"; probabilities in the middle bend',
    "MinMaxScaler": "clip=True bends the ends of the range; leave it out, the schema clips at its own range",
    "QuantileTransformer": _STRAIGHT,
    "PowerTransformer": _STRAIGHT,
    "SplineTransformer": "take PolynomialFeatures(2), or cuts as columns of their own (pyfe.thresholds)",
    "KBinsDiscretizer": _CUTS,
    "Binarizer": _CUTS,
    "PolynomialFeatures": "take degree=2",
    "IsolationForest": "take EllipticEnvelope, or SGDOneClassSVM",
    "LocalOutlierFactor": "take EllipticEnvelope, or SGDOneClassSVM",
    "AdaBoostRegressor": "it takes the median of its trees; take GradientBoostingRegressor(max_depth=2)",
    "GeneralizedGammaRegressionFitter": "fit WeibullAFTFitter, LogNormalAFTFitter or LogLogisticAFTFitter",
}
"""By the name of the class, which is all that advice needs: whether a model is taken is never decided by it."""

_BY_PARAMETER = (("estimators_", _TREES), ("kernel", _KERNEL))
_ANYTHING = (
    "fit one of degree two (behind PolynomialFeatures(2)), state a score of its coefficients as a pyfe.Linear, or take "
    "an encrypted computation outside this library"
)


def next_step(step: Any) -> str:
    """What would work instead of a model or step."""
    return instead_of(step) or _ANYTHING


def instead_of(step: Any) -> str | None:
    """What would work instead of a model or step of a kind that is known; None for any other."""
    if is_module(step):
        return _MODULE
    kind = type(step).__name__
    if kind in _INSTEAD:
        return _INSTEAD[kind]
    formula = getattr(getattr(step, "model", None), "formula", getattr(step, "formula", None))
    if isinstance(formula, str):
        return "write the formula with levels, squares and products alone; a column with transform= takes its logarithm"
    if getattr(step, "decision_function_shape", None) is not None and len(getattr(step, "classes_", ())) > 2:
        return f"{_ONE_AGAINST_THE_REST}, with {_KERNEL[5:]}"
    return next((advice for name, advice in _BY_PARAMETER if hasattr(step, name)), None)
