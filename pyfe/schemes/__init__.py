"""The schemes of the literature, each with its four verbs: ``setup``, ``encrypt``, ``keygen``, ``decrypt``.

This is the face for the cryptography engineer: integer vectors in, integers out, no schema and no policy. The key
authority (:class:`pyfe.KeyAuthority`) is the face for everybody else. What there is to know about each scheme (its id,
what it serves, its sizes) stands in :mod:`pyfe.adapters`.
"""

from __future__ import annotations

from pyfe.schemes import ipfe_ddh, ipfe_rlwe, qfe

__all__ = ["ipfe_ddh", "ipfe_rlwe", "qfe"]
