"""What a public key asks of the ledger of a data owner: to record its patients before they are encrypted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from pyfe.errors import ParameterError
from pyfe.row_ids import cells_of

__all__ = ["PatientLedger", "require_ids", "require_ledger"]


class PatientLedger(Protocol):
    """As :class:`pyfe.owner.OwnerLedger` is one."""

    @property
    def secret(self) -> Any:
        """The owner's secret, of which pseudonyms are made."""
        ...

    @property
    def noise_secret(self) -> Any:
        """The owner's secret of 32 bytes that noise is drawn from."""
        ...

    def record(self, public_key: Any, ids: Iterable[Any], *, retired: bool = False) -> object:
        """Record, durably, that the patients of these ids meet the public key; an error where they may not, and where
        its epoch gets no new keys unless it may be ``retired``."""
        ...


def require_ledger(ledger: object, *, retired: bool = False) -> None:
    """ParameterError for what records no patients, and for a word about a retired epoch where no ledger knows any."""
    if retired and ledger is None:
        raise ParameterError("retired is about the table of epochs that a ledger follows: give ledger=")
    if ledger is not None and not callable(getattr(ledger, "record", None)):
        raise ParameterError(f"ledger must be a pyfe.owner.OwnerLedger, not {type(ledger).__name__}")


def require_ids(ids: Any, rows: int, ledger: PatientLedger | None, *, carried: bool) -> list[Any]:
    """The ids as a list. ParameterError where nobody asks for them, a ledger comes without them, or they are not one a
    row."""
    if (ids is None) != (ledger is None) and not (carried and ids is not None):
        raise ParameterError(
            "ids and ledger go together: record ids are for the owner's ledger, which takes no other, or to be carried "
            "beside the rows (carry_ids)"
        )
    if ids is None:
        return []
    given = cells_of(ids)
    if len(given) != rows:
        raise ParameterError(f"there are {len(given)} ids for {rows} rows")
    return given
