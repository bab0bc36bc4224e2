"""
Native core of pyfe.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
from . import counting
from . import ristretto255
from . import bls12_381
from . import pairing
from . import dlog
from . import schemes
from . import ipfe_ddh
from . import ipfe_rlwe
from . import qfe
__all__: list[str] = ['GivenBack', 'SecretBytes', 'SharedBytes', 'backend', 'bls12_381', 'counting', 'cpu_features', 'crc32', 'decoded_megabytes', 'discrete_gaussian', 'dlog', 'envelope_header', 'expand_message_xmd_sha512', 'ipfe_ddh', 'ipfe_rlwe', 'joined', 'num_threads', 'pack_envelope', 'pairing', 'qfe', 'read_pieces', 'require_cbor', 'ring_transform', 'ristretto255', 'row_noise', 'schemes', 'self_test', 'set_backend', 'set_decoded_megabytes', 'set_num_threads', 'sha256', 'sha512', 'signed_part', 'unpack_envelope']
class SecretBytes:
    """
    Bytes in memory of the core, wiped when dropped; a writable buffer.
    """
    @staticmethod
    def random(size: typing.SupportsInt | typing.SupportsIndex) -> SecretBytes:
        """
        From the operating system.
        """
    def __init__(self, size: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        So many zeros.
        """
    def __len__(self) -> int:
        ...
    def __repr__(self) -> str:
        ...
    def view(self) -> memoryview:
        """
        The bytes where they lie, to read and to write; keeps them alive.
        """
class GivenBack:
    """
    A block in which a mapped file is read once.
    """
    def __enter__(self) -> None:
        ...
    def __exit__(self, kind: typing.Any, error: typing.Any, trace: typing.Any) -> None:
        ...
class SharedBytes:
    """
    Bytes that never change, shared with an object of the core; a read-only buffer.
    """
    @staticmethod
    def mapped(descriptor: typing.SupportsInt | typing.SupportsIndex, size: typing.SupportsInt | typing.SupportsIndex) -> SharedBytes:
        """
        All of a file, where it lies: for one that only its reader may write.
        """
    def __len__(self) -> int:
        ...
    def __repr__(self) -> str:
        ...
    def given_back(self) -> GivenBack:
        """
        While the block lasts, give back every few milliseconds what was read of a mapped file.
        """
    def let_go(self, at: typing.SupportsInt | typing.SupportsIndex, size: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Give memory back; bytes of a file are read again where they are needed.
        """
    def view(self) -> memoryview:
        """
        The bytes where they lie; keeps them alive.
        """
def backend() -> str:
    """
    Name of the code path in use: 'ifma' or 'portable'.
    """
def cpu_features() -> dict:
    """
    CPU features that the operating system also supports, by name.
    """
def crc32(data: bytes | memoryview | SharedBytes) -> int:
    """
    CRC-32 (RFC 1952, section 8).
    """
def decoded_megabytes() -> int:
    """
    Memory that batches may take for decoded points, all together, in 10^6 bytes.
    """
def discrete_gaussian(sigma_256: typing.SupportsInt | typing.SupportsIndex, seeds: numpy.typing.NDArray[numpy.uint8], columns: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.int64]:
    """
    int64 [rows, columns]: draws from the discrete Gaussian on the integers with centre 0 and
    standard deviation sigma_256 / 256, from 1 to 2^49. Row i comes from seeds[i] of a uint8 array
    [rows, 32] alone, and its first draws are the same for more columns. Within 2^-98 a draw of the
    exact distribution; constant time in seeds and draws.
    """
def envelope_header(kind: typing.SupportsInt | typing.SupportsIndex, scheme: typing.SupportsInt | typing.SupportsIndex, parameter_hash: bytes, public_key_id: bytes, payload_size: typing.SupportsInt | typing.SupportsIndex, metadata_size: typing.SupportsInt | typing.SupportsIndex, signature_size: typing.SupportsInt | typing.SupportsIndex) -> bytes:
    """
    What pack_envelope puts before the payload, for whoever writes the parts one by one.
    """
def expand_message_xmd_sha512(msg: bytes, dst: bytes, length: typing.SupportsInt | typing.SupportsIndex) -> bytes:
    """
    expand_message_xmd with SHA-512 (RFC 9380, 5.3.1); length 1 to 16320 bytes.
    """
def joined(pieces: collections.abc.Sequence[bytes | memoryview | SharedBytes]) -> bytes:
    """
    All pieces in one bytes object; each is copied once, and Ctrl-C is heard meanwhile.
    """
def num_threads() -> int:
    """
    Threads that a batch uses, the calling one included.
    """
def pack_envelope(kind: typing.SupportsInt | typing.SupportsIndex, scheme: typing.SupportsInt | typing.SupportsIndex, parameter_hash: bytes, public_key_id: bytes, payload: bytes | memoryview | SharedBytes, metadata: bytes, signature: bytes) -> bytes:
    """
    Frame an object. The signature is b'' or 64 bytes. ParameterError for a bad part.
    """
def read_pieces(file: typing.SupportsInt | typing.SupportsIndex, shared: bytes, pieces: collections.abc.Sequence[tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]]) -> SharedBytes:
    """
    `shared`, and behind it the pieces of a file: a descriptor, and of each piece its place, its size and its CRC-32, negative where there is none. DecodeError for a piece that is missing or damaged.
    """
def require_cbor(data: bytes, name: str, budget: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    DecodeError unless the bytes are one item of deterministic CBOR of the allowed types, whose items cost at most the budget: one each, a map or list 16.
    """
def ring_transform(q: typing.SupportsInt | typing.SupportsIndex, a: numpy.typing.NDArray[numpy.int64], inverse: bool = False, repeat: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.int64]:
    """
    int64 [batch, N]: the negacyclic number-theoretic transform of each row of a, residues 0 to
    q - 1 of a prime q = 1 mod 2N of 28 to 50 bits, N a power of two from 8 to 16,384. Value i is
    a(psi^(2 bitreverse(i) + 1)), psi the least primitive 2N-th root of unity; inverse=True goes
    back. Done `repeat` times, each on the result before. Constant time in a.
    """
def row_noise(secret: SecretBytes | memoryview, context: bytes, rows: numpy.typing.NDArray[numpy.uint8], slots: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], sigma_256: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.int64]:
    """
    int64 [rows, slots]: discrete Gaussian noise of standard deviation sigma_256 / 256 for each row of
    a uint8 array [rows, width] and each slot, int64 [slots]: a pseudorandom function of the secret (32
    bytes), the context, the row and the slot. Constant time in secret, rows and noise.
    """
def self_test() -> dict:
    """
    Known-answer checks of the active backend, by name.
    """
def set_backend(name: str) -> None:
    """
    Choose 'auto', 'portable' or 'ifma'. ParameterError when this CPU cannot run it.
    """
def set_decoded_megabytes(n: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Set that limit, from 0. What is kept already stays until its batches go.
    """
def set_num_threads(n: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Set the thread count, 1 to 1024.
    """
def sha256(data: bytes) -> bytes:
    """
    SHA-256 digest, 32 bytes (FIPS 180-4).
    """
def sha512(data: bytes) -> bytes:
    """
    SHA-512 digest, 64 bytes (FIPS 180-4).
    """
def signed_part(data: bytes) -> bytes:
    """
    The bytes that the signature of a signed envelope covers. DecodeError when it is unsigned.
    """
def unpack_envelope(data: bytes) -> tuple:
    """
    (kind, scheme, parameter_hash, public_key_id, payload, metadata, signature); the payload is a view into the bytes. DecodeError unless they are exactly one envelope.
    """
