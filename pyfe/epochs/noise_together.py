"""Scores behind noise over epochs: no combination loses its noise, and none is noise alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyfe.epochs.joint import Joint
from pyfe.epochs.table import Epoch
from pyfe.leakage import Finding, NoisyRow, Slot, meets

__all__ = ["noise_findings"]


def noise_findings(epochs: Sequence[Epoch], joint: Joint) -> Iterator[Finding]:
    """``meets(data)`` is what the scores without noise are by themselves, and ``meets(noise) = 0``, over the joint
    variables. Where columns are split, a slot that stands in two epochs counts as cancelled: whether it is the same
    direction cannot be said."""
    rows = [one for epoch in epochs for one in _rows(epoch, joint)]
    met, clean = meets(rows), meets([row for row in rows if row.slot is None])
    if met.data > clean.data:
        yield Finding("clean", rule="noise", figure=float(met.data - clean.data), limit=0.0)
    elif met.noise:
        yield Finding("averaged", rule="noise", figure=float(met.noise), limit=0.0)
    twice = _shared(rows) if joint.split else None
    if twice is not None:
        note = f"slot {twice.id} stands in two epochs whose columns cannot be compared"
        yield Finding("clean", rule="noise", figure=1.0, limit=0.0, note=note)


def _rows(epoch: Epoch, joint: Joint) -> list[NoisyRow]:
    noise, columns = epoch.schema.noise, frozenset(epoch.schema.input_columns)
    slots = epoch.slots or (None,) * len(epoch.rows)
    found = []
    for row, number in zip(joint.rows[epoch.number], slots, strict=True):
        slot = None if number is None or noise is None else Slot(number, noise.sd, columns)
        found.append(NoisyRow(epoch.number, slot, {str(at): value for at, value in enumerate(row) if value}))
    return found


def _shared(rows: Sequence[NoisyRow]) -> Slot | None:
    first: dict[Slot, object] = {}
    for row in rows:
        if row.slot is not None and first.setdefault(row.slot, row.epoch) != row.epoch:
            return row.slot
    return None
