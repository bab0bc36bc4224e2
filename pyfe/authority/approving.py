"""Whether signed statements are what they have to be: genuine, meant for here, in time, and by somebody who may.

Pure decisions on values. A statement that fails says by which rule; nothing is raised, so that all of it can be logged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.policy_rules import DAY, Refusal, recipient_of
from pyfe.errors import SignatureError
from pyfe.identity import Approval, Request, Revocation, Statement
from pyfe.wire.hashing import tagged_hash

__all__ = [
    "FEWEST_LOOSENING",
    "Agreed",
    "Here",
    "agreed",
    "change_agreed",
    "change_digest",
    "clock_agreed",
    "clock_digest",
    "clock_subject",
    "genuine",
    "request_refusals",
    "revocation_refusals",
]


FEWEST_LOOSENING = 2
"""How many people have to agree to a policy that allows more than the one before."""

CLOCK_DAYS = 7
"""How long after the day that they name approvals of a clock can be used."""


@dataclass(frozen=True)
class Here:
    """Where and when statements are judged.

    ``used``: ids of the approvals that were followed before.
    """

    authority: bytes
    epoch: int
    now: int
    used: Collection[bytes] = ()


@dataclass(frozen=True)
class Agreed:
    """What approvals come to. ``by``: names of the different people whose approvals count; ``ids``: those of these
    approvals, to be recorded with the key; ``refusals``: why others do not count, and last, under the rule
    "approvals", that too few do; ``approvals``: those that count."""

    by: tuple[str, ...]
    ids: tuple[bytes, ...]
    refusals: tuple[Refusal, ...]
    enough: bool
    approvals: tuple[Approval, ...] = ()


def request_refusals(request: Request, here: Here) -> tuple[Refusal, ...]:
    """Why a request is not looked at: altered, for another authority or epoch, expired, or replayed. Who asks, and for
    what, is judged by :func:`pyfe.authority.policy_rules.policy_findings`."""
    return tuple(_of_statement(request, here))


def agreed(policy: PolicyFile, request: Request, approvals: Sequence[Approval], decision: bytes, here: Here) -> Agreed:
    """Which approvals count for a request as it is decided now; ``decision`` is the digest of that decision.

    One that does not count takes nothing from the others: nobody can stop a key by sending a bad one.
    """
    by: dict[str, Approval] = {}
    refused: list[Refusal] = []
    for approval in approvals:
        person = policy.person(approval.signer)
        name = f"the key {approval.signer.hex()[:16]}..." if person is None else repr(person.name)
        found = [*_of_statement(approval, here), *_of_approval(policy, request, approval, decision)]
        if not found and person is not None and person.name in by:
            found = [Refusal("twice", "this person has approved already")]
        if found or person is None:
            refused += [Refusal(f.rule, f"approval of {name}: {f.message}", f.figure, f.limit) for f in found]
        else:
            by[person.name] = approval
    if len(by) < policy.approvals:
        message = f"{len(by)} of {policy.approvals} approvals; they can be given by {', '.join(policy.approvers)}"
        refused.append(Refusal("approvals", message, len(by), policy.approvals))
    return _agreed(by, refused, policy.approvals)


def change_digest(old: PolicyFile, new: PolicyFile) -> bytes:
    """What approvers of a change of the policy sign as its decision; its request is the digest of the new policy."""
    return tagged_hash(b"PYFE-V1-policy-change", old.digest, new.digest)


def change_agreed(old: PolicyFile, new: PolicyFile, approvals: Sequence[Approval], here: Here) -> Agreed:
    """Which approvals count for another policy that allows more: two people have to agree whom the one in force lets
    approve, each under the one in force."""
    subject = new.digest, change_digest(old, new)
    return _two_agreed(old, subject, "it is for another change of the policy", approvals, here)


def clock_digest(newest: int, setbacks: int, now: int) -> bytes:
    """What approvers sign, as request and as decision, who agree that the second of the newest entry had not come, and
    that it is the day of ``now``: ``setbacks`` is how often that happened before."""
    numbers = (newest, setbacks, now // DAY)
    return tagged_hash(b"PYFE-V1-clock-was-wrong", *(number.to_bytes(8, "little") for number in numbers))


def clock_subject(newest: int, setbacks: int, approvals: Sequence[Approval], now: int) -> bytes:
    """The digest that approvals are of, of the day of ``now`` or of one in the week before it; of that day if they are
    of none: whoever sets a clock sets it to no day that nobody agreed to."""
    signed = Counter(approval.request for approval in approvals)
    days = [clock_digest(newest, setbacks, max(0, now - back * DAY)) for back in range(CLOCK_DAYS + 1)]
    return max(days, key=lambda digest: signed[digest])


def clock_agreed(policy: PolicyFile, subject: bytes, approvals: Sequence[Approval], here: Here) -> Agreed:
    """Which approvals count for a clock that is set right, by :func:`clock_subject`: two people have to agree, as to a
    policy that allows more, for what had ended can be used again."""
    return _two_agreed(policy, (subject, subject), "it is about another day of the clock", approvals, here)


def _two_agreed(
    policy: PolicyFile, subject: tuple[bytes, bytes], other: str, approvals: Sequence[Approval], here: Here
) -> Agreed:
    """Which approvals count for a subject, as request and decision, by the policy in force; two have to."""
    by: dict[str, Approval] = {}
    refused: list[Refusal] = []
    for approval in approvals:
        person = policy.person(approval.signer)
        found = [*_of_statement(approval, here)]
        said = approval.request, approval.decision, approval.policy, approval.conditions
        if said != (*subject, policy.digest, ()):
            found.append(Refusal("request", other))
        if person is None or person.name not in policy.approvers:
            found.append(Refusal("approver", "it is signed by nobody who may approve"))
        elif person.name in by:
            found.append(Refusal("twice", "this person has approved already"))
        if found or person is None:
            refused += found
        else:
            by[person.name] = approval
    if len(by) < FEWEST_LOOSENING:
        message = f"{len(by)} of {FEWEST_LOOSENING} approvals; they can be given by {', '.join(policy.approvers)}"
        refused.append(Refusal("approvals", message, len(by), FEWEST_LOOSENING))
    return _agreed(by, refused, FEWEST_LOOSENING)


def revocation_refusals(
    policy: PolicyFile, revocation: Revocation, here: Here, request: Request | None = None
) -> tuple[Refusal, ...]:
    """Why a revocation is not followed: altered, for another authority, of a later day, or by nobody who may.

    Approvers and owners may revoke, each alone; who asked may withdraw its request (``request``: that one).
    """
    person = policy.person(revocation.signer)
    refused = [*genuine(revocation, here)]
    if revocation.at > here.now + DAY:  # a clock that is fast must not stop an emergency
        refused.append(Refusal("time", "it is of a later day than tomorrow"))
    own = request is not None and (revocation.request, revocation.signer) == (request.id, request.signer)
    if not own and (person is None or not {"approver", "owner"} & set(person.roles)):
        refused.append(Refusal("revoker", "it is signed by nobody who may revoke"))
    return tuple(refused)


def _agreed(by: dict[str, Approval], refused: Sequence[Refusal], wanted: int) -> Agreed:
    counting = tuple(by.values())
    ids = tuple(each.id for each in counting)
    return Agreed(tuple(by), ids, tuple(refused), len(by) >= wanted, counting)


def genuine(statement: Statement, here: Here) -> Iterator[Refusal]:
    """What speaks against its being its signer's, for this authority."""
    try:
        statement.require_signed()
    except SignatureError:
        yield Refusal("altered", "the signature is not that of its signer")
    if statement.authority != here.authority:
        yield Refusal("authority", "it is for another authority")


def _of_statement(statement: Request | Approval, here: Here) -> Iterator[Refusal]:
    yield from genuine(statement, here)
    if statement.epoch != here.epoch:
        yield Refusal("epoch", f"it is for epoch {statement.epoch}, and not for {here.epoch}")
    if statement.not_after < here.now:
        yield Refusal("expired", "its time is over")
    if statement.id in here.used:
        yield Refusal("replayed", "it was used before")


def _of_approval(policy: PolicyFile, request: Request, approval: Approval, decision: bytes) -> Iterator[Refusal]:
    """What only approvals can be refused for."""
    if approval.request != request.id:
        yield Refusal("request", "it is for another request, or this one was changed since")
    if approval.decision != decision:
        yield Refusal(
            "decision", "what it agreed to is not what is decided now: keys were issued since, or it is other"
        )
    if approval.policy != policy.digest:
        yield Refusal("policy", f"it is for another policy than version {policy.version}")
    if approval.conditions != request.conditions:
        yield Refusal("conditions", "its conditions are not those of the request")
    person = policy.person(approval.signer)
    if person is None:
        yield Refusal("approver", "it is signed by nobody whom the policy names")
    elif person.name not in policy.approvers:
        yield Refusal("approver", "who signed it may not approve")
    own = person is not None and person.name == recipient_of(policy, request)
    if approval.signer == request.signer or own:
        yield Refusal("own", "nobody approves a key of their own")
