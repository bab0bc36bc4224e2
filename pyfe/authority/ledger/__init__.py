"""Where an authority records what it issued: an append-only ledger, behind one protocol.

===============  ========================================================================================
``protocol``     :class:`Ledger`: terms fixed at creation, rows in order, append at a position, durable
``memory``       rows that last as long as the process
``file``         rows in the sealed file of an authority
``locked_file``  the file itself: one name, one lock, replaced whole
``lock_file``    its lock, among threads, processes and forked children
===============  ========================================================================================
"""

from __future__ import annotations

from pyfe.authority.ledger.file import FileLedger
from pyfe.authority.ledger.memory import MemoryLedger
from pyfe.authority.ledger.protocol import Ledger, LedgerMoved, Recorded

__all__ = ["FileLedger", "Ledger", "LedgerMoved", "MemoryLedger", "Recorded"]
