"""Inner products from Ring-LWE, 8,192 rows to a ciphertext.

Bermudo Mera, Karmakar, Marc, Soleimanian, *Efficient lattice-based inner-product functional encryption*, PKC 2022
(eprint 2021/046), the selectively secure scheme; slots, fractions and refusals are this project's own and not peer
reviewed (``docs/math/rlwe.md``). At least 128 bits against a quantum computer by the library's own estimate. Written
in ``R_q = Z_q[X] / (X^8192 + 1)``, row k of a ciphertext being the coefficient of ``X^k`` in every ``m_i``::

    setup    a from a public seed, s_i, e_i short,  pk_i = a s_i + e_i        mpk = (a, pk_1 .. pk_n),  msk: 32 bytes
    encrypt  r, f_0, f_i short,  ct_0 = a r + f_0,  ct_i = pk_i r + f_i + floor(q/K) m_i, of which b bits are kept
    keygen   sk_y = sum_i y_i s_i
    decrypt  sum_i y_i ct_i - ct_0 sk_y = floor(q/K) sum_i y_i m_i + noise, rounded; no search

Everything that the scheme is made of follows from the ranges of the columns and the bound of the weights, by one rule
in exact integers (docs/explanation/lattice-parameters.md). A ciphertext costs the same for one row as for 64.

>>> import numpy as np
>>> from pyfe.schemes import ipfe_rlwe
>>> p = ipfe_rlwe.Parameters(n=30, x_lo=[0] * 30, x_hi=[255] * 30, y_bound=127)
>>> p.b, p.primes, p.block_size
(40, (346142338449409, 346142338662401), 1024)
>>> mpk, msk = ipfe_rlwe.setup(ipfe_rlwe.Parameters(n=3, x_bound=255, y_bound=127))
>>> ct = ipfe_rlwe.encrypt(mpk, np.array([[1, 2, 3], [-4, 5, -6]]))
>>> sk = ipfe_rlwe.keygen(msk, np.array([10, 0, -1]))
>>> ipfe_rlwe.decrypt(sk, ct).tolist()
[7, -34]
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy.typing as npt

from pyfe._core import ipfe_rlwe as _native
from pyfe.arrays import IntArray
from pyfe.errors import SignatureError
from pyfe.schemes.arguments import Client, Label, bound, box, context_bytes, count, integers, require_no_client
from pyfe.schemes.multiples import require_long_multiples

__all__ = [
    "BLOCK_ROWS",
    "TILE_ROWS",
    "CiphertextBatch",
    "FunctionKey",
    "MasterPublicKey",
    "MasterSecretKey",
    "Parameters",
    "decrypt",
    "decrypt_together",
    "encrypt",
    "keygen",
    "setup",
    "verify_key",
    "weighted_sum",
]

BLOCK_ROWS = 8192
"""Rows of a full ciphertext: its slots."""

TILE_ROWS = 64
"""Rows that a ciphertext grows by."""

MasterPublicKey = _native.MasterPublicKey
MasterSecretKey = _native.MasterSecretKey
FunctionKey = _native.FunctionKey
CiphertextBatch = _native.CiphertextBatch


def Parameters(
    n: int,
    *,
    x_bound: int | None = None,
    y_bound: int,
    x_lo: npt.ArrayLike | None = None,
    x_hi: npt.ArrayLike | None = None,
    sum_w: int = 1,
    context: bytes = bytes(32),
    ring_dimension: int = 8192,
    widths: str = "paper",
) -> _native.Parameters:
    """The public agreement every key and ciphertext is bound to, and what follows from it.

    Parameters
    ----------
    n: dimension, at least 1.
    x_bound: ``abs(x_i) <= x_bound`` for every coordinate; or give the arrays instead:
    x_lo, x_hi: int64 ``[n]``, ``x_lo[i] <= x_i <= x_hi[i]`` (both included). Only ``x_hi - x_lo`` costs something.
    y_bound: ``abs(y_i) <= y_bound`` for every function.
    sum_w: the largest sum of magnitudes that the public weights of a sum of ciphertexts may have.
    context: 32 bytes bound into every id; the schema id, where there is a schema.
    ring_dimension, widths: 8192 and ``"paper"``; anything else is refused with the reason.

    What follows: ``sigma_256`` (widths of keys, of the randomness and of the noise, times 256), ``K`` (results count
    modulo K), ``b`` (bits kept of a coefficient), ``primes`` and their product ``q``, ``block_size``,
    ``classical_bits`` and ``quantum_bits`` of the estimate. ``.id`` is the hash of all of it.

    Raises ParameterError for a missing, doubled or impossible bound, when every column is constant, and when the rule
    refuses: below 128 bits against a quantum computer, a width beyond the sampler, or words that are too long. The
    message names the bound and what cures it.
    """
    lo, hi = box("x", count("n", n), x_bound, x_lo, x_hi)
    return _native.Parameters(
        n=n,
        x_lo=lo,
        x_hi=hi,
        y_bound=bound("y_bound", y_bound),
        sum_w=bound("sum_w", sum_w),
        context=context_bytes(context),
        ring_dimension=count("ring_dimension", ring_dimension),
        widths=widths,
    )


def public_key_size(parameters: _native.Parameters) -> int:
    """Bytes of pk_1 .. pk_n: ``1024 n log2 q``."""
    bits: int = sum(int(q).bit_length() for q in parameters.primes)
    return BLOCK_ROWS // 8 * int(parameters.n) * bits


def setup(parameters: _native.Parameters) -> tuple[_native.MasterPublicKey, _native.MasterSecretKey]:
    """A fresh key pair: ``pk_i = a s_i + e_i``.

    Returns ``(mpk, msk)``; mpk is n packed polynomials (about 100 KB each), msk 32 bytes from which s and e are drawn
    again, and must stay with the authority. Raises RandomnessError when the system gives no entropy. Cost: 16,384
    Gaussian draws and a few transforms a coordinate.
    """
    return _native.setup(parameters)


def encrypt(
    mpk: _native.MasterPublicKey, x: npt.ArrayLike, *, client: Client | None = None, label: Label | None = None
) -> _native.CiphertextBatch:
    """Encrypt the rows of x, up to 8,192 in each ciphertext, each ciphertext under its own fresh randomness.

    Parameters
    ----------
    x: integers ``[batch, n]`` within the bounds of the parameters; one row may be given as ``[n]``.
    client, label: None; this scheme has neither (ParameterError).

    Raises ParameterError for floats or a wrong shape, OutOfRangeError naming row and coordinate before any work: an x
    outside its range would not only be decrypted wrongly, the widths would not hide it. Cost: 8,192 Gaussian draws, k
    transforms and k products a coordinate and ciphertext, however few rows it holds.
    """
    require_no_client("ipfe-rlwe", client, label)
    return _native.encrypt(mpk, integers("x", x, 2))


def keygen(msk: _native.MasterSecretKey, y: npt.ArrayLike) -> _native.FunctionKey:
    """The key of one function, or of k functions at once: ``sk_y = sum_i y_i s_i``.

    Parameters
    ----------
    y: integers ``[n]`` or ``[k, n]``, ``abs(y) <= y_bound``, no zero row.

    The key carries y, the exact interval of each result and how noisy it is. Fewer than n random keys already determine
    the master key: nothing here counts them, a :class:`pyfe.KeyAuthority` does. Raises ParameterError for floats, a
    wrong shape or a zero row, and for weights that are few and large, a multiple of which may be short modulo K (the
    message says what to change); OutOfRangeError beyond the bound. Cost: s and e drawn again, 16,384 draws a
    coordinate, and a lattice reduction in at most 24 dimensions a function.
    """
    sk = _native.keygen(msk, integers("y", y, 2))
    require_long_multiples(sk.parameters, sk.y)
    return sk


def decrypt(sk: _native.FunctionKey, ct: _native.CiphertextBatch) -> IntArray:
    """The inner products ``<x, y>``, exact: int64 ``[batch]`` for a key of one function, else ``[batch, k]``.

    Raises KeyMismatchError at once when key and batch have different public keys, and SignatureError for a sum that
    came as bytes, unless it is ``vouched()``; and RefusedError, after all of the work and without a place or a reason,
    when any slot of any ciphertext is not what encryption gives: also of rows that a slice left out. **A refusal is an
    answer**: about 32 of them, on ciphertexts made for it, give a coefficient of the key away. Refuse the sender of one
    whose signature is valid, and let neither scores nor refusals of unsigned ciphertexts reach whoever sent them.
    Cost a ciphertext: n multiply-adds a slot, and k transforms; of a sum, also each ciphertext that it is made of and
    that this key has not accepted yet: see :func:`weighted_sum`.
    """
    _require_formed(ct)
    z: IntArray = _native.decrypt(sk, ct)
    return z[:, 0] if z.shape[1] == 1 else z


def decrypt_together(sks: Sequence[_native.FunctionKey], ct: _native.CiphertextBatch) -> list[IntArray]:
    """What :func:`decrypt` gives of each of several keys of one public key, in one pass over the ciphertexts.

    Nothing ends it early, and one RefusedError is that of all keys: it does not say whose. Other errors as of
    :func:`decrypt`, ParameterError for no keys. Cost a ciphertext: it is read, its ct_0 transformed and every word
    unpacked once, or once for each eight functions; n multiply-adds a slot and k transforms a function.
    """
    _require_formed(ct)
    z: IntArray = _native.decrypt_together(list(sks), ct)
    ends = list(accumulate((len(sk.intervals) for sk in sks), initial=0))
    return [z[:, first] if end - first == 1 else z[:, first:end] for first, end in pairwise(ends)]


def _require_formed(ct: object) -> None:
    """SignatureError for a sum for which nobody answers."""
    if isinstance(ct, CiphertextBatch) and not ct.formed:
        raise SignatureError(
            "a sum that came as bytes is not decrypted: its weights are what its sender says, and one answer is all of "
            "the key. Add the ciphertexts where they are decrypted, or have the sum signed by who formed it with this "
            "key (pyfe.Evaluator(key).decrypt(..., formed_by=IDENTITY))"
        )


def verify_key(mpk: _native.MasterPublicKey, sk: _native.FunctionKey) -> bool:
    """Whether ``sum_i y_i pk_i - a sk_y`` and sk_y are short for every function, and interval and noise are as stated:
    the key is what its y says. Comes before decryption. Cost: one pass over the public key.

    Raises ParameterError where :func:`keygen` would: a key with a short multiple is what its y says, and still must
    open no ciphertext of others.
    """
    right = bool(_native.verify_key(mpk, sk))
    if right:
        require_long_multiples(sk.parameters, sk.y)
    return right


def weighted_sum(batches: Sequence[_native.CiphertextBatch], w: npt.ArrayLike) -> _native.CiphertextBatch:
    """Slot by slot ``sum_l w_l batch_l``: a batch that encrypts the sums of the rows.

    Results of a sum lie in an interval so wide that all of a key fits into it, and one malformed batch among them would
    take it away without a refusal. So :func:`decrypt` opens each of them by itself as well, and one that is malformed
    refuses all; and no sum that came as bytes, whose weights are what its sender says. A sum keeps its batches in
    memory for that.

    Parameters
    ----------
    batches: of as many rows, in the same slots of ciphertexts that count as many rows (ParameterError).
    w: integers ``[len(batches)]``, public. OutOfRangeError, before any work, where their magnitudes sum to more than
        the parameters' ``sum_w``, 1 unless they say more.
    """
    return CiphertextBatch.combine(list(batches), integers("w", w, 1))


def __dir__() -> list[str]:
    return list(__all__)
