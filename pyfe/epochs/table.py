"""The epoch table: what an authority signs for data owners, one line for every master key that it ever had.

A data owner who encrypts a patient under a second master key has to know what the keys of both say together. The
authority cannot count that, for it never sees a patient; so it states for each epoch what all keys of it say (their
span, not the keys), how many bits that is, and of how many. Bits are integers in thousandths, I rounded up and H down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flint import fmpz_mat

from pyfe.adapters import SCHEMES
from pyfe.arguments import listed, require_a, require_count
from pyfe.errors import DecodeError, KeyMismatchError, ParameterError
from pyfe.forms import Forms, forms_from_dict
from pyfe.leakage import Free
from pyfe.schema import Schema
from pyfe.strict import reading
from pyfe.wire.envelope import NO_ID, NO_SCHEME, Envelope, Kind, as_bytes, pack, signed_part, unpack
from pyfe.wire.fields import Fields
from pyfe.wire.hashing import fingerprint_of, public_key_digest, tagged_hash
from pyfe.wire.pickling import PickledAsBytes
from pyfe.wire.signature import KEY_SIZE, SIGNATURE_SIZE, SigningKey, require_key, require_valid

__all__ = ["Epoch", "EpochTable"]

_NAME = "epoch table"
_TAG = b"PYFE-V1-epoch-table"
_ID_SIZE = 32

MOST_EPOCHS = 4096
MOST_ROWS = 4096
"""Scores of one epoch, as rows or as outputs of forms: more than the coordinates of all but the widest schemas."""

LAST_SECOND = 2**32
MOST_NUMBER = 2**53 - 1
_WIDEST = 2**63
_STATES = ("doubtful", "open", "retired")


@dataclass(frozen=True, eq=False, kw_only=True)
class Epoch:
    """One master key of an authority, and what its keys say together, revoked and lost ones too.

    Attributes
    ----------
    number, state: counted from 1; "open", "retired" (no new key is issued of it) or "doubtful" (it comes from a backup,
        and may have keys that its authority does not know).
    public_key_id, schema, scheme: of its public key.
    keys: how many keys were issued.
    rows: their span over the free coordinates of the schema (:class:`pyfe.leakage.Free`), integers ``[r][f]``: the
        reduced basis of all linear ones; behind noise, every row that was issued, each once.
    slots: behind noise, the id of the slot of each row, None where it has none; empty without noise.
    forms: the independent quadratic ones, where not all are linear in the private columns; then ``rows`` is empty.
    rank: independent scores, as rule 3 counts them.
    said, entropy: I and H in thousandths of a bit.
    blind: whether H is of a schema alone, without a reference of the population.
    expires: the last second of the last key; None where there is none, or one has no end.
    """

    number: int
    state: str = "open"
    public_key_id: bytes
    schema: Schema
    scheme: str
    keys: int
    rows: tuple[tuple[int, ...], ...] = ()
    slots: tuple[int | None, ...] = ()
    forms: tuple[Forms, ...] = ()
    rank: int
    said: int
    entropy: int
    blind: bool
    expires: int | None = None

    def __post_init__(self) -> None:
        """ParameterError for what no epoch can say."""
        require_count(self.number, 1, MOST_NUMBER, "the number of an epoch")
        for name in ("keys", "rank", "said", "entropy"):
            require_count(getattr(self, name), 0, MOST_NUMBER, f"epoch {self.number}: {name}")
        if self.expires is not None:
            require_count(self.expires, 0, LAST_SECOND, f"epoch {self.number}: expires")
        require_a(self.schema, Schema, f"epoch {self.number}: its schema")
        for text in (self.state, self.scheme):
            require_a(text, str, f"epoch {self.number}: its state or scheme")
        if self.state not in _STATES or self.scheme not in SCHEMES or type(self.blind) is not bool:
            raise ParameterError(f"epoch {self.number}: its state or scheme is none that there is")
        if type(self.public_key_id) is not bytes or len(self.public_key_id) != _ID_SIZE:
            raise ParameterError(f"epoch {self.number}: the id of a public key is {_ID_SIZE} bytes")
        self._require_rows()
        self._require_forms()

    def _require_rows(self) -> None:
        width, noisy = len(Free(self.schema)), self.schema.noise is not None
        if len(self.rows) > MOST_ROWS or any(len(row) != width for row in self.rows):
            raise ParameterError(f"epoch {self.number}: at most {MOST_ROWS} rows of {width} free coordinates")
        if not all(type(v) is int and -_WIDEST <= v < _WIDEST for row in self.rows for v in row):
            raise ParameterError(f"epoch {self.number}: its rows are integers of 64 bits")
        if len(self.slots) != (len(self.rows) if noisy else 0):
            raise ParameterError(f"epoch {self.number}: each row behind noise has a slot, and no other row")
        known = () if self.schema.noise is None else self.schema.noise.ids
        if not all(slot is None or (type(slot) is int and slot in known) for slot in self.slots):
            raise ParameterError(f"epoch {self.number}: its slots are those of its schema")
        if not noisy and not self.forms and self.rank != len(self.rows):
            raise ParameterError(f"epoch {self.number}: {len(self.rows)} rows that are independent have that rank")

    def _require_forms(self) -> None:
        n = self.schema.n + 1
        if self.forms and (self.rows or sum(part.k for part in self.forms) > MOST_ROWS):
            raise ParameterError(f"epoch {self.number}: it has rows or forms, at most {MOST_ROWS} of them")
        if any((part.n, part.m) != (n, n) for part in self.forms):
            raise ParameterError(f"epoch {self.number}: its forms are of {n} coordinates, the first of them 1")
        if not self.keys and (self.rows or self.forms or self.rank or self.said):
            raise ParameterError(f"epoch {self.number}: without a key it says nothing")

    @property
    def silent(self) -> bool:
        """Whether it never says anything: retired without a key that does."""
        return self.state == "retired" and not (self.rows or self.forms)

    @property
    def undecided(self) -> bool:
        """Whether what it says, or will say, is not known: in doubt, or open and without a key."""
        return self.state == "doubtful" or (self.state == "open" and not self.keys)

    def follows(self, before: Epoch) -> bool:
        """Whether this can be the same epoch later: the same master key, whose keys say all that they said."""
        require_a(before, Epoch, "the epoch before")
        same = (self.number, self.public_key_id, self.schema.id, self.scheme)
        ended = before.state != "open" and self.state == "open"
        fewer = self.keys < before.keys or self.rank < before.rank or self.said < before.said
        if same != (before.number, before.public_key_id, before.schema.id, before.scheme) or ended or fewer:
            return False
        if self.slots or before.slots:
            now = set(zip(self.rows, self.slots, strict=True))
            return set(zip(before.rows, before.slots, strict=True)) <= now
        return not before.rows or bool(self.forms) or _rank([*self.rows, *before.rows]) == len(self.rows)

    @property
    def name(self) -> str:
        """The epoch in messages."""
        return f"epoch {self.number}"

    def to_map(self) -> dict[str, Any]:
        """The epoch as a map that CBOR can hold."""
        return {
            "blind": self.blind,
            "entropy": self.entropy,
            "expires": self.expires,
            "forms": [part.to_dict() for part in self.forms],
            "keys": self.keys,
            "number": self.number,
            "public_key_id": self.public_key_id,
            "rank": self.rank,
            "rows": [list(row) for row in self.rows],
            "said": self.said,
            "schema": self.schema.to_bytes(),
            "scheme": self.scheme,
            "slots": list(self.slots),
            "state": self.state,
        }

    @classmethod
    def from_map(cls, values: Any) -> Epoch:
        """The inverse of :meth:`to_map`. DecodeError for anything else."""
        fields = Fields(values, _NAME)
        rows, slots, forms = (fields.take(name, list) for name in ("rows", "slots", "forms"))
        if not all(type(row) is list for row in rows):
            raise DecodeError(f"{_NAME}: a row is a list of integers")
        taken = {name: fields.take(name, int) for name in ("number", "keys", "rank", "said", "entropy")}
        epoch = cls(
            **taken,
            state=fields.take("state", str),
            public_key_id=fields.octets("public_key_id", _ID_SIZE),
            schema=Schema.from_bytes(fields.take("schema", bytes)),
            scheme=fields.take("scheme", str),
            rows=tuple(map(tuple, rows)),
            slots=tuple(slots),
            forms=tuple(forms_from_dict(part) for part in forms),
            blind=fields.take("blind", bool),
            expires=fields.optional("expires", int),
        )
        fields.finish()
        return epoch


@dataclass(frozen=True, repr=False, eq=False)
class EpochTable(PickledAsBytes):
    """All epochs of an authority as they were when its log had ``size`` entries, at the second ``at``, signed by it.

    Made by the authority, and read by data owners, who pin ``verification_key``: it is in every public key. Everybody
    may have it: it says what could be computed from all keys, and whose they are it does not say.
    """

    verification_key: bytes
    size: int
    at: int
    epochs: tuple[Epoch, ...]
    signature: bytes

    def __post_init__(self) -> None:
        require_key(self.verification_key, "the authority of an epoch table")
        require_count(self.size, 0, MOST_NUMBER, "the size of a log")
        require_count(self.at, 0, LAST_SECOND, "the second of an epoch table")
        for epoch in self.epochs:
            require_a(epoch, Epoch, "an epoch of a table")
        if not 1 <= len(self.epochs) <= MOST_EPOCHS:
            raise ParameterError(f"an epoch table has 1 to {MOST_EPOCHS} epochs, not {len(self.epochs)}")
        if [epoch.number for epoch in self.epochs] != list(range(1, len(self.epochs) + 1)):
            raise ParameterError("the epochs of a table are numbered from 1, without a gap")
        if len({epoch.public_key_id for epoch in self.epochs}) != len(self.epochs):
            raise ParameterError("every epoch of a table has a public key of its own")

    @classmethod
    def signed(cls, signing_key: SigningKey, *, size: int, at: int, epochs: Sequence[Epoch]) -> EpochTable:
        """The table of an authority, signed by it. ParameterError for what is no table."""
        require_a(signing_key, SigningKey, "the signing key of a table")
        unsigned = cls(signing_key.public, size, at, tuple(listed(epochs, "epochs")), bytes(SIGNATURE_SIZE))
        return replace(unsigned, signature=signing_key.sign(signed_part(unsigned.to_bytes())))

    def to_bytes(self) -> bytes:
        """The canonical encoding: one envelope, all of it in the metadata, and the signature."""
        metadata = {
            "at": self.at,
            "epochs": [epoch.to_map() for epoch in self.epochs],
            "size": self.size,
            "verification_key": self.verification_key,
        }
        return pack(Envelope(Kind.EPOCH_TABLE, NO_SCHEME, NO_ID, NO_ID, b"", metadata, self.signature))

    @classmethod
    def from_bytes(cls, data: bytes, *, verification_key: bytes | None = None) -> EpochTable:
        """The table that ``data`` encodes, its signature checked before anything that it says.

        With ``verification_key``, KeyMismatchError unless it is that authority's. DecodeError for bytes that are not
        the canonical encoding of a table, SignatureError for a wrong signature.
        """
        table = _decode(as_bytes(data))
        if verification_key is not None:
            require_a(verification_key, bytes, "verification_key")
        if verification_key is not None and table.verification_key != verification_key:
            raise KeyMismatchError("the epoch table is another authority's than the one that was pinned")
        return table

    @property
    def id(self) -> bytes:
        """Hash (32 bytes) of all that is signed."""
        return tagged_hash(_TAG, signed_part(self.to_bytes()))

    def epoch_of(self, public_key_id: bytes) -> Epoch:
        """The epoch of a public key. KeyMismatchError where the table has none."""
        require_a(public_key_id, bytes, "the id of a public key")
        found = next((epoch for epoch in self.epochs if epoch.public_key_id == public_key_id), None)
        if found is None:
            raise KeyMismatchError(
                f"the epoch table, of {len(self.epochs)} epoch(s), does not name the public key "
                f"{public_key_id.hex()[:12]}; ask the authority for its newest table"
            )
        return found

    def require_open(self, public_key_id: bytes) -> None:
        """ParameterError where the epoch of a public key gets no new keys, as far as the table knows; KeyMismatchError
        where it has none."""
        epoch = self.epoch_of(public_key_id)
        if epoch.state == "open":
            return
        newest = next((each.number for each in reversed(self.epochs) if each.state == "open"), None)
        instead = "no epoch is open: ask the authority" if newest is None else f"epoch {newest} is open"
        raise ParameterError(
            f"epoch {epoch.number} of this public key is {epoch.state}: it gets no new key, so that rows under it are "
            f"scored by the {epoch.keys} it has at most; {instead}. --retired (retired=True) encrypts under it all the "
            "same"
        )

    def info(self) -> dict[str, Any]:
        """What there is to know about it, in plain types."""
        return {
            "object": _NAME,
            "verification_key": self.verification_key.hex(),
            "id": fingerprint_of(self.id),
            "entries_of_the_log": self.size,
            "at": self.at,
            "epochs": {epoch.name: dict(_described(epoch, self.verification_key)) for epoch in self.epochs},
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EpochTable) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"EpochTable({len(self.epochs)} epochs, {self.size} entries of the log, {self.id.hex()[:12]})"


def _described(epoch: Epoch, verification_key: bytes) -> Iterator[tuple[str, Any]]:
    yield "state", epoch.state
    yield "public_key_id", epoch.public_key_id.hex()
    yield "public_key_fingerprint", fingerprint_of(public_key_digest(epoch.public_key_id, verification_key))
    yield "schema_id", epoch.schema.id.hex()
    yield "scheme", epoch.scheme
    yield "keys", epoch.keys
    yield "rank", epoch.rank
    yield "bits_said", epoch.said / 1000
    yield "bits_of_a_row", epoch.entropy / 1000
    yield "reference", not epoch.blind
    yield "expires", epoch.expires


def _decode(data: bytes) -> EpochTable:
    envelope = unpack(data, Kind.EPOCH_TABLE)
    fields = Fields(envelope.metadata, _NAME)
    verification_key = fields.octets("verification_key", KEY_SIZE)
    if not envelope.signature:
        raise DecodeError(f"{_NAME}: it must be signed")
    require_valid(verification_key, envelope.signature, signed_part(data), _NAME)
    size, at, epochs = fields.take("size", int), fields.take("at", int), fields.take("epochs", list)
    fields.finish()
    with reading(f"an {_NAME}"):
        stated = tuple(map(Epoch.from_map, epochs))
        table = EpochTable(verification_key, size, at, stated, envelope.signature)
    if table.to_bytes() != data:
        raise DecodeError(f"{_NAME}: it is not the one encoding of what it says")
    return table


def _rank(rows: Sequence[Sequence[int]]) -> int:
    return int(fmpz_mat([list(row) for row in rows]).rank())
