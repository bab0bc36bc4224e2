"""A dot product by concrete-python, in an environment that has it (make bench-concrete); bench/one_score.py asks.

JSON in: {"x": rows, "y": weights, "rounds": count}; JSON out: seconds a patient of encryption and of the run, bytes,
and the scores. Only the standard library, numpy and concrete-python are imported: pyfe is not in that environment.
"""

import importlib
import json
import sys
import time
from importlib import metadata
from typing import Any

import numpy as np


def main() -> None:
    """Compile for the rows' own range, then time each round on each row."""
    fhe: Any = importlib.import_module("concrete.fhe")
    asked = json.load(sys.stdin)
    x, y = np.array(asked["x"], dtype=np.int64), np.array(asked["y"], dtype=np.int64)
    random = np.random.default_rng(1)
    samples = random.integers(0, int(x.max()) + 1, (100, x.shape[1]))
    samples[0], samples[1] = 0, int(x.max())
    signs = [np.where(y > 0, x.max(), 0), np.where(y < 0, x.max(), 0)]
    compiler = fhe.Compiler(lambda row: np.dot(row, y), {"row": "encrypted"})
    circuit = compiler.compile([*samples, *signs])
    circuit.keygen()
    encrypt: list[float] = []
    score: list[float] = []
    scores: list[int] = []
    for turn in range(asked["rounds"]):
        for row in x:
            start = time.process_time()
            held = circuit.encrypt(row)
            encrypted = time.process_time()
            result = circuit.run(held)
            score.append(time.process_time() - encrypted)
            encrypt.append(encrypted - start)
            if turn == 0:
                scores.append(int(circuit.decrypt(result)))
    size = len(circuit.encrypt(x[0]).serialize())
    keys = len(circuit.client.evaluation_keys.serialize())
    name = f"concrete-python {metadata.version('concrete-python')}"
    out = {"name": name, "encrypt": min(encrypt), "score": min(score), "scores": scores, "ciphertext": size}
    print(json.dumps({**out, "key": keys, "error": 0.0}))


if __name__ == "__main__":
    main()
