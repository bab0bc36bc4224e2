"""Build a wheel as a user's pip would, and try it in an empty environment and an empty folder.

Checked: the test module (randomness from outside) and the C++ sources are not in it; the core exports one symbol; it
imports and scores without the source tree; the command line answers.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

import native

SCORE = """
import numpy as np
from pyfe.schemes import ipfe_ddh
mpk, msk = ipfe_ddh.setup(ipfe_ddh.Parameters(n=3, x_bound=10, y_bound=10))
z = ipfe_ddh.decrypt(ipfe_ddh.keygen(msk, np.array([1, -2, 3])), ipfe_ddh.encrypt(mpk, np.array([[4, 5, 6]])))
assert z.tolist() == [12], z
"""


def main() -> int:
    """Build, inspect, install, run; the first failure ends it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pip: list[str | Path] = [sys.executable, "-m", "pip", "--quiet"]
        # A build folder of its own: the editable one may be a test build.
        own = "--config-settings=build-dir=build/wheel-{wheel_tag}"
        command = [*pip, "wheel", "--no-deps", own, "--wheel-dir", folder, native.ROOT]
        native.must(native.run(command, timeout=1800), "building the wheel")
        wheel = next(folder.glob("*.whl"))
        inspect(wheel, folder)
        native.must(native.run([sys.executable, "-m", "venv", folder / "venv"]), "making an environment")
        python = folder / "venv" / "bin" / "python"
        native.must(native.run([python, "-m", "pip", "--quiet", "install", wheel]), "installing the wheel")
        # -I: neither this folder nor PYTHONPATH may lend a source tree.
        native.must(native.run([python, "-I", "-c", SCORE]), "scoring with the wheel")
        native.must(native.run([python.with_name("pyfe"), "doctor"]), "pyfe doctor")
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, installs, scores, doctor is content")
    return 0


def inspect(wheel: Path, folder: Path) -> None:
    """What is in the archive, and what its core exports."""
    names = zipfile.ZipFile(wheel).namelist()
    stray = [n for n in names if not n.startswith(("pyfe/", "pyfe_crypto-")) or "_core_testing" in n or ".cpp" in n]
    cores = [n for n in names if n.startswith("pyfe/_core.") and n.endswith(".so")]
    if stray or len(cores) != 1:
        sys.exit(f"{wheel.name} should not hold {stray}; cores {cores}")
    core = zipfile.ZipFile(wheel).extract(cores[0], folder)
    listing = native.must(native.run(["nm", "-D", "--defined-only", core]), "nm").output
    exported = [line.split()[-1] for line in listing.splitlines()]
    if exported != ["PyInit__core"]:
        sys.exit(f"the core exports {exported}")


if __name__ == "__main__":
    sys.exit(main())
