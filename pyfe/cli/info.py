"""``pyfe info``: what a file is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import objects
from pyfe.adapters import adapter_numbered, serving
from pyfe.audit import AuditLog, Checkpoint
from pyfe.ciphertext import CiphertextBatch
from pyfe.cli.console import AsJson, complain, is_large, load, load_batch, load_public_key, say_json, show
from pyfe.cli.handing_over import handover_in
from pyfe.cohorts import Cohort, is_parquet, open_cohort
from pyfe.cohorts.handover import Handover
from pyfe.cohorts.manifest import MANIFEST
from pyfe.cohorts.parts import read_manifest
from pyfe.epochs import EpochTable
from pyfe.errors import KeyMismatchError, PyfeError
from pyfe.folder_names import MASTER
from pyfe.function import Function
from pyfe.identity import sealed_identity
from pyfe.keys import FunctionKey, PublicKey, RevocationList, ScoreProof, described_columns
from pyfe.owner import sealed_owner
from pyfe.schema import Schema
from pyfe.text import iso_time
from pyfe.wire.envelope import HEADER_SIZE, Header, Kind, kind_of, unpack

__all__ = ["info"]


def info(
    files: Annotated[list[Path], typer.Argument(help="Files made by pyfe.")],
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", "-p", help="Refuse what is not under this public key, and say its fingerprint."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what files are, without any secret: kind, ids, ranges, purpose, policy."""
    public = None if public_key is None else load_public_key(public_key)
    described = {str(file): _described(file, public) for file in files}
    failed = {file: values["error"] for file, values in described.items() if "error" in values}
    if as_json:
        say_json(described)
    for file, values in described.items():
        if file in failed:
            complain(values["error"]["kind"], values["error"]["message"])
        elif not as_json:
            show(file, values, as_json=False)
    if failed:
        raise typer.Exit(1)


def _described(file: Path, public: PublicKey | None) -> dict[str, Any]:
    """What the file is, or the error it gives: the other files are described all the same."""
    try:
        return _under(_read(file, public), file, public)
    except PyfeError as error:
        return {"error": {"kind": type(error).__name__, "message": str(error)}}


def _read(file: Path, public: PublicKey | None) -> dict[str, Any]:
    if file.is_dir() and os.path.lexists(file / MANIFEST):
        return _work(file)
    if is_parquet(file):
        return _cohort(open_cohort(file))
    said = handover_in(file)
    if said is not None:
        return _handover(said)
    if file.name == MANIFEST and file.is_file():
        return _work(file.parent)
    held = file / MASTER if file.is_dir() else file
    if is_large(held):
        with held.open("rb") as start:
            header = Header.read(start.read(HEADER_SIZE))
        if header is not None and header.kind is Kind.PUBLIC_KEY:
            return load_public_key(held).info()
        if header is not None and header.kind is Kind.CIPHERTEXT_BATCH:
            return _batch(load_batch(held), header.size)
    return load(held, lambda data: _describe(data, public))


def _under(values: dict[str, Any], file: Path, public: PublicKey | None) -> dict[str, Any]:
    """The same with the fingerprint of the public key that it is under. KeyMismatchError where it is another one."""
    if public is None or "public_key_id" not in values:
        return values
    if values["public_key_id"] != public.id.hex():
        raise KeyMismatchError(
            f"{file}: it is under the public key {values['public_key_id'][:12]}, and the one that was given is "
            f"{public.id.hex()[:12]}"
        )
    named = [*values.items()]
    place = [name for name, _ in named].index("public_key_id") + 1
    return dict([*named[:place], ("public_key_fingerprint", public.fingerprint), *named[place:]])


def _describe(data: bytes, public: PublicKey | None) -> dict[str, Any]:
    if kind_of(data) is Kind.SEALED_AUTHORITY:
        return _sealed(data)
    if kind_of(data) is Kind.SEALED_IDENTITY:
        return {**sealed_identity(data).info(), "object": Kind.SEALED_IDENTITY.text}
    if kind_of(data) is Kind.SEALED_OWNER:
        return sealed_owner(data)
    item = objects.decode(data)
    if isinstance(item, FunctionKey):
        return (item if public is None else item.verify(public)).info()
    if isinstance(item, RevocationList):
        return (item if public is None else item.verify(public)).info()
    if isinstance(item, PublicKey | ScoreProof | EpochTable | objects.OfPeople):
        return item.info()
    if isinstance(item, CiphertextBatch):
        return _batch(item, len(data))
    if isinstance(item, AuditLog):
        return _log(item, len(data))
    return _schema(item) if isinstance(item, Schema) else _function(item)


def _sealed(data: bytes) -> dict[str, Any]:
    envelope = unpack(data)
    epochs = envelope.metadata.get("epochs")
    if isinstance(epochs, list):
        said: dict[str, Any] = {"epochs": len(epochs)}
    else:
        said = {
            "scheme": adapter_numbered(envelope.scheme, envelope.kind.text).id,
            "public_key_id": envelope.public_key_id.hex(),
            "note": "of an earlier version: pyfe authority migrate makes a folder of it",
        }
    return {
        "object": "sealed authority",
        **said,
        "kdf": f"scrypt, N = 2^{envelope.metadata.get('log_cost')}",
        "bytes": len(data),
    }


def _batch(batch: CiphertextBatch, size: int) -> dict[str, Any]:
    return {
        "object": "ciphertext batch",
        "scheme": batch.scheme,
        "rows": len(batch),
        "coordinates": batch.n,
        "combined": batch.combined,
        "ids": None if batch.ids is None else batch.ids.carriage,
        "saturated": batch.saturated,
        "public_key_id": batch.public_key_id.hex(),
        "schema_id": batch.schema_id.hex(),
        "signed": batch.signer is not None,
        "signer": None if batch.signer is None else batch.signer.hex(),
        "bytes": size,
    }


def _cohort(cohort: Cohort) -> dict[str, Any]:
    """What the heads of its chunks say; no row is read, and no signature looked at."""
    return {
        "object": "cohort",
        "scheme": cohort.scheme,
        "rows": cohort.rows,
        "chunks": cohort.chunk_count,
        "files": len(cohort.files),
        "ids": cohort.ids,
        "columns": cohort.columns,
        "public_key_id": cohort.public_key_id.hex(),
        "schema_id": cohort.schema_id.hex(),
        "cohort_id": cohort.id.hex(),
        "signed": cohort.signer is not None,
        "signer": None if cohort.signer is None else cohort.signer.hex(),
        "verified": False,
        "bytes": cohort.size,
    }


def _handover(said: Handover) -> dict[str, Any]:
    """Who, what, when and how much; of the cohort itself nothing is looked at."""
    return {
        "object": "hand-over manifest",
        "written": iso_time(said.written),
        "signed_by": said.signed_by,
        "signer": said.signer,
        "scheme": said.scheme,
        "rows": said.rows,
        "chunks": said.chunks,
        "ids": said.ids,
        "columns": said.columns,
        "saturated": said.saturated,
        "public_key_id": said.public_key,
        "schema_id": said.schema,
        "cohort_id": said.cohort,
        "content": said.content,
        "files": {str(file.get("name")): file.get("sha256") for file in said.files},
        "verified": False,
        "note": "what somebody said of a cohort: pyfe verify-cohort COHORT --handover holds it against one",
    }


def _work(folder: Path) -> dict[str, Any]:
    """What the manifest of a folder of parts says; no part is read but a cohort's heads, where all are there."""
    manifest = read_manifest(folder)
    command = manifest.command
    said = {
        "object": f"{command.product} in parts",
        "state": "finished" if manifest.finished is not None else "not finished: --resume goes on with it",
        "finished": None if manifest.finished is None else iso_time(manifest.finished),
        "parts": len(manifest.parts),
        "parts_missing": manifest.missing_parts,
        "rows_in_parts": manifest.rows,
        "bytes_in_parts": manifest.bytes,
        "made_from": {name: value for name, value in command.says.items() if not isinstance(value, list | dict)},
    }
    if command.product == "ciphertexts" and manifest.finished is not None:
        return {**_cohort(open_cohort(folder)), **said, "object": "cohort in parts"}
    return said


def _log(log: AuditLog, size: int) -> dict[str, Any]:
    head = Checkpoint.stated(log.checkpoint)
    return {
        "object": "audit log",
        "authority_id": log.authority.hex(),
        "entries": len(log),
        "entries_under_the_head": head.size,
        "root": head.root.hex(),
        "verified": False,
        "bytes": size,
    }


def _schema(schema: Schema) -> dict[str, Any]:
    return {
        "object": "schema",
        "id": schema.id.hex(),
        "coordinates": schema.n,
        "columns": described_columns(schema),
    }


def _function(function: Function) -> dict[str, Any]:
    return {
        "object": "function",
        "kind": function.kind,
        "name": function.name,
        "id": function.id.hex(),
        "schema_id": function.schema_id.hex(),
        "outputs": function.k,
        "exact": function.exact,
        "coordinates": function.n,
        "bytes_per_row": {entry.short: entry.row_bytes(function.n) for entry in serving(function.kind)},
        "weight_bits": function.weight_bits,
        "link": function.link,
        "classes": None if function.classes is None else list(function.classes),
        "interval": function.result_interval.tolist(),
        "max_error": float(function.max_error.max()),
    }
