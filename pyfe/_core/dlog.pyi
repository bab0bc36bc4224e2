"""
Batches of signed small logs on ristretto255, and in G1 and GT.
"""
from __future__ import annotations
import numpy
import numpy.typing
import pyfe._core.bls12_381
import pyfe._core.pairing
import typing
__all__: list[str] = ['plan', 'prepare', 'solve']
def plan(width: typing.SupportsInt | typing.SupportsIndex, group: str = 'ristretto255') -> dict:
    """
    What a search over an interval of hi - lo = width needs: dict(table_entries, table_bytes, steps_worst, in_memory, path, ready). group: ristretto255, bls12_381_g1 or bls12_381_gt. Builds nothing. OutOfRangeError above 2^44.
    """
def prepare(width: typing.SupportsInt | typing.SupportsIndex, group: str = 'ristretto255') -> dict:
    """
    Build or read the table now: dict(seconds, built, path). OutOfRangeError above 2^44.
    """
@typing.overload
def solve(points: numpy.typing.NDArray[numpy.uint8], lo: typing.SupportsInt | typing.SupportsIndex, hi: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.int64]:
    """
    z[N], int64, from the encodings of z_j G, uint8[N, 32], lo <= z_j <= hi. The search is complete: OutOfRangeError names the first point whose log is not in the interval. DecodeError for bad encodings.
    """
@typing.overload
def solve(points: pyfe._core.bls12_381.G1Points, lo: typing.SupportsInt | typing.SupportsIndex, hi: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.int64]:
    """
    The same in G1, to its generator.
    """
@typing.overload
def solve(elements: pyfe._core.pairing.GTElements, lo: typing.SupportsInt | typing.SupportsIndex, hi: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.int64]:
    """
    The same in GT, to the pairing of the generators.
    """
