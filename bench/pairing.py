"""How fast is BLS12-381 beside blst, item by item?

Field operations are timed inside the core and, for blst, inside a C loop, on dependent inputs: both without Python's
cost of a call. The rest are batches through ``pyfe.groups`` on points already decoded, against as many calls of blst on
its own form; what includes decoding or hashing says so. Answers are checked before they are timed: against integers for
the fields, by the group law for the rest (blst's are compared bit by bit in tests/differential).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench import peers
from bench.blst_loop import FP_MUL_SECONDS, Loop
from bench.measure import (
    Measurement,
    Settings,
    Task,
    against,
    backend,
    exactly,
    interleaved,
    portable,
    require,
    seconds,
    threads,
)
from pyfe import _core, groups
from pyfe.groups import G1Array, G2Array, GTArray, PreparedG2, bls12_381

ROUNDS = 7
BATCH = 256
PAIRS = 128
COHORT = 8
READ = 16_384
POINTS = 1024
P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
CHAIN = {"fp": 20_000, "fp2": 5_000, "fp12": 500}


@dataclass(frozen=True)
class Operation:
    """Ours, and how many items one call does; blst's by its name in the loop, divided by ``peer_items``."""

    id: str
    ours: Callable[[], Any]
    items: int
    blst: str | None = None
    peer_items: int = 1
    also_portable: bool = True
    other: tuple[peers.Peer, Callable[[], Any]] | None = field(default=None)


def run(settings: Settings) -> Iterator[Measurement]:
    """Every operation on the chosen backend; those with a portable bar on that one too."""
    loop = _loop()
    with threads(1):
        if loop is not None and not settings.smoke:
            low, high = (round(1e9 * bound) for bound in FP_MUL_SECONDS)
            require(loop.valid, f"blst's own multiplication in the base field is not between {low} and {high} ns here")
        for ours, words in zip(operations(settings), on_portable(settings), strict=True):
            yield from measure(ours, words, loop, settings)
        yield from over_floor(settings)
        yield from reading(settings)


def operations(settings: Settings) -> list[Operation]:
    """All of them on points of the active backend: those of one backend mean nothing to another."""
    return [*fields(settings), *points(settings), *pairings(settings)]


def on_portable(settings: Settings) -> list[Operation]:
    """The same on the portable backend."""
    with backend("portable"):
        return operations(settings)


def measure(operation: Operation, words: Operation, loop: Loop | None, settings: Settings) -> Iterator[Measurement]:
    """Ours on both backends and the peer's in turn."""
    tasks = [Task(operation.ours, repeat=_repeats(operation.ours))]
    if operation.also_portable:
        tasks.append(Task(portable(words.ours), repeat=_repeats(portable(words.ours))))
    peer, peer_items = None, operation.peer_items
    if operation.blst is not None and loop is not None:
        count = loop.count(operation.blst)
        tasks.append(Task(loop.run(operation.blst, count)))
        peer, peer_items = "blst (ckzg)", peer_items * count
    elif operation.other is not None:
        tasks.append(Task(operation.other[1], rounds=3))
        peer = operation.other[0].name
    times = interleaved(tasks, settings.rounds(ROUNDS))
    theirs = 1e6 * times[-1] / peer_items
    yield against(operation.id, 1e6 * times[0] / operation.items, peer, theirs)
    if operation.also_portable:
        yield against(f"{operation.id}.portable", 1e6 * times[1] / operation.items, peer, theirs)


def fields(settings: Settings) -> Iterator[Operation]:
    """Dependent multiplications, eight items side by side."""
    for name, full in CHAIN.items():
        times = settings.batch(full)
        degree = {"fp": 1, "fp2": 2, "fp12": 12}[name]
        a, b = ([secrets.randbelow(P) for _ in range(degree)] for _ in range(2))

        def ours(name: str = name, times: int = times, a: list[int] = a, b: list[int] = b) -> bytes:
            return _core.bls12_381.multiply_chain(name, _packed(a), _packed(b), times)

        if name == "fp":
            product = int.from_bytes(ours()[:48], "little")
            require(product == a[0] * pow(b[0], times, P) % P, "fp_mul: a wrong product")
        require(ours() == portable(ours)(), f"{name}_mul: the backends disagree")
        yield Operation(f"bls12_381.{name}_mul", ours, 8 * times, f"blst_{name}_mul")


def points(settings: Settings) -> Iterator[Operation]:
    """Multiplication, decoding, hashing and sums in G1 and G2."""
    batch, n = settings.batch(BATCH), settings.batch(POINTS)
    k = _random_scalars(batch)
    for index, kind in ((1, G1Array), (2, G2Array)):
        p = kind.generator(batch) * _random_scalars(batch)
        data = p.to_bytes()
        messages = [secrets.token_bytes(32) for _ in range(batch)]
        group = f"bls12_381.g{index}"
        require((p * k + p * k == p * bls12_381.scalar_add(k, k)).all(), f"{group}: not a group")
        yield Operation(f"{group}_mul.batch", _bound(lambda p: p * k, p), batch, f"blst_p{index}_mult")
        yield Operation(
            f"{group}_mul_fixed.batch", _bound(lambda kind: kind.multiples(k), kind), batch, f"blst_p{index}_mult"
        )
        yield Operation(
            f"{group}_decode.batch",
            _bound(lambda kind, data: kind.from_bytes(data), kind, data),
            batch,
            f"blst_p{index}_uncompress+in_g{index}",
        )
        yield Operation(
            f"hash_to_g{index}.batch",
            _bound(lambda kind, messages: kind.hash_to_curve(messages, b"PYFE-BENCH-V01"), kind, messages),
            batch,
            f"blst_hash_to_g{index}",
        )
    yield from sums(n)


def reading(settings: Settings) -> Iterator[Measurement]:
    """Many points at once, beside the exact test of each of them; both backends."""
    batch = settings.batch(READ)
    for kind in (G1Array, G2Array):
        data = kind.multiples(_random_scalars(batch)).to_bytes()
        ours = _bound(lambda kind, data: kind.from_bytes(data), kind, data)
        runs = (ours, exactly(ours), portable(ours), exactly(portable(ours)))
        require((ours() == kind.from_bytes(data)).all(), "decoding: other points")
        fast, fast_exact, words, words_exact = (
            1e6 * time / batch for time in interleaved([Task(run) for run in runs], settings.rounds(ROUNDS))
        )
        name = f"bls12_381.{'g1' if kind is G1Array else 'g2'}_decode.n{READ}"
        yield Measurement(name, fast, "the exact test of every point", fast_exact)
        yield Measurement(f"{name}.portable", words, "the exact test of every point", words_exact)


def sums(n: int) -> Iterator[Operation]:
    """sum_j k_j P_j for short and for full scalars."""
    p = G1Array.generator(n) * _random_scalars(n)
    short = np.random.default_rng(8).integers(-128, 128, n)
    full = _random_scalars(n)
    one = G1Array.generator(1)
    logs = bls12_381.integers(_random_scalars(n))
    known = G1Array.generator(n) * bls12_381.scalars(logs)
    expected = one * sum(int(k) * log for k, log in zip(short, logs, strict=True))
    require((known.msm_vartime(short) == expected).all(), "g1_msm_8bit: a wrong sum")
    name = "blst_p1s_mult_pippenger.n1024"
    yield Operation("bls12_381.g1_msm_8bit.n1024", lambda: p.msm_vartime(short), 1, f"{name}.bits8")
    yield Operation("bls12_381.g1_msm_255bit.n1024", lambda: p.msm_vartime(full), 1, f"{name}.bits255")


def pairings(settings: Settings) -> Iterator[Operation]:
    """Single pairings, products of them, and powers in GT."""
    batch, pairs = settings.batch(64), settings.batch(PAIRS)
    k = _random_scalars(batch)
    p, q = G1Array.generator(batch) * _random_scalars(batch), G2Array.generator(batch) * _random_scalars(batch)
    require((groups.pair(p * k, q) == groups.pair(p, q * k)).all(), "pairing: not bilinear")
    yield Operation("bls12_381.pairing.batch", lambda: groups.pair(p, q), batch, "pairing")

    ps = [G1Array.generator(COHORT) * _random_scalars(COHORT) for _ in range(pairs)]
    qs = [G2Array.generator(COHORT) * _random_scalars(COHORT) for _ in range(pairs)]
    kept = PreparedG2(G2Array.generator(pairs) * _random_scalars(pairs))
    long_p, long_q = (kind.generator(pairs) * _random_scalars(pairs) for kind in (G1Array, G2Array))
    product = f"multi_pairing.n{PAIRS}"
    name = f"bls12_381.{product}"
    yield Operation(
        name, lambda: groups.multi_pair(zip(ps, qs, strict=True)), COHORT * pairs, product, peer_items=PAIRS
    )
    yield Operation(
        f"{name}.prepared",
        lambda: groups.multi_pair((p, kept[j]) for j, p in enumerate(ps)),
        COHORT * pairs,
        product,
        peer_items=PAIRS,
        also_portable=False,
    )
    yield Operation(
        f"{name}.single",
        lambda: groups.pairing_product(long_p, long_q),
        pairs,
        product,
        peer_items=PAIRS,
        also_portable=False,
    )
    f = groups.pair(p, q)
    require((f * k == groups.pair(p * k, q)).all(), "gt_exp: a wrong power")
    yield Operation("bls12_381.gt_exp.batch", lambda: f * k, batch, other=_arkworks_power())
    data = f.to_bytes()
    yield Operation("bls12_381.gt_decode.batch", lambda: GTArray.from_bytes(data), batch, also_portable=False)


def _repeats(run: Callable[[], Any]) -> int:
    """How often one round repeats a call: to 5 ms, so that a short one is as warm as the peer's loop."""
    return max(1, min(50, int(5e-3 / max(seconds(run), 1e-6))))


def over_floor(settings: Settings) -> Iterator[Measurement]:
    """One multiplication in the base field, eight side by side, over the 256 multiply-adds it needs at least.

    These are issued as fast as the CPU can, and one a cycle: many a CPU can issue two.
    """
    times, core = settings.batch(20_000), _core.bls12_381
    names = ("bls12_381.fp_mul.over_floor", "bls12_381.fp_mul.over_one_a_cycle")
    if not core.multiplier_floor(1):
        yield from (Measurement(name, 1.0) for name in names)
        return
    a, b = _packed([secrets.randbelow(P)]), _packed([secrets.randbelow(P)])
    ours, *floors = interleaved(
        [
            Task(lambda: core.multiply_chain("fp", a, b, times)),
            Task(lambda: core.multiplier_floor(times)),
            Task(lambda: core.multiplier_floor(times, one_a_cycle=True)),
        ],
        settings.rounds(3 * ROUNDS),
    )
    yield from (Measurement(name, ours / floor) for name, floor in zip(names, floors, strict=True))


def _arkworks_power() -> tuple[peers.Peer, Callable[[], Any]] | None:
    """Square and multiply: the package has no powers in GT. Its ``*`` is the group law; its ``+`` is the field's."""
    peer = peers.arkworks()
    if peer is None:
        return None
    module, exponent = peer.module, secrets.randbelow(bls12_381.ORDER)
    base = module.GT.pairing(module.G1Point(), module.G2Point())

    def power() -> Any:
        result = module.GT.one()
        for bit in bin(exponent)[2:]:
            result = result * result
            if bit == "1":
                result = result * base
        return result

    return peer, power


def _loop() -> Loop | None:
    if not peers.wanted:
        return None
    try:
        return Loop(rounds=3, pairs=(PAIRS,), points=(1024,), bits=(8, 255))
    except ImportError:
        return None


def _bound(call: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    return lambda: call(*arguments)


def _random_scalars(count: int) -> Any:
    return bls12_381.scalar_reduce(np.frombuffer(secrets.token_bytes(64 * count), np.uint8).reshape(count, 64))


def _packed(values: list[int]) -> bytes:
    return b"".join(value.to_bytes(48, "little") for value in values)
