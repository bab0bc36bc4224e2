"""``pyfe demo``: the command; the stories are in :mod:`pyfe.cli.demos`."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe.cli.console import AsJson, say, say_json
from pyfe.errors import ParameterError

__all__ = ["Story", "demo"]


class Story(StrEnum):
    """The stories there are; each is the module of its name in :mod:`pyfe.cli.demos`."""

    FIRST = "first"
    QDA = "qda"
    HRV = "hrv"
    DICOM = "dicom"
    DIGITS = "digits"
    TREES = "trees"


def demo(
    story: Annotated[
        Story,
        typer.Argument(
            help="first: linear scores of tumours, a risk formula. qda: a quadratic classifier of tumours. "
            "hrv: heart-rate variability. dicom: texture of a CT and an MR image. digits: a network on images. "
            "trees: boosted trees on a trial of breast cancer."
        ),
    ] = Story.FIRST,
    folder: Annotated[Path, typer.Option(help="Where the three roles get their folders.")] = Path(".demo"),
    size: Annotated[int | None, typer.Option(help="digits only: height and width in pixels, 8 or 28.")] = None,
    as_json: AsJson = False,
) -> None:
    """Three roles, three folders: real data encrypted, evaluated under a key, and compared with the clear."""
    if size is not None and story is not Story.DIGITS:
        raise ParameterError(f"--size is for the story digits, not {story}")
    chosen = {} if size is None else {"size": size}
    result = _play(story)(folder, say=_silent if as_json else say, **chosen)
    if as_json:
        say_json(result)


def _silent(text: str = "") -> None:
    """Say nothing: the result is printed as JSON."""


def _play(story: Story) -> Callable[..., dict[str, Any]]:
    """What plays a story; its module, and the packages that it needs, are loaded now."""
    from pyfe.cli.demos import dicom, digits, first, hrv, qda, trees

    return {
        Story.FIRST: first.run,
        Story.QDA: qda.run,
        Story.HRV: hrv.run,
        Story.DICOM: dicom.run,
        Story.DIGITS: digits.run,
        Story.TREES: trees.run,
    }[story]
