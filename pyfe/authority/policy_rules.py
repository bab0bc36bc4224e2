"""What a policy file says to a request: pure decisions on values. The leakage rules decide beside it, on their own.

Every refusal names its rule. What depends on other people's keys is said to a requester without its figure, which only
the log keeps: figures could be bisected until they tell of another's weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyfe.authority.policy_file import Person, PolicyFile
from pyfe.function import Function
from pyfe.identity import Request
from pyfe.schema import Schema
from pyfe.schema.cells import same_name
from pyfe.wire.words import nearest

__all__ = [
    "Counts",
    "Refusal",
    "expiry_of",
    "loosened",
    "policy_findings",
    "recipient_of",
    "tightened",
    "weighed_columns",
]

DAY = 86_400
LAST_SECOND = 2**32
"""A clock that says a year after 2106 is broken."""


@dataclass(frozen=True)
class Refusal:
    """Why a request, an approval or a revocation is not followed.

    ``rule``: its name; ``message``: for whoever asked, ``figure`` and ``limit``: for the log, where there are any.
    """

    rule: str
    message: str
    figure: int | None = None
    limit: int | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}"


@dataclass(frozen=True)
class Counts:
    """What an authority knows about a request that the request does not say.

    ``columns``: those of patients that the function weighs (:func:`weighed_columns`); ``known`` and ``public``: the
    schema's columns, and those it calls public; ``keys`` and ``of_recipient``: keys issued in the epoch so far, to all
    and to the recipient, revoked and lost ones too; ``rank``: of all keys of the epoch and the request together;
    ``again``: whether this recipient has the key already: then it costs nothing.
    """

    columns: frozenset[str]
    known: frozenset[str]
    public: frozenset[str]
    keys: int
    of_recipient: int
    rank: int
    again: bool = False

    @classmethod
    def of(
        cls, function: Function, schema: Schema, *, keys: int, of_recipient: int, rank: int, again: bool = False
    ) -> Counts:
        """The counts of a function under a schema, beside those of the ledger."""
        names = frozenset(map(same_name, schema.columns))
        public = frozenset(same_name(name) for name, column in schema.columns.items() if column.public)
        return cls(weighed_columns(function, schema), names, public, keys, of_recipient, rank, again)


def weighed_columns(function: Function, schema: Schema) -> frozenset[str]:
    """The columns of a table on which some output depends; constants and noise are none."""
    used = (name for name, part, column in schema.parts if column.in_table and function.map.uses(part))
    return frozenset(map(same_name, used))


def tightened(schema: Schema, policy: PolicyFile) -> Schema:
    """The schema as the leakage rules are to see it: the policy's protected columns are protected too.

    Its id is another one: it is for counting, and never for a key. ParameterError where :func:`policy_findings` refuses
    by the rule "protected": the schema has no such column, or calls it public.
    """
    return schema.with_protected(policy.protected)


def recipient_of(policy: PolicyFile, request: Request) -> str:
    """Who the key is for: as the request says, else the requester by its name in the policy, else its key."""
    asker = policy.person(request.signer)
    return request.recipient or (request.signer.hex() if asker is None else asker.name)


def expiry_of(policy: PolicyFile, request: Request, now: int) -> int:
    """When a key that is issued now ends."""
    return min(now + policy.days * DAY, LAST_SECOND) if request.expires is None else request.expires


def policy_findings(policy: PolicyFile, request: Request, counts: Counts, now: int) -> tuple[Refusal, ...]:
    """Everything for which a policy file refuses a request; empty where it grants it.

    Whether the request is genuine and meant for here, and who agrees, is asked by :mod:`pyfe.authority.approving`.
    """
    people = tuple(_of_people(policy, request))
    if "requester" in {refusal.rule for refusal in people}:
        return people[:1]  # who may not ask is told nothing else
    return (*people, *_of_columns(policy, counts), *_of_figures(policy, request, counts, now))


def loosened(old: PolicyFile, new: PolicyFile) -> tuple[str, ...]:
    """The words by which another policy allows more than the one before; empty where it only tightens it.

    Whoever changes the people changes who decides: a key that may do more, or is new, loosens a policy.
    """
    grown = {"people": any(_more_than_before(person, old) for person in new.people)}
    keys = {"requests.by": "requesters", "approvals.by": "approvers"}
    grown |= {word: not _keys(new, getattr(new, name)) <= _keys(old, getattr(old, name)) for word, name in keys.items()}
    names = {"requests.purposes": "purposes", "requests.recipients": "recipients", "columns.allowed": "allowed",
             "columns.public": "public"}  # fmt: skip
    grown |= {word: not set(getattr(new, name)) <= set(getattr(old, name)) for word, name in names.items()}
    grown["columns.protected"] = not set(old.protected) <= set(new.protected)
    for word, name in {
        "budgets.keys": "keys",
        "budgets.keys_per_recipient": "keys_per_recipient",
        "expiry.days": "days",
    }.items():
        grown[word] = getattr(new, name) > getattr(old, name)
    grown["budgets.rank"] = old.rank is not None and (new.rank is None or new.rank > old.rank)
    grown["approvals.count"] = new.approvals < old.approvals
    return tuple(word for word, more in grown.items() if more)


def _keys(policy: PolicyFile, names: Sequence[str]) -> set[bytes]:
    return {person.ed25519 for person in policy.people if person.name in names}


def _more_than_before(person: Person, old: PolicyFile) -> bool:
    """Whether somebody may do more, or goes by a name that was somebody else's, or a recipient's: a name has a budget,
    and keys are sealed for it."""
    before = old.person(person.ed25519)
    if before is None:
        names = {*old.recipients, *(each.name for each in old.people)}
        return bool(person.roles) or person.name in names
    return before.name != person.name or not set(person.roles) <= set(before.roles)


def _of_people(policy: PolicyFile, request: Request) -> Iterator[Refusal]:
    asker = policy.person(request.signer)
    if asker is None:
        yield Refusal("requester", f"the key {request.signer.hex()[:16]}... is nobody's whom the policy names")
    elif asker.name not in policy.requesters:
        yield Refusal("requester", f"{asker.name!r} may not ask for keys")
    if request.purpose not in policy.purposes:
        close = nearest(request.purpose, policy.purposes)
        yield Refusal("purpose", f"the purpose {request.purpose[:60]!r} is not allowed{close}")
    if not _may_receive(policy, request, asker):
        close = nearest(request.recipient, policy.recipients)
        yield Refusal("recipient", f"no key may go to {recipient_of(policy, request)[:60]!r}{close}")


def _may_receive(policy: PolicyFile, request: Request, asker: Person | None) -> bool:
    own = None if asker is None else asker.name
    return request.recipient in (None, own) or request.recipient in policy.recipients


def _of_columns(policy: PolicyFile, counts: Counts) -> Iterator[Refusal]:
    outside = sorted(counts.columns - set(policy.allowed))
    if outside:
        yield Refusal("columns", f"the function weighs {_names(outside)}, which the policy does not allow")
    missing = sorted(set(policy.protected) - counts.known)
    if missing:
        close = nearest(missing[0], counts.known)
        yield Refusal("protected", f"the policy protects {_names(missing)}, which the schema does not have{close}")
    clash = sorted(set(policy.protected) & counts.public)
    if clash:
        yield Refusal("protected", f"the policy protects {_names(clash)}, which the schema calls public")
    open_ = sorted(counts.public - set(policy.public) - set(clash))
    if open_:
        yield Refusal("public", f"the schema calls {_names(open_)} public, and the policy does not")


def _of_figures(policy: PolicyFile, request: Request, counts: Counts, now: int) -> Iterator[Refusal]:
    if not counts.again:
        if counts.keys >= policy.keys:
            message = "the epoch has as many keys as it may have, with those of others"
            yield Refusal("keys", message, counts.keys + 1, policy.keys)
        if counts.of_recipient >= policy.keys_per_recipient:
            message = f"this recipient has {counts.of_recipient} keys, {policy.keys_per_recipient} are allowed"
            yield Refusal("keys of a recipient", message, counts.of_recipient + 1, policy.keys_per_recipient)
    if policy.rank is not None and counts.rank > policy.rank:
        message = "with the keys of others there would be more independent functions than are allowed"
        yield Refusal("rank", message, counts.rank, policy.rank)
    expires, latest = expiry_of(policy, request, now), now + policy.days * DAY
    if not now < expires <= latest:
        end = "has passed already" if expires <= now else f"is later than {policy.days} days from now"
        yield Refusal("expiry", f"the day on which the key shall end {end}")


def _names(names: list[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(repr(name[:60]) for name in names[:6]) + more
