"""Requests that are refused before anything is decided, as they do not fit the authority: the log says who asked.

What was asked for may be huge, or no function at all: it is named by its id, and not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyfe import identity
from pyfe.authority.answers import Question
from pyfe.authority.approving import genuine
from pyfe.authority.consent import here
from pyfe.authority.entries import Asked, Dismissed
from pyfe.authority.state import LogState
from pyfe.errors import (
    DecodeError,
    KeyMismatchError,
    OutOfRangeError,
    ParameterError,
    PyfeError,
    UnsupportedModelError,
)
from pyfe.wire.hashing import tagged_hash

__all__ = ["DISMISSING", "Unfit", "dismissed"]

DISMISSING = (DecodeError, KeyMismatchError, OutOfRangeError, ParameterError, UnsupportedModelError)
"""The errors by which a request is refused that is not looked at. PolicyDeniedError is recorded where it is decided,
and after an AuthorityError nothing can be."""

_MOST_CHARACTERS = 1000
"""Most of an error's words that are kept."""


@dataclass(frozen=True)
class Unfit:
    """Who asked for what, as far as it can be said."""

    request_id: bytes
    function_id: bytes
    purpose: str
    recipient: str | None
    asked: Asked = "issue"
    signed: identity.Request | None = None

    @classmethod
    def of_question(cls, question: Question) -> Unfit:
        """A request that could be read."""
        _, function_id, purpose, recipient = question.wanted
        signed = None if question.signed is None else question.signed.request
        return cls(question.id, function_id, purpose, recipient, question.asked, signed)

    @classmethod
    def of_signed(cls, request: identity.Request, recipient: str) -> Unfit:
        """A signed request whose function could not: it is known by the hash of its bytes."""
        function_id = tagged_hash(b"PYFE-V1-function-unread", request.function)
        return cls(request.id, function_id, request.purpose, recipient, "issue", request)


def dismissed(state: LogState, epoch: int, unfit: Unfit, error: PyfeError, now: int) -> Sequence[Dismissed]:
    """The entry of a request that was not looked at; none where the log has the same one with the same words, and none
    of a signed one that no person of the policy file signed for this authority: anybody can write a name."""
    says = str(error)[:_MOST_CHARACTERS]
    stranger = unfit.signed is not None and not _by_a_person(state, unfit.signed, epoch, now)
    if stranger or state.dismissed.get(unfit.request_id) == says:
        return []
    signer = None if unfit.signed is None else unfit.signed.signer
    said = {"error": type(error).__name__, "says": says, "signer": signer, "asked": unfit.asked}
    about = {"function_id": unfit.function_id, "purpose": unfit.purpose, "recipient": unfit.recipient}
    return [Dismissed(at=now, epoch=epoch, request_id=unfit.request_id, **about, **said)]  # type: ignore[arg-type]


def _by_a_person(state: LogState, request: identity.Request, epoch: int, now: int) -> bool:
    policy = state.policy_file
    known = policy is not None and policy.person(request.signer) is not None
    return known and not any(genuine(request, here(state, epoch, now)))
