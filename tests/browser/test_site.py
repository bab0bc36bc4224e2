"""The site as a reader sees it, opened from a folder in a headless Chromium: without a server, without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import chromium
from tests.docs.site import ROOT, build
from tests.docs.test_blocks import commands

pytestmark = [pytest.mark.slow, pytest.mark.skipif(chromium.PROGRAM is None, reason=chromium.ABSENT)]

ITEMS = "[...document.querySelectorAll('.md-search-result__link')].map(link => link.href)"
BLOCKS = "[...document.querySelectorAll('.language-console pre > code')]"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("docs"))


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Page]:
    with chromium.page(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture
def page(tab: chromium.Page) -> Iterator[chromium.Page]:
    """The tab, which must not have complained or asked for anything but files when the test ends."""
    tab.messages.clear()
    tab.asked.clear()
    yield tab
    assert tab.messages == []
    assert [url for url in tab.asked if not url.startswith(("file:", "data:"))] == []


def test_a_word_that_is_typed_finds_its_page(page: chromium.Page, site: Path) -> None:
    page.open((site / "index.html").as_uri())
    page.run("document.querySelector('.md-search__input').focus()")
    page.type("ristretto")
    found = page.wait(f"{ITEMS}.length > 3 && {ITEMS}")
    assert any(link.startswith((site / "math" / "ristretto255.html").as_uri()) for link in found)
    page.run("document.querySelector('.md-search__input').value = ''")
    page.type("pseudonym")
    page.wait(f"{ITEMS}.some(link => link.startsWith({json.dumps((site / 'guides' / 'owner.html').as_uri())}))")


def test_a_page_in_a_folder_of_the_site_searches_too(page: chromium.Page, site: Path) -> None:
    page.open((site / "guides" / "demos" / "index.html").as_uri(), width=360)
    page.run("document.querySelector('.md-search__input').focus()")
    page.type("handover")
    page.wait(f"{ITEMS}.some(link => link.startsWith({json.dumps((site / 'guides' / 'cohorts.html').as_uri())}))")


def test_the_rule_of_a_page_holds(tab: chromium.Page, site: Path) -> None:
    """What the other tests see no complaint about would be refused."""
    tab.open((site / "index.html").as_uri())
    tab.run("{ const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.head.append(s) }")
    assert tab.run("window.ran === undefined")
    assert any("Content Security Policy" in message for message in tab.messages)


def test_the_sidebar_folds(page: chromium.Page, site: Path) -> None:
    page.open((site / "tutorials" / "first-steps.html").as_uri())
    height = "document.querySelector('.md-nav__link[href$=\"qfe.html\"]').getBoundingClientRect().height"
    assert page.run("document.querySelector('.md-nav__link[href$=\"three-machines.html\"]').offsetHeight") > 0
    link = "[...document.querySelectorAll('label.md-nav__link')].find(label => /Mathematics/.test(label.innerText))"
    closed = "getComputedStyle(document.querySelector('.md-nav__link[href$=\"qfe.html\"]').closest('nav')).visibility"
    assert page.run(closed) in ("collapse", "hidden")
    page.run(f"{link}.click()")
    assert page.wait(f"{closed} === 'visible' && {height} > 0")


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("name", ["tutorials/three-machines", "tutorials/officers-day", "guides/command-line"])
def test_no_command_is_cut(page: chromium.Page, site: Path, name: str, width: int) -> None:
    page.open((site / f"{name}.html").as_uri(), width=width)
    assert page.run("document.documentElement.scrollWidth") <= width
    assert page.run(f"{BLOCKS}.length") > 3
    assert page.run(f"{BLOCKS}.filter(block => block.scrollWidth > block.clientWidth).map(b => b.innerText)") == []


def test_no_page_is_wider_than_a_phone(page: chromium.Page, site: Path) -> None:
    wide = []
    for file in sorted(set(site.rglob("*.html")) - {site / "404.html"}):  # that one is for servers
        page.open(file.as_uri(), width=360)
        if (width := page.run("document.documentElement.scrollWidth")) > 360:
            wide.append(f"{file.relative_to(site)}: {width}")
    assert wide == []


@pytest.mark.parametrize("name", ["tutorials/three-machines", "guides/command-line"])
def test_copy_copies_the_commands(page: chromium.Page, site: Path, name: str) -> None:
    page.open((site / f"{name}.html").as_uri())
    page.run("document.addEventListener('copy', () => { window.taken = document.activeElement.value }, true)")
    written = re.findall(r"^```console\n(.*?)^```$", (ROOT / f"docs/{name}.md").read_text(), re.MULTILINE | re.DOTALL)
    page.wait("document.querySelectorAll('.language-console .md-clipboard, .language-console button').length")
    for at, block in enumerate(written):
        page.run("window.taken = null")
        page.run(f"{BLOCKS}[{at}].scrollIntoView()")
        page.wait(f"!!{BLOCKS}[{at}].closest('.highlight').querySelector('button[data-clipboard-target]')")
        page.run(f"{BLOCKS}[{at}].closest('.highlight').querySelector('button[data-clipboard-target]').click()")
        taken = page.wait("window.taken")
        assert taken.rstrip("\n") == "\n".join(command for command, _ in commands(block))
