"""The log of a folder, for whoever has no passphrase: auditors, timers, backups."""

from __future__ import annotations

from pyfe.arguments import require_a
from pyfe.audit import AuditLog, verify
from pyfe.authority import folder
from pyfe.authority.entries import decode_entry
from pyfe.authority.state import LogState
from pyfe.errors import AuthorityError, DecodeError, ParameterError

__all__ = ["exported", "state_of"]


def exported(place: folder.Folder) -> AuditLog:
    """The log as it is now, whole under its head. Needs no secret; who the authority should be is for others to say.

    AuthorityError where it cannot be read; AuditError where its entries are not those under its head.
    """
    require_a(place, folder.Folder, "what is exported")
    storage = place.open_log()
    try:
        stored, authority = storage.read(), storage.authority
    finally:
        storage.close()
    try:
        log = AuditLog(stored.entries, stored.head.decode(), authority)
    except (ParameterError, UnicodeDecodeError) as error:
        raise AuthorityError(f"{place.path} holds no log of an authority: {error}") from error
    verify(log)
    return log


def state_of(log: AuditLog) -> LogState:
    """What a log comes to. DecodeError for entries that no authority of this version writes, or not in this order."""
    require_a(log, AuditLog, "a log")
    state = LogState().followed_by(map(decode_entry, log.entries))
    if state.verification_key != log.verification_key:
        raise DecodeError("the log begins with the entry of another authority than the one that signed it")
    return state
