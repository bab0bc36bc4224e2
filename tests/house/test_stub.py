"""The stub of the core says what the core says: names, arguments and types."""

import ast
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import pyfe._core as core

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import stub  # noqa: E402

Signature = tuple[str, ...]


def modules() -> dict[str, ModuleType]:
    """The core and its submodules, by their stub's file."""
    inner = {name: m for name, m in vars(core).items() if inspect.ismodule(m)}
    return {"__init__.pyi": core, **{f"{name}.pyi": m for name, m in inner.items()}}


def test_nothing_differs_from_what_is_generated() -> None:
    pytest.importorskip("pybind11_stubgen")
    assert stub.difference() == ""


@pytest.mark.parametrize("file", sorted(modules()))
def test_arguments_are_those_of_the_docstrings(file: str) -> None:
    """Independent of the generator: the first lines of the docstrings against the stub's own ast."""
    stated = from_stub(ast.parse((stub.STUB / file).read_text()))
    actual = from_docstrings(modules()[file])
    assert set(actual) <= set(stated), sorted(set(actual) - set(stated))
    different = {name: (stated[name], actual[name]) for name in actual if stated[name] != actual[name]}
    assert different == {}


def test_a_planted_rename_is_noticed() -> None:
    text = (stub.STUB / "__init__.pyi").read_text()
    assert "set_num_threads(n:" in text
    planted = from_stub(ast.parse(text.replace("set_num_threads(n:", "set_num_threads(count:")))
    assert planted["set_num_threads"] != from_docstrings(core)["set_num_threads"]


def from_stub(tree: ast.Module) -> dict[str, list[Signature]]:
    """name or class.name -> argument names of each overload."""
    out: dict[str, list[Signature]] = {}

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{node.name}.")
            elif isinstance(node, ast.FunctionDef):
                out.setdefault(prefix + node.name, []).append(arguments(node.args))

    visit(tree.body, "")
    return out


def arguments(args: ast.arguments) -> Signature:
    names = [a.arg for a in [*args.posonlyargs, *args.args, *args.kwonlyargs]]
    names += [star.arg for star in (args.vararg, args.kwarg) if star is not None]
    return tuple(names)


def from_docstrings(module: ModuleType) -> dict[str, list[Signature]]:
    out: dict[str, list[Signature]] = {}
    for name, value in vars(module).items():
        if inspect.isclass(value) and value.__module__ == module.__name__:
            for method, inner in vars(value).items():
                add(out, f"{name}.{method}", method, inner)
        else:
            add(out, name, name, value)
    return out


def add(out: dict[str, list[Signature]], key: str, name: str, value: Any) -> None:
    doc = getattr(value, "__doc__", None) or ""
    lines = [line for line in re.findall(r"^(?:\d+\. )?(.*->.*)$", doc, re.MULTILINE) if line.startswith(f"{name}(")]
    overloaded = "Overloaded function." in doc
    for line in lines[1 if overloaded and "(*args" in lines[0] else 0 :]:
        definition = ast.parse(f"def {plain(line)}: ...").body[0]
        assert isinstance(definition, ast.FunctionDef)
        out.setdefault(key, []).append(arguments(definition.args))


def plain(line: str) -> str:
    """A docstring's first line as Python: default values that print as <...> become an ellipsis."""
    return re.sub(r"= <[^>]*>", "= ...", line)
