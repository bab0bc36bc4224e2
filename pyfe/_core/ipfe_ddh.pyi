"""
ALS16 inner products over ristretto255: the four verbs.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import pyfe._core
import pyfe._core.schemes
import typing
__all__: list[str] = ['CiphertextBatch', 'FunctionKey', 'MasterPublicKey', 'MasterSecretKey', 'Parameters', 'ScoreProof', 'decrypt', 'encrypt', 'keygen', 'prove', 'setup', 'verify_key', 'verify_scores']
class Parameters:
    """
    n, the box of x, the bound of y, and the context (schema id).
    """
    def __init__(self, n: typing.SupportsInt | typing.SupportsIndex, x_lo: numpy.typing.NDArray[numpy.int64], x_hi: numpy.typing.NDArray[numpy.int64], y_bound: typing.SupportsInt | typing.SupportsIndex, context: bytes = b'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00') -> None:
        ...
    def __repr__(self) -> str:
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
    def x_hi(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def x_lo(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def y_bound(self) -> int:
        ...
class MasterPublicKey:
    """
    mpk = (G, H, h_1 .. h_n) and its parameters.
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
    def parameters(self) -> Parameters:
        ...
    @property
    def table_bytes(self) -> int:
        """
        Bytes of the tables that it keeps once a few rows were encrypted, at most 64 MB; freed with it.
        """
class MasterSecretKey:
    """
    msk = (s, t); wiped when it is dropped.
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
    (s_y, t_y) for some functions y, with y and the result intervals.
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
    def intervals(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def public_key_id(self) -> bytes:
        ...
    @property
    def readout(self) -> pyfe._core.schemes.Readout | None:
        """
        How its results are read; None of the key of a verb, which does not say.
        """
    @property
    def y(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
class CiphertextBatch:
    """
    Rows (C, D, E_1 .. E_n), one a patient.
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
    def add(self, other: CiphertextBatch) -> CiphertextBatch:
        ...
    def pieces(self) -> list[pyfe._core.SharedBytes]:
        """
        The same bytes in pieces; those of the rows are not copied.
        """
    def scale(self, factor: typing.SupportsInt | typing.SupportsIndex) -> CiphertextBatch:
        ...
    def slice(self, start: typing.SupportsInt | typing.SupportsIndex, stop: typing.SupportsInt | typing.SupportsIndex) -> CiphertextBatch:
        ...
    def to_bytes(self) -> bytes:
        ...
    def weighted_sum(self, w: numpy.typing.NDArray[numpy.int64]) -> CiphertextBatch:
        ...
    @property
    def combined(self) -> bool:
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
    @property
    def weight_sums(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
class ScoreProof:
    """
    (e, u, v): that the scores of a batch are what a key gives.
    """
    @staticmethod
    def from_bytes(data: bytes | memoryview | pyfe._core.SharedBytes) -> ScoreProof:
        ...
    def __repr__(self) -> str:
        ...
    def to_bytes(self) -> bytes:
        ...
    @property
    def functions(self) -> int:
        ...
    @property
    def public_key_id(self) -> bytes:
        ...
    @property
    def rows(self) -> int:
        ...
def decrypt(sk: FunctionKey, ct: CiphertextBatch) -> numpy.typing.NDArray[numpy.int64]:
    ...
def encrypt(mpk: MasterPublicKey, x: numpy.typing.NDArray[numpy.int64]) -> CiphertextBatch:
    ...
def keygen(msk: MasterSecretKey, y: numpy.typing.NDArray[numpy.int64]) -> FunctionKey:
    ...
def prove(sk: FunctionKey, ct: CiphertextBatch, z: numpy.typing.NDArray[numpy.int64], about: bytes) -> ScoreProof:
    ...
def setup(params: Parameters) -> tuple[MasterPublicKey, MasterSecretKey]:
    ...
def verify_key(mpk: MasterPublicKey, sk: FunctionKey) -> bool:
    ...
def verify_scores(mpk: MasterPublicKey, y: numpy.typing.NDArray[numpy.int64], ct: CiphertextBatch, z: numpy.typing.NDArray[numpy.int64], about: bytes, proof: ScoreProof) -> bool:
    ...
