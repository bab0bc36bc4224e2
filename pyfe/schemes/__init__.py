"""The schemes of the literature, each with its four verbs: ``setup``, ``encrypt``, ``keygen``, ``decrypt``.

This is the face for the cryptography engineer: integer vectors in, integers out, no schema and no policy. The key
authority (:class:`pyfe.KeyAuthority`) is the face for everybody else.
"""

from __future__ import annotations

from pyfe.schemes import ipfe_ddh, qfe

__all__ = ["LONG_NAMES", "ipfe_ddh", "long_name", "qfe"]

LONG_NAMES = {"ipfe-ddh": "ipfe-ddh-ristretto255"}
"""Short name -> the scheme id that objects and reports show: functionality, assumption, group."""


def long_name(scheme: str) -> str:
    """The scheme id for a short or long name. Raises ParameterError for a scheme that is not there."""
    from pyfe.errors import ParameterError

    name = LONG_NAMES.get(scheme, scheme)
    if name not in LONG_NAMES.values():
        known = ", ".join(f"{short} ({long})" for short, long in LONG_NAMES.items())
        raise ParameterError(f"unknown scheme {scheme!r}; there is {known}")
    return name
