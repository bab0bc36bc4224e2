"""From what was decided to the file that approvers sign."""

from __future__ import annotations

from typing import Any

from pyfe.audit import authority_id
from pyfe.authority.answers import Looked
from pyfe.authority.decision_file import Decision
from pyfe.wire.signature import SigningKey

__all__ = ["decision_of"]


def decision_of(
    key: SigningKey, epoch: int, looked: Looked, conditions: tuple[str, ...], about: dict[str, Any]
) -> Decision:
    """The file of a decision, signed by the authority whose key it is."""
    return Decision(
        authority=authority_id(key.public).hex(),
        epoch=epoch,
        request=looked.request.hex(),
        decision=looked.decision.hex(),
        policy=looked.policy.hex(),
        conditions=conditions,
        about=about,
    ).signed(key)
