"""Small changes of a program, one at a time: what a test suite that looks at everything would notice.

As a pytest plugin (``-p mutation``, this folder on the path) it changes one module as it is imported: the environment
says which, ``PYFE_MUTANT=pyfe/leakage/rules/rank.py:7``. Nothing is written. Operators: those of DeMillo, Lipton and
Sayward (*Hints on Test Data Selection*, 1978) that Python has: comparisons, arithmetic, connectives, negations,
constants, conditions, and statements that are left out.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "PYFE_MUTANT"

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.MatMult: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
_UNCHANGED = (ast.Raise, ast.Assert, ast.Import, ast.ImportFrom)
"""Statements inside which nothing is changed: what an error says, and what is taken for granted."""


class Mutation(NamedTuple):
    """A change: the line, what it is in words, and what makes it, once, in the tree it was found in."""

    line: int
    words: str
    apply: Callable[[], None]


def mutations(tree: ast.Module) -> list[Mutation]:
    """All changes of a module, in the order of the file."""
    return [found for function in _functions(tree) for node in _nodes(function) for found in _of(node)]


def mutated(source: bytes, path: str, index: int) -> CodeType:
    """The module with its change number ``index``."""
    tree = ast.parse(source, path)
    mutations(tree)[index].apply()
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


def _functions(tree: ast.Module) -> Iterator[ast.AST]:
    """Functions and methods: what stands outside of them are names, tables and limits that no formula computes."""
    for node in tree.body:
        for part in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(part, ast.FunctionDef):
                yield part


def _nodes(function: ast.AST) -> Iterator[ast.AST]:
    """What is executed: no docstrings, no annotations, no decorators, no errors."""
    for field, value in ast.iter_fields(function):
        if field in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, (*_UNCHANGED, ast.arguments)):
                yield child
                yield from _nodes(child)


def _of(node: ast.AST) -> Iterator[Mutation]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            yield _set_item(node, node.ops, place, _COMPARED[type(operator)](), "comparison")
    elif isinstance(node, ast.BinOp | ast.AugAssign):
        yield _set(node, "op", _COMPUTED.get(type(node.op), ast.Sub)(), "arithmetic")
    elif isinstance(node, ast.BoolOp):
        yield _set(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And(), "connective")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield _set(node, "op", ast.Not() if isinstance(node.op, ast.USub) else ast.UAdd(), "negation")
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield _set(node, "test", ast.UnaryOp(ast.Not(), node.test), "condition")
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        changed = (not node.value) if isinstance(node.value, bool) else node.value + 1
        yield _set(node, "value", changed, f"constant {node.value!r}")
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield _set(node, "value", ast.Constant(None), "call left out")


def _set(node: ast.AST, field: str, value: object, words: str) -> Mutation:
    return Mutation(getattr(node, "lineno", 0), words, lambda: setattr(node, field, value))


def _set_item(node: ast.Compare, items: list[ast.cmpop], place: int, value: ast.cmpop, words: str) -> Mutation:
    return Mutation(node.lineno, words, lambda: items.__setitem__(place, value))


def _install(where: str, index: int) -> None:
    """Let the loader of one file give the changed module."""
    path, usual = str(ROOT / where), SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, name: str) -> CodeType | None:
        if self.get_filename(name) != path:
            return usual(self, name)
        return mutated(Path(path).read_bytes(), path, index)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]


if os.environ.get(VARIABLE):
    _file, _, _number = os.environ[VARIABLE].rpartition(":")
    _install(_file, int(_number))
