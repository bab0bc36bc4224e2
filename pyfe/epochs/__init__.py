"""The epochs of an authority: what it states of each, and what one patient gives away who meets several.

====================  ======================================================================================
``table``             :class:`EpochTable`, which an authority signs for data owners, and its :class:`Epoch`
``stating``           what an authority states of an epoch
``union``             :func:`count`: whether a patient may meet a set of epochs
``joint``             the variables that epochs of different schemas have in common
``could_cancel``      what could live on very few columns where steps cannot be compared
``noise_together``    scores behind noise; ``forms_together`` quadratic forms
====================  ======================================================================================
"""

from __future__ import annotations

from pyfe.epochs.stating import stated_epoch
from pyfe.epochs.table import Epoch, EpochTable
from pyfe.epochs.union import Counted, count

__all__ = ["Counted", "Epoch", "EpochTable", "count", "stated_epoch"]
