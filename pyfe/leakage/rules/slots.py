"""The rules of noise slots: every score has noise of its own, and no combination of scores loses it."""

from __future__ import annotations

from collections.abc import Sequence

from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.question import Question
from pyfe.leakage.slots import NoisyRow, meets, noisy_rows

__all__ = ["blurred", "one_slot", "second_slot", "shared_slot"]

_NO_AVERAGE = (
    "Compute what follows from the scores that were issued; of several classes, whose scores sum to nothing, ask for "
    "one against the rest"
)


def one_slot(question: Question) -> list[Finding]:
    """Every requested row has the weight 1 on one slot, and 0 on all others: a weight e would leave ``z mod e`` clean,
    and without a slot all of z is."""
    part = question.after.schema.noise_part
    for output, row in enumerate(question.requested[:, part].tolist()):
        used = [value for value in row if value]
        if used != [1]:
            how = (
                "has no slot"
                if not used
                else f"has {len(used)} slots"
                if len(used) > 1
                else f"has the weight {used[0]}"
            )
            return [
                Finding("slot", rule="noise", note=f"output {output} {how}", advice=_advice(question, _rows(question)))
            ]
    return []


def blurred(question: Question) -> list[Finding]:
    """``meets(data) = 0`` and ``meets(noise) = 0`` (:mod:`pyfe.leakage.slots`) on all keys that a patient can meet,
    those of other epochs included: no combination is without noise, and none is noise alone.

    So a slot belongs to one direction for the life of an authority, which keeps it; the note says where a request
    breaks that.
    """
    rows = _rows(question)
    met = meets(rows)
    if met.data:
        note, advice = shared_slot(rows), _advice(question, rows)
        return [Finding("clean", rule="noise", figure=float(met.data), limit=0.0, note=note, advice=advice)]
    if met.noise:
        note = second_slot(rows)
        return [Finding("averaged", rule="noise", figure=float(met.noise), limit=0.0, note=note, advice=_NO_AVERAGE)]
    return []


def _rows(question: Question) -> list[NoisyRow]:
    """Everything that one patient's ciphertexts can meet, what is requested last."""
    return [*question.elsewhere, *noisy_rows(question.after.given, question.after.schema)]


def shared_slot(rows: Sequence[NoisyRow]) -> str:
    """Which slot two directions have, if two rows show it."""
    first: dict[object, NoisyRow] = {}
    for row in rows:
        if row.slot is not None and first.setdefault(row.slot, row).row != row.row:
            return f"slot {row.slot.id} belongs to another direction of keys"
    return ""


def second_slot(rows: Sequence[NoisyRow]) -> str:
    """Which slot a direction has that comes again with another one, if two rows show it."""
    first: dict[object, NoisyRow] = {}
    for row in rows:
        known = first.setdefault(frozenset(row.row.items()), row)
        if known.slot is not None and known.slot != row.slot:
            return f"this direction of keys has slot {known.slot.id}"
    return ""


def _advice(question: Question, rows: Sequence[NoisyRow]) -> str:
    noise = question.after.schema.noise
    taken = {row.slot.id for row in rows if row.slot is not None}
    free = [] if noise is None else [str(number) for number in noise.ids if number not in taken]
    if not free:
        return "No slot of the schema is free: a new direction needs a schema with more of them, in a later epoch"
    return f"Give every output a slot of its own that no key has, with function.with_slots: {', '.join(free[:8])}"
