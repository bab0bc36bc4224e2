"""Scores behind noise: whether some combination of them is free of noise, or is noise alone.

A key of a schema with noise slots (:func:`pyfe.noise`) opens ``z_j = <y_j, x> + eta_j``, the noise of one slot with
weight 1. The noise of a row is the same whenever the row is encrypted: so is that of a slot, in every epoch of an
authority. Then, over all keys that a patient can meet, whichever epoch they belong to::

    meets(data) = 0    no combination is free of noise: not that of (y, e_1) and (y', e_1), which is (y - y', 0)
    meets(noise) = 0   no combination is noise alone, by which noise is averaged or taken off: not (y, e_1) and (y, e_2)

Both are ranks: ``rank(rows) - rank(noise parts)`` and ``rank(rows) - rank(data parts)``. They imply what makes a slot:
it belongs to one direction, which keeps it in later epochs, and no other direction ever gets it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.leakage.lattice import Free
from pyfe.leakage.monomials import Monomial
from pyfe.leakage.span import CHECK_PRIME, GROUP_ORDER, Span
from pyfe.schema import Schema
from pyfe.schema.cells import same_name

__all__ = ["Meets", "NoisyRow", "Slot", "all_noisy", "bits_behind_noise", "meets", "noise_of_form", "noisy_rows"]

Value: TypeAlias = int | Fraction


@dataclass(frozen=True)
class Slot:
    """Where noise comes from: what is drawn is a function of these, and of the raw values of the named columns. Slots
    that differ in anything are independent."""

    id: int
    sd: int
    columns: frozenset[str]


@dataclass(frozen=True)
class NoisyRow:
    """One score that a patient's ciphertexts can meet.

    epoch: which master key opens it; for messages only, keys of all epochs are pooled.
    slot: the noise in it; None for one without.
    row: its weights by name of what it is linear in. Rows of different epochs are written over common coordinates:
        those of the schema where the epochs share it, raw values where steps are commensurable.
    """

    epoch: Hashable
    slot: Slot | None
    row: Mapping[str, Value]


@dataclass(frozen=True)
class Meets:
    """Dimensions of what combinations of scores meet: ``data`` without noise, and ``noise`` without data."""

    data: int
    noise: int


def meets(rows: Iterable[NoisyRow]) -> Meets:
    """What combinations of these scores are free of noise, and noise alone; modulo the group order and 2^61 - 1, the
    larger counts. Neither order nor basis of the rows matters. Cost: O(rank (coordinates + slots)) a row."""
    stated: object = rows
    given = list(rows) if isinstance(stated, Iterable) else []
    if not isinstance(stated, Iterable) or not all(isinstance(row, NoisyRow) for row in given):
        raise ParameterError("scores are pyfe.leakage.NoisyRow, as pyfe.leakage.noisy_rows makes them")
    names = {name: place for place, name in enumerate(dict.fromkeys(name for row in given for name in row.row))}
    slots = {slot: place for place, slot in enumerate(dict.fromkeys(row.slot for row in given if row.slot is not None))}
    found = [_modulo(given, names, slots, prime) for prime in (GROUP_ORDER, CHECK_PRIME)]
    return Meets(max(one.data for one in found), max(one.noise for one in found))


def _modulo(rows: Sequence[NoisyRow], names: Mapping[str, int], slots: Mapping[Slot, int], prime: int) -> Meets:
    whole, data, noise = (Span(prime=prime, traced=False) for _ in range(3))
    for row in rows:
        left, right = [0] * len(names), [0] * len(slots)
        for name, value in row.row.items():
            left[names[name]] = _residue(value, prime)
        if row.slot is not None:
            right[slots[row.slot]] = 1
        whole.add(left + right)
        data.add(left)
        noise.add(right)
    return Meets(whole.rank - noise.rank, whole.rank - data.rank)


def _residue(value: Value, prime: int) -> int:
    number = Fraction(value)
    return number.numerator * pow(number.denominator, -1, prime) % prime


def noisy_rows(weights: IntArray, schema: Schema, epoch: Hashable = 0) -> list[NoisyRow]:
    """Rows int64 ``[k, n]`` of a schema over its free coordinates, each with its slot. One that has another weight than
    1 on a slot, or several slots, counts as one without noise: :func:`pyfe.leakage.rules.slots.one_slot` refuses it."""
    free = Free(schema)
    names = [same_name(schema.coordinate_names[position]) for position in free.positions.tolist()]
    data = free.rows(weights)
    return [
        NoisyRow(epoch, slot, {name: value for name, value in zip(names, row, strict=True) if value})
        for row, slot in zip(data, _slots(weights, schema), strict=True)
    ]


def all_noisy(weights: IntArray, schema: Schema) -> bool:
    """Whether each of these rows int64 ``[k, n]`` has a slot of the schema, with weight 1."""
    return schema.noise is not None and None not in _slots(weights, schema)


def noise_of_form(
    form: Mapping[Monomial, int], schema: Schema
) -> tuple[dict[Monomial, int], dict[Monomial, int], Slot | None]:
    """A form over ``(1, x)`` without the monomials that have a slot in them, these monomials, and its slot: None unless
    they are one slot by itself, with the weight 1."""
    noise, part = schema.noise, schema.noise_part
    inside = range(part.start + 1, part.stop + 1)
    data = {pair: value for pair, value in form.items() if pair[0] not in inside and pair[1] not in inside}
    rest = {pair: value for pair, value in form.items() if pair not in data}
    if noise is None or list(rest.values()) != [1] or next(iter(rest))[0]:
        return data, rest, None
    number = noise.ids[next(iter(rest))[1] - inside.start]
    return data, rest, Slot(number, noise.sd, frozenset(schema.input_columns))


def bits_behind_noise(values: FloatArray, sd: int) -> float:
    """Most bits that answers say which each have noise of standard deviation ``sd`` of their own, from drawn answers
    without it, float64 ``[k, rows]``: ``1/2 log2 det(1 + C / sd^2)``, C their covariance, the capacity of a Gaussian
    channel (Cover and Thomas, *Elements of Information Theory*, 2006, section 9.4)."""
    centred = values - values.mean(axis=1, keepdims=True)
    covariance = centred @ centred.T / (values.shape[1] * float(sd) ** 2)
    return float(np.linalg.slogdet(np.eye(len(values)) + covariance)[1]) / math.log(4)


def _slots(weights: IntArray, schema: Schema) -> list[Slot | None]:
    noise, part = schema.noise, schema.noise_part
    if noise is None:
        return [None] * len(weights)
    columns = frozenset(map(same_name, schema.input_columns))  # as noise is drawn: names in normal form C
    slots = [Slot(number, noise.sd, columns) for number in noise.ids]
    used = [
        [(slot, value) for slot, value in zip(slots, row, strict=True) if value] for row in weights[:, part].tolist()
    ]
    return [pairs[0][0] if [value for _, value in pairs] == [1] else None for pairs in used]
