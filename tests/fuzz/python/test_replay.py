"""A quick look at every reader: its seeds, and some changes of them. The long runs are those of ``scripts/fuzz.py``."""

from __future__ import annotations

import contextlib
import os
import random
import time

import pytest

from pyfe import PyfeError

pytest.importorskip("onnx")
from tests.fuzz.python import mutation
from tests.fuzz.python.checks import MAX_SECONDS, BrokenPromise, Extremes, check
from tests.fuzz.python.targets import TARGETS

CHANGES = int(os.environ.get("PYFE_FUZZ_CHANGES", "25"))


@pytest.mark.parametrize("name", TARGETS)
def test_every_reader_keeps_its_promises(name: str, seed: int) -> None:
    target, rng, seen = TARGETS[name], random.Random(seed), Extremes()
    seeds = target.seeds()
    for item in seeds:
        with contextlib.suppress(PyfeError):  # tables and caches are made outside the measurement
            target.read(item)
    for _ in range(CHANGES):
        data = target.mutate(rng.choice(seeds), rng)
        try:
            check(target.read, data, seen)
        except BrokenPromise as problem:
            pytest.fail(f"{problem}\n{data[:2000]!r}")
    assert seen.executions == CHANGES


def test_a_broken_promise_is_noticed() -> None:
    def wrong(data: bytes) -> object:
        raise IndexError(data)

    def slow(data: bytes) -> object:
        end = time.process_time() + 1.1 * MAX_SECONDS  # whatever the machine does in a second
        while time.process_time() < end:
            pass
        return data

    with pytest.raises(BrokenPromise, match="IndexError"):
        check(wrong, b"x", Extremes())
    with pytest.raises(BrokenPromise, match="MB"):
        check(lambda data: bytearray(200 * 2**20).count(b"x"), b"x", Extremes())
    with pytest.raises(BrokenPromise, match="s and"):
        check(slow, b"x", Extremes())


def test_repaired_signatures_are_valid() -> None:
    """Changes under a repaired signature reach what lies behind it: some readers accept them."""
    target, rng = TARGETS["public-key"], random.Random(1)
    unsigned = mutation.envelope()
    kinds = {}
    for name, mutate in (("repaired", target.mutate), ("as they are", unsigned)):
        seen = Extremes()
        for _ in range(60):
            check(target.read, mutate(target.seeds()[0], rng), seen)
        kinds[name] = seen.kinds
    assert kinds["repaired"].get("SignatureError", 0) < kinds["as they are"]["SignatureError"]
