"""Docstrings as Markdown: a line ``::: pyfe.Schema`` of a page becomes the documentation of that object.

The docstrings are the only place where the API is described; this makes a page of them when the site is built. They are
read from the sources, and those of the core from its stub: nothing of pyfe is imported, and no core has to be there.
"""

from __future__ import annotations

import functools
import inspect
import re
from pathlib import Path

import griffe

ROOT = Path(__file__).resolve().parent.parent

_DIRECTIVE = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)
_ROLE = re.compile(r":(?:class|meth|func|mod|attr|data):`~?(?:[\w.]*\.)?(\w+)`")
_SECTION = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_ITEM = re.compile(r"^(?!Cost|Raises|Returns|Link|Source)(\w+(?:, \w+)*): ", re.MULTILINE)
_TABLE = re.compile(r"(?:^=+(?: +=+)*\n)[\s\S]*?(?:\n=+(?: +=+)*$)", re.MULTILINE)
# griffe writes the default factory of a field as its call.
_MADE = re.compile(r"^\(lambda: (.*)\)\(\)$")
_DOCTEST = re.compile(r"(?:^>>> .*\n?(?:^(?!>>>)\S.*\n?)*)+", re.MULTILINE)


def expand(markdown: str) -> str:
    """Replace every directive of a page."""
    return _DIRECTIVE.sub(lambda match: documentation(match[1]), markdown)


def documentation(name: str) -> str:
    """The Markdown of one object by its dotted name."""
    item = find(name)
    if isinstance(item, griffe.Module):
        inner = [n for n in item.exports or [] if isinstance(home(item[str(n)]), griffe.Class | griffe.Function)]
        return "\n\n".join([prose(item), *(documentation(f"{name}.{n}") for n in inner)])
    parts = [entry(name, item, "###")]
    if isinstance(item, griffe.Class):
        parts += [entry(f"{name.split('.')[-1]}.{n}", value, "####") for n, value in members(item)]
    return "\n\n".join(parts)


@functools.cache
def package() -> griffe.Module:
    """All of pyfe as it is written."""
    loaded = griffe.load("pyfe", search_paths=[ROOT], try_relative_path=False, allow_inspection=False)
    assert isinstance(loaded, griffe.Module)
    return loaded


def find(name: str) -> griffe.Object:
    """The object of a dotted name where it is defined. KeyError where nothing is."""
    return home(package()[name.removeprefix("pyfe.")])


def home(item: griffe.Object | griffe.Alias) -> griffe.Object:
    """What a name stands for, through imports and lines such as ``ScoreProof = _native.ScoreProof``.

    A function that is called like its file has been imported over it, as in ``pyfe.number``.
    """
    while isinstance(item, griffe.Alias):
        item = package()[item.target_path.removeprefix("pyfe.")]
    if isinstance(item, griffe.Attribute) and isinstance(item.value, griffe.ExprName | griffe.ExprAttribute):
        return find(item.value.canonical_path)
    if isinstance(item, griffe.Module) and item.name in item.members:
        return home(item.members[item.name])
    return item


def members(cls: griffe.Class) -> list[tuple[str, griffe.Object]]:
    """Public methods and properties in the order of the source, those that have a docstring; of the core all."""
    own = [(n, v) for n, v in cls.members.items() if not n.startswith("_") and isinstance(v, griffe.Object)]
    called = [(n, v) for n, v in own if v.is_function or "property" in v.labels]
    return [(n, v) for n, v in called if v.has_docstring or of_the_core(v)]


def of_the_core(item: griffe.Object) -> bool:
    """Whether it stands in the stub; there few things have words, and signatures say the rest."""
    return item.path.startswith("pyfe._core.")


def entry(name: str, item: griffe.Object, heading: str) -> str:
    """Heading with the signature, and the docstring."""
    lines = [f"{heading} `{name}`"]
    if isinstance(item, griffe.Class | griffe.Function) and (shown := signature(item)):
        lines.append(f"```python\n{name.split('.')[-1]}{shown}\n```")
    return "\n\n".join([*lines, prose(item)])


def signature(item: griffe.Class | griffe.Function) -> str:
    """Arguments and result without the leading self or cls; long ones a line each. Empty where a class takes none."""
    if isinstance(item, griffe.Class) and not item.parameters:
        return ""
    arguments = [p for p in item.parameters if p.name not in ("self", "cls")]
    shown = [argument(p) for p in arguments]
    kinds = [p.kind for p in arguments]
    if griffe.ParameterKind.keyword_only in kinds and griffe.ParameterKind.var_positional not in kinds:
        shown.insert(kinds.index(griffe.ParameterKind.keyword_only), "*")
    result = f" -> {item.returns}" if isinstance(item, griffe.Function) and item.returns else ""
    short = everyday(f"({', '.join(shown)}){result}")
    return short if len(short) < 90 else everyday("(\n    " + ",\n    ".join(shown) + f",\n){result}")


def argument(parameter: griffe.Parameter) -> str:
    """One argument as it is written."""
    kinds = griffe.ParameterKind
    stars = "*" if parameter.kind is kinds.var_positional else "**" if parameter.kind is kinds.var_keyword else ""
    typed = f": {parameter.annotation}" if parameter.annotation is not None else ""
    given = parameter.default if not stars else None
    default = (" = " if typed else "=") + _MADE.sub(r"\1", str(given)) if given is not None else ""
    return f"{stars}{parameter.name}{typed}{default}"


def everyday(text: str) -> str:
    """A signature of the core's stub in the words of everyday."""
    text = text.replace("typing.SupportsInt | typing.SupportsIndex", "int").replace("collections.abc.", "")
    return re.sub(r"\b(?:pyfe\._core\.(?:[a-z_0-9]+\.)?|numpy\.typing\.|numpy\.|typing\.)", "", text)


def prose(item: griffe.Object) -> str:
    """A docstring as Markdown; of a property of the core, whose docstring says no type, with its type."""
    text = inspect.cleandoc(item.docstring.value) if item.docstring else ""
    if isinstance(item, griffe.Attribute) and of_the_core(item):
        text = f"`{everyday(str(item.annotation))}`\n\n{text}".rstrip()
    text = _ROLE.sub(r"`\1`", text).replace("``", "`")
    text = _TABLE.sub(lambda match: f"```text\n{match[0]}\n```", text)
    text = _DOCTEST.sub(lambda match: f"```pycon\n{match[0].rstrip()}\n```\n", text)
    text = _SECTION.sub(r"**\1**\n\n", text)
    text = _ITEM.sub(r"- **\1**: ", text)
    return text.replace("::\n", ":\n")
