"""KeyAuthority: an authority in the memory of a process, or in a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any, BinaryIO, NoReturn, Self

from pyfe.audit import AuditLog, authority_id
from pyfe.authority import decisions, folder, migrating
from pyfe.authority.consent import require_kinds, require_recipient
from pyfe.authority.decision_file import Decision
from pyfe.authority.dismissing import Unfit
from pyfe.authority.engine import Checked, Clock, Engine, Looked, Plan
from pyfe.authority.entries import KeyIssued
from pyfe.authority.policy import Policy
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.policy_rules import recipient_of
from pyfe.authority.records import Issued, Terms
from pyfe.authority.state import Epoch
from pyfe.authority.storage import MemoryStorage
from pyfe.authority.vault import Vault
from pyfe.epochs import EpochTable
from pyfe.errors import ParameterError, PolicyDeniedError
from pyfe.function import Function
from pyfe.identity import Approval, Identity, Request, Revocation, SealedKey
from pyfe.keys import FunctionKey, PublicKey, RevocationList
from pyfe.leakage import Finding, Narrowing, Residual
from pyfe.leakage.prior import Reference, reference_for
from pyfe.schema import Schema
from pyfe.text import printable
from pyfe.wire.pickling import Secret
from pyfe.wire.sealing import SealingKey

__all__ = ["KeyAuthority"]


class KeyAuthority(Secret):
    """Holds master keys, one an epoch, and issues function keys by its policy.

    Made by :meth:`create` or :meth:`open`. Every key it ever issued counts: a set of keys together opens everything in
    the span of their functions, so the policy looks at all of an epoch's whoever they went to. Everything that it does
    is an entry of one log under a signed head (:meth:`log`), durable before a key leaves. An authority without a path
    forgets all of it with the process. Schema, policy, reference and weights are those of the newest epoch.
    """

    def __init__(self, engine: Engine, place: str) -> None:
        """Not for direct use: see :meth:`create` and :meth:`open`."""
        self._engine = engine
        self._place = place
        self._closed = False
        self._epoch: Epoch = engine.state.epochs[-1]
        self._public_key = engine.public_key()

    @classmethod
    def create(
        cls,
        schema: Schema,
        *,
        scheme: str = decisions.DEFAULT_SCHEME,
        weight_bits: int | None = None,
        policy: Policy | None = None,
        reference: Any = None,
        policy_file: PolicyFile | None = None,
        path: str | os.PathLike[str] | None = None,
        passphrase: str | bytes | None = None,
        log: str | None = None,
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
        policy_file: in force from the first moment, as by :meth:`set_policy`.
        path, passphrase: keep it in a folder of that name: the log in ``authority.db``, and ``master.sealed``, the
            master keys under the passphrase (8 characters or more); both or neither.
        log: with a path, a database of PostgreSQL that holds the log instead (extra ``postgres``), as
            ``postgresql://user@host/database``; without a password, which libpq finds in ``~/.pgpass``.
        clock: seconds since 1970, for the times in the log.

        Raises ParameterError, OutOfRangeError for a reference that does not fit the schema, AuthorityError if the path
        exists. Cost: 2n fixed-base multiplications, one scrypt, and a reference's
        (:meth:`pyfe.leakage.Reference.from_table`).
        """
        if (path is None) != (passphrase is None) or (log is not None and path is None):
            raise ParameterError("a durable authority needs both path and passphrase, one in memory needs neither")
        plan = Plan(schema, scheme, weight_bits, policy, reference)
        decisions.require_clock(clock)
        if path is None or passphrase is None:
            return cls(Engine.create(MemoryStorage, Vault.fresh(), clock, plan, policy_file), "memory")
        folder.require_absent(path)
        key = SealingKey.fresh(passphrase)
        with folder.making(path) as made:
            if log is not None:
                made.keep_log_at(log)
            Engine.create(made.create_log, Vault.fresh(key, made), clock, plan, policy_file).close()
        return cls._unsealed(folder.existing(path), key, clock)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        passphrase: str | bytes,
        clock: Clock = time.time,
        saved: Sequence[str | bytes] = (),
    ) -> KeyAuthority:
        """The authority of a folder. ``saved``: heads of its log (:attr:`head`) that were kept elsewhere.

        Raises AuthorityError for a wrong passphrase, a damaged file, or a log that was changed; AuditError where the
        log is older than a saved head, or another history. A sealed file of an earlier version is not opened: see
        :meth:`migrate`. Cost: one scrypt, and the log once.
        """
        decisions.require_clock(clock)
        place = folder.existing(path)
        return cls._of(place, Vault.opened(place, passphrase), clock, saved)

    @classmethod
    def migrate(
        cls,
        old: str | os.PathLike[str],
        path: str | os.PathLike[str],
        *,
        passphrase: str | bytes,
        clock: Clock = time.time,
    ) -> KeyAuthority:
        """The authority of a sealed file of an earlier version, in a folder from now on: the same public key, and all
        keys that it issued. The file gets ``.migrated`` added to its name; keep it, or remove it.

        Raises AuthorityError where something has the path, another process uses the file, or for a wrong passphrase or
        a damaged file; then the file is as it was.
        """
        now = decisions.require_second(decisions.require_clock(clock)())
        folder.require_absent(path)
        with migrating.held(old) as file:
            before = file.opened(passphrase)
            key = SealingKey.fresh(passphrase)
            with folder.making(path) as made:
                vault = Vault(before.secrets.signing_key, None, key, made)
                opened = before.terms, before.secrets.master, before.secrets.reference
                entries = before.entries(now)
                Engine.begun(made.create_log, vault, clock, opened, now, entries).close()
                file.set_aside()
        return cls._unsealed(folder.existing(path), key, clock)

    @classmethod
    def _unsealed(cls, place: folder.Folder, key: SealingKey, clock: Clock) -> KeyAuthority:
        return cls._of(place, Vault.unsealed(place, key), clock, ())

    @classmethod
    def _of(cls, place: folder.Folder, vault: Vault, clock: Clock, saved: Sequence[str | bytes]) -> KeyAuthority:
        storage = place.open_log(vault.signing_key.public)
        try:
            return cls(Engine(storage, vault, clock, saved=saved), str(place.path))
        except BaseException:
            storage.close()
            vault.close()
            raise

    # -- what it is --

    @property
    def public_key(self) -> PublicKey:
        """What the data owners need; contains the schema. Compare fingerprints when handing it over."""
        self._look()
        return self._public_key

    def public_key_of(self, epoch: int) -> PublicKey:
        """The public key of an epoch. ParameterError where there is none of the number."""
        return self._engine.public_key(epoch)

    def write_public_key(self, file: BinaryIO, epoch: int | None = None) -> None:
        """Write the public key of an epoch, by default the newest, into a file that is open to be written: the bytes of
        :meth:`pyfe.PublicKey.to_bytes`. One too large to be held is made again from the master key, some columns at a
        time. ParameterError where there is none of the number; AuthorityError once the authority is closed."""
        self._look()
        self._engine.write_public_key(file, epoch)

    @property
    def schema(self) -> Schema:
        """The schema."""
        return self._terms.schema

    @property
    def policy(self) -> Policy:
        """The policy."""
        return self._terms.policy

    @property
    def policy_line(self) -> str:
        """The policy in one line, as it stands in every key."""
        return self._terms.policy_line

    @property
    def reference(self) -> Reference | None:
        """What is known of the population that rows come from: what the authority was given, else what its schema
        publishes; None where that is nothing."""
        view = self._engine.view()
        return reference_for(view.counted.terms.schema, view.given)

    @property
    def weight_bits(self) -> int:
        """Widest weights, in bits with sign."""
        return self._terms.weight_bits

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """All epochs, with their terms and whether they are retired."""
        return self._engine.state.epochs

    @property
    def issued(self) -> tuple[Issued, ...]:
        """The ledger: every key issued so far, of every epoch, by whichever process."""
        return tuple(entry.row for entry in self._engine.state.issued)

    @property
    def ledger(self) -> tuple[KeyIssued, ...]:
        """The same with what else the log says of them: epoch, end, what they were granted by."""
        return tuple(self._engine.state.issued)

    @property
    def head(self) -> str:
        """The signed head of the log, to be kept elsewhere: it proves what was there (:meth:`open`, ``saved``)."""
        return self._engine.head

    def log(self) -> AuditLog:
        """The whole log, for whoever checks it (:func:`pyfe.audit.verify`); ``to_bytes`` makes a file of it."""
        return self._engine.log()

    # -- what keys would say --

    def check(
        self,
        function: Function,
        *,
        recipient: str | None = None,
        purpose: str = "check",
        reference: Any = None,
        epoch: int | None = None,
    ) -> list[Finding]:
        """What a key for the function would open together with the keys issued before; issues nothing.

        It counts like a request: it is in the log, and a refusal is remembered. Of what depends on keys of other
        recipients it says no figure. reference: a table or Reference as for :meth:`create`, to be told what an
        authority with that one would say of the recipient's own keys; :meth:`issue` goes by the authority's own. Raises
        what :meth:`issue` raises for a function that does not fit, but returns what the policy would refuse.
        """
        checked = self.checked(function, recipient=recipient, purpose=purpose, epoch=epoch)
        if reference is None:
            return list(checked.findings)
        view = self._engine.view(function, epoch=epoch).of(recipient)
        known = reference_for(view.counted.terms.schema, reference)
        return list(decisions.decide(view.counted, function, view.seed, known).findings)

    def checked(
        self, function: Function, *, recipient: str | None = None, purpose: str = "check", epoch: int | None = None
    ) -> Checked:
        """The same, and in words why :meth:`issue` would refuse it; ``told`` is None where a key would be issued."""
        return self._engine.check(function, purpose=purpose, recipient=recipient, epoch=epoch)

    def narrowing(self, function: Function, *, alone: bool = False) -> Narrowing | None:
        """What a key for the function, with all keys issued before or ``alone``, says of every private column: how
        often its value is guessed and for whom it is certain, beside what the tenth of the score says
        (:class:`pyfe.leakage.Narrowing`). For the authority itself: its figures are of the keys of all recipients.

        None under an authority for quadratic functions. Errors: those of :meth:`check`. Cost: seconds with a reference.
        """
        view = self._engine.view(function)
        decisions.require_fit(view.counted.terms, function)
        return decisions.narrowing_by(view.counted, function, view.seed, view.known, alone=alone)

    def residual(self, function: Function | None = None) -> Residual:
        """What all keys issued so far, with the function's if one is given, leave unknown of a row, in bits. For the
        authority itself, likewise.

        An estimate (:func:`pyfe.leakage.residual`); :meth:`issue` enforces it where quadratic functions are served.
        Errors: those of :meth:`check`.
        Cost: up to a few seconds.
        """
        view = self._engine.view(function)
        if function is not None:
            decisions.require_fit(view.counted.terms, function)
        return decisions.residual_uncertainty(view.counted, function, view.seed)

    # -- what it does --

    def issue(
        self,
        function: Function,
        *,
        purpose: str,
        recipient: str | None = None,
        not_after: int | None = None,
        epoch: int | None = None,
    ) -> FunctionKey:
        """The key of a function, recorded before it is released.

        Parameters
        ----------
        function: made by :func:`pyfe.compile` for the schema of an epoch.
        purpose: what it will be used for; stands in the key and in the log.
        recipient: who it is for; likewise.
        not_after: the last second at which it is to be used, since 1970; honest evaluators look. Only another epoch
            ends what a key can open.
        epoch: by default the newest of the function's schema.

        The same request again by the same recipient gives the same key and costs nothing. It never opens an epoch by
        itself: where a rule refuses, :meth:`rotate` does.

        Raises PolicyDeniedError naming what would open, recorded and remembered; KeyMismatchError for another schema;
        UnsupportedModelError for a quadratic function where the scheme serves linear ones only; OutOfRangeError for too
        wide weights or results; ParameterError for a purpose or recipient that is empty, too long or not UTF-8;
        AuthorityError when the clock is wrong or the log cannot be written (then no key exists), and, saying that
        the key counts, when something failed after its entry was durable.
        Cost: that of the policy, tens of milliseconds without a reference and some seconds with one
        (:mod:`pyfe.leakage.rules`), and 2n products; for quadratic functions :func:`pyfe.leakage.check_quadratic`, and
        one n-term sum in G1.
        """
        return self._engine.issue(function, purpose=purpose, recipient=recipient, not_after=not_after, epoch=epoch)

    def revoke(self, keys: Sequence[int], *, reason: str, by: str | None = None) -> None:
        """Record that keys, by their numbers, are to be used no more: honest evaluators look. They count as before, and
        are not issued again for the same recipient and purpose."""
        self._engine.revoke(keys, reason=reason, by=by)

    def revoke_epoch(self, epoch: int, keys: Sequence[int] = (), *, reason: str, by: str | None = None) -> None:
        """Record that every key that an epoch ever had is to be used no more, also those that a restored log has lost;
        the epoch is retired too. With ``keys``: of a retired epoch, only keys of these numbers, which the log does not
        know. ParameterError for a number that it knows (:meth:`revoke`), and in an open epoch, which may give it yet.
        """
        self._engine.revoke_epoch(epoch, keys, reason=reason, by=by)

    def clock_was_wrong(self, *, reason: str, approvals: Sequence[Approval] = ()) -> None:
        """Record that the clock was ahead when the newest entry was made, and that time goes on from what it says now.
        Until then nothing can be recorded, so nothing issued.

        Approvals and requests that had ended by the wrong clock can be used again. So, under a policy file, two people
        have to agree (:meth:`clock_decision`); PolicyDeniedError otherwise. ParameterError where the clock is not
        before the newest entry.
        """
        self._engine.clock_was_wrong(reason=reason, approvals=approvals)

    def clock_decision(self) -> Decision:
        """What two approvers read and sign where the clock is set right under a policy file."""
        return self._engine.clock_decision()

    # -- with a policy file --

    @property
    def policy_file(self) -> PolicyFile | None:
        """The policy file in force; None where there is none, and who has the authority asks in person."""
        return self._engine.state.policy_file

    def set_policy(self, policy: PolicyFile, approvals: Sequence[Approval] = ()) -> None:
        """Put a policy file in force: from now on keys are issued for signed requests only (:meth:`issue_signed`).

        Another one has a higher version. One that allows more than that before needs the approvals of two people whom
        that one lets approve: of the digest of the new policy as request, and
        :func:`pyfe.authority.approving.change_digest` of both as decision. PolicyDeniedError otherwise.
        """
        self._engine.set_policy(policy, approvals)

    def look(self, request: Request) -> Looked:
        """What is decided about a signed request now, for approvers to sign: digests for
        :meth:`pyfe.identity.Approval.of`. It is recorded; PolicyDeniedError where it is refused whoever agrees."""
        return self._engine.look(request)

    def decision(self, request: Request) -> Decision:
        """The same as a file, signed, which says in words what the request is and what a key would say: approvers read
        it, and sign its :meth:`Decision.approval`."""
        return self._engine.decision(request)

    def change(self, policy: PolicyFile) -> Decision:
        """What approvers of another policy file read and sign, where it allows more than the one in force."""
        return self._engine.change(policy)

    def issue_signed(self, request: Request, approvals: Sequence[Approval] = ()) -> FunctionKey:
        """The key that a signed request asks for, where the policy file grants it and enough people agreed.

        It is decided again in the transaction that records the key: approvals of another decision, such as one before
        another key was issued, are void. Errors: those of :meth:`issue`.
        """
        return self._engine.issue_signed(request, approvals)

    def revoke_signed(self, revocation: Revocation) -> None:
        """Record what one of the policy file's people revokes who may: keys, an epoch with all its keys, or keys of a
        retired epoch that the log does not know.
        PolicyDeniedError where it is not theirs to say."""
        self._engine.revoke_signed(revocation)

    def revocation_list(self) -> RevocationList:
        """All keys that were revoked so far, signed, for evaluators: ``key.decrypt(ciphertexts, revoked=...)``."""
        return self._engine.revocation_list()

    def epoch_table(self) -> EpochTable:
        """What the keys of every epoch say together, signed, for data owners whose patients come again: the ledger of
        an owner (:class:`pyfe.owner.OwnerLedger`) counts by it. Make one whenever a key was issued or an epoch opened.

        Cost: that of a decision an epoch.
        """
        return self._engine.epoch_table()

    def seal(self, key: FunctionKey, recipient: Identity) -> SealedKey:
        """A key of this authority, sealed so that the recipient alone can open it
        (:meth:`pyfe.identity.IdentitySecret.open`). Where the policy file names people, a recipient whom it names has
        the key that it says. PolicyDeniedError for somebody else's identity; ParameterError for one without an X25519
        key."""
        if not isinstance(key, FunctionKey):
            raise ParameterError(f"a pyfe.FunctionKey is sealed, not a {type(key).__name__}")
        state = self._engine.state
        entry = state.key(key.sequence) if 1 <= key.sequence <= len(state.issued) else None
        if entry is None or entry.row.function_id != key.function.id:
            raise ParameterError(f"key #{key.sequence} of this authority is another one")
        key.verify(self.public_key_of(entry.epoch))
        try:
            self.require_recipient(entry.row.recipient, recipient)
        except PolicyDeniedError as error:
            row = entry.row
            self._engine.dismiss(
                entry.epoch, Unfit(entry.request_id, row.function_id, row.purpose, row.recipient), error
            )
            raise
        by = authority_id(self.public_key.verification_key)
        self._engine.sealing(key.sequence, recipient.ed25519)
        return SealedKey.of(key.to_bytes(), recipient, authority=by, number=key.sequence)

    def require_recipient(self, name: str | None, recipient: Identity) -> None:
        """PolicyDeniedError unless an identity is that of the recipient of a key: by its key where the policy file
        names it as one of its people, else by the name that it states itself, which anybody may do: compare its
        fingerprint. ParameterError for what is none, or has no X25519 key."""
        require_kinds([recipient], Identity)
        if recipient.x25519 is None:
            raise ParameterError(f"the identity {recipient.name!r} has no X25519 key that a key could be sealed for")
        require_recipient(self.policy_file, name, recipient)

    def require_sealable(
        self,
        asked: Function | Request,
        identity: Identity,
        *,
        purpose: str = "",
        recipient: str | None = None,
        epoch: int | None = None,
    ) -> None:
        """:meth:`require_recipient` before a key is asked for, by :meth:`issue` or a signed request: one that is to be
        sealed for somebody else's identity is refused, which the log says (an entry `dismissed`)."""
        if not isinstance(asked, Function | Request):
            raise ParameterError(f"a key is asked for by a function or a signed request, not a {type(asked).__name__}")
        try:
            self.require_recipient(self.recipient_of(asked) if isinstance(asked, Request) else recipient, identity)
        except PolicyDeniedError as error:
            request = asked if isinstance(asked, Request) else decisions.Request(asked, purpose, recipient)
            question = self._engine.question(request, epoch)
            self._engine.dismiss(question.epoch, Unfit.of_question(question), error)
            raise

    def recipient_of(self, request: Request) -> str:
        """Who a signed request wants the key for. ParameterError where there is no policy file."""
        require_kinds([request], Request)
        if self.policy_file is None:
            raise ParameterError("this authority has no policy file, by which signed requests are judged")
        return recipient_of(self.policy_file, request)

    def rotate(
        self,
        schema: Schema | None = None,
        *,
        scheme: str | None = None,
        weight_bits: int | None = None,
        policy: Policy | None = None,
        reference: Any = None,
        reason: str = "",
    ) -> int:
        """Open another epoch: a fresh master key, a public key of its own, and nothing issued. Its number.

        What is not given is as in the newest epoch; the reference goes on where the schema is the same. Keys of earlier
        epochs open the rows that were encrypted under them, and no others. A patient whose row is encrypted in several
        epochs meets the keys of all of them. Errors and cost: those of :meth:`create`.
        """
        view = self._engine.view()
        newest = view.counted.terms
        agreed, same = newest.schema if schema is None else schema, scheme is None or weight_bits is not None
        if reference is None and getattr(agreed, "id", None) == newest.schema.id:
            reference = view.given
        bits = newest.weight_bits if weight_bits is None and same else weight_bits
        plan = Plan(
            agreed,
            newest.scheme if scheme is None else scheme,
            bits,
            newest.policy if policy is None else policy,
            reference,
        )
        number = self._engine.rotate(plan, reason=reason)
        self._look()
        return number

    def retire(self, epoch: int, *, reason: str) -> None:
        """Issue no new key of an epoch any more; those that it has can be had again."""
        self._engine.retire(epoch, reason=reason)

    def close(self) -> None:
        """Forget the secrets and let go of the log: afterwards nothing can be asked or issued (AuthorityError).

        ``with KeyAuthority.open(...) as authority:`` closes at the end of the block. The public key stays.
        """
        self._closed = True
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _terms(self) -> Terms:
        self._look()
        return self._epoch.terms

    def _look(self) -> None:
        """See whether there is a newer epoch; once closed, what was seen last stays."""
        if self._closed:
            return
        newest = self._engine.state.epochs[-1]
        if newest.number != self._epoch.number:
            self._public_key = self._engine.public_key(newest.number)
        self._epoch = newest

    def __repr__(self) -> str:
        terms, number = self._epoch.terms, self._epoch.number
        what = f"{terms.scheme}, n={terms.schema.n}, {terms.weight_bits}-bit weights"
        epoch = f"epoch {number}, " if number > 1 else ""
        return printable(f"KeyAuthority({epoch}{what}, policy: {terms.policy_line}, in {self._place})")

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority is never pickled; give it a path, and open it there")
