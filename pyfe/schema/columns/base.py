"""What a kind of column answers: how raw values become integer coordinates, and what everybody knows about these.

A kind is one class, a :class:`Column`, in a file of its own, and one line in :mod:`pyfe.schema.columns.kinds`. Whoever
needs to know something of a column asks it: encoding, probing, rounding, leakage accounting, trees and reports have no
list of kinds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, ClassVar, Self, TypeAlias, TypeGuard, TypeVar

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.schema.cells import as_floats, is_number, missing_mask, plain, require_cells

__all__ = [
    "MAX_BITS",
    "MAX_COORDINATES",
    "NO_BIT",
    "Code",
    "Codes",
    "Column",
    "Encoder",
    "Floats",
    "Level",
    "Products",
    "Slots",
    "is_column",
    "items",
    "real",
]

Level: TypeAlias = str | int | bool
Kind = TypeVar("Kind", bound="Column")

MAX_BITS = 32
"""Widest number column, in bits: a wider one would leave no room for weights below the 2^44 result limit."""

MAX_COORDINATES = 2**16
"""Most coordinates of a schema: a row of more is no patient, and a key for one takes minutes to make."""

NO_BIT = 'missing="bit" goes with a number, category or thresholds without another missing value'


class Products(Enum):
    """What the square of a coordinate is, and its products with other coordinates of the same column."""

    OWN = "a monomial of its own"
    BIT = "x^2 = x, and 0 with any other bit"
    ORDERED = "x^2 = x, and with another ordered bit the later of the two"
    MISSING = "x^2 = x, and 0 with every coordinate of the value"


@dataclass(frozen=True)
class Code:
    """One encoded column: coordinates, rows refused by reason, rows beyond an end of the range."""

    x: IntArray
    refused: dict[str, BoolArray]
    beyond: BoolArray
    unrounded: FloatArray | None = None

    @property
    def real(self) -> FloatArray:
        """The coordinates before rounding; those of bits need none."""
        return self.x.astype(np.float64) if self.unrounded is None else self.unrounded


@dataclass(frozen=True)
class Codes:
    """Several encoded columns, each a row here: coordinates ``[all widths, batch]``; which entries are refused (by
    reason), lie beyond an end of the range, were absent and took the stated value, all ``[columns, batch]``."""

    x: IntArray
    refused: dict[str, BoolArray]
    beyond: BoolArray
    replaced: BoolArray
    unrounded: FloatArray | None = None

    @property
    def real(self) -> FloatArray:
        """The coordinates before rounding; those of bits need none."""
        return self.x.astype(np.float64) if self.unrounded is None else self.unrounded

    @property
    def single(self) -> Code:
        """The one column that there is."""
        refused = {reason: mask[0] for reason, mask in self.refused.items()}
        return Code(self.x.T, refused, self.beyond[0], None if self.unrounded is None else self.unrounded.T)


@dataclass(frozen=True)
class Slots:
    """Noise slots: the standard deviation ``sd`` of what the data owner draws into each, and their ``ids``."""

    sd: int
    ids: tuple[int, ...]

    @property
    def reach(self) -> int:
        """Largest absolute value of a draw, 12 standard deviations: the discrete Gaussian of a power of two that the
        core draws from ends there."""
        return 12 * self.sd


class Encoder(ABC):
    """What encodes some columns of one kind together, made once: what it needs of them lies side by side."""

    @abstractmethod
    def __call__(self, values: Sequence[AnyArray]) -> Codes:
        """Codes of the raw values ``[batch]`` of each column, whose dtypes hold cells."""


@dataclass(frozen=True, kw_only=True)
class Column(ABC):
    """One column of the table, and the coordinates it becomes. Made by number(), category(), thresholds(), constant()
    and noise().

    ``missing`` is the value an absent entry takes (``None``: absent entries are refused, or have a bit of their own:
    :class:`~pyfe.schema.Optional`). ``public`` marks a quasi-identifier an attacker is assumed to know; ``protected``
    marks a column about which no combination of keys may say anything by itself.

    A kind implements what is abstract here; what has a default is overridden where the default is not true of it.
    """

    missing: float | Level | None = None
    public: bool = False
    protected: bool = False

    kind: ClassVar[str]
    """The name of the kind in plain types."""

    noun: ClassVar[str]
    """The kind with its article, for messages."""

    in_table: ClassVar[bool] = True
    """Whether the table has a column for it; otherwise its one code is known to everybody."""

    interval: ClassVar[bool] = False
    """Whether its one coordinate takes every integer from 0 to ``size - 1``, and values between codes mean something:
    then a function of the column is followed along its range, and encoding rounds by up to half a step."""

    def __post_init__(self) -> None:
        for one in fields(self):  # as they come back from bytes
            value = getattr(self, one.name)
            same = tuple(map(plain, value)) if isinstance(value, tuple) else plain(value)
            object.__setattr__(self, one.name, same)
        marks: tuple[object, ...] = (self.public, self.protected)
        if not all(isinstance(mark, bool) for mark in marks):
            raise ParameterError("public and protected are True or False")
        if self.public and self.protected:
            raise ParameterError("a column cannot be both public and protected")

    # -- the codes --

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of coordinates."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of different codes the column can take."""

    @property
    def noise(self) -> Slots | None:
        """The noise that its coordinates hold once a row is encrypted, instead of something of the row."""
        return None

    @property
    def ordered(self) -> int:
        """How many of the first codes stand in the order of the value; none where values have no order."""
        return 0

    @property
    @abstractmethod
    def bounds(self) -> tuple[list[int], list[int]]:
        """Lower and upper bound of each coordinate (both included)."""

    @abstractmethod
    def coordinate_names(self, name: str) -> list[str]:
        """Names of the coordinates when the column is called ``name``."""

    @abstractmethod
    def encode(self, values: AnyArray) -> Code:
        """Codes of raw values ``[batch]``; refuses nothing itself but marks what has to be refused."""

    @property
    def together(self) -> Hashable:
        """The same for columns that :meth:`encoder` takes together."""
        return type(self)

    @classmethod
    def encoder(cls, columns: Sequence[Self]) -> Encoder:
        """What encodes these columns, which are together, as :meth:`encode` does each of them. One after the other,
        unless the kind knows how to do it at once."""
        return _OneByOne(columns)

    def with_steps(self, most: int) -> Column:
        """The same column in at most ``most`` (1 or more) equal steps; what has no steps stays as it is."""
        return self

    @abstractmethod
    def decode(self, x: IntArray) -> AnyArray:
        """Raw values ``[batch]`` of codes ``[batch, width]``; ParameterError for a code that cannot occur."""

    def require_codes_come_back(self) -> None:
        """ParameterError unless ``encode(decode(x)) = x`` for every code and the column can travel; for Schema."""
        return

    @abstractmethod
    def probes(self) -> IntArray:
        """Codes ``[m, width]`` that are the corners of all codes: scores there determine every slope of an affine
        function of this column, and a multilinear one has its extremes there."""

    def codes(self) -> IntArray:
        """All codes ``[size, width]``, in order; for enumeration of small columns."""
        return self.probes()

    def middle(self) -> IntArray:
        """A code ``[width]`` to start from when other columns are moved."""
        return np.asarray(self.probes()[0])

    @abstractmethod
    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        """Random codes ``[count, width]``, uniform over all codes, or over the extreme ones with ``ends``."""

    # -- raw values --

    @property
    def range_text(self) -> str:
        """The values that fit, for messages."""
        return str(self)

    @property
    def hides_curvature(self) -> bool:
        """Whether its value may lie between its only two codes: x and x^2 are one on the codes, and not between."""
        return False

    @property
    def cell_type(self) -> type[float] | type[int] | type[bool] | type[str]:
        """What a cell of a text file is read as; float by default."""
        return float

    def fill(self, values: AnyArray) -> AnyArray:
        """``values`` with absent entries replaced by the stated missing value, if there is one."""
        require_cells(values)
        missing = missing_mask(values)
        if self.missing is None or not missing.any():
            return values
        filled: AnyArray = values.astype(object)
        filled[missing] = self.missing
        return filled

    def as_decoded(self, values: AnyArray) -> AnyArray:
        """Raw values in the type that :meth:`decode` gives; absent entries become NaN."""
        return as_floats(values, missing_mask(values))

    def numbers_held(self, values: FloatArray) -> tuple[BoolArray, BoolArray]:
        """Which numbers the column can hold, and which of them a code stands for exactly; both ``[m]``."""
        none = np.zeros(len(values), dtype=np.bool_)
        return none, none

    def cut_points(self) -> tuple[float, ...]:
        """The raw values at which a bit changes, ascending: a value that is there counts as above."""
        return ()

    def stated(self, missing: Any) -> Any:
        """What is kept of a value that somebody states for absent entries; ParameterError."""
        return missing

    def calls_a_level(self, word: object) -> bool:
        """Whether one of the values is this very text, which then is no instruction ("bit", "raise")."""
        return False

    def require_optional(self) -> None:
        """ParameterError unless the column can be the value beside a bit for absent entries."""
        if not self.in_table or self.missing is not None:
            raise ParameterError(NO_BIT)

    # -- functions of the column --

    @abstractmethod
    def slopes(self, scores: FloatArray) -> FloatArray:
        """Slopes ``[k, width]`` per coordinate from scores ``[m, k]`` at :meth:`probes`."""

    @abstractmethod
    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Least and greatest value of ``weights @ code`` over all codes; weights ``[k, width]``, exact for integers."""

    def affine(self) -> tuple[FloatArray, FloatArray]:
        """``(offset, step)`` per coordinate: the transformed value is ``offset + step * q``."""
        return np.zeros(self.width), np.ones(self.width)

    def origin(self) -> IntArray:
        """What coordinates are measured from in a quadratic function, ``[width]``: 0 for bits."""
        return np.zeros(self.width, dtype=np.int64)

    def moves(self) -> tuple[IntArray, FloatArray]:
        """Codes ``[m, width]`` to go to from :meth:`middle`, as far away as there are; and the operator ``[width, m]``
        from the changes of an affine function there to its slopes."""
        codes = self.probes()
        return codes[1:], self.slopes(np.eye(len(codes))).T[:, 1:]

    def scale(self) -> tuple[str, float, float] | None:
        """``(transform, offset, step)`` where the first coordinate counts equal steps of the transformed value, and a
        second one, if there is one, says "is missing"; None for other kinds."""
        return None

    def raw_value(self) -> tuple[float, FloatArray] | None:
        """``(offset, slopes [width])`` of the decoded value as an affine function of the coordinates, or None."""
        probes = self.probes()
        values = self.decode(probes)
        if values.dtype.kind == "O":
            return None
        numbers = values.astype(np.float64)
        slopes = self.slopes(numbers[:, None])[0]
        return float(numbers[0] - slopes @ probes[0]), slopes

    def symbol(self, name: str) -> tuple[float, FloatArray, str]:
        """``(offset, slopes [width], transform)`` of what the column's name stands for in a formula: its transformed
        value is ``offset + slopes @ code``. ParameterError where the name alone stands for nothing."""
        raise self._no_symbol(name, self.noun)

    def _no_symbol(self, name: str, noun: str) -> ParameterError:
        bits = ", ".join(self.coordinate_names(name)[:3])
        return ParameterError(f"the symbol {name!r} is {noun} and has no value; write its bits: {bits}")

    def stated_weights(self, weight: Any, what: str) -> FloatArray:
        """Weights ``[width]`` per unit of the transformed value, from what a person states for the column: one number,
        a mapping or a list, whose numbers are finite. ``what`` names it in a ParameterError."""
        if weight == 0.0:
            return np.zeros(self.width)
        if not isinstance(weight, list) or len(weight) != self.width:
            raise ParameterError(f"{what}: {self.noun} takes {self.width} number(s)")
        return np.array(weight)

    def centred(self, weights: FloatArray, *, several: bool) -> tuple[FloatArray, FloatArray]:
        """Smaller weights ``[k, width]`` and a constant ``[k]`` that say the same of every code: what all levels share
        is a constant. ``several``: sums over the outputs have to stay what they are."""
        shift = np.zeros(len(weights))
        if self.one_hot:
            # the middle of the levels gives the smallest weights; their mean keeps sums over outputs at zero
            shift = weights.mean(axis=1) if several else (weights.min(axis=1) + weights.max(axis=1)) / 2
        return weights - shift[:, None], shift

    # -- what everybody knows --

    @property
    def private(self) -> bool:
        """Whether the value of a record is known to its owner only."""
        return self.in_table and not self.public

    @property
    def one_hot(self) -> bool:
        """Whether the coordinates are bits that sum to 1."""
        return False

    @property
    @abstractmethod
    def products(self) -> tuple[Products, ...]:
        """For each coordinate, what its products within the column are."""

    def relations(self) -> IntArray:
        """Rows ``[m, width]`` whose value everybody knows."""
        return np.ones((1 if self.one_hot else 0, self.width), dtype=np.int64)

    def determined(self) -> Mapping[int, tuple[int, Mapping[int, int]]]:
        """Coordinates that the others determine: position -> constant, and coefficients of the others by position."""
        last = self.width - 1
        return {last: (1, dict.fromkeys(range(last), -1))} if self.one_hot else {}

    # -- plain types --

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; floats as ``float.hex`` texts."""

    @classmethod
    @abstractmethod
    def from_dict(cls: type[Kind], entry: Mapping[str, Any]) -> Kind:
        """The inverse of :meth:`to_dict`; raises what reading plain types raises (Schema.from_dict names it)."""

    def to_words(self) -> dict[str, Any]:
        """As people write the column: its kind, its own fields, and the marks that are set; numbers are numbers."""
        marks = {} if self.missing is None else {"missing": self.missing}
        marks |= {mark: True for mark in ("public", "protected") if getattr(self, mark)}
        return {"kind": self.kind, **{name: getattr(self, name) for name in self._own()}, **marks}

    @classmethod
    def words(cls) -> tuple[list[str], list[str]]:
        """The words that :meth:`from_words` needs, and those that it may be given."""
        needed = [one.name for one in fields(cls) if one.default is MISSING]
        return needed, [one.name for one in fields(cls) if one.default is not MISSING]

    @classmethod
    def from_words(cls: type[Kind], words: Mapping[str, Any]) -> Kind:
        """The inverse of :meth:`to_words`, without the kind: texts, integers, floats, truth values and lists of them.
        ParameterError for values that are none of the column's."""
        given: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in words.items()}
        return cls(**given)

    @classmethod
    def _own(cls) -> list[str]:
        shared = {one.name for one in fields(Column)}
        return [one.name for one in fields(cls) if one.name not in shared]

    def _marks(self) -> dict[str, Any]:
        missing = self.missing.hex() if isinstance(self.missing, float) else self.missing
        return {"missing": missing, "public": self.public, "protected": self.protected}

    @staticmethod
    def _marks_of(entry: Mapping[str, Any], *, number: bool) -> dict[str, Any]:
        """The marks in plain types, a missing value as the number it spells where it is one."""
        marks = {key: entry[key] for key in ("missing", "public", "protected")}
        if number and marks["missing"] is not None:
            marks["missing"] = float.fromhex(marks["missing"])
        return marks


class _OneByOne(Encoder):
    """Columns whose kind encodes one."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns

    def __call__(self, values: Sequence[AnyArray]) -> Codes:
        codes = [column.encode(one) for column, one in zip(self._columns, values, strict=True)]
        none = np.zeros(len(values[0]), dtype=np.bool_)
        reasons = dict.fromkeys(reason for code in codes for reason in code.refused)
        stated = [column.missing is not None for column in self._columns]
        return Codes(
            x=np.concatenate([code.x.T for code in codes]),
            refused={reason: np.stack([code.refused.get(reason, none) for code in codes]) for reason in reasons},
            beyond=np.stack([code.beyond for code in codes]),
            replaced=np.stack([missing_mask(one) if has else none for one, has in zip(values, stated, strict=True)]),
            unrounded=np.concatenate([code.real.T for code in codes]),
        )


class Floats:
    """Reads several columns as numbers, float64 ``[columns, batch]``: absent entries as what the column states for
    them; NaN where it states nothing, and for what is no number."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._stated = [None if column.missing is None else float(column.missing) for column in columns]

    def __call__(self, values: Sequence[AnyArray]) -> tuple[FloatArray, dict[str, BoolArray], BoolArray]:
        """The numbers; entries that are refused, by reason; entries that took a stated value."""
        if all(one.dtype.kind in "biuf" for one in values):
            with np.errstate(over="ignore"):
                flat: FloatArray = np.concatenate(values, dtype=np.float64, casting="unsafe")
            raw = flat.reshape(len(values), -1)
        else:
            raw = np.stack([as_floats(one, missing_mask(one)) for one in values])
        lacking = np.isnan(raw)
        if not lacking.any():
            return raw, {"missing": lacking, "not a number": lacking}, lacking
        absent = np.stack([missing_mask(one) for one in values])
        stated = np.array([value is not None for value in self._stated])[:, None]
        for row, value in enumerate(self._stated):
            if value is not None:
                raw[row, absent[row]] = value
        return raw, {"missing": absent & ~stated, "not a number": lacking & ~absent}, absent & stated


def is_column(value: object) -> TypeGuard[Column]:
    """Whether a value is a column, of whatever kind."""
    return isinstance(value, Column)


# ---------------------------------------------------------------------------------------------------------------
# Arguments


def real(value: Any, what: str) -> float:
    """A number that a caller gave, as a float. ParameterError for anything else."""
    if not is_number(value) and not isinstance(value, Decimal | Fraction):
        raise ParameterError(f"{what} is a number, not {type(value).__name__}")
    try:
        return float(value)
    except (OverflowError, ValueError) as error:
        raise ParameterError(f"{what} is beyond the doubles") from error


def items(values: Any, what: str) -> list[Any]:
    """The entries of a list of any kind. ParameterError for what is none."""
    if not isinstance(values, bytes | Mapping):
        try:
            return list(values)
        except TypeError:  # nothing to go through, or an array without dimensions
            pass
    raise ParameterError(f"{what} are a list, not {type(values).__name__}")
