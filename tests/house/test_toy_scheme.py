"""What adding a scheme takes: two new files and one line of the registry. Then it plays all three roles.

The toy is additive and packed, exact, and hides nothing; its native objects are Python (``tests/house/toy``).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import pyfe
from pyfe import _core
from pyfe.adapters import adapter_numbered
from tests.house.toy import play_the_command_line, run, with_line_after

TOY = Path(__file__).parent / "toy"
LAST, LINE = "from pyfe.adapters.qfe import QFE_SXDH as QFE_SXDH", "from pyfe.adapters.toy import TOY as TOY"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the toy in it, beside the core that is installed."""
    folder = tmp_path_factory.mktemp("toy")
    package = folder / "pyfe"
    shutil.copytree(Path(pyfe.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    shutil.copy(_core.__file__, package)
    shutil.copy(TOY / "verbs.py", package / "schemes" / "toy.py")
    shutil.copy(TOY / "adapter.py", package / "adapters" / "toy.py")
    registry = package / "adapters" / "registry.py"
    with_line_after(registry, LAST, LINE)
    return folder


@pytest.mark.parametrize("what", ["bytes", "slices"])
@pytest.mark.parametrize("scheme", ["toy", "ipfe-ddh"])
def test_roles(folder: Path, what: str, scheme: str) -> None:
    assert run(folder, what, scheme).endswith("ok\n")


def test_cohorts(folder: Path) -> None:
    assert run(folder, "cohorts", "toy").endswith("ok\n")


def test_the_command_line(folder: Path) -> None:
    play_the_command_line(folder, "toy-additive", lambda n: 16 * n + 4)


def test_without_its_line_it_is_not_there() -> None:
    """The objects of a scheme that is not listed are refused by its number."""
    with pytest.raises(pyfe.DecodeError, match="it must belong to a scheme, and 60000 is none"):
        adapter_numbered(60_000, "key")
