"""One cell of a table: whether it is absent, and which number it is; one strict grammar for text from anywhere."""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from numbers import Complex, Rational
from typing import Any, TypeVar

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray
from pyfe.errors import ParameterError
from pyfe.strict import distinct
from pyfe.text import shell_word

__all__ = [
    "EXACT_BELOW",
    "MOST_NAME_CHARACTERS",
    "SIGNS_OF_ABSENCE",
    "as_floats",
    "by_same_name",
    "cure_of_absent",
    "exact_beyond",
    "exact_number",
    "is_absent",
    "is_cell",
    "is_code",
    "is_integer",
    "is_number",
    "is_temporal",
    "is_text",
    "listed",
    "missing_mask",
    "na_options",
    "not_above",
    "parse_number",
    "plain",
    "require_cells",
    "row_for_names",
    "same_name",
    "shown",
]


Item = TypeVar("Item")

_PLAIN = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
EXACT_BELOW = 2.0**53
"""Below it every integer is a double."""

_ABSENT_TYPES = ("NAType", "NaTType")

SIGNS_OF_ABSENCE = frozenset(
    ["NA", "<NA>", "N/A", "n/a", "#N/A", "#NV", "NaN", "nan", "NULL", "null", "#NULL!", "NaT", "."]
)
"""What programs write for an absent value: R, pandas, spreadsheets (German ones too), databases, SPSS, SAS, Stata."""

_SHOWN = 60

MOST_NAME_CHARACTERS = 1024
"""Longest name of a column or a form, and longest level, in characters: a name stands before each of its levels."""

_MOST_NUMBER_CHARACTERS = 1024
"""Longest text that is read as a number: every double has 767 digits at most, and a sign, a point and an exponent."""

_MOST_TO_ONE = 4
"""Characters that normal form C makes one of, at most: text that is longer than that by far is no name."""


# ---------------------------------------------------------------------------------------------------------------
# Absent cells


def is_absent(value: object) -> bool:
    """Whether a value stands for an absent one: see :func:`missing_mask`."""
    if value is None or value is np.ma.masked or type(value).__name__ in _ABSENT_TYPES:
        return True
    if isinstance(value, float | np.floating):
        return bool(value != value)
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, str) and value == ""


_absent = np.frompyfunc(is_absent, 1, 1)


def missing_mask(values: AnyArray) -> BoolArray:
    """Which entries are absent: NaN, None, NaT, pandas NA, a masked entry, or the empty text a CSV file leaves."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values), dtype=np.bool_)
    if values.dtype.kind in "mM":
        return np.asarray(np.isnat(values), dtype=np.bool_)
    if values.dtype.kind == "O":
        return np.asarray(_absent(values), dtype=np.bool_)
    if values.dtype.kind == "U":
        return np.asarray(values == "", dtype=np.bool_)
    return np.zeros(values.shape, dtype=np.bool_)


# ---------------------------------------------------------------------------------------------------------------
# Numbers


def parse_number(text: str) -> float:
    """The number that a text spells in plain decimal digits with a point (``-1.5``, ``1e3``); NaN for any other text.

    Nothing that Python reads beside it counts: no ``1_000``, no digits but 0 to 9, no ``inf``, no ``nan``, no ``0x10``,
    nothing of more than 1,024 characters.
    """
    return float(text) if _is_plain(text) else math.nan


def _is_plain(text: str) -> bool:
    return len(text) <= _MOST_NUMBER_CHARACTERS and _PLAIN.fullmatch(text) is not None


def is_code(text: str) -> bool:
    """Whether text is digits with zeros in front (postal codes, record numbers), which a number would lose."""
    text = text.strip()
    return len(text) > 3 and text[0] == "0" and text.isdecimal()


def exact_number(value: object) -> Any:
    """A cell as a Python number that compares and hashes by its exact value; None if it is no finite number."""
    if isinstance(value, str):
        return _exact_text(value.strip()) if _is_plain(value) else None
    if isinstance(value, np.longdouble):
        value = float(value) if float(value) == value else None
    value = plain(value)
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    return value if isinstance(value, Rational) and not is_temporal(value) else None


def _exact_text(text: str) -> Decimal | float | None:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond those of decimal numbers: nothing, or beyond every double
        return None if math.isinf(float(text)) else 0.0


def _to_float(value: Any) -> float:
    if isinstance(value, str):
        return parse_number(value)
    if is_temporal(value) or not (is_number(value) or isinstance(value, bool | np.bool_ | Decimal | Rational)):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # an integer or a fraction beyond every double lies beyond every range
        return math.inf if value > 0 else -math.inf
    except (ValueError, InvalidOperation):  # a signalling NaN
        return math.nan


_floats = np.frompyfunc(_to_float, 1, 1)


def as_floats(values: AnyArray, missing: BoolArray) -> FloatArray:
    """Numbers of a column, float64 ``[batch]``; NaN where an entry is missing or is no number.

    ParameterError for a column whose dtype holds neither numbers nor text.
    """
    require_cells(values)
    if values.dtype.kind in "biuf":
        with np.errstate(over="ignore"):
            return values.astype(np.float64)
    result = np.full(values.shape, np.nan)
    result[~missing] = _floats(values[~missing].astype(object)).astype(np.float64)
    return result


def not_above(values: AnyArray, floats: FloatArray) -> FloatArray:
    """``floats`` of a column, each beyond 2^53 as the next double that is not above what its cell holds: so ``>=`` is
    exact there, whatever the cell's type."""
    if values.dtype.kind in "bf" and values.dtype.itemsize <= floats.dtype.itemsize:
        return floats
    lowered = floats.copy()
    for place in np.flatnonzero(np.abs(floats) >= EXACT_BELOW):
        held = exact_beyond(values[place])
        if held is not None and float(floats[place]) > held:
            lowered[place] = np.nextafter(floats[place], -np.inf)
    return lowered


def exact_beyond(value: Any) -> Any:
    """The number that a cell holds, as one that compares exactly with a double; None if it holds none.

    Text with an exponent is how doubles are printed, in no more digits than tell them apart: None, as its double is
    meant. Text in digits alone is a number of a record, and means itself.
    """
    if isinstance(value, np.longdouble):
        return value
    printed = isinstance(value, str) and "e" in value.lower()
    return None if printed else exact_number(value)


def require_cells(values: AnyArray) -> None:
    """ParameterError for a column whose dtype holds neither numbers nor text."""
    dtype = values.dtype
    if dtype.kind in "biufOU":
        return
    if dtype.kind in "mM":
        raise ParameterError(
            f"dates or times ({dtype}) are neither numbers nor categories; turn them into a number first (an age in "
            "years, days since a date), or leave the column out"
        )
    advice = "; decode the bytes to text first" if dtype.kind == "S" else ""
    raise ParameterError(f"a column of dtype {dtype} holds neither numbers nor text{advice}")


# ---------------------------------------------------------------------------------------------------------------
# What a value is


def plain(value: object) -> Any:
    """A numpy scalar, or text and a number of a kind of their own (an enum's), as the Python value it stands for.

    Dates and durations stay: some would become integers.
    """
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64 | np.timedelta64):
        value = value.item()
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__index__(value)
    return float.__float__(value) if isinstance(value, float) else value


def is_text(value: object) -> bool:
    """Whether a value can be a name: text of 1 to MOST_NAME_CHARACTERS characters that UTF-8 can hold, without NUL."""
    if not isinstance(value, str) or not 0 < len(value) <= MOST_NAME_CHARACTERS or "\0" in value:
        return False
    return not any("\ud800" <= c <= "\udfff" for c in value)


def is_integer(value: object) -> bool:
    """Whether a value is an integer and no truth value."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64)


def is_number(value: object) -> bool:
    """Whether a value is an integer or a float and no truth value."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool | np.timedelta64)


def is_cell(value: object) -> bool:
    """Whether a value is one cell of a table: text, a number or absent. Dates are not: no column takes them."""
    return isinstance(value, str | Complex | Decimal | np.bool_) or is_absent(value)


def is_temporal(value: object) -> bool:
    """Whether a value is a date, a time, a duration or a period."""
    kinds = datetime.date | datetime.time | datetime.timedelta | np.datetime64 | np.timedelta64
    return isinstance(value, kinds) or type(value).__name__ == "Period"


def same_name(label: object) -> str:
    """What names are compared by: the text of a label in Unicode's normal form C. ParameterError if it has none."""
    try:
        text = str.__str__(label) if isinstance(label, str) else str(label)
    except Exception as error:  # an integer of thousands of digits, and whatever a foreign object raises
        raise ParameterError(f"a name of type {type(label).__name__} has no text") from error
    if text.isascii() or len(text) > _MOST_TO_ONE * MOST_NAME_CHARACTERS:  # normal forms take quadratic time
        return text
    return unicodedata.normalize("NFC", text)


def by_same_name(values: Mapping[str, Item], what: str) -> dict[str, Item]:
    """A mapping by what its names are compared by. ParameterError for two names that count as one."""
    return distinct(((same_name(name), value) for name, value in values.items()), what)


def row_for_names(names: Iterable[str]) -> bool:
    """Whether names look like a row of a table that was read without its header.

    Patient values would become names, and travel in the public key. Most are numbers then, in no order, some with
    decimals or twice; wavelengths and days stand in order, and numbers of columns or genes are whole and distinct.
    """
    labels = list(names)
    numbers = [value for value in map(parse_number, labels) if not math.isnan(value)]
    ordered = len({left < right for left, right in pairwise(numbers)}) < 2
    names_of_columns = len(set(numbers)) == len(numbers) and (ordered or all(map(float.is_integer, numbers)))
    return len(numbers) > 2 and 2 * len(numbers) >= len(labels) and not names_of_columns


def listed(names: Iterable[str], most: int = 5) -> str:
    """Names for a message, the first ``most`` of them; how many more is said."""
    items = list(names)
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(map(repr, items[:most])) + more


def na_options(signs: Iterable[str]) -> str:
    """The options of a command that read words as absent values."""
    return " ".join(f"--na {sign}" if sign.isalnum() else f"--na {sign!r}" for sign in signs)


def cure_of_absent(name: str) -> str:
    """What to do about the absent entries of a column that the schema has nothing for."""
    return (
        f"For absent entries give the schema a value with missing={{{name!r}: ...}} "
        f"(--missing {shell_word(name)}=VALUE), "
        'or a coordinate of their own ("bit")'
    )


def shown(value: object) -> str:
    """A value that somebody gave as an argument, for a message: cut where it is long."""
    try:
        text = repr(value)
    except Exception:  # an object of a stranger, or an integer of too many digits
        return f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
