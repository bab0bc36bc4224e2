"""A real function of any kind as integers of a stated step of its result, where an integer map has one."""

from __future__ import annotations

import math
from typing import TypeAlias

from pyfe.arrays import FloatArray, IntArray
from pyfe.models.real.affine import AffineMap
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.real.squares import RealSquares
from pyfe.models.rounding.affine import Rounded, round_at_step
from pyfe.models.rounding.degree_two import RoundedQuadratic, round_quadratic_at_step
from pyfe.models.rounding.squares import RoundedSquares, fewest_square_bits
from pyfe.schema import Schema

__all__ = ["AnyRounded", "rounded_at_step"]

_MULTIPLIED_OUT = 128
"""Most coordinates of a network whose squares become products, 8,256 of them."""

AnyRounded: TypeAlias = Rounded | RoundedQuadratic | RoundedSquares


def rounded_at_step(
    real_map: AffineMap | RealQuadratic | RealSquares,
    schema: Schema,
    step: FloatArray,
    rows: IntArray,
    *,
    compared: bool,
    width_bits: int,
) -> AnyRounded:
    """The integers of a map at a step of the result ``[k]``, in the model's units, fitted on ``rows [m, n]``.

    A network of few coordinates is multiplied out. Another one keeps its hidden layer, and has no step that all its
    results share: it gets the narrowest one whose root mean square error on the rows is that of rounding to the step,
    ``step / sqrt(12)``.
    """
    if isinstance(real_map, RealSquares) and schema.n <= _MULTIPLIED_OUT:
        real_map = real_map.multiplied_out()
    if isinstance(real_map, AffineMap):
        return round_at_step(real_map, schema, step, rows, compared=compared)
    if isinstance(real_map, RealQuadratic):
        return round_quadratic_at_step(real_map, schema, step, rows, compared=compared)
    return fewest_square_bits(real_map, schema, rows, step / math.sqrt(12), width_bits, compared=compared)
