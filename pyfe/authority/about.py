"""What approvers are told in words: what is asked for, by whom, and what a key would say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.policy_rules import loosened, recipient_of
from pyfe.authority.state import LogState
from pyfe.epochs import Epoch as StatedEpoch
from pyfe.function import Function, LinearMap
from pyfe.identity import Request
from pyfe.leakage import Finding
from pyfe.schema import Schema

__all__ = ["about_change", "about_clock", "about_request", "weights_of"]

_MOST_LISTED = 200


def about_request(
    state: LogState, request: Request, function: Function, after: StatedEpoch, findings: Sequence[Finding]
) -> dict[str, Any]:
    """A request in words; ``after``: what all keys of the epoch say together, with this one."""
    policy = state.policy_file
    asker = None if policy is None else policy.person(request.signer)
    return {
        "asked_by": "nobody whom the policy names" if asker is None else asker.name,
        "recipient": request.recipient if policy is None else recipient_of(policy, request),
        "purpose": request.purpose,
        "function": {"name": function.name, "id": function.id.hex(), "kind": function.kind, "outputs": function.k},
        "weights": weights_of(function, state.epoch(request.epoch).terms.schema),
        "with_all_keys_of_the_epoch": {
            "keys": after.keys,
            "independent_scores": after.rank,
            "bits_said": round(after.said / 1000, 1),
            "bits_of_a_row": round(after.entropy / 1000, 1),
        },
        "findings": [finding.ruled for finding in findings] or ["nothing that a rule refuses"],
    }


def about_change(old: PolicyFile, new: PolicyFile) -> dict[str, Any]:
    """Another policy in words."""
    return {
        "policy": f"version {old.version} to version {new.version}",
        "allows_more": list(loosened(old, new)) or ["nothing: it needs no approval"],
        "then_holds": new.explain().split("\n"),
    }


def about_clock(newest: int, setbacks: int, now: int) -> dict[str, Any]:
    """A clock that was ahead, in words."""
    return {"clock": "was ahead", "newest_entry": newest, "clock_says": now, "set_right_before": setbacks}


def weights_of(function: Function, schema: Schema) -> dict[str, Any]:
    """What a linear function weighs, by the names of the schema's coordinates; of a quadratic one, what it uses."""
    if not isinstance(function.map, LinearMap):
        return {"columns": [name for name, part, _ in schema.parts if function.map.uses(part)]}
    rows = function.map.weights.T.tolist()
    weighed = {name: row for name, row in zip(schema.coordinate_names, rows, strict=True) if any(row)}
    listed = {name: row[0] if len(row) == 1 else row for name, row in list(weighed.items())[:_MOST_LISTED]}
    return {**listed, **({"...": f"and {len(weighed) - _MOST_LISTED} more"} if len(weighed) > _MOST_LISTED else {})}
