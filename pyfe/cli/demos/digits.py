"""Ten class scores of an encrypted image.

The digits of scikit-learn (Alpaydin, Kaynak 1998, from the UCI repository): 1,797 images of 8 x 8 pixels with 17
levels. A network of squares, 64 x 16 x 10, is trained on two thirds; the others are encrypted, and the cloud has one
key for all ten scores. With ``size=28`` the images are resized to 28 x 28 and the network is 784 x 40 x 10: the shape
that this takes on larger images.

Ten scores of 64 pixels are more forms than the default policy allows, and rightly so: they hold more bits than an
image. At 28 x 28 the forms are too many to be looked at, and what was not looked at is not issued. Hence an authority
that refuses nothing, whose reason stands in its key.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyfe import _core
from pyfe.arrays import FloatArray, IntArray
from pyfe.authority import Policy
from pyfe.cli.demos import stage
from pyfe.cli.training import train_squares
from pyfe.errors import ParameterError, PyfeError
from pyfe.forms import FactoredForms
from pyfe.function import Function
from pyfe.models import SquareNetwork
from pyfe.models import compile as compile_function
from pyfe.schema import Schema, number

__all__ = ["SIZES", "run", "schema"]


_SEED = 2026
_SIDE = 8
"""Height and width of scikit-learn's images."""

_LEVELS = 16
"""Their largest pixel."""

_RIGHT, _WRONG = 5, 3
"""Images in the picture that the network gets right, and wrong."""

_REASON = "a demo on public images"
_MORE_BITS = f"{_REASON}: ten class scores hold more bits than an image of 8 x 8 pixels"
_TOO_WIDE = f"{_REASON}: ten forms over 784 pixels are too wide to be looked at"


@dataclass(frozen=True)
class Size:
    """A network's shape and how it is trained, steps of a pixel, and how many images are encrypted (None: all)."""

    hidden: int
    epochs: int
    rate: float
    penalty: float
    steps: int
    images: int | None
    policy: Policy


SIZES = {
    8: Size(16, 40, 1e-2, 1e-3, _LEVELS, None, Policy.unrestricted(reason=_MORE_BITS)),
    28: Size(40, 12, 2e-3, 1e-3, 15, 64, Policy.unrestricted(reason=_TOO_WIDE)),
}
"""By height and width of the images in pixels."""


@dataclass(frozen=True)
class Study:
    """The network, its integers, and the images it has not seen: float64 ``[images, size^2]`` in 0..1, and labels."""

    network: SquareNetwork
    function: Function
    trained: int
    rows: FloatArray
    labels: IntArray
    training_seconds: float


def run(folder: Path, *, say: stage.Say, size: int = _SIDE, images: int | None = None) -> dict[str, Any]:
    """Play the story below ``folder``; returns the printed figures. About 10 s; at 28 x 28 half a minute.

    size: height and width of the images, one of :data:`SIZES`. images: how many of the held-out images are encrypted,
    the first ones; by default all at 8 x 8, and 64 at 28 x 28. ParameterError for another size.
    """
    start = time.perf_counter()
    if size not in SIZES:
        raise ParameterError(f"the digits are 8 or 28 pixels wide, not {size}")
    stage.require_packages({"scikit-learn": "sklearn"})
    study = _study(size)
    function, columns = study.function, schema(size)
    roles = stage.open_folders(folder, "digits")
    findings = stage.issue(
        roles,
        columns,
        {"function-key": function},
        scheme="qfe-ggm",
        bits=function.weight_bits,
        purpose="recognition of digits",
        policy=SIZES[size].policy,
    )
    rows = study.rows[: images or SIZES[size].images]
    table = {name: rows[:, i].tolist() for i, name in enumerate(columns.columns)}
    sent = stage.hospital_encrypts(roles, table, "images.csv")
    got = stage.cloud_evaluates(roles)
    _require_identical(function, rows, got.scores)
    result = {
        "size": size,
        "images": len(rows),
        "trained": study.trained,
        "held_out": len(study.rows),
        "units": SIZES[size].hidden,
        "training_seconds": study.training_seconds,
        "threads": _core.num_threads(),
        **_quality(study, got.scores),
        **stage.cost(sent, [got]),
        **stage.revealed(columns, [function], findings),
        "policy": got.policy,
        "picture": stage.draw(folder / "digits.png", (9, 3.2), lambda figure: _paint(figure, study, got.scores)),
    }
    result["seconds"] = time.perf_counter() - start
    _tell(result, say)
    return result


def schema(size: int) -> Schema:
    """One column a pixel, row by row, from 0 to 1: in 16 steps as the images have, or in 15 (four bits) at 28 x 28."""
    pixel = number(0, 1, step=1 / SIZES[size].steps)
    return Schema.from_ranges({f"p{row:02d}{column:02d}": pixel for row in range(size) for column in range(size)})


def _study(size: int) -> Study:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, labels = load_digits(return_X_y=True)
    rows = _resized(pixels / _LEVELS, size)
    train, test, y_train, y_test = train_test_split(rows, labels, test_size=1 / 3, random_state=_SEED, stratify=labels)
    chosen, start = SIZES[size], time.perf_counter()
    network = train_squares(
        train, y_train, hidden=chosen.hidden, epochs=chosen.epochs, rate=chosen.rate, penalty=chosen.penalty
    )
    seconds = time.perf_counter() - start
    name = f"squares {size * size} x {chosen.hidden} x 10"
    function = compile_function(network, schema(size), reference=train, name=name)
    return Study(network, function, len(train), test, np.asarray(y_test, dtype=np.int64), seconds)


def _resized(rows: FloatArray, size: int) -> FloatArray:
    """Images ``[images, 64]`` at another size, ``[images, size^2]``: bilinear between the centres of pixels."""
    if size == _SIDE:
        return rows
    place = np.clip((np.arange(size) + 0.5) * _SIDE / size - 0.5, 0, _SIDE - 1)
    weights = np.maximum(0.0, 1 - np.abs(place[:, None] - np.arange(_SIDE)))
    images = np.einsum("ri,bij,cj->brc", weights, rows.reshape(-1, _SIDE, _SIDE), weights, optimize=True)
    return np.asarray(images.reshape(len(rows), size * size))


def _require_identical(function: Function, rows: FloatArray, scores: IntArray) -> None:
    """Every encrypted score equals the function in the clear, and ``Q (U z)^2 + B`` of its integers in numpy."""
    assert function.schema is not None and isinstance(function.forms, FactoredForms)
    x = function.schema.encode(rows).x
    z = np.hstack([np.ones((len(x), 1), dtype=np.int64), x])
    plain = function.evaluate(rows), (z @ function.forms.U.T) ** 2 @ function.forms.Q.T + function.intercept
    if not all(np.array_equal(scores, values) for values in plain):
        raise PyfeError("an encrypted score differs from the network's integers evaluated in the clear")


def _quality(study: Study, scores: IntArray) -> dict[str, Any]:
    """Accuracies on the encrypted images and, in the clear, on all held-out ones; and the confusion matrix."""
    function, labels = study.function, study.labels[: len(scores)]
    ours = np.asarray(function.predict(scores))
    theirs = study.network.decision_function(study.rows).argmax(axis=1)
    integers = np.asarray(function.predict(function.evaluate(study.rows)))
    return {
        "accuracy_encrypted": float((ours == labels).mean()),
        "accuracy_float": float((theirs[: len(scores)] == labels).mean()),
        "accuracy_integers_held_out": float((integers == study.labels).mean()),
        "accuracy_float_held_out": float((theirs == study.labels).mean()),
        "same_class_as_integers": float((ours == integers[: len(scores)]).mean()),
        "same_class_as_float": float((ours == theirs[: len(scores)]).mean()),
        "confusion": _confusion(labels, ours).tolist(),
    }


def _confusion(labels: IntArray, ours: IntArray) -> IntArray:
    """Counts ``[10, 10]``: digit by class."""
    counts = np.zeros((10, 10), dtype=np.int64)
    np.add.at(counts, (labels, ours), 1)
    return counts


def _tell(result: Mapping[str, Any], say: stage.Say) -> None:
    size, (width, *_) = result["size"], result["width_bits"].values()
    say(f"Digits of {size} x {size} pixels: a network of {result['units']} squares, ten scores an encrypted image")
    lines = {
        "images": f"{result['images']} of {result['held_out']} held out; the network saw {result['trained']} others "
        f"(trained in {result['training_seconds']:.1f} s)",
        "accuracy, float model": f"{100 * result['accuracy_float']:.1f} % "
        f"(all held out: {100 * result['accuracy_float_held_out']:.1f} %)",
        "accuracy, encrypted": f"{100 * result['accuracy_encrypted']:.1f} % "
        f"(all held out, integers in the clear: {100 * result['accuracy_integers_held_out']:.1f} %)",
        "same class": f"{100 * result['same_class_as_integers']:.1f} % as the integers in the clear, "
        f"{100 * result['same_class_as_float']:.1f} % as the float model",
        "integer scores": "every one identical to the function in the clear and to Q (U z)^2 + B in numpy",
        **stage.cost_lines(result, "digit"),
        "threads": str(result["threads"]),
        "results": f"2^{width:.1f} values to search",
        **stage.closing_lines(result, "digit"),
    }
    stage.say_table(lines, say)


def _paint(figure: Any, study: Study, scores: IntArray) -> None:
    """Left: images above their ten encrypted scores, right ones and wrong ones. Right: the confusion matrix."""
    labels, ours = study.labels[: len(scores)], np.asarray(study.function.predict(scores))
    images, matrix = figure.subfigures(1, 2, width_ratios=[1.7, 1])
    shown = [*np.flatnonzero(ours == labels)[:_RIGHT], *np.flatnonzero(ours != labels)[:_WRONG]]
    values = study.function.decision_function(scores)
    top, bottom = images.subplots(2, len(shown), sharey="row", height_ratios=[1, 2.4])
    side = round(study.rows.shape[1] ** 0.5)
    for above, below, i in zip(top, bottom, shown, strict=True):
        above.imshow(study.rows[i].reshape(side, side), cmap="gray_r", vmin=0, vmax=1)
        above.set_title(f"{labels[i]}: {ours[i]}", color="black" if ours[i] == labels[i] else "#b3403a")
        above.set_axis_off()
        below.barh(range(10), values[i], color=["#3a6ea5" if c == ours[i] else "0.75" for c in range(10)])
        below.set_yticks(range(10))
        below.set_xticks([])
    bottom[0].invert_yaxis()
    images.suptitle("digit: class, and the ten scores that the cloud decrypts", fontsize=9)
    axes, counts = matrix.subplots(), _confusion(labels, ours)
    axes.imshow(np.sqrt(counts), cmap="Blues")
    for digit, found in np.argwhere(counts):
        colour = "white" if digit == found else "0.3"
        axes.text(found, digit, counts[digit, found], ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(10))
    axes.set_yticks(range(10))
    axes.set_xlabel("class, from encrypted scores")
    axes.set_ylabel("digit")
