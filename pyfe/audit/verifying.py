"""Is this log what its authority signed, and what it was when its heads were kept elsewhere? Needs no secret.

A log by itself shows only that whoever holds the signing key stands by it. What was taken back (an older copy of the
database, put in its place) or told differently to others shows against heads that were kept where the authority could
not reach them: by evaluators, data owners, an auditor's last visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from pyfe.arguments import listed, require_a
from pyfe.audit.checkpoint import AUTHORITY_ID_SIZE, ORIGIN_PREFIX, Checkpoint
from pyfe.audit.export import AuditLog
from pyfe.audit.merkle import Frontier
from pyfe.errors import AuditError, AuditKind, DecodeError, KeyMismatchError, ParameterError, SignatureError
from pyfe.wire.signature import KEY_SIZE

__all__ = ["Verified", "require_as_new", "verify"]


@dataclass(frozen=True)
class Verified:
    """What holds of a log.

    ``authority``: the 16 bytes that it goes by. ``pinned``: whether that was asked for; else anybody may have made the
    log. ``confirmed``: how many entries, from the first, are under a head that was kept elsewhere; for those after
    them there is the authority's word alone.
    """

    authority: bytes
    size: int
    root: bytes
    pinned: bool
    confirmed: int


@dataclass(frozen=True)
class _Kept:
    """A head that was kept elsewhere; and the entries under it, where they were kept too."""

    head: Checkpoint
    entries: tuple[bytes, ...] = ()


def verify(
    log: AuditLog, *, authority: bytes | str | None = None, saved: Iterable[str | bytes | AuditLog] = ()
) -> Verified:
    """What holds of a log, or an :class:`~pyfe.AuditError` that says what was changed.

    ``authority`` pins whose log it must be: the verification key, the 16 bytes that the authority goes by, either in
    hex, or the first line of a head. ``saved``: heads that were kept elsewhere, and earlier exports; with one of these
    the first entry that was changed is named, where heads alone say between which ones it is.

    The error's ``kind``: ``authority`` (another's log or head), ``signature`` (a head that nobody signed so),
    ``altered`` (the entries are not those under the log's own head), ``rollback`` (the log is older than a saved head)
    or ``fork`` (signed, but another history than a saved head). Cost: two hashes an entry.
    """
    require_a(log, AuditLog, "a log")
    _require_authority(log, authority)
    head = _opened(log.checkpoint, log.verification_key, "the log's head")
    kept = [_kept(item, log.verification_key, number) for number, item in enumerate(listed(saved, "saved heads"), 1)]
    newest = max((item.head.size for item in kept), default=0)
    if newest > head.size:
        _refuse("rollback", f"its head is of {head.size} entries, and one of {newest} was signed and kept elsewhere")
    roots = _roots(log.entries, [head.size, *(item.head.size for item in kept)])
    comparable = [item.head for item in kept if item.head.size in roots]
    fits = max((other.size for other in comparable if other.root == roots[other.size]), default=0)
    others = sorted(other.size for other in comparable if other.root != roots[other.size])
    later = [size for size in others if size > fits]  # the first change is between the last that fits and these
    if head.size != len(log) or head.root != roots[head.size]:
        missing = head.size > len(log)
        _refuse("altered", _unlike(log, head), _span(log, kept, fits, min(later, default=len(log) + missing)))
    if later:
        words = f"it is not the history that the authority signed when it had {later[0]} entries"
        _refuse("fork", words, _span(log, kept, fits, later[0]))
    if others:
        _refuse(
            "fork", f"it is the history signed at {fits} entries and not the one signed at {others[0]}: there are two"
        )
    return Verified(log.authority, head.size, head.root, authority is not None, newest)


def require_as_new(
    size: int, verification_key: bytes, saved: Iterable[str | bytes | AuditLog], what: str = "it"
) -> None:
    """AuditError unless what an authority signed over ``size`` entries of its log is as new as every head (or export)
    that was kept elsewhere: a list of revoked keys, a table of epochs. ``what`` names it.

    It holds no root, so nothing is said of another history that is as long: for that the log is needed
    (:func:`verify`).
    """
    for number, item in enumerate(listed(saved, "saved heads"), 1):
        head = _kept(item, verification_key, number).head
        if head.size > size:
            raise AuditError(
                f"{what} is of a log of {size} entries, and a head of {head.size} was kept elsewhere: it is old, or "
                "the authority's log was put back; ask the authority for the newest",
                kind="rollback",
            )


def _unlike(log: AuditLog, head: Checkpoint) -> str:
    """How a log's entries differ from those under its own head."""
    more = len(log) - head.size
    found = f", {abs(more)} too {'many' if more > 0 else 'few'}" if more else ""
    return f"it has {len(log)} entries{found}, and they are not the {head.size} that its head was signed for"


def _refuse(kind: AuditKind, message: str, span: tuple[int, int] | None = None) -> NoReturn:
    """AuditError of a log, with the entries among which the first change is."""
    words = ""
    if span is not None:
        which = f"entry {span[0]}" if span[0] == span[1] else f"one of the entries {span[0]} to {span[1]}"
        words = f"; the first change is at {which} (counted from 0)"
    raise AuditError(f"audit log: {message}{words}", kind=kind, entries=span)


def _span(log: AuditLog, kept: Sequence[_Kept], fits: int, end: int) -> tuple[int, int]:
    """Where the first change is: the first entry that a kept export has otherwise, else one of those between the last
    head that fits and ``end``, where the first lies that does not."""
    pairs = ((at, pair) for item in kept for at, pair in enumerate(zip(item.entries, log.entries, strict=False)))
    exact = min((at for at, (before, now) in pairs if before != now), default=None)
    if exact is not None:
        return exact, exact
    same = max((min(len(item.entries), len(log)) for item in kept), default=0)
    first = max(fits, same)
    return first, max(first, end - 1)


def _roots(entries: tuple[bytes, ...], sizes: Iterable[int]) -> dict[int, bytes]:
    """The root at each size that there is. Cost: two hashes an entry, and hardly any memory."""
    frontier, roots = Frontier(), {}
    for size in sorted({size for size in sizes if size <= len(entries)}):
        frontier = frontier.followed_by(entries[frontier.size : size])
        roots[size] = frontier.root
    return roots


def _kept(item: str | bytes | AuditLog, verification_key: bytes, number: int) -> _Kept:
    what = f"saved head {number}"
    if not isinstance(item, AuditLog):
        return _Kept(_opened(item, verification_key, what))
    head = _opened(item.checkpoint, verification_key, what)
    if len(item) != head.size or head.root != _roots(item.entries, [head.size])[head.size]:
        raise AuditError(f"{what}: the export has other entries than those under its head", kind="altered")
    return _Kept(head, item.entries)


def _opened(text: str | bytes, verification_key: bytes, what: str) -> Checkpoint:
    """A head, held against the key that is in the log."""
    try:
        return Checkpoint.opened(text, verification_key)
    except (SignatureError, DecodeError) as error:
        raise AuditError(f"{what}: {error}", kind="signature") from error
    except KeyMismatchError as error:
        raise AuditError(f"{what}: {error}", kind="authority") from error


def _require_authority(log: AuditLog, authority: bytes | str | None) -> None:
    if authority is None:
        return
    try:
        wanted = (
            bytes.fromhex(authority.removeprefix(ORIGIN_PREFIX)) if isinstance(authority, str) else bytes(authority)
        )
    except (TypeError, ValueError, OverflowError):
        wanted = b""
    if len(wanted) not in (AUTHORITY_ID_SIZE, KEY_SIZE):
        raise ParameterError(
            f"an authority is its key of {KEY_SIZE} bytes or its id of {AUTHORITY_ID_SIZE}, or one in hex"
        )
    if wanted not in (log.verification_key, log.authority):
        raise AuditError(
            f"audit log: it is of authority {log.authority.hex()}, not of {wanted.hex()}", kind="authority"
        )
