"""The code paths of the core: the shipped backends, and the lanes emulated on any CPU (test build only)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from tests.differential.blst import Blst

LANES = ("portable", "ifma", "emulated")


def supported(core: ModuleType, name: str) -> bool:
    """Whether this CPU can run the lanes of that name."""
    needed = ("avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512ifma", "os_zmm")
    return name != "ifma" or all(core.cpu_features()[feature] for feature in needed)


@pytest.fixture
def use_lanes(core_testing: ModuleType) -> Iterator[Callable[[str], None]]:
    """Switch the test core to other lanes; skips where the CPU has none; the environment's choice is put back."""

    def choose(name: str) -> None:
        if not supported(core_testing, name):
            pytest.skip(f"this CPU cannot run the {name} lanes")
        core_testing.set_lanes(name)

    yield choose
    core_testing.set_lanes(os.environ.get("PYFE_BACKEND", "auto"))


@pytest.fixture(params=LANES)
def core(request: pytest.FixtureRequest, core_testing: ModuleType, use_lanes: Callable[[str], None]) -> ModuleType:
    """The test core, on each kind of lanes."""
    use_lanes(request.param)
    return core_testing


@pytest.fixture(params=["portable", "ifma"])
def shipped(request: pytest.FixtureRequest, core_testing: ModuleType, use_lanes: Callable[[str], None]) -> ModuleType:
    """The test core, on each backend that ships."""
    use_lanes(request.param)
    return core_testing


@pytest.fixture
def many(request: pytest.FixtureRequest, core_testing: ModuleType) -> Callable[[int, int], int]:
    """How many random cases to draw on the lanes that are chosen: with --slow the first number on the fastest that this
    CPU has and a tenth of it on others, which are slower by as much; else the second."""

    def wanted(slow: int, quick: int) -> int:
        if not request.config.getoption("--slow"):
            return quick
        fastest = "ifma" if supported(core_testing, "ifma") else "portable"
        return slow if core_testing.backend() == fastest else slow // 10

    return wanted


@pytest.fixture
def all_lanes(core_testing: ModuleType) -> list[str]:
    """The lanes this CPU can run."""
    return [name for name in LANES if supported(core_testing, name)]


@pytest.fixture(scope="session")
def blst() -> Blst:
    """blst, through the symbols that ckzg exports; skips where that is missing."""
    try:
        return Blst()
    except ImportError as error:
        pytest.skip(str(error))


@pytest.fixture(params=["g1", "g2"])
def name(request: pytest.FixtureRequest) -> str:
    """The groups of points of BLS12-381."""
    value: str = request.param
    return value
