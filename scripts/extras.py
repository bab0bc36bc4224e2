"""Print the requirements of some extras of pyproject.toml, one a line: extras.py lint docs

"runtime" stands for what pyfe always needs.

Used by the Makefile and CI to add packages to the environment without building the core again.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def requirements(extras: list[str]) -> list[str]:
    """The requirements of the extras; an extra that names our own other extras is followed."""
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    own = project["name"] + "["
    out: dict[str, None] = {}
    for extra in extras:
        lines = project["dependencies"] if extra == "runtime" else project["optional-dependencies"][extra]
        for line in lines:
            if line.startswith(own):
                out.update(dict.fromkeys(requirements(line[len(own) : -1].split(","))))
            else:
                out[line] = None
    return list(out)


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1:])))
