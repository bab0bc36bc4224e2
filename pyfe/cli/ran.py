"""Where ``pyfe evaluate`` scores: in its own process, or on the workers of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import typer

from pyfe import cluster
from pyfe.cli.console import say
from pyfe.cli.table_options import asked_as
from pyfe.cohorts.opened_keys import KeyBytes
from pyfe.cohorts.rows import Rows
from pyfe.cohorts.scoring import Engine
from pyfe.errors import ParameterError
from pyfe.identity import Identity
from pyfe.keys import FunctionKey

__all__ = ["HERE", "Ran", "asks_where"]

EngineName = Literal["process", "dask"]

_OPTIONS: dict[str, Any] = {
    "engine": (
        Annotated[str, typer.Option(help="Where rows are scored: process (here), or dask (workers, for a cohort).")],
        "process",
    ),
    "scheduler": (
        Annotated[
            str | None,
            typer.Option(metavar="ADDRESS", help="Dask's scheduler; workers on this machine are started if not given."),
        ],
        None,
    ),
    "workers": (
        Annotated[int | None, typer.Option(help="How many workers are started; one a core if not given.")],
        None,
    ),
    "timeout": (
        Annotated[
            float | None,
            typer.Option(
                metavar="SECONDS",
                help=f"How long workers may take until the next part is scored; {cluster.TIMEOUT:.0f} if not given.",
            ),
        ],
        None,
    ),
}


@dataclass(frozen=True)
class Ran:
    """What was asked for, by the fields of ``_OPTIONS``."""

    engine_name: EngineName = "process"
    scheduler: str | None = None
    workers: int | None = None
    timeout: float | None = None

    @contextmanager
    def engine(self, rows: Rows, key: FunctionKey, owner: Identity | None, *, quiet: bool) -> Iterator[Engine | None]:
        """What scores the rows, signed by the owner where one is named; None is this process. ParameterError for a
        batch on workers; ClusterError where there are none."""
        if self.engine_name == "process":
            yield None
            return
        cluster.require_cohort(rows)
        timeout = cluster.TIMEOUT if self.timeout is None else self.timeout
        with cluster.connected(scheduler=self.scheduler, workers=self.workers, timeout=timeout) as connected:
            if not quiet:
                say(f"scored by {connected}", apart=True)
            yield connected.engine(KeyBytes(key.to_bytes()), owner)


HERE = Ran()


def _asked(engine: str, scheduler: str | None, workers: int | None, timeout: float | None) -> Ran:
    if engine not in get_args(EngineName):
        raise ParameterError(f"--engine is {' or '.join(get_args(EngineName))}, not {engine!r}")
    given = {"--scheduler": scheduler, "--workers": workers, "--timeout": timeout}
    if engine == "process" and (named := [name for name, value in given.items() if value is not None]):
        raise ParameterError(f"{named[0]} is for workers: give --engine dask")
    return Ran(engine, scheduler, workers, timeout)  # type: ignore[arg-type]


asks_where = asked_as("ran", _OPTIONS, _asked)
"""A command whose parameter ``ran`` is asked for by the options of :class:`Ran`."""
