"""``pyfe evaluate --prove``: the proof beside the scores."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from pyfe import io
from pyfe.arrays import IntArray
from pyfe.ciphertext import CiphertextBatch
from pyfe.errors import ParameterError
from pyfe.io import roles
from pyfe.io.outputs import Output
from pyfe.keys import FunctionKey

__all__ = ["Context", "ProofPlace", "Prove", "proof_place"]

Prove = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write there a proof of the scores, for pyfe verify-scores (scheme ipfe-ddh). It can be shown on.",
    ),
]
Context = Annotated[
    str, typer.Option(help="Text that the proof is bound to: what it is for, or a number that its reader drew.")
]


class ProofPlace:
    """Where the proof goes, or nowhere. Made by :func:`proof_place`."""

    def __init__(self, path: Path | None, output: Output | None, context: str) -> None:
        self._path, self._output, self._context = path, output, context

    @property
    def wanted(self) -> bool:
        """Whether a proof is asked for."""
        return self._output is not None

    def require_provable(self, key: FunctionKey, batch: CiphertextBatch | None, *, resumed: bool) -> None:
        """Where a proof is wanted: UnsupportedError where the scheme has none, ParameterError for a cohort, and for
        scores of which a part was made before."""
        if not self.wanted:
            return
        key.adapter.require_provable()
        if batch is None:
            raise ParameterError("a proof is of one batch, and these ciphertexts are a cohort: leave out --prove")
        if resumed:
            raise ParameterError("a proof is of scores that are all made in one run: leave out --resume, or --prove")

    def write(
        self, key: FunctionKey, batch: CiphertextBatch | None, scores: Sequence[IntArray] | None
    ) -> dict[str, Any]:
        """Prove the scores and write the proof, if one is wanted; what there is to say of it."""
        if self._output is None or batch is None or scores is None:
            return {}
        start = time.perf_counter()
        proof = key.prove(batch, np.concatenate(scores), context=self._context)
        seconds = time.perf_counter() - start
        self._output.write(proof.to_bytes())
        return {"proof": str(self._path), "proof_seconds": seconds}


@contextlib.contextmanager
def proof_place(path: Path | None, context: str, *, avoid: Iterable[Path | None], force: bool) -> Iterator[ProofPlace]:
    """The place of ``--prove``; ParameterError where it cannot be written, and for a context without a proof."""
    if path is None:
        if context:
            raise ParameterError("--context is what a proof is bound to: give --prove")
        yield ProofPlace(None, None, context)
        return
    with io.claimed(path, roles.SCORE_PROOF, avoid=avoid, force=force) as output:
        yield ProofPlace(path, output, context)
