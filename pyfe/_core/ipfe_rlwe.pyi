"""
Inner products from Ring-LWE.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['Parameters', 'block_size', 'interval', 'noise_margin', 'rounding_bound']
class Parameters:
    """
    n, the box of x, the bounds of y and of later weights, the context (schema id), and what follows from them.
    """
    @staticmethod
    def from_bytes(data: bytes) -> Parameters:
        ...
    def __init__(self, n: typing.SupportsInt | typing.SupportsIndex, x_lo: numpy.typing.NDArray[numpy.int64], x_hi: numpy.typing.NDArray[numpy.int64], y_bound: typing.SupportsInt | typing.SupportsIndex, sum_w: typing.SupportsInt | typing.SupportsIndex = 1, context: bytes = b'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00', ring_dimension: typing.SupportsInt | typing.SupportsIndex = 8192, widths: str = 'paper') -> None:
        ...
    def __repr__(self) -> str:
        ...
    def to_bytes(self) -> bytes:
        ...
    @property
    def K(self) -> int:
        """
        Results count modulo this.
        """
    @property
    def b(self) -> int:
        """
        Bits that are kept of a coefficient.
        """
    @property
    def block_size(self) -> int:
        """
        Of the best attack known to the estimate.
        """
    @property
    def classical_bits(self) -> float:
        ...
    @property
    def context(self) -> bytes:
        ...
    @property
    def id(self) -> bytes:
        ...
    @property
    def n(self) -> int:
        ...
    @property
    def primes(self) -> tuple:
        """
        q_1 < q_2 < .., whose product is q.
        """
    @property
    def q(self) -> int:
        ...
    @property
    def quantum_bits(self) -> float:
        ...
    @property
    def ring_dimension(self) -> int:
        """
        N: slots of a ciphertext.
        """
    @property
    def sigma_256(self) -> tuple[int, int, int]:
        """
        Standard deviations of s_i and e_i, of r and f0, and of f_i, times 256.
        """
    @property
    def sum_w(self) -> int:
        ...
    @property
    def x_hi(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def x_lo(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def y_bound(self) -> int:
        ...
def block_size(ring_dimension: typing.SupportsInt | typing.SupportsIndex, q: int) -> int:
    """
    The estimate by itself: core-SVP, primal attack, sigma = 3.5.
    """
def interval(parameters: Parameters, y: numpy.typing.NDArray[numpy.int64], weights: typing.Annotated[collections.abc.Sequence[int], "FixedSize(3)"]) -> tuple[int, int]:
    """
    Where results lie. Weights: (w+, w-, W2).
    """
def noise_margin(parameters: Parameters, y: numpy.typing.NDArray[numpy.int64], error_squared: int, key_squared: int, weights: typing.Annotated[collections.abc.Sequence[int], "FixedSize(3)"]) -> tuple[int, bool, int]:
    """
    B'(y) times 2^16, whether that is too noisy to be used, and floor(K B') where it is not.
    """
def rounding_bound(y: numpy.typing.NDArray[numpy.int64], weights: typing.Annotated[collections.abc.Sequence[int], "FixedSize(3)"], primes: typing.SupportsInt | typing.SupportsIndex) -> int:
    """
    R(y), times 2^16.
    """
