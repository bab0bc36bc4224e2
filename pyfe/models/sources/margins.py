"""What a model adds up before its link, where it has that under a name of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from pyfe.arrays import AnyArray
from pyfe.models.sources.parts import Labels

__all__ = ["Margin", "counted"]

Ask: TypeAlias = Callable[[Any], AnyArray]


@dataclass(frozen=True)
class Margin:
    """Functions of the model's own kind of table.

    values: what it adds up, ``[m]`` or ``[m, k]``. link: the name of what leads from there to ``output``, the model's
    own answer; None where nothing with a name does. predict: labels ``[m]``, one of ``classes`` a row.
    """

    values: Ask
    link: str | None = "identity"
    output: Ask | None = None
    classes: Labels | None = None
    predict: Ask | None = None


def counted(link: str | None, outputs: int) -> Labels | None:
    """The classes of a model that has probabilities and no names for what they are of: their numbers."""
    if link not in ("logit", "softmax", "logit_each"):
        return None
    return tuple(range(max(2, outputs)))
