"""Dask: workers that are started here or were found, tasks that go to them, and what becomes of those that fail.

Every wait ends: with what was waited for, or with a :class:`pyfe.errors.ClusterError` that says what did not come.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import multiprocessing
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

from pyfe import _core
from pyfe.arguments import require_count
from pyfe.cluster import started
from pyfe.cluster.tasks import Task, TaskPart, run, tasks_of
from pyfe.cohorts.manifest import Counts, Span
from pyfe.cohorts.opened_keys import KeyBytes
from pyfe.cohorts.parts import KEPT
from pyfe.cohorts.rows import Rows
from pyfe.cohorts.scoring import Add, Scores
from pyfe.errors import ClusterError, ParameterError, PyfeError, RefusedError

__all__ = ["TIMEOUT", "Cluster", "connected"]

TIMEOUT = 600.0
"""Seconds within which workers finish the next part, unless stated."""

_ANSWER = 30.0
"""Seconds within which a scheduler answers, and a worker hands over what it made."""

_TLS = (
    "distributed.comm.tls.ca-file, and cert and key of distributed.comm.tls.client (in the environment "
    "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ..__CLIENT__CERT, ..__CLIENT__KEY)"
)
"""Where Dask's settings name the certificates of a client."""

_START = 120.0
"""Seconds within which workers are there: one of a scheduler, all of those that are started here."""

_LOOK = 0.5
"""Seconds after which is looked whether workers that are started still can come."""

_CLOSE = 10.0
RETRIES = 3
"""How often a task is tried again that ended in an error; and how many workers may die of one that is tried again."""

_MOST_WORKERS = 1024
_GUARDED = '; a program of your own does this below if __name__ == "__main__": workers import it'

_SETTINGS = {
    "distributed.scheduler.allowed-failures": RETRIES,
    # Dask ends a nanny whose worker is not there some seconds after one of its workers died, and starts no other.
    "distributed.deploy.lost-worker-timeout": "1000 days",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.memory.target": False,  # scores are never spilled to a disk
    "distributed.worker.memory.spill": False,
    # Dask has a worker give back all that it freed: every chunk's memory, which the next one asks for again.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 1 << 26,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 1 << 25,
}
"""How workers are run that are started here."""


def _dask_here() -> None:
    """ParameterError, with the cure, where Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise ParameterError(
            "workers are Dask's, and dask and distributed are not installed: pip install 'pyfe-crypto[cluster]'"
        ) from error


@contextmanager
def connected(
    *, scheduler: str | None = None, workers: int | None = None, timeout: float = TIMEOUT
) -> Iterator[Cluster]:
    """Workers that are there as long as the block.

    scheduler: the address of Dask's scheduler, such as ``tcp://host:8786``; its workers read the cohort's files under
        the same paths, and have the same version of pyfe. Whoever reaches a scheduler has its workers run what he
        likes: keep it to a network of your own, or use Dask's TLS.
    workers: without a scheduler, how many processes are started on this machine; by default one for each of pyfe's
        threads, which they share. They talk by TLS under a key that nobody else has, and end with the block.
    timeout: seconds within which the next task has to be done, and a worker be there (two minutes at most).

    ParameterError where Dask is not installed, and for both a scheduler and workers; ClusterError where no worker
    comes. A program of one's own has this below ``if __name__ == "__main__"``: started workers import it.
    """
    _dask_here()
    if scheduler is not None and workers is not None:
        raise ParameterError("a scheduler has its workers: give the one or the other (--scheduler, --workers)")
    if scheduler is not None and not isinstance(scheduler, str):
        raise ParameterError(f"the scheduler is an address, a text, not a {type(scheduler).__name__}")
    given: object = timeout
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < math.inf:
        raise ParameterError(f"the timeout is a number of seconds above 0, not {timeout!r}")
    with _quiet(), _of(scheduler, workers, timeout) as cluster:
        yield cluster


@contextmanager
def _of(scheduler: str | None, workers: int | None, timeout: float) -> Iterator[Cluster]:
    """Workers of a scheduler, or on this machine."""
    if scheduler is not None:
        with _client_of(scheduler, timeout) as client:
            _await_workers(client, 1, timeout, "no worker of the scheduler was there")
            yield Cluster(client, timeout)
        return
    threads = _core.num_threads()
    count = threads if workers is None else workers
    require_count(count, 1, _MOST_WORKERS, "the number of workers")
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # as multiprocessing itself asks
        raise ParameterError(f"this process is a worker itself, and starts none{_GUARDED}")
    with _started(count, max(1, threads // count), timeout) as client:
        _await_workers(client, count, timeout, f"not all of {count} workers were there", _GUARDED)
        yield Cluster(client, timeout)


class Cluster:
    """Workers that score. Made by :func:`connected`. Several threads may use one."""

    def __init__(self, client: Any, timeout: float) -> None:
        """Not for direct use."""
        self._client, self._timeout = client, timeout

    def engine(self, keys: KeyBytes, signed_by: Any = None) -> Callable[..., None]:
        """An engine for :func:`pyfe.cohorts.evaluating.make_scores` that scores on these workers."""
        return partial(self._score_parts, keys, signed_by)

    def _score_parts(
        self,
        keys: KeyBytes,
        signed_by: Any,
        scores: Scores,
        rows: Rows,
        spans: list[Span],
        add: Add,
        advance: Callable[[int], None],
    ) -> None:
        refused: RefusedError | None = None
        try:
            for parts in self.results(tasks_of(scores, rows, spans, keys, signed_by)):
                refused = parts if isinstance(parts, RefusedError) else refused
                for part in () if isinstance(parts, RefusedError) else parts:
                    add(part.span, partial(_put, part))
                    advance(part.counts.rows)
        except PyfeError:
            if refused is None:
                raise
        if refused is not None:  # when all is done: the time tells nobody where it was; and whatever else is wrong
            raise refused

    def results(self, tasks: Iterator[Task]) -> Iterator[list[TaskPart] | RefusedError]:
        """What the tasks give, in the order in which they are done; a few for each worker are under way at a time.

        An exception is tried again three times, and a task whose worker died on others. Dask counts a death against all
        tasks that the worker had; so one that four workers died of is tried alone, when those under way are done, and
        only then called off. PyfeErrors of a task as they are; ClusterError, naming its rows, for a task that workers
        die of, or that ended in another error, and where the timeout has passed with none done.
        """
        while True:
            suspects: list[Task] = []
            yield from self._together(tasks, suspects)
            if not suspects:
                return
            for task in suspects:
                died: list[Task] = []
                yield from self._together(iter((task,)), died)
                if died:
                    raise ClusterError(
                        f"{task.name}: {RETRIES + 1} workers died of it, one after another, perhaps for want of "
                        f"memory: read their logs; {KEPT}",
                        kind="killed",
                    )

    def _together(self, tasks: Iterator[Task], died: list[Task]) -> Iterator[list[TaskPart] | RefusedError]:
        """What the tasks give; those whose workers died are put down, and no others are begun then."""
        pending: dict[Any, Task] = {}
        since = time.monotonic()
        try:
            while True:
                for task in itertools.islice(tasks, 0 if died else max(0, self._room() - len(pending))):
                    pending[self._submit(task)] = task
                if not pending:
                    return
                for future in self._done(pending, since + self._timeout):
                    made = self._result(future, pending[future])
                    if made is _AGAIN:
                        continue
                    task = pending.pop(future)
                    if made is _DIED:
                        died.append(task)
                    else:
                        yield made
                    since = time.monotonic()
        finally:
            for future in pending:  # whom nobody waits for is called off
                future.release()

    def _submit(self, task: Task) -> Any:
        name = f"pyfe-{task.spans[0].number}-{uuid.uuid4().hex}"
        return self._client.submit(run, task, key=name, pure=False, retries=RETRIES)

    def _room(self) -> int:
        """How many tasks are under way at a time: two for each thread of the workers, and those that are done."""
        return 2 * sum(self._threads().values()) + 2

    def _threads(self) -> dict[str, int]:
        """The workers that are there, and how many tasks each has at a time."""
        with _naming("the scheduler does not answer", "lost"):
            found: dict[str, int] = self._client.sync(self._client.scheduler.ncores, callback_timeout=_ANSWER)
        return found

    def _done(self, pending: dict[Any, Task], end: float) -> set[Any]:
        """One task that is done, or more. ClusterError where none is until ``end``."""
        from distributed import wait
        from distributed.client import FuturesCancelledError

        try:
            with self._client.as_current():
                seconds = max(0.0, end - time.monotonic())
                done: set[Any] = wait(list(pending), timeout=seconds, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            first = next(iter(pending.values()))
            raise ClusterError(
                f"no worker finished a part within {self._timeout:g} s, {first.name} among them; give them more time "
                f"(--timeout), or see whether they are there; {KEPT}",
                kind="timeout",
            ) from None
        except FuturesCancelledError as error:
            raise _lost() from error
        return done

    def _result(self, future: Any, task: Task) -> Any:
        """What a task gave that is done; ``_DIED`` where workers died of it, ``_AGAIN`` where the one that had made it
        died with it: then it is made again, and is not done yet."""
        from distributed.scheduler import KilledWorker

        try:
            if future.status != "error":
                return future.result(timeout=_ANSWER)
            error = future.exception(timeout=_ANSWER)
        except TimeoutError:
            return _AGAIN
        except Exception as raised:
            error = raised
        if isinstance(error, KilledWorker):
            return _DIED
        if isinstance(error, PyfeError):
            raise error
        if future.cancelled():
            raise _lost() from error
        raise ClusterError(
            f"{task.name}: it was tried {RETRIES + 1} times, and ended in {type(error).__name__}: {str(error)[:200]}; "
            f"{KEPT}",
            kind="failed",
        ) from error

    def __repr__(self) -> str:
        workers = self._threads()
        return f"{len(workers)} workers of {self._client.scheduler.address}"


_DIED, _AGAIN = object(), object()


def _lost() -> ClusterError:
    return ClusterError(f"the scheduler is gone, or has forgotten what it was given; {KEPT}", kind="lost")


def _put(part: TaskPart, file: BinaryIO) -> Counts:
    file.write(part.data)
    return part.counts


# -- workers --


@contextmanager
def _quiet() -> Iterator[None]:
    """What Dask says of tasks and workers is said by errors: its own lines would stand between those of a command."""
    loggers = [logging.getLogger(name) for name in ("asyncio", "distributed", "tornado")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _naming(what: str, kind: Any) -> Iterator[None]:
    """ClusterError for what a network says."""
    try:
        yield
    except (OSError, TimeoutError) as error:  # what Dask says of connections is an OSError
        raise ClusterError(f"{what}: {type(error).__name__}", kind=kind) from error


def _require_certificates(address: str) -> None:
    """ParameterError where Dask's settings have none: a client without any is made, and waited for when it ends."""
    from distributed.security import Security

    try:
        found = Security().get_connection_args("client").get("ssl_context")
    except OSError as error:  # no such file, or none that ssl reads
        raise ParameterError(f"{address}: a file of {_TLS} cannot be read: {error}") from error
    if found is None:
        raise ParameterError(f"{address}: Dask's settings name no certificates: {_TLS}")


@contextmanager
def _client_of(scheduler: Any, timeout: float) -> Iterator[Any]:
    """A client of a scheduler, by its address, or of one that was started here."""
    shown = scheduler if isinstance(scheduler, str) else "that was started here"
    if shown.startswith("tls://"):
        _require_certificates(shown)
    try:
        with _naming(f"the scheduler {shown} does not answer", "unreachable"):
            client = _made(scheduler, min(timeout, _ANSWER))
    except (ValueError, TypeError, ImportError) as error:
        if isinstance(error, PyfeError):
            raise
        raise ParameterError(f"{shown!r} is no address of a scheduler, such as tcp://host:8786") from error
    try:
        yield client
    finally:
        _close(client)


def _made(scheduler: Any, timeout: float) -> Any:
    """Dask's client, closed if it cannot be made: Dask leaves it to the collector, which may close it in the thread of
    a loop that is just starting; both take the one lock of Dask's loops, and wait for each other."""
    from distributed import Client

    client = Client.__new__(Client)
    try:
        Client.__init__(client, scheduler, timeout=timeout, set_as_default=False)
    except BaseException:
        _close(client)
        raise
    return client


def _close(client: Any) -> None:
    """Close Dask's client, and stop its loop, which Dask leaves to run where nobody answered."""
    with contextlib.suppress(Exception):
        client.close(timeout=_CLOSE)
    with contextlib.suppress(Exception):
        client._loop_runner.stop()


@contextmanager
def _started(workers: int, threads: int, timeout: float) -> Iterator[Any]:
    """A client of workers on this machine, of so many threads of pyfe each. A nanny looks after each one, and starts
    another where it dies: without it nobody would, and who waits would wait for ever."""
    import dask
    from distributed import LocalCluster
    from distributed.security import Security

    with dask.config.set(_SETTINGS), _naming("the workers could not be started", "unreachable"):
        cluster = LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tls://",
            security=Security.temporary(),
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            preload=[started.__name__],
            env={"PYFE_NUM_THREADS": str(threads)},
        )
    try:
        with dask.config.set(_SETTINGS):  # nannies ask for them whenever they start a worker
            cluster.scale(workers)
            with _client_of(cluster, timeout) as client:
                yield client
    finally:
        with contextlib.suppress(Exception):
            cluster.close(timeout=_CLOSE)


def _await_workers(client: Any, count: int, timeout: float, what: str, cure: str = "") -> None:
    """ClusterError where so many workers do not come: ``what`` is wrong then. At once, where one that was started here
    has ended before it was a worker, as where it imports a program that starts workers itself: no other comes."""
    seconds = min(timeout, _START)
    end = time.monotonic() + seconds
    while True:
        try:
            client.wait_for_workers(count, timeout=min(_LOOK, max(0.0, end - time.monotonic())))
            return
        except TimeoutError:
            if _any_failed(client):
                raise ClusterError(f"a worker ended while it was started{cure}", kind="no workers") from None
            if time.monotonic() >= end:
                raise ClusterError(f"{what} within {seconds:g} s{cure}", kind="no workers") from None


def _any_failed(client: Any) -> bool:
    """Whether a nanny that was started here has given up; of a scheduler that was found nobody knows."""
    nannies = getattr(client.cluster, "workers", None) or {}
    return any(getattr(nanny.status, "name", "") == "failed" for nanny in list(nannies.values()))
