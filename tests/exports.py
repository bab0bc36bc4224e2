"""Twelve real tables that come with packages, as the programs of hospitals export them: other bytes, the same values.

Nothing is downloaded, and nothing of them is kept here. What a program adds (row names, record numbers, dates, notes of
several lines, a patient who comes twice, cells that nobody filled) is added; values are never changed.

Every authority draws rows of its own, so that a score near a limit is granted by some and refused by others. These are
far from any: 25 authorities said the same of each.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from tests.unit import dialects

__all__ = ["EXPORTS", "Export", "installed", "linear_model"]


@dataclass(frozen=True)
class Export:
    """A table in a dialect, and what somebody says to have it scored.

    ``rows``: its values, a DataFrame with None or NaN where nothing is. ``write``: its bytes. ``features``: what the
    model is of; ``positive``: what it speaks for, of rows. ``outcome``: the options that name the column of outcomes.
    ``answers``: one a refusal, in their order: what the refusal has to name, and what the user says then. ``said``:
    what nobody but the user knows. ``cohort``: whether the rows are encrypted into a Parquet file.
    """

    name: str
    table: str
    package: str
    rows: Callable[[], Any]
    write: Callable[[Any], bytes]
    features: Sequence[str]
    positive: Callable[[Any], Any]
    outcome: Sequence[str]
    answers: Sequence[tuple[str, str]] = ()
    said: Sequence[str] = ()
    classes: Sequence[Any] | None = None
    cohort: bool = False

    @property
    def ids(self) -> str | None:
        """The column of the ids that travel with the rows."""
        return self.said[self.said.index("--id-column") + 1] if self.said else None


def installed(export: Export) -> bool:
    """Whether the packages are there that the table and its bytes come from."""
    needs_arrow = any(word in export.name for word in ("Parquet", "Feather", "zstd"))
    return find_spec(export.package) is not None and (not needs_arrow or find_spec("pyarrow") is not None)


def linear_model(export: Export, rows: Any) -> str:
    """A logistic regression on the features, as the model's owner hands it over: JSON of weights by column."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    parts, names = [], list[tuple[str, str | None]]()
    for name in export.features:
        column = rows[name]
        if pd.api.types.is_numeric_dtype(column):
            parts.append(column.astype(float).fillna(column.median()).to_numpy())
            names.append((name, None))
            continue
        for level in sorted(column.unique())[1:]:
            parts.append((column == level).to_numpy(float))
            names.append((name, level))
    X = np.stack(parts, axis=1)
    scaler = StandardScaler().fit(X)
    fitted = LogisticRegression(max_iter=1000).fit(scaler.transform(X), np.asarray(export.positive(rows), bool))
    slopes = fitted.coef_[0] / scaler.scale_
    weights: dict[str, Any] = {}
    for (name, level), slope in zip(names, slopes.tolist(), strict=True):
        if level is None:
            weights[name] = slope
        else:
            weights.setdefault(name, {})[level] = slope
    link = {"link": "identity"} if export.classes is None else {"link": "logit", "classes": list(export.classes)}
    return json.dumps({"weights": weights, "intercept": float(fitted.intercept_[0] - slopes @ scaler.mean_), **link})


# ---------------------------------------------------------------------------------------------------------------
# Values


def _lung() -> Any:
    """The North Central Cancer Treatment Group's, coded as R's survival has it: 1 and 2."""
    from lifelines.datasets import load_lung

    data = load_lung()
    return data.assign(status=data["status"] + 1)


def _whas500() -> Any:
    from sksurv.datasets import load_whas500

    X, y = load_whas500()
    return X.astype(float).assign(fstat=y["fstat"].astype(int), lenfol=y["lenfol"])


def _diabetes() -> Any:
    from sklearn.datasets import load_diabetes

    data = load_diabetes(as_frame=True, scaled=False)
    german = {"age": "Alter", "sex": "Geschlecht", "bmi": "BMI", "bp": "Blutdruck (mittlerer)", "s1": "Cholesterin"}
    rows = data.data.rename(columns=german | {"s5": "Triglyzeride (log)", "s6": "Blutzucker nüchtern"})
    return rows.assign(Verlauf=np.where(data.target > 140, "ungünstig", "günstig"))


def _rossi() -> Any:
    """Men released from prisons; what is arrested again."""
    from lifelines.datasets import load_rossi

    french = {"week": "semaine", "arrest": "arrêt", "age": "âge", "mar": "marié", "prio": "antécédents", "fin": "aide"}
    return load_rossi().rename(columns=french).assign(sortie="01/02/1975")


def _aids() -> Any:
    """ACTG 320, coded as SPSS does: 1 and 2, with a blank where nothing was measured."""
    from sksurv.datasets import load_aids

    X, y = load_aids()
    rows = X.astype(float).assign(censor=y["censor"] + 1, time=y["time"])
    return rows.assign(cd4=rows["cd4"].mask(np.arange(len(rows)) % 97 == 5))


def _fair() -> Any:
    from statsmodels.datasets import fair

    data = fair.load_pandas().data
    return data.assign(affairs=(data["affairs"] > 0).astype(int))


def _actg175() -> Any:
    import lifelines.datasets
    import pandas as pd

    data = pd.read_csv(Path(lifelines.datasets.__file__).parent / "ACTG175.csv")
    names = ["pidnum", "age", "wtkg", "karnof", "gender", "race", "symptom", "cd40", "cd420", "cd496", "cens", "days"]
    months = ["JAN", "APR", "JUL", "OCT"]
    visits = [f"{1 + i % 28:02d}{months[i % 4]}1992" for i in range(len(data))]
    return data[names].assign(visit=visits)


def _wdbc() -> Any:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    return data.data.assign(diagnosis=np.where(data.target == 0, "M", "B"))


def _randhie() -> Any:
    from statsmodels.datasets import randhie

    data = randhie.load_pandas().data
    return data.assign(visited=data["mdvis"] > 0).drop(columns="mdvis")


def _lymph_node() -> Any:
    from lifelines.datasets import load_lymph_node

    data = load_lymph_node()
    return data.assign(patient=[f"{number:05d}" for number in range(1, 1 + len(data))])


def _wine() -> Any:
    from sklearn.datasets import load_wine

    data = load_wine(as_frame=True)
    return data.data.assign(cultivar=np.where(data.target == 0, "Barolo", "other"))


def _gbsg2() -> Any:
    """The German breast cancer study, as a laboratory sends it: a patient comes twice, some values are not there."""
    import pandas as pd
    from lifelines.datasets import load_gbsg2

    data = load_gbsg2()
    every = np.arange(len(data))
    data = data.assign(
        progrec=data["progrec"].astype(float).mask(every % 29 == 4),
        menostat=data["menostat"].map({"Pre": "prä", "Post": "post"}),
    )
    data.insert(0, "Fallnummer", [f"{4711 + 13 * number:08d}" for number in every])
    data["Abnahme"] = [f"{1 + number % 28:02d}.{1 + number % 12:02d}.1987" for number in every]
    data["Befund"] = [f'siehe "{number}"\nnächste | Zeile' if number % 40 == 0 else "ohne" for number in every]
    return pd.concat([data, data.iloc[[7]]], ignore_index=True)


# ---------------------------------------------------------------------------------------------------------------
# Bytes


def _text(rows: Any, *, row_names: Sequence[Any] | None = None, **dialect: Any) -> str:
    columns = {name: [_plain(cell) for cell in rows[name].tolist()] for name in rows}
    return dialects.text(columns, row_names=row_names, **dialect)


def _plain(cell: Any) -> Any:
    return None if cell is None or cell != cell else cell


def _r(rows: Any, **dialect: Any) -> bytes:
    return _text(
        rows, row_names=[str(i) for i in range(1, 1 + len(rows))], absent="NA", quoting=csv.QUOTE_NONNUMERIC, **dialect
    ).encode()


def _of_pandas(how: str, **options: Any) -> Callable[[Any], bytes]:
    def write(rows: Any) -> bytes:
        buffer = io.BytesIO()
        getattr(rows, how)(buffer, **options)
        return buffer.getvalue()

    return write


def _zstd(data: bytes) -> bytes:
    import pyarrow

    return bytes(pyarrow.compress(data, "zstd", asbytes=True))


_GERMAN: dict[str, Any] = {"delimiter": ";", "decimal": ","}
_CLIP = ("--on-overflow clip", "--on-overflow clip")
_WINDOWS = ("--encoding cp1252", "--encoding cp1252")
_COARSER = "prepare with a lower precision"


def _filled(**values: float) -> tuple[str, str]:
    """What the refusal of absent cells is answered with: a value for each column (``_`` stands for a dot)."""
    named = {name.replace("_", "."): value for name, value in values.items()}
    return f"--missing {next(iter(named))}=VALUE", " ".join(f"--missing {n}={v:g}" for n, v in named.items())


EXPORTS = [
    Export(
        "R, write.csv2",
        "lung, 228 rows",
        "lifelines",
        _lung,
        lambda rows: _r(rows, **_GERMAN),
        ["age", "sex", "ph.ecog", "ph.karno", "pat.karno", "meal.cal", "wt.loss"],
        lambda rows: rows["status"] == 2,
        ("--time", "time", "--event", "status=2"),
        (
            ("--na NA", "--na NA"),
            _filled(ph_ecog=1, ph_karno=80, pat_karno=80, meal_cal=975, wt_loss=7),
            _CLIP,
        ),
    ),
    Export(
        "R, write.csv",
        "whas500, 500 rows",
        "sksurv",
        _whas500,
        _r,
        ["age", "bmi", "chf", "diasbp", "gender", "hr", "sho", "sysbp"],
        lambda rows: rows["fstat"] == 1,
        ("--time", "lenfol", "--event", "fstat"),
        (_CLIP,),
    ),
    Export(
        "German Excel",
        "diabetes, 442 rows",
        "sklearn",
        _diabetes,
        lambda rows: _text(rows, **_GERMAN, end="\r\n").encode("cp1252"),
        ["Alter", "Geschlecht", "BMI", "Blutdruck (mittlerer)", "Triglyzeride (log)", "Blutzucker nüchtern"],
        lambda rows: rows["Verlauf"] == "ungünstig",
        ("--outcome", "Verlauf"),
        (_WINDOWS, _CLIP),
        classes=("günstig", "ungünstig"),
    ),
    Export(
        "French Excel, with its first line sep=;",
        "rossi, 432 rows",
        "lifelines",
        _rossi,
        lambda rows: b"sep=;\r\n" + _text(rows, **_GERMAN, end="\r\n", trailing=True).encode("cp1252"),
        ["aide", "âge", "race", "wexp", "marié", "paro", "antécédents"],
        lambda rows: rows["arrêt"] == 1,
        ("--time", "semaine", "--event", "arrêt"),
        (_WINDOWS, (_COARSER, "--precision 2.5"), _CLIP),
    ),
    Export(
        "SPSS",
        "ACTG 320, 1,151 rows",
        "sksurv",
        _aids,
        lambda rows: _text(rows, absent=" ", zero=False, end="\r\n").encode("utf-8-sig"),
        ["age", "cd4", "hemophil", "ivdrug", "karnof", "priorzdv", "sex", "tx"],
        lambda rows: rows["censor"] == 2,
        ("--time", "time", "--event", "censor=2"),
        (_filled(cd4=75), _CLIP),
    ),
    Export(
        "Stata, export delimited",
        "fair, 6,366 rows",
        "statsmodels",
        _fair,
        lambda rows: _text(rows, delimiter="\t", zero=False).encode(),
        ["rate_marriage", "age", "yrs_married", "children", "religious", "educ"],
        lambda rows: rows["affairs"] == 1,
        ("--outcome", "affairs"),
        ((_COARSER, "--precision 2.5"), _CLIP),
        classes=(0, 1),
    ),
    Export(
        "SAS, PROC EXPORT",
        "ACTG 175, 2,139 rows",
        "lifelines",
        _actg175,
        lambda rows: _text(rows, absent=".", end="\r\n").encode("latin-1"),
        ["age", "wtkg", "karnof", "gender", "symptom", "cd40", "cd420", "cd496"],
        lambda rows: rows["cens"] == 1,
        ("--time", "days", "--event", "cens"),
        (("--na '.'", "--na ."), _filled(cd496=321), _CLIP),
    ),
    Export(
        "pandas, to_csv with its index",
        "breast cancer, 569 rows",
        "sklearn",
        _wdbc,
        _of_pandas("to_csv"),
        ["mean radius", "mean texture", "mean smoothness", "mean concavity", "worst area", "worst symmetry"],
        lambda rows: rows["diagnosis"] == "M",
        ("--outcome", "diagnosis"),
        (_CLIP,),
        classes=("B", "M"),
    ),
    Export(
        "pandas, Parquet",
        "RAND health insurance, 20,190 rows",
        "statsmodels",
        _randhie,
        _of_pandas("to_parquet"),
        ["lncoins", "idp", "lpi", "fmde", "physlm", "disea", "hlthg", "hlthf", "hlthp"],
        lambda rows: rows["visited"],
        ("--outcome", "visited"),
        ((_COARSER, "--precision 4"), _CLIP),
        classes=(False, True),
        cohort=True,
    ),
    Export(
        "pandas, Feather",
        "lymph nodes, 686 rows",
        "lifelines",
        _lymph_node,
        _of_pandas("to_feather"),
        ["age", "menopause", "hormone", "size", "grade", "nodes", "prog_recp", "estrg_recp"],
        lambda rows: rows["censdead"] == 1,
        ("--time", "survtime", "--event", "censdead"),
        (_CLIP,),
        said=("--id-column", "patient", "--carry-ids", "clear"),
    ),
    Export(
        "Excel, Unicode text, in zstd",
        "wine, 178 rows",
        "sklearn",
        _wine,
        lambda rows: _zstd(_text(rows, delimiter="\t", decimal=",", end="\r\n").encode("utf-16")),
        ["alcohol", "malic_acid", "ash", "flavanoids", "color_intensity", "hue", "proline"],
        lambda rows: rows["cultivar"] == "Barolo",
        ("--outcome", "cultivar"),
        (_CLIP,),
        classes=("other", "Barolo"),
    ),
    Export(
        "a hospital's laboratory, in gzip",
        "GBSG 2, 687 rows",
        "lifelines",
        _gbsg2,
        lambda rows: gzip.compress(_text(rows, delimiter="|", decimal=",", absent="n.b.", end="\r\n").encode("cp1252")),
        ["horTh", "age", "menostat", "tsize", "tgrade", "pnodes", "progrec", "estrec"],
        lambda rows: rows["cens"] == 1,
        ("--time", "time", "--event", "cens"),
        (
            _WINDOWS,
            ("--na TEXT", "--na n.b."),
            _filled(progrec=32),
            _CLIP,
            ("--allow-duplicates", "--allow-duplicates"),
        ),
        said=("--id-column", "Fallnummer", "--carry-ids", "clear"),
    ),
]
