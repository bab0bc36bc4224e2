"""What an authority decided about a request, or a change of its policy, as a file that approvers sign one by one.

One JSON object on one line, signed by the authority: digests, which an approval names, and what they mean in words, for
people. Neither can be changed without the other.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from pyfe.arguments import require_a
from pyfe.audit import authority_id
from pyfe.errors import DecodeError
from pyfe.identity import Approval
from pyfe.strict import json_object, reading
from pyfe.wire.hashing import tagged_hash
from pyfe.wire.signature import SigningKey, require_valid

__all__ = ["Decision"]

_NAME = "decision"
_TAG = b"PYFE-V1-decision-file"
MOST_CHARACTERS = 1 << 20
"""Longest decision: the weights of some ten thousand coordinates."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Digests in hex; ``request``: id of the request, or digest of the new policy; ``policy``: that of the policy file
    by which it was decided; ``about``: what it is, in words; ``signature``: the authority's, of all else."""

    authority: str
    epoch: int
    request: str
    decision: str
    policy: str
    conditions: tuple[str, ...]
    about: dict[str, Any]
    signature: str = ""

    def signed(self, key: SigningKey) -> Decision:
        """The same under the authority's signature."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return Decision(**{**values, "signature": key.sign(self._message()).hex()})

    def to_text(self) -> str:
        """One line of JSON."""
        return json.dumps({"pyfe": _NAME, **asdict(self)}) + "\n"

    @classmethod
    def from_text(cls, text: str, verification_key: bytes) -> Decision:
        """The decision of an authority. DecodeError for anything but the text as it was written; SignatureError where
        that authority did not sign it."""
        require_a(text, str, f"a {_NAME}")
        authority_id(verification_key)  # that it is one
        if len(text) > MOST_CHARACTERS:
            raise DecodeError(f"a {_NAME} has at most {MOST_CHARACTERS} characters, not {len(text)}")
        said = json_object(text)
        names = {field.name for field in fields(cls)}
        if not isinstance(said, dict) or said.pop("pyfe", None) != _NAME or said.keys() != names:
            raise DecodeError(f"not a {_NAME}: it has other fields than {', '.join(sorted(names))}")
        with reading(f"a {_NAME}"):
            decision = cls(**{**said, "conditions": tuple(said["conditions"]), "about": dict(said["about"])})
            decision.approval(0)
            written, signature = decision.to_text(), bytes.fromhex(decision.signature)
        if written != text:
            raise DecodeError(f"not a {_NAME} as it was written: it was edited")
        require_valid(verification_key, signature, decision._message(), _NAME)
        return decision

    def approval(self, not_after: int) -> Approval:
        """The approval of this decision, to be signed."""
        return Approval(
            authority=bytes.fromhex(self.authority),
            epoch=self.epoch,
            request=bytes.fromhex(self.request),
            decision=bytes.fromhex(self.decision),
            policy=bytes.fromhex(self.policy),
            conditions=self.conditions,
            not_after=not_after,
        )

    def _message(self) -> bytes:
        said = {name: value for name, value in asdict(self).items() if name != "signature"}
        return tagged_hash(_TAG, json.dumps(said).encode())
