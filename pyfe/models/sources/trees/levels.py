"""Levels of categories as a schema has them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["level"]


def level(value: Any) -> Any:
    """A level that a library keeps: text and booleans as they are, whole numbers as integers, NaN for an absent one."""
    plain = value.item() if isinstance(value, np.generic) else value
    return int(plain) if isinstance(plain, float) and plain.is_integer() else plain
