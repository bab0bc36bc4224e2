"""Some people, a policy file that names them, and statements of theirs."""

from __future__ import annotations

import functools
from typing import Any

from pyfe.authority.approving import Here
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.policy_rules import Counts
from pyfe.identity import Approval, IdentitySecret, Request

AUTHORITY = bytes(range(16))
DECISION = bytes(reversed(range(32)))
PUBLIC_KEY = bytes(range(32))
NOW = 1_800_000_000
DAY = 86_400


@functools.cache
def secret(name: str) -> IdentitySecret:
    """The same person whenever it is asked for in a process."""
    return IdentitySecret.generate(name)


def key(name: str) -> str:
    return secret(name).identity.ed25519.hex()


def yaml() -> str:
    """A policy that says every word there is."""
    return f"""\
# who decides about keys for the stroke model
version: 3
people:
  ada: {{roles: [requester], ed25519: {key("ada")}}}
  ben: {{roles: [approver], ed25519: {key("ben")}}}
  cleo:
    roles: [approver, owner]
    ed25519: {key("cleo")}
  dan: {{roles: [requester, approver], ed25519: {key("dan")}}}
  eve: {{roles: [auditor], ed25519: {key("eve")}}}
requests:
  by: [ada, dan]
  purposes:
    - triage
    - "research: outcome after one year"
  recipients: [evaluation centre, ben]
columns:
  allowed: [age, bmi, crp, site]
  protected: [bmi]
  public: [site]
budgets: {{keys: 8, keys_per_recipient: 3, rank: 4}}
expiry: {{days: 30}}
approvals:
  count: 2
  by: [ben, cleo, dan]
"""


def policy(**changes: str) -> PolicyFile:
    """The policy of :func:`yaml`, with texts of it replaced: ``policy(**{"count: 2": "count: 1"})``."""
    text = yaml()
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return PolicyFile.from_yaml(text)


def request(by: str = "ada", **fields: Any) -> Request:
    """A request that the policy grants."""
    own = {"authority": AUTHORITY, "public_key": PUBLIC_KEY, "epoch": 1, "function": b"f", "purpose": "triage"}
    own |= {"not_after": NOW + DAY}
    return Request(**{**own, **fields}).signed_by(secret(by))


def approval(by: str, of: Request, **fields: Any) -> Approval:
    """A good approval of a request under the policy of :func:`yaml`."""
    own = {"decision": DECISION, "policy": policy().digest, "not_after": NOW + DAY}
    stands = {"authority": of.authority, "epoch": of.epoch, "request": of.id, "conditions": of.conditions}
    return Approval(**{**stands, **own, **fields}).signed_by(secret(by))


def here(**fields: Any) -> Here:
    return Here(**{"authority": AUTHORITY, "epoch": 1, "now": NOW, **fields})


def counts(**fields: Any) -> Counts:
    """What the policy grants at the edge of every budget."""
    names = {"columns": {"age", "bmi"}, "known": {"age", "bmi", "crp", "hiv", "site"}, "public": {"site"}}
    sets = {name: frozenset(fields.pop(name, own)) for name, own in names.items()}
    return Counts(**{**sets, "keys": 7, "of_recipient": 2, "rank": 4, **fields})
