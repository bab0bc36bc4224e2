"""The engine of an authority: decide -> record -> derive -> release, over any storage.

It has no input and output of its own: where the log is kept, where the secrets are, and what time it is are passed in.
Everything that it does is one transaction: read what is new, hold it against the signed head, decide (again, if the log
moved meanwhile), append entries and the new head; durable, and only *then* derive, sign and release.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import BinaryIO, NoReturn, Self, TypeAlias

from pyfe import identity
from pyfe.arguments import listed, require_a
from pyfe.audit import AuditLog, Frontier, verify
from pyfe.authority import answers, decisions
from pyfe.authority.about import about_change, about_clock, about_request
from pyfe.authority.answers import Again, Answer, Checked, Denied, Granted, Looked, Question, View
from pyfe.authority.approving import change_digest, clock_digest
from pyfe.authority.changes import (
    Change,
    Said,
    clock_change,
    epoch_refused,
    epoch_revoked,
    keys_revoked,
    numbers_of,
    policy_change,
    policy_set,
    revocation_change,
)
from pyfe.authority.consent import Signed, require_kinds
from pyfe.authority.deciding import decision_of
from pyfe.authority.decision_file import Decision
from pyfe.authority.decisions import Request
from pyfe.authority.dismissing import DISMISSING, Unfit, dismissed
from pyfe.authority.entries import (
    Created,
    Entry,
    EpochOpened,
    EpochRetired,
    KeyIssued,
    PassphraseChanged,
    Restored,
    encode_entry,
)
from pyfe.authority.plans import Opened, Plan, require_schema
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.policy_rules import recipient_of
from pyfe.authority.publishing import signed_public_key, write_public_key
from pyfe.authority.recording import encoded_entry, not_before, signed_head, state_after
from pyfe.authority.releasing import counted, grant_of, release, released_again, saying_that_it_counts
from pyfe.authority.seen import Seen, followed
from pyfe.authority.state import Epoch, LogState
from pyfe.authority.stating import revocation_list, stated
from pyfe.authority.storage.protocol import Recorded, Storage, Stored
from pyfe.authority.vault import Vault
from pyfe.epochs import EpochTable
from pyfe.errors import AuthorityError, DecodeError, ParameterError, PolicyDeniedError, PyfeError
from pyfe.function import Function
from pyfe.identity import Approval, Revocation
from pyfe.keys import FunctionKey, PublicKey, RevocationList
from pyfe.keys.function_key import require_encodable
from pyfe.leakage import Finding, Prior
from pyfe.leakage.prior import reference_for
from pyfe.schema import Schema
from pyfe.wire.pickling import Secret
from pyfe.wire.sealing import SealingKey
from pyfe.wire.texts import require_text

__all__ = ["Checked", "Clock", "Engine", "Looked", "MakeStorage", "Opened", "Plan"]

Clock: TypeAlias = Callable[[], float]

MakeStorage: TypeAlias = Callable[[bytes, Sequence[bytes], bytes], Storage]
"""From verification key, first entries and head to a new storage: all of it durable, or nothing there."""

_Make: TypeAlias = Callable[[LogState, int], Sequence[Entry]]
"""From a state and a second to the entries that are to follow; none where nothing is to be recorded."""

_NOT_OFF = "under a policy file no epoch is opened in which the leakage rules are off"

_MOST_TOLD = 1024
"""Most refusals whose findings are kept beside the log."""


class Engine(Secret):
    """An authority over a storage and a vault. All threads of a process may use one."""

    def __init__(self, storage: Storage, vault: Vault, clock: Clock, *, saved: Sequence[str | bytes] = ()) -> None:
        """The authority whose log and secrets these are. ``saved``: heads that were kept elsewhere.

        AuthorityError where the entries are not those that the authority signed, or belong to another one; AuditError
        where the log is older than a saved head, or another history. Cost: that of all entries.
        """
        self._storage, self._vault, self._clock = storage, vault, decisions.require_clock(clock)
        kept = listed(saved, "saved heads")
        self._key = vault.signing_key.public
        if storage.authority != self._key:
            raise AuthorityError("the log is that of another authority than the master keys")
        self._seen = Seen(LogState(), Frontier(), b"")
        self._public: dict[int, PublicKey] = {}
        self._told: dict[tuple[int, bytes, str | None], tuple[Finding, ...]] = {}
        self._populations: dict[tuple[int, bytes], tuple[Prior | None, Schema | None]] = {}
        if not self._newest().state.epochs:
            raise AuthorityError("the log holds no epoch; its creation did not finish")
        if vault.newest > len(self._seen.state.epochs) + 1:  # one more: a process died while it opened an epoch
            raise AuthorityError(
                f"the master keys are of {vault.newest} epochs, the log knows {len(self._seen.state.epochs)}: it is an "
                "older copy. Find the newest one; pyfe authority restore goes on from a backup"
            )
        if kept:
            verify(self.log(), authority=self._key, saved=kept)

    @classmethod
    def create(
        cls, make: MakeStorage, vault: Vault, clock: Clock, plan: Plan, policy: PolicyFile | None = None
    ) -> Engine:
        """A new authority with a fresh vault, its first epoch, and from the first moment the policy file, if there is
        one."""
        now = decisions.require_second(clock())
        opened = plan.opened(now)
        if policy is None:
            return cls.begun(make, vault, clock, opened, now)
        made = policy_set(policy, now)
        if not opened[0].policy.refuses:
            raise PolicyDeniedError(_NOT_OFF)
        return cls.begun(make, vault, clock, opened, now, [made])

    @classmethod
    def begun(
        cls, make: MakeStorage, vault: Vault, clock: Clock, opened: Opened, now: int, more: Sequence[Entry] = ()
    ) -> Engine:
        """An authority whose log begins now, with an epoch that is there already and entries that follow at once."""
        terms, master, known = opened
        key = vault.signing_key
        first = Created(at=now, verification_key=key.public), EpochOpened(at=now, epoch=1, terms=terms)
        encoded = [encode_entry(entry) for entry in (*first, *more)]
        vault.keep(1, terms.scheme, master, known)
        return cls(make(key.public, encoded, signed_head(key, Frontier().followed_by(encoded))), vault, clock)

    @property
    def state(self) -> LogState:
        """What the log comes to now."""
        return self._newest().state

    @property
    def head(self) -> str:
        """The signed head of the log, to be kept elsewhere."""
        return self._newest().head.decode()

    def log(self) -> AuditLog:
        """The whole log, for whoever checks it."""
        stored = self._storage.read()
        return AuditLog(stored.entries, stored.head.decode(), self._key)

    def write_public_key(self, file: BinaryIO, number: int | None = None) -> None:
        """Write that of an epoch; of the newest by default."""
        write_public_key(self._epoch(self.state, number), self._vault, file)

    def public_key(self, epoch: int | None = None) -> PublicKey:
        """That of an epoch; of the newest by default."""
        return self._public_key(self._epoch(self.state, epoch))

    def check(
        self, function: Function, *, purpose: str = "check", recipient: str | None = None, epoch: int | None = None
    ) -> Checked:
        """What :meth:`issue` would say. It counts like a request: a refusal is recorded and remembered."""
        request, result = Request(function, purpose, recipient), Checked((), None)

        def entries(state: LogState, now: int, answer: Answer, question: Question) -> Sequence[Entry]:
            nonlocal result
            if isinstance(answer, Denied):
                result = Checked(answer.findings, answer.entry.told)
                return [] if answer.recorded else [replace(answer.entry, at=now)]
            view = self.view(epoch=question.epoch, state=state)
            result = Checked(answers.tellable(state, view, question, answer), None)
            return answers.looked_at(state, question, now)

        self._answered(lambda number: Question(request, number, "check"), epoch, entries)
        return result

    def view(
        self, function: Function | None = None, *, epoch: int | None = None, state: LogState | None = None
    ) -> View:
        """What decisions about an epoch are made of: by default the one that a request for the function goes to, else
        the newest."""
        seen = self.state if state is None else state
        asked = seen.epoch_for(function) if epoch is None and function is not None else self._epoch(seen, epoch)
        secrets, policy = self._vault.secrets(asked.number, asked.terms), seen.policy_file
        counted, seed, given = seen.counted(asked.number), secrets.decision_secret(), secrets.reference
        kept = asked.number, b"" if policy is None else policy.digest
        if kept not in self._populations:
            view = View(counted, seed, reference_for(asked.terms.schema, given), given)
            view = view if policy is None else view.under(policy)
            self._populations[kept] = view.known, view.tightened
        known, tightened = self._populations[kept]
        return View(counted, seed, known, given, tightened)

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

        The same request again by the same recipient gives the same key and costs nothing. PolicyDeniedError, recorded
        and remembered, where a rule refuses; AuthorityError where nothing could be recorded, then no key exists; and,
        saying that the key counts, where something failed after that.
        """
        request = Request(function, purpose, recipient)
        if not_after is not None and (type(not_after) is not int or not 0 <= not_after <= decisions.LAST_SECOND):
            raise ParameterError(f"not_after is a second since 1970, 0 to {decisions.LAST_SECOND}, not {not_after!r}")
        return self._issued(function, lambda number: Question(request, number, "issue", not_after), epoch)

    def issue_signed(self, request: identity.Request, approvals: Sequence[Approval] = ()) -> FunctionKey:
        """The key that a signed request asks for, where the policy file grants it and enough people agreed to what is
        decided now. Errors: those of :meth:`issue`."""
        require_kinds(approvals, Approval)
        question = self._asked(Signed(request, tuple(approvals)))
        return self._issued(question.request.function, lambda _: question, question.epoch)

    def look(self, request: identity.Request) -> Looked:
        """What is decided about a signed request now, for approvers to sign. PolicyDeniedError, recorded and
        remembered, where it is refused whoever agrees."""
        question = self._asked(Signed(request, looked=True))
        found: Answer | None = None
        told: tuple[Finding, ...] = ()

        def entries(state: LogState, now: int, answer: Answer, _: Question) -> Sequence[Entry]:
            nonlocal found, told
            found = answer
            if not isinstance(answer, Denied):
                told = answers.tellable(state, self.view(epoch=question.epoch, state=state), question, answer)
            match answer:
                case Denied():
                    return [] if answer.recorded else [replace(answer.entry, at=now)]
                case Granted():
                    return answers.looked_at(state, question, now)
                case Again():
                    return []

        self._answered(lambda _: question, question.epoch, entries)
        match found:
            case Denied():
                raise found.error()
            case Granted():
                decision = found.decision
            case Again():
                decision = found.key.decision
            case None:
                raise AssertionError
        return Looked(request.id, decision, answers.policy_digest(self.state, question.epoch), told)

    def decision(self, request: identity.Request) -> Decision:
        """The same as :meth:`look`, as a file that approvers sign. Errors: those of :meth:`look`."""
        looked, state = self.look(request), self.state
        epoch = self._epoch(state, request.epoch)
        function = Function.from_bytes(request.function, schema=epoch.terms.schema)
        secrets = self._vault.secrets(epoch.number, epoch.terms)
        after = stated(state, epoch, secrets, function)
        about = about_request(state, request, function, after, looked.findings)
        return decision_of(self._vault.signing_key, epoch.number, looked, request.conditions, about)

    def change(self, policy: PolicyFile) -> Decision:
        """What approvers of another policy sign. ParameterError where there is none in force yet."""
        state = self.state
        if state.policy_file is None:
            raise ParameterError("the authority has no policy file yet: the first one needs no approval")
        old, new = state.policy_file, policy_set(policy, state.at)
        looked = Looked(new.digest, change_digest(old, policy), old.digest)
        return decision_of(self._vault.signing_key, state.epochs[-1].number, looked, (), about_change(old, policy))

    def set_policy(self, policy: PolicyFile, approvals: Sequence[Approval] = ()) -> None:
        """Put a policy file in force. One that allows more than the one before needs the approval of two people whom
        that one lets approve; PolicyDeniedError, recorded, otherwise."""
        require_kinds(approvals, Approval)
        self._changed(lambda state, now: policy_change(state, policy, approvals, now))

    def _asked(self, signed: Signed) -> Question:
        """The question that a signed request is."""
        require_kinds(signed.approvals, Approval)
        require_kinds([signed.request], identity.Request)
        state, request = self.state, signed.request
        if state.policy_file is None:
            raise ParameterError("this authority has no policy file, by which signed requests are judged")
        recipient = recipient_of(state.policy_file, request)
        try:
            epoch = self._epoch(state, request.epoch)
            function = Function.from_bytes(request.function, schema=epoch.terms.schema)
        except DISMISSING as error:
            known = min(request.epoch, len(state.epochs))
            self.dismiss(known, Unfit.of_signed(request, recipient), error)
            raise
        return Question(Request(function, request.purpose, recipient), epoch.number, signed=signed)

    def _issued(self, function: Function, ask: Callable[[int], Question], epoch: int | None) -> FunctionKey:
        key: KeyIssued | None = None
        denied: Denied | None = None

        def entries(state: LogState, now: int, answer: Answer, question: Question) -> Sequence[Entry]:
            nonlocal key, denied
            key, denied = None, None
            match answer:
                case Again():
                    key = answer.key
                    return released_again(state, key, now)
                case Denied():
                    denied = answer
                    return [] if answer.recorded else [replace(answer.entry, at=now)]
                case Granted():
                    key = answers.grant(state, question, answer, now)
                    require_encodable(self._public_key(state.epoch(question.epoch)), function, grant_of(key))
                    return [*answers.statements(state, question, answer, now), key]

        try:
            self._answered(ask, epoch, entries)
        except Recorded as error:
            raise error if key is None else counted(error, key.row) from error
        except BaseException as error:
            if key is not None and not isinstance(error, PyfeError):  # as of Ctrl-C, in the commit
                error.add_note(f"pyfe: key #{key.row.sequence} may be in the log, and then counts; ask for it again")
            raise
        if denied is not None:
            raise denied.error()
        assert key is not None
        return self._released(key, function)

    def sealing(self, number: int, sealed_for: bytes) -> None:
        """Record that a key is sealed for the identity of an Ed25519 key."""
        self._recorded(lambda state, now: released_again(state, state.key(number), now, sealed_for))

    def question(self, asked: Request | identity.Request, epoch: int | None) -> Question:
        """What a request asks for, of the epoch that it would be asked of."""
        if isinstance(asked, identity.Request):
            return self._asked(Signed(asked))
        return Question(asked, self.state.nearest(epoch, asked.function).number)

    def revoke(self, keys: Sequence[int], *, reason: str, by: str | None = None) -> None:
        """Record that these keys are to be used no more. They count as before."""
        numbers, said = numbers_of(keys), Said.of(reason, by)
        self._changed(lambda state, now: keys_revoked(state, numbers, said, now))

    def revoke_epoch(self, epoch: int, keys: Sequence[int] = (), *, reason: str, by: str | None = None) -> None:
        """Record that every key of an epoch is to be used no more, which is retired too; or, of a retired one, keys
        that the log does not know, by their numbers."""
        numbers, said = numbers_of(keys) if keys else (), Said.of(reason, by)
        self._changed(lambda state, now: epoch_revoked(state, epoch, numbers, said, now))

    def revoke_signed(self, revocation: Revocation) -> None:
        """Record what somebody revokes whom the policy file lets revoke: keys, an epoch with all its keys, which is
        retired too, or a request. One word is enough. PolicyDeniedError, recorded, where it is not theirs to say."""
        require_kinds([revocation], Revocation)
        self._changed(lambda state, now: revocation_change(state, revocation, now))

    def _changed(self, change: Callable[[LogState, int], Change], *, back: bool = False) -> LogState:
        """Record a change; or that it was refused, and why. The state after it."""
        made = Change(())

        def entries(state: LogState, now: int) -> Sequence[Entry]:
            nonlocal made
            made = change(state, now)
            return made.entries

        state = self._recorded(entries, back=back)
        if made.refused is not None:
            raise PolicyDeniedError(made.refused)
        return state

    def rotate(self, plan: Plan | Schema, *, reason: str = "") -> int:
        """Open another epoch, with a master key of its own; its number. Keys of earlier ones stay what they are."""
        planned = plan if isinstance(plan, Plan) else self._like_newest(plan)
        terms, master, known = planned.opened(decisions.require_second(self._clock()))
        require_a(reason, str, "reason")
        reason = require_text("reason", reason) if reason else ""

        def change(state: LogState, now: int) -> Change:
            if state.policy_file is not None and not terms.policy.refuses:
                return epoch_refused(state, terms.schema.id, _NOT_OFF, now)
            number = len(state.epochs) + 1
            self._vault.keep(number, terms.scheme, master, known)  # a crash after this leaves what nobody asks for
            return Change((EpochOpened(at=now, epoch=number, terms=terms, reason=reason),))

        state = self._changed(change)
        return next(epoch.number for epoch in reversed(state.epochs) if epoch.terms.public.id == terms.public.id)

    def retire(self, epoch: int, *, reason: str) -> None:
        """Issue no new key of an epoch any more."""
        reason = require_text("reason", reason)
        if type(epoch) is not int:
            raise ParameterError(f"an epoch is retired by its number, not by {epoch!r}")

        def entries(state: LogState, now: int) -> Sequence[Entry]:
            if self._epoch(state, epoch).retired_at is not None:
                return []
            return [EpochRetired(at=now, epoch=epoch, reason=reason)]

        self._recorded(entries)

    def clock_was_wrong(self, *, reason: str, approvals: Sequence[Approval] = ()) -> None:
        """Record that the clock was ahead when the newest entry was made; time goes on from what it says now.
        PolicyDeniedError, recorded, where a policy file wants two people's words and they are missing."""
        require_kinds(approvals, Approval)
        why = require_text("reason", reason)
        self._changed(lambda state, now: clock_change(state, why, approvals, now), back=True)

    def clock_decision(self) -> Decision:
        """What approvers sign where the clock is set right under a policy file."""
        state, now = self.state, decisions.require_second(self._clock())
        if state.policy_file is None:
            raise ParameterError("the authority has no policy file: nobody has to agree that its clock was wrong")
        digest = clock_digest(state.at, state.setbacks, now)
        looked = Looked(digest, digest, state.policy_file.digest)
        return decision_of(
            self._vault.signing_key, state.epochs[-1].number, looked, (), about_clock(state.at, state.setbacks, now)
        )

    def restored(self, head: str, *, reason: str, whole: bool) -> None:
        """Record that this log is a backup that goes on, and the newest head that is known. Unless it is ``whole``,
        there is no new key in the epochs that it knows."""

        def entries(state: LogState, now: int) -> Sequence[Entry]:
            going_on = [epoch.number for epoch in state.epochs if not whole and epoch.retired_at is None]
            retired = [EpochRetired(at=now, epoch=number, reason=reason) for number in going_on]
            return [Restored(at=now, head=head, reason=reason, whole=whole), *retired]

        self._recorded(entries)

    def passphrase_changed(self, key: SealingKey) -> None:
        """Record that the secrets are sealed under another key, and then do so."""
        self._recorded(lambda state, now: [PassphraseChanged(at=now)])
        with self._storage.writing():
            self._vault.reseal(key)

    def revocation_list(self) -> RevocationList:
        """All keys that were revoked so far, signed."""
        return revocation_list(self.state, decisions.require_second(self._clock()), self._vault.signing_key)

    def epoch_table(self) -> EpochTable:
        """What all keys of every epoch say together, signed, for data owners to count whose patients meet several."""
        state = self.state
        lines = [stated(state, one, self._vault.secrets(one.number, one.terms)) for one in state.epochs]
        return EpochTable.signed(self._vault.signing_key, size=state.size, at=state.at, epochs=lines)

    def close(self) -> None:
        """Forget the secrets and let go of the log."""
        self._populations.clear()
        self._told.clear()
        self._vault.close()
        self._storage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the transaction --

    def _answered(
        self,
        ask: Callable[[int], Question],
        epoch: int | None,
        entries: Callable[[LogState, int, Answer, Question], Sequence[Entry]],
    ) -> None:
        """Answer a question and record what comes of it; also that it was not looked at, as it does not fit."""
        try:
            self._decided(ask, epoch, entries)
        except DISMISSING as error:
            question = ask(self.state.nearest(epoch, ask(1).request.function).number)
            if isinstance(question.request.function, Function):  # else nothing was asked for that could be named
                self.dismiss(question.epoch, Unfit.of_question(question), error)
            raise

    def dismiss(self, epoch: int, unfit: Unfit, error: PyfeError) -> None:
        """Record who asked for what does not fit, or is not to be."""
        self._recorded(lambda state, now: dismissed(state, epoch, unfit, error, now))

    def _decided(
        self,
        ask: Callable[[int], Question],
        epoch: int | None,
        entries: Callable[[LogState, int, Answer, Question], Sequence[Entry]],
    ) -> None:
        """The long part, the decision, is taken before the right to write is asked for, and again only where the log
        moved meanwhile."""
        before = self._newest().state
        function = ask(1).request.function
        question, first = self._answer(before, ask, function, epoch)
        now = decisions.require_second(self._clock())
        behind = now < before.at and isinstance(first, Again)  # said in the transaction
        if not behind and not entries(before, max(now, before.at), first, question):
            return

        def made(state: LogState, now: int) -> Sequence[Entry]:
            moved = state.size != before.size
            if moved:
                again, answer = self._answer(state, ask, function, epoch)
                return entries(state, now, answer, again)
            return entries(state, now, answers.still(state, question, first, now), question)

        self._recorded(made)

    def _answer(
        self, state: LogState, ask: Callable[[int], Question], function: Function, epoch: int | None
    ) -> tuple[Question, Answer]:
        asked = self._epoch(state, epoch) if epoch is not None else state.epoch_for(function)
        question = ask(asked.number)
        view = self.view(epoch=asked.number, state=state)
        found = answers.answer(state, question, view, decisions.require_second(self._clock()))
        return question, self._telling(question, found) if isinstance(found, Denied) else found

    def _telling(self, question: Question, denied: Denied) -> Denied:
        """A refusal with the findings that its recipient was told in this process before: the log keeps words only."""
        if denied.entry.scope == "request":
            return denied
        asked = question.epoch, question.request.function.id, question.request.recipient
        if not denied.remembered:
            self._told[asked] = denied.findings
            for old in list(self._told)[:-_MOST_TOLD]:
                self._told.pop(old, None)
        return replace(denied, findings=self._told.get(asked, denied.findings))

    def _recorded(self, make: _Make, *, back: bool = False) -> LogState:
        """Record what is made of the newest state, and see it in the log; the state after it. ``back``: also where the
        clock is before the newest entry."""
        key, known = self._vault.signing_key, self._seen
        with self._storage.writing() as transaction:
            seen = self._see(followed(self._key, known, transaction.read(known.state.size)))
            now = decisions.require_second(self._clock())
            entries = make(seen.state, now if back else not_before(now, seen.state))
            encoded = tuple(map(encoded_entry, entries))
            if not encoded:
                return seen.state
            frontier = seen.frontier.followed_by(encoded)
            after = Seen(state_after(seen.state, entries), frontier, signed_head(key, frontier))
            transaction.append(encoded, after.head)
        return self._shown(entries, encoded, seen, after)

    def _shown(self, entries: Sequence[Entry], encoded: tuple[bytes, ...], before: Seen, after: Seen) -> LogState:
        """The state after what was recorded, as the log shows it: one that loses entries must not cost a patient."""
        issued = next((entry.row for entry in entries if isinstance(entry, KeyIssued)), None)
        with contextlib.nullcontext() if issued is None else saying_that_it_counts(issued):
            stored = self._storage.read(before.state.size)
            if stored.entries[: len(encoded)] == encoded:
                rest = Stored(stored.entries[len(encoded) :], stored.head)
                return self._see(followed(self._key, after, rest)).state
            what = "what was recorded" if issued is None else f"key #{issued.sequence}"
            raise AuthorityError(f"the log took {what} and does not show it")

    def _newest(self) -> Seen:
        """What the log says now, held against its head."""
        seen = self._seen
        return self._see(followed(self._key, seen, self._storage.read(seen.state.size)))

    def _see(self, found: Seen) -> Seen:
        """Go on from here, unless another thread has seen more."""
        if found.state.size >= self._seen.state.size:
            self._seen = found
        return found

    # -- keys --

    def _released(self, key: KeyIssued, function: Function) -> FunctionKey:
        with saying_that_it_counts(key.row):
            epoch = self._seen.state.epoch(key.epoch)
            secrets = self._vault.secrets(epoch.number, epoch.terms)
        return release(self._public_key(epoch), secrets, function, key)

    def _public_key(self, epoch: Epoch) -> PublicKey:
        known, number = self._public, epoch.number
        return known.get(number) or known.setdefault(number, signed_public_key(epoch, self._vault))

    def _epoch(self, state: LogState, number: int | None) -> Epoch:
        if number is None:
            return state.epochs[-1]
        try:
            return state.epoch(number)
        except (DecodeError, TypeError, ValueError) as error:
            raise ParameterError(str(error)) from error

    def _like_newest(self, schema: Schema) -> Plan:
        """The plan of an epoch like the newest one; with its reference, where the schema is the same."""
        require_schema(schema)
        view = self.view()
        terms = view.counted.terms
        given = view.given if schema.id == terms.schema.id else None
        return Plan(schema, terms.scheme, terms.weight_bits, terms.policy, given)

    def __repr__(self) -> str:
        return f"Engine({len(self._seen.state.epochs)} epochs, {self._seen.state.size} entries)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority is never pickled; open its log anew")
