"""The schemes of the literature, each with its four verbs: ``setup``, ``encrypt``, ``keygen``, ``decrypt``.

This is the face for the cryptography engineer: integer vectors in, integers out, no schema and no policy. The key
authority (:class:`pyfe.KeyAuthority`) is the face for everybody else.

======================  ==============  =====================  ======================================
scheme id               short name      serves                 ciphertexts of one public key
======================  ==============  =====================  ======================================
ipfe-ddh-ristretto255   ipfe-ddh        linear                 can be added and multiplied by integers
qfe-ggm-bls12381        qfe-ggm         linear and quadratic   cannot be combined
qfe-sxdh-bls12381       qfe-sxdh        linear and quadratic   cannot be combined
======================  ==============  =====================  ======================================
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyfe.errors import OutOfRangeError
from pyfe.schemes import ipfe_ddh, qfe

__all__ = [
    "SCHEMES",
    "Scheme",
    "ipfe_ddh",
    "long_name",
    "qfe",
    "require_searchable",
    "scheme",
    "serving",
    "widest_result",
]


@dataclass(frozen=True)
class Scheme:
    """What there is to know about a scheme before any key exists.

    ``id``: functionality, assumption, group; objects and reports show it. ``number``: its number in the header of
    every object. ``serves``: kinds of functions that a key can be issued for. ``additive``: whether encrypted rows
    can be added. ``masks``: dimension k of the masks of a quadratic scheme, 0 for the others. ``group``: where the
    discrete logarithms of results are searched, as :mod:`pyfe._core.dlog` calls it.
    """

    id: str
    short: str
    number: int
    serves: tuple[str, ...]
    additive: bool
    masks: int
    group: str

    def row_bytes(self, n: int) -> int:
        """Bytes of one encrypted row of n coordinates, the constant one of a quadratic scheme not counted in n."""
        if not self.masks:
            return 32 * (n + 2)
        return (48 + 96) * ((self.masks + 1) * (n + 1) + 1)


_BOTH = ("linear", "quadratic")
_LISTED = (
    Scheme("ipfe-ddh-ristretto255", "ipfe-ddh", 1, ("linear",), True, 0, "ristretto255"),
    Scheme("qfe-ggm-bls12381", "qfe-ggm", 2, _BOTH, False, 1, "bls12_381_gt"),
    Scheme("qfe-sxdh-bls12381", "qfe-sxdh", 3, _BOTH, False, 3, "bls12_381_gt"),
)

SCHEMES: dict[str, Scheme] = {entry.id: entry for entry in _LISTED}
"""Scheme id -> what there is to know about it."""


def scheme(name: str) -> Scheme:
    """The scheme of a short or long name. Raises ParameterError for one that is not there."""
    from pyfe.errors import ParameterError

    found = next((entry for entry in _LISTED if name in (entry.id, entry.short)), None)
    if found is None:
        known = ", ".join(f"{entry.short} ({entry.id})" for entry in _LISTED)
        raise ParameterError(f"unknown scheme {name!r}; there is {known}")
    return found


def long_name(name: str) -> str:
    """The scheme id for a short or long name. Raises ParameterError for a scheme that is not there."""
    return scheme(name).id


def serving(kind: str) -> list[Scheme]:
    """The schemes that have keys for a kind of function, the first choice first."""
    return [entry for entry in _LISTED if kind in entry.serves]


def widest_result(entry: Scheme) -> int:
    """Greatest difference between two results of one function that the scheme's decryption still finds: its discrete
    logarithm is searched in no wider interval (``kMaxWidth`` of the core)."""
    return 2**44


def require_searchable(interval: npt.NDArray[np.int64], schemes: Iterable[Scheme]) -> None:
    """OutOfRangeError unless some of the schemes searches results in these intervals int64 ``[k, 2]``."""
    best = max(schemes, key=widest_result)
    for row, (low, high) in enumerate(interval.tolist()):
        if high - low > widest_result(best):
            raise OutOfRangeError(
                f"function {row}: results span 2^{math.log2(high - low):.1f} values, the limit of {best.short} is "
                f"2^{math.log2(widest_result(best)):.0f}; use fewer bits for data or weights"
            )
