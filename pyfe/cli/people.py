"""Who signed what, by the names that the policy files of a log give."""

from __future__ import annotations

from collections.abc import Iterator

from pyfe.audit import AuditLog
from pyfe.authority.entries import Approved, Dismissed, Entry, PolicySet, decode_entry
from pyfe.errors import DecodeError, PyfeError
from pyfe.identity import Approval, Request, Revocation
from pyfe.objects import decode

__all__ = ["approvers", "told_entries"]


def told_entries(log: AuditLog) -> Iterator[tuple[int, Entry, str | None]]:
    """Position, entry, and the name of whoever signed the file in it, by the policy in force then. DecodeError, which
    names the position, for what is no entry."""
    names: dict[str, str] = {}
    for at, data in enumerate(log.entries):
        try:
            entry = decode_entry(data)
        except DecodeError as error:
            raise DecodeError(f"entry {at} of the log: {error}") from error
        if isinstance(entry, PolicySet):
            people = entry.policy.get("people", {})
            names = {str(person.get("ed25519")): name for name, person in people.items()}
        yield at, entry, _signer(entry, names)


def approvers(log: AuditLog) -> dict[bytes, list[str]]:
    """Names of those who approved, by the ids of their approvals' requests."""
    found: dict[bytes, list[str]] = {}
    for _, entry, name in told_entries(log):
        if isinstance(entry, Approved) and name is not None:
            found.setdefault(entry.request_id, []).append(name)
    return found


def _signer(entry: Entry, names: dict[str, str]) -> str | None:
    if isinstance(entry, Dismissed) and entry.signer is not None:
        return _named(entry.signer, names)
    signed = getattr(entry, "signed", None)
    if not signed:
        return None
    try:
        item = decode(signed)
    except PyfeError:
        return "somebody whose file cannot be read"
    if not isinstance(item, Request | Approval | Revocation):
        return None
    return _named(item.signer, names)


def _named(key: bytes, names: dict[str, str]) -> str:
    return names.get(key.hex(), f"the key {key.hex()[:16]}...")
