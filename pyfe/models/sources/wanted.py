"""Which of a model's outputs is compiled, for models that have several: ``output=`` and ``at=`` of ``compile``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyfe.errors import ParameterError
from pyfe.schema.cells import is_number, shown

__all__ = ["USUAL", "Wanted"]


@dataclass(frozen=True)
class Wanted:
    """``output``: the name of one of the model's outputs, None for its usual one. ``at``: where it is one of many, such
    as the time of a survival probability."""

    output: str | None = None
    at: Any = None

    @property
    def usual(self) -> bool:
        """Whether nothing was asked for but the model."""
        return self.output is None and self.at is None

    def one_of(self, offered: Sequence[str], model: str, at: Sequence[str] = ()) -> str:
        """The name of the output that is meant, the first one by default. ``at``: those that need one.

        ParameterError for another name, for an ``at`` that is missing, and for one that has no meaning.
        """
        output = offered[0] if self.output is None else self.output
        if output not in offered:
            raise ParameterError(
                f"{model} has the output{'s' * (len(offered) > 1)} {_listed(offered)}, not {shown(output)}"
            )
        if output in at and self.at is None:
            raise ParameterError(f'the {_words(output)} of {model} is that at one place: output="{output}", at=...')
        if output not in at and self.at is not None:
            where = f"; at= goes with {_listed(at)}" if at else ", and at= has no meaning for it"
            raise ParameterError(f"the {_words(output)} of {model} is one number a row{where}")
        return output

    def time(self) -> float:
        """``at`` as a time above zero; ParameterError."""
        if not is_number(self.at) or not 0 < self.at < float("inf"):
            raise ParameterError(f"at= is a time above zero, in the units of the model, not {shown(self.at)}")
        return float(self.at)

    def require_usual(self, model: str) -> None:
        """ParameterError where something was asked for that the model does not have."""
        if not self.usual:
            raise ParameterError(
                f"{model} has one output; output= and at= choose among those of survival models (lifelines), of "
                "ordered models (statsmodels), of classifiers with a threshold of their own, and of transformers "
                '("transform")'
            )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _words(output: str) -> str:
    return output.replace("_", " ")


USUAL = Wanted()
