"""recommend: which scheme fits a schema and so many patients, and why; from the facts of the adapters alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pyfe.adapters import MAX_WEIGHT_BITS, SCHEMES, AnyAdapter, Packing, weight_bound
from pyfe.arguments import require_a, require_count
from pyfe.errors import ParameterError, UnsupportedError
from pyfe.schema import Schema

__all__ = ["Choice", "Recommendation", "recommend"]

_MOST_PATIENTS = 10**12
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True)
class Choice:
    """A scheme, what it would cost, and what stands against it.

    against: why it does not do, a sentence each; empty where it does. weight_bits: of the functions. bytes_in_all: of
    all patients' ciphertexts, bytes_a_patient their mean, bytes_of_one: of a patient who is encrypted alone; None where
    the scheme has no parameters for the schema. together: patients in a full ciphertext. quantum_bits: estimated work
    of a quantum computer as a power of 2; None where one breaks the scheme. exact: whether results are those of
    the function on the encoded rows, as they are under every scheme unless the schema has noise slots. sums, proofs:
    whether ciphertexts of this schema can be added, and scores proven. signed: whether evaluators answer for signed
    ciphertexts only, since a refusal is an answer. search: whether a decryption ends in one. rests_on: what secrecy
    rests on.
    """

    scheme: str
    id: str
    weight_bits: int
    against: tuple[str, ...]
    bytes_in_all: int | None
    bytes_a_patient: float | None
    bytes_of_one: int | None
    together: int
    quantum_bits: float | None
    exact: bool
    sums: bool
    proofs: bool
    signed: bool
    search: bool
    rests_on: str

    @property
    def fits(self) -> bool:
        """Whether nothing stands against it."""
        return not self.against

    @property
    def post_quantum(self) -> bool:
        """Whether no quantum computer is known to break it."""
        return self.quantum_bits is not None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        against = list(self.against)
        return {**asdict(self), "against": against, "fits": self.fits, "post_quantum": self.post_quantum}


@dataclass(frozen=True)
class Recommendation:
    """What :func:`recommend` says; printing it gives a table. ``scheme``: for :meth:`pyfe.KeyAuthority.create`;
    ``reasons``: why, a sentence each; ``choices``: all schemes, what fits first, the smallest first."""

    scheme: str
    reasons: tuple[str, ...]
    choices: tuple[Choice, ...]
    patients: int
    at_a_time: int

    @property
    def choice(self) -> Choice:
        """The scheme that is recommended."""
        return self.choices[0]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        choices = [choice.to_dict() for choice in self.choices]
        asked = {"patients": self.patients, "at_a_time": self.at_a_time}
        return {"scheme": self.scheme, "reasons": list(self.reasons), **asked, "choices": choices}

    def __str__(self) -> str:
        rows = [_HEAD, *(_cells(choice) for choice in self.choices)]
        widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
        table = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
        against = (f"not {c.scheme}: {'; '.join(c.against)}" for c in self.choices if not c.fits)
        return "\n".join([f"scheme: {self.scheme}", *table, *(f"- {reason}" for reason in self.reasons), *against])


_HEAD = (
    "scheme",
    "a patient",
    "one alone",
    "in all",
    "together",
    "post-quantum",
    "exact",
    "sums",
    "proofs",
    "rests on",
)


def _cells(choice: Choice) -> tuple[str, ...]:
    sizes = (choice.bytes_a_patient, choice.bytes_of_one, choice.bytes_in_all)
    quantum = "no" if choice.quantum_bits is None else f"{choice.quantum_bits:.0f} bits"
    facts = ("yes" if fact else "no" for fact in (choice.exact, choice.sums, choice.proofs))
    return (choice.scheme, *map(_size, sizes), str(choice.together), quantum, *facts, choice.rests_on)


def _size(count: float | None) -> str:
    if count is None:
        return "-"
    scale, unit = next(((scale, unit) for scale, unit in _UNITS if count >= scale), (1.0, "B"))
    return f"{count / scale:.3g} {unit}" if count < 1000 * scale else f"{count / scale:,.0f} {unit}"


# ---------------------------------------------------------------------------------------------------------------
# What is asked, and each scheme's answer


@dataclass(frozen=True)
class _Asked:
    """A question, checked."""

    schema: Schema
    patients: int
    at_a_time: int
    kind: str
    weight_bits: int | None
    sums: bool
    proofs: bool
    post_quantum: bool

    def choice(self, scheme: AnyAdapter) -> Choice:
        """A scheme's costs, and what stands against it."""
        bits = scheme.default_weight_bits if self.weight_bits is None else self.weight_bits
        packing, strength, against = None, None, [*self._against(scheme, bits)]
        try:
            packing, strength = scheme.packing(self.schema, bits), scheme.quantum_bits(self.schema, bits)
        except ParameterError as error:
            against.append(str(error))
        else:
            if self.post_quantum and strength is None:
                against.append("a quantum computer breaks it")
        in_all = None if packing is None else self.bytes_of(packing)
        return Choice(
            scheme=scheme.short,
            id=scheme.id,
            weight_bits=bits,
            against=tuple(against),
            bytes_in_all=in_all,
            bytes_a_patient=None if in_all is None else in_all / self.patients,
            bytes_of_one=None if packing is None else packing.bytes_of(1),
            together=scheme.block_rows,
            quantum_bits=strength,
            exact=self.schema.noise is None,
            sums=scheme.adds(self.schema),
            proofs=scheme.provable,
            signed=scheme.refusal_answers,
            search=scheme.search is not None,
            rests_on=scheme.rests_on,
        )

    def bytes_of(self, packing: Packing) -> int:
        """Of all patients, so many at a time."""
        batches, rest = divmod(self.patients, self.at_a_time)
        return batches * packing.bytes_of(self.at_a_time) + packing.bytes_of(rest)

    def _against(self, scheme: AnyAdapter, bits: int) -> Iterator[str]:
        if self.kind not in scheme.serves:
            yield f"it serves {' and '.join(scheme.serves)} functions only"
        most = max(scheme.safe_weight_bits.values())
        if bits > most:
            yield f"the default policy allows weights of {most} bits at most, not {bits}"
        if self.sums and not scheme.additive:
            yield "its ciphertexts cannot be added"
        elif self.sums and not scheme.adds(self.schema):
            yield f"sum_w of the schema is {self.schema.sum_w}, so that there are no sums (schema.with_sum_w)"
        if self.proofs and not scheme.provable:
            yield "it has no proofs of scores"


def recommend(
    schema: Schema,
    *,
    patients: int,
    at_a_time: int | None = None,
    kind: str = "linear",
    weight_bits: int | None = None,
    sums: bool = False,
    proofs: bool = False,
    post_quantum: bool = False,
) -> Recommendation:
    """Which scheme fits a schema and so many patients, and why: of those that have what is asked, the one whose
    ciphertexts take the fewest bytes.

    Parameters
    ----------
    patients: how many there are in all, 1 to 10^12.
    at_a_time: how many are encrypted together; by default all of them. It decides where rows are packed: a ciphertext
        of one patient takes nearly as many bytes there as one of a hundred.
    kind: ``"linear"`` or ``"quadratic"``, the kind of the functions.
    weight_bits: of the functions (``function.weight_bits``); by default those of each scheme.
    sums: whether encrypted rows are to be added. proofs: whether scores are to be proven.
    post_quantum: whether ciphertexts have to stay secret when there are quantum computers.

    Sizes are of ciphertexts without what stands around them, some hundred bytes a batch. All figures follow from the
    schema; nothing is encrypted. Raises ParameterError for a question that cannot be asked, UnsupportedError where no
    scheme does, with what stands against each. Cost: some milliseconds.

    >>> import pyfe
    >>> schema = pyfe.Schema.from_ranges({f"c{i}": pyfe.number(0, 255, step=1) for i in range(30)})
    >>> pyfe.recommend(schema, patients=1_000_000).scheme
    'ipfe-rlwe'
    >>> pyfe.recommend(schema, patients=1_000_000, at_a_time=1).scheme
    'ipfe-ddh'
    """
    asked = _checked(schema, patients, at_a_time, kind, weight_bits, (sums, proofs, post_quantum))
    choices = sorted((asked.choice(scheme) for scheme in SCHEMES.values()), key=_order)
    if not choices[0].fits:
        told = "; ".join(f"{choice.scheme}: {', '.join(choice.against)}" for choice in choices)
        raise UnsupportedError(f"no scheme has all that is asked ({told})")
    return Recommendation(
        choices[0].scheme, tuple(_reasons(asked, choices)), tuple(choices), asked.patients, asked.at_a_time
    )


def _order(choice: Choice) -> tuple[bool, float]:
    return not choice.fits, math.inf if choice.bytes_in_all is None else choice.bytes_in_all


def _checked(
    schema: Schema,
    patients: int,
    at_a_time: int | None,
    kind: str,
    weight_bits: int | None,
    wanted: tuple[bool, bool, bool],
) -> _Asked:
    require_a(schema, Schema, "schema")
    require_count(patients, 1, _MOST_PATIENTS, "patients")
    if at_a_time is not None:
        require_count(at_a_time, 1, _MOST_PATIENTS, "at_a_time")
    if weight_bits is not None:
        require_count(weight_bits, 2, MAX_WEIGHT_BITS, "weight_bits")
    known = sorted({served for scheme in SCHEMES.values() for served in scheme.serves})
    if kind not in known:
        raise ParameterError(f"kind must be {' or '.join(known)}, not {kind!r}")
    for name, flag in zip(("sums", "proofs", "post_quantum"), wanted, strict=True):
        require_a(flag, bool, name)
    together = patients if at_a_time is None else min(at_a_time, patients)
    return _Asked(schema, patients, together, kind, weight_bits, *wanted)


# ---------------------------------------------------------------------------------------------------------------
# Why


def _reasons(asked: _Asked, choices: Sequence[Choice]) -> Iterator[str]:
    best, others = choices[0], [choice for choice in choices[1:] if choice.fits]
    yield (
        f"the fewest bytes of those that have what is asked: {_size(best.bytes_a_patient)} a patient, "
        f"{_size(best.bytes_in_all)} in all, where {asked.at_a_time} are encrypted together"
    )
    for other in others:
        yield from _compared(asked, best, other)
    if best.together > 1:
        yield (
            f"a ciphertext holds up to {best.together} patients, and takes {_size(best.bytes_of_one)} for one alone: "
            "encrypt many together"
        )
    if asked.sums and best.together > 1:
        yield "batches are added row by row; rows of one batch are not"
    yield (
        "a quantum computer breaks it: what has to stay secret for decades is recorded today"
        if best.quantum_bits is None
        else f"no quantum computer is known to break it: about 2^{best.quantum_bits:.0f} steps by our own estimate"
    )
    if best.signed:
        yield "a refusal tells of the key: evaluators answer for signed ciphertexts only (pyfe.Evaluator)"
    yield from _of_results(asked, best)


def _compared(asked: _Asked, best: Choice, other: Choice) -> Iterator[str]:
    assert best.bytes_in_all is not None and other.bytes_in_all is not None  # both fit
    times = f"{other.scheme} takes {other.bytes_in_all / best.bytes_in_all:.3g} times as many"
    packed, single = (best, other) if best.together > other.together else (other, best)
    edge = None if packed.together == single.together else _edge(*(_packing(asked, c) for c in (packed, single)))
    fewer = "it" if packed is other else packed.scheme
    yield times if edge is None else f"{times}; {fewer} takes fewer where {edge} or more are encrypted together"


def _packing(asked: _Asked, choice: Choice) -> Packing:
    return SCHEMES[choice.id].packing(asked.schema, choice.weight_bits)


def _edge(packed: Packing, single: Packing) -> int | None:
    """The least number of rows from which a ciphertext of packed rows is not larger; None where it always is."""
    edge = None
    for rows in range(packed.block_rows, 0, -1):
        if packed.bytes_of(rows) > single.bytes_of(rows):
            break
        edge = rows
    return edge


def _of_results(asked: _Asked, best: Choice) -> Iterator[str]:
    if not best.exact:
        yield "results carry the noise of the schema's slots, under every scheme"
    scheme = SCHEMES[best.id]
    if asked.kind == "linear":
        span = weight_bound(best.weight_bits) * int((asked.schema.hi.astype(object) - asked.schema.lo).sum())
        if span > scheme.widest:
            yield (
                f"results of {best.weight_bits}-bit weights may span 2^{math.log2(span):.0f}, and those of a key "
                f"2^{math.log2(scheme.widest):.0f} at most: take fewer bits, or a function whose results span less"
            )
