"""What an authority states of its epochs, for data owners: from its log and its references."""

from __future__ import annotations

from pyfe.adapters import adapter
from pyfe.authority.secrets import Secrets
from pyfe.authority.state import Epoch, LogState
from pyfe.epochs import Epoch as StatedEpoch
from pyfe.epochs import stated_epoch
from pyfe.function import LinearMap
from pyfe.leakage.prior import reference_for

__all__ = ["stated"]


def stated(state: LogState, epoch: Epoch, secrets: Secrets) -> StatedEpoch:
    """An epoch's line in the table: from its keys that said something new when they were issued.

    Cost: that of counting the bits of a decision, and of a look at every key.
    """
    terms, maps = epoch.terms, [row.map for row in epoch.counted]
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
        retired=epoch.retired_at is not None,
        keys=epoch.keys,
        expires=None if None in ends else max((end for end in ends if end is not None), default=None),
    )
