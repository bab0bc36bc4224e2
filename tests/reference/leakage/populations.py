"""Populations that look like the tables on which the rules were measured: their columns by name and kind, a public or
a protected mark, and dependence from a few factors. The numbers are drawn; no patient is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import norm

from tests.reference.leakage.sampler import generator
from tests.reference.leakage.schema import Column, Floats

MOST_ROWS = 400

TABLES: Mapping[str, tuple[int, str]] = {
    "wdbc": (
        569,
        "".join(
            f"{part}_radius n6:30~{at} {part}_texture n9:40 {part}_perimeter n43:190~{at} {part}_area k140:2500~{at} "
            f"{part}_smoothness n50:160 {part}_compactness k19:345~s {part}_concavity k0:430~s "
            f"{part}_concave_points{'!' * (at == 2)} k0:200~s {part}_symmetry n100:300 {part}_fractal n50:97 "
            for at, part in enumerate(["mean", "error", "worst"])
        ),
    ),
    "biopsy": (
        683,
        "V1 i1:10~a V2 i1:10~a V3 i1:10~a V4 i1:10~a V5 i1:10~a V6 i1:10~a V7 i1:10~a V8 i1:10~a V9! i1:10",
    ),
    "pima": (532, "npreg i0:17 glu! n56:199 bp n24:110 skin n7:99~a bmi n18:67~a ped k8:242 age* k21:81"),
    "birthwt": (189, "age* n14:45 lwt n80:250 race* c3 smoke! y.39 ptl y.16 ht! y.06 ui y.15 ftv i0:2"),
    "rossi": (432, "fin y.5 age* k17:44 race* y.12 wexp! y.57 mar y.12 paro y.62 prio! i0:18"),
    "lung": (
        167,
        "age* n39:82 sex* y.38 ph_ecog! i0:3~a ph_karno i5:10~a pat_karno i3:10~a meal_cal k96:2600 wt_loss n-24:68",
    ),
    "gbsg2": (
        686,
        "age* n21:80 horTh! y.36 menostat y.58 pnodes i1:30 progrec k0:2380~a estrec k0:1144~a tgrade! c3 tsize k3:120",
    ),
    "whas500": (
        500,
        "afb y.16 age* n30:104 av3 y.02 bmi n13:45 chf! y.31 cvd! y.75 diasbp n6:198~a gender* y.4 hr n35:186 "
        "los k0:47 miord y.34 mitype y.31 sho y.04 sysbp n57:244~a",
    ),
    "flchain": (6524, "age* n50:101 sex* y.45 kappa k1:2050~a lambda k4:2660~a creatinine k40:1080 mgus! y.02"),
    "nafld1": (12588, "age* n18:98 male* y.47 weight n33:182~a height n123:215 bmi! n9:84~a"),
    "rotterdam": (
        2982,
        "age* n24:90 meno! y.56 size c3 grade y.73 nodes i0:34 pgr k0:5004~a er k0:3275~a hormon y.11 chemo! y.19",
    ),
    "icu": (
        200,
        "age* n16:92 sex* y.38 race c3 service y.54 cancer! y.1 renal! y.1 infect y.42 cpr y.06 systolic n36:256 "
        "hrtrate n39:192 previcu y.15 admit y.74 fracture y.08 po2 y.08 "
        "ph y.06 pco y.1 bic y.08 creatin y.05 coma c3",
    ),
    "actg175": (
        2139,
        "age* n12:70 wtkg n31:160 hemo! y.08 homo! y.66 drugs! y.13 karnof i7:10 oprior y.02 race* y.29 "
        "gender* y.83 str2 y.59 symptom y.17 offtrt y.36 cd40 n0:1199 cd80 k40:5011 preanti k0:2851",
    ),
    "actg320": (
        1151,
        "age* n15:73 sex* y.17 raceth c4 ivdrug! y.16 hemophil! y.03 "
        "strat2 y.62 karnof i7:10 cd4 k0:392 priorzdv k3:288",
    ),
    "colon": (
        888,
        "rx c3 sex* y.52 age* n18:85 obstruct! y.19 perfor y.03 "
        "adhere! y.14 nodes i0:33 differ i1:3 extent i1:4 surg y.27",
    ),
    "std": (
        877,
        "race* y.67 marital y.92 age* k13:48 yschool n6:18 iinfct c3 "
        "npartner! i0:19 os12m y.33~a os30d! y.06~a rs12m y.07~b "
        "rs30d! y.03~b abdpain y.14 discharge y.44 dysuria y.13 condom i1:3 itch y.2 "
        "lesion y.03 rash y.03 lymph y.01 vagina y.28 dchexam y.24 abnode y.06",
    ),
    "pneumon": (
        3470,
        "mthage* n14:29 urban y.76 alcohol! i0:4 smoke! i0:2 region* c4 "
        "poverty! y.92 bweight y.08 race* c3 education n0:19 nsibs i0:6",
    ),
    "indo": (
        602,
        "age* n19:90 risk i2:11 gender* y.79 sod! y.83 pep! y.16 "
        "recpanc y.3 psphinc y.57~a precut y.05 difcan y.26 pneudil y.02 "
        "amp y.03 paninj y.3 acinar y.03 brush y.04 asa81 y.04 "
        "asa325 y.04 prophystent y.81~a therastent y.04 pdstent y.84~a "
        "sodsom y.54 bsphinc y.56 bstent y.12 chole y.1 pbmal y.01 train y.47 rx y.49",
    ),
    "mgus2": (1338, "age* n24:96 sex* y.54 hgb! n5:19 creat k40:2200 mspike n0:30"),
    "staff": (
        1470,
        "age* n18:60 department d3:jobrole jobrole c9 overtime! y.28 income k10:200~a level i1:5~a years k0:40~a "
        "distance k1:29 satisfaction i1:4 travel c3 marital c3 education i1:5",
    ),
}
"""name -> (rows, columns). A column: name, * public or ! protected; n normal, k skew, i small integers (low:high),
y a yes/no of this rate, c a category of k values, d a category that another one decides; ~g: close to the others of g.
The first 19 follow the tables that the rules were measured on; `staff` holds a column that another one decides."""


@dataclass(frozen=True)
class Recipe:
    """One column of a table before its steps are chosen."""

    name: str
    mark: str
    kind: str
    numbers: tuple[str, ...]
    group: str


_PATTERN = re.compile(r"(\w+?)([*!]?) ([nkiycd])([^~\s]+)(?:~(\w+))?(?:\s+|$)")


def recipes(table: str) -> list[Recipe]:
    return [
        Recipe(name, mark, kind, tuple(numbers.split(":")), group)
        for name, mark, kind, numbers, group in _PATTERN.findall(TABLES[table][1])
    ]


@dataclass(frozen=True)
class Population:
    """Raw cells of a drawn table, one list a column."""

    table: str
    split: int
    cells: tuple[list[Any], ...]

    @property
    def name(self) -> str:
        return f"{self.table}-{self.split}"

    @property
    def recipes(self) -> list[Recipe]:
        return recipes(self.table)


@cache
def population(table: str, split: int) -> Population:
    """The same for the same names: loadings belong to the table, rows to the split."""
    plan, loadings, rng = recipes(table), generator(f"loadings {table}"), generator(f"rows {table} {split}")
    rows = min(MOST_ROWS, TABLES[table][0])
    factors = rng.standard_normal((rows, 3))
    groups = {group: rng.standard_normal(rows) for group in sorted({one.group for one in plan} - {""})}
    cells: dict[str, list[Any]] = {}
    for one in sorted(plan, key=lambda one: one.kind == "d"):
        weights = loadings.standard_normal(3)
        score = factors @ (weights / np.linalg.norm(weights)) * 0.6 + rng.standard_normal(rows) * 0.8
        if one.group:
            score = 0.97 * groups[one.group] + 0.243 * score
        cells[one.name] = _decided(one, cells) if one.kind == "d" else _cells(one, score)
    return Population(table, split, tuple(cells[one.name] for one in plan))


def _decided(one: Recipe, cells: Mapping[str, list[Any]]) -> list[Any]:
    return [f"{one.name}{int(value[-1]) % int(one.numbers[0])}" for value in cells[one.numbers[1]]]


def _cells(one: Recipe, score: Floats) -> list[Any]:
    u = norm.cdf(score)
    if one.kind == "y":
        return ["yes" if value > 1 - float(one.numbers[0]) else "no" for value in u]
    if one.kind == "c":
        count = int(one.numbers[0])
        shares = np.cumsum(1.0 / np.arange(1, count + 1))
        return [f"{one.name}{at}" for at in np.searchsorted(shares[:-1] / shares[-1], u).tolist()]
    low, high = map(float, one.numbers)
    if one.kind == "i":
        return [float(value) for value in low + np.floor((high - low + 1) * np.minimum(u, 1 - 1e-12) ** 2)]
    if one.kind == "k":
        return [round(float(value), 2) for value in low + (high - low) * np.minimum(np.expm1(2.2 * u**1.5) / 8.1, 1.0)]
    spread = np.clip(0.5 + ndtri(np.clip(u, 1e-4, 1 - 1e-4)) / 7.5, 0, 1)
    return [round(float(value), 2) for value in low + (high - low) * spread]


def column(one: Recipe, cells: Sequence[Any], levels: int) -> Column:
    """The column with `levels` even steps over its range (a category has its values, whatever `levels`)."""
    public, protected = one.mark == "*", one.mark == "!"
    if one.kind in "ycd":
        values = ("no", "yes") if one.kind == "y" else tuple(sorted(set(cells)))
        return Column(one.name, len(values), True, public, protected, values=values)
    low, high = min(cells), max(cells)
    if one.kind == "i" and levels > high - low:
        return Column(one.name, int(high - low) + 1, False, public, protected, low=low, step=1.0)
    step = (high - low) / (levels - 1)
    while _tie(cells, low, step):
        low -= 0.0137 * step
    return Column(one.name, levels, False, public, protected, low=low, step=step)


def _tie(cells: Sequence[float], low: float, step: float) -> bool:
    """A cell lies so near the middle between two levels that rounding decides."""
    steps = (np.asarray(cells) - low) / step
    return bool((np.abs(steps - np.floor(steps) - 0.5) < 1e-6).any())
