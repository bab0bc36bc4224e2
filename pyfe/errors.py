"""The named errors of pyfe.

Every failure a caller can act on has a class here, so that ``except pyfe.OutOfRangeError`` means one thing
everywhere. The native core raises these same classes. All derive from :class:`PyfeError`; a bug (a broken
invariant) is never dressed up as one of them.

What each means is said at its class, and for users, with what to do, in docs/reference/errors.md. Does the core raise
it too? ``ErrorKind`` in csrc/base/include/pyfe/base/error.hpp and ``class_name`` in csrc/bindings/errors.cpp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from pyfe.text import printable

__all__ = [
    "AuditError",
    "AuthorityError",
    "BudgetExhaustedError",
    "ClusterError",
    "DecodeError",
    "IdentityError",
    "KeyExpiredError",
    "KeyMismatchError",
    "OutOfRangeError",
    "OwnerError",
    "ParameterError",
    "PolicyDeniedError",
    "ProofError",
    "PyfeError",
    "RandomnessError",
    "RefusedError",
    "RowsDeniedError",
    "SignatureError",
    "SilencedError",
    "UnsupportedError",
    "UnsupportedModelError",
]


class PyfeError(Exception):
    """Base class of every error that pyfe raises on purpose.

    Names of users and files stand in messages; in ``str(error)`` every character that does not print is escaped.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


class ParameterError(PyfeError, ValueError):
    """An argument has the wrong shape, type or value; nothing was done.

    ``rows``: where it is about rows of a table, their numbers, counted from 0.
    """

    def __init__(self, *args: object, rows: Sequence[int] = (), named: str = "") -> None:
        """``named``: the part of the message that names the rows."""
        super().__init__(*args)
        self.rows = tuple(rows)
        self._named = named

    def called(self, words: str) -> str:
        """The message with other words for the rows, such as lines of a file."""
        return str(self).replace(self._named, words, 1) if self._named else str(self)


class DecodeError(PyfeError):
    """Bytes are not the canonical encoding of the object asked for (truncated, altered, or of another kind)."""


class KeyMismatchError(PyfeError):
    """Two objects do not belong together: another authority's key, another schema, another function."""


class SignatureError(KeyMismatchError):
    """A signature that was asked for is missing, or does not match the bytes and the signer."""


class ProofError(KeyMismatchError):
    """A proof does not show that these scores are what the function's key gives on these ciphertexts."""


class OutOfRangeError(PyfeError):
    """An input lies outside its declared range, or a result outside its interval; the message says where.

    ``offending`` maps a column name to the rows (counted from 0) that were refused, ``reasons`` the same names to
    what is wrong there ("outside 14 to 98", "missing", "not a level", ...); both are empty where the error is not
    about the rows of a table. Values are never part of the message: they are patient data.
    """

    def __init__(
        self,
        *args: object,
        offending: Mapping[str, Sequence[int]] | None = None,
        reasons: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(*args)
        self.offending: dict[str, list[int]] = {name: list(rows) for name, rows in (offending or {}).items()}
        self.reasons: dict[str, str] = dict(reasons or {})


class PolicyDeniedError(PyfeError):
    """The authority's policy refuses this key; the message names the rule and what the key would open.

    ``findings``: what refuses it, of :class:`pyfe.leakage.Finding`, with rule, figure, limit and advice.
    """

    def __init__(self, message: str = "", findings: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings


class RowsDeniedError(PolicyDeniedError):
    """A data owner's ledger refuses rows: their patients would meet keys of several epochs that say too much together.

    ``rows``: the rows, counted from 0; ``findings``: what refuses them. Nothing was recorded, nothing encrypted.
    """

    def __init__(self, message: str = "", findings: tuple[object, ...] = (), *, rows: tuple[int, ...] = ()) -> None:
        super().__init__(message, findings)
        self.rows = rows


class BudgetExhaustedError(PyfeError):
    """Reserved for authorities that count keys over time; nothing raises it today.

    A key that would leave too little of a record unknown (the finding "budget") is a :class:`PolicyDeniedError`.
    """


class KeyExpiredError(PyfeError):
    """A function key is not to be used any more: its last second has passed, or its authority revoked it."""


class RandomnessError(PyfeError):
    """No entropy could be had from the operating system; pyfe fails closed and produces nothing."""


class RefusedError(PyfeError):
    """Ciphertexts are not what encryption under this public key gives, or were changed. Neither where nor why is said,
    and nothing was decrypted: whoever made them would learn about the key from more."""


class SilencedError(PyfeError):
    """Whoever signed these ciphertexts is answered no more under this public key: one that he had signed before was
    refused. Nothing is said of these; a person releases him."""


class UnsupportedError(PyfeError):
    """What is asked for is not there in this scheme; the message names one where it is."""


class UnsupportedModelError(PyfeError):
    """A model is not (within rounding) a function pyfe can evaluate; the message names the step and residual."""


class AuthorityError(PyfeError):
    """A sealed authority cannot be used: wrong passphrase, damaged, locked, replaced, closed; or its clock is wrong."""


class IdentityError(PyfeError):
    """An identity cannot be used: wrong passphrase, damaged, or what was sealed is for another one, or was changed."""


AuditKind: TypeAlias = Literal["authority", "signature", "altered", "rollback", "fork", "proof", "consent"]
"""What is wrong with a log: it is another's; nobody signed it so; its entries are not those that were signed; it is
older than a head that was kept; it is another history than one that was kept; a proof does not show what it should; an
entry may not stand where it stands, or lacks somebody's word."""


class AuditError(PyfeError):
    """A log is not what its authority signed, or not what it was when a head of it was kept; the message says what was
    changed.

    ``kind``: what is wrong, in a word. ``entries``: the first and the last of the entries, counted from 0, among which
    the first change is, where that is known.
    """

    def __init__(
        self, message: str = "", *, kind: AuditKind = "altered", entries: tuple[int, int] | None = None
    ) -> None:
        super().__init__(message)
        self.kind: AuditKind = kind
        self.entries = entries


OwnerKind: TypeAlias = Literal[
    "sealed", "ids", "table", "older table", "busy", "full", "gone", "damaged", "replaced", "unknown", "closed"
]
"""What is wrong with a data owner's folder: its secret does not open; the ids of a table are none; no table of epochs
names the key; the table of epochs is older than one that was seen, or another one; somebody else writes the ledger; the
disk has no room, is gone, holds something damaged or another ledger; whether something was recorded is not known; the
ledger is closed."""


class OwnerError(PyfeError):
    """A data owner's secret or ledger cannot be used; nothing was encrypted. ``kind``: why, in a word."""

    def __init__(self, message: str = "", *, kind: OwnerKind = "gone") -> None:
        super().__init__(message)
        self.kind: OwnerKind = kind


ClusterKind: TypeAlias = Literal["unreachable", "no workers", "killed", "failed", "timeout", "lost"]
"""What is wrong with a cluster: its scheduler does not answer; no worker comes; workers died of one part; a part ended
in an error that is none of pyfe's; no part was finished in time; the scheduler is gone."""


class ClusterError(PyfeError):
    """Workers did not do what they were given; what they had finished is kept. ``kind``: why, in a word."""

    def __init__(self, message: str = "", *, kind: ClusterKind = "failed") -> None:
        super().__init__(message)
        self.kind: ClusterKind = kind
