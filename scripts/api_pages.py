"""Docstrings as Markdown: a line ``::: pyfe.Schema`` of a page becomes the documentation of that object.

The docstrings are the only place where the API is described; this makes a page of them when the site is built.
"""

from __future__ import annotations

import importlib
import inspect
import re
from types import ModuleType
from typing import Any

_DEFAULTS = (bool, int, float, str, bytes, tuple, frozenset, type(None))
_DIRECTIVE = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)
_ROLE = re.compile(r":(?:class|meth|func|mod|attr|data):`~?(?:[\w.]*\.)?(\w+)`")
_SECTION = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_ITEM = re.compile(r"^(?!Cost|Raises|Returns|Link|Source)(\w+(?:, \w+)*): ", re.MULTILINE)
_TABLE = re.compile(r"(?:^=+(?: +=+)*\n)[\s\S]*?(?:\n=+(?: +=+)*$)", re.MULTILINE)
# pybind11 writes the signature as the first line of the docstring.
_NATIVE = re.compile(r"^\w+(\(.*\) -> .*)$", re.MULTILINE)
_DOCTEST = re.compile(r"(?:^>>> .*\n?(?:^(?!>>>)\S.*\n?)*)+", re.MULTILINE)


def expand(markdown: str) -> str:
    """Replace every directive of a page."""
    return _DIRECTIVE.sub(lambda match: documentation(match[1]), markdown)


def documentation(name: str) -> str:
    """The Markdown of one object by its dotted name."""
    item = find(name)
    if isinstance(item, ModuleType):
        inner = [n for n in item.__all__ if callable(getattr(item, n))]
        return "\n\n".join([prose(item), *(documentation(f"{name}.{n}") for n in inner)])
    parts = [entry(name, item, "###")]
    if inspect.isclass(item):
        parts += [entry(f"{name.split('.')[-1]}.{n}", value, "####") for n, value in members(item)]
    return "\n\n".join(parts)


def find(name: str) -> Any:
    """The object of a dotted name, importing the longest module part of it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        parent, _, last = name.rpartition(".")
        return getattr(find(parent), last)


def members(cls: type) -> list[tuple[str, Any]]:
    """Public members that have a docstring, in the order of the source; a field's default has only its type's."""
    named = [(n, v) for n, v in vars(cls).items() if not n.startswith("_") and not isinstance(v, _DEFAULTS)]
    return [(n, v) for n, v in named if inspect.getdoc(unwrapped(v))]


def unwrapped(value: Any) -> Any:
    """The function behind a class method or a property."""
    if isinstance(value, property):
        return value.fget
    return value.__func__ if isinstance(value, classmethod | staticmethod) else value


def entry(name: str, value: Any, heading: str) -> str:
    """Heading with the signature, and the docstring."""
    inner = unwrapped(value)
    lines = [f"{heading} `{name}`"]
    if not isinstance(value, property) and callable(inner) and (shown := signature(inner)):
        lines.append(f"```python\n{name.split('.')[-1]}{shown}\n```")
    return "\n\n".join([*lines, prose(inner)])


def signature(value: Any) -> str:
    """Arguments and result without the leading self or cls; long ones a line each. Empty where nothing is known."""
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        stated = _NATIVE.match(inspect.getdoc(value) or "")
        return native_types(stated[1]) if stated else ""
    arguments = [
        re.sub(r": '([^']*)'", r": \1", str(p)) for n, p in found.parameters.items() if n not in ("self", "cls")
    ]
    marks = star(found, arguments)
    result = "" if found.return_annotation is found.empty else f" -> {found.return_annotation}"
    short = f"({', '.join(marks)}){result}"
    return short if len(short) < 90 else "(\n    " + ",\n    ".join(marks) + f",\n){result}"


def native_types(text: str) -> str:
    """A signature that pybind11 wrote, in the words of everyday."""
    text = text.replace("typing.SupportsInt | typing.SupportsIndex", "int").replace("collections.abc.", "")
    text = re.sub(r"pyfe\._core\.\w+\.|numpy\.typing\.|numpy\.", "", text)
    return re.sub(r"^\((?:self|arg0): \w+(?:, )?", "(", text)


def star(found: inspect.Signature, arguments: list[str]) -> list[str]:
    """The arguments with the ``*`` before keyword-only ones that str(signature) would show."""
    kinds = [p.kind for n, p in found.parameters.items() if n not in ("self", "cls")]
    if inspect.Parameter.KEYWORD_ONLY not in kinds or inspect.Parameter.VAR_POSITIONAL in kinds:
        return arguments
    at = kinds.index(inspect.Parameter.KEYWORD_ONLY)
    return [*arguments[:at], "*", *arguments[at:]]


def prose(value: Any) -> str:
    """A docstring as Markdown."""
    text = inspect.getdoc(value) or ""
    if stated := re.match(r"\((?:arg0|self): .*\) -> (.*)", text):  # a property of the core
        text = f"`{native_types(stated[1])}`" + text[stated.end() :]
    text = _NATIVE.sub("", text, count=1).lstrip()
    text = _ROLE.sub(r"`\1`", text).replace("``", "`")
    text = _TABLE.sub(lambda match: f"```text\n{match[0]}\n```", text)
    text = _DOCTEST.sub(lambda match: f"```python\n{match[0].rstrip()}\n```\n", text)
    text = _SECTION.sub(r"**\1**\n\n", text)
    text = _ITEM.sub(r"- **\1**: ", text)
    return text.replace("::\n", ":\n")
