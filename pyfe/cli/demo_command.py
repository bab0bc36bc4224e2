"""``pyfe demo``: the command; the story itself is in :mod:`pyfe.cli.demo`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pyfe.cli.console import AsJson

__all__ = ["demo"]


def demo(
    folder: Annotated[Path, typer.Option(help="Where the three roles get their folders.")] = Path(".demo"),
    as_json: AsJson = False,
) -> None:
    """Three roles, three folders: score encrypted breast-cancer patients, then a published risk formula."""
    from pyfe.cli import demo as story

    result = story.run(folder, say=_silent if as_json else print)
    if as_json:
        print(json.dumps(result))


def _silent(text: str = "") -> None:
    """Say nothing: the result is printed as JSON."""
