"""Real functions of the coordinates of a schema: what a model is before it is rounded to integers."""

from __future__ import annotations
