"""
Inner products from Ring-LWE.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import pyfe._core
import pyfe._core.schemes
import typing
__all__: list[str] = ['CiphertextBatch', 'FunctionKey', 'MasterPublicKey', 'MasterSecretKey', 'Parameters', 'PlainRows', 'block_size', 'decrypt', 'decrypt_together', 'encrypt', 'encrypt_to', 'interval', 'keygen', 'noise_margin', 'rounding_bound', 'setup', 'setup_without_pk', 'verify_key']
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
class MasterSecretKey:
    """
    msk: the 32 bytes that s and e follow from; wiped when dropped.
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
class MasterPublicKey:
    """
    mpk = (a, pk_1 .. pk_n) and its parameters.
    """
    @staticmethod
    def from_bytes(data: bytes | memoryview | pyfe._core.SharedBytes) -> MasterPublicKey:
        ...
    @staticmethod
    def open(descriptor: typing.SupportsInt | typing.SupportsIndex, at: typing.SupportsInt | typing.SupportsIndex, size: typing.SupportsInt | typing.SupportsIndex) -> MasterPublicKey:
        """
        The key that these bytes of a file are, checked in one pass and read where they lie.
        """
    def __repr__(self) -> str:
        ...
    def remade(self, msk: MasterSecretKey) -> MasterPublicKey:
        """
        The same, each pk_i made again whenever it is asked for.
        """
    def to_bytes(self) -> bytes:
        """
        Without pk_1 .. pk_n, where only their hash is here.
        """
    def with_pk(self, msk: MasterSecretKey) -> MasterPublicKey:
        """
        The same with pk_1 .. pk_n in memory, made again from the master key.
        """
    def write(self, msk: MasterSecretKey, descriptor: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Its bytes, made again likewise, some at a time.
        """
    @property
    def has_pk(self) -> bool:
        """
        False where only the hash of pk_1 .. pk_n is here, as an authority keeps it.
        """
    @property
    def id(self) -> bytes:
        ...
    @property
    def parameters(self) -> Parameters:
        ...
    @property
    def size(self) -> int:
        """
        Bytes with pk_1 .. pk_n.
        """
class FunctionKey:
    """
    sk_y for some functions y, with y, the result intervals and the noise.
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
    def parameters(self) -> Parameters:
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
    Rows of ciphertexts that hold up to 8,192 each.
    """
    @staticmethod
    def combine(batches: collections.abc.Sequence[CiphertextBatch], w: numpy.typing.NDArray[numpy.int64]) -> CiphertextBatch:
        """
        Slot by slot sum_l w_l batch_l, of batches that hold the same slots.
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
    def opened_in_steps(self, step: typing.SupportsInt | typing.SupportsIndex) -> int:
        """
        Blocks that are opened where so many rows at a time are cut out and decrypted.
        """
    def pieces(self) -> list[pyfe._core.SharedBytes]:
        """
        The same bytes in pieces; those of the blocks are not copied.
        """
    def scale(self, factor: typing.SupportsInt | typing.SupportsIndex) -> CiphertextBatch:
        ...
    def slice(self, start: typing.SupportsInt | typing.SupportsIndex, stop: typing.SupportsInt | typing.SupportsIndex) -> CiphertextBatch:
        ...
    def to_bytes(self) -> bytes:
        ...
    def vouched(self) -> CiphertextBatch:
        """
        The same batch, for whose sums somebody vouches who has the key.
        """
    @property
    def accepted(self) -> bool:
        """
        Whether it was formed here, and one key accepted all of its sums.
        """
    @property
    def blocks(self) -> list[pyfe._core.SharedBytes]:
        """
        The bytes of each ciphertext, where they lie.
        """
    @property
    def combined(self) -> bool:
        ...
    @property
    def formed(self) -> bool:
        """
        Whether this process formed every sum in it, or somebody vouches for them.
        """
    @property
    def n(self) -> int:
        ...
    @property
    def nbytes(self) -> int:
        ...
    @property
    def places(self) -> numpy.typing.NDArray[numpy.int64]:
        """
        int64 [len, 2]: the number of each row's block, and its slot.
        """
    @property
    def public_key_id(self) -> bytes:
        ...
    @property
    def row_size(self) -> int:
        """
        A row's share of a full ciphertext in bytes, rounded down.
        """
    @property
    def weight_sums(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
class PlainRows:
    """
    Rows of one ciphertext to be encrypted, as narrow as their ranges; wiped when dropped.
    """
    def __init__(self, params: Parameters) -> None:
        ...
    def __len__(self) -> int:
        ...
    def __repr__(self) -> str:
        ...
    def append(self, x: numpy.typing.NDArray[numpy.int64]) -> None:
        ...
    @property
    def nbytes(self) -> int:
        ...
def block_size(ring_dimension: typing.SupportsInt | typing.SupportsIndex, q: int) -> int:
    """
    The estimate by itself: core-SVP, primal attack, sigma = 3.5.
    """
def decrypt(sk: FunctionKey, ct: CiphertextBatch) -> numpy.typing.NDArray[numpy.int64]:
    ...
def decrypt_together(keys: collections.abc.Sequence[FunctionKey], ct: CiphertextBatch) -> numpy.typing.NDArray[numpy.int64]:
    """
    Of several keys, in one pass over the ciphertexts: the columns of each behind those of the one before.
    """
def encrypt(mpk: MasterPublicKey, x: numpy.typing.NDArray[numpy.int64]) -> CiphertextBatch:
    ...
def encrypt_to(mpk: MasterPublicKey, x: PlainRows, descriptor: typing.SupportsInt | typing.SupportsIndex, at: typing.SupportsInt | typing.SupportsIndex) -> int:
    """
    One ciphertext into a file, feature by feature: the bytes of a batch from there on, and how many.
    """
def interval(parameters: Parameters, y: numpy.typing.NDArray[numpy.int64], weights: typing.Annotated[collections.abc.Sequence[int], "FixedSize(3)"]) -> tuple[int, int]:
    """
    Where results lie. Weights: (w+, w-, W2).
    """
def keygen(msk: MasterSecretKey, y: numpy.typing.NDArray[numpy.int64]) -> FunctionKey:
    ...
def noise_margin(parameters: Parameters, y: numpy.typing.NDArray[numpy.int64], error_squared: int, key_squared: int, weights: typing.Annotated[collections.abc.Sequence[int], "FixedSize(3)"]) -> tuple[int, bool, int]:
    """
    B'(y) times 2^16, whether that is too noisy to be used, and floor(K B') where it is not.
    """
def rounding_bound(y: numpy.typing.NDArray[numpy.int64], weights: typing.Annotated[collections.abc.Sequence[int], "FixedSize(3)"], primes: typing.SupportsInt | typing.SupportsIndex) -> int:
    """
    R(y), times 2^16.
    """
def setup(params: Parameters) -> tuple[MasterPublicKey, MasterSecretKey]:
    ...
def setup_without_pk(params: Parameters) -> tuple[MasterPublicKey, MasterSecretKey]:
    """
    setup for a public key too large to be held: of pk_1 .. pk_n the hash only.
    """
def verify_key(mpk: MasterPublicKey, sk: FunctionKey) -> bool:
    ...
