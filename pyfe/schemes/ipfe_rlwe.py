"""Inner products from Ring-LWE: the parameters.

Bermudo Mera, Karmakar, Marc, Soleimanian, *Efficient lattice-based inner-product functional encryption*, PKC 2022
(eprint 2021/046). One ciphertext holds 8,192 rows. Everything that the scheme is made of follows from the ranges of
the columns and the bound of the weights, by one rule in exact integers (docs/explanation/lattice-parameters.md):

>>> from pyfe.schemes import ipfe_rlwe
>>> p = ipfe_rlwe.Parameters(n=30, x_lo=[0] * 30, x_hi=[255] * 30, y_bound=127)
>>> p.b, p.primes, p.block_size
(40, (346142338449409, 346142338662401), 1024)
"""

from __future__ import annotations

import numpy.typing as npt

from pyfe._core import ipfe_rlwe as _native
from pyfe.schemes.arguments import bound, box, context_bytes, count

__all__ = ["Parameters"]


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


def __dir__() -> list[str]:
    return list(__all__)
