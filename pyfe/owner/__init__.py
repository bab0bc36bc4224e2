"""The data owner: its one secret, and the ledger of which patients met which master keys.

=============  ====================================================================================
``secret``     :class:`OwnerSecret`: id hashes, pseudonyms, a signing key and noise from one secret
``ids``        record ids in one form
``ledger``     :class:`OwnerLedger`, in a folder of an owner
``folder``     its two files; ``database`` and ``tables`` the ledger's
=============  ====================================================================================

SQLAlchemy is imported with the ledger, when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyfe.owner.secret import OwnerSecret, sealed_owner

if TYPE_CHECKING:
    from pyfe.owner.ledger import Admission, OwnerLedger

__all__ = ["Admission", "OwnerLedger", "OwnerSecret", "sealed_owner"]


def __getattr__(name: str) -> Any:
    """The ledger, with the database below it, when it is first used."""
    if name in ("Admission", "OwnerLedger"):
        from pyfe.owner import ledger

        return getattr(ledger, name)
    raise AttributeError(f"module 'pyfe.owner' has no attribute {name!r}")
