"""What a model turned out to be: a real map on coordinates, then a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pyfe.models.real.affine import AffineMap
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.real.squares import RealSquares
from pyfe.models.sources.parts import Labels
from pyfe.models.sources.raw_model import RawModel
from pyfe.schema import Schema

__all__ = ["RealFunction", "RealMap"]

RealMap: TypeAlias = AffineMap | RealQuadratic | RealSquares


@dataclass(frozen=True)
class RealFunction:
    """What a model turned out to be: an affine or quadratic map on coordinates, then a link.

    ``remarks``: pairs (what, text) that reports show, such as why there are no probabilities.
    """

    map: RealMap
    link: str
    classes: Labels | None
    baseline_survival: float | None
    name: str
    raw_model: RawModel | None = None
    remarks: tuple[tuple[str, str], ...] = ()

    def used_columns(self, schema: Schema) -> list[tuple[str, slice]]:
        """Names and coordinates of the columns that the map depends on, beyond what is not known of it."""
        reach, unknown = self.map.reach(schema.hi), 2 * self.map.error
        columns = [(name, part) for name, part, column in schema.parts if column.in_table]
        return [(name, part) for name, part in columns if (reach[:, part].sum(axis=1) > unknown).any()]
