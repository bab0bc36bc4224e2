"""What a public key asks of the ledger of a data owner: to record its patients before they are encrypted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from pyfe.arguments import listed
from pyfe.errors import ParameterError

__all__ = ["PatientLedger", "require_ids"]


class PatientLedger(Protocol):
    """As :class:`pyfe.owner.OwnerLedger` is one."""

    @property
    def noise_secret(self) -> Any:
        """The owner's secret of 32 bytes that noise is drawn from."""
        ...

    def record(self, public_key: Any, ids: Iterable[Any]) -> object:
        """Record, durably, that the patients of these ids meet the public key; an error where they may not."""
        ...


def require_ids(ids: Any, ledger: PatientLedger | None, rows: int) -> list[Any]:
    """The ids as a list. ParameterError where they come without a ledger, a ledger without them, or not one a row."""
    if (ids is None) != (ledger is None):
        raise ParameterError("ids and ledger go together: record ids are for the owner's ledger, which takes no other")
    if ids is None:
        return []
    if not callable(getattr(ledger, "record", None)):
        raise ParameterError(f"ledger must be a pyfe.owner.OwnerLedger, not {type(ledger).__name__}")
    given = listed(ids, "ids")
    if len(given) != rows:
        raise ParameterError(f"there are {len(given)} ids for {rows} rows")
    return given
