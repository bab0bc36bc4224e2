"""Settings of every test: the slow ones on demand, one cache folder for all workers, the test build of the core."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# Tables of discrete logarithms are shared by the workers and kept from run to run, but never in the user's own cache.
os.environ.setdefault("PYFE_CACHE_DIR", str(ROOT / "build" / "test-cache"))

# A loaded two-core machine is no reason to fail: hypothesis' own deadline is off, data generation is not timed.
for _name, _examples in {"default": 50, "nightly": 2000}.items():
    settings.register_profile(
        _name, max_examples=_examples, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """--slow and --seed."""
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow, and more examples")
    parser.addoption("--seed", type=int, default=None, help="the seed of the random cases; printed at the top")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the number of examples; settle the seed before workers start, so that all share it."""
    settings.load_profile("nightly" if config.getoption("--slow") else "default")
    given = config.getoption("--seed")
    if given is not None:
        os.environ["PYFE_TEST_SEED"] = str(given)
    os.environ.setdefault("PYFE_TEST_SEED", str(secrets.randbits(32)))


def pytest_report_header() -> str:
    """The seed, in words that repeat the run."""
    return f"pyfe: seed {os.environ['PYFE_TEST_SEED']} (repeat with --seed), backend {_backend()}"


def _backend() -> str:
    try:
        from pyfe import _core
    except ImportError as problem:
        return f"not there ({problem})"
    return f"{_core.backend()}, {_core.num_threads()} threads"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked slow, unless --slow."""
    if not config.getoption("--slow"):
        skip = pytest.mark.skip(reason="slow: --slow, or make nightly")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the source tree."""
    return ROOT


@pytest.fixture
def seed() -> int:
    """The seed of this run's random cases."""
    return int(os.environ["PYFE_TEST_SEED"])


@pytest.fixture(scope="session")
def core_testing() -> ModuleType:
    """``pyfe._core_testing``: injected randomness, one backend at a time. Absent from an ordinary build."""
    try:
        from pyfe import _core_testing
    except ImportError:
        if os.environ.get("PYFE_REQUIRE_TESTING"):
            raise
        pytest.skip("not a test build: make install")
    return _core_testing


@pytest.fixture(scope="session")
def build_folder() -> Path:
    """The folder this environment's core was compiled in: the newest build/<wheel tag>."""
    folders = [path.parent for path in (ROOT / "build").glob("cp*/CMakeCache.txt")]
    if not folders:
        if os.environ.get("PYFE_REQUIRE_TESTING"):
            raise FileNotFoundError("no build/<wheel tag>/CMakeCache.txt")
        pytest.skip("the core was not compiled in this tree: make install")
    return max(folders, key=lambda path: (path / "CMakeCache.txt").stat().st_mtime)
