"""What adding a scheme to the core takes: a folder, a bind file, a file of verbs, an adapter; three lines elsewhere.

The tree is copied, the toy of ``tests/house/toy/native`` put in, and the core built anew: then it plays all three
roles, reads and writes every object, and answers the command line. It is packed, four rows to a block, and hides
nothing.
"""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.toy import play_the_command_line, run, with_line_after

ROOT = Path(__file__).parents[2]
TOY = Path(__file__).parent / "toy" / "native"
COPIED = ("csrc", "pyfe", "CMakeLists.txt")

LINES = {
    "CMakeLists.txt": ("    qfe", "    toy"),
    "csrc/bindings/rooms.cpp": ("    PYFE_BIND(qfe);", "    PYFE_BIND(toy);"),
    "pyfe/adapters/registry.py": (
        "from pyfe.adapters.qfe import QFE_SXDH as QFE_SXDH",
        "from pyfe.adapters.toy import TOY as TOY",
    ),
}
"""File -> a line, and the one that the toy puts behind it."""

pytestmark = pytest.mark.slow


def checked(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def added() -> set[str]:
    """The toy's files, by where they go."""
    native = {str(path.relative_to(TOY)) for path in (TOY / "csrc").rglob("*") if path.is_file()}
    return native | {"pyfe/schemes/toy.py", "pyfe/adapters/toy.py"}


def copy_with_toy(folder: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        else:
            shutil.copy(source, folder / name)
    shutil.copytree(TOY / "csrc", folder / "csrc", dirs_exist_ok=True)
    shutil.copy(TOY / "verbs.py", folder / "pyfe" / "schemes" / "toy.py")
    shutil.copy(TOY / "adapter.py", folder / "pyfe" / "adapters" / "toy.py")
    for name, (before, line) in LINES.items():
        with_line_after(folder / name, before, line)


def differences(folder: Path) -> set[str]:
    """The files of the copy that are new or not the project's."""
    files = (path.relative_to(folder) for name in COPIED for path in [folder / name, *(folder / name).rglob("*")])
    return {
        str(file)
        for file in files
        if (folder / file).is_file()
        and not ((ROOT / file).is_file() and filecmp.cmp(folder / file, ROOT / file, shallow=False))
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the toy in it, and its own core."""
    folder = tmp_path_factory.mktemp("toy")
    copy_with_toy(folder)
    assert differences(folder) == added() | set(LINES)
    build = folder / "build"
    found = checked(sys.executable, "-m", "pybind11", "--cmakedir").strip()
    paths = f"-Dpybind11_DIR={found}", f"-DPython_EXECUTABLE={sys.executable}"
    # Whether it links and answers is asked, not how quickly: -O1 compiles in a third of the time.
    fast = "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG"
    checked("cmake", "-S", folder, "-B", build, fast, *paths)
    checked("cmake", "--build", build, "--parallel", "2", "--target", "_core")
    [module] = build.glob("csrc/bindings/_core.*.so")
    shutil.copy(module, folder / "pyfe")
    return folder


@pytest.mark.parametrize("what", ["bytes", "slices"])
@pytest.mark.parametrize("scheme", ["toy", "ipfe-ddh"])
def test_roles(folder: Path, what: str, scheme: str) -> None:
    assert run(folder, what, scheme).endswith("ok\n")


def test_cohorts(folder: Path) -> None:
    assert run(folder, "cohorts", "toy").endswith("ok\n")


def test_the_command_line(folder: Path) -> None:
    play_the_command_line(folder, "toy-packed", lambda n: 16 * n + 4)
