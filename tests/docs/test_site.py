"""The built site: it loads nothing from elsewhere, runs no script but its own, can be searched, and needs no core."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.docs.site import ROOT, build

sys.path.insert(0, str(ROOT / "scripts"))


class Seen(HTMLParser):
    """What a page brings along: rules, scripts in the order of the page, attributes that are code or style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rules: list[str] = []
        self.inline: list[str] = []
        self.before_the_rule: list[str] = []
        self.files: list[str] = []
        self.unruly: list[str] = []
        self._open: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.unruly += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style":
            self.unruly.append(tag)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.rules.append(given["content"])
        if tag in ("script", "link") and not self.rules:
            self.before_the_rule.append(tag)
        if tag == "script" and "src" in given:
            self.files.append(given["src"])
        elif tag == "script" and given.get("type", "text/javascript") in ("text/javascript", "module"):
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._open is not None:
            self.inline.append(self._open)
            self._open = None


def allowed(rule: str, kind: str) -> list[str]:
    """The sources that a rule allows for a kind of things."""
    return next(part.split()[1:] for part in rule.split(";") if part.split()[0] == kind)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("docs"))


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Seen]:
    return {str(path.relative_to(site)): Seen(path.read_text()) for path in site.rglob("*.html")}


def test_every_inline_script_is_named_by_its_hash(pages: dict[str, Seen]) -> None:
    assert len(pages) > 50
    for name, page in pages.items():
        (rule,) = page.rules
        hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in page.inline]
        assert set(allowed(rule, "script-src")) == {"'self'", *(f"'sha256-{each}'" for each in hashes)}, name
        assert page.inline and page.before_the_rule == [] and page.unruly == [], name


def test_nothing_is_allowed_or_loaded_from_elsewhere(site: Path, pages: dict[str, Seen]) -> None:
    for name, page in pages.items():
        for part in page.rules[0].split(";"):
            sources = set(part.split()[1:])
            assert all(s in ("'self'", "'none'", "data:") or s.startswith("'sha256-") for s in sources), (name, part)
        for file in page.files:
            assert (site / name).parent.joinpath(file).exists() or (name == "404.html" and file[0] == "/"), (name, file)
        assert any(file.endswith("assets/iframe-worker.js") for file in page.files), name


def test_the_index_holds_the_words(site: Path, pages: dict[str, Seen]) -> None:
    text = (site / "search" / "search_index.json").read_text()
    assert (site / "search" / "search_index.js").read_text() == f"var __index = {text}"  # for pages from a folder
    entries = json.loads(text)["docs"]
    for word, page in {
        "ristretto255": "math/ristretto255.html",
        "pseudonym": "tutorials/three-machines.html",
        "Schema.from_ranges": "reference/api.html",
        "malleable": "explanation/security.html",
    }.items():
        found = {entry["location"].split("#")[0] for entry in entries if word in entry["title"] + entry["text"]}
        assert page in found, (word, found)
    indexed = {entry["location"].split("#")[0] for entry in entries}
    assert set(pages) - {"404.html"} == indexed


def test_a_page_that_loads_from_elsewhere_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("latex2mathml", reason="make docs installs it")
    import docs_hooks

    page = tmp_path / "page.html"
    head = '<head><meta charset="utf-8">{}</head>'
    page.write_text(head.format("<script>1</script>"))
    docs_hooks.on_post_build({"site_dir": str(tmp_path)})
    (rule,) = Seen(page.read_text()).rules
    assert len(allowed(rule, "script-src")) == 2
    for loads in (
        '<script src="https://elsewhere.example/shim"></script>',
        '<link rel="stylesheet" href="https://elsewhere.example/a.css">',
    ):
        page.write_text(head.format(loads))
        with pytest.raises(ValueError, match="without a network"):
            docs_hooks.on_post_build({"site_dir": str(tmp_path)})
    page.write_text("<head></head>")
    with pytest.raises(ValueError, match="no place"):
        docs_hooks.on_post_build({"site_dir": str(tmp_path)})


def test_options_are_kept_in_one_piece() -> None:
    pytest.importorskip("latex2mathml", reason="make docs installs it")
    import docs_hooks

    kept = '<span class="option">{}</span>'.format
    for given, shown in {
        '<code class="a--b">x --carry-ids</code> --y': f'<code class="a--b">x {kept("--carry-ids")}</code> --y',
        '<code><i class="w"> </i>-p</code>': f'<code><i class="w"> </i>{kept("-p")}</code>',
        "<code>verify-cohort a-b 2^-12</code>": "<code>verify-cohort a-b 2^-12</code>",
    }.items():
        assert docs_hooks.on_page_content(given) == shown


def test_the_site_needs_no_core(tmp_path: Path) -> None:
    """`make docs` in a new environment installs the tools of the site and nothing of pyfe."""
    done = subprocess.run(
        ["make", "--dry-run", "docs", f"VENV={tmp_path / 'venv'}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    installed = [line for line in done.stdout.splitlines() if "pip" in line and " install " in line]
    assert len(installed) == 1 and "extras.py docs" in installed[0] and "editable" not in done.stdout
    for name in ("api_pages.py", "docs_hooks.py"):
        assert not re.search(r"^\s*(import|from) pyfe\b", (ROOT / "scripts" / name).read_text(), re.MULTILINE)
