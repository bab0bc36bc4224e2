"""mkdocs hooks: formulas as MathML (no script, no network), docstrings, the C header and SECURITY.md where pages ask
for them, and in every page what it may load: files of the site, and no script but these and its own inline ones.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
import sys
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import api_pages  # noqa: E402
import c_pages  # noqa: E402

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
_LOADS = re.compile(
    r'<(?:script|img|iframe)[^>]+src="https?://[^"]*|<link[^>]+rel="(?!canonical)[^"]*"[^>]+href="https?://[^"]*'
)
# A script that the browser runs: one of a type (the theme's settings, JSON) is data.
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_HEAD = '<meta charset="utf-8">'
# Browsers break lines after a hyphen: an option is kept in one piece.
_CODE = re.compile(r"(<code[^>]*>)(.*?)(</code>)", re.DOTALL)
_OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*(?![^<]*>)")
_INCLUDE = "[The threat model: SECURITY.md](../../SECURITY.md)"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put docstrings in the place of directives, and the C header and SECURITY.md in the place of their links."""
    markdown = c_pages.expand(api_pages.expand(markdown))
    if _INCLUDE not in markdown:
        return markdown
    text = (ROOT / "SECURITY.md").read_text().split("\n", 1)[1]
    return markdown.replace(_INCLUDE, text.replace("](docs/", "](../"))


def on_page_content(content: str, **_: Any) -> str:
    """Replace every formula that arithmatex marked; keep the options of commands in one piece."""
    return _CODE.sub(_with_options, _FORMULA.sub(_mathml, content))


def on_post_build(config: Any, **_: Any) -> None:
    """Refuse a site that loads anything from elsewhere, and have browsers refuse it too."""
    for page in Path(config["site_dir"]).rglob("*.html"):
        text = page.read_text()
        if outside := _LOADS.findall(text):
            raise ValueError(f"{page}: loads {outside[0]}; the site must work without a network")
        if text.count(_HEAD) != 1:
            raise ValueError(f"{page}: has no place for what it may load, {_HEAD}")
        rule = f'<meta http-equiv="Content-Security-Policy" content="{content_policy(text)}">'
        page.write_text(text.replace(_HEAD, f"{_HEAD}\n    {rule}"))


def content_policy(page: str) -> str:
    """What a page may load, as a content security policy. Inline scripts are named by their hashes; no inline style."""
    hashes = {hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(page)}
    scripts = " ".join(["'self'", *sorted(f"'sha256-{base64.b64encode(each).decode()}'" for each in hashes)])
    own = "style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'"
    return f"default-src 'none'; script-src {scripts}; {own}; base-uri 'none'; form-action 'none'"


def _mathml(match: re.Match[str]) -> str:
    display = "inline" if match[2] == "(" else "block"
    formula = str(convert(html.unescape(match[3]).strip(), display=display))
    return formula if display == "inline" else f'<div class="formula">{formula}</div>'


def _with_options(code: re.Match[str]) -> str:
    return code[1] + _OPTION.sub(r'<span class="option">\g<0></span>', code[2]) + code[3]
