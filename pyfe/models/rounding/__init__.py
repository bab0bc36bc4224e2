"""From real functions to integers and a scale, with a bound that is derived."""

from __future__ import annotations
