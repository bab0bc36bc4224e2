"""What the kinds of entries of a log have in common: when they were made, and how their fields are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

from pyfe.errors import DecodeError
from pyfe.wire.fields import Fields
from pyfe.wire.hashing import HASH_SIZE

__all__ = [
    "LAST_SECOND", "MOST_NUMBER", "NAME", "Asked", "Base", "OfRequest", "epoch_in", "numbers_in", "of_request",
    "texts_in",
]  # fmt: skip

NAME = "log entry"
LAST_SECOND = 2**32
MOST_NUMBER = 2**53 - 1

Asked: TypeAlias = Literal["issue", "check"]
_ASKED: tuple[Asked, ...] = ("issue", "check")


@dataclass(frozen=True, kw_only=True)
class Base:
    """An entry: what it is of, and the second at which it was made."""

    kind: ClassVar[str]
    at: int


@dataclass(frozen=True, kw_only=True)
class OfRequest(Base):
    """What entries about a request have in common. ``request_id``: of the signed request, else of what was asked."""

    epoch: int
    request_id: bytes
    function_id: bytes
    purpose: str
    recipient: str | None
    asked: Asked

    def fields(self) -> dict[str, Any]:
        """The fields as CBOR can hold them."""
        return {
            "asked": self.asked,
            "epoch": self.epoch,
            "function_id": self.function_id,
            "purpose": self.purpose,
            "recipient": self.recipient,
            "request_id": self.request_id,
        }


def of_request(at: int, fields: Fields) -> dict[str, Any]:
    """What is read of an entry about a request. DecodeError."""
    asked = fields.take("asked", str)
    if asked not in _ASKED:
        raise DecodeError(f"{NAME}: nothing is asked by {asked[:60]!r}")
    return {
        "at": at,
        "asked": asked,
        "epoch": epoch_in(fields),
        "request_id": fields.octets("request_id", HASH_SIZE),
        "function_id": fields.octets("function_id", HASH_SIZE),
        "purpose": fields.take("purpose", str),
        "recipient": fields.optional("recipient", str),
    }


def epoch_in(fields: Fields) -> int:
    """The number of an epoch. DecodeError."""
    return fields.integer("epoch", 1, MOST_NUMBER)


def numbers_in(fields: Fields) -> tuple[int, ...]:
    """Numbers of revoked keys, ascending. DecodeError."""
    keys = tuple(fields.take("keys", list))
    if not {int}.issuperset(map(type, keys)) or list(keys) != sorted(set(keys)) or (keys and keys[0] < 1):
        raise DecodeError(f"{NAME}: revoked keys are their numbers, ascending")
    return keys


def texts_in(fields: Fields, key: str) -> tuple[str, ...]:
    """A list of texts. DecodeError."""
    values = fields.take(key, list)
    if not {str}.issuperset(map(type, values)):
        raise DecodeError(f"{NAME}: field {key!r} is not a list of texts")
    return tuple(values)
