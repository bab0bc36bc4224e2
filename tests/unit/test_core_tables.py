"""Table files of small logarithms: used only when nobody else can have written them, and never believed."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pyfe import _core_testing

WIDTH, WIDER, PAGE = 1 << 29, 1 << 31, 1 << 16
LOGS = np.array([0, 1, 77, (1 << 20) + 3, (1 << 28) + 1, (1 << 29) - 5, 1 << 29])


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of the smallest rung that has one."""
    folder = tmp_path_factory.mktemp("good")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYFE_CACHE_DIR", str(folder))
        _core_testing.forget_tables()
        return Path(_core_testing.dlog.prepare(WIDTH)["path"]).read_bytes()


@pytest.fixture
def path(good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where that file lies, sound and trusted, in a process that has not opened it."""
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("PYFE_CACHE_DIR", str(folder))
    _core_testing.forget_tables()
    file = Path(_core_testing.dlog.plan(WIDTH)["path"])
    file.write_bytes(good)
    file.chmod(0o644)
    yield file
    _core_testing.forget_tables()


def prepare() -> dict[str, object]:
    return dict(_core_testing.dlog.prepare(WIDTH))


def answers_are_right() -> bool:
    scalars = np.zeros((len(LOGS), 32), np.uint8)
    scalars[:, :8] = LOGS[:, None].view(np.uint8)
    found = _core_testing.dlog.solve(_core_testing.ristretto255.mul_base(scalars), 0, WIDTH)
    return bool((found == LOGS).all())


def test_a_trusted_file_is_read(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = prepare()
    assert (done["built"], done["path"]) == (False, str(path))
    assert answers_are_right()


def to_link(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def to_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def to_owner(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 12345, -1)


UNTRUSTED = {
    "a link": to_link,
    "a FIFO": to_fifo,
    "another owner": to_owner,
    "group-writable": lambda path: path.chmod(0o664),
    "world-writable": lambda path: path.chmod(0o646),
    "a folder of everybody": lambda path: path.parent.chmod(0o777),
    "a folder of the group": lambda path: path.parent.chmod(0o770),
}


@pytest.mark.parametrize("what", UNTRUSTED)
def test_a_file_that_others_could_have_written_is_left_alone(path: Path, what: str) -> None:
    """It holds the right bytes, so that only the question of trust can refuse it."""
    UNTRUSTED[what](path)
    before = path.lstat()
    assert not _core_testing.dlog.plan(WIDTH)["ready"]
    with pytest.warns(RuntimeWarning, match="kept in memory only") as notices:
        done = prepare()
    assert (done["built"], done["path"]) == (True, None)
    assert len(notices) == 1
    assert answers_are_right()
    after = path.lstat()
    assert (after.st_ino, after.st_mtime_ns, after.st_mode) == (before.st_ino, before.st_mtime_ns, before.st_mode)


def test_a_sticky_folder_will_do(path: Path) -> None:
    path.parent.chmod(0o1777)
    assert prepare()["built"] is False


def resummed(data: bytearray) -> bytes:
    """With header and page sums that fit what the pages now hold: what anybody can compute."""
    multiplier = np.uint64(0x9E3779B97F4A7C15)

    def sums(pages: np.ndarray) -> np.ndarray:
        chains = [np.full(len(pages), start, np.uint64) for start in (1, 2, 3, 4)]
        total = np.zeros(len(pages), np.uint64)
        with np.errstate(over="ignore"):
            for at in range(0, PAGE // 8, 4):
                for j in range(4):
                    chains[j] = (chains[j] ^ pages[:, at + j]) * multiplier
                    chains[j] ^= chains[j] >> np.uint64(29)
            for chain in chains:
                total = (total ^ chain) * multiplier
                total ^= total >> np.uint64(32)
        return total

    words = np.frombuffer(bytes(data), np.uint64).reshape(-1, PAGE // 8).copy()
    words[0, 6 : 6 + len(words) - 1] = sums(words[1:])
    words[0, -1] = 0
    words[0, -1] = sums(words[:1])[0]
    return words.tobytes()


def swap_indices(lines: np.ndarray) -> None:
    lines[:, :4], lines[:, 4:8] = lines[:, 4:8].copy(), lines[:, :4].copy()


CRAFTED = {
    "every line overflows": lambda lines: lines.__setitem__((slice(None), 61), 1),
    "counts beyond the line": lambda lines: lines.__setitem__((slice(None), 60), 255),
    "no entries": lambda lines: lines.fill(0),
    "other indices": swap_indices,
    "one bit": lambda lines: lines.__setitem__((1000, 3), lines[1000, 3] ^ 1),
}


def test_the_sums_are_those_of_the_file(good: bytes) -> None:
    assert resummed(bytearray(good)) == good


@pytest.mark.parametrize("what", CRAFTED)
def test_a_crafted_file_is_made_anew(path: Path, good: bytes, what: str) -> None:
    """Its own sums fit: only the digest that the core knows can refuse it."""
    data = bytearray(good)
    CRAFTED[what](np.frombuffer(data, np.uint8)[PAGE:].reshape(-1, 64))
    path.write_bytes(resummed(data))
    assert path.read_bytes() != good
    assert prepare()["built"] is True
    assert answers_are_right()
    assert path.read_bytes() == good
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("size", [0, 1, PAGE, PAGE + 64, -1])
def test_a_cut_or_extended_file_is_made_anew(path: Path, good: bytes, size: int) -> None:
    path.write_bytes(good[:size] if size >= 0 else good + b"\0")
    assert prepare()["built"] is True
    assert path.read_bytes() == good


def test_a_file_cut_under_our_feet_changes_nothing(path: Path) -> None:
    assert prepare()["built"] is False
    os.truncate(path, 4096)
    assert answers_are_right()


def test_what_is_written_is_private_to_write(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()
    assert prepare()["path"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.slow
def test_large_tables_take_64_mb_together(path: Path) -> None:
    """The largest one takes the place of the smaller ones and does their work."""
    prepare()
    wider = _core_testing.dlog.prepare(WIDER)["path"]
    again = _core_testing.dlog.prepare(WIDTH)
    assert (again["path"], again["built"]) == (wider, False)
    assert answers_are_right()
    memory = Path("/proc/self/smaps").read_text().count("\nSize:              62")
    assert memory <= 1


def test_the_shipped_module_has_the_same_tables(path: Path) -> None:
    """Asked in a process of its own: a wider table that an earlier test opened here would serve as well."""
    asked = f"from pyfe import _core; plan = _core.dlog.plan({WIDTH}); print(plan['ready'], plan['path'])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert said == f"True {path}\n"


# -- what killed writers left --

_KILLED_WRITER = """
import resource, signal
from pyfe import _core
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
_core.dlog.prepare(1 << 29)
"""
"""Dies inside a write, as by kill -9: nothing of it runs after that."""


def drafts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.table.*"))


def test_a_killed_writer_leaves_nothing_for_long(path: Path) -> None:
    path.unlink()
    done = subprocess.run([sys.executable, "-c", _KILLED_WRITER], timeout=60, check=False)
    assert done.returncode == -signal.SIGXFSZ
    left = drafts(path.parent)
    assert len(left) == 1 and (path.parent / left[0]).stat().st_size <= 200_000
    assert prepare()["path"] == str(path)
    assert list(path.parent.iterdir()) == [path]
    assert answers_are_right()


def test_what_a_writer_that_lives_holds_is_left_to_it(path: Path) -> None:
    path.unlink()
    mine, dead = path.with_name(path.name + ".aB3xyz"), path.with_name("gt-log-v2-2p20.table.000000")
    dead.touch()
    with mine.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        prepare()
    assert drafts(path.parent) == [mine.name]


def others_file(path: Path) -> None:
    path.touch()
    os.chown(path, 12345, -1)


STRANGE = {
    "a longer name": lambda path: path.with_name(path.name + "x").touch(),
    "a shorter name": lambda path: path.with_name(path.name[:-1]).touch(),
    "of no table": lambda path: path.with_name("notes.txt.000000").touch(),
    "a folder": lambda path: path.mkdir(),
    "a pipe": lambda path: os.mkfifo(path),
    "a link": lambda path: path.symlink_to("elsewhere"),
    "of two names": lambda path: (path.touch(), path.with_name("second").hardlink_to(path)),
    "another's": others_file,
}


@pytest.mark.parametrize("what", STRANGE)
def test_nothing_else_is_removed(path: Path, what: str) -> None:
    if what == "another's" and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    path.unlink()
    STRANGE[what](path.with_name(path.name + ".000000"))
    before = sorted(path.parent.iterdir())
    assert prepare()["path"] == str(path)
    assert sorted({*path.parent.iterdir()} - {path}) == before
