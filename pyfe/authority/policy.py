"""What an authority may issue."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyfe.errors import DecodeError, ParameterError

__all__ = ["Policy", "require_text"]

MAX_REASON = 500

MAX_TEXT = 500
"""Longest text that stands in ledger and keys, in characters."""

_UNPRINTABLE = {"Cc": "control characters", "Cs": "halves of surrogate pairs", "Zl": "line ends", "Zp": "line ends"}
_BIDI = frozenset(["LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"])


def require_text(what: str, value: object) -> str:
    """``value`` if ledger, keys and terminals can hold it: 1 to 500 characters, none of them a control sign.

    ParameterError otherwise; ``what`` names it there.
    """
    if not isinstance(value, str) or not len(value.strip()) > 0 or len(value) > MAX_TEXT:
        raise ParameterError(f"{what} must be a text of 1 to {MAX_TEXT} characters")
    for character in value:
        fault = _UNPRINTABLE.get(unicodedata.category(character))
        fault = "signs that turn the direction of writing" if unicodedata.bidirectional(character) in _BIDI else fault
        if fault:
            raise ParameterError(f"{what} holds {fault} (U+{ord(character):04X}); write it in one printable line")
    return value


@dataclass(frozen=True)
class Policy:
    """The rule of an authority, fixed when it is created.

    :meth:`default` applies the exact rules to the span of all keys ever issued together with the request: no single
    coordinate, no protected form, no small group of columns may come open, nor the whole record. An authority for
    quadratic functions allows so many independent quadratic forms only (:func:`pyfe.leakage.most_forms`), linear
    weights of 16 bits beside products, and half of a row's bits; what it could not look at, it refuses. One for linear
    functions goes no further than the exact rules: a large weight on a protected column is granted.
    :meth:`unrestricted` is the only way around it; its reason is written into every key and every ledger row.
    """

    name: str
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.name not in ("default", "unrestricted"):
            raise ParameterError(f"there is no policy {self.name!r}")
        if (self.name == "unrestricted") != (self.reason is not None):
            raise ParameterError("an unrestricted policy states its reason; the default policy has none")
        if self.reason is not None and not 0 < len(self.reason.strip()) <= MAX_REASON:
            raise ParameterError(f"an unrestricted policy needs a reason of 1 to {MAX_REASON} characters")

    @classmethod
    def default(cls) -> Policy:
        """The safe policy: a request that would open anything by the exact rules is refused."""
        return cls("default")

    @classmethod
    def unrestricted(cls, *, reason: str) -> Policy:
        """Refuse nothing. What each key opens is still computed and recorded, next to the reason."""
        return cls("unrestricted", require_text("the reason of an unrestricted policy", reason))

    @property
    def refuses(self) -> bool:
        """Whether findings of the leakage rules refuse a key."""
        return self.name == "default"

    @property
    def line(self) -> str:
        """One line for keys, ledgers and reports of an authority for linear functions."""
        return self.line_for(("linear",))

    def line_for(self, serves: Sequence[str]) -> str:
        """One line for keys, ledgers and reports of an authority whose scheme serves these kinds of functions."""
        return f"default (exact {' and '.join(serves)} rules)" if self.refuses else f"UNRESTRICTED: {self.reason}"

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        return {"name": self.name, "reason": self.reason}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Policy:
        """The inverse of :meth:`to_dict`; DecodeError for anything else."""
        try:
            policy = cls(data["name"], data["reason"])
        except (KeyError, TypeError, AttributeError, ParameterError) as error:
            raise DecodeError(f"not a policy: {error}") from error
        if policy.to_dict() != data:
            raise DecodeError("not a policy: unknown fields")
        return policy
