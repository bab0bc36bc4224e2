"""The page of a report: it is well-formed, it holds what the report holds, and nothing from outside is markup in it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import Function, KeyAuthority, Policy, Report, Schema
from pyfe.io import roles
from pyfe.reports.page.drawing import nice_ticks
from pyfe.reports.page.markup import Figures, Html, joined, tag, words
from pyfe.text import printable
from tests.unit import objects
from tests.unit.report_page import Page

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(2)'>",
    "</title></svg></style><h1>",
    "&lt;b&gt; & 'quote' \u202e\x1b[31m",
    "a/b~c.d",
    "url(http://example.org/x)",
    "' style='background:red",
    "plain",
    "]]> --> <!--",
]


def pointed(data: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(data, list | tuple):
            data = data[int(step)]
        else:
            data = next(value for name, value in data.items() if printable(name) == step)
    return data


def check(report: Report) -> Page:
    """What holds for every page."""
    text, data = report.to_html(), report.to_dict()
    page = Page(text)
    ids = [given["id"] for _, given in page.elements if "id" in given]
    assert len(ids) == len(set(ids)) > 0
    for _, given in page.elements:
        for name in ("aria-labelledby", "href"):
            for one in (given.get(name) or "").replace("#", "").split():
                assert one in ids, f"{name} names {one}, which is not there"
        assert not {"src", "onload", "onerror", "action", "xlink:href"} & set(given)
        assert set(given) <= KNOWN, set(given) - KNOWN
    names = {element for element, _ in page.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "foreignobject", "image"}
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None and not re.search(r"url\(|@import|https?:|//", style[1])
    assert "default-src 'none'" in text.replace("&#x27;", "'")
    for element, given in page.elements:
        if element == "svg" and given.get("class") == "plot":
            assert given["role"] == "img" and len(str(given["aria-labelledby"]).split()) == 2
        elif element == "svg":
            assert given["aria-hidden"] == "true", "bars stand beside their figures"
    for pointer, value, shown in page.figures:
        held = pointed(data, pointer)
        assert repr(held) == value, pointer
        assert close(held, shown), (pointer, held, shown)
    heads = [element for element, _ in page.elements if element in ("h1", "h2")]
    assert heads[0] == "h1" and heads.count("h1") == 1
    return page


KNOWN = {
    "lang", "charset", "http-equiv", "content", "name", "id", "aria-labelledby", "aria-label", "class", "href", "value",
    "data-of", "data-head", "scope", "role", "aria-hidden", "viewbox", "preserveaspectratio", "style", "x", "y",
    "width", "height", "rx", "x1", "x2", "y1", "y2", "cx", "cy", "r", "fill-opacity", "text-anchor", "transform",
}  # fmt: skip


def close(held: Any, shown: str) -> bool:
    """Whether a figure is what is shown of it, to the digits that are shown."""
    number = Decimal(re.sub("[,% ]", "", shown).replace("−", "-"))
    last = 10.0 ** int(number.as_tuple().exponent)  # the worth of the last digit
    return abs(float(number) - held * (100 if shown.endswith("%") else 1)) <= 0.5001 * last


def rows_of(names: list[str], count: int = 300, seed: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(50, 10, count) for name in names}


def hostile() -> tuple[Function, dict[str, Any], np.ndarray[Any, Any], Schema]:
    rows = rows_of(HOSTILE)
    classes = ["<b>no</b>", "'\"><script>yes</script>"]
    model = pyfe.Linear({name: 0.05 + 0.01 * i for i, name in enumerate(rows)}, intercept=-30.0, link="logit",
                        classes=classes, name="</title><script>")  # fmt: skip
    schema, function = pyfe.prepare(model, rows, precision=8)
    label = np.where(function.predict(function.evaluate(rows, "clip")) == classes[0], classes[0], classes[1])
    label[::7] = classes[0]
    wide = rows_of(HOSTILE, seed=4)
    wide[HOSTILE[0]] = wide[HOSTILE[0]] + 40
    return function, wide, label, schema


@pytest.fixture(scope="module")
def told() -> Report:
    """A report with all there is: hostile names, clipped rows, labels, keys issued before."""
    function, rows, label, schema = hostile()
    authority = KeyAuthority.create(
        schema, reference=rows_of(HOSTILE), policy=Policy.unrestricted(reason="<i>a test</i>")
    )
    apart = function.weights.copy()
    apart[0, :2] += 1
    authority.issue(Function.from_integers(schema, apart), purpose="<u>before</u>")
    return pyfe.report(function, rows, label, authority=authority)


def test_the_page_holds_the_report_and_nothing_else(told: Report) -> None:
    page = check(told)
    places = {pointer for pointer, _, _ in page.figures}
    for wanted in (
        "/on_rows/clipping/rows", "/on_rows/clipping/columns/0/largest", "/on_rows/measure/ours",
        "/on_rows/measure/lost_interval/0", "/on_rows/calibration/ours/0/observed",
        "/on_rows/agreement/tenths/0/largest",
        "/on_rows/differences/bound", "/on_rows/confusions/1/counts/1/1", "/weights/0/weights/0/0", "/agreement",
        "/answer/together/bits", "/answer/rules/1/limit", "/answer/issued", "/max_error", "/width_bits",
    ):  # fmt: skip
        assert wanted in places, wanted
    assert told.answer is not None and told.on_rows is not None
    assert {line.rule for line in told.answer.rules} >= {"0", "1", "2", "2m", "2e", "3", "4", "5", "5t", "6", "7", "8"}
    for column in told.answer.together.columns:  # type: ignore[union-attr]
        place = printable(column.name.replace("~", "~0").replace("/", "~1"))
        assert f"/answer/together/columns/{place}/guessed" in places
    plots = [given for element, given in page.elements if element == "svg" and given.get("class") == "plot"]
    assert len(plots) == 3
    assert told.identifiers["function"] in page.words and told.identifiers["schema"] in page.words


def test_what_clipping_did_comes_first(told: Report) -> None:
    text = told.to_html()
    assert re.findall(r'<section id="(\w+)"', text)[:2] == ["clipping", "kept"]
    figures = re.findall(r'<data [^>]*data-of="([^"]*)"', text[text.index("<main>") :])
    assert figures[:4] == [f"/on_rows/clipping/{name}" for name in ("rows", "of", "typical", "largest")]


def test_no_wider_range_is_asked_for_where_what_was_clipped_has_no_weight() -> None:
    schema = Schema.from_ranges({"silent": (0, 60), "heard": (0, 100)})
    rows = {"silent": np.array([10.0, 90.0, 30.0]), "heard": np.array([1.0, 50.0, 99.0])}
    words = [check(pyfe.report(Function.from_integers(schema, both), rows)).words for both in ([0, 1], [1, 1])]
    assert ["Wider ranges in the schema" in said for said in words] == [False, True]
    assert ["wider ranges would change nothing" in said for said in words] == [True, False]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_outside_are_text(told: Report, name: str) -> None:
    text, page = told.to_html(), Page(told.to_html())
    assert printable(name) in page.words
    if "<" in name:
        assert name not in text
    assert not re.search(r"<(script|img|i|u|b)\b", text)
    assert "\x1b" not in text and "\u202e" not in text


def test_title_and_file(told: Report, tmp_path: Path) -> None:
    place = tmp_path / "report.html"
    text = told.to_html(place, title="<&>")
    assert place.read_bytes() == text.encode() and "<h1>&lt;&amp;&gt;</h1>" in text
    assert roles.REPORT.fits(place) and roles.REPORT.private
    place.write_text("<!DOCTYPE html><p>mine")
    assert not roles.REPORT.fits(place)


def test_a_page_without_rows_without_a_model_and_without_an_authority() -> None:
    bare = check(pyfe.report(objects.function()))
    assert "without rows" in bare.words and "No authority was asked" in bare.words
    alone = check(pyfe.report(objects.function(), objects.ROWS, ["no", "yes", "no", "yes"]))
    assert "The model itself was not at hand" in alone.words and "clipping changed no score" in alone.words
    encoded = check(pyfe.report(objects.function(), objects.schema().encode(objects.ROWS)))
    assert "came encoded" in encoded.words


@pytest.mark.parametrize("function", [objects.several(), objects.quadratic(), objects.network()])
def test_pages_of_other_functions(function: Function) -> None:
    page = check(pyfe.report(function, objects.ROWS))
    assert "products of columns" in page.words or function.kind == "linear"


def test_a_quadratic_function_is_asked_for_and_a_regression_has_values() -> None:
    rng = np.random.default_rng(5)
    rows = rows_of([f"c{i}" for i in range(6)], 120)
    schema = Schema.from_ranges({name: (0, 100) for name in rows}, bits=2)
    square = pyfe.from_callable(lambda x: x[:, 0] * x[:, 1] + x.sum(axis=1), schema)
    target = rows["c0"] * rows["c1"] + rng.normal(0, 100, 120)
    report = pyfe.report(square, rows, target, policy=Policy.default())
    page = check(report)
    assert "quadratic functions say of single columns is not counted" in page.words
    assert report.on_rows is not None and report.on_rows.calibration is not None
    assert report.on_rows.calibration.what == "value" and report.metric == "R2"


def test_a_refusal_says_which_rule_and_asks_no_further() -> None:
    schema = Schema.from_ranges({f"c{i}": (0, 255) for i in range(9)})
    alone = Function.from_integers(schema, [5] + [0] * 8)
    report = pyfe.report(alone, rows_of([f"c{i}" for i in range(9)], 120), policy=Policy.default())
    assert report.answer is not None and not report.answer.granted
    says = {line.rule: line.says for line in report.answer.rules}
    assert says["2"] == "refuses" and says["0"] == says["1"] == "nothing" and says["4"] == says["8"] == "not asked"
    assert "would be refused" in check(report).words


# -- the parts that it is made of --


def test_markup_escapes_whatever_comes_in() -> None:
    assert tag("p", "<b>", title='"') == '<p title="&quot;">&lt;b&gt;</p>'
    assert isinstance(joined("a", Html("<i>"), None, 5), Html) and joined("<", Html("<i>"), None, 5) == "&lt;<i>5"
    assert words("\x00\u2028'") == "\\x00\\u2028&#x27;"
    figures = Figures({"a": {"b/c~": [1234, None, float("nan"), -0.00001]}})
    assert figures("count", "a", "b/c~", 0) == '<data value="1234" data-of="/a/b~1c~0/0">1,234</data>'
    assert figures("g", "a", "b/c~", 1) == figures("g", "a", "b/c~", 2) == '<span class="none">–</span>'


@pytest.mark.parametrize(
    "low,high,expected",
    [(0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1"]), (-30, 20, ["−30", "−20", "−10", "0", "10", "20"])],
)
def test_ticks_are_round(low: float, high: float, expected: list[str]) -> None:
    assert [word for _, word in nice_ticks(low, high)] == expected
    assert nice_ticks(3, 3) == [] and nice_ticks(0, float("inf")) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(scheme: str) -> None:
    """WCAG 2.2: 4.5 for text on the ground and on cards, 3 for marks."""
    from pyfe.reports.page.style import STYLE

    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#\w{6})", blocks[0 if scheme == "light" else 1]))
    for ground in ("ground", "card"):
        for name in ("text", "faint", "ours", "good", "bad"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
        for name in ("clipped", "theirs", "mark"):
            assert contrast(colours[name], colours[ground]) >= 3, (name, ground)


def contrast(one: str, other: str) -> float:
    lights = sorted((luminance(colour) for colour in (one, other)), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))
