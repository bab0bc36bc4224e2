"""``pyfe encrypt`` under a public key too large to be held: one ciphertext, feature by feature into its file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from pyfe import io
from pyfe.cli.encrypting_cohorts import Asked, looked_at, recorded
from pyfe.cohorts.encrypting import TableChunks
from pyfe.cohorts.manifest import Span
from pyfe.errors import ParameterError
from pyfe.io import roles
from pyfe.io.sources import Again
from pyfe.keys.into_file import Filled, fill
from pyfe.schema import Encoded

__all__ = ["encrypt_wide"]

_COORDINATES = 2**21
"""Coordinates that are read together: 16 MB."""


def encrypt_wide(asked: Asked) -> dict[str, Any]:
    """Encrypt a table into one ciphertext; what there is to say of it."""
    key = asked.key
    with io.claimed(asked.output, roles.ciphertexts(key.id), avoid=asked.avoid, force=asked.force) as file:
        if file.place is None:
            raise ParameterError(
                f"{asked.output}: a ciphertext so large is written at many places of a file, not to a pipe"
            )
        looked = looked_at(asked, Again(asked.table))
        _require_few(asked, len(looked.stream))
        secrets, ids = recorded(asked, looked.stream), list[Any]()
        step = max(1, _COORDINATES // key.schema.n)
        read = TableChunks(
            looked.stream,
            key.schema,
            asked.on_overflow,
            step,
            asked.carried.column,
            looked.columns,
            (),
            secrets.left_out,
            looked.kept,
        )

        def encoded() -> Iterator[Encoded]:
            for plain in read.read([Span(0, 0, read.chunks)]):
                ids.extend(plain.ids or ())
                yield plain.encoded

        start = time.perf_counter()
        made = list[Filled]()
        file.fill(
            lambda out: made.append(
                fill(
                    key,
                    out,
                    encoded(),
                    secrets.noise,
                    lambda _: asked.carried.of_rows(ids, secrets.owner),
                    asked.signer,
                )
            )
        )
        seconds = time.perf_counter() - start
        size = file.place.stat().st_size
    return {
        "ciphertexts": str(asked.output),
        "scheme": key.scheme,
        "read_with": looked.stream.signs,
        "replaced": looked.replaced,
        **_said(asked, made[0], size, seconds),
        **asked.admitted.report,
        "public_key_fingerprint": key.fingerprint,
    }


def _said(asked: Asked, made: Filled, size: int, seconds: float) -> dict[str, Any]:
    return {
        "rows": made.rows,
        "ids": asked.carried.how,
        "signed_by": None if asked.signer is None else asked.signer.identity.name,
        "saturated": made.saturated,
        "bytes": size,
        "bytes_per_row": size / made.rows,
        "seconds": seconds,
        "microseconds_per_row": 1e6 * seconds / made.rows,
    }


def _require_few(asked: Asked, rows: int) -> None:
    most = asked.key.adapter.block_rows
    if rows > most:
        raise ParameterError(
            f"{asked.table} has {rows} rows, and one file of ciphertexts so wide holds {most}: cut the table"
        )
