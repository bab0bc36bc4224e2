"""What libpyfe exports is what its header declares and its list of symbols says; it installs as a library does."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.capi import HEADER, built
from tests.house.test_hardening import DT_RPATH, DT_RUNPATH, DT_TEXTREL, PT_GNU_RELRO, PT_GNU_STACK, Elf

ROOT = Path(__file__).parents[2]
CAPI = ROOT / "csrc" / "capi"
SYMBOLS = CAPI / "symbols.map"
PAGE = ROOT / "docs" / "reference" / "c-api.md"
DT_SONAME, DT_FLAGS_1, DF_1_NODELETE = 14, 0x6FFFFFFB, 8


@pytest.fixture(scope="module")
def path(build_folder: Path) -> Path:
    found = built()
    assert found is not None, build_folder
    return found


def declared() -> list[str]:
    return sorted(re.findall(r"^PYFE_API [^(]*?(pyfe_\w+)\(", HEADER.read_text(), re.MULTILINE))


def listed() -> list[str]:
    return re.findall(r"^\s+(pyfe_\w+);$", SYMBOLS.read_text(), re.MULTILINE)


def test_the_list_is_the_header() -> None:
    assert len(declared()) > 40
    assert listed() == declared()


def test_exported_is_what_is_listed_and_nothing_else(path: Path) -> None:
    lines = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    exported = sorted(line.split()[-1] for line in lines.splitlines())
    assert exported == sorted(["PYFE_1", *(f"{name}@@PYFE_1" for name in listed())])


def test_soname_and_hardening(path: Path) -> None:
    elf = Elf(path.resolve())
    assert {s[0] for s in elf.segments} >= {PT_GNU_RELRO, PT_GNU_STACK}
    assert not {DT_RPATH, DT_RUNPATH, DT_TEXTREL} & set(elf.dynamic())
    assert elf.dynamic()[DT_FLAGS_1] & DF_1_NODELETE
    assert b"\0libpyfe.so.1\0" in elf.data
    assert b"\0__stack_chk_fail\0" in elf.data


@pytest.mark.parametrize("compiler", ["cc -std=c99", "cc -std=c11", "c++ -std=c++11 -x c++"])
def test_the_header_compiles_by_itself(compiler: str, tmp_path: Path) -> None:
    source = tmp_path / "alone.c"
    source.write_text('#include "pyfe.h"\nint size_is_kept[sizeof(pyfe_call) == 1024 ? 1 : -1];\n')
    command = [*compiler.split(), "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", f"-I{HEADER.parent}"]
    subprocess.run([*command, source], check=True)


def test_it_installs_and_is_found(build_folder: Path, tmp_path: Path) -> None:
    """By a component of its own: a wheel has none of it."""
    prefix = tmp_path / "prefix"
    subprocess.run(
        ["cmake", "--install", build_folder, "--component", "capi", "--prefix", prefix], check=True, capture_output=True
    )
    names = sorted(str(file.relative_to(prefix)) for file in prefix.rglob("*") if not file.is_dir())
    library = sorted(name for name in names if "libpyfe" in name)
    folder = str(Path(library[0]).parent)
    assert library == [f"{folder}/libpyfe.so", f"{folder}/libpyfe.so.1", f"{folder}/libpyfe.so.1.0"]
    assert "include/pyfe.h" in names
    assert f"{folder}/pkgconfig/pyfe.pc" in names
    build_by_cmake(tmp_path, prefix)
    build_by_pkg_config(tmp_path, prefix / folder)


MAIN = "#include <pyfe.h>\n#include <stdio.h>\nint main(void) { puts(pyfe_version()); return 0; }\n"


def build_by_cmake(folder: Path, prefix: Path) -> None:
    (folder / "main.c").write_text(MAIN)
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(client C)\nfind_package(pyfe 1.0 REQUIRED)\n"
        "add_executable(client main.c)\ntarget_link_libraries(client pyfe::pyfe)\n"
    )
    made = folder / "made"
    configure = ["cmake", "-S", folder, "-B", made, f"-DCMAKE_PREFIX_PATH={prefix}"]
    for command in (configure, ["cmake", "--build", made]):
        subprocess.run(command, check=True, capture_output=True)
    done = subprocess.run([made / "client"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", done.stdout)


def build_by_pkg_config(folder: Path, libraries: Path) -> None:
    """With the words of pyfe.pc, read here: not every machine has pkg-config."""
    lines = (libraries / "pkgconfig" / "pyfe.pc").read_text().splitlines()
    words = dict(line.split("=", 1) for line in lines if "=" in line and ":" not in line)
    words["pcfiledir"] = str(libraries / "pkgconfig")

    def said(name: str) -> list[str]:
        text = next(line.split(":", 1)[1] for line in lines if line.startswith(name + ":"))
        while found := re.search(r"\$\{(\w+)\}", text):
            text = text.replace(found[0], words[found[1]])
        return text.split()

    program = folder / "by-pc"
    command = ["cc", folder / "main.c", *said("Cflags"), *said("Libs"), f"-Wl,-rpath,{libraries}", "-o", program]
    subprocess.run(command, check=True)
    assert subprocess.run([program], capture_output=True, check=True).stdout


def test_no_state_outlives_a_call(path: Path) -> None:
    """The room's own files have no variable that is written after the load, but for each thread's current call."""
    objects = sorted((path.parent / "CMakeFiles" / "pyfe.dir" / "src").glob("*.o"))
    assert len(objects) == len(list((CAPI / "src").glob("*.cpp")))
    table = subprocess.run(["objdump", "-t", "-C", *objects], capture_output=True, text=True, check=True).stdout
    entry = re.compile(
        r"^[0-9a-f]+ .{7} (\.(?:t?bss|t?data)(?!\.rel\.ro)\S*)\t[0-9a-f]+ (?:\.hidden )?(.+)$", re.MULTILINE
    )
    variables = {name for section, name in entry.findall(table) if name != section and not name.startswith("DW.ref.")}
    assert variables == {"pyfe::capi::(anonymous namespace)::current"}
