"""What epochs of different schemas say, written over variables that they have in common.

A column of one epoch and the column of the same name in another are one variable where the codes of both are functions
of it that can be added: the same codes; numbers on one scale (a transform) whose steps are commensurable, over steps of
which both are multiples; levels and cuts, over the values that both can hold. Otherwise they are two variables, and the
column is *split*: sums of what both say of it cannot be judged exactly.

A code is its value rounded to a step. Over common steps that are finer than its own, a number is written as if it was
not rounded: the sum of two scores that then says nothing of it says next to nothing of it.

What everybody knows of a column in one epoch it knows in all: public in one is public in the union, unless another
protects it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from pyfe.arrays import AnyArray, IntArray
from pyfe.epochs.table import Epoch
from pyfe.leakage import Free
from pyfe.leakage.blocks import MOST_LEVELS
from pyfe.schema import Column, Schema, category, number, thresholds
from pyfe.schema.cells import same_name

__all__ = ["Joint", "Rows"]

Rows = list[list[int]]

Matrix = list[list[Fraction]]
"""What each own free coordinate of a column is over the free coordinates of a variable, but for constants."""

_MOST_RATIO = 4096
"""Steps are commensurable where their ratio is one of integers up to this size."""

_EXACT = 1e-12
"""Relative error by which a ratio of doubles may miss that of the integers."""

_VARIABLE = re.compile(r"v\d+")


@dataclass(frozen=True, eq=False)
class _Member:
    """A column of one epoch, with the places of its free coordinates in a row of it."""

    epoch: int
    column: Column
    places: slice


@dataclass(frozen=True, eq=False)
class _Variable:
    """A column of the joint schema, unmarked, and how each epoch's column is written over it."""

    name: str
    column: Column
    members: tuple[_Member, ...]
    matrices: tuple[Matrix, ...]
    same: bool

    def marked(self) -> Column:
        """With the marks of all members together."""
        protected = any(member.column.protected for member in self.members)
        public = any(member.column.public for member in self.members) and not protected
        return replace(self.column, public=public, protected=protected)


@dataclass(frozen=True, eq=False)
class Joint:
    """The variables of some epochs, and what the epochs say of them.

    schema: one column a variable, called v0, v1, ...; with the population of the newest epoch where all epochs have
        the same columns in the same codes, and it publishes one.
    names: of each variable, the column that it is of, and of which epochs where that is split.
    rows: of each epoch with linear keys alone, by its number, the rows over the free coordinates of the schema:
        integer multiples of what stands in the table.
    split: columns with several variables on which some row has a weight.
    whole: whether all epochs have the same columns in the same codes.
    """

    schema: Schema
    names: Mapping[str, str]
    rows: Mapping[int, Rows]
    split: tuple[str, ...]
    whole: bool
    _members: Mapping[str, tuple[_Variable, ...]]

    @classmethod
    def of(cls, epochs: Sequence[Epoch]) -> Joint:
        """The joint variables, those of the newest epoch first. Cost: O(codes of categories and cuts)."""
        newest = sorted(epochs, key=lambda epoch: -epoch.number)
        variables = _variables(newest)
        flat = [variable for found in variables.values() for variable in found]
        whole = all(v.same and len(v.members) == len(newest) for v in flat)
        columns = {f"v{i}": variable.marked() for i, variable in enumerate(flat)}
        schema = Schema(columns, population=newest[0].schema.population if whole else None)
        names = {f"v{i}": variable.name for i, variable in enumerate(flat)}
        made = cls(schema, names, {}, (), whole, variables)
        rows = {epoch.number: made.rewritten(epoch, epoch.rows) for epoch in newest if not epoch.forms}
        return replace(made, rows=rows, split=tuple(made._split(rows)))

    def rewritten(self, epoch: Epoch, rows: Sequence[Sequence[int]]) -> Rows:
        """Rows over the free coordinates of an epoch's schema, over those of the joint one: integer multiples."""
        free = Free(self.schema)
        places = {f"v{block}": part for block, part in free.places.items()}
        parts = [
            (member.places, matrix, places[name])
            for name, variable in zip(self.names, self._flat(), strict=True)
            for member, matrix in zip(variable.members, variable.matrices, strict=True)
            if member.epoch == epoch.number and member.places.start < member.places.stop and name in places
        ]
        return [_rewritten(row, parts, len(free)) for row in rows]

    def _flat(self) -> list[_Variable]:
        return [variable for found in self._members.values() for variable in found]

    def _split(self, rows: Mapping[int, Rows]) -> Iterator[str]:
        free = Free(self.schema)
        used = {
            f"v{block}"
            for block, part in free.places.items()
            if any(any(row[part]) for found in rows.values() for row in found)
        }
        names = iter(self.names)
        for column, found in self._members.items():
            if sum(next(names) in used for _ in found) > 1:
                yield column

    def column_of(self, name: str) -> str:
        """The column of a variable, by the name of the variable or of a coordinate of it."""
        found = _VARIABLE.match(name)
        return name if found is None else self.names[found[0]]

    def owners(self) -> list[str]:
        """Of each free coordinate of the joint schema, the column that it is of."""
        columns = [column for column, found in self._members.items() for _ in found]
        return [columns[block] for block in Free(self.schema).owner.tolist()]


def _rewritten(row: Sequence[int], parts: Sequence[tuple[slice, Matrix, slice]], width: int) -> list[int]:
    total = [Fraction(0)] * width
    for own, matrix, places in parts:
        for weight, line in zip(row[own], matrix, strict=True):
            if weight:
                for at, value in enumerate(line, start=places.start):
                    total[at] += weight * value
    common = math.lcm(*(value.denominator for value in total))
    return [int(value * common) for value in total]


def _variables(epochs: Sequence[Epoch]) -> dict[str, tuple[_Variable, ...]]:
    """Column name -> its variables."""
    members: dict[str, list[_Member]] = {}
    for epoch in epochs:
        blocks = Free(epoch.schema).places
        parts = [(same_name(name), column) for name, _, column in epoch.schema.parts if column.in_table]
        for block, (name, column) in enumerate(parts):
            members.setdefault(name, []).append(_Member(epoch.number, column, blocks.get(block, slice(0, 0))))
    return {name: tuple(_of_column(name, found)) for name, found in members.items()}


def _of_column(name: str, members: Sequence[_Member]) -> Iterator[_Variable]:
    """The members in as few variables as they are comparable in: each joins the first whose others it goes with."""
    groups: list[list[_Member]] = []
    for member in members:
        for group in groups:
            if _together([*group, member]) is not None:
                group.append(member)
                break
        else:
            groups.append([member])
    for group in groups:
        joined = _together(group)
        assert joined is not None  # a column goes with itself
        column, matrices = joined
        shown = name if len(groups) == 1 else f"{name} (epoch {', '.join(str(m.epoch) for m in group)})"
        same = all(_codes(member.column) == _codes(group[0].column) for member in group)
        yield _Variable(shown, column, tuple(group), tuple(matrices), same)


def _codes(column: Column) -> dict[str, object]:
    """What says which code a value has: all of a column but its marks."""
    return {key: value for key, value in column.to_dict().items() if key not in ("public", "protected")}


def _together(members: Sequence[_Member]) -> tuple[Column, list[Matrix]] | None:
    """One column for all, and each over it; None where they are not comparable."""
    columns = [replace(member.column, public=False, protected=False) for member in members]
    if all(_codes(column) == _codes(columns[0]) for column in columns):
        return columns[0], [_identity(_free_width(column)) for column in columns]
    scales = [column.scale() for column in columns]
    if all(scale is not None for scale in scales):
        return _on_one_scale(columns)
    return None if any(scale is not None for scale in scales) else _by_value(columns)


def _identity(width: int) -> Matrix:
    return [[Fraction(int(i == j)) for j in range(width)] for i in range(width)]


def _free_width(column: Column) -> int:
    return column.width - (1 if column.one_hot else 0)


# -- numbers --


def _on_one_scale(columns: Sequence[Column]) -> tuple[Column, list[Matrix]] | None:
    """Numbers over the largest step of which all their steps are multiples: ``x = u / m - c`` for a value u of it."""
    scales = [scale for column in columns if (scale := column.scale()) is not None]
    if len({transform for transform, _, _ in scales}) > 1:
        return None
    first = scales[0][2]
    ratios = [_ratio(step / first) for _, _, step in scales]
    if None in ratios:
        return None
    steps = [ratio for ratio in ratios if ratio is not None]
    unit = Fraction(math.gcd(*(r.numerator for r in steps)), math.lcm(*(r.denominator for r in steps)))
    multiples = [int(ratio / unit) for ratio in steps]
    low = min(offset for _, offset, _ in scales)
    offsets = [_ratio((offset - low) / step) for _, offset, step in scales]
    tops = [
        (offset - low) / (float(unit) * first) + (column.codes_of_value - 1) * multiple
        for (_, offset, _), column, multiple in zip(scales, map(_Absent, columns), multiples, strict=True)
    ]
    most = math.ceil(max(tops) - _EXACT)
    if None in offsets or not 1 <= most < MOST_LEVELS:
        return None
    column = number(0, most, step=1, missing="bit" if _bit_of(columns) else "raise")
    shifts = [offset for offset in offsets if offset is not None]
    return column, [
        _of_number(_Absent(own), multiple, shift, joint_bit=column.width == 2)
        for own, multiple, shift in zip(columns, multiples, shifts, strict=True)
    ]


def _ratio(value: float) -> Fraction | None:
    """The ratio of small integers that a double is meant to be, if it is one."""
    found = Fraction(value).limit_denominator(_MOST_RATIO)
    small = abs(found.numerator) <= _MOST_RATIO * _MOST_RATIO
    return found if small and abs(float(found) - value) <= _EXACT * max(1.0, abs(value)) else None


class _Absent:
    """A number column, and what it makes of an absent entry."""

    def __init__(self, column: Column) -> None:
        self.has_bit = column.width == 2
        self.codes_of_value = column.size - int(self.has_bit)
        self.code: int | None = None
        if column.missing is not None:
            self.code = int(column.encode(np.array([column.missing])).x[0, 0])

    @property
    def refuses(self) -> bool:
        """Whether a row without an entry is refused, so that who meets the epoch has one."""
        return not self.has_bit and self.code is None


def _bit_of(columns: Sequence[Column]) -> bool:
    """Whether the entry of somebody who meets all these epochs may be absent, and that shows: not where they all put
    the same value in its place."""
    absent = [_Absent(column) for column in columns]
    stated = {column.missing for column in columns}
    return not any(one.refuses for one in absent) and (any(one.has_bit for one in absent) or len(stated) > 1)


def _of_number(own: _Absent, multiple: int, shift: Fraction, *, joint_bit: bool) -> Matrix:
    """Over (u) or (u, m), where u is 0 if m is 1: ``x = u / multiple - shift (1 - m) + code m``, and the own bit is
    m."""
    step = Fraction(1, multiple)
    if not joint_bit:
        return [[step], [Fraction(0)]] if own.has_bit else [[step]]
    if own.has_bit:
        return [[step, shift], [Fraction(0), Fraction(1)]]
    assert own.code is not None
    return [[step, shift + own.code]]


# -- levels and cuts --


def _by_value(columns: Sequence[Column]) -> tuple[Column, list[Matrix]] | None:
    """Columns of few values over the values that all of them can hold: what each says more of a value than of the first
    (of one between cuts, than of the one before)."""
    cuts = sorted({cut for column in columns for cut in column.cut_points()})
    if cuts and not all(column.cut_points() for column in columns):
        return None
    values = [math.nextafter(cuts[0], -math.inf), *cuts] if cuts else _levels(columns)
    cells: AnyArray = np.array([*values, None], dtype=object)
    codes = [_encoded(column, cells) for column in columns]
    held = np.logical_and.reduce([possible for possible, _ in codes])
    if not 2 <= int(held.sum()) <= MOST_LEVELS:
        return None
    ordered = bool(cuts) and not held[-1]
    count = int(held.sum())
    joint = thresholds([k + 0.5 for k in range(count - 1)]) if ordered else category([str(k) for k in range(count)])
    found = []
    for (_, x), column in zip(codes, columns, strict=True):
        own = x[held][:, column.width - _free_width(column) :]
        told = np.diff(own, axis=0) if ordered else own[1:] - own[:1]
        found.append([[Fraction(int(v)) for v in line] for line in told.T])
    return joint, found


def _levels(columns: Sequence[Column]) -> list[object]:
    """The values of codes, each once; an absent one is not among them."""
    found: dict[object, None] = {}
    for column in columns:
        decoded = column.decode(column.codes()).tolist()
        found |= dict.fromkeys(value for value in decoded if value == value)
    return list(found)


def _encoded(column: Column, cells: AnyArray) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], IntArray]:
    """Which cells the column can hold, and the codes of all."""
    code = column.encode(column.fill(cells))
    refused = np.logical_or.reduce([*code.refused.values(), code.beyond])
    return ~refused, code.x
