"""The rules for linear keys by their numbers."""

from __future__ import annotations

__all__ = ["NUMBERS"]

NUMBERS = {
    "shape": "0", "width": "1", "structure": "2", "room": "3", "countable": "5", "modulus": "2m", "support": "2e",
    "rank": "3", "budget": "4", "variables": "5", "sampled": "5t", "joint": "6", "rounding_off": "7",
    "least_squares": "7", "correlation": "8",
}  # fmt: skip
"""Function of a rule -> the rule's number."""
