"""What workers do in tests, in place of :func:`pyfe.cluster.tasks.run`: they import this by its name.

Where something happens once, a file beside the cohort says that it did.
"""

from __future__ import annotations

import os
import signal
import time

from pyfe.cluster.tasks import Task, TaskPart, run

POISON = 3
"""The part that something happens to."""


def _meant(task: Task) -> bool:
    return task.spans[0].number == POISON


def _first(task: Task) -> bool:
    """Whether this is the first time; and whoever asks again is not the first."""
    try:
        os.close(os.open(task.cohort.files[0].parent / "happened", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def dies(task: Task) -> list[TaskPart]:
    """Whoever gets the part dies of it."""
    if _meant(task):
        os.kill(os.getpid(), signal.SIGKILL)
    return run(task)


def dies_once(task: Task) -> list[TaskPart]:
    """The first who gets the part dies."""
    if _meant(task) and _first(task):
        os.kill(os.getpid(), signal.SIGKILL)
    return run(task)


def fails(task: Task) -> list[TaskPart]:
    """An error that is none of pyfe's."""
    if _meant(task):
        raise RuntimeError("no more of this")
    return run(task)


def fails_once(task: Task) -> list[TaskPart]:
    """The first time an error."""
    if _meant(task) and _first(task):
        raise OSError("the disk is elsewhere")
    return run(task)


def sleeps(task: Task) -> list[TaskPart]:
    """Long enough for anybody who waits."""
    if _meant(task):
        time.sleep(5)
    return run(task)


def slowly(task: Task) -> list[TaskPart]:
    """Long enough to be killed in between."""
    time.sleep(0.2)
    return run(task)
