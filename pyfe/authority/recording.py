"""Entries on their way into a log: what can be read again, in order, under a signed head."""

from __future__ import annotations

from collections.abc import Sequence

from pyfe.audit import Checkpoint, Frontier
from pyfe.authority.entries import Entry, decode_entry, encode_entry
from pyfe.authority.state import LogState
from pyfe.errors import AuthorityError, DecodeError, ParameterError
from pyfe.wire.signature import SigningKey

__all__ = ["encoded_entry", "not_before", "signed_head", "state_after"]


def encoded_entry(entry: Entry) -> bytes:
    """The bytes of an entry that can be read again. AuthorityError for one that nobody could read: it would be the last
    of its log."""
    try:
        data = encode_entry(entry)
        decode_entry(data)
    except (DecodeError, ParameterError) as error:
        raise AuthorityError(f"an entry of kind {entry.kind!r} cannot be recorded: {error}") from error
    return data


def state_after(state: LogState, entries: Sequence[Entry]) -> LogState:
    """The state after entries that are going to be appended. AuthorityError for some that nobody could read again."""
    try:
        return state.followed_by(entries)
    except DecodeError as error:
        raise AuthorityError(f"{error}; nothing was recorded") from error


def not_before(second: int, state: LogState) -> int:
    """The second, if an entry may follow the newest one then. AuthorityError otherwise."""
    if second < state.at:
        raise AuthorityError(
            f"the clock says {second} seconds since 1970, before the newest entry of the log ({state.at}); nothing was "
            "issued. Set the clock of this machine; if it is right, and was ahead then, pyfe authority clock "
            "--clock-was-wrong (KeyAuthority.clock_was_wrong) goes on from now"
        )
    return second


def signed_head(key: SigningKey, frontier: Frontier) -> bytes:
    """The head of a log, signed."""
    return Checkpoint.of(key.public, frontier.size, frontier.root).signed(key).encode()
