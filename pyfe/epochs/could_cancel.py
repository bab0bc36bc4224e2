"""Sums of scores of several epochs that could live on very few columns, where nobody can say whether they do.

Where a column is split, what one epoch says of it and what another does are functions of one value that are no sums of
the same steps. Whether their sum says next to nothing of the column is not known, so it counts as if it could: all that
rows say of split columns is left out, and a combination of rows *of several epochs* that lives on at most two columns
then is refused. Combinations of one epoch alone are its authority's.

For a set S of columns let V(S) be the combinations of independent rows that vanish outside S once the split columns are
left out. Those of one epoch in it are V_e(S). All are of one epoch alone exactly if dim V(S) = max_e dim V_e(S).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyfe.leakage import CHECK_PRIME, GROUP_ORDER, Span
from pyfe.leakage.span import supports

__all__ = ["could_live_on_few"]

FEW = 2
"""Columns that a sum of scores may not be about alone."""


def could_live_on_few(
    rows: Mapping[int, Sequence[Sequence[int]]], owners: Sequence[frozenset[str]], split: frozenset[str]
) -> frozenset[str] | None:
    """Columns, at most two, on which alone some combination of rows of several epochs could live; None where there are
    none. ``rows``: of each epoch ``[r][f]``; ``owners[f]``: the columns that a coordinate says something about.

    Modulo the group order and 2^61 - 1; either counts. Cost: O(r^2 f), and O(r^2) small eliminations.
    """
    return next((found for prime in (GROUP_ORDER, CHECK_PRIME) if (found := _found(rows, owners, split, prime))), None)


class _Spans:
    """Rows whole, and without the split columns."""

    def __init__(self, rows: Sequence[Sequence[int]], kept: Sequence[int], prime: int) -> None:
        self.whole, self.left = (Span(prime=prime, traced=False) for _ in range(2))
        for row in rows:
            self.whole.add(row)
            self.left.add([row[at] for at in kept])

    def dimension(self, inside: Sequence[int]) -> int:
        """Of V(S), for the coordinates of S among those that are left."""
        return self.whole.rank - self.left.rank + self.left.living_on(inside)


def _found(
    rows: Mapping[int, Sequence[Sequence[int]]],
    owners: Sequence[frozenset[str]],
    split: frozenset[str],
    prime: int,
) -> frozenset[str] | None:
    kept = [at for at, columns in enumerate(owners) if not columns & split]
    everything = _Spans([row for found in rows.values() for row in found], kept, prime)
    each = [_Spans(found, kept, prime) for found in rows.values()]
    names = sorted({column for at in kept for column in owners[at]})
    numbers = {name: number for number, name in enumerate(names)}
    left = {place: frozenset(numbers[column] for column in owners[at]) for place, at in enumerate(kept)}
    for group in _groups(everything.left, left):
        inside = [place for place, columns in left.items() if columns <= group]
        if everything.dimension(inside) > max(one.dimension(inside) for one in each):
            return frozenset(names[number] for number in group) or split
    return None


def _groups(span: Span, owners: Mapping[int, frozenset[int]]) -> Iterator[frozenset[int]]:
    """Sets of at most two columns on which something lives that does not on a subset, and the empty one."""
    yield frozenset()
    minimal = list(supports(span, owners, FEW)) if owners else []
    yield from minimal
    for group in minimal:
        if len(group) == 1:
            outside = [place for place, columns in owners.items() if not columns <= group]
            rest = Span(([row[place] for place in outside] for row in span.rows()), prime=span.prime, traced=False)
            beside = {at: owners[place] - group for at, place in enumerate(outside)}
            yield from (group | more for more in (supports(rest, beside, 1) if outside else ()))
