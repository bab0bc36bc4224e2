"""SquareNetwork: one hidden layer of squares, given by its weights; the network that is a quadratic function."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import DecodeError, ParameterError, UnsupportedModelError
from pyfe.function import LINKS, floats, labels_of, link_named, probabilities
from pyfe.models.real.squares import RealSquares
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import Labels
from pyfe.models.sources.raw_model import RawModel
from pyfe.models.sources.real_function import RealFunction
from pyfe.schema import Schema
from pyfe.schema.cells import shown
from pyfe.strict import json_object

__all__ = ["SquareNetwork"]

Affine: TypeAlias = tuple[FloatArray, FloatArray]
_ARRAYS = ("W1", "b1", "W2", "b2", "skip")
_FIELDS = {"format", "version", *_ARRAYS, "link", "classes", "name"}
_PROBES = np.array([[-3.0, -1.5, -1.0, -0.25, 0.0, 0.5, 1.0, 2.0, 5.0]])

_CLOSE = 1e-4
"""Relative difference that is taken for the rounding of a network in float32."""

_NEEDED = "a linear layer, a layer that squares, and a linear layer are needed, in this order"


@dataclass(frozen=True, init=False, eq=False)
class SquareNetwork:
    """``d = W2 (W1 v + b1)^2 + skip v + b2``, the square entry by entry; then a link. A model like any other.

    v has one value per coordinate of the schema, in the order of ``schema.coordinate_names``: the value of a number
    column (transformed, where the column has a transform), the bits of the others. The steps of the schema are folded
    into W1, so a network trained on pixels in 0..1 goes with any number of bits.

    Parameters
    ----------
    W1: ``[h, n]``. b1: ``[h]``. W2: ``[k, h]``, or ``[h]`` for one output. b2: ``[k]`` or one number. skip: ``[k, n]``,
        an optional linear part. Finite numbers. These names are the weights format: ``np.savez(path,
        **network.arrays())`` writes it, and ``SquareNetwork(**np.load(path))`` reads it.
    link: "identity", "logit" (one output), "softmax" or "ovr". ``classes``: labels, in the order of outputs; by
        default 0, 1, ... where there is a link.

    Raises ParameterError for shapes that do not fit, here or when it meets a schema.
    """

    W1: FloatArray
    b1: FloatArray
    W2: FloatArray
    b2: FloatArray
    skip: FloatArray | None
    link: str
    classes: Labels | None
    name: str

    def __init__(
        self,
        W1: Any,
        b1: Any,
        W2: Any,
        b2: Any = 0.0,
        *,
        skip: Any = None,
        link: str = "identity",
        classes: Sequence[str | int | float | bool] | None = None,
        name: str = "SquareNetwork",
    ) -> None:
        given: object = link
        if not isinstance(given, str) or link not in LINKS or link == "cox":
            raise ParameterError(f"the link of a network is one of {', '.join(LINKS)} but cox, not {shown(link)}")
        hidden, out = _numbers(W1, "W1", 2), np.atleast_2d(_numbers(W2, "W2", 1, 2))
        bias, constant = _numbers(b1, "b1", 1), _numbers(b2, "b2", 0, 1)
        shapes = f"W1 {hidden.shape}, b1 {bias.shape}, W2 {out.shape}, b2 {constant.shape}"
        if not len(hidden) == len(bias) == out.shape[1] or constant.shape not in ((), (len(out),)):
            raise ParameterError(f"the layers do not fit: {shapes}")
        linear = None if skip is None else np.atleast_2d(_numbers(skip, "skip", 1, 2))
        if linear is not None and linear.shape != (len(out), hidden.shape[1]):
            raise ParameterError(f"skip has shape {linear.shape}; the other layers {shapes}")
        if classes is None and link_named(link).classes == "needed":
            classes = range(max(2, len(out)))
        values = {
            "W1": hidden,
            "b1": bias,
            "W2": out,
            "b2": np.broadcast_to(constant, (len(out),)).copy(),
            "skip": linear,
            "link": link,
            "classes": None if classes is None else labels_of(classes),
            "name": str(name),
        }
        for field, value in values.items():
            object.__setattr__(self, field, value)

    def arrays(self) -> dict[str, FloatArray]:
        """The weights by name, as the constructor takes them; ``skip`` only where there is one."""
        return {name: getattr(self, name) for name in _ARRAYS if getattr(self, name) is not None}

    def decision_function(self, values: Any) -> FloatArray:
        """Decision values float64 ``[m, k]`` (``[m]`` for one output) of rows ``[m, n]`` of v."""
        v = floats(values, "the rows")
        if v.ndim != 2 or v.shape[1] != self.W1.shape[1]:
            raise ParameterError(f"the network takes rows of {self.W1.shape[1]} values, not shape {v.shape}")
        decision = (v @ self.W1.T + self.b1) ** 2 @ self.W2.T + self.b2
        decision = decision if self.skip is None else decision + v @ self.skip.T
        return np.asarray(decision[:, 0] if len(self.W2) == 1 else decision)

    def real_function(self, schema: Schema) -> RealFunction:
        """This model on the coordinates of a schema."""
        if self.W1.shape[1] != schema.n:
            raise ParameterError(f"the schema has {schema.n} coordinates, the network {self.W1.shape[1]} inputs")
        pairs = [column.affine() for column in schema.columns.values()]
        offset, step = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        skip = np.zeros((len(self.W2), schema.n)) if self.skip is None else self.skip
        with np.errstate(over="ignore", invalid="ignore"):  # compile refuses what is not finite
            units = np.column_stack([self.W1 @ offset + self.b1, self.W1 * step])
            linear = np.column_stack([skip @ offset + self.b2, skip * step])
            real_map = RealSquares.exact(units, self.W2, linear, schema)

        def values(columns: Mapping[str, AnyArray]) -> FloatArray:
            return np.asarray(schema.encode_real(columns) * step + offset)

        raw = RawModel(DecisionFunction(self.decision_function, None, self.name), values, schema)
        return RealFunction(real_map, self.link, self.classes, None, self.name, raw)

    # -- from and to other forms --

    @classmethod
    def from_torch(
        cls, module: Any, *, classes: Sequence[str | int | float | bool] | None = None, name: str = "SquareNetwork"
    ) -> SquareNetwork:
        """The network in a ``torch.nn.Sequential`` of linear layers around one activation that squares.

        Layers without weights are recognised by what they do to a few values, not by their names: one must square;
        those that change nothing (Flatten, Dropout after ``eval()``) are passed over; a final sigmoid or softmax
        becomes the link. Linear layers in a row are multiplied out. The result is checked against the module on
        random rows. Raises UnsupportedModelError naming the first layer that does not fit. ``classes`` without a
        final sigmoid or softmax: the outputs are compared, and have no probabilities.
        """
        layers = list(_leaves(module))
        weights = next((layer.weight for layer in layers if _is_linear(layer)), None)
        if weights is None:
            raise UnsupportedModelError(_NEEDED)
        link = _final_link(layers[-1], weights)
        before, after = _around_the_square(layers[:-1] if link else layers, weights)
        network = cls(*before, *after, link=link or "identity", classes=classes, name=name)
        _check_against(module, network, weights)
        return network

    def to_json(self) -> str:
        """JSON of the weights as nested lists; floats are written so that they read back exactly."""
        data = {
            "format": "pyfe-square-network",
            "version": 1,
            "name": self.name,
            **{name: array.tolist() for name, array in self.arrays().items()},
            "link": self.link,
            "classes": None if self.classes is None else list(self.classes),
        }
        return json.dumps(data, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> SquareNetwork:
        """The inverse of :meth:`to_json`; ``W1``, ``b1`` and ``W2`` are required. DecodeError names what is wrong."""
        data = json_object(text)
        if not isinstance(data, dict) or not {"W1", "b1", "W2"} <= set(data):
            raise DecodeError('a network is a JSON object with at least "W1", "b1" and "W2"')
        if data.get("format", "pyfe-square-network") != "pyfe-square-network" or data.get("version", 1) != 1:
            raise DecodeError("not a pyfe-square-network file of version 1")
        unknown = sorted(set(data) - _FIELDS)
        if unknown:
            raise DecodeError(f"unknown field {unknown[0]!r} in a network")
        try:
            return cls(**{key: value for key, value in data.items() if key not in ("format", "version")})
        except (ParameterError, TypeError) as error:
            raise DecodeError(f"not a network: {error}") from error


def _numbers(values: Any, what: str, *dimensions: int) -> FloatArray:
    array = floats(values, what).copy()
    if array.ndim not in dimensions or 0 in array.shape:
        wanted = " or ".join(map(str, dimensions))
        raise ParameterError(f"{what} has {wanted} dimensions, none of them 0, not shape {array.shape}")
    if not np.isfinite(array).all():
        raise ParameterError(f"{what} must be finite")
    return array


def _leaves(module: Any) -> Iterator[Any]:
    """The layers of a sequence, nested ones in order."""
    if not hasattr(module, "children"):
        raise UnsupportedModelError(f"{type(module).__name__} is no torch module")
    inner = list(module.children())
    if not inner:
        yield module
    for child in inner:
        yield from _leaves(child)


def _is_linear(layer: Any) -> bool:
    return hasattr(layer, "in_features") and hasattr(layer, "out_features") and hasattr(layer, "weight")


def _array(tensor: Any) -> FloatArray:
    return np.asarray(tensor.detach().cpu().double().numpy(), dtype=np.float64)


def _answer(layer: Any, values: FloatArray, weights: Any) -> FloatArray | None:
    """What a layer makes of rows of values, in the type and on the device of some weights; None where it does not
    take them."""
    try:
        return _array(layer(weights.new_tensor(values.tolist())))
    except (RuntimeError, TypeError, ValueError, IndexError):
        return None


def _does(layer: Any, expected: FloatArray, weights: Any) -> bool:
    found = _answer(layer, _PROBES, weights)
    return found is not None and found.shape == expected.shape and bool(np.allclose(found, expected, rtol=1e-6))


def _final_link(layer: Any, weights: Any) -> str | None:
    """Which link a last layer computes, or None."""
    if _is_linear(layer):
        return None
    if _does(layer, probabilities("softmax", _PROBES), weights):
        return "softmax"
    return "logit" if _does(layer, probabilities("logit", _PROBES.T)[:, 1][None, :], weights) else None


def _around_the_square(layers: list[Any], weights: Any) -> tuple[Affine, Affine]:
    """``(W, b)`` of the linear layers before the square, and of those after it."""
    before: Affine | None = None
    current: Affine | None = None
    for index, layer in enumerate(layers):
        where = f"layer {index} ({type(layer).__name__})"
        if _is_linear(layer):
            current = _then(current, layer)
        elif _does(layer, _PROBES**2, weights):
            if before is not None or current is None:
                raise UnsupportedModelError(f"{where} squares, but one square after a linear layer is what is needed")
            before, current = current, None
        elif not _does(layer, _PROBES, weights):
            raise UnsupportedModelError(
                f"{where} neither squares nor leaves its input as it is (a network in training is made ready by "
                "eval()); only one hidden layer of squares is a quadratic function"
            )
    if before is None or current is None:
        raise UnsupportedModelError(
            "a linear layer, a layer that squares, and a linear layer are needed, in this order"
        )
    return before, current


def _then(current: Affine | None, layer: Any) -> Affine:
    W = _array(layer.weight)
    b = np.zeros(len(W)) if getattr(layer, "bias", None) is None else _array(layer.bias)
    return (W, b) if current is None else (W @ current[0], W @ current[1] + b)


def _check_against(module: Any, network: SquareNetwork, weights: Any) -> None:
    rows = np.random.default_rng(20).uniform(-1, 1, size=(64, network.W1.shape[1]))
    theirs, ours = _answer(module, rows, weights), network.decision_function(rows)
    if network.link != "identity":
        ours = probabilities(network.link, ours if ours.ndim > 1 else ours[:, None])
        ours = ours[:, 1] if network.link == "logit" else ours
    if theirs is None or theirs.size != ours.size:
        raise UnsupportedModelError(f"the module does not take rows of {rows.shape[1]} values")
    difference = float(np.abs(theirs.reshape(ours.shape) - ours).max())
    if not difference <= _CLOSE * float(np.abs(ours).max()):
        raise UnsupportedModelError(
            f"the module is more than its layers in a row: it differs from them by {difference:.3g} on random rows"
        )
