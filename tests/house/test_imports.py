"""How the Python files import each other: never in a circle, never by name; and the lazy face of the package."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import pyfe

ROOT = Path(__file__).parents[2]
FACE = "pyfe"
"""The one module that loads others by name: what ``import pyfe`` shows."""

BY_NAME = {"import_module", "__import__", "reload", "module_from_spec", "spec_from_file_location", "run_module"}


def modules(package: str) -> dict[str, Path]:
    """Module name -> file, of a package at the root."""
    files = sorted((ROOT / package).rglob("*.py"))
    parts = {path: path.relative_to(ROOT).with_suffix("").parts for path in files}
    return {".".join(names[:-1] if names[-1] == "__init__" else names): path for path, names in parts.items()}


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def for_types_only(tree: ast.Module) -> list[ast.Import | ast.ImportFrom]:
    """Imports below ``if TYPE_CHECKING``."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    inside = [node for block in blocks for part in block.body for node in ast.walk(part)]
    return [node for node in inside if isinstance(node, ast.Import | ast.ImportFrom)]


def targets(node: ast.AST) -> Iterator[str]:
    """What an import names, a module or something in it; imports here are absolute."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: a relative import"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def graph(trees: dict[str, ast.Module]) -> dict[str, set[str]]:
    """Module -> modules that it imports, at its top or inside a function, for types only or not. A package's own
    ``__init__`` comes with every module of it, and is no arrow of theirs."""

    def module_of(name: str) -> str | None:
        while name and name not in trees:
            name = name.rpartition(".")[0]
        return name or None

    found: dict[str, set[str]] = {}
    for module, tree in trees.items():
        named = {module_of(name) for node in ast.walk(tree) for name in targets(node)}
        found[module] = {to for to in named if to and to != module and not module.startswith(to + ".")}
    return found


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """One circle of the graph; empty if there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_a_circle_is_found() -> None:
    sources = {
        "p": "",
        "p.a": "from p.b import x",
        "p.b": "def f():\n    from p import c",
        "p.c": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import p.a",
    }
    trees = {name: ast.parse(text) for name, text in sources.items()}
    assert set(circle(graph(trees))) == {"p.a", "p.b", "p.c"}
    trees["p.c"] = ast.parse("import p, numpy")
    assert circle(graph(trees)) == []


@pytest.mark.parametrize("package", ["pyfe", "bench"])
def test_no_circles(package: str) -> None:
    trees = {name: tree_of(path) for name, path in modules(package).items()}
    arrows = graph({name: tree for name, tree in trees.items() if name != FACE})
    assert len(arrows) > 10 and sum(map(len, arrows.values())) > 20
    assert circle(arrows) == []


def test_imports_for_types_only(capsys: pytest.CaptureFixture[str], record_property) -> None:
    """Arrows like others above; counted here, but for those of the lazy face, which show its names to type checkers."""
    found = {name: len(for_types_only(tree_of(path))) for name, path in modules("pyfe").items() if name != FACE}
    record_property("imports_for_types_only", sum(found.values()))
    with capsys.disabled():
        print(f"\n  imports under TYPE_CHECKING in pyfe: {sum(found.values())}")


def named_in(tree: ast.Module) -> set[str]:
    """Every identifier of a file."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_an_import_by_name_is_found() -> None:
    for text in ("importlib.import_module('x')", "from importlib import import_module as load", "__import__('x')"):
        assert named_in(ast.parse(text)) & BY_NAME


def test_nothing_is_imported_by_name() -> None:
    found = {name: named_in(tree_of(path)) & BY_NAME for name, path in modules("pyfe").items() if name != FACE}
    assert {name: used for name, used in found.items() if used} == {}


def test_the_lazy_face_says_one_thing() -> None:
    """``__all__``, the table of homes, and what type checkers are shown."""
    shown: dict[str, str] = {}
    for node in for_types_only(tree_of(Path(pyfe.__file__))):
        assert isinstance(node, ast.ImportFrom) and node.module is not None
        shown |= {alias.name: node.module for alias in node.names}
    lazy = pyfe._HOMES | dict.fromkeys(pyfe._ROOMS, "pyfe")
    assert shown == lazy
    at_once = {name for name in vars(pyfe.errors) if name in pyfe.__all__} | {"errors", "__version__"}
    assert sorted(pyfe.__all__) == sorted({*lazy, *at_once}) and not at_once & set(lazy)


def test_the_lazy_face_resolves() -> None:
    for name, home in pyfe._HOMES.items():
        assert getattr(pyfe, name) is getattr(importlib.import_module(home), name)
    for name in pyfe._ROOMS:
        assert getattr(pyfe, name) is importlib.import_module(f"pyfe.{name}")
    with pytest.raises(AttributeError, match="no attribute 'wheel'"):
        pyfe.wheel  # noqa: B018
