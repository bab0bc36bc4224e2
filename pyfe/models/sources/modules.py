"""Modules of torch, which is not imported: a copy in float64 and in ``eval()`` is asked, by the methods of modules.

A module has no columns, so rows reach it by position. What it ends in is found by what it does: where its answer is a
link of what its last layer was given, or gave, that is the decision value. So ``torch.nn.Sigmoid()`` at the end and
``torch.sigmoid`` in ``forward`` are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np

from pyfe.arrays import FloatArray
from pyfe.errors import UnsupportedModelError
from pyfe.function import link_values, probabilities
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import name_of

__all__ = ["inputs_of", "is_module", "of_module"]

_PROBES = 64
_SAME = 1e-9
"""Largest difference of two ways to the same answer in float64."""

_COARSE = 1e-4
"""Largest rounding of a module in its own type that is taken, relative to the spread of its answers."""


def is_module(model: Any) -> bool:
    """Whether a model is a module of torch, by the class that it extends."""
    return any(
        kind.__name__ == "Module" and kind.__module__ == "torch.nn.modules.module" for kind in type(model).__mro__
    )


def inputs_of(module: Any) -> int | None:
    """How many columns the first layer that says so takes; None where none does."""
    for layer in _leaves(module):
        for name in ("in_features", "num_features"):
            count = getattr(layer, name, None)
            if isinstance(count, int):
                return count
    return None


def of_module(model: Any) -> DecisionFunction | None:
    """What a module is compiled from, None for any other model. UnsupportedModelError where it has no numbers of its
    own, does not take rows of doubles, or loses what it says to its own type."""
    if not is_module(model):
        return None
    asking = _Asking(model)
    remarks = (("module", "asked in eval(), as a copy"),) if bool(getattr(model, "training", False)) else ()
    found = None if asking.rows is None else asking.link()
    if found is None:
        return DecisionFunction(asking.output, None, asking.name, "identity", remarks=remarks)
    link, decision, answer = found
    classes = _CLASSES[link](asking.outputs) if link in _CLASSES else None
    return DecisionFunction(decision, classes, asking.name, link, output=answer, remarks=remarks)


_CLASSES: dict[str, Callable[[int], tuple[int, ...]]] = {
    "logit": lambda _: (0, 1),
    "softmax": lambda outputs: tuple(range(outputs)),
}


class _Asking:
    """A copy of a module in float64, and what its last layer is given and gives."""

    def __init__(self, module: Any) -> None:
        self.name = name_of(module)
        weights = _numbers_of(module)
        if weights is None:
            raise UnsupportedModelError(f"{self.name} has no weights; compile what it computes with pyfe.from_callable")
        own = deepcopy(module).cpu().eval()
        self._copy = deepcopy(own).double()
        self._type = _numbers_of(self._copy)
        count = inputs_of(module)
        self.rows = None if count is None else np.random.default_rng(20).normal(size=(_PROBES, count))
        self.outputs = 0
        if self.rows is not None and np.shape(self.output(self.rows))[:1] == (_PROBES,):
            self._require_fine(own, weights.cpu(), self.rows)

    def output(self, rows: Any) -> FloatArray:
        """The module's own answer ``[m, k]``."""
        return _array(self._copy(self._tensor(rows)))

    def link(self) -> tuple[str, Callable[[Any], FloatArray], Callable[[Any], FloatArray]] | None:
        """The link at the end, the values before it, and the answer behind it; None where the answer is no link of what
        the last layer was given or gave."""
        assert self.rows is not None
        answer = self.output(self.rows)
        for place in (0, 1):
            values = self.last(self.rows)[place]
            if values is None or values.shape != answer.shape:
                continue
            self.outputs = values.shape[1]
            for link, made, own in _LINKS:
                if link == "softmax" and self.outputs == 1:
                    continue
                if np.abs(made(values) - answer).max() <= _SAME * max(1.0, np.abs(answer).max()):
                    link = "logit_each" if link == "logit" and self.outputs > 1 else link
                    return link, self._part(place), partial(self._behind, own)
        return None

    def last(self, rows: Any) -> list[FloatArray | None]:
        """What the last layer that is called is given, and what it gives; None for what is no row of numbers."""
        seen: list[Any] = []
        hooks = [
            layer.register_forward_hook(lambda _, given, gives: seen.append((given[0], gives)))
            for layer in _leaves(self._copy)
        ]
        try:
            self._copy(self._tensor(rows))
        finally:
            for hook in hooks:
                hook.remove()
        return [_rows_or_none(part, len(rows)) for part in (seen[-1] if seen else (None, None))]

    def _behind(self, own: Callable[[FloatArray], FloatArray], rows: Any) -> FloatArray:
        return own(self.output(rows))

    def _part(self, place: int) -> Callable[[Any], FloatArray]:
        def values(rows: Any) -> FloatArray:
            found = self.last(rows)[place]
            if found is None:
                raise UnsupportedModelError(f"{self.name} calls its layers otherwise from one row to the next")
            return found

        return values

    def _tensor(self, rows: Any) -> Any:
        return self._type.new_tensor(np.ascontiguousarray(rows, dtype=np.float64))

    def _require_fine(self, own: Any, weights: Any, rows: FloatArray) -> None:
        ours = self.output(rows)
        theirs = _array(own(weights.new_tensor(rows)))
        off, spread = float(np.abs(ours - theirs).max()), float(np.ptp(ours, axis=0).max())
        if off > _COARSE * spread:
            raise UnsupportedModelError(
                f"{self.name} rounds its answers to its own type: off by {off:.3g} where they spread over {spread:.3g}"
                "; train it with a target near zero, or hand over module.double()"
            )


def _logistic_of_each(values: FloatArray) -> FloatArray:
    return np.column_stack([probabilities("logit", one[:, None])[:, 1] for one in values.T])


def _log_of_softmax(values: FloatArray) -> FloatArray:
    largest = values.max(axis=1, keepdims=True)
    return np.asarray(values - largest - np.log(np.exp(values - largest).sum(axis=1, keepdims=True)))


def _as_it_is(answer: FloatArray) -> FloatArray:
    return answer


_LINKS: tuple[tuple[str, Callable[[FloatArray], FloatArray], Callable[[FloatArray], FloatArray]], ...] = (
    ("logit", _logistic_of_each, _as_it_is),
    ("softmax", lambda values: probabilities("softmax", values), _as_it_is),
    ("softmax", _log_of_softmax, np.exp),
    ("exp", lambda values: link_values("exp", values), _as_it_is),
)
"""A link, the answer that it makes of the values before it, and what is compared of that answer."""


def _leaves(module: Any) -> Iterator[Any]:
    """The layers without layers of their own, in order."""
    return (layer for layer in module.modules() if not list(layer.children()))


def _numbers_of(module: Any) -> Any:
    """One of the tensors of floats that a module holds; None where it has none."""
    held = (tensor for tensors in (module.parameters(), module.buffers()) for tensor in tensors)
    return next((tensor.detach() for tensor in held if tensor.is_floating_point()), None)


def _array(answer: Any) -> FloatArray:
    values = np.asarray(answer.detach().cpu().double().numpy(), dtype=np.float64)
    return values[:, None] if values.ndim == 1 else values


def _rows_or_none(part: Any, rows: int) -> FloatArray | None:
    if not hasattr(part, "detach") or part.ndim not in (1, 2) or len(part) != rows:
        return None
    return _array(part)
