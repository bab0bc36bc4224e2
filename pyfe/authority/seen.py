"""What an authority saw of its log, and what it follows: entries that it signed, in this order, after those before."""

from __future__ import annotations

from dataclasses import dataclass

from pyfe.audit import Checkpoint, Frontier
from pyfe.authority.entries import decode_entry
from pyfe.authority.state import LogState
from pyfe.authority.storage.protocol import Stored
from pyfe.errors import AuthorityError, DecodeError, KeyMismatchError, SignatureError

__all__ = ["Seen", "followed"]


@dataclass(frozen=True)
class Seen:
    """A state with what proves it: the log's frontier and head."""

    state: LogState
    frontier: Frontier
    head: bytes


def followed(key: bytes, seen: Seen, stored: Stored) -> Seen:
    """The state after the entries that are new. AuthorityError unless the authority of this verification key signed
    them, in this order, after those that were seen before."""
    if not stored.entries and stored.head == seen.head:
        return seen
    frontier = seen.frontier.followed_by(stored.entries)
    try:
        head = Checkpoint.opened(stored.head, key)
    except (DecodeError, KeyMismatchError, SignatureError) as error:
        raise AuthorityError(f"the head of the log is not signed by this authority: {error}") from error
    if (head.size, head.root) != (frontier.size, frontier.root):
        raise AuthorityError(
            f"the log was changed: its {frontier.size} entries are not the {head.size} that the authority signed; "
            "nothing is issued on it. Find the log that is whole"
        )
    try:
        state = seen.state.followed_by(map(decode_entry, stored.entries))
    except DecodeError as error:
        raise AuthorityError(f"the log holds an entry that cannot stand there: {error}") from error
    if state.verification_key != key:
        raise AuthorityError("the log begins with the entry of another authority")
    return Seen(state, frontier, stored.head)
