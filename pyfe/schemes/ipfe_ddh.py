"""Inner products from DDH over ristretto255: the scheme ``ipfe-ddh-ristretto255``.

Agrawal, Libert, Stehle, *Fully secure functional encryption for inner products, from standard assumptions*,
CRYPTO 2016 (eprint 2015/608), section 3. Adaptively IND-CPA secure under DDH, with any number of colluding key
holders. About 126 bits of security; not post-quantum. Ciphertexts are malleable by design::

    setup    s_i, t_i random,  h_i = s_i G + t_i H               mpk = (G, H, h_1 .. h_n),  msk = (s, t)
    encrypt  r random,  C = r G,  D = r H,  E_i = x_i G + r h_i
    keygen   s_y = <s, y>,  t_y = <t, y>
    decrypt  sum_i y_i E_i - s_y C - t_y D = <x, y> G,  then a search over the key's own interval

A batch of rows is the unit of work; one row is a batch of one.

>>> import numpy as np
>>> from pyfe.schemes import ipfe_ddh
>>> mpk, msk = ipfe_ddh.setup(ipfe_ddh.Parameters(n=3, x_bound=255, y_bound=127))
>>> ct = ipfe_ddh.encrypt(mpk, np.array([[1, 2, 3], [-4, 5, -6]]))
>>> sk = ipfe_ddh.keygen(msk, np.array([10, 0, -1]))
>>> ipfe_ddh.decrypt(sk, ct).tolist()
[7, -34]
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyfe._core import ipfe_ddh as _native
from pyfe.arrays import IntArray, integer_array
from pyfe.errors import ParameterError
from pyfe.schemes.arguments import Client, Label, bound, box, context_bytes, count, integers, require_no_client

__all__ = [
    "CiphertextBatch",
    "FunctionKey",
    "MasterPublicKey",
    "MasterSecretKey",
    "Parameters",
    "ScoreProof",
    "decrypt",
    "encrypt",
    "keygen",
    "prove",
    "setup",
    "verify_key",
    "verify_scores",
]


MasterPublicKey = _native.MasterPublicKey
MasterSecretKey = _native.MasterSecretKey
FunctionKey = _native.FunctionKey
CiphertextBatch = _native.CiphertextBatch
ScoreProof = _native.ScoreProof


def Parameters(
    n: int,
    *,
    x_bound: int | None = None,
    y_bound: int,
    x_lo: npt.ArrayLike | None = None,
    x_hi: npt.ArrayLike | None = None,
    context: bytes = bytes(32),
) -> _native.Parameters:
    """The public agreement every key and ciphertext is bound to.

    Parameters
    ----------
    n: dimension, at least 1.
    x_bound: ``abs(x_i) <= x_bound`` for every coordinate; or give the arrays instead:
    x_lo, x_hi: int64 ``[n]``, ``x_lo[i] <= x_i <= x_hi[i]`` (both included).
    y_bound: ``abs(y_i) <= y_bound`` for every function. Small bounds leak less and search less.
    context: 32 bytes bound into every id; the schema id, where there is a schema.

    Raises ParameterError for a missing, doubled or impossible bound. ``.id`` is the parameter hash.
    """
    lo, hi = box("x", count("n", n), x_bound, x_lo, x_hi)
    return _native.Parameters(n=n, x_lo=lo, x_hi=hi, y_bound=bound("y_bound", y_bound), context=context_bytes(context))


def setup(parameters: _native.Parameters) -> tuple[_native.MasterPublicKey, _native.MasterSecretKey]:
    """A fresh key pair: ``h_i = s_i G + t_i H`` for random s, t.

    Returns ``(mpk, msk)``; mpk is n points of 32 bytes, msk is 2n scalars and must stay with the authority.
    Raises RandomnessError when the system gives no entropy. Cost: 2n fixed-base multiplications.
    """
    return _native.setup(parameters)


def encrypt(
    mpk: _native.MasterPublicKey, x: npt.ArrayLike, *, client: Client | None = None, label: Label | None = None
) -> _native.CiphertextBatch:
    """Encrypt the rows of x, each under its own fresh randomness.

    Parameters
    ----------
    x: integers ``[batch, n]`` within the bounds of the parameters; one row may be given as ``[n]``.
    client, label: None; this scheme has neither (ParameterError).

    Returns a batch of ``32 (n + 2)`` bytes a row. Raises ParameterError for floats or a wrong shape,
    OutOfRangeError naming row and coordinate before any work. Cost: n + 2 fixed-base multiplications a row. Up to about
    25 rows use tables that the first such call makes and that stay with ``mpk``: 60 KB a point, 64 MB at most.
    """
    require_no_client("ipfe-ddh", client, label)
    return _native.encrypt(mpk, integers("x", x, 2))


def keygen(msk: _native.MasterSecretKey, y: npt.ArrayLike) -> _native.FunctionKey:
    """The key of one function, or of k functions at once: ``s_y = <s, y>``, ``t_y = <t, y>``.

    Parameters
    ----------
    y: integers ``[n]`` or ``[k, n]``, ``abs(y) <= y_bound``, no zero row.

    The key carries y and the exact interval of each result. n independent keys are the master key: nothing here
    counts them, a :class:`pyfe.KeyAuthority` does. Raises ParameterError for floats, a wrong shape or a zero row;
    OutOfRangeError beyond the bound, or for an interval wider than 2^44. Cost: 2n scalar products a function.
    """
    return _native.keygen(msk, integers("y", y, 2))


def decrypt(sk: _native.FunctionKey, ct: _native.CiphertextBatch) -> IntArray:
    """The inner products ``<x, y>``, exact: int64 ``[batch]`` for a key of one function, else ``[batch, k]``.

    Raises KeyMismatchError at once when key and batch have different public keys; OutOfRangeError, naming row and
    function, when a result is not in the key's interval (the search is complete, so absence is proven).
    Cost: an n-term multi-scalar multiplication and a search over the interval's width, per row and function.
    """
    z: IntArray = _native.decrypt(sk, ct)
    return z[:, 0] if z.shape[1] == 1 else z


def verify_key(mpk: _native.MasterPublicKey, sk: _native.FunctionKey) -> bool:
    """Whether ``s_y G + t_y H == sum_i y_i h_i`` for every function: the key is what its y says."""
    return bool(_native.verify_key(mpk, sk))


def prove(sk: _native.FunctionKey, ct: _native.CiphertextBatch, z: npt.ArrayLike, about: bytes) -> _native.ScoreProof:
    """One proof that the key gives z on the whole batch: 140 bytes, whatever the numbers of rows and functions.

    Fiat-Shamir transform of Okamoto's proof of a representation (CRYPTO 1992): of (s, t) with ``K = s G + t H`` and
    ``L = s C + t D``, where K, C, D and ``L = sum_i y_i E_i - z G`` are combined over rows and functions with weights
    of 128 bits from the transcript. Zero-knowledge and sound in the random-oracle model if nobody knows the logarithm
    of H to the base G; docs/math/score-proofs.md has the argument, and what the proof does not say.

    Parameters
    ----------
    z: integers ``[batch]`` or ``[batch, k]``, what :func:`decrypt` gave; a proof of others does not verify.
    about: any bytes that the proof is bound to; whoever verifies it has to state the same.

    Raises KeyMismatchError when key and batch have different public keys, ParameterError for another shape.
    Cost: two terms of a multi-scalar multiplication with 128-bit scalars and a hash of the row, a row.
    """
    return _native.prove(sk, ct, _column(z), about)


def verify_scores(
    mpk: _native.MasterPublicKey,
    y: npt.ArrayLike,
    ct: _native.CiphertextBatch,
    z: npt.ArrayLike,
    about: bytes,
    proof: _native.ScoreProof,
) -> bool:
    """Whether the key of the functions y gives z on the batch, by a proof from :func:`prove`. No secret is needed.

    Raises KeyMismatchError where public key, batch and proof do not belong together; OutOfRangeError naming row and
    function for a score outside its interval, or for a y that no key can be of; ParameterError for another shape.
    Cost: that of :func:`decrypt` without the search and the two long multiplications, and k + 2 terms as above, a row.
    """
    return bool(_native.verify_scores(mpk, integers("y", y, 2), ct, _column(z), about, proof))


def _column(z: npt.ArrayLike) -> IntArray:
    """Integers ``[batch, k]``; ``[batch]`` are those of one function."""
    array = integer_array(z, "z")
    if array.ndim not in (1, 2):
        raise ParameterError(f"z must have shape [batch] or [batch, k], not {array.ndim} dimension(s)")
    return np.ascontiguousarray(array[:, None] if array.ndim == 1 else array)


def __dir__() -> list[str]:
    return list(__all__)
