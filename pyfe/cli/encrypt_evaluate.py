"""``pyfe encrypt``: the data owner's command."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from pyfe import io
from pyfe.ciphertext import CiphertextBatch
from pyfe.cli.carried import AllowDuplicates, Carried, CarryIds, secret_files, secret_from
from pyfe.cli.console import (
    AsJson,
    Force,
    PassphraseFile,
    is_large_key,
    load_public_key,
    progress,
    show,
)
from pyfe.cli.encrypting_cohorts import AS_A_BATCH, Asked, Ways, asks_ways, encrypt_cohort
from pyfe.cli.encrypting_wide import encrypt_wide
from pyfe.cli.keeping import Saved
from pyfe.cli.owner import Admitted, EpochsFile, IdColumn, LeaveOut, LedgerFolder, NoLedger, Retired
from pyfe.cli.table_options import AS_FOUND, Reading, reads_tables
from pyfe.cohorts.rows import chunk_rows
from pyfe.errors import ParameterError
from pyfe.io import roles
from pyfe.keys import PublicKey
from pyfe.keys.owner_noise import noise_part, require_owner_secret
from pyfe.row_ids import RowIds
from pyfe.schema import Encoded, Overflow

__all__ = ["encrypt"]


OwnerSecretFile = Annotated[
    Path | None,
    typer.Option(
        help="File of 32 bytes that noise is drawn from, where the schema has noise slots; keep it. Or an owner's "
        "folder (pyfe owner init), which makes pseudonyms too."
    ),
]
OnOverflow = Annotated[str, typer.Option(help="Values outside the schema: raise (refuse) or clip (and count).")]


@asks_ways
@reads_tables
def encrypt(
    table: Annotated[
        Path,
        typer.Argument(help="Table of rows (- is standard input); columns are matched by name, others ignored."),
    ],
    public_key: Annotated[Path, typer.Option("--public-key", "-p", help="The authority's public key.")],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="<path>",
            help="Where to write the ciphertexts: NAME.parquet or FOLDER/ for any number of rows, else a batch.",
        ),
    ],
    fingerprint: Annotated[str | None, typer.Option(help="Refuse any other public key than this one.")] = None,
    on_overflow: OnOverflow = "raise",
    owner_secret: OwnerSecretFile = None,
    epochs: EpochsFile = None,
    ledger: LedgerFolder = None,
    id_column: IdColumn = None,
    carry_ids: CarryIds = None,
    allow_duplicates: AllowDuplicates = False,
    no_ledger: NoLedger = False,
    leave_out: LeaveOut = False,
    retired: Retired = False,
    saved: Saved = None,
    passphrase_file: PassphraseFile = None,
    reading: Reading = AS_FOUND,
    ways: Ways = AS_A_BATCH,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Encrypt a table under a public key, every row under fresh randomness."""
    place, folder = Path(output), output.endswith(os.sep) or os.path.isdir(output)
    cohort = folder or place.suffix == ".parquet"
    ways.require_cohort(cohort)
    key = load_public_key(public_key, fingerprint)
    carried = Carried(carry_ids, id_column, allow_duplicates)
    given = {"carried": carry_ids is not None}
    admitted = Admitted(epochs, ledger, id_column, no_ledger, leave_out, retired, saved or (), **given)
    secret = secret_from(owner_secret, passphrase_file, ledger)
    if ledger is None:
        require_owner_secret(key.schema, noise_part(key.schema, secret, pseudonyms=carried.pseudonyms))
    kept = [ways.sign_as, ways.identity_passphrase_file, *secret_files(owner_secret), *admitted.avoid]
    avoid = [table, public_key, passphrase_file, *kept]
    of_rows = carried, admitted, secret, passphrase_file, reading, ways, ways.signer()
    asked = Asked(table, key, place, folder, _overflow(on_overflow), *of_rows, avoid, force, as_json)
    if is_large_key(key):
        _require_one_file(key, cohort)
        show("Encrypted", encrypt_wide(asked), as_json=as_json)
    elif cohort:
        show("Encrypted", encrypt_cohort(asked), as_json=as_json)
    else:
        _encrypt_batch(asked)


def _require_one_file(key: PublicKey, cohort: bool) -> None:
    if cohort:
        size = key.adapter.row_bytes(key.schema.n) * key.adapter.block_rows
        raise ParameterError(
            f"under this public key {key.adapter.block_rows} rows take {size / 1e9:.1f} GB, too many for a part of a "
            "cohort: give a file of its own to each such number of rows (-o NAME)"
        )


def _encrypt_batch(asked: Asked) -> None:
    """All rows as one batch."""
    key, signer = asked.key, asked.signer
    role = roles.ciphertexts(key.id)
    with io.claimed(asked.output, role, avoid=asked.avoid, force=asked.force) as file:
        given = asked.reading.table(asked.table)
        encoded = io.encode_table(given, key.schema, on_overflow=asked.on_overflow)
        replaced = dict(encoded.replaced)
        encoded, noise, ids = _recorded(asked, given, encoded)
        start = time.perf_counter()
        batch = CiphertextBatch.concat(_encrypted(key, encoded, noise, quiet=asked.quiet)).with_ids(ids)
        batch = batch if signer is None else batch.signed(signer)
        seconds = time.perf_counter() - start
        pieces = batch.pieces()
        file.write(*pieces)
    values = {
        "ciphertexts": str(asked.output),
        "scheme": key.scheme,
        "read_with": given.signs,
        **_rows(batch),
        "signed_by": None if signer is None else signer.identity.name,
        "saturated": batch.saturated,
        "replaced": replaced,
        **asked.admitted.report,
        **_cost(batch, sum(map(len, pieces)), seconds),
        "public_key_fingerprint": key.fingerprint,
    }
    show("Encrypted", values, as_json=asked.quiet, apart=file.is_standard_output)


def _recorded(asked: Asked, table: io.Table, encoded: Encoded) -> tuple[Encoded, Any, RowIds | None]:
    """The rows to encrypt, their patients recorded where there is a ledger; the secret for their noise; the ids that
    travel."""
    key, admitted, carried, secret = asked.key, asked.admitted, asked.carried, asked.secret
    owner = admitted.opened(key, asked.passphrase_file)
    noise = noise_part(key.schema, secret, pseudonyms=carried.pseudonyms, ledger=owner)
    if owner is None:
        return encoded, noise, carried.ids(table, key.schema, secret)
    with owner:
        require_owner_secret(key.schema, noise)
        ids = carried.ids(table, key.schema, owner.secret)
        kept = admitted.rows(owner, key, table)
        if len(kept) == len(encoded):
            return encoded, noise, ids
        part = replace(encoded[kept], saturated=encoded.saturated)
        return part, noise, None if ids is None else ids.take(kept)


def _rows(batch: CiphertextBatch) -> dict[str, Any]:
    """The number of rows; where there is none, that nothing was done, for whoever looks at the exit code only. How ids
    travel."""
    none = {} if len(batch) else {"note": "there are no rows: nothing was encrypted"}
    return {"rows": len(batch), **none, "ids": None if batch.ids is None else batch.ids.carriage}


def _cost(batch: CiphertextBatch, size: int, seconds: float) -> dict[str, Any]:
    rows = max(len(batch), 1)
    return {
        "bytes": size,
        "bytes_per_row": size / rows,
        "seconds": seconds,
        "microseconds_per_row": 1e6 * seconds / rows,
    }


def _overflow(text: str) -> Overflow:
    for choice in get_args(Overflow):
        if text == choice:
            return cast(Overflow, choice)
    raise ParameterError(f"--on-overflow is raise or clip, not {text!r}")


def _encrypted(key: PublicKey, encoded: Encoded, secret: Any, *, quiet: bool) -> Iterator[CiphertextBatch]:
    """The table's batches; the first carries the saturated counts of all."""
    for start, stop in progress(len(encoded), chunk_rows(key.adapter), "encrypting", quiet=quiet):
        counts = encoded.saturated if start == 0 else {}
        yield key.encrypt(replace(encoded[start:stop], saturated=counts), owner_secret=secret)
