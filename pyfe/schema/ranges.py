"""Columns from what a person states: ranges, levels, resolutions and marks by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sized
from dataclasses import replace
from typing import Any

from pyfe.errors import ParameterError
from pyfe.schema.cells import MOST_NAME_CHARACTERS, is_number, is_text, same_name, shown
from pyfe.schema.columns import MAX_COORDINATES, Column, category, checked_bits, is_column, number, with_missing
from pyfe.schema.frames import as_labels, naming
from pyfe.strict import distinct

__all__ = [
    "bits_by_name",
    "by_text",
    "columns_from_ranges",
    "list_of_names",
    "require_columns",
    "require_few",
    "require_known",
    "require_short_names",
]

_MOST_NAMES = 2**22
"""Most characters of the columns' names before all coordinates together: a name stands before each of its levels, and
takes four bytes a character there."""


def columns_from_ranges(
    ranges: Mapping[str, Any],
    bits: int | Mapping[str, int],
    public: Iterable[str],
    protected: Iterable[str],
    missing: Mapping[str, Any],
) -> dict[str, Column]:
    """The columns that :meth:`pyfe.Schema.from_ranges` describes, by name. ParameterError."""
    given: tuple[object, ...] = (ranges, missing)
    if not all(isinstance(mapping, Mapping) for mapping in given):
        raise ParameterError("ranges and missing are mappings of column names")
    require_few(ranges)
    if isinstance(bits, Mapping):
        require_known("bits", bits, ranges)
    columns: dict[str, Column] = {}
    resolution = bits_by_name(bits)
    for name, spec in ranges.items():
        with naming(name):
            columns[name] = _column_from(name, spec, resolution(name))
    values = by_text(missing, "missing")
    marked = {
        "public": list(map(same_name, list_of_names(public, "public"))),
        "protected": list(map(same_name, list_of_names(protected, "protected"))),
    }
    for option, names in {**marked, "missing": missing}.items():
        require_known(option, names, columns)
    for name, column in columns.items():
        key = same_name(name)
        changes: dict[str, Any] = {mark: True for mark, names in marked.items() if key in names}
        with naming(name):
            stated = with_missing(column, values[key]) if key in values else column
            columns[name] = replace(stated, **changes)
    return columns


def require_known(option: str, given: Iterable[Any], columns: Iterable[object]) -> None:
    """ParameterError where an option by column, names or a mapping of them, names what is no column, or one twice."""
    known = set(map(same_name, columns))
    seen: set[str] = set()
    for name in given:
        if same_name(name) not in known:
            raise ParameterError(f"{option}: there is no column {shown(name)}")
        if same_name(name) in seen and isinstance(given, Mapping):
            raise ParameterError(f"{option}: the column {shown(name)} is named twice")
        seen.add(same_name(name))


def _column_from(name: str, spec: Any, bits: int) -> Column:
    if is_column(spec):
        return spec
    if spec is bool:
        return category([False, True])
    if isinstance(spec, tuple) and len(spec) == 2 and all(is_number(v) for v in spec):
        return number(spec[0], spec[1], bits=bits)
    if isinstance(spec, list) and len(spec) == 2 and all(is_number(v) for v in spec):
        ends = f"{shown(spec[0])}, {shown(spec[1])}"
        raise ParameterError(
            f"column {shown(name)}: a list of two numbers could be a range or two levels; write the tuple "
            f"({ends}) for a range or category([{ends}]) for levels"
        )
    if isinstance(spec, list):
        return category(spec)
    raise ParameterError(f"column {shown(name)}: expected (lo, hi), a list of levels, or a pyfe column")


def require_few(names: Sized) -> None:
    """ParameterError for more columns than a schema has coordinates: before any of them is looked at."""
    if len(names) > MAX_COORDINATES:
        raise ParameterError(
            f"{len(names)} columns are too many: a schema has at most {MAX_COORDINATES} coordinates, and a column one "
            "or more"
        )


def require_columns(columns: Mapping[Any, Any]) -> None:
    """Every name is text that can travel, every value a column, and no two names are the same text. Not too many."""
    require_few(columns)
    seen: dict[str, str] = {}
    for name, column in columns.items():
        if not (is_text(name) and is_column(column)):
            raise ParameterError(
                f"column {shown(name)}: a schema maps names (text of 1 to {MOST_NAME_CHARACTERS} characters "
                "that UTF-8 can hold) to pyfe columns"
            )
        other = seen.setdefault(same_name(name), name)
        if other != name:
            raise ParameterError(f"two columns are called {name!r}: their names differ in their Unicode form only")
        with naming(name):
            column.require_codes_come_back()


def require_short_names(columns: Mapping[str, Column]) -> None:
    """ParameterError before names are made that take far more memory than what they are made of."""
    written = sum(len(name) * column.width for name, column in columns.items())
    if written > _MOST_NAMES:
        raise ParameterError(
            f"the names of the columns stand before their coordinates with {written} characters, more than "
            f"{_MOST_NAMES}; give shorter names to columns of many levels or cuts"
        )


def bits_by_name(bits: int | Mapping[str, int]) -> Callable[[object], int]:
    """The resolution of a column by its name, of one number or a mapping. ParameterError, then too."""
    if not isinstance(bits, Mapping):
        return lambda name: checked_bits(bits)
    stated = by_text(bits, "bits")
    return lambda name: checked_bits(stated.get(same_name(name), 8))


def list_of_names(names: Any, what: str) -> list[str]:
    """Names as text; one name alone counts as a list of it."""
    if isinstance(names, str):
        return [names]
    if isinstance(names, bytes | bytearray | memoryview) or not isinstance(names, Iterable):
        raise ParameterError(f"{what} is a list of column names, not {shown(names)}")
    try:
        return as_labels(names)
    except TypeError:  # an array without dimensions
        raise ParameterError(f"{what} is a list of column names, not {shown(names)}") from None


def by_text(values: Mapping[Any, Any], what: str) -> dict[str, Any]:
    """A mapping by its names as they are compared: as text in normal form C. ParameterError for two that are one."""
    return distinct(zip(map(same_name, as_labels(values)), values.values(), strict=True), what)
