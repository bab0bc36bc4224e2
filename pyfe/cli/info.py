"""``pyfe info``: what a file is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import io, wire
from pyfe.ciphertext import CiphertextBatch
from pyfe.cli.console import AsJson, show
from pyfe.function import Function
from pyfe.keys import FunctionKey, PublicKey
from pyfe.schema import Schema
from pyfe.wire.envelope import unpack

__all__ = ["info"]


def info(
    files: Annotated[list[Path], typer.Argument(help="Files made by pyfe.")],
    public_key: Annotated[
        Path | None, typer.Option("--public-key", "-p", help="Check function keys against this public key.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what files are, without any secret: kind, ids, ranges, purpose, policy."""
    public = None if public_key is None else PublicKey.from_bytes(io.read_bytes(public_key))
    described = {str(file): _describe(io.read_bytes(file), public) for file in files}
    if as_json:
        print(json.dumps(described))
        return
    for file, values in described.items():
        show(file, values, as_json=False)


def _describe(data: bytes, public: PublicKey | None) -> dict[str, Any]:
    if wire.kind_of(data) is wire.Kind.SEALED_AUTHORITY:
        return _sealed(data)
    item = wire.decode(data)
    if isinstance(item, FunctionKey):
        return (item if public is None else item.verify(public)).info()
    if isinstance(item, PublicKey):
        return item.info()
    if isinstance(item, CiphertextBatch):
        return _batch(item, len(data))
    return _schema(item) if isinstance(item, Schema) else _function(item)


def _sealed(data: bytes) -> dict[str, Any]:
    envelope = unpack(data)
    return {
        "object": "sealed authority",
        "scheme": envelope.scheme,
        "public_key_id": envelope.public_key_id.hex(),
        "kdf": f"scrypt, N = 2^{envelope.metadata.get('log_cost')}",
        "bytes": len(data),
    }


def _batch(batch: CiphertextBatch, size: int) -> dict[str, Any]:
    return {
        "object": "ciphertext batch",
        "rows": len(batch),
        "coordinates": batch.n,
        "combined": batch.combined,
        "saturated": batch.saturated,
        "public_key_id": batch.public_key_id.hex(),
        "schema_id": batch.schema_id.hex(),
        "signed": False,
        "bytes": size,
    }


def _schema(schema: Schema) -> dict[str, Any]:
    return {
        "object": "schema",
        "id": schema.id.hex(),
        "coordinates": schema.n,
        "columns": {name: str(column) for name, column in schema.columns.items()},
    }


def _function(function: Function) -> dict[str, Any]:
    return {
        "object": "function",
        "name": function.name,
        "id": function.id.hex(),
        "schema_id": function.schema_id.hex(),
        "outputs": function.k,
        "coordinates": function.n,
        "weight_bits": function.weight_bits,
        "link": function.link,
        "classes": None if function.classes is None else list(function.classes),
        "interval": function.result_interval.tolist(),
        "max_error": float(function.max_error.max()),
    }
