"""What a policy file and the people whom it names say to a request: pure decisions on values.

Without a policy file an authority is one person's, who asks in person. With one, everything that is asked is a file
that somebody signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpz_mat

from pyfe.arguments import require_a
from pyfe.audit import authority_id
from pyfe.authority.approving import Agreed, Here, agreed, request_refusals
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.policy_rules import Counts, Refusal, policy_findings
from pyfe.authority.records import State as Counted
from pyfe.authority.state import LogState, Wanted
from pyfe.errors import ParameterError, PolicyDeniedError
from pyfe.function import Function, LinearMap
from pyfe.identity import Approval, Identity, Request

__all__ = ["Signed", "approvals_for", "here", "policy_refusals", "rank_with", "require_kinds", "require_recipient"]


@dataclass(frozen=True, eq=False)
class Signed:
    """A signed request, and the approvals that came with it. ``looked``: nothing is asked for but the decision, so that
    approvers can sign it."""

    request: Request
    approvals: tuple[Approval, ...] = ()
    looked: bool = False


def here(state: LogState, epoch: int, now: int, approvals: Sequence[Approval] = ()) -> Here:
    """Where and when statements are judged; of these approvals, those that were used before."""
    used = frozenset(each.id for each in approvals if state.approvals.get(each.id) is not None)
    return Here(authority_id(state.verification_key), epoch, now, used)


def policy_refusals(
    state: LogState, wanted: Wanted, signed: Signed | None, function: Function, now: int
) -> tuple[Refusal, ...]:
    """Why a request is not looked at any further; empty where there is no policy file, or nothing speaks against it."""
    policy, (number, _, _, recipient) = state.policy_file, wanted
    if policy is None:
        return ()
    if signed is None:
        return (Refusal("requester", "this authority has a policy file, so it takes signed requests only"),)
    counted, request = state.counted(number), signed.request
    stated = [*request_refusals(request, here(state, number, now))]
    if request.public_key != counted.terms.public.id:
        right = next((each.number for each in state.epochs if each.terms.public.id == request.public_key), None)
        whose = "no epoch" if right is None else f"epoch {right}"
        stated.append(Refusal("epoch", f"it is for the public key of {whose}, and asks epoch {number} for a key"))
    if state.withdrawn.get(request.id):
        stated.append(Refusal("withdrawn", "the request was withdrawn; a key needs another one"))
    if {"altered", "authority"} & {refusal.rule for refusal in stated}:
        return tuple(stated)  # a stranger is told nothing of what the policy says
    counts = Counts.of(
        function,
        counted.terms.schema,
        keys=state.epoch(number).keys,
        of_recipient=state.recipients.get((number, recipient)) or 0,
        rank=0 if policy.rank is None else rank_with(counted, function),
        again=state.answered.get(request.id) is not None,
    )
    return (*stated, *policy_findings(policy, request, counts, now))


def approvals_for(state: LogState, epoch: int, policy: PolicyFile, signed: Signed, decision: bytes, now: int) -> Agreed:
    """Which of the approvals count for a request as it is decided now."""
    place = here(state, epoch, now, signed.approvals)
    return agreed(policy, signed.request, signed.approvals, decision, place)


def require_kinds(given: object, kind: type) -> None:
    """ParameterError for what is not a list of this kind of signed files."""
    if not isinstance(given, list | tuple) or not all(isinstance(each, kind) for each in given):
        raise ParameterError(f"what is signed is given as a pyfe.identity.{kind.__name__}, several as a list of them")


def require_recipient(policy: PolicyFile | None, name: str | None, recipient: Identity) -> None:
    """PolicyDeniedError unless the identity is that of the recipient of a key: by its key where a policy file names it
    as one of its people, else by the name that the identity itself states."""
    if name is not None:
        require_a(name, str, "the name of a recipient")
    known = None if policy is None else next((person for person in policy.people if person.name == name), None)
    if known is not None and known.ed25519 != recipient.ed25519:
        raise PolicyDeniedError(f"the identity {recipient.name!r} is not that of {name!r} in the policy")
    if known is None and recipient.name != name:
        raise PolicyDeniedError(f"the key is for {name!r}, and the identity is that of {recipient.name!r}")


def rank_with(counted: Counted, function: Function) -> int:
    """How many independent functions the keys of an epoch and a function are; of forms, how many there are."""
    maps = [row.map for row in counted.issued] + [function.map]
    linear = [form.weights for form in maps if isinstance(form, LinearMap)]
    forms = sum(form.k for form in maps if not isinstance(form, LinearMap))
    rows = np.concatenate(linear).tolist() if linear else []
    return forms + (fmpz_mat(rows).rank() if rows else 0)
