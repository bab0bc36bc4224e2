"""Tables of epochs for tests: schemas, what some keys of them say, and an authority that has several epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import pyfe
from pyfe import Schema
from pyfe.adapters import adapter_named
from pyfe.authority.engine import Engine, Plan
from pyfe.authority.storage import MemoryStorage
from pyfe.authority.vault import Vault
from pyfe.epochs import Epoch, EpochTable, stated_epoch
from pyfe.forms import MatrixForms
from pyfe.wire.signature import SigningKey
from tests.unit import engines

SMALL = Schema.from_ranges({"a": (0, 15), "b": (0, 15), "c": ["no", "yes"], "d": ["x", "y", "z"]}, bits=4)
NOISY = SMALL.with_noise(pyfe.noise(slots=[3, 5]))
FORM = MatrixForms.dense(np.diag([0, 1, 2, 0, 0, 0, 0])[None])
LINEAR, QUADRATIC = adapter_named("ipfe-ddh").id, adapter_named("qfe-ggm").id


def epoch(number: int, schema: Schema, weights: Any = (), **stated: Any) -> Epoch:
    """An epoch of an authority for linear functions, with keys of these weights; fields may be stated otherwise."""
    given = {"scheme": LINEAR, "public_key_id": bytes([number]) * 32, **stated}
    return stated_epoch(number, schema=schema, weights=weights, **given)


def epochs() -> list[Epoch]:
    """Of every kind: linear, behind noise, without a key and retired, with forms."""
    return [
        epoch(1, SMALL, [[1, 2, 3, 0, 1, 5], [2, 4, 6, 0, 2, 10]], keys=3, expires=2**31),
        epoch(2, NOISY, [[1, 2, 3, 0, 0, 0, 1, 0], [1, 2, 3, 0, 0, 0, 1, 0], [5, 1, 1, 0, 0, 0, 0, 1]]),
        epoch(3, SMALL, state="retired"),
        epoch(4, SMALL, forms=[FORM], scheme=QUADRATIC),
    ]


def table(epochs: Sequence[Epoch], size: int = 9, key: SigningKey | None = None) -> EpochTable:
    return EpochTable.signed(key or SigningKey.generate(), size=size, at=engines.NOW, epochs=epochs)


class Authority:
    """An authority in memory that states its epochs."""

    def __init__(self, schema: Schema, **plan: Any) -> None:
        self.plan, self.vault = plan, Vault.fresh()
        self.engine = Engine.create(MemoryStorage, self.vault, engines.Clock(), Plan(schema, **plan))

    def rotate(self, schema: Schema) -> int:
        return self.engine.rotate(Plan(schema, **self.plan))

    def table(self) -> EpochTable:
        """What data owners get."""
        return self.engine.epoch_table()
