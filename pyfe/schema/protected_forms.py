"""Protected forms of a schema, named integer combinations of coordinates, where the coordinates change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

__all__ = ["in_wider_steps"]


def in_wider_steps(form: Mapping[str, int], steps: Mapping[str, int], fewer: Mapping[str, int]) -> dict[str, int]:
    """The least integer weights of a form's direction where coordinates have ``fewer`` equal steps than ``steps``."""
    parts = {name: Fraction(weight * steps[name], fewer[name]) for name, weight in form.items()}
    common = math.lcm(*(part.denominator for part in parts.values()))
    shared = math.gcd(*(int(part * common) for part in parts.values()))
    return {name: int(part * common) // shared for name, part in parts.items()}
