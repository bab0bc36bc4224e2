"""Scores of encrypted rows that another program hands out, some at a time: Spark, DuckDB, whatever has Arrow batches.

Such a program cuts and orders rows as it likes, so nothing here asks for whole chunks: a row needs its ``ct`` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from pyfe.adapters import NativeBatch
from pyfe.arrays import IntArray
from pyfe.ciphertext import CiphertextBatch
from pyfe.cohorts.opened_keys import KeyBytes, opened_key, opened_public_key
from pyfe.cohorts.scoring import ScoreColumns
from pyfe.cohorts.writing import arrow_here
from pyfe.errors import DecodeError, KeyMismatchError, OutOfRangeError, ParameterError, UnsupportedError
from pyfe.keys import FunctionKey

__all__ = ["BatchScorer"]

ROWS = 1 << 13
"""Rows that are decoded and scored at a time: memory does not follow from how large batches are."""

_NOT_CARRIED = ("ct", "head", "chunk")


class BatchScorer:
    """Scores rows wherever they lie. Made of the bytes of a function key and of the public key that it is checked
    against; it holds only these, so that it can be sent to other processes: each opens the keys, and loads the table of
    logarithms, once.

    Where whole chunks and signatures are looked at is :func:`pyfe.cohorts.open_cohort`: a row alone is neither. A row
    that was changed, or is of another key, has no score in the key's interval, or a wrong one.
    """

    def __init__(self, function_key: bytes, public_key: bytes) -> None:
        """Errors as of :meth:`pyfe.FunctionKey.from_bytes`. UnsupportedError for schemes that pack rows, or that not
        everybody encrypts in."""
        self._keys = KeyBytes(bytes(function_key), bytes(public_key))
        adapter = opened_key(self._keys).adapter
        if adapter.block_rows > 1 or adapter.key_type != "public":
            raise UnsupportedError(
                f"rows of {adapter.short} do not stand alone: score whole cohorts (pyfe evaluate, pyfe.cluster.score)"
            )

    @property
    def key(self) -> FunctionKey:
        """The function key."""
        return opened_key(self._keys)

    def schema(self, given: Any) -> Any:
        """The Arrow schema of the scores of batches with the schema ``given``: the columns but ``ct``, ``head`` and
        ``chunk``, then score, decision value, and of a classifier probabilities and prediction.

        ParameterError where there is no column ``ct``, or one is called as a column of scores.
        """
        arrow_here()
        import pyarrow as pa

        if given.names.count("ct") != 1:
            raise ParameterError("encrypted rows lie in a column 'ct', and there is none, or two")
        carried = [field for field in given if field.name not in _NOT_CARRIED]
        columns = self._columns(tuple(field.name for field in carried if field.name != "row"))
        types = (_type_of(cells) for cells in columns.cells_of_scores(self._some()))
        return pa.schema([*carried, *map(pa.field, columns.of_scores, types)])

    def score_batches(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Record batches of scores, in the order of the rows: for each record batch one or more, of :attr:`ROWS` rows
        at most, with the columns of :meth:`schema`.

        ``ct`` is binary, large_binary or fixed_size_binary. DecodeError for cells that are no encrypted rows, naming
        where; KeyMismatchError for a ``head`` of another key or schema; OutOfRangeError as of
        :meth:`pyfe.FunctionKey.decrypt`. Pure: the same rows give the same scores, in whatever batches.
        """
        arrow_here()
        import pyarrow as pa

        done = 0
        for batch in batches:
            schema = self.schema(batch.schema)
            for start in range(0, batch.num_rows, ROWS):
                piece = batch.slice(start, ROWS)
                self._require_heads(piece)
                scores = self.scores(piece.column(batch.schema.get_field_index("ct")), done + start)
                carried = [piece.column(i) for i, name in enumerate(batch.schema.names) if name not in _NOT_CARRIED]
                cells = zip(self._columns().cells_of_scores(scores), list(schema)[len(carried) :], strict=True)
                made = [pa.array(each, field.type) for each, field in cells]
                yield pa.RecordBatch.from_arrays([*carried, *made], schema=schema)
            done += batch.num_rows

    def column(self, name: str) -> tuple[Any, Any]:
        """One column of the scores by its name: its Arrow type, and a function from encrypted rows (an Arrow array of
        ``ct``, chunked or not) to it. ParameterError for a name that none has."""
        arrow_here()
        import pyarrow as pa

        names = self._columns().of_scores
        if name not in names:
            raise ParameterError(f"there is no column {name!r} of scores; there are {', '.join(names)}")
        at = names.index(name)
        of = _type_of(self._columns().cells_of_scores(self._some())[at])

        def scored(rows: Any) -> Any:
            parts = rows.chunks if isinstance(rows, pa.ChunkedArray) else [rows]
            cells: list[Any] = []
            for part in parts:
                for start in range(0, len(part), ROWS):
                    cells += self._columns().cells_of_scores(self.scores(part.slice(start, ROWS), start))[at]
            return pa.array(cells, of)

        return of, scored

    def scores(self, rows: Any, first_row: int = 0) -> IntArray:
        """The integers int64 ``[rows]``, or ``[rows, k]`` of k functions, of an Arrow array of ``ct``; ``first_row``:
        how many rows came before, for errors."""
        from pyfe.cohorts.arrow import rows_of_column

        key = self.key
        if not len(rows):
            return self._some()[:0]
        shared, width = _shared(self._keys, len(rows))
        try:
            payload = key.adapter.payload(shared, [rows_of_column(rows, width, "ct")])
            native = key.adapter.read_batch(memoryview(payload))
            batch = CiphertextBatch(key.adapter, native, parameter_hash=key.parameter_hash, schema_id=key.schema_id)
            return np.asarray(key.decrypt(batch), dtype=np.int64)
        except (DecodeError, OutOfRangeError) as error:
            raise type(error)(f"among the rows from row {first_row} on: {error}") from error

    def _require_heads(self, batch: Any) -> None:
        """KeyMismatchError where a head says that its rows are of another key."""
        from pyfe.cohorts.arrow import heads_of_column
        from pyfe.cohorts.head import Head

        at = batch.schema.get_field_index("head")
        for head in () if at < 0 else heads_of_column(batch.column(at)).values():
            facts, key = Head.from_bytes(head.as_py()).facts, self.key
            if facts.public_key_id != key.public_key_id:
                ids = f"key {key.public_key_id.hex()[:12]}, rows {facts.public_key_id.hex()[:12]}"
                raise KeyMismatchError(f"key and rows belong to different public keys ({ids})")
            if (facts.schema_id, facts.parameter_hash) != (key.schema_id, key.parameter_hash):
                raise KeyMismatchError("key and rows belong to different schemas")

    def _columns(self, carried: tuple[str, ...] = ()) -> ScoreColumns:
        return ScoreColumns(self.key.readout, ids=None, combined=False, columns=carried)

    def _some(self) -> IntArray:
        """A score, for the types of what follows from it."""
        k = self.key.readout.k
        return np.zeros((1, k) if k > 1 else 1, dtype=np.int64)

    def __repr__(self) -> str:
        return f"BatchScorer({self.key!r})"


def _type_of(cells: list[Any]) -> Any:
    import pyarrow as pa

    return pa.array(cells).type


@lru_cache(maxsize=64)
def _shared(keys: KeyBytes, rows: int) -> tuple[bytes, int]:
    """What the payload of so many rows has before them, and the bytes of one; asked of the core, of one row that is
    there so many times."""
    adapter = opened_key(keys).adapter
    form = adapter.row_form(_repeated(adapter, _one_row(keys), rows))
    return form.shared, form.width


@lru_cache(maxsize=4)
def _one_row(keys: KeyBytes) -> NativeBatch:
    """Any encrypted row under the public key."""
    assert keys.public_key is not None
    public = opened_public_key(keys.public_key)
    row: NativeBatch = public.adapter.encrypt(public.native, np.array(public.schema.lo, dtype=np.int64)[None, :])
    return row


def _repeated(adapter: Any, one: NativeBatch, rows: int) -> NativeBatch:
    if rows == 1:
        return one
    half = _repeated(adapter, one, rows // 2)
    whole: NativeBatch = adapter.concat([half, half, *([one] if rows % 2 else [])])
    return whole
