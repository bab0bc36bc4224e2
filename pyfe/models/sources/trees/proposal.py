"""The schema of the cuts that trees test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models.sources.parts import name_of
from pyfe.models.sources.raw_model import naming_what_fails
from pyfe.models.sources.trees.cells import Asked, Cells, Levels
from pyfe.models.sources.trees.forest import Forest
from pyfe.models.sources.trees.reading import forest_of
from pyfe.schema import Column, Schema, category, thresholds
from pyfe.schema.cells import same_name
from pyfe.schema.ranges import by_text, require_known

__all__ = ["columns_tested", "schema_for_trees"]


def schema_for_trees(
    *models: Any,
    public: Iterable[str] = (),
    protected: Iterable[str] = (),
    missing: Mapping[str, Any] | Literal["bit"] | None = None,
    protected_forms: Mapping[str, Mapping[str, int]] | None = None,
    levels: Mapping[str, Iterable[str | int]] | None = None,
) -> Schema:
    """The schema of all thresholds that trees test, one column of bits per feature that is tested at all.

    Parameters
    ----------
    models: fitted trees or ensembles of trees: scikit-learn's, its HistGradientBoosting, boosters of XGBoost, LightGBM
        and CatBoost, explainable boosting machines of interpret. Several share one schema, so that one ciphertext
        serves them all. Columns are called as in the DataFrame that a model was fitted on, or x0, x1, ...; a category
        whose levels a model keeps becomes a category.
    missing: as for :meth:`pyfe.Schema.from_ranges`; or "bit", for a bit in every column that says "is missing". A model
        that was fitted on rows with absent entries needs it: its trees send these their own way.
    levels: of categories, by column, where a model keeps no levels (CatBoost keeps hashes).
    The others: as for :meth:`pyfe.Schema.from_ranges`.

    The cuts are such that ``value >= cut`` for a float64 value is exactly the test of the tree, be it ``value > cut``
    or a test of the value rounded to float32. Raises UnsupportedModelError for a model that shows no trees, or has
    steps before them.
    """
    if not models:
        raise ParameterError("schema_for_trees needs a fitted model")
    tested = _tested(models)
    stated = by_text(levels or {}, "levels")
    require_known("levels", stated, tested)
    columns = {name: found.column(name, stated.get(same_name(name))) for name, found in tested.items() if found.used}
    if not columns:
        raise UnsupportedModelError("the trees test no column at all")
    if isinstance(missing, str) and missing == "bit":
        missing = dict.fromkeys(columns, "bit")
    marks = {"public": public, "protected": protected, "missing": missing, "protected_forms": protected_forms}
    return Schema.from_ranges(columns, **marks)  # type: ignore[arg-type]


def columns_tested(model: Any) -> list[str]:
    """The columns that a model of trees tests at all; errors as for :func:`schema_for_trees`."""
    return [name for name, found in _tested((model,)).items() if found.used]


def _tested(models: Iterable[Any]) -> dict[str, _Tested]:
    """What models test, of all their columns by name."""
    tested: dict[str, _Tested] = {}
    for forest in map(_shown, models):
        for feature in forest.features:
            tested.setdefault(feature.name, _Tested())
        for part in forest.parts:
            for cells in part.tests():
                tested[forest.features[cells.column].name].add(cells)
    return tested


@dataclass
class _Tested:
    """What is tested of a column: cuts, or levels in the order in which a model knows them; hashed: or as hashes."""

    used: bool = False
    cuts: set[float] = field(default_factory=set)
    levels: dict[str | int, None] = field(default_factory=dict)
    hashed: bool = False

    def add(self, cells: Cells) -> None:
        """One more test."""
        self.used = True
        if isinstance(cells, Asked):
            self.hashed = True
        elif isinstance(cells, Levels):
            self.levels.update(dict.fromkeys(cells.known))
        else:
            self.cuts.update(cells.cuts)

    def column(self, name: str, stated: Iterable[str | int] | None) -> Column:
        """A category of the levels, those that are stated or that a model knows, or the cuts; where a number is only
        asked whether it is there, a cut at zero."""
        if stated is not None:
            return category(stated)
        if self.hashed:
            raise UnsupportedModelError(
                f"the trees test the category {name!r}, of which CatBoost keeps hashes and no levels; state them: "
                f"schema_for_trees(model, levels={{{name!r}: [...]}})"
            )
        if not self.levels:
            return thresholds(sorted(self.cuts or {0.0}))
        if self.cuts and any(isinstance(level, str) for level in self.levels):
            raise UnsupportedModelError(f"one model tests {name!r} as a number and another as a category of text")
        if len(self.levels) < 2:
            raise UnsupportedModelError(
                f"{name!r} is a category of one level, and a category needs two; fit without the column, or add a level"
            )
        if not all(isinstance(level, str | int) for level in self.levels):
            raise UnsupportedModelError(
                f"{name!r} is a category of levels that are no texts and no whole numbers; fit on names of the levels"
            )
        return category(list(self.levels))


def _shown(model: Any) -> Forest:
    with naming_what_fails(model):
        found = forest_of(model)
    if found is not None:
        return found
    name = name_of(model)
    if hasattr(model, "fit") and getattr(model, "n_features_in_", None) is None:
        raise UnsupportedModelError(f"{name} does not say how many columns it takes (is it fitted?)")
    raise UnsupportedModelError(
        f"{name} shows no trees on raw columns (tree_, or estimators_ with tree_; no steps before them). Trees need "
        "no scaling and no imputer: fit them on the columns themselves, absent entries included. If this is another "
        "library, its cuts have to be read from it: a bit of ours is value >= cut, and other libraries test value > "
        "cut, or float32(value) < cut, so that a cut as they print it is the wrong one"
    )
