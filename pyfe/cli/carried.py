"""``pyfe encrypt --carry-ids``: ids that travel beside the rows into the scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyfe import io
from pyfe.cli.console import passphrase_from
from pyfe.errors import DecodeError, OwnerError, ParameterError
from pyfe.keys.carried_ids import carried_ids, require_no_feature
from pyfe.row_ids import RowIds, called_rows, require_carriage
from pyfe.schema import Schema
from pyfe.schema.cells import same_name
from pyfe.schema.frames import naming

if TYPE_CHECKING:
    from pyfe.owner import OwnerSecret

__all__ = [
    "AllowDuplicates",
    "Carried",
    "CarryIds",
    "called_lines",
    "folder_secret",
    "id_cells",
    "secret_files",
    "secret_from",
]

CarryIds = Annotated[
    str | None,
    typer.Option(
        metavar="HOW",
        help="Carry the ids of --id-column beside the rows into the scores: clear, or pseudonym (under the owner's "
        "secret).",
    ),
]
AllowDuplicates = Annotated[bool, typer.Option("--allow-duplicates", help="Take an id that several rows have.")]

_LARGEST_SECRET = 4096
"""Bytes of a file that could be meant to be an owner's secret."""


class Carried:
    """What ``pyfe encrypt`` carries beside the rows: nothing, or the ids of a column."""

    def __init__(self, carry_ids: str | None, id_column: str | None, allow_duplicates: bool) -> None:
        """ParameterError for options that do not go together."""
        self._how = None if carry_ids is None else require_carriage(carry_ids)
        if self._how is not None and id_column is None:
            raise ParameterError("--carry-ids needs --id-column: the column of the ids that are carried")
        if allow_duplicates and self._how is None:
            raise ParameterError("--allow-duplicates is about ids that are carried: give --carry-ids")
        self._column, self._allowed = id_column, allow_duplicates

    @property
    def pseudonyms(self) -> bool:
        """Whether the owner's secret is needed."""
        return self._how == "pseudonym"

    def ids(self, table: io.Table, schema: Schema, owner: Any) -> RowIds | None:
        """The ids of the table's rows; ``owner``: what has the owner's secret. ParameterError naming lines."""
        if self._how is None or self._column is None:
            return None
        require_no_feature(schema, self._column)
        return carried_ids(id_cells(table, self._column), self._how, owner, self._allowed, called=called_lines(table))


def id_cells(table: io.Table, column: str | None) -> list[Any]:
    """The cells of the column of ids with their types, so that an id is the same here and in Python. ParameterError
    where there is no such column, for dates and times, and naming lines for what --na says stands for nothing."""
    wanted = same_name(column)
    found = next((name for name in table.cells if same_name(name) == wanted), None)
    if found is None:
        raise ParameterError(f"{table.path}: there is no column {column!r} of record ids (--id-column)")
    with naming(found):
        cells = table.cells[found].ids()
    absent = table.spelling(found).absent_rows(cells)
    if absent:
        raise ParameterError(
            f"{called_lines(table)(absent)}: the column {column!r} of record ids holds what --na says stands for an "
            "absent value: give every row an id, or say --na for the columns that it is about (--na COLUMN=TEXT)"
        )
    return cells


def called_lines(table: io.Table) -> Callable[[Sequence[int]], str]:
    """What calls the rows of a table by their lines in its file."""
    return lambda rows: f"{table.path}: {called_rows([table.lines[row] for row in rows], table.unit)}"


def secret_from(place: Path | None, passphrase_file: Path | None, ledger: Path | None) -> Any:
    """The secret of ``--owner-secret``: 32 bytes of a file, or an owner's, of its folder. None where there is none.

    ParameterError for a folder beside a ledger, whose folder has the secret.
    """
    if place is None:
        return None
    if not place.is_dir():
        return io.read_bytes(place, most=_LARGEST_SECRET)
    if ledger is not None:
        raise ParameterError("--ledger names the owner's folder, which has the secret: leave --owner-secret out")
    return folder_secret(place, passphrase_file)


def folder_secret(folder: Path, passphrase_file: Path | None) -> OwnerSecret:
    """The secret of an owner's folder. OwnerError where there is none, or for a wrong passphrase."""
    from pyfe.owner import OwnerSecret
    from pyfe.owner.folder import load_secret

    data, _ = load_secret(folder)
    try:
        return OwnerSecret.unsealed(data, passphrase_from(passphrase_file))
    except DecodeError as error:
        raise OwnerError(f"{folder} holds no owner's secret: {error}", kind="sealed") from error


def secret_files(place: Path | None) -> list[Path | None]:
    """What the command reads on its account."""
    from pyfe.owner.folder import owner_files

    return [place, *(owner_files(place) if place is not None and place.is_dir() else ())]
