"""Work folders: parts made one after the other, each durable; what is begun is gone on with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from pyfe.cohorts.manifest import MANIFEST, Command, Counts, Span
from pyfe.cohorts.parts import WorkFolder, read_manifest, work_folder
from pyfe.errors import ParameterError

COMMAND = Command("scores", {"function_key": "f" * 64, "inputs": [{"sha256": "0" * 64}]}, 7, 2, ".csv")
HEADER = b"row,score\n"


def text_of(span: Span) -> bytes:
    return HEADER + b"".join(b"%d,%d\n" % (row, row * row) for row in range(span.first_chunk, span.first_chunk + 2))


def written(span: Span) -> Callable[[BinaryIO], Counts]:
    def write(file: BinaryIO) -> Counts:
        text = text_of(span)
        file.write(text[:5])
        file.write(text[5:])
        return Counts(span.chunks, {"age": span.number})

    return write


@contextmanager
def fails() -> Any:
    with pytest.raises(RuntimeError):
        yield


def begun(folder: Path, parts: int) -> dict[str, bytes]:
    """A run that ends with an error after so many parts; what it leaves."""
    with fails(), work_folder(folder, COMMAND, settle=lambda: {"cohort": "ab"}) as work:
        for span in work.missing()[:parts]:
            work.add(span, written(span))
        raise RuntimeError
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def finished(work: WorkFolder) -> bytes:
    for span in work.missing():
        work.add(span, written(span))
    work.finish()
    return HEADER + b"".join(work.pieces(after=HEADER))


WHOLE = HEADER + b"".join(text_of(span)[len(HEADER) :] for span in COMMAND.spans())


def test_parts_are_cut_to_the_end() -> None:
    assert list(COMMAND.spans()) == [Span(0, 0, 2), Span(1, 2, 2), Span(2, 4, 2), Span(3, 6, 1)]
    assert list(Command("scores", {}, 0, 2, ".csv").spans()) == []


def test_what_is_finished_is_in_the_manifest(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with work_folder(folder, COMMAND, settle=lambda: {"cohort": "ab"}, clock=lambda: 12.9) as work:
        assert finished(work) == WHOLE and work.found == 0
    manifest = read_manifest(folder)
    assert manifest.finished == 12 and manifest.rows == 7 and manifest.settled == {"cohort": "ab"}
    assert manifest.saturated == {"age": 6}
    for part, path in zip(manifest.parts, sorted(folder.glob("part-*.csv")), strict=True):
        assert (part.bytes, part.sha256) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    json.loads((folder / MANIFEST).read_text())


@pytest.mark.parametrize("parts", [0, 1, 3, 4])
def test_a_run_that_ended_early_is_gone_on_with(tmp_path: Path, parts: int) -> None:
    folder = tmp_path / "out"
    before = begun(folder, parts)
    inodes = {path.name: path.stat().st_ino for path in folder.glob("part-*")}
    with work_folder(folder, COMMAND, settle=lambda: {"cohort": "cd"}, resume=True) as work:
        assert work.found == len(inodes) == parts and work.settled == {"cohort": "ab"}
        assert finished(work) == WHOLE
    for name, inode in inodes.items():
        assert (folder / name).stat().st_ino == inode and (folder / name).read_bytes() == before[name]


def test_what_was_begun_is_neither_overwritten_nor_mixed(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    before = begun(folder, 2)
    words = r"2 finished parts.*--resume, or begin anew with --force"
    with pytest.raises(ParameterError, match=words), work_folder(folder, COMMAND):
        pass
    others = {
        "function key was ffffffffffff..., and is eeeeeeeeeeee... now": {**COMMAND.says, "function_key": "e" * 64},
        r"inputs\[0\].sha256 was": {**COMMAND.says, "inputs": [{"sha256": "1" * 64}]},
        "revoked was not given, and is x now": {**COMMAND.says, "revoked": "x"},
    }
    for words, says in others.items():
        other = Command("scores", says, 7, 2, ".csv")
        with pytest.raises(ParameterError, match=words), work_folder(folder, other, resume=True):
            pass
    for command, words in (
        (Command("scores", COMMAND.says, 8, 2, ".csv"), "chunks was 7, and is 8"),
        (Command("ciphertexts", COMMAND.says, 7, 2, ".csv"), "it makes scores, not ciphertexts"),
    ):
        with pytest.raises(ParameterError, match=words), work_folder(folder, command, resume=True):
            pass
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}
    with work_folder(folder, COMMAND, force=True, settle=lambda: {"cohort": "cd"}) as work:
        assert work.found == 0 and work.settled == {"cohort": "cd"} and finished(work) == WHOLE
