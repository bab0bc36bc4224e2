"""
Batches of points of BLS12-381.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['G1FixedBase', 'G1Points', 'G2FixedBase', 'G2Points', 'batched_membership_from', 'multiplier_floor', 'multiply_chain', 'scalar_add', 'scalar_invert', 'scalar_mul', 'scalar_reduce', 'set_batched_membership_from']
class G1Points:
    """
    Points of G1.
    """
    @staticmethod
    def from_bytes(points: numpy.typing.NDArray[numpy.uint8]) -> G1Points:
        """
        Strict decoding of compressed points, subgroup included.
        """
    @staticmethod
    def generator(count: typing.SupportsInt | typing.SupportsIndex) -> G1Points:
        """
        The generator, `count` times.
        """
    @staticmethod
    def hash_to_curve(messages: collections.abc.Sequence[bytes], dst: bytes) -> G1Points:
        """
        RFC 9380 suite BLS12381G1_XMD:SHA-256_SSWU_RO_.
        """
    @staticmethod
    def identity(count: typing.SupportsInt | typing.SupportsIndex) -> G1Points:
        """
        The identity, `count` times.
        """
    @staticmethod
    def multiply_generator(scalars: numpy.typing.NDArray[numpy.uint8]) -> G1Points:
        """
        k_j times the generator; constant-time.
        """
    def __len__(self) -> int:
        ...
    def add(self, other: G1Points) -> G1Points:
        """
        Sums.
        """
    def msm_cohort_full_vartime(self, scalars: numpy.typing.NDArray[numpy.uint8], cohort: typing.SupportsInt | typing.SupportsIndex) -> G1Points:
        """
        The same for scalars of 32 bytes each.
        """
    def msm_cohort_vartime(self, scalars: numpy.typing.NDArray[numpy.int64], cohort: typing.SupportsInt | typing.SupportsIndex) -> G1Points:
        """
        sum_j k_j P_jc for c below `cohort`; P_jc is point j * cohort + c. Public int64 scalars only.
        """
    def msm_full_vartime(self, scalars: numpy.typing.NDArray[numpy.uint8]) -> G1Points:
        """
        The same for scalars of 32 bytes each.
        """
    def msm_vartime(self, scalars: numpy.typing.NDArray[numpy.int64]) -> G1Points:
        """
        sum_j k_j P_j, one for each row of the int64 scalars; public scalars only.
        """
    def multiply(self, scalars: numpy.typing.NDArray[numpy.uint8]) -> G1Points:
        """
        k_j P_j; constant-time.
        """
    def negate(self) -> G1Points:
        """
        Negatives.
        """
    def slice(self, range: slice) -> G1Points:
        """
        Some of the points.
        """
    def to_bytes(self) -> numpy.typing.NDArray[numpy.uint8]:
        """
        Compressed points.
        """
class G2Points:
    """
    Points of G2.
    """
    @staticmethod
    def from_bytes(points: numpy.typing.NDArray[numpy.uint8]) -> G2Points:
        """
        Strict decoding of compressed points, subgroup included.
        """
    @staticmethod
    def generator(count: typing.SupportsInt | typing.SupportsIndex) -> G2Points:
        """
        The generator, `count` times.
        """
    @staticmethod
    def hash_to_curve(messages: collections.abc.Sequence[bytes], dst: bytes) -> G2Points:
        """
        RFC 9380 suite BLS12381G2_XMD:SHA-256_SSWU_RO_.
        """
    @staticmethod
    def identity(count: typing.SupportsInt | typing.SupportsIndex) -> G2Points:
        """
        The identity, `count` times.
        """
    @staticmethod
    def multiply_generator(scalars: numpy.typing.NDArray[numpy.uint8]) -> G2Points:
        """
        k_j times the generator; constant-time.
        """
    def __len__(self) -> int:
        ...
    def add(self, other: G2Points) -> G2Points:
        """
        Sums.
        """
    def msm_cohort_full_vartime(self, scalars: numpy.typing.NDArray[numpy.uint8], cohort: typing.SupportsInt | typing.SupportsIndex) -> G2Points:
        """
        The same for scalars of 32 bytes each.
        """
    def msm_cohort_vartime(self, scalars: numpy.typing.NDArray[numpy.int64], cohort: typing.SupportsInt | typing.SupportsIndex) -> G2Points:
        """
        sum_j k_j P_jc for c below `cohort`; P_jc is point j * cohort + c. Public int64 scalars only.
        """
    def msm_full_vartime(self, scalars: numpy.typing.NDArray[numpy.uint8]) -> G2Points:
        """
        The same for scalars of 32 bytes each.
        """
    def msm_vartime(self, scalars: numpy.typing.NDArray[numpy.int64]) -> G2Points:
        """
        sum_j k_j P_j, one for each row of the int64 scalars; public scalars only.
        """
    def multiply(self, scalars: numpy.typing.NDArray[numpy.uint8]) -> G2Points:
        """
        k_j P_j; constant-time.
        """
    def negate(self) -> G2Points:
        """
        Negatives.
        """
    def slice(self, range: slice) -> G2Points:
        """
        Some of the points.
        """
    def to_bytes(self) -> numpy.typing.NDArray[numpy.uint8]:
        """
        Compressed points.
        """
class G1FixedBase:
    """
    A table of multiples of one point of G1.
    """
    def __init__(self, base: G1Points) -> None:
        ...
    def multiply(self, scalars: numpy.typing.NDArray[numpy.uint8]) -> G1Points:
        """
        k_j base; constant-time in k.
        """
class G2FixedBase:
    """
    A table of multiples of one point of G2.
    """
    def __init__(self, base: G2Points) -> None:
        ...
    def multiply(self, scalars: numpy.typing.NDArray[numpy.uint8]) -> G2Points:
        """
        k_j base; constant-time in k.
        """
def batched_membership_from() -> int:
    """
    From how many points on decoders test membership by random combinations.
    """
def multiplier_floor(times: typing.SupportsInt | typing.SupportsIndex, one_a_cycle: bool = False) -> bool:
    """
    Spends 256 `times` multiply-adds of eight lanes, as many a cycle as the CPU can or one a cycle; False where there are none.
    """
def multiply_chain(field: str, a: bytes, b: bytes, times: typing.SupportsInt | typing.SupportsIndex) -> bytes:
    """
    a b^times in fp, fp2 or fp12 by dependent multiplications, the same in all eight lanes.
    """
def scalar_add(a: numpy.typing.NDArray[numpy.uint8], b: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    Sums modulo r.
    """
def scalar_invert(a: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    Inverses modulo r; 0 for 0.
    """
def scalar_mul(a: numpy.typing.NDArray[numpy.uint8], b: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    Products modulo r.
    """
def scalar_reduce(data: numpy.typing.NDArray[numpy.uint8]) -> numpy.typing.NDArray[numpy.uint8]:
    """
    64 bytes a row, modulo r.
    """
def set_batched_membership_from(points: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    For benchmarks and tests: changes what decoding costs, not what it accepts.
    """
