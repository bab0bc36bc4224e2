"""The list of an authority's keys that are to be used no more: what an honest evaluator gives when it decrypts."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pyfe.arguments import listed, require_a, require_count
from pyfe.errors import DecodeError, KeyExpiredError, KeyMismatchError, ParameterError
from pyfe.keys.public_key import PublicKey
from pyfe.text import iso_time
from pyfe.wire.envelope import NO_ID, NO_SCHEME, Envelope, Kind, as_bytes, pack, signed_part, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.hashing import HASH_SIZE
from pyfe.wire.pickling import PickledAsBytes
from pyfe.wire.signature import KEY_SIZE, SIGNATURE_SIZE, SigningKey, require_valid

__all__ = ["RevocationList"]

_NAME = "revocation list"
_MOST_NUMBER = 2**53 - 1
_LAST_SECOND = 2**32


@dataclass(frozen=True, repr=False)
class RevocationList(PickledAsBytes):
    """Numbers of the keys that an authority revoked, under its signature.

    ``public_keys``: ids of the public keys of all its epochs, which say whose keys the numbers are of; ``at``: when it
    was made, ``size``: how many entries its log had then: of two lists the one of more entries is newer; ``epochs``:
    ids of the public keys all of whose keys are revoked, and ``lost``: pairs of such an id and the number of a key
    that the authority's log does not know, as after a restore.

    Made by :meth:`pyfe.KeyAuthority.revocation_list`. It pickles as its bytes; what is unpickled is not verified.
    """

    verification_key: bytes
    public_keys: tuple[bytes, ...]
    keys: tuple[int, ...]
    at: int
    size: int
    signature: bytes = bytes(SIGNATURE_SIZE)
    verified: bool = False
    epochs: tuple[bytes, ...] = ()
    lost: tuple[tuple[bytes, int], ...] = ()

    @classmethod
    def signed(
        cls,
        public_keys: Iterable[bytes],
        keys: Iterable[int],
        at: int,
        size: int,
        signing_key: SigningKey,
        *,
        epochs: Iterable[bytes] = (),
        lost: Iterable[tuple[bytes, int]] = (),
    ) -> RevocationList:
        """The list of an authority, signed by it."""
        require_a(signing_key, SigningKey, "the signing key of a list")
        ids, numbers = listed(public_keys, "public_keys"), listed(keys, "keys")
        for each in ids:
            require_a(each, bytes, "the id of a public key")
        for number in numbers:
            require_count(number, 1, _MOST_NUMBER, "the number of a key")
        require_count(at, 0, _LAST_SECOND, "the second of a list")
        require_count(size, 1, _MOST_NUMBER, "the size of a log")
        ordered = tuple(sorted(set(ids))), tuple(sorted(set(numbers)))
        more = {"epochs": tuple(sorted(set(epochs))), "lost": tuple(sorted(set(lost)))}
        unsigned = cls(signing_key.public, *ordered, at, size, **more)  # type: ignore[arg-type]
        return replace(unsigned, signature=signing_key.sign(signed_part(unsigned.to_bytes())), verified=True)

    def to_bytes(self) -> bytes:
        """The canonical encoding: one signed envelope."""
        metadata = {
            **({"epochs": list(self.epochs)} if self.epochs else {}),
            **({"lost": [list(pair) for pair in self.lost]} if self.lost else {}),
            "at": self.at,
            "keys": list(self.keys),
            "public_keys": list(self.public_keys),
            "size": self.size,
            "verification_key": self.verification_key,
        }
        return pack(Envelope(Kind.REVOCATION_LIST, NO_SCHEME, NO_ID, NO_ID, b"", metadata, self.signature))

    @classmethod
    def from_bytes(cls, data: bytes, *, public_key: PublicKey | None = None) -> RevocationList:
        """The list that ``data`` encodes, verified against a public key of the authority if one is given.

        DecodeError for bytes that are not the canonical encoding of a list; KeyMismatchError for another authority's,
        SignatureError for a wrong signature.
        """
        data = as_bytes(data)
        envelope = unpack(data, Kind.REVOCATION_LIST)
        if (envelope.scheme, envelope.parameter_hash, envelope.public_key_id) != (NO_SCHEME, NO_ID, NO_ID):
            raise DecodeError(f"{_NAME}: it has no scheme and no ids, yet some are present")
        if envelope.payload or not envelope.signature:
            raise DecodeError(f"{_NAME}: it must be signed, and has no payload")
        fields = Fields(envelope.metadata, _NAME)
        made = cls(
            verification_key=fields.octets("verification_key", KEY_SIZE),
            public_keys=_ascending(fields.take("public_keys", list), bytes),
            keys=_ascending(fields.take("keys", list), int),
            at=fields.integer("at", 0, _LAST_SECOND),
            size=fields.integer("size", 1, _MOST_NUMBER),
            signature=envelope.signature,
            epochs=_ascending(fields.take("epochs", list), bytes) if fields.has("epochs") else (),
            lost=_pairs(fields.take("lost", list)) if fields.has("lost") else (),
        )
        fields.finish()
        if not {*made.epochs, *(public for public, _ in made.lost)} <= set(made.public_keys):
            raise DecodeError(f"{_NAME}: it revokes keys of an epoch that it does not name")
        if made.to_bytes() != data:
            raise DecodeError(f"{_NAME}: it is not the one encoding of what it says")
        if any(len(each) != HASH_SIZE for each in made.public_keys) or not made.public_keys:
            raise DecodeError(f"{_NAME}: its public keys are their ids, of {HASH_SIZE} bytes")
        if any(not 1 <= number <= _MOST_NUMBER for number in made.keys):
            raise DecodeError(f"{_NAME}: its keys are their numbers")
        return made if public_key is None else made.verify(public_key)

    def verify(self, public_key: PublicKey) -> RevocationList:
        """This list marked as verified. KeyMismatchError where it is another authority's than the public key,
        SignatureError where the authority did not sign it."""
        if not isinstance(public_key, PublicKey):
            raise ParameterError(f"public_key is a pyfe.PublicKey, not {type(public_key).__name__}")
        if public_key.verification_key != self.verification_key:
            raise KeyMismatchError(f"the {_NAME} is another authority's than the public key")
        require_valid(self.verification_key, self.signature, signed_part(self.to_bytes()), _NAME)
        return replace(self, verified=True)

    def require_not_listed(self, sequence: int, public_key_id: bytes) -> None:
        """KeyExpiredError for a key that is on the list. KeyMismatchError where it is none of the authority's,
        ParameterError where the list was not verified."""
        if not self.verified:
            raise ParameterError(
                f"the {_NAME} is not verified: give from_bytes, or verify, the public key of its authority"
            )
        require_a(public_key_id, bytes, "the id of a public key")
        if public_key_id not in self.public_keys:
            raise KeyMismatchError(
                f"the {_NAME} is of another authority than the key, or older than the key's epoch; ask for the newest"
            )
        if public_key_id in self.epochs:
            raise KeyExpiredError(
                f"key #{sequence} was revoked by its authority, with every other of its epoch "
                f"(list of {iso_time(self.at)})"
            )
        if sequence in self.keys or (public_key_id, sequence) in self.lost:
            raise KeyExpiredError(f"key #{sequence} was revoked by its authority (list of {iso_time(self.at)})")

    def info(self) -> dict[str, Any]:
        """What there is to know about it, in plain types."""
        return {
            "object": _NAME,
            "verified": self.verified,
            "keys": list(self.keys),
            **({"epochs_whole": [each.hex() for each in self.epochs]} if self.epochs else {}),
            **({"keys_not_in_the_log": [f"#{n} under {each.hex()}" for each, n in self.lost]} if self.lost else {}),
            "at": iso_time(self.at),
            "size": self.size,
            "public_key_ids": [each.hex() for each in self.public_keys],
        }

    def __repr__(self) -> str:
        state = "verified" if self.verified else "UNVERIFIED"
        return f"RevocationList({len(self.keys)} keys, {iso_time(self.at)}, {state})"


def _ascending(values: list[Any], of_type: type) -> tuple[Any, ...]:
    if not {of_type}.issuperset(map(type, values)) or any(a >= b for a, b in itertools.pairwise(values)):
        raise DecodeError(f"{_NAME}: a list of it does not ascend, or holds something else")
    return tuple(values)


def _pairs(values: list[Any]) -> tuple[tuple[bytes, int], ...]:
    if not all(type(pair) is list and list(map(type, pair)) == [bytes, int] for pair in values):
        raise DecodeError(f"{_NAME}: a key that the log lost is a pair of an id and a number")
    pairs = tuple((public, number) for public, number in values)
    if any(a >= b for a, b in itertools.pairwise(pairs)) or not all(1 <= n <= _MOST_NUMBER for _, n in pairs):
        raise DecodeError(f"{_NAME}: keys that the log lost do not ascend, or have no numbers")
    return pairs
