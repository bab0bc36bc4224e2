"""What a library adds up over its trees, as a decision function with its link."""

from __future__ import annotations

from pyfe.models.sources.decision_values import Ask, DecisionFunction
from pyfe.models.sources.parts import Labels

__all__ = ["counted", "told"]

_OF_CLASSES = ("logit", "softmax", "logit_each")


def told(
    values: Ask,
    name: str,
    link: str | None,
    labels: Labels | None = None,
    *,
    output: Ask | None = None,
    predict: Ask | None = None,
) -> DecisionFunction:
    """The sum ``values`` of a model with its link to ``output``, the model's own answer. Where no link with a name
    leads there (None) the sum alone is compiled, and its report says so."""
    if link is not None:
        return DecisionFunction(values, labels, name, link, output=output, predict=predict)
    remark = ("output", "the sum of the trees alone: no link with a name leads from it to the model's own output")
    return DecisionFunction(values, labels, name, "identity", predict=predict, remarks=(remark,))


def counted(link: str | None, outputs: int) -> Labels | None:
    """The classes of a model that has probabilities and no names for what they are of: their numbers."""
    return tuple(range(max(2, outputs))) if link in _OF_CLASSES else None
