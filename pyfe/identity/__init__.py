"""Who asks, approves, revokes and receives: identities, and the files that they sign.

================  ==================================================================================
``identity``      :class:`Identity`: public keys of named kinds, under one Ed25519 signature
``secret``        :class:`IdentitySecret`: made once, sealed under a passphrase; signs and opens
``statements``    :class:`Request`, :class:`Approval`, :class:`Revocation`: signed files
``sealed_key``    :class:`SealedKey`: a function key sealed for one recipient (HPKE)
================  ==================================================================================

Whether somebody may is not known here: :mod:`pyfe.authority.policy_file` and :mod:`pyfe.authority.approving`.
"""

from __future__ import annotations

from pyfe.identity.identity import ED25519, X25519, Identity
from pyfe.identity.sealed_key import SealedKey
from pyfe.identity.secret import IdentitySecret, sealed_identity
from pyfe.identity.statements import Approval, Request, Revocation, Statement, fresh_nonce

__all__ = [
    "ED25519",
    "X25519",
    "Approval",
    "Identity",
    "IdentitySecret",
    "Request",
    "Revocation",
    "SealedKey",
    "Statement",
    "fresh_nonce",
    "sealed_identity",
]
