"""Fitted results of statsmodels: their columns, constant and offset, linear predictor, and the link to their mean."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import is_result, name_of
from pyfe.models.sources.tables import Intake, Seen
from pyfe.models.sources.targets import exponential_of
from pyfe.models.sources.wanted import USUAL, Wanted
from pyfe.schema.cells import same_name, shown

__all__ = ["intake_of_result", "of_result"]

_WORD = re.compile(r"[^\W\d]\w*")
_WHOLE = re.compile(r"(0|-?[1-9][0-9]{0,14})([.]0)?")


def intake_of_result(result: Any, schema_columns: tuple[str, ...]) -> Intake:
    """The columns that a result was fitted on, and its constant. UnsupportedModelError for an offset or exposure."""
    model = result.model
    if hasattr(model, "smoother"):
        raise UnsupportedModelError(
            f"{name_of(model)} is a sum of splines, which bend within the ranges; fit a GLM on the columns, on squares "
            "and products of them, or on columns cut into levels"
        )
    offset = _offset_of(model)
    own = () if offset is None else (offset[1],)
    seen = None if offset is None else _values_seen(model, *offset)
    for what in ("offset", "exposure"):
        stated = getattr(model, what, None)
        told = set(map(same_name, own)) <= set(map(same_name, schema_columns)) and own
        if isinstance(stated, np.ndarray) and np.any(stated) and not told:
            raise UnsupportedModelError(
                f"{name_of(model)} was fitted with {what}=, which its predictions for new rows leave out without a "
                f"word; fit a GLM with {what}= a named column of the table, and give the schema that column (of an "
                'exposure with transform="log"), or fit it without'
            )
    data, names = model.data, [str(name) for name in model.exog_names]
    # some models add parameters of their own: of inflation before the columns; alpha, thresholds behind them
    names = names[getattr(model, "k_inflate", 0) :]
    names = names[: np.shape(data.orig_exog)[1] if np.ndim(data.orig_exog) == 2 else 1]
    formula = getattr(model, "formula", None)
    if isinstance(formula, str):
        columns = _columns_of_formula(formula, data.frame, name_of(model))
        return Intake((*columns, *(name for name in own if name not in columns)), seen=seen)
    named = hasattr(data.orig_exog, "columns")
    place = getattr(data, "const_idx", None)
    if place is not None and named and same_name(names[place]) in map(same_name, schema_columns):
        place = None  # a column of the table that did not vary where the model was fitted
    constant = None if place is None else (int(place), float(np.asarray(data.orig_exog)[0, place]))
    others = tuple(name for position, name in enumerate(names) if position != place)
    constant_name = names[place] if place is not None else "const"
    return Intake((*others, *own) if named else None, len(others), constant, constant_name, seen)


def _columns_of_formula(formula: str, frame: Any, name: str) -> tuple[str, ...]:
    """The columns of the training table that the right side of a formula speaks of; predictions need no others."""
    if frame is None:
        raise UnsupportedModelError(f"{name} does not say which columns its formula was fitted on (data removed?)")
    right = formula.split("~", 1)[-1]
    words = set(_WORD.findall(right))
    quoted = {text for pair in re.findall(r"Q\(\s*(?:'([^']*)'|\"([^\"]*)\")\s*\)", right) for text in pair if text}
    return tuple(str(column) for column in frame.columns if str(column) in words | quoted)


def of_result(result: Any, wanted: Wanted = USUAL) -> DecisionFunction | None:
    """What a fitted result is compiled from: its linear predictor, with the link that its family or kind has; None for
    any other model. UnsupportedModelError for a link of GLM that is not in the table."""
    if not is_result(result):
        return None
    name, model = name_of(result), result.model
    if hasattr(model, "transform_threshold_params"):
        return _of_ordered(result, wanted, name)
    wanted.require_usual(name)
    if hasattr(model, "model_infl"):
        return exponential_of(name, result.predict)
    if "MNLogit" in _kinds(model):
        return _of_classes(result, name)
    if "pred_type" in inspect.signature(model.predict).parameters:
        return _of_hazard(result, name)
    link = _link_of(model, name)
    labels = (0, 1) if link in ("logit", "probit", "cloglog") else None
    offset = _offset_of(model)
    linear, mean = _with_offset(_linear_predictor(result), offset), _with_offset(result.predict, offset)
    return DecisionFunction(linear, labels, name, link, output=mean)


def _kinds(model: Any) -> set[str]:
    """Names of the classes of a model, its own and those it extends."""
    return {kind.__name__ for kind in type(model).__mro__}


_LINKS_OF_FAMILIES = {
    "Identity": "identity",
    "Log": "exp",
    "Logit": "logit",
    "Probit": "probit",
    "CLogLog": "cloglog",
    "InversePower": "inverse",
    "Sqrt": "square",
}
_LINKS_OF_KINDS = {"Logit": "logit", "Probit": "probit", "CountModel": "exp"}


def _link_of(model: Any, name: str) -> str:
    """Of a family its link function; of models that have none, what their kind says, and else none."""
    function = getattr(getattr(model, "family", None), "link", None)
    if function is None:
        return next((link for kind, link in _LINKS_OF_KINDS.items() if kind in _kinds(model)), "identity")
    kind = type(function).__name__
    power = getattr(function, "power", None) if kind == "Power" else None
    link = (
        {1: "identity", -1: "inverse", 0.5: "square"}.get(power) if power is not None else _LINKS_OF_FAMILIES.get(kind)
    )
    if link is None:
        raise UnsupportedModelError(
            f"the link {kind} of {name} is none of {', '.join(_LINKS_OF_FAMILIES)}; fit it with one of them, or "
            "compile its linear predictor, pyfe.Linear(dict(result.params.drop('const')), result.params['const']), and "
            "apply the inverse link to what is decrypted"
        )
    return link


def _linear_predictor(result: Any) -> Callable[..., Any]:
    """The values before the link; of models that have none, the prediction."""
    known = inspect.signature(result.model.predict).parameters
    if "which" in known:
        return partial(result.predict, which="linear")
    return partial(result.predict, linear=True) if "linear" in known else result.predict


def _of_classes(result: Any, name: str) -> DecisionFunction:
    """Log-odds of each class less their mean, which a softmax does not depend on."""
    names = getattr(result.model, "_ynames_map", {})
    labels = tuple(_label(names[i]) for i in sorted(names))

    def log_odds(table: Any) -> AnyArray:
        values = np.asarray(result.predict(table, which="linear"), dtype=np.float64)
        if values.shape[1] < len(labels):  # those of the first class are 0, and may be left out
            values = np.column_stack([np.zeros(len(values)), values])
        return values if len(labels) == 2 else values - values.mean(axis=1, keepdims=True)

    link = "logit" if len(labels) == 2 else "softmax"
    return DecisionFunction(log_odds, labels, name, link, output=result.predict)


def _of_hazard(result: Any, name: str) -> DecisionFunction:
    """The log hazard of a proportional hazards regression."""

    def answer(kind: str, table: Any) -> AnyArray:
        return np.asarray(result.predict(exog=table, pred_type=kind).predicted_values)

    return DecisionFunction(partial(answer, "lhr"), None, name, "exp", output=partial(answer, "hr"))


def _label(text: Any) -> str | int:
    """A class as it was: a whole number where the text is one as it is written, and no other text that reads as one."""
    return int(float(text)) if _WHOLE.fullmatch(str(text)) else str(text)


def _of_ordered(result: Any, wanted: Wanted, name: str) -> DecisionFunction:
    """One score for all levels: the probability of a level above one of them, or the score itself."""
    model, params = result.model, np.asarray(result.params)
    output = wanted.one_of(("above", "linear"), name, at=("above",))
    score = partial(result.predict, which="linpred")
    if output == "linear":
        return DecisionFunction(score, None, name, "identity")
    levels = list(getattr(model, "labels", range(model.k_levels)))
    link = {"norm": "probit", "logistic": "logit"}.get(getattr(model.distr, "name", ""))
    if link is None:
        raise UnsupportedModelError(
            f'the distribution of {name} is neither the normal nor the logistic one, and has no link; output="linear" '
            "compiles its score"
        )
    if wanted.at not in levels[:-1]:
        raise ParameterError(f"at= is one of the levels {', '.join(map(shown, levels[:-1]))}, not {shown(wanted.at)}")
    place = levels.index(wanted.at)
    cut = float(model.transform_threshold_params(params)[place + 1])
    return DecisionFunction(
        lambda table: np.asarray(score(table)) - cut,
        (0, 1),
        name,
        link,
        output=lambda table: 1.0 - np.asarray(result.predict(table, which="cumprob"))[:, place],
    )


# ---------------------------------------------------------------------------------------------------------------
# Offset and exposure


def _offset_of(model: Any) -> tuple[str, str] | None:
    """``("offset" or "exposure", its column)``, where one was given as a named column; None without one."""
    for what in ("offset", "exposure"):
        name = getattr(model, f"_{what}_name", None)
        if isinstance(name, str) and name != what:
            return what, name
    return None


def _values_seen(model: Any, what: str, name: str) -> Seen | None:
    """Which values an offset or exposure had that goes by the name of a column; None where they are that column's.

    A series keeps its name through ``np.log(table["years"])``, so the name says nothing of the values. A formula keeps
    its table, against which they are held: UnsupportedModelError where they are others. Of arrays only the values are
    left. UnsupportedModelError for an offset and an exposure at once, too: predictions would have one of them.
    """
    stated = {kind: getattr(model, kind, None) for kind in ("offset", "exposure")}
    if all(isinstance(values, np.ndarray) and np.any(values) for values in stated.values()):
        raise UnsupportedModelError(
            f"{name_of(model)} was fitted with an offset and an exposure at once; add the logarithm of the exposure to "
            "the offset, as one named column"
        )
    values = np.asarray(stated[what], dtype=np.float64)
    values = np.exp(values) if what == "exposure" else values  # it keeps the logarithm
    frame = getattr(model.data, "frame", None)
    if frame is None or name not in frame or len(frame) != len(values):
        return Seen(name, what, float(np.quantile(values, 0.05)), float(np.quantile(values, 0.95)))
    if np.allclose(values, np.asarray(frame[name], dtype=np.float64)):
        return None
    raise UnsupportedModelError(
        f"{name_of(model)} was fitted with {what}= a series that is called {name!r} and is not that column of its "
        "table (its logarithm keeps the name); fit it with exposure= the column itself, or give the logarithm a column "
        "of its own"
    )


def _with_offset(predict: Callable[..., Any], offset: tuple[str, str] | None) -> Callable[[Any], Any]:
    """``predict`` of a table that holds the offset or exposure, too; it leaves either out where it is not told."""
    if offset is None:
        return predict
    what, name = offset

    def values(table: Any) -> Any:
        return predict(table.drop(columns=[name]), **{what: table[name].to_numpy(dtype=float)})

    return values
