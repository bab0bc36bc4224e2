"""The kinds of column by name: what plain types are read with. A new kind is one class, and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyfe.schema.cells import shown
from pyfe.schema.columns.base import Column
from pyfe.schema.columns.category import Category
from pyfe.schema.columns.constant import Constant
from pyfe.schema.columns.noise import Noise
from pyfe.schema.columns.number import Number
from pyfe.schema.columns.optional import Optional
from pyfe.schema.columns.thresholds import Thresholds

__all__ = ["KINDS", "column_from_dict"]

KINDS: dict[str, type[Column]] = {kind.kind: kind for kind in (Number, Category, Thresholds, Constant, Noise)}
"""Every kind but :class:`Optional`, which is a mark on another one."""


def column_from_dict(entry: Mapping[str, Any]) -> Column:
    """The inverse of ``to_dict``; raises what reading plain types raises (Schema.from_dict names it)."""
    if "missing_bit" in entry:
        marks = {key: entry[key] for key in ("missing", "public", "protected")}
        rest = {key: value for key, value in entry.items() if key != "missing_bit"}
        inner = column_from_dict({**rest, "missing": None, "public": False, "protected": False})
        return Optional(column=inner, **marks)
    kind = KINDS.get(entry["kind"])
    if kind is None:
        raise ValueError(f"unknown kind of column {shown(entry['kind'])}")
    return kind.from_dict(entry)
