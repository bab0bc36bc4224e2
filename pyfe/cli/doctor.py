"""``pyfe doctor``: is this installation sound?"""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

import typer

import pyfe
from pyfe import _core
from pyfe.adapters import SCHEMES, Search
from pyfe.cli.console import AsJson, show

__all__ = ["doctor"]

WIDTHS = (2**24, 2**32)
"""Search widths whose table state is shown: a usual 8-bit model, and a 16-bit one."""


def doctor(as_json: AsJson = False) -> None:
    """Check the installation: CPU, backend, known answers, search tables, name clash. Exit code 1 on a problem."""
    problems = _problems()
    values = {
        "version": pyfe.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "backend": _core.backend(),
        "threads": _core.num_threads(),
        "cpu_features": [name for name, there in _core.cpu_features().items() if there],
        "self_test": {name: "ok" if passed else "FAILED" for name, passed in _core.self_test().items()},
        "schemes": {name: ", ".join(scheme.serves) for name, scheme in SCHEMES.items()},
        "search_tables": {
            f"2^{width.bit_length() - 1} in {search.name}": _table(width, search)
            for search in dict.fromkeys(scheme.search for scheme in SCHEMES.values() if scheme.search is not None)
            for width in WIDTHS
        },
        "problems": problems,
    }
    show("pyfe doctor", values, as_json=as_json)
    if problems:
        raise typer.Exit(1)


def _problems() -> list[str]:
    failed = [f"self-test {name} failed: do not use this build" for name, good in _core.self_test().items() if not good]
    clash = name_clash()
    return failed + ([clash] if clash else [])


def name_clash() -> str | None:
    """A sentence if the unrelated old distribution called ``pyfe`` is installed: it writes into the same folder."""
    try:
        version = metadata.version("pyfe")
    except metadata.PackageNotFoundError:
        return None
    return (
        f"the unrelated distribution 'pyfe' {version} is installed and shares the folder pyfe/ with pyfe-crypto; "
        "run: pip uninstall pyfe; pip install --force-reinstall --no-deps pyfe-crypto"
    )


def _table(width: int, search: Search) -> str:
    plan = search.plan(width)
    size = f"{plan.table_bytes / 2**20:.1f} MB"
    if plan.path is None:
        return f"{size}, built in memory when needed"
    return f"{size}, {plan.path}, {_file_state(Path(plan.path), ready=plan.ready)}"


def _file_state(path: Path, *, ready: bool) -> str:
    if ready:
        return "ready"
    folder = next(parent for parent in path.parents if parent.exists())
    if os.access(folder, os.W_OK):
        return "built on first use"
    return f"not there, and {folder} cannot be written: it will be built in memory (PYFE_CACHE_DIR chooses a folder)"
