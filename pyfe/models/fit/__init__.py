"""The map behind a decision function, found by asking the function itself."""

from __future__ import annotations
