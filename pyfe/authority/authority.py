"""KeyAuthority: policy -> ledger -> derive -> release."""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from pyfe.adapters import adapter
from pyfe.authority import engine
from pyfe.authority.contents import Contents
from pyfe.authority.engine import Issued, State
from pyfe.authority.policy import Policy
from pyfe.authority.sealed import SealingKey
from pyfe.authority.storage import FileStorage, MemoryStorage, Storage
from pyfe.errors import AuthorityError, KeyMismatchError, ParameterError
from pyfe.function import Function
from pyfe.keys import FunctionKey, PublicKey
from pyfe.leakage import Finding, Residual
from pyfe.schema import Schema
from pyfe.schemes import long_name
from pyfe.wire.function_keys import Grant
from pyfe.wire.function_keys import sign as sign_function_key
from pyfe.wire.public_keys import MAX_WEIGHT_BITS
from pyfe.wire.public_keys import sign as sign_public_key
from pyfe.wire.signature import SigningKey

__all__ = ["KeyAuthority"]

Clock = Callable[[], float]

_DECISIONS = b"pyfe: the secret behind an authority's decisions, 1"
"""Signed once more than is said: no envelope begins like this."""


class KeyAuthority:
    """Holds the master key of one schema, and issues function keys by its policy.

    Made by :meth:`create` or :meth:`open`. Every key it ever issued counts: a set of keys together opens everything in
    the span of their functions, so the policy looks at all of them whoever they went to. A key leaves only after its
    ledger row is durable. An authority without a path forgets all of it with the process.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        """Not for direct use: see :meth:`create` and :meth:`open`."""
        self._storage = storage
        self._clock = clock
        contents = storage.read()
        self._agreed = contents.state
        self._public_key = sign_public_key(
            contents.public, contents.state.schema, contents.state.weight_bits, contents.signing_key
        )

    @classmethod
    def create(
        cls,
        schema: Schema,
        *,
        scheme: str = engine.DEFAULT_SCHEME,
        weight_bits: int | None = None,
        policy: Policy | None = None,
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
            quadratic functions are served (linear ones keep to 16), or 32 if unrestricted; by default 12, or 24.
            ``function.weight_bits`` is the tightest choice where the function is known.
        policy: :meth:`Policy.default` unless given.
        path, passphrase: keep it in one file sealed under the passphrase (8 characters or more); both or neither.
        clock: seconds since 1970, for the issue times.

        Raises ParameterError, AuthorityError if the file exists. Cost: 2n fixed-base multiplications, one scrypt.
        """
        if (path is None) != (passphrase is None):
            raise ParameterError("a durable authority needs both path and passphrase, one in memory needs neither")
        policy = Policy.default() if policy is None else policy
        name = long_name(scheme)
        bits = engine.require_bits(weight_bits, name, policy, MAX_WEIGHT_BITS)
        contents = _fresh(schema, name, bits, policy, int(clock()))
        if path is None or passphrase is None:
            return cls(MemoryStorage(contents), clock)
        return cls(FileStorage.create(path, SealingKey.fresh(passphrase), contents), clock)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, passphrase: str | bytes, clock: Clock = time.time) -> KeyAuthority:
        """The authority of a sealed file. Raises AuthorityError for a wrong passphrase or a damaged file."""
        return cls(FileStorage.open(path, passphrase), clock)

    @property
    def public_key(self) -> PublicKey:
        """What the data owners need; contains the schema. Compare fingerprints when handing it over."""
        return self._public_key

    @property
    def schema(self) -> Schema:
        """The schema, fixed at creation."""
        return self._agreed.schema

    @property
    def policy(self) -> Policy:
        """The policy, fixed at creation."""
        return self._agreed.policy

    @property
    def policy_line(self) -> str:
        """The policy in one line, as it stands in every key."""
        return self._agreed.policy_line

    @property
    def weight_bits(self) -> int:
        """Widest weights, in bits with sign; fixed at creation."""
        return self._agreed.weight_bits

    @property
    def issued(self) -> tuple[Issued, ...]:
        """The ledger: every key issued so far, by whichever process."""
        return self._storage.read().state.issued

    def check(self, function: Function) -> list[Finding]:
        """What a key for the function would open together with all keys issued before; issues and records nothing.

        Raises what :meth:`issue` raises for a function that does not fit, but returns what the policy would refuse.
        """
        state = self._storage.read().state
        engine.require_fit(state, function)
        return engine.findings(state, function, self._decision_secret())

    def residual(self, function: Function | None = None) -> Residual:
        """What all keys issued so far, with the function's if one is given, leave unknown of a row, in bits.

        An estimate (:func:`pyfe.leakage.residual`); :meth:`issue` enforces it where quadratic functions are served.
        Errors: those of :meth:`check`.
        Cost: up to a few seconds.
        """
        state = self._storage.read().state
        if function is not None:
            engine.require_fit(state, function)
        return engine.residual_uncertainty(state, function, self._decision_secret())

    def issue(self, function: Function, *, purpose: str, recipient: str | None = None) -> FunctionKey:
        """The key of a function, recorded before it is released.

        Parameters
        ----------
        function: made by :func:`pyfe.compile` for this authority's schema.
        purpose: what it will be used for; stands in the key and in the ledger.
        recipient: who it is for; likewise.

        Raises PolicyDeniedError naming what would open; KeyMismatchError for another schema; UnsupportedModelError for
        a quadratic function where the scheme serves linear ones only; OutOfRangeError for too wide weights or
        results; AuthorityError when the ledger cannot be written (then no key exists).
        The same function may be issued again: it opens nothing new. Cost: O(rank n) for the policy and rank^2 small
        eliminations, where ``rank`` keys are independent, 2n products; for quadratic functions
        :func:`pyfe.leakage.check_quadratic`, :func:`pyfe.leakage.check_budget`, and one n-term sum in G1.
        """
        with self._storage.exclusive():
            contents = self._storage.read()
            found = engine.admit(contents.state, function, self._decision_secret())
            state, row = engine.record(
                contents.state, function, found, purpose=purpose, recipient=recipient, now=int(self._clock())
            )
            self._storage.write(replace(contents, state=state))
        return self._derive(contents, function, row)

    def _decision_secret(self) -> bytes:
        """What the records behind estimates are drawn with, 64 bytes; the same for the life of the authority.

        A signature that is never given away: nobody else can make it, and no key leaves its place for it.
        """
        signed = self._storage.read().signing_key.sign(_DECISIONS)
        return hmac.digest(signed, _DECISIONS, "sha512")

    def _derive(self, contents: Contents, function: Function, row: Issued) -> FunctionKey:
        grant = Grant(row.purpose, row.issued_at, row.sequence, row.policy, row.recipient)
        native = adapter(contents.state.scheme).keygen(contents.master, function)
        key = sign_function_key(native, function, self._public_key.parameter_hash, grant, contents.signing_key)
        try:
            return key.verify(self._public_key)
        except KeyMismatchError as error:
            raise AuthorityError(f"the derived key does not verify, so it is not released: {error}") from error

    def __repr__(self) -> str:
        state = self._agreed
        what = f"{state.scheme}, n={state.schema.n}, {state.weight_bits}-bit weights"
        return f"KeyAuthority({what}, policy: {state.policy_line}, in {self._storage.place})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority is never pickled; give it a path, and open it there")


def _fresh(schema: Schema, scheme: str, weight_bits: int, policy: Policy, now: int) -> Contents:
    if not isinstance(schema, Schema):
        raise ParameterError(f"an authority is created for a Schema, not for {type(schema).__name__}")
    uniform = adapter(scheme)
    public, master = uniform.setup(uniform.parameters(schema, weight_bits))
    state = State(scheme=scheme, schema=schema, weight_bits=weight_bits, policy=policy, created_at=now)
    return Contents(state, public, master, SigningKey.generate())
