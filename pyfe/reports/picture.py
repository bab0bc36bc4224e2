"""A picture of what a key says of every column; matplotlib is loaded when one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyfe.errors import ParameterError
from pyfe.leakage import Narrowing
from pyfe.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["drawn"]

_MOST = 40
"""Columns of a picture, those of which the answers say most."""

_KNOWN, _TENTH, _ANSWER, _ISSUED = "#9aa0a6", "#c8d6e5", "#1f5f8b", "#b3541e"


def drawn(alone: Narrowing, together: Narrowing | None, title: str) -> Figure:
    """For each column how often its value is guessed: without any answer, by the tenth of the score, by the answer, and
    with all keys issued before. ParameterError without matplotlib, or where nothing was counted."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ParameterError("a picture needs the package matplotlib (pip install 'pyfe-crypto[demo]')") from error
    shown = (together or alone).worst()[:_MOST]
    if not shown:
        raise ParameterError(f"there is nothing to draw: {(together or alone).uncounted}")
    by_name = {column.name: column for column in alone.columns}
    own = [by_name[column.name] for column in shown]
    figure = Figure(figsize=(7.0, 1.9 + 0.28 * len(shown)), layout="constrained")
    axes, places = figure.subplots(), np.arange(len(shown))
    if together is not None:
        axes.barh(places, [c.guessed for c in shown], height=0.72, color=_ISSUED, label="with all keys issued before")
    axes.barh(places, [c.guessed for c in own], height=0.72, color=_ANSWER, label="by this key's answer")
    axes.barh(places, [c.by_tenth for c in own], height=0.72, color=_TENTH, label="by the tenth of its score")
    axes.vlines([c.known for c in own], places - 0.36, places + 0.36, color=_KNOWN, label="without any answer")
    axes.set_yticks(places, [printable(c.name) + (" *" if c.protected else "") for c in shown], parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the patients whose value (one of at most 8 classes) is guessed")
    axes.set_title(title, fontsize=10, loc="left", parse_math=False)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return figure
