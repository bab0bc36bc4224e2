"""The compiler of the wheels: zig (PyPI's ziglang) as a CMake toolchain, for an older C library than this machine's.

zig is clang with the headers and symbol versions of every glibc, and libc++, which it links statically. So a wheel
needs nothing but the C library that it names. ``defines`` is what CMake has to be told; the first use compiles libc++,
which takes half a minute to minutes and is kept below build/zig (or ZIG_GLOBAL_CACHE_DIR).
"""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
from pathlib import Path
from typing import NamedTuple

import native

GLIBC = "2.28"
"""The oldest C library that a wheel promises to run with: that of manylinux_2_28."""
HOME = native.ROOT / "build" / "zig"


class Platform(NamedTuple):
    """A kind of machine: its name to Python, to zig, and to CMake."""

    machine: str

    @property
    def target(self) -> str:
        """The target triple, which also holds the compiler to the instructions that every such CPU has."""
        return f"{self.machine}-linux-gnu.{GLIBC}"

    @property
    def cross(self) -> bool:
        """Whether this machine is another, so that what is compiled does not run here."""
        return self.machine != os.uname().machine

    @property
    def python(self) -> str:
        """What sysconfig.get_platform() says there."""
        return f"linux-{self.machine}"


PLATFORMS = {name: Platform(name) for name in ("x86_64", "aarch64")}


def program() -> Path:
    """zig itself; ends with the remedy where it is not installed."""
    found = importlib.util.find_spec("ziglang")
    if found is None or found.origin is None:
        sys.exit("zig is not installed: pip install $(python scripts/extras.py release)")
    return Path(found.origin).with_name("zig")


def version() -> tuple[str, str]:
    """Of zig, and of the clang and libc++ in it."""
    zig = native.must(native.run([program(), "version"]), "zig version").output.strip()
    said = native.must(native.run([program(), "clang", "--version"]), "zig clang --version").output
    return zig, next(word for word in said.split() if word[0].isdigit())


def tools(platform: Platform) -> Path:
    """A folder with c++, ar and ranlib of a platform: CMake wants programs, zig has one with words after it."""
    folder = HOME / platform.target
    folder.mkdir(parents=True, exist_ok=True)
    for name, words in (("c++", f"c++ -target {platform.target}"), ("ar", "ar"), ("ranlib", "ranlib")):
        script = folder / name
        cache = f'export ZIG_GLOBAL_CACHE_DIR="${{ZIG_GLOBAL_CACHE_DIR:-{HOME / "cache"}}}"'
        text = (
            f'#!/bin/sh\n{cache}\nexport ZIG_LOCAL_CACHE_DIR="$ZIG_GLOBAL_CACHE_DIR"\nexec "{program()}" {words} "$@"\n'
        )
        if not script.exists() or script.read_text() != text:
            script.write_text(text)
            script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return folder


def defines(platform: Platform) -> dict[str, str]:
    """The settings of CMake that make it compile with zig for a platform."""
    folder = tools(platform)
    settings = {
        "CMAKE_CXX_COMPILER": str(folder / "c++"),
        "CMAKE_AR": str(folder / "ar"),
        "CMAKE_RANLIB": str(folder / "ranlib"),
        # This machine's strip may not know the other's files: the linker leaves the names away.
        "CMAKE_STRIP": "",
        "CMAKE_MODULE_LINKER_FLAGS": "-s",
    }
    if platform.cross:
        settings |= {"CMAKE_SYSTEM_NAME": "Linux", "CMAKE_SYSTEM_PROCESSOR": platform.machine}
    return settings


def words(platform: Platform) -> list[str]:
    """The same as arguments of cmake."""
    return [f"-D{name}={value}" for name, value in defines(platform).items()]


def checked() -> list[str]:
    """For builds that run here under valgrind: its headers (zig looks at none of this machine's), and debug information
    that it can read."""
    headers = HOME / "include"
    headers.mkdir(parents=True, exist_ok=True)
    if not (headers / "valgrind").exists():
        (headers / "valgrind").symlink_to("/usr/include/valgrind")
    return [*words(PLATFORMS["x86_64"]), f"-DCMAKE_CXX_FLAGS=-isystem {headers} -gdwarf-4"]
