"""What can this processor give at most: multiply-adds that stay in registers, and bytes read from memory, one core.

Between the two lies the roof that a kernel of so many multiply-adds a byte cannot be above (Williams, Waterman,
Patterson 2009). ``KERNELS`` says of our figures how many multiply-adds and how many bytes of memory they need;
:func:`points` puts the figures of a run beside the roof of the same run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.bandwidth import BYTES, reading
from bench.madd_loop import multiply_adds
from bench.measure import Measurement, Settings, Task, interleaved, threads
from bench.qfe import MULTIPLY_ADDS
from bench.ring import NEEDED, N

ROUNDS, LOOP = 15, 1 << 22
SMOKE_BYTES = 1 << 20
ROWS_A_VECTOR = 8
COORDINATES = 30
BITS = 40
"""Of a word of a ciphertext of the set n30 (bench/rlwe_case.py)."""


@dataclass(frozen=True)
class Kernel:
    """A figure as work of the roofline, an item: multiply-adds of eight lanes, and bytes that come from memory."""

    id: str
    multiply_adds: float
    bytes: float


KERNELS = (
    Kernel("ring.ntt.8192", NEEDED, 2 * 8 * N),
    Kernel("ipfe_rlwe.score.n30.memory", COORDINATES / ROWS_A_VECTOR, COORDINATES * BITS / 8),
    *(
        Kernel(name, MULTIPLY_ADDS[name], bytes_)
        for name, bytes_ in (
            ("qfe_ggm.decrypt.n64.dense", 18_600.0),
            ("qfe_sxdh.decrypt.n64.dense", 37_100.0),
            ("qfe_network.64x16x10", 18_900.0),
            ("qfe_network.784x40x10", 226_000.0),
        )
    ),
)


def run(settings: Settings) -> Iterator[Measurement]:
    """Both limits in turn, one thread."""
    loop = multiply_adds(LOOP)
    size = SMOKE_BYTES if settings.smoke else BYTES
    read = reading(size)
    with threads(1):
        read()
        reads, *adds = interleaved([Task(read), *([Task(loop)] if loop else [])], settings.rounds(ROUNDS))
    yield Measurement("roofline.bandwidth", size / reads)
    yield Measurement("roofline.multiply_adds", LOOP / adds[0] if adds else 0.0)


def points(results: Sequence[Mapping[str, Any]]) -> list[tuple[str, float, float]]:
    """Of the kernels that a run measured: id, multiply-adds a byte, multiply-adds a second."""
    found = {result["id"]: result for result in results}
    out = []
    for kernel in KERNELS:
        result = found.get(kernel.id)
        if result is None or not result["value"]:
            continue
        seconds = {"us": 1e-6, "ms": 1e-3}.get(result["unit"])
        rate = result["value"] if seconds is None else 1 / (result["value"] * seconds)
        out.append((kernel.id, kernel.multiply_adds / kernel.bytes, rate * kernel.multiply_adds))
    return out


def roof(results: Sequence[Mapping[str, Any]]) -> tuple[float, float] | None:
    """Bytes a second and multiply-adds a second of a run, None unless it measured both."""
    found = {result["id"]: result["value"] for result in results}
    limits = found.get("roofline.bandwidth"), found.get("roofline.multiply_adds")
    return (limits[0], limits[1]) if limits[0] and limits[1] else None
