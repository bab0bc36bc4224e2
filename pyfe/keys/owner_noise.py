"""The noise that a data owner adds to rows: the same for the same row, from a secret that only the owner has."""

from __future__ import annotations

import hmac
from typing import Any

import numpy as np

from pyfe import _core
from pyfe.arrays import IntArray
from pyfe.errors import ParameterError
from pyfe.schema import Encoded, Schema, Slots
from pyfe.schema.canonical import CanonicalRows
from pyfe.wire.hashing import tagged_hash

__all__ = ["OWNER_SECRET_SIZE", "noise_part", "require_owner_secret", "secret_check", "with_noise"]

OWNER_SECRET_SIZE = 32

_UNITS = 256
"""The core takes standard deviations in units of 1/256."""


def noise_part(schema: Schema, given: Any, *, pseudonyms: bool, ledger: Any = None) -> Any:
    """What noise is drawn from, of what was given: of a whole owner's secret its part for noise; nothing where the
    schema has no noise and it was given for pseudonyms. Where nothing was given and there is noise, the ledger's."""
    if given is None and ledger is not None and schema.noise is not None:
        return ledger.noise_secret
    if not hasattr(given, "row_pseudonyms"):
        return given
    return None if pseudonyms and schema.noise is None else given.noise


def require_owner_secret(schema: Schema, owner_secret: Any) -> memoryview | None:
    """The secret's bytes where they lie; None where the schema has no noise. ParameterError, which shows nothing of it,
    for one that is missing, is given although the schema has no noise, or is not 32 bytes."""
    if schema.noise is None:
        if owner_secret is not None:
            raise ParameterError("owner_secret goes with a schema that has noise slots, and this one has none")
        return None
    if owner_secret is None:
        raise ParameterError(
            f"the schema has noise slots: encrypt(..., owner_secret=) takes {OWNER_SECRET_SIZE} bytes that only the "
            "data owner has, the same for all its rows and for good (pyfe encrypt --owner-secret FILE)"
        )
    if isinstance(owner_secret, _core.SecretBytes):
        owner_secret = owner_secret.view()
    if not isinstance(owner_secret, bytes | bytearray | memoryview):
        raise ParameterError(f"owner_secret is bytes, not {type(owner_secret).__name__}")
    view = memoryview(owner_secret)
    if not view.c_contiguous or view.nbytes != OWNER_SECRET_SIZE:
        raise ParameterError(f"owner_secret has {OWNER_SECRET_SIZE} bytes, and this one {view.nbytes}")
    return view.cast("B")


def secret_check(schema: Schema, owner_secret: Any, public_key_id: bytes) -> bytes | None:
    """32 bytes by which a secret is known again under one public key, and which tell nothing else of 32 random bytes;
    None where the schema has no noise. ParameterError as of :func:`require_owner_secret`.

    HMAC-SHA-256 under the secret, of a tag of its own and the public key's id: noise is drawn under other tags.
    """
    secret = require_owner_secret(schema, owner_secret)
    if secret is None:
        return None
    return hmac.digest(secret, tagged_hash(b"PYFE-V1-owner-secret-check", public_key_id), "sha256")


def with_noise(schema: Schema, encoded: Encoded, x: IntArray, owner_secret: Any) -> IntArray:
    """Coordinates int64 ``[batch, n]`` with their noise, where the schema has noise slots; else as they are.

    ``eta = PRF(owner_secret, canonical raw values by column name, slot id)`` feeds the discrete Gaussian sampler of the
    core (docs/math/discrete-gaussian.md): whoever encrypts a row again adds the same noise, and nothing is averaged.
    ParameterError as of :func:`require_owner_secret`, and for rows without their raw values. Cost: some microseconds a
    row and slot.
    """
    secret = require_owner_secret(schema, owner_secret)
    if schema.noise is None or secret is None:
        return x
    if encoded.canonical is None:
        raise ParameterError(
            "noise is drawn for the raw values of a row, and these rows were not encoded from any: encrypt the table, "
            "or what schema.encode makes of it"
        )
    noisy = x.copy()
    noisy[:, schema.noise_part] = _drawn(secret, schema.noise, encoded.canonical)
    return noisy


def _drawn(secret: memoryview, noise: Slots, rows: CanonicalRows) -> IntArray:
    ids = np.array(noise.ids, dtype=np.int64)
    return _core.row_noise(secret, rows.context, rows.cells, ids, _UNITS * noise.sd)
