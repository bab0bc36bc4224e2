"""
What the objects of all schemes share.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['Readout']
class Readout:
    """
    How the integers that a key opens are read: score = u + intercept, decision value = scale * score, then the link (a number; docs/reference/formats.md). Classes are pairs (type, text).
    """
    def __init__(self, intercepts: numpy.typing.NDArray[numpy.int64], scales: numpy.typing.NDArray[numpy.float64], max_errors: numpy.typing.NDArray[numpy.float64], link: typing.SupportsInt | typing.SupportsIndex, classes: collections.abc.Sequence[tuple[str, str]] | None = None, baseline_survival: typing.SupportsFloat | typing.SupportsIndex | None = None) -> None:
        ...
    def __repr__(self) -> str:
        ...
    @property
    def baseline_survival(self) -> float | None:
        ...
    @property
    def classes(self) -> list[tuple[str, str]] | None:
        ...
    @property
    def intercepts(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def link(self) -> int:
        ...
    @property
    def max_errors(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def scales(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
