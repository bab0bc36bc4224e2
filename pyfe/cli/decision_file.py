"""What an authority decided about a request, or a change of its policy, as a file that approvers sign one by one.

One JSON object on one line. Its digests are what is signed; ``about`` is what they mean in words, for people.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pyfe.errors import DecodeError
from pyfe.identity import Approval
from pyfe.io import read_text
from pyfe.strict import json_object, reading

__all__ = ["DecisionFile"]

_MOST = 1 << 20


@dataclass(frozen=True, kw_only=True)
class DecisionFile:
    """Digests in hex; ``request``: id of the request, or digest of the new policy; ``policy``: that of the policy file
    by which it was decided."""

    authority: str
    epoch: int
    request: str
    decision: str
    policy: str
    conditions: tuple[str, ...]
    about: dict[str, Any]

    def to_text(self) -> str:
        """One line of JSON."""
        return json.dumps({"pyfe": "decision", **asdict(self)}) + "\n"

    @classmethod
    def read(cls, file: Path) -> DecisionFile:
        """The decision in a file. DecodeError for anything else."""
        text = read_text(file, most=_MOST)
        try:
            decision = cls._of(json_object(text))
        except DecodeError as error:
            raise DecodeError(f"{file}: {error}") from error
        if decision.to_text() != text:
            raise DecodeError(f"{file}: not a decision as pyfe writes it")
        return decision

    @classmethod
    def _of(cls, said: Any) -> DecisionFile:
        names = {field.name for field in fields(cls)}
        if not isinstance(said, dict) or said.pop("pyfe", None) != "decision" or said.keys() != names:
            raise DecodeError(f"not a decision: it has other fields than {', '.join(sorted(names))}")
        with reading("a decision"):
            decision = cls(**{**said, "conditions": tuple(said["conditions"]), "about": dict(said["about"])})
            decision.approval(0)
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
