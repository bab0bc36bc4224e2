"""The page of a report as a reader sees it in a headless Chromium: light and dark, wide and on a telephone, printed."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import pyfe
from tests.browser import chromium

pytestmark = [pytest.mark.slow, pytest.mark.skipif(chromium.PROGRAM is None, reason=chromium.ABSENT)]

LONG = "a column with a name as long as laboratories give them, in mmol per litre of serum"
CUT = (
    "[...document.querySelectorAll('svg text')].filter(t => { const b = t.getBoundingClientRect(), "
    "s = t.closest('svg').getBoundingClientRect(); "
    "return b.left < s.left - 1 || b.right > s.right + 1 }).map(t => t.textContent)"
)


def lightness(tab: chromium.Page, element: str, what: str) -> float:
    """Of a color in the page, from 0 (black) to 1; what is transparent shows the sheet."""
    color = f"getComputedStyle(document.{element}).{what}"
    red, green, blue, *alpha = (float(part) for part in re.findall(r"[0-9.]+", tab.run(color)))
    return 1.0 if alpha == [0.0] else (red + green + blue) / 765


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    names = [LONG, "<b>bold</b>", *(f"c{i}" for i in range(10))]
    rows = {name: rng.normal(50, 10, 400) for name in names}
    weights = {name: 0.03 + 0.01 * i for i, name in enumerate(rows)}
    model = pyfe.Linear(weights, intercept=-50 * sum(weights.values()), link="logit", name="a risk")
    ill = rng.random(400) < 1 / (1 + np.exp(50 * sum(weights.values()) - sum(rows[n] * weights[n] for n in rows)))
    _, function = pyfe.prepare(model, rows, ill.astype(int))
    page = tmp_path_factory.mktemp("report") / "report.html"
    pyfe.report(function, rows, ill.astype(int), policy=pyfe.Policy.default()).to_html(page)
    return page


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Page]:
    with chromium.page(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1400])
def test_it_is_read_on_any_screen(tab: chromium.Page, report: Path, width: int, dark: bool) -> None:
    """Nothing is wider than the screen, no label of a plot is cut, ink stands out, and nothing is asked for or said."""
    tab.messages.clear()
    tab.asked.clear()
    tab.open(report.as_uri(), width=width, dark=dark)
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.run("document.querySelectorAll('svg').length") >= 4
    assert tab.run(CUT) == []
    paper = lightness(tab, "body", "backgroundColor")
    ink = lightness(tab, "querySelector('h1')", "color")
    assert (paper < 0.2 and ink > 0.7) if dark else (paper > 0.8 and ink < 0.3)
    assert tab.run("document.querySelector('b') === null") and LONG[:40] in tab.run("document.body.innerText")
    assert tab.messages == [] and tab.asked == [report.as_uri()]


def test_it_prints_black_on_white(tab: chromium.Page, report: Path) -> None:
    """From a dark screen too."""
    tab.open(report.as_uri(), dark=True)
    tab("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert lightness(tab, "body", "backgroundColor") > 0.95
    assert lightness(tab, "querySelector('h1')", "color") < 0.3
    printed = b64decode(tab("Page.printToPDF", printBackground=False)["data"])
    assert printed.startswith(b"%PDF") and 1 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page/") <= 20
    tab("Emulation.setEmulatedMedia", media="")
