"""mkdocs hooks: formulas as MathML (no script, no network), docstrings and SECURITY.md where pages ask for them."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import api_pages  # noqa: E402

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
_LOADS = re.compile(
    r'<(?:script|img|iframe)[^>]+src="https?://[^"]*|<link[^>]+rel="(?!canonical)[^"]*"[^>]+href="https?://[^"]*'
)
_INCLUDE = "[The threat model: SECURITY.md](../../SECURITY.md)"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put docstrings in the place of directives, and SECURITY.md, without its title, in the place of its link."""
    markdown = api_pages.expand(markdown)
    if _INCLUDE not in markdown:
        return markdown
    text = (ROOT / "SECURITY.md").read_text().split("\n", 1)[1]
    return markdown.replace(_INCLUDE, text.replace("](docs/", "](../"))


def on_page_content(content: str, **_: Any) -> str:
    """Replace every formula that arithmatex marked."""
    return _FORMULA.sub(_mathml, content)


def on_post_build(config: Any, **_: Any) -> None:
    """Refuse a site that loads anything from elsewhere."""
    for page in Path(config["site_dir"]).rglob("*.html"):
        outside = _LOADS.findall(page.read_text())
        if outside:
            raise ValueError(f"{page}: loads {outside[0]}; the site must work without a network")


def _mathml(match: re.Match[str]) -> str:
    display = "inline" if match[2] == "(" else "block"
    return str(convert(html.unescape(match[3]).strip(), display=display))
