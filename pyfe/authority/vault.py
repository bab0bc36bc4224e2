"""The secrets of an authority, apart from its log: the signing key once, and of every epoch its master key and its
reference. Sealed, they are the file ``master.sealed``.

The file is one envelope: a header that says how its key is had from the passphrase and how large each secret is, and
one payload under ChaCha20-Poly1305, authenticated with the header. It is read once, when the authority is opened, and
written anew, under a fresh nonce, when an epoch is opened. The keys go from the core's memory to the cipher and back.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Protocol

from pyfe._core import SecretBytes
from pyfe.adapters import SCHEMES, NativeSecretKey, adapter
from pyfe.authority.records import Terms
from pyfe.authority.secrets import SEED_SIZE, Secrets
from pyfe.errors import AuthorityError, DecodeError
from pyfe.leakage.prior import Reference
from pyfe.wire.envelope import NO_ID, NO_SCHEME, Envelope, Kind, pack, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.pickling import Secret
from pyfe.wire.sealing import NONCE_SIZE, SealingKey, salt_and_cost
from pyfe.wire.signature import SigningKey

__all__ = ["Place", "Vault"]

_NAME = "sealed master keys"
_MOST = 2**30


class Place(Protocol):
    """Where the sealed bytes are kept."""

    def load(self) -> bytes:
        """The newest that were saved."""
        ...

    def save(self, data: bytes) -> None:
        """Put these in their place, all or none; durable when it returns."""
        ...


@dataclass(frozen=True, repr=False, eq=False)
class _OfEpoch(Secret):
    scheme: str
    master: NativeSecretKey
    reference: bytes

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority's secrets are never pickled")


class Vault(Secret):
    """Signing key and master keys, open. Without a place they last as long as the process."""

    def __init__(
        self,
        signing_key: SigningKey,
        epochs: dict[int, _OfEpoch] | None = None,
        key: SealingKey | None = None,
        place: Place | None = None,
        spares: tuple[_OfEpoch, ...] = (),
    ) -> None:
        """Not for direct use: see :meth:`fresh` and :meth:`opened`."""
        self._signing_key: SigningKey | None = signing_key
        self._epochs, self._spares = dict(epochs or {}), spares
        self._known: dict[int, Secrets] = {}
        self._key, self._place = key, place
        self._mutex = threading.RLock()

    @classmethod
    def fresh(cls, key: SealingKey | None = None, place: Place | None = None) -> Vault:
        """A new signing key, and no epoch yet; nothing is saved before the first one."""
        return cls(SigningKey.generate(), None, key, place)

    @classmethod
    def opened(cls, place: Place, passphrase: str | bytes) -> Vault:
        """What is sealed there. AuthorityError for a wrong passphrase or a damaged file."""
        key = SealingKey.derive(passphrase, *_salt_and_cost(_parsed(place.load())))
        return cls.unsealed(place, key)

    @classmethod
    def unsealed(cls, place: Place, key: SealingKey) -> Vault:
        """The same, with the key that the passphrase gives."""
        signing_key, epochs, spares = _unsealed(place.load(), key)
        return cls(signing_key, epochs, key, place, spares)

    @property
    def signing_key(self) -> SigningKey:
        """The authority's. AuthorityError once the vault is closed."""
        if self._signing_key is None:
            raise AuthorityError("this authority is closed")
        return self._signing_key

    def secrets(self, number: int, terms: Terms) -> Secrets:
        """Those of one epoch. AuthorityError where they are not here, or not those of its public key."""
        with self._mutex:
            signing_key = self.signing_key
            if not self._has(number, terms):
                self._look_again()
            if not self._has(number, terms):
                self._take_spare(number, terms)
            if number not in self._epochs:
                raise AuthorityError(f"the master key of epoch {number} is not in the file of the master keys")
            if number not in self._known:
                self._known[number] = _for(terms, self._epochs[number], signing_key)
            return self._known[number]

    @property
    def newest(self) -> int:
        """The highest number of an epoch whose master key is here."""
        with self._mutex:
            return max(self._epochs, default=0)

    def keep(self, number: int, scheme: str, master: NativeSecretKey, reference: Reference | None) -> None:
        """Add an epoch, durably where there is a place. Whoever calls holds the right to write the log, which has no
        such epoch yet. What is here under the number is of a process that died, or of an epoch that a log lost which
        was put back: it stays, as a spare, for whoever finds that log again."""
        with self._mutex:
            signing_key = self.signing_key
            if self._place is not None and self._epochs:
                self._look_again()
            kept = _OfEpoch(scheme, master, b"" if reference is None else reference.to_bytes())
            epochs, spares = {**self._epochs, number: kept}, self._spares
            if number in self._epochs:
                spares = (*spares, self._epochs[number])
            if self._place is not None and self._key is not None:
                self._place.save(_sealed(signing_key, epochs, spares, self._key))
            self._epochs, self._spares = epochs, spares
            self._known.pop(number, None)

    def reseal(self, key: SealingKey) -> None:
        """Seal all of it under another key, durably; these bytes or those of before, whatever happens. Whoever calls
        holds the right to write the log, as for :meth:`keep`. AuthorityError where another process was first."""
        with self._mutex:
            signing_key = self.signing_key
            if self._place is None or self._key is None:
                raise AuthorityError("an authority in memory has no passphrase")
            self._look_again()
            data = _sealed(signing_key, self._epochs, self._spares, key)
            _unsealed(data, key)  # what could not be opened again takes no place
            self._place.save(data)
            self._key = key

    def close(self) -> None:
        """Forget all of it."""
        with self._mutex:
            self._signing_key, self._key = None, None
            self._epochs, self._known, self._spares = {}, {}, ()

    def _take_spare(self, number: int, terms: Terms) -> None:
        """Where the log has the epoch that a spare is of, that one counts."""
        for spare in self._spares:
            if _is_of(spare, terms):
                self._epochs[number] = spare
                self._known.pop(number, None)

    def _has(self, number: int, terms: Terms) -> bool:
        kept = self._epochs.get(number)
        return kept is not None and _is_of(kept, terms)

    def _look_again(self) -> None:
        """Take what another process saved since."""
        if self._place is None or self._key is None:
            return
        signing_key, epochs, spares = _unsealed(self._place.load(), self._key)
        if signing_key.public != self.signing_key.public:
            raise AuthorityError("the file of the master keys was replaced: it is another authority's")
        self._epochs, self._known, self._spares = epochs, {}, spares

    def __repr__(self) -> str:
        return f"Vault({len(self._epochs)} epochs)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority's secrets are never pickled")


def _is_of(kept: _OfEpoch, terms: Terms) -> bool:
    return kept.scheme == terms.scheme and kept.master.public_key_id == terms.public.id


def _for(terms: Terms, kept: _OfEpoch, signing_key: SigningKey) -> Secrets:
    if not _is_of(kept, terms):
        raise AuthorityError("the master keys are not those of this log: they do not belong to its public key")
    try:
        known = Reference.from_bytes(kept.reference, terms.schema) if kept.reference else None
    except DecodeError as error:
        raise AuthorityError(f"the reference in the file of the master keys is none: {error}") from error
    return Secrets(kept.master, signing_key, known)


def _sealed(
    signing_key: SigningKey, epochs: dict[int, _OfEpoch], spares: tuple[_OfEpoch, ...], key: SealingKey
) -> bytes:
    parts = [(number, kept, kept.master.to_secret()) for number, kept in sorted(epochs.items())]
    parts += [(0, kept, kept.master.to_secret()) for kept in spares]
    listed = [
        {"epoch": number, "master": len(master), "reference": len(kept.reference), "scheme": kept.scheme}
        for number, kept, master in parts
    ]
    plain = SecretBytes(SEED_SIZE + sum(item["master"] + item["reference"] for item in listed))  # type: ignore[operator]
    view = plain.view()
    view[:SEED_SIZE] = signing_key.secret.view()
    at = SEED_SIZE
    for _, kept, master in parts:
        for part in (master.view(), memoryview(kept.reference)):
            view[at : at + len(part)] = part
            at += len(part)
    nonce = os.urandom(NONCE_SIZE)
    metadata = {**key.description, "epochs": listed, "nonce": nonce}
    header = Envelope(Kind.SEALED_AUTHORITY, NO_SCHEME, NO_ID, NO_ID, b"", metadata)
    return pack(replace(header, payload=key.encrypt(nonce, view, pack(header))))


def _parsed(data: bytes) -> Envelope:
    try:
        envelope = unpack(data, Kind.SEALED_AUTHORITY)
    except DecodeError as error:
        raise AuthorityError(f"not the master keys of an authority: {error}") from error
    plain = (envelope.scheme, envelope.parameter_hash, envelope.public_key_id, envelope.signature)
    if plain != (NO_SCHEME, NO_ID, NO_ID, b"") or "epochs" not in envelope.metadata:
        raise AuthorityError(
            "not the master keys of an authority's folder; the sealed file of an earlier version becomes a folder by "
            "KeyAuthority.migrate (pyfe authority migrate)"
        )
    return envelope


def _salt_and_cost(envelope: Envelope) -> tuple[bytes, int]:
    try:
        return salt_and_cost(Fields(envelope.metadata, _NAME))
    except DecodeError as error:
        raise AuthorityError(f"not the master keys of an authority: {error}") from error


def _unsealed(data: bytes, key: SealingKey) -> tuple[SigningKey, dict[int, _OfEpoch], tuple[_OfEpoch, ...]]:
    from cryptography.exceptions import InvalidTag

    envelope = _parsed(data)
    try:
        fields = Fields(envelope.metadata, _NAME)
        if salt_and_cost(fields) != (key.salt, key.log_cost):
            raise AuthorityError("the file of the master keys was sealed anew under another passphrase")
        nonce = fields.octets("nonce", NONCE_SIZE)
        listed = fields.take("epochs", list)
        fields.finish()
        opened = key.decrypt(nonce, bytes(envelope.payload), pack(replace(envelope, payload=b"")))
        return _read(opened.view(), listed)
    except InvalidTag as error:
        raise AuthorityError("the passphrase is wrong, or the file of the master keys is damaged") from error
    except DecodeError as error:
        raise AuthorityError(f"not the master keys of an authority: {error}") from error


def _read(view: memoryview, listed: list[Any]) -> tuple[SigningKey, dict[int, _OfEpoch], tuple[_OfEpoch, ...]]:
    """Signing key, epochs by number, and spares, which stand at the end under the number 0."""
    epochs, spares, at = dict[int, _OfEpoch](), list[_OfEpoch](), SEED_SIZE
    for item in listed:
        fields = Fields(item, _NAME)
        number, scheme = fields.integer("epoch", 0, 2**53 - 1), fields.take("scheme", str)
        sizes = fields.integer("master", 1, _MOST), fields.integer("reference", 0, _MOST)
        fields.finish()
        ordered = number > max(epochs, default=0) and not spares if number else bool(epochs)
        if scheme not in SCHEMES or not ordered or at + sum(sizes) > len(view):
            raise DecodeError(f"{_NAME}: epoch {number} is out of order, cut off, or of an unknown scheme")
        master, end = view[at : at + sizes[0]], at + sum(sizes)
        kept = _OfEpoch(scheme, adapter(scheme).read_secret_key(master), bytes(view[at + sizes[0] : end]))
        at = end
        if number:
            epochs[number] = kept
        else:
            spares.append(kept)
    if at != len(view):
        raise DecodeError(f"{_NAME}: {len(view) - at} bytes are left over")
    return SigningKey.from_seed(view[:SEED_SIZE]), epochs, tuple(spares)
