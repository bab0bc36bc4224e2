"""The key authority: holds the master key, decides which functions get a key, remembers what it issued.

====================  ================================================================================
``authority``         :class:`KeyAuthority`: an authority in memory, or in a ``folder``
``backups``           copies of a folder, and authorities that are restored from one
``exporting``         the log of a folder, without its secrets; ``auditing`` whether it kept to its policy
``engine``            decide -> record -> derive -> release, over any storage; no files, no clock
``answers``           state and request -> granted, refused, or had before; ``decisions`` by the leakage rules
``releasing``         from a durable entry to a key
``plans``             what an epoch is opened with
``vault``             signing key and master keys, sealed apart from the log; ``secrets`` of one epoch
``state``             what a log comes to: the fold of its ``entries``; ``growing`` makes it cheap
``records``           what entries hold: terms of an epoch, rows of keys
``storage``           where the log is kept: in memory, SQLite, PostgreSQL
``policy``            whether what opens is refused: the safe default, or the one stated way around it
``policy_file``       what a policy file says: people, purposes, columns, budgets, approvals
``policy_rules``      what a policy file says to a request: pure functions on values
``changes``           what a policy file's people change by signed words; ``stating`` what data owners are told
``consent``           what a policy file and its people say to a signed request
``approving``         whether requests, approvals and revocations are genuine and by somebody who may
``leakage_accounts``  the reduced bases of the ledgers seen last, for decisions
``migrating``         from the sealed file of an earlier version (``sealed_file``) to entries
====================  ================================================================================
"""

from __future__ import annotations

from pyfe.authority.authority import KeyAuthority
from pyfe.authority.backups import Drilled, backup, change_passphrase, drill, restore
from pyfe.authority.policy import Policy
from pyfe.authority.records import Issued

__all__ = ["Drilled", "Issued", "KeyAuthority", "Policy", "backup", "change_passphrase", "drill", "restore"]
