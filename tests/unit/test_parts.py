"""Work folders: parts made one after the other, each durable; what is begun is gone on with."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from pyfe.cohorts.manifest import MANIFEST, Command, Counts, Manifest, Span
from pyfe.cohorts.parts import WorkFolder, read_manifest, work_folder
from pyfe.errors import DecodeError, ParameterError

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


def chmod(mode: int) -> Callable[[Path], None]:
    return lambda path: path.chmod(mode)


def linked(path: Path) -> None:
    """The same bytes, behind a link."""
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


FAULTS = {
    "group": (chmod(0o775), r"may be written by others \(chmod go-w\)"),
    "others": (chmod(0o757), r"may be written by others \(chmod go-w\)"),
    "link": (linked, "is a link"),
}


@pytest.mark.parametrize(
    ("name", "fault"),
    [(name, fault) for name in ("", MANIFEST, "part-000001.csv") for fault in FAULTS if name or fault != "link"],
)
def test_what_others_may_have_put_there_is_not_gone_on_with(tmp_path: Path, name: str, fault: str) -> None:
    folder, (change, words) = tmp_path / "out", FAULTS[fault]
    before = begun(folder, 2)
    change(folder / name)
    with pytest.raises(ParameterError, match=words), work_folder(folder, COMMAND, resume=True):
        pass
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_of_another_user_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    before = begun(folder, 2)
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        with pytest.raises(ParameterError, match="out belongs to another user: .* begin anew in another place"):
            work_folder(folder, COMMAND, resume=True).__enter__()
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_nobody_named_is_one_that_we_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resume: bool, force: bool
) -> None:
    """Somebody else's, open to all, or a link to another folder of ours, which --force would begin anew."""
    how: dict[str, Any] = {"resume": resume, "force": force, "beside": True}
    (tmp_path / "theirs").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        with pytest.raises(ParameterError, match="theirs belongs to another user"):
            work_folder(tmp_path / "theirs", COMMAND, **how).__enter__()
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(ParameterError, match="open may be written by others"):
        work_folder(tmp_path / "open", COMMAND, **how).__enter__()
    before = begun(tmp_path / "ours", 2)
    (tmp_path / "link").symlink_to(tmp_path / "ours")
    with pytest.raises(ParameterError, match="link is a link, and this command makes a folder there"):
        work_folder(tmp_path / "link", COMMAND, **how).__enter__()
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "ours").iterdir()}


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_link_of_another_user_is_not_followed(tmp_path: Path) -> None:
    begun(tmp_path / "ours", 2)
    (tmp_path / "link").symlink_to(tmp_path / "ours")
    with work_folder(tmp_path / "link", COMMAND, resume=True) as work:
        assert work.found == 2
    os.lchown(tmp_path / "link", 1, 1)
    with pytest.raises(ParameterError, match="link is a link"):
        work_folder(tmp_path / "link", COMMAND, force=True).__enter__()


@pytest.mark.parametrize("beside", [False, True])
def test_whatever_the_umask_nobody_else_may_write_what_is_begun(tmp_path: Path, beside: bool) -> None:
    before = os.umask(0)
    try:
        begun(tmp_path / "out", 2)
    finally:
        os.umask(before)
    with work_folder(tmp_path / "out", COMMAND, resume=True, beside=beside) as work:
        assert work.found == 2 and finished(work) == WHOLE


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["letter.txt", "part-000000.csv"])
def test_a_folder_of_others_is_no_place(tmp_path: Path, force: bool, name: str) -> None:
    """Parts without a manifest are nobody's to remove: it may have been lost."""
    (tmp_path / name).write_text("mine")
    with pytest.raises(ParameterError, match="holds other files"), work_folder(tmp_path, COMMAND, force=force):
        pass
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_other_files_beside_parts_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    begun(folder, 2)
    (folder / "letter.txt").write_text("mine")
    (folder / "part-000009.csv").write_text("never finished")
    with work_folder(folder, COMMAND, resume=True) as work:
        assert not (folder / "part-000009.csv").exists() and finished(work) == WHOLE
        work.remove()
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_one_works_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    refused = pytest.raises(ParameterError, match="another command works in")
    with work_folder(folder, COMMAND), refused, work_folder(folder, COMMAND, resume=True):
        pass


@pytest.mark.parametrize("change", ["flip", "cut", "longer", "gone"])
def test_a_finished_part_that_was_changed_is_refused(tmp_path: Path, change: str) -> None:
    folder = tmp_path / "out"
    begun(folder, 2)
    path = folder / "part-000001.csv"
    data = path.read_bytes()
    changed = {"flip": data[:-2] + b"x" + data[-1:], "cut": data[:-1], "longer": data + b"\n", "gone": b""}[change]
    path.write_bytes(changed) if change != "gone" else path.unlink()
    words = "is not there any more" if change == "gone" else "is not what was written there"
    with pytest.raises(DecodeError, match=words), work_folder(folder, COMMAND, resume=True):
        pass
    with work_folder(folder, COMMAND, force=True) as work:
        assert finished(work) == WHOLE


def test_a_part_that_changes_before_it_is_put_together_is_noticed(tmp_path: Path) -> None:
    with work_folder(tmp_path / "out", COMMAND) as work:
        finished(work)
        work.paths[1].write_bytes(HEADER + b"9,9\n")
        with pytest.raises(DecodeError, match="is not what was written"):
            b"".join(work.pieces(after=HEADER))
        with pytest.raises(DecodeError, match=r"does not begin as the others|is not what was"):
            b"".join(work.pieces(after=b"other header\n"))


def test_modes_are_for_the_owner_where_that_is_wanted(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        for private, modes in ((True, {0o700, 0o600}), (False, {0o755, 0o644})):
            folder = tmp_path / str(private)
            with work_folder(folder, COMMAND, private=private) as work:
                finished(work)
            found = {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
            assert found == modes
    finally:
        os.umask(before)


def test_a_manifest_has_one_form(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    begun(folder, 3)
    text = (folder / MANIFEST).read_text()
    assert Manifest.from_text(text).to_text() == text
    said = json.loads(text)
    changes: list[Callable[[dict[str, Any]], Any]] = [
        lambda it: it.update(version=2),
        lambda it: it.update(finished=5),
        lambda it: it.update(chunks=-1),
        lambda it: it.update(chunks="7"),
        lambda it: it.update(product="rows"),
        lambda it: it.update(suffix="/../x"),
        lambda it: it.update(more=1),
        lambda it: it["parts"][0].update(sha256="x"),
        lambda it: it["parts"][0].update(rows=True),
        lambda it: it["parts"][0].update(number=1),
        lambda it: it["parts"][0].update(chunks=1),
        lambda it: it["parts"][0].pop("bytes"),
        lambda it: it["parts"].reverse(),
        lambda it: it.update(parts=5),
        lambda it: it.update(command=[]),
    ]
    for change in changes:
        other = json.loads(text)
        change(other)
        for form in (json.dumps(other), text.replace("true", "1") + " "):
            with pytest.raises(DecodeError):
                Manifest.from_text(form)
    for form in ("", "{}", "[1]", "nothing", text[:-3], text + text, text.replace(" ", ""), json.dumps(said)):
        with pytest.raises(DecodeError):
            Manifest.from_text(form)
    (folder / MANIFEST).write_text("{}")
    with pytest.raises(DecodeError, match=r"manifest.json: not a manifest"):
        read_manifest(folder)
