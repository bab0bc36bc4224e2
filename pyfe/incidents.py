"""A refusal is an answer: where refusals tell of the key, a signer gets one, and no answer after it.

An honest ciphertext is refused with probability below 2^-65, so the first refusal of what somebody signed is an
incident: he is answered no more under this public key until a person releases him. Whose rows nobody vouches for, they
are not decrypted, unless whoever asks keeps score and refusal to himself. Why: docs/math/rlwe.md.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pyfe.errors import RefusedError, SignatureError, SilencedError
from pyfe.text import time_text

__all__ = ["IN_MEMORY", "Incident", "Incidents", "InMemory", "Question", "question"]


@dataclass(frozen=True)
class Incident:
    """A refusal of what somebody signed: the id of the public key, his Ed25519 key, the SHA-256 of the envelope (32
    bytes each), and when (seconds since 1970); ``released``: when a person released him, None where nobody did.

    No slot, no row and no reason: whoever reads it learns no more than the signer did.
    """

    public_key: bytes
    signer: bytes
    envelope: bytes
    second: int
    released: int | None = None

    @property
    def silences(self) -> tuple[bytes, bytes] | None:
        """Whom it silences, and under which public key; None where he was released."""
        return (self.public_key, self.signer) if self.released is None else None


@dataclass(frozen=True)
class Question:
    """Ciphertexts that are to be decrypted: under which public key, the Ed25519 keys of those who answer for them
    (nobody where an answer reaches nobody, or refusals tell nothing), and the SHA-256 of the envelope, asked for where
    it is refused."""

    public_key_id: bytes
    signers: frozenset[bytes]
    envelope: Callable[[], bytes]


def question(
    public_key_id: bytes,
    signers: frozenset[bytes] | None,
    named: bytes | None,
    envelope: Callable[[], bytes],
    *,
    refusal_answers: bool,
    unsigned: bool = False,
) -> Question:
    """What is asked with ciphertexts that ``signers`` answer for (:attr:`pyfe.CiphertextBatch.signers`).

    ``named``: the Ed25519 key that the caller named: another signature is as good as none, as anybody makes himself any
    number of identities. SignatureError unless he alone answers for them, or they were encrypted in this process, or
    ``unsigned``: whoever asks keeps score and refusal. Where refusals tell nothing, all of it is let pass.
    """
    if not refusal_answers or unsigned:
        return Question(public_key_id, frozenset(), envelope)
    if signers is None or not signers <= {named}:
        raise SignatureError(
            "nobody answers for these ciphertexts, and in this scheme a refusal tells something of the key: name who "
            "signed them (signed_by=, --signed-by IDENTITY), or, where neither scores nor refusals reach anybody else, "
            "say so (pyfe.Evaluator(key).decrypt(..., unsigned=True), --unsigned)"
        )
    return Question(public_key_id, signers, envelope)


class Incidents(ABC):
    """What was refused, of whom. All threads of a process may use one."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where they are kept, in words."""

    @abstractmethod
    def all(self) -> Sequence[Incident]:
        """All of them, in the order in which they came. Errors of their place."""

    @abstractmethod
    def add(self, found: Sequence[Incident]) -> Incident | None:
        """Keep incidents, durably; unless one of their signers is silenced already: then nothing is kept, and what
        silences him is given. One of several callers at the same time is the first."""

    @abstractmethod
    def release(self, public_key_id: bytes, signer: bytes, second: int) -> Incident | None:
        """Let a signer be answered again, durably; what silenced him, None where nothing did."""

    def silencing(self, asked: Question) -> Incident | None:
        """What silences one of those who answer for the ciphertexts."""
        if not asked.signers:
            return None
        whom = {(asked.public_key_id, signer) for signer in asked.signers}
        return next((each for each in self.all() if each.silences in whom), None)

    def require_answered(self, asked: Question) -> None:
        """SilencedError where one of those who answer for the ciphertexts is answered no more."""
        if (found := self.silencing(asked)) is not None:
            raise self._silenced(found)

    @contextmanager
    def answering(self, asked: Question, clock: Callable[[], float] = time.time) -> Iterator[None]:
        """What the block raises or gives is one answer to the ciphertexts.

        SilencedError before the block for whoever is answered no more, and after it, whatever came out, where another
        answer to him was a refusal meanwhile. A RefusedError leaves it when it is kept, durably, and not before.
        """
        self.require_answered(asked)
        try:
            yield
        except RefusedError:
            self._keep(asked, int(clock()))
            raise
        self.require_answered(asked)

    def _keep(self, asked: Question, second: int) -> None:
        if asked.signers:
            envelope = asked.envelope()
            found = [Incident(asked.public_key_id, signer, envelope, second) for signer in sorted(asked.signers)]
            if (earlier := self.add(found)) is not None:
                raise self._silenced(earlier) from None

    def _silenced(self, found: Incident) -> SilencedError:
        return SilencedError(
            f"{found.signer.hex()[:12]} is answered no more under the public key {found.public_key.hex()[:12]}: an "
            f"envelope that he signed was refused at {time_text(found.second)} (kept in {self.place}); whoever has "
            "looked into it releases him (pyfe evaluator release, Evaluator.release)"
        )


class InMemory(Incidents):
    """Incidents of this process alone: another one knows nothing of them, and they are gone when it ends."""

    def __init__(self) -> None:
        self._kept: dict[tuple[bytes, bytes], Incident] = {}

    @property
    def place(self) -> str:
        """Where they are kept, in words."""
        return "the memory of this process alone"

    def all(self) -> Sequence[Incident]:
        """Those that silence somebody: what a release is about is forgotten."""
        return list(self._kept.values())

    def add(self, found: Sequence[Incident]) -> Incident | None:
        """As of the class; of several signers those are kept of whom nothing was."""
        earlier = None
        for each in found:  # setdefault is one step for the interpreter, and has no lock that a fork would leave held
            kept = self._kept.setdefault((each.public_key, each.signer), each)
            earlier = earlier if kept is each else kept
        return earlier

    def release(self, public_key_id: bytes, signer: bytes, second: int) -> Incident | None:
        """As of the class."""
        return self._kept.pop((public_key_id, signer), None)


IN_MEMORY = InMemory()
"""Where a key counts by itself, and an Evaluator without a state file."""
