"""One slice of a coverage-guided run of one target: ``python -m tests.fuzz.python.engine TARGET FOLDER RUNS SEED``.

The corpus lies in ``FOLDER/corpus`` and grows from slice to slice; ``FOLDER/last.json`` holds the executions, the
largest figures, and how the inputs ended. An input that breaks a promise is left in ``FOLDER/broken``, and named on
stderr.
"""

from __future__ import annotations

import dataclasses
import gc
import hashlib
import json
import os
import random
import sys
import types
from pathlib import Path

import atheris

from tests.fuzz.python.checks import MAX_INPUT, BrokenPromise, Extremes, check
from tests.fuzz.python.targets import TARGETS


def main(name: str, folder: Path, runs: int, seed: int) -> None:
    """Run the slice; libFuzzer ends the process."""
    target, seen = TARGETS[name], Extremes()
    corpus, broken = folder / "corpus", folder / "broken"
    for made in (corpus, broken):
        made.mkdir(parents=True, exist_ok=True)
    for item in target.seeds():
        (corpus / hashlib.sha256(item).hexdigest()[:16]).write_bytes(item)
        check(target.read, item, Extremes())  # caches and tables are made outside the measurement

    def one(data: bytes) -> None:
        try:
            check(target.read, data, seen)
        except BrokenPromise as problem:
            file = broken / hashlib.sha256(data).hexdigest()[:16]
            file.write_bytes(data)
            sys.stderr.write(f"BROKEN {name} {file}: {problem}\n")
        if seen.executions % 16 == 1:  # libFuzzer ends the process without a word to Python
            leave()

    def mutate(data: bytes, most: int, number: int) -> bytes:
        return target.mutate(data, random.Random(number))[:most]

    def leave() -> None:
        (folder / "last.json").write_text(json.dumps(dataclasses.asdict(seen)))

    options = [f"-runs={runs}", f"-max_len={MAX_INPUT}", f"-seed={seed}", "-timeout=60", "-rss_limit_mb=0"]
    options += ["-len_control=0", "-print_final_stats=1", f"-artifact_prefix={broken}/"]
    atheris.Setup(["pyfe", *options, str(corpus)], one, custom_mutator=mutate)
    for function in functions_of("pyfe"):
        atheris.instrument_func(function)
    atheris.Fuzz()


def functions_of(package: str) -> list[types.FunctionType]:
    """Every function of the package, wherever it hangs: an editable install's loader knows no instrumentation."""
    everything = [item for item in gc.get_objects() if isinstance(item, types.FunctionType)]
    return [item for item in everything if (item.__module__ or "").split(".")[0] == package]


if __name__ == "__main__":
    os.environ.setdefault("PYFE_NUM_THREADS", "1")
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
