"""Which instructions are in which object: the check that no wide instruction escapes into portable code.

A file compiled with extra CPU flags may use AVX-512, and whatever VEX and BMI instructions the compiler then chooses;
every other object must run on the x86-64 baseline. Two rules, over the objects of the static libraries (the installed
module is stripped, so that its functions have no names any more):

1. An object outside the ``ifma`` folders has no AVX-512, no other VEX and no BMI instruction at all.
2. A *weak* function (inline, template) of an ``ifma`` object must not exist in any other object: the linker keeps one
   of the two copies, and may keep the one with AVX-512 for everybody. An unmarked weak function that contains wide
   instructions is an error even without a twin today: std::sort in a kernel file would be one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
WIDE_REGISTER = re.compile(r"%zmm|%k[0-7]\b|%[xy]mm(?:1[6-9]|2\d|3[01])\b")
# tzcnt is not here: gcc writes it as "rep bsf" for every CPU, and old ones run that as bsf.
BMI = set("andn bextr blsi blsmsk blsr bzhi lzcnt mulx pdep pext rorx sarx shlx shrx adcx adox".split())
NOT_VEX = {"verr", "verw"}
# The names that only wide code carries: a backend's namespace, or its lane type as a template argument.
MARKER = re.compile(r"ifma|avx512", re.IGNORECASE)


class Finding(NamedTuple):
    """One broken rule."""

    file: str
    function: str
    what: str


def is_wide_source(path: Path) -> bool:
    """May this object hold wide instructions? By its name: a folder ifma/, or *_ifma.cpp.o."""
    return "ifma" in path.parts or re.search(r"_ifma\.cpp\.o$", path.name) is not None


def kind_of(mnemonic: str, operands: str) -> str | None:
    """ "AVX-512", "VEX", "BMI", or None for an instruction of the baseline."""
    if WIDE_REGISTER.search(operands):
        return "AVX-512"
    base = mnemonic[:-1] if mnemonic[:-1] in BMI and mnemonic[-1] in "lq" else mnemonic
    if base in BMI:
        return "BMI"
    return "VEX" if mnemonic.startswith("v") and mnemonic not in NOT_VEX else None


def wide_instructions(path: Path) -> tuple[dict[str, str], int]:
    """Function -> its first instruction beyond the baseline; and how many instructions were looked at."""
    text = _output("objdump", "-d", "-C", "--no-show-raw-insn", path)
    found: dict[str, str] = {}
    function, count = "?", 0
    for line in text.splitlines():
        if symbol := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            function = symbol[1]
        elif instruction := re.match(
            r"\s+[0-9a-f]+:\s+(?:(?:rep|repz|repnz|lock|notrack|bnd|data16|cs) )*(\S+)\s*(.*)", line
        ):
            count += 1
            kind = kind_of(instruction[1], instruction[2].split("#")[0])
            if kind is not None:
                found.setdefault(function, f"{kind}: {instruction[1]} {instruction[2]}".strip())
    return found, count


def weak_functions(path: Path) -> set[str]:
    """Functions of an object that the linker merges with those of the same name elsewhere (tables, V and u, hold no
    instruction, and no compiler aligns them beyond their type, for the copy that is kept may be another's)."""
    symbols = _output("nm", "-C", "--defined-only", path).splitlines()
    return {m[1] for line in symbols if (m := re.match(r"[0-9a-f]+ W (.*)$", line))}


def check(objects: Iterable[Path]) -> list[Finding]:
    """Both rules over a set of objects that are linked together."""
    wide: list[Path] = []
    plain: list[Path] = []
    for path in objects:
        (wide if is_wide_source(path) else plain).append(path)
    findings = [
        Finding(path.name, function, what) for path in plain for function, what in wide_instructions(path)[0].items()
    ]
    elsewhere = {name: path.name for path in plain for name in weak_functions(path)}
    for path in wide:
        instructions = wide_instructions(path)[0]
        for name in sorted(weak_functions(path)):
            if name in elsewhere:
                findings.append(Finding(path.name, name, f"also in {elsewhere[name]}: the linker keeps one copy"))
            elif name in instructions and not MARKER.search(name):
                findings.append(Finding(path.name, name, f"inline, unmarked, {instructions[name]}"))
    return findings


def objects_of(build: Path) -> dict[Path, list[Path]]:
    """Static library -> its objects, from the folder CMake compiled them in; names checked against the archive."""
    out = {}
    for library in sorted(build.rglob("libpyfe_*.a")):
        target = library.stem.removeprefix("lib")
        objects = sorted((library.parent / "CMakeFiles" / f"{target}.dir").rglob("*.o"))
        listed = sorted(_output("ar", "t", library).split())
        if sorted(path.name for path in objects) != listed:
            raise ValueError(f"{library.name} has {listed}, its folder {[path.name for path in objects]}")
        out[library] = objects
    return out


def _output(*command: str | Path) -> str:
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


def main(folders: list[str]) -> int:
    """Check the libraries of a build folder: disassembly.py build/cp311-cp311-linux_x86_64"""
    libraries = objects_of(Path(folders[0]))
    findings = check(path for objects in libraries.values() for path in objects)
    print("\n".join(f"{f.file}: {f.function}: {f.what}" for f in findings))
    print(f"{len(libraries)} libraries, {len(findings)} findings")
    return int(bool(findings) or not libraries)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
