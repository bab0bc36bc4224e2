"""The log of an authority, for whoever checks it: no secret, no database, no network.

Everything that an authority does is an entry of one append-only log. The log is a Merkle tree (RFC 6962), and the
authority signs its root, the *head*, with every entry. An export (:class:`AuditLog`) is the entries and the newest
head; :func:`verify` says whether they belong together, and whether they are the history that earlier heads were of.

>>> from pyfe.audit import AuditLog, Checkpoint, Frontier, verify
>>> from pyfe.wire.signature import SigningKey
>>> key, entries = SigningKey.generate(), (b"created", b"issued 1")
>>> log = Frontier().followed_by(entries)
>>> head = Checkpoint.of(key.public, log.size, log.root).signed(key)
>>> verify(AuditLog(entries, head, key.public), authority=key.public, saved=[head]).confirmed
2
"""

from __future__ import annotations

from pyfe.audit.checkpoint import Checkpoint, authority_id, origin_of
from pyfe.audit.export import AuditLog
from pyfe.audit.merkle import Frontier, Tree, leaf_hash, require_consistent, require_included
from pyfe.audit.verifying import Verified, require_as_new, verify

__all__ = [
    "AuditLog",
    "Checkpoint",
    "Frontier",
    "Tree",
    "Verified",
    "authority_id",
    "leaf_hash",
    "origin_of",
    "require_as_new",
    "require_consistent",
    "require_included",
    "verify",
]
