"""Format, style, types and arrows in one table: lint.py [--fix]. Zero findings is the only pass."""

from __future__ import annotations

import sys
from pathlib import Path

import native


def steps(fix: bool) -> list[tuple[str, list[str | Path]]]:
    """(name, command) of each check; with fix, the first three rewrite instead of complaining."""
    sources: list[str | Path] = [
        path for folder in ("csrc", "tests/native") for path in sorted((native.ROOT / folder).rglob("*.[ch]pp"))
    ]
    clang = ["-i"] if fix else ["--dry-run", "--Werror"]
    return [
        ("clang-format", [native.tool("clang-format"), *clang, *sources]),
        ("ruff format", [native.tool("ruff"), "format", *([] if fix else ["--check", "--diff", "--quiet"]), "."]),
        ("ruff check", [native.tool("ruff"), "check", *(["--fix"] if fix else []), "."]),
        ("mypy --strict", [native.tool("mypy")]),
        ("import arrows", [native.tool("lint-imports"), "--no-logo", "--no-cache"]),
        ("stub of the core", [sys.executable, "scripts/stub.py"]),
        *generators(),
    ]


def generators() -> list[tuple[str, list[str | Path]]]:
    """Every scripts/generate_*.py, asked whether its committed output is still what it writes."""
    found = sorted((native.ROOT / "scripts").glob("generate_*.py"))
    return [(path.name, [sys.executable, path, "--check"]) for path in found]


def main(arguments: list[str]) -> int:
    """Run every check, show the words of those that fail."""
    rows, failures = [("check", "seconds", "verdict")], 0
    for name, command in steps("--fix" in arguments):
        done = native.run(command)
        if done.code != 0:
            print(f"--- {name}\n{done.output.rstrip()}\n")
            failures += 1
        rows.append((name, f"{done.seconds:.1f}", "ok" if done.code == 0 else "FAILED"))
    print(native.table(rows))
    print(f"\nlint: {len(rows) - 1 - failures} passed, {failures} failed")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
