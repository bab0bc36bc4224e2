"""What a schema says, a column a row: of itself, of a table that it shall encode, and beside another schema."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.schema.cells import missing_mask
from pyfe.schema.columns import Column
from pyfe.schema.written import flow

__all__ = ["Cells", "ColumnFacts", "Difference", "described", "differences"]

_PIECE = 2**20
"""Coordinates that are made at once, and forgotten, where cells are counted."""


@dataclass(frozen=True)
class Cells:
    """How the cells of a table's column fit: ``rows``; how many are ``missing``; how many lie beyond the range, and
    would be ``clipped``; how many no encoding takes, by reason (``refused``)."""

    rows: int
    missing: int
    clipped: int
    refused: Mapping[str, int]

    @property
    def clipped_share(self) -> float:
        """Clipped cells in those that are not missing; 0 where all are."""
        return self.clipped / max(1, self.rows - self.missing)


@dataclass(frozen=True)
class ColumnFacts:
    """A column in plain words.

    Attributes
    ----------
    name, kind, values: what it is called, its kind, the values that it takes ("0 to 120", "f, m").
    scale: of equal steps: "identity", "log" or "sqrt"; None for other kinds.
    levels, bits: how many different codes it has, and log2 of that; coordinates: how many it takes.
    absent: "refused", "bit", or the value that an absent entry counts as.
    public, protected: its marks.
    words: all of it in plain types, as a file of YAML says it.
    cells: how a table fits; None where none was given, or the column is in no table.
    """

    name: str
    kind: str
    values: str
    scale: str | None
    levels: int
    coordinates: int
    absent: str
    public: bool
    protected: bool
    words: Mapping[str, Any]
    cells: Cells | None = None

    @property
    def bits(self) -> float:
        """log2 of the number of codes."""
        return math.log2(self.levels)

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        facts = {**vars(self), "words": dict(self.words), "bits": self.bits}
        del facts["cells"]
        if self.cells is None:
            return facts
        counts = {**vars(self.cells), "refused": dict(self.cells.refused)}
        return {**facts, **counts, "clipped_share": self.cells.clipped_share}


def described(columns: Mapping[str, Column], table: Mapping[str, AnyArray] | None) -> list[ColumnFacts]:
    """The facts of columns, and of a table of raw ones. Cost: that of encoding it, without its memory."""
    found = []
    for name, column in columns.items():
        words, scale = column.to_words(), column.scale()
        absent = "bit" if "missing_bit" in words else "refused" if column.missing is None else str(column.missing)
        found.append(
            ColumnFacts(
                name=name,
                kind=words["kind"],
                values=column.range_text,
                scale=None if scale is None else scale[0],
                levels=column.size,
                coordinates=column.width,
                absent=absent if column.in_table else "",
                public=column.public,
                protected=column.protected,
                words={word: list(value) if isinstance(value, tuple) else value for word, value in words.items()},
                cells=_cells(column, table[name]) if table is not None and name in table else None,
            )
        )
    return found


def _cells(column: Column, values: AnyArray) -> Cells:
    piece, missing, clipped = max(1, _PIECE // column.width), 0, 0
    refused: dict[str, int] = {}
    for start in range(0, len(values), piece):
        part = values[start : start + piece]
        present, code = ~missing_mask(part), column.encode(part)
        missing += int((~present).sum())
        clipped += int((code.beyond & present).sum())
        for reason, mask in code.refused.items():
            refused[reason] = refused.get(reason, 0) + int(np.sum(mask & present))
    return Cells(len(values), missing, clipped, {reason: count for reason, count in refused.items() if count})


# ---------------------------------------------------------------------------------------------------------------
# Two schemas


@dataclass(frozen=True)
class Difference:
    """What two schemas do not have in common. ``name``: the column or the protected form, "" for the whole schema;
    ``what``: the word of it, or what it is where one of them has none; both values as a file of YAML has them, None
    where nothing stands."""

    name: str
    what: str
    first: str | None
    second: str | None


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Difference]:
    """The differences of two schemas as people write them (:func:`pyfe.schema.written.parts_of`): none where they are
    the same schema, of the same id, and only there."""
    found = [
        *_of_section(first, second, "columns", "column", ""),
        *_of_section(first, second, "protected_forms", "protected form", "weight of "),
    ]
    if first.get("population") != second.get("population"):
        one, other = ("published" if "population" in parts else None for parts in (first, second))
        found.append(Difference("", "population", one, "published otherwise" if one and other else other))
    sums = [str(parts.get("sum_w", 1)) for parts in (first, second)]
    return found if sums[0] == sums[1] else [*found, Difference("", "sum_w", *sums)]


def _of_section(
    first: Mapping[str, Any], second: Mapping[str, Any], section: str, what: str, of: str
) -> Iterator[Difference]:
    """Differences in what the parts have by name: whole entries, words of them, and their order."""
    one, other = first.get(section, {}), second.get(section, {})
    for name in [*one, *(name for name in other if name not in one)]:
        if name not in one or name not in other:
            yield Difference(name, what, *(flow(side[name]) if name in side else None for side in (one, other)))
            continue
        mine, theirs = ({word: flow(value) for word, value in side[name].items()} for side in (one, other))
        for word in [*mine, *(word for word in theirs if word not in mine)]:
            if mine.get(word) != theirs.get(word):
                yield Difference(name, f"{of}{word}", mine.get(word), theirs.get(word))
    orders = [name for name in one if name in other], [name for name in other if name in one]
    if orders[0] != orders[1]:
        yield Difference("", f"order of the {what}s", *map(flow, orders))
