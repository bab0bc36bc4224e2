"""How fast is ristretto255, from and to wire bytes, beside libsodium?

Each operation takes and returns 32-byte encodings, which are decoded and checked; the answers of both libraries are
compared before anything is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench import peers
from bench.measure import Measurement, Settings, Task, against, interleaved, portable, require, threads
from pyfe import groups

BATCH = 1024
ROUNDS = 9
SEED = 255


@dataclass(frozen=True)
class Operation:
    """Ours on a whole batch; the peer's on the same batch as a list; ``items`` is what the time is divided by."""

    id: str
    ours: Callable[[], Any]
    peer: Callable[[Any], list[object]] | None
    items: int


def run(settings: Settings) -> Iterator[Measurement]:
    """Every operation on the chosen backend and on the portable one, and libsodium's."""
    sodium = peers.sodium()
    with threads(1):
        for operation in operations(settings.batch(BATCH)):
            yield from measure(operation, sodium, settings)


def measure(operation: Operation, sodium: peers.Peer | None, settings: Settings) -> Iterator[Measurement]:
    """Compare the answers, then time the three in turn."""
    answer = operation.ours()
    require(np.array_equal(answer, portable(operation.ours)()), f"{operation.id}: the backends disagree")
    tasks = [Task(operation.ours), Task(portable(operation.ours))]
    peer = None
    if sodium is not None and operation.peer is not None:
        library, call, peer = sodium.module, operation.peer, sodium.name
        require(_same(answer, call(library)), f"{operation.id}: {peer} gives another answer")
        tasks.append(Task(lambda: call(library)))
    each = [1e6 * time / operation.items for time in interleaved(tasks, settings.rounds(ROUNDS))]
    yield against(operation.id, each[0], peer, each[-1])
    yield against(f"{operation.id}.portable", each[1], peer, each[-1])


def operations(batch: int) -> list[Operation]:
    """The operations, on random points and full-size random scalars."""
    random = np.random.default_rng(SEED)
    scalars = groups.scalar_reduce(random.integers(0, 256, (batch, 64), dtype=np.uint8))
    uniform = random.integers(0, 256, (2 * batch, 64), dtype=np.uint8)
    points = groups.from_uniform_bytes(uniform)
    p, q = np.ascontiguousarray(points[:batch]), np.ascontiguousarray(points[batch:])
    k_list, p_list, q_list, u_list = (_rows(array) for array in (scalars, p, q, uniform[:batch]))

    def sodium_mul(library: Any) -> list[object]:
        multiply = library.crypto_scalarmult_ristretto255
        return [multiply(k, point) for k, point in zip(k_list, p_list, strict=True)]

    def sodium_mul_base(library: Any) -> list[object]:
        return [library.crypto_scalarmult_ristretto255_base(k) for k in k_list]

    def sodium_is_valid(library: Any) -> list[object]:
        return [library.crypto_core_ristretto255_is_valid_point(point) for point in p_list]

    def sodium_add(library: Any) -> list[object]:
        return [library.crypto_core_ristretto255_add(a, b) for a, b in zip(p_list, q_list, strict=True)]

    def sodium_from_hash(library: Any) -> list[object]:
        return [library.crypto_core_ristretto255_from_hash(data) for data in u_list]

    return [
        Operation("ristretto255.mul_variable.batch", lambda: groups.mul(p, scalars), sodium_mul, batch),
        Operation("ristretto255.mul_fixed.batch", lambda: groups.mul_base(scalars), sodium_mul_base, batch),
        Operation("ristretto255.decode.batch", lambda: groups.is_valid(p), sodium_is_valid, batch),
        Operation("ristretto255.add.batch", lambda: groups.add(p, q), sodium_add, batch),
        Operation(
            "ristretto255.map.batch", lambda: groups.from_uniform_bytes(uniform[:batch]), sodium_from_hash, batch
        ),
        Operation("ristretto255.msm_vartime.n1024", lambda: groups.msm_vartime(p, scalars), None, batch),
    ]


def _rows(array: Any) -> list[bytes]:
    return [row.tobytes() for row in array]


def _same(ours: Any, theirs: list[object]) -> bool:
    """Rows of bytes against a list of bytes, or booleans against booleans."""
    if isinstance(theirs[0], bytes):
        return _rows(ours) == theirs
    return list(ours) == theirs
