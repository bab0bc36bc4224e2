"""The arrows between the rooms of the native core: what CMake links, and what the files include."""

import re
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[2] / "csrc"

# room -> the rooms it may use. A room may always use what its own may use.
ALLOWED = {
    "base": set(),
    "random": {"base"},
    "hash": {"base"},
    "codec": {"base"},
    "field": {"base", "random", "hash", "codec"},
    "group": {"field"},
    "pairing": {"group"},
    "dlog": {"pairing"},
    "schemes": {"group", "dlog"},
    "bindings": {"schemes", "dlog"},
}  # fmt: skip


def reach(room: str) -> set[str]:
    """A room and everything below it."""
    out = {room}
    for below in ALLOWED[room]:
        out |= reach(below)
    return out


def sources() -> list[Path]:
    return sorted(path for path in CSRC.rglob("*") if path.suffix in {".cpp", ".hpp", ".h"})


def room_of(path: Path) -> str:
    return path.relative_to(CSRC).parts[0]


def library_room(name: str) -> str:
    """pyfe_base -> base; the library of a scheme, pyfe_ipfe_ddh, belongs to schemes."""
    short = name.removeprefix("pyfe_")
    return short if short in ALLOWED else "schemes"


def test_every_room_is_known() -> None:
    rooms = {path.name for path in CSRC.iterdir() if path.is_dir()}
    assert rooms == set(ALLOWED)


def test_no_include_climbs_out_of_its_room() -> None:
    """A relative include would pass the compiler although it goes against the arrows."""
    climbing = []
    for path in sources():
        for name in re.findall(r'#\s*include\s*["<]([^">]*\.\./[^">]*)', path.read_text()):
            target = (path.parent / name).resolve()
            if not target.is_relative_to(CSRC / room_of(path)):
                climbing.append(f"{path.relative_to(CSRC)}: {name}")
    assert climbing == []


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_includes_follow_the_arrows(room: str) -> None:
    against = []
    for path in sources():
        if room_of(path) != room:
            continue
        for used in re.findall(r'#\s*include\s*["<]pyfe/(\w+)/', path.read_text()):
            target = library_room("pyfe_" + used)
            if target not in reach(room):
                against.append(f"{path.relative_to(CSRC)} includes pyfe/{used}")
    assert against == []


def test_cmake_links_follow_the_arrows() -> None:
    edges = 0
    for file in sorted(CSRC.rglob("CMakeLists.txt")):
        text = re.sub(r"#.*", "", file.read_text())
        for target, words in re.findall(r"target_link_libraries\(\s*([\w${}]+)([^)]*)\)", text):
            room = "bindings" if room_of(file) == "bindings" else library_room(target)
            assert room == room_of(file), f"{file}: target {target} in the wrong folder"
            for used in re.findall(r"\bpyfe_\w+", words):
                edges += 1
                assert library_room(used) in reach(room), f"{file}: {target} links {used}"
    assert edges >= 8


def test_headers_are_reached_through_the_library_only() -> None:
    """Each library shows its own include/ and no other folder: an include against the arrows then fails to compile."""
    for file in sorted(CSRC.rglob("CMakeLists.txt")):
        text = re.sub(r"#.*", "", file.read_text())
        for words in re.findall(r"target_include_directories\(([^)]*)\)", text):
            folders = [w for w in words.split()[1:] if w not in {"PUBLIC", "PRIVATE", "INTERFACE", "SYSTEM"}]
            outside = [w for w in folders if ".." in w or "CMAKE_SOURCE_DIR" in w]
            assert outside == [], f"{file}: {outside}"
        assert not re.search(r"^\s*include_directories\(", text, re.MULTILINE), f"{file}: use the target's own"


def test_the_module_file_only_assembles() -> None:
    lines = (CSRC / "bindings" / "module.cpp").read_text().splitlines()
    assert len(lines) < 40


def test_no_native_march() -> None:
    files = [*CSRC.rglob("CMakeLists.txt"), CSRC.parent / "CMakeLists.txt", CSRC.parent / "pyproject.toml"]
    assert [str(f) for f in files if "march=native" in f.read_text()] == []
