"""What an authority states of its epochs, for data owners: from its log and its references."""

from __future__ import annotations

from pyfe.adapters import adapter
from pyfe.authority.secrets import Secrets
from pyfe.authority.state import Epoch, LogState
from pyfe.epochs import Epoch as StatedEpoch
from pyfe.epochs import stated_epoch
from pyfe.function import Function, LinearMap
from pyfe.keys import RevocationList
from pyfe.leakage.prior import reference_for
from pyfe.wire.signature import SigningKey

__all__ = ["revocation_list", "stated"]


def revocation_list(state: LogState, now: int, key: SigningKey) -> RevocationList:
    """All keys that were revoked so far, those that the log lost and whole epochs too, signed."""
    return RevocationList.signed(
        [epoch.terms.public.id for epoch in state.epochs],
        [number for number in range(1, len(state.issued) + 1) if state.revoked.get(number) is not None],
        now,
        state.size,
        key,
        epochs=[epoch.terms.public.id for epoch in state.epochs if epoch.revoked],
        lost=[(epoch.terms.public.id, number) for epoch in state.epochs for number in epoch.lost],
    )


def stated(state: LogState, epoch: Epoch, secrets: Secrets, function: Function | None = None) -> StatedEpoch:
    """An epoch's line in the table: from its keys that said something new when they were issued, and a function's, if
    one is given.

    Cost: that of counting the bits of a decision, and of a look at every key.
    """
    terms = epoch.terms
    maps = [*(row.map for row in epoch.counted), *(() if function is None else (function.map,))]
    linear = "quadratic" not in adapter(terms.scheme).serves
    ends = {entry.not_after for entry in state.issued if entry.epoch == epoch.number}
    return stated_epoch(
        epoch.number,
        schema=terms.schema,
        scheme=terms.scheme,
        public_key_id=terms.public.id,
        weights=[row for form in maps if linear and isinstance(form, LinearMap) for row in form.weights.tolist()],
        forms=[] if linear else [form.forms for form in maps],
        prior=reference_for(terms.schema, secrets.reference),
        secret=secrets.decision_secret(),
        state="doubtful" if epoch.doubtful else "open" if epoch.retired_at is None else "retired",
        keys=epoch.keys + (function is not None),
        expires=None if None in ends else max((end for end in ends if end is not None), default=None),
    )
