"""Ids that are there twice among any number of rows; and work that is handed to a thread."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pyfe.cohorts.distinct import Distinct
from pyfe.errors import ParameterError
from pyfe.io.ahead import ahead, behind, beside


def expected(ids: list[bytes]) -> list[int]:
    seen, rows = set[bytes](), list[int]()
    for row, each in enumerate(ids):
        if each in seen:
            rows.append(row)
        seen.add(each)
    return rows


@pytest.mark.parametrize("most", [1, 7, 100, 10**6])
def test_every_repetition_is_found_in_memory_and_in_files(seed: int, most: int) -> None:
    draw = random.Random(seed)
    ids = [b"%d" % draw.randrange(5000) for _ in range(3000)] + [b"", b"a", b"a\n", b"a"]
    with Distinct(most=most) as seen:
        for start in range(0, len(ids), 300):
            part = ids[start : start + 300]
            seen.add(part, start)
        assert seen.repeated() == expected(ids) and len(expected(ids)) > 500


def test_no_ids_and_all_different() -> None:
    with Distinct() as seen:
        assert seen.repeated() == []
        seen.add([b"%d" % row for row in range(1000)], 0)
        assert seen.repeated() == []


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with Distinct(most=1) as seen, pytest.raises(ParameterError, match=r"No space left.*TMPDIR.*--allow-duplicates"):
        seen.add([b"a", b"b"], 0)


# -- threads --


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("pyfe-")}


def test_items_are_handed_over_in_order_and_the_end_is_waited_for() -> None:
    got: list[int] = []

    def work(items: Iterator[int]) -> None:
        for item in items:
            got.append(item)
        time.sleep(0.05)
        got.append(-1)

    with behind(work) as hand_over:
        for item in range(100):
            hand_over(item)
    assert got == [*range(100), -1] and not threads()


@pytest.mark.parametrize("at", [0, 1, 50])
def test_an_error_of_the_work_is_raised_where_items_are_handed_over(at: int) -> None:
    def work(items: Iterator[int]) -> None:
        for item in items:
            if item == at:
                raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"), behind(work) as hand_over:
        for item in range(at + 100):
            hand_over(item)
    with pytest.raises(OSError, match="No space"), behind(work) as hand_over:
        for item in range(at + 1):
            hand_over(item)  # the last is handed over, and the block ends
    assert not threads()


def test_an_error_of_the_block_reaches_the_work() -> None:
    told: list[str] = []

    def work(items: Iterator[int]) -> None:
        try:
            for _ in items:
                pass
            told.append("the end")
        except BaseException as error:
            told.append(type(error).__name__)
            raise

    with pytest.raises(KeyboardInterrupt), behind(work) as hand_over:
        hand_over(1)
        raise KeyboardInterrupt
    assert told == ["_Failed"] and not threads()


def test_a_work_that_waits_is_unblocked_when_the_block_ends_by_an_error() -> None:
    may_end, ended = threading.Event(), list[str]()
    waited_for = beside(lambda: may_end.wait(20))

    def work(items: Iterator[int]) -> None:
        try:
            waited_for.result()
        except BaseException as error:
            ended.append(type(error).__name__)
            raise

    with pytest.raises(KeyboardInterrupt), behind(work, unblock=waited_for.cancel):
        raise KeyboardInterrupt
    assert ended == ["CancelledError"] and not may_end.is_set() and threads() == {"pyfe-beside"}
    may_end.set()  # what it finds then is told nobody, and is no error
    while threads():
        time.sleep(0.01)


def test_what_is_made_ahead_ends_with_its_reader() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1000):
            made.append(item)
            yield item

    stream = ahead(items(), depth=2)
    assert next(stream) == 0
    time.sleep(0.2)
    stream.close()
    assert len(made) <= 5 and not threads()
