"""The thresholds of the rules, in one place.

They are this project's own: measured on real tables, not proved.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["VERSION", "Limits"]

VERSION = 1
"""Of the rules and their thresholds; what is drawn for a question depends on it."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the rules allow. Bits are base-2 logarithms; shares and probabilities lie in 0..1.

    widest: largest weight (rule 1).
    most_rank, columns_a_rank, unknown_columns: r <= min(most_rank, max(1, floor(private columns / columns_a_rank)))
        and private columns - r >= unknown_columns (rule 3).
    few_blocks: a remainder that lives on more columns, or on more than half of those used, is not looked at (rule 2m).
    few_values: value combinations of two columns that a remainder may not be about (rule 2m).
    lift, settled: by how much a remainder may lift the best guess of a value, and for which share of rows settle it.
    certain: probability from which a value counts as certain.
    support, support_of_few: share of a score's variance that one column may explain; the second where the score has a
        weight on fewer than half of the private columns (rule 2e).
    budget: multiplies the budget of the prior (rule 4): infinite where the other rules are to be seen.
    excess, excess_sampled: by how much an answer may make a column certain, or lift its best guess, above what its
        tenth does: counted exactly (rule 5), and in drawn rows (rule 5t).
    rare, protected_excess, protected_gain: for protected columns: share of the rows whose answer makes a class certain
        that is not the commonest, the excess, and by how much the best guess may be lifted in all (rules 5 and 5t).
    excess_forms, excess_at_one: the same in drawn rows where a form is among the keys: in the mean, and for any single
        value of the public columns (rule 5t).
    thin: share of drawn rows whose answers are too rare to count (rule 5t).
    named, matched: by how much the joint answers may name more rows in full, and make a column certain for more rows,
        than their tenths do (rule 6); ``named_by_forms``: the first where a form is among the keys.
    babai, least_squares: success probability of rounding off in the kernel lattice, share of sampled rows that the
        nearest lattice point opens (rule 7), applied above ``counted_bits`` and up to ``most_coordinates``.
    explained: by how much the answers may raise R^2 of a protected coordinate (rule 8).
    """

    widest: int = 2**15
    most_rank: int = 16
    columns_a_rank: int = 3
    unknown_columns: int = 2
    few_blocks: int = 4
    few_values: int = 16
    lift: float = 0.10
    settled: float = 0.01
    certain: float = 0.95
    support: float = 0.95
    support_of_few: float = 0.85
    budget: float = 1.0
    excess: float = 0.10
    excess_sampled: float = 0.15
    excess_forms: float = 0.10
    excess_at_one: float = 0.5
    rare: float = 0.01
    protected_excess: float = 0.05
    protected_gain: float = 0.25
    thin: float = 0.10
    named: float = 0.05
    matched: float = 0.15
    named_by_forms: float = 0.08
    counted_bits: float = 15.0
    most_coordinates: int = 100
    babai: float = 1e-3
    least_squares: float = 0.05
    explained: float = 0.3
