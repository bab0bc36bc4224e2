"""
The pairing of BLS12-381, and GT.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import pyfe._core.bls12_381
import typing
__all__: list[str] = ['GTElements', 'PreparedG2', 'multi_exponentiate_vartime', 'multi_pair', 'pair', 'pairing_product']
class GTElements:
    """
    Elements of GT.
    """
    @staticmethod
    def from_bytes(elements: numpy.typing.NDArray[numpy.uint8]) -> GTElements:
        """
        Strict decoding of 576 bytes each, membership included.
        """
    @staticmethod
    def one(count: typing.SupportsInt | typing.SupportsIndex) -> GTElements:
        """
        The neutral element, `count` times.
        """
    def __len__(self) -> int:
        ...
    def equal(self, other: GTElements) -> numpy.typing.NDArray[numpy.bool]:
        """
        Which are equal.
        """
    def exponentiate(self, exponents: numpy.typing.NDArray[numpy.uint8]) -> GTElements:
        """
        f_j^k_j; constant-time.
        """
    def invert(self) -> GTElements:
        """
        Inverses.
        """
    def mul(self, other: GTElements) -> GTElements:
        """
        Products.
        """
    def product(self) -> GTElements:
        """
        The product of all: one element.
        """
    def slice(self, range: slice) -> GTElements:
        """
        Some of the elements.
        """
    def to_bytes(self) -> numpy.typing.NDArray[numpy.uint8]:
        """
        Canonical encoding.
        """
class PreparedG2:
    """
    Points of G2 with their lines.
    """
    def __init__(self, points: pyfe._core.bls12_381.G2Points) -> None:
        ...
    def __len__(self) -> int:
        ...
def multi_exponentiate_vartime(bases: collections.abc.Sequence[GTElements], exponents: numpy.typing.NDArray[numpy.int64]) -> list[GTElements]:
    """
    For every row of exponents the product of the bases' powers, lane by lane.
    """
def multi_pair(factors: collections.abc.Sequence[tuple[pyfe._core.bls12_381.G1Points, pyfe._core.bls12_381.G2Points | tuple[PreparedG2, typing.SupportsInt | typing.SupportsIndex]]]) -> GTElements:
    """
    Lane by lane, the product over all factors.
    """
def pair(p: pyfe._core.bls12_381.G1Points, q: pyfe._core.bls12_381.G2Points) -> GTElements:
    """
    e(P_j, Q_j).
    """
def pairing_product(p: pyfe._core.bls12_381.G1Points, q: pyfe._core.bls12_381.G2Points) -> GTElements:
    """
    The product of all e(P_j, Q_j): one element.
    """
