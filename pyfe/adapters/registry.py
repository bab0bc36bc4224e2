"""The schemes there are: one line each.

Every adapter that is imported here is listed: a scheme more is a line more, and nothing else of this file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pyfe.adapters.adapter import Adapter, AnyAdapter
from pyfe.adapters.ipfe_ddh import IPFE_DDH as IPFE_DDH
from pyfe.adapters.ipfe_rlwe import IPFE_RLWE as IPFE_RLWE
from pyfe.adapters.protocols import IntArray
from pyfe.adapters.qfe import QFE_GGM as QFE_GGM
from pyfe.adapters.qfe import QFE_SXDH as QFE_SXDH
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError, UnsupportedModelError

__all__ = [
    "SCHEMES",
    "adapter",
    "adapter_named",
    "adapter_numbered",
    "require_searchable",
    "require_served",
    "serving",
]

_LISTED: list[AnyAdapter] = [value for value in list(globals().values()) if isinstance(value, Adapter)]

SCHEMES: dict[str, AnyAdapter] = {entry.id: entry for entry in sorted(_LISTED, key=lambda entry: entry.number)}
"""Scheme id -> its adapter, in the order of their numbers."""


def adapter(scheme: str) -> AnyAdapter:
    """The adapter of a scheme id. ParameterError for a name that is none (short names: :func:`adapter_named`)."""
    given: object = scheme
    if not isinstance(given, str) or scheme not in SCHEMES:
        raise ParameterError(f"unknown scheme {scheme!r}")
    return SCHEMES[scheme]


def adapter_named(name: str) -> AnyAdapter:
    """The adapter of a short name or a scheme id. ParameterError for one that is not there."""
    given: object = name
    is_name = isinstance(given, str)
    found = next((entry for entry in SCHEMES.values() if is_name and name in (entry.id, entry.short)), None)
    if found is None:
        known = ", ".join(f"{entry.short} ({entry.id})" for entry in SCHEMES.values())
        raise ParameterError(f"unknown scheme {name!r}; there is {known}")
    return found


def adapter_numbered(number: int, what: str) -> AnyAdapter:
    """The adapter of the number in the header of an object; ``what`` names the object. DecodeError for another number,
    0 among them, which says that an object belongs to no scheme."""
    found = next((entry for entry in SCHEMES.values() if entry.number == number), None)
    if found is None:
        known = ", ".join(str(entry.number) for entry in SCHEMES.values())
        raise DecodeError(f"{what}: it must belong to a scheme, and {number} is none; known are {known}")
    return found


def serving(kind: str) -> list[AnyAdapter]:
    """The schemes that serve a kind of function; the first is the cheapest."""
    return [entry for entry in SCHEMES.values() if kind in entry.serves]


def require_served(scheme: AnyAdapter, kind: str) -> None:
    """UnsupportedModelError, naming a scheme that would do, for a kind of function that has no keys in this one."""
    if kind not in scheme.serves:
        raise UnsupportedModelError(
            f"the function is {kind}, and the scheme {scheme.short} serves {' and '.join(scheme.serves)} functions "
            f"only; it needs an authority created with scheme={serving(kind)[0].short!r}"
        )


def require_searchable(interval: IntArray, schemes: Sequence[AnyAdapter]) -> None:
    """OutOfRangeError unless one of the schemes finds every result in these intervals int64 ``[k, 2]``."""
    best = max(schemes, key=lambda entry: entry.widest)
    for row, (low, high) in enumerate(interval.tolist()):
        if high - low > best.widest:
            raise OutOfRangeError(
                f"function {row}: results span 2^{math.log2(high - low):.1f} values, the limit of {best.short} is "
                f"2^{math.log2(best.widest):.0f}; use fewer bits for data or weights"
            )
