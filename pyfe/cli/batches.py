"""``pyfe concat``, ``append`` and ``slice``: batches of ciphertexts joined and cut, without any key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import io
from pyfe.ciphertext import CiphertextBatch
from pyfe.cli.console import AsJson, Force, load, show
from pyfe.cohorts import is_parquet
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.io import roles
from pyfe.io.outputs import Output

__all__ = ["append", "concat", "slice_rows"]

Joined = Annotated[
    Path, typer.Option("--output", "-o", help="Where to write the ciphertexts; never one of those that are read.")
]
AllowDuplicates = Annotated[
    bool, typer.Option("--allow-duplicates", help="Take an id, or an encrypted row, that is there already.")
]
DropIds = Annotated[bool, typer.Option("--drop-ids", help="Without the ids that travel beside the rows.")]

_ROWS = re.compile(r"(\d*):(\d*)", re.ASCII)


def concat(
    ciphertexts: Annotated[list[Path], typer.Argument(help="Batches under one public key, in the order of the rows.")],
    output: Joined,
    drop_ids: DropIds = False,
    allow_duplicates: AllowDuplicates = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Join batches of ciphertexts; ids follow their rows."""
    first = _batch_of(ciphertexts[0])
    with io.claimed(output, roles.ciphertexts(first.public_key_id), avoid=ciphertexts, force=force) as file:
        parts = [_plain(part, drop_ids) for part in (first, *_alike(first, ciphertexts[1:]))]
        batch = CiphertextBatch.concat(parts, allow_duplicates=allow_duplicates)
        _write(file, batch)
    show("Joined", _said(output, batch), as_json=as_json, apart=file.is_standard_output)


def append(
    ciphertexts: Annotated[Path, typer.Argument(help="The batch that grows.")],
    more: Annotated[list[Path], typer.Argument(help="Batches under the same public key, whose rows follow.")],
    allow_duplicates: AllowDuplicates = False,
    as_json: AsJson = False,
) -> None:
    """Append batches of ciphertexts to one. The file stands as it was until the longer one is there, whole."""
    with io.held(ciphertexts) as place:
        first = _batch_of(ciphertexts)
        with io.claimed(ciphertexts, roles.ciphertexts(first.public_key_id), avoid=more) as file:
            batch = CiphertextBatch.concat([first, *_alike(first, more)], allow_duplicates=allow_duplicates)
            place.require_unchanged()
            _write(file, batch)
    said = {**_said(ciphertexts, batch), "rows_before": len(first)}
    show("Appended", said, as_json=as_json)


def slice_rows(
    ciphertexts: Annotated[Path, typer.Argument(help="The batch that is cut.")],
    output: Joined,
    rows: Annotated[
        str,
        typer.Option(
            metavar="FIRST:END",
            help="Rows counted from 0, the end not included; either may be left out (:1000, 1000:).",
        ),
    ],
    drop_ids: DropIds = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Cut rows out of a batch of ciphertexts; ids follow their rows."""
    wanted = _ROWS.fullmatch(rows)
    if wanted is None:
        raise ParameterError(f"--rows is FIRST:END, two numbers of rows counted from 0, not {rows!r}")
    batch = _batch_of(ciphertexts)
    with io.claimed(output, roles.ciphertexts(batch.public_key_id), avoid=[ciphertexts], force=force) as file:
        start, stop = int(wanted[1] or 0), int(wanted[2] or len(batch))
        if not start <= stop <= len(batch):
            raise OutOfRangeError(f"--rows {rows}: {ciphertexts} has {len(batch)} rows, 0:{len(batch)} at most")
        part = _plain(batch[start:stop], drop_ids)
        _write(file, part)
    show("Cut", _said(output, part), as_json=as_json, apart=file.is_standard_output)


def _alike(first: CiphertextBatch, files: Sequence[Path]) -> Iterator[CiphertextBatch]:
    """The batches of files; KeyMismatchError naming one that does not go with the first."""

    def alike(batch: CiphertextBatch) -> CiphertextBatch:
        first.require_same(batch)
        return batch

    return (_batch_of(file, alike) for file in files)


def _batch_of(file: Path, alike: Callable[[CiphertextBatch], CiphertextBatch] = lambda batch: batch) -> CiphertextBatch:
    """The batch of a file. ParameterError for a cohort."""
    if file.is_dir() or is_parquet(file):
        raise ParameterError(
            f"{file} is a cohort, or a folder: these are neither cut nor joined, for each of their chunks says which "
            "of how many it is, and may be signed with that; encrypt the rows that are wanted, or score one cohort "
            "after another"
        )
    return load(file, lambda data: alike(CiphertextBatch.from_bytes(data)))


def _plain(batch: CiphertextBatch, drop_ids: bool) -> CiphertextBatch:
    return batch.with_ids(None) if drop_ids else batch


def _write(file: Output, batch: CiphertextBatch) -> None:
    file.write(*batch.pieces())


def _said(place: Path, batch: CiphertextBatch) -> dict[str, Any]:
    return {
        "ciphertexts": str(place),
        "scheme": batch.scheme,
        "rows": len(batch),
        "combined": batch.combined,
        "ids": None if batch.ids is None else batch.ids.carriage,
        "saturated": batch.saturated,
        "public_key_id": batch.public_key_id.hex(),
        "bytes": sum(map(len, batch.pieces())),
    }
