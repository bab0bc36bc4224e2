"""KeyAuthority: decide -> record -> derive -> release."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NoReturn, Self

from pyfe.adapters import MAX_WEIGHT_BITS, adapter, adapter_named
from pyfe.authority import decisions
from pyfe.authority.decisions import Request, Verdict
from pyfe.authority.ledger import FileLedger, Ledger, MemoryLedger, Recorded
from pyfe.authority.policy import Policy
from pyfe.authority.records import Issued, State, Terms, decode_row, encode_row
from pyfe.authority.releasing import counted, derived, grant_of, saying_that_it_counts
from pyfe.authority.secrets import Secrets
from pyfe.errors import AuthorityError, DecodeError, ParameterError
from pyfe.function import Function
from pyfe.keys import FunctionKey, PublicKey
from pyfe.keys.function_key import require_encodable
from pyfe.leakage import Finding, Narrowing, Residual
from pyfe.leakage.prior import Reference, reference_for
from pyfe.schema import Schema
from pyfe.text import printable
from pyfe.wire.envelope import as_bytes
from pyfe.wire.pickling import Secret
from pyfe.wire.sealing import SealingKey
from pyfe.wire.signature import SigningKey

__all__ = ["KeyAuthority"]

Clock = Callable[[], float]


class KeyAuthority(Secret):
    """Holds the master key of one schema, and issues function keys by its policy.

    Made by :meth:`create` or :meth:`open`. Every key it ever issued counts: a set of keys together opens everything in
    the span of their functions, so the policy looks at all of them whoever they went to. A key leaves only after its
    ledger row is durable. An authority without a path forgets all of it with the process.
    """

    def __init__(self, ledger: Ledger, secrets: Secrets, clock: Clock) -> None:
        """Not for direct use: see :meth:`create` and :meth:`open`."""
        self._ledger = ledger
        self._secrets = secrets
        self._clock = clock
        self._terms = terms = ledger.terms
        if terms.public.id != secrets.master.public_key_id:
            raise AuthorityError(
                "the ledger is that of another authority: its public key is not that of the master key"
            )
        self._known = State(terms)
        self._newest()
        self._public_key = PublicKey.signed(
            adapter(terms.scheme), terms.public, terms.schema, terms.weight_bits, secrets.signing_key
        )

    @classmethod
    def create(
        cls,
        schema: Schema,
        *,
        scheme: str = decisions.DEFAULT_SCHEME,
        weight_bits: int | None = None,
        policy: Policy | None = None,
        reference: Any = None,
        path: str | os.PathLike[str] | None = None,
        passphrase: str | bytes | None = None,
        clock: Clock = time.time,
    ) -> KeyAuthority:
        """A new authority with a fresh master key.

        Parameters
        ----------
        schema: what will be encrypted; becomes part of the public key.
        scheme: short or long name (:mod:`pyfe.schemes`). "ipfe-ddh" serves linear functions; "qfe-ggm" quadratic and
            linear ones, at about 9 times the bytes a row and a hundred times the work; "qfe-sxdh" the same from
            standard assumptions, at twice that and more.
        weight_bits: widest function weights it will ever sign, ``|w| <= 2^(bits-1) - 1``: 2 to 16, or 24 where
            quadratic functions are served (linear ones keep to 16), or 32 if unrestricted; by default 16, or 24.
            ``function.weight_bits`` is the tightest choice where the function is known.
        policy: :meth:`Policy.default` unless given.
        reference: a sample of the population, 100 rows or more, as a table (the model's training set will do) or as a
            :class:`pyfe.leakage.Reference` of it: what a key tells is measured against it. No row of it is kept, and
            what is kept stays with the secrets of the authority, under the same seal. By default what the schema
            publishes (:func:`pyfe.leakage.published`), if it does.
        path, passphrase: keep it in one file sealed under the passphrase (8 characters or more); both or neither.
        clock: seconds since 1970, for the issue times.

        Raises ParameterError, OutOfRangeError for a reference that does not fit the schema, AuthorityError if the file
        exists. Cost: 2n fixed-base multiplications, one scrypt, and a reference's
        (:meth:`pyfe.leakage.Reference.from_table`).
        """
        if (path is None) != (passphrase is None):
            raise ParameterError("a durable authority needs both path and passphrase, one in memory needs neither")
        policy = Policy.default() if policy is None else policy
        name = adapter_named(scheme).id
        bits = decisions.require_bits(weight_bits, name, policy, MAX_WEIGHT_BITS)
        if not isinstance(policy, Policy):
            raise ParameterError(f"policy must be a Policy, not {type(policy).__name__}")
        now = decisions.require_second(_require_clock(clock)())
        terms, secrets = _fresh(schema, name, bits, policy, now, reference)
        if path is None or passphrase is None:
            return cls(MemoryLedger(terms), secrets, clock)
        return cls(FileLedger.create(path, SealingKey.fresh(passphrase), terms, secrets), secrets, clock)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, passphrase: str | bytes, clock: Clock = time.time) -> KeyAuthority:
        """The authority of a sealed file. Raises AuthorityError for a wrong passphrase or a damaged file."""
        _require_clock(clock)
        return cls(*FileLedger.open(path, passphrase), clock)

    @property
    def public_key(self) -> PublicKey:
        """What the data owners need; contains the schema. Compare fingerprints when handing it over."""
        return self._public_key

    @property
    def schema(self) -> Schema:
        """The schema, fixed at creation."""
        return self._terms.schema

    @property
    def policy(self) -> Policy:
        """The policy, fixed at creation."""
        return self._terms.policy

    @property
    def policy_line(self) -> str:
        """The policy in one line, as it stands in every key."""
        return self._terms.policy_line

    @property
    def reference(self) -> Reference | None:
        """What is known of the population that rows come from, fixed at creation: what the authority was given, else
        what its schema publishes; None where that is nothing."""
        self._newest()  # AuthorityError once the authority is closed
        return self._known_population

    @cached_property
    def _known_population(self) -> Reference | None:
        return reference_for(self._terms.schema, self._open_secrets().reference)

    @property
    def weight_bits(self) -> int:
        """Widest weights, in bits with sign; fixed at creation."""
        return self._terms.weight_bits

    @property
    def issued(self) -> tuple[Issued, ...]:
        """The ledger: every key issued so far, by whichever process."""
        return self._newest().issued

    def check(self, function: Function, *, reference: Any = None) -> list[Finding]:
        """What a key for the function would open together with all keys issued before; issues and records nothing.

        reference: a table or Reference as for :meth:`create`, to be told what an authority with that one would say;
        :meth:`issue` goes by the authority's own. Raises what :meth:`issue` raises for a function that does not fit,
        but returns what the policy would refuse.
        """
        state = self._newest()
        known = self._known_population if reference is None else reference_for(self.schema, reference)
        return list(decisions.decide(state, function, self._secrets.decision_secret(), known).findings)

    def narrowing(self, function: Function, *, alone: bool = False) -> Narrowing | None:
        """What a key for the function, with all keys issued before or ``alone``, says of every private column: how
        often its value is guessed and for whom it is certain, beside what the tenth of the score says
        (:class:`pyfe.leakage.Narrowing`).

        None under an authority for quadratic functions. Errors: those of :meth:`check`. Cost: seconds with a reference.
        """
        state, secret = self._newest(), self._secrets.decision_secret()
        decisions.require_fit(self._terms, function)
        return decisions.narrowing_by(state, function, secret, self._known_population, alone=alone)

    def residual(self, function: Function | None = None) -> Residual:
        """What all keys issued so far, with the function's if one is given, leave unknown of a row, in bits.

        An estimate (:func:`pyfe.leakage.residual`); :meth:`issue` enforces it where quadratic functions are served.
        Errors: those of :meth:`check`.
        Cost: up to a few seconds.
        """
        if function is not None:
            decisions.require_fit(self._terms, function)
        return decisions.residual_uncertainty(self._newest(), function, self._open_secrets().decision_secret())

    def issue(self, function: Function, *, purpose: str, recipient: str | None = None) -> FunctionKey:
        """The key of a function, recorded before it is released.

        Parameters
        ----------
        function: made by :func:`pyfe.compile` for this authority's schema.
        purpose: what it will be used for; stands in the key and in the ledger.
        recipient: who it is for; likewise.

        Raises PolicyDeniedError naming what would open; KeyMismatchError for another schema; UnsupportedModelError for
        a quadratic function where the scheme serves linear ones only; OutOfRangeError for too wide weights or
        results; ParameterError for a purpose or recipient that is empty, too long or not UTF-8;
        AuthorityError when the clock is wrong or the ledger cannot be written (then no key exists), and, saying that
        the key counts, when something failed after its row was durable.
        The same function may be issued again: it opens nothing new. Cost: that of the policy, tens of milliseconds
        without a reference and some seconds with one (:mod:`pyfe.leakage.rules`), and 2n products; for quadratic
        functions :func:`pyfe.leakage.check_quadratic`, and one n-term sum in G1.
        """
        request = Request(function, purpose, recipient)
        state, verdict = self._decide(request)  # the long part, outside the lock: nobody waits for it
        verdict.require_granted()
        with self._ledger.exclusive():
            if self._newest().position != state.position:  # somebody else issued meanwhile
                state, verdict = self._decide(request)
            row = decisions.row_for(state, request, verdict, self._clock())
            require_encodable(self._public_key, function, grant_of(row))
            self._record(state, row)
        return self._release(function, row)

    def close(self) -> None:
        """Forget the secrets and let go of the ledger: afterwards nothing can be asked or issued (AuthorityError).

        ``with KeyAuthority.open(...) as authority:`` closes at the end of the block. The public key stays.
        """
        self._ledger.close()
        self.__dict__.pop("_secrets", None)
        self.__dict__.pop("_known_population", None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_secrets(self) -> Secrets:
        """AuthorityError once any thread has closed it."""
        try:
            return self._secrets
        except AttributeError:  # close() took them
            raise AuthorityError("this authority is closed") from None

    def _newest(self) -> State:
        """What the ledger says now; the rows that were read before are the same objects."""
        known = self._known
        rows = self._ledger.read(known.position)
        if not rows:
            return known
        try:
            read = [decode_row(as_bytes(row), self._terms.schema.n) for row in rows]
        except DecodeError as error:
            raise AuthorityError(f"the ledger holds a row that is none: {error}") from error
        _require_in_order(read, known.position)
        self._known = known.followed_by(read)
        return self._known

    def _decide(self, request: Request) -> tuple[State, Verdict]:
        """The verdict on a request, and the state that it was given on."""
        state = self._newest()
        return state, self._verdict(state, request.function)

    def _verdict(self, state: State, function: Function) -> Verdict:
        secret = self._open_secrets().decision_secret()
        return decisions.decide(state, function, secret, self._known_population)

    def _record(self, state: State, row: Issued) -> None:
        encoded = encode_row(row)
        try:
            self._ledger.append([encoded], position=state.position)
        except Recorded as error:
            raise counted(error, row) from error
        with saying_that_it_counts(row):
            shown = self._ledger.read(state.position)
        if shown != (encoded,):  # a ledger that loses rows must not cost a patient
            raise AuthorityError(
                f"the ledger took the row of key #{row.sequence} and does not show it; nothing was issued"
            )

    def _release(self, function: Function, row: Issued) -> FunctionKey:
        with saying_that_it_counts(row):
            return self._derive(function, row)

    def _derive(self, function: Function, row: Issued) -> FunctionKey:
        return derived(self._public_key, self._open_secrets(), function, row)

    def __repr__(self) -> str:
        terms = self._terms
        what = f"{terms.scheme}, n={terms.schema.n}, {terms.weight_bits}-bit weights"
        return printable(f"KeyAuthority({what}, policy: {terms.policy_line}, in {self._ledger.place})")

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority is never pickled; give it a path, and open it there")


def _require_in_order(rows: Sequence[Issued], position: int) -> None:
    """AuthorityError unless these rows, the first of them at ``position``, are numbered without a gap."""
    for sequence, row in enumerate(rows, position + 1):
        if row.sequence != sequence:
            raise AuthorityError(
                f"row {sequence} of the ledger says that it is key #{row.sequence}: rows are missing, doubled or "
                "out of order; nothing is issued on it. Find the ledger that is whole"
            )


def _fresh(
    schema: Schema, scheme: str, weight_bits: int, policy: Policy, now: int, reference: Any
) -> tuple[Terms, Secrets]:
    if not isinstance(schema, Schema):
        raise ParameterError(f"an authority is created for a Schema, not for {type(schema).__name__}")
    known = None if reference is None else reference_for(schema, reference)
    public, master = adapter(scheme).setup(schema, weight_bits)
    terms = Terms(scheme, schema, weight_bits, policy, created_at=now, public=public)
    return terms, Secrets(master, SigningKey.generate(), known)


def _require_clock(clock: object) -> Clock:
    if not callable(clock):
        raise ParameterError(f"clock must be a function without arguments, such as time.time, not {clock!r}")
    return clock
