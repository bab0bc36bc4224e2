"""The C ABI reads the objects of earlier versions as Python does; of keys without a readout it says what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.capi import Library, fails, library
from tests.golden.test_golden import AUTHORITIES, FIRST_LAYOUT, data, expected


@pytest.fixture(scope="module")
def c() -> Library:
    return library()


@pytest.mark.parametrize(("folder", "stem"), AUTHORITIES)
def test_every_key_opens_every_batch(c: Library, folder: Path, stem: str) -> None:
    entry = expected(folder)["authorities"][stem]
    public = c.public_key(data(folder, f"public-{stem}"), entry["fingerprint"])
    batches = {name: c.batch(data(folder, f"batch-{stem}-{name}")) for name in entry["batches"]}
    for key_name, key_id in entry["keys"].items():
        written = data(folder, f"key-{stem}-{key_name}")
        if folder.name in FIRST_LAYOUT:
            with fails("PYFE_UNSUPPORTED", "issued again"):
                c.function_key(written, public)
            continue
        key = c.function_key(written, public)
        assert c.id("pyfe_function_key_id", key).hex() == key_id
        for name, said in entry["batches"].items():
            largest = max(1, int(np.sum(said["weight_sums"], axis=1).max(initial=1)))
            scores = c.decrypt_sums(key, batches[name], largest)
            assert scores.tolist() == np.reshape(said["opened"][key_name], scores.shape).tolist()
            assert c.c.pyfe_batch_combined(batches[name]) == said["combined"]
