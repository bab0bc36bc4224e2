"""The ids of the rows that ``encrypt`` is given: for the owner's ledger, and to travel beside the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pyfe.errors import ParameterError
from pyfe.row_ids import RowIds, called_rows, require_carriage, require_one_column
from pyfe.schema import Schema
from pyfe.schema.cells import same_name

__all__ = ["carried_ids", "given_ids", "require_no_feature"]


def given_ids(ids: Any, X: Any, carry_ids: object, schema: Schema) -> Any:
    """The ids that were given; where they are to travel and none were, the index of a DataFrame.

    ParameterError where there is none: rows that are merely numbered by pandas have none. What is called as a column of
    the schema is no id. A Series of another index than the DataFrame's, or than a column's of a mapping, is never
    paired with it by position, whatever the ids are for.
    """
    if ids is not None:
        require_one_column(ids)
    _require_one_index(ids, X, schema)
    if carry_ids is None:
        return ids
    if ids is None and hasattr(X, "iloc") and hasattr(X, "index"):
        ids = X.index
        if type(ids).__name__ == "RangeIndex" and ids.name is None:
            raise ParameterError(
                "the DataFrame has no index of its own, only numbers of rows: give the ids (ids=), or make a column "
                "the index (X.set_index('id'))"
            )
    if ids is None:
        raise ParameterError("carry_ids needs ids: give one for every row (ids=), or a DataFrame with an index of ids")
    name = getattr(ids, "name", None)
    if name is not None:
        require_no_feature(schema, str(name))
    return ids


def _require_one_index(ids: Any, X: Any, schema: Schema) -> None:
    """ParameterError where ids and rows are of pandas, and their indexes differ."""
    if not _has_index(ids):
        return
    for what, part in _parts(X, schema):
        if _has_index(part) and not ids.index.equals(part.index):
            raise ParameterError(
                f"the ids have another index than {what}; align them first, or drop the index (ids.to_numpy()) if the "
                "rows do belong together"
            )


def _parts(X: Any, schema: Schema) -> Iterable[tuple[str, Any]]:
    """What may have an index, and what to call it: a DataFrame, or those columns of a mapping that are encrypted."""
    if not isinstance(X, Mapping):
        return [("the DataFrame", X)]
    wanted = set(map(same_name, schema.input_columns))
    return ((f"the column {name!r}", part) for name, part in X.items() if same_name(name) in wanted)


def _has_index(values: Any) -> bool:
    return hasattr(values, "iloc") and hasattr(values, "index")


def require_no_feature(schema: Schema, name: str) -> None:
    """ParameterError where a column of ids is encrypted too."""
    if same_name(name) in map(same_name, schema.input_columns):
        raise ParameterError(
            f"{name!r} is a column of the schema, which is encrypted as a feature: it is no id; name another column "
            "(--id-column, ids=), or leave it out of the schema (pyfe schema fit --exclude)"
        )


def carried_ids(
    ids: list[Any],
    carry_ids: object,
    owner: Any,
    allow_duplicates: bool,
    called: Callable[[Sequence[int]], str] = called_rows,
) -> RowIds | None:
    """The ids as they travel. ``owner``: what has the owner's secret. ParameterError as of :class:`RowIds`."""
    if carry_ids is None:
        return None
    if require_carriage(carry_ids) == "clear":
        return RowIds.clear(ids, allow_duplicates=allow_duplicates, called=called)
    if not hasattr(owner, "row_pseudonyms"):
        raise ParameterError(
            "pseudonyms need the owner's secret: encrypt(..., owner_secret=OwnerSecret), or ledger= (pyfe encrypt "
            "--owner-secret FOLDER, or --ledger FOLDER; pyfe owner init makes one)"
        )
    return RowIds.pseudonyms(ids, owner, allow_duplicates=allow_duplicates, called=called)
