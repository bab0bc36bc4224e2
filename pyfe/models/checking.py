"""Is the model what its map says, where probing did not look? Asked of the model before a function leaves ``compile``.

A few hundred probes determine a map of degree one or two and verify it on 512 random rows. A model can still be
another at single values (an imputer's 999), at absent entries, between two cuts, or on the owner's own rows. So it is
asked again, and has to agree:

======================================  =====================================================  ========================
rows                                    of what                                                agree within
======================================  =====================================================  ========================
every code                              columns of up to 65,536 codes, all columns at once      rounding of floats
reference rows, as the schema decodes   all                                                    rounding of floats
reference rows, as they came            those of which no cell is clipped                      max_error + rounding
values that often mean "absent"         999, -1, 0, ... and ``missing_values`` of its steps,   max_error + rounding
                                        where they are inside the range, a column at a time
absent entries                          columns for which the schema states a value            max_error + rounding
both sides of every cut (the next       columns of thresholds; also two points in every gap    rounding of floats
float64 and float32), two between
======================================  =====================================================  ========================

where *rounding* is what the distance of the cell to its code explains (at most half a step), through the slope of the
map, for an absent entry half a step. On decoded rows also the model's labels and its last output are held against the
decision values and the link. Not verified: a value that is treated in another way and is none of these, in a column of
more than 65,536 codes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.arrays import AnyArray, BoolArray, FloatArray, IntArray
from pyfe.errors import ParameterError, PyfeError, UnsupportedModelError
from pyfe.function import label_array
from pyfe.models.fit.probing import ROWS_AT_ONCE, TOLERANCE, Score, centre, fresh_rows
from pyfe.models.real.affine import AffineMap
from pyfe.models.sources.fitted import culprit
from pyfe.models.sources.link_and_classes import differs, not_the_largest
from pyfe.models.sources.own_answers import require_own_answers
from pyfe.models.sources.parts import nested
from pyfe.models.sources.raw_model import RawModel
from pyfe.models.sources.real_function import RealFunction
from pyfe.schema import Column, Schema

__all__ = ["Check", "Reference", "check"]

Columns: TypeAlias = dict[str, AnyArray]

_MOST_CODES = 2**16
"""Most codes of a column that are all tried."""

_CODE_ENTRIES = 2**24
"""Most entries of the list of a column's codes, its width counted: 4,096 levels or cuts."""

_ENTRIES = 2**22
"""Coordinates that are held at once, but for the reference rows."""

_MOST_SENTINELS = 4 * ROWS_AT_ONCE
_ABSENT_ROWS = 16
_PATTERNS = 256
_EDGE = 1e-6
_FINE = 1e-9
"""Of the largest decision values: how near to zero one is taken for zero by rounding."""

_LEAST_REFERENCE = 20
_ROWS_NAMED = 5


def _signs_of_absence() -> tuple[float, ...]:
    """Repeated digits, their neighbours and negatives, powers, limits of types: what is typed or exported most often
    comes first."""
    runs = [float(digit * length) for digit in "978" for length in range(1, 9)]
    others = [float(digit * length) for digit in "123456" for length in range(1, 8)]
    near = [10.0**length - k for length in range(2, 8) for k in (2, 3, 4)]
    decimals = [run / part for run in runs[:8] for part in (10.0, 100.0)]
    powers = [10.0**exponent for exponent in range(1, 10)]
    limits = [2.0**bits + k for bits in (7, 8, 15, 16, 31, 32) for k in (-1, 0)]
    positive = [*runs, *near, *decimals, *powers, *limits, *others, 1234.0, 12345.0, 123456.0]
    both = [-1.0, 0.0, *(side * value for value in positive for side in (1.0, -1.0))]
    return tuple(dict.fromkeys(both))


_SENTINELS = _signs_of_absence()
"""What tables often hold where something was not measured."""


@dataclass(frozen=True)
class Rows:
    """A table the model was asked about as it is, and what the schema makes of it.

    columns: raw. x: its codes ``[m, n]``. by: ``[m, n]``, how far a coordinate may be from where the cell was.
    theirs: the model's decision values ``[m, k]``, NaN where it gives none or the row does not count.
    ``first`` is the number of the first row.
    """

    what: str
    columns: Columns
    x: IntArray
    by: FloatArray
    theirs: FloatArray
    first: int = 0


@dataclass(frozen=True)
class Reference:
    """The owner's rows: raw columns, codes, coordinates before rounding; which rows have a clipped cell ``[m]``, and
    which cells are absent ``[m, columns]``."""

    columns: Columns
    x: IntArray
    by: FloatArray
    clipped: BoolArray
    absent: BoolArray

    @classmethod
    def read(cls, schema: Schema, given: Any) -> Reference:
        """ParameterError where these are no rows of the schema."""
        try:
            given = schema.read_raw(given)  # once: a reader of batches is then at its end
            x, real, columns = schema.encode(given, "clip").x, schema.encode_real(given), schema.as_decoded(given)
        except PyfeError:
            raise
        except Exception as error:
            raise ParameterError(
                f"reference is a {type(given).__name__} that cannot be read as a table ({type(error).__name__}); give "
                "a DataFrame, a mapping of columns, or an array"
            ) from error
        if len(x) < _LEAST_REFERENCE:
            raise ParameterError(f"reference needs at least {_LEAST_REFERENCE} rows, not {len(x)}")
        absent = np.stack([np.asarray(values != values, dtype=np.bool_) for values in columns.values()], axis=1)
        by, clipped = np.abs(real - x), np.zeros(len(x), dtype=np.bool_)
        names = list(columns)
        for name, part, column in schema.parts:
            clipped |= (by[:, part] > 0.5 + _EDGE).any(axis=1)
            if column.interval:
                by[absent[:, names.index(name)], part] = 0.5
        return cls(columns, x, by, clipped, absent)


@dataclass(frozen=True)
class Check:
    """What the model said about raw rows, kept until the integers are known; and what a report says of it."""

    rows: list[Rows]
    remark: tuple[str, str]

    def require(self, score: Score, max_error: FloatArray, real: RealFunction) -> None:
        """UnsupportedModelError where the integers are further from the model than their bound and the rounding of
        the rows explain. ``score``: decision values of codes."""
        for rows in self.rows:
            _Comparison(real, score, max_error).require(rows)


def check(real: RealFunction, schema: Schema, reference: Reference | None) -> tuple[RealFunction, Check]:
    """Ask the model again. The function, with what was measured on decoded rows in its error; and the answers that
    wait for the integers. UnsupportedModelError where the model is another than its map.

    Cost: up to 65,536 evaluations and one per reference row on decoded rows; one per reference row on raw ones, up to
    16,384 for values that mean "absent", 16 per column that may be absent, and about 36 per cut.
    """
    raw = real.raw_model
    if raw is None:  # a model that is given by its numbers has nothing to be asked
        return real, Check([], ("checked", "a model given by its numbers: there is nothing to ask"))
    rng = np.random.default_rng(21)
    if reference is not None:
        pieces = np.array_split(reference.x, range(ROWS_AT_ONCE, len(reference.x), ROWS_AT_ONCE))
        real = _on_codes(real, raw, schema, iter(pieces), "reference rows, as the schema decodes them")
    real = _on_codes(real, raw, schema, _every_code(schema, rng), "every code of the small columns")
    _require_boundary(real, raw, schema)
    _require_edges(real, raw, schema, rng)
    k = len(real.map.error)
    rows = [*_sentinels(raw, schema, rng), *_absent(raw, schema, rng, k)]
    remark = "every code of small columns, and typical signs of absence"
    if reference is not None:
        reference = reference if isinstance(real.map, AffineMap) else _without_curvature(reference, schema)
        as_it_came = _as_it_came(raw, reference, k)
        rows.insert(0, as_it_came)
        unanswered = int(np.isnan(as_it_came.theirs).any(axis=1).sum()) - int(reference.clipped.sum())
        remark = (
            f"{len(reference.x)} reference rows, decoded and as they came ({int(reference.clipped.sum())} with clipped "
            f"cells{'' if isinstance(real.map, AffineMap) else ', or cells between the only two codes of a column,'} "
            f"excepted; {unanswered} with absent cells that the model does not take)"
        )
    return real, Check(rows, ("checked", remark))


# ---------------------------------------------------------------------------------------------------------------
# Comparing


def _rounding(real: RealFunction, schema: Schema) -> FloatArray:
    """What is taken for rounding of floats, ``[k]``: as in probing, and what was measured there."""
    values = real.map(fresh_rows(schema))
    return np.asarray(
        np.maximum(TOLERANCE * np.ptp(values, axis=0), 1e-12 * np.abs(values).max(axis=0)) + real.map.error
    )


@dataclass(frozen=True)
class _Comparison:
    """Values of codes against the model's own, within ``allowed [k]`` and what the rounding of the rows explains."""

    real: RealFunction
    score: Score
    allowed: FloatArray

    def beyond(self, x: IntArray, by: FloatArray, theirs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Largest difference of each row, and how far it is beyond its bound, ``[m]`` each; of uncounted rows 0."""
        ours, bound = self.score(x).reshape(theirs.shape), self.allowed + self.real.map.moved(x, by)
        difference = np.where(np.isnan(theirs), 0.0, np.abs(ours - theirs))
        excess = difference - bound * (1 + 1e-9)
        return np.asarray(difference.max(axis=1)), np.asarray(excess.max(axis=1))

    def require(self, rows: Rows) -> None:
        """UnsupportedModelError naming rows, columns and the likely step."""
        differences, excess = [], []
        for start in range(0, len(rows.x), ROWS_AT_ONCE):
            piece = slice(start, start + ROWS_AT_ONCE)
            difference, beyond = self.beyond(rows.x[piece], rows.by[piece], rows.theirs[piece])
            differences.append(difference)
            excess.append(beyond)
        wrong = np.flatnonzero(np.concatenate([*excess, np.zeros(0)]) > 0)
        if not len(wrong):
            return
        difference = np.concatenate(differences)[wrong]
        worst = int(wrong[np.argmax(difference)])
        raise UnsupportedModelError(
            f"{self.real.name} differs from the function that was found on {len(wrong)} of {len(rows.x)} rows "
            f"({rows.what}), by up to {difference.max():.3g}, where {self._bound(rows, worst):.3g} is explained by the "
            f"error bound and rounding: {_listed(wrong + rows.first)}{self._blamed(rows, worst)}"
        )

    def _bound(self, rows: Rows, row: int) -> float:
        one = slice(row, row + 1)
        return float((self.allowed + self.real.map.moved(rows.x[one], rows.by[one])).max())

    def _blamed(self, rows: Rows, row: int) -> str:
        """The columns without which the row would agree, with the cut that is nearest; and the likely step."""
        raw = self.real.raw_model
        if raw is None:
            return ""
        found = self._columns_to_blame(raw, rows, row)
        absent = [name for name in rows.columns if rows.columns[name][row] != rows.columns[name][row]]
        named = found or absent
        texts = [_with_cut(name, raw.schema.columns[name], rows.columns[name][row]) for name in named[:_ROWS_NAMED]]
        columns = f"; column{'s' if len(texts) > 1 else ''} {', '.join(texts)}" if texts else ""
        return columns + _likely_step(raw, rows.x[row : row + 1], absent=bool(absent))

    def _columns_to_blame(self, raw: RawModel, rows: Rows, row: int) -> list[str]:
        """The columns each of which alone, put to its middle, makes the row agree; where none does, since several are
        wrong, the one that does when it follows those before it."""
        names, middle = list(rows.columns), centre(raw.schema)
        calm, parts = raw.schema.decode_columns(middle[None, :]), {name: part for name, part, _ in raw.schema.blocks}
        for several in (False, True):
            columns = {name: np.repeat(values[row : row + 1], len(names)) for name, values in rows.columns.items()}
            x, by = np.repeat(rows.x[row : row + 1], len(names), axis=0), np.zeros((len(names), raw.schema.n))
            by += rows.by[row]
            for i, name in enumerate(names):
                which = slice(i, None if several else i + 1)
                columns[name][which] = calm[name][0]
                x[which, parts[name]], by[which, parts[name]] = middle[parts[name]], 0.0
            try:
                theirs = raw.on_columns(columns)
            except UnsupportedModelError:
                return []
            agreed = np.flatnonzero(self.beyond(x, by, theirs)[1] <= 0)
            if 0 < len(agreed) < len(names) or len(names) == 1:
                return [names[i] for i in (agreed[:1] if several else agreed)]
        return []


def _listed(rows: npt.NDArray[np.intp]) -> str:
    more = ", ..." if len(rows) > _ROWS_NAMED else ""
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(str(row) for row in rows[:_ROWS_NAMED])}{more}"


def _with_cut(name: str, column: Column, value: Any) -> str:
    cuts = column.cut_points()
    if not cuts or value != value:
        return repr(name)
    nearest = min(cuts, key=lambda cut: abs(cut - float(value)))
    return f"{name!r} at its cut {nearest!r} (a bit is value >= cut; the model's own test is another one)"


def _likely_step(raw: RawModel, x: IntArray, *, absent: bool) -> str:
    for name, step in nested(raw.model):
        kind = type(step).__name__
        sentinel = getattr(step, "missing_values", None)
        stated = isinstance(sentinel, int | float) and sentinel == sentinel
        indicates = getattr(step, "add_indicator", False) is True or kind == "MissingIndicator"
        if not (stated or indicates or (absent and (kind.endswith("Imputer") or hasattr(step, "imputer_")))):
            continue
        told = [f"missing_values={sentinel!r}"] * stated + ["add_indicator=True"] * indicates
        where = f"; likely step {name!r} ({', '.join([kind, *told])}): "
        if indicates:
            return (
                where + 'whether a cell was absent counts in the model; declare the column with missing="bit", or fit '
                "without the indicator"
            )
        if stated:
            return where + (
                f"it takes {sentinel!r} for absent, which encrypted rows hold as a number; replace it by NaN before, "
                "fit the imputer on NaN, and give the schema missing= for the column"
            )
        return where + (
            "encrypted rows take the schema's missing value instead; give the schema the imputer's own "
            "(SimpleImputer.statistics_). What an imputer makes of other columns no single value can stand for"
        )
    if absent:
        return (
            "; the model treats an absent entry in its own way, and no single value stands for that; declare the "
            'column with missing="bit" where the model is of degree two in it, or fit on rows without absent entries'
        )
    return "" if raw.model is None else f"; likely {culprit(raw, x)}"


# ---------------------------------------------------------------------------------------------------------------
# Decoded rows


def _on_codes(real: RealFunction, raw: RawModel, schema: Schema, pieces: Iterator[IntArray], what: str) -> RealFunction:
    """The function, its error widened to what was measured; UnsupportedModelError beyond the rounding of floats."""
    allowed, largest, first = _rounding(real, schema), np.zeros(len(real.map.error)), 0
    for x in pieces:
        columns = schema.decode_columns(x)
        theirs = raw.on_columns(columns)
        _Comparison(real, real.map, allowed).require(Rows(what, columns, x, np.zeros(x.shape), theirs, first))
        first += len(x)
        require_own_answers(real, raw, columns, theirs)
        largest = np.maximum(largest, np.abs(real.map(x) - theirs).max(axis=0, initial=0.0))
    return replace(real, map=replace(real.map, error=np.maximum(real.map.error, 2 * largest)))


def _every_code(schema: Schema, rng: np.random.Generator) -> Iterator[IntArray]:
    """Rows in which every small column takes each of its codes at least once; all columns vary at once."""
    columns = list(schema.columns.values())
    sizes = [column.size if _is_small(column) else 0 for column in columns]
    count = max(sizes)
    orders = [rng.permutation(np.arange(count) % size) if size else None for size in sizes]
    at_once = max(1, min(ROWS_AT_ONCE, _ENTRIES // schema.n))
    for start in range(0, count, at_once):
        rows = min(at_once, count - start)
        parts = [
            column.sample(rng, rows) if order is None else column.codes()[order[start : start + rows]]
            for column, order in zip(columns, orders, strict=True)
        ]
        yield np.concatenate(parts, axis=1)


def _is_small(column: Column) -> bool:
    return column.size <= _MOST_CODES and column.size * column.width <= _CODE_ENTRIES


def _require_boundary(real: RealFunction, raw: RawModel, schema: Schema) -> None:
    """A model of two classes has to change its prediction where its decision value changes sign: rows are sought near
    that, on the line between two rows that differ in numbers only. UnsupportedModelError where it does so elsewhere."""
    numbers = [part.start for _, part, column in schema.parts if column.interval]
    if raw.predict is None or real.classes is None or len(real.map.error) > 1 or not numbers:
        return
    first = fresh_rows(schema)
    second = first.copy()
    second[:, numbers] = first[::-1][:, numbers]
    ends = real.map(first)[:, 0], real.map(second)[:, 0]
    crossing = np.flatnonzero(ends[0] * ends[1] < 0)[:8]
    if not len(crossing):
        return
    a, b = first[crossing].astype(np.float64), second[crossing].astype(np.float64)
    low, high, sign = np.zeros(len(a)), np.ones(len(a)), np.sign(real.map(a)[:, 0])
    for _ in range(60):
        middle = (low + high) / 2
        same = np.sign(real.map(a + middle[:, None] * (b - a))[:, 0]) == sign
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    steps = np.concatenate([side * 10.0 ** -np.arange(1, 7) for side in (-1, 1)])
    t = np.clip(low[:, None] + steps, 0.0, 1.0).ravel()
    points = np.repeat(a, len(steps), axis=0) + t[:, None] * np.repeat(b - a, len(steps), axis=0)
    columns = _decoded_between(schema, points)
    decision = raw.on_columns(columns)
    error = real.map.error + _FINE * np.abs(np.concatenate(ends)).max()
    if differs(raw.predict, real.name, raw.table(columns), label_array(real.classes), decision, error).any():
        raise UnsupportedModelError(not_the_largest(real.name))


def _decoded_between(schema: Schema, points: FloatArray) -> Columns:
    """Raw values of coordinates that, of numbers, need not be whole."""
    return {
        name: column.decode(points[:, part] if column.interval else points[:, part].astype(np.int64))  # type: ignore[arg-type]
        for name, part, column in schema.parts
        if column.in_table
    }


# ---------------------------------------------------------------------------------------------------------------
# Raw rows


def _without_curvature(reference: Reference, schema: Schema) -> Reference:
    """Rows with a cell between the only two codes of a column are excepted, as clipped ones are: x and x^2 are one on 0
    and 1, so that a quadratic map knows the model at the codes and not how it bends between them."""
    between = np.zeros(len(reference.x), dtype=np.bool_)
    for _, part, column in schema.parts:
        if column.hides_curvature:
            between |= (reference.by[:, part] > _EDGE).any(axis=1)
    return replace(reference, clipped=reference.clipped | between)


def _as_it_came(raw: RawModel, reference: Reference, k: int) -> Rows:
    theirs = _answers(raw, reference.columns, reference.absent, ~reference.clipped, k)
    return Rows("reference rows, as they came", reference.columns, reference.x, reference.by, theirs)


def _answers(
    raw: RawModel, columns: Mapping[str, AnyArray], absent: BoolArray, counted: BoolArray, k: int
) -> FloatArray:
    """The model's values ``[m, k]`` of the counted rows; NaN for those with absent cells that it does not take. It is
    asked for each pattern of absence on its own, since one column may allow what another refuses."""
    theirs = np.full((len(absent), k), np.nan)
    holes = absent.any(axis=1)
    whole = np.flatnonzero(counted & ~holes)
    if len(whole):
        theirs[whole] = raw.on_columns({name: values[whole] for name, values in columns.items()})
    open_rows = np.flatnonzero(counted & holes)
    if not len(open_rows):
        return theirs
    _, pattern = np.unique(absent[open_rows], axis=0, return_inverse=True)
    pattern = np.minimum(pattern.ravel(), _PATTERNS)
    for number in np.unique(pattern):
        chosen = open_rows[pattern == number]
        try:
            values = raw.in_pieces(raw.function, {name: column[chosen] for name, column in columns.items()})
        except UnsupportedModelError:
            continue
        theirs[chosen] = np.where(np.isfinite(values).all(axis=1, keepdims=True), values, np.nan)
    return theirs


def _probe(raw: RawModel, schema: Schema, x: IntArray, cells: list[tuple[str, Any]], what: str, k: int) -> Rows:
    """Decoded rows in each of which one cell ``(column, value)`` is replaced; NaN is an absent one."""
    columns, by = schema.decode_columns(x), np.zeros(x.shape)
    parts = {name: part for name, part, _ in schema.blocks}
    for name in {name for name, _ in cells}:
        column, where = schema.columns[name], np.array([i for i, cell in enumerate(cells) if cell[0] == name])
        values = np.array([cells[i][1] for i in where], dtype=np.float64)
        text = columns[name].dtype.kind == "O"
        if np.isnan(values).any() and not text:
            columns[name] = columns[name].astype(np.float64)
        columns[name][where] = values
        code = column.encode(values.astype(object) if text else values)
        x[where, parts[name]] = code.x if code.x.ndim == 2 else code.x[:, None]
        by[where, parts[name]] = np.abs(code.real - code.x)
        if column.interval:
            by[where[np.isnan(values)], parts[name]] = 0.5
    absent = np.stack([np.asarray(values != values, dtype=np.bool_) for values in columns.values()], axis=1)
    return Rows(what, columns, x, by, _answers(raw, columns, absent, np.ones(len(x), dtype=np.bool_), k))


def _sentinels(raw: RawModel, schema: Schema, rng: np.random.Generator) -> Iterator[Rows]:
    """One column at a time at a value that often stands for "absent", or that a step of the model takes for it."""
    stated = [getattr(step, name, None) for _, step in nested(raw.model) for name in ("missing_values", "missing")]
    own = [float(v) for v in stated if isinstance(v, int | float | np.number) and not isinstance(v, bool) and v == v]
    values = np.array(list(dict.fromkeys([*own, *_SENTINELS])))
    cells = [(name, value) for name, c in schema.columns.items() for value in _inside(c, values)]
    order = {value: position for position, value in enumerate(values.tolist())}
    cells = sorted(cells, key=lambda cell: order[cell[1]])[:_MOST_SENTINELS]
    what, k = 'values that often mean "absent"', len(raw.on_codes(fresh_rows(schema)[:1])[0])
    yield from _probes(raw, schema, rng, cells, what, k)


def _inside(column: Column, values: FloatArray) -> list[float]:
    """The values that a column can hold, and that no code of a small column stands for; see _without_curvature."""
    if column.hides_curvature:
        return []
    held, exact = column.numbers_held(values)
    return [float(value) for value in values[held & ~(exact & _is_small(column))]]


def _absent(raw: RawModel, schema: Schema, rng: np.random.Generator, k: int) -> Iterator[Rows]:
    """Rows with one absent cell, in every column for which the schema states a value."""
    names = [name for name, column in schema.columns.items() if column.missing is not None]
    each = max(1, min(_ABSENT_ROWS, _MOST_SENTINELS // max(1, len(names))))
    cells = [(name, np.nan) for name in names for _ in range(each)]
    yield from _probes(raw, schema, rng, cells, "an absent cell, as the model and as the schema take it", k)


def _probes(
    raw: RawModel, schema: Schema, rng: np.random.Generator, cells: list[tuple[str, Any]], what: str, k: int
) -> Iterator[Rows]:
    at_once = max(1, min(ROWS_AT_ONCE, _ENTRIES // schema.n))
    for start in range(0, len(cells), at_once):
        piece = cells[start : start + at_once]
        yield _probe(raw, schema, schema.sample(rng, len(piece)), piece, what, k)


def _require_edges(real: RealFunction, raw: RawModel, schema: Schema, rng: np.random.Generator) -> None:
    """Columns of thresholds: the model has to be constant between cuts, and to change where the bit does."""
    edges = {name: _edges(np.array(cuts)) for name, c in schema.columns.items() if (cuts := c.cut_points())}
    if not edges:
        return
    count = 4 * max(len(values) for values in edges.values())
    drawn = {name: values[rng.permutation(np.arange(count) % len(values))] for name, values in edges.items()}
    allowed, parts = _rounding(real, schema), {name: part for name, part, _ in schema.blocks}
    at_once = max(1, min(ROWS_AT_ONCE, _ENTRIES // schema.n))
    for start in range(0, count, at_once):
        x = schema.sample(rng, min(at_once, count - start))
        columns = schema.decode_columns(x)
        for name, values in drawn.items():
            columns[name] = values[start : start + at_once]
            x[:, parts[name]] = schema.columns[name].encode(columns[name]).x
        rows = Rows("at and between the cuts", columns, x, np.zeros(x.shape), raw.on_columns(columns))
        _Comparison(real, real.map, allowed).require(rows)


def _edges(cuts: FloatArray) -> FloatArray:
    """Every cut, its neighbours in float64 and float32, and two points in every gap and beyond both ends."""
    with np.errstate(over="ignore"):  # what is infinite is left out in the end
        single = cuts.astype(np.float32)
    near = [cuts, np.nextafter(cuts, -np.inf), np.nextafter(cuts, np.inf), single.astype(np.float64)]
    near += [np.nextafter(single, np.float32(end)).astype(np.float64) for end in (-np.inf, np.inf)]
    gaps = np.diff(cuts) if len(cuts) > 1 else np.array([max(1.0, abs(cuts[0]))])
    between = [cuts[:-1] + part * np.diff(cuts) for part in (0.31, 0.77)]
    beyond = np.array([[cuts[0] - far * gaps[0], cuts[-1] + far * gaps[-1]] for far in (0.4, 3.0)]).ravel()
    values = np.unique(np.concatenate([*near, *between, beyond]))
    return np.asarray(values[np.isfinite(values)])
