"""
Quadratic functional encryption over BLS12-381: the verbs.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import pyfe._core
import pyfe._core.schemes
import typing
__all__: list[str] = ['CiphertextBatch', 'Forms', 'FunctionKey', 'MasterPublicKey', 'MasterSecretKey', 'Parameters', 'decrypt', 'encrypt', 'keygen', 'project', 'project_key', 'setup', 'verify_key']
class Parameters:
    """
    The dimension k of the masks, the boxes of x and y, the bound of F, and the context.
    """
    def __init__(self, k: typing.SupportsInt | typing.SupportsIndex, x_lo: numpy.typing.NDArray[numpy.int64], x_hi: numpy.typing.NDArray[numpy.int64], f_bound: typing.SupportsInt | typing.SupportsIndex, y_lo: numpy.typing.NDArray[numpy.int64] | None = None, y_hi: numpy.typing.NDArray[numpy.int64] | None = None, context: bytes = b'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00') -> None:
        ...
    def __repr__(self) -> str:
        ...
    @property
    def context(self) -> bytes:
        ...
    @property
    def f_bound(self) -> int:
        ...
    @property
    def id(self) -> bytes:
        ...
    @property
    def k(self) -> int:
        ...
    @property
    def m(self) -> int:
        ...
    @property
    def n(self) -> int:
        ...
    @property
    def scheme(self) -> str:
        ...
    @property
    def square(self) -> bool:
        ...
    @property
    def x_hi(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def x_lo(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def y_hi(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def y_lo(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
class Forms:
    """
    Bilinear forms with integer entries.
    """
    @staticmethod
    def factored(u: numpy.typing.NDArray[numpy.int64], v: numpy.typing.NDArray[numpy.int64] | None, q: numpy.typing.NDArray[numpy.int64]) -> Forms:
        ...
    @staticmethod
    def matrices(count: typing.SupportsInt | typing.SupportsIndex, n: typing.SupportsInt | typing.SupportsIndex, m: typing.SupportsInt | typing.SupportsIndex, form: numpy.typing.NDArray[numpy.int64], row: numpy.typing.NDArray[numpy.int64], column: numpy.typing.NDArray[numpy.int64], value: numpy.typing.NDArray[numpy.int64]) -> Forms:
        ...
    def entries(self) -> tuple:
        """
        (form, row, column, value) of the matrices.
        """
    def factors(self) -> typing.Any:
        """
        (u, v or None when v is u, q), or None for matrices.
        """
    def intervals(self, params: Parameters) -> numpy.typing.NDArray[numpy.int64]:
        """
        Exact result ranges over the boxes.
        """
    @property
    def count(self) -> int:
        ...
    @property
    def m(self) -> int:
        ...
    @property
    def n(self) -> int:
        ...
class MasterPublicKey:
    """
    mpk = (nonce, [alpha]_1, [beta]_2) and its parameters.
    """
    @staticmethod
    def from_bytes(data: bytes | memoryview | pyfe._core.SharedBytes) -> MasterPublicKey:
        ...
    def __repr__(self) -> str:
        ...
    def to_bytes(self) -> bytes:
        ...
    @property
    def id(self) -> bytes:
        ...
    @property
    def nonce(self) -> bytes:
        ...
    @property
    def parameters(self) -> Parameters:
        ...
class MasterSecretKey:
    """
    msk = beta; wiped when it is dropped.
    """
    @staticmethod
    def from_buffer(data: pyfe._core.SecretBytes | memoryview) -> MasterSecretKey:
        """
        from_bytes for a SecretBytes, or a view into one; nothing of it is copied.
        """
    @staticmethod
    def from_bytes(data: bytes) -> MasterSecretKey:
        ...
    def __repr__(self) -> str:
        ...
    def to_bytes(self) -> bytes:
        """
        For sealed storage only: these bytes open every ciphertext.
        """
    def to_secret(self) -> pyfe._core.SecretBytes:
        """
        The same bytes in memory that wipes itself.
        """
    @property
    def parameters(self) -> Parameters:
        ...
    @property
    def public_key_id(self) -> bytes:
        ...
class FunctionKey:
    """
    (K, K') for C forms, with the forms and the result intervals.
    """
    @staticmethod
    def from_bytes(data: bytes | memoryview | pyfe._core.SharedBytes) -> FunctionKey:
        ...
    def __repr__(self) -> str:
        ...
    def to_bytes(self) -> bytes:
        ...
    def with_readout(self, readout: pyfe._core.schemes.Readout) -> FunctionKey:
        """
        The same key, which says how its results are read. ParameterError where that does not fit it.
        """
    @property
    def forms(self) -> Forms:
        ...
    @property
    def intervals(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def k(self) -> int:
        ...
    @property
    def public_key_id(self) -> bytes:
        ...
    @property
    def readout(self) -> pyfe._core.schemes.Readout | None:
        """
        How its results are read; None of the key of a verb, which does not say.
        """
class CiphertextBatch:
    """
    Rows ([gamma]_1, [gamma]_2, c, d), one a patient.
    """
    @staticmethod
    def concat(batches: collections.abc.Sequence[CiphertextBatch]) -> CiphertextBatch:
        ...
    @staticmethod
    def from_bytes(data: bytes | memoryview | pyfe._core.SharedBytes) -> CiphertextBatch:
        ...
    def __len__(self) -> int:
        ...
    def __repr__(self) -> str:
        ...
    def pieces(self) -> list[pyfe._core.SharedBytes]:
        """
        The same bytes in pieces; those of the rows are not copied.
        """
    def slice(self, start: typing.SupportsInt | typing.SupportsIndex, stop: typing.SupportsInt | typing.SupportsIndex) -> CiphertextBatch:
        ...
    def to_bytes(self) -> bytes:
        ...
    @property
    def k(self) -> int:
        ...
    @property
    def m(self) -> int:
        ...
    @property
    def n(self) -> int:
        ...
    @property
    def nbytes(self) -> int:
        ...
    @property
    def public_key_id(self) -> bytes:
        ...
def decrypt(sk: FunctionKey, ct: CiphertextBatch) -> numpy.typing.NDArray[numpy.int64]:
    ...
def encrypt(mpk: MasterPublicKey, x: numpy.typing.NDArray[numpy.int64], y: typing.Any = None) -> CiphertextBatch:
    ...
def keygen(msk: MasterSecretKey, f: Forms) -> FunctionKey:
    ...
def project(ct: CiphertextBatch, p: numpy.typing.NDArray[numpy.int64], q: numpy.typing.NDArray[numpy.int64] | None = None) -> CiphertextBatch:
    ...
def project_key(sk: FunctionKey, p: numpy.typing.NDArray[numpy.int64], q: numpy.typing.NDArray[numpy.int64] | None, f: Forms) -> FunctionKey:
    ...
def setup(params: Parameters) -> tuple[MasterPublicKey, MasterSecretKey]:
    ...
def verify_key(mpk: MasterPublicKey, sk: FunctionKey) -> bool:
    ...
