"""The header of the C ABI as Markdown: the link to it on the page of the C reference becomes what the header says.

Its comments are the only place where the C ABI is described. A title ``/* ---- Keys ---- */`` is a section; any other
comment is the text of the declarations below it, up to an empty line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / "csrc" / "capi" / "include" / "pyfe.h"

INCLUDE = "[The header, pyfe.h](../../csrc/capi/include/pyfe.h)"
_TITLE = re.compile(r"^/\* -+ (.*?) -+ \*/$")
_NAME = re.compile(r"\b(pyfe_\w+)\(|\} (pyfe_\w+);|^#define (PYFE_\w+)|typedef (?:struct pyfe_\w+|int32_t) (pyfe_\w+);")


class Item(NamedTuple):
    """A comment and the declarations below it; of a title, no declarations."""

    title: str
    text: str
    code: str

    @property
    def names(self) -> list[str]:
        """What it declares."""
        found = (next(filter(None, match)) for line in self.code.splitlines() for match in _NAME.findall(line))
        return list(dict.fromkeys(found))


def expand(markdown: str) -> str:
    """Put the header in the place of its link."""
    return markdown.replace(INCLUDE, reference(HEADER.read_text())) if INCLUDE in markdown else markdown


def reference(header: str) -> str:
    """All of it."""
    return "\n\n".join(_markdown(item) for item in items(header))


def items(header: str) -> list[Item]:
    """The parts of a header, in order; its guards and what is for C++ are left out."""
    header = re.sub(r"#ifdef __cplusplus.*?#endif|#if defined.*?#endif", "", header, flags=re.DOTALL)
    header = re.sub(r"^#(?:ifndef|endif|include|define PYFE_H)\b.*$", "", header, flags=re.MULTILINE)
    out: list[Item] = []
    for block in re.split(r"\n\s*\n(?=/\*|PYFE_API|typedef|#define)", header.strip()):
        if title := _TITLE.match(block.strip()):
            out.append(Item(title[1], "", ""))
            continue
        comment = re.match(r"/\*(.*?)\*/\n?", block, re.DOTALL)
        text = "" if comment is None else comment[1]
        code = block if comment is None else block[comment.end() :]
        out.append(Item("", _prose(text), code.replace("PYFE_API ", "").strip()))
    return out


def _prose(comment: str) -> str:
    """The words of a comment; list items as Markdown has them."""
    out: list[str] = []
    in_list = False
    for line in (re.sub(r"^ \* ?", "", line) for line in comment.strip().splitlines()):
        item = re.match(r" +- (.*)", line)
        if item:
            out += [f"- {item[1]}"] if in_list else ["", f"- {item[1]}"]
        elif in_list and line.startswith("    "):
            out[-1] += f" {line.strip()}"
        else:
            out += ["", line] if in_list else [line]
        in_list = bool(item) or (in_list and line.startswith("    "))
    return "\n".join(out)


def _markdown(item: Item) -> str:
    if item.title:
        return f"## {item.title}"
    heading = [f"### {', '.join(f'`{name}`' for name in item.names)}"] if item.names else []
    code = [f"```c\n{item.code}\n```"] if item.code else []
    text = re.sub(r"(\*\w+|\bPYFE_[A-Z_]+\b|\bpyfe_\w+\b)", r"`\1`", item.text)
    return "\n\n".join(part for part in (*heading, *code, text) if part)
