"""Who decrypts for others: keys of one public key, and whom they answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from pyfe.arguments import listed, require_a
from pyfe.arrays import IntArray
from pyfe.ciphertext import CiphertextBatch
from pyfe.cohorts import Cohort, open_cohort
from pyfe.cohorts.reading import AnyPath
from pyfe.cohorts.rows import Rows, of_cohort
from pyfe.errors import KeyMismatchError, ParameterError, PyfeError, RefusedError
from pyfe.evaluator.state_file import StateFile
from pyfe.identity import Identity
from pyfe.incidents import IN_MEMORY, Incident, Incidents, Question, question
from pyfe.keys import FunctionKey, RevocationList
from pyfe.wire.signature import KEY_SIZE

__all__ = ["Evaluator", "answers"]


class Evaluator:
    """Scores of encrypted rows under one key or several, for people who are not the ones that decrypt.

    Where a refusal is an answer (``ipfe-rlwe``), everybody is refused once: what a person signed and what is refused is
    an incident, kept durably before the RefusedError leaves, and from then on that person gets a SilencedError under
    this public key, before anything is computed, until somebody has looked into it and calls :meth:`release`. All that
    is asked is computed before one answer is given, of all keys together; it names no row and no reason. In other
    schemes it decrypts as keys do.

    >>> import pyfe
    >>> schema = pyfe.Schema.from_ranges({"age": (0, 120), "systolic": (80, 220)})
    >>> policy = pyfe.Policy.unrestricted(reason="an example")
    >>> authority = pyfe.KeyAuthority.create(schema, policy=policy)
    >>> function = pyfe.compile(pyfe.Linear({"age": 1.0, "systolic": 2.0}), schema)
    >>> evaluator = pyfe.Evaluator(authority.issue(function, purpose="an example"))
    >>> rows = {"age": [61], "systolic": [140]}
    >>> bool(evaluator.decrypt(authority.public_key.encrypt(rows)) == function.evaluate(rows))
    True
    """

    def __init__(
        self,
        key: FunctionKey | Iterable[FunctionKey],
        *,
        state: AnyPath | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Parameters
        ----------
        key: a function key, or several of one public key, which read ciphertexts once together. Verified ones: with a
            key that is not what it says honest people are refused.
        state: the file that incidents are kept in, made where there is none; all evaluators of a public key share it.
            Without it they are kept in the memory of this process alone: another process, or this one when it is
            started again, answers everybody anew.
        clock: seconds since 1970: when it was refused, and whether keys have ended.

        ParameterError for no keys, and for a state file that cannot be made or written; DecodeError for one that is
        damaged; KeyMismatchError for keys of several public keys.
        """
        self._single = isinstance(key, FunctionKey)
        self.keys: tuple[FunctionKey, ...] = (key,) if isinstance(key, FunctionKey) else tuple(listed(key, "keys"))
        if not self.keys:
            raise ParameterError("an evaluator has one key at least")
        for each in self.keys:
            require_a(each, FunctionKey, "the key of an evaluator")
            if (each.public_key_id, each.schema_id) != (self.keys[0].public_key_id, self.keys[0].schema_id):
                raise KeyMismatchError("the keys of an evaluator belong to one public key, and these to several")
        self._incidents: Incidents = IN_MEMORY if state is None else StateFile(state)
        self._clock = clock

    @property
    def state(self) -> Path | None:
        """Where incidents are kept; None in memory."""
        return self._incidents.path if isinstance(self._incidents, StateFile) else None

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """What was refused under this public key, with those who were released since, where a file keeps them."""
        return tuple(each for each in self._incidents.all() if each.public_key == self.keys[0].public_key_id)

    def decrypt(
        self,
        ciphertexts: CiphertextBatch,
        *,
        signed_by: Identity | None = None,
        formed_by: Identity | None = None,
        unsigned: bool = False,
        largest_weight_sum: int = 1,
        revoked: RevocationList | None = None,
    ) -> Any:
        """The scores of a batch as :meth:`pyfe.FunctionKey.decrypt` gives them; of several keys a list of them.

        signed_by: who has to have signed the batch, or, of one that was cut, joined or combined in this process, all
            that it is made of. Without it a batch has to have been encrypted in this process. A signature of whoever is
            not named is as good as none: anybody makes himself any number of identities.
        formed_by: instead of signed_by, who signed a batch with sums (``ipfe-rlwe``) that came as bytes. **Somebody who
            has this very key** and accepted with it each ciphertext that they are made of, as an evaluator elsewhere
            does: of anybody else one such batch takes the key away, and nothing is refused. Sums that were formed in
            this process need nobody: every ciphertext in them is decrypted by itself as well.
        unsigned: nobody answers for the ciphertexts. **Neither the scores nor whether they were refused may reach
            whoever made them**: some 32 refusals of ciphertexts that are made for it tell a coefficient of the key, all
            of them the key. Nothing is counted.
        largest_weight_sum, revoked: as of the key.

        Raises SignatureError where nobody answers for the batch, SilencedError where he is answered no more: both
        before anything is computed; RefusedError when all is computed and, of signed ciphertexts, the incident kept;
        other errors as of the key. A batch that was damaged on its way is found by its signature, in
        :meth:`pyfe.CiphertextBatch.from_bytes`, and counts for nobody.
        """
        require_a(ciphertexts, CiphertextBatch, "the batch")
        named, envelope = _named(signed_by, unsigned, formed_by), ciphertexts
        if formed_by is not None:
            ciphertexts = ciphertexts.vouched_by(formed_by)
        elif signed_by is not None and (ciphertexts.signer is not None or not ciphertexts.signers):
            ciphertexts.require_signed_by(signed_by)
        options = {"largest_weight_sum": largest_weight_sum, "revoked": revoked, "clock": self._clock}
        for key in self.keys:
            key.require_match(ciphertexts)
            key.require_usable(self._clock, revoked)
        ciphertexts.require_weight_sums(largest_weight_sum)
        first = self.keys[0]
        counts = {"refusal_answers": first.adapter.refusal_answers, "unsigned": unsigned}
        asked = question(first.public_key_id, ciphertexts.signers, named, lambda: envelope.id, **counts)
        with self._incidents.answering(asked, self._clock):
            scores, refused = self._of_all_keys(ciphertexts, options)
            if refused is not None:
                raise refused
        return scores[0] if self._single else scores

    def evaluate(
        self,
        cohort: Cohort | AnyPath | Iterable[AnyPath],
        *,
        signed_by: Identity | None = None,
        unsigned: bool = False,
        revoked: RevocationList | None = None,
    ) -> Any:
        """The scores of a whole cohort, int64 ``[rows]`` or ``[rows, k]``; of several keys a list of them, every chunk
        being read once.

        cohort: its files, or what :func:`pyfe.cohorts.open_cohort` gave. Other arguments and errors as of
        :meth:`decrypt`; one answer to all chunks, when all are computed. Memory: two chunks, and the scores. For a
        table of scores with ids and probabilities: ``pyfe evaluate``, :func:`pyfe.cluster.score`.
        """
        opened = cohort if isinstance(cohort, Cohort) else open_cohort(cohort)
        rows, options = of_cohort(opened, signed_by=signed_by), {"revoked": revoked, "clock": self._clock}
        for key in self.keys:
            key.require_usable(self._clock, revoked)
        made: list[list[IntArray]] = []
        refused: RefusedError | None = None
        with self._incidents.answering(_asked_by(self.keys[0], rows, signed_by, unsigned), self._clock):
            try:
                for decoded in rows.read(0, rows.chunks):
                    scores, found = self._of_all_keys(decoded().batch, options)
                    refused = found or refused
                    made.append(scores)
                rows.require_unchanged()
            except PyfeError:
                if refused is None:
                    raise
            if refused is not None:  # whatever else is wrong: it counts
                raise refused
        whole = [np.concatenate(parts) for parts in zip(*made, strict=True)]
        return whole[0] if self._single else whole

    def release(self, signer: Identity | bytes) -> Incident:
        """Answer somebody again whose ciphertexts were refused under this public key, durably: you have looked into it.
        What it was about. ParameterError where nothing silences him."""
        whom = _key_of(signer)
        found = self._incidents.release(self.keys[0].public_key_id, whom, int(self._clock()))
        if found is None:
            raise ParameterError(f"nothing silences {whom.hex()[:12]} here ({self._incidents.place})")
        return found

    def _of_all_keys(
        self, batch: CiphertextBatch, options: dict[str, Any]
    ) -> tuple[list[IntArray], RefusedError | None]:
        """What every key gives, and a refusal if there is one: no key is left out, whatever another one gave."""
        try:
            return FunctionKey.uncounted_together(self.keys, batch, **options), None
        except RefusedError as error:
            return [], error

    def __repr__(self) -> str:
        silenced = sum(each.released is None for each in self.incidents)
        keys = f"{len(self.keys)} key{'s' if len(self.keys) > 1 else ''}"
        key = self.keys[0].public_key_id.hex()[:12]
        return f"Evaluator({keys} of {key}, {silenced} silenced, kept in {self._incidents.place})"


def answers(
    incidents: Incidents, key: FunctionKey, rows: Rows, signed_by: Identity | None, *, unsigned: bool = False
) -> AbstractContextManager[None]:
    """What counts while the rows of files are decrypted: one answer to all of them, and errors, as of
    :meth:`Evaluator.decrypt`; those that come before anything is computed come here."""
    asked = _asked_by(key, rows, signed_by, unsigned)
    incidents.require_answered(asked)
    return incidents.answering(asked)


def _asked_by(key: FunctionKey, rows: Rows, signed_by: Identity | None, unsigned: bool) -> Question:
    """The question that rows are of which somebody signed every chunk, where one is named."""
    named = _named(signed_by, unsigned)

    def envelope() -> bytes:
        return rows.batch.id if rows.batch is not None else bytes(rows.heads or b"")

    counts = {"refusal_answers": key.adapter.refusal_answers, "unsigned": unsigned}
    return question(key.public_key_id, None if named is None else frozenset([named]), named, envelope, **counts)


def _named(signed_by: Identity | None, unsigned: bool, formed_by: Identity | None = None) -> bytes | None:
    """The Ed25519 key of whoever is named."""
    if signed_by is not None and formed_by is not None:
        raise ParameterError(
            "one answers for the ciphertexts: who signed them, or who formed the sums and signed those"
        )
    what, who = ("signed_by", signed_by) if formed_by is None else ("formed_by", formed_by)
    if who is None:
        return None
    require_a(who, Identity, what)
    if unsigned:
        raise ParameterError(f"{what} names who answers for the ciphertexts, and unsigned says that nobody does")
    return who.ed25519


def _key_of(signer: Identity | bytes) -> bytes:
    given: object = signer
    if isinstance(given, Identity):
        return given.ed25519
    if not isinstance(given, bytes) or len(given) != KEY_SIZE:
        raise ParameterError(f"a signer is an Identity, or its Ed25519 key of {KEY_SIZE} bytes")
    return given
