"""How much work leakage accounting may take, and the bound of linear weights."""

from __future__ import annotations

__all__ = ["LINEAR_WEIGHT_BITS", "MOST_BRANCHES", "MOST_CELLS", "MOST_COMBINED", "MOST_ENTRIES", "MOST_REDUCED"]

LINEAR_WEIGHT_BITS = 16
"""Widest weights of a linear function: wider ones read several coordinates from one integer. A quadratic function
multiplies weights of 16 bits with columns of 8 for its linear part; a linear one may not use that room."""

MOST_CELLS = 3 * 10**7
"""Multiplications that one elimination may take (a few seconds); beyond, units are not multiplied out."""

MOST_ENTRIES = 4 * 10**5
"""Coefficients that independent forms may have together (a minute); beyond, units are not multiplied out, and forms are
not looked at."""

MOST_REDUCED = 10**7
"""Multiplications that it may take to find the independent ones; beyond, forms are not looked at."""

MOST_BRANCHES = 10**5
"""Sets of columns that the search for forms on few of them may look at."""

MOST_COMBINED = 12
"""Most quadratic forms whose combinations are looked at for factors."""
