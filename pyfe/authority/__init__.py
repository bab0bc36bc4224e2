"""The key authority: holds the master key, decides which functions get a key, remembers what it issued.

====================  ===================================================================="""

from __future__ import annotations

from pyfe.authority.authority import KeyAuthority
from pyfe.authority.policy import Policy
from pyfe.authority.records import Issued

__all__ = ["Issued", "KeyAuthority", "Policy"]
