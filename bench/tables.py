"""The tables of README and docs, made from the JSON of one run: no figure in them is typed.

A page has marks, ``<!-- bench:NAME -->`` and ``<!-- /bench:NAME -->``, each on a line of its own; what is between them
is :data:`TABLES` [NAME] of the run that stands in ``docs/bench.json``. ``python scripts/figures.py`` writes it there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bench.machine import busy
from bench.one_score import GIVES
from bench.report import described, remarks
from bench.roofline import points, roof

ABSENT = "not measured"
SECONDS = {"us": 1e-6, "ms": 1e-3}


class Run:
    """A document of ``--json``: figures by id."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self.whole, self.machine = whole, whole["machine"]
        self.results: dict[str, Mapping[str, Any]] = {result["id"]: result for result in whole["results"]}

    def value(self, name: str) -> str:
        """A figure with its unit."""
        result = self.results.get(name)
        return ABSENT if result is None else worded(result["value"], result["unit"])

    def peer(self, name: str) -> str:
        """The peer's, in the same unit."""
        result = self.results.get(name)
        if result is None or result["peer_value"] is None:
            return ABSENT
        return worded(result["peer_value"], result["unit"])

    def ratio(self, name: str) -> str:
        """The ratio to the peer, with its spread where its turns are known."""
        result = self.results.get(name)
        if result is None or result["ratio"] is None:
            return ""
        spread = result["ratio_spread"]
        return digits(result["ratio"]) + (f" ({digits(spread[0])} to {digits(spread[1])})" if spread else "")

    def number(self, name: str) -> float | None:
        """A bare figure."""
        result = self.results.get(name)
        return None if result is None else float(result["value"])


def digits(value: float) -> str:
    """Two or three digits that say something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def worded(value: float, unit: str) -> str:
    """A figure and its unit, in the size that a person reads: microseconds, milliseconds or seconds; kB or MB."""
    if unit in SECONDS:
        seconds = value * SECONDS[unit]
        size, name = next((size, name) for size, name in ((1, "s"), (1e-3, "ms"), (0, "us")) if seconds >= size)
        return f"{digits(seconds / (size or 1e-6))} {name}"
    if unit == "bytes":
        size, name = next((s, n) for s, n in ((1e6, "MB"), (1e4, "kB"), (0, "bytes")) if value >= s)
        return f"{digits(value / (1e3 if name == 'kB' else size or 1))} {name}"
    if unit == "per_s":
        return f"{digits(value / 1e6)} million/s" if value >= 1e6 else f"{digits(value)}/s"
    return digits(value)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def machine(run: Run) -> str:
    """What the figures were measured on, in one sentence, and whether it was quiet."""
    m = run.machine
    how = "a quick run" if m["quick"] else "a run" if m["share"] == 1 else f"a run with {m['share']:g} of the rounds"
    quiet = f"**other work was running beside it (load {m['load_1min']})**" if busy(m) else "otherwise idle"
    kind = f"`python -m bench{' --quick' if m['quick'] else ''}`, {how} at commit {m['commit']}"
    return (
        f"{kind}: {described(m)} (the core's backend), {m['memory'] / 1e9:.0f} GB, Python {m['python']}, {quiet}. "
        "One thread, processor time, the fastest of several turns; ratios with what 90 % of their turns lie in."
    )


def headline(run: Run) -> str:
    """README's."""
    e, d = "ipfe_ddh.encrypt.n30.b8", "ipfe_ddh.decrypt.n30.b8"
    mul, fixed = "ristretto255.mul_variable.batch", "ristretto255.mul_fixed.batch"
    rlwe = run.number("ipfe_rlwe.score.n30.memory")
    scored = ABSENT if rlwe is None else worded(1e6 / rlwe, "us")
    qe, qd = "qfe_ggm.encrypt.n64", "qfe_ggm.decrypt.n64.dense"
    return table(
        ("", "pyfe", "portable", "for comparison"),
        [
            ("encrypt a patient", run.value(e), run.value(f"{e}.portable"), f"PyMIFE {run.peer(e)}"),
            ("score a patient, from wire bytes", run.value(d), run.value(f"{d}.portable"), f"PyMIFE {run.peer(d)}"),
            ("ciphertext of a patient", run.value("ipfe_ddh.ciphertext.n30.b8"), "the same", ""),
            (
                "`ipfe-rlwe`, cohorts: encrypt a patient / score one from memory",
                f"{run.value('ipfe_rlwe.encrypt.n30')} / {scored}",
                run.value("ipfe_rlwe.encrypt.n30.portable") + " / ",
                f"TenSEAL, packed: {run.peer('ipfe_rlwe.against_ckks.packed.encrypt')}; scores stay encrypted",
            ),
            (
                "`qfe-ggm`, a dense form of 64 coordinates: encrypt / score",
                f"{run.value(qe)} / {run.value(qd)}",
                "",
                "",
            ),
            ("ten scores of an image of 28 x 28", run.value("qfe_network.784x40x10"), "", ""),
            (
                "ristretto255 multiplication, variable / fixed base",
                f"{run.value(mul)} / {run.value(fixed)}",
                f"{run.value(mul + '.portable')} / {run.value(fixed + '.portable')}",
                f"libsodium {run.peer(mul)} / {run.peer(fixed)}",
            ),
        ],
    )


def linear(run: Run) -> str:
    """ristretto255 and ipfe-ddh: the lanes, portable words, the peer."""
    names = (
        "ristretto255.mul_variable.batch", "ristretto255.mul_fixed.batch", "ristretto255.decode.batch",
        "ipfe_ddh.encrypt.n30.b8", "ipfe_ddh.decrypt.n30.b8", "ipfe_ddh.decrypt.n30.b16", "ipfe_ddh.prove.n30.b8",
        "ipfe_ddh.verify_scores.n30.b8", "ipfe_ddh.encrypt.n1000.b8", "ipfe_ddh.decrypt.n1000.b8", "dlog.w30.worst",
        "dlog.w40.worst",
    )  # fmt: skip
    return _beside(run, names, "peer, and its time over that of the lanes")


def curves(run: Run) -> str:
    """BLS12-381, from blst and from mcl."""
    names = [
        name
        for name in run.results
        if name.startswith(("bls12_381.", "hash_to_", "mcl.")) and not name.endswith((".portable", "floor", "a_cycle"))
    ]
    return _beside(run, names, "peer, and its time over that of the lanes")


def _beside(run: Run, names: Iterable[str], head: str) -> str:
    rows = []
    for name in names:
        result = run.results.get(name)
        peer = "" if result is None or not result["peer"] else f"{result['peer']}: {run.ratio(name)}"
        plain = run.value(f"{name}.portable") if f"{name}.portable" in run.results else ""
        rows.append((f"`{name}`", run.value(name), plain, peer))
    return table(("id", "lanes", "portable", head), rows)


def one_score(run: Run) -> str:
    """What a buyer compares."""
    named = {
        "ipfe_rlwe": "pyfe, `ipfe-rlwe`", "qfe_ggm": "pyfe, `qfe-ggm`", "pymife": "PyMIFE",
        "ckks": "TenSEAL, CKKS", "paillier": "Paillier (phe)", "concrete": "concrete-python",
    }  # fmt: skip
    first = "one_score.pymife"
    cells = [run.value(f"{first}.{what}") for what in ("encrypt", "score", "ciphertext", "key")]
    rows = [("pyfe, `ipfe-ddh`", *cells, GIVES["ipfe_ddh"][1], GIVES["ipfe_ddh"][0], GIVES["ipfe_ddh"][2])]
    for name, words in named.items():
        learns, exactness, computes = GIVES[name]
        cells = [run.peer(f"one_score.{name}.{what}") for what in ("encrypt", "score", "ciphertext", "key")]
        if name == "ckks":
            exactness += f", off by {run.peer('one_score.ckks.error')}"
        rows.append((words, *cells, exactness, learns, computes))
    head = ("", "encrypt", "score", "ciphertext", "key to encrypt", "the score is", "who computes learns", "and can do")
    return table(head, rows)


def growth(run: Run) -> str:
    """Slopes."""
    rows = []
    for name, result in run.results.items():
        curve = result.get("curve")
        if curve is None:
            continue
        by = "" if result["peer_value"] is None else f"{result['peer_value']:.3f}"
        off = "" if result["peer_value"] is None else f"{result['value'] - result['peer_value']:+.3f}"
        sizes = f"{curve['sizes'][0]:,} to {curve['sizes'][-1]:,}"
        small = curve["sizes"][:1] if not curve["over_half"][0] else []
        rows.append((f"`{name}`", sizes + (" *" if small else ""), f"{result['value']:.3f}", by, off))
    if not rows:
        return ABSENT
    said = "\n\n\\* The fixed cost is over half at the smallest sizes, which are left out of both slopes."
    body = table(("id", "sizes", "measured slope", "of the formula", "difference"), rows)
    picture = "\n\n![Times against sizes on logarithmic axes, with the cost formula](../assets/bench/growth.png)"
    return body + (said if any("*" in row[1] for row in rows) else "") + picture


def limits(run: Run) -> str:
    """The roofline in words."""
    found = roof(run.whole["results"])
    if found is None:
        return ABSENT
    rows = []
    for name, intensity, rate in points(run.whole["results"]):
        share = rate / min(found[1], found[0] * intensity)
        rows.append((f"`{name}`", digits(intensity), f"{digits(rate / 1e9)} billion/s", f"{share:.0%}"))
    text = f"One core reads {digits(found[0] / 1e9)} GB/s and does {digits(found[1] / 1e9)} billion multiply-adds of"
    head = ("id", "multiply-adds a byte", "multiply-adds a second", "of the roof")
    return f"{text} eight lanes a second.\n\n{table(head, rows)}"


PUBLISHED = (
    ("QuripfeNet, IPFE on lattices, LeNet-5 (IEEE TETC 2025)", "107.4 s", "one thread of a CPU"),
    ("the same, on a GPU", "25.9 s", "a GPU"),
    ("Volley Revolver, homomorphic (arXiv 2201.12577)", "287 s for 32 images", "40 virtual CPUs"),
)
"""Networks on 28 x 28 digits, as their authors report them: what, how long, on what. Not measured here."""


def network(run: Run) -> str:
    """A network on an image of 28 x 28 beside published ones."""
    name = "qfe_network.784x40x10"
    ours = [
        ("pyfe, `qfe-ggm`, 784 x 40 x 10 squares: scores", run.value(name), f"one thread, {run.machine['cpu']}"),
        ("the same: encryption", run.value("qfe_ggm.encrypt.n785"), "the same"),
    ]
    return table(("", "an image", "on"), [*ours, *PUBLISHED])


def everything(run: Run) -> str:
    """Every figure of the run."""
    rows = []
    for name, result in run.results.items():
        spread = result["spread"]
        between = ""
        if spread:
            low, high = (digits(end) for end in spread)
            between = f"{digits(result['median'])} ({low} to {high})"
        value = f"{digits(result['value'])} {result['unit']}"
        peer = "" if result["peer_value"] is None else digits(result["peer_value"])
        rows.append((f"`{name}`", value, between, peer, run.ratio(name), result["peer"] or ""))
    return table(("id", "figure", "median (90 % of turns)", "peer's", "ratio (90 % of turns)", "peer"), rows)


def beside(run: Run) -> str:
    """Peers, drift, times and memory."""
    return "\n".join(f"- {line}" for line in remarks(run.whole))


TABLES: dict[str, Callable[[Run], str]] = {
    "machine": machine, "headline": headline, "linear": linear, "curves": curves, "one_score": one_score,
    "growth": growth, "limits": limits, "network": network, "everything": everything, "beside": beside,
}  # fmt: skip
"""By the name in the marks."""

MARK = re.compile(r"(<!-- bench:(\w+) -->\n)(.*?)(\n?<!-- /bench:\2 -->)", re.DOTALL)


def filled(page: str, whole: Mapping[str, Any]) -> str:
    """A page with what its marks ask for. KeyError for a name that no table has."""
    run = Run(whole)
    return MARK.sub(lambda mark: f"{mark[1]}\n{TABLES[mark[2]](run)}\n\n<!-- /bench:{mark[2]} -->", page)
