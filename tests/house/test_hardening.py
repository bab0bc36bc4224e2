"""The built module is hardened: read from its ELF headers and its symbols, as the loader does."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import pyfe._core

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import disassembly  # noqa: E402

PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO, PT_LOAD = 2, 0x6474E551, 0x6474E552, 1
DT_NULL, DT_FLAGS, DT_FLAGS_1, DT_TEXTREL, DT_RPATH, DT_RUNPATH = 0, 30, 0x6FFFFFFB, 22, 15, 29
DF_BIND_NOW, DF_1_NOW = 8, 1


class Elf:
    """The program headers and the dynamic section of a 64-bit little-endian ELF file."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        assert self.data[:6] == b"\x7fELF\x02\x01"
        (offset,) = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        self.segments = [struct.unpack_from("<IIQQQQ", self.data, offset + size * i) for i in range(count)]

    def dynamic(self) -> dict[int, int]:
        start, length = next((s[2], s[5]) for s in self.segments if s[0] == PT_DYNAMIC)
        tags = dict(struct.iter_unpack("<QQ", self.data[start : start + length]))
        tags.pop(DT_NULL, None)
        return tags


@pytest.fixture(scope="module")
def module() -> Elf:
    assert pyfe._core.__file__ is not None
    return Elf(Path(pyfe._core.__file__))


def test_symbols_are_bound_at_load_and_then_read_only(module: Elf) -> None:
    assert [s for s in module.segments if s[0] == PT_GNU_RELRO]
    tags = module.dynamic()
    assert tags.get(DT_FLAGS, 0) & DF_BIND_NOW or tags.get(DT_FLAGS_1, 0) & DF_1_NOW


def test_no_memory_is_both_written_and_run(module: Elf) -> None:
    executable, writable = 1, 2
    stack = [s for s in module.segments if s[0] == PT_GNU_STACK]
    assert stack
    assert all(not s[1] & executable for s in stack)
    loads = [s[1] for s in module.segments if s[0] == PT_LOAD]
    assert loads
    assert not [flags for flags in loads if flags & executable and flags & writable]
    assert DT_TEXTREL not in module.dynamic()


def test_nothing_is_loaded_from_where_it_was_built(module: Elf) -> None:
    assert not {DT_RPATH, DT_RUNPATH} & set(module.dynamic())


def test_stacks_are_guarded(module: Elf) -> None:
    assert b"\0__stack_chk_fail\0" in module.data


def test_copies_are_checked(build_folder: Path) -> None:
    """The core calls no libc function with a checked twin today, so that only the command lines can show it."""
    commands = json.loads((build_folder / "compile_commands.json").read_text())
    kernels = ("/src/portable/", "/src/ifma/", "/src/emulated/")  # loops without lengths of anybody's, as in all rooms
    rooms = [c for c in commands if "/csrc/bindings/" in c["file"] or "/csrc/codec/" in c["file"]]
    bindings = [c["command"] for c in rooms if not any(folder in c["file"] for folder in kernels)]
    assert bindings
    assert [command for command in bindings if "-D_FORTIFY_SOURCE=2" not in command] == []


def test_no_static_is_made_at_first_use(build_folder: Path) -> None:
    """Its guard would stay taken in a child forked meanwhile, and its destructor run while threads still use it."""
    members = [path for paths in disassembly.objects_of(build_folder).values() for path in paths]
    assert members
    names = subprocess.run(["nm", "--demangle", *members], capture_output=True, text=True, check=True).stdout
    assert "pyfe::num_threads()" in names
    guards = [line for line in names.splitlines() if "guard variable for" in line]
    at_load = ("pyfe::dlog::kept_steps<", "pyfe::kept_by_backend<")  # of templates, made before main or at dlopen
    assert [line for line in guards if not any(name in line for name in at_load)] == []
