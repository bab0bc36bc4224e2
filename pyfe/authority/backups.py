"""Backups of an authority's folder, and what becomes of one: looked at in a drill, or the authority from then on.

A backup is a folder like the one that it is of: the log as it was, under its signed head, and the sealed master keys.
The log of a server is in a file there.
It is made without the passphrase, so by a timer. What was issued after it is not in it, and counts all the same: the
authority that is restored from it issues no new key in the epochs that it knows, unless somebody answers for it that
nothing followed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from pyfe.arguments import listed, require_a
from pyfe.audit import AuditLog, Checkpoint, verify
from pyfe.authority import folder
from pyfe.authority.engine import Clock, Engine
from pyfe.authority.exporting import exported
from pyfe.authority.storage import MemoryStorage
from pyfe.authority.vault import Vault
from pyfe.errors import AuditError, AuthorityError, DecodeError, KeyMismatchError, ParameterError, SignatureError
from pyfe.wire.sealing import SealingKey
from pyfe.wire.texts import require_text

__all__ = ["Drilled", "backup", "change_passphrase", "drill", "restore"]


@dataclass(frozen=True)
class Drilled:
    """What a backup holds. ``head``: the newest that is known, its own or one that was kept; ``lost``: how many entries
    that one says are missing at the end; ``current``: whether a head that was given is the backup's own, and none
    newer: then nothing is known to be missing."""

    authority: bytes
    head: str
    entries: int
    epochs: int
    keys: int
    lost: int
    current: bool


def backup(path: folder.AnyPath, to: folder.AnyPath) -> str:
    """Copy an authority's folder as it is now to a new one, while others may go on using it; the head of what was
    copied, to be kept elsewhere.

    Needs no passphrase. AuthorityError where something has the path; AuditError where the log is not whole under its
    head. Cost: that of the log.
    """
    place = folder.existing(path)
    log = exported(place)
    with folder.making(to) as made:
        made.save(place.load())  # read after the log: it has the master key of every epoch that the log knows
        made.create_log(log.verification_key, log.entries, log.checkpoint.encode()).close()
    return log.checkpoint


def change_passphrase(
    path: folder.AnyPath, *, passphrase: str | bytes, new: str | bytes, clock: Clock = time.time
) -> None:
    """Seal the master keys of an authority's folder under another passphrase. Keys and public key stay; the log says
    that it was done, and when.

    The sealed file is written beside the old one, made durable and renamed: whoever is killed leaves the one or the
    other, whole. Another process that has the authority open goes on issuing, and opens it anew before it opens an
    epoch. Copies of the folder keep the passphrase of before.

    The entry is made first. Where sealing fails after it, or the process is killed in between, the log says it and the
    passphrase is the one of before.

    AuthorityError for a wrong passphrase, and for a clock that is before the newest entry, ParameterError for a new
    passphrase that is too short; then all is as it was. Cost: two scrypts, and that of the log.
    """
    place = folder.existing(path)
    vault = Vault.opened(place, passphrase)
    try:
        key = SealingKey.fresh(new)
        with Engine(place.open_log(vault.signing_key.public), vault, clock) as engine:
            engine.passphrase_changed(key)
    finally:
        vault.close()


def drill(
    path: folder.AnyPath, *, passphrase: str | bytes, saved: Sequence[str | bytes] = (), clock: Clock = time.time
) -> Drilled:
    """Whether a backup would do: its log is read and held against its head and those that were kept, and the master key
    of every epoch is opened and is that of its public key. Nothing of it is changed.

    Raises what :func:`restore` raises. Cost: one scrypt, and the log.
    """
    place = folder.existing(path)
    return _looked_at(exported(place), place.load(), passphrase, saved, clock)


def restore(
    path: folder.AnyPath,
    to: folder.AnyPath,
    *,
    passphrase: str | bytes,
    reason: str,
    saved: Sequence[str | bytes] = (),
    nothing_followed: bool = False,
    clock: Clock = time.time,
) -> Drilled:
    """Make an authority of a backup, in a new folder; the backup stays. The log says so, with the newest head known.

    Keys may be out that the log does not know, so every epoch is retired, and the table for data owners says that it is
    in doubt: keys that the log has can be had again, new ones need a new epoch (:meth:`pyfe.KeyAuthority.rotate`).

    saved: heads that were kept elsewhere, the newest that anybody has. A head that was taken with the backup proves
    nothing of what came later. nothing_followed: whoever restores answers for it that no key was issued and nothing
    revoked after the backup; then the epochs go on. A saved head must be the backup's own, and none newer.

    What was changed after the backup is as it was before: people, policy, revocations.

    Raises ParameterError where nothing is said to have followed and the heads do not bear it out; else AuthorityError
    for a wrong passphrase, a damaged backup, or where something has the path; AuditError where the log is not whole, or
    a head is of another history.
    """
    require_a(nothing_followed, bool, "nothing_followed")
    reason, place = require_text("reason", reason), folder.existing(path)
    folder.require_absent(to)
    log, sealed = exported(place), place.load()
    found = _looked_at(log, sealed, passphrase, saved, clock)
    if nothing_followed and not found.current:
        raise ParameterError(
            "that nothing followed the backup is borne out by a saved head that is the backup's own, and none newer; "
            f"{found.lost} entries are known to be missing"
        )
    with folder.making(to) as made:
        made.save(sealed)
        storage = made.create_log(log.verification_key, log.entries, log.checkpoint.encode())
        with Engine(storage, Vault.opened(made, passphrase), clock) as engine:
            engine.restored(found.head, reason=reason, whole=nothing_followed)
    return found


def _looked_at(
    log: AuditLog, sealed: bytes, passphrase: str | bytes, saved: Sequence[str | bytes], clock: Clock
) -> Drilled:
    kept = {
        _opened(text, log): text if isinstance(text, str) else text.decode() for text in listed(saved, "saved heads")
    }
    verify(log, saved=[text for head, text in kept.items() if head.size <= len(log)])
    newest = max(kept, key=lambda head: head.size, default=None)
    lost = 0 if newest is None else max(0, newest.size - len(log))
    storage = MemoryStorage(log.verification_key, log.entries, log.checkpoint.encode())
    with Engine(storage, Vault.opened(_Sealed(sealed), passphrase), clock) as engine:
        state = engine.state
        for epoch in state.epochs:
            engine.view(epoch=epoch.number)  # opens its master key, and its reference
    return Drilled(
        authority=log.authority,
        head=kept[newest] if newest is not None and lost else log.checkpoint,
        entries=len(log),
        epochs=len(state.epochs),
        keys=len(state.issued),
        lost=lost,
        current=newest is not None and newest.size == len(log),
    )


def _opened(text: str | bytes, log: AuditLog) -> Checkpoint:
    """A head that was kept, of this authority."""
    try:
        return Checkpoint.opened(text, log.verification_key)
    except (DecodeError, SignatureError) as error:
        raise AuditError(f"a saved head: {error}", kind="signature") from error
    except KeyMismatchError as error:
        raise AuditError(f"a saved head: {error}", kind="authority") from error


class _Sealed:
    """Sealed master keys that are looked at, and never changed."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def load(self) -> bytes:
        """The bytes."""
        return self._data

    def save(self, data: bytes) -> NoReturn:
        """Nothing opens an epoch here."""
        raise AuthorityError("a backup is looked at, and never changed")
