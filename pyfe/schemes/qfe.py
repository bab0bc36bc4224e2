"""Quadratic forms over BLS12-381: the schemes ``qfe-ggm-bls12381`` (k = 1) and ``qfe-sxdh-bls12381`` (k = 3).

Results are ``x^T F y`` for vectors x and y encrypted together, or ``x^T F x`` when the parameters are square. Masks of
dimension k and a function key split over both groups, in the frame of Baltico, Catalano, Fiore, Gay, *Practical
functional encryption for quadratic functions with applications to predicate encryption*, CRYPTO 2017 (eprint
2017/151); the layout and the proofs are this project's own, read by a second reader and not peer reviewed
(``docs/math/qfe.md``). **k = 1**: adaptively IND-CPA secure in the generic bilinear group model. **k = 3**: selectively
IND-CPA secure, with adaptive keys, under SXDH and 3-PDDH in the random-oracle model; twice the bytes of a row and the
time to decrypt, about five times that to encrypt. Any number of keys and ciphertexts. About 117 to 126 bits by
current estimates; not post-quantum. Written with ``[a]_i = a g_i`` and ``alpha_i, beta_j`` in ``Z_r^k``::

    setup    [alpha_i]_1 = hash-to-curve(nonce, i), beta_j random      mpk = (nonce, [beta_j]_2),  msk = beta
    encrypt  gamma, V in GL(k+1) random:   c_i = [V^-T (gamma alpha_i; x_i)]_1,  d_j = [V (beta_j; y_j)]_2,
             [gamma]_1, [gamma]_2
    keygen   T = sum_ij F_ij <alpha_i, beta_j>, u pseudorandom:         K = [T - u]_1,  K' = [u]_2
    decrypt  sum_ij F_ij e(c_i, d_j) - e(K, [gamma]_2) - e([gamma]_1, K') = [x^T F y]_T,  then a small logarithm in GT

Malleable by design: anybody can turn a row of (x, y) into one of (a x, y) or (P x, Q y). Rows cannot be added.

>>> import numpy as np
>>> from pyfe.schemes import qfe
>>> mpk, msk = qfe.setup(qfe.Parameters(n=2, x_bound=15, f_bound=127))
>>> ct = qfe.encrypt(mpk, np.array([[1, 2], [-3, 5]]))
>>> sk = qfe.keygen(msk, np.array([[1, -4], [0, 2]]))
>>> qfe.decrypt(sk, ct).tolist()
[1, 119]
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from pyfe._core import qfe as _native
from pyfe.arrays import IntArray, as_array
from pyfe.errors import ParameterError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.schemes.arguments import Client, Label, bound, box, context_bytes, count, integers, require_no_client

__all__ = [
    "CiphertextBatch",
    "FunctionKey",
    "MasterPublicKey",
    "MasterSecretKey",
    "Parameters",
    "decrypt",
    "encrypt",
    "forms_of",
    "keygen",
    "project",
    "project_key",
    "setup",
    "verify_key",
]


MasterPublicKey = _native.MasterPublicKey
MasterSecretKey = _native.MasterSecretKey
FunctionKey = _native.FunctionKey
CiphertextBatch = _native.CiphertextBatch


def Parameters(
    n: int,
    m: int | None = None,
    *,
    k: int = 1,
    x_bound: int | None = None,
    x_lo: npt.ArrayLike | None = None,
    x_hi: npt.ArrayLike | None = None,
    y_bound: int | None = None,
    y_lo: npt.ArrayLike | None = None,
    y_hi: npt.ArrayLike | None = None,
    f_bound: int,
    context: bytes = bytes(32),
) -> _native.Parameters:
    """The public agreement every key and ciphertext is bound to.

    Parameters
    ----------
    n: length of x, at least 1. m: length of y; None: the parameters are square, ``y = x``.
    k: dimension of the masks, 1 (``qfe-ggm-bls12381``) or 3 (``qfe-sxdh-bls12381``).
    x_bound: ``abs(x_i) <= x_bound``; or give int64 ``[n]`` arrays x_lo and x_hi (both included). y likewise, with m.
    f_bound: ``abs(F_ij) <= f_bound`` for every form, or for the entries of U, V and Q of a factored one.
    context: 32 bytes bound into every id; the schema id, where there is a schema.

    Raises ParameterError for a missing, doubled or impossible bound. ``.id`` is the parameter hash.
    """
    lo, hi = box("x", count("n", n), x_bound, x_lo, x_hi)
    other: tuple[IntArray | None, IntArray | None] = (None, None)
    if m is not None:
        other = box("y", count("m", m), y_bound, y_lo, y_hi)
    elif y_bound is not None or y_lo is not None or y_hi is not None:
        raise ParameterError("bounds of y need m; without m the parameters are square")
    return _native.Parameters(count("k", k), lo, hi, bound("f_bound", f_bound), *other, context_bytes(context))


def setup(parameters: _native.Parameters) -> tuple[_native.MasterPublicKey, _native.MasterSecretKey]:
    """A fresh key pair: alpha hashed from a nonce, so that nobody knows it; beta random.

    Returns ``(mpk, msk)``; mpk is ``96 k m + 32`` bytes and the parameters, msk must stay with the authority.
    Raises RandomnessError when the system gives no entropy. Cost: k n hashes to G1, k m fixed-base multiplications.
    """
    return _native.setup(parameters)


def encrypt(
    mpk: _native.MasterPublicKey,
    x: npt.ArrayLike,
    y: npt.ArrayLike | None = None,
    *,
    client: Client | None = None,
    label: Label | None = None,
) -> _native.CiphertextBatch:
    """Encrypt the rows of x, and of y beside them, each row under its own fresh gamma and V.

    Parameters
    ----------
    x: integers ``[batch, n]`` within the bounds of the parameters; one row may be given as ``[n]``.
    y: integers ``[batch, m]``; None exactly when the parameters are square.
    client, label: None; these schemes have neither (ParameterError).

    Returns a batch of ``48 ((k+1) n + 1) + 96 ((k+1) m + 1)`` bytes a row. Raises ParameterError for floats or a
    wrong shape, OutOfRangeError naming row and coordinate before any work. Cost a row: (k+1) n sums of k fixed-base
    multiplications in G1, (k+1) m in G2; the first call makes tables of about 35 k KB a coordinate,
    which stay as long as the key.
    """
    require_no_client(mpk.parameters.scheme, client, label)
    return _native.encrypt(mpk, integers("x", x, 2), None if y is None else integers("y", y, 2))


def keygen(msk: _native.MasterSecretKey, F: npt.ArrayLike | Forms) -> _native.FunctionKey:
    """The key of one form, or of C forms at once: ``K = [T - u]_1, K' = [u]_2``.

    Parameters
    ----------
    F: integers ``[n, m]`` or ``[C, n, m]``, :class:`pyfe.forms.MatrixForms`, or :class:`pyfe.forms.FactoredForms`
        (low rank, and whole networks: their units are evaluated once for all forms). The same matrix gives the same
        K and K', however it is written; the key's bytes hold F as given. Where y = x, ``x^T F x`` depends on
        ``F + F^T`` only, but keys of different F are different keys.

    The key carries F and the exact interval of each result. What keys reveal together is not counted here, a
    :class:`pyfe.KeyAuthority` does that. Raises ParameterError for floats, a wrong shape or a form that is zero;
    OutOfRangeError beyond the bound, or for an interval wider than 2^44. Cost a form: k times its non-zero entries
    products of scalars, k n variable-base multiplications in G1.
    """
    return _native.keygen(msk, forms_of(F))


def decrypt(sk: _native.FunctionKey, ct: _native.CiphertextBatch) -> IntArray:
    """The values ``x^T F y``, exact: int64 ``[batch]`` for a key of one form, else ``[batch, C]``.

    Raises KeyMismatchError at once when key and batch have different public keys or shapes; OutOfRangeError, naming
    row and form, when a result is not in the key's interval (the search is complete, so absence is proven). Cost a
    row: (k+1) columns + 2 pairings and the sums of the columns, or (k+1) units + 2 C for a factored form. Eight rows
    go side by side; up to four that are left over go one by one, at about a fifth of the price of eight.
    """
    z: IntArray = _native.decrypt(sk, ct)
    return z[:, 0] if z.shape[1] == 1 else z


def verify_key(mpk: _native.MasterPublicKey, sk: _native.FunctionKey) -> bool:
    """Whether ``e(K, g2) e(g1, K') = prod_jl e(sum_i F_ij alpha_il, beta_jl)`` for every form, and its interval is
    the one that F has: the key is what its F says. Cost: about that of decrypting one row."""
    return bool(_native.verify_key(mpk, sk))


def project(ct: _native.CiphertextBatch, P: npt.ArrayLike, Q: npt.ArrayLike | None = None) -> _native.CiphertextBatch:
    """Rows that encrypt ``P x`` and ``Q y`` (None: P on both sides), made without any key.

    P is integers ``[n', n]``, Q ``[m', m]``. Fewer coordinates make a smaller batch; a key follows by
    :func:`project_key`. Public: whoever holds the rows can do it. Cost a row: (k+1) (n' + m') multi-scalar
    multiplications.
    """
    return _native.project(ct, integers("P", P, 2), None if Q is None else integers("Q", Q, 2))


def project_key(
    sk: _native.FunctionKey, P: npt.ArrayLike, Q: npt.ArrayLike | None, F: npt.ArrayLike | Forms
) -> _native.FunctionKey:
    """The same key for projected rows: its forms F satisfy ``P^T F Q =`` the forms it was issued for.

    Raises ParameterError when they do not. The interval stays that of the original rows. Verify the key before:
    a projected one has no public key of its own to be checked against.
    """
    other = None if Q is None else integers("Q", Q, 2)
    return _native.project_key(sk, integers("P", P, 2), other, forms_of(F))


def forms_of(F: npt.ArrayLike | Forms) -> _native.Forms:
    """The core's forms of integers ``[n, m]`` or ``[C, n, m]``, or of :mod:`pyfe.forms`."""
    if isinstance(F, FactoredForms):
        return _native.Forms.factored(F.U, None if F.same else F.V, F.Q)
    forms = F if isinstance(F, MatrixForms) else MatrixForms.dense(_dense(F))
    return _native.Forms.matrices(*forms.shape, forms.output, forms.row, forms.column, forms.value)


def _dense(F: Any) -> IntArray:
    array = as_array(F, "F")
    return integers("F", array, 2 if array.ndim < 3 else 3)


def __dir__() -> list[str]:
    return list(__all__)
