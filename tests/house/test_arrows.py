"""The arrows between the rooms of the native core: what CMake links, and what the files include.

A room is a folder of ``csrc/`` and a static library; so is ``schemes/common``, and so is every scheme. The rooms below
the schemes have a row each in :data:`ALLOWED`. A scheme's row is what its own ``CMakeLists.txt`` links, which must come
from below and never from another scheme; its files may include no more than that row reaches; and no row reaches both
curves and lattices.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[2] / "csrc"
COMMON = "schemes/common"

# room -> the rooms it may use. A room may always use what its own may use.
ALLOWED = {
    "base": set(),
    "random": {"base"},
    "hash": {"base"},
    "codec": {"base"},
    "counting": {"base"},
    "noise": {"hash", "random"},
    "field": {"base", "random", "hash", "codec"},
    "group": {"field"},
    "pairing": {"group"},
    "dlog": {"pairing"},
    "ring": {"base"},
    COMMON: {"codec", "hash", "random"},
}  # fmt: skip
CURVES, LATTICES = {"group", "pairing", "dlog"}, {"ring"}
ON_TOP = {"bindings"}


def text_of(cmake: Path) -> str:
    return re.sub(r"#.*", "", cmake.read_text())


def room_of(path: Path) -> str:
    """csrc/group/src/x.cpp -> group; csrc/schemes/qfe/src/x.cpp -> schemes/qfe."""
    parts = path.relative_to(CSRC).parts
    return "/".join(parts[:2]) if parts[0] == "schemes" else parts[0]


def library_room(name: str) -> str:
    """pyfe_base -> base; pyfe_schemes -> schemes/common; pyfe_scheme_qfe -> schemes/qfe."""
    short = name.removeprefix("pyfe_")
    return COMMON if short == "schemes" else f"schemes/{s}" if (s := short.removeprefix("scheme_")) != short else short


def included_room(folder: str) -> str:
    """The room that has ``include/pyfe/<folder>``."""
    [include] = CSRC.glob(f"**/include/pyfe/{folder}")
    return room_of(include)


def linked(cmake: Path) -> dict[str, set[str]]:
    """Target -> the rooms that it links."""
    edges = re.findall(r"target_link_libraries\(\s*([\w${}]+)([^)]*)\)", text_of(cmake))
    return {target: {library_room(used) for used in re.findall(r"\bpyfe_\w+", words)} for target, words in edges}


SCHEMES = sorted(f"schemes/{path.name}" for path in (CSRC / "schemes").iterdir() if path.name != "common")
ROWS = ALLOWED | {room: linked(CSRC / room / "CMakeLists.txt")[f"pyfe_scheme_{room[8:]}"] for room in SCHEMES}
ROWS |= {room: set(ROWS) for room in ON_TOP}


def reach(room: str, rows: dict[str, set[str]] = ROWS) -> set[str]:
    """A room and everything below it."""
    return {room}.union(*(reach(below, rows) for below in rows[room]))


def sources(room: str) -> list[Path]:
    return sorted(
        path for path in CSRC.rglob("*") if path.suffix in {".cpp", ".hpp", ".h"} and room_of(path) == room
    )  # fmt: skip


def test_every_room_is_known() -> None:
    folders = {path.name for path in CSRC.iterdir() if path.is_dir()} - {"schemes"}
    assert folders | {COMMON, *SCHEMES} == set(ROWS)


def test_no_include_climbs_out_of_its_room() -> None:
    """A relative include would pass the compiler although it goes against the arrows."""
    climbing = []
    for path in (path for room in ROWS for path in sources(room)):
        for name in re.findall(r'#\s*include\s*["<]([^">]*\.\./[^">]*)', path.read_text()):
            target = (path.parent / name).resolve()
            if not target.is_relative_to(CSRC / room_of(path)):
                climbing.append(f"{path.relative_to(CSRC)}: {name}")
    assert climbing == []


@pytest.mark.parametrize("room", sorted(ROWS))
def test_includes_follow_the_arrows(room: str) -> None:
    files = sources(room)
    assert files, room
    used = [(path, name) for path in files for name in re.findall(r'#\s*include\s*["<]pyfe/(\w+)/', path.read_text())]
    against = [f"{path.relative_to(CSRC)}: pyfe/{n}" for path, n in used if included_room(n) not in reach(room)]
    assert against == []


@pytest.mark.parametrize("room", sorted(set(ROWS) - ON_TOP))
def test_cmake_links_follow_the_arrows(room: str) -> None:
    for target, used in linked(CSRC / room / "CMakeLists.txt").items():
        assert library_room(target) == room, f"target {target} in the wrong folder"
        assert used <= reach(room), f"{target} links {used - reach(room)}"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_scheme_stands_on_the_common_part_and_on_no_other_scheme(scheme: str) -> None:
    row = ROWS[scheme]
    assert COMMON in row
    assert row <= set(ALLOWED), f"{scheme} links {row - set(ALLOWED)}"


def meeting(rows: dict[str, set[str]]) -> list[str]:
    """The rooms below the bindings that reach both curves and lattices."""
    return [
        room for room in rows if room not in ON_TOP and reach(room, rows) & CURVES and reach(room, rows) & LATTICES
    ]  # fmt: skip


def test_curves_and_lattices_never_meet() -> None:
    assert meeting(ROWS) == []
    assert reach(COMMON) == {COMMON, "codec", "hash", "random", "base"}
    assert meeting(ROWS | {"ring": {"field"}}) == []
    assert meeting(ROWS | {"schemes/ipfe_rlwe": {COMMON, "ring", "dlog"}}) == ["schemes/ipfe_rlwe"]
    assert meeting(ROWS | {COMMON: {"ring"}}) == [scheme for scheme in SCHEMES if reach(scheme) & CURVES] != []


def test_headers_are_reached_through_the_library_only() -> None:
    """Each library shows its own include/ and no other folder: an include against the arrows then fails to compile."""
    for file in sorted(CSRC.rglob("CMakeLists.txt")):
        text = text_of(file)
        for words in re.findall(r"target_include_directories\(([^)]*)\)", text):
            folders = [w for w in words.split()[1:] if w not in {"PUBLIC", "PRIVATE", "INTERFACE", "SYSTEM"}]
            outside = [w for w in folders if ".." in w or "CMAKE_SOURCE_DIR" in w]
            assert outside == [], f"{file}: {outside}"
        assert not re.search(r"^\s*include_directories\(", text, re.MULTILINE), f"{file}: use the target's own"


def test_a_scheme_has_one_line_in_cmake_and_one_in_the_module() -> None:
    """Outside of its folder and its bind file the native core names it there and nowhere else."""
    cmake = [CSRC.parent / "CMakeLists.txt", *CSRC.rglob("CMakeLists.txt")]
    for scheme in SCHEMES:
        name = scheme.removeprefix("schemes/")
        own = {CSRC / scheme / "CMakeLists.txt"}
        lists = [line.strip() for file in cmake if file not in own for line in text_of(file).splitlines()]
        assert [line for line in lists if re.search(rf"\b(\w*_)?{name}\b", line)] == [name]
        assert (CSRC / "bindings" / f"bind_{name}.cpp").is_file()
        files = [p for room in ROWS if room != scheme for p in sources(room) if p.name != f"bind_{name}.cpp"]
        naming = [line.strip() for p in files for line in p.read_text().splitlines() if re.search(rf"\b{name}\b", line)]
        assert naming == [f"PYFE_BIND({name});"]


def test_the_module_file_only_assembles() -> None:
    lines = (CSRC / "bindings" / "module.cpp").read_text().splitlines()
    assert len(lines) < 40


def test_no_native_march() -> None:
    files = [*CSRC.rglob("CMakeLists.txt"), CSRC.parent / "CMakeLists.txt", CSRC.parent / "pyproject.toml"]
    assert [str(f) for f in files if "march=native" in f.read_text()] == []
