"""What an epoch is opened with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from pyfe.adapters import MAX_WEIGHT_BITS, adapter, adapter_named
from pyfe.authority import decisions
from pyfe.authority.policy import Policy
from pyfe.authority.records import Terms
from pyfe.errors import ParameterError
from pyfe.leakage.prior import Reference, reference_for
from pyfe.schema import Schema

__all__ = ["Opened", "Plan", "require_schema"]

Opened: TypeAlias = tuple[Terms, Any, Reference | None]
"""What an epoch is: its terms, its master secret key, and the reference."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What an epoch is opened with: the arguments of :meth:`pyfe.KeyAuthority.create`."""

    schema: Schema
    scheme: str = decisions.DEFAULT_SCHEME
    weight_bits: int | None = None
    policy: Policy | None = None
    reference: Any = None

    def opened(self, now: int) -> Opened:
        """Fresh terms, their master secret key, and the reference. ParameterError for what no epoch can have."""
        policy = Policy.default() if self.policy is None else self.policy
        if not isinstance(policy, Policy):
            raise ParameterError(f"policy must be a Policy, not {type(policy).__name__}")
        scheme = adapter_named(self.scheme).id
        bits = decisions.require_bits(self.weight_bits, scheme, policy, MAX_WEIGHT_BITS)
        require_schema(self.schema)
        known = None if self.reference is None else reference_for(self.schema, self.reference)
        public, master = adapter(scheme).setup(self.schema, bits)
        return Terms(scheme, self.schema, bits, policy, created_at=now, public=public), master, known


def require_schema(schema: Schema) -> None:
    """ParameterError for what is no schema."""
    if not isinstance(schema, Schema):
        raise ParameterError(f"an authority is created for a Schema, not for {type(schema).__name__}")
