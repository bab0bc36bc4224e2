"""The key authority: holds the master key, decides which functions get a key, remembers what it issued.

====================  ================================================================================
``decisions``         state and request -> verdict and row: pure functions on values, no files, no clock
``policy``            whether what opens is refused: the safe default, or the one stated way around it
``policy_file``       what a policy file says: people, purposes, columns, budgets, approvals; ``policy_yaml``
                      reads its YAML, ``policy_words`` its words
``policy_rules``      what a policy file says to a request: pure functions on values
``approving``         whether requests, approvals and revocations are genuine and by somebody who may
``leakage_accounts``  the reduced bases of the ledgers seen last, for decisions
``records``           what is recorded, as values and as bytes: terms, rows
``secrets``           signing seed and master key, made once and sealed once
``sealed_file``       the bytes of an authority's file: sealed secrets, sealed ledger
``ledger``            where rows are kept: one append-only protocol; in memory, in the sealed file
``authority``         :class:`KeyAuthority`, which puts the parts in order
====================  ================================================================================
"""

from __future__ import annotations

from pyfe.authority.authority import KeyAuthority
from pyfe.authority.policy import Policy
from pyfe.authority.records import Issued

__all__ = ["Issued", "KeyAuthority", "Policy"]
