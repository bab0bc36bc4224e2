"""The wheels and the sdist of a commit, in dist/: wheels.py [--python 3.11 ...] [--machine x86_64 aarch64] [--sdist]

Compiled by zig is what is committed (an export of HEAD, so that neither the checkout's modes nor a stray file matter),
for every CPython that is found here with its headers, and for both machines: aarch64 is cross-compiled. The core knows
no Python and is compiled once a machine; the bindings once a Python. Times in the archives are the commit's. For each
file: path, tag, size, sha256; --check reads what is in it (scripts/wheel_checks.py) and tries it where nothing else is.

    --twice     a second time, from the sdist, in another folder, with another umask, time zone and compiler cache, and,
                where root may, by another user and without a network: the bytes must be the same
    --launcher  a compiler launcher such as ccache
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

import disassembly
import native
import secret_flow
import wheel_checks
import zig

WANTED = ("3.11", "3.12", "3.13", "3.14")
WORK = native.ROOT / "build" / "wheels"
# -I: nothing of the folder or of PYTHONPATH; the backend is pure Python and the same for every interpreter.
HOOK = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
os.chdir(sys.argv[2])
from scikit_build_core import build
getattr(build, "build_" + sys.argv[3])(sys.argv[4], json.loads(sys.argv[5]))
"""


class Interpreter(NamedTuple):
    """A CPython with headers: its path, and its version as (3, 12)."""

    path: Path
    version: tuple[int, int]

    @property
    def tag(self) -> str:
        """Such as cp312."""
        return "cp{}{}".format(*self.version)


class Commit(NamedTuple):
    """What is built: a folder with the export of HEAD, one for what is compiled, and the commit's time."""

    source: Path
    builds: Path
    time: str


def interpreters(wanted: list[str]) -> list[Interpreter]:
    """Those of the wanted versions that are here with Python.h; the others are named on stderr."""
    roots = [Path(sys.executable).parent, *map(Path, os.environ.get("PATH", "").split(os.pathsep))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = []
    for version in wanted:
        homes = sorted((pyenv / "versions").glob(f"{version}.*/bin"), reverse=True)
        candidates = [folder / f"python{version}" for folder in (*homes, *roots)]
        usable = next((path for path in candidates if path.exists() and has_headers(path, version)), None)
        if usable is None:
            print(f"wheels: not run: no CPython {version} with its headers is here", file=sys.stderr)
        else:
            major, minor = version.split(".")
            found.append(Interpreter(usable, (int(major), int(minor))))
    return found


def has_headers(path: Path, version: str) -> bool:
    """Whether an interpreter starts, is that version, and could compile an extension."""
    code = "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sysconfig.get_path('include'))"
    done = native.run([path, "-I", "-c", code])
    said = done.output.split()
    return done.code == 0 and said[0] == version and Path(said[1], "Python.h").exists()


def export(work: Path) -> Commit:
    """HEAD's files below work/<commit>, once; what other commits left there is removed, for objects of one commit may
    look newer than another's sources. In an unpacked sdist its own files, with SOURCE_DATE_EPOCH as their time."""
    if not (native.ROOT / ".git").exists():
        if "SOURCE_DATE_EPOCH" not in os.environ:
            sys.exit("wheels: this is no clone, and SOURCE_DATE_EPOCH does not say which time the archives have")
        work.mkdir(parents=True, exist_ok=True)
        return Commit(native.ROOT, work, os.environ["SOURCE_DATE_EPOCH"])
    git = ["git", "-C", str(native.ROOT)]
    head, when = native.must(native.run([*git, "log", "-1", "--format=%H %ct"]), "git log").output.split()
    if native.must(native.run([*git, "status", "--porcelain"]), "git status").output:
        print("wheels: uncommitted changes are not part of what is built", file=sys.stderr)
    home = work / head[:12]
    for other in work.glob("*"):
        if other != home and not other.name.startswith("backend"):
            shutil.rmtree(other)
    if not (home / "source").exists():
        partial = home / "partial"
        partial.mkdir(parents=True)
        archive: list[str | Path] = [
            *git,
            "-c",
            "tar.umask=0022",
            "archive",
            "--format=tar",
            "-o",
            home / "source.tar",
            head,
        ]
        native.must(native.run(archive), "git archive")
        native.must(native.run(["tar", "-xf", home / "source.tar", "-C", partial]), "unpacking")
        partial.rename(home / "source")
    return Commit(home / "source", home, when)


def backend(work: Path) -> Path:
    """A folder with what pyproject.toml's build-system requires: the very versions that a user's pip would take. From
    the network, once, or as PYFE_BACKEND_FOLDER says."""
    if given := os.environ.get("PYFE_BACKEND_FOLDER"):
        return Path(given)
    required = tomllib.loads((native.ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    folder = work / f"backend-{hashlib.sha256(' '.join(required).encode()).hexdigest()[:12]}"
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        pip: list[str | Path] = [sys.executable, "-m", "pip", "--quiet", "install", "--target", partial, *required]
        native.must(native.run(pip), "installing the build's requirements")
        partial.rename(folder)
    return folder


def environment(commit: Commit, platform: zig.Platform, python: Interpreter, launcher: str) -> dict[str, str]:
    """What a build must know: the time, the platform when it is not this one, our cmake and ninja first on PATH."""
    own = str(Path(sys.executable).parent)
    out = {"SOURCE_DATE_EPOCH": commit.time, "PATH": f"{own}{os.pathsep}{os.environ['PATH']}"}
    if platform.cross:
        out["_PYTHON_HOST_PLATFORM"] = platform.python
        out["SETUPTOOLS_EXT_SUFFIX"] = ".cpython-{}{}-{}-linux-gnu.so".format(*python.version, platform.machine)
    out["CMAKE_BUILD_PARALLEL_LEVEL"] = str(native.JOBS)
    if launcher:
        out["CMAKE_CXX_COMPILER_LAUNCHER"] = launcher
    return out


def settings(build_dir: Path, platform: zig.Platform) -> dict[str, str]:
    """The settings of scikit-build-core: where to compile, with what, and what is then inside."""
    zig_version, llvm_version = zig.version()
    defines = zig.defines(platform) | {"PYFE_STATIC_LIBCXX": llvm_version, "PYFE_STATIC_RUNTIME": zig_version}
    return {"build-dir": str(build_dir)} | {f"cmake.define.{name}": value for name, value in defines.items()}


def wheel(commit: Commit, python: Interpreter, platform: zig.Platform, out: Path, launcher: str = "") -> Path:
    """One wheel in ``out``, its tag written by auditwheel; replaces one of the same name."""
    env = environment(commit, platform, python, launcher)
    told = json.dumps(settings(commit.builds / platform.machine, platform))
    with tempfile.TemporaryDirectory(dir=commit.builds) as name:
        hook: list[str | Path] = [python.path, "-I", "-c", HOOK, backend(WORK), commit.source, "wheel", name, told]
        native.must(native.run(hook, timeout=3500, env=env), f"compiling for {python.tag} on {platform.machine}")
        plain = next(Path(name).glob("*.whl"))
        repair: list[str | Path] = [native.tool("auditwheel"), "repair", "--wheel-dir", Path(name, "out"), plain]
        said = native.must(native.run(repair, env=env), "auditwheel").output
        repaired = list(Path(name, "out").glob("*.whl"))
        if len(repaired) != 1:
            sys.exit(f"auditwheel made {len(repaired)} wheels of {plain.name}\n{said}")
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(repaired[0], out / repaired[0].name))


def sdist(commit: Commit, out: Path) -> Path:
    """The sdist in ``out``."""
    with tempfile.TemporaryDirectory(dir=commit.builds) as name:
        hook: list[str | Path] = [sys.executable, "-I", "-c", HOOK, backend(WORK), commit.source, "sdist", name, "{}"]
        native.must(native.run(hook, env={"SOURCE_DATE_EPOCH": commit.time}), "making the sdist")
        made = next(Path(name).glob("*.tar.gz"))
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(made, out / made.name))


def again(first: list[Path], commit: Commit, options: argparse.Namespace) -> None:
    """The same wheels from the sdist, without a network, by another user in another folder, zone and umask, with a
    compiler that has cached nothing; ends where bytes differ."""
    source = next((path for path in first if path.name.endswith(".tar.gz")), None)
    if source is None:
        sys.exit("wheels: --twice builds from the sdist: add --sdist")
    with tempfile.TemporaryDirectory(prefix="pyfe-again-") as name:
        folder = Path(name)
        native.must(native.run(["tar", "-xzf", source, "-C", folder]), "unpacking the sdist")
        tree = folder / source.name.removesuffix(".tar.gz")
        env = {**os.environ, "TZ": "Pacific/Apia", "HOME": name, "ZIG_GLOBAL_CACHE_DIR": str(folder / "cache")}
        env |= {"SOURCE_DATE_EPOCH": commit.time, "PYFE_BACKEND_FOLDER": str(backend(WORK))}
        command = [sys.executable, "scripts/wheels.py", "--out", str(folder / "dist"), "--sdist"]
        command += ["--python", *options.python, "--machine", *options.machine]
        nobody = 65534 if os.geteuid() == 0 else None
        if nobody is not None:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, nobody, nobody, follow_symlinks=False)
            # Interpreters may be in root's own folders: this user reads everything, and writes what is its own.
            reads = "-all,+dac_read_search"
            alone = ["unshare", "--net", "setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
            command = [*alone, f"--inh-caps={reads}", f"--ambient-caps={reads}", *command]
        done = subprocess.run(command, cwd=tree, env=env, umask=0o077, check=False)
        if done.returncode != 0:
            sys.exit(f"the second build failed ({done.returncode})")
        differing = [path.name for path in first if digest(path) != digest(folder / "dist" / path.name)]
        if differing:
            sys.exit(f"two builds of one commit differ: {', '.join(differing)}")
    how = "from the sdist, in another folder" + ("" if nobody is None else ", without a network, by another user")
    print(f"built again {how}: {len(first)} files, the same bytes")


def identifiers() -> None:
    """pyproject.toml's cibuildwheel settings mean these wheels and no others; ends the script where they do not."""
    command: list[str | Path] = [native.tool("cibuildwheel"), "--platform", "linux", "--print-build-identifiers"]
    meant = {
        f"cp{version.replace('.', '')}-{libc}_{machine}"
        for version, libc, machine in itertools.product(WANTED, ("manylinux", "musllinux"), zig.PLATFORMS)
    }
    said = set(native.must(native.run([*command, native.ROOT]), "cibuildwheel").output.split())
    if said != meant:
        sys.exit(f"cibuildwheel would build {sorted(said - meant)} too, and not {sorted(meant - said)}")
    print(f"cibuildwheel would build the {len(meant)} wheels that are meant")


def digest(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def instructions(commit: Commit, platform: zig.Platform) -> None:
    """What was compiled for a machine: wide instructions, jumps and addresses only where they may be, or the end."""
    libraries = disassembly.objects_of(commit.builds / platform.machine)
    objects = [path for members in libraries.values() for path in members]
    wide = [path for path in objects if disassembly.is_wide_source(path)]
    if platform.cross:  # whose instructions this machine's objdump cannot read: it has one backend
        if wide or not objects:
            sys.exit(f"{platform.machine}: {len(objects)} objects, {len(wide)} of them of another machine")
        return
    findings = disassembly.check(objects)
    leaks, missing = secret_flow.check(wide)
    if findings or leaks or missing:
        sys.exit("\n".join(map(str, [*findings, *leaks, *(f"{name} is in no object" for name in missing)])))
    print(f"  read    {len(libraries)} libraries: no wide instruction, jump or address where it may not be")


def main() -> int:
    """Build, check, print a line a file."""
    options = parse()
    if options.identifiers:
        identifiers()
        return 0
    commit = export(WORK)
    machines = [zig.PLATFORMS[name] for name in options.machine]
    pythons = interpreters(options.python)
    if not pythons and not options.sdist:
        sys.exit("wheels: no interpreter to build for")
    made = []
    for platform in machines:
        for python in pythons:
            path = wheel(commit, python, platform, options.out, options.launcher)
            made.append(path)
            print(wheel_checks.described(path), flush=True)
            if options.check:
                wheel_checks.check(path, python.path if not platform.cross else None)
        if options.check:
            instructions(commit, platform)
    if options.sdist:
        made.append(sdist(commit, options.out))
        print(wheel_checks.described(made[-1]))
    if options.twice:
        again(made, commit, options)
    return 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--python", nargs="*", default=list(WANTED), metavar="3.N", help="versions; all by default")
    parser.add_argument("--machine", nargs="+", default=list(zig.PLATFORMS), choices=list(zig.PLATFORMS))
    parser.add_argument("--out", type=Path, default=native.ROOT / "dist", metavar="FOLDER", help="dist/")
    parser.add_argument("--sdist", action="store_true", help="the sdist too")
    parser.add_argument("--check", action="store_true", help="read what is inside, and try it")
    parser.add_argument("--identifiers", action="store_true", help="only: what would cibuildwheel build?")
    parser.add_argument("--twice", action="store_true", help="build again elsewhere: the same bytes?")
    parser.add_argument("--launcher", default="", metavar="PROGRAM", help="of the compiler, such as ccache")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
