"""A request as data: the schema, the population (or none), what was issued, what is asked; as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.reference.leakage.forms import Form
from tests.reference.leakage.populations import Population, column
from tests.reference.leakage.prior import Prior
from tests.reference.leakage.schema import Column, Row, Schema


@dataclass(frozen=True)
class Case:
    """`kind` says what it was built as; `population` is None for a blind authority. Rows and forms are whole requests:
    rows of a linear authority, or forms (a linear key is a form without products) of a quadratic one."""

    id: str
    kind: str
    hostile: bool
    schema: Schema
    population: Population | None
    issued: tuple[Row, ...] = ()
    requested: tuple[Row, ...] = ()
    issued_forms: tuple[Form, ...] = ()
    requested_forms: tuple[Form, ...] = ()

    @property
    def prior(self) -> Prior:
        if self.population is None:
            return Prior(self.schema)
        cells = self.population.cells
        levels = [one.levels(raw) for one, raw in zip(self.schema.columns, cells, strict=True)]
        return Prior(self.schema, np.stack(levels, axis=1), cells)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "hostile": self.hostile,
            "columns": [one.to_json() for one in self.schema.columns],
            "population": self.population.name if self.population else None,
            "issued": [list(y) for y in self.issued],
            "requested": [list(y) for y in self.requested],
            "issued_forms": [one.to_json() for one in self.issued_forms],
            "requested_forms": [one.to_json() for one in self.requested_forms],
        }

    @classmethod
    def from_json(cls, entry: Mapping[str, Any], populations: Mapping[str, Population]) -> Case:
        name = entry["population"]
        return cls(
            entry["id"],
            entry["kind"],
            entry["hostile"],
            Schema(tuple(map(Column.from_json, entry["columns"]))),
            populations[name] if name else None,
            tuple(map(list, entry["issued"])),
            tuple(map(list, entry["requested"])),
            tuple(map(Form.from_json, entry["issued_forms"])),
            tuple(map(Form.from_json, entry["requested_forms"])),
        )


def schema_of(population: Population, levels: Sequence[int]) -> Schema:
    """Every column with its number of steps."""
    plan = zip(population.recipes, population.cells, levels, strict=True)
    return Schema(tuple(column(recipe, cells, count) for recipe, cells, count in plan))
