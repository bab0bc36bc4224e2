"""Files that a reader can hold in mind: none over 600 lines, no function over 60."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "pyfe"
MOST_LINES_OF_A_FILE = 600
MOST_LINES_OF_A_FUNCTION = 60


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def functions(path: Path) -> list[tuple[str, int]]:
    """Names and lengths of functions, docstrings and signatures included."""
    defs = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, defs)]
    return [(node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in found]


def test_no_file_is_long() -> None:
    lengths = {str(path.relative_to(PACKAGE)): len(path.read_text().splitlines()) for path in sources()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_long() -> None:
    lengths = {(str(path.relative_to(PACKAGE)), name): lines for path in sources() for name, lines in functions(path)}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FUNCTION} == {}
