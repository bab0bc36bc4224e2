"""Tables of every kind as one-dimensional numpy columns by name.

A table is a mapping of columns (or of cells, which is one row), a DataFrame (pandas, polars), an Arrow Table,
RecordBatch or RecordBatchReader, a query of polars or DuckDB (which is run once, when it is opened), a structured
array, an array ``[batch, columns]`` or a list of rows. Columns of the first kinds are matched by name, those of arrays
and rows by order. Names of any type count as their text, in Unicode's normal form C. Entries that a mask hides are
absent. What else is no table in memory (plans, sparse matrices) ends in an error with the cure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.errors import ParameterError
from pyfe.schema.cells import is_cell, plain, same_name, shown

__all__ = ["Frame", "as_column", "as_labels", "collected", "naming", "open_frame", "require_order", "to_numpy"]


_LISTED = 10

_FEW = 32
"""How much longer pandas takes for one column by itself than for one among all."""

_ARROW_TEMPORAL = ("timestamp", "date", "time", "duration", "month_day_nano")

_CURES = {
    ("polars", "Series"): "a polars Series is one column; make a table of it: X.to_frame()",
    ("pandas", "Series"): "a pandas Series is one column or one row; make a table of it: X.to_frame(), X.to_frame().T",
    ("pandas", "Index"): "a pandas Index is one column; make a table of it: X.to_frame()",
    ("scipy", "*"): "a sparse matrix is no table here; make it a dense one: X.toarray()",
    ("sparse", "*"): "a sparse array is no table here; make it a dense one: X.todense()",
    ("dask", "*"): "a Dask collection is a plan; compute it first: X.compute()",
    ("dask_expr", "*"): "a Dask collection is a plan; compute it first: X.compute()",
    ("xarray", "*"): "an xarray object is no table; make a DataFrame of it: X.to_dataframe()",
    ("pyspark", "*"): "a Spark DataFrame is a query; fetch it first: X.toPandas()",
    ("ibis", "*"): "an Ibis expression is a query; fetch it first: X.to_pandas()",
}


@dataclass(frozen=True)
class Frame:
    """A table that is open: the names of its columns (``labels``, as text), and what gives those at some places.

    ``one_index``: whether the columns are known to belong together row by row.
    """

    labels: list[str]
    at: Callable[[Sequence[int]], Sequence[Any]]
    one_index: bool = False

    def column(self, place: int) -> Any:
        """The column at a place."""
        return self.at([place])[0]

    def columns(self, wanted: Iterable[str] | None = None) -> dict[str, AnyArray]:
        """The columns called ``wanted`` (of a table: those of them that it has), by default all, by name.

        ParameterError for two columns of one name, for columns of different lengths or indexes, and for one that is
        no column. Columns that are not wanted are not looked at.
        """
        names = {same_name(name): name for name in (self.labels if wanted is None else wanted)}
        places = self._places(names)
        given = dict(zip((names[key] for key in places), self.at(list(places.values())), strict=True))
        if not self.one_index:
            _require_one_index(given)
        found = {}
        for name, values in given.items():
            try:
                found[name] = as_column(values)
            except ParameterError as error:  # naming() for each of many columns would be half of the time
                _raise_named(name, error)
        _require_one_length(found)
        return found

    def _places(self, names: Mapping[str, str]) -> dict[str, int]:
        places: dict[str, int] = {}
        for place, label in enumerate(self.labels):
            key = same_name(label)
            if key in names and key in places:
                raise ParameterError(
                    f"two columns are called {shown(names[key])} (columns {places[key] + 1} and {place + 1}; names are "
                    "compared as text): rename or drop one"
                )
            if key in names:
                places[key] = place
        return {key: places[key] for key in names if key in places}


def open_frame(X: Any, names: Sequence[str] | None) -> Frame:
    """A table of any kind; ``names`` are those of an array's columns (default ``x0, x1, ...``). ParameterError."""
    if isinstance(X, type):
        raise ParameterError(f"a table is a DataFrame, a mapping of columns or an array, not the type {X.__name__}")
    origin, kind = type(X).__module__.partition(".")[0], type(X).__name__
    cure = _CURES.get((origin, kind), _CURES.get((origin, "*")))
    if cure is not None:
        raise ParameterError(cure)
    X = collected(X)
    origin, kind = type(X).__module__.partition(".")[0], type(X).__name__
    if isinstance(X, Mapping):  # after the cures: some sparse matrices are mappings
        return Frame(as_labels(X), partial(_of_mapping, list(X.values())))
    if origin == "pyarrow":
        return _arrow(X)
    if origin == "polars" and not hasattr(X, "to_series"):
        raise ParameterError(f"a polars {kind} is no table; pass a DataFrame")
    if origin == "polars":
        return Frame(as_labels(X.columns), lambda places: [X.to_series(place) for place in places])
    if hasattr(X, "columns") and hasattr(X, "iloc"):
        return Frame(as_labels(X.columns), partial(_of_pandas, X), one_index=True)
    return _array(X, names)


def collected(X: Any) -> Any:
    """The rows of a query of polars or DuckDB, or of a reader of Arrow, as a table in memory; anything else as it is.

    For who opens a table more than once: a reader is then at its end, and a query may give its rows in another order.
    ParameterError where a query fails, and where DuckDB's is to be read without pyarrow.
    """
    origin, kind = type(X).__module__.partition(".")[0], type(X).__name__
    if (origin, kind) == ("polars", "LazyFrame"):
        return _run(X.collect, "polars LazyFrame")
    if origin in ("duckdb", "_duckdb") and kind == "DuckDBPyRelation":
        return _run(X.to_arrow_table if hasattr(X, "to_arrow_table") else X.arrow, "DuckDB relation")
    return X.read_all() if origin == "pyarrow" and hasattr(X, "read_all") else X


def _run(query: Callable[[], Any], what: str) -> Any:
    """The rows of a query. ParameterError where it fails, whatever it raises, and where Arrow is missing."""
    try:
        return query()
    except ImportError as error:
        raise ParameterError(
            f"a {what} is read through Arrow, and pyarrow is not installed: pip install 'pyfe-crypto[parquet]'"
        ) from error
    except Exception as error:
        raise ParameterError(f"the {what} cannot be run: {type(error).__name__}") from error


def _of_mapping(values: Sequence[Any], places: Sequence[int]) -> Sequence[Any]:
    """Columns of a mapping; where all of them are cells, the mapping is one row."""
    found = [values[place] for place in places]
    return [[cell] for cell in found] if all(map(is_cell, found)) else found


def _of_pandas(X: Any, places: Sequence[int]) -> Sequence[Any]:
    """Columns of a DataFrame. One by one they take long: all at once is sooner, unless most are not wanted."""
    if hasattr(X, "items") and len(X.columns) < _FEW * len(places):
        columns = [column for _, column in X.items()]
        return [columns[place] for place in places]
    return [X.iloc[:, place] for place in places]


def _arrow(X: Any) -> Frame:
    if not hasattr(X, "column_names"):
        raise ParameterError(f"a pyarrow {type(X).__name__} is no table; pass a Table, a RecordBatch or a reader")
    return Frame(as_labels(X.column_names), lambda places: [X.column(place) for place in places])


def _array(X: Any, names: Sequence[str] | None) -> Frame:
    if isinstance(X, str | bytes | bytearray | memoryview) or X is None:
        raise ParameterError(f"a table is a DataFrame, a mapping of columns or an array, not {shown(X)}")
    if isinstance(X, list | tuple):
        return _rows(X, names)
    array = to_numpy(X)
    if array.dtype.names is not None and array.ndim == 1:
        fields = array.dtype.names
        return Frame(list(fields), lambda places: [array[fields[place]] for place in places])
    if array.ndim != 2:
        raise ParameterError(f"a table has two dimensions [batch, columns], not {array.ndim}; one row is X[None, :]")
    return Frame(_named(names, array.shape[1]), lambda places: [array[:, place] for place in places])


def _rows(X: Sequence[Any], names: Sequence[str] | None) -> Frame:
    """A list of rows, each a list of cells: column by column, so that no cell changes its type."""
    rows = []
    for row in X:
        if isinstance(row, Mapping) or hasattr(row, "_fields"):  # named tuples too: their order is not the schema's
            raise ParameterError("a list of records is no table; make it a mapping of columns, or a DataFrame")
        if not isinstance(row, list | tuple | np.ndarray) or (isinstance(row, np.ndarray) and row.ndim == 0):
            raise ParameterError("a table has two dimensions [batch, columns], not 1; one row is [row]")
        rows.append(row.tolist() if isinstance(row, np.ndarray) else row)
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise ParameterError(f"the rows of the table differ in length ({min(widths)} to {max(widths)} cells)")
    labels = _named(names, widths.pop()) if widths else _named(names, 0 if names is None else len(names))
    return Frame(labels, lambda places: [[row[place] for row in rows] for place in places])


def _named(names: Sequence[str] | None, width: int) -> list[str]:
    if names is None:
        return [f"x{i}" for i in range(width)]
    labels = as_labels(names)
    if width != len(labels):
        raise ParameterError(f"the array has {width} columns, the schema {len(labels)}")
    return labels


def as_labels(names: Iterable[Any]) -> list[str]:
    """Names of any type as text; ParameterError for one that has none."""
    labels = []
    for place, name in enumerate(names):
        try:
            labels.append(str.__str__(name) if isinstance(name, str) else str(name))
        except Exception as error:  # whatever a stranger's __str__ raises
            raise ParameterError(f"the name of column {place + 1}, a {type(name).__name__}, has no text") from error
    return labels


def require_order(values: Any, names: Sequence[str]) -> None:
    """ParameterError for numbers that carry names of their own and are taken by position, unless the names are these.

    The names are those of a table's columns, or the index of a pandas Series. Names that only count say nothing.
    """
    labels = values.columns if hasattr(values, "columns") else getattr(values, "index", None)
    if isinstance(values, Mapping):
        labels = list(values)
    if labels is None or callable(labels):
        return
    given = [same_name(label) for label in as_labels(labels)]
    if given not in ([same_name(name) for name in names], list(map(str, range(len(given))))):
        raise ParameterError(
            "these weights name what they stand for, and are taken by position: put them in the order of "
            "schema.coordinate_names first, such as w[list(schema.coordinate_names)], or pass w.to_numpy()"
        )


def to_numpy(X: Any) -> AnyArray:
    """Anything that numpy reads as an array, masks kept; ParameterError for what it does not."""
    try:
        return np.asanyarray(X) if isinstance(X, np.ma.MaskedArray) else np.asarray(X)
    except Exception as error:  # numpy, or the object's own __array__: there are no others between
        raise ParameterError(f"a {type(X).__name__} cannot be read as an array: {type(error).__name__}") from error


# ---------------------------------------------------------------------------------------------------------------
# One column


def as_column(values: Any) -> AnyArray:
    """A column of any kind as a one-dimensional array: numbers, truth values, text, dates or objects. ParameterError.

    Integers stay integers whatever their size; text keeps every character; what is masked or null becomes None.
    """
    origin = type(values).__module__.partition(".")[0]
    if origin == "pandas" and hasattr(values, "dtype"):
        return _from_pandas(values)
    if origin == "polars":
        values = _from_polars(values)
    elif origin == "pyarrow":
        values = _from_arrow(values)
    if isinstance(values, str | bytes | bytearray | memoryview) or not (
        hasattr(values, "__len__") or hasattr(values, "__array__")
    ):
        raise ParameterError("is one value, not a list of them; for one row write it as [54]")
    if isinstance(values, list | tuple):
        return _from_list(values)
    return _from_array(to_numpy(values))


def _from_array(array: AnyArray) -> AnyArray:
    if array.ndim == 0:
        raise ParameterError("is one value, not a list of them; for one row write it as [54]")
    if array.ndim != 1:
        raise ParameterError(f"has {array.ndim} dimensions; a column has one")
    if isinstance(array, np.ma.MaskedArray):
        hidden = np.ma.getmaskarray(array)
        array = np.ma.getdata(array)
        if array.dtype.names is None and hidden.any():
            array = array.astype(object)
            array[hidden] = None
    return array.astype(object) if array.dtype.kind == "T" else array


def _from_list(values: Sequence[Any]) -> AnyArray:
    """A list of cells. Only lists of one type become numbers at once; others stay what they are, cell by cell."""
    kinds = set(map(type, values))
    if kinds in ({float}, {bool}, {complex}):
        return np.array(values)
    if kinds == {int}:
        try:
            return np.array(values, dtype=np.int64)
        except OverflowError:
            pass
    column = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        column[place] = None if value is np.ma.masked else plain(value)
    return column


def _from_pandas(series: Any) -> AnyArray:
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind not in "mM":
        return _from_array(series.values)
    if not isinstance(dtype, np.dtype) and str(dtype).startswith((*_ARROW_TEMPORAL, "period")):
        return _temporal(series)
    if getattr(dtype, "kind", "O") in "mM":
        return np.asarray(series.to_numpy(dtype=f"{dtype.kind}8[ns]" if dtype.kind == "m" else "M8[ns]"))
    missing = np.asarray(series.isna(), dtype=np.bool_)
    if getattr(dtype, "kind", "O") in "biuf" and not missing.any():
        return _from_array(np.asarray(series.to_numpy()))
    column: AnyArray = np.array(series.astype(object), dtype=object)
    column[missing] = None
    return column


def _from_polars(series: Any) -> Any:
    dtype = getattr(series, "dtype", None)
    if dtype is None:
        raise ParameterError(f"is a polars {type(series).__name__}, not a column; pass a Series")
    if dtype.is_temporal():
        return _temporal(series)
    numeric = dtype.is_numeric() and "128" not in str(dtype)  # numpy has no integers of 128 bits
    return series.to_numpy() if numeric and not series.null_count() else series.to_list()


def _from_arrow(values: Any) -> Any:
    if not hasattr(values, "type"):
        raise ParameterError(f"is a pyarrow {type(values).__name__}, not a column; pass an Array")
    kind = str(values.type)
    if kind.startswith(_ARROW_TEMPORAL):
        return _temporal(values)
    if kind == "halffloat":
        return values.to_numpy() if hasattr(values, "chunks") else values.to_numpy(zero_copy_only=False)
    if kind in ("float", "double"):  # as many digits as the column's type has
        return _of_arrow_numbers(values.fill_null(float("nan")) if values.null_count else values)
    if kind.startswith("dictionary"):
        return _of_dictionary(values)
    if values.null_count or not hasattr(values, "chunks"):
        return values.to_pylist()
    if kind.startswith(("int", "uint")):
        return _of_arrow_numbers(values)
    return values.to_numpy() if kind == "bool" else values.to_pylist()


def _of_arrow_numbers(values: Any) -> AnyArray:
    """Numbers, all of them there. By their buffers: to_numpy imports pandas first, for half a second."""
    return np.from_dlpack(values.combine_chunks() if hasattr(values, "chunks") else values)


def _of_dictionary(values: Any) -> list[Any]:
    """The cells of a column whose entries stand in a dictionary: one object for all that are the same, which may be
    long."""
    cells: list[Any] = []
    known, entries = None, np.empty(0, dtype=object)
    for chunk in getattr(values, "chunks", [values]):
        if known is None or not chunk.dictionary.equals(known):
            known, listed = chunk.dictionary, chunk.dictionary.to_pylist()
            entries = np.fromiter([*listed, None], dtype=object, count=len(listed) + 1)  # the last stands for null
        places = chunk.indices.cast("int64").fill_null(len(entries) - 1)
        cells += entries[np.asarray(places)].tolist()
    return cells


def _temporal(values: Any) -> AnyArray:
    """Dates of a kind that numpy does not know: the dtype is what is refused, so that absent ones are too."""
    return np.zeros(len(values), dtype="M8[ns]")


# ---------------------------------------------------------------------------------------------------------------
# Columns beside each other


def _require_one_index(columns: Mapping[str, Any]) -> None:
    """Series of different indexes are never paired by position."""
    indexed = [(name, values.index) for name, values in columns.items() if hasattr(values, "iloc")]
    for name, index in indexed[1:]:
        if index is not indexed[0][1] and not index.equals(indexed[0][1]):
            raise ParameterError(
                f"the columns {indexed[0][0]!r} and {name!r} have different indexes; align them first, in a DataFrame, "
                "or drop the indexes (reset_index(drop=True)) if the rows do belong together"
            )


def _require_one_length(columns: Mapping[str, AnyArray]) -> None:
    first = next(iter(columns), None)
    for name, values in columns.items():
        if first is not None and len(values) != len(columns[first]):
            raise ParameterError(
                f"the columns differ in length: {first!r} has {len(columns[first])} rows, {name!r} {len(values)}"
            )


@contextmanager
def naming(name: object) -> Iterator[None]:
    """Errors about one column say which one it is."""
    try:
        yield
    except ParameterError as error:
        _raise_named(name, error)


def _raise_named(name: object, error: ParameterError) -> NoReturn:
    """Raise the error, saying which column it is about."""
    prefix = f"column {shown(name)}"
    if str(error).startswith(prefix):
        raise error
    glue = " " if str(error).startswith(("is ", "has ", "mixes ", "holds ")) else ": "
    raise ParameterError(f"{prefix}{glue}{error}") from error
