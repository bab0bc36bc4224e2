"""The key authority: holds the master key, decides which functions get a key, remembers what it issued.

===============  ===============================================================================
``policy``       what may be issued: the safe default, or the one stated way around it
``engine``       decides and records: pure functions on values, no files, no clock
``contents``     what an authority has to remember, as bytes
``sealed``       these bytes under a passphrase: scrypt and ChaCha20-Poly1305
``storage``      where they are kept: in memory, or in one locked, atomically replaced file
``authority``    :class:`KeyAuthority`, which puts the parts in order
===============  ===============================================================================
"""

from __future__ import annotations

from pyfe.authority.authority import KeyAuthority
from pyfe.authority.engine import Issued
from pyfe.authority.policy import Policy

__all__ = ["Issued", "KeyAuthority", "Policy"]
