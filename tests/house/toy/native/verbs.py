"""Inner products that are exact and hide nothing, computed by the core (``csrc/schemes/toy``). Never for use."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe._core import toy as _native  # type: ignore[attr-defined]
from pyfe.schemes.arguments import Client, Label, integers, require_no_client

__all__ = ["BLOCK_ROWS", "CiphertextBatch", "FunctionKey", "MasterPublicKey", "MasterSecretKey", "Parameters"]
__all__ += ["decrypt", "encrypt", "keygen", "setup", "verify_key"]

IntArray: TypeAlias = npt.NDArray[np.int64]

BLOCK_ROWS = _native.BLOCK_ROWS
Parameters = _native.Parameters
MasterPublicKey = _native.MasterPublicKey
MasterSecretKey = _native.MasterSecretKey
FunctionKey = _native.FunctionKey
CiphertextBatch = _native.CiphertextBatch
setup = _native.setup
verify_key = _native.verify_key


def encrypt(
    mpk: MasterPublicKey, x: npt.ArrayLike, *, client: Client | None = None, label: Label | None = None
) -> CiphertextBatch:
    require_no_client("toy", client, label)
    return _native.encrypt(mpk, integers("x", x, 2))


def keygen(msk: MasterSecretKey, y: npt.ArrayLike) -> FunctionKey:
    return _native.keygen(msk, integers("y", y, 2))


def decrypt(sk: FunctionKey, ct: CiphertextBatch) -> IntArray:
    z: IntArray = _native.decrypt(sk, ct)
    return z[:, 0] if z.shape[1] == 1 else z
