"""The exact integer function that a key is issued for: its map, and how the integers that come out are read.

==============================  =======================================================================
:mod:`~.integer_map`            the weights: what a key decrypts to, linear or quadratic, in integers
:mod:`~.readout`                interval, scale, intercept, link and classes: from that integer to the
                                model's own output
:mod:`~.recalibrated`           the same results on another scale, which needs no key
:mod:`~.link`                   the table of links: from decision values to what the model says
:mod:`~.function`               :class:`Function`: both, under one schema
:mod:`~.accuracy`, :mod:`~.report`  what rounding kept of the model
:mod:`~.ranking`                AUC and C, ties counted
==============================  =======================================================================

It knows no estimator, no key, no scheme and no price.
"""

from __future__ import annotations

from pyfe.function.function import Function
from pyfe.function.integer_map import IntegerMap, LinearMap, QuadraticMap, exact_interval, map_from_dict
from pyfe.function.link import (
    LINKS,
    index_of_largest,
    link_named,
    link_values,
    margin_of_largest,
    probabilities,
    require_link,
)
from pyfe.function.readout import Label, Readout, floats, label_array, labels_of
from pyfe.function.recalibrated import Recalibrated
from pyfe.function.report import FunctionReport

__all__ = [
    "LINKS",
    "Function",
    "FunctionReport",
    "IntegerMap",
    "Label",
    "LinearMap",
    "QuadraticMap",
    "Readout",
    "Recalibrated",
    "exact_interval",
    "floats",
    "index_of_largest",
    "label_array",
    "labels_of",
    "link_named",
    "link_values",
    "map_from_dict",
    "margin_of_largest",
    "probabilities",
    "require_link",
]
