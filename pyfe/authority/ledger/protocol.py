"""What an authority asks of the place where it records what it issued: a protocol of five questions.

A ledger knows positions and bytes; what its rows say is :mod:`pyfe.authority.records`. So whoever keeps rows (memory, a
sealed file, a database) decides nothing, and whoever decides keeps nothing. An implementation is one that passes
``tests/unit/ledger_conformance.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from pyfe.authority.records import Terms
from pyfe.errors import AuthorityError, ParameterError, PyfeError
from pyfe.wire import cbor

__all__ = ["Ledger", "LedgerMoved", "Recorded", "require_rows", "rows_since"]


class LedgerMoved(AuthorityError):
    """The ledger has more rows than whoever decided had seen; nothing was appended."""

    def __init__(self) -> None:
        super().__init__("the ledger moved since it was read; nothing was issued. Ask again")


class Recorded(AuthorityError):
    """The rows are in the ledger, but whether they are there after a crash of the machine is not known."""


class Ledger(Protocol):
    """An append-only sequence of rows, numbered from 0 without a gap, under terms that never change.

    A row is any one item of deterministic CBOR (:mod:`pyfe.wire.cbor`) of at most 14 levels, and comes back byte for
    byte. All threads of a
    process may use one ledger; where it is durable, any number of processes may have it open.
    """

    @property
    def place(self) -> str:
        """Where it is kept, for people."""
        ...

    @property
    def terms(self) -> Terms:
        """What was fixed when the ledger was made."""
        ...

    def read(self, since: int = 0) -> tuple[bytes, ...]:
        """The rows from position ``since`` to the newest that any process appended.

        What was read once is read ever after: AuthorityError where the ledger lacks, or holds otherwise, a row that it
        gave out before, as when an older copy was put in its place; and where there are fewer than ``since`` rows.
        Cost: that of the rows that are new.
        """
        ...

    def append(self, rows: Sequence[bytes], *, position: int) -> None:
        """Append rows after the first ``position`` ones: all of them or none; when this returns they survive a crash.

        LedgerMoved, and nothing is appended, unless there are exactly ``position`` rows. AuthorityError, and nothing is
        appended, where they could not be kept; :class:`Recorded` where something failed after they were.
        ParameterError for what is no row.
        """
        ...

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold the only right to append, among all threads and processes. A thread may ask again while it holds it.

        Safety does not need it, :meth:`append` looks at the position; a decision that takes long does, or others that
        are quicker would make it void again and again.
        """
        ...

    def close(self) -> None:
        """Let go of what the ledger holds open, once and for all: whoever asks it anything else after that gets an
        AuthorityError. Closing again does nothing."""
        ...


def require_rows(rows: Sequence[bytes]) -> list[object]:
    """What the rows hold. ParameterError for one that is not exactly one item of deterministic CBOR, or of so many
    levels that it could not stand in a list in a map, which is how files keep it."""
    try:
        values = [cbor.loads(row, "a ledger row") for row in rows]
        cbor.dumps({"rows": values})
        return values
    except (PyfeError, TypeError) as error:
        raise ParameterError(f"not a row of a ledger: {error}") from error


def rows_since(rows: tuple[bytes, ...], since: int) -> tuple[bytes, ...]:
    """The rows from a position on. AuthorityError where there are not so many."""
    if not 0 <= since <= len(rows):
        raise AuthorityError(f"the ledger has {len(rows)} rows, and was asked for those after the first {since}")
    return rows[since:]
