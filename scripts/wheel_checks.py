"""What a finished wheel holds, and whether it works: wheel_checks.py WHEEL [--python PATH]

Read, as the loader does, with no tool of one machine: the core exports one symbol, needs the C library and nothing else
(libc++ is inside), is bound at load with its tables read-only from then on, guards its stacks, and names no folder of
where it was built; on x86-64 whether its jump targets are marked throughout. In the archive: no test module (randomness
from outside), no C++ source, a bill of materials (PEP 770), less than 3 MB, a tag no newer than glibc 2.28. Tried: it
installs into an empty environment without a compiler, scores there, and ``pyfe doctor`` is content.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import struct
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import native
import zig

MOST_BYTES = 3_000_000
NEEDED = re.compile(r"(libc|libm|libdl|libpthread|librt|ld-linux-[\w-]+)\.so\.\d+")
ALIASES = {"manylinux2014": (2, 17), "manylinux2010": (2, 12), "manylinux1": (2, 5)}

SCORE = """
import numpy as np
from pyfe.schemes import ipfe_ddh
mpk, msk = ipfe_ddh.setup(ipfe_ddh.Parameters(n=3, x_bound=10, y_bound=10))
z = ipfe_ddh.decrypt(ipfe_ddh.keygen(msk, np.array([1, -2, 3])), ipfe_ddh.encrypt(mpk, np.array([[4, 5, 6]])))
assert z.tolist() == [12], z
"""


class Facts(NamedTuple):
    """What the headers of a module say."""

    exported: list[str]
    imported: list[str]
    needed: list[str]
    relro: bool
    bound_at_load: bool
    stack_runs: bool
    jump_targets: bool
    guards: bool
    machine: int


PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO, PT_NOTE = 2, 0x6474E551, 0x6474E552, 4
DT_NEEDED, DT_STRTAB, DT_FLAGS, DT_FLAGS_1, SHT_DYNSYM = 1, 5, 30, 0x6FFFFFFB, 11
X86_64 = 62
GUARD = re.compile(rb"\x64[\x48\x4c][\x2b\x33\x39\x3b\x8b].\x25\x28\0\0\0", re.DOTALL)
"""Any instruction that reads %fs:0x28, where a thread of x86-64 keeps the guard of its stacks (System V ABI)."""
X86_FEATURES, IBT_AND_SHSTK = 0xC0000002, 3


def facts(data: bytes) -> Facts:
    """Of a 64-bit little-endian ELF file (ELF-64 object file format, version 1.5; gABI's dynamic section)."""
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not a 64-bit little-endian ELF file")
    (machine,) = struct.unpack_from("<H", data, 18)
    (offset,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    segments = [struct.unpack_from("<IIQQQQQQ", data, offset + size * i) for i in range(count)]
    dynamic = next(s for s in segments if s[0] == PT_DYNAMIC)
    entries = list(struct.iter_unpack("<QQ", data[dynamic[2] : dynamic[2] + dynamic[5]]))
    tags = dict(entries)

    def where(address: int) -> int:
        home = next(s for s in segments if s[0] == 1 and s[3] <= address < s[3] + s[5])
        return int(home[2] + address - home[3])

    def text(index: int) -> str:
        start = where(tags[DT_STRTAB]) + index
        return data[start : data.index(b"\0", start)].decode()

    symbols = [(text(s[0]), s[3]) for s in _symbols(data)]
    names = [name for name, section in symbols if section == 0 and name]
    return Facts(
        exported=[name for name, section in symbols if section != 0],
        imported=names,
        needed=[text(value) for tag, value in entries if tag == DT_NEEDED],
        relro=any(s[0] == PT_GNU_RELRO for s in segments),
        bound_at_load=bool(tags.get(DT_FLAGS, 0) & 8 or tags.get(DT_FLAGS_1, 0) & 1),
        stack_runs=any(s[0] == PT_GNU_STACK and s[1] & 1 for s in segments),
        # On aarch64 the guard is a variable: of the loader, where it is drawn at start, or of zig's own runtime.
        guards=GUARD.search(data) is not None if machine == X86_64 else "__stack_chk_guard" in names,
        machine=machine,
        jump_targets=any(_marked(data[s[2] : s[2] + s[5]]) for s in segments if s[0] == PT_NOTE),
    )


def _symbols(data: bytes) -> list[tuple[int, int, int, int, int, int]]:
    """The dynamic symbols, by the section that holds them: stripping leaves it."""
    (offset,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, offset + size * i) for i in range(count)]
    (table,) = [s for s in sections if s[1] == SHT_DYNSYM]
    return list(struct.iter_unpack("<IBBHQQ", data[table[4] : table[4] + table[5]]))


def _marked(notes: bytes) -> bool:
    """Whether .note.gnu.property says that every object had marked jump targets and shadow stacks (CET)."""
    stream = io.BytesIO(notes)
    while len(head := stream.read(12)) == 12:
        name, described, kind = struct.unpack("<III", head)
        owner, body = stream.read(-(-name // 4) * 4), stream.read(-(-described // 8) * 8)
        if owner == b"GNU\0" and kind == 5 and len(body) >= 12:
            which, _, bits = struct.unpack_from("<III", body)
            if which == X86_FEATURES:
                return bool(bits & IBT_AND_SHSTK == IBT_AND_SHSTK)
    return False


def described(path: Path) -> str:
    """Path, tag, size and sha256 of a finished file, as `make wheel` prints them."""
    data = path.read_bytes()
    tag = path.stem.split("-", 2)[2] if path.suffix == ".whl" else "source"
    shown = path.relative_to(native.ROOT) if path.is_relative_to(native.ROOT) else path
    return f"{shown}\n  tag     {tag}\n  size    {len(data)}\n  sha256  {hashlib.sha256(data).hexdigest()}"


def check(path: Path, python: Path | None) -> None:
    """Read it, and try it with an interpreter if there is one; ends the script with what is wrong."""
    wrong = findings(path)
    if wrong:
        sys.exit(f"{path.name}: {'; '.join(wrong)}")
    core = facts(core_of(path)[1])
    marks = "jump targets marked" if core.jump_targets else "jump targets marked in our code only (libc++ has none)"
    guard = "stacks guarded" if core.guards else "stacks guarded by a fixed value (zig's runtime has no other here)"
    if core.machine != X86_64:
        marks = "jump targets not marked"
    print(f"  inside  full RELRO, {guard}, {marks}; needs {' '.join(core.needed)}; one symbol exported")
    if python is not None:
        tried(path, python)
        print("  tried   installs without a compiler, scores, doctor is content")


def findings(path: Path) -> list[str]:
    """What is wrong in the archive."""
    archive = zipfile.ZipFile(path)
    names = archive.namelist()
    out = [f"holds {n}" for n in names if not n.startswith(("pyfe/", "pyfe_crypto-"))]
    out += [f"holds {n}" for n in names if "_core_testing" in n or n.endswith((".cpp", ".hpp"))]
    if path.stat().st_size >= MOST_BYTES:
        out.append(f"{path.stat().st_size} bytes; less than {MOST_BYTES} is wanted")
    if not old_enough(path.name):
        out.append(f"its tag is newer than glibc {zig.GLIBC}")
    bills = [n for n in names if ".dist-info/sboms/" in n and n.endswith(".json")]
    if not bills:
        out.append("no bill of materials")
    for bill in bills:
        parts = {part["name"] for part in json.loads(archive.read(bill))["components"]}
        out += [f"{bill} does not name {part}" for part in ("pybind11", "libc++") if part not in parts]
    return out + module_findings(*core_of(path))


def module_findings(name: str, data: bytes) -> list[str]:
    """What is wrong with the core."""
    core = facts(data)
    out = [] if core.exported == ["PyInit__core"] else [f"{name} exports {core.exported}"]
    out += [f"{name} needs {library}" for library in core.needed if not NEEDED.fullmatch(library)]
    if not (core.relro and core.bound_at_load):
        out.append(f"{name}: its symbols are not bound at load and read-only from then on")
    if core.stack_runs:
        out.append(f"{name} wants a stack that can be run")
    if core.machine == X86_64 and not core.guards:
        out.append(f"{name} guards no stack")
    here = (str(native.ROOT).encode(), b"/build/wheels", str(Path.home()).encode() + b"/")
    return out + [f"{name} holds the path {folder.decode()}" for folder in here if folder in data]


def core_of(path: Path) -> tuple[str, bytes]:
    """Name and bytes of the one core in a wheel."""
    archive = zipfile.ZipFile(path)
    cores = [n for n in archive.namelist() if n.startswith("pyfe/_core.") and n.endswith(".so")]
    if len(cores) != 1:
        sys.exit(f"{path.name} holds {len(cores)} cores: {cores}")
    return cores[0], archive.read(cores[0])


def old_enough(name: str) -> bool:
    """Whether every platform of a wheel's name is manylinux of glibc 2.28 or older."""
    most = tuple(map(int, zig.GLIBC.split(".")))
    versions = []
    for platform in name.removesuffix(".whl").split("-")[-1].split("."):
        numbered = re.match(r"manylinux_(\d+)_(\d+)_", platform)
        alias = ALIASES.get(platform.split("_")[0])
        versions.append((int(numbered[1]), int(numbered[2])) if numbered else alias or (9, 9))
    return bool(versions) and all(version <= most for version in versions)


def tried(path: Path, python: Path) -> None:
    """Install it where there is no compiler and no source tree, score, ask the doctor."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        native.must(native.run([python, "-m", "venv", folder / "venv"]), "making an environment")
        own = folder / "venv" / "bin" / "python"
        without = {"CC": "/nonexistent", "CXX": "/nonexistent"}
        pip: list[str | Path] = [own, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        install = [*pip, "--only-binary", ":all:", path]
        native.must(native.run(install, env=without), "installing the wheel")
        # -I: neither this folder nor PYTHONPATH may lend a source tree.
        native.must(native.run([own, "-I", "-c", SCORE]), "scoring with the wheel")
        native.must(native.run([own.with_name("pyfe"), "doctor"]), "pyfe doctor")


def main() -> int:
    """Describe and check one wheel."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--python", type=Path, help="the interpreter to try it with")
    options = parser.parse_args()
    print(described(options.wheel))
    check(options.wheel, options.python)
    return 0


if __name__ == "__main__":
    sys.exit(main())
