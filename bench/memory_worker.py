"""One operation on a large batch in a process of its own: what it takes of memory and of time.

``python -m bench.memory_worker SCHEME OPERATION FOLDER ROWS`` prints JSON: the peak of resident memory (VmHWM) less
what the process had before there was a batch, the wire bytes, seconds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import pyfe
from pyfe import _core

DISTINCT = 4096
"""Rows that are encrypted; a larger batch repeats them."""

N = {"ipfe-ddh": 30, "qfe-ggm": 10}


def keys(scheme: str, folder: Path) -> tuple[pyfe.PublicKey, pyfe.FunctionKey]:
    """The keys of a folder."""
    public = pyfe.PublicKey.from_bytes((folder / f"{scheme}.public").read_bytes())
    return public, pyfe.FunctionKey.from_bytes((folder / f"{scheme}.key").read_bytes(), public_key=public)


def prepare(scheme: str, folder: Path, rows: int) -> None:
    """Keys, and a batch of so many rows, as files."""
    n = N[scheme]
    schema = pyfe.Schema.from_ranges({f"c{i}": pyfe.number(0, 15, step=1) for i in range(n)})
    authority = pyfe.KeyAuthority.create(schema, scheme=scheme, policy=pyfe.Policy.unrestricted(reason="a benchmark"))
    key = authority.issue(pyfe.Function.from_integers(schema, list(range(1, n + 1))), purpose="a benchmark")
    (folder / f"{scheme}.public").write_bytes(authority.public_key.to_bytes())
    (folder / f"{scheme}.key").write_bytes(key.to_bytes())
    x = np.random.default_rng(21).integers(0, 16, (min(rows, DISTINCT), n)).astype(float)
    some = authority.public_key.encrypt(x)
    parts = [some] * (rows // len(some)) + [some[: rows % len(some)]]
    batch = pyfe.CiphertextBatch.concat(parts, allow_duplicates=True)
    with (folder / f"{scheme}.{rows}").open("wb") as file:
        file.writelines(batch.pieces())


def resident(field: str) -> int:
    """VmHWM or VmRSS of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


OPERATIONS: dict[str, Callable[[pyfe.CiphertextBatch], Any]] = {
    "from_bytes": lambda batch: batch,
    "to_bytes": lambda batch: batch.to_bytes(),
    "id": lambda batch: batch.id,
    "concat": lambda batch: pyfe.CiphertextBatch.concat(
        [batch[len(batch) // 2 :], batch[: len(batch) // 2]], allow_duplicates=True
    ),
    "slice": lambda batch: [batch[len(batch) * i // 10 + 3 : len(batch) * (i + 1) // 10] for i in range(10)],
}


def run(scheme: str, operation: str, folder: Path, rows: int) -> dict[str, float]:
    """Read the batch, then the operation; its bytes stay as long as the batch."""
    public, key = keys(scheme, folder)
    key.decrypt(public.encrypt(np.zeros((8, N[scheme]))))  # tables
    path, before = folder / f"{scheme}.{rows}", resident("VmRSS")
    data = path.read_bytes()
    start = time.perf_counter()
    batch = pyfe.CiphertextBatch.from_bytes(data)
    reading = time.perf_counter() - start
    start = time.perf_counter()
    kept = OPERATIONS[operation](batch)
    seconds = reading if operation == "from_bytes" else time.perf_counter() - start
    del kept
    return {"wire": len(data), "peak": resident("VmHWM") - before, "seconds": seconds}


def again(scheme: str, folder: Path, rows: int) -> dict[str, float]:
    """Processor seconds of decryption a row where every point is kept, and where none is: what decoding again costs."""
    _, key = keys(scheme, folder)
    data = (folder / f"{scheme}.{rows}").read_bytes()
    times = {}
    for megabytes in (1 << 20, 0):
        _core.set_decoded_megabytes(megabytes)
        batch = pyfe.CiphertextBatch.from_bytes(data)
        key.decrypt(batch)
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            key.decrypt(batch)
            best = min(best, time.process_time() - start)
        times[megabytes] = best / len(batch)
        del batch
    return {"kept": times[1 << 20], "again": times[0]}


if __name__ == "__main__":
    scheme, operation, folder, rows = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
    if operation == "prepare":
        prepare(scheme, folder, rows)
    else:
        print(json.dumps(again(scheme, folder, rows) if operation == "again" else run(scheme, operation, folder, rows)))
