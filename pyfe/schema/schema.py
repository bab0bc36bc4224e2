"""Columns of real data -> bounded integer coordinates: the only place that knows scales.

A schema is an agreement that holds no rows. It is made from clinical ranges (:meth:`Schema.from_ranges`) or
proposed from a training set (:meth:`Schema.fit`), travels inside the public key, and turns a table into the
``int64[batch, n]`` matrix that is encrypted. Five kinds of column exist:

===============  ===========================  ============================================================
made by          coordinates                  what everybody knows about them
===============  ===========================  ============================================================
``number``       1: ``q`` in ``0..steps``     ``T(value) = T(lo) + q * step``, T = identity, log or sqrt
``category``     L >= 3 levels: L bits        the bits sum to 1 (a declared linear relation)
``category``     2 levels: 1 bit              1 means the second level
``thresholds``   J bits ``value >= t_j``      a later bit implies the earlier ones
``constant``     1: a fixed integer           its value (a declared linear relation)
``noise``        Q: zeros, until encryption   nothing: the data owner draws what it is
===============  ===========================  ============================================================

Numbers, categories and thresholds may have one more coordinate, 1 where the entry is absent (``missing="bit"``).
A value outside its column's range is refused before any work is done, never wrapped, and never clipped unless
the caller says ``on_overflow="clip"`` (then the count per column is returned).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate, pairwise
from types import MappingProxyType
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.schema.canonical import CanonicalRows
from pyfe.schema.cells import is_integer, is_number, is_text, listed, plain, same_name, shown
from pyfe.schema.columns import MAX_COORDINATES, Column, Slots, column_from_dict, is_column
from pyfe.schema.encoded import Encoded, Overflow
from pyfe.schema.encoding import Encoding
from pyfe.schema.facts import ColumnFacts, Difference, described, differences
from pyfe.schema.frames import naming, open_frame, to_numpy
from pyfe.schema.population import Population
from pyfe.schema.proposal import propose_columns
from pyfe.schema.protected_forms import in_wider_steps
from pyfe.schema.ranges import by_text, columns_from_ranges, require_columns, require_short_names
from pyfe.schema.written import parts_of, read, written
from pyfe.strict import reading, require_same
from pyfe.text import printable
from pyfe.wire.envelope import Kind, pack_metadata, unpack_metadata
from pyfe.wire.pickling import PickledAsBytes

__all__ = ["Schema", "stacked"]


_COLUMNS_LISTED = 10
MOST_PROTECTED_FORMS = 1024
MOST_SUM_W = 2**31 - 1


# ---------------------------------------------------------------------------------------------------------------
# The schema


class Schema(PickledAsBytes):
    """The agreement on columns, ranges and scales; immutable; holds no patient rows.

    Parameters
    ----------
    columns: mapping of column name to a column made by :func:`number`, :func:`category`, :func:`thresholds` or
        :func:`constant`. The order is the order of coordinates, and of the columns of plain arrays.
    protected_forms: named integer combinations of coordinates (``{"gap": {"systolic": 1, "diastolic": -1}}``)
        that no set of keys may open, besides the columns marked protected.
    population: what the schema publishes of the population that rows come from; :func:`pyfe.leakage.published` makes it
        from a table. Nothing by default.
    sum_w: what the magnitudes of the weights of a sum of ciphertexts may sum to, in a scheme whose ciphertexts have
        noise (``ipfe-rlwe``): keys and ciphertexts are made so large that sums of so many come out exact. 1 by default.

    Cost: O(n) memory for n coordinates. Two schemas are equal when their ids are.
    """

    def __init__(
        self,
        columns: Mapping[str, Any],
        *,
        protected_forms: Mapping[str, Any] | None = None,
        population: Population | None = None,
        sum_w: int = 1,
    ) -> None:
        if not isinstance(columns, Mapping):
            raise ParameterError(f"a schema is made of a mapping of names to columns, not of {shown(columns)}")
        if not columns:
            raise ParameterError("a schema needs at least one column")
        require_columns(columns)
        if not any(column.in_table for column in columns.values()):
            raise ParameterError(
                "a schema of constants alone holds nothing of a patient; it needs a column of the table"
            )
        if sum(column.noise is not None for column in columns.values()) > 1:
            raise ParameterError("a schema has its noise in one column, with as many slots as it takes")
        width = sum(column.width for column in columns.values())
        if width > MAX_COORDINATES:
            raise ParameterError(f"a schema has at most {MAX_COORDINATES} coordinates, not {width}")
        require_short_names(columns)
        self._columns: dict[str, Column] = {plain(name): column for name, column in columns.items()}
        bounds = pairwise(accumulate((column.width for column in self._columns.values()), initial=0))
        self._parts = tuple(
            (name, slice(start, stop), column)
            for (start, stop), (name, column) in zip(bounds, self._columns.items(), strict=True)
        )
        self._inputs = tuple(name for name, column in self._columns.items() if column.in_table)
        self._names = tuple(n for name, c in self._columns.items() for n in c.coordinate_names(name))
        self._positions = {name: position for position, name in enumerate(self._names)}
        if len(self._positions) != len(self._names):
            twice = next(name for i, name in enumerate(self._names) if self._positions[name] != i)
            raise ParameterError(f"two coordinates are called {shown(twice)}; rename a column or level")
        self._lo = _frozen([v for c in self._columns.values() for v in c.bounds[0]])
        self._hi = _frozen([v for c in self._columns.values() for v in c.bounds[1]])
        self._forms = self._checked_forms({} if protected_forms is None else protected_forms)
        self._population = self._checked_population(population)
        if not is_integer(sum_w) or not 1 <= sum_w <= MOST_SUM_W:
            raise ParameterError(f"sum_w is an integer from 1 to {MOST_SUM_W}, not {shown(sum_w)}")
        self._sum_w = int(sum_w)
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        self._id = hashlib.sha256(text.encode("ascii")).digest()

    def _checked_population(self, population: Any) -> Population | None:
        if population is None:
            return None
        if not isinstance(population, Population):
            raise ParameterError(f"a population is made by pyfe.leakage.published, and not {shown(population)}")
        population.require_fit(list(self._columns.values()))
        return population

    def _checked_forms(self, forms: Any) -> dict[str, dict[str, int]]:
        if not isinstance(forms, Mapping) or len(forms) > MOST_PROTECTED_FORMS:
            raise ParameterError(
                f"protected_forms is a mapping of names to weights, at most {MOST_PROTECTED_FORMS} of them"
            )
        by_text(forms, "protected_forms")
        columns = set(map(same_name, self._columns)) if forms else set()
        noise = self._names[self.noise_part]
        known = {same_name(c): c for c in self._names if c not in noise} if forms else {}
        return {plain(name): self._checked_form(name, form, columns, known) for name, form in forms.items()}

    def _checked_form(self, name: Any, form: Any, columns: set[str], known: Mapping[str, str]) -> dict[str, int]:
        if not is_text(name) or same_name(name) in columns:
            raise ParameterError(f"protected form {shown(name)} needs a name of its own")
        if not isinstance(form, Mapping):
            raise ParameterError(f"protected form {name!r} maps coordinates to integer weights")
        weights = by_text(form, f"protected form {name!r}")
        unknown = [c for c in weights if c not in known]
        if unknown:
            raise ParameterError(f"protected form {name!r} names {shown(unknown[0])}, which is no coordinate")
        whole = all(is_number(w) and -(2**31) < w < 2**31 and int(w) == w for w in weights.values())
        if not whole or not any(weights.values()):
            raise ParameterError(f"protected form {name!r} needs integer weights below 2^31, not all zero")
        return {known[c]: int(w) for c, w in weights.items() if w}

    # -- makers --

    @classmethod
    def from_ranges(
        cls,
        ranges: Mapping[str, Any],
        bits: int | Mapping[str, int] = 8,
        *,
        public: Iterable[str] = (),
        protected: Iterable[str] = (),
        missing: Mapping[str, Any] | None = None,
        protected_forms: Mapping[str, Mapping[str, int]] | None = None,
        sum_w: int = 1,
    ) -> Schema:
        """A schema from clinical ranges: ``(lo, hi)`` is a number, ``["no", "yes"]`` a category, or give a column.

        Parameters
        ----------
        ranges: column name -> tuple of two numbers, list of levels, the type ``bool``, or a made column.
        bits: resolution of the number columns given as tuples (one integer, or one per column name; default 8).
        public, protected: names of columns to mark.
        missing: column name -> value an absent entry takes, or "bit" for a coordinate of its own that says "is
            missing"; columns not named refuse absent entries.
        sum_w: as of the class.

        Raises ParameterError for an ambiguous list of two numbers, an unknown name, or an impossible range.
        """
        columns = columns_from_ranges(ranges, bits, public, protected, {} if missing is None else missing)
        return cls(columns, protected_forms=protected_forms, sum_w=sum_w)

    @classmethod
    def fit(
        cls,
        X: Any,
        bits: int | Mapping[str, int] = 8,
        margin: float = 0.1,
        *,
        names: Sequence[str] | None = None,
        exclude: Iterable[str] = (),
        levels: Mapping[str, Iterable[Any]] | None = None,
        ranges: Mapping[str, Any] | None = None,
        **marks: Any,
    ) -> Schema:
        """Propose a schema from training data; look at it (``print(schema)``) before using it.

        A number column gets its 1 % and 99 % quantiles, widened by ``margin`` of their distance on either side and
        rounded outwards to two digits of the range: the exact extremes would publish two patients. A column that
        is nowhere negative stays so. Whole numbers spanning less than ``2**bits`` get step 1. A number that hardly
        varies (equal quantiles) is given a range of 5 % of its size on either side (at least 0.05; more by ``margin``).

        Everything in a schema travels in the public key, so text becomes a category only if it cannot name a patient:
        two to 100 distinct values are seen, **each in at least five rows** (of a pandas Categorical the values that
        are seen count, not those declared). Refused by name are: other text (names, record numbers, free text, rare
        levels), text that points at a patient however often it is seen (addresses, long digits, pseudonyms with zeros
        in front, columns called after persons), dates, times and durations in any form, numbers written as text with a
        decimal comma, thousands sign, percent sign, comparison sign or unit, digits with zeros in front, cells that
        hold a whole separated row, and identifiers written as integers: of eight digits or more and not round, or
        mostly distinct under a name such as ``id`` or ``mrn``. The cures are in the error: ``exclude``, ``levels``, or
        to parse the column first. A column of consecutive integers, as a row counter is, warns (UserWarning). All
        columns that are refused are named at once. A table whose names look like values (most are numbers, in no order,
        some with decimals or twice; or few, and among the values of their own columns) was read without its header:
        refused.

        Parameters
        ----------
        X: as for :meth:`encode`; at least 10 rows.
        names: column names where X is an array (default ``x0, x1, ...``).
        exclude: names of columns to leave out: labels, identifiers, dates.
        levels: column name -> all levels of a category, where you know them: then nothing is taken from the data, and
            a value that is none of them is an error.
        ranges: column name -> ``(lo, hi)``, or a made column, where you know it: clinical ranges are better than any
            quantile. Values beyond it are not looked at; a UserWarning says where they are most.
        marks: public, protected, missing, protected_forms and sum_w as for :meth:`from_ranges`.
        """
        unknown_marks = sorted(set(marks) - {"public", "protected", "missing", "protected_forms", "sum_w"})
        if unknown_marks:
            raise ParameterError(f"Schema.fit has no option {unknown_marks[0]!r}")
        known = ({} if given is None else given for given in (levels, ranges))
        columns = propose_columns(X, bits, margin, names, exclude, *known)
        return cls.from_ranges(columns, **marks)

    def with_steps(self, steps: Mapping[str, int]) -> Schema:
        """The same columns, ranges and marks, the named number columns in at most so many equal steps.

        A protected form keeps its direction: its weights, which count steps, are those of the wider steps. Raises
        ParameterError for an unknown column, a number of steps below 1, or such a form whose weights leave 2^31.
        """
        for name, most in steps.items():
            if name not in self._columns:
                raise ParameterError(f"there is no column {shown(name)}")
            if not is_integer(most) or most < 1:
                raise ParameterError(
                    f"column {shown(name)}: a number of steps is an integer from 1 on, not {shown(most)}"
                )
        columns = {name: c.with_steps(int(steps[name])) if name in steps else c for name, c in self._columns.items()}
        tops = [dict(zip(self._names, hi.tolist(), strict=True)) for hi in (self._hi, Schema(columns).hi)]
        forms = {name: in_wider_steps(form, *tops) for name, form in self._forms.items()}
        return Schema(columns, protected_forms=forms, sum_w=self._sum_w)

    def with_protected(self, names: Sequence[str]) -> Schema:
        """The schema with further columns marked protected; another schema, with an id of its own. ParameterError for
        what is no column, or is public."""
        known = {same_name(name): name for name in self._columns}
        unknown = [name for name in names if same_name(name) not in known]
        if unknown:
            raise ParameterError(f"there is no column {shown(unknown[0])} that could be protected")
        marked = {known[same_name(name)]: True for name in names}
        columns = {n: replace(c, protected=True) if n in marked else c for n, c in self._columns.items()}
        return Schema(columns, protected_forms=self._forms, population=self._population, sum_w=self._sum_w)

    # -- what it says --

    @property
    def columns(self) -> Mapping[str, Column]:
        """Column name -> column, in order; read-only."""
        return MappingProxyType(self._columns)

    @property
    def input_columns(self) -> tuple[str, ...]:
        """Names of the columns a table must have: all but the constants."""
        return self._inputs

    @property
    def n(self) -> int:
        """Number of coordinates: the dimension of the inner product."""
        return len(self._names)

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """One name per coordinate, such as ``age`` or ``smoker=yes``."""
        return self._names

    @property
    def lo(self) -> IntArray:
        """Least value of each coordinate, int64 ``[n]``, read-only."""
        return self._lo

    @property
    def hi(self) -> IntArray:
        """Greatest value of each coordinate, int64 ``[n]``, read-only."""
        return self._hi

    @property
    def id(self) -> bytes:
        """SHA-256 (32 bytes) of the canonical JSON of :meth:`to_dict`."""
        return self._id

    @property
    def blocks(self) -> list[tuple[str, slice, bool]]:
        """``(column name, its coordinates, public)`` for every column: one column is one variable however coded."""
        return [(name, part, column.public) for name, part, column in self.parts]

    @property
    def parts(self) -> tuple[tuple[str, slice, Column], ...]:
        """``(column name, its coordinates, column)`` for every column."""
        return self._parts

    @property
    def population(self) -> Population | None:
        """What the schema publishes of the population that rows come from; None where it publishes nothing."""
        return self._population

    def with_population(self, population: Population | None) -> Schema:
        """The schema with what it publishes of the population; another schema, with an id of its own."""
        return Schema(self._columns, protected_forms=self._forms, population=population, sum_w=self._sum_w)

    @property
    def sum_w(self) -> int:
        """What the magnitudes of the weights of a sum of ciphertexts may sum to, where ciphertexts have noise."""
        return self._sum_w

    def with_sum_w(self, sum_w: int) -> Schema:
        """The schema for sums of so large weights; another schema, with an id of its own."""
        return Schema(self._columns, protected_forms=self._forms, population=self._population, sum_w=sum_w)

    @cached_property
    def noise(self) -> Slots | None:
        """The noise slots; None where results are exact."""
        return next((column.noise for column in self._columns.values() if column.noise is not None), None)

    @cached_property
    def noise_part(self) -> slice:
        """The coordinates of the noise slots; an empty slice where there are none."""
        return next((part for _, part, column in self._parts if column.noise is not None), slice(0, 0))

    def with_noise(self, noise: Column, name: str = "noise") -> Schema:
        """The schema with noise slots (:func:`pyfe.noise`) as its last column, called ``name``, and without what it
        publishes of the population. ParameterError where it has noise already, or another column of that name."""
        if name in self._columns or not is_column(noise) or noise.noise is None:
            raise ParameterError(f"noise is made by pyfe.noise, and needs a name of its own, not {shown(name)}")
        return Schema({**self._columns, name: noise}, protected_forms=self._forms, sum_w=self._sum_w)

    def describe(self, X: Any = None) -> list[ColumnFacts]:
        """What each column is; with a table as for :meth:`read`, also how its cells fit: what does not is counted."""
        return described(self._columns, None if X is None else self.read_raw(X))

    def differences(self, other: Schema) -> list[Difference]:
        """What differs from another schema; nothing where it is the same."""
        return differences(self._parts_written(), other._parts_written())

    def relations(self) -> IntArray:
        """Rows int64 ``[m, n]`` whose value everybody knows: the sum of a one-hot block, a constant."""
        return self._stack([self._embed(part, column.relations()) for _, part, column in self.parts])

    def public_rows(self) -> IntArray:
        """Unit rows int64 ``[m, n]`` of the coordinates of public columns."""
        return self._stack([self._units(part) for _, part, column in self.parts if column.public])

    def known_rows(self) -> IntArray:
        """Everything leakage accounting takes as known: :meth:`relations` and :meth:`public_rows`."""
        return self._stack([self.relations(), self.public_rows()])

    def protected_groups(self) -> list[tuple[str, IntArray]]:
        """``(label, rows)``: no combination of keys may lie in the span of such rows (beyond what is known)."""
        groups = [(name, self._units(part)) for name, part, column in self.parts if column.protected]
        return groups + [(name, self._form_row(form)) for name, form in self._forms.items()]

    def _embed(self, part: slice, rows: IntArray) -> IntArray:
        wide = np.zeros((len(rows), self.n), dtype=np.int64)
        wide[:, part] = rows
        return wide

    def _units(self, part: slice) -> IntArray:
        return self._embed(part, np.eye(part.stop - part.start, dtype=np.int64))

    def _form_row(self, form: Mapping[str, int]) -> IntArray:
        row = np.zeros((1, self.n), dtype=np.int64)
        for name, weight in form.items():
            row[0, self._positions[name]] = weight
        return row

    def _stack(self, parts: list[IntArray]) -> IntArray:
        return np.concatenate([np.zeros((0, self.n), dtype=np.int64), *parts])

    # -- tables to coordinates and back --

    def read(self, X: Any) -> dict[str, AnyArray]:
        """The table's columns by name, absent entries replaced where the schema states a value.

        X is a table matched by column name, whose other columns are ignored (a DataFrame of pandas or polars, a mapping
        of columns or, for one row, of cells, an Arrow Table, RecordBatch or reader, a structured array; a query of
        polars or DuckDB is run once), or an array or list of rows ``[batch, columns]`` in the order of
        :attr:`input_columns`. Names are compared as text, in Unicode's normal form C. Raises ParameterError when a
        column is missing or there twice, for Series of different indexes, a wrong shape, and what is no table in memory
        (a plan, a sparse matrix).
        """
        filled = {}
        for name, values in self.read_raw(X).items():
            with naming(name):
                filled[name] = self._columns[name].fill(values)
        return filled

    def read_raw(self, X: Any) -> dict[str, AnyArray]:
        """The table's columns by name as :meth:`read`, absent entries left as they are."""
        table = open_frame(X, self.input_columns).columns(self.input_columns)
        absent = [name for name in self.input_columns if name not in table]
        if absent:
            raise ParameterError(f"the table lacks the column(s) {listed(absent, _COLUMNS_LISTED)}")
        return {name: table[name] for name in self.input_columns}

    def as_decoded(self, X: Any) -> dict[str, AnyArray]:
        """Raw columns of a table in the types that :meth:`decode_columns` gives, absent entries as NaN."""
        return self._as_decoded(self.read_raw(X))

    def _as_decoded(self, table: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        decoded = {}
        for name, values in table.items():
            with naming(name):
                decoded[name] = self._columns[name].as_decoded(values)
        return decoded

    def encode(self, X: Any, on_overflow: Overflow = "raise") -> Encoded:
        """Integer coordinates of a table: ``q = round((T(value) - T(lo)) / step)``.

        Parameters
        ----------
        X: as for :meth:`read`.
        on_overflow: "raise" (default) refuses values outside their range; "clip" moves them to the nearer end and
            counts them per column. Absent entries without a stated value, text that is no number and unknown levels
            are refused in either case.

        Returns :class:`Encoded`. Raises OutOfRangeError naming every column and its first rows (all rows in
        ``error.offending``, why in ``error.reasons``), before anything else is done. Cost: O(batch * n), vectorised.
        """
        table = self.read_raw(X)
        x, saturated, replaced = self._encoding.encode(table, clip=_clips(on_overflow))
        canonical = None if self.noise is None else CanonicalRows.of(self._as_decoded(table))
        return Encoded(x, saturated, replaced, self._id, canonical)

    def refused(self, X: Any, on_overflow: Overflow = "raise") -> dict[str, dict[str, IntArray]]:
        """What :meth:`encode` would refuse of a table, instead of its error: of every column that has refused entries
        all reasons there are, in order, and of each the rows. For tables that come in pieces."""
        return self.looked_at(X, on_overflow)[0]

    def looked_at(
        self, X: Any, on_overflow: Overflow = "raise"
    ) -> tuple[dict[str, dict[str, IntArray]], dict[str, int]]:
        """:meth:`refused`, and by column how many absent entries would take the stated value."""
        return self._encoding.looked_at(self.read_raw(X), clip=_clips(on_overflow))

    def encode_real(self, X: Any) -> FloatArray:
        """The coordinates before rounding and clipping, float64 ``[batch, n]``: what a float model would see."""
        return self._encoding.encode_real(self.read_raw(X))

    @cached_property
    def _encoding(self) -> Encoding:
        return Encoding(self._columns)

    def check(self, x: Any) -> IntArray:
        """``x`` (an array, or :class:`Encoded` rows) as int64 ``[batch, n]`` if every coordinate is within its bounds.

        Raises ParameterError for a wrong shape or dtype, KeyMismatchError for rows encoded under another schema,
        OutOfRangeError naming the first row and coordinate.
        """
        if isinstance(x, Encoded):
            x.require_schema(self._id)
        array = to_numpy(x.x if isinstance(x, Encoded) else x)
        if np.ma.is_masked(array):
            raise ParameterError("encoded rows have no absent entries, and some of these are masked")
        if array.dtype.kind not in "iu" or array.ndim != 2 or array.shape[1] != self.n:
            raise ParameterError(f"encoded rows are integers [batch, {self.n}], not {array.dtype} {array.shape}")
        outside = (array < self._lo) | (array > self._hi)
        if outside.any():
            row, column = np.argwhere(outside)[0]
            ends = f"{self._lo[column]}..{self._hi[column]}"
            raise OutOfRangeError(
                f"{int(outside.sum())} coordinate(s) out of range, first: row {row}, {self._names[column]!r} ({ends})"
            )
        return array.astype(np.int64)

    def decode_columns(self, x: Any) -> dict[str, AnyArray]:
        """Raw values by column name of coordinates ``[batch, n]``; constants are left out."""
        array = self.check(x)
        return {name: column.decode(array[:, part]) for name, part, column in self.parts if column.in_table}

    def decode(self, x: Any) -> AnyArray:
        """Raw values ``[batch, columns]`` of coordinates ``[batch, n]``: float64, or object if a column holds text.

        ``encode(decode(x)).x == x`` for every x that can occur; the reverse loses at most half a step.
        """
        return stacked(self.decode_columns(x))

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        """Random coordinates int64 ``[count, n]`` that can occur: uniform per column, or at range ends only."""
        given: tuple[object, object] = rng, count
        if not (isinstance(given[0], np.random.Generator) and is_integer(given[1]) and 0 <= count < 2**31):
            raise ParameterError("a sample takes a numpy Generator and a number of rows, an integer from 0 to 2^31 - 1")
        return np.concatenate([c.sample(rng, count, ends=ends) for c in self._columns.values()], axis=1)

    # -- plain types --

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; floats as ``float.hex`` texts, so that nothing is rounded on the way."""
        columns = [{"name": name, **column.to_dict()} for name, column in self._columns.items()]
        forms = [{"name": name, "weights": dict(sorted(form.items()))} for name, form in self._forms.items()]
        published = {} if self._population is None else {"population": self._population.to_dict()}
        sums = {} if self._sum_w == 1 else {"sum_w": self._sum_w}  # else the ids of earlier schemas would change
        return {"version": 1, "columns": columns, "protected_forms": forms, **published, **sums}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """The inverse of :meth:`to_dict`; raises DecodeError for anything :meth:`to_dict` would not have written."""
        with reading("a schema"):
            columns = {entry["name"]: column_from_dict(entry) for entry in data["columns"]}
            forms = {entry["name"]: entry["weights"] for entry in data["protected_forms"]}
            population = Population.from_dict(data["population"]) if "population" in data else None
            schema = cls(columns, protected_forms=forms, population=population, sum_w=data.get("sum_w", 1))
            require_same(schema.to_dict(), dict(data), "a schema")
        return schema

    def to_yaml(self) -> str:
        """A file that people read and edit (:mod:`pyfe.schema.written`). ParameterError for a schema of more than some
        25,000 columns, or 4 MB of text."""
        return written(self._parts_written())

    def _parts_written(self) -> dict[str, Any]:
        return parts_of(self._columns, self._forms, self._population, self._sum_w)

    @classmethod
    def from_yaml(cls, data: bytes | str) -> Schema:
        """The schema of such a file: that of :meth:`to_yaml` is the same schema, of the same id. DecodeError, which
        names the line, for unknown words, names that stand twice, aliases, tags, and values that no column takes."""
        return read(data, cls)

    def to_bytes(self) -> bytes:
        """The canonical encoding: one envelope of metadata only. Cost: linear in the size of the schema."""
        return pack_metadata(Kind.SCHEMA, self.to_dict())

    @classmethod
    def from_bytes(cls, data: bytes) -> Schema:
        """The schema that ``data`` encodes. DecodeError unless ``data`` is exactly one canonical encoding of one."""
        return cls.from_dict(unpack_metadata(data, Kind.SCHEMA))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self._id == other._id

    def __hash__(self) -> int:
        return hash(self._id)

    def __repr__(self) -> str:
        return f"Schema({len(self._columns)} columns, {self.n} coordinates, id {self._id.hex()[:12]})"

    def __str__(self) -> str:
        names = [printable(name) for name in self._columns]
        width = max(map(len, names))
        columns = zip(names, self._columns.values(), strict=True)
        lines = (f"  {name.ljust(width)}  {column}{_marks_text(column)}" for name, column in columns)
        published = [] if self._population is None else ["  publishes shares of the population"]
        sums = [] if self._sum_w == 1 else [f"  ciphertexts add up with weights that sum to {self._sum_w} at most"]
        return "\n".join([repr(self), *map(printable, lines), *published, *sums])


# ---------------------------------------------------------------------------------------------------------------
# Helpers


def _clips(on_overflow: object) -> bool:
    if not (isinstance(on_overflow, str) and on_overflow in ("raise", "clip")):
        raise ParameterError(f'on_overflow is "raise" or "clip", not {shown(on_overflow)}')
    return on_overflow == "clip"


def stacked(columns: Mapping[str, AnyArray]) -> AnyArray:
    """Columns side by side ``[batch, columns]``: float64, or object if one of them holds text."""
    kind = object if any(values.dtype.kind == "O" for values in columns.values()) else np.float64
    return np.stack([values.astype(kind) for values in columns.values()], axis=1)


def _frozen(values: list[int]) -> IntArray:
    array = np.array(values, dtype=np.int64)
    array.setflags(write=False)
    return array


def _marks_text(column: Column) -> str:
    words = [w for w in ("public", "protected") if getattr(column, w)]
    if column.missing is not None:
        words.append(f"missing = {column.missing}")
    return f" ({', '.join(words)})" if words else ""
