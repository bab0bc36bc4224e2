"""How long to wait for the right to write: as long as others get it meanwhile, and a while when they do not."""

from __future__ import annotations

import time

from pyfe.authority.storage.protocol import StorageBusy

__all__ = ["LOCK_SECONDS", "SLICE_SECONDS", "Patience"]

LOCK_SECONDS = 30.0
"""How long to wait for a holder that makes no progress."""

SLICE_SECONDS = 0.1
"""How often to look whether there is progress."""


class Patience:
    """Whoever waits asks at every slice, and says a figure that moves with every turn of another."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._figure = -1
        self._since = time.monotonic()

    def ask(self, figure: int) -> None:
        """StorageBusy when it did not move for LOCK_SECONDS."""
        now = time.monotonic()
        if figure != self._figure:
            self._figure, self._since = figure, now
        elif now - self._since > LOCK_SECONDS:
            raise StorageBusy(
                f"the log of the authority is being written by another thread or process, which made no progress for "
                f"{LOCK_SECONDS:g} s ({self._place}); nothing was appended"
            )
