"""What the release scripts read in a wheel, and what they refuse; to build one takes minutes, and is a nightly step."""

import json
import re
import struct
import sys
import zipfile
from pathlib import Path

import pytest

import pyfe._core

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import wheel_checks  # noqa: E402
import wheels  # noqa: E402
import zig  # noqa: E402

NAME = "pyfe_crypto-0.1.0-cp311-cp311-manylinux_2_26_x86_64.manylinux_2_28_x86_64.whl"
SBOM = {"components": [{"name": "pybind11"}, {"name": "libc++"}]}


@pytest.fixture(scope="module")
def core() -> bytes:
    assert pyfe._core.__file__ is not None
    return Path(pyfe._core.__file__).read_bytes()


def packed(folder: Path, core: bytes, name: str = NAME, sbom: object = SBOM, **more: bytes) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pyfe/_core.cpython-311-x86_64-linux-gnu.so", core)
        if sbom is not None:
            archive.writestr("pyfe_crypto-0.1.0.dist-info/sboms/pyfe-crypto.cdx.json", json.dumps(sbom))
        for stray, data in more.items():
            archive.writestr(stray, data)
    return path


def test_the_headers_of_this_core(core: bytes) -> None:
    facts = wheel_checks.facts(core)
    assert facts.exported == ["PyInit__core"]
    assert facts.relro and facts.bound_at_load and not facts.stack_runs
    assert facts.guards and "PyErr_SetString" in facts.imported
    assert any(name.startswith("libc.so") for name in facts.needed)


def test_a_core_that_needs_the_machines_runtime_of_cpp_is_refused(tmp_path: Path, core: bytes) -> None:
    if not any(name.startswith("libstdc++") for name in wheel_checks.facts(core).needed):
        pytest.skip("this core has its runtime inside")
    found = wheel_checks.findings(packed(tmp_path, core))
    assert any("needs libstdc++.so.6" in one for one in found)


def test_what_does_not_belong_into_a_wheel_is_named(tmp_path: Path, core: bytes) -> None:
    usual = set(wheel_checks.findings(packed(tmp_path, core)))
    more = {"pyfe/_core_testing.cpython-311-x86_64-linux-gnu.so": b"", "build/x.hpp": b""}
    found = set(wheel_checks.findings(packed(tmp_path, core, sbom=None, **more))) - usual
    assert found == {
        "holds pyfe/_core_testing.cpython-311-x86_64-linux-gnu.so",
        "holds build/x.hpp",
        "no bill of materials",
    }
    (unnamed,) = set(wheel_checks.findings(packed(tmp_path, core, sbom={"components": [{"name": "libc++"}]}))) - usual
    assert unnamed.endswith("does not name pybind11")
    stuffed = core + bytes(1) + str(Path.home()).encode() + b"/"
    (path,) = set(wheel_checks.findings(packed(tmp_path, stuffed))) - usual
    assert "holds the path" in path


def test_a_module_that_is_not_hardened_is_refused(core: bytes) -> None:
    """Each mark is taken away in turn."""
    relro, stack = struct.pack("<I", 0x6474E552), struct.pack("<I", 0x6474E551)
    (offset,) = struct.unpack_from("<Q", core, 32)
    table = core[offset : offset + 1024]
    usual = set(wheel_checks.module_findings("m", core))
    runs = table.replace(stack + struct.pack("<I", 6), stack + struct.pack("<I", 7))
    for changed, said in (
        (core.replace(table, table.replace(relro, struct.pack("<I", 0x6474E5FF))), "not bound at load"),
        (core.replace(table, runs), "a stack that can be run"),
        (wheel_checks.GUARD.sub(bytes(9), core), "guards no stack"),
        (core.replace(b"\0PyInit__core\0", b"\0PyInit__cure\0"), "exports ['PyInit__cure']"),
    ):
        assert changed != core
        assert any(said in one for one in set(wheel_checks.module_findings("m", changed)) - usual), said


@pytest.mark.parametrize(
    ("platform", "fine"),
    [
        ("manylinux_2_28_x86_64", True),
        ("manylinux_2_17_aarch64.manylinux2014_aarch64", True),
        ("manylinux_2_26_x86_64.manylinux_2_28_x86_64", True),
        ("manylinux_2_34_x86_64", False),
        ("manylinux_2_28_x86_64.manylinux_2_35_x86_64", False),
        ("linux_x86_64", False),
    ],
)
def test_tags(platform: str, fine: bool) -> None:
    assert wheel_checks.old_enough(f"pyfe_crypto-0.1.0-cp312-cp312-{platform}.whl") is fine


def test_the_compiler_is_held_to_the_baseline() -> None:
    """An explicit target and no -march=native, here and in CMake's files."""
    assert {p.target for p in zig.PLATFORMS.values()} == {"x86_64-linux-gnu.2.28", "aarch64-linux-gnu.2.28"}
    files = [ROOT / "CMakeLists.txt", *(ROOT / "csrc").rglob("CMakeLists.txt"), *(ROOT / "scripts").glob("*.py")]
    assert len(files) > 30
    assert [path.name for path in files if "-march=" in path.read_text()] == []


def test_every_room_links_where_there_is_no_ifma() -> None:
    """On other CPUs than x86-64 no file of ifma/ is compiled; the file that chooses a room's table has the name."""
    sources = {path: path.read_text() for path in (ROOT / "csrc").rglob("*.cpp")}
    tables = [path for path, text in sources.items() if path.parent.name == "ifma" and "& ifma_" in text]
    chosen = {path: text for path, text in sources.items() if re.search(r"Dispatch<\w+> dispatch\(", text)}
    assert len(tables) == len(chosen) >= 9
    assert [path.name for path, text in chosen.items() if "#if defined(PYFE_NO_IFMA)" not in text] == []


def test_an_interpreter_that_is_not_here_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert wheels.interpreters(["3.99"]) == []
    assert "not run: no CPython 3.99" in capsys.readouterr().err
