"""Whether an authority refuses: the leakage rules are on, or off with a reason.

The rules themselves are in :mod:`pyfe.leakage`; every finding of theirs but "nothing new" refuses a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyfe.arguments import require_a
from pyfe.errors import DecodeError, ParameterError
from pyfe.text import printable
from pyfe.wire.texts import require_text

__all__ = ["Policy"]


@dataclass(frozen=True)
class Policy:
    """The rule of an authority, fixed when it is created.

    :meth:`default` applies the rules of :mod:`pyfe.leakage.rules` to all linear keys ever issued together with the
    request: nothing may be open exactly or by a remainder, no score may be nearly one column, and together they say at
    most a third of a row's bits, or half where the population is known. An authority for quadratic functions applies
    the exact rules to the monomials of all keys, allows so many independent quadratic forms only
    (:func:`pyfe.leakage.most_forms`), linear weights of 16 bits beside products, and half of a row's bits. What could
    not be looked at is refused.
    :meth:`unrestricted` is the only way around it; its reason is written into every key and every ledger row.
    """

    name: str
    reason: str | None = None

    def __post_init__(self) -> None:
        require_a(self.name, str, "the name of a policy")
        if self.name not in ("default", "unrestricted"):
            raise ParameterError(f"there is no policy {self.name!r}")
        if (self.name == "unrestricted") != (self.reason is not None):
            raise ParameterError("an unrestricted policy states its reason; the default policy has none")
        if self.reason is not None:
            object.__setattr__(self, "reason", require_text("the reason of an unrestricted policy", self.reason))

    @classmethod
    def default(cls) -> Policy:
        """The safe policy: a request that the leakage rules refuse is refused."""
        return cls("default")

    @classmethod
    def unrestricted(cls, *, reason: str) -> Policy:
        """Refuse nothing. What each key opens is still computed and recorded, next to the reason."""
        return cls("unrestricted", reason)

    @property
    def refuses(self) -> bool:
        """Whether findings of the leakage rules refuse a key."""
        return self.name == "default"

    @property
    def line(self) -> str:
        """One line for keys, ledgers and reports of an authority for linear functions."""
        return self.line_for(("linear",))

    def line_for(self, serves: Sequence[str]) -> str:
        """One line for keys, ledgers and reports of an authority whose scheme serves these kinds of functions.

        What does not print is escaped in it; :attr:`reason` stays as it was given.
        """
        rules = "linear and quadratic rules" if "quadratic" in serves else "linear rules"
        return f"default ({rules})" if self.refuses else printable(f"UNRESTRICTED: {self.reason}")

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        return {"name": self.name, "reason": self.reason}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Policy:
        """The inverse of :meth:`to_dict`; DecodeError for anything else."""
        try:
            policy = cls(data["name"], data["reason"])
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise DecodeError(f"not a policy: {error}") from error
        if policy.to_dict() != data:
            raise DecodeError("not a policy: unknown fields")
        return policy
