"""Groups for the cryptography engineer: batches of points and scalars. Low-level: nothing here counts what is revealed.

Of ristretto255 (RFC 9496) the functions below, on arrays of bytes; of BLS12-381 the classes :class:`G1Array`,
:class:`G2Array` and :class:`GTArray` with the pairing, in :mod:`pyfe.groups.bls12_381`. One item is a batch of one.

Functions run in time independent of their arguments unless their name ends in ``_vartime``.

>>> from pyfe import groups
>>> two = groups.scalars([2])
>>> g = groups.mul_base(groups.scalars([1]))
>>> bool((groups.add(g, g) == groups.mul_base(two)).all())
True
"""

from pyfe.groups import bls12_381
from pyfe.groups.bls12_381 import G1Array, G2Array, GTArray, PreparedG2, multi_pair, pair, pairing_product
from pyfe.groups.ristretto255 import (
    ORDER,
    add,
    from_uniform_bytes,
    hash_to_group,
    integers,
    is_valid,
    msm_vartime,
    mul,
    mul_base,
    scalar_add,
    scalar_invert,
    scalar_mul,
    scalar_reduce,
    scalars,
    sub,
)

__all__ = [
    "ORDER",
    "G1Array",
    "G2Array",
    "GTArray",
    "PreparedG2",
    "add",
    "bls12_381",
    "from_uniform_bytes",
    "hash_to_group",
    "integers",
    "is_valid",
    "msm_vartime",
    "mul",
    "mul_base",
    "multi_pair",
    "pair",
    "pairing_product",
    "scalar_add",
    "scalar_invert",
    "scalar_mul",
    "scalar_reduce",
    "scalars",
    "sub",
]


def __dir__() -> list[str]:
    return list(__all__)
