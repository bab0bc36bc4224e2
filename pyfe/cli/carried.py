"""``pyfe encrypt --carry-ids``: ids that travel beside the rows into the scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyfe import io
from pyfe.cli.console import passphrase_from
from pyfe.cohorts.carrying import called_lines, id_cells
from pyfe.errors import DecodeError, OwnerError, ParameterError
from pyfe.keys.carried_ids import carried_ids, require_no_feature
from pyfe.row_ids import Carriage, RowIds, require_carriage
from pyfe.schema import Schema

if TYPE_CHECKING:
    from pyfe.owner import OwnerSecret

__all__ = [
    "AllowDuplicates",
    "Carried",
    "CarryIds",
    "folder_secret",
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

    @property
    def column(self) -> str | None:
        """The column of the ids that are carried; None where there are none."""
        return None if self._how is None else self._column

    @property
    def how(self) -> Carriage | None:
        """How they travel."""
        return self._how

    @property
    def duplicates_allowed(self) -> bool:
        """Whether several rows may have the same."""
        return self._allowed

    def of_rows(self, cells: list[Any], owner: Any) -> RowIds | None:
        """The ids of some rows of a table that was looked at; ``owner``: what has the owner's secret."""
        return carried_ids(cells, self._how, owner, True)

    def ids(self, table: io.Table, schema: Schema, owner: Any) -> RowIds | None:
        """The ids of the table's rows; ``owner``: what has the owner's secret. ParameterError naming lines."""
        if self._how is None or self._column is None:
            return None
        require_no_feature(schema, self._column)
        return carried_ids(id_cells(table, self._column), self._how, owner, self._allowed, called=called_lines(table))


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
