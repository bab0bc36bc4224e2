"""No bit of a table of epochs, or of a sealed owner, can be flipped, cut or added to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyfe import DecodeError, OwnerError, PyfeError
from pyfe.epochs import EpochTable
from pyfe.owner import OwnerSecret, secret
from pyfe.wire.sealing import SealingKey
from tests.malformed.test_people import changed
from tests.unit.epoch_tables import epochs, table

SEALING = SealingKey.derive("correct horse battery", bytes(16), 10)


def unsealed(data: bytes) -> OwnerSecret:
    envelope, salt, log_cost, _ = secret._parsed(data)
    if (salt, log_cost) != (SEALING.salt, SEALING.log_cost):
        raise OwnerError("another salt gives another key", kind="sealed")
    return OwnerSecret(secret._opened(envelope, SEALING))


FILES: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "epoch table": (table(epochs()[:1]).to_bytes(), EpochTable.from_bytes),
    "sealed owner": (secret._seal(OwnerSecret.generate(), SEALING), unsealed),
}


@pytest.mark.parametrize("name", FILES)
def test_nothing_can_be_changed(name: str) -> None:
    data, read = FILES[name]
    assert read(data)
    for other in changed(data):
        with pytest.raises(PyfeError):
            read(other)


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_bytes(name: str) -> None:
    for item in (None, "text", 7, []):
        with pytest.raises((DecodeError, TypeError)):
            FILES[name][1](item)  # type: ignore[arg-type]
