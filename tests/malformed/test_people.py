"""No bit of what people sign, seal or are can be flipped, cut or added to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pyfe import DecodeError, IdentityError, PyfeError
from pyfe.identity import Approval, Identity, IdentitySecret, Request, Revocation, SealedKey, secret
from pyfe.wire.sealing import SealingKey
from tests.unit import people

SEALING = SealingKey.derive("correct horse battery", bytes(16), 10)
REQUEST = people.request(conditions=("c",), expires=people.NOW)
REVOCATION = Revocation(authority=people.AUTHORITY, keys=(1, 2), reason="r", at=people.NOW)


def opened(data: bytes) -> bytes:
    return people.secret("ben").open(SealedKey.from_bytes(data))


def unsealed(data: bytes) -> IdentitySecret:
    envelope, salt, log_cost, identity = secret._parsed(data)
    if (salt, log_cost) != (SEALING.salt, SEALING.log_cost):
        raise IdentityError("another salt gives another key")
    return IdentitySecret(*secret._opened(envelope, SEALING, identity), identity)


FILES: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "identity": (people.secret("ada").identity.to_bytes(), Identity.from_bytes),
    "request": (REQUEST.to_bytes(), Request.from_bytes),
    "approval": (people.approval("ben", REQUEST).to_bytes(), Approval.from_bytes),
    "revocation": (REVOCATION.signed_by(people.secret("cleo")).to_bytes(), Revocation.from_bytes),
    "sealed key": (
        SealedKey.of(b"a key", people.secret("ben").identity, authority=people.AUTHORITY, number=1).to_bytes(),
        opened,
    ),
    "sealed identity": (secret._seal(people.secret("ada"), SEALING), unsealed),
}


def changed(data: bytes) -> Iterator[bytes]:
    """Every bit flipped, every cut, something after the end."""
    for at in range(len(data)):
        for bit in range(8):
            yield data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        yield data[:at]
    yield data + b"\0"
    yield data + data


@pytest.mark.parametrize("name", FILES)
def test_nothing_can_be_changed(name: str) -> None:
    data, read = FILES[name]
    assert read(data)
    for other in changed(data):
        with pytest.raises(PyfeError):
            read(other)


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_bytes(name: str) -> None:
    _, read = FILES[name]
    for item in (None, "text", 7, []):
        with pytest.raises((DecodeError, TypeError)):
            read(item)  # type: ignore[arg-type]
