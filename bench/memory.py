"""What do large batches take of memory, as multiples of their wire bytes, and what does decoding twice cost?

Every operation runs in a process of its own (:mod:`bench.memory_worker`), whose peak of resident memory is read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Measurement, Settings

ROWS = {"ipfe-ddh": 1_000_000, "qfe-ggm": 50_000}
OPERATIONS = ("from_bytes", "to_bytes", "concat", "slice")
AGAIN = {"ipfe-ddh": 8192, "qfe-ggm": 512}
NAMES = {"ipfe-ddh": "ipfe_ddh", "qfe-ggm": "qfe"}
"""What the schemes are called in the ids of figures."""


def run(settings: Settings) -> Iterator[Measurement]:
    """Both schemes."""
    with tempfile.TemporaryDirectory() as folder:
        for scheme, full in ROWS.items():
            rows, name = settings.batch(full), NAMES[scheme]
            worker(scheme, "prepare", Path(folder), rows)
            for operation in OPERATIONS:
                found = worker(scheme, operation, Path(folder), rows)
                yield Measurement(f"memory.{name}.{operation}", found["peak"] / found["wire"])
                if operation == "from_bytes":
                    yield Measurement(f"memory.{name}.read", 1e6 * found["seconds"] / rows)
            few = settings.batch(AGAIN[scheme])
            worker(scheme, "prepare", Path(folder), few)
            found = worker(scheme, "again", Path(folder), few)
            yield Measurement(f"memory.{name}.decrypt_again", 1e6 * found["again"], "points kept", 1e6 * found["kept"])


def worker(scheme: str, operation: str, folder: Path, rows: int) -> dict[str, float]:
    """What one run of the worker prints."""
    command = [sys.executable, "-m", "bench.memory_worker", scheme, operation, str(folder), str(rows)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    found: dict[str, float] = json.loads(done.stdout or "{}")
    return found
