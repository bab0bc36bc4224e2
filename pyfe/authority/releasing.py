"""From a durable row to a key: derive, sign, verify; and what is said where that fails, as the key counts by then."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from pyfe.authority.entries import KeyIssued, KeyReleased
from pyfe.authority.records import Issued
from pyfe.authority.secrets import Secrets
from pyfe.authority.state import LogState, day_of
from pyfe.errors import AuthorityError, KeyMismatchError, PyfeError, SignatureError
from pyfe.function import Function
from pyfe.keys import FunctionKey, PublicKey
from pyfe.keys.function_key import Grant

__all__ = ["counted", "derived", "grant_of", "release", "released_again", "saying_that_it_counts"]


def release(public_key: PublicKey, secrets: Secrets, function: Function, key: KeyIssued) -> FunctionKey:
    """The key of a function whose entry is durable; the same entry gives the same key. Whatever fails says that it
    counts."""
    with saying_that_it_counts(key.row):
        return derived(public_key, secrets, function, grant_of(key))


def released_again(state: LogState, key: KeyIssued, now: int, sealed_for: bytes | None = None) -> list[KeyReleased]:
    """The entry by which a key that the log has is handed out again, or sealed for somebody; none where the log says so
    of this day: whoever asks all day would fill it."""
    row = key.row
    if state.released.get((row.sequence, sealed_for)) == day_of(now) and state.at <= now:
        return []
    return [
        KeyReleased(at=now, key=row.sequence, request_id=key.request_id, recipient=row.recipient, sealed_for=sealed_for)
    ]


def grant_of(key: KeyIssued) -> Grant:
    """What the key says of itself; one that was taken over says what it said before there were epochs."""
    row = key.row
    said = row.purpose, row.issued_at, row.sequence, row.policy, row.recipient
    return Grant(*said) if key.adopted else Grant(*said, epoch=key.epoch, not_after=key.not_after)


@contextlib.contextmanager
def saying_that_it_counts(row: Issued) -> Iterator[None]:
    """What is done once the row is durable: whatever fails there, whoever asked must know that the key counts."""
    try:
        yield
    except Exception as error:
        raise counted(error, row) from error
    except BaseException as error:
        error.add_note(f"pyfe: {_counting(row)}")
        raise


def counted(error: Exception, row: Issued) -> AuthorityError:
    """The error that says of a failure after the row was recorded that the key counts."""
    what = str(error) if isinstance(error, PyfeError) else f"{type(error).__name__}: {error}"
    return AuthorityError(f"{what}; {_counting(row)}")


def _counting(row: Issued) -> str:
    return (
        f"key #{row.sequence} is in the ledger and counts, though it was not released; issue the same function again, "
        "which opens nothing new"
    )


def derived(public_key: PublicKey, secrets: Secrets, function: Function, grant: Grant) -> FunctionKey:
    """The same, without these words."""
    native = public_key.adapter.keygen(secrets.master, function.map)
    key = FunctionKey.signed(public_key, native, function, grant, secrets.signing_key)
    at_hand = public_key.adapter.for_checks(public_key.native, secrets.master)
    try:
        return key.verify(replace(public_key, native=at_hand))
    except (KeyMismatchError, SignatureError) as error:
        raise AuthorityError(f"the derived key does not verify, so it is not released: {error}") from error
