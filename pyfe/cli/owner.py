"""``pyfe owner``: the data owner's folder, and what the owner's commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from pyfe import io
from pyfe.audit import require_as_new
from pyfe.cli.carried import folder_secret
from pyfe.cli.console import (
    AsJson,
    Force,
    NewPassphraseFile,
    PassphraseFile,
    load,
    passphrase_from,
    passphrases_from,
    read_head,
    show,
    text_option,
)
from pyfe.cli.keeping import Saved
from pyfe.cli.table_options import AS_FOUND, Reading, reads_tables
from pyfe.cohorts.carrying import called_lines, id_cells
from pyfe.epochs import EpochTable
from pyfe.errors import ParameterError
from pyfe.io import Table, roles
from pyfe.keys import PublicKey
from pyfe.row_ids import RowIds

if TYPE_CHECKING:
    from pyfe.owner import OwnerLedger

__all__ = [
    "Admitted",
    "EpochsFile",
    "IdColumn",
    "LeaveOut",
    "LedgerFolder",
    "NoLedger",
    "Retired",
    "init",
    "passphrase",
    "pseudonyms",
    "status",
]

EpochsFile = Annotated[Path | None, typer.Option(help="The authority's signed table of its epochs.")]
LedgerFolder = Annotated[
    Path | None, typer.Option(help="The owner's folder (pyfe owner init), where patients are recorded first.")
]
IdColumn = Annotated[
    str | None,
    typer.Option(callback=text_option, help="Column of record ids, for --ledger and --carry-ids; it is not encrypted."),
]
NoLedger = Annotated[
    bool, typer.Option("--no-ledger", help="Encrypt under several epochs without counting who comes again.")
]
LeaveOut = Annotated[
    bool, typer.Option("--leave-out", help="Leave out the rows that the ledger refuses, instead of all.")
]


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make; there must be none of the name.")],
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a data owner: one sealed secret and an empty ledger of patients, in one folder."""
    from pyfe.owner import OwnerLedger

    with OwnerLedger.create(folder, passphrase_from(passphrase_file, confirm=True)) as ledger:
        values = {
            "folder": str(folder),
            "id": ledger.secret.id.hex(),
            "verification_key": ledger.secret.verification_key.hex(),
        }
    show("Data owner (keep the folder and its passphrase; there is no second one)", values, as_json=as_json)


def status(
    folder: Annotated[Path, typer.Argument(help="The owner's folder.")],
    epochs: Annotated[
        Path | None, typer.Option(help="A newer table of an authority's epochs: what its keys say by now is counted.")
    ] = None,
    saved: Saved = None,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """How many patients met which epochs, and whose epochs say too much together by now."""
    from pyfe.owner import OwnerLedger

    if saved and epochs is None:
        raise ParameterError("--saved says how new the table has to be: give --epochs")
    with OwnerLedger.open(folder, passphrase_from(passphrase_file)) as ledger:
        if epochs is not None:
            table = load(epochs, EpochTable.from_bytes)
            heads = map(read_head, saved or ())
            require_as_new(table.size, table.verification_key, heads, "the epoch table")
            ledger.follow(table)
        values = {"folder": str(folder), "id": ledger.secret.id.hex(), **ledger.summary()}
    show("Data owner", values, as_json=as_json)


@reads_tables
def pseudonyms(
    folder: Annotated[Path, typer.Argument(help="The owner's folder.")],
    table: Annotated[Path, typer.Argument(help="Table with a column of record ids; - is standard input.")],
    id_column: Annotated[str, typer.Option(callback=text_option, help="The column of record ids.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the table (CSV); keep it.")],
    passphrase_file: PassphraseFile = None,
    reading: Reading = AS_FOUND,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Say which id has which pseudonym in this owner's batches and their scores: only the owner can."""
    from pyfe.owner.folder import owner_files

    avoid = [table, passphrase_file, *owner_files(folder)]
    with io.claimed(output, roles.PSEUDONYMS, avoid=avoid, force=force) as file:
        secret = folder_secret(folder, passphrase_file)
        given = reading.table(table)
        ids = RowIds.clear(id_cells(given, id_column), allow_duplicates=True, called=called_lines(given))
        names = dict(zip(RowIds.pseudonyms(ids, secret, allow_duplicates=True), ids, strict=True))
        file.write(io.table_bytes(["pseudonym", "id"], list(names.items())))
    values = {"pseudonyms": str(output), "read_with": given.signs, "rows": len(given), "ids": len(names)}
    show("Pseudonyms", values, as_json=as_json, apart=file.is_standard_output)


def passphrase(
    folder: Annotated[Path, typer.Argument(help="The owner's folder.")],
    passphrase_file: PassphraseFile = None,
    new_passphrase_file: NewPassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Seal the owner's secret under another passphrase: all of it, or nothing. Copies keep the one of before."""
    from pyfe.owner import OwnerLedger
    from pyfe.owner.folder import load_secret

    load_secret(folder)  # said before anything is asked for
    OwnerLedger.change_passphrase(folder, *passphrases_from(passphrase_file, new_passphrase_file))
    show("Sealed under the new passphrase", {"folder": str(folder)}, as_json=as_json)


Retired = Annotated[
    bool, typer.Option("--retired", help="Encrypt although the table says that the epoch is retired: no new keys.")
]


class Admitted:
    """The patients of ``pyfe encrypt``: which rows are encrypted, once the ledger has recorded them.

    Its options: a table of epochs, a ledger and the column of record ids, or that there is to be none.
    """

    def __init__(
        self,
        epochs: Path | None,
        ledger: Path | None,
        id_column: str | None,
        no_ledger: bool,
        leave_out: bool,
        retired: bool = False,
        saved: Sequence[Path] = (),
        *,
        carried: bool = False,
    ) -> None:
        """``carried``: whether the ids are asked for without a ledger too. ParameterError for options that do not go
        together."""
        if ledger is not None and id_column is None:
            raise ParameterError("--ledger and --id-column go together: the ledger is of record ids")
        if ledger is None and id_column is not None and not carried:
            raise ParameterError("--ledger and --id-column go together, or --carry-ids and --id-column")
        if no_ledger and ledger is not None:
            raise ParameterError("--no-ledger goes with no --ledger")
        if leave_out and ledger is None:
            raise ParameterError("--leave-out leaves out rows that a ledger refuses: give --ledger")
        if (retired or saved) and ledger is None and epochs is None:
            raise ParameterError("--retired and --saved are about the authority's table: give --epochs, or --ledger")
        self._epochs, self._folder, self._column = epochs, ledger, id_column
        self._no_ledger, self._leave_out, self._retired, self._saved = no_ledger, leave_out, retired, tuple(saved)
        self.report: dict[str, Any] = {}

    @property
    def avoid(self) -> list[Path | None]:
        """What the command reads or keeps on their account."""
        from pyfe.owner.folder import owner_files

        return [self._epochs, *self._saved, *(() if self._folder is None else owner_files(self._folder))]

    def opened(self, key: PublicKey, passphrase_file: Path | None) -> OwnerLedger | None:
        """The ledger, with the table of epochs that is given; None where there is to be none.

        ParameterError where the authority has two epochs or more, and nobody said that there is to be none.
        """
        if self._folder is None:
            self._require_one_epoch(key)
            return None
        from pyfe.owner import OwnerLedger

        ledger = OwnerLedger.open(self._folder, passphrase_from(passphrase_file))
        try:
            if self._epochs is not None:
                pinned = key.verification_key
                table = self._as_new(
                    load(self._epochs, lambda data: EpochTable.from_bytes(data, verification_key=pinned))
                )
                ledger.follow(table, verification_key=pinned)
            known = ledger.table(key.verification_key)
            if known is not None:  # else the ledger says so when it is asked
                self._require_open(self._as_new(known), key)
        except BaseException:
            ledger.close()
            raise
        return ledger

    def _require_one_epoch(self, key: PublicKey) -> None:
        if self._epochs is None:
            return
        pinned = key.verification_key
        table = load(self._epochs, lambda data: EpochTable.from_bytes(data, verification_key=pinned))
        self._require_open(self._as_new(table), key)
        if len(table.epochs) > 1 and not self._no_ledger:
            raise ParameterError(
                f"the authority has {len(table.epochs)} epochs, whose keys add up for a patient who meets several: "
                "give --ledger FOLDER and --id-column COLUMN (pyfe owner init), or --no-ledger if nobody comes again"
            )

    def _as_new(self, table: EpochTable) -> EpochTable:
        """The table. AuditError where a head was kept of a longer log."""
        require_as_new(table.size, table.verification_key, map(read_head, self._saved), "the epoch table")
        return table

    def _require_open(self, table: EpochTable, key: PublicKey) -> None:
        """ParameterError where the table says that the key's epoch gets no new keys, and nobody said that it may be."""
        if self._retired:
            table.epoch_of(key.id)
        else:
            table.require_open(key.id)

    @property
    def column(self) -> str | None:
        """The column of the record ids; None where there is no ledger."""
        return None if self._folder is None else self._column

    def refused(
        self, ledger: OwnerLedger, key: PublicKey, ids: Ids, lines: Lines, called: Called, unit: str
    ) -> list[int]:
        """The rows that are left out; all others are recorded, durably, when this returns.

        ``ids`` gives the record ids; ``lines`` the numbers by which people call some rows, ``called`` the words,
        ``unit`` what they are (lines of a text, rows of other files).
        RowsDeniedError, which names lines of the file, where a row is refused and nobody said to leave such rows out.
        """
        refused: list[int] = []
        if self._leave_out:
            refused = list(ledger.check(key, ids(), retired=self._retired, called=called).refused)
        left_out = set(refused)

        def called_of_kept(rows: Sequence[int]) -> str:
            kept = [row for row in range(max(rows) + len(refused) + 1) if row not in left_out]
            return called([kept[row] for row in rows])

        recorded = ledger.record(
            key,
            (cell for row, cell in enumerate(ids()) if row not in left_out),
            retired=self._retired,
            called=called_of_kept,
        )
        self.report = {
            "patients": recorded.patients,
            "patients_of_several_epochs": recorded.again,
            f"{unit}s_left_out": lines(sorted(refused)),
            "not_counted_across_epochs": list(recorded.not_counted),
        }
        return sorted(refused)

    def rows(self, ledger: OwnerLedger, key: PublicKey, table: Table) -> list[int]:
        """The rows of a table that are encrypted: see :meth:`refused`."""
        ids = id_cells(table, self._column or "")

        def lines(rows: Sequence[int]) -> list[int]:
            return [table.lines[row] for row in rows]

        left_out = set(self.refused(ledger, key, lambda: ids, lines, called_lines(table), table.unit))
        return [row for row in range(len(ids)) if row not in left_out]


Ids: TypeAlias = Callable[[], Iterable[Any]]
Lines: TypeAlias = Callable[[Sequence[int]], list[int]]
Called: TypeAlias = Callable[[Sequence[int]], str]
